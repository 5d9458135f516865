//! A run reads each account's last days, and events in between do not change the result.

use std::{collections::BTreeMap, sync::Mutex};

use futures_util::FutureExt;
use jiff::civil::{Date, date};

use super::*;
use crate::{
    memory::{JournalTable, OrderTable, SetClock, SettlementTable},
    order::Kind,
    payments::MerchantsError,
    settlement::{
        BatchStatus, Completeness, Component, Deposit, DepositBatch, DepositReader, DepositSums,
        ExceptionCause, Funded, FundedKind, FundedStatus, FundingRecord, JournalDays, KnownReport, PackKey,
        ReadReport, ReportError, ReportKind, ReportRequest, Settled, SettledRecord, SettledStatus,
        eastern_day,
        memory::{LeftByRuns, add, done, left, merchant, news, shift},
    },
    test_merchant::test_merchant,
    values::SignedAmount,
};

const NOON: &str = "2026-11-20T17:00:00Z";

fn now() -> Timestamp {
    NOON.parse().unwrap()
}

/// The gateway's reports, by day.
#[derive(Default)]
struct Gateway {
    settled: BTreeMap<Date, Vec<SettledRecord>>,
    funded: BTreeMap<Date, Vec<FundingRecord>>,
    /// Accounts that do not respond.
    silent: BTreeSet<String>,
    /// Days that cannot be requested.
    impossible: BTreeSet<Date>,
    /// Whether reports without records say nothing at all.
    is_blank: bool,
    asked: Mutex<Vec<Date>>,
}

#[async_trait::async_trait]
impl Reports for Gateway {
    async fn settled(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(SettledRecord) + Send),
    ) -> Result<ReadReport, ReportError> {
        self.asked.lock().unwrap().push(request.day);
        if self.silent.contains(request.account) {
            return Err(ReportError::Unavailable("silence".to_owned()));
        }
        if self.impossible.contains(&request.day) {
            return Err(ReportError::Day(request.day));
        }
        let records = self.settled.get(&request.day).cloned().unwrap_or_default();
        records.iter().cloned().for_each(each);
        Ok(self.read(records.len()))
    }

    async fn funded(
        &self,
        request: &ReportRequest<'_>,
        each: &mut (dyn FnMut(FundingRecord) + Send),
    ) -> Result<ReadReport, ReportError> {
        let records = self.funded.get(&request.day).cloned().unwrap_or_default();
        records.iter().cloned().for_each(each);
        Ok(self.read(records.len()))
    }
}

impl Gateway {
    fn read(&self, records: usize) -> ReadReport {
        match records {
            0 if self.is_blank => ReadReport::Blank,
            0 => ReadReport::Nothing,
            _ => ReadReport::Whole(1),
        }
    }

    /// A payment or refund that settles one day and is funded another one.
    fn add(&mut self, reference: &str, amount: i64, settled: Date, funded: Date) {
        let record = Settled {
            batch: format!("b{settled}"),
            day: settled,
            amount: Some(SignedAmount::new(amount)),
            status: SettledStatus::Accepted,
            batch_status: BatchStatus::Good,
            gateway_order_id: None,
        };
        let records = self.settled.entry(settled).or_default();
        records.push(SettledRecord::Line { reference: reference.to_owned(), settled: record });
        let id = format!("d{funded}");
        let records = self.funded.entry(funded).or_default();
        if records.is_empty() {
            let deposit = Deposit::without_sum(id.clone(), "1", funded, Timestamp::UNIX_EPOCH);
            let components = vec![(Component::NetSales, SignedAmount::ZERO)];
            records.push(FundingRecord::Deposit(Box::new(Deposit { components, ..deposit })));
        }
        if let Some(FundingRecord::Deposit(deposit)) = records.first_mut() {
            shift(&mut deposit.components[0].1, amount);
            shift(&mut deposit.total, amount);
        }
        records.push(FundingRecord::Line {
            reference: reference.to_owned(),
            funded: Funded {
                id: format!("l{reference}"),
                deposit: id,
                day: funded,
                kind: if amount < 0 { FundedKind::Refund } else { FundedKind::Sale },
                status: FundedStatus::Processed,
                amount: SignedAmount::new(amount),
                currency: None,
                batch: None,
            },
            gateway_order_id: None,
        });
    }
}

/// Merchants with these accounts.
struct Others(Vec<&'static str>);

#[async_trait::async_trait]
impl Merchants for Others {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let mut merchant = test_merchant(id.clone());
        merchant.gateway.accounts = ["USD", "EUR", "GBP"]
            .iter()
            .zip(&self.0)
            .map(|(code, account)| (crate::values::Currency::parse(code).unwrap(), (*account).to_owned()))
            .collect();
        Ok(Arc::new(merchant))
    }
}

