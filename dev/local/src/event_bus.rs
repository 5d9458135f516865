//! `EventBridge`, as far as a function uses it: `PutEvents` onto one bus, in memory.
//! `GET /_local/events` shows its events.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event as ServerSent, KeepAlive, Sse},
    },
    routing::post,
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

/// Events that are kept; the oldest go first.
const KEPT_MAX: usize = 10_000;

/// A bus of EventBridge in memory, which keeps the last events to be looked at.
pub struct Bus {
    kept: Mutex<Kept>,
    /// The number of the last event.
    last: watch::Sender<u64>,
    down: AtomicBool,
    /// Nothing comes any more.
    closed: AtomicBool,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<(u64, Value)>,
    last: u64,
}

impl Default for Bus {
    fn default() -> Self {
        Self { kept: Mutex::default(), last: watch::Sender::new(0), down: false.into(), closed: false.into() }
    }
}

impl Bus {
    /// Every event that is kept, oldest first.
    pub fn events(&self) -> Vec<Value> {
        self.after(0).into_iter().map(|(_, event)| event).collect()
    }

    /// While it is down, every call gets AWS's response for an internal error.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Forgets the events that are kept: those of samples are nobody's news.
    pub(crate) fn forget(&self) {
        self.lock().events.clear();
    }

    /// Ends the streams of those who follow it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.last.send_modify(|_| {});
    }

    fn after(&self, number: u64) -> Vec<(u64, Value)> {
        self.lock().events.iter().filter(|(own, _)| *own > number).cloned().collect()
    }

    fn put(&self, detail: Value) {
        let mut kept = self.lock();
        kept.last += 1;
        let number = kept.last;
        kept.events.push_back((number, detail));
        if kept.events.len() > KEPT_MAX {
            kept.events.pop_front();
        }
        self.last.send_replace(number);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// EventBridge's API, with `PutEvents` alone.
pub(crate) fn router(bus: Arc<Bus>) -> Router {
    Router::new().route("/", post(call)).with_state(bus)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    detail: String,
}

async fn call(State(bus): State<Arc<Bus>>, headers: HeaderMap, body: Bytes) -> Response {
    let failure = |status: StatusCode, kind: &str| (status, Json(json!({ "__type": kind }))).into_response();
    if bus.down.load(Ordering::SeqCst) {
        return failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalException");
    }
    let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if target != Some("AWSEvents.PutEvents") {
        return failure(StatusCode::BAD_REQUEST, "UnknownOperationException");
    }
    let Ok(put) = serde_json::from_slice::<PutEvents>(&body) else {
        return failure(StatusCode::BAD_REQUEST, "ValidationException");
    };
    let mut entries = Vec::new();
    for entry in put.entries {
        match serde_json::from_str(&entry.detail) {
            Ok(detail) => {
                bus.put(detail);
                entries.push(json!({ "EventId": Uuid::new_v4() }));
            }
            Err(_) => entries.push(json!({ "ErrorCode": "MalformedDetail", "ErrorMessage": "no JSON" })),
        }
    }
    let failed = entries.iter().filter(|entry| entry.get("ErrorCode").is_some()).count();
    Json(json!({ "FailedEntryCount": failed, "Entries": entries })).into_response()
}

/// The query of `GET /_local/events`.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    /// Go on with later events, as server-sent events; `new`: nothing else.
    follow: Option<String>,
}

/// All events; with `?follow` as server-sent events, and then later ones; with `?follow=new` only
/// those.
pub(crate) fn show(bus: Arc<Bus>, Query(wanted): Query<Wanted>) -> Response {
    let Some(follow_what) = wanted.follow else {
        return Json(json!({ "events": bus.events() })).into_response();
    };
    let told = if follow_what == "new" { *bus.last.borrow() } else { 0 };
    Sse::new(follow(bus, told)).keep_alive(KeepAlive::default()).into_response()
}

/// Events after the one with this number.
fn follow(bus: Arc<Bus>, told: u64) -> impl Stream<Item = Result<ServerSent, Infallible>> {
    let last = bus.last.subscribe();
    let begin = (bus, last, told, VecDeque::new());
    stream::unfold(begin, |(bus, mut last, mut told, mut waiting)| async move {
        loop {
            if let Some((number, event)) = waiting.pop_front() {
                told = number;
                let kind = event_type(&event);
                let sent = ServerSent::default().id(number.to_string()).event(kind).data(event.to_string());
                return Some((Ok(sent), (bus, last, told, waiting)));
            }
            let known = *last.borrow_and_update();
            if known > told {
                waiting.extend(bus.after(told));
            } else if bus.closed.load(Ordering::SeqCst) || last.changed().await.is_err() {
                return None;
            }
        }
    })
}

fn event_type(event: &Value) -> String {
    event["type"].as_str().unwrap_or("message").to_owned()
}
