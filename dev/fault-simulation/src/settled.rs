//! Money that arrived, and was taken back: random days of traffic through both APIs and the real
//! gateway client, and then the real reader of its reports, from the simulator's batches and
//! deposits to the match. Matching lines have no exception, each deviation has its own, and sums
//! agree to the cent, however often runs are repeated, wherever they die, and however late the
//! journal is.

mod deviations;
mod disputed;
mod history;
mod month;
mod ports;
mod stores;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cardpointe_simulator::{DepositDeviation, Deviation, Record, RecordState, Simulator};
use memory::SettlementTable;
use tokio::time::sleep;
use tollgate::{cardpointe::CardPointeReports, publishing::settlement_news};
use tollgate_core::{
    journal::Changes,
    payments::Deadline,
    settlement::{Component, Deposit, ExceptionCause, Settlement, SettlementReport, SettlementSettings},
    values::Clock,
    webhooks::Everywhere,
};

use self::{
    deviations::{ENDS, LASTING, Victim, corrections, mend, of_deposits, of_records},
    disputed::Issuers,
    history::{Account, Traffic, accounts, of_merchants, set_up},
    ports::{Documents, Line, WorldClock, journal_of},
    stores::{NotReported, open, state},
};
use crate::{
    fault::Plan,
    run::{self, Run},
    world::World,
};

/// When histories begin, all at noon UTC: before a weekend with a holiday, in the weeks in which
/// summer time begins and ends, and before New Year.
const BEGIN_S: [i64; 4] = [1_779_364_800, 1_772_712_000, 1_793_275_200, 1_798_545_600];

/// After the last day of traffic: longer than money may take over a weekend with a holiday.
const ARRIVED_AFTER: Duration = Duration::from_hours(9 * 24);

/// Days after the traffic on which banks still take money back, and then those until all reports of
/// it were read.
const DISPUTED_DAYS: u64 = 6;
const QUIET_DAYS: u64 = 9;

/// No history takes more days.
const HISTORY_DAYS: u16 = 60;

/// Within how many days each correction is seen: those of the weeks before are read once a week.
const CORRECTED_WITHIN_DAYS: u64 = 8;

/// The platform's time limit of the function.
const LIMIT: Duration = Duration::from_mins(15);

/// In how many places of a history a process dies at the end.
const DEATHS: u64 = 6;

/// One history and all that must be true of it. With `whole`, a process dies at every write.
pub(crate) fn seed(seed: u64, whole: bool, keep_steps: bool) -> Run {
    let at_s = BEGIN_S[usize::try_from(seed).unwrap_or_default() % BEGIN_S.len()];
    run::run(
        || World::begun(at_s, seed, Plan::Calm, keep_steps, None),
        async |world| {
            if let Err(rule) = story(&world, whole).await {
                world.fail(&mut world.state(), &rule);
            }
        },
    )
}

/// One history of money that banks take back, and all that must be true of it.
pub(crate) fn disputed_seed(seed: u64, keep_steps: bool) -> Run {
    let at_s = BEGIN_S[usize::try_from(seed).unwrap_or_default() % BEGIN_S.len()];
    run::run(
        || World::begun(at_s, seed, Plan::Calm, keep_steps, None),
        async |world| {
            if let Err(rule) = disputed_story(&world).await {
                world.fail(&mut world.state(), &rule);
            }
        },
    )
}

/// One history whose months are reported, and all that must be true of them.
pub(crate) fn month_seed(seed: u64) -> Run {
    let at_s = month::BEGIN_S[usize::try_from(seed).unwrap_or_default() % month::BEGIN_S.len()];
    run::run(
        || World::begun(at_s, seed, Plan::Calm, false, None),
        async |world| {
            if let Err(rule) = month::story(&world, seed).await {
                world.fail(&mut world.state(), &rule);
            }
        },
    )
}

async fn disputed_story(world: &Arc<World>) -> Result<(), String> {
    let accounts = {
        let rng = &mut world.state().rng;
        let mut accounts = accounts(rng);
        for account in &mut accounts {
            (account.dispute_ids, account.dispute_changes) = (rng.chance(75), rng.chance(85));
        }
        accounts
    };
    set_up(world, &accounts, &[1, 1, 2]);
    let bank = Bank { world: world.clone(), accounts, named: Mutex::default() };
    let mut traffic = Traffic::new(world.clone(), bank.accounts.clone());
    let (kept, mut issuers) = (Arc::new(SettlementTable::default()), Issuers::new(&bank.accounts));
    let mut done = Ok(());
    traffic
        .pass(async |current| {
            bank.name_account(current);
            done = done.clone().and(issuers.act(&bank));
            bank.run_badly(&kept).await;
        })
        .await;
    done?;
    for day in 0..DISPUTED_DAYS + QUIET_DAYS {
        sleep(Duration::from_hours(24)).await;
        if day < DISPUTED_DAYS {
            issuers.act(&bank)?;
        }
        bank.run(&kept, 0).await;
    }
    issuers.agree(&bank, &kept)
}

