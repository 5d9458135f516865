//! Money that has not arrived is listed once, with its progress, and money that arrived or never
//! comes is not listed.

use futures_util::FutureExt;
use jiff::civil::date;

use super::*;
use crate::{
    memory::{JournalTable, SettlementTable},
    order::{Kind, Operation},
    settlement::{
        BatchStatus, Funded, FundedKind, FundedStatus, Line, Settled, SettledStatus,
        memory::{add, done, put},
    },
    values::SignedAmount,
};

const ACCOUNT: &str = "1";

/// An hour of a day in November 2026, UTC.
fn at(day: i8, hour: i8) -> Timestamp {
    date(2026, 11, day).at(hour, 0, 0, 0).in_tz("UTC").unwrap().timestamp()
}

fn settled(status: SettledStatus, batch_status: BatchStatus) -> Settled {
    let (day, gateway_order_id) = (date(2026, 11, 17), None);
    Settled {
        batch: "b".to_owned(),
        day,
        amount: Some(SignedAmount::new(500)),
        status,
        batch_status,
        gateway_order_id,
    }
}

fn funded(status: FundedStatus) -> Funded {
    Funded {
        id: "f".to_owned(),
        deposit: "d".to_owned(),
        day: date(2026, 11, 18),
        kind: FundedKind::Sale,
        status,
        amount: SignedAmount::new(500),
        currency: None,
        batch: None,
    }
}

fn line(reference: &str, settled: Vec<Settled>, funded: Vec<Funded>) -> Line {
    Line { reference: reference.to_owned(), settled, funded }
}

/// The outstanding money on the 18th, of purchases of 5.00 at noon of the 17th.
struct World {
    log: JournalTable,
    memory: SettlementTable,
}

impl World {
    fn with(operations: Vec<Operation>) -> Self {
        let (log, memory) = (JournalTable::default(), SettlementTable::default());
        add(&log, operations);
        Self { log, memory }
    }

    fn outstanding(&self, funding: bool, days: (i8, i8)) -> Vec<Outstanding> {
        let now = at(18, 20);
        let reader = DepositReader { lines: &self.memory, exceptions: &self.memory, log: &self.log, now };
        let days = DayRange { first: date(2026, 11, days.0), last: date(2026, 11, days.1) };
        let wanted = OutstandingDays { merchant: &"m".parse().unwrap(), days, account: None };
        let accounts = [Progress { funding: Some(funding), ..Progress::new(ACCOUNT, now) }];
        reader.outstanding(&wanted, &accounts, &Unmatched::default()).now_or_never().unwrap().unwrap()
    }

    fn states(&self, funding: bool) -> Vec<(Option<String>, Progressed)> {
        let all = self.outstanding(funding, (10, 18)).into_iter();
        all.map(|one| (one.expectation.reference, one.progressed)).collect()
    }
}

