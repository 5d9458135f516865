//! Small charts as SVG, drawn by `plotters`. Each file is complete: light or dark as the
//! reader's system is, with a title and, for screen readers, a description with every value. The
//! same figures make the same bytes.

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::report::{figure, number};

const WIDTH: u32 = 720;
/// Between a chart's edge and anything in it.
const MARGIN: u32 = 20;
/// For the title and the line below it.
const HEAD: u32 = 62;
/// For the legend, or the name of a target.
const LINE: u32 = 24;
/// For the numbers of the horizontal axis and its name.
const FOOT: u32 = 46;
/// For the space below that name.
const END: u32 = 6;
const BAR: u32 = 18;
/// Between clusters of bars, in bars.
const GAP: f64 = 0.6;
/// Height of a line chart's plot.
const PLOT: u32 = 260;
/// Of a character at the labels' size, generously: the reader's font is not known.
const CHARACTER: i32 = 7;

const BACK: RGBColor = WHITE;
const TEXT: RGBColor = RGBColor(0x4B, 0x55, 0x63);
const STRONG: RGBColor = RGBColor(0x11, 0x18, 0x27);
const GRID: RGBColor = RGBColor(0xE5, 0xE7, 0xEB);
const AXIS: RGBColor = RGBColor(0x9C, 0xA3, 0xAF);
/// Okabe and Ito's colors, which most color-blind readers can tell apart.
const SERIES: [RGBColor; 3] =
    [RGBColor(0x00, 0x72, 0xB2), RGBColor(0x8B, 0x92, 0x9C), RGBColor(0x00, 0x9E, 0x73)];

/// The same colors on a dark page.
const DARK: &str = "@media(prefers-color-scheme:dark){\
[fill='#FFFFFF']{fill:#12161d}[fill='#4B5563']{fill:#a8b0bd}[fill='#111827']{fill:#f3f4f6}\
[stroke='#111827']{stroke:#f3f4f6}[stroke='#E5E7EB']{stroke:#262d38}[stroke='#9CA3AF']{stroke:#5b6472}\
[fill='#0072B2']{fill:#56b4e9}[stroke='#0072B2']{stroke:#56b4e9}\
[fill='#8B929C']{fill:#8b94a3}[fill='#009E73']{fill:#2cc295}}";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// A horizontal bar chart. Its axis begins at zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BarChart<'a> {
    pub(crate) title: &'a str,
    /// One sentence below the title.
    pub(crate) subtitle: &'a str,
    /// Behind each value, and the name of the axis.
    pub(crate) unit: &'a str,
    /// A dashed line, and what it is called.
    pub(crate) target: Option<(&'a str, f64)>,
    pub(crate) bars: &'a [Bar<'a>],
}

/// A bar. Neighbors with the same label form a cluster; a group has a color and a place in the
/// legend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar<'a> {
    pub(crate) label: &'a str,
    pub(crate) group: &'a str,
    pub(crate) value: f64,
}

/// A line chart. Both axes begin at zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineChart<'a> {
    pub(crate) title: &'a str,
    pub(crate) subtitle: &'a str,
    /// The name of the horizontal axis.
    pub(crate) x: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) target: (&'a str, f64),
    /// What the line is called.
    pub(crate) name: &'a str,
    pub(crate) points: &'a [(f64, f64)],
}

