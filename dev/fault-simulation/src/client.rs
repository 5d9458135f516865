//! A client's request on its way through an API, and the response.

pub(crate) mod credit_card;
mod elastic_path;

use std::{sync::Arc, time::Duration};

use lambda_http::{Body, Context, Request, RequestExt, Response};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};
use tollgate_core::{order::KeyDigest, values::Clock};
use tollgate_wire::{ErrorMeta, Errors};
use uuid::Uuid;

use crate::{
    ask::{Ask, Asked, Route, Telling, Word},
    check::told,
    versions::Version,
    world::{Instance, State, World},
};

/// The credit-card API's code for a part of a payment with a fee, where the merchant does not state
/// the fee basis.
const FEE_BASIS_REQUIRED: &str = "79";

/// The platform's time limit of an invocation.
const LIMIT: Duration = Duration::from_secs(29);

/// The reply as the client sees it.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// The outcome, and the transaction that the response or the error names.
    Answered { word: Word, transaction: Option<Uuid> },
    /// The process died, or the platform ended it.
    Lost,
}

impl Reply {
    pub(crate) fn is_final(&self) -> bool {
        self.word().is_some_and(Word::is_final)
    }

    pub(crate) fn word(&self) -> Option<Word> {
        match self {
            Self::Answered { word, .. } => Some(*word),
            Self::Lost => None,
        }
    }

    pub(crate) fn transaction(&self) -> Option<Uuid> {
        match self {
            Self::Answered { transaction, .. } => *transaction,
            Self::Lost => None,
        }
    }
}

/// A response as an API's client reads it.
struct Said {
    word: Word,
    transaction: Option<Uuid>,
    /// The API's own code, for the step list.
    code: String,
    /// Rules that the response breaks on its own.
    broken: Vec<String>,
}

/// A body as its type. One that cannot be read breaks a rule.
pub(crate) fn parsed<T: DeserializeOwned>(response: &Response<Body>, broken: &mut Vec<String>) -> Option<T> {
    let bytes: &[u8] = response.body();
    let unreadable = |error| format!("{error}: {} {}", response.status(), String::from_utf8_lossy(bytes));
    serde_json::from_slice(bytes).map_err(|error| broken.push(unreadable(error))).ok()
}

/// The first error of a response that is a failure.
pub(crate) fn failure(response: &Response<Body>, broken: &mut Vec<String>) -> Option<ErrorMeta> {
    let is_failure = !response.status().is_success();
    let errors = is_failure.then(|| parsed::<Errors>(response, broken)).flatten()?;
    Some(errors.errors.into_iter().next()?.meta)
}

/// Delivers a request once, to a new process.
pub(crate) async fn deliver(world: &Arc<World>, ask: &Ask) -> Reply {
    let credential = match ask.route {
        Route::Card(..) => world.state().shops.held_key(ask.merchant),
        _ => world.token(ask.merchant),
    };
    let instance = world.start();
    let number = instance.number;
    world.step(format_args!("#{number} {:?} {} {} key {:?}", ask.route, ask.order, ask.data, ask.key));
    let event = match ask.route {
        Route::Card(asked, media) => credit_card::event(ask, asked, media, &credential, number),
        _ => elastic_path::event(ask, &credential, number),
    };
    let Ok(request) = lambda_http::request::from_str(&event) else {
        world.fail(&mut world.state(), "the event is none");
        return Reply::Lost;
    };
    let mut context = Context::default();
    // A process whose clock is ahead would find no time left for anything, which is safe and proves
    // nothing.
    let by_clock = instance.now().max(world.now());
    context.deadline = u64::try_from((by_clock + LIMIT).as_millisecond()).unwrap_or_default();
    let request = request.with_lambda_context(context);
    let (process, route, began) = (instance.clone(), ask.route, Instant::now());
    let valid = world.state().shops.accepts(ask.merchant, &credential);
    let answer = instance.run(LIMIT, async move { handle(&process, route, &request).await }).await;
    let reply = answer.map_or(Reply::Lost, |response| {
        if let Route::Card(..) = ask.route {
            knows_the_key(world, ask.merchant, &credential, valid, response.status().as_u16());
        }
        understand(world, ask, began, &response, instance.version)
    });
    world.step(format_args!("#{number} {reply:?}"));
    reply
}