async fn story(world: &Arc<World>, whole: bool) -> Result<(), String> {
    let accounts = accounts(&mut world.state().rng);
    set_up(world, &accounts, &[1, 1, 2]);
    let bank = Bank { world: world.clone(), accounts, named: Mutex::default() };
    let mut traffic = Traffic::new(world.clone(), bank.accounts.clone());
    let kept = Arc::new(SettlementTable::default());
    traffic.pass(async |_| bank.run_badly(&kept).await).await;
    for _ in 0..ARRIVED_AFTER.as_secs() / 86_400 {
        sleep(Duration::from_hours(24)).await;
        bank.run(&kept, 0).await;
    }
    nothing_is_open(&kept, "after runs each day")?;
    bank.sums_agree(&kept)?;
    let left = state(&kept);
    let once = Arc::new(SettlementTable::default());
    bank.run(&once, 0).await;
    if once.all_exceptions().iter().any(|one| one.gone_at.is_some()) {
        return Err(format!("the first run had false exceptions: {:?}", once.all_exceptions()));
    }
    same(&left, &state(&once), "one run at the end")?;
    let writes = once.faults.writes();
    bank.run(&once, 0).await;
    same(&left, &state(&once), "the same run again")?;
    bank.dies(&left, writes, whole).await?;
    bank.is_corrected(&kept).await?;
    bank.is_blank(&kept).await?;
    bank.deviates().await?;
    bank.deviates_for_good(&mut traffic).await
}

/// Whether runs left the same.
fn same(left: &stores::Left, other: &stores::Left, what: &str) -> Result<(), String> {
    if left == other { Ok(()) } else { Err(format!("{what} leaves {other:#?}\nand not {left:#?}")) }
}

/// The merchants' side of the bank.
struct Bank {
    world: Arc<World>,
    accounts: Vec<Account>,
    /// Up to which account merchants' documents name the last of theirs only; none: all that they
    /// ever had.
    named: Mutex<Option<usize>>,
}

impl Bank {
    /// From now on, documents name accounts up to this one, and of each merchant only the last.
    fn name_account(&self, current: usize) {
        *self.named.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }

    fn documents(&self) -> Documents {
        let named = *self.named.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(current) = named else { return Documents::new(of_merchants(&self.accounts)) };
        let mut last = BTreeMap::new();
        for account in self.accounts.iter().take(current + 1) {
            last.insert(account.merchant, vec![account.id.clone()]);
        }
        Documents::new(last)
    }

    /// One run of the function, by a journal that lacks the last writes.
    async fn run(&self, stores: &Arc<SettlementTable>, behind: usize) -> SettlementReport {
        let world = &self.world;
        let clock: Arc<dyn Clock> = Arc::new(WorldClock(world.clone()));
        let log = Arc::new(journal_of(world, behind));
        let settlement = Settlement {
            reports: Arc::new(CardPointeReports::over(Line(world.clone()), clock.clone())),
            log: log.clone(),
            totals: log,
            merchants: Arc::new(self.documents()),
            lines: stores.clone(),
            deposits: stores.clone(),
            deposit_journal: stores.clone(),
            news: settlement_news(Arc::new(Everywhere(Vec::new()))),
            exceptions: stores.clone(),
            progress: stores.clone(),
            orders: world.start(),
            clock,
            // A whole history.
            settings: SettlementSettings {
                backfill_days: HISTORY_DAYS,
                looked_back_days: HISTORY_DAYS,
                ..SettlementSettings::default()
            },
        };
        let report = settlement.run(Deadline::after(LIMIT)).await;
        world.state().count("settlement runs");
        *world.state().counts.entry("records of reports").or_default() += report.records;
        report
    }

    /// Runs that die, come twice, or come before the journal.
    async fn run_badly(&self, stores: &Arc<SettlementTable>) {
        let (behind, dies_after, again) = {
            let rng = &mut self.world.state().rng;
            (rng.below(4), rng.chance(50).then(|| rng.below(12)), rng.chance(50))
        };
        stores.faults.die_after(dies_after);
        self.run(stores, usize::try_from(behind).unwrap_or_default()).await;
        stores.faults.die_after(None);
        stores.free_claims();
        if again {
            self.run(stores, 0).await;
        }
    }

