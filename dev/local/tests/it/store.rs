//! Orders in a real DynamoDB: conditions, conflicts, and the size of the fullest order there can
//! be.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp, civil::Date};
use local::dynamodb_client;
use tollgate::dynamodb::{
    item_size,
    orders::{DynamoDbStore, StoredOrder},
};
use tollgate_core::{
    order::{
        ACTOR_MAX_BYTES, Attempt, Attribution, BY_HAND_MAX, ByHand, CAPTURE_MOVES_MAX, CaptureMove,
        CaptureSchedule, Cause, DECIDED_BY_MAX_BYTES, DISPUTES_MAX, Decision, Decline, Dispute, DisputeKind,
        Essentials, FadingConcern, Fingerprint, GatewayResponse, HandVerdict, KEY_NAME_MAX_CHARS, KeyDigest,
        Kind, LineId, Mechanism, NOTICES_MAX, Notice, NoticeReason, OPERATIONS_MAX, Operation,
        OperationState, Order, OrderKey, PAUSES_MAX, PERSON_MAX_BYTES, Pause, PaymentKind, Pending,
        Principal, REASON_MAX_BYTES, REFERENCES_MAX_BYTES, RecordedDispute, Recording, Resumed, Route,
        SEEN_MAX, SUPERSEDED_MAX, Seen, SeenFacts, Shopper, Superseded, TRANSACTIONS_MAX, Telling,
        TellingState, Told, Transaction, gateway_order_id,
    },
    payments::{OrderStore, Shards, StoreError},
    values::{
        Amount, Brand, CardSummary, Carried, Charged, Currency, DeclineCode, Discounted, Expiry, Fee,
        FeeKind, Instrument, Memo, Metadata, References, RetryRule, SchemeCode, SchemeWords, StoredCard,
    },
};
use uuid::Uuid;

use crate::support::stack;

/// As the template has them.
const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

fn key() -> OrderKey {
    OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() }
}

fn order() -> Order {
    Order::new(&key(), Currency::USD, Some(Amount::new(2599).unwrap()), Timestamp::now())
}

#[tokio::test]
async fn an_order_reads_back_as_it_was_written() {
    let stack = stack().await;
    let store =
        DynamoDbStore::new(dynamodb_client(stack.dynamodb_url()), local::TABLE_NAME.to_owned(), SHARDS);
    assert!(store.load(&key()).await.unwrap().is_none());
    let full = full_order();
    store.create(&full).await.unwrap();
    let read = store.load(&key()).await.unwrap().unwrap();
    assert_eq!(read, Order { version: 1, ..full });
    stack.stop().await;
}

#[tokio::test]
async fn of_two_writers_one_wins_and_the_other_is_shown_what_won() {
    let stack = stack().await;
    let store = Arc::new(DynamoDbStore::new(
        dynamodb_client(stack.dynamodb_url()),
        local::TABLE_NAME.to_owned(),
        SHARDS,
    ));
    store.create(&order()).await.unwrap();
    let Err(StoreError::Conflict(there)) = store.create(&order()).await else { panic!("created twice") };
    assert_eq!(there.version, 1);
    let writers = (1..=20_u64).map(|n| {
        let store = Arc::clone(&store);
        let changed = Order { total: Some(Amount::new(n).unwrap()), ..(*there).clone() };
        tokio::spawn(async move { (n, store.save(&changed).await) })
    });
    let mut won = Vec::new();
    let mut shown = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        match writer.await.unwrap() {
            (n, Ok(())) => won.push(n),
            (_, Err(StoreError::Conflict(stored))) => shown.push(*stored),
            (_, Err(other)) => panic!("{other}"),
        }
    }
    assert_eq!((won.len(), shown.len()), (1, 19));
    assert!(
        shown.iter().all(|stored| stored.version == 2 && stored.total == Some(Amount::new(won[0]).unwrap()))
    );
    stack.stop().await;
}

