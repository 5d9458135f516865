//! The elements of a chart.

use super::{
    Axis,
    ruler::{Ruler, shown},
};

pub(super) const WIDTH: f64 = 720.0;
/// Between a chart's edge and anything in it.
pub(super) const MARGIN: f64 = 20.0;
/// Of a character at the labels' size, generously: nobody knows the reader's font.
const CHARACTER: f64 = 7.0;
/// More groups or lines than this share colours.
const COLOURS: usize = 6;

/// Okabe and Ito's colours, which most colour-blind readers can tell apart, lightened for dark pages.
const STYLE: &str = "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#4b5563}\
.title{font-size:16px;font-weight:600;fill:#111827}.value{fill:#111827}.end{text-anchor:end}.middle{text-anchor:middle}\
.back{fill:#fff}.grid{stroke:#e5e7eb}.axis{stroke:#9ca3af}.line{fill:none;stroke-width:2.25;stroke-linejoin:round}\
.target{stroke:#111827;stroke-width:1.5;stroke-dasharray:5 4}.aim{fill:#111827}\
.f0{fill:#0072b2}.f1{fill:#8b929c}.f2{fill:#009e73}.f3{fill:#d55e00}.f4{fill:#b0578d}.f5{fill:#c98a00}\
.s0{stroke:#0072b2}.s1{stroke:#8b929c}.s2{stroke:#009e73}.s3{stroke:#d55e00}.s4{stroke:#b0578d}.s5{stroke:#c98a00}\
@media(prefers-color-scheme:dark){text{fill:#a8b0bd}.title,.value{fill:#f3f4f6}.back{fill:#12161d}\
.grid{stroke:#262d38}.axis{stroke:#5b6472}.target{stroke:#f3f4f6}.aim{fill:#f3f4f6}\
.f0{fill:#56b4e9}.f1{fill:#8b94a3}.f2{fill:#2cc295}.f3{fill:#f58a3c}.f4{fill:#dc93c0}.f5{fill:#edc04c}\
.s0{stroke:#56b4e9}.s1{stroke:#8b94a3}.s2{stroke:#2cc295}.s3{stroke:#f58a3c}.s4{stroke:#dc93c0}.s5{stroke:#edc04c}}";

#[expect(clippy::cast_precision_loss, reason = "charts have a handful of bars")]
pub(super) fn length(count: usize) -> f64 {
    count as f64
}

/// The class of a colour.
pub(super) fn fill(colour: usize) -> &'static str {
    ["f0", "f1", "f2", "f3", "f4", "f5"][colour % COLOURS]
}

/// The room that the longest of some texts needs, as long as it leaves room for the chart.
pub(super) fn widest(texts: impl IntoIterator<Item = String>) -> f64 {
    texts
        .into_iter()
        .map(|text| length(text.chars().count()) * CHARACTER)
        .fold(0.0, f64::max)
        .min(WIDTH / 3.0)
}

/// What XML cannot hold, and what would end a text or an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push(' '),
            _ if character.is_control() => safe.push(' '),
            _ => safe.push(character),
        }
    }
    safe
}

/// A file in the making.
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn new(
        title: &str,
        subtitle: &str,
        described: impl Iterator<Item = String>,
        height: f64,
    ) -> Self {
        let subtitled = std::iter::once(subtitle.to_owned()).filter(|subtitle| !subtitle.is_empty());
        let described = subtitled.chain(described).collect::<Vec<_>>().join("; ");
        let mut svg = Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" \
             viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"back\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n",
            escaped(title),
            escaped(&described),
        ));
        svg.text((MARGIN, 30.0), "title", title);
        svg.text((MARGIN, 48.0), "", subtitle);
        svg
    }

    fn push(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        let text = escaped(text);
        self.push(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
    }

    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let ends = format!("x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"");
        self.push(&format!("<line class=\"{class}\" {ends}/>"));
    }

    pub(super) fn rectangle(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let size = format!("width=\"{width:.1}\" height=\"{height:.1}\"");
        self.push(&format!("<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" {size} rx=\"2\"/>"));
    }

    pub(super) fn polyline(&mut self, points: &[(f64, f64)], colour: usize) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let (colour, points) = (colour % COLOURS, points.join(" "));
        self.push(&format!("<polyline class=\"line s{colour}\" points=\"{points}\"/>"));
    }

    pub(super) fn horizontal_axis(&mut self, axis: Axis<'_>, ruler: &Ruler, (top, bottom): (f64, f64)) {
        for tick in &ruler.ticks {
            let x = ruler.at(*tick).unwrap_or(ruler.edges.0);
            self.line("grid", (x, top), (x, bottom + 4.0));
            self.text((x, bottom + 18.0), "middle", &shown(*tick, ""));
        }
        let middle = f64::midpoint(ruler.edges.0, ruler.edges.1);
        self.text((middle, bottom + 36.0), "middle", &axis.name());
    }

    pub(super) fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}
