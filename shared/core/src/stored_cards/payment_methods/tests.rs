//! Faults and crashes at every call while a card is stored, changed and deleted.

mod erase;
mod fake;
mod letters;

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;

use super::{MethodChanged, MethodRefusal, PaymentMethods};
use crate::{
    memory::CardNoteTable,
    order::{CardKey, CustomerReference, Essentials, Fingerprint, KeyDigest, Kind, NoEffect, NotedDecline},
    payments::{Card, Deadline, Merchant},
    stored_cards::{
        Customer, CustomerKey, MethodId, MethodRejection, MethodState, NewMethod, OnceGone, PaymentMethod,
    },
    values::{CardAccount, CardSummary, Expiry, RetryClass, StoredCard},
};
use fake::{FAULTS, Fault, World};

/// How often the client repeats a request before the test gives up.
const REPEATS_MAX: usize = 40;

fn reference() -> CustomerReference {
    "c-1".parse().unwrap()
}

fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(29))
}

fn account() -> CardAccount {
    CardAccount::parse("4111111111111111").unwrap()
}

/// A request to store the card, as it comes in each time: with a fresh id.
fn wanted(world: &World, key: Option<&str>) -> NewMethod {
    let card: CardSummary = account().summary(Expiry::new(10, 2031).unwrap());
    NewMethod {
        id: world.new_id(),
        key: key.map(|key| KeyDigest::new("POST /v2/payment-methods", "c-1", key)),
        fingerprint: Fingerprint::new(&Essentials { card: Some(&card), ..Essentials::new(Kind::Authorize) }),
        route: fake::route(),
        card,
        token: None,
    }
}

fn card() -> Card {
    let expiry = Expiry::new(10, 2031).unwrap();
    Card {
        account: account(),
        expiry,
        security_code: None,
        name: String::new(),
        billing: None,
        save: false,
        series: false,
    }
}

/// A client and its merchant's server. A crash ends the request that it comes in.
struct Shop {
    world: Arc<World>,
    methods: PaymentMethods,
    merchant: Merchant,
}

impl Shop {
    fn new(world: World) -> Self {
        Self::of(fake::lenient_merchant(), world)
    }

    fn of(merchant: Merchant, world: World) -> Self {
        let world = Arc::new(world);
        let methods = PaymentMethods {
            customers: world.clone(),
            gateway: world.clone(),
            profiles: world.clone(),
            clock: world.clone(),
            card_notes: Arc::new(CardNoteTable::default()),
        };
        Self { world, methods, merchant }
    }

    /// One request. None when its process crashed.
    fn add(&self, key: Option<&str>) -> Option<Result<MethodChanged, MethodRefusal>> {
        let new = wanted(&self.world, key);
        self.methods.add(&self.merchant, &reference(), &new, card(), deadline()).now_or_never()
    }

    fn delete(&self, id: MethodId) -> Option<Result<bool, MethodRefusal>> {
        self.methods.delete(&self.merchant, id, deadline()).now_or_never()
    }

    fn set_expiry(&self, id: MethodId, expiry: Expiry) -> bool {
        let request = self.methods.set_expiry(&self.merchant, id, expiry, deadline());
        match request.now_or_never() {
            Some(Ok(customer)) => {
                customer.method(id.method).is_some_and(|method| method.new_expiry.is_none())
            }
            _ => false,
        }
    }

    /// Repeats the request until the card is stored, as a client does.
    fn stored(&self, key: Option<&str>) -> MethodId {
        for _ in 0..REPEATS_MAX {
            if let Some(Ok(changed)) = self.add(key)
                && changed.method().is_some_and(|method| method.state == MethodState::Stored)
            {
                return MethodId { customer: changed.customer.key.digest, method: changed.method };
            }
            self.world.advance(40);
        }
        panic!("the card is never stored: {:?}", self.world.customer());
    }

    /// Repeats the request until it is done, as a client does.
    fn until(&self, mut done: impl FnMut() -> bool, what: &str) {
        for _ in 0..REPEATS_MAX {
            if done() {
                return;
            }
            self.world.advance(40);
        }
        panic!("never {what}: {:?}", self.world.customer());
    }

