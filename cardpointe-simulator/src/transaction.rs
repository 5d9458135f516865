//! One transaction, and its record in inquiries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    advice::{self, Advice},
    amount,
    cards::{Brand, Card},
    codes::{Stat, Verdict, pps},
    record::{Change, Origin, Record},
    reply::Reply,
    settings::{RefundSetlstat, SchemeMembers, Settings},
    state::{RecordKind, RecordState, ShownSetlstat},
    surcharge::{self, Charged, Shown, Surcharge},
};

/// Older transactions cannot be voided (PPS 39).
const VOID_LIMIT_S: i64 = 30 * 86_400;

/// How the card's data were entered, as the request says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum EntryMode {
    Keyed,
    Moto,
    ECommerce,
    Recurring,
}

impl EntryMode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Keyed => "Keyed",
            Self::Moto => "Moto",
            Self::ECommerce => "ECommerce",
            Self::Recurring => "Recurring",
        }
    }
}

/// One authorization, sale, verification or refund. Of its card only the token and the last four
/// digits are here.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties of a record")]
pub(crate) struct Transaction {
    pub(crate) kind: RecordKind,
    pub(crate) retref: String,
    pub(crate) merchid: String,
    pub(crate) currency: String,
    pub(crate) order_id: String,
    pub(crate) token: String,
    pub(crate) brand: Option<Brand>,
    /// A debit card, as far as the card number tells.
    pub(crate) is_debit: bool,
    pub(crate) expiry: Option<String>,
    pub(crate) name: String,
    /// The amount that was approved and not voided: the most that a capture may take.
    pub(crate) authorized: i64,
    /// The amount that the transaction moves now, its fee included. A refund's is positive here.
    /// Declined: 0; timed out: the requested amount.
    pub(crate) amount: i64,
    pub(crate) refunded: i64,
    /// The fees in these amounts, at a surcharging merchant account.
    pub(crate) surcharge: Option<Surcharge>,
    pub(crate) status: RecordState,
    pub(crate) verdict: Verdict,
    pub(crate) authcode: Option<String>,
    pub(crate) batchid: Option<String>,
    pub(crate) authorized_at: Timestamp,
    pub(crate) captured_at: Option<Timestamp>,
    /// When its batch was sent.
    pub(crate) batched_at: Option<Timestamp>,
    pub(crate) settled_at: Option<Timestamp>,
    /// Profile id and account id.
    pub(crate) profile: Option<(String, String)>,
    pub(crate) userfields: Option<Value>,
    pub(crate) entrymode: EntryMode,
    /// An approval that allows later recurring payments.
    pub(crate) starts_recurring: bool,
    /// Decline category, advice and scheme codes.
    #[serde(deserialize_with = "advice::read")]
    pub(crate) advice: Advice,
    /// Of a refund: the payment's reference.
    pub(crate) refund_of: Option<String>,
    /// Also found by this order id.
    pub(crate) second_order_id: Option<String>,
    /// Inquiries show a timeout until the batch has settled.
    pub(crate) looks_timed_out: bool,
    /// Inquiries show receipt data, because the authorization wanted them.
    pub(crate) shows_receipt: bool,
    /// The merchant account that responses name in place of the one that the request named.
    pub(crate) linked_merchid: Option<String>,
    /// The cardholder's, as it was sent.
    pub(crate) signature: Option<String>,
    /// The value that inquiries show in place of the real `setlstat`.
    pub(crate) shown_setlstat: Option<ShownSetlstat>,
    pub(crate) history: Vec<Change>,
}

impl Transaction {
    /// A transaction that has not done anything yet.
    pub(crate) fn new(kind: RecordKind, retref: String, verdict: Verdict, now: Timestamp) -> Self {
        Self {
            kind,
            retref,
            merchid: String::new(),
            currency: String::new(),
            order_id: String::new(),
            token: String::new(),
            brand: None,
            is_debit: false,
            expiry: None,
            name: String::new(),
            authorized: 0,
            amount: 0,
            refunded: 0,
            surcharge: None,
            status: RecordState::Declined,
            verdict,
            authcode: None,
            batchid: None,
            authorized_at: now,
            captured_at: None,
            batched_at: None,
            settled_at: None,
            signature: None,
            shows_receipt: false,
            linked_merchid: None,
            profile: None,
            userfields: None,
            entrymode: EntryMode::Keyed,
            starts_recurring: false,
            advice: Vec::new(),
            refund_of: None,
            second_order_id: None,
            looks_timed_out: false,
            shown_setlstat: None,
            history: Vec::new(),
        }
    }