/// Three payments and a refund, of three days.
fn traffic() -> (JournalTable, Gateway) {
    let (log, mut gateway) = (JournalTable::default(), Gateway::default());
    let day = |n| date(2026, 11, n);
    for (n, reference, minor, of, settled, funded) in [
        (1, "100", 1_000, 17, 17, 18),
        (2, "200", 2_000, 18, 18, 19),
        (3, "300", 3_000, 18, 18, 19),
        (4, "400", 4_000, 19, 19, 20),
    ] {
        let at = day(of).at(15, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
        add(&log, vec![done(n, Kind::Purchase, minor, reference, at)]);
        gateway.add(reference, i64::try_from(minor).unwrap(), day(settled), day(funded));
    }
    (log, gateway)
}

fn settlement(
    log: JournalTable,
    gateway: Gateway,
    memory: &Arc<SettlementTable>,
    accounts: &[&'static str],
) -> Settlement {
    let log = Arc::new(log);
    Settlement {
        reports: Arc::new(gateway),
        log: log.clone(),
        totals: log,
        merchants: Arc::new(Others(accounts.to_vec())),
        lines: memory.clone(),
        deposits: memory.clone(),
        deposit_journal: memory.clone(),
        news: news(memory.clone()),
        exceptions: memory.clone(),
        progress: memory.clone(),
        orders: Arc::new(OrderTable::default()),
        clock: Arc::new(SetClock::at(now())),
        settings: SettlementSettings { backfill_days: 3, ..SettlementSettings::default() },
    }
}

/// Where an account's progress is.
fn account(name: &str) -> (MerchantId, String) {
    (merchant(), name.to_owned())
}

async fn run(settlement: &Settlement) -> SettlementReport {
    settlement.run(Deadline::after(Duration::from_mins(15))).await
}

#[tokio::test]
async fn what_settled_and_was_funded_is_matched_and_read_again_without_a_write() {
    let (log, gateway) = traffic();
    let memory = Arc::new(SettlementTable::default());
    let settlement = settlement(log, gateway, &memory, &["1"]);
    let first = run(&settlement).await;
    assert_eq!(
        (first.accounts, first.read, first.failed, first.open),
        (1, 1, 0, 0),
        "{:?}",
        memory.all_exceptions()
    );
    assert_eq!(first.deposits, 3);
    let writes = memory.faults.writes();
    let again = run(&settlement).await;
    // It has the account, and gives it back.
    assert_eq!((again.written, again.deposits, memory.faults.writes()), (0, 0, writes + 2));
    let held: Vec<_> = left(&memory).deposits.iter().map(|deposit| deposit.lines).collect();
    assert_eq!(
        held,
        [(1, 1_000), (2, 5_000), (1, 4_000)].map(|(count, minor)| (count, SignedAmount::new(minor)))
    );
}

#[tokio::test]
async fn a_run_that_dies_at_any_write_is_completed_by_the_next_one() {
    let clean = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
    run(&settlement(log, gateway, &clean, &["1"])).await;
    let writes = clean.faults.writes();
    assert!(writes > 5, "{writes}");
    for died_after in 0..writes {
        let memory = Arc::new(SettlementTable::default());
        let (log, mut gateway) = traffic();
        gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
        let settlement = settlement(log, gateway, &memory, &["1"]);
        memory.faults.die_after(Some(died_after));
        let died = run(&settlement).await;
        assert_eq!(died.failed, 1, "after {died_after}");
        memory.faults.die_after(None);
        memory.free_claims();
        assert_eq!(run(&settlement).await.failed, 0);
        assert_eq!(left(&memory), left(&clean), "after {died_after}");
        // Each at least once.
        let told = |of: &SettlementTable| {
            of.told.lock().unwrap().iter().map(|event| event.body.clone()).collect::<BTreeSet<_>>()
        };
        assert_eq!(told(&memory), told(&clean), "after {died_after}");
    }
}

#[tokio::test]
async fn a_deposit_that_is_gone_is_gone_from_the_journal_wherever_a_run_dies() {
    // The deposit of the 18th has another id.
    let renamed = || {
        let (log, mut gateway) = traffic();
        for record in gateway.funded.get_mut(&date(2026, 11, 18)).unwrap() {
            match record {
                FundingRecord::Deposit(deposit) => "x".clone_into(&mut deposit.id),
                FundingRecord::Line { funded, .. } => "x".clone_into(&mut funded.deposit),
                _ => {}
            }
        }
        (log, gateway)
    };
    for died_after in 0..20 {
        let memory = Arc::new(SettlementTable::default());
        let (log, gateway) = traffic();
        run(&settlement(log, gateway, &memory, &["1"])).await;
        memory.faults.die_after(Some(died_after));
        let (log, gateway) = renamed();
        let settlement = settlement(log, gateway, &memory, &["1"]);
        run(&settlement).await;
        memory.faults.die_after(None);
        memory.free_claims();
        run(&settlement).await;
        let journal = memory.journal.lock().unwrap();
        let of_gone = journal.values().filter(|one| one.deposit == "d2026-11-18").map(|one| one.amount);
        assert_eq!(SignedAmount::sum(of_gone), Some(SignedAmount::ZERO), "after {died_after} writes");
    }
}

#[tokio::test]
async fn what_is_about_a_damaged_item_waits_and_is_not_judged_and_all_else_goes_on() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    let settlement = settlement(log, gateway, &memory, &["1"]);
    assert_eq!(run(&settlement).await.failed, 0);
    let before = left(&memory);
    let unread = || {
        let progress = memory.progress.lock().unwrap();
        progress[&account("1")].progress.unread.iter().map(|one| one.day).collect::<Vec<_>>()
    };
    // By now its payment would be late.
    let pack = PackKey::of("1", Some(date(2026, 11, 17)), "100");
    memory.lines.lock().unwrap().get_mut(&(merchant(), pack.clone())).unwrap().is_unreadable = true;
    let report = run(&settlement).await;
    assert_eq!((report.read, report.failed, report.open), (0, 1, 0), "{:?}", memory.all_exceptions());
    assert_eq!(unread(), [date(2026, 11, 17), date(2026, 11, 18)], "its batch, and its deposit");
    assert_eq!(left(&memory), before, "nothing was written over it");
    memory.lines.lock().unwrap().get_mut(&(merchant(), pack.clone())).unwrap().is_unreadable = false;
    assert_eq!((run(&settlement).await.failed, unread()), (0, vec![]));

    let key = (merchant(), "1".to_owned(), ReportKind::Deposits, date(2026, 11, 18));
    memory.reports.lock().unwrap().get_mut(&key).unwrap().is_unreadable = true;
    let report = run(&settlement).await;
    assert_eq!((report.read, report.failed, report.open), (0, 1, 0), "{:?}", memory.all_exceptions());
    assert_eq!(unread(), [date(2026, 11, 18)]);
    memory.reports.lock().unwrap().get_mut(&key).unwrap().is_unreadable = false;
    assert_eq!((run(&settlement).await.failed, unread()), (0, vec![]));
    assert_eq!(left(&memory), before);
}

#[tokio::test]
async fn a_damaged_deposit_keeps_its_lines_until_it_is_repaired_and_then_has_what_is_reported() {
    let corrected = || {
        let (log, mut gateway) = traffic();
        for record in gateway.funded.get_mut(&date(2026, 11, 18)).unwrap() {
            match record {
                FundingRecord::Deposit(deposit) => {
                    (deposit.components[0].1, deposit.total) =
                        (SignedAmount::new(900), SignedAmount::new(900));
                }
                FundingRecord::Line { funded, .. } => {
                    (funded.amount, funded.id) = (SignedAmount::new(900), "other".to_owned());
                }
                _ => {}
            }
        }
        (log, gateway)
    };
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    run(&settlement(log, gateway, &memory, &["1"])).await;
    let before = left(&memory);
    memory.faults.spoil("d2026-11-18");
    let (log, gateway) = corrected();
    let settlement = settlement(log, gateway, &memory, &["1"]);
    let report = run(&settlement).await;
    assert_eq!((report.failed, report.open), (1, 0), "{:?}", memory.all_exceptions());
    assert_eq!(left(&memory), before);
    memory.faults.repair();
    let report = run(&settlement).await;
    assert_eq!(
        (report.failed, report.open, memory.all_exceptions()[0].cause),
        (0, 1, ExceptionCause::AmountDiffers)
    );
    let LeftByRuns { lines, deposits, .. } = left(&memory);
    let funded: Vec<i64> = lines
        .values()
        .flatten()
        .flat_map(|line| &line.funded)
        .filter(|one| one.deposit == "d2026-11-18")
        .map(|one| one.amount.minor())
        .collect();
    let total = deposits.iter().find(|one| one.id == "d2026-11-18").map(|one| one.total.minor());
    assert_eq!((funded, total), (vec![900], Some(900)));
}

#[tokio::test]
async fn a_deposit_is_told_once_however_often_it_is_read_and_corrected() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    run(&settlement(log, gateway, &memory, &["1"])).await;
    let told = memory.told.lock().unwrap().clone();
    assert_eq!(told.len(), 3, "{told:?}");
    let (log, mut gateway) = traffic();
    gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
    let corrected = run(&settlement(log, gateway, &memory, &["1"])).await;
    assert_eq!(corrected.deposits, 1);
    assert_eq!(*memory.told.lock().unwrap(), told);
    let of_corrected: Vec<i64> = {
        let journal = memory.journal.lock().unwrap();
        journal.values().filter(|one| one.deposit == "d2026-11-19").map(|one| one.amount.minor()).collect()
    };
    assert_eq!(of_corrected.iter().sum::<i64>(), 5_900, "{of_corrected:?}");
}

