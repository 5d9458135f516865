//! Where values lie along an axis, and how they are written.

use super::Scale;

/// From here on figures are too long to write out.
const LONG: f64 = 1e9;
/// Intervals between ticks that an axis aims at.
const TICKS: f64 = 5.0;
/// An axis over more decades than this leaves some out.
const DECADES: i32 = 8;

/// Where values lie between two edges of a chart, and which of them are marked.
pub(super) struct Ruler {
    scale: Scale,
    values: (f64, f64),
    pub(super) edges: (f64, f64),
    pub(super) ticks: Vec<f64>,
}

impl Ruler {
    pub(super) fn new(scale: Scale, values: impl Iterator<Item = f64>, edges: (f64, f64)) -> Self {
        let usable = |value: &f64| value.is_finite() && (scale == Scale::Linear || *value > 0.0);
        let range = values.filter(usable).fold(None, |range: Option<(f64, f64)>, value| {
            Some(range.map_or((value, value), |(least, most)| (least.min(value), most.max(value))))
        });
        let (least, most) = range.unwrap_or((1.0, 1.0));
        let (values, ticks) = match scale {
            Scale::Linear => linear_ticks(least.min(0.0), most.max(0.0)),
            Scale::Log => log_ticks(least, most),
        };
        Self { scale, values, edges, ticks }
    }

    /// `None` for what has no place: not finite, or not above zero on a log axis.
    pub(super) fn at(&self, value: f64) -> Option<f64> {
        let along = |value: f64| if self.scale == Scale::Log { value.log10() } else { value };
        let (least, most) = (along(self.values.0), along(self.values.1));
        let part = (along(value) - least) / (most - least);
        part.is_finite().then_some(self.edges.0 + part * (self.edges.1 - self.edges.0))
    }
}

/// Ends and marks at 1, 2 or 5 times a power of ten.
fn linear_ticks(least: f64, most: f64) -> ((f64, f64), Vec<f64>) {
    let most = if most > least { most } else { least + 1.0 };
    let rough = (most - least) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|times| times * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let (from, to) = ((least / step).floor(), (most / step).ceil());
    let ticks = std::iter::successors(Some(from), |tick| Some(tick + 1.0)).take_while(|tick| *tick <= to);
    ((from * step, to * step), ticks.map(|tick| tick * step).collect())
}

/// Ends at 1, 2 or 5 times a power of ten, below the least value so that its bar is seen, and marks at these or, over
/// more than two decades, at powers of ten.
fn log_ticks(least: f64, most: f64) -> ((f64, f64), Vec<f64>) {
    #[expect(clippy::cast_possible_truncation, reason = "a finite number has a few hundred decades")]
    let (from, to) = (least.log10().floor() as i32 - 1, most.log10().floor() as i32 + 1);
    let nice: Vec<f64> =
        (from..=to).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10_f64.powi(power))).collect();
    let low = nice.iter().rev().copied().find(|tick| *tick < least).unwrap_or(least);
    let high = nice.iter().copied().find(|tick| *tick >= most && *tick > low).unwrap_or(most);
    let within = |tick: &f64| (low..=high).contains(tick);
    let ticks = if high / low <= 100.0 {
        nice.into_iter().filter(within).collect()
    } else {
        let every = (to - from) / DECADES + 1;
        (from..=to)
            .filter(|power| power % every == 0)
            .map(|power| 10_f64.powi(power))
            .filter(within)
            .collect()
    };
    ((low, high), ticks)
}

/// Three digits, or all before the point, in groups of three; a power of ten for what is very large or very small.
pub(super) fn shown(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let size = value.abs();
    let scientific = joined(&format!("{value:.1e}").replace(".0e", "e"), unit);
    let decimals = match size {
        _ if size >= LONG => return scientific,
        _ if unit == "$" && (1.0..1000.0).contains(&size) => 2,
        _ if size >= 100.0 || size == 0.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.001 => 4,
        _ => return scientific,
    };
    let digits = format!("{size:.decimals$}");
    let (whole, rest) = digits.split_once('.').unwrap_or((&digits, ""));
    let mut text = if value < 0.0 { "−".to_owned() } else { String::new() };
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    // Cents keep their zero.
    let rest = if unit == "$" && rest.len() == 2 { rest } else { rest.trim_end_matches('0') };
    if !rest.is_empty() {
        text.push('.');
        text.push_str(rest);
    }
    joined(&text, unit)
}

fn joined(number: &str, unit: &str) -> String {
    match unit {
        "" => number.to_owned(),
        "$" => format!("${number}"),
        _ => format!("{number} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_axis_is_marked_at_round_numbers() {
        let shown = |least, most| {
            log_ticks(least, most).1.iter().map(|tick| shown(*tick, "")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(3.0, 40.0), "2 5 10 20 50");
        assert_eq!(shown(1.0, 1.0), "0.5 1", "a bar of the least value is seen");
        assert_eq!(shown(0.9, 655.0), "1 10 100 1,000");
        assert_eq!(shown(1e-3, 1e12), "0.001 1 1,000 1,000,000 1e9 1e12");
    }

    #[test]
    fn a_linear_axis_starts_at_zero() {
        let values = |most| linear_ticks(0.0, most).1;
        assert_eq!(values(655.0), [0.0, 200.0, 400.0, 600.0, 800.0]);
        assert_eq!(values(0.0).first(), Some(&0.0));
    }

    #[test]
    fn figures_are_short_and_dollars_have_cents() {
        let shown = [
            (1234.5, "ms"),
            (38.24, "ms"),
            (12.0, "$"),
            (0.0067, "$"),
            (-2.5, ""),
            (f64::NAN, "ms"),
            (0.0, "$"),
        ]
        .map(|(value, unit)| shown(value, unit));
        assert_eq!(shown, ["1,234 ms", "38.2 ms", "$12.00", "$0.0067", "−2.5", "n/a", "$0"]);
    }
}