    /// A process that dies after any of these writes leaves a state that the next one completes.
    async fn dies(&self, left: &stores::Left, writes: u64, whole: bool) -> Result<(), String> {
        let deaths: Vec<u64> = if whole {
            (0..writes).collect()
        } else {
            (0..DEATHS).map(|_| self.world.state().rng.below(writes)).collect()
        };
        for after in deaths {
            let stores = Arc::new(SettlementTable::default());
            stores.faults.die_after(Some(after));
            self.run(&stores, 0).await;
            stores.faults.die_after(None);
            stores.free_claims();
            // The second one after that has nothing left to do but to match the lines that the
            // first one read.
            self.run(&stores, 0).await;
            self.run(&stores, 0).await;
            same(left, &state(&stores), &format!("death after {after} of {writes} writes"))?;
            self.world.state().count("settlement runs that died");
        }
        Ok(())
    }

    /// Deposits, the journal and the gateway's ledger agree to the cent, account by account.
    fn sums_agree(&self, stores: &SettlementTable) -> Result<(), String> {
        let (log, records) = (journal_of(&self.world, 0), self.simulator().records());
        for account in self.accounts.iter().filter(|account| account.has_deposits) {
            let of_account = records.iter().filter(|record| record.merchid == account.id);
            let at_the_gateway: i64 = of_account.map(Record::moved_minor_units).sum();
            let entries = log.all().into_iter().filter(|entry| entry.account == account.id);
            let changes = Changes::sum(entries.map(|entry| entry.changes)).unwrap_or_default();
            let deposits: Vec<Deposit> =
                stores.all_deposits().into_values().filter(|one| one.account == account.id).collect();
            let net: i64 = deposits.iter().map(|one| one.component(Component::NetSales).minor()).sum();
            let lines: i64 = deposits.iter().map(|one| one.lines.1.minor()).sum();
            let sums = [at_the_gateway, changes.gateway.minor() + changes.fees.minor(), net, lines];
            if sums.iter().any(|sum| *sum != sums[0]) {
                return Err(format!("{account:?}: gateway, journal, deposits and lines are {sums:?}"));
            }
            let own = stores.deposit_entries().into_iter().filter(|entry| entry.account == account.id);
            let (arrived, told) = (
                deposits.iter().map(|one| one.total.minor()).sum::<i64>(),
                own.map(|one| one.amount.minor()).sum::<i64>(),
            );
            if arrived != told {
                return Err(format!("{account:?}: {arrived} arrived, and the journal has {told}"));
            }
            *self.world.state().counts.entry("deposits").or_default() += deposits.len() as u64;
        }
        Ok(())
    }

    fn simulator(&self) -> Simulator {
        self.world.state().ledger.simulator.clone()
    }

    /// Payments and refunds that arrived, of all accounts with deposits.
    fn arrived(&self) -> Vec<Record> {
        let has_deposits =
            |record: &Record| self.accounts.iter().any(|one| one.id == record.merchid && one.has_deposits);
        let mut records = self.simulator().records();
        records.retain(|one| one.state == RecordState::Accepted && one.minor_units > 1 && has_deposits(one));
        records
    }

    /// One run in a table of its own finds these, and nothing else.
    async fn must_find(
        &self,
        what: &str,
        expected: &[ExceptionCause],
    ) -> Result<Arc<SettlementTable>, String> {
        let stores = Arc::new(SettlementTable::default());
        self.run(&stores, 0).await;
        let found: BTreeSet<&str> = open(&stores).iter().map(|one| one.cause.as_str()).collect();
        let wanted: BTreeSet<&str> = expected.iter().map(|one| one.as_str()).collect();
        self.world.state().count("deviations");
        if found != wanted || open(&stores).len() != expected.len() {
            return Err(format!("{what} must be {expected:?}, and is {:#?}", open(&stores)));
        }
        Ok(stores)
    }

    /// Each deviation of a payment, refund or deposit is its exception, and none any more when it
    /// is taken back.
    async fn deviates(&self) -> Result<(), String> {
        let Some((record, deposit)) = self.victim().await else { return Ok(()) };
        let simulator = self.simulator();
        for (what, deviation, causes) in of_records(&record) {
            simulator.deviate(&record.retref, deviation);
            self.must_find(what, &causes).await?;
            simulator.deviate(&record.retref, Deviation::default());
        }
        for (what, deviation, cause) in of_deposits() {
            simulator.alter_deposit(&record.merchid, deposit.day, deviation);
            self.must_find(what, &cause).await?;
            mend(&simulator, &record.merchid, deposit.day);
        }
        self.must_find("nothing", &[]).await.map(drop)
    }

