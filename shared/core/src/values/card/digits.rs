//! Reads text as a person or a later program may read it: every script's digits as ASCII's, nothing
//! unseen.
//!
//! The tables are written out, because a crate with all of Unicode would be larger in each function
//! than its use justifies. The tests compare them with such crates, code point by code point.

/// Zeros that begin a run of ten digits: every script's decimal digits, and others such as `₀`.
const ZEROS: [u32; 77] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0x2080, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30,
    0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0,
    0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16130, 0x16A60,
    0x16AC0, 0x16B50, 0x16D70, 0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0,
    0x1E4F0, 0x1E5F1, 0x1E950, 0x1F101, 0x1FBF0,
];

/// Other runs of characters that mean rising numbers: first code point, its number, how many. NFKC
/// turns them into digits, such as `²`, `⑫` and `⒈`; the circled ones it leaves alone.
const RUNS: [(u32, u32, u32); 17] = [
    (0x00B2, 2, 2),
    (0x00B9, 1, 1),
    (0x2070, 0, 1),
    (0x2074, 4, 6),
    (0x2460, 1, 20),
    (0x2474, 1, 20),
    (0x2488, 1, 20),
    (0x24EA, 0, 1),
    (0x24EB, 11, 10),
    (0x24F5, 1, 10),
    (0x24FF, 0, 1),
    (0x2776, 1, 10),
    (0x2780, 1, 10),
    (0x278A, 1, 10),
    (0x3251, 21, 15),
    (0x32B1, 36, 15),
    (0x1F100, 0, 1),
];

/// Whether a text holds characters that are not seen, or that change the order in which it is read.
/// The joiners that some scripts need, and the selectors of a character's form, do not count.
pub(super) fn hides_something(text: &str) -> bool {
    text.contains(is_hidden)
}

/// The text with every number as ASCII's digits, and without unseen characters.
pub(in crate::values) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_hidden(*c) && !is_joiner_or_selector(*c)) {
        match number(c) {
            Some(number) => plain.push_str(&number.to_string()),
            None => plain.push(c),
        }
    }
    plain
}

fn number(c: char) -> Option<u32> {
    // Nearly every text is nothing else.
    if c.is_ascii() {
        return None;
    }
    let code = u32::from(c);
    let zeros = &ZEROS[..ZEROS.partition_point(|zero| *zero <= code)];
    let runs = &RUNS[..RUNS.partition_point(|(first, ..)| *first <= code)];
    let nearest = [zeros.last().map(|zero| (*zero, 0, 10)), runs.last().copied()];
    let mut numbers = nearest.into_iter().flatten();
    numbers.find_map(|(first, number, count)| (code - first < count).then(|| number + (code - first)))
}

pub(super) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'
        | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E007F}')
}

/// Characters that may be kept and do not tell two digits apart: joiners, the selectors of a
/// character's form, a key cap's frame.
fn is_joiner_or_selector(c: char) -> bool {
    matches!(c,
        '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{200C}' | '\u{200D}' | '\u{20E3}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use unicode_general_category::{GeneralCategory, get_general_category};
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    /// Characters of Unicode that set a number's or a text's form and are seen themselves.
    const SEEN_FORMATS: &str = "\u{600}\u{601}\u{602}\u{603}\u{604}\u{605}\u{6DD}\u{70F}\u{890}\u{891}\u{8E2}\
        \u{110BD}\u{110CD}";

    #[test]
    fn the_runs_are_in_order_and_apart() {
        let mut runs: Vec<_> = ZEROS.map(|zero| (zero, 0, 10)).into_iter().chain(RUNS).collect();
        assert!(ZEROS.is_sorted() && RUNS.is_sorted());
        runs.sort_unstable();
        assert!(runs.windows(2).all(|pair| pair[0].0 + pair[0].2 <= pair[1].0));
    }

    #[test]
    fn every_digit_of_unicode_is_read_as_one() {
        let mut of_this_script = 0;
        let mut read = 0;
        for c in ('\u{80}'..=char::MAX).filter(|c| !c.is_ascii()) {
            // NFKC leaves a script's own digits alone. They are ten each, in order and without a
            // gap.
            if get_general_category(c) == GeneralCategory::DecimalNumber {
                let before = char::from_u32(u32::from(c) - 1).map(get_general_category);
                if before != Some(GeneralCategory::DecimalNumber) {
                    of_this_script = 0;
                }
                assert_eq!(
                    plain(&c.to_string()),
                    (of_this_script % 10).to_string(),
                    "{c} {:x}",
                    u32::from(c)
                );
                of_this_script += 1;
                read += 1;
                continue;
            }
            let normal: String = c.nfkc().collect();
            let digits = normal.trim_matches(['(', ')', '.', ',']);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                assert_eq!(plain(&c.to_string()), digits, "{c} {:x}", u32::from(c));
                read += 1;
            }
        }
        assert!(read > 800, "{read}");
    }

    #[test]
    fn every_format_character_of_unicode_is_noticed_but_those_that_are_seen_and_the_joiners() {
        let mut noticed = 0;
        for c in '\u{80}'..=char::MAX {
            use GeneralCategory::{Format, LineSeparator, ParagraphSeparator};
            if matches!(get_general_category(c), Format | LineSeparator | ParagraphSeparator) {
                let may_stay = SEEN_FORMATS.contains(c) || is_joiner_or_selector(c);
                assert_eq!(hides_something(&c.to_string()), !may_stay, "{:x}", u32::from(c));
                noticed += usize::from(!may_stay);
            }
        }
        assert!(noticed > 100, "{noticed}");
    }

    #[test]
    fn what_stands_between_two_digits_and_is_not_seen_is_left_out_and_nothing_else() {
        assert_eq!(plain("4\u{200B}1\u{FE0F}2\u{20E3} 3"), "412 3");
        let after = char::from_u32(ZEROS[ZEROS.len() - 1] + 10).unwrap();
        assert_eq!(plain(&after.to_string()), after.to_string());
    }

    #[test]
    fn what_is_not_seen_or_turns_the_text_around_is_noticed() {
        for hidden in [
            "a\u{202E}b",
            "a\u{200B}",
            "\u{FEFF}a",
            "a\u{2066}b\u{2069}",
            "a\u{E0041}",
            "so\u{AD}ft",
            "\u{2800}",
        ] {
            assert!(hides_something(hidden), "{hidden:?}");
        }
        for plain in ["José", "می\u{200C}خواهم", "李", "葛\u{E0100}城", "O'Neil-Müller", "שלום", "❤\u{FE0F}"]
        {
            assert!(!hides_something(plain), "{plain:?}");
        }
    }
}
