//! Ids and the rules that need no gateway.

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::{
    order::{Doubt, Fingerprint, GatewayResponse, Outcome},
    values::{CardSummary, DeclineCode},
};

fn now() -> Timestamp {
    Timestamp::from_second(1_767_268_800).unwrap()
}

fn customer() -> Customer {
    let reference: CustomerReference = "c-1".parse().unwrap();
    Customer::new(CustomerKey::new(&"m".parse().unwrap(), &reference), reference)
}

fn new(id: u128) -> NewMethod {
    NewMethod {
        id: Uuid::from_u128(id),
        key: None,
        fingerprint: Fingerprint([u8::try_from(id % 251).unwrap(); 16]),
        route: Route { gateway: "g".into(), account: "1".to_owned(), endpoint: "e".to_owned() },
        card: CardSummary {
            stored: Some(StoredCard { profile: id.to_string(), account: "1".to_owned() }),
            ..CardSummary::default()
        },
        token: None,
    }
}

#[test]
fn an_id_reads_back_and_has_no_digits() {
    for seed in [0, 1, u128::MAX, 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835] {
        let id = MethodId { customer: seed, method: Uuid::from_u128(!seed) };
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert!(!text.bytes().any(|byte| byte.is_ascii_digit()), "{text}");
    }
    let too_much = format!("pm_{}", "z".repeat(56));
    // The character after the last letter.
    let beyond = format!("pm_{{{}", "a".repeat(55));
    assert!(beyond.replace('{', "a").parse::<MethodId>().is_ok());
    for wrong in ["", "pm_", "pm_a", &too_much, &beyond, "pm_ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"]
    {
        assert_eq!(wrong.parse::<MethodId>(), Err(super::id::NoMethodId), "{wrong}");
    }
}

#[test]
fn an_e_mail_address_and_a_card_number_are_no_reference_of_a_customer() {
    for wrong in ["jane@example.com", "4111111111111111", "", "a b", "a#b"] {
        assert!(wrong.parse::<CustomerReference>().is_err(), "{wrong}");
    }
}

#[test]
fn the_default_is_the_chosen_card_or_the_oldest_one_that_is_stored() {
    let mut customer = customer();
    for id in 1..=3 {
        assert_eq!(customer.keep(new(id), now()), Ok((Uuid::from_u128(id), true)));
    }
    assert_eq!(customer.default_method(), Some(Uuid::from_u128(1)));
    customer.default = Some(Uuid::from_u128(3));
    assert_eq!(customer.default_method(), Some(Uuid::from_u128(3)));
    customer.begin_deleting(Uuid::from_u128(3), now()).unwrap();
    assert_eq!(customer.default_method(), Some(Uuid::from_u128(1)));
    customer.finish_deleting(Uuid::from_u128(3), now());
    assert_eq!((customer.default, customer.default_method()), (None, Some(Uuid::from_u128(1))));
}

#[test]
fn a_card_that_a_payment_stored_is_noted_once_by_its_id_and_by_where_it_is_stored() {
    let mut customer = customer();
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert_eq!(customer.keep(new(1), now()), Ok((first, true)));
    assert_eq!(customer.keep(NewMethod { card: new(3).card, ..new(1) }, now()), Ok((first, false)));
    assert_eq!(customer.keep(NewMethod { card: new(1).card, ..new(2) }, now()), Ok((first, false)));
    let nowhere = CardSummary::default();
    assert_eq!(customer.keep(NewMethod { card: nowhere.clone(), ..new(2) }, now()), Ok((second, true)));
    assert!(customer.keep(NewMethod { card: nowhere, ..new(4) }, now()).unwrap().1, "another one");
    assert_eq!(customer.methods[0].gateway_order_id(), gateway_order_id(first));
}

#[test]
fn nothing_is_added_beside_a_card_that_only_a_newer_version_can_read() {
    let mut customer = customer();
    customer.keep(new(1), now()).unwrap();
    customer.methods[0].state = MethodState::Unrecognized;
    assert_eq!(customer.add(new(2), &[], now()), Err(MethodRejection::NewerVersion));
}

