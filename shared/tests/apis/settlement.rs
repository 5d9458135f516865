//! Money that reached the bank account and money that did not: lists, one deposit line by line, and
//! people's actions on exceptions.

use jiff::{
    Timestamp,
    civil::{Date, date},
};
use serde_json::json;
use tollgate_core::{
    journal::Fact,
    order::{LineId, MerchantId, OrderKey},
    settlement::{
        Adjustment, BatchStatus, Chargeback, Component, Deposit, Exception, ExceptionCause, Funded,
        FundedKind, FundedStatus, KnownReport, Line, LineStore as _, Note, OPEN_COUNTED_MAX, PackKey,
        Progress, ReportKind, Settled, SettledStatus,
    },
    values::{Amount, Clock as _, Currency, SignedAmount},
};
use uuid::Uuid;

use crate::{
    ask::{Ask, get, post},
    fixture::{card, pay, registered},
    table::Table,
    world::World,
};

const MID: &str = "800000000264";

fn list(path: &str) -> Ask {
    get(path).by("shop:read")
}

fn csv(path: &str) -> Ask {
    list(path).header("accept", "text/csv")
}

fn exception(n: u128, cause: ExceptionCause, world: &World) -> Exception {
    Exception {
        id: Uuid::from_u128(n),
        cause,
        account: MID.to_owned(),
        reference: None,
        deposit: Some("d2".to_owned()),
        case: None,
        detail: None,
        order: None,
        transaction: None,
        expected: Some(SignedAmount::new(4_000)),
        found: Some(SignedAmount::new(3_999)),
        currency: Some(Currency::USD),
        day: date(2026, 11, 19),
        since: world.clock.now() - jiff::SignedDuration::from_mins(i64::try_from(n).unwrap()),
        gone_at: None,
        notes: Vec::new(),
        resolution: None,
    }
}

fn deposit(id: &str, day: Date, lines: (u64, i64), refunds: i64) -> Deposit {
    Deposit {
        currency: Some(Currency::USD),
        components: vec![
            (Component::NetSales, SignedAmount::new(lines.1)),
            (Component::Fee, SignedAmount::new(-549)),
            (Component::Reversal, SignedAmount::new(-3_172)),
        ],
        total: SignedAmount::new(lines.1 - 549 - 3_172),
        trace_number: Some("01234567890".to_owned()),
        lines: (lines.0, SignedAmount::new(lines.1)),
        refunds: SignedAmount::new(refunds),
        adjustments: vec![Adjustment {
            id: LineId::Stated("a1".to_owned()),
            component: Some(Component::Reversal),
            category: "REVERSAL".to_owned(),
            description: "=HYPERLINK".to_owned(),
            amount: SignedAmount::new(-3_172),
            case: Some("20260001".to_owned()),
            day: Some(day),
            changed_on: Some(day),
        }],
        ..Deposit::without_sum(id.to_owned(), MID, day, Timestamp::UNIX_EPOCH)
    }
}

fn line(reference: &str, deposit: &str, amount: i64) -> Line {
    let day = date(2026, 11, 19);
    let settled = Settled {
        batch: "71742042".to_owned(),
        day,
        amount: Some(SignedAmount::new(amount)),
        status: SettledStatus::Accepted,
        batch_status: BatchStatus::Good,
        gateway_order_id: None,
    };
    let funded = Funded {
        id: format!("{deposit} {reference}"),
        deposit: deposit.to_owned(),
        day: date(2026, 11, 20),
        kind: if amount < 0 { FundedKind::Refund } else { FundedKind::Sale },
        status: FundedStatus::Processed,
        amount: SignedAmount::new(amount),
        currency: Some(Currency::USD),
        batch: Some("71742042".to_owned()),
    };
    Line { reference: reference.to_owned(), settled: vec![settled], funded: vec![funded] }
}

fn shop() -> MerchantId {
    "shop".parse().unwrap()
}

