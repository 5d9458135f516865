//! What a gateway call came to, in the terms of the payment rules.

use serde::{Deserialize, Serialize};

use crate::{
    card::StoredCard,
    decline::{Advice, DeclineCode},
    money::Amount,
};

/// The longest gateway text that is kept. `resptext` has up to 40 characters, a processor's exception up to 128
/// (`cardpointe.md` §4.2); the room is for 200 operations in one item.
const TEXT_MAX_CHARS: usize = 64;

/// The gateway's own words, kept with the operation for finance and support. Holds no card data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// `A` approved, `B` retry, `C` declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respstat: Option<String>,
    /// Who answered: `PPS` is the gateway itself, anything else a processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respproc: Option<String>,
    /// The code, text with its leading zeros, meaningful only with `respproc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respcode: Option<String>,
    /// The code in words; for people, never for decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resptext: Option<String>,
    /// The gateway's reference of the transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retref: Option<String>,
    /// The issuer's approval code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authcode: Option<String>,
    /// The AVS letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avs: Option<String>,
    /// The CVV letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvv: Option<String>,
    /// The gateway's token for the card; works only for this merchant. Kept once, with the transaction's card.
    #[serde(skip)]
    pub token: Option<String>,
    /// Where the gateway stores the card. Kept once, with the transaction's card.
    #[serde(skip)]
    pub stored: Option<StoredCard>,
    /// The amount that the gateway names, sign dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

impl Answer {
    /// Cuts a text from outside to what is stored, and masks anything in it that looks like a card number.
    pub fn clean_text(text: &str) -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).take(TEXT_MAX_CHARS).collect();
        crate::card::mask_card_numbers(&text)
    }
}

/// Why an operation is known to have done nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotDone {
    /// The gateway could not be reached, so nothing was sent.
    Unreachable,
    /// The gateway asks to try again (`respstat` B, HTTP 429).
    TryAgain,
    /// Too little of the invocation's time was left to send it safely.
    NoTimeLeft,
    /// The gateway refuses the merchant's set-up or credentials.
    Misconfigured,
    /// A refund before the payment settled.
    NotSettled,
    /// A void after the payment was sent to settlement.
    AlreadySettled,
    /// The gateway was asked, twice and late enough, and has no trace of it.
    NeverArrived,
    /// The gateway shows the payment as voided, and nobody here voided it.
    VoidedElsewhere,
}

impl NotDone {
    /// Whether the same request can succeed when it is simply sent again.
    pub fn may_be_tried_again(self) -> bool {
        match self {
            Self::Unreachable | Self::TryAgain | Self::NoTimeLeft | Self::NeverArrived => true,
            // An operator, the settlement run or another operation has to act first.
            Self::Misconfigured | Self::NotSettled | Self::AlreadySettled | Self::VoidedElsewhere => false,
        }
    }
}

/// Why it is not known what the gateway did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The request was sent, the answer did not come in time or was cut off.
    NoAnswer,
    /// An answer that cannot be read, or a server error.
    Unreadable,
    /// The gateway itself lost track of the processor (PPS 63 to 66).
    GatewayLostTrack,
    /// The amount in the answer is missing or not what was asked.
    AmountDiffers,
    /// An approval without what an approval of this kind carries.
    Incomplete,
    /// The gateway's state of the payment is not ours: somebody else acted on it.
    StateDiffers,
}

/// What one gateway call came to. Every result has its name here; there is no "other".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done as asked.
    Approved(Answer),
    /// Authorized for less than was asked; the approved amount is in the answer.
    PartiallyApproved(Answer),
    /// Refused by the issuer, the processor or the gateway. Nothing was done.
    Declined(Answer, DeclineCode, Advice),
    /// Nothing was done, and it is known.
    NotDone(NotDone, Answer),
    /// Not known: it may or may not have been done. Only asking the gateway decides.
    Unknown(Doubt, Answer),
}

impl Outcome {
    /// Whether the operation may be sent again without asking the gateway first.
    pub fn may_be_sent_again(&self) -> bool {
        match self {
            Self::NotDone(reason, _) => reason.may_be_tried_again(),
            Self::Approved(_) | Self::PartiallyApproved(_) | Self::Declined(..) | Self::Unknown(..) => false,
        }
    }

    /// The gateway's words.
    pub fn answer(&self) -> &Answer {
        match self {
            Self::Approved(answer)
            | Self::PartiallyApproved(answer)
            | Self::Declined(answer, ..)
            | Self::NotDone(_, answer)
            | Self::Unknown(_, answer) => answer,
        }
    }
}

/// What the gateway says when it is asked what became of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Its word: this is what became of it.
    Became(Box<Outcome>),
    /// It was approved more than once: an earlier attempt arrived after it was given up. Every approval, oldest first.
    Several(Vec<Answer>),
    /// No trace of it: no record, or the payment is as it was before. Counts only when asked twice, late enough.
    Absent,
    /// Records that decide nothing.
    Undecided,
    /// No answer that could be read; says nothing about the operation.
    Failed,
}
