//! Finds card numbers in texts that are kept, in the disguises that people and programs give them: other separators, digits
//! of other scripts, an expiry date or another digit glued on. A number that is spelt out, or split over two fields, is not
//! found.

use super::{CardNumber, mask::uuids, mask_card_numbers};

/// Most characters between two groups of one number.
const SEPARATOR_MAX: usize = 3;

/// Digits of the longest number with its expiry date and security code glued on.
const DIGITS_MAX: usize = 26;

/// How many digits the numbers of cards have that anything is glued to.
const LENGTHS: [usize; 3] = [14, 15, 16];

/// The code points at which ten digits begin, besides ASCII's (Unicode's decimal digits and what NFKC makes of others).
const ZEROS: [u32; 41] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0x2080, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x1D7CE, 0x1D7D8,
    0x1D7E2, 0x1D7EC,
];

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Words for people. Refused on suspicion.
    Words,
    /// A reference of another system, often a long number. Refused for less: a chance match would refuse good ones.
    Reference,
}

/// Whether a text that is to be kept looks like a card number, in part or as a whole.
pub fn looks_like_card_number(text: &str, kept: Kept) -> bool {
    if mask_card_numbers(text) != text {
        return true;
    }
    let plain = plain(text);
    let ids = uuids(&plain);
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (at, _) in plain.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match groups.last_mut().filter(|(_, end)| *end == at) {
            Some((_, end)) => *end += 1,
            None => groups.push((at, at + 1)),
        }
    }
    groups.retain(|(start, _)| !ids.iter().any(|id| id.contains(start)));
    (0..groups.len()).any(|first| {
        let mut digits = String::new();
        let mut before: Option<usize> = None;
        for (start, end) in &groups[first..] {
            let joined = before.is_none_or(|before| is_separator(&plain[before..*start]));
            digits.push_str(&plain[*start..*end]);
            if !joined || digits.len() > DIGITS_MAX {
                return false;
            }
            before = Some(*end);
            if is_card(&digits) || has_glued_card(&digits, kept) {
                return true;
            }
        }
        false
    })
}

/// Whether a text holds characters that are not seen, or that change the order in which it is read. The joiners that some
/// scripts need are none of them.
pub fn hides_something(text: &str) -> bool {
    text.contains(|c| {
        matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200E}'
            | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    })
}

/// The text with every digit as ASCII's, and without what is not seen.
fn plain(text: &str) -> String {
    let is_seen = |c: &char| {
        !matches!(c, '\u{200C}' | '\u{200D}' | '\u{20E3}' | '\u{FE00}'..='\u{FE0F}')
            && !hides_something(c.encode_utf8(&mut [0; 4]))
    };
    text.chars().filter(is_seen).map(|c| digit(c).map_or(c, char::from)).collect()
}

fn digit(c: char) -> Option<u8> {
    let code = u32::from(c);
    let found = match code {
        0x00B9 => 1,
        0x00B2 | 0x00B3 => code - 0x00B0,
        0x2070 | 0x24EA => 0,
        0x2074..=0x2079 => code - 0x2070,
        0x2460..=0x2468 => code - 0x245F,
        0x1D7F6..=0x1D7FF => code - 0x1D7F6,
        _ => code - ZEROS.iter().copied().find(|zero| (*zero..*zero + 10).contains(&code))?,
    };
    u8::try_from(found).ok().map(|value| b'0' + value)
}

fn is_separator(text: &str) -> bool {
    text.chars().count() <= SEPARATOR_MAX && !text.contains(char::is_alphanumeric)
}

fn is_card(digits: &str) -> bool {
    CardNumber::parse(digits).is_ok()
}

/// A card's number with an expiry date behind it, and in words also with a security code or one digit more.
fn has_glued_card(digits: &str, kept: Kept) -> bool {
    LENGTHS.iter().any(|length| {
        let Some((front, rest)) = digits.split_at_checked(*length) else { return false };
        if rest.is_empty() {
            return false;
        }
        let is_in_front = match kept {
            Kept::Words => rest.len() == 1 || rest.len() == 3 || has_expiry(rest),
            Kept::Reference => has_expiry(rest),
        };
        let is_behind = kept == Kept::Words && rest.len() == 1;
        (is_in_front && is_card(front)) || (is_behind && is_card(&digits[1..]))
    })
}

