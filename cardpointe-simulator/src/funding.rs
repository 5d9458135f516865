//! `funding`: deposits to the merchant's bank account, by day.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::{
    calendar::{self, after_business_days},
    call::Call,
    config::Merchant,
    reply::{Answer, Reply},
    settings::{DepositForm, FundingAccess, FundingDays, NoDeposits, Settings},
    settlestat::recent_date,
    state::RecordState,
    transaction::Transaction,
    world::World,
};

mod deposit;
mod older;
pub(crate) mod reported;
mod written;

use deposit::Deposit;

const NOTHING: &str = "No deposits match your request";

/// The service that reports deposits.
#[derive(Clone, Copy)]
pub(crate) enum Service {
    /// `funding`.
    Funding,
    /// `deposit`, which was there before.
    Deposit,
}

/// The deposit of a day, with its lines. `date` is MMDD or YYYYMMDD; without one it is the oldest
/// deposit that no such request has returned.
pub(crate) fn report(
    world: &mut World,
    merchant: &Merchant,
    service: Service,
    date: Option<&str>,
    call: Call,
) -> Answer {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("merchid", merchant.merchid.as_str()).into();
    }
    let day = match date {
        Some(text) => read_date(text, merchant, call.now),
        None => next_unread(world, merchant, call.now),
    };
    let reports = merchant.settings.reports;
    let Some(day) = day.filter(|day| has_arrived(*day, merchant.settings, call.now)) else {
        return nothing(reports.no_deposits);
    };
    let deposits = Deposit::listed_on(world, merchant, day);
    let is_broken = deposits.iter().any(|deposit| deposit.deviation.broken);
    let mut all: Vec<Reply> = deposits
        .iter()
        .map(|deposit| match service {
            Service::Funding => written::write(deposit, merchant),
            Service::Deposit => older::write(deposit, merchant),
        })
        .collect();
    let is_array = matches!((service, reports.deposit_form), (Service::Deposit, DepositForm::Array));
    let answer = match all.len() {
        0 => return nothing(reports.no_deposits),
        1 if !is_array => all.remove(0).into(),
        _ => Answer::Many(all),
    };
    if date.is_none() || merchant.settings.reports.dated_reads_consume {
        world.bank.read_deposits.insert((merchant.merchid.clone(), day));
    }
    answer.broken_if(is_broken)
}

/// The response for an account without `funding`, if it is an HTTP error.
pub(crate) fn refused(merchant: &Merchant) -> Option<StatusCode> {
    match merchant.settings.reports.funding_access {
        FundingAccess::Enabled | FundingAccess::Nothing => None,
        FundingAccess::Unauthorized => Some(StatusCode::UNAUTHORIZED),
        FundingAccess::Forbidden => Some(StatusCode::FORBIDDEN),
        FundingAccess::NotFound => Some(StatusCode::NOT_FOUND),
    }
}

/// The response when nothing was deposited.
pub(crate) fn nothing(form: NoDeposits) -> Answer {
    match form {
        NoDeposits::Object => Reply::plain().with("errormsg", NOTHING).into(),
        NoDeposits::Text => Answer::Text(NOTHING),
        NoDeposits::Empty => Answer::Text(""),
        NoDeposits::EmptyArray => Answer::Text("[]"),
    }
}

fn read_date(text: &str, merchant: &Merchant, now: Timestamp) -> Option<Date> {
    if text.len() != 8 {
        let today = calendar::day(now, merchant.settings.reports.report_zone);
        return recent_date(text, today);
    }
    let part = |range: std::ops::Range<usize>| text.get(range);
    Date::new(part(0..4)?.parse().ok()?, part(4..6)?.parse().ok()?, part(6..8)?.parse().ok()?).ok()
}

/// Whether a deposit of this day is reported by now.
fn has_arrived(day: Date, settings: Settings, now: Timestamp) -> bool {
    if settings.reports.funding_access == FundingAccess::Nothing {
        return false;
    }
    calendar::eastern_moment(day, settings.reports.funding_from_minute).is_some_and(|from| now >= from)
}

/// The day of the next deposit: the first whose report has not begun by now.
pub(crate) fn next_day(settings: Settings, now: Timestamp) -> Option<Date> {
    let mut day = calendar::day(now, settings.reports.report_zone);
    if has_arrived(day, settings, now) {
        day = day.tomorrow().ok()?;
    }
    match settings.reports.funding_days {
        FundingDays::Business => after_business_days(day, 0),
        FundingDays::Calendar => Some(day),
    }
}

/// The day on which a transaction is in a deposit, if it gets that far: it was accepted, and its
/// batch is not held.
pub(crate) fn funding_day(world: &World, settings: Settings, transaction: &Transaction) -> Option<Date> {
    let batchid = transaction.batchid.as_deref().unwrap_or_default();
    if transaction.status != RecordState::Accepted || world.bank.holds(&transaction.merchid, batchid) {
        return None;
    }
    if let Some(day) = world.bank.deviation(&transaction.retref).and_then(|deviation| deviation.funded_on) {
        return Some(day);
    }
    let settled = calendar::day(transaction.settled_at?, settings.reports.report_zone);
    match settings.reports.funding_days {
        FundingDays::Business => after_business_days(settled, settings.funding_after_days),
        FundingDays::Calendar => {
            let days = Span::new().try_days(i64::from(settings.funding_after_days)).ok()?;
            settled.checked_add(days).ok()
        }
    }
}

/// Every day that an account has a deposit on, also in times to come.
fn days(world: &World, merchant: &Merchant) -> BTreeSet<Date> {
    let of_account = |merchid: &str| merchid == merchant.merchid;
    let (ledger, bank) = (world.ledger.all().iter(), &world.bank);
    let lines = ledger
        .filter(|transaction| of_account(&transaction.merchid))
        .filter_map(|transaction| funding_day(world, merchant.settings, transaction));
    let returned = bank.deviations.iter().filter_map(|(retref, deviation)| {
        let transaction = world.ledger.find(retref, &merchant.merchid);
        transaction.and(deviation.returned.as_ref()).map(|returned| returned.on)
    });
    let adjusted = bank.standing_adjustments().filter(|(_, one)| of_account(&one.merchid));
    let adjusted = adjusted.filter_map(|(_, one)| one.on);
    let disputed = bank.standing_chargebacks().filter(|(_, one)| of_account(&one.merchid));
    let disputed = disputed.filter_map(|(_, one)| one.on);
    lines.chain(returned).chain(adjusted).chain(disputed).collect()
}

fn next_unread(world: &World, merchant: &Merchant, now: Timestamp) -> Option<Date> {
    let is_unread = |day: &Date| !world.bank.read_deposits.contains(&(merchant.merchid.clone(), *day));
    let arrived = |day: &Date| has_arrived(*day, merchant.settings, now);
    // One whose only transactions are not funded is none.
    let is_there = |day: &Date| Deposit::of(world, merchant, *day).is_some();
    days(world, merchant).into_iter().filter(arrived).filter(is_unread).find(is_there)
}
