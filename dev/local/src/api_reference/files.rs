//! Files of the documentation: each is in the program once, and is served as text.

use axum::{
    Router,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;

/// Everything in `docs/`.
#[derive(RustEmbed)]
#[folder = "../../docs"]
struct Docs;

/// The simulator's pages, to which the skill leads.
#[derive(RustEmbed)]
#[folder = "../../cardpointe-simulator/docs"]
struct SimulatorsDocs;

pub(super) fn router() -> Router {
    Router::new()
        .route("/docs/{*file}", get(served::<Docs>))
        .route("/cardpointe-simulator/docs/{*file}", get(served::<SimulatorsDocs>))
}

/// The text of a file in `docs/`.
pub(super) fn doc(file: &str) -> Option<String> {
    text::<Docs>(file)
}

fn text<Folder: RustEmbed>(file: &str) -> Option<String> {
    String::from_utf8(Folder::get(file)?.data.into_owned()).ok()
}

/// A file of a folder as text, also a page of HTML: it is there to be read.
async fn served<Folder: RustEmbed>(Path(file): Path<String>) -> Response {
    let Some(text) = text::<Folder>(&file) else { return StatusCode::NOT_FOUND.into_response() };
    let is_page = file.rsplit_once('.').is_some_and(|(_, extension)| extension == "md");
    let kind = if is_page { "text/markdown; charset=utf-8" } else { "text/plain; charset=utf-8" };
    ([(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response()
}
