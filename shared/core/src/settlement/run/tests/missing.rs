//! Reports that say nothing, and deposits, batches and lines that no report lists any more.

use super::*;
use crate::settlement::{MISSING_MAX, Resolution, UnreadableRow, resolve_exception};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn day(n: i8) -> Date {
    date(2026, 11, n)
}

/// A run at a moment, of reports that may differ from those of before.
async fn run_at(
    memory: &Arc<SettlementTable>,
    at: Timestamp,
    change: impl FnOnce(&mut Gateway),
) -> SettlementReport {
    let (log, mut gateway) = traffic();
    change(&mut gateway);
    let mut settlement = settlement(log, gateway, memory, &["1"]);
    settlement.clock = Arc::new(SetClock::at(at));
    run(&settlement).await
}

/// The days that could not be read, with the reason.
fn unread(memory: &SettlementTable) -> Vec<(Date, String)> {
    let progress = memory.progress.lock().unwrap();
    let unread = progress[&account("1")].progress.unread.iter();
    unread.filter_map(|one| Some((one.day, one.cause.clone()?))).collect()
}

/// The amounts of deposits by their days, as lists have them.
fn deposits(memory: &SettlementTable) -> Vec<(Date, i64)> {
    left(memory).deposits.iter().map(|one| (one.day, one.total.minor())).collect()
}

const ALL: [(i8, i64); 3] = [(18, 1_000), (19, 5_000), (20, 4_000)];

fn with(all: [(i8, i64); 3]) -> Vec<(Date, i64)> {
    all.map(|(of, minor)| (day(of), minor)).into()
}

/// The details of open exceptions about deposits and batches.
fn differing(memory: &SettlementTable) -> Vec<String> {
    let all = memory.all_exceptions();
    let open = all.iter().filter(|one| one.is_open() && one.cause == ExceptionCause::DepositDiffers);
    open.map(|one| one.detail.clone().unwrap()).collect()
}

/// The details that events tell, and how many events of different ids there are.
fn told_to_differ(memory: &SettlementTable) -> (Vec<String>, usize) {
    let told = memory.told.lock().unwrap();
    let differing: Vec<_> = told.iter().filter(|event| event.kind == "deposit.differs").collect();
    let ids: BTreeSet<_> = differing.iter().map(|event| event.id).collect();
    (differing.iter().map(|event| event.body.clone()).collect(), ids.len())
}

#[tokio::test]
async fn a_blank_report_is_never_believed_where_something_is_known_of_its_day() {
    let memory = Arc::new(SettlementTable::default());
    let blank = |gateway: &mut Gateway| {
        gateway.is_blank = true;
        gateway.funded.remove(&day(19));
    };
    // Most days have no deposit and are blank, and are read.
    let first = run_at(&memory, now(), |gateway| gateway.is_blank = true).await;
    assert_eq!((first.failed, unread(&memory)), (0, vec![]));
    for hours in [1, 25, 24 * 3] {
        let report = run_at(&memory, now() + HOUR * hours, blank).await;
        assert_eq!((report.failed, report.opened), (1, 0), "{hours}");
        let cause = "the gateway's report is blank, and had something before";
        assert_eq!(unread(&memory), [(day(19), cause.to_owned())], "{hours}");
        assert_eq!(deposits(&memory), with(ALL), "{hours}");
    }
    // It is no word, so a report that says so in words is believed a day later.
    run_at(&memory, now() + HOUR * 73, |gateway| drop(gateway.funded.remove(&day(19)))).await;
    assert_eq!(deposits(&memory), with(ALL));
    assert_eq!(run_at(&memory, now() + HOUR * 74, |_| {}).await.failed, 0);
    assert_eq!((unread(&memory), differing(&memory)), (vec![], vec![]));
}

