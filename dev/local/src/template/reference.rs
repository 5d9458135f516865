//! References to a resource: a table, the stack's own or the one that its parameters name instead,
//! or a secret, whose name a mapping has.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

/// The condition under which the stack has a table of orders of its own. Here it always does.
const OWNS_TABLE: &str = "OwnsTable";

/// The table that `ExistingTableName` names.
const EXISTING_TABLE: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTableName}";

/// A name, several, or `!If [OwnsTable, one of the own table, the same of the existing one]`.
/// A text with a variable for a name that `!FindInMap` finds is one of them.
#[derive(Deserialize)]
#[serde(from = "Written")]
pub(super) enum Reference {
    One(String),
    More(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    More(Vec<String>),
    Mapped(String, BTreeMap<String, [String; 3]>),
}

impl From<Written> for Reference {
    fn from(written: Written) -> Self {
        match written {
            Written::One(name) => Self::One(name),
            Written::More(names) => Self::More(names),
            Written::Mapped(text, found) => Self::One(found.iter().fold(text, |text, (variable, path)| {
                text.replace(&format!("${{{variable}}}"), &format!("${{{}}}", path.join(".")))
            })),
        }
    }
}

impl Reference {
    /// The names while the stack has its own table. `None` if a stack with an existing table would
    /// use another part of it: that cannot be seen here, and a function could have permissions
    /// there that it lacks here.
    pub(super) fn own(&self) -> Option<&[String]> {
        match self {
            Self::One(name) => Some(std::slice::from_ref(name)),
            Self::More(choice) if choice.first().is_some_and(|first| first == OWNS_TABLE) => {
                let [_, own, existing] = choice.as_slice() else { return None };
                is_same(own, existing).then(|| std::slice::from_ref(own))
            }
            Self::More(names) => Some(names),
        }
    }
}

fn is_same(own: &str, existing: &str) -> bool {
    if own.ends_with(".StreamArn") {
        existing == "ExistingTableStreamArn"
    } else if own.ends_with(".Arn") {
        existing == EXISTING_TABLE
    } else if let Some((_, index)) = own.split_once(".Arn}") {
        existing.strip_prefix(EXISTING_TABLE) == Some(index)
    } else {
        existing == "ExistingTableName"
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(name) => f.write_str(name),
            Self::More(names) => f.write_str(&names.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_existing_table_is_used_exactly_as_the_own_one_would_be() {
        let index = |name: &str| format!("{EXISTING_TABLE}/index/{name}");
        let own_index = "${Orders.Arn}/index/due";
        for (own, existing, is_same) in [
            ("Orders.Arn", EXISTING_TABLE.to_owned(), true),
            ("Orders.Arn", index("due"), false),
            ("Orders.Arn", "*".to_owned(), false),
            ("Orders.StreamArn", "ExistingTableStreamArn".to_owned(), true),
            ("Orders.StreamArn", EXISTING_TABLE.to_owned(), false),
            (own_index, index("due"), true),
            ("Orders", "ExistingTableName".to_owned(), true),
            (own_index, index("*"), false),
            ("something else", EXISTING_TABLE.to_owned(), false),
        ] {
            let choice = [OWNS_TABLE, own, &existing].map(str::to_owned).to_vec();
            let own = [own.to_owned()];
            assert_eq!(Reference::More(choice).own(), is_same.then_some(&own[..]), "{own:?}, {existing}");
        }
        // Another condition is a name that nothing has.
        let other = ["IsDev", "Orders.Arn", EXISTING_TABLE].map(str::to_owned);
        assert_eq!(Reference::More(other.to_vec()).own(), Some(&other[..]));
    }
}
