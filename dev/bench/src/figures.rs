//! Figures by name. `docs/performance/figures.json` and `dev/bench/baseline.json` have one on each
//! line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::Row;

/// Digits after the point that are kept. More would be noise in every unit that is used here.
const DECIMALS: i32 = 4;

/// The figures by name: first the quantity with its unit, then its subject, as in
/// `start ms, Tollgate, refund`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        let scale = 10_f64.powi(DECIMALS);
        self.0.insert(name.into(), (value * scale).round() / scale);
    }

    /// Adds all figures of another measurement.
    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The figure, if it was measured.
    pub(crate) fn find(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The figure, or NaN if it was not measured: a figure calculated from it is NaN, too, and no
    /// table shows it.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.find(name).unwrap_or(f64::NAN)
    }

    /// A row of a table, named as the figure.
    pub(crate) fn row(&self, name: &str) -> Row {
        Row::new(name, self.get(name), "")
    }

    /// Such a row for each figure whose name begins so.
    pub(crate) fn rows(&self, beginning: &str) -> Vec<Row> {
        self.names().filter(|name| name.starts_with(beginning)).map(|name| self.row(name)).collect()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// Removes the figures whose names are wanted, and returns them.
    pub(crate) fn extract(&mut self, is_wanted: impl Fn(&str) -> bool) -> Self {
        Self(self.0.extract_if(.., |name, _| is_wanted(name)).collect())
    }
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}