    /// The life of a card: stored, given another expiry date, deleted.
    fn life(&self, key: Option<&str>) {
        let id = self.stored(key);
        assert_eq!(self.world.profiles().len(), 1, "{:?}", self.world.customer());
        assert_eq!(self.stored(key), id, "a repeated request stores nothing");
        let expiry = Expiry::new(1, 2034).unwrap();
        self.until(|| self.set_expiry(id, expiry), "renewed");
        assert_eq!(self.world.profiles().values().copied().collect::<Vec<_>>(), [expiry]);
        self.until(|| matches!(self.delete(id), Some(Ok(true))), "deleted");
        assert_eq!(self.world.profiles().len(), 0, "the gateway has what nobody is told of");
        // And once more.
        self.until(|| matches!(self.delete(id), Some(Ok(true))), "deleted again");
        let customer = self.world.customer().expect("a customer");
        assert!(customer.methods.iter().all(|method| !method.is_listed()), "{customer:?}");
    }
}

/// The same rejection after the same calls, so that nothing tells whether another customer has the
/// card.
#[test]
fn another_customers_card_is_one_that_does_not_exist() {
    let shop = Shop::new(World::new(Vec::new()));
    let id = shop.stored(None);
    let stored = shop.world.customer().unwrap().method(id.method).unwrap().stored().unwrap().clone();
    let nobodys = StoredCard { profile: "99".to_owned(), ..stored.clone() };
    let other: CustomerReference = "c-2".parse().unwrap();
    for (customer, card, is_theirs) in [
        (reference(), &stored, true),
        (other.clone(), &stored, false),
        (other.clone(), &nobodys, false),
        (reference(), &nobodys, false),
    ] {
        let calls = shop.world.calls();
        let checked = shop.methods.must_be_of(&shop.merchant, &customer, card).now_or_never().unwrap();
        let rejected = matches!(checked, Err(MethodRefusal::Rejected(MethodRejection::NotFound)));
        assert_eq!((checked.is_ok(), rejected), (is_theirs, !is_theirs), "{customer} {card:?}");
        assert_eq!(shop.world.calls() - calls, 1, "one read, whatever it finds");
    }
    let merchant = &shop.merchant.id;
    assert_eq!(id.of(merchant, &reference()), Ok(id));
    let not_there = MethodId { method: uuid::Uuid::nil(), ..id };
    assert_eq!(id.of(merchant, &other), Err(MethodRejection::NotFound));
    assert_eq!(not_there.of(merchant, &other), Err(MethodRejection::NotFound));
    assert_eq!(not_there.of(merchant, &reference()), Ok(not_there), "which is looked for");
    // Deleted, it is nobody's.
    shop.until(|| matches!(shop.delete(id), Some(Ok(true))), "deleted");
    let gone = shop.methods.must_be_of(&shop.merchant, &reference(), &stored).now_or_never().unwrap();
    assert!(matches!(gone, Err(MethodRefusal::Rejected(MethodRejection::NotFound))));
}

/// By its id, as by where it is stored.
#[test]
fn the_id_of_a_card_leads_to_where_it_is_stored_and_pays_for_its_customer_only() {
    let shop = Shop::new(World::new(Vec::new()));
    let id = shop.stored(None);
    let stored = shop.world.customer().unwrap().method(id.method).unwrap().stored().unwrap().clone();
    let other: CustomerReference = "c-2".parse().unwrap();
    let not_there = MethodId { method: uuid::Uuid::nil(), ..id };
    let of_another = MethodId { customer: 7, ..id };
    let (own, not_found) = (reference(), Err(MethodRejection::NotFound));
    let to_pay_with = |id, customer| {
        let calls = shop.world.calls();
        let found = shop.methods.to_pay_with(&shop.merchant, id, customer).now_or_never().unwrap().unwrap();
        assert_eq!(shop.world.calls() - calls, 1, "one read, whatever it finds");
        found
    };
    for (id, customer, may_pay) in [
        (id, None, Ok(())),
        (id, Some(&own), Ok(())),
        (id, Some(&other), not_found),
        (not_there, None, not_found),
        (not_there, Some(&own), not_found),
        (of_another, None, not_found),
    ] {
        assert_eq!(to_pay_with(id, customer).may_pay, may_pay, "{id} {customer:?}");
    }
    let card = to_pay_with(id, None).card;
    assert_eq!(card.stored, Some(stored.clone()));
    assert!(card.token.is_some(), "by which a payment finds what a scheme has said of the card");
    assert_eq!(to_pay_with(of_another, None).card, CardSummary::default());
    shop.until(|| matches!(shop.delete(id), Some(Ok(true))), "deleted");
    let deleted = to_pay_with(id, None);
    assert_eq!(deleted.may_pay, not_found);
    assert_eq!(deleted.card.stored, Some(stored), "which a repeated request is known by");
}

