//! Chargebacks and their reversals: facts from outside, which apply to a payment at any time, also
//! beside an operation under way.
//!
//! They are recorded and never changed. A fact is identified by the id of its line in the gateway's
//! report. A line that comes again changes nothing; a later word about the same line is put on
//! record after it, and counts in its place. They move money at the bank and not at the gateway, so
//! they have a sum of their own: the captured amount, less the refunded and the disputed amount,
//! may be negative. A chargeback reopens nothing: the order stays paid.

use std::{cmp::Ordering, fmt};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    values::{Amount, Carried, SignedAmount, TextUse, check_kept, clean_text},
    words,
};

/// Longest number of a case, and longest reference, in bytes; the gateway's own have up to 30.
const NAME_MAX_BYTES: usize = 40;

/// Longest code of a reason, in bytes; the gateway's have 4 to 10.
const CODE_MAX_BYTES: usize = 16;

/// Longest reason in words, in bytes: an order has room for many. The gateway's have up to 200
/// characters, all of which its deposit keeps.
const WORDS_MAX_BYTES: usize = 120;

words! {
    /// The kind of event that happened to a payment outside.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum DisputeKind {
        /// The card's issuer took back all or a part of the money.
        Chargeback => "chargeback",
        /// Money of a chargeback was given back to the merchant.
        Reversal => "reversal",
        _ => Unrecognized,
    }
}

/// A chargeback or a reversal, as it is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The kind of event.
    pub kind: DisputeKind,
    /// The id of its line among all of its kind.
    pub line: LineId,
    /// The case; several chargebacks can have the same one, and so can reversals.
    pub case: String,
    /// The sequence number of a chargeback in its case, as stated.
    pub number: Option<String>,
    /// The disputed amount, or the part given back.
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
    /// The day on which the gateway changed the line last, as stated.
    pub changed_on: Option<Date>,
}

/// The id of a line in the gateway's reports of chargebacks and adjustments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineId {
    /// The gateway's own id of the line. Only a line that has one can be corrected.
    Stated(String),
    /// Made of all that the line says of case, number, day and amount, and of its position among
    /// equal ones of its report.
    Made(Uuid),
}

impl LineId {
    /// Of a line without an id of its own.
    pub fn made(
        case: Option<&str>,
        number: Option<&str>,
        day: Option<Date>,
        amount: SignedAmount,
        position: usize,
    ) -> Self {
        let day = day.map(|day| day.to_string());
        let parts = [case, number, day.as_deref()].map(Option::unwrap_or_default);
        // The parts are the gateway's to choose: the length of each tells where it ends.
        let [case, number, day] = parts.map(|part| format!("{}#{part}", part.len()));
        Self::Made(digest(&format!("{case}#{number}#{day}#{}#{position}", amount.minor())))
    }

    /// The gateway's own id.
    pub fn stated(&self) -> Option<&str> {
        match self {
            Self::Stated(id) => Some(id),
            Self::Made(_) => None,
        }
    }
}

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stated(id) => f.write_str(id),
            Self::Made(id) => id.fmt(f),
        }
    }
}

/// How a report relates to the reports of its line on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It says nothing new.
    Known,
    /// A line of its own, or a later word about one.
    New,
    /// It states another amount of a line, and neither is said to be the later one.
    Contradicts,
}

impl Dispute {
    /// The same as it may be stored: texts are short and hold nothing that looks like a card
    /// number.
    pub(crate) fn cleaned(mut self) -> Self {
        let shortened = |text: &str, most: usize| {
            let mut text = clean_text(text.trim(), most);
            text.truncate(text.floor_char_boundary(most));
            text
        };
        // A long number of another system can look like a card's by chance, so only a text that is
        // one as a whole goes.
        let as_reference = |text: &str| {
            let fits = text.len() <= NAME_MAX_BYTES && check_kept(text, TextUse::Reference).is_ok();
            if fits { text.to_owned() } else { shortened(text, NAME_MAX_BYTES) }
        };
        // Two identities that have to be shortened must not become one.
        let as_identity = |text: &str| {
            if as_reference(text) == text { text.to_owned() } else { digest(text).to_string() }
        };
        self.case = as_identity(&self.case);
        self.number = self.number.as_deref().map(as_reference);
        if let LineId::Stated(id) = &mut self.line {
            *id = as_identity(id);
        }
        self.acquirer_reference = self.acquirer_reference.as_deref().map(as_reference);
        self.deposit = self.deposit.as_deref().map(as_reference);
        self.reason_code = self.reason_code.map(|code| shortened(&code, CODE_MAX_BYTES));
        self.reason = self.reason.map(|reason| shortened(&reason, WORDS_MAX_BYTES));
        self
    }

    /// Whether both reports are about the same line.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.line) == (other.kind, &other.line)
    }

    /// How a report relates to the words on record about the same line, the oldest first; where it
    /// is the gateway's current word, regardless of dates, these words are not reported any more.
    pub(super) fn word_beside<'a>(
        &self,
        known: impl IntoIterator<Item = &'a Self>,
        is_current: bool,
    ) -> Word {
        let said = |of: &Self| (of.amount, of.day, of.reason_code.clone());
        let known: Vec<&Self> = known.into_iter().filter(|one| one.is_same(self)).collect();
        // A line that was never on record cannot be taken back.
        let Some(standing) = known.last() else {
            return if self.amount.is_zero() { Word::Known } else { Word::New };
        };
        let is_moved = is_current && self.deposit != standing.deposit;
        if said(standing) == said(self) && !is_moved {
            return Word::Known;
        }
        // A report of a deposit that is read again is the gateway's current word about it. A line
        // that was taken back can come again.
        let is_read_again = self.deposit == standing.deposit && self.deposit.is_some();
        if is_current || is_read_again || standing.amount.is_zero() {
            return Word::New;
        }
        let is_on_record = |one: &&Self| said(one) == said(self) && one.changed_on == self.changed_on;
        if known.iter().any(is_on_record) {
            return Word::Known;
        }
        match self.changed_on.cmp(&standing.changed_on) {
            Ordering::Greater => Word::New,
            Ordering::Equal if self.amount != standing.amount => Word::Contradicts,
            Ordering::Equal | Ordering::Less => Word::Known,
        }
    }

    /// Whether it may be a correction that nothing says is one, or the same line once more: it has
    /// no id, and the number in its case that another one has. It counts as another event, and a
    /// person has to look at it.
    pub(super) fn is_unclear_beside(&self, earlier: &Self) -> bool {
        self.line.stated().is_none()
            && (self.kind, &self.case, &self.number) == (earlier.kind, &earlier.case, &earlier.number)
            && !self.is_same(earlier)
    }
}

/// A chargeback or a reversal on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDispute {
    pub dispute: Dispute,
    /// When it was put on record.
    pub at: Timestamp,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl Dispute {
    /// By how much it changes the disputed amount.
    pub fn change(&self) -> SignedAmount {
        match self.kind {
            DisputeKind::Chargeback => self.amount.into(),
            DisputeKind::Reversal => self.amount.negative(),
            DisputeKind::Unrecognized => SignedAmount::ZERO,
        }
    }
}

fn digest(text: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
}
