//! The facts that the first six digits of a card tell: the `bin` endpoint, and `binInfo` of an
//! authorization.

use serde_json::{Value, json};

use crate::{
    cards::{Brand, Card},
    config::Merchant,
    reply::Reply,
    world::World,
};

/// The data of a token's card.
pub(crate) fn look_up(world: &mut World, merchant: &Merchant, token: &str) -> Reply {
    let known = world.vault.resolve(token).ok().and_then(|card| members(&card));
    match known {
        Some(members) => members
            .into_iter()
            .fold(Reply::plain(), |reply, (name, value)| reply.with(name, value))
            .with_some("success", merchant.settings.bin_success.then_some(true)),
        None => Reply::plain().with("success", true).with("errormsg", "No bin information found."),
    }
}

/// The same as a member of an authorization's response.
pub(crate) fn info(card: &Card) -> Option<Value> {
    let members = members(card)?;
    Some(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    )
}

/// Only Visa and Mastercard have more than country, product and number. The issuers are not
/// simulated.
fn members(card: &Card) -> Option<Vec<(&'static str, Value)>> {
    let product = match card.brand {
        Brand::Amex => "A",
        // Diners and JCB run over Discover's network in the US; no source names a letter of their
        // own.
        Brand::Discover | Brand::Diners | Brand::Jcb => "D",
        Brand::Mastercard => "M",
        Brand::Visa => "V",
        Brand::Check => return None,
    };
    let mut members = vec![("country", json!("USA")), ("product", json!(product)), ("bin", json!(card.bin))];
    if matches!(card.brand, Brand::Visa | Brand::Mastercard) {
        let (usage, subtype) = if card.is_debit() {
            ("Debit Hybrid (PIN and Signature)", "Consumer Debit")
        } else {
            ("True credit, No PIN/Signature capability", "Consumer Credit")
        };
        let range = format!("{}XXX", card.bin);
        members.extend([
            ("cardusestring", json!(usage)),
            ("gsa", json!(false)),
            ("corporate", json!(false)),
            ("fsa", json!(false)),
            ("subtype", json!(subtype)),
            ("purchase", json!(false)),
            ("prepaid", json!(false)),
            ("issuer", json!("")),
            ("binlo", json!(range)),
            ("binhi", json!(range)),
        ]);
    }
    Some(members)
}
