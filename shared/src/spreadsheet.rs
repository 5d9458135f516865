//! CSV (RFC 4180) that is safe to open in a spreadsheet.

pub mod entries;
pub mod payments;
pub mod people;
pub mod settlement;
pub mod totals;

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};
use jiff::Timestamp;
use tollgate_core::journal::{BadRow, UnpaidRow};

/// The status of a row that cannot be read.
pub const UNREADABLE: &str = "unreadable";

/// The characters that begin a formula in a spreadsheet (OWASP, CSV injection), also in full width.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];

/// The separators of spreadsheets in any language, which split cells even within quotes if the
/// comma is not the separator; and line ends.
const SEPARATORS: [char; 6] = [';', ',', '|', '\t', '\r', '\n'];

/// Characters that a cell may not begin with, even if no formula follows.
const BLANK_STARTS: [char; 3] = ['\t', '\r', '\n'];

/// A column of a file.
pub struct FileColumn<R> {
    name: &'static str,
    cell: fn(&R) -> String,
}

fn column<R>(name: &'static str, cell: fn(&R) -> String) -> FileColumn<R> {
    FileColumn { name, cell }
}

/// A row of a file. Times are whole seconds of UTC, amounts have the currency's decimals, and
/// unknown values are empty.
pub trait FileRow: Sized {
    /// The columns. No name is ever changed; a release may add some at the end.
    fn columns() -> Vec<FileColumn<Self>>;

    /// The names of the columns.
    fn names() -> Vec<&'static str> {
        Self::columns().iter().map(|column| column.name).collect()
    }

    /// The cells, one for each column.
    fn cells(&self) -> Vec<String> {
        Self::columns().iter().map(|column| (column.cell)(self)).collect()
    }
}

/// The line of an item that cannot be read: its key in the first cell.
pub fn unreadable_cells(columns: &[&str], key: &str) -> Vec<String> {
    let mut cells = vec![String::new(); columns.len()];
    if let Some(first) = cells.first_mut() {
        *first = format!("unreadable: {key}");
    }
    cells
}

/// The line of a movement or payment that cannot be read: its time, its order and transaction, and
/// the key of the item.
pub fn bad_cells(columns: &[&str], row: &BadRow) -> Vec<String> {
    by_name(columns, |column| match column {
        "time" => row.at.map(seconds),
        "fact" | "status" => Some(UNREADABLE.to_owned()),
        "order" => row.order.as_ref().map(ToString::to_string),
        "transaction" => row.transaction.map(|transaction| transaction.to_string()),
        "unreadable" => Some(row.item.key.clone()),
        _ => None,
    })
}

/// The line of an order without a payment that needs attention.
pub fn unpaid_cells(columns: &[&str], row: &UnpaidRow) -> Vec<String> {
    by_name(columns, |column| match column {
        "time" => Some(seconds(row.concerned.since)),
        "currency" => Some(row.order.currency.to_string()),
        "order" => Some(row.order.id.to_string()),
        "needs_attention" => Some(row.concerned.concern.as_str().to_owned()),
        _ => None,
    })
}

/// A line with the cells of some columns; the others are empty.
fn by_name(columns: &[&str], cell: impl Fn(&str) -> Option<String>) -> Vec<String> {
    columns.iter().map(|column| cell(column).unwrap_or_default()).collect()
}

fn known(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// As times are shown by the API: whole seconds.
fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a header and its rows, which are not kept. Errors are the writer's.
pub fn write(out: impl Write, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    out.write_record(header).map_err(io::Error::from)?;
    for row in rows {
        out.write_record(row.into_iter().map(defused)).map_err(io::Error::from)?;
    }
    out.flush()
}

/// With an apostrophe in front of a formula, in the cell or in one that a spreadsheet makes of its
/// part. A negative number is no formula.
fn defused(cell: String) -> String {
    let begins_blank = cell.starts_with(BLANK_STARTS);
    if !begins_blank && !cell.split(SEPARATORS).any(is_formula) {
        return cell;
    }
    let mut defused = if begins_blank { "'".to_owned() } else { String::new() };
    for part in cell.split_inclusive(SEPARATORS) {
        let own = part.strip_suffix(SEPARATORS).unwrap_or(part);
        let (before, rest) = part.split_at(part.len() - beginning(part).len());
        defused.extend(if is_formula(own) { [before, "'", rest] } else { ["", "", part] });
    }
    defused
}

fn is_formula(part: &str) -> bool {
    let part = beginning(part);
    part.starts_with(FORMULA) && !is_number(part)
}

/// The part from where a spreadsheet may begin to read it.
fn beginning(part: &str) -> &str {
    part.trim_start_matches(|c: char| c == '"' || (c.is_whitespace() && !SEPARATORS.contains(&c)))
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

    /// The written form of a cell, without the quotes around it.
    fn cell(text: &str) -> String {
        let line = written(&[text]);
        let line = line.strip_prefix("cell,other\r\n").unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!((record.len(), &record[1]), (2, "x"), "{line}");
        record[0].to_owned()
    }

    #[test]
    fn what_would_be_a_formula_is_text_and_a_number_stays_one() {
        for (text, defused) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-A1", "'-A1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-", "'-"),
            ("-1-1", "'-1-1"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("\nx", "'\nx"),
            (" =1+1", " '=1+1"),
            ("\u{A0}=1+1", "\u{A0}'=1+1"),
            ("\"=1+1\"", "\"'=1+1\""),
            // In full width, which some spreadsheets take for the same.
            ("\u{FF1D}1+1", "'\u{FF1D}1+1"),
            ("\u{FF0B}1", "'\u{FF0B}1"),
            ("\u{FF0D}1", "'\u{FF0D}1"),
            ("\u{FF20}A1", "'\u{FF20}A1"),
            // In a cell that another language's spreadsheet makes.
            (";=1+1", ";'=1+1"),
            ("a;=1+1;+b", "a;'=1+1;'+b"),
            ("a,=1+1", "a,'=1+1"),
            ("a|=1+1", "a|'=1+1"),
            ("a\t=1+1", "a\t'=1+1"),
            ("a\r=1+1", "a\r'=1+1"),
            ("a\n=1+1", "a\n'=1+1"),
            ("\t=1+1", "'\t'=1+1"),
            ("a; \"=1+1\"", "a; \"'=1+1\""),
            (";\u{FF1D}1", ";'\u{FF1D}1"),
        ] {
            assert_eq!(cell(text), defused, "{text:?}");
            assert_eq!(cell(defused), defused, "once is enough");
        }
        for text in
            ["-5.00", "5.00", "", "a=b", "a-b; c+d", "Ann Lee, 1 Main St", "a; -5", "a@example.com", "'=1"]
        {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn separators_quotes_and_lines_are_quoted() {
        assert_eq!(
            written(&["a,b", "a\"b", "a\nb"]),
            "cell,other\r\n\"a,b\",x\r\n\"a\"\"b\",x\r\n\"a\nb\",x\r\n"
        );
    }
}