#[tokio::test]
async fn words_that_there_is_nothing_are_believed_after_a_day_and_the_deposit_is_told_to_be_gone_in_that_run()
{
    let memory = Arc::new(SettlementTable::default());
    let gone = |gateway: &mut Gateway| drop(gateway.funded.remove(&day(19)));
    run_at(&memory, now(), |_| {}).await;
    let since = now() + HOUR;
    for at in [since, since + HOUR * 24 - SignedDuration::from_secs(1)] {
        assert_eq!(run_at(&memory, at, gone).await.failed, 1);
        assert_eq!((deposits(&memory), differing(&memory)), (with(ALL), vec![]), "{at}");
    }
    let report = run_at(&memory, since + HOUR * 24, gone).await;
    assert_eq!((report.failed, unread(&memory)), (0, vec![]));
    assert_eq!(deposits(&memory), with([(18, 1_000), (19, 0), (20, 4_000)]));
    let all = memory.all_exceptions();
    let one = all.iter().find(|one| one.cause == ExceptionCause::DepositDiffers).unwrap();
    assert_eq!(
        (one.deposit.as_deref(), one.expected, one.found, one.detail.as_deref()),
        (
            Some("d2026-11-19"),
            Some(SignedAmount::new(5_000)),
            Some(SignedAmount::ZERO),
            Some("it is not reported any more")
        )
    );
    assert_eq!(told_to_differ(&memory), (vec!["it is not reported any more".to_owned()], 1));
    // It stays, and is told once.
    run_at(&memory, since + HOUR * 25, gone).await;
    assert_eq!((differing(&memory).len(), told_to_differ(&memory).0.len()), (1, 1));
    // Listed again, it closes; gone again, it opens again, with an event of its own.
    run_at(&memory, since + HOUR * 26, |_| {}).await;
    assert_eq!((differing(&memory), deposits(&memory)), (vec![], with(ALL)));
    run_at(&memory, since + HOUR * 27, gone).await;
    run_at(&memory, since + HOUR * 51, gone).await;
    assert_eq!((differing(&memory).len(), told_to_differ(&memory).1), (1, 2));
}

/// Without the line of a reference in batches.
fn without_settled(gateway: &mut Gateway, wanted: &str) -> Vec<SettledRecord> {
    let is_it = |record: &mut SettledRecord| matches!(record, SettledRecord::Line { reference, .. } if reference == wanted);
    gateway.settled.values_mut().flat_map(|all| all.extract_if(.., is_it).collect::<Vec<_>>()).collect()
}

#[tokio::test]
async fn a_batchs_line_that_no_report_lists_any_more_is_told_in_that_run_until_it_is_listed_again() {
    let memory = Arc::new(SettlementTable::default());
    run_at(&memory, now(), |_| {}).await;
    let lost = |gateway: &mut Gateway| drop(without_settled(gateway, "300"));
    let says = "batch b2026-11-18: lines that are not reported any more: 1, such as 300";
    for n in 1..3 {
        run_at(&memory, now() + HOUR * n, lost).await;
        assert_eq!(differing(&memory), [says]);
    }
    assert_eq!(told_to_differ(&memory), (vec![says.to_owned()], 1));
    // The whole batch.
    let all_lost = |gateway: &mut Gateway| drop(gateway.settled.remove(&day(18)));
    run_at(&memory, now() + HOUR * 3, all_lost).await;
    run_at(&memory, now() + HOUR * 27, all_lost).await;
    let both = "batch b2026-11-18: lines that are not reported any more: 2, such as 200";
    assert_eq!(differing(&memory), [both]);
    // One is listed by another day.
    run_at(&memory, now() + HOUR * 28, |gateway| {
        let moved = without_settled(gateway, "300").into_iter().map(|record| match record {
            SettledRecord::Line { reference, settled } => SettledRecord::Line {
                reference,
                settled: Settled { batch: "b2026-11-19".to_owned(), day: day(19), ..settled },
            },
            row @ SettledRecord::Unreadable(_) => row,
        });
        let moved: Vec<_> = moved.collect();
        gateway.settled.get_mut(&day(19)).unwrap().extend(moved);
        gateway.settled.remove(&day(18));
    })
    .await;
    assert_eq!(
        differing(&memory),
        ["batch b2026-11-18: lines that are not reported any more: 1, such as 200"]
    );
    run_at(&memory, now() + HOUR * 29, |_| {}).await;
    assert_eq!(differing(&memory), Vec::<String>::new());
}

#[tokio::test]
async fn a_missing_line_is_found_again_also_while_the_day_that_lost_it_is_not_read() {
    let memory = Arc::new(SettlementTable::default());
    run_at(&memory, now(), |_| {}).await;
    run_at(&memory, now() + HOUR, |gateway| drop(without_settled(gateway, "300"))).await;
    assert_eq!(differing(&memory).len(), 1);
    run_at(&memory, now() + HOUR * 2, |gateway| {
        for record in without_settled(gateway, "300") {
            let SettledRecord::Line { reference, settled } = record else { continue };
            let settled = Settled { batch: "b2026-11-19".to_owned(), day: day(19), ..settled };
            gateway.settled.get_mut(&day(19)).unwrap().push(SettledRecord::Line { reference, settled });
        }
        gateway.impossible.insert(day(18));
    })
    .await;
    assert_eq!(differing(&memory), Vec::<String>::new());
}

