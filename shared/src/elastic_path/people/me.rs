//! `GET /v2/me`: the caller, its rights, and its merchant's state.

use jiff::Timestamp;
use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::count_attention,
    order::{MerchantId, Principal},
    payments::{IN_FLIGHT, NETWORK_DECLINES, NETWORK_IN_FLIGHT, Role, STOP_KEPT, Stop},
    people::{PersonEntry, RefundMax},
    values::{Amount, Currency},
};

use crate::{
    api::{Caller, Code, Failure, Handled, Page, Reply},
    elastic_path::{
        lists::attention::count_value,
        lists::paging::ROWS_MAX,
        request::Parameters,
        response::{enveloped, seconds},
    },
    ports::Transactions,
};

handlers! {
    /// `GET /v2/me`: for every role. A shopper has none.
    get_me(Transactions) => me();
}

async fn me(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::with_token(&ports.access, request).await?;
    if caller.principal != Principal::ClientCredentials {
        return Err(Failure::new(Code::Forbidden, "this needs a client_credentials token"));
    }
    Parameters::none(request)?;
    let (merchant, now) = (&caller.merchant, ports.access.now());
    let count = count_attention(ports.agenda.as_ref(), &merchant.id, now).await?;
    // The stop is reported, not obeyed: a switch that cannot be read stops payments, and this page
    // still opens.
    let stop = ports.switch.stop(&merchant.id).await.ok();
    let by_switch_of = stop.and_then(|stop| match stop {
        Stop::None => None,
        Stop::Merchant => Some("merchant"),
        Stop::All => Some("all"),
    });
    let shoppers = &merchant.policy.shoppers;
    Ok(Reply::new(
        200,
        Page::from(enveloped::<_, Value>(json!({
            "type": "me",
            "id": merchant.id,
            "merchant": {
                "id": merchant.id,
                "name": merchant.name,
                "time_zone": merchant.policy.zone.as_ref().map_or("UTC", |zone| zone.name()),
                "livemode": ports.gateway.is_live(&merchant.gateway.any_route()),
                "currencies": merchant.gateway.accounts.keys().map(|currency| currency.code()).collect::<Vec<_>>(),
            },
            "key": key(&caller),
            "person": caller.person().map(person),
            "may": may(&caller),
            "payments": {
                "stopped": stop.map(Stop::is_on),
                "by_switch_of": by_switch_of,
                "stopped_max_age_seconds": STOP_KEPT.as_secs(),
                "captures_paused": merchant.captures_paused,
            },
            "limits": {
                "page_rows": ROWS_MAX,
                "shoppers": {
                    "attempts_per_order": shoppers.attempts,
                    "declines_per_source_hour": shoppers.declines_per_source_hour,
                    "declines_per_network_hour": NETWORK_DECLINES,
                    "payments_in_flight": IN_FLIGHT,
                    "payments_in_flight_per_network": NETWORK_IN_FLIGHT,
                },
            },
            "attention": {"count": count_value(count), "as_of": now},
            "settlement": settlement(ports, &merchant.id, now).await?,
        })))
        .of_now(),
    ))
}

/// The rights of the caller's role, each by the role that it is named after.
fn may(caller: &Caller) -> Value {
    Role::ALL.iter().map(|role| (role.as_str(), caller.has(*role))).collect()
}

/// The key that called; `None` where a person did.
fn key(caller: &Caller) -> Value {
    if caller.person().is_some() {
        return Value::Null;
    }
    json!({"name": caller.key_name().map(ToString::to_string), "role": caller.role().as_str()})
}

/// The person who called, with their present rights.
fn person(person: &PersonEntry) -> Value {
    let limit = |(currency, amount): (&Currency, &Amount)| json!({"currency": currency.code(), "amount": amount.minor()});
    let refund_max = match &person.grant.refund_max {
        RefundMax::Unlimited => Value::Null,
        RefundMax::By(limits) => limits.iter().map(limit).collect(),
    };
    json!({
        "id": person.id,
        "name": person.name.to_string(),
        "role": person.grant.role.as_str(),
        "refund_max": refund_max,
    })
}

/// How many exceptions of the settlement are open, and how far the gateway's reports were read: of
/// the account that was read last of all, null if one was never.
async fn settlement(ports: &Transactions, merchant: &MerchantId, now: Timestamp) -> Result<Value, Failure> {
    let stores = &ports.settlement;
    let open = stores.exceptions.count_open(merchant).await?;
    let accounts = stores.progress.of(merchant).await?;
    // None comes before every time.
    let read_at = accounts.iter().map(|account| account.read_at).min().flatten();
    let count = json!({"exceptions": open.exceptions, "more": open.more, "formatted": open.to_string()});
    Ok(json!({"count": count, "as_of": now, "read_at": read_at.map(seconds)}))
}
