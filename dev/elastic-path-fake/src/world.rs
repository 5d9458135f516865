//! The shop's state, and the path of a request: rate limit, fault, rights, effect, ledger.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Endpoint, FakeClient, FakeConfig, Fault, FaultKind, NewOrder, OrderItem,
    order::{History, Order},
    settings::{ImplicitMayPayManual, Settings, StatusKind},
};

/// A request of the API, as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recorded {
    /// Its place in the ledger, from 0.
    pub number: usize,
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// The status of the response. `None`: the connection was closed.
    pub status: Option<u16>,
    /// The status with which it was carried out. `None`: not, or not yet.
    pub effect: Option<u16>,
    /// The JSON body of a payment, capture or refund.
    pub body: Option<Value>,
    /// The client of its token.
    pub client: Option<String>,
    /// Its token is an implicit one.
    pub is_implicit: bool,
    /// The balance, if it read an order.
    pub order_read: Option<OrderRead>,
}

/// The balance that a read of an order showed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct OrderRead {
    /// `balance_owing` in the response, if it was there.
    pub served: Option<i64>,
    /// The balance at that moment.
    pub actual: i64,
}

/// A request, read to its end.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The path's segments, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: String,
    pub(crate) bearer: Option<String>,
    pub(crate) asked_headers: String,
    pub(crate) body: Vec<u8>,
    pub(crate) number: usize,
}

/// A response, or a closed connection.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    pub(crate) is_cut: bool,
}

impl Reply {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        let headers = vec![("content-type", content_type.into())];
        Self { status, headers, body: body.into_bytes(), ..Self::default() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", if body.is_null() { String::new() } else { body.to_string() })
    }

    fn html(status: u16) -> Self {
        Self::new(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>"))
    }

    fn cut() -> Self {
        Self { is_cut: true, ..Self::default() }
    }
}

/// A refusal in the vendor's error envelope.
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
}

/// A refusal with the title of its status.
pub(crate) fn refusal(status: u16, detail: impl Into<String>) -> Refusal {
    let title = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    Refusal { status, title: title.unwrap_or("Error"), detail: detail.into() }
}

/// Refuses with a setting's status, if it has one.
pub(crate) fn refuse_if(status: Option<u16>, detail: &str) -> Result<(), Refusal> {
    status.map_or(Ok(()), |status| Err(refusal(status, detail)))
}

/// The status and JSON of a success; `null` for no body.
pub(crate) type Outcome = Result<(u16, Value), Refusal>;

pub(crate) struct Grant {
    pub(crate) client: String,
    pub(crate) is_implicit: bool,
    pub(crate) expires: Timestamp,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) clients: Vec<FakeClient>,
    pub(crate) tokens: HashMap<String, Grant>,
    pub(crate) orders: Vec<History>,
    pub(crate) carts: HashMap<String, Vec<OrderItem>>,
    pub(crate) is_manual_enabled: bool,
    pub(crate) faults: Vec<Fault>,
    pub(crate) ledger: Vec<Recorded>,
    late: Vec<(Timestamp, Call)>,
    /// The time of a late request while it is carried out.
    acting_at: Option<Timestamp>,
    advanced: SignedDuration,
    /// A second, and its number of requests.
    counted: (i64, u32),
}

/// The state, with late requests carried out that are due. A panic elsewhere does not lock it.
pub(crate) fn locked(world: &Mutex<World>) -> MutexGuard<'_, World> {
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.carry_out_late();
    world
}

