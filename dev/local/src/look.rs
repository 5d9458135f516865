//! The style sheet of the stack's own pages.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// Sends it. Each page has it at an address of its own, so that its policy needs no inline style.
pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], tollgate_look::STYLE).into_response()
}
