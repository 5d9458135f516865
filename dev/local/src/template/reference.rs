//! What is named of a table: the one that the stack has of its own, or the one that its parameters name instead.

use std::fmt;

use serde::Deserialize;

/// The condition under which the stack has a table of orders of its own. Here it always does.
const OWNS_TABLE: &str = "OwnsTable";

/// The table that `ExistingTableName` names.
const EXISTING_TABLE: &str =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingTableName}";

/// A text, or `!If [OwnsTable, one of the own table, the same of the existing one]`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Reference {
    Plain(String),
    Choice([String; 3]),
}

impl Reference {
    /// What holds while the stack has its own table. `None` if a stack with an existing one would use something else of it:
    /// that cannot be seen here, and a function could do there what it cannot do here.
    pub(super) fn own(&self) -> Option<&str> {
        let (own, existing) = match self {
            Self::Plain(own) => return Some(own),
            Self::Choice([condition, own, existing]) if condition == OWNS_TABLE => (own, existing),
            Self::Choice(_) => return None,
        };
        let same = if own.ends_with(".StreamArn") {
            existing == "ExistingTableStreamArn"
        } else if own.ends_with(".Arn") {
            existing == EXISTING_TABLE
        } else {
            let index = own.split_once(".Arn}").map(|(_, index)| index)?;
            existing.strip_prefix(EXISTING_TABLE) == Some(index)
        };
        same.then_some(own)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(own) => f.write_str(own),
            Self::Choice([condition, own, existing]) => write!(f, "{own} if {condition}, or else {existing}"),
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
            (own_index, index("*"), false),
            ("something else", EXISTING_TABLE.to_owned(), false),
        ] {
            let choice = Reference::Choice([OWNS_TABLE.to_owned(), own.to_owned(), existing.clone()]);
            assert_eq!(choice.own(), is_same.then_some(own), "{own}, {existing}");
        }
        let other = ["IsDev".to_owned(), "Orders.Arn".to_owned(), EXISTING_TABLE.to_owned()];
        assert_eq!(Reference::Choice(other).own(), None);
    }
}
