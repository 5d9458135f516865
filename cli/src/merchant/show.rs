//! `merchant list` and `merchant show`: settings by name, so that a member that is added later is
//! not shown by default.

use serde_json::{Value, json};
use tollgate_core::{
    order::{FeeBasis, MerchantId, OrdersMode, Policy, RefundWithoutAmount},
    payments::{Merchant, SwitchOf, SwitchState, Switches as _},
    values::Zone,
};

use tollgate::{dynamodb::orders::switch::DynamoDbSwitch, lambda::GATEWAY, secrets_manager::SecretKind};

use super::read;
use crate::{
    aws::Aws, confirm, failure::Failure, installation::Installation, precondition::unreadable_switch,
    report::Report, stop,
};

pub(crate) async fn list(installation: &Installation) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let mut lines = vec![line(["MERCHANT", "STATE", "ACCOUNT", "ORDERS", "CURRENCIES"].map(str::to_owned))];
    let (mut merchants, switch) = (Vec::new(), switch_if_known(installation, &aws));
    for id in aws.merchants().await? {
        match read(&aws, &id).await {
            Ok(document) => {
                let merchant = &document.merchant;
                let stop = stop_of(switch.as_ref(), &id).await?;
                let currencies = merchant.gateway.accounts.keys().map(ToString::to_string);
                lines.push(line([
                    id.to_string(),
                    state(merchant, stop.as_ref()).to_owned(),
                    confirm::mode(&merchant.gateway.any_route()).to_owned(),
                    orders(merchant).to_owned(),
                    currencies.collect::<Vec<_>>().join(","),
                ]));
                merchants.push(value(merchant, stop.as_ref()));
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
    let (s, at) = (if count == 1 { "" } else { "s" }, installation.of_secrets(SecretKind::Merchants)?);
    lines.push(format!("{count} merchant{s}, {at}"));
    let value = json!({
        "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?, "merchants": merchants,
    });
    Ok(Report::new(lines.join("\n"), value))
}

pub(crate) async fn show(installation: &Installation, id: &MerchantId) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let document = read(&aws, id).await?;
    let (ignored, merchant) = (document.ignored(), document.merchant);
    let stop = stop_of(switch_if_known(installation, &aws).as_ref(), id).await?;
    let mut value = value(&merchant, stop.as_ref());
    value["stage"] = json!(installation.stage_or_unnamed());
    value["place"] = installation.secrets_value(SecretKind::Merchants)?;
    value["ignored"] = json!(ignored);
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
        ("state", state(&merchant, stop.as_ref()).to_owned()),
        ("payments", stop.as_ref().map_or_else(|| "not looked up: name the table".to_owned(), payments)),
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
        ("captures disputed orders", yes_no(policy.capture_disputed)),
        ("voids lapsed authorizations", yes_no(policy.void_lapsed)),
        ("partial approvals accepted", yes_no(policy.accept_partial_approval)),
        ("declines on AVS", listed(&policy.decline_on.avs)),
        ("declines on CVV", listed(&policy.decline_on.cvv)),
        ("refund without amount", refund.to_owned()),
        ("duplicate window", duration(Some(policy.duplicate_window))),
        ("personal data deleted after", duration(policy.keep_personal_data)),
        ("found by own references", yes_no(merchant.search.references)),
        ("found by customers", yes_no(merchant.search.customers)),
    ];
    let ignored = ignored.into_iter().map(|found| ("ignored", found));
    let rows = rows.into_iter().chain(ignored).map(|(name, text)| format!("  {name:<28} {text}"));
    let title = format!("Merchant {id}, {}:", installation.of_secrets(SecretKind::Merchants)?);
    Ok(Report::new(format!("{title}\n{}", rows.collect::<Vec<_>>().join("\n")), value))
}

fn line([id, state, account, orders, currencies]: [String; 5]) -> String {
    format!("{id:<32}  {state:<8}  {account:<7}  {orders:<10}  {currencies}")
}

/// The MIDs that add a surcharge, and the word for a part there.
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

/// The switches of payments, if the table is known: a list of merchants needs no table.
fn switch_if_known(installation: &Installation, aws: &Aws) -> Option<DynamoDbSwitch> {
    aws.switch(installation).ok()
}

async fn stop_of(switch: Option<&DynamoDbSwitch>, id: &MerchantId) -> Result<Option<SwitchState>, Failure> {
    let Some(switch) = switch else { return Ok(None) };
    let state = switch.state(&SwitchOf::Merchant(id.clone())).await;
    state.map(Some).map_err(|error| unreadable_switch(&error))
}

fn state(merchant: &Merchant, stop: Option<&SwitchState>) -> &'static str {
    match (merchant.disabled, stop.is_some_and(|stop| stop.stopped)) {
        (true, _) => "disabled",
        (false, true) => "stopped",
        (false, false) => "active",
    }
}

fn payments(stop: &SwitchState) -> String {
    format!("{}, {}", if stop.stopped { "STOPPED" } else { "enabled" }, stop::since(stop))
}

fn orders(merchant: &Merchant) -> &'static str {
    match merchant.policy.orders {
        OrdersMode::Registered => "registered",
        OrdersMode::External => "external",
        OrdersMode::ElasticPath => "elastic_path",
    }
}

/// Without keys, signing key, user name and password.
fn value(merchant: &Merchant, stop: Option<&SwitchState>) -> Value {
    let Merchant { policy, gateway, .. } = merchant;
    let keys = merchant
        .keys
        .iter()
        .map(|key| json!({ "name": key.name.as_ref().map(ToString::to_string), "role": key.role.as_str() }));
    let accounts = gateway.accounts.iter().map(|(currency, mid)| (currency.code().to_owned(), json!(mid)));
    json!({
        "merchant": merchant.id,
        "disabled": merchant.disabled,
        "stopped": stop.map(|stop| stop.stopped),
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
        "capture_disputed": policy.capture_disputed,
        "void_lapsed": policy.void_lapsed,
        "accept_partial_approval": policy.accept_partial_approval,
        "decline_on": policy.decline_on,
        "refund_without_amount": policy.refund_without_amount,
        "duplicate_window": policy.duplicate_window,
        "keep_personal_data": policy.keep_personal_data,
        "search": { "references": merchant.search.references, "customers": merchant.search.customers },
    })
}