async fn handle(process: &Arc<Instance>, route: Route, request: &Request) -> Response<Body> {
    match route {
        Route::Card(asked, _) => credit_card::handle(&process.orders(), asked, request).await,
        _ => elastic_path::handle(process, route, request).await,
    }
}

/// A key is refused when it is not the merchant's, and only then. A client whose key was refused
/// reads the new one.
fn knows_the_key(world: &World, merchant: &'static str, key: &str, valid_before: bool, status: u16) {
    let mut guard = world.state();
    let state = &mut *guard;
    let valid = state.shops.accepts(merchant, key);
    let fine = match status {
        503 => true,
        401 => !(valid && valid_before),
        _ => valid || valid_before,
    };
    if !fine {
        world.fail(state, &format!("answered {status} to a key that is valid: {valid}"));
    }
    if status == 401 {
        state.count("keys refused by the credit-card API");
        state.shops.read_key(merchant);
    }
}

/// Reads a response, and compares its statements with the record.
fn understand(
    world: &World,
    ask: &Ask,
    began: Instant,
    response: &Response<Body>,
    version: Version,
) -> Reply {
    let mut guard = world.state();
    let state = &mut *guard;
    let Said { word, transaction, code, broken } = match ask.route {
        Route::Card(_, media) => credit_card::read(state, ask, media, response),
        _ => elastic_path::read(state, ask, response),
    };
    for rule in broken {
        world.fail(state, &rule);
    }
    // To today's version, an operation that only a newer one can read is pending.
    let can_tell = version == Version::ToCome || !state.fake_store.is_beyond_today(&ask.order_key());
    if matches!(code.as_str(), "fee_basis_required" | FEE_BASIS_REQUIRED) {
        state.count("parts refused without a fee basis");
        if state.shops.fee_basis_stated_at(ask.merchant).is_some_and(|stated_at| stated_at < began) {
            world.fail(state, "a part is refused, and the merchant's document states the fee basis");
        }
    }
    if let Some(key) = told_of(ask, state).filter(|_| can_tell) {
        let order = ask.order_key();
        let telling = Telling { order, key, wish: wish(ask), word, began, told_at: Instant::now() };
        for rule in told::now(state, &telling) {
            world.fail(state, &rule);
        }
        state.told.push(telling);
    } else if can_tell && matches!(ask.route, Route::Card(..)) && word.is_of_an_operation() {
        world.fail(state, &format!("told {word:?} of a payment that is not on record"));
    }
    world.note(state, format_args!("  answered {word:?} {code}"));
    Reply::Answered { word, transaction }
}

/// The key of the operation that the response tells about.
fn told_of(ask: &Ask, state: &State) -> Option<KeyDigest> {
    match ask.route {
        Route::Register | Route::Reschedule | Route::Pause | Route::Resume | Route::Confirm | Route::Read => {
            None
        }
        Route::Card(Asked::Status, _) => {
            state.fake_store.order(&ask.order_key())?.transactions.first()?.first()?.key
        }
        Route::Card(asked, _) => credit_card::digest(ask, asked),
        Route::Pay
        | Route::Authorize
        | Route::Purchase
        | Route::Capture
        | Route::Reauthorize
        | Route::Refund
        | Route::Cancel => elastic_path::digest(ask),
    }
}

/// The content by which two requests with one key are the same; none for a question.
fn wish(ask: &Ask) -> Option<String> {
    match ask.route {
        Route::Card(Asked::Status, _) => None,
        Route::Card(asked, _) => Some(credit_card::wish(ask, asked)),
        route => Some(format!("{route:?} {}", ask.data)),
    }
}

/// Until a client tries again: at once, or when an inquiry may follow, or much later.
pub(crate) async fn wait(world: &World) {
    let wait_ms = {
        let mut state = world.state();
        match state.rng.below(4) {
            0 => state.rng.below(500),
            1 => state.rng.below(5_000),
            2 => 30_000 + state.rng.below(5_000),
            _ => state.rng.below(130_000),
        }
    };
    sleep(Duration::from_millis(wait_ms)).await;
}
