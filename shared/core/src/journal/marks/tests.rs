//! Whether a process relies on a mark of its own.

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
fn the_memory_of_marks_is_bounded() {
    let lately = LatelyMarked::default();
    for n in 0..2 * i64::try_from(REMEMBERED_MAX).unwrap() {
        lately.remember(&mark(15 * n, 100));
        assert!(lately.0.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
