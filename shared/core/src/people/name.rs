//! Names of people as evidence: no two of a merchant's look like one.

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{MixedScript as _, skeleton};

use crate::order::Person;

/// The name as it is kept: in one form of Unicode (NFKC), with one blank between its words. None if
/// that is no name.
pub(super) fn kept(name: &Person) -> Option<Person> {
    let normal: String = name.to_string().nfkc().collect();
    normal.split_whitespace().collect::<Vec<_>>().join(" ").parse().ok()
}

/// Whether a word has letters of scripts that are not written together, as one with look-alikes has
/// (UTS 39 §5.1).
pub(super) fn has_mixed_scripts(name: &Person) -> bool {
    name.to_string().split(' ').any(|word| !word.is_single_script())
}

/// Whether two names, as they are kept, could be taken for one on record (UTS 39 §4). Case and
/// points at the end do not count.
pub(super) fn is_same_name(one: &Person, other: &Person) -> bool {
    let looks = |name: &str| skeleton(name.trim_end_matches(['.', ' '])).collect::<String>();
    let (one, other) = (one.to_string(), other.to_string());
    looks(&one) == looks(&other) || looks(&one.to_lowercase()) == looks(&other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Person {
        kept(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn names_that_look_like_one_are_one() {
        let own = name("Ann Lee");
        for (hazard, text) in [
            ("another case", "ANN LEE"),
            ("full width", "Ａｎｎ Ｌｅｅ"),
            ("two blanks", "Ann  Lee"),
            ("a no-break blank", "Ann\u{a0}Lee"),
            ("a wide blank", "Ann\u{3000}Lee"),
            ("a point at the end", "Ann Lee."),
            ("a Cyrillic word", "Ann Lее"),
            ("Cyrillic letters", "Аnn Lee"),
        ] {
            let other = name(text);
            assert!(is_same_name(&own, &other), "{hazard}: {other}");
            assert!(!other.to_string().contains("  "), "{hazard}");
        }
        for text in ["Ann Leigh", "Anna Lee", "Ann Lee Jr.", "Lee Ann"] {
            assert!(!is_same_name(&own, &name(text)), "{text}");
        }
        assert!(is_same_name(&name("ОТТО"), &name("OTTO")), "whole words of another script");
        assert!(is_same_name(&name("Bill"), &name("BilI")), "a capital I");
    }

    #[test]
    fn a_word_has_one_script_and_a_name_may_have_several() {
        for text in ["Zoë O'Neil-Müller 3rd", "Анна Lee", "山田 はなこ", "山田はなこ", "김 Lee"]
        {
            assert!(!has_mixed_scripts(&name(text)), "{text}");
        }
        for text in ["Аnn Lee", "Ann Lеe", "Ann Εve"] {
            assert!(has_mixed_scripts(&name(text)), "{text}");
        }
    }
}
