//! Business days: Monday to Friday, without the Federal Reserve's holidays and a merchant's own.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// The days besides weekends and the Federal Reserve's holidays on which a merchant does no
/// business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(BTreeSet<Date>);

impl FromIterator<Date> for Holidays {
    fn from_iter<I: IntoIterator<Item = Date>>(dates: I) -> Self {
        Self(dates.into_iter().collect())
    }
}

impl Holidays {
    /// The merchant's own, earliest first.
    pub fn own(&self) -> impl Iterator<Item = Date> {
        self.0.iter().copied()
    }

    /// Whether business is done on this day.
    pub(crate) fn is_business_day(&self, date: Date) -> bool {
        !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !is_bank_holiday(date)
            && !self.0.contains(&date)
    }
}

/// Whether the Federal Reserve Banks are closed on this weekday (federalreserve.gov, *Holidays
/// Observed*). A holiday on a Sunday is observed on the Monday after it; one on a Saturday on no
/// other day.
fn is_bank_holiday(date: Date) -> bool {
    let is_on_fixed_day = |date: Date| {
        // New Year's Day, Juneteenth, Independence Day, Veterans Day, Christmas Day.
        matches!((date.month(), date.day()), (1, 1) | (6, 19) | (7, 4) | (11, 11) | (12, 25))
    };
    let is_moved = date.weekday() == Weekday::Monday && date.yesterday().is_ok_and(is_on_fixed_day);
    is_on_fixed_day(date)
        || is_moved
        || matches!(
            (date.weekday(), date.month(), date.day()),
            // Martin Luther King's birthday and Washington's: the third Mondays of January and
            // February.
            (Weekday::Monday, 1 | 2, 15..=21)
                // Memorial Day: the last of May.
                | (Weekday::Monday, 5, 25..=31)
                // Labor Day: the first of September.
                | (Weekday::Monday, 9, 1..=7)
                // Columbus Day: the second of October.
                | (Weekday::Monday, 10, 8..=14)
                // Thanksgiving Day: the fourth Thursday of November.
                | (Weekday::Thursday, 11, 22..=28)
        )
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// As the Federal Reserve publishes them.
    const PUBLISHED: [(i16, &[(i8, i8)]); 2] = [
        (2026, &[(1, 1), (1, 19), (2, 16), (5, 25), (6, 19), (9, 7), (10, 12), (11, 11), (11, 26), (12, 25)]),
        (2027, &[(1, 1), (1, 18), (2, 15), (5, 31), (7, 5), (9, 6), (10, 11), (11, 11), (11, 25)]),
    ];

    fn days(from: i16, to: i16) -> impl Iterator<Item = Date> {
        date(from, 1, 1).series(jiff::ToSpan::days(1)).take_while(move |day| day.year() <= to)
    }

    fn is_weekend(day: Date) -> bool {
        matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }

    #[test]
    fn the_weekdays_without_business_of_two_years_are_the_published_ones() {
        for (year, published) in PUBLISHED {
            let closed = days(year, year)
                .filter(|day| !is_weekend(*day) && !Holidays::default().is_business_day(*day));
            let closed: Vec<_> = closed.map(|day| (day.month(), day.day())).collect();
            assert_eq!(closed, published, "{year}");
        }
    }

    #[test]
    fn each_years_holidays_are_those_of_the_rules_computed_another_way() {
        for year in 2026..=2060 {
            let nth = |month, nth, weekday| date(year, month, 1).nth_weekday_of_month(nth, weekday).unwrap();
            let mut closed: BTreeSet<Date> = [
                nth(1, 3, Weekday::Monday),
                nth(2, 3, Weekday::Monday),
                nth(5, -1, Weekday::Monday),
                nth(9, 1, Weekday::Monday),
                nth(10, 2, Weekday::Monday),
                nth(11, 4, Weekday::Thursday),
            ]
            .into();
            for (month, day) in [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)] {
                let day = date(year, month, day);
                match day.weekday() {
                    Weekday::Saturday => {}
                    Weekday::Sunday => drop(closed.insert(day.tomorrow().unwrap())),
                    _ => drop(closed.insert(day)),
                }
            }
            for day in days(year, year) {
                let expected = !is_weekend(day) && !closed.contains(&day);
                assert_eq!(Holidays::default().is_business_day(day), expected, "{day}");
            }
        }
    }

    #[test]
    fn a_merchants_own_holidays_are_no_business_days_for_it() {
        let (eve, day_after) = (date(2026, 12, 24), date(2026, 12, 28));
        let own = Holidays::from_iter([eve, day_after]);
        assert!(!own.is_business_day(eve) && !own.is_business_day(day_after));
        assert!(own.is_business_day(date(2026, 12, 23)) && !own.is_business_day(date(2026, 12, 25)));
        assert_eq!(own.own().collect::<Vec<_>>(), [eve, day_after]);
        assert!(Holidays::default().is_business_day(eve));
    }
}
