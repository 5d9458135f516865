//! Faults: what happens to the next requests of an endpoint.

use serde::{Deserialize, Serialize};

/// A fault of the next requests that match.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The requests that it matches.
    pub endpoint: Endpoint,
    /// The number of requests that it hits. Default 1.
    #[serde(default = "once")]
    pub times: u32,
    /// Their fate.
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault of one request.
    pub fn once(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self { endpoint, times: once(), kind }
    }
}

/// The requests that a fault matches.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `POST /oauth/access_token`.
    Token,
    /// Reads, lists, imports and changes of orders.
    Order,
    /// `POST …/payments`.
    Payments,
    /// Reads of transactions.
    Transactions,
    /// `POST …/capture`.
    Capture,
    /// `POST …/refund`.
    Refund,
    /// Everything under `/v2/gateways`.
    Gateway,
    /// Every request of the API.
    Any,
}

/// The fate of a request. Faults with a status prevent the change; others say when it is made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// 429, with `Retry-After` in seconds or without.
    TooManyRequests(Option<u32>),
    /// 500.
    InternalError,
    /// 502 with an HTML page.
    BadGatewayHtml,
    /// 504 with an HTML page after so many milliseconds of real time.
    GatewayTimeout(u64),
    /// 409.
    Conflict,
    /// The connection closes and nothing changes.
    CutBefore,
    /// The connection closes after the change.
    CutAfter,
    /// 504 at once; the change follows after so many milliseconds of the fake's clock, if the rules
    /// allow it then.
    LateTimeout(u64),
    /// The same with a closed connection.
    LateCut(u64),
    /// The response is a refusal with this status, 400 or 422; the change is made.
    RefusedAfter(u16),
    /// The response is not JSON; the change is made.
    NotJson,
    /// The response lacks the member at this path, such as `data.id`; the change is made.
    LacksMember(String),
    /// The response takes so many milliseconds of real time; the change is made at once.
    Hang(u64),
    /// The token is revoked before the request: 401.
    RevokedToken,
    /// The response has more than 1 MB; the change is made.
    TooLarge,
}
