//! The settlement's records, as a stack's requests find them.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::date};
use local::dynamodb_client;
use tollgate::dynamodb::settlement::DynamoDbSettlement;
use tollgate_core::{
    journal::Retention,
    order::MerchantId,
    settlement::{
        BatchStatus, Component, Deposit, DepositStore, Exception, ExceptionCause, ExceptionStore, Funded,
        FundedKind, FundedStatus, Line, LineStore, PackKey, PackedLines, Settled, SettledStatus,
    },
    values::{Clock as _, Currency, SignedAmount},
};
use uuid::Uuid;

use crate::shop::Shop;

/// A payment of the virtual terminal, and the account that it was made with.
pub(crate) const RETREF: &str = "900000000001";
pub(crate) const DEPOSIT: &str = "d1";
/// A line that does not fit.
pub(crate) const EXCEPTION: Uuid = Uuid::from_u128(7);
const MID: &str = "496160873888";

/// Keeps a deposit with one line that is not Tollgate's, and the exception about it. Returns the
/// exception's id.
pub(crate) async fn seed(shop: &Shop) -> Uuid {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let store =
        DynamoDbSettlement::new(client, local::SETTLEMENT_TABLE_NAME.to_owned(), Retention::default());
    let merchant: MerchantId = local::merchants::REGISTERED.parse().unwrap();
    let now = shop.stack.clock().now();
    let pack = PackKey::of(MID, None, RETREF);
    let lines = PackedLines { version: 1, lines: vec![line()], ..PackedLines::default() };
    assert!(LineStore::save(&store, &merchant, &pack, &lines).await.unwrap());
    assert!(DepositStore::save(&store, &merchant, None, &deposit(pack, now)).await.unwrap());
    let exception = exception(now);
    assert!(ExceptionStore::save(&store, &merchant, None, &exception).await.unwrap());
    exception.id
}

fn line() -> Line {
    let day = date(2026, 11, 19);
    let settled = Settled {
        batch: "1".to_owned(),
        day,
        amount: Some(SignedAmount::new(3_999)),
        status: SettledStatus::Accepted,
        batch_status: BatchStatus::Good,
        gateway_order_id: None,
    };
    let funded = Funded {
        id: "l1".to_owned(),
        deposit: DEPOSIT.to_owned(),
        day,
        kind: FundedKind::Sale,
        status: FundedStatus::Processed,
        amount: SignedAmount::new(3_999),
        currency: Some(Currency::USD),
        batch: None,
    };
    Line { reference: RETREF.to_owned(), settled: vec![settled], funded: vec![funded] }
}

fn deposit(pack: PackKey, now: Timestamp) -> Deposit {
    let day = tollgate_core::settlement::eastern_day(now);
    Deposit {
        currency: Some(Currency::USD),
        components: vec![
            (Component::NetSales, SignedAmount::new(3_999)),
            (Component::Fee, SignedAmount::new(-549)),
        ],
        total: SignedAmount::new(3_450),
        trace_number: Some("12100024A01, 12100024B02".to_owned()),
        lines: (1, SignedAmount::new(3_999)),
        packs: BTreeSet::from([pack]),
        ..Deposit::without_sum(DEPOSIT.to_owned(), MID, day, now)
    }
}

fn exception(now: Timestamp) -> Exception {
    Exception {
        id: EXCEPTION,
        cause: ExceptionCause::NotOurs,
        account: MID.to_owned(),
        reference: Some(RETREF.to_owned()),
        deposit: Some(DEPOSIT.to_owned()),
        case: None,
        detail: None,
        order: None,
        transaction: None,
        expected: None,
        found: Some(SignedAmount::new(3_999)),
        currency: Some(Currency::USD),
        day: date(2026, 11, 19),
        since: now,
        gone_at: None,
        notes: Vec::new(),
        resolution: None,
    }
}
