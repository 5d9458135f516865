//! The functions, and the work that Lambda does around them.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use lambda_http::{Body, Context, Request, RequestExt, Response, request::LambdaRequest};
use serde_json::{Value, json};
use tokio::sync::watch;
use tollgate::{
    dynamodb::stream::StreamResponse,
    invocation::deadline_of,
    lambda::{GATEWAY, RequestEvent},
    ports::{
        Api, Checkout, Confirm, Deliveries, Job, JournalKeeper, JournalTotals, Orders, Personnel, StopSwitch,
        StoredCards, Tokens, Transactions,
    },
};
use tollgate_core::{
    payments::{CaptureSettings, Deadline, reconcile::ReconcileLimits},
    settlement::Settlement,
    values::Clock,
    webhooks::{Delivering, EventBus},
};
use tracing::instrument::WithSubscriber as _;
use uuid::Uuid;

use crate::{console::ConsoleProcess, permissions::acting_as};

/// The dependencies of each function's handler. All functions share one process here.
pub struct Ports {
    /// `token`.
    pub tokens: Arc<Tokens>,
    /// `orders`.
    pub orders: Arc<Orders>,
    /// `capture`, `refund` and `void`.
    pub api: Arc<Api>,
    /// `confirm`.
    pub confirm: Arc<Confirm>,
    /// `authorize`, `purchase` and `payments`.
    pub checkout: Arc<Checkout>,
    /// `payment-methods`.
    pub stored_cards: Arc<StoredCards>,
    /// `transactions`.
    pub transactions: Arc<Transactions>,
    /// `deliveries`.
    pub deliveries: Arc<Deliveries>,
    /// `console`.
    pub console: Arc<ConsoleProcess>,
    /// `people`.
    pub personnel: Arc<Personnel>,
    /// `switches`.
    pub stop_switch: Arc<StopSwitch>,
    /// `reconcile`.
    pub inquiries: Arc<Job<ReconcileLimits>>,
    /// `scheduled-capture`.
    pub captures: Arc<Job<CaptureSettings>>,
    /// `totals`.
    pub totals: Arc<JournalTotals>,
    /// `settlement`.
    pub settlement: Arc<Settlement>,
}

