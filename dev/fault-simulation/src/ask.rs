//! The requests of clients and the responses to them, in the words of neither API.

use serde_json::Value;
use tokio::time::Instant;
use tollgate_core::order::{KeyDigest, Kind};
use uuid::Uuid;

/// The route of a request, and so its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Register,
    Pay,
    Authorize,
    Purchase,
    Capture,
    /// Holds anew the amount that a partial capture released.
    Reauthorize,
    Refund,
    Cancel,
    /// Moves a scheduled capture, or cancels it.
    Reschedule,
    /// Pauses the order's scheduled captures.
    Pause,
    /// Lets the schedule go on with them.
    Resume,
    Confirm,
    Read,
    /// Of the credit-card API.
    Card(Asked, Media),
}

/// One request. Sent again, it is the same request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) merchant: &'static str,
    pub(crate) order: String,
    pub(crate) route: Route,
    pub(crate) transaction: Option<Uuid>,
    /// Elastic Path's `data`, or the credit-card API's `Request` without its ids.
    pub(crate) data: Value,
    /// The header `Idempotency-Key`, or the member `TransactionReference`.
    pub(crate) key: Option<String>,
}

impl Ask {
    /// The key of its order in the table.
    pub(crate) fn order_key(&self) -> String {
        format!("{}#{}", self.merchant, self.order)
    }
}

/// The outcome that a response states, in the words of neither API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// It was done, now or by an earlier request.
    Done,
    /// Its outcome is not known yet, or it is still under way.
    Pending,
    /// The gateway or a rule of the merchant's refused it.
    Declined,
    /// The gateway did nothing; the same request may be made again.
    NotDone,
    /// A rule of the order refuses it.
    Refused,
    /// Something else is under way.
    Busy,
    /// Store or merchants cannot be read, or not in time to decide.
    Unavailable,
    /// The token or the key is not the merchant's.
    KeyRefused,
}

impl Word {
    /// Whether it tells the state of an operation that is on record.
    pub(crate) fn is_of_an_operation(self) -> bool {
        match self {
            Self::Done | Self::Pending | Self::Declined | Self::NotDone => true,
            Self::Refused | Self::Busy | Self::Unavailable | Self::KeyRefused => false,
        }
    }

    /// Whether there is nothing to wait for: the same request again would say the same.
    pub(crate) fn is_final(self) -> bool {
        match self {
            Self::Done | Self::Declined | Self::Refused => true,
            Self::Pending | Self::NotDone | Self::Busy | Self::Unavailable | Self::KeyRefused => false,
        }
    }
}

/// The operation requested of the credit-card API, which is the last part of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Authorize,
    /// Of a payment that is there: its capture.
    Charge,
    Capture,
    Refund,
    Void,
    Status,
}

/// The forms of the request and of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Xml,
    /// JSON, with a response in XML.
    XmlForJson,
}

impl Asked {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Authorize => "/api/v1/payments/creditcard/authorize",
            Self::Charge => "/api/v1/payments/creditcard/charge",
            Self::Capture => "/api/v1/payments/creditcard/capture",
            Self::Refund => "/api/v1/payments/creditcard/refund",
            Self::Void => "/api/v1/payments/creditcard/void",
            Self::Status => "/api/v1/payments/creditcard/status",
        }
    }

    pub(crate) fn transaction_type(self) -> Option<&'static str> {
        match self {
            Self::Authorize => Some("0"),
            Self::Charge => Some("1"),
            Self::Refund => Some("2"),
            Self::Capture | Self::Void | Self::Status => None,
        }
    }

    /// The kind of operation on the named payment, or on none; nothing for a question.
    pub(crate) fn kind(self, of: Option<Uuid>) -> Option<Kind> {
        match (self, of) {
            (Self::Authorize, _) => Some(Kind::Authorize),
            (Self::Charge, None) => Some(Kind::Purchase),
            (Self::Charge, Some(_)) | (Self::Capture, _) => Some(Kind::Capture),
            (Self::Refund, _) => Some(Kind::Refund),
            (Self::Void, _) => Some(Kind::Void),
            (Self::Status, _) => None,
        }
    }
}

/// A response that told a client about an operation that moves money.
pub(crate) struct Telling {
    /// The order's key in the table.
    pub(crate) order: String,
    pub(crate) key: KeyDigest,
    /// The request under that key; none when the client requested the status.
    pub(crate) wish: Option<String>,
    pub(crate) word: Word,
    /// When the client began with its request.
    pub(crate) began: Instant,
    pub(crate) told_at: Instant,
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} ({:?}) of {}", self.key, self.wish, self.order)
    }
}
