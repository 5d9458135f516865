//! Declines with the card schemes' advice, chosen by test card and amount.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::{
    cards::{Brand, Script},
    codes::{Processor, Verdict, category},
    reply::Reply,
    settings::{SchemeMembers, words},
};

/// The members that come with a decline: name and value.
pub(crate) type Advice = Vec<(&'static str, String)>;

words! {
    /// A member that carries the card schemes' words about a decline.
    AdviceMember {
        /// Merchant advice, of Mastercard and of Visa.
        MerchAdviceCode = "merchAdviceCode",
        /// Its words.
        MerchAdviceText = "merchAdviceText",
        /// Visa's category.
        DeclineCategory = "declineCategory",
        /// Its words.
        DeclineCategoryText = "declineCategoryText",
        /// The scheme's own code.
        AssocRespCode = "assocRespCode",
        /// Its words.
        AssocRespText = "assocRespText",
    }
}

/// Reads advice that was written to disk.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Advice, D::Error> {
    let pairs = Vec::<(String, String)>::deserialize(deserializer)?;
    let known = |(name, value): (String, String)| {
        let member = AdviceMember::from_word(&name);
        let pair = member.map(|member| (member.word(), value));
        pair.ok_or_else(|| D::Error::custom(format!("{name} is no advice")))
    };
    pairs.into_iter().map(known).collect()
}

/// Mastercard: minor units, advice code, text.
const MASTERCARD: &[(i64, &str, &str)] = &[
    (299_901, "01", "New account information available"),
    (299_902, "02", "Retry after 3 days"),
    (299_903, "03", "Account closed"),
    (299_904, "04", "Token requirements not fulfilled for this token type"),
    (299_905, "05", "Card account closed or fraud"),
    (299_906, "06", "Cardholder canceled recurring payment"),
    (299_907, "07", "Cancel specific payment"),
    (299_921, "21", "Stop recurring for this merchant"),
    (299_922, "22", "Merchant does not qualify for product code"),
    (299_924, "24", "Retry after 1 hour"),
    (299_925, "25", "Retry after 24 hours"),
    (299_926, "26", "Retry after 2 days"),
    (299_927, "27", "Retry after 4 days"),
    (299_928, "28", "Retry after 6 days"),
    (299_929, "29", "Retry after 8 days"),
    (299_930, "30", "Retry after 10 days"),
    (299_940, "40", "Non-reloadable prepaid card"),
    (299_941, "41", "Single-use virtual card"),
    (299_943, "43", "Consumer multi-use virtual card number"),
];

/// Visa: minor units, response code, decline category, advice code, text.
const VISA: &[(i64, &str, &str, &str, &str)] = &[
    (299_902, "500", "1", "02", "Cardholder blocked this payment"),
    (299_903, "05", "2", "03", "Cardholder stopped all recurring for this merchant"),
    (299_911, "05", "3", "R0", "Stop payment order"),
    (299_912, "05", "1", "R1", "Revocation of authorization order"),
    (299_913, "05", "2", "R3", "Revocation of all authorizations order"),
    (299_921, "05", "3", "21", "All recurring payments cancelled for this card"),
];

/// The amount before the first row of a scheme's table.
const SCHEME_BASE: i64 = 288_800;

/// The decline that a test card gives for this amount. `recurring`: merchant advice comes, as with
/// a merchant-initiated payment of a series that was started with the card before.
pub(crate) fn decline(
    script: Script,
    minor: i64,
    recurring: bool,
    processor: Processor,
) -> Option<(Verdict, Advice)> {
    match script {
        Script::MastercardAdvice if recurring => {
            let (_, code, text) = MASTERCARD.iter().find(|row| row.0 == minor)?;
            Some((processor.scripted("05"), merchant_advice(code, text)))
        }
        Script::VisaAdvice if recurring => {
            let (_, respcode, number, code, text) = VISA.iter().find(|row| row.0 == minor)?;
            let mut advice = merchant_advice(code, text);
            advice.extend(visa_category(category(number)));
            Some((processor.scripted(respcode), advice))
        }
        Script::Scheme(rows) => {
            let place = usize::try_from(minor - SCHEME_BASE).ok()?.checked_sub(1)?;
            let (code, text) = rows.get(place)?;
            let advice = vec![("assocRespCode", (*code).to_owned()), ("assocRespText", (*text).to_owned())];
            Some((processor.scripted("54"), advice))
        }
        _ => None,
    }
}

/// Adds the members to a response or to a record in an inquiry.
pub(crate) fn attach(reply: Reply, advice: &Advice, members: SchemeMembers) -> Reply {
    advice.iter().fold(reply, |reply, (name, value)| match members {
        SchemeMembers::Stated => reply.with(name, value.as_str()),
        SchemeMembers::LowerCase => reply.with(&name.to_ascii_lowercase(), value.as_str()),
        SchemeMembers::None => reply,
    })
}

/// Adds Visa's category to a decline that has none yet.
pub(crate) fn add_visa_category(
    advice: &mut Advice,
    brand: Option<Brand>,
    verdict: Verdict,
    processor: Processor,
) {
    let from_processor = verdict.processor == processor.name() && !verdict.is_approved();
    if brand == Some(Brand::Visa)
        && from_processor
        && !advice.iter().any(|(name, _)| *name == "declineCategory")
    {
        advice.extend(processor.visa_category(verdict.code).into_iter().flat_map(visa_category));
    }
}

fn merchant_advice(code: &str, text: &str) -> Advice {
    vec![("merchAdviceCode", code.to_owned()), ("merchAdviceText", text.to_owned())]
}

fn visa_category((number, text): (&str, &str)) -> Advice {
    vec![("declineCategory", number.to_owned()), ("declineCategoryText", text.to_owned())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::scheme;

    #[test]
    fn recurring_advice_needs_a_series() {
        let ask = |recurring| decline(Script::MastercardAdvice, 299_921, recurring, Processor::Fnor);
        assert_eq!(ask(false), None);
        let (verdict, advice) = ask(true).unwrap();
        assert_eq!((verdict.code, advice[0].1.as_str()), ("05", "21"));
    }

    #[test]
    fn visa_advice_carries_its_category() {
        let (verdict, advice) = decline(Script::VisaAdvice, 299_911, true, Processor::Rpct).unwrap();
        assert_eq!(verdict.code, "05");
        assert!(advice.contains(&("merchAdviceCode", "R0".to_owned())));
        assert!(advice.contains(&("declineCategory", "3".to_owned())));
    }

    #[test]
    fn scheme_codes_count_up_from_the_first_amount() {
        let ask = |minor| decline(Script::Scheme(scheme::VISA), minor, false, Processor::Fnor);
        assert_eq!(ask(288_801).unwrap().1[0].1, "01");
        assert_eq!(ask(288_863).unwrap().1[0].1, "Z3");
        assert_eq!((ask(288_800), ask(288_864), ask(100)), (None, None, None));
    }

    #[test]
    fn only_a_processors_decline_of_a_visa_card_has_a_category() {
        let of = |brand, verdict| {
            let mut advice = Advice::new();
            add_visa_category(&mut advice, Some(brand), verdict, Processor::Fnor);
            advice.first().map(|(_, number)| number.clone())
        };
        let expired = Processor::Fnor.expired();
        assert_eq!(of(Brand::Visa, expired), Some("3".to_owned()));
        assert_eq!(of(Brand::Mastercard, expired), None);
        assert_eq!(of(Brand::Visa, crate::codes::pps::INVALID_CARD), None);
        assert_eq!(of(Brand::Visa, Processor::Fnor.approval()), None);
    }
}