/// A handler, as a function's package exports it.
pub type Handler = fn(&Ports, Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Every function: the name of its binary and its handler. A test compares it with `template.yaml`,
/// both ways.
pub const TABLE: &[(&str, Handler)] = &[
    ("authorize", |ports, request| Box::pin(authorize::handle(ports.checkout.clone(), request))),
    ("capture", |ports, request| Box::pin(capture::handle(ports.api.clone(), request))),
    ("confirm", |ports, request| Box::pin(confirm::handle(ports.confirm.clone(), request))),
    ("console", |ports, request| {
        let console = ports.console.clone();
        Box::pin(async move { console.handle(request).await })
    }),
    ("deliveries", |ports, request| Box::pin(deliveries::handle(ports.deliveries.clone(), request))),
    ("orders", |ports, request| Box::pin(orders::handle(ports.orders.clone(), request))),
    ("payment-methods", |ports, request| {
        Box::pin(payment_methods::handle(ports.stored_cards.clone(), request))
    }),
    ("payments", |ports, request| Box::pin(payments::handle(ports.checkout.clone(), request))),
    ("people", |ports, request| Box::pin(people::handle(ports.personnel.clone(), request))),
    ("purchase", |ports, request| Box::pin(purchase::handle(ports.checkout.clone(), request))),
    ("refund", |ports, request| Box::pin(refund::handle(ports.api.clone(), request))),
    ("switches", |ports, request| Box::pin(switches::handle(ports.stop_switch.clone(), request))),
    ("token", |ports, request| Box::pin(token::handle(ports.tokens.clone(), request))),
    ("transactions", |ports, request| Box::pin(transactions::handle(ports.transactions.clone(), request))),
    ("void", |ports, request| Box::pin(void::handle(ports.api.clone(), request))),
];

/// A handler that a schedule invokes with an event; its report is the invocation's result. An event
/// that it cannot read is an error before anything is done.
pub type Scheduled =
    fn(&Ports, &str, Deadline) -> serde_json::Result<Pin<Box<dyn Future<Output = Value> + Send>>>;

/// Every function that a schedule invokes. Compared with `template.yaml` like the others.
pub const SCHEDULED: &[(&str, Scheduled)] = &[
    ("reconcile", |ports, event, deadline| {
        let (event, job) = (serde_json::from_str(event)?, ports.inquiries.clone());
        Ok(Box::pin(async move { json!(reconcile::handle(job, event, deadline).await) }))
    }),
    ("totals", |ports, event, deadline| {
        let (event, journal) = (serde_json::from_str(event)?, ports.totals.clone());
        Ok(Box::pin(async move { json!(totals::handle(journal, event, deadline).await) }))
    }),
    ("settlement", |ports, event, deadline| {
        let (event, settlement) = (serde_json::from_str(event)?, ports.settlement.clone());
        Ok(Box::pin(async move { json!(settlement::handle(settlement, event, deadline).await) }))
    }),
    ("scheduled-capture", |ports, event, deadline| {
        let (request, job) = (serde_json::from_str(event)?, ports.captures.clone());
        Ok(Box::pin(async move { json!(scheduled_capture::handle(job, request, deadline).await) }))
    }),
];

/// The dependencies of the consumers of the table's stream.
#[derive(Clone)]
pub struct Consumers {
    /// The keeper of the journal.
    pub journal: JournalKeeper,
    /// Where events about orders are published.
    pub bus: Arc<dyn EventBus>,
    /// Sends webhooks when deliveries are added.
    pub delivering: Arc<Delivering>,
}

/// A handler that the table's stream is handed to.
pub type Streamed = fn(Consumers, &str) -> serde_json::Result<Pin<Box<dyn Future<Output = Value> + Send>>>;

/// Every function that consumes the table's stream. Compared with `template.yaml` like the others.
pub const STREAMED: &[(&str, Streamed)] = &[
    ("events", |consumers, event| {
        let event = serde_json::from_str(event)?;
        Ok(Box::pin(async move {
            let report = events::handle(consumers.bus, GATEWAY, event).await;
            json!(StreamResponse::failed_from(report.failed.as_deref()))
        }))
    }),
    ("journal", |consumers, event| {
        let event = serde_json::from_str(event)?;
        Ok(Box::pin(async move {
            let report = journal::handle(consumers.journal, event).await;
            json!(StreamResponse::failed_from(report.failed.as_deref()))
        }))
    }),
    // A schedule invokes this one, too.
    ("webhooks", |consumers, event| {
        let event = serde_json::from_str(event)?;
        Ok(Box::pin(async move {
            let report = webhooks::handle(consumers.delivering, event).await;
            json!(StreamResponse::failed_from(report.failed.as_deref()))
        }))
    }),
];

/// The names of all functions that events other than requests invoke.
pub fn invoked_by_events() -> impl Iterator<Item = &'static str> {
    SCHEDULED.iter().map(|(name, _)| *name).chain(STREAMED.iter().map(|(name, _)| *name))
}

/// Why an invocation has no response of the function's own.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// No function has that name.
    #[error("there is no function named {0}")]
    NoSuchFunction(String),
    /// The event is none that the function takes.
    #[error("the event cannot be read: {0}")]
    BadEvent(String),
    /// The handler panicked before it returned.
    #[error("the function panicked")]
    Panicked,
    /// The handler took longer than the function may, and was dropped.
    #[error("the function was stopped after {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The stack stopped meanwhile.
    #[error("the local stack is stopping")]
    Stopping,
}

