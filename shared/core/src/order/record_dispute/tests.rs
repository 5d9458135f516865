use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    journal::{AttentionReason, attentions, entries},
    order::{
        LineId, NoEffect, PaymentKind, PaymentStatus, PaymentWord, Rejection,
        tests::fixture::{Fixture, amount, dispute_report, not_done},
    },
    values::Amount,
};

fn chargeback(case: &str, number: &str, minor: u64) -> DisputeReport {
    dispute_report(DisputeKind::Chargeback, case, number, minor)
}

fn reversal(case: &str, number: &str, minor: u64) -> DisputeReport {
    dispute_report(DisputeKind::Reversal, case, number, minor)
}

impl Fixture {
    fn reported(&mut self, report: &DisputeReport) -> Result<DisputeRecorded, DisputeRejection> {
        self.later(1);
        self.order.record_dispute(report, self.now)
    }

    fn paid() -> (Self, Uuid) {
        let mut fixture = Self::new();
        let id = fixture.approved(PaymentKind::Purchase, None);
        (fixture, id)
    }
}

/// Two payments of one order with a chargeback of the same case each.
fn case_of_two_payments() -> (Fixture, [Uuid; 2]) {
    let mut fixture = Fixture::new();
    let ids = [1500, 1099].map(|minor| fixture.approved(PaymentKind::Purchase, Some(minor)));
    for (id, minor) in ids.into_iter().zip([1500, 1099]) {
        let reference = fixture.transaction(id).reference().map(str::to_owned);
        let report = DisputeReport { reference, ..chargeback("c", &minor.to_string(), minor) };
        assert_eq!(fixture.reported(&report), APPLIED);
    }
    (fixture, ids)
}

impl Fixture {
    fn disputed_minor(&self, ids: [Uuid; 2]) -> [i64; 2] {
        ids.map(|id| self.transaction(id).disputed().minor())
    }
}

#[test]
fn one_line_that_reverses_a_case_of_two_payments_is_shared_and_neither_stays_disputed() {
    for (came_back, left) in [
        (1000, [500, 1099]),
        (1500, [0, 1099]),
        (2000, [0, 599]),
        (2599, [0, 0]),
        // More can come back than was taken.
        (2700, [0, -101]),
    ] {
        let (mut fixture, ids) = case_of_two_payments();
        assert_eq!(fixture.reported(&reversal("c", "v", came_back)), APPLIED);
        assert_eq!(fixture.disputed_minor(ids), left, "{came_back}");
        let before = fixture.order.clone();
        assert_eq!((fixture.reported(&reversal("c", "v", came_back)), &fixture.order), (KNOWN, &before));
        // Each share has an entry of its own, and they add up.
        let all = entries(None, &fixture.order);
        let sum: i64 = all.iter().map(|entry| entry.changes.disputed.minor()).sum();
        assert_eq!(sum, left.iter().sum::<i64>());
        assert_eq!(fixture.order.may_have_open_dispute(), left.iter().any(|minor| *minor > 0));
    }
    // Money of another case takes no part of it.
    let (mut fixture, ids) = case_of_two_payments();
    assert_eq!(fixture.reported(&chargeback("d", "1", 100)), APPLIED);
    assert_eq!(fixture.reported(&reversal("c", "v", 2599)), APPLIED);
    assert_eq!(fixture.disputed_minor(ids), [100, 0]);
}

