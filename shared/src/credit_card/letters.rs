//! AVS and CVV letters: the gateway's, turned into those of the API's page.
//!
//! The sets overlap and are not the same: the gateway's `B` and `P` are partial matches abroad, the
//! page's are "nothing to compare". The gateway's own letters stay on record with the operation.
//! `docs/credit-card.md` shows this table.

/// One row: the gateway's letter, the page's, its meaning.
pub type LetterRow = (&'static str, &'static str, &'static str);

/// The gateway's `avsresp`, as the page's `AvsResultCode`.
pub const AVS: &[LetterRow] = &[
    ("A", "A", "street matches, ZIP does not"),
    ("B", "A", "street matches, postal code could not be compared (abroad)"),
    ("C", "G", "neither could be compared (abroad)"),
    ("D", "Y", "street and postal code match (abroad)"),
    ("E", "E", "error"),
    ("F", "Y", "street and postal code match (United Kingdom)"),
    ("G", "G", "issuer outside the US that takes no part"),
    ("I", "G", "not compared (abroad)"),
    ("M", "Y", "street and postal code match (abroad)"),
    ("N", "N", "nothing matches"),
    ("P", "Z", "postal code matches, street could not be compared (abroad)"),
    ("Q", "E", "the address did not pass the processor's checks"),
    ("R", "R", "system unavailable, try again"),
    ("S", "S", "not supported by the issuer"),
    ("U", "U", "no address information"),
    ("W", "W", "nine-digit ZIP matches, street does not"),
    ("X", "X", "street and nine-digit ZIP match"),
    ("Y", "Y", "street and five-digit ZIP match"),
    ("Z", "Z", "five-digit ZIP matches, street does not"),
    ("I1", "Y", "match (processor PMT)"),
    ("I2", "Y", "match (processor PMT)"),
    ("I3", "Y", "match (processor PMT)"),
    ("I4", "Y", "match (processor PMT)"),
    ("I5", "N", "no match (processor PMT)"),
    ("I6", "N", "no match (processor PMT)"),
    ("I7", "N", "no match (processor PMT)"),
    ("I8", "N", "no match (processor PMT)"),
];

/// The gateway's `cvvresp`, as the page's `CvvResultCode`.
pub const CVV: &[LetterRow] = &[
    ("M", "M", "match"),
    ("N", "N", "no match"),
    ("P", "P", "not processed"),
    ("S", "S", "should be on the card"),
    ("U", "U", "issuer unable to process it"),
    ("X", "P", "no answer from the card scheme"),
];

/// `AvsResultCode` of an approval. Where the gateway says nothing, nothing was compared, perhaps
/// because no address was sent; a letter that is in no published list has no known meaning, which
/// the page calls an error.
pub(super) fn avs(letter: Option<&str>, address_was_sent: bool) -> &'static str {
    let not_compared = if address_was_sent { "P" } else { "B" };
    letter.map_or(not_compared, |letter| find(AVS, letter).unwrap_or("E"))
}

/// `CvvResultCode` of an approval. Nothing, or a letter that is in no list, counts as not
/// processed.
pub(super) fn cvv(letter: Option<&str>) -> &'static str {
    letter.and_then(|letter| find(CVV, letter)).unwrap_or("P")
}

fn find(table: &[LetterRow], letter: &str) -> Option<&'static str> {
    table.iter().find(|(theirs, ..)| *theirs == letter).map(|(_, ours, _)| *ours)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The sets of the page.
    const PAGE_AVS: &str = "A B E G N P R S U W X Y Z";
    const PAGE_CVV: &str = "M N P S U";

    #[test]
    fn every_letter_that_the_gateway_publishes_becomes_one_of_the_page() {
        // The emulators' letters, those of First Data's platforms, and PMT's.
        let published = "X Y A W Z N U G R E S Q D B C P I M F I1 I2 I3 I4 I5 I6 I7 I8";
        for letter in published.split(' ') {
            let row = AVS.iter().find(|(theirs, ..)| *theirs == letter);
            assert!(row.is_some_and(|(_, _, reason)| !reason.is_empty()), "{letter}");
            assert!(PAGE_AVS.split(' ').any(|page| page == avs(Some(letter), true)), "{letter}");
        }
        for letter in "M N P S U X".split(' ') {
            assert!(CVV.iter().any(|(theirs, ..)| *theirs == letter), "{letter}");
            assert!(PAGE_CVV.split(' ').any(|page| page == cvv(Some(letter))), "{letter}");
        }
        for table in [AVS, CVV] {
            let letters: BTreeSet<_> = table.iter().map(|(theirs, ..)| theirs).collect();
            assert_eq!(letters.len(), table.len(), "no letter stands there twice");
        }
    }

    #[test]
    fn a_partial_match_abroad_is_not_taken_for_no_comparison() {
        // The same letters mean something else on the page.
        for (gateway, page) in [("B", "A"), ("P", "Z"), ("D", "Y"), ("M", "Y"), ("C", "G"), ("I", "G")] {
            assert_eq!((avs(Some(gateway), true), avs(Some(gateway), false)), (page, page));
        }
    }

    #[test]
    fn a_mismatch_stays_a_mismatch_and_what_is_unknown_is_no_match() {
        assert_eq!((avs(Some("N"), true), cvv(Some("N"))), ("N", "N"));
        assert_eq!((avs(None, true), avs(None, false), cvv(None)), ("P", "B", "P"));
        for unknown in ["?", "", "9", "y", "YY"] {
            assert_eq!((avs(Some(unknown), false), cvv(Some(unknown))), ("E", "P"), "{unknown}");
        }
    }
}
