//! The stored form of a customer with its cards. Versions take turns with it as with an order: what one does not know,
//! it keeps.

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate_core::{
    order::{
        CustomerReference,
        operation::{Decline, Fingerprint, KeyDigest},
        outcome::NoEffect,
    },
    payments::store::StoreError,
    stored_cards::payment_method::{Customer, CustomerKey, MethodState, OnceGone, PaymentMethod},
    values::{
        carried::Carried,
        decline::{Advice, DeclineCode},
    },
};

use crate::dynamodb::{
    Item,
    card::{card, read_card},
    members::{Name, Reader, Writer},
    route::{read_route, write_route},
};

const KEY: Name = Name("order_key", "");
const REFERENCE: Name = Name("customer", "");
const METHODS: Name = Name("payment_methods", "");
const DEFAULT: Name = Name("default_method", "");
const VERSION: Name = Name("version", "");

// A card.
const ID: Name = Name("i", "");
const REQUEST_KEY: Name = Name("k", "");
const FINGERPRINT: Name = Name("f", "");
const CARD: Name = Name("cd", "");
const STATE: Name = Name("s", "");
const ABSENT_SINCE: Name = Name("absent_since", "");
const DECLINE_CODE: Name = Name("decline_code", "");
const ADVICE: Name = Name("advice", "");
const NO_EFFECT: Name = Name("no_effect", "");
const NEW_EXPIRY: Name = Name("new_expiry", "");
const CREATED_AT: Name = Name("c", "");
const UPDATED_AT: Name = Name("u", "");

const PENDING: &str = "pending";
const STORED: &str = "stored";
const DECLINED: &str = "declined";
const NOT_STORED: &str = "not_stored";
const DELETING: &str = "deleting";
const DELETED: &str = "deleted";

/// A customer as it is stored.
pub struct StoredCustomer(pub Item);

impl StoredCustomer {
    /// The next version of a customer, with its key.
    pub fn next(customer: &Customer) -> Self {
        let mut writer = Writer::default();
        writer.text(REFERENCE, customer.reference.as_str());
        writer.list(METHODS, &customer.methods, method);
        writer.some(DEFAULT, customer.default, Writer::id);
        writer.number(VERSION, customer.version + 1);
        let mut item = writer.finish(&customer.carried);
        item.insert(KEY.0.to_owned(), AttributeValue::S(customer.key.to_string()));
        Self(item)
    }

    /// The customer that is stored under a key.
    pub fn read(self, key: &CustomerKey) -> Result<Customer, StoreError> {
        let mut members = Reader::new(self.0);
        members.skip(&[KEY]);
        let mut customer = Customer {
            key: key.clone(),
            reference: CustomerReference::stored(&members.text(REFERENCE)?)
                .map_err(|_| StoreError::Corrupt("the customer's reference is none".to_owned()))?,
            methods: members.list(METHODS, read_method)?,
            default: members.id_maybe(DEFAULT)?,
            version: members.number(VERSION)?,
            carried: Carried::default(),
        };
        members.carry(&mut customer.carried);
        Ok(customer)
    }
}

fn method(method: &PaymentMethod) -> Item {
    let mut writer = Writer::default();
    writer.id(ID, method.id);
    writer.some(REQUEST_KEY, method.key, |writer, name, key| writer.bytes(name, key.0));
    writer.bytes(FINGERPRINT, method.fingerprint.0);
    write_route(&mut writer, &method.route);
    writer.object(CARD, card(&method.card));
    match method.state {
        MethodState::Pending { absent_since } => {
            writer.text(STATE, PENDING);
            writer.some(ABSENT_SINCE, absent_since, Writer::moment);
        }
        MethodState::Stored => writer.text(STATE, STORED),
        MethodState::Declined(decline) => {
            writer.text(STATE, DECLINED);
            write_decline(&mut writer, method, decline);
        }
        MethodState::NotStored(reason) => {
            writer.text(STATE, NOT_STORED);
            writer.word(NO_EFFECT, reason.word());
        }
        // What it is to become is told beside the word, so that whoever does not know of it deletes it all the same.
        MethodState::Deleting(gone) => {
            writer.text(STATE, DELETING);
            match gone {
                OnceGone::Deleted => {}
                OnceGone::Declined(decline) => write_decline(&mut writer, method, decline),
                OnceGone::NotStored(reason) => writer.word(NO_EFFECT, reason.word()),
            }
        }
        MethodState::Deleted => writer.text(STATE, DELETED),
        MethodState::Unrecognized => {}
    }
    writer.some(NEW_EXPIRY, method.new_expiry, |writer, name, expiry| writer.text(name, expiry.to_string()));
    writer.moment(CREATED_AT, method.created_at);
    writer.moment(UPDATED_AT, method.updated_at);
    writer.finish(&method.carried)
}

