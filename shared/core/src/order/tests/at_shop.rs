//! The payment of an order as its shop has it, and the step that the shop is told next.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{TOTAL, amount, fixture::partial};
use crate::{
    order::{
        AtShop, NextStep, PartialCapture, PaymentKind, RecordingTask, Rejection, RowStatus, ShopOrder,
        ShopReading, ShopStanding, ShopTransaction, TellingAnswer, ToTell,
        tests::fixture::{Fixture, Planned},
    },
    values::{Currency, Instrument},
};

/// An event of an order with one payment, ten seconds after the event before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Pays(PaymentKind),
    /// The gateway approves a part, and its void is under way.
    PaysInPart,
    Captures(u64),
    Refunds(u64),
    Voids,
    ShopCancels,
    /// The shop's response to the next step.
    Recorded,
    Refused,
    NoResponse,
    /// A look, so many seconds after the event before it, and the amounts that it shows.
    Looks(i64, &'static [u64]),
    TellsAgain,
    /// The merchant has orders canceled in the shop whose authorization is voided.
    CancelsVoided,
    /// It holds the rest of another payment.
    Continues,
    /// A newer version wrote what pays for it.
    IsOfNewer,
}

pub(super) use Event::{
    CancelsVoided, Captures, Continues, IsOfNewer, Looks, NoResponse, Pays, PaysInPart, Recorded, Refunds,
    Refused, ShopCancels, TellsAgain, Voids,
};

pub(super) const AUTHORIZES: Event = Pays(PaymentKind::Authorize);
pub(super) const PURCHASES: Event = Pays(PaymentKind::Purchase);

pub(super) struct History {
    pub(super) fixture: Fixture,
    began_at: Timestamp,
    /// The step that a look has sent again.
    sent: Option<ToTell>,
}

pub(super) fn shop_order(settled: u64, read_at: Timestamp) -> ShopOrder {
    ShopOrder {
        currency: Currency::USD,
        total: amount(TOTAL),
        owing: amount(TOTAL - settled),
        settled: amount(settled),
        standing: ShopStanding::Open,
        is_refunded: false,
        read_at,
    }
}

/// The id of a request at a moment.
fn request_id(now: Timestamp) -> Uuid {
    Uuid::from_u128(now.as_second().unsigned_abs().into())
}

