//! Chargebacks and reversals of banks, told by reports in every form: partial lines, second
//! reports, corrections, absent numbers and ids, many lines of one payment, and accounts that a
//! merchant's document no longer names. The truth is the money that the simulator's bank took;
//! orders and the journal have to agree with it to the cent, and disputes that they cannot know are
//! told.

use std::collections::{BTreeMap, BTreeSet};

use cardpointe_simulator::{Adjustment, Chargeback, Listing, Record, RecordKind};
use jiff::{ToSpan, civil::Date};
use memory::SettlementTable;
use tollgate_core::{
    journal::{Concern, Entry, Fact, concerns},
    order::{DISPUTES_MAX, Order, Transaction},
    settlement::{Exception, ExceptionCause, eastern_day},
};

use super::{Bank, history::Account, ports::journal_of, stores::open};

/// How many days ahead a deposit lists something at most.
const AHEAD_DAYS: u64 = 2;

/// Lines of a payment that has many.
const MANY: u64 = 90;

/// A line that the bank made.
#[derive(Clone)]
struct Line {
    id: i64,
    merchid: String,
    /// The number of its case, and whether it gives money back.
    case: usize,
    is_reversal: bool,
    minor_units: i64,
    on: Date,
    /// When it was changed last.
    changed_on: Date,
    /// Deposits that have it. Where it is taken back, they may say so in as many readings.
    deposits: u64,
}

/// A case of a payment, with the amount that the bank has now.
#[derive(Clone)]
struct Case {
    record: Record,
    number: String,
    /// The amount taken, and not given back.
    taken: i64,
    chargebacks: u32,
}

pub(super) struct Issuers {
    lines: Vec<Line>,
    cases: Vec<Case>,
    /// The acts and corrections of banks, by account: as many words, and no more, can be on record.
    acts: BTreeMap<String, u64>,
    /// Accounts whose reports do not say which line is which, or which of two words is the later
    /// one.
    vague: BTreeSet<String>,
}

impl Issuers {
    /// None has taken anything back yet from payments at these accounts.
    pub(super) fn new(accounts: &[Account]) -> Self {
        let vague = accounts.iter().filter(|one| !(one.dispute_ids && one.dispute_changes));
        let vague = vague.map(|one| one.id.clone()).collect();
        Self { lines: Vec::new(), cases: Vec::new(), acts: BTreeMap::new(), vague }
    }

    /// One day: some of the possible events.
    pub(super) fn act(&mut self, bank: &Bank) -> Result<(), String> {
        for _ in 0..=bank.below(4) {
            match bank.below(12) {
                10 => self.take_back(bank)?,
                11 => self.move_on(bank)?,
                0..=3 => self.charge_back(bank)?,
                4 => self.charge_back_again(bank)?,
                5 | 6 => self.reverse(bank)?,
                7 | 8 => self.list_again(bank)?,
                _ => self.correct(bank)?,
            }
        }
        Ok(())
    }

    fn add(&mut self, bank: &Bank, case: usize, minor_units: i64, on: Date) -> Result<(), String> {
        let of = &mut self.cases[case];
        of.chargebacks += 1;
        let numbered = bank.chance(50);
        let id = bank.simulator().charge_back(Chargeback {
            merchid: of.record.merchid.clone(),
            casenumber: of.number.clone(),
            sequencenumber: numbered.then_some(of.chargebacks),
            retref: Some(of.record.retref.clone()),
            minor_units,
            reasoncode: "34".to_owned(),
            reasondescription: String::new(),
            chargebackdate: None,
            on: Some(on),
            debit: bank.chance(50),
        })?;
        of.taken += minor_units;
        let is_reversal = false;
        *self.acts.entry(of.record.merchid.clone()).or_default() += 1;
        let merchid = of.record.merchid.clone();
        self.lines.push(Line {
            id,
            merchid,
            case,
            is_reversal,
            minor_units,
            on,
            changed_on: on,
            deposits: 1,
        });
        bank.world.state().count("chargebacks");
        Ok(())
    }

