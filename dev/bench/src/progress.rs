//! Bars that show how far a measurement is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for what is measured; its length is set later.
pub(crate) fn bar(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:32} {bar:32} {pos}/{len} {msg}");
    let bar = ProgressBar::new(0).with_prefix(what.to_owned());
    // The template is a constant; should it be wrong, there is a plainer bar.
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
