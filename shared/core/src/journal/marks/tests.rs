//! The marks of its own that a process relies on, and those that it writes again.

use super::*;

fn mark(minute: i64, second: i64) -> Mark {
    let quarter = QuarterHour::of(Timestamp::from_second(minute * 60).unwrap());
    Mark { merchant: "m".parse().unwrap(), quarter, at: Timestamp::from_second(second).unwrap() }
}

#[test]
fn a_mark_is_relied_on_for_a_minute_and_not_after_the_clock_was_set_back() {
    let lately = LatelyMarked::default();
    assert!(!lately.has(&mark(0, 100)));
    lately.remember(&mark(0, 100));
    for (second, expected) in [(99, false), (100, true), (159, true), (160, false)] {
        assert_eq!(lately.has(&mark(0, second)), expected, "{second}");
    }
    assert!(!lately.has(&mark(15, 100)), "another quarter");
}

#[test]
fn a_day_is_remembered_with_its_last_quarter_and_days_do_not_disturb_each_other() {
    const DAY: i64 = 24 * 60;
    let lately = LatelyMarked::default();
    assert!(!lately.has_day(&mark(0, 100)));
    for minute in [0, DAY, 15] {
        lately.remember(&mark(minute, 100));
    }
    let has = |minute| (lately.has_day(&mark(minute, 100)), lately.has(&mark(minute, 100)));
    assert_eq!([0, 15, DAY].map(has), [(true, false), (true, true), (true, true)]);
    let other = Mark { merchant: "n".parse().unwrap(), ..mark(15, 100) };
    assert!(!lately.has_day(&other) && !lately.has(&other));
}

fn merchants(count: usize) -> Vec<MerchantId> {
    (0..count).map(|n| n.to_string().parse().unwrap()).collect()
}

/// Days and marks that a process writes while each merchant has an entry, in turn.
fn writes_of_a_round(lately: &LatelyMarked, merchants: &[MerchantId], minute: i64) -> [usize; 2] {
    let ([mut days, mut marks], of_any) = ([0, 0], mark(minute, minute * 60));
    for merchant in merchants {
        let mark = Mark { merchant: merchant.clone(), ..of_any };
        if !lately.has(&mark) {
            days += usize::from(!lately.has_day(&mark));
            marks += 1;
            lately.remember(&mark);
        }
    }
    assert!(lately.0.lock().unwrap().len() <= REMEMBERED_MAX);
    [days, marks]
}

#[test]
fn each_day_and_mark_is_written_once_by_as_many_merchants_as_are_remembered() {
    let (lately, midnight, merchants) = (LatelyMarked::default(), 24 * 60, merchants(REMEMBERED_MAX));
    let written = [0, 0, 15, midnight, midnight].map(|minute| writes_of_a_round(&lately, &merchants, minute));
    let once = [REMEMBERED_MAX; 2];
    // At a new quarter the marks alone; at midnight the day before is forgotten.
    assert_eq!(written, [once, [0, 0], [0, REMEMBERED_MAX], once, [0, 0]]);
}

#[test]
fn with_one_merchant_too_many_an_eighth_is_written_again() {
    let (lately, merchants) = (LatelyMarked::default(), merchants(REMEMBERED_MAX + 1));
    let [first, rounds @ ..] = [0; 3].map(|minute| writes_of_a_round(&lately, &merchants, minute));
    assert_eq!(first, [merchants.len(); 2]);
    for [days, marks] in rounds {
        // The memory is full again, and another eighth forgotten, when nearly all had their turn.
        let eighth = REMEMBERED_MAX / FORGOTTEN;
        assert!(marks.abs_diff(eighth) < eighth / 10, "{marks}");
        assert_eq!(days, marks);
    }
}