#[test]
fn each_state_of_a_line_says_how_far_its_money_is() {
    use BatchStatus::{Good, Held, NotDone, Refused};
    use SettledStatus::{Accepted, Processing, Rejected, Returned, UnderReview};
    let taken = || vec![settled(Accepted, Good)];
    for (settled, funded, with_deposits, without) in [
        (vec![], vec![], Some(Progressed::Expected), Some(Progressed::Expected)),
        (vec![settled(Processing, NotDone)], vec![], Some(Progressed::Expected), Some(Progressed::Expected)),
        (vec![settled(UnderReview, Good)], vec![], Some(Progressed::Held), Some(Progressed::Held)),
        (vec![settled(Accepted, Held)], vec![], Some(Progressed::Held), Some(Progressed::Held)),
        (vec![settled(Accepted, Refused)], vec![], Some(Progressed::Held), Some(Progressed::Held)),
        (vec![settled(Rejected, Good)], vec![], Some(Progressed::Refused), Some(Progressed::Refused)),
        (vec![settled(Returned, Good)], vec![], Some(Progressed::Refused), Some(Progressed::Refused)),
        (taken(), vec![], Some(Progressed::Settled), None),
        (taken(), vec![funded(FundedStatus::Rejected)], Some(Progressed::Refused), Some(Progressed::Refused)),
        (taken(), vec![funded(FundedStatus::Returned)], Some(Progressed::Refused), Some(Progressed::Refused)),
        (taken(), vec![funded(FundedStatus::Processed)], None, None),
    ] {
        let world = World::with(vec![done(1, Kind::Purchase, 500, "r", at(17, 12))]);
        let known = line("r", settled, funded);
        put(&world.memory, ACCOUNT, Some(date(2026, 11, 17)), known.clone());
        for (funding, expected) in [(true, with_deposits), (false, without)] {
            let found = world.outstanding(funding, (10, 18));
            let due = found.iter().filter_map(|one| one.due).map(|due| due.on.day()).next();
            let of_state = found.first().and_then(|one| match one.progressed {
                Progressed::Expected | Progressed::Held => Some(19),
                Progressed::Settled => Some(20),
                Progressed::Refused | Progressed::Funded | Progressed::NoMoney => None,
            });
            assert_eq!(due, of_state, "{known:?}: two business days, three from there");
            let states: Vec<_> = found.iter().map(|one| one.progressed).collect();
            assert_eq!(states, expected.into_iter().collect::<Vec<_>>(), "{known:?}, deposits: {funding}");
        }
    }
}

#[test]
fn what_was_voided_later_or_only_held_is_not_outstanding_and_a_line_that_was_not_known_counts() {
    let (log, memory) = (JournalTable::default(), SettlementTable::default());
    // Voided on the day after: both are entries of one order.
    let gone = vec![
        done(1, Kind::Purchase, 500, "gone", at(17, 23)),
        Operation {
            cause: crate::order::Cause::RefundBeforeSettlement,
            ..done(2, Kind::Void, 500, "gone", at(18, 1))
        },
    ];
    add(&log, gone);
    add(&log, vec![done(3, Kind::Authorize, 500, "auth", at(17, 12))]);
    add(&log, vec![done(4, Kind::Purchase, 500, "early", at(17, 12))]);
    add(
        &log,
        vec![done(5, Kind::Purchase, 700, "late", at(17, 13)), done(6, Kind::Refund, 200, "back", at(18, 2))],
    );
    let world = World { log, memory };
    let arrived = line(
        "early",
        vec![settled(SettledStatus::Accepted, BatchStatus::Good)],
        vec![funded(FundedStatus::Processed)],
    );
    put(&world.memory, ACCOUNT, None, arrived);
    let expected = |reference: &str| (Some(reference.to_owned()), Progressed::Expected);
    assert_eq!(world.states(true), [expected("back"), expected("late")], "the newest first");
    let sums = sums_of(&world.outstanding(true, (10, 18)));
    let sums: Vec<_> = sums.iter().map(|sum| (sum.progressed, sum.count, sum.amount)).collect();
    assert_eq!(sums, [(Progressed::Expected, 2, Some(SignedAmount::new(500)))]);
    // The 18th of November begins at 05:00 UTC in the East.
    assert_eq!(world.outstanding(true, (17, 17)).len(), 2);
    assert_eq!(world.outstanding(true, (18, 18)).len(), 0);
}

#[test]
fn a_list_is_of_a_week_unless_the_caller_says_otherwise_and_begins_35_days_ago_at_the_earliest() {
    let now = at(18, 20);
    let day = |month, day| date(2026, month, day);
    let days = |first, last| Some(DayRange { first, last });
    for (first, last, expected) in [
        (None, None, days(day(11, 11), day(11, 18))),
        (None, Some(day(11, 15)), days(day(11, 8), day(11, 15))),
        (None, Some(day(12, 1)), days(day(11, 11), day(12, 1))),
        (Some(day(10, 14)), None, days(day(10, 14), day(11, 18))),
        (Some(day(10, 13)), None, None),
        (None, Some(day(10, 15)), None),
    ] {
        assert_eq!(outstanding_days(first, last, now), expected, "{first:?} to {last:?}");
    }
}