/// A payment that arrived a cent short, a refund that is not Tollgate's, and a deposit of the day
/// before.
async fn settled(t: &mut Table) -> Uuid {
    t.prepare(&registered("a", 10_000).by("shop:pay")).await;
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay")).await;
    let paid = t.world.log.all().into_iter().find(|entry| entry.fact == Fact::Approved).unwrap();
    let (reference, account) = (paid.reference.clone().unwrap(), paid.account.clone());
    let mut wrong = exception(1, ExceptionCause::AmountDiffers, &t.world);
    wrong.reference = Some(reference.clone());
    wrong.order = Some(OrderKey { merchant: "shop".parse().unwrap(), order: "a".parse().unwrap() });
    wrong.transaction = Some(paid.transaction);
    let mut gone = exception(2, ExceptionCause::NotFunded, &t.world);
    gone.gone_at = Some(t.world.clock.now());
    gone.notes =
        vec![Note { at: t.world.clock.now(), by: "Ben".to_owned(), text: "asked the processor".to_owned() }];
    let other = exception(3, ExceptionCause::NotOurs, &t.world);
    let pack = |reference: &str, day| PackKey::of(&account, day, reference);
    let today = date(2026, 11, 20);
    let (shop, table) = (shop(), &t.world.settlement);
    for (pack, line) in [
        (pack(&reference, Some(today)), line(&reference, "d2", 3_999)),
        (pack("900000000001", None), line("900000000001", "d2", -500)),
        (pack("900000000002", None), line("900000000002", "d1", 700)),
    ] {
        table.put_line(&shop, pack, line);
    }
    let packs = [pack(&reference, Some(today)), pack("900000000001", None), pack("900000000002", None)];
    let report = KnownReport::new(ReportKind::Batches, date(2026, 11, 19));
    table.keep_report(&shop, MID, &KnownReport { packs: packs.into(), ..report }).await.unwrap();
    let chargeback = Chargeback {
        id: LineId::Stated("c1".to_owned()),
        case: "20260001".to_owned(),
        sequence: Some(1),
        deposit: "d2".to_owned(),
        reference: None,
        amount: Amount::new(3_172).unwrap(),
        transaction_amount: None,
        currency: None,
        on: today,
        reason_code: "4837".to_owned(),
        reason: "No cardholder authorization".to_owned(),
        acquirer_reference: None,
        authcode: None,
        changed_on: None,
    };
    let own = [pack(&reference, Some(today)), pack("900000000001", None)];
    let others = [pack("900000000002", None)];
    for deposit in [
        Deposit { packs: others.into(), ..deposit("d1", date(2026, 11, 19), (1, 700), 0) },
        Deposit {
            packs: own.into(),
            others: (1, SignedAmount::new(-500)),
            chargebacks: vec![chargeback],
            ..deposit("d2", today, (2, 3_499), -500)
        },
    ] {
        table.put_deposit(&shop, deposit);
    }
    for exception in [wrong, gone, other] {
        table.put_exception(&shop, exception);
    }
    let read_at = Some("2026-11-20T11:00:00Z".parse().unwrap());
    let progress = Progress { read_at, ..Progress::new(MID, "2026-11-01T00:00:00Z".parse().unwrap()) };
    table.put_progress(&shop, Progress { funding: Some(true), ..progress });
    paid.transaction
}

