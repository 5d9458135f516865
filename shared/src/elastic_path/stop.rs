//! `GET /v2/stop` and `PUT /v2/stop`: whether a merchant's payments are stopped, by whom and why,
//! and the switch itself.

use lambda_http::Request;
use tollgate_core::{
    order::{Actor, Reason},
    payments::{Role, SwitchChange, SwitchOf, SwitchState, Thrown, throw},
};
use tollgate_wire::{self as wire, Attribution, Single, constant::StopType};

use crate::{
    api::{Caller, Code, Failure, Handled, Members, Reply, json_body},
    elastic_path::{
        payments::follow_up::{only_data_and_options, who_and_why},
        request::Parameters,
        response::who_and_why as shown_who_and_why,
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

async fn read(ports: &StopSwitch, request: &Request) -> Handled<Single<wire::Stop>> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let of = SwitchOf::Merchant(caller.merchant.id.clone());
    let state = ports.switches.state(&of).await?;
    shown(ports, &state).await
}

async fn write(ports: &StopSwitch, request: &Request) -> Handled<Single<wire::Stop>> {
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

async fn shown(ports: &StopSwitch, state: &SwitchState) -> Handled<Single<wire::Stop>> {
    let all_stopped = ports.switch.all_stopped().await?;
    let history: Vec<_> = state.changes.iter().rev().map(shown_change).collect();
    let stop = wire::Stop {
        kind: StopType,
        stopped: state.stopped,
        all_stopped,
        last_change: history.first().cloned(),
        history,
    };
    Ok(Reply::new(200, Single { data: stop }))
}

fn shown_change(change: &SwitchChange) -> wire::StopChange {
    wire::StopChange {
        by: change.by.as_deref().map_or_else(Attribution::default, shown_who_and_why),
        stopped: change.stopped,
        at: change.at.into(),
        by_operator: change.by_operator,
    }
}