impl History {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut fixture = Fixture::external();
        fixture.policy.shop.partial_capture = PartialCapture::ShownShort;
        let mut history = Self { began_at: fixture.now, fixture, sent: None };
        for event in events {
            history.happens(*event);
        }
        history
    }

    pub(super) fn happens(&mut self, event: Event) {
        let fixture = &mut self.fixture;
        fixture.later(if let Looks(seconds, _) = event { seconds } else { 10 });
        let id = fixture.order.transactions.first().map(|payment| payment.id).unwrap_or_default();
        match event {
            Pays(kind) => _ = fixture.approved(kind, Some(TOTAL)),
            PaysInPart => {
                let at = fixture.pay(PaymentKind::Purchase, Some(TOTAL), None).unwrap().sent();
                assert!(matches!(fixture.told(at, &partial(1)), NextStep::Send(_)));
            }
            Captures(minor) => follows(fixture, |fixture| fixture.capture(id, Some(minor))),
            Refunds(minor) => follows(fixture, |fixture| fixture.refund(id, Some(minor))),
            Voids => follows(fixture, |fixture| fixture.void(id)),
            ShopCancels => assert!(fixture.order.cancel_at_shop(fixture.now)),
            Recorded => self.answers(&TellingAnswer::Recorded("there".to_owned())),
            Refused => self.answers(&TellingAnswer::Refused),
            NoResponse => self.answers(&TellingAnswer::Unknown),
            Looks(_, amounts) => self.looks(amounts),
            TellsAgain => assert!(fixture.order.tell_again(id, fixture.now)),
            CancelsVoided => fixture.order.transactions[0].recording.as_mut().unwrap().cancels = true,
            Continues => fixture.order.transactions[0].continues = Some(Uuid::nil()),
            IsOfNewer => fixture.order.transactions[0].instrument = Instrument::Unrecognized,
        }
        self.fixture.order.transactions[0].recording.get_or_insert_default();
    }

    fn answers(&mut self, answer: &TellingAnswer) {
        let (order, now) = (&mut self.fixture.order, self.fixture.now);
        let again = self.sent.take();
        let sent = again
            .or_else(|| {
                order.begin_telling(
                    Some(&ShopReading { order: Some(&shop_order(TOTAL, now)), rows: Some(&[]) }),
                    || request_id(now),
                    now,
                )
            })
            .expect("a step is sent");
        assert_eq!(order.answer_telling(&sent, answer, now), *answer != TellingAnswer::Unknown);
    }

    fn looks(&mut self, amounts: &[u64]) {
        let (payment, now) = (&self.fixture.order.transactions[0], self.fixture.now);
        let rows = amounts.iter().map(|minor| ShopTransaction {
            id: "row".to_owned(),
            is_manual: true,
            reference: Some(payment.id.to_string()),
            amount: amount(*minor),
            refunded: amount(0),
            step: Some(payment.kind.operation()),
            status: RowStatus::Complete,
            is_changed: false,
        });
        let settled = if payment.told().is_some() { TOTAL } else { 0 };
        let (shown, order) = (rows.collect::<Vec<_>>(), shop_order(settled, now));
        let (id, reading) = (payment.id, ShopReading { order: Some(&order), rows: Some(&shown) });
        self.sent = self.fixture.order.apply_look(id, &reading, request_id(now), now);
    }

    /// The payment as its shop has it, and the next task. Moments are seconds after the beginning.
    pub(super) fn shown(&self) -> String {
        let order = &self.fixture.order;
        let seconds = |at: Timestamp| at.duration_since(self.began_at).as_secs().to_string();
        let words = |at_shop: AtShop<'_>| {
            let difference = at_shop.difference.map(|difference| difference.as_str().to_owned());
            let step = at_shop.step.map(|step| step.as_str().to_owned());
            let again = at_shop.can_be_told_again.then(|| "again".to_owned());
            let id = at_shop.id.map(str::to_owned);
            let back = (!at_shop.refunded.is_zero()).then(|| format!("back {}", at_shop.refunded.minor()));
            let said = [difference, at_shop.since.map(seconds), step, id, back, again];
            said.into_iter().flatten().fold(at_shop.state.as_str().to_owned(), |all, one| all + " " + &one)
        };
        let at_shop = order.at_shop(&order.transactions[0]).map_or("-".to_owned(), words);
        let task = order.recording_task().map(|(at, task)| match task {
            RecordingTask::Send(_) => format!("send {}", seconds(at)),
            RecordingTask::Look(_) => format!("look {}", seconds(at)),
            RecordingTask::Void => format!("void {}", seconds(at)),
        });
        format!("{at_shop}; {}", task.as_deref().unwrap_or("-"))
    }
}

/// An operation on the payment, which the gateway approves.
fn follows(fixture: &mut Fixture, ask: impl FnOnce(&mut Fixture) -> Result<Planned, Rejection>) {
    let at = ask(fixture).unwrap().sent();
    fixture.approve(at);
}

#[test]
fn a_shop_is_told_the_next_step_alone_and_each_difference_that_it_cannot_be_told_is_named() {
    let held = [AUTHORIZES, Recorded];
    let voided = [AUTHORIZES, Recorded, CancelsVoided, Voids];
    let captured = [AUTHORIZES, Recorded, Captures(TOTAL)];
    let part_refused = [PURCHASES, Recorded, Refunds(100), Refused];
    let cases: &[(&[Event], &[Event], &str)] = &[
        (&[AUTHORIZES], &[], "to_tell; send 10"),
        (&[AUTHORIZES], &[Voids], "-; -"),
        (&[AUTHORIZES], &[ShopCancels], "needs_attention order_cancelled 20; void 20"),
        (&[AUTHORIZES], &[Continues], "needs_attention reauthorized 10; -"),
        (&[AUTHORIZES], &[Continues, Voids], "-; -"),
        (&[AUTHORIZES], &[IsOfNewer], "-; -"),
        (&[PaysInPart], &[], "-; -"),
        (&held, &[Captures(1_000)], "needs_attention partly_captured 30 authorize there; -"),
        (&held, &[Captures(1_000), Refunds(1_000), ShopCancels], "told authorize there; -"),
        (&held, &[Voids], "needs_attention voided 30 authorize there; -"),
        (&held, &[Voids, ShopCancels], "told authorize there; -"),
        (&voided, &[], "to_tell authorize there; send 40"),
        (&voided, &[ShopCancels], "told authorize there; -"),
        (&voided, &[NoResponse, IsOfNewer], "sent authorize there; look 110"),
        (&captured, &[Refunds(100)], "to_tell authorize there; send 30"),
        (&captured, &[ShopCancels], "needs_attention order_cancelled 40 authorize there; -"),
        (&captured, &[IsOfNewer], "told authorize there; -"),
        (&captured, &[Refused], "refused 40 authorize there again; look 160"),
        (&captured, &[Refused, CancelsVoided, Voids], "to_tell authorize there; send 60"),
        (&part_refused, &[], "needs_attention partly_refunded 40 purchase there again; look 160"),
        (&part_refused, &[Refunds(TOTAL - 100)], "to_tell purchase there; send 50"),
    ];
    for (first, then, expected) in cases {
        assert_eq!(History::of(&[*first, *then].concat()).shown(), *expected, "{first:?} {then:?}");
    }
}

