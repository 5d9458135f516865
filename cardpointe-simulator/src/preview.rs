//! The `surcharge` endpoint: the fee that a card would pay beside an amount.

use serde_json::json;

use crate::{
    amount,
    codes::pps,
    config::Merchant,
    reply::Reply,
    settings::FeeType,
    surcharge::{self, Surcharge},
    world::World,
};

/// The query of a preview; empty members are missing ones. No `Debug`: the token may be a card
/// number.
pub(crate) struct Preview {
    pub(crate) merchid: String,
    pub(crate) token: String,
    pub(crate) postal: String,
    pub(crate) amount: String,
}

/// Whether a card would get a surcharge, and how much. It decides nothing.
pub(crate) fn surcharge(world: &mut World, merchant: &Merchant, asked: &Preview) -> Reply {
    let settings = merchant.settings;
    if settings.fee_type != FeeType::Surcharge {
        return Reply::of(pps::SURCHARGE_NOT_SUPPORTED).with("merchid", merchant.merchid.as_str());
    }
    let missing = |name: &str, value: &str| {
        value.is_empty().then(|| json!({ "field": name, "message": format!("{name} is missing or empty") }))
    };
    let card = world.vault.resolve(&asked.token).ok();
    let token = match &card {
        None => "UNKNOWN",
        Some(card) if card.is_debit() => "DEBIT",
        Some(_) => "CREDIT",
    };
    let postal = match asked.postal.as_str() {
        "" => "UNKNOWN",
        postal if surcharge::is_restricted(postal) => "RESTRICTED",
        _ => "NOT_RESTRICTED",
    };
    let messages: Vec<_> = [("token", &asked.token), ("postal", &asked.postal)]
        .iter()
        .filter_map(|(name, value)| missing(name, value))
        .collect();
    let applies = token == "CREDIT" && postal == "NOT_RESTRICTED";
    let rate = Surcharge::at(if applies { settings.fee_basis_points } else { 0 });
    let subtotal = amount::parse(&json!(asked.amount)).ok();
    Reply::plain()
        .with("token", token)
        .with("postal", postal)
        .with_some("fee_amount", subtotal.map(|subtotal| amount::format(rate.beside(subtotal))))
        .with("messages", messages)
}
