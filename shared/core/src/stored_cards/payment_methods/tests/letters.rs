//! A merchant that refuses cards whose security code is wrong: stored cards that must not stay.

use super::*;
use crate::values::DeclineCode;

/// A merchant with that rule, at a gateway that says this of the code.
fn strict(letter: Option<&str>, faults: Vec<(usize, Fault)>) -> Shop {
    let shop = Shop::of(fake::merchant(), World::new(faults));
    shop.world.says_of_the_code(letter);
    shop
}

impl Shop {
    fn latest(&self) -> Option<MethodState> {
        self.world.customer()?.methods.last().map(|method| method.state)
    }

    /// Repeats the request until the client is told that the card is declined.
    fn declined(&self, key: Option<&str>) {
        let is_declined = || {
            let Some(Ok(changed)) = self.add(key) else { return false };
            match changed.method().map(|method| method.state) {
                Some(MethodState::Declined(decline) | MethodState::Deleting(OnceGone::Declined(decline))) => {
                    assert_eq!(decline.code, DeclineCode::IncorrectCvc);
                    true
                }
                Some(MethodState::Stored) => panic!("told of as stored: {:?}", self.world.customer()),
                _ => false,
            }
        };
        self.until(is_declined, "declined");
    }

    /// Lists the cards until nothing of them is left to do.
    fn listed(&self) {
        let is_settled = || {
            let list = self.methods.list(&self.merchant, &reference(), deadline()).now_or_never();
            let Some(Ok(Some(customer))) = list else { return false };
            let is_open = |method: &PaymentMethod| {
                matches!(method.state, MethodState::Pending { .. } | MethodState::Deleting(_))
            };
            !customer.methods.iter().any(is_open)
        };
        self.until(is_settled, "settled");
    }
}

#[test]
fn a_refused_card_is_removed_at_once_and_stored_with_the_right_code() {
    let shop = strict(Some("N"), Vec::new());
    shop.declined(Some("k"));
    assert!(matches!(shop.latest(), Some(MethodState::Declined(_))), "{:?}", shop.latest());
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (1, 0));
    shop.declined(Some("k"));
    assert_eq!(shop.world.verifications(), 1, "the key stays declined");
    shop.world.says_of_the_code(Some("M"));
    shop.life(Some("another"));
}

#[test]
fn no_one_or_two_faults_leave_a_refused_card_stored_or_tell_of_it_as_stored() {
    for key in [Some("k"), None] {
        for first in FAULTS {
            for second in FAULTS {
                for at in 0..14 {
                    for after in 1..10 {
                        let shop = strict(Some("N"), vec![(at, first), (at + after, second)]);
                        shop.declined(key);
                        shop.listed();
                        assert_eq!(shop.world.profiles().len(), 0, "{:?}", shop.world.customer());
                    }
                }
            }
        }
    }
}

#[test]
fn a_card_that_is_taken_is_stored_once_under_the_rule_whatever_two_calls_fail() {
    for first in FAULTS {
        for second in FAULTS {
            for at in 0..14 {
                for after in 1..10 {
                    strict(Some("M"), vec![(at, first), (at + after, second)]).life(Some("k"));
                }
            }
        }
    }
}

#[test]
fn a_card_whose_letters_were_lost_is_removed_and_verified_again_by_the_same_request() {
    // Customer read, intent saved, and the call to the gateway, whose response is lost.
    let shop = strict(Some("M"), vec![(2, Fault::LostAfter)]);
    let told = shop.add(Some("k")).expect("no crash").expect("an outcome");
    let state = told.method().map(|method| method.state);
    assert_eq!(state, Some(MethodState::NotStored(NoEffect::TryAgain)));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (1, 0));
    shop.stored(Some("k"));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (2, 1));
    assert_eq!(shop.world.inquiries(), 1, "what was removed is not looked for");
}

#[test]
fn without_a_rule_a_card_whose_letters_were_lost_is_stored() {
    let shop = Shop::new(World::new(vec![(2, Fault::LostAfter)]));
    shop.world.says_of_the_code(Some("N"));
    shop.stored(Some("k"));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (1, 1));
}

#[test]
fn an_equal_card_is_not_sent_before_a_refused_one_is_removed() {
    // The deletion at the gateway does nothing, and that is known.
    let shop = strict(Some("N"), vec![(4, Fault::Refused), (6, Fault::Refused)]);
    shop.declined(Some("k"));
    assert!(matches!(shop.latest(), Some(MethodState::Deleting(_))), "{:?}", shop.latest());
    let again = shop.add(Some("another")).expect("no crash");
    assert!(matches!(again, Err(MethodRefusal::Rejected(MethodRejection::InProgress))), "{again:?}");
    assert_eq!(shop.world.verifications(), 1);
    shop.declined(Some("another"));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (2, 0));
}

#[test]
fn a_refused_card_that_is_removed_leaves_room_for_an_equal_one_in_the_same_request() {
    // The deletion at the gateway does nothing the first time.
    let shop = strict(Some("N"), vec![(4, Fault::Refused)]);
    shop.declined(Some("k"));
    assert!(matches!(shop.latest(), Some(MethodState::Deleting(_))), "{:?}", shop.latest());
    shop.world.says_of_the_code(Some("M"));
    let again = shop.add(Some("another")).unwrap().unwrap();
    assert_eq!(again.method().map(|method| method.state), Some(MethodState::Stored));
    assert_eq!((shop.world.verifications(), shop.world.profiles().len()), (2, 1));
}

#[test]
fn a_refused_card_that_another_request_removed_stays_declined() {
    let mut shop = strict(Some("N"), Vec::new());
    // After the intent and the outcome, before the removal is noted.
    shop.overtaken(2, |customer| {
        let (id, at) = (customer.methods[0].id, customer.methods[0].updated_at);
        customer.finish_deleting(id, at);
    });
    let told = shop.add(None).unwrap().unwrap();
    let told = told.method().map(|method| method.state);
    assert!(matches!(told, Some(MethodState::Declined(_))), "{told:?}");
    assert_eq!((shop.latest(), shop.version()), (told, 3), "the intent, the outcome and the other's change");
}
