//! The card gateway: a port, narrow enough that one place decides the meaning of a response.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;

use crate::{
    order::{FeeShare, Finding, Kind, OrderId, Outcome, Route, Transaction},
    payments::Merchant,
    values::{Amount, CardAccount, Currency, Expiry, Metadata, SecurityCode, sent_postcode},
};

/// The longest that a gateway may work on a request. When an inquiry counts, and when an operation
/// is given up as absent, rests on it: each adapter asserts that its gateway is no slower.
pub const WORKING_MAX: Duration = Duration::from_secs(32);

/// One call to the gateway. Carries card data, so it is never stored, and has no `Debug`.
pub struct Instruction<'a> {
    /// The account to send it through.
    pub route: &'a Route,
    /// Currency of the amount.
    pub currency: Currency,
    /// The requested amount, without a fee. A void's is the whole amount that it undoes.
    pub amount: Amount,
    /// Our order id of the operation, unique at the gateway.
    pub gateway_order_id: &'a str,
    /// The merchant's order id, which goes along so that finance finds the payment.
    pub order: &'a OrderId,
    /// Every order id of a follow-up's payment and of its other follow-ups, which the response may
    /// name. Empty for a payment.
    pub ours: Vec<&'a str>,
    /// The payment's labels in the gateway's reports.
    pub labels: Labels<'a>,
    /// The operation to carry out, and its card or reference.
    pub command: Command<'a>,
}

/// The data of a payment in the gateway's reports, so that finance finds it there, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Labels<'a> {
    /// The merchant's own reference, as it is now.
    pub reference: Option<&'a str>,
    pub description: Option<&'a str>,
    /// Other data that the merchant's systems keep with it.
    pub metadata: Option<&'a Metadata>,
    /// The cardholder's e-mail address.
    pub email: Option<&'a str>,
}

impl<'a> Labels<'a> {
    /// The labels of a payment.
    pub fn of(transaction: &'a Transaction) -> Self {
        Self {
            reference: transaction.custom_reference(),
            description: transaction.references.description.as_deref(),
            metadata: Some(&transaction.references.metadata).filter(|metadata| !metadata.is_empty()),
            email: transaction.memo.as_ref().and_then(|memo| memo.email.as_deref()),
        }
    }
}

/// The operation that the gateway is to carry out.
pub enum Command<'a> {
    /// Hold an amount on a card.
    Authorize(&'a PaymentSource),
    /// Hold and capture at once.
    Purchase(&'a PaymentSource),
    Capture(KnownPayment<'a>),
    /// Refund this settled payment.
    Refund(KnownPayment<'a>),
    /// Undo all of this payment.
    Void(KnownPayment<'a>),
}

/// The subject of an inquiry: one operation whose outcome is not known.
pub struct Inquiry<'a> {
    /// The account that it was sent through.
    pub route: &'a Route,
    /// The kind of the operation, with the payment of a follow-up.
    pub about: Inquired<'a>,
    /// The amount that was requested, without a fee.
    pub amount: Amount,
    /// The order id that its latest attempt was sent with.
    pub gateway_order_id: &'a str,
    /// The order ids of earlier attempts that may still surface.
    pub earlier: Vec<Cow<'a, str>>,
    /// Every order id of the payment and its follow-ups. A record that names another one is
    /// somebody else's. Empty for a payment beside the transaction's own, which its reference
    /// identifies.
    pub ours: Vec<&'a str>,
    /// The order ids of the payment's own attempts. An earlier one than the last can be the one
    /// that was approved.
    pub payments: Vec<&'a str>,
    /// The currency of its amount.
    pub currency: Currency,
    /// References of other things that are on record about the payment: its refunds, duplicates
    /// beside it, and itself where it is known to have a fee.
    pub known: Vec<&'a str>,
}

impl Inquiry<'_> {
    /// The order ids of the attempts that it is about, the latest last.
    pub fn ids(&self) -> Vec<&str> {
        self.earlier.iter().map(|id| &**id).chain([self.gateway_order_id]).collect()
    }
}

/// The operation that an inquiry is about, and for a follow-up its payment.
#[derive(Clone, Copy)]
pub enum Inquired<'a> {
    /// An authorization: an amount that is held.
    Authorize,
    /// A purchase: authorized and captured at once.
    Purchase,
    /// A capture of this payment.
    Capture(KnownPayment<'a>),
    /// A refund of this payment.
    Refund(KnownPayment<'a>),
    /// A void of this payment.
    Void(KnownPayment<'a>),
}

impl Inquired<'_> {
    /// The kind of the operation.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Authorize => Kind::Authorize,
            Self::Purchase => Kind::Purchase,
            Self::Capture(_) => Kind::Capture,
            Self::Refund(_) => Kind::Refund,
            Self::Void(_) => Kind::Void,
        }
    }
}

/// An existing payment, as the gateway knows it.
#[derive(Clone, Copy)]
pub struct KnownPayment<'a> {
    /// The gateway's reference of the payment.
    pub reference: &'a str,
    /// The share of its fee that goes with the capture or refund; none without a fee, and for a
    /// void, which undoes the whole payment.
    pub fee: Option<FeeShare>,
}

