//! Days of traffic: all operations of both APIs, at several accounts, with batches and deposits in
//! between.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cardpointe_simulator::{
    AmountForm, AuthdateForm, DateForm, Deposits, FundingAccess, FundingDays, FundingWords, HostbatchForm,
    IdForm, NoBatches, NoDeposits, NullForm, ReportSettings, ReportZone, Settings, SettlestatForm,
    SettlestatMembers,
};
use serde_json::{Value, json};
use tokio::time::sleep;
use tollgate_core::order::{Order, Transaction};
use uuid::Uuid;

use crate::{
    ask::{Ask, Asked, Media, Route},
    card::Card,
    client::{
        credit_card::{payment, payment_id, with_amount},
        deliver,
    },
    fault::{Call, Fault, Plan},
    merchants::{EXTERNAL, REGISTERED, merchids},
    rng::Rng,
    run,
    world::World,
};

/// Accounts of a history: each is one merchant's, for some of its days.
const ACCOUNTS: u64 = 3;

const DAYS: u64 = 6;

/// How long after a lost response the schedule looks for its outcome.
const LOOKS: u32 = 6;

/// An account at the gateway, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) merchant: &'static str,
    pub(super) id: String,
    pub(super) has_deposits: bool,
    /// How `funding` says that a day has none.
    pub(super) no_deposits: NoDeposits,
    /// Whether its chargebacks and reversals have ids, and say when they were changed.
    pub(super) dispute_ids: bool,
    pub(super) dispute_changes: bool,
}

/// The accounts of a history, in the order in which they are used.
pub(super) fn accounts(rng: &mut Rng) -> Vec<Account> {
    // The first generation of documents has the second account, and so on.
    let account = |generation: u64| Account {
        merchant: if generation.is_multiple_of(2) { EXTERNAL } else { REGISTERED },
        id: (1 + generation).to_string(),
        has_deposits: rng.chance(80),
        no_deposits: one(
            rng,
            &[NoDeposits::Object, NoDeposits::Text, NoDeposits::Empty, NoDeposits::EmptyArray],
            NoDeposits::Object,
        ),
        dispute_ids: true,
        dispute_changes: true,
    };
    (1..=ACCOUNTS).map(account).collect()
}

impl Account {
    /// Whether `funding` says in words that a day has no deposit: only that is ever believed of a
    /// day that had one.
    pub(super) fn says_nothing_in_words(&self) -> bool {
        matches!(self.no_deposits, NoDeposits::Object | NoDeposits::Text)
    }
}

pub(super) fn of_merchants(accounts: &[Account]) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for account in accounts {
        all.entry(account.merchant).or_default().push(account.id.clone());
    }
    all
}

/// Has every account settle by itself, be funded after one of these numbers of days, and report in
/// one of the documented forms.
pub(super) fn set_up(world: &World, accounts: &[Account], funded_after: &[u32]) {
    let mut guard = world.state();
    let state = &mut *guard;
    for merchid in merchids().map(|merchid| merchid.to_string()) {
        let known = accounts.iter().find(|account| account.id == merchid);
        let mut reports = report_settings(&mut state.rng, known.is_none_or(|account| account.has_deposits));
        if let Some(account) = known {
            (reports.dispute_ids, reports.dispute_changes) = (account.dispute_ids, account.dispute_changes);
            reports.no_deposits = account.no_deposits;
        }
        let funding_after_days = state.rng.pick(funded_after).unwrap_or(1);
        let settings = Settings { reports, funding_after_days, ..Settings::default() };
        state.ledger.simulator.set_merchant(&merchid, settings);
    }
}

fn one<T: Copy>(rng: &mut Rng, of: &[T], otherwise: T) -> T {
    rng.pick(of).unwrap_or(otherwise)
}

