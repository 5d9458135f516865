//! Results of address and card verification, triggered by the values sent.

/// Codes that choose an AVS letter: the last three characters of the postal code, or a number in
/// the address.
const AVS: [(&str, &[&str]); 18] = [
    ("X", &["224", "1A1"]),
    ("Y", &["225", "406", "1A2"]),
    ("A", &["111", "201", "1A3"]),
    ("W", &["223", "1A4"]),
    ("Z", &["113", "226", "1A5"]),
    ("N", &["112", "214", "1A6"]),
    ("U", &["221", "1A7"]),
    ("G", &["207", "1A8"]),
    ("R", &["218", "1A9"]),
    ("E", &["205", "2B1"]),
    ("S", &["219", "2B2"]),
    ("Q", &["228", "2B3"]),
    ("D", &["204", "227", "2B4"]),
    ("B", &["202", "2B5"]),
    ("C", &["203", "2B6"]),
    ("P", &["216", "2B7"]),
    ("I", &["209", "2B8"]),
    ("M", &["213", "2B9"]),
];

/// `avsresp`. Without a trigger: Z for a postal code of digits, else a blank, as for a verification
/// of 0.00.
pub(crate) fn avs(postal: &str, address: &str, amount: i64) -> &'static str {
    let ending: String =
        postal.to_ascii_uppercase().chars().rev().take(3).collect::<Vec<_>>().iter().rev().collect();
    let by_postal = AVS.iter().find(|(_, codes)| codes.contains(&ending.as_str()));
    let in_address =
        |code: &&&str| code.bytes().all(|byte| byte.is_ascii_digit()) && address.contains(**code);
    let triggered =
        by_postal.or_else(|| AVS.iter().find(|(_, codes)| codes.iter().any(|code| in_address(&code))));
    match triggered {
        Some((answer, _)) => answer,
        None if amount == 0 || postal.is_empty() => " ",
        None if postal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => "Z",
        None => " ",
    }
}

/// `cvvresp`. `from_profile`: a stored card, whose value must not be kept.
pub(crate) fn cvv(value: Option<&str>, from_profile: bool) -> &'static str {
    match value {
        Some("111") => "N",
        Some("222") => "P",
        Some("333") => "U",
        Some(_) => "M",
        None if from_profile => "P",
        None => "X",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_postal_code_chooses_the_answer() {
        assert_eq!(avs("55112", "", 100), "N");
        assert_eq!(avs("19406", "", 100), "Y");
        assert_eq!(avs("K1C2b6", "", 100), "C");
        assert_eq!(avs("112", "", 0), "N", "a verification is what AVS is for");
    }

    #[test]
    fn a_number_in_the_address_does_so_too_and_the_postal_code_wins() {
        assert_eq!(avs("55555", "Suite 214", 100), "N");
        assert_eq!(avs("55225", "Suite 214", 100), "Y");
        assert_eq!(avs("55555", "1A1 Road", 100), "Z", "letters only count in postal codes");
    }

    #[test]
    fn without_a_trigger_the_processor_has_its_default() {
        assert_eq!(avs("55555", "1 Main St", 100), "Z");
        assert_eq!(avs("K1C2N6", "", 100), " ");
        assert_eq!(avs("", "", 100), " ");
        assert_eq!(avs("55555", "", 0), " ");
    }

    #[test]
    fn the_cvv_chooses_its_answer() {
        let answers =
            [Some("112"), Some("111"), Some("222"), Some("333"), Some("123"), None].map(|v| cvv(v, false));
        assert_eq!(answers, ["M", "N", "P", "U", "M", "X"]);
        assert_eq!(cvv(None, true), "P");
    }
}
