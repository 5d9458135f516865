//! A function's policy in the template, as the permissions that it grants.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{TemplateError, reference::Reference};
use crate::permissions::{PARTS, Part, Permission, Resource};

/// The secrets of the stage's merchants, with any name after their prefix.
const MERCHANT_SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${MerchantsPrefix}*";

/// The secret with the clients that sign people in. AWS adds six characters to its name.
const SIGN_IN_CLIENTS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SignInClients}-??????";

const CONSOLE_SECRET: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${ConsoleSecret}-??????";

/// The secrets of merchants' receivers.
const WEBHOOK_SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${WebhooksPrefix}*";

/// The bus that the stack's parameter names.
const EVENT_BUS: &str =
    "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}";

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

/// The part of a table that a condition limits a statement to.
fn part(table: &Resource, condition: &Value) -> Option<Resource> {
    let is_condition = |part: &Part| {
        let operator = format!("ForAllValues:{}", part.operator);
        part.whole == *table && *condition == json!({ operator: { "dynamodb:LeadingKeys": part.keys } })
    };
    PARTS.into_iter().find(is_condition).map(|part| part.resource)
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

/// The logical ids of the tables.
pub(super) struct Tables<'a> {
    pub(super) orders: &'a str,
    pub(super) attempts: &'a str,
    pub(super) journal: &'a str,
    pub(super) settlement: &'a str,
    pub(super) people: &'a str,
    pub(super) webhooks: &'a str,
    pub(super) console: &'a str,
}

/// Reads the policies of a function, whose logical id is for the error.
pub(super) fn read(
    function: &str,
    policies: Value,
    tables: &Tables<'_>,
) -> Result<BTreeSet<Permission>, TemplateError> {
    let refused = |reason| TemplateError::UnsupportedPolicy { function: function.to_owned(), reason };
    let policies: Vec<Policy> =
        serde_json::from_value(policies).map_err(|error| refused(error.to_string()))?;
    let mut permissions = BTreeSet::new();
    for statement in policies.iter().flat_map(|policy| &policy.statement) {
        if statement.effect != "Allow" {
            return Err(refused(format!("the effect {}", statement.effect)));
        }
        for action in statement.action.as_slice() {
            if !action.contains(':') || action.contains(['*', '?']) {
                return Err(refused(format!("the action {action}")));
            }
            let names = statement.resource.own();
            for name in names.ok_or_else(|| refused(format!("the resource {}", statement.resource)))? {
                let resource =
                    resource(name, tables).ok_or_else(|| refused(format!("the resource {name}")))?;
                let resource = match &statement.condition {
                    None => resource,
                    Some(condition) => part(&resource, condition)
                        .ok_or_else(|| refused(format!("the condition {condition}")))?,
                };
                permissions.insert(Permission { action: action.clone(), resource });
            }
        }
    }
    Ok(permissions)
}

/// `!GetAtt` and `!Sub` are not seen here, only the values after them; `cfn-lint` checks the tags.
fn resource(name: &str, tables: &Tables<'_>) -> Option<Resource> {
    if name == MERCHANT_SECRETS {
        return Some(Resource::MerchantSecrets);
    }
    if name == WEBHOOK_SECRETS {
        return Some(Resource::WebhookSecrets);
    }
    if name == SIGN_IN_CLIENTS {
        return Some(Resource::SignInClients);
    }
    if name == CONSOLE_SECRET {
        return Some(Resource::ConsoleSecret);
    }
    if name == EVENT_BUS {
        return Some(Resource::EventBus);
    }
    let of = |table: &str, rest: &str| name.strip_suffix(rest) == Some(table);
    for (table, resource) in [
        (tables.orders, Resource::Table),
        (tables.attempts, Resource::AttemptsTable),
        (tables.journal, Resource::JournalTable),
        (tables.settlement, Resource::SettlementTable),
        (tables.people, Resource::PeopleTable),
        (tables.webhooks, Resource::WebhooksTable),
        (tables.console, Resource::ConsoleTable),
    ] {
        if of(table, ".Arn") {
            return Some(resource);
        }
    }
    if of(tables.orders, ".StreamArn") {
        return Some(Resource::Stream);
    }
    if of(tables.webhooks, ".StreamArn") {
        return Some(Resource::WebhooksStream);
    }
    let index_of = |table: &str| {
        let index = name.strip_prefix(&format!("${{{table}.Arn}}/index/"))?;
        (!index.contains(['*', '?', '$'])).then(|| index.to_owned())
    };
    index_of(tables.orders)
        .map(Resource::Index)
        .or_else(|| index_of(tables.journal).map(Resource::JournalIndex))
        .or_else(|| index_of(tables.settlement).map(Resource::SettlementIndex))
        .or_else(|| index_of(tables.webhooks).map(Resource::WebhooksIndex))
}