#[test]
fn one_fault_at_any_call_leaves_one_profile_and_no_lost_outcome() {
    let mut runs = 0;
    for key in [Some("k"), None] {
        for fault in FAULTS {
            for call in 0.. {
                let shop = Shop::new(World::new(vec![(call, fault)]));
                shop.life(key);
                runs += 1;
                if shop.world.calls() <= call {
                    assert_eq!(shop.world.verifications(), 1, "without a fault");
                    break;
                }
            }
        }
    }
    assert!(runs > 100, "{runs}");
}

#[test]
fn two_faults_at_any_two_calls_leave_one_profile_and_no_lost_outcome() {
    for first in FAULTS {
        for second in FAULTS {
            for at in 0..14 {
                for after in 1..10 {
                    Shop::new(World::new(vec![(at, first), (at + after, second)])).life(Some("k"));
                }
            }
        }
    }
}

#[test]
fn what_was_given_up_and_surfaces_is_adopted_and_not_stored_again() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.world.hold_back_the_next_verification();
    assert!(matches!(shop.add(Some("k")), Some(Ok(changed)) if !changed.customer.methods.is_empty()));
    // Two inquiries find nothing.
    for _ in 0..4 {
        shop.world.advance(100);
        let customer = shop.world.customer().unwrap();
        let id = MethodId { customer: customer.key.digest, method: customer.methods[0].id };
        let _read = shop.methods.read(&shop.merchant, id, deadline()).now_or_never();
    }
    let state = shop.world.customer().unwrap().methods[0].state;
    assert!(matches!(state, MethodState::NotStored(_)), "{state:?}");
    shop.world.let_it_arrive();
    shop.stored(Some("k"));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (1, 1));
}

#[test]
fn a_failed_inquiry_about_what_may_surface_keeps_an_equal_card_from_being_sent() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.world.hold_back_the_next_verification();
    let _first = shop.add(Some("k"));
    for _ in 0..4 {
        shop.world.advance(100);
        let _list = shop.methods.list(&shop.merchant, &reference(), deadline()).now_or_never();
    }
    shop.world.fail_inquiries(true);
    assert!(matches!(shop.add(Some("k")), Some(Err(MethodRefusal::Unverified))));
    assert!(matches!(shop.add(None), Some(Err(MethodRefusal::Unverified))));
    let (new, late) = (wanted(&shop.world, None), Deadline::after(Duration::from_secs(7)));
    let late = shop.methods.add(&shop.merchant, &reference(), &new, card(), late).now_or_never();
    assert!(matches!(late, Some(Err(MethodRefusal::NoEffect(NoEffect::NoTimeLeft)))));
    shop.world.fail_inquiries(false);
    shop.stored(Some("k"));
    assert_eq!(shop.world.profiles().len(), 1);
}

#[test]
fn a_key_of_another_card_is_refused_and_a_card_under_another_key_is_the_same_card() {
    let shop = Shop::new(World::new(Vec::new()));
    let id = shop.stored(Some("k"));
    assert_eq!(shop.stored(Some("another")), id);
    let mut other = wanted(&shop.world, Some("k"));
    other.fingerprint = Fingerprint([7; 16]);
    let refused = shop.methods.add(&shop.merchant, &reference(), &other, card(), deadline()).now_or_never();
    let refused = refused.expect("no crash").expect_err("refused");
    assert!(matches!(refused, MethodRefusal::Rejected(MethodRejection::KeyReused)));
    assert_eq!(shop.world.verifications(), 1);
}