#[tokio::test]
async fn an_order_in_doubt_is_in_the_index_and_leaves_it_when_it_is_decided() {
    let stack = stack().await;
    let client = dynamodb_client(stack.dynamodb_url());
    let store = DynamoDbStore::new(client.clone(), local::TABLE_NAME.to_owned(), SHARDS);
    let mut pending = order();
    pending.transactions.push(transaction(0, 1, false));
    pending.transactions[0].operations[0].state = OperationState::Pending(Pending {
        doubt: None,
        response: GatewayResponse::default(),
        inquiries: 0,
        next_inquiry_at: "2026-01-05T10:00:00.25Z".parse().unwrap(),
        absent_since: None,
    });
    store.create(&pending).await.unwrap();
    let indexed = || async {
        let output = client.scan().table_name(local::TABLE_NAME).index_name("in-doubt").send().await.unwrap();
        output.items().to_vec()
    };
    let found = indexed().await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["in_doubt_at"], AttributeValue::S("2026-01-05T10:00:00Z".to_owned()));
    assert_eq!(found[0]["order_key"], AttributeValue::S("m#o".to_owned()));
    let mut decided = store.load(&key()).await.unwrap().unwrap();
    decided.transactions[0].operations[0].state =
        OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    store.save(&decided).await.unwrap();
    assert!(indexed().await.is_empty());
    stack.stop().await;
}

#[test]
fn the_fullest_order_there_can_be_stays_far_below_the_limit_of_an_item() {
    let order = full_order();
    assert_eq!(order.operations().count(), OPERATIONS_MAX);
    let said: usize = order.transactions.iter().map(|transaction| transaction.references.bytes()).sum();
    assert!(said > REFERENCES_MAX_BYTES - 100, "{said} bytes");
    let item = StoredOrder::next(&order, SHARDS).0;
    let bytes = item_size(&item);
    // DynamoDB counts 1,024 bytes a KB, and allows 400 of them. A tenth stays free. More than a
    // third is the operations' records of who requested them and why, 538 bytes each at most: any
    // of them may be a person's.
    assert!(bytes < 360 * 1024, "{bytes} bytes");
}

/// An order with as many transactions and operations as there can be, and every member as long as
/// it can be.
fn full_order() -> Order {
    let long = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&long, Currency::USD, Some(Amount::MAX), Timestamp::now());
    order.pauses = vec![longest_pause(); PAUSES_MAX];
    order.capture_moves = vec![longest_move(); CAPTURE_MOVES_MAX];
    let disputes = vec![longest_dispute(); DISPUTES_MAX];
    let each = OPERATIONS_MAX / TRANSACTIONS_MAX;
    order.transactions = (0..TRANSACTIONS_MAX).map(|n| transaction(n, each, true)).collect();
    order.transactions[0].disputes = disputes;
    order.transactions[0].seen = vec![longest_seen(); SEEN_MAX];
    let operations = order.transactions.iter_mut().flat_map(|transaction| &mut transaction.operations);
    for (n, operation) in operations.enumerate() {
        if n < BY_HAND_MAX {
            operation.by_hand.push(longest_decision());
        }
        if n < NOTICES_MAX {
            operation.notices.push(longest_notice());
        }
        if n < SUPERSEDED_MAX {
            operation.superseded.push(longest_superseded(operation.id));
        }
    }
    order
}

/// A payment of which personal data is to be forgotten then.
pub(crate) fn due(at: Timestamp) -> Transaction {
    Transaction { personal_until: Some(at), ..transaction(0, 1, false) }
}

