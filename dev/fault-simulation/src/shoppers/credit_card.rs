//! The requests of clients of the credit-card API: payments, the same again, follow-ups, and the
//! status.

use serde_json::{Value, json};
use tollgate_core::order::Order;
use uuid::Uuid;

use super::Target;
use crate::{
    ask::{Ask, Asked, Media, Route},
    card::Card,
    check::credit_card::payment as payment_of,
    client::credit_card::{payment, payment_id, with_amount},
    merchants::{DISCOUNT, EXTERNAL, REGISTERED},
    rng::Rng,
    world::State,
};

/// References of one simulation: so few that clients meet under them, requesting the same or
/// something else.
const REFERENCES: u64 = 4;

/// The orders of a merchant that are payments of this API, as a client that mixes APIs finds them.
pub(super) fn orders(state: &State, merchant: &str) -> Vec<String> {
    let payments = state.fake_store.orders().filter(|order| payment_of(order).is_some());
    payments.filter(|order| order.merchant.as_str() == merchant).map(|order| order.id.to_string()).collect()
}

/// The next request of a client of this API.
pub(super) fn wish_for(state: &mut State, client: u64, wish: u64) -> Ask {
    let merchant = if state.rng.chance(50) { REGISTERED } else { EXTERNAL };
    let earlier: Vec<usize> =
        (0..state.asked.len()).filter(|number| state.asked[*number].merchant == merchant).collect();
    let again = state.rng.pick(&earlier);
    let ask = match (state.rng.below(10), again) {
        (0..=3, _) | (_, None) => {
            let reference = format!("r{}", state.rng.below(REFERENCES));
            new_payment(&mut state.rng, merchant, reference)
        }
        (4, Some(number)) => Ask {
            route: in_some_media(&mut state.rng, state.asked[number].route),
            ..state.asked[number].clone()
        },
        (5, Some(number)) => {
            let ask = state.asked[number].clone();
            something_else(&mut state.rng, ask)
        }
        (6, Some(number)) => {
            let order = state.asked[number].order.clone();
            how_it_stands(&mut state.rng, merchant, order, state.asked[number].key.clone())
        }
        (_, Some(number)) => {
            let order = state.asked[number].order.clone();
            let stored = state.fake_store.order(&format!("{merchant}#{order}"));
            let target = stored.and_then(|order| Some(Target::of(order, payment_of(order)?)));
            let reference = own_or_new(&mut state.rng, stored, format!("c{client}-{wish}"));
            follow_up(&mut state.rng, merchant, order, target, reference)
        }
    };
    if !matches!(ask.route, Route::Card(Asked::Status, _)) {
        state.asked.push(ask.clone());
    }
    ask
}

/// The request for the status of a payment whose id a response returned.
pub(super) fn status_of(ask: &Ask, media: Media) -> Ask {
    let transaction = ask.order.parse().ok();
    let route = Route::Card(Asked::Status, media);
    Ask { route, transaction, data: json!({}), key: None, ..ask.clone() }
}

fn new_payment(rng: &mut Rng, merchant: &'static str, reference: String) -> Ask {
    let card = rng.pick(&["1", "1", "1", "1", "2", "3", "4", "5", "8"]);
    let card = card.map_or(Card::Approves, Card::from_account);
    let mut data = payment(card, 100 + rng.below(3_000));
    if rng.chance(30) {
        data["SaveToFile"] = "true".into();
    }
    if rng.chance(20) {
        data["Discount"] = json!({"DiscountCode": DISCOUNT});
    }
    let asked = if rng.chance(50) { Asked::Authorize } else { Asked::Charge };
    let order = payment_id(merchant, &reference).to_string();
    Ask { merchant, order, route: card_route(rng, asked), transaction: None, data, key: Some(reference) }
}

/// Another amount, another card or the other route under a reference that was used.
fn something_else(rng: &mut Rng, ask: Ask) -> Ask {
    let data = ask.data.clone();
    match (rng.below(3), ask.route) {
        (0, Route::Card(Asked::Authorize, media)) => Ask { route: Route::Card(Asked::Charge, media), ..ask },
        (0, Route::Card(Asked::Charge, media)) => {
            let asked = if ask.transaction.is_none() { Asked::Authorize } else { Asked::Capture };
            Ask { route: Route::Card(asked, media), ..ask }
        }
        (1, _) if ask.transaction.is_none() => {
            let other = payment(Card::Moody, 1);
            let mut data = data;
            data["Card"] = other["Card"].clone();
            Ask { data, ..ask }
        }
        (_, Route::Card(Asked::Void, _)) => ask,
        _ => Ask { data: with_amount(data, Some(1 + rng.below(3_000))), ..ask },
    }
}

fn how_it_stands(rng: &mut Rng, merchant: &'static str, order: String, reference: Option<String>) -> Ask {
    // A follow-up's reference is not its payment's.
    let own = reference.filter(|text| payment_id(merchant, text).to_string() == order && rng.chance(50));
    let transaction = if own.is_none() { order.parse().ok() } else { None };
    Ask { merchant, order, route: card_route(rng, Asked::Status), transaction, data: json!({}), key: own }
}

/// A reference for a follow-up: a new one, or the payment's own, which is a key of its own for each
/// kind of follow-up.
fn own_or_new(rng: &mut Rng, order: Option<&Order>, new: String) -> String {
    let own = order.and_then(payment_of).and_then(|payment| payment.memo.as_ref());
    own.filter(|_| rng.chance(25)).map_or(new, |memo| memo.reference.clone())
}

fn follow_up(
    rng: &mut Rng,
    merchant: &'static str,
    order: String,
    target: Option<Target>,
    reference: String,
) -> Ask {
    let sensible: &[Asked] = match target {
        _ if rng.chance(25) => &[Asked::Capture, Asked::Refund, Asked::Void],
        Some(Target { capturable: true, .. }) => {
            &[Asked::Capture, Asked::Charge, Asked::Capture, Asked::Void]
        }
        Some(Target { refundable: true, .. }) => &[Asked::Refund, Asked::Refund, Asked::Refund, Asked::Void],
        _ => &[Asked::Status],
    };
    let asked = rng.pick(sensible).unwrap_or(Asked::Status);
    let transaction: Option<Uuid> = order.parse().ok();
    let part = target.filter(|_| rng.chance(50)).map(|target| 1 + rng.below(target.amount));
    let (data, key): (Value, _) = match asked {
        Asked::Status => return how_it_stands(rng, merchant, order, None),
        Asked::Void => (json!({}), Some(reference)),
        _ => (with_amount(json!({}), part), Some(reference)),
    };
    Ask { merchant, order, route: card_route(rng, asked), transaction, data, key }
}

fn card_route(rng: &mut Rng, asked: Asked) -> Route {
    let media = rng.pick(&[Media::Json, Media::Json, Media::Json, Media::Xml, Media::XmlForJson]);
    Route::Card(asked, media.unwrap_or(Media::Json))
}

/// The same route, perhaps in another form, which makes no other request of it.
fn in_some_media(rng: &mut Rng, route: Route) -> Route {
    match route {
        Route::Card(asked, _) => card_route(rng, asked),
        route => route,
    }
}