#[test]
fn a_shared_reversal_that_is_corrected_or_comes_before_a_chargeback_is_shared_anew() {
    let (mut fixture, ids) = case_of_two_payments();
    assert_eq!(fixture.reported(&reversal("c", "v", 2599)), APPLIED);
    assert_eq!(fixture.reported(&changed(21, reversal("c", "v", 2000))), APPLIED);
    assert_eq!(fixture.disputed_minor(ids), [0, 599]);
    assert_eq!(fixture.reported(&changed(20, reversal("c", "v", 2599))), KNOWN, "an earlier word");
    let mut gone = reversal("c", "v", 0);
    gone.is_current = true;
    assert_eq!(fixture.reported(&gone), APPLIED);
    assert_eq!(fixture.disputed_minor(ids), [1500, 1099]);
    // The payment of the second chargeback is found after the reversal.
    let mut fixture = Fixture::new();
    let ids = [1500, 1099].map(|minor| fixture.approved(PaymentKind::Purchase, Some(minor)));
    let report = |fixture: &Fixture, n: usize| DisputeReport {
        reference: fixture.transaction(ids[n]).reference().map(str::to_owned),
        ..chargeback("c", &n.to_string(), [1500, 1099][n])
    };
    for report in [report(&fixture, 0), reversal("c", "v", 2599), report(&fixture, 1)] {
        assert_eq!(fixture.reported(&report), APPLIED);
    }
    assert_eq!(fixture.disputed_minor(ids), [-1099, 1099]);
    assert_eq!(fixture.reported(&reversal("c", "v", 2599)), APPLIED, "the next reading of its deposit");
    assert_eq!(fixture.disputed_minor(ids), [0, 0]);
}

const APPLIED: Result<DisputeRecorded, DisputeRejection> = Ok(DisputeRecorded::Applied);
const KNOWN: Result<DisputeRecorded, DisputeRejection> = Ok(DisputeRecorded::Known);

#[test]
fn a_chargeback_that_is_reported_again_is_counted_once() {
    let (mut fixture, id) = Fixture::paid();
    assert_eq!(fixture.reported(&chargeback("c", "1", 2599)), APPLIED);
    let before = fixture.order.clone();
    // Its words and its deposit may be told in another way.
    let mut again = chargeback("c", "1", 2599);
    again.dispute.reason = None;
    again.dispute.deposit = Some("D2".to_owned());
    assert_eq!((fixture.reported(&again), &fixture.order), (KNOWN, &before));
    assert_eq!(fixture.transaction(id).disputed().minor(), 2599);
}

#[test]
fn a_second_chargeback_of_a_case_counts_beside_the_first_and_a_correction_in_its_place() {
    let (mut fixture, id) = Fixture::paid();
    for (report, sum) in [
        (chargeback("c", "1", 1000), 1000),
        (reversal("c", "v1", 1000), 0),
        (chargeback("c", "2", 900), 900),
        (changed(20, chargeback("c", "2", 950)), 950),
        (reversal("c", "v2", 50), 900),
        (changed(21, reversal("c", "v2", 150)), 800),
        (changed(22, chargeback("c", "2", 930)), 780),
        (chargeback("d", "1", 99), 879),
    ] {
        assert_eq!(fixture.reported(&report), APPLIED);
        assert_eq!(fixture.transaction(id).disputed().minor(), sum, "{report:?}");
    }
    // Nothing is taken back: each report has an entry of its own, and the entries add up to the
    // amount that counts.
    let all = entries(None, &fixture.order);
    let of_disputes = all.iter().filter(|entry| !entry.changes.disputed.is_zero());
    let told = of_disputes.map(|entry| (entry.changes.disputed.minor(), entry.amount.minor()));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(1000, 1000), (-1000, 1000), (900, 900), (50, 950), (-50, 50), (-100, 150), (-20, 930), (99, 99)]
    );
    assert!(all.iter().all(|entry| entry.changes.disputed.is_zero() || entry.dispute_reason.is_some()));
    // Of these, each that takes money needs a person.
    let needing = attentions(None, &fixture.order);
    assert_eq!(needing.iter().filter(|found| found.reason == AttentionReason::Disputed).count(), 4);
}

/// The same line once more, in another deposit, as it was changed on this day of January.
fn changed(day: i8, mut report: DisputeReport) -> DisputeReport {
    report.dispute.changed_on = Some(date(2027, 1, day));
    report.dispute.deposit = Some(format!("D{day}"));
    report
}