#[test]
fn a_profile_that_another_entry_has_too_is_left_at_the_gateway() {
    let mut customer = customer();
    customer.keep(new(1), now()).unwrap();
    let mut twin = new(2);
    twin.card = new(1).card;
    // As a card that was stored by a request of its own.
    customer.add(twin, &[], now()).unwrap();
    customer.method_mut(Uuid::from_u128(2)).unwrap().state = MethodState::Stored;
    assert_eq!(customer.begin_deleting(Uuid::from_u128(1), now()), Ok(None));
    assert_eq!(customer.method(Uuid::from_u128(1)).unwrap().state, MethodState::Deleted);
    let left = customer.begin_deleting(Uuid::from_u128(2), now()).unwrap();
    assert_eq!(left.map(|stored| stored.profile), Some("1".to_owned()));
}

#[test]
fn a_card_that_is_being_deleted_is_not_stored_again_and_one_on_its_way_is_not_deleted() {
    let mut customer = customer();
    customer.keep(new(1), now()).unwrap();
    let method = &mut customer.methods[0];
    (method.card.token, method.new_expiry) = (Some("9418594164541111".to_owned()), Expiry::new(1, 2034).ok());
    let [begun, gone] = [1, 2].map(|seconds| now() + SignedDuration::from_secs(seconds));
    customer.begin_deleting(Uuid::from_u128(1), begun).unwrap();
    assert_eq!(customer.methods[0].updated_at, begun);
    let again = NewMethod { id: Uuid::from_u128(9), ..new(1) };
    assert_eq!(customer.add(again.clone(), &[], now()), Err(MethodRejection::InProgress));
    customer.finish_deleting(Uuid::from_u128(1), gone);
    let method = &customer.methods[0];
    assert_eq!((method.updated_at, &method.card.token, method.new_expiry), (gone, &None, None));
    assert_eq!(customer.add(again, &[], now()), Ok(AddPlan::Send(Uuid::from_u128(9))));
    assert_eq!(customer.begin_deleting(Uuid::from_u128(9), now()), Err(MethodRejection::InProgress));
}

/// The last card was requested so long ago that it no longer counts, with any outcome.
fn long_ago(customer: &mut Customer) {
    customer.methods.last_mut().unwrap().created_at -= DECLINES_COUNT_FOR;
}

#[test]
fn of_one_customers_cards_five_may_be_declined_in_an_hour_and_five_are_verified_at_a_time() {
    let mut customer = customer();
    let after = |seconds| now() + SignedDuration::from_secs(seconds);
    let full = |seconds| Err(MethodRejection::TooManyDeclines(SignedDuration::from_secs(seconds)));
    customer.keep(new(100), now()).unwrap();
    for id in 1..=5 {
        customer.add(new(id), &[], after(i64::try_from(id).unwrap())).unwrap();
    }
    assert_eq!(customer.add(new(6), &[], after(10)), full(51), "when the first of the five should be known");
    let decline = Decline::of(DeclineCode::GenericDecline);
    customer.method_mut(Uuid::from_u128(1)).unwrap().state = MethodState::Declined(decline);
    assert_eq!(customer.add(new(6), &[], after(10)), full(52), "when the next one should be");
    customer.method_mut(Uuid::from_u128(1)).unwrap().state = MethodState::Stored;
    customer.add(new(6), &[], after(10)).unwrap();
    for id in 2..=6 {
        let removed = MethodState::Deleting(OnceGone::Declined(decline));
        let state = if id == 2 { removed } else { MethodState::Declined(decline) };
        customer.method_mut(Uuid::from_u128(id)).unwrap().state = state;
    }
    assert_eq!(customer.add(new(7), &[], after(70)), full(3_600 + 2 - 70), "when the first of the five ends");
    assert_eq!(customer.add(new(1), &[], after(70)), Ok(AddPlan::Replay(Uuid::from_u128(1))), "it is stored");
    customer.add(new(7), &[], after(3_602)).unwrap();
    assert_eq!(customer.add(new(8), &[], after(3_602)), full(1));
    customer.add(new(8), &[], after(3_662)).unwrap();
}

