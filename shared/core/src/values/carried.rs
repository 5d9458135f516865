//! Data that a newer version stored and this one cannot read, on its way from one write to the
//! next.
//!
//! Two versions share one table during every canary and every rollback. A version keeps data that
//! it does not know, unread, so that the other one finds it again.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// Members of one stored object that this version does not know. Empty for nearly every object.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Carried(Option<Box<Parts>>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Parts {
    /// As JSON that the store makes and reads, and nothing else.
    members: BTreeMap<String, Value>,
    /// Of objects inside the object that have no place of their own for it.
    inside: BTreeMap<String, Carried>,
}

impl Carried {
    /// Keeps a member that this version does not know, or whose value it reads as unrecognized,
    /// under its stored name.
    pub fn keep_member(&mut self, name: String, value: Value) {
        self.parts_mut().members.insert(name, value);
    }

    /// Keeps the unknown data of an object inside this one.
    pub fn keep_part(&mut self, name: &str, rest: Self) {
        if rest.0.is_some() {
            self.parts_mut().inside.insert(name.to_owned(), rest);
        }
    }

    /// Members that are not known, by name.
    pub fn members(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter().flat_map(|parts| &parts.members)
    }

    /// A member that is not known, or whose word was not recognized.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.members.get(name)
    }

    /// The unknown data of an object inside this one.
    pub fn part(&self, name: &str) -> Option<&Self> {
        self.0.as_ref()?.inside.get(name)
    }

    /// The unknown data of objects inside this one, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.0.iter().flat_map(|parts| &parts.inside)
    }

    fn parts_mut(&mut self) -> &mut Parts {
        self.0.get_or_insert_default()
    }
}

/// Says how much there is. The content may be a person's data.
impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |parts: &Parts| parts.members.len() + parts.inside.len();
        let count = self.0.as_deref().map_or(0, count);
        write!(f, "Carried({count})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_several_objects_is_there_again_and_is_not_shown() {
        let mut carried = Carried::default();
        assert_eq!(format!("{carried:?}"), "Carried(0)");
        carried.keep_member("m1".to_owned(), Value::Null);
        carried.keep_member("m2".to_owned(), "Ann".into());
        carried.keep_member("m3".to_owned(), true.into());
        let mut inside = Carried::default();
        inside.keep_member("deep".to_owned(), "word".into());
        carried.keep_part("p", inside.clone());
        carried.keep_part("empty", Carried::default());

        let names: Vec<_> = carried.members().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["m1", "m2", "m3"]);
        assert_eq!((carried.member("m2"), carried.member("p")), (Some(&"Ann".into()), None));
        assert_eq!((carried.part("p"), carried.part("empty")), (Some(&inside), None));
        assert_eq!(carried.parts().count(), 1);
        assert_eq!(format!("{carried:?}"), "Carried(4)");
    }
}