/// The same without an id of its own.
fn without_id(position: usize, mut report: DisputeReport) -> DisputeReport {
    let Dispute { case, number, day, amount, .. } = &report.dispute;
    report.dispute.line = LineId::made(Some(case), number.as_deref(), *day, (*amount).into(), position);
    report
}

#[test]
fn two_chargebacks_of_a_case_without_numbers_are_two_and_the_reversal_between_them_is_of_the_first() {
    let (mut fixture, id) = Fixture::paid();
    let mut first = chargeback("c", "1", 100);
    first.dispute.number = None;
    assert_eq!(fixture.reported(&first), APPLIED);
    let since = fixture.now;
    assert_eq!(fixture.reported(&reversal("c", "v1", 1)), APPLIED);
    assert_eq!(fixture.transaction(id).disputed_since(), Some((since, since)));
    assert_eq!(fixture.reported(&reversal("c", "v2", 99)), APPLIED);
    assert!(!fixture.transaction(id).has_open_dispute());
    assert_eq!(fixture.transaction(id).disputed_since(), None);
    let mut second = chargeback("c", "2", 100);
    second.dispute.number = None;
    assert_eq!(fixture.reported(&second), APPLIED);
    assert_eq!(
        (fixture.transaction(id).disputed().minor(), fixture.transaction(id).has_open_dispute()),
        (100, true)
    );
    assert_eq!(fixture.refund(id, Some(1)), Err(Rejection::PaymentDisputed(id)));
}

#[test]
fn two_deposits_that_state_different_amounts_of_a_line_do_not_alternate() {
    let (mut fixture, id) = Fixture::paid();
    let (first, later) = (changed(20, chargeback("c", "1", 40)), changed(22, chargeback("c", "1", 35)));
    assert_eq!(fixture.reported(&first), APPLIED);
    assert_eq!(fixture.reported(&later), APPLIED);
    for _ in 0..5 {
        assert_eq!(fixture.reported(&first), KNOWN);
        assert_eq!(fixture.reported(&later), KNOWN);
    }
    assert_eq!((fixture.transaction(id).disputed().minor(), fixture.transaction(id).disputes.len()), (35, 2));
    // The older word comes first to light afterward.
    let (mut fixture, id) = Fixture::paid();
    assert_eq!(fixture.reported(&later), APPLIED);
    assert_eq!(fixture.reported(&first), KNOWN);
    assert_eq!(fixture.transaction(id).disputed().minor(), 35);
}

#[test]
fn of_two_amounts_of_a_line_none_of_which_is_the_later_one_the_first_counts_and_a_person_is_told() {
    let (mut fixture, id) = Fixture::paid();
    let mut other = chargeback("c", "1", 35);
    other.dispute.deposit = Some("D2".to_owned());
    assert_eq!(fixture.reported(&chargeback("c", "1", 40)), APPLIED);
    let before = fixture.order.clone();
    assert_eq!(fixture.reported(&other), Err(DisputeRejection::Contradicts));
    assert_eq!(fixture.order, before);
    // The same deposit, read again, is the gateway's current word.
    other.dispute.deposit = Some("D1".to_owned());
    assert_eq!(fixture.reported(&other), APPLIED);
    assert_eq!(fixture.transaction(id).disputed().minor(), 35);
}

