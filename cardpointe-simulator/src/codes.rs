//! The codes of a response: the gateway's own, and the tables of the processors behind it.

mod fnor;
mod response_code;
mod rpct;
pub(crate) mod scheme;

pub use response_code::ResponseCode;

use Stat::{A, B, C};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One line of a processor's table: code, kind of response, text.
pub(crate) type Row = (&'static str, Stat, &'static str);

/// The kind of a response, `respstat`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stat {
    /// Approved, except with code 26 of the gateway itself.
    A,
    /// Not done, may be sent again.
    B,
    /// Declined, or refused by the gateway.
    C,
}

impl Stat {
    pub(crate) fn letter(self) -> &'static str {
        match self {
            A => "A",
            B => "B",
            C => "C",
        }
    }
}

/// The source and the code: `respproc`, `respcode`, `respstat`, `resptext`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) processor: &'static str,
    pub(crate) code: &'static str,
    pub(crate) stat: Stat,
    pub(crate) text: &'static str,
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.processor, self.code, self.text).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Verdict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (processor, code, text) = <(String, String, String)>::deserialize(deserializer)?;
        Self::known(&processor, &code, &text)
            .ok_or_else(|| D::Error::custom(format!("{processor} {code} ({text}) is no response code")))
    }
}

impl Verdict {
    /// The verdict with these words.
    fn known(processor: &str, code: &str, text: &str) -> Option<Self> {
        let has_words =
            |verdict: &Self| (verdict.processor, verdict.code, verdict.text) == (processor, code, text);
        let in_tables = ResponseCode::find(processor, code).map(|known| known.0);
        let chosen = Processor::ALL.into_iter().flat_map(|processor| {
            let scripted = SCRIPTED.map(|code| processor.scripted(code));
            let picked = [processor.approval(), processor.partial_approval(), processor.refer_to_issuer()];
            scripted.into_iter().chain(picked)
        });
        in_tables.into_iter().chain(chosen).find(has_words)
    }

    const fn gateway(code: &'static str, stat: Stat, text: &'static str) -> Self {
        Self { processor: "PPS", code, stat, text }
    }

    pub(crate) fn is_approved(&self) -> bool {
        self.stat == A
    }
}

/// The codes that the published test tables give for both processors.
const SCRIPTED: [&str; 3] = ["05", "54", "500"];

/// The processor that a merchant account routes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Processor {
    /// First Data North: two-character codes.
    Fnor,
    /// Rapid Connect: three-digit codes.
    Rpct,
}

impl Processor {
    pub(crate) const ALL: [Self; 2] = [Self::Fnor, Self::Rpct];

