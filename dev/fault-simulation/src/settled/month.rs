//! Months of this traffic, reported: every figure beside the simulator's ledger, to the cent, and
//! beside the rows that it leads to. Calendar months of several zones, of which the traffic is a
//! part; with chargebacks, corrections and deviations of each kind.

mod ledger;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cardpointe_simulator::{DepositDeviation, Deviation, NoDeposits, Returned};
use jiff::{ToSpan, civil::Date};
use memory::{JournalTable, SettlementTable};
use tollgate_core::{
    journal::read_totals::{Days, Interval, Periods},
    order::MerchantId,
    settlement::{
        ExceptionCause, Figure, MonthReader, MonthReport, MonthRow, MonthSums, ProgressStore, RowKind,
        WantedMonth,
    },
    values::{Currency, SignedAmount, Zone},
};

use self::ledger::{Figures, Ledger};
use super::{
    Account, Bank, DISPUTED_DAYS, Duration, ENDS, Issuers, LASTING, QUIET_DAYS, Traffic, Victim, World,
    accounts, journal_of, mend, of_deposits, of_records, set_up, sleep,
};
use crate::{
    merchants::{EXTERNAL, REGISTERED},
    rng::Rng,
};

/// When histories begin, all at noon UTC: before months' ends, and before summer time begins and
/// ends.
pub(super) const BEGIN_S: [i64; 5] =
    [1_772_712_000, 1_774_785_600, 1_780_056_000, 1_793_275_200, 1_798_545_600];

/// The zones of reports, beside New York.
const ZONES: [&str; 3] = ["UTC", "America/Los_Angeles", "Asia/Tokyo"];

/// Where the money of a movement can be.
const PLACES: [Figure; 6] = [
    Figure::InDeposit,
    Figure::Settled,
    Figure::OnTheWay,
    Figure::Exception,
    Figure::Refused,
    Figure::Voided,
];

/// The figures of each sum, and those that the sum equals.
const EQUATIONS: [(&[Figure], &[Figure]); 5] = {
    use Figure as F;
    [
        (&[F::Taken, F::GivenBack, F::RecordedOnly, F::Duplicates, F::Undone], &[F::AtGateway]),
        (&[F::AtGateway, F::CustomerFees], &[F::Moved]),
        (&PLACES, &[F::Moved]),
        (&[F::InDeposit, F::Difference], &[F::Lines, F::ArrivedBefore, F::ArrivedAfter]),
        (
            &[
                F::Lines,
                F::LinesBefore,
                F::LinesAfter,
                F::LinesNotOurs,
                F::Fees,
                F::Chargebacks,
                F::Adjustments,
                F::DepositsDiffer,
            ],
            &[F::Net],
        ),
    ]
};

/// Figures that the ledger cannot tell apart.
const UNTOLD: [Figure; 5] =
    [Figure::Taken, Figure::GivenBack, Figure::RecordedOnly, Figure::Duplicates, Figure::Undone];

/// Figures of which those of a month's parts come to the month's.
const ADDITIVE: [&[Figure]; 18] = {
    use Figure as F;
    [
        &[F::Taken],
        &[F::GivenBack],
        &[F::Duplicates],
        &[F::Undone],
        &[F::AtGateway],
        &[F::Moved],
        &[F::InDeposit],
        &[F::Settled],
        &[F::OnTheWay],
        &[F::Exception],
        &[F::Refused],
        &[F::Voided],
        &[F::Lines, F::LinesBefore, F::LinesAfter, F::LinesNotOurs],
        &[F::Difference],
        &[F::Fees],
        &[F::Chargebacks, F::Adjustments],
        &[F::DepositsDiffer],
        &[F::Net],
    ]
};

/// The months of a history.
struct Months<'a> {
    bank: &'a Bank,
    zones: [Zone; 2],
    first: Date,
}