#[test]
fn a_line_without_an_id_corrects_nothing_is_another_event_and_needs_a_person() {
    let (mut fixture, id) = Fixture::paid();
    let unclear = |fixture: &Fixture| fixture.order.disputes_unclear_since(fixture.transaction(id)).is_some();
    let first = without_id(0, chargeback("c", "1", 40));
    assert_eq!(fixture.reported(&first), APPLIED);
    assert_eq!(fixture.reported(&changed(25, first.clone())), KNOWN);
    let mut reworded = changed(26, first.clone());
    reworded.dispute.reason_code = None;
    assert_eq!((fixture.reported(&reworded), unclear(&fixture)), (APPLIED, false), "the same line");
    assert_eq!(fixture.reported(&without_id(0, chargeback("c", "2", 40))), APPLIED);
    assert!(!unclear(&fixture), "a number of its own is another chargeback");
    let mut with_id = chargeback("c", "1", 5);
    with_id.dispute.line = LineId::Stated("own".to_owned());
    assert_eq!(fixture.reported(&with_id), APPLIED);
    assert!(!unclear(&fixture), "one with an id would name the line that it corrects");
    let second = changed(25, without_id(0, chargeback("c", "1", 35)));
    assert_eq!(fixture.reported(&second), APPLIED);
    assert_eq!((fixture.transaction(id).disputed().minor(), unclear(&fixture)), (120, true));
    assert_eq!(fixture.reported(&gone(second.clone())), APPLIED);
    assert_eq!((fixture.transaction(id).disputed().minor(), unclear(&fixture)), (85, false));
    let (mut fixture, _) = Fixture::paid();
    for report in [first.clone(), gone(first), second] {
        assert_eq!(fixture.reported(&report), APPLIED);
    }
    assert!(!unclear(&fixture), "the one before it does not count any more");
}

/// The line is not reported any more.
fn gone(mut report: DisputeReport) -> DisputeReport {
    report.dispute.amount = Amount::ZERO;
    DisputeReport { is_current: true, ..report }
}

#[test]
fn a_line_that_was_never_on_record_cannot_be_taken_back() {
    let (mut fixture, _) = Fixture::paid();
    let before = fixture.order.clone();
    let report = chargeback("c", "1", 100);
    assert_eq!((fixture.reported(&gone(report.clone())), &fixture.order), (KNOWN, &before));
    assert!(!fixture.order.has_line(&report.dispute));
    assert_eq!(fixture.reported(&report), APPLIED);
    assert!(fixture.order.has_line(&report.dispute));
    assert_eq!(fixture.reported(&gone(report)), APPLIED);
}

#[test]
fn a_further_report_of_a_line_counts_by_its_deposit_its_last_change_and_whether_it_is_the_current_one() {
    let first = || changed(20, chargeback("c", "1", 40));
    let in_deposit = |deposit: Option<&str>, mut report: DisputeReport| {
        report.dispute.deposit = deposit.map(str::to_owned);
        report
    };
    let elsewhere = |report| in_deposit(Some("another"), report);
    let for_another_reason = |mut report: DisputeReport| {
        report.dispute.reason_code = Some("10.4".to_owned());
        report
    };
    let current = |report| DisputeReport { is_current: true, ..report };
    let corrected_in = |deposit| in_deposit(deposit, changed(19, chargeback("c", "1", 35)));
    for (reports, recorded) in [
        // The amount is the first one again, by a later change.
        (
            vec![first(), changed(22, chargeback("c", "1", 35)), changed(24, chargeback("c", "1", 40))],
            APPLIED,
        ),
        // A report of another deposit does not bring back words that their own deposit replaced.
        (vec![first(), corrected_in(Some("D20")), elsewhere(first())], KNOWN),
        // Two reports of no known deposit are not two of one.
        (vec![in_deposit(None, first()), corrected_in(None)], KNOWN),
        (vec![first(), gone(first()), elsewhere(first())], APPLIED),
        // Only amounts contradict each other.
        (vec![first(), elsewhere(for_another_reason(first()))], KNOWN),
        (vec![first(), current(first())], KNOWN),
        (vec![first(), current(elsewhere(first()))], APPLIED),
    ] {
        let (mut fixture, _) = Fixture::paid();
        let (last, earlier) = reports.split_last().unwrap();
        for report in earlier {
            assert_eq!(fixture.reported(report), APPLIED, "{report:?}");
        }
        assert_eq!(fixture.reported(last), recorded, "{reports:?}");
    }
}

