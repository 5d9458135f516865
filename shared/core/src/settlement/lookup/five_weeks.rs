//! Five weeks of deposits, day by day: which arrived and fit, and which are still to come.

use jiff::{Timestamp, ToSpan, civil::Date};

use crate::{
    settlement::{
        DayRange, Deposit, MoneyDue, Outstanding, Progress, Progressed, Unmatched, Waits, eastern_day,
    },
    words,
};

/// How many days there are.
const DAYS: i64 = 35;

words! {
    /// The state of a day's deposits.
    pub enum DayState {
        /// There are some, and no open exception is about them.
        Matched => "matched",
        /// An open exception is about one of them.
        Open => "open",
        /// There is none, and money that settled is due on that day, or its report is still to be
        /// read.
        Expected => "expected",
        /// There is none.
        Nothing => "none",
    }
}

/// A day, Eastern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepositDay {
    pub day: Date,
    pub state: DayState,
}

/// All that the states of the days depend on.
#[derive(Clone, Copy, Debug)]
pub struct FiveWeeks<'a> {
    /// Only those of this gateway account (MID).
    pub account: Option<&'a str>,
    /// The deposits of these days.
    pub deposits: &'a [Deposit],
    /// The open exceptions.
    pub unmatched: &'a Unmatched,
    /// Money that has not arrived.
    pub outstanding: &'a [Outstanding],
    /// Which days of these accounts are still to be read.
    pub accounts: &'a [Progress],
}

impl FiveWeeks<'_> {
    /// The first and the last day, a Sunday and a Saturday: the last week has the day on which
    /// money is due that settles today.
    pub fn range(now: Timestamp) -> DayRange {
        let (today, waits) = (eastern_day(now), Waits::default());
        let due = MoneyDue::new(today, waits.funded_within, today, &waits.holidays).on;
        let last = due.saturating_add((6 - i64::from(due.weekday().to_sunday_zero_offset())).days());
        DayRange { first: last.saturating_sub((DAYS - 1).days()), last }
    }

    /// Each day with its state.
    pub fn days(&self, now: Timestamp) -> Vec<DepositDay> {
        let DayRange { first, last } = Self::range(now);
        let days = first.series(1.day()).take_while(|day| *day <= last);
        days.map(|day| DepositDay { day, state: self.state(day) }).collect()
    }

    fn state(&self, day: Date) -> DayState {
        let is_of = |account: &str| self.account.is_none_or(|only| only == account);
        let is_of_day = |one: &&Deposit| one.day == day && is_of(&one.account);
        let mut of_day = self.deposits.iter().filter(is_of_day).peekable();
        if of_day.peek().is_some() {
            let is_open = of_day.any(|deposit| self.unmatched.in_deposit(deposit) > 0);
            return if is_open { DayState::Open } else { DayState::Matched };
        }
        let is_due = |one: &Outstanding| {
            one.progressed == Progressed::Settled && one.due.is_some_and(|due| due.on == day)
        };
        let is_unread = |one: &Progress| {
            is_of(&one.account)
                && one.funding != Some(false)
                && one.unread.iter().any(|unread| unread.day == day)
        };
        let is_expected = self.outstanding.iter().any(is_due) || self.accounts.iter().any(is_unread);
        if is_expected { DayState::Expected } else { DayState::Nothing }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        order::OrderKey,
        settlement::{ExceptionCause, Expectation, OpenAbout, RecordKey, memory::merchant},
        values::{Currency, SignedAmount},
    };

    /// Noon of a day in November, in the East.
    fn noon(day: i8) -> Timestamp {
        date(2026, 11, day).at(17, 0, 0, 0).in_tz("UTC").unwrap().timestamp()
    }

    #[test]
    fn the_last_week_has_the_day_by_which_money_of_today_arrives() {
        let [before_thanksgiving, next] = [date(2026, 11, 28), date(2026, 12, 5)];
        // Three business days after the 23rd: without Thanksgiving, the Friday.
        for (today, last) in [(22, before_thanksgiving), (23, before_thanksgiving), (24, next), (28, next)] {
            let range = FiveWeeks::range(noon(today));
            assert_eq!(range, DayRange { first: last.saturating_sub(34.days()), last }, "{today}");
        }
    }

    fn deposit(day: i8) -> Deposit {
        Deposit::without_sum(format!("d{day}"), "1", date(2026, 11, day), noon(day))
    }

    fn outstanding(progressed: Progressed, due: i8) -> Outstanding {
        let expectation = Expectation {
            record: RecordKey::Payment(uuid::Uuid::nil()),
            account: "1".to_owned(),
            reference: None,
            gateway_order_id: String::new(),
            order: OrderKey { merchant: merchant(), order: "o".parse().unwrap() },
            transaction: uuid::Uuid::nil(),
            operation: uuid::Uuid::nil(),
            currency: Currency::USD,
            amount: SignedAmount::new(500),
            at: noon(17),
        };
        let due = Some(MoneyDue { on: date(2026, 11, due), days_late: 0 });
        Outstanding { expectation, progressed, settled_on: None, due, unmatched: None }
    }

    #[test]
    fn a_day_is_what_its_deposits_are_or_what_is_still_to_come() {
        let mut unmatched = Unmatched::default();
        unmatched.add(OpenAbout {
            account: "1".to_owned(),
            cause: ExceptionCause::DepositDiffers,
            reference: None,
            deposit: Some("d17".to_owned()),
        });
        let mut unread = [Some(true), Some(false)].map(|funding| Progress { funding, ..Progress::default() });
        for (account, days) in unread.iter_mut().zip([[17, 18], [17, 19]]) {
            for day in days {
                account.want(date(2026, 11, day), noon(20), None);
            }
        }
        let mut weeks = FiveWeeks {
            account: None,
            deposits: &[deposit(16), deposit(17), deposit(17)],
            unmatched: &unmatched,
            outstanding: &[
                outstanding(Progressed::Settled, 16),
                outstanding(Progressed::Settled, 24),
                outstanding(Progressed::Expected, 23),
            ],
            accounts: &unread,
        };
        let days = weeks.days(noon(20));
        assert_eq!(days.len(), 35);
        let special = days.iter().filter(|one| one.state != DayState::Nothing);
        let special: Vec<_> = special.map(|one| (one.day.day(), one.state)).collect();
        let [matched, open, expected] = [DayState::Matched, DayState::Open, DayState::Expected];
        assert_eq!(special, [(16, matched), (17, open), (18, expected), (24, expected)]);
        weeks.account = Some("2");
        assert_eq!(weeks.state(date(2026, 11, 16)), DayState::Expected, "no deposit of that account");
    }
}