/// Who makes a payment with a stored card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initiator {
    /// The cardholder, who is there.
    #[default]
    Customer,
    /// The merchant, as it was agreed with the cardholder.
    Merchant {
        /// Whether it is one of an agreed series (a subscription, installments).
        scheduled: bool,
    },
}

/// The card that a payment is made with.
pub enum PaymentSource {
    /// A card stored at the gateway.
    Profile {
        /// Account in the profile, `1` to `999`.
        account: String,
        /// The profile, up to 20 digits.
        profile: String,
        /// Who makes the payment. The card schemes want to know.
        initiator: Initiator,
    },
    /// A card as its holder typed it, or its token.
    Card(Box<Card>),
}

/// Card data on its way to the gateway.
pub struct Card {
    /// The number (PAN), or the gateway's token for it.
    pub account: CardAccount,
    /// The month through whose last day the card is valid.
    pub expiry: Expiry,
    /// The code on the card; sent once, kept nowhere. A token's may be with the gateway already.
    pub security_code: Option<SecurityCode>,
    /// The holder's name; may be empty.
    pub name: String,
    /// The address for address verification, if the caller sent it.
    pub billing: Option<BillingAddress>,
    /// Whether the gateway is to store the card along with an approval.
    pub save: bool,
    /// Whether the payment that stores it is the first of an agreed series.
    pub series: bool,
}

/// The address that address verification takes, and a surcharge depends on.
#[derive(Default)]
pub struct BillingAddress {
    /// Street and house number.
    pub line_1: Option<String>,
    /// Flat, suite, building, as the caller stated it.
    pub line_2: Option<String>,
    /// The city, as the caller stated it.
    pub city: Option<String>,
    /// State or province, as the caller stated it.
    pub region: Option<String>,
    /// The postal code, as the caller stated it.
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: Option<String>,
}

impl PaymentSource {
    /// Whether the gateway is to store the card along with an approval.
    pub fn saves(&self) -> bool {
        matches!(self, Self::Card(card) if card.save)
    }

    /// Whether it is a card that the gateway does not store, and comes without a postal code.
    /// Stored cards have theirs there.
    pub fn lacks_postcode(&self) -> bool {
        match self {
            Self::Profile { .. } => false,
            Self::Card(card) => {
                let billing = card.billing.as_ref();
                billing.is_none_or(BillingAddress::lacks_postcode)
            }
        }
    }

    /// Whether no part of an address is sent that address verification compares.
    pub fn lacks_address(&self) -> bool {
        match self {
            Self::Profile { .. } => true,
            Self::Card(card) => card.billing.as_ref().is_none_or(|billing| {
                billing.line_1.is_none() && billing.line_2.is_none() && billing.lacks_postcode()
            }),
        }
    }
}

