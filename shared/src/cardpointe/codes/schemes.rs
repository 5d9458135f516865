//! The rules of the card schemes about further attempts, by scheme, member and code: the same
//! digits mean different things (`docs/decline-codes.md`, *What the schemes say*).
//!
//! The tables are those of 2026-11: Visa's categories by its Core Rules of 2026-04-18, in which 46
//! is new and 57 is in category 1 again from 2026-10-25. Visa changes them in April and October.
//!
//! Members, in their order: the advice to the merchant (`merchAdviceCode`), the scheme's response
//! code (`assocRespCode`), Visa's category (`declineCategory`), the processor's code. The first
//! that has a rule decides, and a later one overrides it only by forbidding more. One exception is
//! Visa's: a payment or a series that the cardholder stopped is of category 1, and is not the
//! card's end.

use std::cmp::Reverse;

use jiff::SignedDuration;
use tollgate_core::values::{Brand, DeclineCode, RetryClass, RetryRule, SchemeCode, SchemeWords};

use super::{decline_code, published_category};

const NEVER: RetryRule = RetryRule::new(RetryClass::Never);
const STOP: RetryRule = RetryRule::new(RetryClass::StopSeries);
const DROP: RetryRule = RetryRule::new(RetryClass::Drop);
const FIX: RetryRule = RetryRule::new(RetryClass::Fix);
const ISSUER: RetryRule = RetryRule::new(RetryClass::Issuer);
const SETUP: RetryRule = RetryRule::new(RetryClass::Setup);

/// The issuer or a network cannot be reached. No scheme says for how long.
const MINUTES: RetryRule = RetryRule::wait(SignedDuration::from_mins(15), false);

/// The account's money or limits. No scheme says for how long.
const A_DAY: RetryRule = RetryRule::wait(SignedDuration::from_hours(24), false);

/// A time that Mastercard states.
const fn hours(hours: i64) -> RetryRule {
    RetryRule::wait(SignedDuration::from_hours(hours), true)
}

/// Codes of one rule.
struct RuleRow {
    rule: RetryRule,
    codes: &'static [&'static str],
}

/// Codes of a processor whose published text carries the advice.
struct ProcessorRow {
    processor: &'static str,
    row: RuleRow,
}

const fn row(rule: RetryRule, codes: &'static [&'static str]) -> RuleRow {
    RuleRow { rule, codes }
}

const fn of(processor: &'static str, rule: RetryRule, codes: &'static [&'static str]) -> ProcessorRow {
    ProcessorRow { processor, row: row(rule, codes) }
}

/// Code 43 (a virtual card for several payments) restricts nothing.
const MASTERCARD_ADVICE: &[RuleRow] = &[
    row(NEVER, &["03", "05", "41", "42"]),
    // 40: a prepaid card that cannot be loaded again carries no series.
    row(STOP, &["06", "21", "40"]),
    row(DROP, &["07"]),
    row(FIX, &["01"]),
    row(SETUP, &["04", "22"]),
    row(hours(72), &["02"]),
    row(hours(1), &["24"]),
    row(hours(24), &["25"]),
    row(hours(48), &["26"]),
    row(hours(96), &["27"]),
    row(hours(144), &["28"]),
    row(hours(192), &["29"]),
    row(hours(240), &["30"]),
];

const VISA_ADVICE: &[RuleRow] = &[row(STOP, &["R1", "R3", "03", "21"]), row(DROP, &["R0", "02"])];

/// 14 is a number that does not exist: another number is a correction, this one is not.
const VISA_RESPONSES: &[RuleRow] = &[
    row(NEVER, &["04", "07", "12", "14", "15", "41", "43", "46", "57"]),
    row(STOP, &["R1", "R3"]),
    row(DROP, &["R0"]),
    row(FIX, &["54", "55", "82", "6P", "N7", "1A"]),
    row(MINUTES, &["19", "91", "96"]),
    row(A_DAY, &["51", "61", "65"]),
    row(ISSUER, &["9G"]),
];

/// 79, 82 and 83 only say that the advice beside them tells the reason.
const MASTERCARD_AND_DISCOVER_RESPONSES: &[RuleRow] = &[
    row(NEVER, &["04", "07", "14", "15", "41", "43"]),
    row(FIX, &["54", "55"]),
    row(A_DAY, &["51", "61", "65"]),
    row(MINUTES, &["91", "92", "96"]),
];

const AMEX_RESPONSES: &[RuleRow] = &[
    row(NEVER, &["105", "188", "200"]),
    row(FIX, &["101", "103", "122", "125", "187"]),
    row(A_DAY, &["116", "121"]),
    row(MINUTES, &["909", "912"]),
];

/// Visa's categories. Category 4 (all other reasons) says nothing.
const CATEGORIES: &[RuleRow] = &[row(NEVER, &["1"]), row(A_DAY, &["2"]), row(FIX, &["3"])];

const PROCESSORS: &[ProcessorRow] = &[
    of("RPCT", NEVER, &["504", "509", "514"]),
    of("RPCT", DROP, &["790"]),
    of("RPCT", STOP, &["791"]),
    of("RPCT", FIX, &["503", "507", "510", "511", "531"]),
    of("RPCT", A_DAY, &["508"]),
    of("PMT", STOP, &["570", "571"]),
    of("FNOR", FIX, &["1A"]),
];

/// The network that a brand's cards run on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Network {
    Visa,
    Mastercard,
    Discover,
    Amex,
}

