//! Operations on an existing payment: capture, refund, cancel; and the response to every
//! operation.
//!
//! `capture_mechanism: manual` is rejected, because the gateway would contradict the record of a
//! capture made elsewhere.

use jiff::Timestamp;
use lambda_http::Request;
use tollgate_core::{
    order::{
        Action, Actor, Essentials, FollowUp, Kind, Mechanism, OperationStatus, OrderId, PaymentKind,
        Principal, Reason, Reauthorize, Rejection, Target,
    },
    payments::{Performed, Role},
    people::Audited,
};
use tollgate_wire::{Proposal, Single, Transaction};
use uuid::Uuid;

use crate::{
    access::Access,
    api::{
        Attempt, Caller, Code, Document, Failure, Handled, IGNORE_SCHEME_ADVICE, Members, NotPerformed,
        Reply, Stated, json_document, json_text, must_not_be_stopped, stated,
    },
    elastic_path::{
        caller::idempotency_key,
        order_id,
        payment_methods::keep_saved,
        payments::proposal::{self, PROPOSAL, ProposalTarget, propose},
        request::members::ignores_scheme_advice,
        request::source::CARD_MEMBERS,
        request::{capture_terms, references, seen_version},
        response::{self, View},
    },
    invocation::{deadline, path_parameter},
    ports::{Api, Confirm, stop},
};

/// Longest text that is accepted and not kept.
const TEXT_MAX: usize = 1_000;

/// Longest proposal: a body of 4 KiB, signed and as text.
const PROPOSAL_MAX: usize = 8 * 1024;

/// Whether money is given back although an issuer took it back.
const REFUND_DISPUTED: &str = "refund_disputed";

/// Members that `/payments` takes besides a follow-up's: the seeds require some, and none is used.
const ALSO_IN_PAYMENTS: [&[&str]; 3] =
    [&["gateway", "method", "transaction", "payment"], &CARD_MEMBERS, &["billing_address"]];

handlers! {
    /// `POST …/transactions/{transactionId}/capture`: captures the amount held, or a part.
    capture(Api) => on_transaction(FollowUp::Capture);
    /// `POST …/transactions/{transactionId}/refund`: refunds an amount, or voids a payment that has
    /// not settled.
    refund(Api) => on_transaction(FollowUp::Refund);
    /// `POST …/transactions/{transactionId}/cancel`: a void.
    cancel(Api) => on_transaction(FollowUp::Void);
    /// `POST …/transactions/{transactionId}/reauthorize`: holds anew the amount that a partial
    /// capture released.
    reauthorize(Api) => reauthorized();
    /// `POST …/transactions/{transactionId}/confirm`: sends an inquiry now, records a payment again
    /// that Elastic Path does not show as it is, and returns the resulting transaction.
    confirm(Confirm) => confirmed();
}

async fn confirmed(ports: &Confirm, request: &Request) -> Handled<Single<Transaction>> {
    let Confirm { api, methods } = ports;
    let caller = Caller::with_token(&api.access, request).await?;
    caller.must_have(Role::Pay)?;
    let order = order_id(request)?;
    let id = transaction_id(request)?;
    // The body is not looked at: clients wrap `data` once, twice, or send no JSON, and nothing in
    // it is used.
    let deadline = deadline(request, api.access.now());
    let key = caller.key(order);
    caller.on_record(&api.access, request, |call| Audited::Acted { call }).await?;
    // Before an inquiry is sent.
    if caller.principal == Principal::Implicit {
        let order = api.payments.order(&key).await?;
        caller.readable(request, &order, id)?;
    }
    // An inquiry can have a void follow, so while payments are stopped the record is shown as it
    // is.
    let order = if stop(api.switch.as_ref(), &caller.merchant.id).await?.is_on() {
        api.payments.order(&key).await?
    } else if caller.principal == Principal::ClientCredentials {
        api.payments.confirm_and_record(&caller.merchant, &key, id, deadline).await?
    } else {
        api.payments.confirm(&caller.merchant, &key, id, deadline).await?
    };
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let status = if transaction.pending().is_some() { 202 } else { 200 };
    let mut body = Single { data: response::transaction(&order, transaction, caller.view(api)) };
    if caller.principal == Principal::ClientCredentials {
        keep_saved(methods, &caller, &order, transaction, &mut body.data).await;
    }
    let retry_after_s = stated::retry_after_s(transaction, api.access.now());
    Ok(Reply { retry_after_s, ..Reply::new(status, body) })
}

