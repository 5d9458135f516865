//! CSV (RFC 4180) that is safe to open in a spreadsheet.

pub mod payments;
pub mod totals;

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

/// What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Writes a header and its rows, which are not kept. An error is that of the writer.
pub fn write(out: impl Write, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    out.write_record(header).map_err(io::Error::from)?;
    for row in rows {
        out.write_record(row.into_iter().map(defused)).map_err(io::Error::from)?;
    }
    out.flush()
}

/// With an apostrophe in front of what would be a formula. A negative number is none.
fn defused(cell: String) -> String {
    if cell.starts_with(FORMULA) && !is_number(&cell) { format!("'{cell}") } else { cell }
}

fn is_number(cell: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    is_digits(whole) && is_digits(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[&str]) -> String {
        let mut out = Vec::new();
        let rows = cells.iter().map(|cell| vec![(*cell).to_owned(), "x".to_owned()]);
        write(&mut out, &["cell", "other"], rows).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_be_a_formula_is_text_and_a_number_stays_one() {
        let cells = ["=1+1", "+1", "-A1", "@SUM(A1)", "\tx", "\rx", "-5.00", "5.00", "-", "-1-1", "", "a=b"];
        let defused = "'=1+1,x\r\n'+1,x\r\n'-A1,x\r\n'@SUM(A1),x\r\n'\tx,x\r\n\"'\rx\",x\r\n-5.00,x\r\n5.00,x\r\n\
                       '-,x\r\n'-1-1,x\r\n,x\r\na=b,x\r\n";
        assert_eq!(written(&cells), format!("cell,other\r\n{defused}"));
    }

    #[test]
    fn separators_quotes_and_lines_are_quoted() {
        assert_eq!(
            written(&["a,b", "a\"b", "a\nb"]),
            "cell,other\r\n\"a,b\",x\r\n\"a\"\"b\",x\r\n\"a\nb\",x\r\n"
        );
    }
}
