//! Attempts that card schemes have forbidden are not sent, over random histories; and the cost of
//! a note.

use proptest::prelude::*;

use super::*;
use crate::{
    memory::SetClock,
    order::{CardKey, Initiative},
    payments::Initiator,
    values::{Brand, CardSummary, CardToken, RetryClass, RetryRule, SchemeCode, SchemeWords, StoredCard},
};

/// How a step pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// A shopper, by the card's number.
    Number,
    /// The same, and the card is stored for later payments.
    NumberToSave,
    /// A shopper, by the stored card.
    Stored,
    /// The merchant, by the stored card.
    Merchant,
    /// The same, although a scheme may have forbidden it.
    MerchantAllTheSame,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Approved,
    Never,
    Stop,
    Drop,
    Wait(i64),
    /// A time that no scheme states.
    Advised,
    No,
}

#[derive(Clone, Copy, Debug)]
struct Attempted {
    by: By,
    card: usize,
    order: usize,
    says: Says,
    /// Whether the response is lost, so that an inquiry tells it.
    lost: bool,
    hours_later: i64,
}

fn attempted() -> impl Strategy<Value = Attempted> {
    let by = [By::Number, By::NumberToSave, By::Stored, By::Merchant, By::Merchant, By::MerchantAllTheSame];
    let says = [
        Says::Approved,
        Says::Approved,
        Says::Never,
        Says::Stop,
        Says::Drop,
        Says::Wait(1),
        Says::Wait(72),
        Says::Advised,
        Says::No,
    ];
    let by = proptest::sample::select(by.to_vec());
    let says = proptest::sample::select(says.to_vec());
    let later = proptest::sample::select(vec![0_i64, 2, 100]);
    (by, 0..2_usize, 0..2_usize, says, any::<bool>(), later).prop_map(
        |(by, card, order, says, lost, hours_later)| Attempted { by, card, order, says, lost, hours_later },
    )
}

fn stored(card: usize) -> StoredCard {
    StoredCard { profile: format!("1{card}"), account: "1".to_owned() }
}

fn token(card: usize) -> CardToken {
    CardToken::parse(&format!("947770962905144{card}")).unwrap()
}

fn summary(by: By, card: usize) -> CardSummary {
    let number =
        CardSummary { brand: Some(Brand::Visa), last_four: token(card).last_four, ..CardSummary::default() };
    match by {
        By::Number | By::NumberToSave => number,
        By::Stored | By::Merchant | By::MerchantAllTheSame => {
            CardSummary { token: Some(token(card).value), stored: Some(stored(card)), ..number }
        }
    }
}

fn outcome(step: Attempted) -> Outcome {
    let rule = match step.says {
        Says::Approved => {
            let saved = (step.by == By::NumberToSave).then(|| stored(step.card));
            let response =
                GatewayResponse { token: Some(token(step.card)), stored: saved, ..approved_as("r") };
            let charged = Some(Amount::new(1).unwrap().into());
            let reference = Some(Uuid::new_v4().simple().to_string()[..14].to_owned());
            return Outcome::Approved(GatewayResponse { reference, charged, ..response });
        }
        Says::Never => Some(RetryRule::new(RetryClass::Never)),
        Says::Stop => Some(RetryRule::new(RetryClass::StopSeries)),
        Says::Drop => Some(RetryRule::new(RetryClass::Drop)),
        Says::Wait(hours) => Some(RetryRule::wait(SignedDuration::from_hours(hours), true)),
        Says::Advised => Some(RetryRule::wait(SignedDuration::from_hours(24), false)),
        Says::No => None,
    };
    let response = GatewayResponse { token: Some(token(step.card)), ..GatewayResponse::default() };
    Outcome::Declined(response, Decline { rule, ..Decline::of(DeclineCode::GenericDecline) })
}

/// The bans of the schemes, kept in the plainest way.
#[derive(Default)]
struct Forbidding {
    never: [bool; 2],
    stopped: [bool; 2],
    waits_until: [Option<Timestamp>; 2],
    never_in_order: [[bool; 2]; 2],
    dropped: [bool; 2],
}

impl Forbidding {
    fn forbids(&self, step: Attempted, now: Timestamp) -> bool {
        let in_order = self.never_in_order[step.order][step.card];
        match step.by {
            By::MerchantAllTheSame => false,
            By::Number | By::NumberToSave | By::Stored => in_order,
            By::Merchant => {
                in_order
                    || self.dropped[step.order]
                    || self.never[step.card]
                    || self.stopped[step.card]
                    || self.waits_until[step.card].is_some_and(|until| now < until)
            }
        }
    }