async fn on_transaction(api: &Api, request: &Request, follow_up: FollowUp) -> Handled<Single<Transaction>> {
    on_named(api, request, what(follow_up), |data, _, transaction| {
        let action = action(data, request, follow_up, Target::Transaction(transaction), &[]);
        let essentials = essentials(follow_up, &action, None);
        Ok((action, essentials))
    })
    .await
}

async fn reauthorized(api: &Api, request: &Request) -> Handled<Single<Transaction>> {
    on_named(api, request, None, |data, caller, transaction| {
        let own = [
            "amount",
            "capture_at",
            "capture",
            "capture_amount",
            IGNORE_SCHEME_ADVICE,
            "options",
            "type",
            "reason",
            "actor",
        ];
        data.only(&own);
        data.nothing_elsewhere(request, &own);
        let _options = data.object("options");
        let amount = data.amount("amount");
        let capture = capture_terms::of_authorization(data, PaymentKind::Authorize, caller)?;
        let ignores_scheme_advice = ignores_scheme_advice(data, caller)?;
        let target = Target::Transaction(transaction);
        let wanted = Reauthorize { target, amount, capture, ignores_scheme_advice };
        // The continued payment tells the request from every new payment.
        let transaction = Some(transaction);
        let essentials = Essentials { amount, transaction, ..Essentials::new(Kind::Authorize) };
        Ok((Action::Reauthorize(wanted), essentials))
    })
    .await
}

/// The route's name of a follow-up that gives money back.
fn what(follow_up: FollowUp) -> Option<&'static str> {
    match follow_up {
        FollowUp::Refund => Some("refund"),
        FollowUp::Void => Some("cancel"),
        FollowUp::Capture => None,
    }
}

/// Performs on the transaction in the path the action that `read` makes of `data`. Where `what`
/// gives money back, a person may submit another person's proposal instead, and a request above
/// their own limit is proposed in turn.
async fn on_named(
    api: &Api,
    request: &Request,
    what: Option<&str>,
    read: impl FnOnce(&mut Members<'_>, &Caller, Uuid) -> Result<(Action, Essentials<'static>), Failure>,
) -> Handled<Single<Transaction>> {
    let caller = Caller::merchant(&api.access, request, Role::Operate).await?;
    must_not_be_stopped(api.switch.as_ref(), &caller.merchant.id).await?;
    let on = OnOrder::named(api, request, &caller)?;
    let transaction = transaction_id(request)?;
    let order = on.order.clone();
    let about = what.map(|what| ProposalTarget { what, order: &order, transaction });
    let text = json_text(request)?;
    let own = json_document(text)?;
    let submitted = match &about {
        Some(about) => submitted(request, &own, about, &caller, &api.access).await?,
        None => None,
    };
    let document = match &submitted {
        Some(proposal) => json_document(proposal.body.get())?,
        None => own,
    };
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside_if_any("data")?;
    let (action, essentials) = read(&mut data, &caller, transaction)?;
    let refund_disputed = data.flag(REFUND_DISPUTED).unwrap_or(false);
    let (actor, reason) = who_and_why(&mut data);
    data.finish()?;
    // The id and not the path's text, so that two spellings of an id are one transaction and one
    // key.
    let key = match &submitted {
        Some(proposal) => Some(proposal::key(proposal)),
        None => idempotency_key(request, &document, &transaction.to_string())?,
    };
    let proposer = submitted.as_ref().and_then(proposal::proposer);
    let mut stated = Stated::new(action, &essentials, key);
    stated.actor = actor;
    stated.reason = reason;
    stated.proposer = proposer;
    stated.refund_disputed = refund_disputed;
    let done = on.carry_out(stated).await;
    let Err(mut failure) = done else { return done };
    if failure.code() == Code::ExceedsRefundMax {
        caller.on_record(&api.access, request, |call| Audited::LimitExceeded { call }).await?;
        if let (None, Some(about), Some(person)) = (&submitted, &about, caller.person()) {
            failure.facts.proposal = propose(&api.access, &caller.merchant, person, about, text);
        }
    }
    Err(failure)
}

