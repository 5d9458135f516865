//! A function's policy in the template, as the permissions that it grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Table, TemplateError, reference::Reference};
use crate::{
    permissions::{Keys, Operator, Permission},
    resources::table_name,
};

/// AWS adds as many characters to a secret's name.
const ADDED: &str = "-??????";

/// Nothing besides these members: one that was passed over would allow more here than on AWS.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policy {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    action: OneOrMore,
    resource: Reference,
    condition: Option<Value>,
}

/// An operator, and the keys that it compares with.
type Condition = BTreeMap<Operator, LeadingKeys>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeadingKeys {
    #[serde(rename = "dynamodb:LeadingKeys")]
    patterns: Vec<String>,
}

/// The keys that a condition limits a statement to.
fn keys(condition: Value) -> Option<Keys> {
    let condition: Condition = serde_json::from_value(condition).ok()?;
    let is_read = condition.len() == 1;
    let (operator, LeadingKeys { patterns }) = condition.into_iter().next().filter(|_| is_read)?;
    let is_known = |pattern: &String| {
        !pattern.trim_end_matches('*').is_empty()
            && !has_wildcard(pattern.strip_suffix('*').unwrap_or(pattern))
    };
    (!patterns.is_empty() && patterns.iter().all(is_known)).then_some(Keys { operator, patterns })
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// The resources that a policy can name.
pub(super) struct Nameable<'a> {
    /// By their names here.
    pub(super) tables: &'a BTreeMap<String, Table>,
    /// The values that their names consist of, by the names of these.
    pub(super) values: BTreeMap<String, String>,
}

/// Reads the policies of a function, whose logical id is for the error.
pub(super) fn read(
    function: &str,
    policies: Value,
    nameable: &Nameable<'_>,
) -> Result<BTreeSet<Permission>, TemplateError> {
    let refused = |reason| TemplateError::UnsupportedPolicy { function: function.to_owned(), reason };
    let policies: Vec<Policy> =
        serde_json::from_value(policies).map_err(|error| refused(error.to_string()))?;
    let mut permissions = BTreeSet::new();
    for statement in policies.into_iter().flat_map(|policy| policy.statement) {
        if statement.effect != "Allow" {
            return Err(refused(format!("the effect {}", statement.effect)));
        }
        let keys = match statement.condition {
            None => None,
            Some(condition) => {
                let unread = || refused(format!("the condition {condition}"));
                Some(keys(condition.clone()).ok_or_else(unread)?)
            }
        };
        for action in statement.action.as_slice() {
            if !action.contains(':') || has_wildcard(action) {
                return Err(refused(format!("the action {action}")));
            }
            let names = statement.resource.own();
            for name in names.ok_or_else(|| refused(format!("the resource {}", statement.resource)))? {
                let resource =
                    nameable.resource(name).ok_or_else(|| refused(format!("the resource {name}")))?;
                permissions.insert(Permission { action: action.clone(), resource, keys: keys.clone() });
            }
        }
    }
    Ok(permissions)
}

impl Nameable<'_> {
    /// `!GetAtt` and `!Sub` are not seen here, only the values after them; `cfn-lint` checks the
    /// tags.
    fn resource(&self, name: &str) -> Option<String> {
        if let Some(id) = name.strip_suffix(".Arn") {
            let name = Some(table_name(id)).filter(|name| self.tables.contains_key(name))?;
            return Some(format!("table/{name}"));
        }
        if let Some(stream) = self.stream(name) {
            return Some(format!("table/{stream}/stream"));
        }
        if let Some((id, index)) = name.strip_prefix("${").and_then(|name| name.split_once(".Arn}/index/")) {
            let name = table_name(id);
            let mut indexes = self.tables.get(&name)?.global_secondary_indexes.iter();
            return indexes.any(|it| it.index_name == index).then(|| format!("table/{name}/index/{index}"));
        }
        let own = name.strip_prefix("arn:${AWS::Partition}:")?;
        let (service, resource) = own.split_once(":${AWS::Region}:${AWS::AccountId}:")?;
        let (before, rest) = resource.split_once("${")?;
        let (name, after) = rest.split_once('}')?;
        let is_known = matches!(
            (service, before, after),
            ("secretsmanager", "secret:", "*" | ADDED) | ("events", "event-bus/", "")
        );
        let value = self.values.get(name).filter(|_| is_known)?;
        Some(format!("{before}{value}{}", after.trim_end_matches(ADDED)))
    }

    /// The table of a stream, such as `WebhooksTable.StreamArn`.
    pub(super) fn stream(&self, name: &str) -> Option<String> {
        let table = table_name(name.strip_suffix(".StreamArn")?);
        self.tables.get(&table)?.stream_specification.is_some().then_some(table)
    }
}