    fn learn(&mut self, step: Attempted, now: Timestamp) {
        let Attempted { card, order, .. } = step;
        match step.says {
            Says::Never => {
                self.never[card] = true;
                self.never_in_order[order][card] = true;
            }
            Says::Stop => self.stopped[card] = true,
            Says::Drop => self.dropped[order] = true,
            Says::Wait(hours) => {
                let until = Some(now + SignedDuration::from_hours(hours));
                self.waits_until[card] = self.waits_until[card].max(until);
            }
            Says::Approved if step.by == By::MerchantAllTheSame => {
                self.never[card] = false;
                self.stopped[card] = false;
                self.waits_until[card] = None;
            }
            Says::Approved if step.by == By::NumberToSave => self.stopped[card] = false,
            Says::Approved | Says::Advised | Says::No => {}
        }
    }
}

/// A shop whose orders are never paid in full.
struct Shop {
    fixture: Fixture,
    clock: Arc<SetClock>,
    notes: Arc<CardNoteTable>,
}

impl Shop {
    async fn new() -> Self {
        let mut fixture = Fixture::new().await;
        let clock = Arc::new(SetClock::at(Timestamp::from_second(1_795_176_000).unwrap()));
        let notes = Arc::new(CardNoteTable::default());
        fixture.payments.clock = clock.clone();
        fixture.payments.card_notes = notes.clone();
        for order in ["0", "1"] {
            fixture.register(order).await;
        }
        Self { fixture, clock, notes }
    }

    /// Pays 1 cent. `key` is of the step, so that no step repeats another.
    async fn attempt(&mut self, step: Attempted, key: &str) -> Result<Performed, Refusal> {
        self.fixture.key.order = step.order.to_string().parse().unwrap();
        let by_merchant = matches!(step.by, By::Merchant | By::MerchantAllTheSame);
        let intent = paying(Some(key), |pay| {
            pay.amount = Some(Amount::new(1).unwrap());
            pay.card = summary(step.by, step.card);
            pay.source_is_known = true;
            pay.save_for = (step.by == By::NumberToSave).then(|| "c".parse().unwrap());
            let ignores_scheme_advice = step.by == By::MerchantAllTheSame;
            pay.initiative = Initiative { by_merchant, ignores_scheme_advice };
        });
        let StoredCard { account, profile } = stored(step.card);
        let initiator = Initiator::Merchant { scheduled: true };
        let source = PaymentSource::Profile { account, profile, initiator };
        let Fixture { payments, merchant, key, .. } = &self.fixture;
        let deadline = Deadline::after(Duration::from_secs(29));
        payments.perform(merchant, key, &intent, Some(&source), deadline).await
    }

    /// Makes a step, and says whether it was sent.
    async fn step(&mut self, step: Attempted, key: &str) -> bool {
        self.clock.pass(SignedDuration::from_hours(step.hours_later));
        self.fixture.gateway.responses.lock().unwrap().clear();
        self.fixture.gateway.findings.lock().unwrap().clear();
        if step.lost {
            self.fixture.gateway_says(unknown());
            self.fixture.inquiry_finds(Finding::Became(Box::new(outcome(step))));
        } else {
            self.fixture.gateway_says(outcome(step));
        }
        let sent = self.fixture.sent();
        match self.attempt(step, key).await {
            Ok(_) => assert_eq!(self.fixture.sent(), sent + 1, "{step:?}"),
            Err(Refusal::Rejected(Rejection::RetryForbidden(Some(_)))) => {
                assert_eq!(self.fixture.sent(), sent, "{step:?}");
            }
            Err(other) => panic!("{other}: {step:?}"),
        }
        self.fixture.sent() > sent
    }
}

fn now_or_panic<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_leaves_that_a_scheme_has_forbidden_and_all_else_does(
        steps in proptest::collection::vec(attempted(), 1..14),
    ) {
        now_or_panic(async {
            let (mut shop, mut forbidding) = (Shop::new().await, Forbidding::default());
            for (n, step) in steps.into_iter().enumerate() {
                let later = shop.clock.now() + SignedDuration::from_hours(step.hours_later);
                let forbidden = forbidding.forbids(step, later);
                assert_eq!(shop.step(step, &n.to_string()).await, !forbidden, "step {n}: {step:?}");
                if !forbidden {
                    forbidding.learn(step, later);
                }
                // The same once more.
                let (sent, written) = (shop.fixture.sent(), shop.notes.writes());
                let again = shop.attempt(step, &n.to_string()).await;
                assert_eq!(again.is_err(), forbidden, "step {n} again: {step:?}");
                assert_eq!((shop.fixture.sent(), shop.notes.writes()), (sent, written), "a replay counts nothing");
            }
        });
    }
}