#[tokio::test]
async fn the_line_of_an_unknown_payment_moves_once_when_it_becomes_known() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
    let unknown = run(&settlement(log, gateway, &memory, &["1"])).await;
    assert_eq!(unknown.opened, 1);
    assert_eq!(memory.all_exceptions()[0].cause, ExceptionCause::NotOurs);
    let known_at: Timestamp = "2026-11-19T10:00:00Z".parse().unwrap();
    let with_it = || {
        let (log, mut gateway) = traffic();
        add(&log, vec![done(9, Kind::Purchase, 900, "900", known_at)]);
        gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
        (log, gateway)
    };
    // It dies after each of the writes that a move takes, and is done in the end.
    for died_after in 0..4 {
        let (log, gateway) = with_it();
        memory.faults.die_after(Some(died_after));
        run(&settlement(log, gateway, &memory, &["1"])).await;
        memory.faults.die_after(None);
        memory.free_claims();
    }
    let (log, gateway) = with_it();
    let settlement = settlement(log, gateway, &memory, &["1"]);
    let known = run(&settlement).await;
    assert_eq!(known.open, 0, "{:?}", memory.all_exceptions());
    let LeftByRuns { lines, deposits, .. } = left(&memory);
    let packs: Vec<&PackKey> = lines
        .iter()
        .filter(|(_, all)| all.iter().any(|line| line.reference == "900"))
        .map(|(at, _)| at)
        .collect();
    assert_eq!(packs, [&PackKey::of("1", Some(date(2026, 11, 19)), "900")]);
    let deposit = deposits.iter().find(|deposit| deposit.id == "d2026-11-19").unwrap();
    assert!(deposit.packs.contains(packs[0]), "its deposit finds it there");
}

