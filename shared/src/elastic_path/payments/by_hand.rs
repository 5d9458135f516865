//! Settling by hand: a concern that people have seen, and an outcome that the gateway cannot state.

use lambda_http::Request;
use tollgate_core::{
    journal::{Concern, SeenStatement, concerned, see},
    order::{HandVerdict, Order, Reason, Rejection},
    payments::{HandDecision, Role, Sender},
};
use tollgate_wire::{Single, Transaction};
use uuid::Uuid;

use crate::{
    api::{Caller, Code, Failure, Handled, Members, Reply, json_body},
    elastic_path::{
        order_id,
        payments::follow_up::{actor_of_key, only_data_and_options, transaction_id},
        request::seen_version,
        response::{self, single::attention},
    },
    invocation::path_parameter,
    ports::{Api, Confirm},
};

/// Longest text that is looked at, in characters; kept texts have limits of their own.
const TEXT_MAX: usize = 1_000;

handlers! {
    /// `POST …/transactions/{transactionId}/attention/{code}/seen`: a named person has seen a
    /// reason for attention that fades. It can be repeated.
    see_attention(Api) => seen();
    /// `POST …/transactions/{transactionId}/decide`: a person decides an outcome that the gateway
    /// does not state. It can be repeated.
    decide(Confirm) => decided();
}

async fn seen(api: &Api, request: &Request) -> Handled<Single<Transaction>> {
    let caller = Caller::merchant(&api.access, request, Role::Operate).await?;
    let (key, seen_version) = (caller.key(order_id(request)?), seen_version(request, &caller)?);
    let transaction = transaction_id(request)?;
    let concern = Concern::from_name(&path_parameter(request, "code"));
    let concern = concern
        .ok_or_else(|| Failure::new(Code::NotFound, "there is no reason for attention with this code"))?;
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["actor", "reason", "type"]);
    let actor = actor_of_key(&mut data, &caller);
    let reason: Option<Reason> = data.required_parsed_text("reason", TEXT_MAX);
    data.finish()?;
    let by = caller.attribution(actor.as_ref(), reason.as_ref());
    let sender = Sender { by: by.as_deref(), seen_version };
    let statement = SeenStatement { transaction, concern, sender };
    let order = see(api.payments.store.as_ref(), api.access.clock.as_ref(), &key, statement).await?;
    shown(api, &caller, &order, transaction)
}

async fn decided(ports: &Confirm, request: &Request) -> Handled<Single<Transaction>> {
    let api = &ports.api;
    let caller = Caller::merchant(&api.access, request, Role::All).await?;
    let person = caller.person().ok_or_else(|| {
        Failure::new(Code::Forbidden, "only a person who signed in decides an outcome, and no key does")
    })?;
    let (key, transaction) = (caller.key(order_id(request)?), transaction_id(request)?);
    let document = json_body(request)?;
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside("data")?;
    data.only(&["outcome", "reason", "retref", "type"]);
    let words = [("done", HandVerdict::Done), ("not_done", HandVerdict::NotDone)];
    let outcome = if data.has("outcome") {
        data.word("outcome", TEXT_MAX, &words, "must be done or not_done")
    } else {
        data.missing("outcome", "is required")
    };
    let reason: Option<Reason> = data.required_parsed_text("reason", TEXT_MAX);
    let reference = data.text("retref", TEXT_MAX).map(|text| text.trim().to_owned());
    data.finish()?;
    // A missing member was already noted as a problem.
    let (verdict, reason) = outcome.zip(reason).ok_or_else(Failure::unreadable)?;
    let decision = HandDecision {
        verdict,
        by: person.name.to_string().parse().map_err(|_| Failure::unreadable())?,
        person: Some(person.name.clone()),
        reason,
        reference: reference.filter(|text| !text.is_empty()),
    };
    let order = api.payments.decide_by_hand(&caller.merchant, &key, transaction, &decision).await?;
    shown(api, &caller, &order, transaction)
}

/// The payment, with the reasons for attention that are left.
fn shown(api: &Api, caller: &Caller, order: &Order, id: Uuid) -> Handled<Single<Transaction>> {
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let mut data = response::transaction(order, transaction, caller.view(api));
    if let Some(own) = &mut data.meta.for_merchant {
        own.needs_attention = Some(attention(&concerned(order, transaction, api.access.now())));
    }
    Ok(Reply::new(200, Single { data }))
}