fn step(by: By, says: Says) -> Attempted {
    Attempted { by, card: 0, order: 0, says, lost: false, hours_later: 0 }
}

#[tokio::test]
async fn a_note_costs_two_writes_a_merchants_payment_one_read_and_a_shoppers_approval_nothing() {
    for (by, says, reads, writes) in [
        (By::Number, Says::Approved, 0, 0),
        (By::Stored, Says::Approved, 0, 0),
        (By::Number, Says::No, 0, 0),
        (By::Number, Says::Never, 0, 1),
        (By::Stored, Says::Never, 0, 2),
        (By::Stored, Says::Drop, 0, 0),
        (By::Stored, Says::Advised, 0, 0),
        (By::Merchant, Says::Approved, 1, 0),
        (By::Merchant, Says::Stop, 1, 2),
        (By::MerchantAllTheSame, Says::Never, 0, 2),
        // Whether an earlier stop has to end.
        (By::NumberToSave, Says::Approved, 1, 0),
    ] {
        let mut shop = Shop::new().await;
        shop.step(step(by, says), "k").await;
        assert_eq!((shop.notes.reads(), shop.notes.writes()), (reads, writes), "{by:?} {says:?}");
    }
    // The token that was known before counts where the response has none. An approval that turns
    // up late ends the ban.
    let (mut shop, never) = (Shop::new().await, step(By::MerchantAllTheSame, Says::Never));
    let Outcome::Declined(_, decline) = outcome(never) else { unreachable!() };
    shop.fixture.gateway_says(Outcome::Declined(GatewayResponse::default(), decline));
    let Performed { order, at, .. } = shop.attempt(never, "k").await.unwrap();
    assert_eq!((shop.notes.reads(), shop.notes.writes()), (0, 2));
    let Fixture { payments, merchant, .. } = &shop.fixture;
    payments.note(merchant, &order, at, &outcome(step(never.by, Says::Approved))).await;
    assert_eq!((shop.notes.reads(), shop.notes.writes()), (1, 4));
    // A payment that must not stand ends none.
    for (accepts, avs, reads) in [(false, "Y", 0), (true, "Y", 1), (true, "N", 0)] {
        let (mut shop, saved) = (Shop::new().await, step(By::NumberToSave, Says::Approved));
        shop.fixture.merchant.policy.accept_partial_approval = accepts;
        shop.fixture.merchant.policy.decline_on.avs = vec!["N".to_owned()];
        let response = GatewayResponse { avs: Some(avs.to_owned()), ..outcome(saved).response().clone() };
        shop.fixture.gateway_says(Outcome::PartiallyApproved(response));
        shop.attempt(saved, "k").await.unwrap();
        assert_eq!(shop.notes.reads(), reads, "{accepts} {avs}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_rule_the_time_and_the_earlier_payment() {
    let mut shop = Shop::new().await;
    let declined = shop.attempt(step(By::Number, Says::No), "0").await.unwrap().at.transaction;
    shop.fixture.gateway_says(outcome(step(By::Stored, Says::Wait(72))));
    let waits = shop.attempt(step(By::Stored, Says::Wait(72)), "1").await.unwrap().at.transaction;
    assert_ne!(declined, waits);
    let forbidden = |refused: Result<Performed, Refusal>| match refused {
        Err(Refusal::Rejected(Rejection::RetryForbidden(Some(forbidden)))) => *forbidden,
        other => panic!("{other:?}"),
    };
    let merchants = Attempted { order: 1, ..step(By::Merchant, Says::Approved) };
    let refused = forbidden(shop.attempt(merchants, "2").await);
    let until = shop.clock.now() + SignedDuration::from_hours(72);
    let noted = refused.noted;
    assert_eq!((refused.class, noted.until, noted.payment), (RetryClass::Wait, Some(until), waits));
    assert_eq!((noted.at, noted.order.as_str()), (shop.clock.now(), "0"));
    shop.clock.set(until - SignedDuration::from_millis(1));
    forbidden(shop.attempt(merchants, "3").await);
    shop.clock.set(until);
    shop.attempt(merchants, "4").await.unwrap();
}

#[tokio::test]
async fn a_card_is_another_at_another_account_and_of_another_merchant() {
    let all = |merchant: &str, account: &str| {
        CardKey::all(&merchant.parse().unwrap(), account, Some("9477709629051443"), Some(&stored(0)))
    };
    let keys = [all("m", "1"), all("m", "2"), all("n", "1")].concat();
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!((keys.len(), different.len()), (6, 6));
    assert!(keys.iter().all(|key| key.as_str().len() == 32));
}

#[tokio::test]
async fn a_ban_is_asked_before_anything_is_on_record_and_again_when_the_order_has_changed() {
    let mut shop = Shop::new().await;
    shop.step(step(By::Merchant, Says::Drop), "0").await;
    let intent = |key| {
        paying(Some(key), |pay| {
            pay.amount = Some(Amount::new(1).unwrap());
            pay.card = summary(By::Merchant, 1);
            pay.initiative.by_merchant = true;
        })
    };
    let Fixture { payments, merchant, key, .. } = &shop.fixture;
    let prepared = payments.prepare(merchant, key, &intent("1")).await.map(drop);
    assert!(matches!(prepared, Err(Refusal::Rejected(Rejection::RetryForbidden(Some(_))))));
    // Another process hears of the ban while this one is about to send.
    let heard = shop.fixture.stored().await.transactions;
    shop.fixture.meanwhile(move |order| order.transactions = heard);
    let sent = shop.fixture.sent();
    let elsewhere = Attempted { order: 1, card: 1, ..step(By::Merchant, Says::Approved) };
    let refused = shop.attempt(elsewhere, "2").await;
    assert!(matches!(refused, Err(Refusal::Rejected(Rejection::RetryForbidden(Some(_))))));
    assert_eq!(shop.fixture.sent(), sent);
}

#[tokio::test]
async fn a_decline_that_is_found_once_more_does_not_undo_what_has_ended_its_ban() {
    let mut shop = Shop::new().await;
    let stopped = step(By::Merchant, Says::Stop);
    let Outcome::Declined(response, decline) = outcome(stopped) else { unreachable!() };
    let unproven = GatewayResponse { unproven: true, ..response };
    shop.fixture.gateway_says(Outcome::Declined(unproven, decline));
    shop.attempt(stopped, "0").await.unwrap();
    let elsewhere = |by| Attempted { order: 1, ..step(by, Says::Approved) };
    assert!(!shop.step(elsewhere(By::Merchant), "1").await, "the series is stopped");
    assert!(shop.step(elsewhere(By::NumberToSave), "2").await, "the customer agrees anew");
    // The refusal without proof is looked for before more money moves for its order.
    shop.fixture.inquiry_finds(Finding::Became(Box::new(outcome(stopped))));
    let sent = shop.fixture.sent();
    shop.attempt(step(By::Merchant, Says::Approved), "3").await.unwrap();
    assert_eq!((shop.fixture.sent(), shop.fixture.gateway.findings.lock().unwrap().len()), (sent + 1, 0));
    assert!(shop.step(elsewhere(By::Merchant), "4").await, "and the series goes on");
}

#[tokio::test]
async fn an_order_keeps_every_code_and_the_texts_of_its_latest_decline() {
    let mut shop = Shop::new().await;
    for (key, code) in [("0", "22"), ("1", "04")] {
        let words = SchemeWords {
            advice: SchemeCode::stated(Some(code), Some("Ask for a set-up")),
            ..SchemeWords::default()
        };
        let response = GatewayResponse { scheme: Some(Box::new(words)), ..GatewayResponse::default() };
        shop.fixture.gateway_says(Outcome::Declined(response, Decline::of(DeclineCode::GenericDecline)));
        shop.attempt(step(By::Number, Says::No), key).await.unwrap();
    }
    // One without words takes none away.
    shop.step(step(By::Number, Says::No), "2").await;
    let order = shop.fixture.stored().await;
    let kept = order.transactions.iter().map(|payment| {
        let words = payment.first()?.response()?.scheme.as_deref()?;
        words.advice.as_ref().map(|stated| (stated.code.as_str(), stated.text.as_deref()))
    });
    let expected = [Some(("22", None)), Some(("04", Some("Ask for a set-up"))), None];
    assert_eq!(kept.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_stored_card_of_which_no_number_is_known_is_told_by_its_place() {
    for (card, is_forbidden) in [(0, true), (1, false)] {
        let shop = Shop::new().await;
        let rule = Some(RetryRule::new(RetryClass::Never));
        let never = Decline { rule, ..Decline::of(DeclineCode::GenericDecline) };
        shop.fixture.gateway_says(Outcome::Declined(GatewayResponse::default(), never));
        let pays = |key, card| paying(Some(key), |pay| pay.card.stored = Some(stored(card)));
        shop.fixture.perform(&pays("0", 0), Duration::from_secs(29)).await.unwrap();
        let again = shop.fixture.perform(&pays("1", card), Duration::from_secs(29)).await;
        assert_eq!(again.is_err(), is_forbidden, "{card}");
    }
}