#[tokio::test]
async fn an_account_that_does_not_respond_delays_no_other_and_says_since_when() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.silent.insert("2".to_owned());
    let settlement = settlement(log, gateway, &memory, &["1", "2"]);
    let report = run(&settlement).await;
    assert_eq!((report.accounts, report.read, report.failed), (2, 1, 1));
    let progress = memory.progress.lock().unwrap().clone();
    assert_eq!(
        (progress[&account("1")].progress.read_at, progress[&account("2")].progress.read_at),
        (Some(now()), None)
    );
    assert_eq!(progress[&account("2")].until, None, "the next run may have it");
}

#[tokio::test]
async fn after_two_days_without_a_response_the_others_of_an_account_wait_for_the_next_run() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.silent.insert("1".to_owned());
    let gateway = Arc::new(gateway);
    let mut settlement = settlement(log, Gateway::default(), &memory, &["1"]);
    settlement.reports = gateway.clone();
    run(&settlement).await;
    assert_eq!(*gateway.asked.lock().unwrap(), [date(2026, 11, 20), date(2026, 11, 19)]);
    let unread = memory.progress.lock().unwrap()[&account("1")].progress.unread.clone();
    let caused = unread.iter().filter(|one| one.cause.is_some()).count();
    assert_eq!((unread.len(), caused), (8, 2), "all of them");
}

#[tokio::test]
async fn a_day_that_cannot_be_requested_any_more_waits_no_longer() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.impossible.insert(date(2026, 11, 13));
    let settlement = settlement(log, gateway, &memory, &["1"]);
    assert_eq!(run(&settlement).await.failed, 0);
    assert_eq!(memory.progress.lock().unwrap()[&account("1")].progress.unread, []);
}

