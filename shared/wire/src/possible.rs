//! The possible actions on a payment.

use serde::{Deserialize, Serialize};
use tollgate_core::{
    journal::{Concern, NoReceipt, SettledBy},
    order::{AdvisedAgainst, BatchState, FadingConcern, NextAction, NotPossible},
    words,
};

use crate::{
    attribution::Attribution,
    read::beside,
    values::{Price, Seconds, Word},
};

/// The answers about a payment that a caller's next step depends on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answers {
    pub next_actions: Vec<Word<NextAction>>,
    pub possible: Possible,
    pub needs_attention: Vec<NeedsAttention>,
    pub receipt: ReceiptState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub money: Option<Money>,
}

/// The caller's possible actions on the payment now, by the order's rules; only of a single
/// transaction, for `client_credentials`. Limits that are shared with others, and the gateway, are
/// not looked at.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Possible {
    /// As far as the reports say; `unknown` where none was read
    pub settlement: Word<BatchState>,
    pub capture: PossibleAction,
    pub refund: PossibleAction,
    pub cancel: PossibleAction,
    pub reauthorize: PossibleAction,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub struct PossibleAction {
    pub possible: bool,
    /// The most that can be moved; null where the rules allow nothing
    pub most: Option<Price>,
    /// Whether no part of it can be moved
    pub whole_only: bool,
    /// Whether the request has to state `refund_disputed`
    pub needs_refund_disputed: bool,
    /// The reason if it is not possible: first the order's rules, then the role, a stop, and the
    /// person's `refund_max`.
    /// `operation_in_progress` (Not before the outcome of the last operation is known),
    /// `transaction_failed` (Not possible: the payment was not made), `already_cancelled` (Not
    /// possible: the payment was voided), `not_an_authorization` (Not possible: the payment was
    /// taken at once), `already_captured` (Not possible: it is captured already), `not_captured`
    /// (Not possible: nothing was captured), `already_refunded` (Not possible: nothing is left to
    /// refund), `partly_refunded` (Not possible: a part was refunded), `nothing_released` (Not
    /// possible: the capture released nothing), `already_reauthorized` (Not possible: the rest is
    /// held already), `payment_in_progress` (Not before the outcome of another payment of the order
    /// is known), `already_paid` (Not possible: the order owes nothing), `no_stored_card` (Not
    /// possible: no card is stored), `fee_basis_required` (Not possible: the merchant's set-up
    /// lacks how a surcharge is given back), `too_many_declines` (Not now: too many payments of the
    /// order were declined), `too_many_transactions` (Not possible: the order has as many payments
    /// as it can hold), `too_many_operations` (Not possible: the order has as many operations as it
    /// can hold), `newer_version` (Not now: a newer version of Tollgate is working on the order),
    /// `payments_stopped` (Not now: payments are stopped), `forbidden` (Your role does not allow
    /// it. Ask somebody with the role operate), `exceeds_refund_max` (It is more than you may give
    /// back of one order).
    pub why: Option<Word<NotPossible>>,
    /// Where it is more than the person's `refund_max`: the most that somebody else can carry out
    pub by_proposal: Option<Price>,
    /// Whether it is possible and nothing speaks against it
    pub advised: bool,
    /// `authorization_lapsed` (The authorization has ended: the bank may refuse it), `settled` (Its
    /// batch has settled: refund it instead), `disputed` (The bank has taken the money back: it
    /// would be lost twice).
    pub advised_against: Option<Word<AdvisedAgainst>>,
    /// Only of a refund. Whether one of everything would become a void, and a part be refused,
    /// because it has not settled
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes_void: Option<Word<BecomesVoid>>,
}

words! {
    /// Whether a refund becomes a void.
    pub enum BecomesVoid {
        Yes => "yes",
        No => "no",
        /// The settlement was not read.
        Unknown => "unknown",
    }
}

/// Whether it has a receipt; only of a single transaction, for `client_credentials`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct ReceiptState {
    pub available: bool,
    pub why: Option<Word<NoReceipt>>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NeedsAttention {
    pub code: Word<Concern>,
    /// Since when
    pub since: Seconds,
    /// The next step
    pub advice: String,
    /// `seen`: by [having seen it](reports.md#attention), with the role `operate`; `decision`: by
    /// deciding the outcome, by a person with the role `all`; null: by doing what the advice says
    pub settled_by: Option<Word<SettledBy>>,
}

/// A reason for attention that a person has seen, which ended it until a later fact of its kind.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SeenAttention {
    pub code: Word<FadingConcern>,
    #[serde(flatten, deserialize_with = "beside")]
    pub by: Attribution,
    pub at: Seconds,
}

/// Where the amount is; only of a single transaction, for `client_credentials`, and where something
/// was approved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct Money {
    pub kept: Price,
    pub refused: Price,
    pub refunded: Price,
    pub disputed: Price,
    pub held: Price,
    pub released: Price,
}
