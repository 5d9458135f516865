//! Exceptions open, close and open again with the results of matches; people's notes stay.

use std::sync::Arc;

use futures_util::FutureExt;
use jiff::civil::date;

use super::*;
use crate::{
    memory::SettlementTable,
    settlement::{Covered, ExceptionCause, memory::news},
    values::SignedAmount,
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
}

fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

fn exception(found: i64) -> Exception {
    Exception {
        reference: Some("r".to_owned()),
        expected: Some(SignedAmount::new(100)),
        found: Some(SignedAmount::new(found)),
        ..Exception::new("1", ExceptionCause::AmountDiffers, "r", date(2026, 11, 17), at(0))
    }
}

fn found(exceptions: &[Exception]) -> Match {
    let covered = Covered { references: ["r".to_owned()].into(), ..Covered::default() };
    Match { exceptions: exceptions.to_vec(), covered, ..Match::default() }
}

fn kept(memory: &SettlementTable, found: &Match, now: Timestamp) -> [u64; 4] {
    let (news, merchant) = (news(Arc::new(SettlementTable::default())), merchant());
    let keeper = ExceptionKeeper { store: memory, news: &news, merchant: &merchant };
    let report = keeper.keep("1", found, now).now_or_never().unwrap().unwrap();
    [report.opened, report.reopened, report.closed, report.open]
}

fn noted(memory: &SettlementTable, id: Uuid, text: &str) -> Result<Exception, ExceptionRefusal> {
    let note = Note { at: at(5), by: "Ann".to_owned(), text: text.to_owned() };
    note_exception(memory, &merchant(), id, &note).now_or_never().unwrap()
}

fn resolved(memory: &SettlementTable, id: Uuid, by: &str) -> Result<Exception, ExceptionRefusal> {
    let resolution = Resolution { at: at(6), by: by.to_owned(), reason: "credited".to_owned() };
    resolve_exception(memory, &merchant(), id, &resolution).now_or_never().unwrap()
}

#[test]
fn an_exception_opens_once_closes_with_its_cause_and_opens_again_with_its_notes() {
    let memory = SettlementTable::default();
    let all = found(&[exception(99)]);
    assert_eq!(kept(&memory, &all, at(1)), [1, 0, 0, 1]);
    assert_eq!(kept(&memory, &all, at(2)), [0, 0, 0, 1], "a repeated match changes nothing");
    noted(&memory, exception(99).id, "asked the processor").unwrap();
    assert_eq!(kept(&memory, &found(&[]), at(3)), [0, 0, 1, 0]);
    assert_eq!(memory.all_exceptions()[0].gone_at, Some(at(3)));
    assert_eq!(kept(&memory, &all, at(4)), [0, 1, 0, 1]);
    let kept = &memory.all_exceptions()[0];
    assert_eq!((kept.since, kept.gone_at, kept.notes.len()), (at(0), None, 1));
}

#[test]
fn what_a_match_did_not_look_at_does_not_close() {
    let memory = SettlementTable::default();
    kept(&memory, &found(&[exception(99)]), at(1));
    assert_eq!(kept(&memory, &Match::default(), at(2)), [0, 0, 0, 1]);
}

#[test]
fn a_persons_decision_outlives_matches_until_the_amounts_change() {
    let memory = SettlementTable::default();
    let id = exception(99).id;
    kept(&memory, &found(&[exception(99)]), at(1));
    resolved(&memory, id, "Ann").unwrap();
    assert_eq!(kept(&memory, &found(&[exception(99)]), at(2)), [0, 0, 0, 0]);
    assert_eq!(memory.all_exceptions()[0].resolution.as_ref().unwrap().by, "Ann");
    assert_eq!(kept(&memory, &found(&[exception(50)]), at(3)), [0, 1, 0, 1]);
    let again = &memory.all_exceptions()[0];
    assert_eq!((again.found, &again.resolution), (Some(SignedAmount::new(50)), &None));
    assert_eq!(again.notes[0].text, "Resolved before the amounts changed: credited");
}

#[test]
fn a_note_that_comes_between_is_not_lost() {
    let memory = SettlementTable::default();
    kept(&memory, &found(&[exception(99)]), at(1));
    let mut other = exception(99);
    other.notes.push(Note { at: at(2), by: "Ben".to_owned(), text: "seen".to_owned() });
    memory.overtaking.lock().unwrap().push(other);
    assert_eq!(kept(&memory, &found(&[]), at(3)), [0, 0, 1, 0]);
    assert_eq!(memory.all_exceptions()[0].notes.len(), 1);
}

#[test]
fn two_people_cannot_both_resolve_and_a_repeated_request_is_one() {
    let memory = SettlementTable::default();
    let id = exception(99).id;
    assert!(matches!(noted(&memory, id, "x"), Err(ExceptionRefusal::NotFound)));
    kept(&memory, &found(&[exception(99)]), at(1));
    for _ in 0..2 {
        assert_eq!(noted(&memory, id, "x").unwrap().notes.len(), 1);
    }
    for _ in 0..2 {
        assert!(!resolved(&memory, id, "Ann").unwrap().is_open());
    }
    let refused = resolved(&memory, id, "Ben").unwrap_err();
    assert!(matches!(refused, ExceptionRefusal::Closed(by) if by.resolution.as_ref().unwrap().by == "Ann"));
    for n in 1..NOTES_MAX {
        noted(&memory, id, &n.to_string()).unwrap();
    }
    assert!(matches!(noted(&memory, id, "one more"), Err(ExceptionRefusal::TooManyNotes)));
}
