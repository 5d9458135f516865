//! `/docs` and `/openapi.yaml`: the API's description, as a page to read and try, and as a file.
//! `/llms.txt`: the documentation for programs.
//!
//! The page starts Scalar's viewer, which its crate ships. It is served from here, its requests go
//! to this stack, and its policy lets it load nothing from elsewhere. `/` leads to it.
//!
//! Scalar's viewer works offline, and its search finds error codes. Swagger UI's search finds tags
//! only, and `utoipa-scalar` and `utoipa-rapidoc` load their script from a CDN.

mod description;
mod files;
mod llms;

use std::sync::LazyLock;

use axum::{
    Json, Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::merchants::{REGISTERED, REGISTERED_KEY};

const OPENAPI: &str = include_str!("../../../docs/openapi.yaml");

/// Scalar's own template has no language, its own title and no icon.
const PAGE: &str = include_str!("api_reference/page.html");
const ICON: &str = include_str!("api_reference/icon.svg");

/// Where the description says that a local stack is.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// The description that the viewer shows.
const DESCRIPTION: &str = "/docs/openapi.json";

/// The viewer is started by a script in the page, and writes its own styles. Everything else comes
/// from this stack, and requests go nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; \
    style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// A section without operations has the whole width for its tables, whose words are not broken.
/// Where that is too narrow, the table scrolls and not the page.
const STYLE: &str = ".tag-section-container .section-column:empty{display:none}\
    .markdown table{display:block!important;max-width:100%;overflow-x:auto!important}\
    .property-detail{white-space:normal;overflow-wrap:anywhere}\
    .markdown :is(td,th){overflow-wrap:normal!important;word-break:normal!important}\
    .markdown :is(td,th) code{white-space:nowrap;word-break:keep-all}";

/// The page, its viewer, and the description as YAML and as JSON.
pub(crate) fn router() -> Router {
    let page = || async { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page())) };
    let yaml = || async { ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI) };
    let icon = || async { ([(header::CONTENT_TYPE, "image/svg+xml")], ICON) };
    Router::new()
        .route("/", get(|| async { Redirect::to("/docs") }))
        .route("/openapi.yaml", get(yaml))
        .route("/docs", get(page))
        .route("/docs/icon.svg", get(icon))
        .route("/docs/scalar.js", get(viewer))
        .route(DESCRIPTION, get(json_description))
        .merge(files::router())
        .merge(llms::router())
}

fn page() -> String {
    PAGE.replace("__CONFIGURATION__", &configuration().to_string())
}

/// The viewer's configuration: <https://scalar.com/products/api-references/configuration>.
fn configuration() -> Value {
    json!({
        "url": DESCRIPTION,
        "metaData": { "title": "Tollgate API" },
        "favicon": "/docs/icon.svg",
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

/// Requests go to where the page comes from, with any port and name of this machine.
async fn json_description(headers: HeaderMap) -> Response {
    static DOCUMENT: LazyLock<Result<Value, String>> = LazyLock::new(|| description::for_the_viewer(OPENAPI));
    match DOCUMENT.clone() {
        Ok(mut document) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            if let Some(url) = host.map(|host| format!("http://{host}")) {
                let introduction = document["info"]["description"].as_str().unwrap_or_default();
                document["info"]["description"] = json!(introduction.replace(DEFAULT_URL, &url));
                document["servers"] = json!([{ "url": url }]);
            }
            Json(document).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
    }
}