pub(super) async fn story(world: &Arc<World>, seed: u64) -> Result<(), String> {
    let mut accounts = accounts(&mut world.state().rng);
    // Two accounts of one merchant that both have deposits, and one without any in every fifth
    // history.
    for account in &mut accounts {
        account.has_deposits = seed % 5 != 4 || account.merchant == REGISTERED;
        // A deposit that is gone is believed to be.
        if !account.says_nothing_in_words() {
            account.no_deposits = NoDeposits::Object;
        }
    }
    set_up(world, &accounts, &[0, 1, 2]);
    let bank = Bank { world: world.clone(), accounts, named: Mutex::default() };
    let zone = |name: &str| name.parse::<Zone>().unwrap_or_default();
    let other = ZONES[usize::try_from(seed).unwrap_or_default() % ZONES.len()];
    let zones = [zone("America/New_York"), zone(other)];
    let months = Months { bank: &bank, first: zones[0].shown(world.now()).date().first_of_month(), zones };
    let mut traffic = Traffic::new(world.clone(), bank.accounts.clone());
    let (kept, mut issuers) = (Arc::new(SettlementTable::default()), Issuers::new(&bank.accounts));
    let mut done = Ok(());
    traffic
        .pass(async |_| {
            done = done.clone().and(issuers.act(&bank));
            bank.run_badly(&kept).await;
        })
        .await;
    done?;
    months.read_again("after the traffic", false).await?;
    for day in 0..DISPUTED_DAYS + QUIET_DAYS {
        sleep(Duration::from_hours(24)).await;
        if day < DISPUTED_DAYS {
            issuers.act(&bank)?;
        }
        bank.run(&kept, 0).await;
    }
    months.agree("in the end", &kept, true).await?;
    months.deviates(seed).await?;
    months.ends_otherwise(&mut traffic).await
}

impl Months<'_> {
    /// The reports of a table that is new.
    async fn read_again(&self, what: &str, is_late: bool) -> Result<Arc<SettlementTable>, String> {
        let stores = Arc::new(SettlementTable::default());
        self.bank.run(&stores, 0).await;
        self.agree(what, &stores, is_late).await?;
        Ok(stores)
    }

    /// Some deviations, each by itself: all of them are in any four histories.
    async fn deviates(&self, seed: u64) -> Result<(), String> {
        let mut turns = (0..4_u64).cycle();
        let mut is_turn = || turns.next() == Some(seed % 4);
        let Some((record, deposit)) = self.bank.victim().await else { return Ok(()) };
        let (simulator, none) = (self.bank.simulator(), Deviation::default);
        let later = |days: i64| deposit.day.saturating_add(days.days());
        let returned = Returned { code: "R01".to_owned(), on: later(1) };
        let mut all = of_records(&record);
        all.push(("in a late deposit", Deviation { funded_on: Some(later(5)), ..none() }, Vec::new()));
        all.push(("it comes back", Deviation { returned: Some(returned), ..none() }, Vec::new()));
        // Of the references that deposits hide, few are refunds'.
        all.retain(|(_, deviation, _)| is_turn() || deviation.without_retref);
        for (what, deviation, _) in all {
            simulator.deviate(&record.retref, deviation);
            self.read_again(what, true).await?;
            simulator.deviate(&record.retref, none());
        }
        let mut all: Vec<_> =
            of_deposits().into_iter().map(|(what, deviation, _)| (what, deviation)).collect();
        all.retain(|(_, deviation)| !deviation.broken);
        let none = DepositDeviation { absent: true, ..DepositDeviation::default() };
        all.push(("not reported", none.clone()));
        all.push(("reported for another day", DepositDeviation { also_on: Some(later(3)), ..none }));
        for (what, deviation) in all.into_iter().filter(|_| is_turn()) {
            simulator.alter_deposit(&record.merchid, deposit.day, deviation);
            self.read_again(what, true).await?;
            mend(&simulator, &record.merchid, deposit.day);
        }
        for (what, _, deviate) in LASTING.into_iter().filter(|_| is_turn()) {
            deviate(&Victim { simulator: &simulator, record: &record, deposit: &deposit })?;
            sleep(Duration::from_hours(24)).await;
            self.read_again(what, true).await?;
        }
        Ok(())
    }

    /// Payments that end otherwise in their batch.
    async fn ends_otherwise(&self, traffic: &mut Traffic) -> Result<(), String> {
        for (stage, _) in ENDS {
            if let Some(reference) = traffic.pay().await {
                self.bank.simulator().settle_record(&reference, stage);
            }
        }
        sleep(super::ARRIVED_AFTER).await;
        self.read_again("what ends otherwise in its batch", true).await.map(drop)
    }

    /// The report of every month and merchant agrees with the ledger, in one of the zones.
    async fn agree(&self, what: &str, stores: &Arc<SettlementTable>, is_late: bool) -> Result<(), String> {
        let (now, log) = (self.bank.world.now(), journal_of(&self.bank.world, 0));
        log.reach_until(Some(now));
        let zone = &self.zones[usize::from(self.bank.world.state().rng.chance(50))];
        let mut first = self.first;
        while first <= zone.shown(now).date() {
            let days = Days { first, last: first.last_of_month() };
            for merchant in [REGISTERED, EXTERNAL] {
                let month = Month { bank: self.bank, log: &log, stores, merchant, days, zone };
                let about = |why| format!("{what}: {merchant}, {first} in {}: {why}", zone.name());
                month.agrees(is_late).await.map_err(about)?;
            }
            first = first.saturating_add(1.month());
        }
        Ok(())
    }
}

