//! `merchant list` and `merchant show`: settings by name, so that a member that is added later is not shown by default.

use serde_json::{Value, json};
use tollgate_core::{
    order::{FeeBasis, MerchantId, OrdersMode, Policy, RefundWithoutAmount},
    payments::Merchant,
    values::Zone,
};

use tollgate::{lambda::GATEWAY, secrets_manager::SecretKind};

use super::{Document, read};
use crate::{aws::Aws, confirm, failure::Failure, place::Place, report::Report};

pub(crate) async fn list(place: &Place) -> Result<Report, Failure> {
    let aws = Aws::new(place)?;
    let mut lines = vec![line(["MERCHANT", "STATE", "ACCOUNT", "ORDERS", "CURRENCIES"].map(str::to_owned))];
    let mut merchants = Vec::new();
    for id in aws.merchants().await? {
        match read(&aws, &id).await {
            Ok(document) => {
                let merchant = &document.merchant;
                let currencies = merchant.gateway.accounts.keys().map(ToString::to_string);
                lines.push(line([
                    id.to_string(),
                    state(merchant).to_owned(),
                    confirm::mode(&merchant.gateway.any_route()).to_owned(),
                    orders(merchant).to_owned(),
                    currencies.collect::<Vec<_>>().join(","),
                ]));
                merchants.push(value(merchant));
            }
            // Deleted meanwhile.
            Err(Failure::NotThere(_)) => {}
            // One document that is wrong must not hide the others.
            Err(Failure::Input(why)) => {
                lines.push(format!("{id:<32}  wrong: {why}"));
                merchants.push(json!({ "merchant": id, "error": why }));
            }
            Err(failure) => return Err(failure),
        }
    }
    let count = merchants.len();
    let (s, at) = (if count == 1 { "" } else { "s" }, place.of_secrets(SecretKind::Merchants)?);
    lines.push(format!("{count} merchant{s}, {at}"));
    let value = json!({
        "stage": place.stage_or_unnamed(), "place": place.secrets_value(SecretKind::Merchants)?, "merchants": merchants,
    });
    Ok(Report::new(lines.join("\n"), value))
}

pub(crate) async fn show(place: &Place, id: &MerchantId) -> Result<Report, Failure> {
    let Document { merchant, .. } = read(&Aws::new(place)?, id).await?;
    let mut value = value(&merchant);
    value["stage"] = json!(place.stage_or_unnamed());
    value["place"] = place.secrets_value(SecretKind::Merchants)?;
    let policy = &merchant.policy;
    let duration = |duration: Option<jiff::SignedDuration>| {
        duration.map_or_else(|| "never".to_owned(), |duration| duration.to_string())
    };
    let accounts = merchant.gateway.accounts.iter().map(|(currency, mid)| format!("{currency} {mid}"));
    let keys = merchant.keys.iter().zip(1..).map(|(key, number)| {
        let name = key.name.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        format!("{number} {name} ({})", key.role.as_str())
    });
    let refund = match policy.refund_without_amount {
        RefundWithoutAmount::Gateway => "gateway",
        RefundWithoutAmount::Mark => "mark",
        RefundWithoutAmount::Reject => "reject",
    };
    let rows = [
        ("state", state(&merchant).to_owned()),
        (
            "gateway",
            format!("{} ({})", merchant.gateway.endpoint, confirm::mode(&merchant.gateway.any_route())),
        ),
        ("MIDs", accounts.collect::<Vec<_>>().join(", ")),
        ("surcharges", surcharges(policy)),
        ("keys", keys.collect::<Vec<_>>().join(", ")),
        ("orders", orders(&merchant).to_owned()),
        ("shopper tokens", yes_no(merchant.shopper_tokens)),
        ("scheduled captures", if merchant.captures_paused { "paused" } else { "on" }.to_owned()),
        (
            "captures after",
            policy.capture.as_ref().map_or_else(|| "only on request".to_owned(), ToString::to_string),
        ),
        ("zone", policy.zone.as_ref().map_or("none", Zone::name).to_owned()),
        ("own holidays", holidays(policy)),
        ("authorizations end after", duration(Some(policy.authorization_lifetime))),
        ("voids lapsed authorizations", yes_no(policy.void_lapsed)),
        ("partial approvals accepted", yes_no(policy.accept_partial_approval)),
        ("declines on AVS", listed(&policy.decline_on.avs)),
        ("declines on CVV", listed(&policy.decline_on.cvv)),
        ("refund without amount", refund.to_owned()),
        ("duplicate window", duration(Some(policy.duplicate_window))),
        ("personal data deleted after", duration(policy.keep_personal_data)),
    ];
    let rows = rows.map(|(name, text)| format!("  {name:<28} {text}"));
    let title = format!("Merchant {id}, {}:", place.of_secrets(SecretKind::Merchants)?);
    Ok(Report::new(format!("{title}\n{}", rows.join("\n")), value))
}