/// The proposal that a request submits, if it does; then it states nothing else.
async fn submitted(
    request: &Request,
    document: &Document,
    about: &ProposalTarget<'_>,
    caller: &Caller,
    access: &Access,
) -> Result<Option<Proposal>, Failure> {
    if document.member(&document.root, "data").and_then(|data| document.member(data, PROPOSAL)).is_none() {
        return Ok(None);
    }
    only_data_and_options(document)?;
    let mut data = Members::of(document).inside("data")?;
    data.only(&[PROPOSAL, "options", "type"]);
    data.nothing_elsewhere(request, &[]);
    let _options = data.object("options");
    let text = data.text(PROPOSAL, PROPOSAL_MAX);
    data.finish()?;
    let Some(text) = text else { return Ok(None) };
    Ok(Some(proposal::submitted(text, caller, about, access).await?))
}

/// `/payments` with `method: capture` or `refund`: the named transaction, or the only one that
/// allows it.
pub(in crate::elastic_path) async fn of_order(
    on: OnOrder<'_>,
    document: &Document,
    follow_up: FollowUp,
) -> Handled<Single<Transaction>> {
    on.caller.must_be_merchant(Role::Operate)?;
    only_data_and_options(document)?;
    let mut data = Members::of(document).inside("data")?;
    let named = data.text("transaction", TEXT_MAX);
    let named = named.and_then(|text| {
        text.parse().ok().or_else(|| data.no_value("transaction", "is not a transaction id"))
    });
    let target = named.map_or(Target::OnlyEligible, Target::Transaction);
    let action = action(&mut data, on.request, follow_up, target, &ALSO_IN_PAYMENTS.concat());
    let refund_disputed = data.flag(REFUND_DISPUTED).unwrap_or(false);
    let (actor, reason) = who_and_why(&mut data);
    data.finish()?;
    let key = idempotency_key(on.request, document, "")?;
    let essentials = essentials(follow_up, &action, named);
    let mut stated = Stated::new(action, &essentials, key);
    stated.actor = actor;
    stated.reason = reason;
    stated.refund_disputed = refund_disputed;
    on.carry_out(stated).await
}

/// The transaction in the path. `TransactionNotFound` for a text that is not our kind of id.
pub(in crate::elastic_path) fn transaction_id(request: &Request) -> Result<Uuid, Rejection> {
    path_parameter(request, "transactionId").parse().map_err(|_| Rejection::TransactionNotFound)
}

/// The SDK puts `options` beside `data`. Anything else there is a mistake, such as an amount
/// outside `data`, which would refund everything.
pub(in crate::elastic_path) fn only_data_and_options(document: &Document) -> Result<(), Failure> {
    let mut members = Members::of(document);
    members.only(&["data", "options"]);
    members.finish()
}

fn action(
    data: &mut Members<'_>,
    request: &Request,
    follow_up: FollowUp,
    target: Target,
    also: &[&str],
) -> Action {
    let own: &[&str] = match follow_up {
        FollowUp::Capture => {
            &["amount", "custom_reference", "capture_mechanism", "options", "type", "reason", "actor"]
        }
        FollowUp::Refund => {
            &["amount", "refund_mechanism", REFUND_DISPUTED, "options", "type", "reason", "actor"]
        }
        FollowUp::Void => &["reason", "actor", "reopen", REFUND_DISPUTED, "options", "type"],
    };
    data.only(&[own, also].concat());
    data.nothing_elsewhere(request, own);
    let _options = data.object("options");
    match follow_up {
        FollowUp::Capture => {
            if data.text("capture_mechanism", TEXT_MAX).is_some_and(|mechanism| mechanism != "automatic") {
                let detail = "must be automatic: a capture that was made elsewhere is not recorded here";
                data.problem("capture_mechanism", Code::UnsupportedCaptureMechanism, detail);
            }
            let custom_reference = references::of_capture(data);
            Action::Capture { target, amount: data.amount("amount"), custom_reference }
        }
        FollowUp::Refund => {
            let words = [("automatic", Mechanism::Automatic), ("manual", Mechanism::Manual)];
            let mechanism = data.word("refund_mechanism", TEXT_MAX, &words, "must be automatic or manual");
            Action::Refund { target, amount: data.amount("amount"), mechanism }
        }
        FollowUp::Void => Action::Void { target, reopen: data.flag("reopen").unwrap_or(true) },
    }
}

