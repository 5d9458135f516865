//! Data that a release to come may write: members and words that this one does not know.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use tollgate::dynamodb::Item;

use crate::{items, next_form, read, written};

/// The words of closed vocabularies by their member's name, and whether rules depend on them.
const VOCABULARIES: [(&str, bool); 13] = [
    ("s", true),
    ("kd", true),
    ("cs", true),
    ("mc", true),
    ("m", true),
    ("no_effect", true),
    ("instrument", true),
    ("doubt", false),
    ("fee_kind", false),
    ("b", false),
    ("br", false),
    ("code", false),
    ("advice", false),
];

pub(crate) fn word() -> AttributeValue {
    AttributeValue::S("a_word_to_come".to_owned())
}

/// Every object of an item, also inside lists; `change` is told its path.
pub(crate) fn each(item: &mut Item, path: &str, change: &mut dyn FnMut(&str, &mut Item)) {
    for (name, value) in item.iter_mut() {
        let path = format!("{path}.{name}");
        match value {
            AttributeValue::M(object) => each(object, &path, change),
            AttributeValue::L(list) => {
                for value in list {
                    if let AttributeValue::M(object) = value {
                        each(object, &path, change);
                    }
                }
            }
            _ => {}
        }
    }
    // Last, so that its additions are not visited.
    change(path, item);
}

/// Where two items differ, apart from the values that every write changes: the version, and the
/// partition of an index whose number of partitions changed since.
pub(crate) fn differences(one: &Item, other: &Item, path: &str) -> Vec<String> {
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let names = names.into_iter().filter(|name| !["version", "capture_shard"].contains(&name.as_str()));
    let inside = |name: &String| {
        let path = format!("{path}.{name}");
        match (one.get(name), other.get(name)) {
            (Some(AttributeValue::M(one)), Some(AttributeValue::M(other))) => differences(one, other, &path),
            (Some(AttributeValue::L(one)), Some(AttributeValue::L(other))) if one.len() == other.len() => {
                let objects = one.iter().zip(other).flat_map(|pair| match pair {
                    (AttributeValue::M(one), AttributeValue::M(other)) => differences(one, other, &path),
                    (one, other) if one == other => Vec::new(),
                    _ => vec![path.clone()],
                });
                objects.collect()
            }
            (one, other) if one == other => Vec::new(),
            (one, other) => vec![format!("{path}: {one:?}, {other:?}")],
        }
    };
    names.flat_map(inside).collect()
}

#[test]
fn members_of_a_release_to_come_survive_a_write_of_this_one_wherever_they_are() {
    let values = [
        AttributeValue::S("text".to_owned()),
        AttributeValue::L(vec![AttributeValue::N("7".to_owned()), AttributeValue::Bool(true)]),
        AttributeValue::M(Item::from([("inside".to_owned(), AttributeValue::Null(true))])),
        AttributeValue::Ss(vec!["a".to_owned()]),
    ];
    let mut objects = 0;
    for item in items::of("form_1") {
        let mut newer = item;
        each(&mut newer, "", &mut |_, object| {
            objects += 1;
            for (n, value) in values.iter().enumerate() {
                object.insert(format!("to_come_{n}"), value.clone());
            }
            // No two objects are alike.
            object.insert("to_come".to_owned(), AttributeValue::N(objects.to_string()));
        });
        let order = read(&newer);
        assert!(order.is_recognized(), "a member is no word");
        // In full, because this release leaves out usual values.
        let [ours, newer] = [&written(&order), &newer].map(next_form::of);
        assert_eq!(differences(&ours, &newer, ""), [""; 0]);
    }
    assert!(objects > 100, "{objects}");
}

#[test]
fn words_of_a_release_to_come_are_read_and_written_again() {
    for (vocabulary, decides) in VOCABULARIES {
        let mut seen = 0;
        for item in items::of("form_1") {
            let (mut newer, mut changed) = (item, false);
            each(&mut newer, "", &mut |path, object| {
                // It is only there where it is no card.
                if vocabulary == "instrument" && object.contains_key("o") {
                    object.insert(vocabulary.to_owned(), word());
                }
                // Names are used again: `b` is also who decided by hand, and `code` a discount's.
                let is_text = path.ends_with("by_hand") || path.ends_with("discount");
                // A value that no longer applies decides nothing.
                changed |= !path.ends_with("ea") && object.contains_key(vocabulary);
                if !is_text && object.contains_key(vocabulary) {
                    object.insert(vocabulary.to_owned(), word());
                    seen += 1;
                }
            });
            let order = read(&newer);
            assert_eq!(differences(&written(&order), &newer, ""), [""; 0], "{vocabulary}");
            if decides && changed {
                assert!(!order.is_recognized(), "{vocabulary}");
            }
        }
        assert!(seen > 0, "no item has {vocabulary}");
    }
}

#[test]
fn a_higher_form_number_is_kept() {
    for mut item in items::of("form_1") {
        item.insert("fm".to_owned(), AttributeValue::N("7".to_owned()));
        let order = read(&item);
        assert_eq!(order.newer_form, Some(7));
        assert_eq!(written(&order)["fm"], AttributeValue::N("7".to_owned()));
    }
}

#[test]
fn a_word_that_is_not_known_keeps_the_order_in_the_indexes_that_it_is_in() {
    let mut seen = 0;
    for mut item in items::of("form_1").into_iter().filter(|item| item.contains_key("in_doubt_at")) {
        let due = item["in_doubt_at"].clone();
        each(&mut item, "", &mut |_, object| {
            if object.contains_key("kd") {
                object.insert("s".to_owned(), word());
            }
        });
        assert_eq!(written(&read(&item))["in_doubt_at"], due);
        seen += 1;
    }
    assert!(seen > 0);
}
