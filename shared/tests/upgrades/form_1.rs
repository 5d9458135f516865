//! Form 1, which the previous release writes: it states everything that form 2 leaves out, in longer words.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use tollgate::dynamodb::Item;
use tollgate_core::order::operation::gateway_order_id;
use uuid::Uuid;

/// The words of form 2 by their member's name, and those of form 1.
const WORDS: [(&str, &[(&str, &str)]); 4] = [
    ("m", &[("a", "authorize"), ("p", "purchase")]),
    ("kd", &[("a", "authorize"), ("p", "purchase"), ("c", "capture"), ("r", "refund"), ("v", "void")]),
    ("s", &[("p", "pending"), ("a", "approved"), ("d", "declined"), ("n", "not_done")]),
    ("b", &[("c", "client_credentials"), ("i", "implicit"), ("s", "schedule")]),
];

/// An item as the previous release writes it again when it has read this one.
pub(crate) fn of(item: &Item) -> Item {
    let mut order = item.clone();
    order.insert("fm".to_owned(), AttributeValue::N("1".to_owned()));
    let created_at = order["c"].clone();
    order.entry("ac".to_owned()).or_insert(created_at);
    let own_id = order["order_key"].as_s().unwrap().rsplit('#').next().unwrap().parse::<Uuid>().ok();
    let whole = order.clone();
    for transaction in objects(&mut order, "t") {
        let id = own_id.map(|id| AttributeValue::B(Blob::new(id.into_bytes())));
        fill(transaction, "i", id.as_ref());
        fill(transaction, "c", whole.get("c"));
        fill(transaction, "u", whole.get("u"));
        in_full(transaction);
        let usual = transaction.clone();
        let mut first: Option<Item> = None;
        for operation in objects(transaction, "o") {
            for name in ["b", "c", "u"] {
                fill(operation, name, usual.get(name));
            }
            match &first {
                None => fill(operation, "kd", usual.get("m")),
                Some(first) => ["a", "r"].iter().for_each(|name| fill(operation, name, first.get(*name))),
            }
            in_full(operation);
            let of = operation.clone();
            attempt(operation, &of);
            for earlier in objects(operation, "ea") {
                in_full(earlier);
                attempt(earlier, &of);
            }
            first.get_or_insert_with(|| operation.clone());
        }
    }
    order
}

fn attempt(object: &mut Item, of: &Item) {
    fill(object, "ai", of.get("i"));
    fill(object, "aa", of.get("c"));
    fill(object, "n", Some(&AttributeValue::N("1".to_owned())));
    let id = Uuid::from_slice(object["ai"].as_b().unwrap().as_ref()).unwrap();
    fill(object, "g", Some(&AttributeValue::S(gateway_order_id(id))));
}

fn fill(object: &mut Item, name: &str, usual: Option<&AttributeValue>) {
    if let Some(usual) = usual {
        object.entry(name.to_owned()).or_insert_with(|| usual.clone());
    }
}

fn in_full(object: &mut Item) {
    for (name, words) in WORDS {
        let full = object.get(name).and_then(|word| word.as_s().ok()).and_then(|word| {
            words.iter().find(|(short, _)| short == word).map(|(_, full)| (*full).to_owned())
        });
        if let Some(full) = full {
            object.insert(name.to_owned(), AttributeValue::S(full));
        }
    }
}

fn objects<'a>(object: &'a mut Item, name: &str) -> impl Iterator<Item = &'a mut Item> {
    let list = object.get_mut(name).and_then(|list| match list {
        AttributeValue::L(list) => Some(list),
        _ => None,
    });
    list.into_iter().flatten().filter_map(|value| match value {
        AttributeValue::M(members) => Some(members),
        _ => None,
    })
}
