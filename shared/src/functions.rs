//! The parts of each function: its start, and the routes that it serves. The packages in
//! `functions/` say which.

use lambda_http::{Body, Request, Response};

use crate::{api::Failure, credit_card, elastic_path, ports::LetIn};

/// The response to a request that went past the front, in the format of the API that it was for;
/// none to one that is served. `GET /status` is no exception.
pub async fn refused_at_front(ports: &impl LetIn, request: &Request) -> Option<Response<Body>> {
    if ports.access().front.admits(request) {
        return None;
    }
    let failure = Failure::not_through_front();
    Some(if credit_card::is_for(request) {
        credit_card::refuse(request, failure).await
    } else {
        elastic_path::refuse(request, failure).await
    })
}

/// The route whose handler serves a request: of a `HEAD`, that of the `GET`, whose body is not
/// sent.
pub fn read_for_head(route: String) -> String {
    route.strip_prefix("HEAD ").map(|path| format!("GET {path}")).unwrap_or(route)
}

/// Declares `main`: an expression with the names of [`lambda`](crate::lambda), run until the
/// platform stops it. A function that opens connections first says which, and how it uses its
/// adapters.
#[macro_export]
macro_rules! main {
    ($opening:ident, |$adapters:ident| $run:expr) => {
        $crate::main!({
            let $adapters = start(Opening::$opening).await?;
            $run
        });
    };
    ($run:expr) => {
        #[tokio::main(flavor = "current_thread")]
        async fn main() -> Result<(), lambda_http::Error> {
            #[allow(unused_imports, reason = "some functions have a start of their own")]
            use $crate::lambda::*;
            $run.await
        }
    };
}

/// Declares `handle`, which hands each request to the API that its route belongs to, unless it went
/// past the front. A request without a route can be tried with an API that knows it otherwise; then
/// it is not found.
#[macro_export]
macro_rules! routes {
    (
        |$ports:ident: $type:ident|
        $($($route:literal)|+ => $api:ident::$handler:ident($with:expr),)+
        $(_ => $other:ident::$unrouted:ident($other_with:expr),)?
    ) => {
        /// Hands the request to the API that its route belongs to.
        pub async fn handle(
            $ports: std::sync::Arc<$crate::ports::$type>,
            request: lambda_http::Request,
        ) -> lambda_http::Response<lambda_http::Body> {
            if let Some(response) = $crate::functions::refused_at_front($ports.as_ref(), &request).await {
                return response;
            }
            match $crate::functions::read_for_head($crate::invocation::route_key(&request)).as_str() {
                $($($route)|+ => $crate::$api::$handler($with, &request).await,)+
                _ => {
                    $(if let Some(response) = $crate::$other::$unrouted($other_with, &request).await {
                        return response;
                    })?
                    $crate::elastic_path::not_found(&request).await
                }
            }
        }
    };
}