#[test]
fn tokens_tell_cards_apart_that_end_in_the_same_digits() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.stored(None);
    let mut twin = wanted(&shop.world, None);
    twin.token = Some("9410000000001111".to_owned());
    let added = shop.methods.add(&shop.merchant, &reference(), &twin, card(), deadline()).now_or_never();
    assert!(matches!(added, Some(Ok(MethodChanged { replayed: false, .. }))));
    assert_eq!(shop.world.profiles().len(), 2);
}

#[test]
fn a_card_that_a_payment_stored_is_noted_once_whatever_call_fails() {
    for fault in FAULTS {
        for call in 0..6 {
            let shop = Shop::new(World::new(vec![(call, fault)]));
            let mut new = wanted(&shop.world, None);
            new.card.stored = Some(StoredCard { profile: "7".to_owned(), account: "1".to_owned() });
            let keep = || shop.methods.keep(&shop.merchant, &reference(), &new).now_or_never();
            shop.until(|| matches!(keep(), Some(Ok(id)) if id == new.id), "noted");
            shop.until(|| matches!(keep(), Some(Ok(_))), "noted again");
            assert_eq!(shop.world.customer().map(|customer| customer.methods.len()), Some(1));
        }
    }
}

#[test]
fn a_customer_is_found_by_its_key_and_another_merchants_is_another() {
    let (one, other) = ("m".parse().unwrap(), "n".parse().unwrap());
    let key = CustomerKey::new(&one, &reference());
    assert_eq!(key, CustomerKey::new(&one, &reference()));
    assert_ne!(key.digest, CustomerKey::new(&other, &reference()).digest);
    assert!(key.to_string().starts_with("#customer#m#"), "{key}");
}

#[test]
fn the_chosen_card_is_saved_once_a_changed_one_says_when_and_a_deleted_one_is_not_chosen() {
    let shop = Shop::new(World::new(Vec::new()));
    let id = shop.stored(None);
    let choose = || shop.methods.make_default(&shop.merchant, id).now_or_never().unwrap().unwrap();
    let calls = shop.world.calls();
    assert_eq!(choose().default, Some(id.method));
    assert_eq!(shop.world.customer().unwrap().default, Some(id.method));
    assert_eq!(shop.world.calls(), calls + 2, "read and written");
    choose();
    assert_eq!(shop.world.calls(), calls + 3, "read only");
    shop.world.advance(60);
    assert!(shop.set_expiry(id, Expiry::new(1, 2034).unwrap()));
    let method = shop.world.customer().unwrap().methods.remove(0);
    assert_eq!(method.updated_at.duration_since(method.created_at).as_secs(), 60);
    shop.delete(id).unwrap().unwrap();
    assert!(shop.methods.make_default(&shop.merchant, id).now_or_never().unwrap().is_err());
}

#[test]
fn that_a_card_is_being_deleted_is_on_record_before_the_gateway_is_told() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.delete(shop.stored(None)).unwrap().unwrap();
    // The last call notes that it is gone; the one before is the gateway's.
    let shop = Shop::new(World::new(vec![(shop.world.calls() - 2, Fault::LostBefore)]));
    let id = shop.stored(None);
    assert!(!shop.delete(id).unwrap().unwrap());
    let state = shop.world.customer().unwrap().methods[0].state;
    assert_eq!(state, MethodState::Deleting(OnceGone::Deleted));
}

#[test]
fn a_refusal_that_left_no_trace_is_what_became_of_the_card() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.add(None).unwrap().unwrap();
    let mut refused = Vec::new();
    for at in 0..shop.world.calls() {
        let shop = Shop::new(World::new(vec![(at, Fault::Refused)]));
        // A refusal of the table leaves nothing to be sent.
        if shop.add(None).unwrap().is_ok() && shop.world.verifications() == 0 {
            refused.push(shop.world.customer().unwrap().methods[0].state);
        }
    }
    assert_eq!(refused, [MethodState::NotStored(NoEffect::TurnedAway)]);
}

