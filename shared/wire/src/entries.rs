//! Entries: the movements of a merchant's money.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::{self, Fact},
    order::{Cause, HandVerdict, Kind, Mechanism, Principal},
};
use uuid::Uuid;

use crate::{
    constant::{EntryType, OrderType, TransactionType},
    list::{PageMeta, Related},
    transaction::OperationFee,
    values::{Milliseconds, Minor, SignedMinor, Word},
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct EntryPageMeta {
    pub page: PageMeta,
    pub since: Timestamp,
    pub until: Timestamp,
    pub time_zone: String,
    /// Rows of `data` that are `unreadable`
    pub unreadable: usize,
    /// Bytes that the page read
    pub read_bytes: usize,
}

/// All entries of an order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderEntries {
    pub data: Vec<Entry>,
    pub meta: OrderEntriesMeta,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct OrderEntriesMeta {
    pub time_zone: String,
}

/// A movement of money, or a fact that moves none, with null for unknown values.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// The same whenever the entry is made
    pub id: Uuid,
    /// When it was decided
    pub created_at: Milliseconds,
    /// The day of that in the zone
    pub local_day: Date,
    pub operation: Word<Kind>,
    pub operation_id: Uuid,
    pub fact: Word<Fact>,
    /// ISO 4217 code
    pub currency: String,
    /// The amount that the fact is about, in minor units
    pub amount: Minor,
    /// The fee taken or returned beside the amount
    pub fee: Option<OperationFee>,
    /// Signed changes of the balances, in minor units
    pub changes: Changes,
    /// The gateway account
    pub mid: String,
    /// The gateway's reference; of a chargeback and its reversal, the case
    pub retref: Option<String>,
    /// The issuer's approval code
    pub authorization_code: Option<String>,
    pub decline_code: Option<String>,
    /// Who requested it: `client_credentials`, `implicit` (a browser) or `schedule`
    pub asked_by: Word<Principal>,
    /// The name of the merchant's key
    pub key_name: Option<String>,
    /// A person whom Tollgate has verified
    pub person: Option<String>,
    /// A person whom Tollgate has verified, who proposed it
    pub proposed_by: Option<String>,
    /// The person as the caller stated it, or the operator who decided by hand
    pub actor: Option<String>,
    pub reason: Option<String>,
    /// Of `decided_by_hand`: `done` or `not_done`
    pub decided: Option<Word<HandVerdict>>,
    pub brand: Option<String>,
    pub last_four: Option<String>,
    pub custom_reference: Option<String>,
    /// Why the operation exists; `requested` for most
    pub cause: Word<Cause>,
    /// `automatic` through the gateway, `manual` only recorded
    pub mechanism: Word<Mechanism>,
    /// An approval found after its operation had been abandoned
    pub late: bool,
    pub settlement_rejected: bool,
    /// The card scheme's code of a chargeback's reason
    pub dispute_reason: Option<String>,
    pub relationships: EntryRelationships,
}

/// Signed changes of the balances, in minor units.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Changes {
    /// Signed change of the amount held on cards, in minor units
    pub held: SignedMinor,
    /// Signed change of the amount taken
    pub paid: SignedMinor,
    /// Signed change of the amount refunded
    pub returned: SignedMinor,
    /// Signed change of the merchant's money at the gateway
    pub at_gateway: SignedMinor,
    /// Signed change of the fees there; no other member contains them
    pub fees_at_gateway: SignedMinor,
    /// Signed change of the amount that cardholders' banks took back; no other member contains it
    pub disputed: SignedMinor,
}

impl From<journal::Changes> for Changes {
    fn from(changes: journal::Changes) -> Self {
        Self {
            held: changes.held.into(),
            paid: changes.paid.into(),
            returned: changes.returned.into(),
            at_gateway: changes.gateway.into(),
            fees_at_gateway: changes.fees.into(),
            disputed: changes.disputed.into(),
        }
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct EntryRelationships {
    pub order: Related<OrderType>,
    pub transaction: Related<TransactionType, Uuid>,
}