fn transaction(n: usize, operations: usize, longest: bool) -> Transaction {
    let now = Timestamp::now();
    let id = |n: usize| Uuid::from_u128(u128::MAX - n as u128);
    let mut operations: Vec<_> = (0..operations).map(|o| operation(id(1000 + n * 10 + o))).collect();
    if let Some(OperationState::Decided(Decision::Declined(response, decline))) =
        operations.first_mut().map(|first| &mut first.state)
    {
        let mut words = longest_words();
        // The latest decline has its texts.
        if n > 0 {
            words.forget_texts();
        }
        response.scheme = longest.then(|| Box::new(words));
        // No scheme states a longer time.
        decline.rule = Some(RetryRule::wait(SignedDuration::from_hours(240), true));
    }
    Transaction {
        id: id(n),
        kind: PaymentKind::Authorize,
        instrument: Instrument::Card(CardSummary {
            brand: Some(Brand::Mastercard),
            last_four: Some("4444".to_owned()),
            expiry: Some(Expiry::new(12, 2031).unwrap()),
            token: Some("9555555555554444".to_owned()),
            stored: None,
        }),
        // Only a payment that is an order of its own has one, and there is one of those in an
        // order.
        memo: (longest && n == 0).then(|| Box::new(longest_memo())),
        capture: Some(CaptureSchedule {
            held_back_at: Some(now),
            // It was captured since.
            put_off_until: None,
            ..CaptureSchedule::new(now, Some(Amount::MAX))
        }),
        lapsed_at: Some(now),
        save_for: longest.then(|| "c".repeat(64)),
        references: if longest { long_references() } else { References::default() },
        personal_until: longest.then_some(now),
        paid_with: longest.then(|| StoredCard { profile: "9".repeat(20), account: "999".to_owned() }),
        ignores_scheme_advice: longest,
        continues: longest.then(|| id(n)),
        authorization_expires_at: Some(now),
        by: Principal::ClientCredentials,
        shopper: Some(Shopper::of(id(n))),
        created_at: now,
        updated_at: now,
        operations,
        disputes: Vec::new(),
        seen: Vec::new(),
        recording: longest.then(|| Box::new(longest_recording())),
        carried: Carried::default(),
    }
}

/// A payment that its shop has twice, and of whose second partial refund nobody knows.
fn longest_recording() -> Recording {
    let now = Timestamp::now();
    let (step, id) = (Kind::Capture, Uuid::new_v4().to_string());
    let (at, refunded, shown_at, look_at) = (now, Amount::MAX, Some(now), None);
    Recording {
        settled_before: Amount::MAX,
        told_before: Amount::MAX,
        told: Some(Told { step, id, at, refunded, shown_at, look_at, is_twice: true }),
        attempt: Some(Telling {
            id: Uuid::nil(),
            step: Kind::Refund,
            refunded: Some(Amount::MAX),
            state: TellingState::NotAnswered,
            since: now,
            sent_at: now,
            looks: 0,
            is_repeated: true,
            is_refused: false,
            next_at: now,
        }),
        cancels: true,
        is_unasked: true,
        carried: Carried::default(),
    }
}

fn longest_decision() -> ByHand {
    let (by, reason) = ("W".repeat(DECIDED_BY_MAX_BYTES), "W".repeat(REASON_MAX_BYTES));
    let (by, reason) = (by.parse().unwrap(), reason.parse().unwrap());
    let person = "W".repeat(PERSON_MAX_BYTES).parse().unwrap();
    ByHand::new(HandVerdict::NotDone, &by, &reason, Timestamp::now()).verified(Some(&person))
}

fn longest_pause() -> Pause {
    let (at, by) = (Timestamp::now(), Some(Box::new(longest_attribution())));
    Pause { at, by: by.clone(), resumed: Some(Resumed { at, by }), carried: Carried::default() }
}

fn longest_move() -> CaptureMove {
    let (at, by) = (Timestamp::now(), Some(Box::new(longest_attribution())));
    CaptureMove { transaction: Uuid::new_v4(), at, by, to: Some(at), carried: Carried::default() }
}

fn longest_seen() -> Seen {
    let (at, by) = (Timestamp::now(), Some(Box::new(longest_attribution())));
    let facts = SeenFacts { count: u32::MAX, latest: at };
    Seen { concern: FadingConcern::SettlementRejected, facts, at, by, carried: Carried::default() }
}

fn longest_dispute() -> RecordedDispute {
    let text = |bytes: usize| "é".repeat(bytes / 2);
    let dispute = Dispute {
        kind: DisputeKind::Chargeback,
        line: LineId::Stated(text(40)),
        case: text(40),
        number: Some(u32::MAX.to_string()),
        amount: Amount::MAX,
        day: Some(Date::MAX),
        reason_code: Some(text(16)),
        reason: Some(text(120)),
        acquirer_reference: Some(text(40)),
        deposit: Some(text(40)),
        changed_on: Some(Date::MAX),
    };
    RecordedDispute { dispute, at: Timestamp::now(), carried: Carried::default() }
}

fn longest_notice() -> Notice {
    let reason = NoticeReason::AuthorizationEnding;
    Notice { reason, attempt: u32::MAX, at: Timestamp::now(), carried: Carried::default() }
}