fn line([id, state, account, orders, currencies]: [String; 5]) -> String {
    format!("{id:<32}  {state:<8}  {account:<7}  {orders:<10}  {currencies}")
}

/// The MIDs that add a surcharge, and what names a part there.
fn surcharges(policy: &Policy) -> String {
    if policy.surcharging.is_empty() {
        return "none".to_owned();
    }
    let basis = match policy.fee_basis {
        Some(FeeBasis::Subtotal) => "parts named by subtotal",
        Some(FeeBasis::Total) => "parts named by total",
        None => "no parts captured or refunded",
    };
    format!("{}, {basis}", policy.surcharging.join(", "))
}

fn holidays(policy: &Policy) -> String {
    listed(&policy.holidays.own().map(|day| day.to_string()).collect::<Vec<_>>())
}

fn yes_no(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

fn listed(letters: &[String]) -> String {
    if letters.is_empty() { "nothing".to_owned() } else { letters.join(", ") }
}

fn state(merchant: &Merchant) -> &'static str {
    if merchant.disabled { "stopped" } else { "active" }
}

fn orders(merchant: &Merchant) -> &'static str {
    match merchant.policy.orders {
        OrdersMode::Registered => "registered",
        OrdersMode::External => "external",
    }
}

/// Without keys, signing key, user name and password.
fn value(merchant: &Merchant) -> Value {
    let Merchant { policy, gateway, .. } = merchant;
    let keys = merchant
        .keys
        .iter()
        .map(|key| json!({ "name": key.name.as_ref().map(ToString::to_string), "role": key.role.as_str() }));
    let accounts = gateway.accounts.iter().map(|(currency, mid)| (currency.code().to_owned(), json!(mid)));
    json!({
        "merchant": merchant.id,
        "disabled": merchant.disabled,
        "gateway": gateway.endpoint,
        "livemode": GATEWAY.is_live(&gateway.any_route()),
        "merchids": Value::Object(accounts.collect()),
        "surcharging_merchids": policy.surcharging,
        "fee_basis": policy.fee_basis,
        "keys": keys.collect::<Vec<_>>(),
        "orders": orders(merchant),
        "shopper_tokens": merchant.shopper_tokens,
        "captures_paused": merchant.captures_paused,
        "capture": policy.capture.as_ref().map(ToString::to_string),
        "zone": policy.zone.as_ref().map(Zone::name),
        "holidays": policy.holidays.own().map(|day| day.to_string()).collect::<Vec<_>>(),
        "authorization_lifetime": policy.authorization_lifetime,
        "void_lapsed": policy.void_lapsed,
        "accept_partial_approval": policy.accept_partial_approval,
        "decline_on": policy.decline_on,
        "refund_without_amount": policy.refund_without_amount,
        "duplicate_window": policy.duplicate_window,
        "keep_personal_data": policy.keep_personal_data,
    })
}
