//! What each function is made of: its start, and the routes that it serves. The packages in `functions/` say which.

/// Declares `main`: what runs, with the names of [`lambda`](crate::lambda), until the platform stops it. A function that
/// opens connections first says which, and what it makes of its adapters.
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

/// Declares `handle`, which hands each request to the API that its route belongs to. What has no route can be tried with
/// an API that knows it otherwise; then it is not found.
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
            match $crate::invocation::route_key(&request).as_str() {
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
