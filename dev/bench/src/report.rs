//! Figures, each with its target beside it.

#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured, as the table's first column has it.
    pub(crate) what: String,
    pub(crate) value: f64,
    /// The unit of the value, such as `ms`.
    pub(crate) unit: &'static str,
    /// What it should be.
    pub(crate) target: Option<Target>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// This much, or less.
    AtMost(f64),
    /// This much, or more.
    AtLeast(f64),
}

impl Row {
    /// A figure without a target.
    pub(crate) fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, target: None }
    }

    /// The same with one.
    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(Target::AtMost(target));
        self
    }

    /// The same with one.
    pub(crate) fn at_least(mut self, target: f64) -> Self {
        self.target = Some(Target::AtLeast(target));
        self
    }

    /// Whether the target is met.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::AtMost(most) => self.value <= most,
            Target::AtLeast(least) => self.value >= least,
        })
    }
}

/// A part of the report.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// What it is about.
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

impl Section {
    /// As a table in Markdown, which reads well on a terminal, too.
    pub(crate) fn table(&self) -> String {
        let cells: Vec<[String; 3]> = self.rows.iter().map(cells).collect();
        let head = [self.title, "measured", "target"].map(str::to_owned);
        let widths: Vec<usize> = (0..3)
            .map(|column| {
                cells.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or(0)
            })
            .collect();
        let line = |row: &[String; 3]| {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        };
        let rule = widths.iter().enumerate().map(|(column, width)| {
            if column == 0 { "-".repeat(*width) } else { format!("{}:", "-".repeat(width.saturating_sub(1))) }
        });
        let rule = format!("| {} |\n", rule.collect::<Vec<_>>().join(" | "));
        line(&head) + &rule + &cells.iter().map(line).collect::<String>()
    }
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

fn cells(row: &Row) -> [String; 3] {
    let with_unit = |number: f64| format!("{} {}", figure(number), row.unit).trim_end().to_owned();
    let target = match row.target {
        Some(Target::AtMost(most)) => format!("≤ {}", with_unit(most)),
        Some(Target::AtLeast(least)) => format!("≥ {}", with_unit(least)),
        None => String::new(),
    };
    let missed = if row.is_met() == Some(false) { ", MISSED" } else { "" };
    [row.what.clone(), with_unit(row.value), target + missed]
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
        let row = |row: Row| cells(&row).join("|");
        assert_eq!(row(Row::new("x", 1.6, "s").at_most(1.5)), "x|1.60 s|≤ 1.50 s, MISSED");
        assert_eq!(row(Row::new("x", 1.5, "s").at_most(1.5)), "x|1.50 s|≤ 1.50 s");
    }
}
