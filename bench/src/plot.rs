//! Small charts as SVG, one self-contained file each: light or dark as the reader's system is, a title and a
//! description with every value for who cannot see them, and the same bytes for the same figures.

mod ruler;
mod svg;

use ruler::{Ruler, shown};
use svg::{MARGIN, Svg, WIDTH, fill, length, widest};

/// For the title and the line below it.
const HEAD: f64 = 62.0;
const LEGEND: f64 = 24.0;
/// For the numbers of the horizontal axis and its label.
const FOOT: f64 = 50.0;
const BAR: f64 = 18.0;
/// Between bars of different labels.
const GAP: f64 = 12.0;
/// Height of a line chart's plot.
const PLOT: f64 = 260.0;
/// Between the labels at the ends of lines, so that they do not cover each other.
const LINE_HEIGHT: f64 = 16.0;

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// From zero.
    Linear,
    /// From below the least value above zero: lengths compare no longer, distances are factors.
    Log,
}

/// What an axis shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis<'a> {
    pub(crate) label: &'a str,
    /// Behind each value, or before it for `$`; empty for counts.
    pub(crate) unit: &'a str,
    pub(crate) scale: Scale,
}

impl Axis<'_> {
    fn name(&self) -> String {
        let scale = if self.scale == Scale::Log { " (log scale)" } else { "" };
        format!("{}{scale}", self.label)
    }
}

/// A horizontal bar chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarChart<'a> {
    pub(crate) title: &'a str,
    /// One sentence below the title.
    pub(crate) subtitle: &'a str,
    pub(crate) axis: Axis<'a>,
    /// A dashed line, and what it is called.
    pub(crate) target: Option<(&'a str, f64)>,
    pub(crate) bars: &'a [Bar<'a>],
}

/// A bar. Neighbours with the same label stand together below it; a group has a colour and a place in the legend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar<'a> {
    pub(crate) label: &'a str,
    pub(crate) group: &'a str,
    /// Zero or more; what is below zero is named and not drawn.
    pub(crate) value: f64,
}

/// A line chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineChart<'a> {
    pub(crate) title: &'a str,
    pub(crate) subtitle: &'a str,
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
    pub(crate) target: Option<(&'a str, f64)>,
    pub(crate) lines: &'a [Line<'a>],
}

/// A line, with its name at its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    /// From left to right; what is not finite is left out.
    pub(crate) points: &'a [(f64, f64)],
}

impl BarChart<'_> {
    /// The file.
    pub(crate) fn svg(&self) -> String {
        let mut groups: Vec<&str> = Vec::new();
        for bar in self.bars {
            if !groups.contains(&bar.group) {
                groups.push(bar.group);
            }
        }
        // Bars that are named after their groups need no legend.
        let legend = groups.len() > 1 && self.bars.iter().any(|bar| bar.label != bar.group);
        let top =
            HEAD + if legend { LEGEND } else { 0.0 } + if self.target.is_some() { LINE_HEIGHT } else { 0.0 };
        let clusters = self.bars.chunk_by(|a, b| a.label == b.label);
        let bottom =
            clusters.clone().map(|cluster| GAP + BAR * length(cluster.len())).sum::<f64>() + top + GAP;
        let left = MARGIN + GAP + widest(self.bars.iter().map(|bar| bar.label.to_owned()));
        let right = WIDTH - MARGIN - widest(self.bars.iter().map(|bar| shown(bar.value, self.axis.unit)));
        let values = self.bars.iter().map(|bar| bar.value).chain(self.target.map(|(_, value)| value));
        let ruler = Ruler::new(self.axis.scale, values, (left, right));

        let described = self.bars.iter().map(|bar| {
            let group = if bar.group == bar.label { String::new() } else { format!(", {}", bar.group) };
            format!("{}{group}: {}", bar.label, shown(bar.value, self.axis.unit))
        });
        let mut svg = Svg::new(self.title, self.subtitle, described, bottom + FOOT);
        if legend {
            let mut x = MARGIN;
            for (index, group) in groups.iter().enumerate() {
                svg.rectangle((x, HEAD - 2.0), (12.0, 12.0), fill(index));
                svg.text((x + 18.0, HEAD + 8.0), "", group);
                x += 36.0 + widest([(*group).to_owned()]);
            }
        }
        svg.horizontal_axis(self.axis, &ruler, (top, bottom));
        let (mut y, mut ends) = (top, Vec::new());
        for cluster in clusters {
            y += GAP;
            let middle = y + BAR * length(cluster.len()) / 2.0;
            svg.text((left - 8.0, middle + 4.0), "end", cluster[0].label);
            for bar in cluster {
                let end = ruler.at(bar.value).unwrap_or(left).max(left);
                let colour = groups.iter().position(|group| *group == bar.group).unwrap_or_default();
                svg.rectangle((left, y + 1.0), (end - left, BAR - 2.0), fill(colour));
                ends.push((end + 6.0, y + BAR / 2.0 + 4.0, shown(bar.value, self.axis.unit)));
                y += BAR;
            }
        }
        svg.line("axis", (left, top), (left, bottom));
        if let Some((name, x)) = self.target.and_then(|(name, value)| Some((name, ruler.at(value)?))) {
            svg.line("target", (x, top - 4.0), (x, bottom));
            // Towards the middle, where there is room for it.
            let class = if x > f64::midpoint(left, right) { "aim end" } else { "aim" };
            svg.text((x, top - 8.0), class, name);
            // The line makes way for the figures it would cross.
            for (start, y, text) in &ends {
                if (*start..start + widest([text.clone()])).contains(&x) {
                    svg.rectangle((x - 2.0, y - BAR / 2.0 - 4.0), (4.0, BAR), "back");
                }
            }
        }
        for (x, y, text) in ends {
            svg.text((x, y), "value", &text);
        }
        svg.finish()
    }
}

