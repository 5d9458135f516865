//! A customer with its stored cards, which is in the table of orders under a key that no order has:
//! read, written and read again without loss, including members that only a release to come knows.

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::dynamodb::{Item, customers::StoredCustomer};
use tollgate_core::{
    order::{CustomerReference, MerchantId},
    stored_cards::{Customer, CustomerKey, MethodState, OnceGone},
};

use crate::{
    items,
    to_come::{differences, each, word},
};

/// The words of closed vocabularies by their member's name, and whether a rule depends on them.
const VOCABULARIES: [(&str, bool); 5] =
    [("s", true), ("no_effect", false), ("decline_code", false), ("advice", false), ("br", false)];

/// Reads an item under the key that is made of its reference, as a request does.
fn read(item: &Item) -> Customer {
    let reference = CustomerReference::stored(item["customer"].as_s().unwrap()).unwrap();
    let stored_under = item["order_key"].as_s().unwrap();
    let merchant = stored_under.split('#').nth(2).unwrap();
    let key = CustomerKey::new(&MerchantId::stored(merchant).unwrap(), &reference);
    assert_eq!(&key.to_string(), stored_under, "another key would not find the customer");
    StoredCustomer(item.clone()).read(&key).unwrap()
}

fn written(customer: &Customer) -> Item {
    StoredCustomer::next(customer).0
}

#[test]
fn customers_of_every_form_are_read_written_and_read_again_without_loss() {
    for item in items::customers() {
        let customer = read(&item);
        let again = written(&customer);
        assert_eq!(differences(&again, &item, ""), [""; 0]);
        assert_eq!(read(&again), Customer { version: customer.version + 1, ..customer });
    }
}

#[test]
fn the_customers_show_every_state_of_a_card() {
    let customers: Vec<Customer> = items::customers().iter().map(read).collect();
    let methods: Vec<_> = customers.iter().flat_map(|customer| &customer.methods).collect();
    for state in [
        "pending",
        "absent",
        "stored",
        "declined",
        "not stored",
        "deleting",
        "refused",
        "unverified",
        "deleted",
    ] {
        let is_there = methods.iter().any(|method| {
            state
                == match method.state {
                    MethodState::Pending { absent_since: None } => "pending",
                    MethodState::Pending { absent_since: Some(_) } => "absent",
                    MethodState::Stored => "stored",
                    MethodState::Declined(_) => "declined",
                    MethodState::NotStored(_) => "not stored",
                    MethodState::Deleting(OnceGone::Deleted) => "deleting",
                    MethodState::Deleting(OnceGone::Declined(_)) => "refused",
                    MethodState::Deleting(OnceGone::NotStored(_)) => "unverified",
                    MethodState::Deleted => "deleted",
                    MethodState::Unrecognized => "",
                }
        });
        assert!(is_there, "no card is {state}");
    }
    assert!(methods.iter().any(|method| method.new_expiry.is_some()));
    assert!(methods.iter().all(|method| method.state != MethodState::Unrecognized));
    assert!(customers.iter().any(|customer| customer.default.is_some()));
}

#[test]
fn members_of_a_release_to_come_survive_a_write_of_a_customer() {
    let mut objects = 0;
    for mut newer in items::customers() {
        each(&mut newer, "", &mut |_, object| {
            objects += 1;
            object.insert("to_come".to_owned(), AttributeValue::L(vec![AttributeValue::Bool(true)]));
        });
        assert_eq!(differences(&written(&read(&newer)), &newer, ""), [""; 0]);
    }
    assert!(objects > 20, "{objects}");
}

#[test]
fn words_of_a_release_to_come_survive_a_write_of_a_customer() {
    for (vocabulary, decides) in VOCABULARIES {
        let mut seen = 0;
        for mut newer in items::customers() {
            each(&mut newer, "", &mut |_, object| {
                if object.contains_key(vocabulary) {
                    object.insert(vocabulary.to_owned(), word());
                    seen += 1;
                }
            });
            let customer = read(&newer);
            assert_eq!(differences(&written(&customer), &newer, ""), [""; 0], "{vocabulary}");
            let mut states = customer.methods.iter().map(|method| method.state);
            assert!(!decides || states.all(|state| state == MethodState::Unrecognized), "{vocabulary}");
        }
        assert!(seen > 0, "no customer has {vocabulary}");
    }
}