    /// Adds the change to the history. Call it when the change is complete.
    pub(crate) fn note(&mut self, at: Timestamp, origin: Origin) {
        self.history.push(Change {
            at,
            origin,
            state: self.status,
            minor_units: self.amount,
            fee_minor_units: self.fee(),
            refunded_minor_units: self.refunded,
        });
    }

    /// The record that a response shows in place of this approval: the same transaction, or
    /// (respstat C) a copy of the request that was refused under the next reference.
    pub(crate) fn hidden_behind(&self, verdict: Verdict, next_retref: impl FnOnce() -> String) -> Self {
        let is_same = verdict.stat != Stat::C;
        Self {
            retref: if is_same { self.retref.clone() } else { next_retref() },
            verdict,
            authorized: 0,
            amount: if verdict == pps::TIMED_OUT { self.amount } else { 0 },
            surcharge: if verdict == pps::TIMED_OUT { self.surcharge } else { None },
            status: RecordState::Declined,
            authcode: None,
            batchid: None,
            captured_at: None,
            profile: None,
            starts_recurring: false,
            history: Vec::new(),
            ..self.clone()
        }
    }

    /// The merchant account that responses and inquiries name.
    pub(crate) fn shown_merchid(&self) -> &str {
        self.linked_merchid.as_deref().unwrap_or(&self.merchid)
    }

    /// The amount that the transaction moves, with the fee that is in it.
    pub(crate) fn charged(&self) -> Charged {
        Charged { total: self.amount, fee: self.fee() }
    }

    /// The authorized amount, with the fee that is in it.
    pub(crate) fn charged_at_most(&self) -> Charged {
        Charged { total: self.authorized, fee: self.surcharge.unwrap_or_default().authorized_fee }
    }

    /// The refunded amount, with the fee that is in it.
    pub(crate) fn charged_back(&self) -> Charged {
        Charged { total: self.refunded, fee: self.surcharge.unwrap_or_default().refunded_fee }
    }

    /// Moves so much from now on.
    pub(crate) fn charge(&mut self, charged: Charged) {
        self.amount = charged.total;
        if let Some(surcharge) = &mut self.surcharge {
            surcharge.fee = charged.fee;
        }
    }

    /// Moves so much from now on, and no capture can make it more.
    pub(crate) fn charge_at_most(&mut self, charged: Charged) {
        self.charge(charged);
        self.authorized = charged.total;
        if let Some(surcharge) = &mut self.surcharge {
            surcharge.authorized_fee = charged.fee;
        }
    }

    /// Counts a refund, or takes one back when the sign is -1.
    pub(crate) fn count_refund(&mut self, refund: Charged, sign: i64) {
        self.refunded += sign * refund.total;
        if let Some(surcharge) = &mut self.surcharge {
            surcharge.refunded_fee += sign * refund.fee;
        }
    }

    fn fee(&self) -> i64 {
        self.surcharge.unwrap_or_default().fee
    }

    pub(crate) fn set_card(&mut self, card: &Card) {
        self.token.clone_from(&card.token);
        self.brand = Some(card.brand);
        self.is_debit = card.is_debit();
    }

    pub(crate) fn is_too_old_to_void(&self, now: Timestamp) -> bool {
        now.as_second() - self.authorized_at.as_second() > VOID_LIMIT_S
    }

    /// Whether the transaction waits for its batch, or the batch for the processor's word.
    fn is_unsettled(&self) -> bool {
        matches!(self.status, RecordState::Queued | RecordState::BatchSent)
    }

    pub(crate) fn is_voidable(&self, settings: Settings, now: Timestamp) -> bool {
        let open = match self.kind {
            RecordKind::Payment => {
                matches!(self.status, RecordState::Authorized | RecordState::Queued | RecordState::ZeroAmount)
            }
            RecordKind::Refund => {
                settings.voidable_refunds && self.status == RecordState::Queued && !self.looks_timed_out
            }
        };
        open && self.refunded == 0 && !self.is_too_old_to_void(now)
    }

    /// Whether a refund may be tried, by the state alone.
    pub(crate) fn may_refund(&self, settings: Settings) -> bool {
        let unsettled = self.status == RecordState::Authorized || self.is_unsettled();
        self.kind == RecordKind::Payment
            && (self.status == RecordState::Accepted || (settings.refund_unsettled && unsettled))
    }

    /// The verdict that inquiries show: that of the first response, also after a timeout.
    fn shown_verdict(&self) -> Verdict {
        if self.looks_timed_out && self.is_unsettled() { pps::TIMED_OUT } else { self.verdict }
    }

