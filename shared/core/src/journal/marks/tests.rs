//! Whether a process relies on a mark of its own, and what it writes again.

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

/// Days and marks that a process writes while each merchant has an entry, in turn.
fn writes_of_a_round(lately: &LatelyMarked, merchants: usize, minute: i64) -> [usize; 2] {
    let ([mut days, mut marks], of_any) = ([0, 0], mark(minute, minute * 60));
    for n in 0..merchants {
        let mark = Mark { merchant: n.to_string().parse().unwrap(), ..of_any };
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
    let (lately, midnight) = (LatelyMarked::default(), 24 * 60);
    let mut round = |minute| writes_of_a_round(&lately, REMEMBERED_MAX, minute);
    assert_eq!([0, 0, 0].map(&mut round), [[REMEMBERED_MAX; 2], [0, 0], [0, 0]]);
    assert_eq!([15, 15].map(&mut round), [[0, REMEMBERED_MAX], [0, 0]], "the next quarter");
    let of_the_next_day = [midnight, midnight].map(&mut round);
    assert_eq!(of_the_next_day, [[REMEMBERED_MAX; 2], [0, 0]], "the day before is forgotten");
}

#[test]
fn with_one_merchant_too_many_an_eighth_is_written_again() {
    let lately = LatelyMarked::default();
    let round = || writes_of_a_round(&lately, REMEMBERED_MAX + 1, 0);
    assert_eq!(round(), [REMEMBERED_MAX + 1; 2]);
    for _ in 0..3 {
        let [days, marks] = round();
        // The memory is full again, and an eighth forgotten, when nearly all have had their turn.
        let eighth = REMEMBERED_MAX / FORGOTTEN;
        assert!((eighth..eighth + eighth / 10).contains(&marks), "{marks}");
        assert_eq!(days, marks);
    }
}
