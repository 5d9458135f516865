//! Tables of figures, each with its target beside it.

use std::fmt;

#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The measurement's name, as in the table's first column.
    pub(crate) what: String,
    /// NaN if it was not measured.
    pub(crate) value: f64,
    /// The unit of the value, such as `ms`.
    unit: &'static str,
    target: Option<Target>,
    /// Its name among the most important figures, if it is one of those.
    headline: Option<String>,
}

/// The target of a figure.
#[derive(Clone, Copy, Debug)]
enum Target {
    /// This much, or less.
    AtMost(f64),
    /// This much, or more.
    AtLeast(f64),
}

impl Row {
    /// A figure without a target.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, target: None, headline: None }
    }

    /// The same figure, which should be this much or less.
    pub(crate) fn at_most(self, target: f64) -> Self {
        Self { target: Some(Target::AtMost(target)), ..self }
    }

    /// The same figure, which should be this much or more.
    pub(crate) fn at_least(self, target: f64) -> Self {
        Self { target: Some(Target::AtLeast(target)), ..self }
    }

    /// The same figure as one of those that say most.
    pub(crate) fn headline(self, what: impl Into<String>) -> Self {
        Self { headline: Some(what.into()), ..self }
    }

    /// Whether the target is met.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::AtMost(most) => self.value <= most,
            Target::AtLeast(least) => self.value >= least,
        })
    }

    fn cells(&self) -> [String; 3] {
        let with_unit = |number: f64| format!("{} {}", figure(number), self.unit).trim_end().to_owned();
        let target = match self.target {
            Some(Target::AtMost(most)) => format!("≤ {}", with_unit(most)),
            Some(Target::AtLeast(least)) => format!("≥ {}", with_unit(least)),
            None => String::new(),
        };
        let missed = if self.is_met() == Some(false) { ", MISSED" } else { "" };
        [self.what.clone(), with_unit(self.value), target + missed]
    }
}

/// Figures about one thing. It is shown in Markdown, which reads well on a terminal, too.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    title: String,
    pub(crate) rows: Vec<Row>,
}

impl Table {
    /// A table with its title in the first column's head.
    pub(crate) fn new(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self { title: title.into(), rows }
    }

    /// Whether any of its figures was measured.
    pub(crate) fn is_measured(&self) -> bool {
        self.rows.iter().any(|row| row.value.is_finite())
    }

    /// The figures of several tables that say most.
    pub(crate) fn of_headlines(title: &str, tables: &[Self]) -> Self {
        let rows = tables.iter().flat_map(|table| &table.rows).filter_map(|row| {
            let what = row.headline.clone()?;
            Some(Row { what, ..row.clone() })
        });
        Self::new(title, rows.collect())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = [self.title.clone(), "measured".to_owned(), "target".to_owned()];
        let measured = self.rows.iter().filter(|row| row.value.is_finite()).map(Row::cells);
        let lines: Vec<[String; 3]> = [head].into_iter().chain(measured).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let [first, second, third] = [width(0), width(1), width(2)];
        for (number, [what, measured, target]) in lines.iter().enumerate() {
            writeln!(formatter, "| {what:<first$} | {measured:>second$} | {target:>third$} |")?;
            if number == 0 {
                let rule = |width: usize| "-".repeat(width - 1);
                writeln!(formatter, "| {}- | {}: | {}: |", rule(first), rule(second), rule(third))?;
            }
        }
        Ok(())
    }
}

/// Three digits that count, and all of those before the point.
pub(crate) fn figure(number: f64) -> String {
    let plain = if number.fract() == 0.0 || number.abs() >= 100.0 {
        format!("{number:.0}")
    } else if number.abs() >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    };
    let (whole, rest) = plain
        .split_once('.')
        .map_or((plain.as_str(), String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let digits: Vec<char> = whole.chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
    groups.join(",") + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_count() {
        let shown = [4.0, 0.916, 12.34, 1234.5, 3_454_389.0].map(figure);
        assert_eq!(shown, ["4", "0.92", "12.3", "1,234", "3,454,389"]);
    }

    #[test]
    fn a_target_that_is_missed_says_so() {
        assert_eq!(Row::new("x", 1.6, "").at_most(1.5).is_met(), Some(false));
        assert_eq!(Row::new("x", 1.5, "").at_most(1.5).is_met(), Some(true));
        assert_eq!(Row::new("x", 9.9, "").at_least(10.0).is_met(), Some(false));
        assert_eq!(Row::new("x", 1.0, "").is_met(), None);
        let row = |row: Row| row.cells().join("|");
        assert_eq!(row(Row::new("x", 1.6, "s").at_most(1.5)), "x|1.60 s|≤ 1.50 s, MISSED");
        assert_eq!(row(Row::new("x", 1.5, "s").at_most(1.5)), "x|1.50 s|≤ 1.50 s");
    }
}
