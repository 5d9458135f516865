//! `listen`: the local stack's events as they happen, and how a receiver on this machine responds.
//!
//! Messages are signed as those of a deployment are, with a secret of the command's own, so that a
//! receiver can be written and tested before it is added to a merchant. A message is sent once: a
//! failure is printed and not repeated.
//!
//! The command sends the events itself and adds no receiver, so it leaves nothing behind.

mod output;

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream::FuturesUnordered};
use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};
use tollgate::webhook_client::signature::{self, signatures};
use tollgate_wire::{Event, Identifier};
use uuid::Uuid;

use crate::{
    args::{InstallationArguments, Listen},
    failure::Failure,
    gateway,
    local_stack::{EventStream, LocalStack, on_this_machine},
    report::Report,
    webhook::new_secret,
};
use output::{Closed, Output};
use tollgate_core::webhooks::Secret;

/// How long a receiver has, as in a deployment.
const LIMIT: Duration = Duration::from_secs(10);

/// Messages under way at a time. Further events are read when one of them is done.
const UNDER_WAY_MAX: usize = 16;

/// Where the secret may come from, so that a receiver needs no other one after a restart.
const SECRET_VARIABLE: &str = "WEBHOOK_SECRET";

/// Where messages go, and the secret that signs them.
struct Forward {
    client: reqwest::Client,
    url: Url,
    secret: Secret,
    /// The secret's text, if it was made for this run.
    shown: Option<String>,
}

/// The resource that an event is about, of any type.
pub(crate) type EventSubject = Identifier<String>;

/// How the delivery of a message ended.
pub(crate) struct Sent {
    event: Uuid,
    kind: String,
    /// The receiver's status, or why there is none.
    result: Result<u16, &'static str>,
    took: Duration,
}

pub(crate) async fn run(
    installation: &InstallationArguments,
    listen: &Listen,
    json: bool,
) -> Result<Report, Failure> {
    let forward = listen.forward_to.as_deref().map(Forward::new).transpose()?;
    let stack = LocalStack::find(installation).await?;
    let events = stack.follow().await?;
    let mut output = Output::new(json);
    let told = output.begin(&stack.url, forward.as_ref());
    let ended = match told {
        Ok(()) => follow(events, listen, forward.as_ref(), &mut output).await,
        Err(closed) => Err(closed),
    };
    match ended {
        // The reader of the output has seen enough.
        Err(Closed) => Ok(Report::nothing()),
        Ok(()) => Err(Failure::Unavailable(format!("the local stack at {} has stopped", stack.url))),
    }
}

/// Prints events, sends them and prints how each delivery ended, until the stack stops or its
/// output is closed.
async fn follow(
    mut events: EventStream,
    listen: &Listen,
    forward: Option<&Forward>,
    output: &mut Output,
) -> Result<(), Closed> {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(sent) = under_way.next() => output.sent(&sent)?,
            next = events.next(), if under_way.len() < UNDER_WAY_MAX => {
                let Ok(Some(body)) = next else { return Ok(()) };
                let Ok(event) = serde_json::from_str::<Event<EventSubject>>(&body) else {
                    output.unreadable(&body)?;
                    continue;
                };
                if !listen.events.is_empty() && !listen.events.contains(&event.kind) {
                    continue;
                }
                output.event(&event, &body)?;
                if let Some(forward) = forward {
                    under_way.push(forward.send(event, body));
                }
            }
        }
    }
}

impl Forward {
    fn new(url: &str) -> Result<Self, Failure> {
        let url = on_this_machine("--forward-to", url)?;
        let given = std::env::var(SECRET_VARIABLE).ok().filter(|text| !text.is_empty());
        let (text, shown) = match given {
            Some(text) => (text, None),
            None => new_secret().map(|text| (text.clone(), Some(text)))?,
        };
        let secret = signature::secret(&text).ok_or_else(|| {
            Failure::Input(format!("{SECRET_VARIABLE}: expected whsec_ and 24 to 64 bytes in Base64"))
        })?;
        Ok(Self { client: gateway::http_client()?, url, secret, shown })
    }

    /// Sends a message once.
    async fn send(&self, Event { id, kind, .. }: Event<EventSubject>, body: String) -> Sent {
        // The machine's time, not the stack's, which may be ahead: receivers refuse old messages.
        let now = Timestamp::now();
        let signed = signatures(std::slice::from_ref(&self.secret), id, now, &body);
        let request = self.client.post(self.url.clone()).timeout(LIMIT);
        let request = request
            .header("content-type", "application/json")
            .header("webhook-id", id.to_string())
            .header("webhook-timestamp", now.as_second().to_string())
            .header("webhook-signature", signed)
            .body(body);
        let begun = Instant::now();
        let result = match request.send().await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(gateway::in_a_word(&error)),
        };
        Sent { event: id, kind, result, took: begun.elapsed() }
    }

    fn to_json(&self) -> Value {
        json!({ "url": self.url.as_str(), "secret": self.shown })
    }
}
