//! The stored form of a customer with its cards. Versions take turns with it as with an order: a
//! version keeps members that it does not know.

use tollgate_core::{
    order::{CustomerReference, Decline},
    payments::StoreError,
    stored_cards::{Customer, CustomerKey, MethodState, OnceGone, PaymentMethod},
    values::{Advice, CardSummary, DeclineCode},
};

use crate::dynamodb::{
    Item,
    card::{read_rule, write_rule},
    members::{Object, Read, Reader, Writer, stored},
};

const KEY: &str = "order_key";
const REFERENCE: &str = "customer";
const METHODS: &str = "payment_methods";
const VERSION: &str = "version";

// A card.
const CARD: &str = "cd";
const STATE: &str = "s";
const ABSENT_SINCE: &str = "absent_since";
const DECLINE_CODE: &str = "decline_code";
const ADVICE: &str = "advice";
const NO_EFFECT: &str = "no_effect";

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
        customer.write(&customer.key, &mut writer);
        Self(writer.0)
    }

    /// The customer that is stored under a key.
    pub fn read(self, key: &CustomerKey) -> Result<Customer, StoreError> {
        Customer::read(key, &mut Reader::new(self.0))
    }
}

stored! {
    Customer |customer, to, from, key_of_item: CustomerKey| {
        key: (to.text(KEY, customer.key.to_string()), {
            from.skip(&[KEY]);
            key_of_item.clone()
        }),
        reference: (to.text(REFERENCE, customer.reference.as_str()), read_reference(from)?),
        methods: (
            to.list(METHODS, &customer.methods, |method, to| method.write(&(), to)),
            from.list(METHODS, |from| PaymentMethod::read(&(), from))?
        ),
        default: "default_method",
        version: (to.put(VERSION, &(customer.version + 1)), from.get(VERSION)?),
        ..carried
    }
}

fn read_reference(from: &mut Reader) -> Read<CustomerReference> {
    CustomerReference::stored(&from.get::<String>(REFERENCE)?)
        .map_err(|_| StoreError::Corrupt("the customer's reference is none".to_owned()))
}

stored! {
    PaymentMethod |method, to, from| {
        id: "i",
        key: "k",
        fingerprint: "f",
        route: "r",
        card: (to.put(CARD, &method.card), from.get_or(CARD, Some(CardSummary::default()))?),
        state: (write_state(method, to), read_state(from)?),
        new_expiry: "new_expiry",
        created_at: "c",
        updated_at: "u",
        ..carried
    }
}

fn write_state(method: &PaymentMethod, to: &mut Writer) {
    let state = match method.state {
        MethodState::Pending { absent_since } => {
            to.put(ABSENT_SINCE, &absent_since);
            PENDING
        }
        MethodState::Stored => STORED,
        MethodState::Declined(decline) => {
            write_decline(method, decline, to);
            DECLINED
        }
        MethodState::NotStored(reason) => {
            to.put(NO_EFFECT, &reason);
            NOT_STORED
        }
        // Its future state is stated beside the word, so that a version without that state deletes
        // it all the same.
        MethodState::Deleting(gone) => {
            match gone {
                OnceGone::Deleted => {}
                OnceGone::Declined(decline) => write_decline(method, decline, to),
                OnceGone::NotStored(reason) => to.put(NO_EFFECT, &reason),
            }
            DELETING
        }
        MethodState::Deleted => DELETED,
        MethodState::Unrecognized => return,
    };
    to.text(STATE, state);
}

fn write_decline(method: &PaymentMethod, decline: Decline, to: &mut Writer) {
    // A word that only a newer version knows is written again as it was.
    for (name, word) in [(DECLINE_CODE, decline.code.as_str()), (ADVICE, decline.payer_advice.as_str())] {
        if method.carried.member(name).is_none() {
            to.text(name, word);
        }
    }
    if let Some(rule) = decline.rule {
        write_rule(rule, to);
    }
}

fn read_state(from: &mut Reader) -> Read<MethodState> {
    let known = |word: &str| {
        [PENDING, STORED, DECLINED, NOT_STORED, DELETING, DELETED].into_iter().find(|known| *known == word)
    };
    Ok(match from.word(STATE, Some(""), known)? {
        Some(PENDING) => MethodState::Pending { absent_since: from.get(ABSENT_SINCE)? },
        Some(STORED) => MethodState::Stored,
        Some(DECLINED) => {
            let unknown = Decline::of(DeclineCode::GenericDecline);
            MethodState::Declined(read_decline(from)?.unwrap_or(unknown))
        }
        Some(NOT_STORED) => MethodState::NotStored(from.get(NO_EFFECT)?),
        Some(DELETING) => MethodState::Deleting(match (read_decline(from)?, from.get(NO_EFFECT)?) {
            (Some(decline), _) => OnceGone::Declined(decline),
            (None, Some(reason)) => OnceGone::NotStored(reason),
            (None, None) => OnceGone::Deleted,
        }),
        Some(DELETED) => MethodState::Deleted,
        _ => MethodState::Unrecognized,
    })
}

fn read_decline(from: &mut Reader) -> Read<Option<Decline>> {
    let code = from.word(DECLINE_CODE, Some(DeclineCode::GenericDecline), DeclineCode::from_name)?;
    let Some(code) = code else { return Ok(None) };
    let advice = from.word(ADVICE, Some(code.advice()), Advice::from_name)?;
    let payer_advice = advice.unwrap_or_else(|| code.advice());
    Ok(Some(Decline { code, payer_advice, rule: read_rule(from)? }))
}
