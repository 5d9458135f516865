//! What each module may use, beside its own children.

/// Values and rules: pure.
pub(crate) const RULES: [&str; 18] = [
    "words",
    "money",
    "card",
    "carried",
    "memo",
    "decline",
    "discount",
    "policy",
    "outcome",
    "operation",
    "transaction",
    "order",
    "payment_method",
    "journal",
    "quarter",
    "attention",
    "concern",
    "webhook",
];

/// From the inside out. A module that is not listed uses no other.
pub(crate) const MAY_USE: &[(&str, &str)] = &[
    // Values and rules.
    ("decline", "words"),
    ("memo", "money"),
    ("discount", "money card"),
    ("outcome", "money card carried decline"),
    ("operation", "money card carried decline outcome"),
    ("policy", "operation"),
    ("transaction", "money card carried memo outcome operation"),
    ("order", "money card carried memo decline outcome operation policy transaction"),
    ("payment_method", "card carried outcome operation order policy"),
    ("journal", "money card decline outcome operation transaction order words"),
    ("attention", "journal operation order words"),
    ("concern", "journal order transaction words"),
    ("webhook", "order"),
    // Ports.
    ("merchants", "money discount operation policy order words"),
    ("gateway", "money card memo outcome operation order merchants"),
    ("profiles", "card outcome operation merchants"),
    ("store", "order"),
    ("customers", "store payment_method"),
    ("switch", "store"),
    ("attempts", "order store"),
    ("trail", "operation"),
    ("entry_store", "journal order quarter store"),
    ("entry_log", "journal money operation order store"),
    ("totals_store", "journal order quarter store"),
    ("event_bus", "order store"),
    ("receivers", "order store webhook"),
    // Use cases.
    (
        "payments",
        "money outcome operation policy transaction order clock merchants gateway store \
         trail",
    ),
    (
        "payment_methods",
        "money card outcome operation order payment_method clock merchants gateway customers \
         profiles store payments trail",
    ),
    ("reconcile", "outcome operation order merchants store payments"),
    ("scheduled_capture", "outcome operation transaction order merchants store payments"),
    ("journaling", "journal order quarter store entry_store"),
    ("totalling", "clock journal order payments quarter store entry_log totals_store"),
    ("listing", "money card transaction order journal concern store entry_log"),
    ("receipt", "money card transaction order merchants"),
    ("totals", "order journal store entry_log totals_store listing"),
    ("delivering", "clock store event_bus receivers webhook"),
    // Adapters.
    (
        "cardpointe",
        "money card carried decline outcome operation clock merchants gateway \
     profiles",
    ),
    ("merchant_document", "money card discount policy order merchants cardpointe"),
    ("secrets_manager", "order clock merchants trail aws_error merchant_document"),
    (
        "dynamodb",
        "money card carried memo decline outcome operation transaction order journal store \
         attempts clock switch customers payment_method entry_store entry_log totals_store quarter journaling aws_error words receivers delivering webhook",
    ),
    ("webhooks", "order clock store receivers webhook aws_error"),
    ("event_bridge", "event_bus store aws_error"),
    // What the APIs share.
    ("access_token", "operation order merchants"),
    ("invocation", "card trail payments version"),
    (
        "app",
        "order clock merchants switch attempts trail entry_log totals_store payment_methods payments reconcile scheduled_capture \
         abuse access_token invocation",
    ),
    (
        "api",
        "money card outcome operation order payment_method merchants store trail payment_methods \
         payments access_token \
         invocation app words",
    ),
    ("spreadsheet", "card concern journal listing"),
    ("status", "invocation app version"),
    // Metrics.
    ("telemetry", "trail reconcile scheduled_capture totalling journaling delivering publishing invocation"),
    // APIs.
    (
        "credit_card",
        "money card memo discount operation transaction order merchants gateway \
         payments cardpointe invocation app api",
    ),
    (
        "elastic_path",
        "money card memo decline outcome operation policy transaction order journal attention concern clock listing totals spreadsheet \
         payment_method payment_methods merchants gateway attempts event_bus trail payments cardpointe access_token invocation \
         app api words",
    ),
    // What tells others.
    ("publishing", "event_bus journaling elastic_path"),
    // Start-up.
    (
        "lambda",
        "order clock merchants store entry_store entry_log totals_store trail payment_methods payments reconcile scheduled_capture journaling \
         receivers delivering webhooks cardpointe secrets_manager dynamodb abuse invocation app telemetry",
    ),
    // Start-up of the function that publishes events, in a package of its own.
    ("start", "clock event_bus event_bridge publishing dynamodb telemetry lambda"),
];
