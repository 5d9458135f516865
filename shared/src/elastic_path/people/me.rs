//! `GET /v2/me`: the caller, its rights, and its merchant's state.

use jiff::Timestamp;
use lambda_http::Request;
use tollgate_core::{
    journal::count_attention,
    order::{MerchantId, Principal},
    payments::{IN_FLIGHT, Merchant, NETWORK_DECLINES, NETWORK_IN_FLIGHT, Role, STOP_KEPT, Stop},
    people::{PersonEntry, RefundMax},
    values::{Amount, Currency},
};
use tollgate_wire::{self as wire, Single, SwitchOwner, constant::MeType};

use crate::{
    api::{Caller, Code, Failure, Handled, Page, Reply},
    elastic_path::{lists::attention::count_value, lists::paging::ROWS_MAX, request::Parameters},
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
    let me = wire::Me {
        kind: MeType,
        id: merchant.id.to_string(),
        merchant: merchant_value(ports, merchant),
        key: key(&caller),
        person: caller.person().map(person),
        may: may(&caller),
        payments: payments(merchant, stop),
        limits: limits(merchant),
        attention: wire::MyAttention { count: count_value(count), as_of: now },
        settlement: settlement(ports, &merchant.id, now).await?,
    };
    Ok(Reply::new(200, Page::from(Single { data: me }).of_now()))
}

fn merchant_value(ports: &Transactions, merchant: &Merchant) -> wire::MyMerchant {
    let currencies = merchant.gateway.accounts.keys().map(|currency| currency.code().to_owned());
    wire::MyMerchant {
        id: merchant.id.to_string(),
        name: merchant.name.clone(),
        time_zone: merchant.policy.zone.as_ref().map_or("UTC", |zone| zone.name()).to_owned(),
        livemode: ports.gateway.is_live(&merchant.gateway.any_route()),
        currencies: currencies.collect(),
        search: wire::MySearch {
            references: merchant.search.references,
            customers: merchant.search.customers,
        },
    }
}

/// The rights of the caller's role, each by the role that it is named after.
fn may(caller: &Caller) -> wire::MyRights {
    wire::MyRights {
        read: caller.has(Role::Read),
        pay: caller.has(Role::Pay),
        operate: caller.has(Role::Operate),
        all: caller.has(Role::All),
    }
}

/// The key that called; `None` where a person did.
fn key(caller: &Caller) -> Option<wire::MyKey> {
    let name = caller.key_name().map(ToString::to_string);
    caller.person().is_none().then(|| wire::MyKey { name, role: caller.role().into() })
}

/// The person who called, with their present rights.
fn person(person: &PersonEntry) -> wire::MyPerson {
    let limit = |(currency, amount): (&Currency, &Amount)| wire::RefundLimit {
        currency: currency.code().to_owned(),
        amount: (*amount).into(),
    };
    let refund_max = match &person.grant.refund_max {
        RefundMax::Unlimited => None,
        RefundMax::By(limits) => Some(limits.iter().map(limit).collect()),
    };
    wire::MyPerson {
        id: person.id,
        name: person.name.to_string(),
        role: person.grant.role.into(),
        refund_max,
    }
}

/// The merchant's switches. Without a stop they could not be read.
fn payments(merchant: &Merchant, stop: Option<Stop>) -> wire::MyPayments {
    let by_switch_of = stop.and_then(|stop| match stop {
        Stop::None => None,
        Stop::Merchant => Some(SwitchOwner::Merchant),
        Stop::All => Some(SwitchOwner::All),
    });
    wire::MyPayments {
        stopped: stop.map(Stop::is_on),
        by_switch_of: by_switch_of.map(Into::into),
        stopped_max_age_seconds: STOP_KEPT.as_secs(),
        captures_paused: merchant.captures_paused,
    }
}

fn limits(merchant: &Merchant) -> wire::MyLimits {
    let shoppers = &merchant.policy.shoppers;
    wire::MyLimits {
        page_rows: ROWS_MAX,
        shoppers: wire::ShopperLimits {
            attempts_per_order: shoppers.attempts,
            declines_per_source_hour: shoppers.declines_per_source_hour,
            declines_per_network_hour: NETWORK_DECLINES,
            payments_in_flight: IN_FLIGHT,
            payments_in_flight_per_network: NETWORK_IN_FLIGHT,
        },
    }
}

/// How many exceptions of the settlement are open, and how far the gateway's reports were read: of
/// the account that was read last of all, null if one was never.
async fn settlement(
    ports: &Transactions,
    merchant: &MerchantId,
    now: Timestamp,
) -> Result<wire::MySettlement, Failure> {
    let stores = &ports.settlement;
    let open = stores.exceptions.count_open(merchant).await?;
    let accounts = stores.progress.of(merchant).await?;
    // None comes before every time.
    let read_at = accounts.iter().map(|account| account.read_at).min().flatten();
    let count =
        wire::ExceptionCount { exceptions: open.exceptions, more: open.more, formatted: open.to_string() };
    Ok(wire::MySettlement { count, as_of: now, read_at: read_at.map(Into::into) })
}
