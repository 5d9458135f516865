//! `/docs` and `/openapi.yaml`: the API's description, as a page to read and try, and as a file.
//!
//! The page is Scalar's viewer, which its crate ships. It is served from here, its requests go to
//! this stack, and its policy lets it load nothing from elsewhere.

mod description;

use std::sync::LazyLock;

use axum::{
    Json, Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::merchants::{REGISTERED, REGISTERED_KEY};

const OPENAPI: &str = include_str!("../../../docs/openapi.yaml");

/// Where the page finds the viewer, and what it shows.
const VIEWER: &str = "/docs/scalar.js";
const DESCRIPTION: &str = "/docs/openapi.json";

/// The viewer is started by a script in the page, and writes its own styles. Everything else comes
/// from this stack, and requests go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; \
    style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// A section without operations has the whole width for its tables, whose words are not broken.
const STYLE: &str = ".tag-section-container .section-column:empty{display:none}\
    .markdown :is(td,th){overflow-wrap:normal!important;word-break:normal!important}\
    .markdown :is(td,th) code{white-space:nowrap;word-break:keep-all}";

/// The page, its viewer, and the description as YAML and as JSON.
pub(crate) fn router() -> Router {
    let page = || async { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page())) };
    let yaml = || async { ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI) };
    Router::new()
        .route("/openapi.yaml", get(yaml))
        .route("/docs", get(page))
        .route(VIEWER, get(viewer))
        .route(DESCRIPTION, get(json_description))
}

fn page() -> String {
    scalar_api_reference::scalar_html(&configuration(), Some(VIEWER))
}

/// What the viewer is told: <https://scalar.com/products/api-references/configuration>.
fn configuration() -> Value {
    json!({
        "url": DESCRIPTION,
        "metaData": { "title": "Tollgate API" },
        "customCss": STYLE,
        "defaultHttpClient": { "targetKey": "shell", "clientKey": "curl" },
        "defaultOpenAllTags": false,
        // The built-in merchant: "Authorize" gets a token from this stack.
        "authentication": {
            "preferredSecurityScheme": "merchant",
            "securitySchemes": { "merchant": { "flows": { "clientCredentials": {
                "x-scalar-client-id": REGISTERED,
                "clientSecret": REGISTERED_KEY,
                "x-scalar-credentials-location": "body",
            } } } },
        },
        // Scalar's own services.
        "withDefaultFonts": false,
        "telemetry": false,
        "hideClientButton": true,
        "showDeveloperTools": "never",
        "agent": { "disabled": true },
        "mcp": { "disabled": true },
    })
}

/// The viewer's program. It is several megabytes, so it is read once.
async fn viewer() -> Response {
    static PROGRAM: LazyLock<Option<Bytes>> =
        LazyLock::new(|| scalar_api_reference::get_asset("scalar.js").map(Bytes::from));
    match &*PROGRAM {
        Some(program) => ([(header::CONTENT_TYPE, "text/javascript")], program.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Requests go to where the page comes from, whatever the port and the name of this machine.
async fn json_description(headers: HeaderMap) -> Response {
    static DOCUMENT: LazyLock<Result<Value, String>> = LazyLock::new(|| description::for_the_viewer(OPENAPI));
    match DOCUMENT.clone() {
        Ok(mut document) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let servers = host.map(|host| json!({ "url": format!("http://{host}") }));
            document["servers"] = servers.into_iter().collect();
            Json(document).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}
