//! Chargebacks and their reversals: facts from outside, which apply to a payment at any time, also beside an operation under
//! way.
//!
//! They are recorded and never changed. A report that comes again changes nothing; one that says something else of the same
//! chargeback is put on record after it, and counts in its place. They move money at the bank and not at the gateway, so they
//! have a sum of their own: what was captured, less what was refunded and disputed, may be negative. A chargeback reopens
//! nothing: the order stays paid.

use jiff::{Timestamp, civil::Date};

use crate::{
    values::{Amount, Carried, TextUse, check_kept, clean_text},
    words,
};

/// Longest number of a case, and longest reference; the gateway's own have up to 30 characters.
const NAME_MAX_CHARS: usize = 40;

/// Longest code of a reason; the gateway's have 4 to 10 characters.
const CODE_MAX_CHARS: usize = 16;

/// Longest reason in words, as the gateway's.
const REASON_MAX_CHARS: usize = 200;

words! {
    /// What happened to a payment outside.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum DisputeKind {
        /// The card's issuer took the money back, or a part of it.
        Chargeback => "chargeback",
        /// Money of a chargeback was given back to the merchant.
        Reversal => "reversal",
        _ => Unrecognized,
    }
}

/// A chargeback or a reversal, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// What happened.
    pub kind: DisputeKind,
    /// The case; several chargebacks can have the same one, and so can reversals.
    pub case: String,
    /// What tells it from the others of its kind in the case: of a chargeback its sequence number, of a reversal its id.
    pub number: String,
    /// The disputed amount, or what of it was given back.
    pub amount: Amount,
    /// The day on which it happened, as stated.
    pub day: Option<Date>,
    /// The card scheme's code of the reason.
    pub reason_code: Option<String>,
    /// The same in words.
    pub reason: Option<String>,
    /// The reference by which issuers know the payment (ARN).
    pub acquirer_reference: Option<String>,
    /// The deposit that it was reported with.
    pub deposit: Option<String>,
}

impl Dispute {
    /// The same as it may be stored: texts are short and hold nothing that looks like a card number.
    pub(super) fn cleaned(mut self) -> Self {
        let shortened = |text: &str, most| clean_text(text.trim(), most);
        // A long number of another system can look like a card's by chance, so only what is one as a whole goes.
        let as_reference = |text: &str| {
            let fits = text.chars().count() <= NAME_MAX_CHARS && check_kept(text, TextUse::Reference).is_ok();
            if fits { text.to_owned() } else { shortened(text, NAME_MAX_CHARS) }
        };
        self.case = as_reference(&self.case);
        self.number = as_reference(&self.number);
        self.acquirer_reference = self.acquirer_reference.as_deref().map(as_reference);
        self.deposit = self.deposit.as_deref().map(as_reference);
        self.reason_code = self.reason_code.map(|code| shortened(&code, CODE_MAX_CHARS));
        self.reason = self.reason.map(|reason| shortened(&reason, REASON_MAX_CHARS));
        self
    }

    /// Whether both reports are about the same chargeback or reversal.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.case, &self.number) == (other.kind, &other.case, &other.number)
    }

    /// Whether another report of it says the same in all that matters. The words of a reason and the deposit may be told
    /// again in another way.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (self.amount, self.day, &self.reason_code) == (other.amount, other.day, &other.reason_code)
    }
}

/// A chargeback or a reversal on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDispute {
    /// What was reported.
    pub dispute: Dispute,
    /// When it was put on record.
    pub at: Timestamp,
    /// What a newer version stored with it.
    pub carried: Carried,
}

impl Dispute {
    /// By how much it changes what is disputed, in minor units.
    pub fn change(&self) -> i64 {
        match self.kind {
            DisputeKind::Chargeback => signed(self.amount),
            DisputeKind::Reversal => -signed(self.amount),
            DisputeKind::Unrecognized => 0,
        }
    }
}

pub(super) fn signed(amount: Amount) -> i64 {
    i64::try_from(amount.minor()).unwrap_or(i64::MAX)
}