impl BarChart<'_> {
    pub(crate) fn svg(&self) -> Result<String, String> {
        let clusters = self.bars.chunk_by(|a, b| a.label == b.label).count();
        let rows = number(self.bars.len()) + GAP * number(clusters + 1);
        let described = self.bars.iter().map(|bar| {
            let group = if bar.group == bar.label { String::new() } else { format!(", {}", bar.group) };
            format!("{}{group}: {}", bar.label, self.shown(bar.value))
        });
        let described = described.collect::<Vec<_>>().join("; ");
        let above = HEAD + self.legend().map_or(0, |_| LINE) + self.target.map_or(0, |_| LINE);
        let height = above + pixels(rows * f64::from(BAR)) + FOOT + END;
        file((self.title, self.subtitle), &described, height, |root| self.draw(root, (above, rows)))
    }

    fn draw(&self, root: &Area<'_>, (above, rows): (u32, f64)) -> Drawn {
        if let Some(groups) = self.legend() {
            draw_legend(root, &groups)?;
        }
        let most = most(self.bars.iter().map(|bar| bar.value).chain(self.target.map(|(_, at)| at)));
        let left = widest(self.bars.iter().map(|bar| bar.label.to_owned())) + 12;
        let right = widest(self.bars.iter().map(|bar| self.shown(bar.value))) + 8;
        let area = root.margin(above, END, MARGIN, MARGIN);
        let mut chart = ChartBuilder::on(&area)
            .y_label_area_size(left)
            .x_label_area_size(FOOT)
            .margin_right(right)
            .build_cartesian_2d(0.0..most, 0.0..rows)?;
        draw_axes(&mut chart, self.unit, None)?;
        if let Some((name, at)) = self.target {
            draw_target(&mut chart, [(at, 0.0), (at, rows)])?;
            let words = Text::new(name.to_owned(), (4, -6), text(STRONG, HPos::Right, VPos::Bottom));
            chart.draw_series([EmptyElement::at((at, rows)) + words])?;
        }
        let groups = self.groups();
        let mut top = rows;
        for cluster in self.bars.chunk_by(|a, b| a.label == b.label) {
            top -= GAP;
            let middle = top - number(cluster.len()) / 2.0;
            let label = text(TEXT, HPos::Right, VPos::Center);
            let label = Text::new(cluster[0].label.to_owned(), (-8, 0), label);
            chart.draw_series([EmptyElement::at((0.0, middle)) + label])?;
            for bar in cluster {
                let end = drawable(bar.value);
                let color = groups.iter().position(|group| *group == bar.group).unwrap_or_default();
                let color = SERIES[color % SERIES.len()];
                let corners = [(0.0, top - 0.06), (end, top - 0.94)];
                chart.draw_series([Rectangle::new(corners, color.filled())])?;
                let shown = self.shown(bar.value);
                // The target's line makes way for a figure that it would cross.
                let space = [(4, -7), (8 + signed(widest([shown.clone()])), 7)];
                let value = Text::new(shown, (6, 0), text(STRONG, HPos::Left, VPos::Center));
                let back = Rectangle::new(space, BACK.filled());
                chart.draw_series([EmptyElement::at((end, top - 0.5)) + back + value])?;
                top -= 1.0;
            }
        }
        Ok(())
    }

    fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<&str> = Vec::new();
        for bar in self.bars {
            if !groups.contains(&bar.group) {
                groups.push(bar.group);
            }
        }
        groups
    }

    /// The groups, unless there is nothing to tell apart.
    fn legend(&self) -> Option<Vec<&str>> {
        Some(self.groups()).filter(|groups| groups.len() > 1)
    }

    fn shown(&self, value: f64) -> String {
        format!("{} {}", figure(value), self.unit)
    }
}

impl LineChart<'_> {
    pub(crate) fn svg(&self) -> Result<String, String> {
        let last = self.points.last().map_or(f64::NAN, |point| point.1);
        let described = format!("{}: {} {} at the end", self.name, figure(last), self.unit);
        let height = HEAD + PLOT + FOOT + END;
        file((self.title, self.subtitle), &described, height, |root| self.draw(root))
    }

    fn draw(&self, root: &Area<'_>) -> Drawn {
        let points: Vec<_> = self.points.iter().map(|(x, y)| (drawable(*x), drawable(*y))).collect();
        let (x, y) = (most(points.iter().map(|point| point.0)), self.target.1);
        let y = most(points.iter().map(|point| point.1).chain([y])) * 1.1;
        let right = widest([self.name.to_owned(), self.target.0.to_owned()]) + 12;
        let area = root.margin(HEAD, END, MARGIN, MARGIN);
        let mut chart = ChartBuilder::on(&area)
            .y_label_area_size(2 * FOOT)
            .x_label_area_size(FOOT)
            .margin_right(right)
            .build_cartesian_2d(0.0..x, 0.0..y)?;
        draw_axes(&mut chart, self.x, Some(self.unit))?;
        let (aim, at) = self.target;
        draw_target(&mut chart, [(0.0, at), (x, at)])?;
        chart.draw_series(LineSeries::new(points.iter().copied(), SERIES[0].stroke_width(2)))?;
        let end = points.last().copied().unwrap_or_default();
        for (name, at) in [(aim, (x, at)), (self.name, end)] {
            let name = Text::new(name.to_owned(), (8, 0), text(STRONG, HPos::Left, VPos::Center));
            chart.draw_series([EmptyElement::at(at) + name])?;
        }
        Ok(())
    }
}

/// A file with its title, and what `draw` puts below.
fn file(
    (title, subtitle): (&str, &str),
    described: &str,
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Drawn,
) -> Result<String, String> {
    let mut svg = String::new();
    let drawn = || -> Drawn {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&BACK)?;
        let left = signed(MARGIN);
        let head = ("sans-serif", 20, FontStyle::Bold, &STRONG).into_text_style(&root);
        root.draw_text(title, &head, (left, 14))?;
        root.draw_text(subtitle, &text(TEXT, HPos::Left, VPos::Top), (left, 38))?;
        draw(&root)?;
        root.present()?;
        Ok(())
    };
    drawn().map_err(|error| format!("{title}: {error}"))?;
    // What plotters' files do not have.
    let (start, elements) = svg.split_once(">\n").unwrap_or_default();
    let (title, described) = (escaped(title), escaped(&format!("{subtitle}; {described}")));
    Ok(format!(
        "{start} role=\"img\">\n<title>{title}</title>\n<desc>{described}</desc>\n<style>{DARK}</style>\n{elements}"
    ))
}