#[tokio::test]
async fn an_account_is_read_by_one_run_at_a_time_and_again_when_that_has_died() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    let settlement = settlement(log, gateway, &memory, &["1"]);
    let progress = Progress::new("1", now());
    let until = now() + SignedDuration::from_mins(1);
    assert!(memory.claim(&merchant(), &progress, now(), until).now_or_never().unwrap().unwrap().is_some());
    let report = run(&settlement).await;
    assert_eq!((report.read, report.claimed), (0, 1));
    memory.progress.lock().unwrap().get_mut(&account("1")).unwrap().until =
        Some(now() - SignedDuration::from_secs(1));
    assert_eq!(run(&settlement).await.read, 1);
}

#[tokio::test]
async fn a_new_accounts_earlier_days_are_read_once_and_the_last_days_in_each_run() {
    let memory = Arc::new(SettlementTable::default());
    let gateway = Arc::new(traffic().1);
    let mut settlement = settlement(traffic().0, Gateway::default(), &memory, &["1"]);
    settlement.reports = gateway.clone();
    let days = |last: i8, first: i8| (first..=last).rev().map(|n| date(2026, 11, n)).collect::<Vec<_>>();
    run(&settlement).await;
    assert_eq!(std::mem::take(&mut *gateway.asked.lock().unwrap()), days(20, 13));
    run(&settlement).await;
    assert_eq!(*gateway.asked.lock().unwrap(), days(20, 16));
}

#[tokio::test]
async fn without_time_left_an_account_waits_for_the_next_run() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    let settlement = settlement(log, gateway, &memory, &["1"]);
    let report = settlement.run(Deadline::after(Duration::from_secs(20))).await;
    assert_eq!((report.accounts, report.read, report.left), (1, 0, 1));
}

/// How the exceptions are that are open.
fn open(memory: &SettlementTable) -> Vec<ExceptionCause> {
    memory.all_exceptions().iter().filter(|one| one.is_open()).map(|one| one.cause).collect()
}

#[tokio::test]
async fn a_new_accounts_payments_are_no_exception_before_their_days_are_read() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    let at = "2026-11-11T15:00:00Z".parse().unwrap();
    add(&log, vec![done(7, Kind::Purchase, 700, "700", at)]);
    gateway.add("700", 700, date(2026, 11, 11), date(2026, 11, 12));
    let mut settlement = settlement(log, gateway, &memory, &["1"]);
    settlement.settings.backfill_days = 20;
    let report = run(&settlement).await;
    assert_eq!((report.opened, report.open), (0, 0), "{:?}", memory.all_exceptions());
    // A missing payment is told once its days are read.
    let (log, gateway) = traffic();
    add(&log, vec![done(7, Kind::Purchase, 700, "700", at)]);
    settlement.log = Arc::new(log);
    settlement.reports = Arc::new(gateway);
    let other = Arc::new(SettlementTable::default());
    (settlement.lines, settlement.deposits) = (other.clone(), other.clone());
    (settlement.exceptions, settlement.progress) = (other.clone(), other.clone());
    run(&settlement).await;
    assert_eq!(open(&other), [ExceptionCause::NotSettled]);
}

#[tokio::test]
async fn days_in_which_no_run_came_that_far_are_read_later() {
    let memory = Arc::new(SettlementTable::default());
    let gateway = Arc::new(traffic().1);
    let mut settlement = settlement(traffic().0, Gateway::default(), &memory, &["1"]);
    settlement.reports = gateway.clone();
    let long_ago = now() - SignedDuration::from_hours(24 * 9);
    let back = date(2026, 11, 1);
    let known = Progress {
        read_at: Some(long_ago),
        from: Some(back),
        looked_back_on: Some(eastern_day(now())),
        ..Progress::new("1", long_ago)
    };
    memory.note(&merchant(), &known).now_or_never().unwrap().unwrap();
    run(&settlement).await;
    let asked: Vec<Date> = (7..=20).rev().map(|n| date(2026, 11, n)).collect();
    assert_eq!(*gateway.asked.lock().unwrap(), asked, "five days back from the day that was read last");
}

#[tokio::test]
async fn the_batch_of_the_same_day_of_another_year_is_left_out() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    add(&log, vec![done(7, Kind::Purchase, 700, "700", "2025-11-18T15:00:00Z".parse().unwrap())]);
    let another_year = |reference: &str, amount| SettledRecord::Line {
        reference: reference.to_owned(),
        settled: Settled {
            batch: "old".to_owned(),
            day: date(2026, 11, 18),
            amount: Some(amount),
            status: SettledStatus::Accepted,
            batch_status: BatchStatus::Good,
            gateway_order_id: None,
        },
    };
    // One of them was never the journal's.
    let records = gateway.settled.entry(date(2026, 11, 18)).or_default();
    records.extend([another_year("700", SignedAmount::new(700)), another_year("701", SignedAmount::new(50))]);
    let report = run(&settlement(log, gateway, &memory, &["1"])).await;
    assert_eq!(open(&memory), [], "{report:?}");
    let is_there = |wanted: &str| left(&memory).lines.values().flatten().any(|line| line.reference == wanted);
    assert_eq!((is_there("200"), is_there("700"), is_there("701")), (true, false, false));
}

