//! That colors can be told apart, and that no page has one of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use regex::Regex;

const TOKENS: &str = include_str!("tokens.css");
const RULES: &str = include_str!("look.css");

/// Sources without styles of their own, from the root of the repository.
const PAGES: [&str; 4] = [
    "dev/local/src/checkout/page.html",
    "dev/local/src/checkout/page.js",
    "dev/local/src/issuer/page.html",
    "cardpointe-simulator/src/status_page.rs",
];

/// Colors of text, each with its backgrounds.
const TEXTS: [(&str, &[&str]); 8] = [
    ("text", &["ground", "surface", "raised", "test"]),
    ("muted", &["ground", "surface", "raised"]),
    ("accent", &["ground", "surface", "raised"]),
    ("good", &["ground", "surface"]),
    ("waiting", &["ground", "surface"]),
    ("bad", &["ground", "surface", "raised"]),
    // The words of the primary button, and of a badge with a count.
    ("surface", &["accent", "bad"]),
    ("ground", &["accent", "bad"]),
];
const TEXT_CONTRAST: f64 = 4.5;

/// Bars, badges, edges of fields and buttons, and the ring around the focused element.
const SHAPES: [(&str, &[&str]); 5] = [
    ("good", &["ground", "surface", "raised"]),
    ("waiting", &["ground", "surface", "raised"]),
    ("bad", &["ground", "surface", "raised"]),
    ("muted", &["ground", "surface", "raised"]),
    ("focus", &["ground", "surface", "raised"]),
];
const SHAPE_CONTRAST: f64 = 3.0;

/// Where rows become cards. A condition of CSS cannot read a token, so this one line states its
/// width.
const NARROW: &str = "@media (max-width: 640px) {";

/// Most bytes of the style sheet, which is loaded before anything shows.
const STYLE_MAX_BYTES: usize = 12 * 1024;

/// The colors of the light and of the dark theme, by role.
fn themes() -> [BTreeMap<&'static str, u32>; 2] {
    let pattern = Regex::new(r"--([a-z0-9]+): light-dark\(#([a-z0-9]{6}), #([a-z0-9]{6})\);").unwrap();
    let mut themes = [BTreeMap::new(), BTreeMap::new()];
    for found in pattern.captures_iter(TOKENS) {
        let (_, [role, light, dark]) = found.extract();
        for (theme, color) in themes.iter_mut().zip([light, dark]) {
            theme.insert(role, u32::from_str_radix(color, 16).unwrap());
        }
    }
    themes
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(color: u32) -> f64 {
    let [_, red, green, blue] = color.to_be_bytes().map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Pairs of a theme that are too close.
fn too_close(theme: &BTreeMap<&str, u32>, pairs: &[(&str, &[&str])], least: f64) -> Vec<String> {
    let on = |role: &str, ground: &str| contrast(theme[role], theme[ground]);
    let pairs = pairs.iter().flat_map(|(role, grounds)| grounds.iter().map(move |ground| (*role, *ground)));
    pairs
        .filter(|(role, ground)| on(role, ground) < least)
        .map(|(role, ground)| format!("{role} on {ground}: {:.2}", on(role, ground)))
        .collect()
}

#[test]
fn contrast_is_what_the_guidelines_compute() {
    // The extremes, and a pair from the WCAG's own techniques.
    assert!((contrast(0xff_ff_ff, 0) - 21.0).abs() < 1e-9);
    assert!((contrast(0x76_76_76, 0xff_ff_ff) - 4.54).abs() < 0.01);
}

#[test]
fn every_text_and_every_shape_can_be_told_from_its_ground_in_both_themes() {
    for theme in themes() {
        assert_eq!(theme.len(), 12, "{theme:?}");
        assert_eq!(too_close(&theme, &TEXTS, TEXT_CONTRAST), Vec::<String>::new());
        assert_eq!(too_close(&theme, &SHAPES, SHAPE_CONTRAST), Vec::<String>::new());
    }
}

#[test]
fn no_page_and_no_rule_has_a_color_a_size_or_a_space_of_its_own() {
    // Colors, also by name; lengths but 0 and whole lines; styles in a page.
    let outside = Regex::new(
        r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})[^0-9a-zA-Z]|(rgb|hsl|oklch)\(|: ?(white|black|red|green|blue|gray|transparent);|[0-9](px|rem|em|ch|vh|vw|pt)|<style|style=",
    )
    .unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut sources = vec![("look.css", RULES.to_owned())];
    sources.extend(PAGES.map(|page| (page, std::fs::read_to_string(root.join(page)).unwrap())));
    for (name, source) in sources {
        let found =
            source.lines().filter(|line| *line != NARROW && outside.is_match(line)).collect::<Vec<_>>();
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn the_style_sheet_is_small() {
    assert!(crate::STYLE.len() <= STYLE_MAX_BYTES, "{}", crate::STYLE.len());
}

#[test]
fn every_token_that_a_rule_uses_exists() {
    let names = |source: &'static str, pattern: &str| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.captures_iter(source).map(|found| found.extract::<1>().1[0]).collect::<BTreeSet<_>>()
    };
    let (used, known) = (names(RULES, r"var\(--([a-z0-9-]+)"), names(TOKENS, r"--([a-z0-9-]+):"));
    assert!(used.len() > 20 && used.is_subset(&known), "{:?}", used.difference(&known));
}