impl BillingAddress {
    /// Whether no postal code is sent.
    fn lacks_postcode(&self) -> bool {
        self.postcode.as_deref().is_none_or(|text| sent_postcode(text).is_empty())
    }
}

/// The facts known of a gateway without a call. Its adapter states them; nothing else depends on
/// which gateway it is.
pub trait GatewayInfo: Send + Sync {
    /// Its name, as it is in each [`Route`] to it.
    fn name(&self) -> &'static str;

    /// How many decimals each amount has there. A currency with another number cannot be paid in.
    fn decimals(&self) -> u32;

    /// Whether payments through an account are real. Where it is not known that they are tests,
    /// they are.
    fn is_live(&self, route: &Route) -> bool;
}

/// The result of looking up a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordLookUp {
    Found(GatewayRecord),
    /// The account has no record under it.
    Nothing,
    /// No response that can be read.
    NoResponse,
}

/// The gateway's record under a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayRecord {
    /// The order id that it was sent with, if the record names one.
    pub gateway_order_id: Option<String>,
    /// Its amount with any fee and without its sign, if it can be read.
    pub amount: Option<Amount>,
    /// The gateway's word for a record that moved no money, such as `Voided`.
    pub undone: Option<String>,
}

/// Performs operations on card accounts.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// The facts known of the gateway without a call.
    fn info(&self) -> &'static dyn GatewayInfo;

    /// Sends one instruction once, waiting at most `limit` for the response, and returns the
    /// outcome.
    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome;

    /// Sends inquiries about the outcome of an operation, waiting at most `limit` for each
    /// response. Changes nothing at the gateway.
    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding;

    /// Looks up the record under a reference that a person names, of 1 to 14 letters and digits.
    /// Changes nothing at the gateway. Where no record can be looked up, there is no response.
    async fn look_up(
        &self,
        _merchant: &Merchant,
        _route: &Route,
        _reference: &str,
        _limit: Duration,
    ) -> RecordLookUp {
        RecordLookUp::NoResponse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(billing: Option<BillingAddress>) -> PaymentSource {
        PaymentSource::Card(Box::new(Card {
            account: CardAccount::parse("4111111111111111").unwrap(),
            expiry: Expiry::new(8, 2030).unwrap(),
            security_code: None,
            name: String::new(),
            billing,
            save: false,
            series: false,
        }))
    }

    #[test]
    fn only_a_card_that_asks_for_it_is_stored_with_its_payment() {
        assert!(!typed(None).saves());
        let PaymentSource::Card(card) = typed(None) else { unreachable!() };
        assert!(PaymentSource::Card(Box::new(Card { save: true, ..*card })).saves());
    }

    #[test]
    fn a_typed_card_lacks_a_postal_code_unless_it_comes_with_a_letter_or_digit_of_one() {
        assert!(typed(None).lacks_postcode() && typed(None).lacks_address());
        for (postcode, lacks) in [
            (None, true),
            (Some(""), true),
            (Some(" - "), true),
            (Some("55555"), false),
            (Some("SW1A"), false),
            (Some("９０２１０"), false),
        ] {
            let postcode = postcode.map(str::to_owned);
            let address = BillingAddress { postcode, ..BillingAddress::default() };
            let card = typed(Some(address));
            assert_eq!((card.lacks_postcode(), card.lacks_address()), (lacks, lacks));
        }
        let street = || Some("1 Main St".to_owned());
        let first = BillingAddress { line_1: street(), ..BillingAddress::default() };
        let second = BillingAddress { line_2: street(), ..BillingAddress::default() };
        assert!(![first, second].into_iter().any(|address| typed(Some(address)).lacks_address()));
    }

    #[test]
    fn a_stored_card_lacks_none_because_the_gateway_has_its_address() {
        let (account, profile) = ("1".to_owned(), "2".to_owned());
        let stored = PaymentSource::Profile { account, profile, initiator: Initiator::Customer };
        assert!(!stored.lacks_postcode() && stored.lacks_address(), "none is sent");
    }
}
