//! The members of a response that a probe looks at.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::message::RawResponse;
use crate::cards;

/// Member by member, in a form that two gateways can have in common. `[0].` is the first record of
/// a list.
pub(super) type Observation = BTreeMap<String, String>;

/// The `status` of a step whose response did not come, or could not be read.
pub(super) const NO_RESPONSE: &str = "(no response)";

/// The `status` of a step that was not sent, because no earlier response had a value that it names.
pub(super) const NOT_SENT: &str = "(not sent)";

/// An observation that is only a status.
pub(super) fn only(status: &str) -> Observation {
    Observation::from([("status".to_owned(), status.to_owned())])
}

/// The members in which two observations differ.
pub(super) fn differing(one: &Observation, other: &Observation) -> Vec<String> {
    let members: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    members.into_iter().filter(|member| one.get(*member) != other.get(*member)).cloned().collect()
}

/// Looks at a response. `#name`: only the shape of the member's value; `?name`: only its kind;
/// `name~other`: how it is made of another one; `list.name`: the member of a list's first record.
pub(super) fn observe(response: &RawResponse, members: &[&str]) -> Observation {
    let mut seen = Observation::from([("status".to_owned(), response.status.to_string())]);
    match serde_json::from_str::<Value>(&response.body) {
        Ok(Value::Object(record)) => look_at(&record, "", members, &mut seen),
        Ok(Value::Array(records)) => {
            seen.insert("records".to_owned(), records.len().to_string());
            for (place, record) in records.iter().enumerate() {
                if let Value::Object(record) = record {
                    look_at(record, &format!("[{place}]."), members, &mut seen);
                }
            }
        }
        Ok(_) => {
            seen.insert("body".to_owned(), "another JSON value".to_owned());
        }
        Err(_) if members.is_empty() => {}
        Err(_) => {
            let start: String = response.body.trim().chars().take(40).collect();
            seen.insert("body".to_owned(), format!("text: {}", cards::mask_card_numbers(&start)));
        }
    }
    seen
}

fn look_at(record: &Map<String, Value>, prefix: &str, members: &[&str], seen: &mut Observation) {
    for member in members {
        let value = |name: &str| match name.split_once('.') {
            Some((list, name)) => record.get(list).and_then(|list| list.get(0)?.get(name)),
            None => record.get(name),
        };
        let (name, shown) = if let Some(name) = member.strip_prefix('#') {
            (
                name,
                value(name).map_or_else(left_out, |value| value.as_str().map_or_else(|| show(value), shape)),
            )
        } else if let Some(name) = member.strip_prefix('?') {
            (name, value(name).map_or_else(left_out, kind))
        } else if let Some((name, other)) = member.split_once('~') {
            (name, value(name).map_or_else(left_out, |value| relation(value, record.get(other))))
        } else {
            (*member, value(member).map_or_else(left_out, show))
        };
        seen.insert(format!("{prefix}{name}"), shown);
    }
}

fn left_out() -> String {
    "(left out)".to_owned()
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", cards::mask_card_numbers(text)),
        Value::Array(values) => format!("{} values", values.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// The kind of a value that depends on the time and on other payments of the account.
fn kind(value: &Value) -> String {
    let kind = match value {
        Value::String(text) if text.is_empty() => "empty text",
        Value::String(text) if text.contains('.') => "text with a point",
        Value::String(_) => "text",
        Value::Number(_) => "a number",
        Value::Null => "null",
        _ => "another kind",
    };
    kind.to_owned()
}

/// How a number is made of another one.
fn relation(value: &Value, other: Option<&Value>) -> String {
    let (Some(text), Some(other)) = (value.as_str(), other.and_then(Value::as_str)) else {
        return kind(value);
    };
    match (text.parse::<i64>(), other.parse::<i64>()) {
        _ if text == other => "the same".to_owned(),
        (Ok(number), Ok(other)) if number == other => format!("the same in {} digits", text.len()),
        (Ok(number), Ok(other)) => format!("{:+}", number.saturating_sub(other)),
        _ => "text".to_owned(),
    }
}

/// Digits become 9, letters A: these values are made up anew each time.
fn shape(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '0'..='9' => '9',
            'a'..='z' | 'A'..='Z' => 'A',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(body: &str, members: &[&str]) -> Vec<String> {
        let response = RawResponse { status: 200, body: body.to_owned() };
        observe(&response, members).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn members_lists_and_texts_are_told_apart() {
        assert_eq!(
            seen(r#"{"a":"x","b":"PPS123","c":null,"e":1}"#, &["a", "#b", "c", "d"]),
            ["a=\"x\"", "b=AAA999", "c=null", "d=(left out)", "status=200"]
        );
        assert_eq!(
            seen(r#"[{"a":"x"},{}]"#, &["a"]),
            ["[0].a=\"x\"", "[1].a=(left out)", "records=2", "status=200"]
        );
        assert_eq!(seen("Null batches", &["a"]), ["body=text: Null batches", "status=200"]);
        assert_eq!(seen("<html>", &[]), ["status=200"]);
    }

    #[test]
    fn kinds_relations_and_lists_are_seen() {
        let seen = |hostbatch: &str, amount: &str| {
            let body =
                format!(r#"{{"batchid":"77","hostbatch":"{hostbatch}","txns":[{{"setlamount":{amount}}}]}}"#);
            seen(&body, &["hostbatch~batchid", "?txns.setlamount"])[..2].join(" ")
        };
        assert_eq!(seen("76", "\"1.00\""), "hostbatch=-1 status=200");
        assert_eq!(seen("77", "100"), "hostbatch=the same status=200");
        assert_eq!(seen("0000000077", "100"), "hostbatch=the same in 10 digits status=200");
    }
}