#[tokio::test]
async fn a_payment_of_300_days_before_its_batch_may_be_of_the_same_year() {
    for (paid, is_left_out) in [(date(2026, 1, 22), false), (date(2026, 1, 21), true)] {
        let memory = Arc::new(SettlementTable::default());
        let (log, mut gateway) = traffic();
        let at = paid.at(15, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
        add(&log, vec![done(7, Kind::Purchase, 700, "700", at)]);
        gateway.add("700", 700, date(2026, 11, 18), date(2026, 11, 19));
        run(&settlement(log, gateway, &memory, &["1"])).await;
        // The same batch has payments of this year, which are left out with it.
        let lines = left(&memory).lines.into_values().flatten();
        let settled = lines.flat_map(|line| line.settled).filter(|one| one.day == date(2026, 11, 18)).count();
        assert_eq!(settled == 0, is_left_out, "{paid}");
    }
}

#[tokio::test]
async fn two_owners_of_one_reference_are_found_also_on_two_days() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    for (n, day) in [(7, 16), (8, 17)] {
        let at = date(2026, 11, day).at(15, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
        add(&log, vec![done(n, Kind::Purchase, 700, "700", at)]);
    }
    gateway.add("700", 700, date(2026, 11, 16), date(2026, 11, 17));
    run(&settlement(log, gateway, &memory, &["1"])).await;
    assert_eq!(open(&memory), [ExceptionCause::AmountDiffers]);
}

#[tokio::test]
async fn a_refused_line_may_be_in_the_net_sales_or_not() {
    for is_in in [false, true] {
        let memory = Arc::new(SettlementTable::default());
        let (log, mut gateway) = traffic();
        let at = "2026-11-18T15:00:00Z".parse().unwrap();
        add(&log, vec![done(7, Kind::Purchase, 700, "700", at)]);
        gateway.add("700", 700, date(2026, 11, 18), date(2026, 11, 19));
        for record in gateway.funded.get_mut(&date(2026, 11, 19)).unwrap() {
            match record {
                FundingRecord::Line { reference, funded, .. } if reference == "700" => {
                    funded.status = FundedStatus::Rejected;
                }
                FundingRecord::Deposit(deposit) if !is_in => {
                    shift(&mut deposit.components[0].1, -700);
                    shift(&mut deposit.total, -700);
                }
                _ => {}
            }
        }
        run(&settlement(log, gateway, &memory, &["1"])).await;
        assert_eq!(open(&memory), [ExceptionCause::Rejected], "{is_in}");
    }
}

#[tokio::test]
async fn an_account_that_never_had_a_deposit_waits_for_none() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    gateway.funded.clear();
    let report = run(&settlement(log, gateway, &memory, &["1"])).await;
    assert_eq!((report.read, open(&memory)), (1, vec![]));
    assert_eq!(
        memory.progress.lock().unwrap()[&account("1")].progress.funding,
        None,
        "it may still have some"
    );
}

#[tokio::test]
async fn an_item_is_written_once_a_run_for_all_of_its_days() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    let report = run(&settlement(log, gateway, &memory, &["1"])).await;
    let items = left(&memory).lines.len();
    assert_eq!(report.written, u64::try_from(items).unwrap(), "each settled and was funded on two days");
}