/// `MMYY` or `MMYYYY`, perhaps with a security code behind it; or `YYMM`.
fn has_expiry(rest: &str) -> bool {
    let number = |from: usize, to: usize| rest.get(from..to).and_then(|part| part.parse::<u16>().ok());
    let is_month = |month: Option<u16>| month.is_some_and(|month| (1..=12).contains(&month));
    match rest.len() {
        4 | 7 => is_month(number(0, 2)) || is_month(number(2, 4)),
        6 | 9 => is_month(number(0, 2)) && number(2, 4) == Some(20),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_in_an_ordinary_disguise_is_not_kept() {
        for text in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111  1111  1111  1111",
            "4111\u{2013}1111\u{2013}1111\u{2013}1111",
            "4111\u{2014}1111\u{2014}1111\u{2014}1111",
            "4111/1111/1111/1111",
            "4111,1111,1111,1111",
            "4111, 1111, 1111, 1111",
            "4111_1111_1111_1111",
            "4111 - 1111 - 1111 - 1111",
            "4111|1111|1111|1111",
            "4111\t1111\u{3000}1111\u{2009}1111",
            "41111111111111111229",
            "4111111111111111122031",
            "4111111111111111112",
            "41111111111111110",
            "94111111111111111",
            "4111111111111111 12/29 123",
            "card:4111111111111111exp1229",
            "\u{FF14}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}",
            "\u{0664}\u{0661}\u{0661}\u{0661}-\u{0661}\u{0661}\u{0661}\u{0661}-1111-1111",
            "\u{1D7D2}111 1111 1111 1111",
            "\u{2463}\u{2460}11 1111 1111 1111",
            "4111\u{200B}1111\u{200D}1111\u{FEFF}1111",
            "4\u{FE0F}\u{20E3}111 1111 1111 1111",
            "3714/496353/98431",
        ] {
            assert!(looks_like_card_number(text, Kept::Words), "{text}");
        }
    }

    #[test]
    fn what_people_and_systems_write_is_kept() {
        for text in [
            "Order 2026-11-20 14:05:33, table 7, 3 guests",
            "invoice 20261120-000123",
            "+1 (555) 010-9999 ext. 12",
            "313874cd-dfbc-423d-b246-548991270564",
            "IBAN GB82 WEST 1234 5698 7654 32",
            "9411111111111111",
            "4111 of 1111, 1111 or 1111",
            "1.250,00 EUR / 1,250.00 USD",
        ] {
            assert!(!looks_like_card_number(text, Kept::Words), "{text}");
            assert!(!looks_like_card_number(text, Kept::Reference), "{text}");
        }
    }

    #[test]
    fn few_long_numbers_are_refused_as_references() {
        let mut refused = 0;
        let mut number = 12_345_678_901_234_567_890_u64;
        for _ in 0..10_000 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let text = format!("{:020}", number % 10_u64.pow(19));
            refused += usize::from(looks_like_card_number(&text, Kept::Reference));
        }
        assert!(refused < 200, "{refused} of 10,000");
        assert!(looks_like_card_number("41111111111111111229", Kept::Reference), "with its expiry date");
    }

    #[test]
    fn what_is_not_seen_or_turns_the_text_around_is_noticed() {
        for hidden in
            ["a\u{202E}b", "a\u{200B}", "\u{FEFF}a", "a\u{2066}b\u{2069}", "a\u{E0041}", "so\u{AD}ft"]
        {
            assert!(hides_something(hidden), "{hidden:?}");
        }
        for plain in ["José", "می\u{200C}خواهم", "李", "O'Neil-Müller", "שלום"] {
            assert!(!hides_something(plain), "{plain:?}");
        }
    }
}