/// All functions with their shared parts, as warm processes would have it.
pub(crate) struct Functions {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) table: BTreeMap<&'static str, Handler>,
    /// Replaced by a cold start.
    pub(crate) ports: RwLock<Arc<Ports>>,
    /// The dependencies of the stream's consumers. Replaced likewise.
    pub(crate) consumers: RwLock<Consumers>,
    pub(crate) timeout: Duration,
    /// In its place, for the functions that have their own.
    pub(crate) timeouts: BTreeMap<String, Duration>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Functions {
    /// The same functions in a process of their own.
    pub(crate) fn apart(&self, ports: Arc<Ports>, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            table: self.table.clone(),
            ports: RwLock::new(ports),
            consumers: RwLock::new(self.consumers()),
            timeout: self.timeout,
            timeouts: self.timeouts.clone(),
            stop: self.stop.clone(),
        }
    }

    /// From now on every invocation finds a process without caches and connections.
    pub(crate) fn cold_start(&self, ports: Arc<Ports>, consumers: Consumers) {
        *self.ports.write().unwrap_or_else(PoisonError::into_inner) = ports;
        *self.consumers.write().unwrap_or_else(PoisonError::into_inner) = consumers;
    }

    pub(crate) fn consumers(&self) -> Consumers {
        self.consumers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn ports(&self) -> Arc<Ports> {
        Arc::clone(&self.ports.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls a function as Lambda would: with a deadline, and stopped when that has passed.
    pub(crate) async fn invoke(&self, name: &str, event: &str) -> Result<Response<Body>, InvokeError> {
        let (run, mut stop) = (self.run(name, event), self.stop.clone());
        // A task of its own, because Lambda goes on when the caller hangs up, and because a panic
        // ends only the task.
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => Err(InvokeError::Stopping),
                answer = run => answer,
            }
        });
        task.await.unwrap_or_else(|error| {
            Err(if error.is_panic() { InvokeError::Panicked } else { InvokeError::Stopping })
        })
    }

    /// The invocation itself, to be awaited wherever the caller likes.
    pub(crate) fn run(
        &self,
        name: &str,
        event: &str,
    ) -> impl Future<Output = Result<Response<Body>, InvokeError>> + Send + 'static {
        let handler =
            self.table.get(name).copied().ok_or_else(|| InvokeError::NoSuchFunction(name.to_owned()));
        let ports = self.ports();
        let (event, context, limit) = (event.to_owned(), self.context(name), self.timeout_of(name));
        let name = name.to_owned();
        async move {
            let handler = handler?;
            let request: RequestEvent =
                serde_json::from_str(&event).map_err(|error| InvokeError::BadEvent(error.to_string()))?;
            let request = Request::from(LambdaRequest::from(request)).with_lambda_context(context);
            let answer = tokio::time::timeout(limit, acting_as(name, handler(&ports, request))).await;
            answer.map_err(|_| InvokeError::TimedOut(limit))
        }
    }

    /// Invokes a function as its schedule or the table's stream does, and returns its result.
    pub(crate) async fn invoke_with_event(&self, name: &str, event: &str) -> Result<Value, InvokeError> {
        let scheduled = SCHEDULED.iter().find(|(scheduled, _)| *scheduled == name);
        let streamed = STREAMED.iter().find(|(streamed, _)| *streamed == name);
        let (limit, mut stop) = (self.timeout_of(name), self.stop.clone());
        // A call without a body has no particular request.
        let event = if event.trim().is_empty() { "{}" } else { event };
        let run = match (scheduled, streamed) {
            (Some((_, handler)), _) => {
                let deadline = deadline_of(&self.context(name), self.clock.now());
                handler(&self.ports(), event, deadline)
            }
            (None, Some((_, handler))) => handler(self.consumers(), event),
            (None, None) => return Err(InvokeError::NoSuchFunction(name.to_owned())),
        };
        let run = run.map_err(|error| InvokeError::BadEvent(error.to_string()))?;
        let run = tokio::time::timeout(limit, acting_as(name.to_owned(), run));
        let report = async move {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => Err(InvokeError::Stopping),
                report = run => report.map_err(|_| InvokeError::TimedOut(limit)),
            }
        };
        let task = tokio::spawn(report.with_current_subscriber());
        task.await.unwrap_or_else(|error| {
            Err(if error.is_panic() { InvokeError::Panicked } else { InvokeError::Stopping })
        })
    }

    fn timeout_of(&self, name: &str) -> Duration {
        self.timeouts.get(name).copied().unwrap_or(self.timeout)
    }

    fn context(&self, name: &str) -> Context {
        let mut context = Context::default();
        context.request_id = Uuid::new_v4().to_string();
        context.invoked_function_arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
        // By Tollgate's clock: that is the one a function compares it with.
        let now_ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or_default();
        let timeout_ms = u64::try_from(self.timeout_of(name).as_millis()).unwrap_or(u64::MAX);
        context.deadline = now_ms.saturating_add(timeout_ms);
        context
    }
}
