//! The console, as a process of its own would have it: it reads its secret before its first
//! request.

use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use axum::{
    Router,
    extract::{Request as WebRequest, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response as WebResponse},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use lambda_http::{Body, Request, Response};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tollgate_console::{Console, ConsoleConfig, Directory, handle};
use tollgate_core::values::Clock;
use uuid::Uuid;

use crate::{issuer, merchants, secrets_manager::Secrets};

/// The client that the console is, at the issuer and at Tollgate.
const CLIENT: &str = "console";

/// The console's handler with its configuration.
pub struct ConsoleProcess {
    /// Nothing where nobody signs in.
    config: Option<ConsoleConfig>,
    http_client: SharedHttpClient,
    clock: Arc<dyn Clock>,
    started: OnceCell<Console>,
}

impl ConsoleProcess {
    /// One that is not started yet.
    pub(crate) fn new(
        config: Option<ConsoleConfig>,
        http_client: SharedHttpClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { config, http_client, clock, started: OnceCell::new() }
    }

    /// Responds as the function does. Where that could not start, AWS has no page to show, either.
    pub(crate) async fn handle(&self, request: Request) -> Response<Body> {
        let start = async || match &self.config {
            Some(config) => config.open(&self.http_client, Arc::clone(&self.clock)).await.map_err(Some),
            None => Err(None),
        };
        match self.started.get_or_try_init(start).await {
            Ok(console) => handle(console, request).await,
            Err(failure) => {
                let why = failure.map_or("nobody signs in here".to_owned(), |failure| failure.to_string());
                tracing::error!(why, "the console cannot start");
                let mut response = Response::new(Body::Empty);
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

impl Directory for Secrets {
    fn merchants(&self) -> Vec<String> {
        let names = self.names();
        names.iter().filter_map(|name| name.strip_prefix(merchants::PREFIX)).map(str::to_owned).collect()
    }
}

/// The console's secret of one start: sessions of an earlier one cannot be opened.
pub(crate) fn secret() -> Value {
    let found = issuer::CLIENTS.into_iter().find(|(id, _)| *id == CLIENT);
    let random = [Uuid::new_v4(), Uuid::new_v4()].map(Uuid::into_bytes).concat();
    json!({
        "client_id": CLIENT,
        "client_secret": found.map(|(_, secret)| secret),
        "audience": issuer::audience(CLIENT),
        "sealing_key": BASE64_STANDARD.encode(random),
    })
}

/// Sends who types another name of this machine to the console's address. Forms and cookies are
/// bound to that, as a deployed console has one host.
pub(crate) fn at_its_address(router: Router, url: &str) -> Router {
    router.layer(middleware::from_fn_with_state(Arc::<str>::from(url), check_address))
}

async fn check_address(State(url): State<Arc<str>>, request: WebRequest, next: Next) -> WebResponse {
    let host = request.headers().get(header::HOST).map(HeaderValue::as_bytes);
    let is_own = url.split_once("://").map(|(_, own)| own.as_bytes()) == host;
    if is_own || request.method() != Method::GET {
        return next.run(request).await;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Redirect::temporary(&format!("{url}{path}")).into_response()
}