fn draw_legend(root: &Area<'_>, groups: &[&str]) -> Drawn {
    let (mut x, y) = (signed(MARGIN), signed(HEAD));
    for (index, group) in groups.iter().enumerate() {
        let color = SERIES[index % SERIES.len()];
        root.draw(&Rectangle::new([(x, y), (x + 12, y + 12)], color.filled()))?;
        root.draw_text(group, &text(TEXT, HPos::Left, VPos::Center), (x + 18, y + 6))?;
        x += 36 + signed(widest([(*group).to_owned()]));
    }
    Ok(())
}

/// Both axes and their lines; `up` is the vertical one's name, if its numbers are shown at all.
fn draw_axes(chart: &mut Chart<'_, '_>, across: &str, up: Option<&str>) -> Drawn {
    let shown = |value: &f64| figure(*value);
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(TRANSPARENT).bold_line_style(GRID).axis_style(AXIS);
    mesh.label_style(text(TEXT, HPos::Left, VPos::Top)).x_label_formatter(&shown).y_label_formatter(&shown);
    mesh.x_labels(7).x_desc(across);
    match up {
        Some(name) => mesh.disable_x_mesh().y_labels(6).y_desc(name),
        None => mesh.disable_y_mesh().y_labels(0),
    };
    Ok(mesh.draw()?)
}

fn draw_target(chart: &mut Chart<'_, '_>, ends: [(f64, f64); 2]) -> Drawn {
    chart.draw_series(DashedLineSeries::new(ends, 5, 4, STRONG.stroke_width(1)))?;
    Ok(())
}

fn text(color: RGBColor, across: HPos, down: VPos) -> TextStyle<'static> {
    let mut style = TextStyle::from(("sans-serif", 15).into_font());
    style.color = color.to_backend_color();
    style.pos(Pos::new(across, down))
}

/// The room that the longest of some texts needs, as long as it leaves room for the chart.
fn widest(texts: impl IntoIterator<Item = String>) -> u32 {
    let lengths = texts.into_iter().map(|text| text.chars().count());
    let longest = i32::try_from(lengths.max().unwrap_or(0)).unwrap_or(i32::MAX);
    longest.saturating_mul(CHARACTER).unsigned_abs().min(WIDTH / 3)
}

/// Where an axis ends: there is something to see even of nothing.
fn most(values: impl Iterator<Item = f64>) -> f64 {
    let most = values.map(drawable).fold(0.0, f64::max);
    if most > 0.0 { most } else { 1.0 }
}

/// What has no place on an axis from zero is drawn at zero.
fn drawable(value: f64) -> f64 {
    if value.is_finite() { value.clamp(0.0, 1e12) } else { 0.0 }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a chart has a few bars")]
fn pixels(length: f64) -> u32 {
    length.ceil() as u32
}

fn signed(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(values: &[f64]) -> String {
        let bars: Vec<_> = values.iter().map(|value| Bar { label: "a", group: "b", value: *value }).collect();
        let target = Some(("aim", 3.0));
        BarChart { title: "t", subtitle: "s", unit: "ms", target, bars: &bars }.svg().unwrap()
    }

    fn line(points: &[(f64, f64)]) -> String {
        let target = ("aim", 3.0);
        let chart = LineChart { title: "t", subtitle: "s", x: "x", unit: "ms", target, name: "a", points };
        chart.svg().unwrap()
    }

    #[test]
    fn a_name_with_markup_stays_a_name() {
        let bar = Bar { label: "<script>", group: "a & b", value: 1.0 };
        let chart = BarChart { title: "x > y", subtitle: "", unit: "ms", target: None, bars: &[bar] };
        let svg = chart.svg().unwrap();
        assert!(svg.contains("<title>x &gt; y</title>"), "{svg}");
        assert!(svg.contains("&lt;script&gt;, a &amp; b: 1 ms</desc>"), "{svg}");
        assert!(!svg.contains("<script"));
    }

    #[test]
    fn no_figure_makes_a_file_that_cannot_be_drawn() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 5e-324, f64::MAX, f64::MIN, 1.0];
        for length in 0..=odd.len() {
            let points: Vec<_> = odd[..length].iter().map(|value| (*value, *value)).collect();
            for svg in [bars(&odd[..length]), line(&points)] {
                let elements = svg.split_once("</desc>").unwrap().1;
                assert!(!elements.contains("=\"NaN") && !elements.contains("=\"inf"), "{svg}");
            }
        }
    }

    #[test]
    fn a_figure_has_a_bar_of_its_length_and_its_value_beside_it() {
        let svg = bars(&[1.0, 2.0]);
        let widths: Vec<u32> = svg
            .lines()
            .filter(|line| line.starts_with("<rect") && line.contains("#0072B2"))
            .map(|line| line.split_once("width=\"").unwrap().1.split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(widths.len(), 2);
        assert!(widths[1].abs_diff(2 * widths[0]) <= 2, "{widths:?}");
        assert!(svg.contains("\n1 ms\n") || svg.contains(">\n1 ms"), "{svg}");
        assert!(svg.contains("a, b: 1 ms; a, b: 2 ms</desc>"), "{svg}");
    }
}
