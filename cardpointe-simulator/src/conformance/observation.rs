//! The members of a response that a probe looks at.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::gateway::RawResponse;

/// Member by member, in a form that two gateways can have in common. `[0].` is the first record of
/// a list.
pub(super) type Observation = BTreeMap<String, String>;

/// Looks at a response. `#name`: only the shape of the member's value.
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
            seen.insert("body".to_owned(), format!("text: {start}"));
        }
    }
    seen
}

fn look_at(record: &Map<String, Value>, prefix: &str, members: &[&str], seen: &mut Observation) {
    for member in members {
        let (name, only_shape) = member.strip_prefix('#').map_or((*member, false), |name| (name, true));
        let shown = match record.get(name) {
            None => "(left out)".to_owned(),
            Some(Value::String(text)) if only_shape => shape(text),
            Some(Value::String(text)) => format!("\"{text}\""),
            Some(Value::Array(values)) => format!("{} values", values.len()),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(other) => other.to_string(),
        };
        seen.insert(format!("{prefix}{name}"), shown);
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
}
