//! `GET /v2/stop` and `PUT /v2/stop`: whether a merchant's payments are stopped, by whom and why,
//! and the switch itself.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    order::{Actor, Reason},
    payments::{Role, SwitchChange, SwitchOf, SwitchState, Thrown, throw},
};

use crate::{
    api::{Caller, Code, Failure, Handled, Members, Reply, json_body},
    elastic_path::{
        payments::follow_up::{only_data_and_options, who_and_why},
        request::Parameters,
        response::{enveloped, seconds, who_and_why as shown_who_and_why},
    },
    ports::StopSwitch,
};

handlers! {
    /// `GET /v2/stop`: whether the merchant's payments are stopped, since when, by whom and why,
    /// and earlier changes.
    get_stop(StopSwitch) => read();
    /// `PUT /v2/stop`: stops the merchant's payments, or lets them go on.
    put_stop(StopSwitch) => write();
}

/// Why a merchant's request does not start its payments.
const HELD: &str = "the operator of this service stopped these payments, and alone can let them go on";

struct Wanted {
    stopped: bool,
    actor: Option<Actor>,
    reason: Reason,
}

async fn read(ports: &StopSwitch, request: &Request) -> Handled<Value> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let of = SwitchOf::Merchant(caller.merchant.id.clone());
    let state = ports.switches.state(&of).await?;
    shown(ports, &state).await
}

async fn write(ports: &StopSwitch, request: &Request) -> Handled<Value> {
    let caller = Caller::merchant(&ports.access, request, Role::All).await?;
    Parameters::none(request)?;
    let Wanted { stopped, actor, reason } = wanted(request)?;
    let by = caller.attribution(actor.as_ref(), Some(&reason));
    let change = SwitchChange { stopped, at: ports.access.now(), by, by_operator: false };
    let of = SwitchOf::Merchant(caller.merchant.id.clone());
    match throw(ports.switches.as_ref(), &of, &change).await? {
        Thrown::Changed(state) | Thrown::AsItWas(state) => shown(ports, &state).await,
        Thrown::HeldByOperator => Err(Failure::new(Code::Forbidden, HELD)),
    }
}

fn wanted(request: &Request) -> Result<Wanted, Failure> {
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["stopped", "reason", "actor", "type"]);
    let required = "is required";
    let stopped =
        if data.is_null("stopped") { data.missing("stopped", required) } else { data.flag("stopped") };
    let (actor, reason) = who_and_why(&mut data);
    let reason = if data.has("reason") { reason } else { data.missing("reason", required) };
    data.finish()?;
    // A missing member was already noted as a problem.
    let (stopped, reason) = stopped.zip(reason).ok_or_else(Failure::unreadable)?;
    Ok(Wanted { stopped, actor, reason })
}

async fn shown(ports: &StopSwitch, state: &SwitchState) -> Handled<Value> {
    let all_stopped = ports.switch.all_stopped().await?;
    let history: Vec<Value> = state.changes.iter().rev().map(shown_change).collect();
    let body = json!({
        "type": "stop",
        "stopped": state.stopped,
        "all_stopped": all_stopped,
        "last_change": history.first(),
        "history": history,
    });
    Ok(Reply::new(200, enveloped(body)))
}

fn shown_change(change: &SwitchChange) -> Value {
    let mut shown = json!(change.by.as_deref().map(shown_who_and_why).unwrap_or_default());
    shown["stopped"] = json!(change.stopped);
    shown["at"] = json!(seconds(change.at));
    shown["by_operator"] = json!(change.by_operator);
    shown
}
