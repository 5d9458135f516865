//! A made-up next form, as a release to come might write it: it states everything that form 1
//! leaves out, and has a member of its own.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use tollgate::dynamodb::Item;
use uuid::Uuid;

pub(crate) const FORM: u32 = 2;

/// A member that this release does not know.
const MEMBER: &str = "of_form_2";

/// An item as that release writes it again when it has read this one.
pub(crate) fn of(item: &Item) -> Item {
    let mut order = item.clone();
    order.insert("fm".to_owned(), AttributeValue::N(FORM.to_string()));
    order.insert(MEMBER.to_owned(), AttributeValue::Bool(true));
    let created_at = order["c"].clone();
    order.entry("ac".to_owned()).or_insert(created_at);
    let own_id = order["order_key"].as_s().unwrap().rsplit('#').next().unwrap().parse::<Uuid>().ok();
    let whole = order.clone();
    for transaction in objects(&mut order, "t") {
        let id = own_id.map(|id| AttributeValue::B(Blob::new(id.into_bytes())));
        fill(transaction, "i", id.as_ref());
        fill(transaction, "c", whole.get("c"));
        fill(transaction, "u", whole.get("u"));
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
            let of = operation.clone();
            attempt(operation, &of);
            for earlier in objects(operation, "ea") {
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
}

fn fill(object: &mut Item, name: &str, usual: Option<&AttributeValue>) {
    if let Some(usual) = usual {
        object.entry(name.to_owned()).or_insert_with(|| usual.clone());
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