    /// A payment is charged back: in one line, in several, or in very many of one cent.
    fn charge_back(&mut self, bank: &Bank) -> Result<(), String> {
        let payments: Vec<Record> =
            bank.arrived().into_iter().filter(|one| one.kind == RecordKind::Payment).collect();
        let Some(record) = bank.one_of(&payments) else { return Ok(()) };
        let number = format!("case {}", self.cases.len() + 1);
        let case = self.cases.len();
        let whole = record.minor_units;
        self.cases.push(Case { record, number, taken: 0, chargebacks: 0 });
        let on = bank.day_ahead(1);
        match bank.below(12) {
            0 if whole > 2 => {
                let many = i64::try_from(20 + bank.below(MANY - 20)).unwrap_or(20).min(whole);
                bank.world.state().count("payments with many chargebacks");
                (0..many).try_for_each(|_| self.add(bank, case, 1, on))
            }
            1..=4 => {
                let part = 1 + i64::try_from(bank.below(whole.unsigned_abs() - 1)).unwrap_or_default();
                self.add(bank, case, part, on)?;
                // Equal parts are two as well.
                let rest = if bank.chance(30) { part.min(whole - part) } else { whole - part };
                if rest > 0 { self.add(bank, case, rest, on) } else { Ok(()) }
            }
            _ => self.add(bank, case, whole, on),
        }
    }

    /// A won case comes back.
    fn charge_back_again(&mut self, bank: &Bank) -> Result<(), String> {
        let won: Vec<usize> = (0..self.cases.len()).filter(|n| self.cases[*n].taken == 0).collect();
        let Some(case) = bank.one_of(&won) else { return Ok(()) };
        bank.world.state().count("second chargebacks");
        let whole = self.cases[case].record.minor_units;
        self.add(bank, case, whole, bank.day_ahead(1))
    }

    fn reverse(&mut self, bank: &Bank) -> Result<(), String> {
        let open: Vec<usize> = (0..self.cases.len()).filter(|n| self.cases[*n].taken > 0).collect();
        let Some(case) = bank.one_of(&open) else { return Ok(()) };
        let of = &mut self.cases[case];
        let all = bank.chance(60);
        let part = 1 + i64::try_from(bank.below(of.taken.unsigned_abs())).unwrap_or_default();
        let minor_units = if all { of.taken } else { part };
        // Not before the chargeback itself.
        let on = bank.day_ahead(AHEAD_DAYS);
        let id = bank.simulator().adjust(Adjustment {
            merchid: of.record.merchid.clone(),
            category: "REVERSAL".to_owned(),
            kind: String::new(),
            description: "CHARGEBACK REVERSAL".to_owned(),
            minor_units,
            casenumber: Some(of.number.clone()),
            on: Some(on),
        })?;
        of.taken -= minor_units;
        let is_reversal = true;
        *self.acts.entry(of.record.merchid.clone()).or_default() += 1;
        let merchid = of.record.merchid.clone();
        let line = Line { id, merchid, case, is_reversal, minor_units, on, changed_on: on, deposits: 1 };
        self.lines.push(line);
        bank.world.state().count("reversals");
        Ok(())
    }

    /// A later deposit has a line once more.
    fn list_again(&mut self, bank: &Bank) -> Result<(), String> {
        let Some(line) = bank.one_of(&self.lines) else { return Ok(()) };
        self.lines.iter_mut().filter(|own| own.id == line.id).for_each(|own| own.deposits += 1);
        bank.world.state().count("second reports");
        let on = Some(bank.day_ahead(AHEAD_DAYS));
        bank.simulator().list_again(Listing { id: line.id, on, ..Listing::default() })
    }

