use tollgate_core::{
    journal::{Fact, entries},
    values::SignedAmount,
};

use super::*;
use crate::{dynamodb::item_size, test_payments::refunded_in_part};

fn items(fees: Option<[u64; 2]>) -> Vec<Item> {
    entries(None, &refunded_in_part(fees)).iter().map(|entry| item(entry, 0)).collect()
}

#[test]
fn a_fee_has_columns_of_its_own_and_takes_no_room_where_there_is_none() {
    let columns = [Column::Fee, Column::FeeKind, Column::FeesAtGateway].map(Column::as_str);
    let text = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let fees = |item: &Item| columns.map(|name| item.get(name).map(text));
    let told = |texts: [&str; 3]| texts.map(|text| Some(text.to_owned()));
    let with: Vec<_> = items(Some([78, 30])).iter().map(fees).collect();
    assert_eq!(with, [told(["78", "surcharge", "78"]), told(["30", "surcharge", "-30"])]);
    // The rest of an entry is the same.
    let bare = items(None);
    assert!(bare.iter().all(|item| fees(item) == [None, None, None]));
    let mut without = items(Some([78, 30]));
    for item in &mut without {
        item.retain(|name, _| !columns.contains(&name.as_str()));
    }
    assert_eq!(without, bare);
}

#[test]
fn what_is_counted_of_an_item_is_what_is_counted_of_its_entry_fees_included() {
    for fees in [None, Some([78, 30])] {
        let entries = entries(None, &refunded_in_part(fees));
        for entry in &entries {
            assert_eq!(counted(&item(entry, 0)).unwrap(), CountedEntry::from(entry));
        }
        let sum = Changes::sum(entries.iter().map(|entry| entry.changes)).unwrap();
        let expected = [2599, 1599, if fees.is_some() { 48 } else { 0 }].map(SignedAmount::new);
        assert_eq!([sum.paid, sum.gateway, sum.fees], expected);
    }
}

#[test]
fn a_change_or_fee_that_is_no_amount_is_not_taken_for_none() {
    let entries = entries(None, &refunded_in_part(Some([78, 30])));
    for column in CHANGES.into_iter().chain([Column::Amount]) {
        let too_large = AttributeValue::N("1000000000000001".to_owned());
        for value in [AttributeValue::S("78".to_owned()), too_large] {
            let mut bad = item(&entries[0], 0);
            bad.insert(column.as_str().to_owned(), value);
            counted(&bad).unwrap_err();
            whole(&bad).unwrap_err();
        }
    }
    let mut bad = item(&entries[0], 0);
    bad.insert(Column::Fee.as_str().to_owned(), AttributeValue::S("78".to_owned()));
    whole(&bad).unwrap_err();
}

#[test]
fn a_column_has_two_letters_at_most_and_no_two_columns_have_one_name() {
    let shorts: std::collections::BTreeSet<_> = Column::ALL.iter().map(|column| column.as_str()).collect();
    let longs: std::collections::BTreeSet<_> =
        Column::ALL.iter().map(|column| column.spelled_out()).collect();
    assert_eq!((shorts.len(), longs.len()), (Column::ALL.len(), Column::ALL.len()));
    assert!(shorts.iter().all(|name| name.len() <= 2));
}

#[test]
fn each_fact_has_a_letter_of_its_own() {
    for fact in Fact::ALL {
        let letter = word(FACTS, fact).unwrap();
        assert_eq!((letter.len(), meaning(FACTS, letter)), (1, Some(*fact)));
    }
}

#[test]
fn a_usual_entry_is_short() {
    let mut entry = entries(None, &refunded_in_part(None)).remove(0);
    entry.order = OrderKey {
        merchant: "170200123".parse().unwrap(),
        order: "2b1f9d5e-6c1f-4f0e-9a55-0f3a6d2c7b11".parse().unwrap(),
    };
    entry.account = "496160873888".to_owned();
    entry.reference = Some("363010145637".to_owned());
    entry.authcode = Some("PPS047".to_owned());
    entry.brand = Some(Brand::Visa);
    entry.last_four = Some("1111".to_owned());
    let bytes = item_size(&item(&entry, 3));
    assert!((200..=256).contains(&bytes), "{bytes} bytes");
}
