//! The test system's noise: keys in random order, and keys that mean nothing.
//!
//! A client that depends on order, or that breaks on a member it does not know, breaks here first.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use crate::reply::Answer;

/// Writes responses, with or without noise.
pub(crate) struct Noise {
    rng: Option<StdRng>,
}

impl Noise {
    pub(crate) fn new(seed: u64, quiet: bool) -> Self {
        // Another stream than that of the authorization codes, so that `quiet` changes nothing but
        // the noise.
        Self { rng: (!quiet).then(|| StdRng::seed_from_u64(seed ^ 0x6e_6f69_7365)) }
    }

    pub(crate) fn write(&mut self, answer: Answer) -> String {
        match answer {
            Answer::One(reply) => self.write_object(reply.into_map()),
            Answer::Many(replies) => {
                let objects: Vec<String> =
                    replies.into_iter().map(|reply| self.write_object(reply.into_map())).collect();
                format!("[{}]", objects.join(","))
            }
            Answer::Text(text) => text.to_owned(),
            Answer::Broken(whole) => {
                let text = self.write(*whole);
                text.chars().take(text.chars().count() / 2).collect()
            }
        }
    }

    fn write_object(&mut self, object: Map<String, Value>) -> String {
        let Some(rng) = &mut self.rng else {
            return Value::Object(object).to_string();
        };
        let mut members: Vec<(String, Value)> = object.into_iter().collect();
        for _ in 0..rng.random_range(1..=3) {
            let name = word(rng);
            if !members.iter().any(|(taken, _)| taken.eq_ignore_ascii_case(&name)) {
                let value = extra_value(rng);
                members.push((name, value));
            }
        }
        members.shuffle(rng);
        let written: Vec<String> =
            members.into_iter().map(|(name, value)| format!("{}:{value}", Value::String(name))).collect();
        format!("{{{}}}", written.join(","))
    }
}

fn word(rng: &mut StdRng) -> String {
    let length = rng.random_range(9..=14);
    (0..length).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

fn extra_value(rng: &mut StdRng) -> Value {
    match rng.random_range(0..3) {
        0 => Value::String(word(rng)),
        1 => json!({ word(rng): word(rng) }),
        _ => json!([word(rng), word(rng)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{codes::pps, reply::Reply};

    fn answer() -> Answer {
        Reply::of(pps::TXN_NOT_FOUND).with("retref", "1").with("amount", "0.00").into()
    }

    #[test]
    fn one_seed_writes_the_same_twice_and_another_seed_something_else() {
        let write = |seed| {
            let mut noise = Noise::new(seed, false);
            (noise.write(answer()), noise.write(answer()))
        };
        assert_eq!(write(7), write(7));
        assert_ne!(write(7), write(8));
        assert_ne!(write(7).0, write(7).1, "each answer has its own noise");
    }

    #[test]
    fn keys_come_in_any_order() {
        let mut noise = Noise::new(3, false);
        let mut firsts = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let text = noise.write(answer());
            firsts.extend(["amount", "retref", "respstat"].into_iter().min_by_key(|name| text.find(name)));
        }
        assert_eq!(firsts.len(), 3, "{firsts:?}");
    }

    #[test]
    fn noise_adds_members_and_changes_none() {
        let Answer::One(reply) = answer() else { unreachable!() };
        let expected = reply.into_map();
        let mut noise = Noise::new(3, false);
        for _ in 0..100 {
            let written: Map<String, Value> = serde_json::from_str(&noise.write(answer())).unwrap();
            assert!((expected.len() + 1..=expected.len() + 3).contains(&written.len()));
            assert!(expected.iter().all(|(name, value)| written.get(name) == Some(value)));
        }
    }

    #[test]
    fn quiet_answers_are_just_the_answer() {
        let text = Noise::new(3, true).write(answer());
        // In the order in which the response was put together, or sorted: that is the JSON
        // library's setting.
        let expected = serde_json::json!({
            "respproc": "PPS", "respcode": "29", "respstat": "C", "resptext": "Txn not found", "retref": "1",
            "amount": "0.00",
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }
}
