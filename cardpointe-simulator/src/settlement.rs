//! The batch run, when a test says so, or by itself at a cut-off.

use jiff::Timestamp;

use crate::{
    ledger::Ledger,
    record::Origin,
    settings::{Settings, Settled},
    state::{RecordKind, RecordState},
    transaction::Transaction,
    world::World,
};

mod automatic;

pub(crate) use automatic::run_due;

/// How far a settlement run goes, and how it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The batch is sent: nothing in it can be changed, and nothing refunded yet.
    Batch,
    /// The processor has accepted it.
    Accepted,
    /// The processor has rejected it.
    Rejected,
    /// The processor holds it because of its amount.
    UnderReview,
    /// It could not be transmitted: invalid order or item data.
    FormatError,
    /// It could not be settled: the token could not be decrypted.
    TokenDecrypt,
}

impl Stage {
    /// The words of the control interface.
    pub(crate) const WORDS: &str = "batch, accepted, rejected, under_review, format_error, token_decrypt";

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "batch" => Some(Self::Batch),
            _ => Settled::from_word(word).map(Self::from),
        }
    }

    fn state(self) -> RecordState {
        match self {
            Self::Batch => RecordState::BatchSent,
            Self::Accepted => RecordState::Accepted,
            Self::Rejected => RecordState::Rejected,
            Self::UnderReview => RecordState::UnderReview,
            Self::FormatError => RecordState::FormatError,
            Self::TokenDecrypt => RecordState::TokenDecrypt,
        }
    }
}

impl From<Settled> for Stage {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Accepted => Self::Accepted,
            Settled::Rejected => Self::Rejected,
            Settled::UnderReview => Self::UnderReview,
            Settled::FormatError => Self::FormatError,
            Settled::TokenDecrypt => Self::TokenDecrypt,
        }
    }
}

/// Takes the transactions that wait for a batch, or are in one, to a stage; without a stage, as
/// each account's settings say. Returns how many transactions moved. Transactions under review stay
/// there: see [`settle_one`].
pub(crate) fn settle(world: &mut World, stage: Option<Stage>) -> usize {
    let now = world.now();
    let merchants = world.merchants.clone();
    let moved = world.ledger.change_all(|transaction| {
        let owner = merchants.iter().find(|merchant| merchant.merchid == transaction.merchid);
        let settings = owner.map_or_else(Settings::default, |merchant| merchant.settings);
        let stage = stage.unwrap_or_else(|| ending(settings, transaction.kind));
        let waits = matches!(transaction.status, RecordState::Queued | RecordState::BatchSent);
        waits && take_to(transaction, stage, now)
    });
    close_batches(world);
    moved
}

/// Takes one transaction to a stage, also out of a review. `false` when there is none, or when it
/// is not on its way.
pub(crate) fn settle_one(world: &mut World, retref: &str, stage: Stage) -> bool {
    let now = world.now();
    let moved =
        world.ledger.by_retref_mut(retref).is_some_and(|transaction| take_to(transaction, stage, now));
    if moved {
        close_batches(world);
    }
    moved
}

fn ending(settings: Settings, kind: RecordKind) -> Stage {
    match kind {
        RecordKind::Payment => settings.payments_settle_as.into(),
        RecordKind::Refund => settings.refunds_settle_as.into(),
    }
}

pub(crate) fn take_to(transaction: &mut Transaction, stage: Stage, now: Timestamp) -> bool {
    let may_move = match transaction.status {
        RecordState::Queued => true,
        RecordState::BatchSent => stage != Stage::Batch,
        RecordState::UnderReview => !matches!(stage, Stage::Batch | Stage::UnderReview),
        RecordState::Authorized
        | RecordState::Accepted
        | RecordState::Rejected
        | RecordState::FormatError
        | RecordState::TokenDecrypt
        | RecordState::Voided
        | RecordState::Declined
        | RecordState::ZeroAmount => false,
    };
    if may_move {
        transaction.batched_at.get_or_insert(now);
        transaction.status = stage.state();
        if matches!(stage, Stage::Accepted | Stage::Rejected | Stage::UnderReview) {
            transaction.settled_at = Some(now);
        }
        transaction.note(now, Origin::Settlement);
    }
    may_move
}

/// Captures from now on go into the next batch.
fn close_batches(world: &mut World) {
    for merchant in world.merchants.clone() {
        let open = world.open_batch(&merchant);
        if has_sent(&world.ledger, &merchant.merchid, &open) {
            world.ledger.close_batch(&merchant.merchid);
        }
    }
}

pub(crate) fn has_sent(ledger: &Ledger, merchid: &str, batchid: &str) -> bool {
    ledger.all().iter().any(|transaction| {
        transaction.status != RecordState::Queued
            && transaction.merchid == merchid
            && transaction.batchid.as_deref() == Some(batchid)
    })
}