#[test]
fn equal_lines_of_one_report_without_ids_are_as_many() {
    let (mut fixture, id) = Fixture::paid();
    for _ in 0..3 {
        for position in 0..2 {
            fixture.reported(&without_id(position, chargeback("c", "1", 25))).unwrap();
        }
    }
    assert_eq!((fixture.transaction(id).disputed().minor(), fixture.transaction(id).disputes.len()), (50, 2));
}

#[test]
fn two_ids_that_look_like_card_numbers_are_not_taken_for_one_line() {
    let (mut fixture, id) = Fixture::paid();
    for number in ["4111111111111111", "4012888888881881"] {
        let mut report = chargeback("c", number, 100);
        report.dispute.line = LineId::Stated(number.to_owned());
        assert_eq!(fixture.reported(&report), APPLIED);
        assert_eq!(fixture.reported(&report), KNOWN);
    }
    let transaction = fixture.transaction(id);
    assert_eq!(transaction.disputed().minor(), 200);
    assert!(!format!("{:?}", transaction.disputes).contains("1111111"));
}

#[test]
fn a_reversal_without_its_chargeback_is_for_a_person_and_changes_nothing() {
    let (mut fixture, _) = Fixture::paid();
    fixture.reported(&chargeback("c", "1", 100)).unwrap();
    let before = fixture.order.clone();
    assert_eq!(fixture.reported(&reversal("other", "v", 100)), Err(DisputeRejection::NoSuchPayment));
    let mut named = reversal("other", "v", 100);
    named.reference = Some("r".to_owned());
    assert_eq!(fixture.reported(&named), Err(DisputeRejection::UnknownChargeback));
    assert_eq!(fixture.order, before);
}

#[test]
fn a_report_about_another_payment_account_or_currency_does_not_touch_the_order() {
    let (mut fixture, _) = Fixture::paid();
    let before = fixture.order.clone();
    let of = |change: fn(&mut DisputeReport)| {
        let mut report = chargeback("c", "1", 100);
        change(&mut report);
        report
    };
    for (report, why) in [
        (of(|report| report.reference = Some("r9".to_owned())), DisputeRejection::NoSuchPayment),
        (of(|report| report.accounts = vec!["2".to_owned()]), DisputeRejection::NoSuchPayment),
        (
            of(|report| report.currency = Currency::parse("EUR").ok()),
            DisputeRejection::CurrencyDiffers(Currency::USD),
        ),
        (of(|report| report.dispute.kind = DisputeKind::Unrecognized), DisputeRejection::NewerVersion),
    ] {
        assert_eq!(fixture.reported(&report), Err(why));
        assert_eq!(fixture.order, before);
    }
    // A linked account is another name of the account.
    let linked = of(|report| report.accounts = vec!["2".to_owned(), "1".to_owned()]);
    assert_eq!(fixture.reported(&linked), APPLIED);
}

#[test]
fn a_refunds_reference_is_none_that_a_payer_disputes() {
    let (mut fixture, id) = Fixture::paid();
    assert_eq!(fixture.order.disputed_by(&chargeback("c", "1", 100)), Some(id));
    let refund = fixture.refund(id, Some(100)).unwrap().sent();
    fixture.approve(refund);
    let reference = fixture.operation(refund).reference().map(str::to_owned);
    assert!(reference.is_some());
    let report = DisputeReport { reference, ..chargeback("c", "1", 100) };
    assert_eq!(fixture.order.disputed_by(&report), None);
    assert_eq!(fixture.reported(&report), Err(DisputeRejection::NoSuchPayment));
}