    /// The name in `respproc` and `cardproc`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fnor => "FNOR",
            Self::Rpct => "RPCT",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|processor| processor.name() == name)
    }

    fn rows(self) -> &'static [Row] {
        match self {
            Self::Fnor => fnor::FNOR,
            Self::Rpct => rpct::RPCT,
        }
    }

    pub(crate) fn find(self, code: &str) -> Option<Verdict> {
        let &(code, stat, text) = self.rows().iter().find(|row| row.0 == code)?;
        Some(Verdict { processor: self.name(), code, stat, text })
    }

    fn pick(self, fnor: Row, rpct: Row) -> Verdict {
        let (code, stat, text) = match self {
            Self::Fnor => fnor,
            Self::Rpct => rpct,
        };
        Verdict { processor: self.name(), code, stat, text }
    }

    pub(crate) fn approval(self) -> Verdict {
        self.pick(("00", A, "Approval"), ("000", A, "Approval"))
    }

    pub(crate) fn partial_approval(self) -> Verdict {
        self.pick(("10", A, "Partial Approval"), ("002", A, "Approve for partial amount"))
    }

    pub(crate) fn refer_to_issuer(self) -> Verdict {
        self.pick(("01", C, "Refer to issuer"), ("107", C, "Call for authorization"))
    }

    pub(crate) fn do_not_honor(self) -> Verdict {
        self.pick(("05", C, "Do not honor"), ("100", C, "Do not honor"))
    }

    pub(crate) fn expired(self) -> Verdict {
        self.pick(("54", C, "Wrong expiration"), ("101", C, "Expired card"))
    }

    /// A recurring payment that is not marked as one. No source names the code.
    pub(crate) fn recurring_refused(self) -> Verdict {
        self.pick(("12", C, "Invalid transaction"), ("902", C, "Invalid transaction"))
    }

    pub(crate) fn insufficient_funds(self) -> Verdict {
        self.pick(("NU", C, "Insufficient funds"), ("500", C, "Decline"))
    }

    pub(crate) fn duplicate_payment(self) -> Verdict {
        self.pick(("94", C, "Duplicate tran"), ("913", C, "Duplicate transaction"))
    }

    pub(crate) fn duplicate_refund(self) -> Verdict {
        self.pick(("94", C, "Duplicate tran"), ("772", C, "Duplicate Return"))
    }

    /// A decline with a code that the published test tables give for both processors, also where
    /// the processor's own table has no such code.
    pub(crate) fn scripted(self, code: &'static str) -> Verdict {
        let text = match code {
            "05" => "Do not honor",
            "54" => "Wrong expiration",
            _ => "Decline",
        };
        Verdict { processor: self.name(), code, stat: C, text }
    }

    /// The decline with a code of the processor's own table or of the published test tables.
    pub(crate) fn decline(self, code: &str) -> Option<Verdict> {
        let scripted = || SCRIPTED.into_iter().find(|known| *known == code).map(|known| self.scripted(known));
        self.find(code).or_else(scripted).filter(|verdict| !verdict.is_approved())
    }

    /// The verdict that a whole-dollar amount of 1000 to 1999 requests: its last three digits are
    /// the code, two-digit codes after a zero. Cents do not count.
    pub(crate) fn for_amount(self, minor: i64) -> Option<Verdict> {
        let dollars = minor / 100;
        if !(1000..=1999).contains(&dollars) {
            return None;
        }
        let digits = format!("{:03}", dollars - 1000);
        self.find(&digits).or_else(|| self.find(digits.strip_prefix('0')?))
    }

    /// Visa's decline category of a code, with its text.
    pub(crate) fn visa_category(self, code: &str) -> Option<(&'static str, &'static str)> {
        let (never, later, fix): (&[&str], &[&str], &[&str]) = match self {
            Self::Fnor => (&["12", "57", "63"], &["03", "28", "61", "91"], &["14", "54"]),
            Self::Rpct => {
                (&["102", "208", "209", "704", "902"], &["109", "116", "512"], &["101", "117", "131"])
            }
        };
        if never.contains(&code) {
            Some(category("1"))
        } else if later.contains(&code) {
            Some(category("2"))
        } else if fix.contains(&code) {
            Some(category("3"))
        } else {
            // Seen at Rapid Connect's test system: a fourth category, without a text.
            (self == Self::Rpct).then_some(("4", ""))
        }
    }
}

/// A Visa decline category with its text.
pub(crate) fn category(number: &'static str) -> (&'static str, &'static str) {
    match number {
        "1" => ("1", "Do not retry"),
        "2" => ("2", "Wait to retry"),
        "3" => ("3", "Fix the request and retry"),
        other => (other, ""),
    }
}

/// The responses of `ProfitStars`, the host of payments from checking accounts, `respproc` PSTR.
pub(crate) mod pstr {
    use super::Stat::{A, C};
    use super::Verdict;

    /// The host's name in `respproc` and `cardproc`.
    pub(crate) const NAME: &str = "PSTR";

    const fn host(code: &'static str, stat: super::Stat, text: &'static str) -> Verdict {
        Verdict { processor: NAME, code, stat, text }
    }

    pub(crate) const SUCCESS: Verdict = host("00", A, "Success");
    pub(crate) const BAD_ROUTING_NUMBER: Verdict = host("99", C, "The RoutingNumber is not valid.");

    pub(crate) const ALL: [Verdict; 2] = [SUCCESS, BAD_ROUTING_NUMBER];
}

/// The gateway's own responses, `respproc` PPS.
pub(crate) mod pps {
    use super::Stat::{A, B, C};
    use super::Verdict;