fn write_decline(writer: &mut Writer, method: &PaymentMethod, Decline { code, advice }: Decline) {
    // A word that only a newer version knows is written again as it was.
    let is_known = |name: Name| method.carried.word(name.0).is_none();
    writer.word(DECLINE_CODE, is_known(DECLINE_CODE).then(|| code.as_str()));
    writer.word(ADVICE, is_known(ADVICE).then(|| advice.as_str()));
}

fn read_method(mut members: Reader) -> Result<PaymentMethod, StoreError> {
    let mut method = PaymentMethod {
        id: members.id(ID)?,
        key: members.digest_maybe(REQUEST_KEY)?.map(KeyDigest),
        fingerprint: Fingerprint(members.digest(FINGERPRINT)?),
        route: read_route(&mut members)?,
        card: members.part(CARD, read_card)?.unwrap_or_default(),
        state: read_state(&mut members)?,
        new_expiry: members.parsed(NEW_EXPIRY)?,
        created_at: members.moment(CREATED_AT)?,
        updated_at: members.moment(UPDATED_AT)?,
        carried: Carried::default(),
    };
    members.carry(&mut method.carried);
    Ok(method)
}

fn read_state(members: &mut Reader) -> Result<MethodState, StoreError> {
    let known = |word: &str| {
        [PENDING, STORED, DECLINED, NOT_STORED, DELETING, DELETED]
            .iter()
            .copied()
            .find(|known| *known == word)
    };
    Ok(match members.word(STATE, "", known)? {
        Some(PENDING) => MethodState::Pending { absent_since: members.moment_maybe(ABSENT_SINCE)? },
        Some(STORED) => MethodState::Stored,
        Some(DECLINED) => {
            let generic = DeclineCode::GenericDecline;
            let decline = Decline { code: generic, advice: generic.advice() };
            MethodState::Declined(read_decline(members)?.unwrap_or(decline))
        }
        Some(NOT_STORED) => {
            MethodState::NotStored(read_no_effect(members)?.unwrap_or(NoEffect::Unrecognized))
        }
        Some(DELETING) => MethodState::Deleting(match (read_decline(members)?, read_no_effect(members)?) {
            (Some(decline), _) => OnceGone::Declined(decline),
            (None, Some(reason)) => OnceGone::NotStored(reason),
            (None, None) => OnceGone::Deleted,
        }),
        Some(DELETED) => MethodState::Deleted,
        _ => MethodState::Unrecognized,
    })
}

fn read_decline(members: &mut Reader) -> Result<Option<Decline>, StoreError> {
    let code = members.word(DECLINE_CODE, DeclineCode::GenericDecline, DeclineCode::from_name)?;
    let Some(code) = code else { return Ok(None) };
    let advice = members.word(ADVICE, code.advice(), Advice::from_name)?;
    Ok(Some(Decline { code, advice: advice.unwrap_or_else(|| code.advice()) }))
}

fn read_no_effect(members: &mut Reader) -> Result<Option<NoEffect>, StoreError> {
    members.word(NO_EFFECT, NoEffect::Unrecognized, NoEffect::from_name)
}