/// The requester and the reason.
pub(in crate::elastic_path) fn who_and_why(data: &mut Members<'_>) -> (Option<Actor>, Option<Reason>) {
    (data.parsed_text("actor", TEXT_MAX), data.parsed_text("reason", TEXT_MAX))
}

/// The person for whom a key does something by hand, which it has to name. A person who signed in
/// is known, and named nowhere else.
pub(in crate::elastic_path) fn actor_of_key(data: &mut Members<'_>, caller: &Caller) -> Option<Actor> {
    match caller.person() {
        Some(_) if !data.lacks("actor") => {
            data.no_value("actor", "is for a key: a person's own name is kept")
        }
        Some(_) => None,
        None if data.has("actor") => data.parsed_text("actor", TEXT_MAX),
        None => data.missing("actor", "is required of a key, to say which person it is"),
    }
}

/// The parts that make two follow-ups equal. `named` is the transaction in the body, if it names
/// one.
fn essentials(follow_up: FollowUp, action: &Action, named: Option<Uuid>) -> Essentials<'static> {
    let (amount, mechanism) = match action {
        Action::Capture { amount, .. } => (*amount, None),
        Action::Refund { amount, mechanism, .. } => (*amount, *mechanism),
        Action::Pay(_)
        | Action::Reauthorize(_)
        | Action::Void { .. }
        | Action::CaptureDue { .. }
        | Action::VoidCancelled
        | Action::VoidLapsed => (None, None),
    };
    Essentials { amount, transaction: named, mechanism, ..Essentials::new(follow_up.kind()) }
}

/// A request to act on one of the caller's orders.
pub(in crate::elastic_path) struct OnOrder<'a> {
    pub(in crate::elastic_path) api: &'a Api,
    pub(in crate::elastic_path) request: &'a Request,
    pub(in crate::elastic_path) caller: &'a Caller,
    order: OrderId,
    /// The order's version that the request states.
    seen_version: Option<u64>,
}

impl<'a> OnOrder<'a> {
    /// On the order in the path.
    pub(in crate::elastic_path) fn named(
        api: &'a Api,
        request: &'a Request,
        caller: &'a Caller,
    ) -> Result<Self, Failure> {
        let order = order_id(request)?;
        Ok(Self { api, request, caller, order, seen_version: seen_version(request, caller)? })
    }

    /// Performs the stated operation and returns its outcome.
    pub(in crate::elastic_path) async fn carry_out(self, stated: Stated<'_>) -> Handled<Single<Transaction>> {
        let Self { api, caller, .. } = self;
        let performed = self.perform(stated, None).await?;
        reply(&performed, caller.view(api), api.access.now())
    }

    /// Performs the stated operation, a payment as an attempt.
    pub(in crate::elastic_path) async fn perform(
        self,
        mut stated: Stated<'_>,
        attempt: Option<Attempt<'_>>,
    ) -> Result<Performed, NotPerformed> {
        let deadline = deadline(self.request, self.api.access.now());
        stated.seen_version = self.seen_version;
        let key = self.caller.key(self.order);
        stated.perform(&self.api.payments, self.caller, &key, deadline, attempt).await
    }
}

/// The response that an operation's state deserves, whether it was carried out now or earlier.
pub(in crate::elastic_path) fn reply(
    performed: &Performed,
    view: View<'_>,
    now: Timestamp,
) -> Handled<Single<Transaction>> {
    let order = &performed.order;
    let (transaction, operation) = performed.operation()?;
    let status = match transaction.operation_status(operation) {
        OperationStatus::Pending => 202,
        OperationStatus::Done => 200,
        OperationStatus::Declined(decline) => {
            let latest = transaction.latest_of(operation);
            let error = response::declined(order, transaction, latest, decline, view);
            return Err(error.replayed(performed.replayed));
        }
        OperationStatus::NoEffect(reason) => return Err(Failure::from(reason).of(transaction.id)),
    };
    let body = Single { data: response::transaction(order, transaction, view) };
    let retry_after_s = stated::retry_after_s(transaction, now);
    Ok(Reply { replayed: performed.replayed, retry_after_s, ..Reply::new(status, body) })
}
