//! What the release before form 1 kept of an order when it read and wrote it: form 0. Frozen; it shows what that release
//! does to items that today's writes.

mod names;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate::dynamodb::Item;
use uuid::Uuid;

/// A word of a closed vocabulary; any other one makes the whole item unreadable.
macro_rules! words {
    ($($name:ident: $($word:ident),+;)+) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "snake_case")]
            pub(crate) enum $name { $($word),+ }
        )+
    };
}

words! {
    Kind: Authorize, Purchase, Capture, Refund, Void;
    State: Pending, Approved, Declined, NotDone;
    Cause: Asked, RefundBeforeSettlement, PartialApproval, AvsMismatch, CvvMismatch, LateApproval, Twin;
    Grant: ClientCredentials, Implicit, Schedule;
    Mechanism: Automatic, Manual;
    Method: Authorize, Purchase;
    NotDone: Unreachable, TryAgain, NoTimeLeft, Misconfigured, NotSettled, AlreadySettled, NeverArrived, VoidedElsewhere;
    Doubt: NoAnswer, Unreadable, GatewayLostTrack, AmountDiffers, Incomplete, StateDiffers;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    #[serde(default)]
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) attempts_count_from: Timestamp,
    pub(crate) version: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) id: Uuid,
    pub(crate) method: Method,
    pub(crate) card: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memo: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capture: Option<CaptureSchedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authorization_expires_at: Option<Timestamp>,
    pub(crate) by: Grant,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CaptureSchedule {
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) lapsed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) follows: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mechanism: Option<Mechanism>,
    pub(crate) amount: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    pub(crate) fingerprint: String,
    pub(crate) route: Value,
    pub(crate) gateway_order_id: String,
    pub(crate) attempts: u32,
    pub(crate) attempt_id: Uuid,
    pub(crate) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decline: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_done: Option<NotDone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) doubt: Option<Doubt>,
    pub(crate) by: Grant,
    pub(crate) created_at: Timestamp,
    pub(crate) attempted_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_inquiry_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_look_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retref: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) inquiries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) absent_since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) by_hand: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) respstat: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) respproc: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) respcode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resptext: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retref: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authcode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) avs: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cvv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Order {
    /// As that release read an item; the text says why it could not.
    pub(crate) fn read(item: Item) -> Result<Self, String> {
        serde_dynamo::from_item(names::expand(item)).map_err(|error| error.to_string())
    }

    /// As it wrote the next version, apart from the keys.
    pub(crate) fn next(&self, before: &Item) -> Item {
        let item: Item = serde_dynamo::to_item(self).unwrap();
        let mut item = names::compact(item);
        item.insert("version".to_owned(), AttributeValue::N((self.version + 1).to_string()));
        item.insert("order_key".to_owned(), before["order_key"].clone());
        item
    }
}
