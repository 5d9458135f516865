//! CSV on standard output.

use std::io::{self, ErrorKind};

use tollgate::spreadsheet;

use crate::failure::Failure;

/// Prints a header and its rows, which are not kept.
pub(crate) fn print(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<(), Failure> {
    match spreadsheet::write(io::stdout().lock(), header, rows) {
        // The reader of the output may have ended before: the command is done all the same.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Unavailable(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