#[test]
fn a_customer_has_at_most_twenty_cards_and_an_item_that_stays_small() {
    let mut customer = customer();
    for id in 1..=20 {
        customer.add(new(id), &[], now()).unwrap();
        long_ago(&mut customer);
    }
    assert_eq!(customer.add(new(21), &[], now()), Err(MethodRejection::TooMany));
    assert_eq!(customer.keep(new(21), now()), Err(MethodRejection::TooMany));
    for method in &mut customer.methods {
        method.state = MethodState::Declined(Decline::of(DeclineCode::GenericDecline));
    }
    let mut declined = customer.methods.clone();
    for _ in 0..4 {
        customer.methods.append(&mut declined.clone());
    }
    declined.clear();
    assert_eq!(customer.add(new(21), &[], now()), Err(MethodRejection::TooMany));
    let tomorrow = now() + SignedDuration::from_hours(24);
    assert_eq!(customer.add(new(21), &[], tomorrow), Ok(AddPlan::Send(Uuid::from_u128(21))));
    assert_eq!(customer.methods.len(), 1);
}

#[test]
fn a_refused_card_is_kept_until_it_is_removed_and_is_declined_then() {
    let mut customer = customer();
    for id in 1..=100 {
        customer.add(NewMethod { id: Uuid::from_u128(id), ..new(1) }, &[], now()).unwrap();
        long_ago(&mut customer);
        let decline = Decline::of(DeclineCode::IncorrectCvc);
        let method = customer.method_mut(Uuid::from_u128(id)).unwrap();
        method.state = if id == 50 {
            MethodState::Deleting(OnceGone::Declined(decline))
        } else {
            MethodState::Declined(decline)
        };
        // Else the next one would have to wait for its removal.
        method.fingerprint = Fingerprint([255; 16]);
    }
    let tomorrow = now() + SignedDuration::from_hours(24);
    customer.add(new(101), &[], tomorrow).unwrap();
    let left: Vec<_> = customer.methods.iter().map(|method| method.id.as_u128()).collect();
    assert_eq!(left, [50, 101]);
    assert_eq!(customer.listed(Uuid::from_u128(50)), Err(MethodRejection::NotFound));
    customer.finish_deleting(Uuid::from_u128(50), tomorrow);
    assert!(matches!(customer.methods[0].state, MethodState::Declined(_)));
}

#[test]
fn a_record_that_names_a_profile_that_was_deleted_brings_no_card_back() {
    let mut customer = customer();
    let (first, late) = (Uuid::from_u128(1), Uuid::from_u128(2));
    customer.keep(new(1), now()).unwrap();
    // Sent before, given up, and done after the first: the gateway gave it the same profile.
    let given_up = NewMethod { id: late, fingerprint: Fingerprint([9; 16]), ..new(2) };
    customer.add(given_up, &[], now()).unwrap();
    let method = customer.method_mut(late).unwrap();
    (method.state, method.card.stored) = (MethodState::NotStored(NoEffect::NeverArrived), None);
    let approval = GatewayResponse { stored: new(1).card.stored, ..GatewayResponse::default() };
    let found = Finding::Became(Box::new(Outcome::Approved(approval)));
    let mut before = customer.clone();
    assert!(before.settle_found(late, &found, &DeclineOn::default(), now()));
    assert_eq!(before.method(late).unwrap().state, MethodState::Stored, "it is there");
    customer.begin_deleting(first, now()).unwrap();
    customer.finish_deleting(first, now());
    assert!(customer.settle_found(late, &found, &DeclineOn::default(), now()));
    assert_eq!(customer.method(late).unwrap().state, MethodState::NotStored(NoEffect::TryAgain));
    assert!(!customer.method(late).unwrap().may_surface());
    assert!(!customer.settle_found(first, &found, &DeclineOn::default(), now()));
    assert_eq!(customer.method(first).unwrap().state, MethodState::Deleted);
}

#[test]
fn an_approval_stores_a_card_only_if_it_says_where() {
    let said = |stored: bool| GatewayResponse {
        stored: new(1).card.stored.filter(|_| stored),
        ..GatewayResponse::default()
    };
    let mut customer = customer();
    customer.add(new(1), &[], now()).unwrap();
    let (id, rule) = (Uuid::from_u128(1), DeclineOn::default());
    let method = customer.method_mut(id).unwrap();
    assert_eq!(settle(method, &Outcome::Approved(said(false)), &rule, now()), Applied::Unchanged);
    assert!(matches!(method.state, MethodState::Pending { .. }));
    let several = Finding::Several(vec![said(false), said(true)]);
    assert!(customer.settle_found(id, &several, &rule, now()));
    assert_eq!(customer.method(id).unwrap().state, MethodState::Stored);
}

