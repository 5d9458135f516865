//! Reads JSON into the tree, every scalar as it is written.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{DEPTH_MAX, Names, Node, Position, Unreadable, offset_in};

/// Reads a whole body.
///
/// A level at a time: each value is first passed over as raw text, which keeps the digits of
/// numbers and needs no stack. So a text is passed over once for each level it lies under, which
/// [`DEPTH_MAX`] bounds.
pub(super) fn read(text: &str, names: Names) -> Result<Node, Unreadable> {
    let whole = parse::<&RawValue>(text, text)?.get();
    match (JsonText { text, names }).value(whole, 1)? {
        root @ Node::Object(_) => Ok(root),
        Node::Null | Node::Text(_) | Node::Number(_) | Node::Bool(_) | Node::List(_) => {
            Err(Unreadable::NotAnObject)
        }
    }
}

/// The whole text, which values are slices of, and how its names are matched.
#[derive(Clone, Copy)]
struct JsonText<'a> {
    text: &'a str,
    names: Names,
}

impl JsonText<'_> {
    /// `raw` is a slice of the text: one value without white space around it.
    fn value(self, raw: &str, depth: usize) -> Result<Node, Unreadable> {
        let text = self.text;
        if depth > DEPTH_MAX {
            return Err(Unreadable::TooDeep(Position::of(text, offset_in(text, raw))));
        }
        Ok(match raw.as_bytes().first() {
            Some(b'{') => Node::Object(self.object(raw, depth)?),
            Some(b'[') => {
                let items = parse::<Vec<&RawValue>>(text, raw)?;
                let items = items.into_iter().map(|item| self.value(item.get(), depth + 1));
                Node::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Node::Text(parse(text, raw)?),
            Some(b'n') => Node::Null,
            Some(first @ (b't' | b'f')) => Node::Bool(*first == b't'),
            _ => Node::Number(raw.to_owned()),
        })
    }

    fn object(self, raw: &str, depth: usize) -> Result<Vec<(String, Node)>, Unreadable> {
        let text = self.text;
        let mut seen = HashSet::new();
        let mut members = Vec::new();
        for (name, raw) in parse::<Pairs<'_>>(text, raw)?.0 {
            // Where the reader of names takes `Amount` and `amount` for one member, so does this.
            let same = match self.names {
                Names::Exact => name.clone(),
                Names::AnyCase => name.to_ascii_lowercase(),
            };
            if !seen.insert(same) {
                return Err(Unreadable::twice(&name, Position::of(text, offset_in(text, raw.get()))));
            }
            members.push((name, self.value(raw.get(), depth + 1)?));
        }
        Ok(members)
    }
}

/// An object's members as they come, a name as often as it comes.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(PairsVisitor).map(Self)
    }
}

/// Parses a slice of `text`. Only the position of serde's error is kept: its words may quote the
/// body.
fn parse<'a, T: Deserialize<'a>>(text: &str, part: &'a str) -> Result<T, Unreadable> {
    serde_json::from_str(part).map_err(|error| {
        let lines_before = part.split_inclusive('\n').take(error.line().saturating_sub(1));
        let line_start: usize = lines_before.map(str::len).sum();
        let byte = offset_in(text, part) + line_start + error.column().saturating_sub(1);
        Unreadable::Json(Position::of(text, byte))
    })
}