    pub(crate) const APPROVAL: Verdict = Verdict::gateway("00", A, "Approval");
    /// The issuer gave the authorization by telephone.
    pub(crate) const VOICE_APPROVAL: Verdict = Verdict::gateway("01", A, "VoiceAuth Approved");
    pub(crate) const PROFILE_DELETED: Verdict = Verdict::gateway("08", A, "Profile Deleted");
    pub(crate) const PROFILE_SAVED: Verdict = Verdict::gateway("09", A, "Profile Saved");
    pub(crate) const INVALID_CARD: Verdict = Verdict::gateway("11", C, "Invalid card");
    pub(crate) const BAD_CHECK_DIGIT: Verdict = Verdict::gateway("13", C, "Bad card check digit");
    pub(crate) const NON_NUMERIC_CVV: Verdict = Verdict::gateway("14", C, "Non-numeric CVV");
    pub(crate) const NON_NUMERIC_EXPIRY: Verdict = Verdict::gateway("15", C, "Non-numeric expiry");
    pub(crate) const INVALID_ZIP: Verdict = Verdict::gateway("17", C, "Invalid zip");
    pub(crate) const INVALID_MERCHANT: Verdict = Verdict::gateway("21", C, "Invalid merchant");
    pub(crate) const REVERSAL_NOT_SUPPORTED: Verdict = Verdict::gateway("24", C, "Reversal not supported");
    pub(crate) const NO_MATCHING_AUTH: Verdict = Verdict::gateway("25", C, "No matching auth for reversal");
    /// Not a success, in spite of its A.
    pub(crate) const TXN_SETTLED: Verdict = Verdict::gateway("26", A, "Txn Settled");
    pub(crate) const TXN_BATCHED: Verdict = Verdict::gateway("27", C, "Txn Batched");
    pub(crate) const TXN_NOT_SETTLED: Verdict = Verdict::gateway("28", C, "Txn not settled");
    pub(crate) const TXN_NOT_FOUND: Verdict = Verdict::gateway("29", C, "Txn not found");
    pub(crate) const INVALID_CURRENCY: Verdict = Verdict::gateway("31", C, "Invalid currency");
    pub(crate) const WRONG_CURRENCY: Verdict = Verdict::gateway("32", C, "Wrong currency for merch");
    pub(crate) const UNKNOWN_CARD_TYPE: Verdict = Verdict::gateway("33", C, "Unknown card type");
    pub(crate) const INVALID_FIELD: Verdict = Verdict::gateway("34", C, "Invalid field");
    pub(crate) const CVV_REQUIRED: Verdict = Verdict::gateway("38", C, "CVV is required");
    pub(crate) const TOO_OLD_TO_VOID: Verdict = Verdict::gateway("39", C, "Void not permitted after 30 days");
    pub(crate) const ABOVE_MAX: Verdict = Verdict::gateway("42", C, "Above max amount");
    pub(crate) const INVALID_AMOUNT: Verdict = Verdict::gateway("43", C, "Invalid amount");
    pub(crate) const UNREFERENCED_REFUND: Verdict =
        Verdict::gateway("45", C, "Refunds without reference not supported");
    pub(crate) const NO_PARTIAL_REFUNDS: Verdict = Verdict::gateway("46", C, "Partial refunds not supported");
    pub(crate) const NO_ECHECK: Verdict = Verdict::gateway("48", C, "Echeck not supported");
    pub(crate) const TIMED_OUT: Verdict = Verdict::gateway("62", B, "Timed out");
    pub(crate) const VOICE_NOT_VOIDABLE: Verdict =
        Verdict::gateway("70", C, "Voice authorization cannot be voided");
    pub(crate) const PROFILE_NOT_FOUND: Verdict = Verdict::gateway("96", C, "Profile not found");
    pub(crate) const MERCHANT_DISABLED: Verdict = Verdict::gateway("97", C, "Merchant disabled");
    pub(crate) const INVALID_TOKEN: Verdict = Verdict::gateway("98", C, "Invalid token");
    pub(crate) const SURCHARGE_NOT_SUPPORTED: Verdict = Verdict::gateway("104", C, "Surcharge Not Supported");