fn report_settings(rng: &mut Rng, has_deposits: bool) -> ReportSettings {
    let none = [
        FundingAccess::Nothing,
        FundingAccess::Unauthorized,
        FundingAccess::Forbidden,
        FundingAccess::NotFound,
    ];
    let funding_access =
        if has_deposits { FundingAccess::Enabled } else { one(rng, &none, FundingAccess::Nothing) };
    ReportSettings {
        automatic_batches: true,
        cutoff_minute: one(rng, &[1_260, 1_020, 1_425], 1_260),
        batch_takes_min: one(rng, &[0, 30, 240], 0),
        report_zone: one(
            rng,
            &[ReportZone::Eastern, ReportZone::Eastern, ReportZone::Utc],
            ReportZone::Eastern,
        ),
        funding_days: one(rng, &[FundingDays::Business, FundingDays::Calendar], FundingDays::Business),
        funding_from_minute: one(rng, &[0, 780], 780),
        deposits: one(rng, &[Deposits::Daily, Deposits::PerBatch], Deposits::Daily),
        amount_form: one(
            rng,
            &[AmountForm::Decimal, AmountForm::MinorNumber, AmountForm::MinorText],
            AmountForm::Decimal,
        ),
        id_form: one(rng, &[IdForm::Text, IdForm::Number], IdForm::Text),
        date_form: one(rng, &[DateForm::Dashes, DateForm::Plain], DateForm::Dashes),
        authdate_form: one(rng, &[AuthdateForm::DateTime, AuthdateForm::Date], AuthdateForm::DateTime),
        null_form: one(
            rng,
            &[NullForm::Null, NullForm::Text, NullForm::Empty, NullForm::Absent],
            NullForm::Null,
        ),
        funding_words: one(
            rng,
            &[FundingWords::Documented, FundingWords::Recorded],
            FundingWords::Documented,
        ),
        hostbatch_form: one(
            rng,
            &[HostbatchForm::Previous, HostbatchForm::Padded, HostbatchForm::Same, HostbatchForm::Absent],
            HostbatchForm::Previous,
        ),
        settlestat_form: one(rng, &[SettlestatForm::Array, SettlestatForm::Object], SettlestatForm::Array),
        // The recorded members state no amount, so one that is wrong would not be found.
        settlestat_members: SettlestatMembers::Current,
        no_batches: one(
            rng,
            &[NoBatches::Text, NoBatches::Quoted, NoBatches::Empty, NoBatches::EmptyArray],
            NoBatches::Text,
        ),
        funding_access,
        interchange_basis_points: one(rng, &[0, 0, 180], 0),
        deposit_fee: one(rng, &[0, 0, 25], 0),
        ..ReportSettings::default()
    }
}

/// Clients of both merchants.
pub(super) struct Traffic {
    world: Arc<World>,
    accounts: Vec<Account>,
    /// Which account new payments go to.
    current: usize,
    number: u64,
}

impl Traffic {
    pub(super) fn new(world: Arc<World>, accounts: Vec<Account>) -> Self {
        Self { world, accounts, current: 0, number: 0 }
    }

    /// All days, each followed by this, with the place of the account that is used by then.
    pub(super) async fn pass(&mut self, mut after_each: impl AsyncFnMut(usize)) {
        for day in 0..DAYS {
            if day > 0 && self.current + 1 < self.accounts.len() && self.world.state().rng.chance(40) {
                self.world.state().shops.rotate();
                self.current += 1;
                for merchant in [REGISTERED, EXTERNAL] {
                    self.world.state().shops.read_key(merchant);
                }
            }
            self.day().await;
            after_each(self.current).await;
        }
    }

    /// One day: requests at random times.
    async fn day(&mut self) {
        let mut left = Duration::from_hours(24);
        let requests = 2 + self.world.state().rng.below(7);
        for _ in 0..requests {
            let pause = Duration::from_mins(self.world.state().rng.below(180)).min(left);
            left = left.saturating_sub(pause);
            sleep(pause).await;
            self.request().await;
        }
        sleep(left).await;
    }

    async fn request(&mut self) {
        // Batches due by now are settled before the request, not within it.
        self.world.state().ledger.simulator.advance_clock(0);
        let is_lost = self.world.state().rng.chance(10);
        if is_lost {
            self.world.state().plan = Plan::Every(Call::Perform, Fault::AnswerLost);
        }
        // With any reply, the ledger tells the operations done.
        match self.follow_up() {
            Some(ask) => {
                deliver(&self.world, &ask).await;
            }
            None => {
                self.pay().await;
            }
        }
        self.world.state().plan = Plan::Calm;
        if is_lost {
            for _ in 0..LOOKS {
                sleep(Duration::from_mins(1)).await;
                run::reconcile_once(&self.world).await;
            }
        }
    }