#[test]
fn a_verification_without_a_trace_is_given_up_only_when_it_is_late_enough_and_seen_twice_a_minute_apart() {
    let mut customer = customer();
    customer.add(new(1), &[], now()).unwrap();
    let (id, rule) = (Uuid::from_u128(1), DeclineOn::default());
    let pending = |absent_since: Option<i64>| MethodState::Pending {
        absent_since: absent_since.map(|seconds| now() + SignedDuration::from_secs(seconds)),
    };
    for (seconds, changes, state) in [
        (94, false, pending(None)),
        (95, true, pending(Some(95))),
        (154, false, pending(Some(95))),
        (155, true, MethodState::NotStored(NoEffect::NeverArrived)),
    ] {
        let at = now() + SignedDuration::from_secs(seconds);
        assert_eq!(customer.settle_found(id, &Finding::Absent, &rule, at), changes, "after {seconds} s");
        assert_eq!(customer.method(id).unwrap().state, state, "after {seconds} s");
    }
}

#[test]
fn a_record_of_a_verification_that_stored_nothing_decides_it() {
    let decline = Decline::of(DeclineCode::GenericDecline);
    for (record, state) in [
        (Outcome::Declined(GatewayResponse::default(), decline), MethodState::Declined(decline)),
        (Outcome::Approved(GatewayResponse::default()), MethodState::NotStored(NoEffect::TryAgain)),
    ] {
        let mut customer = customer();
        customer.add(new(1), &[], now()).unwrap();
        let id = Uuid::from_u128(1);
        let found = Finding::Became(Box::new(record));
        assert!(customer.settle_found(id, &found, &DeclineOn::default(), now()));
        assert_eq!(customer.method(id).unwrap().state, state);
    }
}

#[test]
fn only_what_counts_as_not_stored_and_was_stored_nowhere_may_surface() {
    let decline = Decline::of(DeclineCode::GenericDecline);
    for (state, stored, may_surface) in [
        (MethodState::NotStored(NoEffect::NeverArrived), false, true),
        (MethodState::NotStored(NoEffect::NeverArrived), true, false),
        (MethodState::NotStored(NoEffect::Unreachable), false, false),
        (MethodState::Declined(decline), false, false),
        (MethodState::Stored, false, false),
        (MethodState::Deleted, false, false),
    ] {
        let mut customer = customer();
        customer.keep(new(1), now()).unwrap();
        let method = &mut customer.methods[0];
        method.state = state;
        method.card.stored = new(1).card.stored.filter(|_| stored);
        assert_eq!(method.may_surface(), may_surface, "{state:?}");
    }
}

#[test]
fn what_decides_nothing_changes_nothing() {
    let response = GatewayResponse::default;
    let unknown = Outcome::Unknown(Doubt::NoResponse, response());
    for finding in [
        Finding::Became(Box::new(unknown)),
        Finding::Several(vec![response(), response()]),
        Finding::Undecided,
        Finding::UnderReview,
        Finding::Failed,
    ] {
        let mut customer = customer();
        customer.add(new(1), &[], now()).unwrap();
        let (before, rule) = (customer.clone(), DeclineOn::default());
        assert!(!customer.settle_found(Uuid::from_u128(1), &finding, &rule, now()), "{finding:?}");
        assert_eq!(customer, before, "{finding:?}");
        assert!(!customer.settle_found(Uuid::from_u128(2), &Finding::Absent, &rule, now()), "no such card");
    }
}

#[test]
fn a_card_is_not_deleted_while_an_equal_one_is_on_its_way_and_may_get_its_profile() {
    let mut customer = customer();
    customer.keep(new(1), now()).unwrap();
    // Its token differs, so it is another card to us. Whether it is to the gateway, only the
    // gateway knows.
    customer.methods[0].card.token = Some("9418594164541111".to_owned());
    let token = Some("9418594164541112".to_owned());
    let equal = NewMethod { id: Uuid::from_u128(2), token, ..new(1) };
    assert_eq!(customer.add(equal, &[], now()), Ok(AddPlan::Send(Uuid::from_u128(2))));
    assert_eq!(customer.begin_deleting(Uuid::from_u128(1), now()), Err(MethodRejection::InProgress));
    assert_eq!(customer.methods[0].state, MethodState::Stored);
    customer.method_mut(Uuid::from_u128(2)).unwrap().state = MethodState::NotStored(NoEffect::TryAgain);
    assert!(customer.begin_deleting(Uuid::from_u128(1), now()).unwrap().is_some());
}