#[test]
fn a_step_without_a_response_is_looked_for_and_a_payment_repeated_only_after_two_looks_in_an_hour() {
    const HOUR: i64 = 3_600;
    let lost = [PURCHASES, NoResponse];
    let waited = [PURCHASES, NoResponse, Looks(2 * HOUR, &[]), Looks(300, &[])];
    let repeated = [&waited[..], &[Recorded]].concat();
    let overtaken = [PURCHASES, NoResponse, Voids];
    let part = [PURCHASES, Recorded, Refunds(100), NoResponse];
    let captured = [AUTHORIZES, Recorded, Captures(TOTAL)];
    let given_up = [Looks(2 * HOUR, &[]), Looks(300, &[]), TellsAgain, Looks(0, &[])];
    let cases: &[(&[Event], &[Event], &str)] = &[
        (&lost, &[Looks(2 * HOUR, &[])], "sent; look 7520"),
        (&lost, &[Looks(72 * HOUR, &[])], "needs_attention not_answered 20 again; -"),
        (&lost, &[Looks(60, &[TOTAL - 1])], "sent; look 140"),
        (&waited, &[Refused, Looks(120, &[]), TellsAgain, Looks(0, &[])], "sent; look 7720"),
        (&repeated, &[], "told purchase there; look 18330"),
        (&repeated, &[Looks(3 * HOUR, &[])], "told purchase there; look 90330"),
        (&repeated, &[Looks(20 * HOUR, &[])], "told purchase there; -"),
        (&repeated, &[Looks(HOUR, &[TOTAL])], "needs_attention recorded_twice 7530 purchase there again; -"),
        (&overtaken, &[Looks(50, &[])], "sent; look 140"),
        (&overtaken, &[Looks(2 * HOUR, &[]), Looks(300, &[]), Looks(3 * HOUR, &[])], "sent; look 90330"),
        // A capture cannot be there twice, so neither is it waited for nor is a duplicate.
        (&captured, &[NoResponse, Looks(90, &[]), Recorded], "told capture there; -"),
        (&part, &[Looks(60, &[])], "sent purchase there; look 160"),
        (&part, &given_up, "sent purchase there; look 7610"),
    ];
    for (first, then, expected) in cases {
        assert_eq!(History::of(&[*first, *then].concat()).shown(), *expected, "{first:?} {then:?}");
    }
}

#[test]
fn no_shop_is_told_anything_while_an_operation_on_one_of_its_payments_is_under_way() {
    let mut history = History::of(&[AUTHORIZES]);
    history.fixture.pay(PaymentKind::Purchase, Some(1_000), None).unwrap();
    assert_eq!(history.shown(), "to_tell; send 10", "the other payment is of no shop");
    history.fixture.order.transactions[1].recording = Some(Box::default());
    assert_eq!(history.shown(), "to_tell; -");
}

#[test]
fn a_recorded_payment_counts_as_shown_after_two_minutes_or_in_the_sum_that_has_it() {
    let History { fixture, .. } = History::of(&[PURCHASES, Recorded]);
    for (settled, seconds, unshown) in [(TOTAL, 0, 0), (0, 119, 1), (0, 120, 0)] {
        let there = shop_order(settled, fixture.now + SignedDuration::from_secs(seconds));
        assert_eq!(fixture.order.unshown_by(&there).count(), unshown, "{settled} {seconds}");
    }
}