/// Its part of the references that all payments of an order may have.
fn long_references() -> References {
    let bytes = REFERENCES_MAX_BYTES / TRANSACTIONS_MAX;
    let text = |bytes: usize| "é".repeat(bytes / 2);
    let value = text(bytes - 400);
    References {
        custom_reference: Some(text(98)),
        name: Some(text(100)),
        description: Some(text(200)),
        metadata: Metadata::new([("ab".to_owned(), value)].into()).unwrap(),
    }
}

fn longest_memo() -> Memo {
    let text = || Some("é".repeat(100));
    Memo {
        reference: "r".repeat(100),
        email: Some("é".repeat(128)),
        name: text(),
        deal_type: text(),
        deal_stage: text(),
        marketing: text(),
        revenue_partner: text(),
        authorizer: text(),
        discount: Some(Discounted { code: "é".repeat(100), product: text(), amount: Amount::MAX }),
        save_card: true,
        without_address: true,
    }
}

fn operation(id: Uuid) -> Operation {
    let now = Timestamp::now();
    Operation {
        id,
        kind: Kind::Authorize,
        cause: Cause::Requested,
        follows: None,
        mechanism: Mechanism::Automatic,
        amount: Amount::MAX,
        key: Some(KeyDigest::new("route", "target", "key")),
        fingerprint: Fingerprint::new(&Essentials::new(Kind::Authorize)),
        route: Route {
            gateway: "cardpointe".into(),
            account: "1".repeat(16),
            endpoint: "https://a-site-with-a-long-name.cardconnect.com/cardconnect/rest".to_owned(),
        },
        attempt: longest_attempt(id),
        state: OperationState::Decided(longest_decline()),
        updated_at: now,
        superseded: Vec::new(),
        closes_order: true,
        last_look_at: None,
        look_again: Vec::new(),
        by_hand: Vec::new(),
        notices: Vec::new(),
        by: Principal::ClientCredentials,
        attribution: Some(Box::new(longest_attribution())),
        created_at: now,
        reference: None,
        custom_reference: None,
        carried: Carried::default(),
    }
}

fn longest_attribution() -> Attribution {
    let word = |n: usize| Some("W".repeat(n));
    Attribution {
        key_name: word(KEY_NAME_MAX_CHARS),
        actor: word(ACTOR_MAX_BYTES),
        person: word(PERSON_MAX_BYTES),
        // A proposal has two names of people, which together are shorter than an operator's.
        proposed_by: None,
        reason: word(REASON_MAX_BYTES),
    }
}

fn longest_attempt(id: Uuid) -> Attempt {
    Attempt { id, number: u32::MAX, at: Timestamp::now(), gateway_order_id: gateway_order_id(id) }
}

/// The longest decision: nothing else has both a response and two reasons.
fn longest_decline() -> Decision {
    let word = |n: usize| Some("W".repeat(n));
    let response = GatewayResponse {
        status: word(1),
        processor: word(4),
        code: word(4),
        text: word(64),
        reference: word(14),
        authcode: word(16),
        avs: word(2),
        cvv: word(1),
        token: None,
        stored: None,
        scheme: None,
        charged: Some(Charged {
            amount: Amount::MAX,
            fee: Some(Fee { amount: Amount::MAX, kind: FeeKind::Convenience }),
        }),
        settlement_rejected: true,
        unproven: true,
        carried: Carried::default(),
    };
    let code = DeclineCode::TransactionNotPermitted;
    Decision::Declined(response, Decline::of(code))
}

/// The words of the card scheme, which only the operation has that began its payment.
fn longest_words() -> SchemeWords {
    let code = || SchemeCode::stated(Some(&"W".repeat(9)), Some(&"W".repeat(99)));
    SchemeWords { advice: code(), response: code(), category: code() }
}

fn longest_superseded(id: Uuid) -> Superseded {
    let now = Timestamp::now();
    Superseded {
        attempt: longest_attempt(id),
        amount: Amount::MAX,
        decision: Some(longest_decline()),
        first_at: now,
        at: now,
        times: u32::MAX,
        carried: Carried::default(),
    }
}