    /// The records of days whose reports have changed by now equal those of a run that never read
    /// them before, and again when the reports are as they were.
    async fn is_corrected(&self, kept: &Arc<SettlementTable>) -> Result<(), String> {
        let (victims, simulator) = (self.arrived(), self.simulator());
        let corrected = corrections(&mut self.world.state().rng, &simulator, &self.accounts, &victims);
        let mut seen = vec![state(kept)];
        for is_wrong in [true, false] {
            for correction in &corrected {
                correction.apply(&simulator, is_wrong);
            }
            for _ in 0..CORRECTED_WITHIN_DAYS {
                sleep(Duration::from_hours(24)).await;
                self.run_badly(kept).await;
                self.run(kept, 0).await;
            }
            let fresh = Arc::new(SettlementTable::default());
            self.run(&fresh, 0).await;
            let what = format!("{corrected:?}, {is_wrong}, in a new table");
            same(&state(kept), &state(&fresh), &what)?;
            let (told, gone) = (NotReported::told(kept)?, NotReported::since(&seen, &state(&fresh)));
            seen.push(state(&fresh));
            if told != gone {
                return Err(format!("{corrected:?}, {is_wrong}: {gone:?} are gone, and {told:?} are told"));
            }
        }
        *self.world.state().counts.entry("corrections").or_default() += corrected.len() as u64;
        Ok(())
    }

    /// A blank report of a day that had a deposit changes nothing, however long it stays.
    async fn is_blank(&self, kept: &Arc<SettlementTable>) -> Result<(), String> {
        let simulator = self.simulator();
        let is_blank = |record: &&Record| {
            self.accounts.iter().any(|one| one.id == record.merchid && !one.says_nothing_in_words())
        };
        let arrived = self.arrived();
        let Some(record) = arrived.iter().find(is_blank) else { return Ok(()) };
        let Some(day) = simulator.funding_day(&record.retref) else { return Ok(()) };
        let before = state(kept);
        for absent in [true, false] {
            simulator.alter_deposit(&record.merchid, day, DepositDeviation { absent, ..Default::default() });
            for _ in 0..CORRECTED_WITHIN_DAYS {
                sleep(Duration::from_hours(24)).await;
                self.run_badly(kept).await;
                self.run(kept, 0).await;
                same(&before, &state(kept), &format!("a blank report of {day}, {absent},"))?;
            }
        }
        self.world.state().count("blank reports");
        Ok(())
    }

    /// A payment or refund that arrived, with its deposit.
    async fn victim(&self) -> Option<(Record, Deposit)> {
        let simulator = self.simulator();
        let mut records = self.arrived();
        // An account of which there is no deposit may have none.
        let days: Vec<_> =
            records.iter().map(|one| (one.merchid.clone(), simulator.funding_day(&one.retref))).collect();
        let is_another = |record: &Record| {
            let day = simulator.funding_day(&record.retref);
            days.iter().any(|(account, other)| *account == record.merchid && *other != day)
        };
        records.retain(is_another);
        let number = usize::try_from(self.world.state().rng.below(records.len() as u64)).ok()?;
        let record = records.get(number)?.clone();
        let stores = Arc::new(SettlementTable::default());
        self.run(&stores, 0).await;
        let day = self.simulator().funding_day(&record.retref)?;
        let mut deposits = stores.all_deposits().into_values();
        let deposit = deposits.find(|one| one.account == record.merchid && one.day == day)?;
        Some((record, deposit))
    }

    /// Lasting deviations: each is one exception more. In the end there are payments that end
    /// otherwise in their batch.
    async fn deviates_for_good(&self, traffic: &mut Traffic) -> Result<(), String> {
        let Some((record, deposit)) = self.victim().await else { return Ok(()) };
        let simulator = self.simulator();
        let mut expected = Vec::new();
        for (what, cause, deviate) in LASTING {
            deviate(&Victim { simulator: &simulator, record: &record, deposit: &deposit })?;
            expected.push(cause);
            // A payment made elsewhere waits for its batch.
            sleep(Duration::from_hours(24)).await;
            self.must_find(what, &expected).await?;
        }
        for (stage, cause) in ENDS {
            let Some(reference) = traffic.pay().await else { continue };
            if simulator.settle_record(&reference, stage) {
                expected.push(cause);
            }
        }
        sleep(ARRIVED_AFTER).await;
        self.must_find("what ends otherwise in its batch", &expected).await.map(drop)
    }
}

fn nothing_is_open(stores: &SettlementTable, what: &str) -> Result<(), String> {
    let open = open(stores);
    if open.is_empty() { Ok(()) } else { Err(format!("{what}: {open:#?}")) }
}