#[tokio::test]
async fn of_a_batch_that_loses_many_lines_a_hundred_are_remembered() {
    let memory = Arc::new(SettlementTable::default());
    let many = |gateway: &mut Gateway| {
        (0..=MISSING_MAX).for_each(|n| gateway.add(&format!("9{n:03}"), 100, day(18), day(19)));
    };
    run_at(&memory, now(), many).await;
    run_at(&memory, now() + HOUR, |gateway| {
        many(gateway);
        (0..=MISSING_MAX).for_each(|n| drop(without_settled(gateway, &format!("9{n:03}"))));
    })
    .await;
    let says = "batch b2026-11-18: lines that are not reported any more: 100+, such as 9000";
    assert_eq!(differing(&memory), [says]);
    let missing = memory.all_reports().into_values().flat_map(|report| report.missing).count();
    assert_eq!(missing, MISSING_MAX);
}

/// The records of a day's deposit as another day's report lists them.
fn funded_on(gateway: &Gateway, of: i8, listed: i8) -> Vec<FundingRecord> {
    let moved = gateway.funded[&day(of)].iter().cloned().map(|record| match record {
        FundingRecord::Deposit(deposit) => {
            FundingRecord::Deposit(Box::new(Deposit { day: day(listed), ..*deposit }))
        }
        FundingRecord::Line { reference, funded, gateway_order_id } => {
            FundingRecord::Line { reference, funded: Funded { day: day(listed), ..funded }, gateway_order_id }
        }
        other => other,
    });
    moved.collect()
}

/// Adds a cent to a deposit's fee, so that its report can be told from others of it.
fn with_a_fee(mut records: Vec<FundingRecord>) -> Vec<FundingRecord> {
    if let Some(FundingRecord::Deposit(deposit)) = records.first_mut() {
        deposit.components.push((Component::Fee, SignedAmount::new(-1)));
        shift(&mut deposit.total, -1);
    }
    records
}

#[tokio::test]
async fn a_deposit_that_is_reported_under_another_day_has_that_day_and_is_no_other_one() {
    let memory = Arc::new(SettlementTable::default());
    run_at(&memory, now(), |_| {}).await;
    let moved = |gateway: &mut Gateway| {
        let records = funded_on(gateway, 18, 17);
        gateway.funded.remove(&day(18));
        gateway.funded.insert(day(17), records);
    };
    // The later day is read first, and waits until it is known that the earlier one has it.
    let report = run_at(&memory, now() + HOUR, moved).await;
    assert_eq!((report.failed, deposits(&memory)), (1, with(ALL)));
    let report = run_at(&memory, now() + HOUR * 2, moved).await;
    assert_eq!((report.failed, deposits(&memory)), (0, with([(17, 1_000), (19, 5_000), (20, 4_000)])));
    let funded = left(&memory).lines.into_values().flatten().flat_map(|line| line.funded);
    let days: Vec<Date> = funded.filter(|one| one.deposit == "d2026-11-18").map(|one| one.day).collect();
    assert_eq!((days, differing(&memory)), (vec![day(17)], vec![]));
    assert_eq!(memory.journal.lock().unwrap().len(), 3, "no entry was made again");
    let report = run_at(&memory, now() + HOUR * 3, |_| {}).await;
    assert_eq!((report.failed, deposits(&memory)), (0, with(ALL)));
}

#[tokio::test]
async fn of_two_days_that_list_a_deposit_the_later_one_has_the_last_word_whichever_is_read() {
    let memory = Arc::new(SettlementTable::default());
    let twice = |gateway: &mut Gateway| {
        let records = with_a_fee(funded_on(gateway, 18, 20));
        gateway.funded.get_mut(&day(20)).unwrap().extend(records);
    };
    let of_both = [(day(20), 999), (day(19), 5_000), (day(20), 4_000)];
    for n in 0..2 {
        run_at(&memory, now() + HOUR * n, twice).await;
        assert_eq!((deposits(&memory), differing(&memory)), (of_both.to_vec(), vec![]), "{n}");
    }
    // The later one cannot be read: its last word stays.
    let later_is_blank = |gateway: &mut Gateway| {
        gateway.is_blank = true;
        gateway.funded.remove(&day(20));
    };
    assert_eq!(run_at(&memory, now() + HOUR * 2, later_is_blank).await.failed, 1);
    assert_eq!(deposits(&memory), of_both);
    // It does not list the deposit any more: it is there, and the earlier word counts.
    run_at(&memory, now() + HOUR * 3, |_| {}).await;
    run_at(&memory, now() + HOUR * 4, |_| {}).await;
    assert_eq!((deposits(&memory), differing(&memory)), (with(ALL), vec![]));
}

/// The records of a deposit without the line of a reference, which is returned.
fn without_funded(gateway: &mut Gateway, of: i8, wanted: &str) -> Vec<FundingRecord> {
    let is_it = |record: &mut FundingRecord| matches!(record, FundingRecord::Line { reference, .. } if reference == wanted);
    gateway.funded.get_mut(&day(of)).unwrap().extract_if(.., is_it).collect()
}