impl World {
    pub(crate) fn new(config: FakeConfig) -> Self {
        let FakeConfig { settings, clients, .. } = config;
        Self { settings, clients, is_manual_enabled: true, ..Self::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let now = self.acting_at.map_or_else(|| Timestamp::now().checked_add(self.advanced), Ok);
        now.unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn later(&self, by: Duration) -> Timestamp {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.now().checked_add(by).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn advance_clock(&mut self, by: SignedDuration) {
        self.advanced = self.advanced.saturating_add(by);
        self.carry_out_late();
    }

    pub(crate) fn history(&self, id: &str) -> Option<&History> {
        self.orders.iter().find(|history| history.current.id == id)
    }

    pub(crate) fn history_mut(&mut self, id: &str) -> Option<&mut History> {
        self.orders.iter_mut().find(|history| history.current.id == id)
    }

    pub(crate) fn add_order(&mut self, new: NewOrder) -> String {
        let order = Order::new(new, self.now());
        let id = order.id.clone();
        self.orders.retain(|history| history.current.id != id);
        self.orders.push(History::new(order));
        id
    }

    fn carry_out_late(&mut self) {
        let now = self.now();
        self.late.sort_by_key(|(due, _)| *due);
        let waiting = self.late.split_off(self.late.partition_point(|(due, _)| *due <= now));
        for (due, call) in std::mem::replace(&mut self.late, waiting) {
            self.acting_at = Some(due);
            self.carry_out(&call);
            self.acting_at = None;
        }
    }

    pub(crate) fn respond(&mut self, mut call: Call) -> Reply {
        let mut reply = if call.method == "OPTIONS" {
            Reply { status: 204, ..Reply::default() }
        } else {
            call.number = self.record(&call);
            let reply = self.limited().unwrap_or_else(|| self.decided(&call));
            self.ledger[call.number].status = (!reply.is_cut).then_some(reply.status);
            reply
        };
        reply.headers.extend([
            ("access-control-allow-origin", "*".into()),
            ("access-control-allow-methods", "GET, POST, PUT, DELETE".into()),
            ("access-control-allow-headers", call.asked_headers),
        ]);
        reply
    }

    fn record(&mut self, call: &Call) -> usize {
        let number = self.ledger.len();
        let grant = call.bearer.as_ref().and_then(|token| self.tokens.get(token));
        let question_mark = if call.query.is_empty() { "" } else { "?" };
        let has_body = call.path.ends_with("/payments") || call.path.contains("/transactions/");
        self.ledger.push(Recorded {
            number,
            method: call.method.clone(),
            path: format!("{}{question_mark}{}", call.path, call.query),
            body: if has_body { serde_json::from_slice(&call.body).ok() } else { None },
            client: grant.map(|grant| grant.client.clone()),
            is_implicit: grant.is_some_and(|grant| grant.is_implicit),
            ..Recorded::default()
        });
        number
    }

    /// A 429, if the second has had its requests.
    fn limited(&mut self) -> Option<Reply> {
        let second = self.now().as_second();
        self.counted = (second, if self.counted.0 == second { self.counted.1.saturating_add(1) } else { 1 });
        let is_over = self.settings.rate_per_s.is_some_and(|rate| self.counted.1 > rate);
        is_over.then(|| self.too_many(self.settings.retry_after_s))
    }

    fn too_many(&self, retry_after_s: Option<u32>) -> Reply {
        let mut reply = self.refused(&refusal(429, "the rate limit is exceeded"));
        reply.headers.extend(retry_after_s.map(|seconds| ("retry-after", seconds.to_string())));
        reply
    }

    fn take_fault(&mut self, endpoint: Endpoint) -> Option<FaultKind> {
        self.faults.retain(|fault| fault.times > 0);
        let matches = |fault: &&mut Fault| fault.endpoint == Endpoint::Any || fault.endpoint == endpoint;
        let fault = self.faults.iter_mut().find(matches)?;
        fault.times -= 1;
        Some(fault.kind.clone())
    }

    fn decided(&mut self, call: &Call) -> Reply {
        let endpoint = call.route().map_or(Endpoint::Any, |route| route.endpoint);
        let Some(kind) = self.take_fault(endpoint) else { return self.admitted_and_done(call) };
        match kind {
            FaultKind::TooManyRequests(retry_after_s) => self.too_many(retry_after_s),
            FaultKind::InternalError => self.refused(&refusal(500, "a fault of this fake")),
            FaultKind::BadGatewayHtml => Reply::html(502),
            FaultKind::GatewayTimeout(after_ms) => {
                Reply { delay: Duration::from_millis(after_ms), ..Reply::html(504) }
            }
            FaultKind::Conflict => self.refused(&refusal(409, "another request changes the same object")),
            FaultKind::CutBefore => Reply::cut(),
            FaultKind::LateTimeout(after_ms) => self.accepted_late(call, after_ms, Reply::html(504)),
            FaultKind::LateCut(after_ms) => self.accepted_late(call, after_ms, Reply::cut()),
            FaultKind::RefusedAfter(status) => {
                let reply = self.admitted_and_done(call);
                let is_done = reply.status < 400;
                if is_done { self.refused(&refusal(status, "a fault of this fake")) } else { reply }
            }
            FaultKind::RevokedToken => {
                call.bearer.as_ref().map(|token| self.tokens.remove(token));
                self.refused(&refusal(401, "the token was revoked"))
            }
            after => altered(&after, self.admitted_and_done(call)),
        }
    }

    fn accepted_late(&mut self, call: &Call, after_ms: u64, reply: Reply) -> Reply {
        if let Err(refused) = self.admit(call) {
            return self.refused(&refused);
        }
        self.late.push((self.later(Duration::from_millis(after_ms)), call.clone()));
        reply
    }

    fn admitted_and_done(&mut self, call: &Call) -> Reply {
        let refused = self.admit(call).err().map(|refused| self.refused(&refused));
        refused.unwrap_or_else(|| self.carry_out(call))
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        let route = call.route().ok_or_else(|| refusal(404, "there is no such route"))?;
        let grant = call.bearer.as_ref().and_then(|token| self.tokens.get(token));
        let may = match (grant.filter(|grant| grant.expires > self.now()), route.endpoint) {
            (_, Endpoint::Token) | (Some(Grant { is_implicit: false, .. }), _) | (Some(_), Endpoint::Any) => {
                true
            }
            (None, _) => return Err(refusal(401, "the token is missing or invalid")),
            (_, Endpoint::Payments) => self.settings.implicit_may_pay_manual == ImplicitMayPayManual::Yes,
            _ => false,
        };
        if may { Ok(()) } else { Err(refusal(403, "an implicit token may not do this")) }
    }

    fn carry_out(&mut self, call: &Call) -> Reply {
        let Some(route) = call.route() else { return self.refused(&refusal(404, "there is no such route")) };
        let reply = match (route.run)(self, call, route.order, route.transaction) {
            Ok((status, body)) => Reply::json(status, &body),
            Err(refused) => self.refused(&refused),
        };
        self.ledger[call.number].effect = Some(reply.status);
        reply
    }

    fn refused(&self, refused: &Refusal) -> Reply {
        let status = match self.settings.status_kind {
            StatusKind::Int => json!(refused.status),
            StatusKind::String => json!(refused.status.to_string()),
        };
        let error = json!({ "status": status, "title": refused.title, "detail": refused.detail,
            "request_id": crate::order::new_id() });
        Reply::json(refused.status, &json!({ "errors": [error] }))
    }
}

/// The response of a request that was carried out, after a fault.
fn altered(kind: &FaultKind, mut reply: Reply) -> Reply {
    match kind {
        FaultKind::CutAfter => reply.is_cut = true,
        FaultKind::NotJson => reply.body = b"<!doctype html>".to_vec(),
        FaultKind::Hang(after_ms) => reply.delay = Duration::from_millis(*after_ms),
        // White space keeps it valid JSON.
        FaultKind::TooLarge => reply.body.resize(1_100_000, b' '),
        FaultKind::LacksMember(path) => {
            let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let pointer = format!("/{}", path.replace('.', "/"));
            if let Some((parent, member)) = pointer.rsplit_once('/')
                && let Some(members) = body.pointer_mut(parent).and_then(Value::as_object_mut)
            {
                members.shift_remove(member);
            }
            reply.body = body.to_string().into_bytes();
        }
        _ => {}
    }
    reply
}
