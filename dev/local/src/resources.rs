//! The names of the stack's AWS resources; the template leaves them to the deployment.

/// A table's name, made from its id in the template: `JournalTable` is [`JOURNAL_TABLE_NAME`].
pub(crate) fn table_name(id: &str) -> String {
    match id.strip_suffix("Table") {
        Some("Payments") => TABLE_NAME.to_owned(),
        Some(subject) => format!("{TABLE_NAME}-{}", subject.to_lowercase()),
        // Not the name of a table that is called as a parameter is.
        None => format!("{TABLE_NAME}-{id}"),
    }
}

/// The table of orders.
pub const TABLE_NAME: &str = "tollgate-local";

/// The table of shoppers' attempts.
pub const ATTEMPTS_TABLE_NAME: &str = "tollgate-local-attempts";

/// The table of the journal, its totals included.
pub const JOURNAL_TABLE_NAME: &str = "tollgate-local-journal";

/// The table of lines, deposits and exceptions of the settlement.
pub const SETTLEMENT_TABLE_NAME: &str = "tollgate-local-settlement";

/// The table of people, and their actions that move no money.
pub const PEOPLE_TABLE_NAME: &str = "tollgate-local-people";

/// The table of webhooks' deliveries and receivers' health.
pub const WEBHOOKS_TABLE_NAME: &str = "tollgate-local-webhooks";

/// The table of people's sessions at the console.
pub const CONSOLE_TABLE_NAME: &str = "tollgate-local-console";

/// The secret with the console's client and its sealing key.
pub(crate) const CONSOLE_SECRET: &str = "tollgate/console";

/// The prefix of the names of receivers' secrets.
pub const WEBHOOKS_PREFIX: &str = "tollgate/webhooks/";

/// The bus that every AWS account has.
pub(crate) const EVENT_BUS_NAME: &str = "default";

/// The region that clients are told; nothing here depends on it.
pub const REGION: &str = "us-east-1";