    pub(crate) fn shown_setlstat(&self, settings: Settings) -> Option<&str> {
        let is_refund = self.kind == RecordKind::Refund;
        let went_through = self.is_unsettled() || self.status == RecordState::Accepted;
        match (&self.shown_setlstat, settings.refund_setlstat) {
            (Some(ShownSetlstat::Text(text)), _) => Some(text),
            (Some(ShownSetlstat::Absent), _) => None,
            _ if self.shown_verdict() == pps::TIMED_OUT => Some(RecordState::Declined.setlstat()),
            (None, RefundSetlstat::Refunded) if is_refund && went_through => Some("Refunded"),
            (None, RefundSetlstat::Empty) if is_refund && self.is_unsettled() => Some(""),
            (None, RefundSetlstat::Absent) if is_refund && self.is_unsettled() => None,
            _ => Some(self.status.setlstat()),
        }
    }

    /// The documented members of a receipt; those that a merchant would have set are empty.
    pub(crate) fn receipt(&self) -> Value {
        json!({
            "header": "",
            "footer": "",
            "dba": "CardPointe simulator",
            "address1": "",
            "address2": "",
            "phone": "",
            "dateTime": self.authorized_at.strftime("%Y%m%d%H%M%S").to_string(),
            "nameOnCard": self.name,
            "items": "",
            "orderNote": "",
        })
    }

    /// The amount that inquiries show.
    fn shown_amount(&self, settings: Settings) -> i64 {
        let is_negative = self.kind == RecordKind::Refund && settings.negative_refund_amounts;
        if self.shown_verdict() == pps::TIMED_OUT && !settings.timed_out_amounts_kept {
            0
        } else if is_negative {
            -self.amount
        } else {
            self.amount
        }
    }

    /// The transaction's record in an inquiry.
    pub(crate) fn inquiry(&self, settings: Settings, now: Timestamp) -> Reply {
        let yes_no = |yes: bool| if yes { "Y" } else { "N" };
        let refundable = self.may_refund(settings) && self.refunded < self.amount;
        let verdict = self.shown_verdict();
        let is_captured = verdict != pps::TIMED_OUT;
        let sign = if self.shown_amount(settings) < 0 { -1 } else { 1 };
        let surcharge = self.surcharge.filter(|_| verdict.is_approved());
        let reply = Reply::of(verdict)
            .with("merchid", self.shown_merchid())
            .with("orderId", self.order_id.as_str())
            .with("retref", self.retref.as_str())
            .with("amount", amount::format(self.shown_amount(settings)))
            .with("currency", self.currency.as_str())
            .with_some("setlstat", self.shown_setlstat(settings))
            .with("authdate", self.authorized_at.strftime("%Y%m%d").to_string())
            .with_some("capturedate", self.captured_at.filter(|_| is_captured).map(date_time))
            .with_some("settledate", self.settled_at.map(date_time))
            .with_some("batchid", self.batchid.as_deref().filter(|_| is_captured))
            .with("token", self.token.as_str())
            .with("account", self.token.as_str())
            .with("lastfour", self.token.get(12..).unwrap_or_default())
            .with_some("expiry", self.expiry.as_deref())
            .with("name", self.name.as_str())
            .with_some("profileid", self.profile.as_ref().map(|(profileid, _)| profileid.as_str()))
            .with_some("acctid", self.profile.as_ref().map(|(_, acctid)| acctid.as_str()))
            .with("bintype", "")
            .with("entrymode", self.entrymode.name())
            .with_some("userfields", self.userfields.clone())
            .with_some("signature", self.signature.as_deref())
            .with_some("receipt", (self.shows_receipt && verdict.is_approved()).then(|| self.receipt()))
            .with("voidable", yes_no(self.is_voidable(settings, now)))
            .with("refundable", yes_no(refundable));
        let shown = if settings.advice_in_inquiries { settings.scheme_members } else { SchemeMembers::None };
        let reply = advice::attach(reply, &self.advice, shown);
        let authcode = self.authcode.as_deref();
        surcharge::attach(reply, surcharge, sign * self.fee(), authcode, settings, Shown::Inquiry)
    }
}

impl From<&Transaction> for Record {
    fn from(transaction: &Transaction) -> Self {
        Self {
            kind: transaction.kind,
            retref: transaction.retref.clone(),
            order_id: transaction.order_id.clone(),
            merchid: transaction.merchid.clone(),
            currency: transaction.currency.clone(),
            minor_units: transaction.amount,
            fee_minor_units: transaction.fee(),
            authorized_minor_units: transaction.authorized,
            refunded_minor_units: transaction.refunded,
            state: transaction.status,
            respproc: transaction.verdict.processor,
            respcode: transaction.verdict.code,
            respstat: transaction.verdict.stat.letter(),
            refund_of: transaction.refund_of.clone(),
            token: transaction.token.clone(),
            batchid: transaction.batchid.clone(),
            history: transaction.history.clone(),
        }
    }
}

fn date_time(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}