impl LineChart<'_> {
    /// The file.
    pub(crate) fn svg(&self) -> String {
        let (top, bottom) = (HEAD + LEGEND, HEAD + LEGEND + PLOT);
        let points = || self.lines.iter().flat_map(|line| line.points);
        let values = points().map(|point| point.1).chain(self.target.map(|(_, value)| value));
        let y = Ruler::new(self.y.scale, values, (bottom, top));
        let left = MARGIN + 8.0 + widest(y.ticks.iter().map(|tick| shown(*tick, self.y.unit)));
        let names = self.lines.iter().map(|line| line.name).chain(self.target.map(|(name, _)| name));
        let right = WIDTH - MARGIN - 28.0 - widest(names.map(str::to_owned));
        let x = Ruler::new(self.x.scale, points().map(|point| point.0), (left, right));

        let placed = |line: &Line<'_>| -> Vec<(f64, f64)> {
            line.points.iter().filter_map(|point| Some((x.at(point.0)?, y.at(point.1)?))).collect()
        };
        let described = self.lines.iter().map(|line| {
            let last = line.points.last().map_or(f64::NAN, |point| point.1);
            format!("{}: {} at the end", line.name, shown(last, self.y.unit))
        });
        let mut svg = Svg::new(self.title, self.subtitle, described, bottom + FOOT);
        svg.text((MARGIN, HEAD + 10.0), "", &self.y.name());
        for tick in &y.ticks {
            let at = y.at(*tick).unwrap_or(bottom);
            svg.line("grid", (left, at), (right, at));
            svg.text((left - 8.0, at + 4.0), "end", &shown(*tick, self.y.unit));
        }
        svg.horizontal_axis(self.x, &x, (bottom, bottom));
        svg.line("axis", (left, bottom), (right, bottom));
        let mut ends = Vec::new();
        if let Some((name, at)) = self.target.and_then(|(name, value)| Some((name, y.at(value)?))) {
            svg.line("target", (left, at), (right, at));
            ends.push((at, "aim", name));
        }
        for (index, line) in self.lines.iter().enumerate() {
            let placed = placed(line);
            svg.polyline(&placed, index);
            ends.extend(placed.last().map(|(_, at)| (*at, fill(index), line.name)));
        }
        // From top to bottom, each no nearer to the one above than a line of text.
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = f64::NEG_INFINITY;
        for (at, class, name) in ends {
            let at = at.max(free);
            free = at + LINE_HEIGHT;
            svg.rectangle((right + 8.0, at - 2.0), (12.0, 4.0), class);
            svg.text((right + 26.0, at + 4.0), if class == "aim" { class } else { "value" }, name);
        }
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: Axis<'_> = Axis { label: "time", unit: "ms", scale: Scale::Log };

    fn bars(values: &[f64], scale: Scale) -> String {
        let bars: Vec<_> = values.iter().map(|value| Bar { label: "a", group: "b", value: *value }).collect();
        let axis = Axis { scale, ..AXIS };
        BarChart { title: "t", subtitle: "s", axis, target: Some(("aim", 3.0)), bars: &bars }.svg()
    }

    fn lines(points: &[(f64, f64)], scale: Scale) -> String {
        let (x, lines) = (Axis { scale, ..AXIS }, [Line { name: "a", points }, Line { name: "b", points }]);
        LineChart { title: "t", subtitle: "s", x, y: x, target: None, lines: &lines }.svg()
    }

    #[test]
    fn a_name_with_markup_stays_a_name() {
        let bar = Bar { label: "<script>", group: "a & b", value: 1.0 };
        let chart =
            BarChart { title: "\"x\" > 'y'\u{0}", subtitle: "", axis: AXIS, target: None, bars: &[bar] };
        let svg = chart.svg();
        assert!(svg.contains("<title>&quot;x&quot; &gt; &#39;y&#39; </title>"), "{svg}");
        assert!(
            svg.contains(">&lt;script&gt;</text>") && svg.contains("&lt;script&gt;, a &amp; b: 1 ms</desc>"),
            "{svg}"
        );
        assert!(!svg.contains("<script") && !svg.contains('\0'));
    }

    #[test]
    fn no_figure_makes_a_file_that_cannot_be_drawn() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 5e-324, f64::MAX, f64::MIN, 1.0];
        for scale in [Scale::Linear, Scale::Log] {
            for length in 0..=odd.len() {
                let points: Vec<_> = odd[..length].iter().map(|value| (*value, *value)).collect();
                for svg in [bars(&odd[..length], scale), lines(&points, scale)] {
                    assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("=\"-"), "{svg}");
                }
            }
        }
    }

    #[test]
    fn the_same_figures_make_the_same_file() {
        assert_eq!(bars(&[1.0, 2.0], Scale::Log), bars(&[1.0, 2.0], Scale::Log));
        assert_eq!(lines(&[(0.0, 1.0)], Scale::Linear), lines(&[(0.0, 1.0)], Scale::Linear));
    }
}