    /// A new payment by either API; the reference of its record, if it has one.
    pub(super) async fn pay(&mut self) -> Option<String> {
        self.number += 1;
        let merchant = self.accounts.get(self.current)?.merchant;
        let (is_card, is_purchase, amount, card) = {
            let rng = &mut self.world.state().rng;
            let card = one(
                rng,
                &[Card::Approves, Card::Approves, Card::ApprovesPart, Card::Declines],
                Card::Approves,
            );
            (rng.chance(50), rng.chance(60), 100 + rng.below(90_000), card)
        };
        let key = Some(format!("k{}", self.number));
        let before = self.world.state().ledger.simulator.record_count();
        let ask = if is_card {
            let route = if is_purchase { Asked::Charge } else { Asked::Authorize };
            let key = format!("r{}", self.number);
            let order = payment_id(merchant, &key).to_string();
            let (route, data) = (Route::Card(route, Media::Json), payment(card, amount));
            Ask { merchant, order, route, transaction: None, data, key: Some(key) }
        } else {
            let order = format!("o{}", self.number);
            let route = if is_purchase { Route::Purchase } else { Route::Authorize };
            let method = if is_purchase { "purchase" } else { "authorize" };
            let paid_with = format!("{}|16178397535388255208", card.account());
            let data =
                json!({"gateway": "card_connect", "method": method, "payment": paid_with, "amount": amount});
            let ask = Ask { merchant, order, route, transaction: None, data, key };
            if merchant == REGISTERED {
                let data = json!({"type": "order", "amount": amount, "currency": "USD"});
                deliver(&self.world, &Ask { route: Route::Register, data, key: None, ..ask.clone() }).await;
            }
            ask
        };
        deliver(&self.world, &ask).await;
        let records = self.world.state().ledger.simulator.records_after(before);
        records.into_iter().find(|record| record.minor_units > 0).map(|record| record.retref)
    }

    /// A capture, refund or void of a payment that is there: the whole of it, or a part, or more
    /// than is left.
    fn follow_up(&mut self) -> Option<Ask> {
        self.number += 1;
        let mut guard = self.world.state();
        let state = &mut *guard;
        let payments: Vec<_> = state.fake_store.orders().flat_map(of_order).collect();
        let (merchant, order, id, amount, is_capturable) =
            payments.get(usize::try_from(state.rng.below(payments.len() as u64)).ok()?)?.clone();
        if state.rng.chance(45) {
            return None;
        }
        let part = state.rng.chance(50).then(|| 1 + state.rng.below(amount));
        let key = Some(format!("f{}", self.number));
        let is_card = order.parse::<Uuid>().is_ok();
        let wanted = match (is_capturable, state.rng.below(10)) {
            (true, 0..=6) => (Route::Capture, Asked::Capture),
            (_, 7 | 8) => (Route::Cancel, Asked::Void),
            _ => (Route::Refund, Asked::Refund),
        };
        let route = if is_card { Route::Card(wanted.1, Media::Json) } else { wanted.0 };
        let data = match (is_card, wanted.0) {
            (_, Route::Cancel) => json!({}),
            (true, _) => with_amount(json!({}), part),
            (false, _) => part.map_or_else(|| json!({}), |part| json!({"amount": part})),
        };
        Some(Ask { merchant, order, route, transaction: Some(id), data: Value::clone(&data), key })
    }
}

fn of_order(order: &Order) -> Vec<(&'static str, String, Uuid, u64, bool)> {
    let merchant = if order.merchant.as_str() == REGISTERED { REGISTERED } else { EXTERNAL };
    let of = |transaction: &Transaction| {
        let is_capturable = !transaction.capturable().is_zero();
        (merchant, order.id.to_string(), transaction.id, transaction.amount().minor().max(1), is_capturable)
    };
    order.transactions.iter().map(of).collect()
}
