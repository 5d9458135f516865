//! What each folder may use.

/// What is pure: no I/O, and no clock but the `Clock` port. A module includes all that is below it.
pub(crate) const PURE: &[&str] = &[
    "values",
    "order",
    "stored_cards/payment_method",
    "journal/attention",
    "journal/changes",
    "journal/concern",
    "journal/facts",
    "journal/receipt",
    "journal/totals",
    "webhooks/webhook",
];

/// What of it is a port, and so has `async` functions.
pub(crate) const PORTS: &[&str] = &["values/clock"];

/// From the inside out. A folder that is not listed uses no other.
pub(crate) const MAY_USE: &[(&str, &str)] = &[
    // The core.
    ("order", "values"),
    ("payments", "values order"),
    ("stored_cards", "values order payments"),
    ("journal", "values order payments"),
    ("webhooks", "values order payments"),
    // Adapters.
    ("cardpointe", "values order payments stored_cards"),
    ("merchant_document", "values order payments cardpointe"),
    ("secrets_manager", "values order payments aws_error merchant_document"),
    ("dynamodb", "values order payments stored_cards journal webhooks aws_error"),
    ("webhook_client", "values order payments webhooks aws_error"),
    ("event_bridge", "payments webhooks aws_error"),
    // What the APIs share.
    ("access_token", "order payments"),
    ("invocation", "values payments version"),
    ("app", "values order payments stored_cards journal abuse access_token invocation"),
    ("api", "values order payments stored_cards access_token invocation app"),
    ("spreadsheet", "values journal"),
    ("status", "invocation app version"),
    // Metrics.
    ("telemetry", "journal payments webhooks publishing invocation"),
    // APIs.
    ("credit_card", "values order payments cardpointe invocation app api"),
    (
        "elastic_path",
        "values order payments stored_cards journal webhooks spreadsheet cardpointe access_token invocation app api",
    ),
    // What tells others.
    ("publishing", "journal webhooks elastic_path"),
    // Start-up.
    (
        "lambda",
        "values order payments stored_cards journal webhooks event_bridge publishing webhook_client cardpointe \
         secrets_manager dynamodb abuse invocation app telemetry",
    ),
];