/// The code of a response, and who stated it.
#[derive(Clone, Copy)]
pub(super) struct ProcessorCode<'a> {
    pub(super) respproc: &'a str,
    pub(super) respcode: &'a str,
}

/// The rule that a decline puts on further attempts, if any member says one. Of a card whose brand
/// is not known, the strictest reading counts.
pub(super) fn rule(brand: Option<Brand>, words: &SchemeWords, code: ProcessorCode<'_>) -> Option<RetryRule> {
    let networks = match brand {
        Some(Brand::Visa) => &[Network::Visa][..],
        Some(Brand::Mastercard) => &[Network::Mastercard],
        Some(Brand::Amex) => &[Network::Amex],
        // The others run on Discover's network in the US.
        Some(Brand::Discover | Brand::Diners | Brand::Jcb | Brand::UnionPay) => &[Network::Discover],
        None => &[Network::Visa, Network::Mastercard, Network::Discover, Network::Amex],
    };
    let read = networks.iter().filter_map(|network| network.rule(words, code));
    read.min_by_key(|rule| (rule.class, Reverse(rule.wait.map(|wait| (wait.is_stated, wait.time)))))
}

impl Network {
    fn rule(self, words: &SchemeWords, code: ProcessorCode<'_>) -> Option<RetryRule> {
        let (advices, responses): (&[RuleRow], &[RuleRow]) = match self {
            Self::Visa => (VISA_ADVICE, VISA_RESPONSES),
            Self::Mastercard => (MASTERCARD_ADVICE, MASTERCARD_AND_DISCOVER_RESPONSES),
            Self::Discover => (&[], MASTERCARD_AND_DISCOVER_RESPONSES),
            Self::Amex => (&[], AMEX_RESPONSES),
        };
        let stated = |rows, code: &Option<SchemeCode>| find(rows, &code.as_ref()?.code);
        let advice = stated(advices, &words.advice);
        let response = stated(responses, &words.response);
        let stops = |rule: RetryRule| matches!(rule.class, RetryClass::StopSeries | RetryClass::Drop);
        let is_stopped = [advice, response].into_iter().flatten().any(stops);
        let category = self.category(words, code).filter(|rule| !is_stopped || *rule != NEVER);
        let mut members = [advice, response, category, of_processor(code)].into_iter().flatten();
        let first = members.next();
        let bans = members.filter(|later| later.class <= RetryClass::Drop);
        first.into_iter().chain(bans).min_by_key(|rule| rule.class)
    }

    /// The category that the response states, else the one that the gateway publishes for its code.
    fn category(self, words: &SchemeWords, code: ProcessorCode<'_>) -> Option<RetryRule> {
        if self != Self::Visa {
            return None;
        }
        let stated = words.category.as_ref().and_then(|category| of_category(&category.code));
        stated.or_else(|| of_category(published_category(code.respproc, code.respcode)?))
    }
}

/// The rule of one of Visa's categories.
pub(super) fn of_category(category: &str) -> Option<RetryRule> {
    find(CATEGORIES, category)
}

/// The rule that a processor's code puts on further attempts. The gateway's own declines never
/// reached a scheme.
fn of_processor(code: ProcessorCode<'_>) -> Option<RetryRule> {
    let rows = PROCESSORS.iter().filter(|of| of.processor == code.respproc);
    let stated = rows.map(|of| &of.row).find(|row| row.codes.contains(&code.respcode));
    let is_over = code.respproc != "PPS"
        && matches!(
            decline_code(code.respproc, code.respcode),
            DeclineCode::LostOrStolen | DeclineCode::PickUpCard | DeclineCode::InvalidAccount
        );
    stated.map(|row| row.rule).or_else(|| is_over.then_some(NEVER))
}

fn find(rows: &[RuleRow], code: &str) -> Option<RetryRule> {
    rows.iter().find(|row| row.codes.contains(&code)).map(|row| row.rule)
}

#[cfg(test)]
mod tests;