#[test]
fn disputed_money_is_not_given_back_a_second_time_unless_that_is_meant() {
    let (mut fixture, id) = Fixture::paid();
    fixture.reported(&chargeback("c", "1", 500)).unwrap();
    let refused = Err(Rejection::PaymentDisputed(id));
    assert_eq!(fixture.refund(id, Some(100)), refused);
    assert_eq!(fixture.mark_refunded(id), refused);
    assert_eq!(fixture.void(id), refused);
    // The refundable amount is the same.
    assert_eq!(fixture.transaction(id).refundable(), amount(2599));
    // A part of the disputed amount came back, then the rest.
    fixture.reported(&reversal("c", "v1", 499)).unwrap();
    assert_eq!(fixture.order.updated_at, fixture.now);
    assert_eq!(fixture.refund(id, Some(100)), refused);
    let mut meant = fixture;
    meant.refund_disputed = true;
    let refund = meant.refund(id, Some(100)).unwrap().sent();
    meant.approve(refund);
    meant.refund_disputed = false;
    meant.reported(&reversal("c", "v2", 1)).unwrap();
    assert!(meant.refund(id, Some(101)).is_ok());
    let mut fixture = Fixture::new();
    let held = fixture.approved(PaymentKind::Authorize, None);
    fixture.reported(&chargeback("c", "1", 500)).unwrap();
    assert!(fixture.void(held).is_ok(), "a void of a hold gives nothing back");
}

#[test]
fn what_comes_back_of_one_case_does_not_cover_another() {
    let (mut fixture, id) = Fixture::paid();
    for report in [chargeback("c", "1", 100), chargeback("d", "1", 100), reversal("c", "v", 200)] {
        fixture.reported(&report).unwrap();
    }
    assert_eq!(
        (fixture.transaction(id).disputed().minor(), fixture.transaction(id).has_open_dispute()),
        (0, true)
    );
    assert_eq!(fixture.refund(id, Some(1)), Err(Rejection::PaymentDisputed(id)));
}

#[test]
fn a_chargeback_beside_a_refund_under_way_leaves_both_and_reopens_nothing() {
    let (mut fixture, id) = Fixture::paid();
    let refund = fixture.refund(id, None).unwrap().sent();
    fixture.reported(&chargeback("c", "1", 2599)).unwrap();
    assert_eq!(fixture.transaction(id).word(fixture.now), PaymentWord::NotKnownYet);
    fixture.approve(refund);
    assert_eq!(fixture.transaction(id).word(fixture.now), PaymentWord::Disputed);
    assert_eq!(fixture.order.owing(), Some(Amount::ZERO));
    let (mut fixture, _) = Fixture::paid();
    fixture.reported(&chargeback("c", "1", 2599)).unwrap();
    assert_eq!((fixture.order.payment(), fixture.order.owing()), (PaymentStatus::Paid, Some(Amount::ZERO)));
}

#[test]
fn a_refund_that_did_nothing_is_not_tried_again_after_a_chargeback() {
    let (mut fixture, id) = Fixture::paid();
    let refund = fixture.refund(id, Some(100)).unwrap().sent();
    fixture.told(refund, &not_done(NoEffect::Unreachable));
    fixture.reported(&chargeback("c", "1", 2599)).unwrap();
    assert_eq!(fixture.refund(id, Some(100)), Err(Rejection::PaymentDisputed(id)));
}

#[test]
fn an_order_keeps_no_more_disputes_than_it_has_room_for_and_still_knows_those() {
    let (mut fixture, _) = Fixture::paid();
    for n in 0..DISPUTES_MAX {
        assert_eq!(fixture.reported(&chargeback("c", &n.to_string(), 1)), APPLIED);
    }
    assert_eq!(fixture.reported(&chargeback("c", "more", 1)), Err(DisputeRejection::TooMany));
    assert_eq!(fixture.reported(&chargeback("c", "0", 1)), KNOWN);
    // A hundred reports of one order have to fit; of those that do not, a person is told.
    const { assert!(DISPUTES_MAX >= 100) };
    assert!(fixture.order.disputes_unclear_since(&fixture.order.transactions[0]).is_some());
}