/// A month of one merchant, from one table.
struct Month<'a> {
    bank: &'a Bank,
    log: &'a JournalTable,
    stores: &'a Arc<SettlementTable>,
    merchant: &'static str,
    days: Days,
    zone: &'a Zone,
}

impl Month<'_> {
    async fn report(&self, days: Days) -> Result<MonthReport, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let merchant: MerchantId = self.merchant.parse().map_err(|_| "a merchant".to_owned())?;
        let accounts = self.stores.of(&merchant).await.map_err(|error| text(&error))?;
        let periods = Periods::new(Interval::Day, days, self.zone).map_err(|error| text(&error))?;
        let (lines, deposits) = (&**self.stores, &**self.stores);
        let now = self.bank.world.now();
        let reader = MonthReader { totals: self.log, log: self.log, lines, deposits, now };
        let wanted = WantedMonth {
            merchant: &merchant,
            days,
            zone: self.zone,
            periods: &periods,
            accounts: &accounts,
        };
        reader.report(&wanted).await.map_err(|error| text(&error))
    }

    async fn agrees(&self, is_late: bool) -> Result<(), String> {
        let report = self.report(self.days).await?;
        let sums = report.sums().map_err(|error| error.to_string())?;
        adds_up(&report, &sums)?;
        let (bank, simulator) = (self.bank, self.bank.simulator());
        for account in bank.accounts.iter().filter(|account| account.merchant == self.merchant) {
            let ledger = Ledger::new(&simulator, account, self.days, self.zone, is_late);
            if ledger.is_unclear() {
                bank.world.state().count("unclear months");
                continue;
            }
            let (told, reported) = (ledger.figures(), figures_of(&sums, account));
            if told != reported {
                let (told, reported) = (only(&told, &reported), only(&reported, &told));
                return Err(format!("{account:?}: the ledger has {told:?}, and the report {reported:?}"));
            }
            bank.world.state().count("months");
        }
        self.parts_come_to(&sums).await?;
        for row in &report.rows {
            let figures = row.amounts.keys().map(|figure| figure.as_str());
            let causes = row.cause.map(ExceptionCause::as_str);
            figures.chain(causes).for_each(|what| bank.world.state().count(what));
        }
        Ok(())
    }

    /// The same days in parts have the same figures.
    async fn parts_come_to(&self, whole: &[MonthSums]) -> Result<(), String> {
        let middle = {
            let rng: &mut Rng = &mut self.bank.world.state().rng;
            self.days.first.saturating_add(i64::try_from(rng.below(27)).unwrap_or_default().days())
        };
        let next = middle.tomorrow().map_err(|error| error.to_string())?;
        let mut parts = Vec::new();
        for days in
            [Days { first: self.days.first, last: middle }, Days { first: next, last: self.days.last }]
        {
            parts.extend(self.report(days).await?.sums().map_err(|error| error.to_string())?);
        }
        for figures in ADDITIVE {
            let (whole, parts) = (added(whole, figures), added(&parts, figures));
            if whole != parts {
                return Err(format!("{figures:?} of parts until {middle} are {parts:?}, not {whole:?}"));
            }
        }
        Ok(())
    }
}

