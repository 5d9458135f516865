//! The modules that each folder may use.

/// Pure modules: no I/O, and no clock but the `Clock` port. A module includes all that is below it.
pub(crate) const PURE: &[&str] = &[
    "values",
    "order",
    "stored_cards/payment_method",
    "journal/attention",
    "journal/changes",
    "journal/concern",
    "journal/facts",
    "journal/fees",
    "journal/receipt",
    "journal/totals",
    "people/audit",
    "people/grant",
    "people/identity",
    "people/person_entry",
    "people/register",
    "settlement/facts",
    "settlement/matching",
    "webhooks/webhook",
];

/// The pure modules that are ports, and so have `async` functions.
pub(crate) const PORTS: &[&str] = &["values/clock", "settlement/facts/store"];

/// Start-up, which alone names adapters.
pub(crate) const START_UP: &[&str] = &["lambda", "start"];

/// Adapters: modules that implement a port of the core. Their parts that implement none
/// (`aws_error`, and `merchant_document`, which reads a text into a merchant) are no adapters.
pub(crate) const ADAPTERS: &[&str] =
    &["cardpointe", "secrets_manager", "dynamodb", "webhook_client", "elastic_path_client", "event_bridge"];

/// Where other packages name the gateway's adapter: the fault simulation, which carries its
/// requests and reads its reports, and the benchmark of settlement, which measures how they are
/// read.
pub(crate) const NAME_THE_GATEWAY: &[(&str, &str)] = &[
    ("bench", "settlement"),
    ("bench", "settlement/writes"),
    ("fault_simulation", "gateway"),
    ("fault_simulation", "gateway/line"),
    ("fault_simulation", "settled"),
    ("fault_simulation", "settled/ports"),
];

/// From the inside out. A folder that is not listed uses no other.
pub(crate) const MAY_USE: &[(&str, &str)] = &[
    // The core.
    ("order", "values"),
    ("payments", "values order"),
    ("stored_cards", "values order payments"),
    ("journal", "values order payments"),
    ("people", "values order payments"),
    ("settlement", "values order payments journal webhooks"),
    ("webhooks", "values order payments"),
    // Adapters, and their parts.
    ("https", "values"),
    ("cardpointe", "values order payments stored_cards settlement https"),
    ("merchant_document", "values order payments"),
    ("search_keys", "values payments"),
    ("secrets_manager", "values order payments journal aws_error merchant_document search_keys"),
    ("dynamodb", "values order payments stored_cards journal people settlement webhooks aws_error"),
    ("webhook_client", "values order webhooks aws_error https"),
    ("elastic_path_client", "values order payments abuse https"),
    ("event_bridge", "payments webhooks aws_error"),
    // The modules that the APIs share.
    ("openid", "values people aws_error https"),
    ("access_token", "order payments"),
    ("invocation", "values payments transfer version"),
    ("source", "values payments"),
    ("abuse", "order source"),
    ("access", "values order payments people abuse access_token source"),
    ("ports", "values order payments stored_cards journal people settlement webhooks access openid"),
    (
        "api",
        "values order payments people stored_cards abuse access access_token invocation ports source transfer",
    ),
    ("spreadsheet", "values order journal people settlement"),
    ("status", "payments invocation version"),
    // Metrics.
    ("telemetry", "journal payments settlement webhooks publishing invocation"),
    // APIs.
    ("credit_card", "values order payments journal access invocation ports api"),
    (
        "elastic_path",
        "values order payments people stored_cards journal settlement webhooks spreadsheet access access_token \
          openid search_keys invocation ports api",
    ),
    // The modules that tell others.
    ("publishing", "payments journal settlement webhooks elastic_path"),
    // Start-up.
    (
        "lambda",
        "publishing values order payments stored_cards journal settlement webhooks webhook_client cardpointe \
          secrets_manager dynamodb elastic_path_client openid abuse access access_token invocation ports source telemetry",
    ),
    ("functions", "elastic_path credit_card api invocation lambda ports"),
    // Start-up of the function that publishes events, in a package of its own.
    ("start", "values payments webhooks event_bridge publishing dynamodb lambda"),
];