#[test]
fn a_verification_is_on_the_trail_of_its_request() {
    let shop = Shop::new(World::new(Vec::new()));
    let (_, trail) = crate::payments::trail::follow(async { shop.add(None) }).now_or_never().unwrap();
    assert_eq!((trail.gateway_calls, trail.gateway_timeouts), (1, 0));
    let shop = Shop::new(World::new(Vec::new()));
    shop.world.hold_back_the_next_verification();
    let (_, trail) = crate::payments::trail::follow(async { shop.add(None) }).now_or_never().unwrap();
    assert_eq!((trail.gateway_calls, trail.gateway_timeouts), (1, 1));
}

#[test]
fn a_request_whose_write_lost_its_response_goes_on_and_one_that_was_not_written_sends_nothing() {
    // The customer is read first, and then written.
    let shop = Shop::new(World::new(vec![(1, Fault::LostAfter)]));
    shop.add(None).unwrap().unwrap();
    assert_eq!(shop.world.verifications(), 1);
    let shop = Shop::new(World::new(vec![(1, Fault::Refused)]));
    assert!(matches!(shop.add(None).unwrap(), Err(MethodRefusal::Store(_))));
    assert_eq!((shop.world.verifications(), shop.world.customer().is_none()), (0, true));
}

#[test]
fn a_change_that_met_another_is_made_to_what_is_there() {
    for responds in [true, false] {
        let mut shop = Shop::new(World::new(Vec::new()));
        let id = shop.stored(None);
        let (world, after, change) = (Arc::clone(&shop.world), 0.into(), |_: &mut Customer| {});
        shop.methods.customers = Arc::new(fake::Overtaken { world, after, change, responds });
        shop.methods.make_default(&shop.merchant, id).now_or_never().unwrap().unwrap();
        assert_eq!(shop.world.customer().unwrap().default, Some(id.method), "{responds}");
    }
}

impl Shop {
    /// From now on, another process makes this change before the write that comes after so many of
    /// ours.
    fn overtaken(&mut self, after: usize, change: fn(&mut Customer)) {
        let (world, after) = (Arc::clone(&self.world), after.into());
        self.methods.customers = Arc::new(fake::Overtaken { world, after, change, responds: true });
    }

    fn version(&self) -> u64 {
        self.world.customer().unwrap().version
    }
}

#[test]
fn a_request_about_a_card_tells_whether_it_was_made_before() {
    let shop = Shop::new(World::new(Vec::new()));
    let added = [shop.add(Some("k")), shop.add(Some("k"))].map(|added| added.unwrap().unwrap());
    assert_eq!(added.each_ref().map(|added| added.replayed), [false, true]);
    let id = MethodId { customer: added[0].customer.key.digest, method: added[0].method };
    shop.world.advance(60);
    let read = || shop.methods.read(&shop.merchant, id, deadline()).now_or_never().unwrap();
    assert!(matches!(read(), Ok(read) if (read.method, read.replayed) == (id.method, false)));
    assert!(shop.delete(id).unwrap().unwrap(), "gone at once");
    assert!(matches!(read(), Err(MethodRefusal::Rejected(MethodRejection::NotFound))));
    assert_eq!(shop.world.inquiries(), 0, "its outcome is known");
}

#[test]
fn an_inquiry_about_a_card_is_sent_once_its_own_request_has_ended() {
    for (seconds, inquiries) in [(29, 0), (30, 1)] {
        let shop = Shop::new(World::new(vec![(2, Fault::CrashAfter)]));
        assert!(shop.add(Some("k")).is_none());
        shop.world.advance(seconds);
        shop.add(Some("k")).unwrap().unwrap();
        assert_eq!((shop.world.verifications(), shop.world.inquiries()), (1, inquiries), "after {seconds} s");
    }
}