#[tokio::test(start_paused = true)]
async fn a_deposit_is_explained_line_by_line() {
    let mut t = Table::new("deposits");
    t.ask("nothing was read yet", &list("/v2/deposits")).await;
    settled(&mut t).await;
    t.ask("the latest comes first", &list("/v2/deposits")).await;
    t.ask("as a file", &csv("/v2/deposits")).await;
    let first = t.ask("a page of one", &list("/v2/deposits?page[limit]=1")).await;
    let cursor = first["meta"]["page"]["cursor"].as_str().unwrap().to_owned();
    t.ask("and the next", &list(&format!("/v2/deposits?page[limit]=1&page[cursor]={cursor}"))).await;
    for filter in ["eq(date,2026-11-19)", "lt(date,2026-11-20)", "gt(date,2026-11-20)", "eq(mid,1)"] {
        t.ask("some days or an account", &list(&format!("/v2/deposits?filter={filter}"))).await;
    }
    for filter in ["eq(date,Tuesday)", "in(date,2026-11-19,2026-11-20)", "eq(mid,a-b)", "eq(net,1)"] {
        t.ask("not to be understood", &list(&format!("/v2/deposits?filter={filter}"))).await;
    }
    t.ask("what is in it", &list("/v2/deposits/d2")).await;
    t.ask("its lines as a file", &csv("/v2/deposits/d2")).await;
    let first = t.ask("its lines page by page", &list("/v2/deposits/d2?page[limit]=1")).await;
    let cursor = first["meta"]["page"]["cursor"].as_str().unwrap().to_owned();
    t.ask("the last line", &list(&format!("/v2/deposits/d2?page[limit]=1&page[cursor]={cursor}"))).await;
    t.ask("a cursor of another deposit", &list(&format!("/v2/deposits/d1?page[cursor]={cursor}"))).await;
    t.ask("no such deposit", &list("/v2/deposits/d3")).await;
    t.ask("another merchant's", &get("/v2/deposits/d2").by("strict:read")).await;
    t.ask("a browser may not see it", &get("/v2/deposits").by("shop:shopper1")).await;
    t.ask("a browser may not see it", &get("/v2/deposits/d2").by("shop:shopper1")).await;
    t.world.faults.take_down("settlement");
    t.ask("the table is away", &list("/v2/deposits")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_says_when_its_money_arrived() {
    let mut t = Table::new("settlement_of_transaction");
    let id = settled(&mut t).await;
    let path = format!("/v2/transactions/{id}/settlement");
    t.ask("it arrived", &list(&path)).await;
    t.ask("another merchant's", &get(&path).by("strict:read")).await;
    t.ask("a browser may not see it", &get(&path).by("shop:shopper1")).await;
    t.world.settlement.lines.lock().unwrap().clear();
    t.ask("still expected", &list(&path)).await;
    t.ask("no id", &list("/v2/transactions/x/settlement")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_is_in_no_deposit_is_listed_and_added_up() {
    let mut t = Table::new("settlement_outstanding");
    let path = "/v2/settlement/outstanding";
    t.ask("nothing was read yet", &list(path)).await;
    settled(&mut t).await;
    let account = t.world.log.all()[0].account.clone();
    let known = Progress::new(&account, "2026-11-01T00:00:00Z".parse().unwrap());
    t.world.settlement.progress.lock().unwrap().clear();
    t.world.settlement.put_progress(&shop(), Progress { funding: Some(true), ..known });
    t.ask("all of it arrived", &list(path)).await;
    t.world.settlement.lines.lock().unwrap().clear();
    let open = t.world.settlement.all_exceptions().remove(0);
    t.world.settlement.put_exception(&shop(), Exception { account, ..open });
    t.prepare(&pay("a", "purchase", card(1_000)).by("shop:pay")).await;
    t.ask("two are expected, one of them with an exception", &list(path)).await;
    t.ask("as a file", &csv(path)).await;
    let first = t.ask("a page of one", &list(&format!("{path}?page[limit]=1"))).await;
    let cursor = first["meta"]["page"]["cursor"].as_str().unwrap().to_owned();
    t.ask("and the next", &list(&format!("{path}?page[limit]=1&page[cursor]={cursor}"))).await;
    for filter in ["eq(date,2026-11-20)", "lt(date,2026-11-20)", "eq(mid,1)"] {
        t.ask("some days or an account", &list(&format!("{path}?filter={filter}"))).await;
    }
    for filter in ["ge(date,2026-01-01)", "eq(date,Tuesday)", "eq(state,expected)"] {
        t.ask("not to be understood", &list(&format!("{path}?filter={filter}"))).await;
    }
    t.ask("another merchant has none", &get(path).by("strict:read")).await;
    t.ask("a browser may not see it", &get(path).by("shop:shopper1")).await;
    t.world.faults.take_down("settlement");
    t.ask("the table is away", &list(path)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_month_adds_up_to_the_rows_of_its_figures() {
    let mut t = Table::new("month");
    let path = "/v2/reports/month";
    t.ask("nothing was paid yet", &list(path)).await;
    settled(&mut t).await;
    t.prepare(&pay("a", "purchase", card(1_000)).by("shop:pay")).await;
    t.ask("a payment came a cent short, and one is on the way", &list(path)).await;
    t.ask("as a file", &csv(path)).await;
    for query in ["rows=difference", "rows=lines_not_ours", "rows=net", "rows=taken&mid=1", "currency=CAD"] {
        t.ask("the rows of a figure", &list(&format!("{path}?{query}"))).await;
    }
    let first = t.world.log.all()[0].clone();
    let cursor = first.sort().replace('#', "%23");
    t.ask("rows after a cursor", &list(&format!("{path}?rows=taken&page[cursor]={cursor}"))).await;
    for query in [
        "month=2026-11&time_zone=America/New_York",
        "from=2026-11-20&to=2026-11-20",
        "from=2026-11-21",
        "month=2026-11&from=2026-10-31",
        "month=2026-10",
    ] {
        t.ask("some days", &list(&format!("{path}?{query}"))).await;
    }
    for query in [
        "month=2026-11-20",
        "month=2026-13&from=x&rows=gross&mid=a-b&currency=USDX&page[cursor]=x",
        "from=2026-10-01&to=2027-01-01",
        "from=2026-11-20&to=2026-11-19",
        "page[limit]=101",
        "month=9999-12",
    ] {
        t.ask("not to be understood", &list(&format!("{path}?{query}"))).await;
    }
    t.ask("another merchant has none", &get(path).by("strict:read")).await;
    t.ask("a browser may not see it", &get(path).by("shop:shopper1")).await;
    t.world.faults.spoil("d2");
    t.ask("a deposit that cannot be read", &list(path)).await;
    t.world.faults.take_down("settlement");
    t.ask("the table is away", &list(path)).await;
    t.end();
}

fn one(n: u128) -> Ask {
    list(&format!("/v2/settlement/exceptions/{}", Uuid::from_u128(n)))
}

fn note(n: u128, text: &str) -> Ask {
    let path = format!("/v2/settlement/exceptions/{}/notes", Uuid::from_u128(n));
    post(path).by("shop:operate").data(json!({"actor": "Ann", "text": text}))
}

fn resolve(n: u128, by: &str) -> Ask {
    let path = format!("/v2/settlement/exceptions/{}/resolve", Uuid::from_u128(n));
    post(path).by("shop:operate").data(json!({"actor": by, "reason": "the processor credits a cent"}))
}

#[tokio::test(start_paused = true)]
async fn a_key_learns_how_many_exceptions_are_open_and_never_more_than_are_counted() {
    let mut t = Table::new("me_settlement");
    let me = get("/v2/me").by("shop:read");
    settled(&mut t).await;
    t.ask("two are open, one is gone", &me).await;
    let never = Progress::new("800000000265", "2026-11-01T00:00:00Z".parse().unwrap());
    t.world.settlement.put_progress(&shop(), never);
    let open = exception(1, ExceptionCause::NotOurs, &t.world);
    for many in [OPEN_COUNTED_MAX, OPEN_COUNTED_MAX + 1] {
        t.world.settlement.exceptions.lock().unwrap().clear();
        for id in (1_000..).map(Uuid::from_u128).take(many) {
            t.world.settlement.put_exception(&shop(), Exception { id, ..open.clone() });
        }
        t.ask("as many as are counted, and one more; an account was never read", &me).await;
    }
    t.ask("another merchant has none", &get("/v2/me").by("strict:read")).await;
    t.world.faults.take_down("settlement");
    t.ask("the table is away", &me).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn people_work_off_what_does_not_fit() {
    let mut t = Table::new("settlement_exceptions");
    settled(&mut t).await;
    t.ask("what is open, the newest first", &list("/v2/settlement/exceptions")).await;
    t.ask("as a file", &csv("/v2/settlement/exceptions")).await;
    for filter in ["eq(state,closed)", "eq(cause,not_ours)", "eq(mid,1)"] {
        t.ask("some of them", &list(&format!("/v2/settlement/exceptions?filter={filter}"))).await;
    }
    for filter in ["eq(state,gone)", "eq(cause,wrong)", "gt(cause,not_ours)", "eq(order,a)"] {
        t.ask("not to be understood", &list(&format!("/v2/settlement/exceptions?filter={filter}"))).await;
    }
    t.ask("a single one, open", &one(1)).await;
    t.ask("a single one, closed", &one(2)).await;
    t.ask("not to be understood", &list("/v2/settlement/exceptions/1?state=open")).await;
    t.ask("no such exception", &one(9)).await;
    t.ask("another merchant's", &one(1).by("strict:read")).await;
    t.ask("no role for it", &one(1).by("shop:shopper1")).await;
    t.ask("a note", &note(1, "asked the processor")).await;
    t.ask("the same note again", &note(1, "asked the processor")).await;
    t.ask("resolved", &resolve(1, "Ann")).await;
    t.ask("the same decision again", &resolve(1, "Ann")).await;
    t.ask("another person is late", &resolve(1, "Ben")).await;
    t.ask("a note about a closed one", &note(1, "credited on Friday")).await;
    t.ask("gone without anybody", &resolve(2, "Ann")).await;
    t.ask("closed as a file", &csv("/v2/settlement/exceptions?filter=eq(state,closed)")).await;
    t.ask("no such exception", &note(9, "x")).await;
    t.ask(
        "no id",
        &post("/v2/settlement/exceptions/x/resolve")
            .by("shop:operate")
            .data(json!({"actor": "Ann", "reason": "r"})),
    )
    .await;
    for by in ["shop:read", "shop:pay", "shop:shopper1"] {
        t.ask("no role for it", &note(3, "x").by(by)).await;
        t.ask("no role for it", &resolve(3, "Ann").by(by)).await;
    }
    t.ask("another merchant's", &resolve(3, "Ann").by("strict:operate")).await;
    for data in [
        json!({}),
        json!({"actor": "Ann"}),
        json!({"reason": "r"}),
        json!({"actor": " ", "reason": "r"}),
        json!({"actor": "Ann", "reason": "card 4788 2500 0012 1443"}),
        json!({"actor": "Ann", "reason": "r", "text": "t"}),
    ] {
        t.ask("not to be understood", &resolve(3, "Ann").data(data)).await;
    }
    t.world.faults.contend(true);
    t.ask("changed each time", &resolve(3, "Ann")).await;
    t.end();
}