    /// A chargeback or a reversal turns out to be of another amount: a later deposit says so, or
    /// its own.
    fn correct(&mut self, bank: &Bank) -> Result<(), String> {
        let (today, may_be_vague) = (bank.today(), bank.chance(20));
        let can_be =
            |line: &&Line| line.minor_units > 1 && (may_be_vague || !self.vague.contains(&line.merchid));
        let lines: Vec<Line> = self.lines.iter().filter(can_be).cloned().collect();
        let Some(line) = bank.one_of(&lines) else { return Ok(()) };
        // Its own deposit is read again, however old it is.
        let on = (!(line.on <= today && bank.chance(50))).then(|| bank.day_ahead(AHEAD_DAYS));
        let minor_units = line.minor_units - 1;
        let changed_on = line.changed_on.max(today).saturating_add(1.day());
        let (minor_units, changed) = (Some(minor_units), Some(changed_on));
        let listing = Listing { id: line.id, on, minor_units, changed_on: changed, ..Listing::default() };
        bank.simulator().list_again(listing)?;
        self.cases[line.case].taken += if line.is_reversal { 1 } else { -1 };
        *self.acts.entry(line.merchid.clone()).or_default() += 1;
        for own in self.lines.iter_mut().filter(|own| own.id == line.id) {
            (own.minor_units, own.changed_on) = (line.minor_units - 1, changed_on);
            own.deposits += u64::from(on.is_some());
        }
        bank.world.state().count("corrected lines");
        Ok(())
    }

    /// A line was a mistake: no report has it any more. The bank has not taken it, or not given it
    /// back.
    fn take_back(&mut self, bank: &Bank) -> Result<(), String> {
        let is_answered = |of: &Line| self.lines.iter().any(|one| one.case == of.case && one.is_reversal);
        let can_be = |of: &&Line| of.is_reversal || !is_answered(of);
        let lines: Vec<Line> = self.lines.iter().filter(can_be).cloned().collect();
        let Some(line) = bank.one_of(&lines) else { return Ok(()) };
        self.lines.retain(|own| own.id != line.id);
        let sign = if line.is_reversal { 1 } else { -1 };
        self.cases[line.case].taken += sign * line.minor_units;
        *self.acts.entry(line.merchid.clone()).or_default() += line.deposits;
        bank.world.state().count("lines taken back");
        bank.simulator().list_again(Listing { id: line.id, taken_back: true, ..Listing::default() })
    }

    /// A line turns out to be part of a later deposit.
    fn move_on(&mut self, bank: &Bank) -> Result<(), String> {
        let Some(line) = bank.one_of(&self.lines) else { return Ok(()) };
        // Which day's word is the later one, reports of a line that moves do not always say. In
        // between, none has it.
        self.vague.insert(line.merchid.clone());
        *self.acts.entry(line.merchid.clone()).or_default() += 2;
        let on = bank.day_ahead(AHEAD_DAYS);
        for own in self.lines.iter_mut().filter(|own| own.id == line.id) {
            (own.on, own.changed_on) = (on, own.changed_on.max(on));
        }
        bank.world.state().count("lines moved");
        bank.simulator().list_again(Listing { id: line.id, on: Some(on), moved: true, ..Listing::default() })
    }

