//! The figures of docs/reliability.md.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::package::Package;
use crate::report::{Count, Report};

/// The changes of a package. Those of a file that is not counted as it is now are *not counted*,
/// which is as if nothing noticed them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    made: usize,
    do_not_compile: usize,
    a_test_fails: usize,
    tests_do_not_end: usize,
    survivors: usize,
    /// Of the survivors.
    without_a_reason: usize,
    pub(crate) not_counted: usize,
}

impl Figures {
    pub(crate) fn of(package: &Package, report: &Report) -> Self {
        let mut all = Self::default();
        for source in &package.sources {
            match report.count(source) {
                Some(count) => all.add(count),
                None => all.not_counted += source.changes().count(),
            }
        }
        all.made += all.not_counted;
        all
    }

    pub(crate) fn add(&mut self, count: &Count) {
        self.made += count.made();
        self.do_not_compile += count.do_not_compile;
        self.a_test_fails += count.a_test_fails;
        self.tests_do_not_end += count.tests_do_not_end;
        self.survivors += count.survivors.len();
        self.without_a_reason += count.survivors.iter().filter(|survivor| survivor.why.is_empty()).count();
    }

    /// Tenths of a percent of the changes that may compile, rounded down.
    fn noticed(&self) -> usize {
        let compile = self.made - self.do_not_compile;
        (self.a_test_fails + self.tests_do_not_end) * 1_000 / compile.max(1)
    }

    pub(crate) fn sentence(&self) -> String {
        let Self {
            made, do_not_compile, a_test_fails, tests_do_not_end, survivors, without_a_reason, ..
        } = self;
        format!(
            "{made} changes: {do_not_compile} do not compile, {a_test_fails} fail a test, {tests_do_not_end} keep the \
             tests from ending, {survivors} are noticed by nothing, {without_a_reason} of these without a reason"
        )
    }

    /// A row of the page's table.
    fn row(&self, package: &str) -> String {
        let noticed = self.noticed();
        let counts = [
            self.made,
            self.do_not_compile,
            self.a_test_fails,
            self.tests_do_not_end,
            self.survivors,
            self.without_a_reason,
            self.not_counted,
        ];
        let cells = counts.map(with_commas).join(" | ");
        format!("{}{cells} | {}.{} % |", start(package), noticed / 10, noticed % 10)
    }
}

/// A row's, by which it is found.
fn start(package: &str) -> String {
    format!("| `{package}` | ")
}

/// 1,234, as pages show it.
fn with_commas(count: usize) -> String {
    let (thousands, rest) = (count / 1_000, count % 1_000);
    if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") }
}

/// The page with these packages' rows.
fn with_rows(page: &str, packages: &[(&str, Figures)]) -> String {
    let line = |line: &str| {
        let row = packages.iter().find(|(name, _)| line.starts_with(&start(name)));
        row.map_or_else(|| line.to_owned(), |(name, figures)| figures.row(name))
    };
    page.lines().map(|text| line(text) + "\n").collect()
}

/// Brings the page up to date. Returns whether it was.
pub(crate) fn write(root: &Path, packages: &[(&str, Figures)]) -> Result<bool, Box<dyn Error>> {
    let path = root.join("docs/reliability.md");
    let before = fs::read_to_string(&path)?;
    let page = with_rows(&before, packages);
    if page != before {
        fs::write(&path, &page)?;
    }
    Ok(page == before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{CODE, counted};

    /// Five changes in each of two files, one of which nothing notices.
    #[test]
    fn a_file_that_changed_since_its_count_or_has_none_lowers_the_figure() {
        let package = Package::of_texts(&[("a.rs", CODE), ("b.rs", CODE)]);
        let report = counted(&package);
        let row = |texts: &[(&str, &str)]| Figures::of(&Package::of_texts(texts), &report).row("p");
        assert_eq!(
            row(&[("a.rs", CODE), ("b.rs", "/// Tests.\nfn f(a: u8) -> bool { a < 2 }")]),
            "| `p` | 10 | 0 | 8 | 0 | 2 | 2 | 0 | 80.0 % |"
        );
        let changed = [("a.rs", CODE), ("b.rs", "fn f(a: u8) -> bool { a < 3 }")];
        assert_eq!(row(&changed), "| `p` | 10 | 0 | 4 | 0 | 1 | 1 | 5 | 40.0 % |");
        let new = [("a.rs", CODE), ("b.rs", CODE), ("c.rs", "fn g() -> bool { h() }")];
        assert_eq!(row(&new), "| `p` | 12 | 0 | 8 | 0 | 2 | 2 | 2 | 66.6 % |");
    }

    #[test]
    fn only_the_rows_of_the_packages_change() {
        let figures = Figures { made: 1_234, do_not_compile: 34, a_test_fails: 1_200, ..Figures::default() };
        let page = "A page.\n\n| package |\n|---|\n| `a` | 1 |\n| `b` | 2 |\n";
        assert_eq!(
            with_rows(page, &[("b", figures)]),
            page.replace("| `b` | 2 |", "| `b` | 1,234 | 34 | 1,200 | 0 | 0 | 0 | 0 | 100.0 % |")
        );
    }
}