/// Each write is a unit that is paid for, and a version that another process has to meet.
#[test]
fn where_nothing_was_learned_nothing_is_written() {
    // No response to the verification, and no time for an inquiry.
    let shop = Shop::new(World::new(Vec::new()));
    shop.world.hold_back_the_next_verification();
    let (new, soon) = (wanted(&shop.world, None), Deadline::after(Duration::from_secs(7)));
    shop.methods.add(&shop.merchant, &reference(), &new, card(), soon).now_or_never().unwrap().unwrap();
    shop.world.advance(60);
    shop.methods.list(&shop.merchant, &reference(), soon).now_or_never().unwrap().unwrap();
    assert_eq!((shop.version(), shop.world.inquiries()), (1, 0), "as it was before it was sent");

    // No response to another expiry date. The calls before are those of adding, a look-up and a
    // write.
    let shop = Shop::new(World::new(Vec::new()));
    let id = shop.stored(None);
    let shop = Shop::new(World::new(vec![(shop.world.calls() + 2, Fault::LostBefore)]));
    assert_eq!(shop.stored(None).method, id.method);
    let version = shop.version();
    assert!(!shop.set_expiry(id, Expiry::new(1, 2034).unwrap()));
    assert_eq!(shop.version(), version + 1, "that it was sent");
}

/// Whether the response to the verification arrives or an inquiry finds it.
#[test]
fn storing_a_card_ends_the_stop_of_its_series_and_repeating_the_request_does_not() {
    let cards = CardKey::all(&"m".parse().unwrap(), "1", Some("9418594164541111"), None);
    let (order, payment) = ("o".parse().unwrap(), uuid::Uuid::nil());
    let decline = NotedDecline { at: jiff::Timestamp::UNIX_EPOCH, until: None, order, payment };
    let by_key = [(Some("k"), false), (Some("k"), true), (Some("another"), false)];
    let without_key = [(None, false), (None, false)];
    for (faults, requests) in
        [(vec![], &by_key[..]), (vec![(2, Fault::LostAfter)], &by_key), (vec![], &without_key)]
    {
        let shop = Shop::new(World::new(faults));
        let notes = &shop.methods.card_notes;
        for (key, is_stopped) in requests {
            for class in [RetryClass::Never, RetryClass::StopSeries] {
                notes.add(&cards[0], class, &decline).now_or_never().unwrap().unwrap();
            }
            shop.add(*key).unwrap().unwrap();
            let left = notes.load(&cards).now_or_never().unwrap().unwrap().remove(0).1.0;
            let left = [RetryClass::Never, RetryClass::StopSeries].map(|class| left.contains_key(&class));
            assert_eq!(left, [true, *is_stopped], "{key:?}");
        }
    }
}

#[test]
fn what_another_process_decided_meanwhile_stays_as_it_is() {
    // The verification was given up before its response came.
    let given_up = MethodState::NotStored(NoEffect::NeverArrived);
    let mut shop = Shop::new(World::new(Vec::new()));
    shop.overtaken(1, |customer| {
        customer.methods[0].state = MethodState::NotStored(NoEffect::NeverArrived);
    });
    let added = shop.add(None).unwrap().unwrap();
    assert_eq!(added.method().map(|method| method.state), Some(given_up));
    assert_eq!(shop.version(), 2, "the intent and the other's change");

    // Its entry is gone.
    let mut shop = Shop::new(World::new(Vec::new()));
    shop.overtaken(1, |customer| customer.methods.clear());
    assert!(shop.add(None).unwrap().unwrap().method().is_none());
    assert_eq!(shop.version(), 2);

    // The card was given yet another expiry date, or its entry is gone, when the response to the
    // first one comes.
    let other: fn(&mut Customer) = |customer| customer.methods[0].new_expiry = Expiry::new(2, 2035).ok();
    for change in [other, |customer| customer.methods.clear()] {
        let mut shop = Shop::new(World::new(Vec::new()));
        let id = shop.stored(None);
        let version = shop.version();
        shop.overtaken(1, change);
        shop.set_expiry(id, Expiry::new(1, 2034).unwrap());
        let methods = shop.world.customer().unwrap().methods;
        let expiries = methods.first().map(|method| (method.card.expiry, method.new_expiry));
        let expected = (Expiry::new(10, 2031).ok(), Expiry::new(2, 2035).ok());
        assert!(expiries.is_none_or(|expiries| expiries == expected), "{expiries:?}");
        assert_eq!(shop.version(), version + 2, "that it was sent, and the other's change");
    }
}