#[tokio::test]
async fn the_next_run_reads_an_account_that_only_the_journal_knows() {
    let memory = Arc::new(SettlementTable::default());
    let (log, gateway) = traffic();
    let settlement = settlement(log, gateway, &memory, &["2"]);
    assert_eq!(run(&settlement).await.accounts, 1);
    let used_on = memory.progress.lock().unwrap()[&account("1")].progress.used_on;
    assert_eq!(used_on, Some(date(2026, 11, 19)));
    assert_eq!(run(&settlement).await.accounts, 2);
    assert_eq!(memory.progress.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn days_are_looked_back_at_on_their_weekday_as_far_as_they_are_known() {
    let memory = Arc::new(SettlementTable::default());
    let gateway = Arc::new(traffic().1);
    let mut settlement = settlement(traffic().0, Gateway::default(), &memory, &["1"]);
    settlement.reports = gateway.clone();
    let known = Progress {
        read_at: Some(now()),
        from: Some(date(2026, 11, 6)),
        looked_back_on: Some(date(2026, 11, 18)),
        ..Progress::new("1", now())
    };
    memory.note(&merchant(), &known).now_or_never().unwrap().unwrap();
    run(&settlement).await;
    let asked = [20, 19, 18, 17, 16, 13, 12, 6].map(|day| date(2026, 11, day));
    assert_eq!(*gateway.asked.lock().unwrap(), asked, "the 5th is not known");
}

#[test]
fn an_account_may_be_reported_for_200_days_and_waits_since_its_oldest_day() {
    let mut progress = Progress::new("1", now());
    let may = |progress: &Progress, days: i64| {
        progress.may_be_reported(date(2026, 11, 20).saturating_add(days.days()))
    };
    assert_eq!([200, 201].map(|days| may(&progress, days)), [true, false]);
    progress.used_on = Some(date(2026, 11, 23));
    assert_eq!([203, 204].map(|days| may(&progress, days)), [true, false]);
    let later = now() + SignedDuration::from_secs(90);
    assert_eq!(progress.unread_s(later), 90);
    progress.read_at = Some(later);
    assert_eq!(progress.unread_s(later), 0);
    progress.want(date(2026, 11, 20), now(), None);
    assert_eq!(progress.unread_s(later), 90);
}

#[tokio::test]
async fn a_reference_has_the_day_of_the_first_fact_that_moves_money() {
    let log = JournalTable::default();
    let done = |n, kind, reference, day| {
        let at = date(2026, 11, day).at(15, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
        done(n, kind, 1_000, reference, at)
    };
    add(&log, vec![done(1, Kind::Authorize, "100", 10), done(2, Kind::Capture, "100", 12)]);
    add(&log, vec![done(3, Kind::Authorize, "200", 10), done(4, Kind::Void, "200", 11)]);
    add(&log, vec![done(5, Kind::Purchase, "300", 13), done(6, Kind::Refund, "301", 14)]);
    let found = JournalDays::read(&log, &merchant(), "1", Timestamp::UNIX_EPOCH).await.unwrap();
    let days = ["100", "200", "300", "301"].map(|reference| found.get(reference).map(Date::day));
    assert_eq!(days, [Some(12), None, Some(13), Some(14)]);
    assert_eq!(*found.used(), BTreeMap::from([("1".to_owned(), date(2026, 11, 14))]));
}

#[tokio::test]
async fn a_deposit_is_read_line_by_line_with_what_is_open_about_it() {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    for reference in ["900", "901"] {
        gateway.add(reference, 900, date(2026, 11, 18), date(2026, 11, 19));
    }
    let settlement = settlement(log, gateway, &memory, &["1"]);
    run(&settlement).await;
    let (lines, exceptions, log) = (memory.as_ref(), memory.as_ref(), settlement.log.as_ref());
    let reader = DepositReader { lines, exceptions, log, now: now() };
    let deposits = memory.all_deposits();
    let of_day = |id: &str| deposits.values().find(|one| one.id == id).unwrap();
    let (deposit, other) = (of_day("d2026-11-19"), of_day("d2026-11-18"));
    let merchant = merchant();
    let read = async |after: Option<&str>, limit| {
        let packs = reader.packs(&merchant, deposit).await.unwrap();
        let read = reader.lines(&merchant, deposit, &packs, after, limit).await.unwrap();
        let lines = read
            .lines
            .iter()
            .map(|one| (one.line.reference.clone(), one.entry.as_ref().map(|entry| entry.amount.minor())));
        (lines.collect::<Vec<_>>(), read.next)
    };
    let (first, next) = read(None, 2).await;
    assert_eq!(first, [("200".to_owned(), Some(2_000)), ("300".to_owned(), Some(3_000))]);
    let rest = vec![("900".to_owned(), None), ("901".to_owned(), None)];
    assert_eq!(read(next.as_deref(), 2).await, (rest, None));
    assert_eq!(read(None, 4).await.1, None);

    let unmatched = reader.unmatched(&merchant).await.unwrap();
    assert_eq!((unmatched.in_deposit(deposit), unmatched.in_deposit(other)), (2, 0));
    let wrong = ["900", "200"].map(|reference| unmatched.of_reference("1", reference));
    assert_eq!(wrong, [Some(ExceptionCause::NotOurs), None]);

    let components = [(Component::NetSales, 6_000), (Component::Fee, -30), (Component::Reversal, 5)];
    let components = components.map(|(component, minor)| (component, SignedAmount::new(minor))).to_vec();
    let sums = DepositSums::of(&Deposit { components, refunds: SignedAmount::new(-800), ..other.clone() });
    let [gross, fees, adjustments] = [6_800, -30, 0].map(|minor| Some(SignedAmount::new(minor)));
    let [refunds, chargebacks] = [-800, 5].map(SignedAmount::new);
    let expected = DepositSums { gross, refunds, fees, chargebacks, adjustments };
    assert_eq!(sums, expected);
}

/// How the deposit of the 19th compares with its batch, whose refund of 5.00 has the sign of a
/// payment there.
async fn completeness(change: impl FnOnce(&mut Gateway)) -> (Completeness, Arc<SettlementTable>) {
    let memory = Arc::new(SettlementTable::default());
    let (log, mut gateway) = traffic();
    let at = |day: i8| date(2026, 11, day).at(15, 0, 0, 0).in_tz("UTC").unwrap().timestamp();
    let refunded = done(6, Kind::Refund, 500, "500", at(18));
    add(&log, vec![done(5, Kind::Purchase, 600, "600", at(17)), refunded]);
    gateway.add("600", 600, date(2026, 11, 17), date(2026, 11, 18));
    gateway.add("500", -500, date(2026, 11, 18), date(2026, 11, 19));
    let batch = gateway.settled.get_mut(&date(2026, 11, 18)).unwrap();
    let Some(SettledRecord::Line { settled, .. }) = batch.last_mut() else { panic!("{batch:?}") };
    settled.amount = Some(SignedAmount::new(500));
    change(&mut gateway);
    let settlement = settlement(log, gateway, &memory, &["1"]);
    run(&settlement).await;
    (compared(&memory, settlement.log.as_ref()).await, memory)
}

async fn compared(memory: &SettlementTable, log: &dyn EntryLog) -> Completeness {
    let reader = DepositReader { lines: memory, exceptions: memory, log, now: now() };
    let deposit = memory.all_deposits().into_values().find(|one| one.id == "d2026-11-19").unwrap();
    let packs = reader.packs(&merchant(), &deposit).await.unwrap();
    let unmatched = reader.unmatched(&merchant()).await.unwrap();
    reader.completeness(&merchant(), &deposit, &packs, &unmatched).await.unwrap()
}

#[tokio::test]
async fn a_deposit_is_complete_if_it_has_all_that_settled_with_its_lines_and_nothing_else() {
    let sum = |minor| Some(SignedAmount::new(minor));
    let whole = DepositBatch {
        id: "b2026-11-18".to_owned(),
        day: date(2026, 11, 18),
        lines: Some(3),
        sum: sum(4_500),
        deposited_lines: 3,
        deposited_sum: sum(4_500),
    };
    let complete = Completeness {
        counted: 3,
        counted_sum: sum(4_500),
        matched: 3,
        batches: vec![whole.clone()],
        is_complete: true,
    };
    let (found, memory) = completeness(|_| {}).await;
    assert_eq!(found, complete);

    let without_refund = DepositBatch { deposited_lines: 2, deposited_sum: sum(5_000), ..whole.clone() };
    let part = Completeness {
        counted: 2,
        counted_sum: sum(5_000),
        matched: 2,
        batches: vec![without_refund],
        is_complete: false,
    };
    let of_19th = |gateway: &mut Gateway| gateway.funded.get_mut(&date(2026, 11, 19)).unwrap().pop();
    let (in_no_deposit, _) = completeness(|gateway| drop(of_19th(gateway))).await;
    assert_eq!(in_no_deposit, part, "the journal says that it is a refund");
    let in_another = |gateway: &mut Gateway| {
        let line = of_19th(gateway).unwrap();
        gateway.funded.get_mut(&date(2026, 11, 20)).unwrap().push(line);
    };
    assert!(!completeness(in_another).await.0.is_complete);

    let unknown = |gateway: &mut Gateway| gateway.add("900", 900, date(2026, 11, 18), date(2026, 11, 19));
    let (found, _) = completeness(unknown).await;
    assert_eq!((found.counted, found.matched, found.is_complete), (4, 3, false));
    assert!(found.batches[0].is_whole(), "{found:?}");

    let mut reports = memory.all_reports().into_values();
    let batches = (ReportKind::Batches, date(2026, 11, 18));
    let report = reports.find(|one| (one.kind, one.day) == batches).unwrap();
    let damaged = KnownReport { is_unreadable: true, ..report };
    memory.keep_report(&merchant(), "1", &damaged).await.unwrap();
    let found = compared(&memory, &JournalTable::default()).await;
    assert_eq!((found.batches[0].lines, found.is_complete), (None, false));
}

mod missing;
