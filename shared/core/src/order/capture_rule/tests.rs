//! Rules for captures: against days that are published, and against another computation.

use std::collections::BTreeSet;

use jiff::{
    ToSpan,
    civil::{
        Weekday::{Monday, Thursday},
        date,
    },
    tz::TimeZone,
};
use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> CaptureRule {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The moment that a rule sets for an authorization.
fn moment(text: &str, start: &str) -> String {
    rule(text).moment(at(start), &Holidays::default()).to_string()
}

const CUT_OFF: &str = "P2D 17:00 America/New_York business-days";

#[test]
fn a_plain_duration_is_exact() {
    assert_eq!(moment("P2D", "2026-03-07T12:00:00Z"), "2026-03-09T12:00:00Z");
    assert_eq!(moment("PT36H", "2026-03-07T12:00:00Z"), "2026-03-09T00:00:00Z");
    assert_eq!(moment("PT0S", "2026-03-07T12:00:00.5Z"), "2026-03-07T12:00:00.5Z");
    // With a zone, the same time of day on another day: an hour less, or more.
    assert_eq!(moment("P2D America/New_York", "2026-03-07T12:00:00Z"), "2026-03-09T11:00:00Z");
    assert_eq!(moment("P2DT1H America/New_York", "2026-10-31T12:00:00Z"), "2026-11-02T14:00:00Z");
}

#[test]
fn business_days_count_from_the_next_one_and_the_cut_off_is_the_next() {
    for (start, expected) in [
        // Monday before and after the cut-off, and at it.
        ("2026-11-16T21:59:59Z", "2026-11-18T22:00:00Z"),
        ("2026-11-16T22:00:00Z", "2026-11-18T22:00:00Z"),
        ("2026-11-16T22:00:01Z", "2026-11-19T22:00:00Z"),
        // Thursday, and Friday in time and late.
        ("2026-11-19T15:00:00Z", "2026-11-23T22:00:00Z"),
        ("2026-11-20T15:00:00Z", "2026-11-24T22:00:00Z"),
        ("2026-11-20T23:00:00Z", "2026-11-25T22:00:00Z"),
        // The weekend counts as Monday's first moment, and Thanksgiving not at all.
        ("2026-11-21T15:00:00Z", "2026-11-25T22:00:00Z"),
        ("2026-11-22T23:00:00Z", "2026-11-25T22:00:00Z"),
        ("2026-11-24T15:00:00Z", "2026-11-27T22:00:00Z"),
        ("2026-11-26T15:00:00Z", "2026-12-01T22:00:00Z"),
    ] {
        assert_eq!(moment(CUT_OFF, start), expected, "{start}");
    }
    let own = Holidays::from_iter([date(2026, 11, 17), date(2026, 11, 18)]);
    let moved = rule(CUT_OFF).moment(at("2026-11-16T15:00:00Z"), &own);
    assert_eq!(moved.to_string(), "2026-11-20T22:00:00Z");
}

#[test]
fn what_is_not_due_on_a_business_day_waits_for_the_next() {
    let of = |text: &str| moment(text, "2026-11-20T23:00:00Z");
    assert_eq!(of("PT12H America/New_York business-days"), "2026-11-23T05:00:00Z");
    assert_eq!(of("PT0S 17:00 America/New_York business-days"), "2026-11-23T22:00:00Z");
    assert_eq!(of("PT0S 17:00 America/New_York"), "2026-11-21T22:00:00Z");
    assert_eq!(of("PT0S America/New_York business-days"), "2026-11-20T23:00:00Z");
    // Before the Sunday on which the clocks change, and on the Monday after it.
    assert_eq!(moment(CUT_OFF, "2026-03-05T15:00:00Z"), "2026-03-09T21:00:00Z");
    assert_eq!(moment(CUT_OFF, "2026-10-29T15:00:00Z"), "2026-11-02T22:00:00Z");
}

#[test]
fn what_the_clocks_skip_is_when_they_do_and_of_what_they_repeat_the_first_counts() {
    for (zone, time, start, expected) in [
        // Skipped: forward by an hour, and on Lord Howe Island by half of one.
        ("America/New_York", "02:30", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"),
        ("Europe/London", "01:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),
        ("Australia/Sydney", "02:00", "2026-10-03T12:00:00Z", "2026-10-03T16:00:00Z"),
        ("Australia/Lord_Howe", "02:15", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"),
        // Just before and after.
        ("America/New_York", "01:59", "2026-03-08T05:00:00Z", "2026-03-08T06:59:00Z"),
        ("America/New_York", "03:00", "2026-03-08T05:00:00Z", "2026-03-08T07:00:00Z"),
        // Repeated: the first of two, and not the second where the first is over.
        ("America/New_York", "01:30", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"),
        ("America/New_York", "01:30", "2026-11-01T05:30:01Z", "2026-11-02T06:30:00Z"),
        ("Europe/London", "01:30", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
        ("Australia/Sydney", "02:30", "2026-04-04T12:00:00Z", "2026-04-04T15:30:00Z"),
        ("Australia/Lord_Howe", "01:45", "2026-04-04T12:00:00Z", "2026-04-04T14:45:00Z"),
        // No summer time, and three quarters of an hour.
        ("Asia/Kathmandu", "17:00", "2026-04-04T11:15:00Z", "2026-04-04T11:15:00Z"),
        ("Asia/Kathmandu", "17:00", "2026-04-04T11:15:01Z", "2026-04-05T11:15:00Z"),
    ] {
        assert_eq!(moment(&format!("PT0S {time} {zone}"), start), expected, "{zone} {time} {start}");
    }
}

#[test]
fn of_two_authorizations_in_a_repeated_hour_the_later_one_is_not_captured_earlier() {
    // 1:45 for the first time, and 1:30 for the second.
    let of = |start| moment("P1D 01:40 America/New_York", start);
    assert_eq!(of("2026-11-01T05:45:00Z"), "2026-11-03T06:40:00Z");
    assert_eq!(of("2026-11-01T06:30:00Z"), "2026-11-03T06:40:00Z");
    assert_eq!(moment("PT0S America/New_York", "2026-11-01T06:30:00Z"), "2026-11-01T06:30:00Z");
}

#[test]
fn only_what_is_a_rule_is_read_and_it_is_written_as_it_was() {
    for text in
        ["P2D", "PT36H", "P1DT12H", "PT0S", CUT_OFF, "P1D America/New_York", "P366D", "PT90M 00:00 UTC"]
    {
        assert_eq!(rule(&rule(text).to_string()), rule(text), "{text}");
    }
    assert_eq!(rule("P2D 17:00 america/new_york business-days").to_string(), CUT_OFF);
    assert_eq!(rule("PT90M").to_string(), "PT1H30M");
    let refused = |text: &str| text.parse::<CaptureRule>().unwrap_err();
    for text in [
        "", "2D", "P1W", "P1M", "P1Y", "-P1D", "-PT1H", "P367D", "P366DT1S", "PT9000H", "2 days", "P1.5D",
        "P2D ",
    ] {
        assert!(matches!(refused(text), InvalidRule::After | InvalidRule::Zone(_)), "{text}");
    }
    for time in ["7:00", "17:0", "24:00", "17:60", "17:00:00", "1700", "17:00Z"] {
        let text = format!("P2D {time} UTC");
        assert_eq!(refused(&text), InvalidRule::At, "{text}");
    }
    for zone in ["Mars/Phobos", "EST5EDT4", "+01:00", "Etc/Unknown", "../America/New_York"] {
        assert_eq!(zone.parse::<Zone>(), Err(UnknownZone), "{zone}");
    }
    for text in ["P2D 17:00", "P2D business-days"] {
        assert_eq!(refused(text), InvalidRule::ZoneRequired, "{text}");
    }
}

/// Zones with and without summer time, on both sides of the equator, and with odd minutes.
const ZONES: [&str; 7] = [
    "America/New_York",
    "America/Los_Angeles",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
];

fn days() -> impl Iterator<Item = Date> {
    date(2026, 1, 1).series(1.day()).take_while(|day| day.year() <= 2033)
}

/// The business days, by the calendar of each year.
fn business_days() -> Vec<Date> {
    let mut closed = BTreeSet::new();
    for year in 2026..=2033 {
        let nth = |month, nth, weekday| date(year, month, 1).nth_weekday_of_month(nth, weekday).unwrap();
        closed.extend([nth(1, 3, Monday), nth(2, 3, Monday), nth(5, -1, Monday), nth(9, 1, Monday)]);
        closed.extend([nth(10, 2, Monday), nth(11, 4, Thursday)]);
        for (month, day) in [(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)] {
            let day = date(year, month, day);
            closed.insert(if day.weekday().to_monday_zero_offset() == 6 {
                day.tomorrow().unwrap()
            } else {
                day
            });
        }
    }
    days().filter(|day| day.weekday().to_monday_zero_offset() < 5 && !closed.contains(day)).collect()
}

#[test]
fn each_day_of_seven_years_has_its_cut_off_on_the_business_day_that_another_computation_finds() {
    let open = business_days();
    for (zone, days_after, hour) in
        ZONES.iter().zip([2, 0, 1, 5, 3, 2, 2]).flat_map(|(zone, n)| [(*zone, n, 17), (*zone, n, 0)])
    {
        let rule = rule(&format!("P{days_after}D {hour:02}:00 {zone} business-days"));
        let tz: TimeZone = rule
            .0
            .zone
            .as_ref()
            .map(|zone| zone.name().to_owned())
            .map(|name| TimeZone::get(&name).unwrap())
            .unwrap();
        for day in days().take_while(|day| day.year() <= 2032) {
            for begun_at in [6, 20] {
                let start = day.at(begun_at, 30, 0, 0).to_zoned(tz.clone()).unwrap();
                let next = open.partition_point(|open| *open < day);
                let time = if open[next] == day { begun_at } else { -1 };
                let due = open[next + days_after + usize::from(time >= hour)];
                let expected = due.at(hour, 0, 0, 0).to_zoned(tz.clone()).unwrap().timestamp();
                let found = rule.moment(start.timestamp(), &Holidays::default());
                assert_eq!(found, expected, "{rule} of {start}");
            }
        }
    }
}

fn any_rule() -> impl Strategy<Value = CaptureRule> {
    let time = prop::option::of((0..24, 0..60));
    (0..6_i64, 0..40_i64, time, prop::sample::select(&ZONES[..]), any::<bool>()).prop_map(
        |(days, hours, time, zone, business)| {
            let time = time.map(|(hour, minute)| format!(" {hour:02}:{minute:02}")).unwrap_or_default();
            let business = if business { " business-days" } else { "" };
            rule(&format!("P{days}DT{hours}H{time} {zone}{business}"))
        },
    )
}

proptest! {
    #[test]
    fn no_capture_is_before_its_authorization_nor_on_a_closed_day_nor_before_that_of_an_earlier_one(
        rule in any_rule(),
        // Half of them around the days on which clocks change.
        day in prop::sample::select(&[67, 87, 93, 94, 276, 277, 297, 298, 304, 305][..]).prop_union(
            prop::sample::select(&[1, 17, 45, 150, 169, 200, 250, 329, 358, 359][..])),
        year in 0..7_i32,
        second in 0..86_400_i32,
        later in 0..7_200_i32,
        own in prop::collection::btree_set(1..365_i32, 0..5),
    ) {
        let first = date(2026, 1, 1);
        let own: Holidays = own.into_iter().map(|day| first.checked_add(day.days()).unwrap()).collect();
        let start = Timestamp::from_second(1_767_225_600).unwrap()
            + SignedDuration::from_secs(i64::from(year * 365 + day) * 86_400 + i64::from(second));
        let found = rule.moment(start, &own);
        let next = rule.moment(start + SignedDuration::from_secs(i64::from(later)), &own);
        prop_assert!(next >= found, "{rule} of {start}: {next} is before {found}");
        let least = start + rule.0.after.rest + SignedDuration::from_hours((rule.0.after.days * 24 - 1).max(0));
        prop_assert!(found >= least, "{rule} of {start}: {found}");
        let zone = rule.0.zone.as_ref().unwrap();
        let shown = TimeZone::get(zone.name()).unwrap().to_datetime(found);
        if rule.0.business_days {
            prop_assert!(own.is_business_day(shown.date()), "{rule} of {start}: {shown}");
        }
        if let Some(TimeOfDay(at)) = rule.0.at {
            let skipped = shown.time().duration_since(at);
            prop_assert!(
                skipped.is_zero() || (skipped.as_mins() <= 60 && !skipped.is_negative()), "{rule} of {start}: {shown}"
            );
        }
    }
}
