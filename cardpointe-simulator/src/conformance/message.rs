//! A request of the kit, and the response to it.

use http::Method;

#[derive(Clone, Debug)]
pub(super) struct RawResponse {
    pub(super) status: u16,
    pub(super) body: String,
}

/// One request of a step, with its names filled in.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Option<String>,
    /// Sent with the credentials.
    pub(super) signed: bool,
}