#[test]
fn nothing_that_looks_like_a_card_number_is_stored_with_a_chargeback_and_no_long_text() {
    let (mut fixture, id) = Fixture::paid();
    let mut report = chargeback("4111111111111111", "1", 100);
    report.dispute.reason = Some(format!("card 4111 1111 1111 1111 {}", "é".repeat(500)));
    report.dispute.acquirer_reference = Some("4111111111111111".to_owned());
    report.dispute.deposit = report.dispute.acquirer_reference.clone();
    report.dispute.reason_code = report.dispute.acquirer_reference.clone();
    assert_eq!(fixture.reported(&report), APPLIED);
    assert!(fixture.transaction(id).disputes[0].dispute.reason.as_ref().unwrap().len() <= 120);
    let stored = format!("{:?}", fixture.transaction(id).disputes);
    assert!(!stored.replace(' ', "").contains("411111111111"), "{stored}");
    assert!(stored.len() < 900, "{stored}");
    // A shortened report is recognized when it comes again.
    assert_eq!(fixture.reported(&report), KNOWN);
    // A long reference can look as if a card number were in it; 40 bytes of it are kept.
    for (bytes, is_kept) in [(23, true), (40, true), (41, false)] {
        let (mut fixture, id) = Fixture::paid();
        let reference = format!("4111111111111111{}", "0".repeat(bytes - 16));
        report.dispute.acquirer_reference = Some(reference.clone());
        assert_eq!(fixture.reported(&report), APPLIED);
        let stored = fixture.transaction(id).disputes[0].dispute.acquirer_reference.clone().unwrap();
        assert_eq!((stored == reference, stored.len() <= 40), (is_kept, true), "{stored}");
    }
}

/// Reports about lines of two cases, in any order and number, each line with several changes of its
/// amount.
fn reports() -> impl Strategy<Value = Vec<DisputeReport>> {
    let one = (0..2_u8, 0..3_u8, 0..2_u8, 1..4_i8).prop_map(|(kind, number, case, change)| {
        let kind = if kind == 0 { DisputeKind::Chargeback } else { DisputeKind::Reversal };
        let (case, minor) = (if case == 0 { "c" } else { "d" }, u64::from(change.unsigned_abs()) * 100);
        changed(change, dispute_report(kind, case, &number.to_string(), minor))
    });
    prop::collection::vec(one, 0..20)
}

proptest! {
    #[test]
    fn sums_are_those_of_the_latest_changes_and_of_the_journal_and_repetition_changes_nothing(all in reports()) {
        let (mut fixture, id) = Fixture::paid();
        // By case and line, the largest change: a later report states more than the one before it.
        let mut told = BTreeMap::<(String, LineId), i64>::new();
        let mut journal = 0;
        for report in &all {
            let before = fixture.order.clone();
            let recorded = fixture.reported(report);
            // The journal's law: one change adds exactly the difference between the whole
            // histories.
            journal += entries(Some(&before), &fixture.order).iter().map(|entry| entry.changes.disputed.minor()).sum::<i64>();
            if recorded.is_err() {
                prop_assert_eq!(&before, &fixture.order);
                continue;
            }
            let Dispute { kind, case, line, .. } = report.dispute.clone();
            let line = LineId::Stated(format!("{} {line}", kind.as_str()));
            let known = told.entry((case, line)).or_default();
            let change = report.dispute.change().minor();
            *known = if change.abs() > known.abs() { change } else { *known };
            let settled = fixture.order.clone();
            prop_assert_eq!(fixture.reported(report), KNOWN);
            prop_assert_eq!(&settled, &fixture.order);
        }
        let sum: i64 = told.values().sum();
        let whole: i64 = entries(None, &fixture.order).iter().map(|entry| entry.changes.disputed.minor()).sum();
        prop_assert_eq!((fixture.transaction(id).disputed().minor(), whole, journal), (sum, sum, sum));
        let open = |case: &str| told.iter().filter(|((own, _), _)| own == case).map(|(_, minor)| minor).sum::<i64>() > 0;
        prop_assert_eq!(fixture.transaction(id).has_open_dispute(), open("c") || open("d"));
        prop_assert_eq!(fixture.refund(id, Some(1)).is_err(), open("c") || open("d"));
    }
}