    /// The bank, orders and the journal agree; where reports do not tell the truth, a person is
    /// told.
    pub(super) fn agree(&self, bank: &Bank, stores: &SettlementTable) -> Result<(), String> {
        let log = journal_of(&bank.world, 0);
        let state = bank.world.state();
        let orders: Vec<Order> = state.fake_store.orders().cloned().collect();
        drop(state);
        let disputes = |entry: &Entry| matches!(entry.fact, Fact::ChargedBack | Fact::ChargebackReversed);
        let told: Vec<_> = log.all().into_iter().filter(disputes).collect();
        let ids: BTreeSet<_> = told.iter().map(|entry| entry.id).collect();
        let transactions =
            || orders.iter().flat_map(|order| order.transactions.iter().map(move |one| (order, one)));
        let on_record = |of: &str| {
            let own = transactions().filter(|(_, one)| is_at(one, of));
            own.map(|(_, one)| one.disputes.len()).sum::<usize>()
        };
        if ids.len() != told.len() {
            return Err(format!("{} entries have {} ids", told.len(), ids.len()));
        }
        for account in bank.accounts.iter().filter(|account| account.has_deposits) {
            let of_account: Vec<_> = transactions().filter(|(_, one)| is_at(one, &account.id)).collect();
            let recorded: i64 = of_account.iter().map(|(_, one)| one.disputed().minor()).sum();
            let words = told.iter().filter(|one| one.account == account.id).count();
            let acts =
                usize::try_from(self.acts.get(&account.id).copied().unwrap_or_default()).unwrap_or_default();
            // A dispute that an order has no room for is told, too.
            let is_full = of_account.iter().any(|(order, _)| kept(order) >= DISPUTES_MAX);
            let is_vague = is_full || self.vague.contains(&account.id);
            if words != on_record(&account.id) || (words > acts && !is_vague) {
                return Err(format!(
                    "{account:?}: {words} entries tell of {} words of {acts} acts",
                    on_record(&account.id)
                ));
            }
            let journal: i64 = told
                .iter()
                .filter(|one| one.account == account.id)
                .map(|one| one.changes.disputed.minor())
                .sum();
            let taken = bank.simulator().taken_back(&account.id, None);
            if recorded != journal {
                return Err(format!("{account:?}: orders have {recorded}, and the journal {journal}"));
            }
            let open = open(stores);
            let is_unexpected =
                |one: &&Exception| one.account == account.id && one.cause != ExceptionCause::Chargeback;
            let unexpected = open.iter().find(is_unexpected);
            let now = bank.world.now();
            let is_unclear = of_account
                .iter()
                .any(|(order, one)| concerns(order, one, now).contains(&Concern::DisputeUnclear));
            if is_vague {
                if recorded != taken && unexpected.is_none() && !is_unclear {
                    return Err(format!(
                        "{account:?}: orders have {recorded}, the bank took {taken}, and nobody is told"
                    ));
                }
                bank.world.state().count("vague reports");
                continue;
            }
            if recorded != taken || unexpected.is_some() || is_unclear {
                return Err(format!(
                    "{account:?}: orders have {recorded}, the bank took {taken}, {unexpected:#?}, unclear: {is_unclear}"
                ));
            }
            self.each_payment_agrees(bank, account, &of_account)?;
        }
        Ok(())
    }

    fn each_payment_agrees(
        &self,
        bank: &Bank,
        account: &Account,
        of_account: &[(&Order, &Transaction)],
    ) -> Result<(), String> {
        let mut wanted = BTreeMap::<&str, i64>::new();
        for case in self.cases.iter().filter(|case| case.record.merchid == account.id) {
            let retref = &case.record.retref;
            wanted.insert(retref, bank.simulator().taken_back(&account.id, Some(retref)));
        }
        for (retref, taken) in wanted {
            let is_it = |one: &Transaction| one.operations.iter().any(|own| own.reference() == Some(retref));
            let of_payment = of_account.iter().filter(|(_, one)| is_it(one));
            let recorded: i64 = of_payment.map(|(_, one)| one.disputed().minor()).sum();
            // A duplicate's chargebacks are on record of the transaction that it belongs to.
            let is_own = of_account
                .iter()
                .any(|(_, one)| one.reference() == Some(retref) && one.operations.len() == 1);
            if is_own && recorded != taken {
                return Err(format!("{account:?}: {retref} has {recorded}, and the bank took {taken}"));
            }
        }
        Ok(())
    }
}

fn kept(order: &Order) -> usize {
    order.transactions.iter().map(|transaction| transaction.disputes.len()).sum()
}

fn is_at(transaction: &Transaction, account: &str) -> bool {
    transaction.first().is_some_and(|first| first.route.account == account)
}

impl Bank {
    fn below(&self, limit: u64) -> u64 {
        self.world.state().rng.below(limit.max(1))
    }

    fn chance(&self, percent: u64) -> bool {
        self.world.state().rng.chance(percent)
    }

    fn one_of<T: Clone>(&self, all: &[T]) -> Option<T> {
        let number = usize::try_from(self.below(all.len() as u64)).ok()?;
        all.get(number).cloned()
    }

    fn today(&self) -> Date {
        eastern_day(self.world.now())
    }

    /// A day from tomorrow on, whose deposit was not read yet.
    fn day_ahead(&self, days: u64) -> Date {
        let ahead = 1 + i64::try_from(self.below(days)).unwrap_or_default();
        self.today().saturating_add(ahead.days())
    }
}