#[tokio::test]
async fn a_deposits_lost_line_is_told_unless_another_deposit_has_it_or_its_row_cannot_be_read() {
    let memory = Arc::new(SettlementTable::default());
    run_at(&memory, now(), |_| {}).await;
    let elsewhere = |gateway: &mut Gateway| {
        for record in without_funded(gateway, 19, "300") {
            let FundingRecord::Line { reference, funded, gateway_order_id } = record else { continue };
            let funded = Funded { deposit: "d2026-11-20".to_owned(), day: day(20), ..funded };
            let record = FundingRecord::Line { reference, funded, gateway_order_id };
            gateway.funded.get_mut(&day(20)).unwrap().push(record);
        }
    };
    let is_missing = |says: &String| says.contains("not reported any more");
    let unreadable = |gateway: &mut Gateway| {
        without_funded(gateway, 19, "300");
        let (deposit, id) = (Some("d2026-11-19".to_owned()), Some("300".to_owned()));
        let row = UnreadableRow { deposit, batch: None, id, why: "a line without an amount".to_owned() };
        gateway.funded.get_mut(&day(19)).unwrap().push(FundingRecord::Unreadable(row));
    };
    for (n, change) in
        [(1, &elsewhere as &dyn Fn(&mut Gateway)), (2, &|_| {}), (3, &unreadable), (4, &|_| {})]
    {
        run_at(&memory, now() + HOUR * n, change).await;
        assert!(!differing(&memory).iter().any(is_missing), "{n}: {:?}", differing(&memory));
    }
    let lost = |gateway: &mut Gateway| drop(without_funded(gateway, 19, "300"));
    for n in 5..7 {
        run_at(&memory, now() + HOUR * n, lost).await;
        let all = memory.all_exceptions();
        let missing: Vec<_> =
            all.iter().filter(|one| one.is_open() && one.detail.as_ref().is_some_and(is_missing)).collect();
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].deposit.as_deref(), Some("d2026-11-19"));
        assert_eq!(
            missing[0].detail.as_deref(),
            Some("lines that are not reported any more: 1, such as 300")
        );
    }
    run_at(&memory, now() + HOUR * 8, elsewhere).await;
    assert!(!differing(&memory).iter().any(is_missing));
}

#[tokio::test]
async fn a_persons_decision_about_a_deposit_that_is_gone_stays() {
    let memory = Arc::new(SettlementTable::default());
    let lost = |gateway: &mut Gateway| drop(without_settled(gateway, "300"));
    run_at(&memory, now(), |_| {}).await;
    run_at(&memory, now() + HOUR, lost).await;
    let id = memory.all_exceptions().iter().find(|one| one.is_open()).unwrap().id;
    let resolution = Resolution { at: now(), by: "Ann".to_owned(), reason: "booked".to_owned() };
    resolve_exception(memory.as_ref(), &merchant(), id, &resolution).await.unwrap();
    run_at(&memory, now() + HOUR * 2, lost).await;
    assert_eq!((differing(&memory), told_to_differ(&memory).0.len()), (vec![], 1));
}

#[tokio::test]
async fn the_loss_of_a_deposit_and_of_lines_is_told_wherever_a_run_dies() {
    let lose = |gateway: &mut Gateway| {
        without_settled(gateway, "300");
        without_funded(gateway, 19, "200");
        // The deposit of the 18th has another id.
        for record in gateway.funded.get_mut(&day(18)).unwrap() {
            match record {
                FundingRecord::Deposit(deposit) => "x".clone_into(&mut deposit.id),
                FundingRecord::Line { funded, .. } => "x".clone_into(&mut funded.deposit),
                _ => {}
            }
        }
    };
    let clean = Arc::new(SettlementTable::default());
    run_at(&clean, now(), |_| {}).await;
    let before = clean.faults.writes();
    run_at(&clean, now() + HOUR, lose).await;
    let writes = clean.faults.writes() - before;
    // Three are not reported any more, and the lines of a deposit do not add up.
    assert_eq!((differing(&clean).len(), told_to_differ(&clean).1), (4, 4), "{:?}", differing(&clean));
    for died_after in 0..writes {
        let memory = Arc::new(SettlementTable::default());
        run_at(&memory, now(), |_| {}).await;
        memory.faults.die_after(Some(died_after));
        run_at(&memory, now() + HOUR, lose).await;
        memory.faults.die_after(None);
        memory.free_claims();
        run_at(&memory, now() + HOUR, lose).await;
        assert_eq!(left(&memory), left(&clean), "after {died_after}");
        let told = |of: &SettlementTable| told_to_differ(of).0.into_iter().collect::<BTreeSet<_>>();
        assert_eq!((told(&memory), told_to_differ(&memory).1), (told(&clean), 4), "after {died_after}");
    }
}