fn added(sums: &[MonthSums], figures: &[Figure]) -> BTreeMap<(String, Option<Currency>), i64> {
    let mut all = BTreeMap::new();
    for of in sums {
        let sum: i64 = figures.iter().map(|figure| of.amount(*figure).minor()).sum();
        *all.entry((of.account.clone(), of.currency)).or_default() += sum;
    }
    all.retain(|_, sum| *sum != 0);
    all
}

/// Figures without those that the ledger cannot tell.
fn figures_of(sums: &[MonthSums], account: &Account) -> Figures {
    let mut all = Figures::new();
    for of in sums.iter().filter(|of| of.account == account.id) {
        let code = of.currency.map(Currency::code).unwrap_or_default();
        for (figure, sum) in of.figures.iter().filter(|(figure, _)| !UNTOLD.contains(figure)) {
            all.insert((code.to_owned(), *figure), sum.amount.minor());
        }
    }
    all.retain(|_, amount| *amount != 0);
    all
}

/// Those that the other one does not have.
fn only(of: &Figures, other: &Figures) -> Figures {
    let own = of.iter().filter(|(figure, amount)| other.get(*figure) != Some(*amount));
    own.map(|(figure, amount)| (figure.clone(), *amount)).collect()
}

/// Every figure is the sum of its rows, all equations hold, and each movement has one place.
fn adds_up(report: &MonthReport, sums: &[MonthSums]) -> Result<(), String> {
    let mut of_rows = BTreeMap::<(&str, Option<&str>, Figure), (u64, i64)>::new();
    for row in &report.rows {
        has_one_place(row)?;
        for (figure, amount) in &row.amounts {
            let sum = of_rows.entry((&row.account, row.currency.map(Currency::code), *figure)).or_default();
            *sum = (sum.0 + 1, sum.1 + amount.minor());
        }
    }
    for of in sums {
        for (figure, sum) in &of.figures {
            let own = of_rows.remove(&(&*of.account, of.currency.map(Currency::code), *figure));
            if own.unwrap_or_default() != (sum.count, sum.amount.minor()) {
                return Err(format!("{figure:?} of {own:?} is {sum:?}"));
            }
        }
        holds(&|figure| of.amount(figure), &EQUATIONS).map_err(|why| format!("{why} in {of:#?}"))?;
        if of.counted != of.amount(Figure::AtGateway) {
            return Err(format!("the totals have counted otherwise: {of:#?}"));
        }
    }
    if of_rows.is_empty() { Ok(()) } else { Err(format!("in no sum: {of_rows:?}")) }
}

fn holds(amount: &dyn Fn(Figure) -> SignedAmount, all: &[(&[Figure], &[Figure])]) -> Result<(), String> {
    let sum = |figures: &[Figure]| figures.iter().map(|figure| amount(*figure).minor()).sum::<i64>();
    let broken = all.iter().find(|(parts, whole)| sum(parts) != sum(whole));
    broken.map_or(Ok(()), |(parts, whole)| Err(format!("{parts:?} do not come to {whole:?}")))
}

fn has_one_place(row: &MonthRow) -> Result<(), String> {
    let places = row.amounts.keys().filter(|figure| PLACES.contains(figure)).count();
    let moves = row.kind == RowKind::Movement && !row.amount(Figure::Moved).is_zero();
    if places != usize::from(moves) {
        return Err(format!("{places} places: {row:#?}"));
    }
    let of_row = if row.kind == RowKind::Movement { &EQUATIONS[..4] } else { &EQUATIONS[3..4] };
    holds(&|figure| row.amount(figure), of_row).map_err(|why| format!("{why} in {row:#?}"))
}
