//! Texts in US-ASCII, which is all that the gateway takes.

use std::iter;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::card::with_plain_digits;

/// The nearest texts of characters that Unicode does not decompose, or not as people mean them: the
/// acute accent is typed as an apostrophe.
const NEAREST: [(&str, &str); 25] = [
    ("ß", "ss"),
    ("ẞ", "SS"),
    ("æ", "ae"),
    ("Æ", "AE"),
    ("œ", "oe"),
    ("Œ", "OE"),
    ("ø", "o"),
    ("Ø", "O"),
    ("đð", "d"),
    ("ĐÐ", "D"),
    ("þ", "th"),
    ("Þ", "Th"),
    ("ł", "l"),
    ("Ł", "L"),
    ("ħ", "h"),
    ("Ħ", "H"),
    ("ı", "i"),
    ("ŋ", "n"),
    ("Ŋ", "N"),
    ("ŧ", "t"),
    ("Ŧ", "T"),
    ("´‘’‚‛′ʹʻʼʽʾʿ", "'"),
    ("“”„‟″«»", "\""),
    ("‐‒–—―−", "-"),
    ("⁄", "/"),
];

/// The nearest text in US-ASCII: digits of every script stay digits, letters lose their marks, and
/// a character that is like none of ASCII becomes `?`. AVS compares digits, and a name is not
/// compared.
pub fn nearest_ascii(text: &str) -> String {
    if text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let mut nearest = String::with_capacity(text.len());
    for c in with_plain_digits(text).chars() {
        let before = nearest.len();
        push_nearest(&mut nearest, c);
        if nearest.len() > before {
            continue;
        }
        let base: String = iter::once(c).nfkd().filter(|part| !is_combining_mark(*part)).collect();
        base.chars().for_each(|part| push_nearest(&mut nearest, part));
        if nearest.len() == before && !base.is_empty() {
            nearest.push('?');
        }
    }
    nearest
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() || byte == b' '
}

/// Adds the nearest text of a character without decomposing it, if there is one.
fn push_nearest(nearest: &mut String, part: char) {
    if u8::try_from(part).is_ok_and(is_plain) {
        nearest.push(part);
    } else if part.is_whitespace() || part.is_control() {
        nearest.push(' ');
    } else if let Some((_, text)) = NEAREST.iter().find(|(parts, _)| parts.contains(part)) {
        nearest.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_character_of_the_table_is_beyond_ascii_and_stands_there_once() {
        let mut seen: Vec<char> = NEAREST.iter().flat_map(|(parts, _)| parts.chars()).collect();
        let all = seen.len();
        assert!(seen.iter().all(|c| !c.is_ascii()) && NEAREST.iter().all(|(_, text)| text.is_ascii()));
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn a_letter_that_is_like_none_becomes_one_question_mark_with_its_marks() {
        for (text, nearest) in
            [("й", "?"), ("и\u{306}", "?"), ("각", "?"), ("\u{301}", ""), ("\t", " "), ("❤\u{FE0F}", "?")]
        {
            assert_eq!(nearest_ascii(text), nearest, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_text_becomes_printable_ascii_and_ascii_stays(text in any::<String>(), plain in "[ -~]{0,40}") {
            prop_assert!(nearest_ascii(&text).chars().all(|c| (' '..='~').contains(&c)));
            prop_assert_eq!(nearest_ascii(&plain), plain);
        }
    }
}