    /// Every code that the gateway gives by itself here, so that a fault can choose each.
    pub(crate) const ALL: [Verdict; 33] = [
        APPROVAL,
        VOICE_APPROVAL,
        PROFILE_DELETED,
        PROFILE_SAVED,
        INVALID_CARD,
        BAD_CHECK_DIGIT,
        NON_NUMERIC_CVV,
        NON_NUMERIC_EXPIRY,
        INVALID_ZIP,
        INVALID_MERCHANT,
        REVERSAL_NOT_SUPPORTED,
        NO_MATCHING_AUTH,
        TXN_SETTLED,
        TXN_BATCHED,
        TXN_NOT_SETTLED,
        TXN_NOT_FOUND,
        INVALID_CURRENCY,
        WRONG_CURRENCY,
        UNKNOWN_CARD_TYPE,
        INVALID_FIELD,
        CVV_REQUIRED,
        TOO_OLD_TO_VOID,
        ABOVE_MAX,
        INVALID_AMOUNT,
        UNREFERENCED_REFUND,
        NO_PARTIAL_REFUNDS,
        NO_ECHECK,
        TIMED_OUT,
        VOICE_NOT_VOIDABLE,
        PROFILE_NOT_FOUND,
        MERCHANT_DISABLED,
        INVALID_TOKEN,
        SURCHARGE_NOT_SUPPORTED,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_for(processor: Processor, minor: i64) -> Option<&'static str> {
        processor.for_amount(minor).map(|verdict| verdict.code)
    }

    #[test]
    fn the_last_three_digits_of_a_whole_dollar_amount_choose_the_code() {
        assert_eq!(code_for(Processor::Fnor, 105_100), Some("51"));
        assert_eq!(code_for(Processor::Fnor, 100_100), Some("01"));
        assert_eq!(code_for(Processor::Rpct, 155_400), Some("554"));
        assert_eq!(code_for(Processor::Rpct, 112_400), Some("124"));
    }

    #[test]
    fn cents_do_not_change_the_code() {
        assert_eq!(code_for(Processor::Fnor, 105_199), Some("51"));
    }

    #[test]
    fn amounts_outside_of_the_range_and_codes_that_do_not_exist_choose_nothing() {
        assert_eq!(code_for(Processor::Fnor, 5_100), None);
        assert_eq!(code_for(Processor::Fnor, 99_999), None);
        assert_eq!(code_for(Processor::Fnor, 205_100), None);
        assert_eq!(code_for(Processor::Fnor, 115_100), None, "FNOR has no three-digit codes");
        assert_eq!(code_for(Processor::Rpct, 105_100), None, "RPCT has no two-digit codes");
    }

    #[test]
    fn an_amount_brings_about_every_code_of_digits_and_a_fault_every_other() {
        for processor in [Processor::Fnor, Processor::Rpct] {
            for (code, stat, _) in processor.rows().iter().filter(|row| row.1 != A) {
                let by_amount =
                    code.parse::<i64>().ok().and_then(|number| processor.for_amount(100_000 + number * 100));
                match by_amount {
                    Some(verdict) => assert_eq!((verdict.code, verdict.stat), (*code, *stat)),
                    None => assert!(code.bytes().any(|byte| byte.is_ascii_alphabetic()), "{code}"),
                }
                assert!(ResponseCode::find(processor.name(), code).is_some(), "{code}");
            }
        }
    }

    #[test]
    fn both_tables_keep_the_kind_of_each_answer() {
        assert_eq!(Processor::Fnor.find("91").map(|row| row.stat), Some(B));
        assert_eq!(Processor::Rpct.find("505").map(|row| row.stat), Some(B));
        assert_eq!(Processor::Rpct.find("501").map(|row| row.stat), Some(C));
        assert_eq!(Processor::Fnor.find("76").map(|row| row.stat), Some(A));
        assert_eq!((fnor::FNOR.len(), rpct::RPCT.len()), (42, 227));
    }
}
