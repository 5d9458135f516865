//! What a newer version stored and this one cannot read, on its way from one write to the next.
//!
//! Two versions share one table during every canary and every rollback. A version keeps what it does not know,
//! unread, so that the other one finds it again.

use std::{collections::BTreeMap, fmt};

/// A stored value of any shape.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// A text of any content and length.
    Text(String),
    /// A number, as its digits.
    Number(String),
    /// Bytes that need not be a text.
    Bytes(Vec<u8>),
    /// Either true or false.
    Bool(bool),
    /// A value that is present and says that there is none.
    Null,
    /// Values in their stored order, of any shapes.
    List(Vec<Raw>),
    /// Values by name, such as a stored object with its members.
    Map(BTreeMap<String, Raw>),
    /// A set of texts.
    Texts(Vec<String>),
    /// A set of numbers.
    Numbers(Vec<String>),
    /// A set of bytes.
    ByteStrings(Vec<Vec<u8>>),
}

/// Members and words of one stored object that this version does not know. Empty for nearly every object.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Carried(Option<Box<Parts>>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Parts {
    members: BTreeMap<String, Raw>,
    words: BTreeMap<String, String>,
    /// Of objects inside the object that have no place of their own for it.
    inside: BTreeMap<String, Carried>,
}

impl Carried {
    /// Keeps a member that this version does not know, under its stored name.
    pub fn keep_member(&mut self, name: String, value: Raw) {
        self.parts_mut().members.insert(name, value);
    }

    /// Keeps the word of a member whose value this version reads as unrecognized.
    pub fn keep_word(&mut self, name: &str, word: String) {
        self.parts_mut().words.insert(name.to_owned(), word);
    }

    /// Keeps what is not known of an object inside this one.
    pub fn keep_part(&mut self, name: &str, rest: Self) {
        if rest.0.is_some() {
            self.parts_mut().inside.insert(name.to_owned(), rest);
        }
    }

    /// Keeps what another one does, too.
    pub fn join(&mut self, other: Self) {
        match (&mut self.0, other.0) {
            (_, None) => {}
            (own @ None, other) => *own = other,
            (Some(own), Some(other)) => {
                own.members.extend(other.members);
                own.words.extend(other.words);
                own.inside.extend(other.inside);
            }
        }
    }

    /// Members that are not known, by name.
    pub fn members(&self) -> impl Iterator<Item = (&String, &Raw)> {
        self.0.iter().flat_map(|parts| &parts.members)
    }

    /// Words that were not recognized, by the name of their member.
    pub fn words(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter().flat_map(|parts| &parts.words)
    }

    /// The word of a member, if it was not recognized.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.words.get(name).map(String::as_str)
    }

    /// What is not known of an object inside this one.
    pub fn part(&self, name: &str) -> Option<&Self> {
        self.0.as_ref()?.inside.get(name)
    }

    /// What is not known of objects inside this one, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&String, &Self)> {
        self.0.iter().flat_map(|parts| &parts.inside)
    }

    fn parts_mut(&mut self) -> &mut Parts {
        self.0.get_or_insert_default()
    }
}

/// Says how much there is. What it is may be a person's data.
impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |parts: &Parts| parts.members.len() + parts.words.len() + parts.inside.len();
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
        carried.keep_member("m1".to_owned(), Raw::Null);
        carried.keep_member("m2".to_owned(), Raw::Text("Ann".to_owned()));
        let mut other = Carried::default();
        other.keep_word("w", "newer".to_owned());
        other.keep_member("m3".to_owned(), Raw::Bool(true));
        let mut inside = Carried::default();
        inside.keep_word("deep", "word".to_owned());
        other.keep_part("p", inside.clone());
        other.keep_part("empty", Carried::default());

        carried.join(other.clone());
        carried.join(Carried::default());
        let names: Vec<_> = carried.members().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["m1", "m2", "m3"]);
        assert_eq!((carried.word("w"), carried.word("m1")), (Some("newer"), None));
        assert_eq!(carried.words().count(), 1);
        assert_eq!((carried.part("p"), carried.part("empty")), (Some(&inside), None));
        assert_eq!(carried.parts().count(), 1);
        assert_eq!(format!("{carried:?}"), "Carried(5)");
        let mut none = Carried::default();
        none.join(other.clone());
        assert!(none == other);
    }
}
