//! Payments from checking accounts, which `ProfitStars` runs.

use crate::{
    cards::{Brand, Card},
    codes::{Verdict, pps, pstr},
    config::Merchant,
    fields::Fields,
    transaction::Transaction,
    world::World,
};

/// `avsresp` and `cvvresp`: neither is verified.
pub(crate) const NOT_VERIFIED: &str = "U";

/// The weights of a routing number's nine digits, the last of which is its check digit.
const WEIGHTS: [u32; 9] = [3, 7, 1, 3, 7, 1, 3, 7, 1];

/// The digits of an account number that a token ends with.
const LAST_FOUR: usize = 4;

/// Whether a request pays from a checking account.
pub(crate) fn pays(fields: &Fields) -> bool {
    let account_type = fields.text_or_empty("accttype").to_ascii_uppercase();
    ["ECHK", "ESAV"].contains(&account_type.as_str()) || fields.text("bankaba").is_some()
}

/// The checking account that pays, after the gateway's checks of it, and the host's.
pub(crate) fn card(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    transaction: &mut Transaction,
) -> Result<Card, Verdict> {
    if !merchant.settings.echeck {
        return Err(pps::NO_ECHECK);
    }
    let linked = merchant.settings.echeck_merchid.text().map(ToOwned::to_owned);
    transaction.linked_merchid = linked.or(transaction.linked_merchid.take());
    let routing = fields.text("bankaba");
    let card = account(world, fields, routing.as_deref())?;
    transaction.set_card(&card);
    routing.map_or(Ok(()), |routing| check_routing_number(&routing))?;
    Ok(card)
}

/// The checking account that a token, or a routing number and an account number, names.
fn account(world: &mut World, fields: &Fields, routing: Option<&str>) -> Result<Card, Verdict> {
    let account = fields.text_or_empty("account");
    let is_number = |text: &str| text.len() >= LAST_FOUR && text.bytes().all(|byte| byte.is_ascii_digit());
    match routing {
        Some(routing) if is_number(routing) && is_number(&account) => {
            Ok(world.vault.checking_account(routing, &account))
        }
        Some(_) => Err(pps::INVALID_CARD),
        None => world.vault.resolve(&account).and_then(|card| match card.brand {
            Brand::Check => Ok(card),
            _ => Err(pps::INVALID_CARD),
        }),
    }
}

/// One of another length is refused by the gateway, one with a wrong check digit by the host.
fn check_routing_number(routing: &str) -> Result<(), Verdict> {
    let digits: Vec<u32> = routing.chars().filter_map(|digit| digit.to_digit(10)).collect();
    if digits.len() != WEIGHTS.len() {
        return Err(pps::INVALID_CARD);
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    if sum.is_multiple_of(10) { Ok(()) } else { Err(pstr::BAD_ROUTING_NUMBER) }
}
