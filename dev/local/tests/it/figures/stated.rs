//! Which sentences state which numbers of the code.

use super::{DAY, HOUR, KIB, MIB, MINUTE, SECOND};

/// A sentence of a page with `{}` in place of each number, where the numbers are set, and their
/// unit: times are in milliseconds. They are set in a constant (after its file where the name is
/// not the only one), the default of a member, or a parameter of the template.
type Row = (&'static str, &'static str, u64);

/// The unit of each number is the one that it is set in.
pub(super) const AS_SET: u64 = 0;

/// A page and its sentences.
type Page = (&'static str, &'static [Row]);

pub(super) const GROUPS: [&[Page]; 6] = [
    ABOUT_SECURITY,
    ABOUT_RELIABILITY,
    ABOUT_THE_ORDER_API,
    ABOUT_THE_CREDIT_CARD_API,
    ABOUT_NOTIFICATIONS,
    FOR_OPERATORS,
];

/// Limits, storage and deletion.
const ABOUT_SECURITY: &[Page] = &[
    (
        "docs/security.md",
        &[
            ("take the same time ({} ms)", "WRONG_KEY_TIME", 1),
            ("Keys have at least {} characters", "KEY_MIN_CHARS", 1),
            ("| wrong keys | {} in {} minutes", "WRONG_KEYS", MINUTE),
            ("| wrong merchants | {} different ones in {} minutes", "MERCHANTS", MINUTE),
            ("| {} in an hour (`declines_per_source_hour`)", "declines_per_source_hour", 1),
            ("| payments in flight | {}, then", "IN_FLIGHT", 1),
            ("| … of an IPv6 /48 | {} |", "NETWORK_IN_FLIGHT", 1),
            ("| … of an IPv6 /48 | {} in an hour", "NETWORK_DECLINES", 1),
            ("| … of one order | {} in an hour", "DECLINES_PER_ORDER_HOUR", 1),
            ("| declined verifications | {} in an hour", "DECLINES_PER_HOUR", 1),
            ("decline; up to {} different ones in an hour", "APPROVED_MAX", 1),
            ("at most {} places are taken", "LEFT_TAKEN", 1),
            ("of one write hold at most {} places", "LEFT_TAKEN", 1),
            ("keeps it for {}", "COUNTER_KEPT", MINUTE),
            ("| {} declined or pending (`declines_per_order`)", "policy.rs/attempts", 1),
            ("Up to {} sources are remembered", "SOURCES_MAX", 1),
            ("a 429 costs {} ms", "WRONG_KEY_TIME", 1),
            ("| one order | {} transactions", "TRANSACTIONS_MAX", 1),
            ("transactions, {} operations |", "OPERATIONS_MAX", 1),
            ("| body | {} KiB; ", "exchange.rs/BODY_MAX_BYTES", KIB),
            ("KiB; {} KiB for a token's form", "FORM_MAX_BYTES", KIB),
            ("token's form; {} levels", "DEPTH_MAX", 1),
            ("Texts are cut to {} characters", "TEXT_MAX_CHARS", 1),
            ("digits with up to {} characters between them", "SEPARATOR_MAX", 1),
        ],
    ),
    (
        "docs/reference/inventory.md",
        &[
            ("who requested it, in up to {} bytes", "ACTOR_MAX_BYTES", 1),
            ("why it was requested, in up to {} bytes", "REASON_MAX_BYTES", 1),
            ("| business, free | why, in up to {} bytes", "REASON_MAX_BYTES", 1),
            ("its text: {} characters, cleaned", "TEXT_MAX_CHARS", 1),
            ("`X-Request-Id`, up to {} characters", "REQUEST_ID_MAX", 1),
        ],
    ),
];

/// How an outcome is found.
const ABOUT_RELIABILITY: &[Page] = &[
    (
        "docs/reliability.md",
        &[
            ("after a lost response, if {} s of its", "INQUIRY_MIN", SECOND),
            ("cannot be running any more ({} s)", "STILL_RUNNING", SECOND),
            ("reading the transaction | from {} minutes on", "REPAIR_AFTER", MINUTE),
            ("seen twice, {} s apart", "INQUIRED_TWICE_APART", SECOND),
            ("at least {} s after sending", "ABSENCE_COUNTS_AFTER", SECOND),
            ("the gateway's own limit is {} s", "WORKING_MAX", SECOND),
            ("after {} orders without one, that account", "FAILED_ORDERS_MAX", 1),
            ("put off by {} minutes", "PUT_OFF", MINUTE),
            ("merchant gets an event after {} days", "REVIEW_NOTICE_AFTER", DAY),
            ("sends {} inquiries at a time", "InquiryConcurrency", 1),
            ("for up to {} orders of each merchant", "InquiriesPerMerchant", 1),
            ("less than {} s old gets 409", "duplicate_window", SECOND),
            ("idle for more than {} s are not used", "IDLE_MAX", SECOND),
            ("It is sent up to {} times", "VOID_ATTEMPTS_MAX", 1),
            ("Refunds it, up to {} attempts", "REFUND_ATTEMPTS_MAX", 1),
        ],
    ),
    (
        "docs/cardpointe.md",
        &[
            ("responds at {} s: `PPS` 62", "WORKING_MAX", SECOND),
            ("before the gateway's {} s", "WORKING_MAX", SECOND),
        ],
    ),
];

const ABOUT_THE_ORDER_API: &[Page] = &[
    (
        "docs/api.md",
        &[
            ("a person in your system ({} bytes)", "ACTOR_MAX_BYTES", 1),
            ("and `reason` ({} bytes)", "REASON_MAX_BYTES", 1),
            ("the id: 1 to {} letters", "order.rs/ID_MAX_CHARS", 1),
            ("within the last {} s could be a late", "duplicate_window", SECOND),
            ("| amount | 1 to {} minor units", "money.rs/MAX", 1),
            ("| body | {} KiB, a token", "exchange.rs/BODY_MAX_BYTES", KIB),
            ("a token request {} KiB", "FORM_MAX_BYTES", KIB),
            ("JSON no deeper than {} levels", "DEPTH_MAX", 1),
            ("| transactions of one order | {},", "TRANSACTIONS_MAX", 1),
            ("| operations of one order | {} (", "OPERATIONS_MAX", 1),
            ("a person in your system ({} bytes)", "ACTOR_MAX_BYTES", 1),
            ("`reason` ({} bytes)", "REASON_MAX_BYTES", 1),
            ("{} of them reserved for each", "RESERVE_PER_OPEN_TRANSACTION", 1),
            ("`implicit` token | {} declined or pending per order", "policy.rs/attempts", 1),
            ("per order, {} declined per", "declines_per_source_hour", 1),
            ("| 1 to {} printable ASCII characters", "KEY_MAX_CHARS", 1),
            ("of all payments of one order | {} KiB", "REFERENCES_MAX_BYTES", KIB),
            ("whole members as fit into {} bytes", "wire.rs/METADATA_MAX", 1),
            ("city are cut to {} characters", "wire.rs/TEXT_MAX", 1),
            ("characters, the region to {}.", "REGION_MAX", 1),
        ],
    ),
    ("docs/disputes.md", &[("An order keeps {} reports", "DISPUTES_MAX", 1)]),
    (
        "docs/retries.md",
        &[
            ("less than {} s ago (the merchant's", "duplicate_window", SECOND),
            ("sent less than {} s ago | 409", "STILL_RUNNING", SECOND),
            ("key | from {} s after the payment was sent", "STILL_RUNNING", SECOND),
            ("No inquiry is sent in the first {} s", "STILL_RUNNING", SECOND),
            ("transaction | from {} minutes after", "REPAIR_AFTER", MINUTE),
            ("only when found twice, {} s apart", "INQUIRED_TWICE_APART", SECOND),
            ("the first time at least {} s after", "ABSENCE_COUNTS_AFTER", SECOND),
            ("every minute | after {}, {}, {}, {} and {} minutes, then hourly", "BACK_OFF_MIN", 1),
        ],
    ),
    (
        "docs/reports.md",
        &[
            ("`page[limit]` is 1 to {} (default", "ROWS_MAX", 1),
            ("A page reads at most {} MB", "READ_MAX_BYTES", MIB),
            ("a page ends after about {} MB of orders", "FULL_AT_BYTES", MIB),
            ("| `month` | {} days", "DAYS_OF_MONTHS_MAX", 1),
            ("| `day` | {} days", "periods.rs/DAYS_MAX", 1),
            ("`provisional` until {} hour after its end", "PROVISIONAL_HOURS", 1),
        ],
    ),
    ("docs/cards.md", &[("A customer can have {} cards", "CARDS_MAX", 1)]),
    (
        "docs/openapi.yaml",
        &[
            ("own: an object of at most {} texts", "METADATA_MEMBERS_MAX", 1),
            (
                "CustomReference: allOf: [{$ref: '#/components/schemas/Text'}] maxLength: {} ",
                "elastic_path/request/references.rs/REFERENCE_MAX",
                1,
            ),
            (
                "payment's `name`. $ref: '#/components/schemas/Text' maxLength: {} ",
                "elastic_path/request/references.rs/REFERENCE_MAX",
                1,
            ),
            (
                "The purchase. May not look like a card number. Needs a merchant's token. \
                 $ref: '#/components/schemas/Text' maxLength: {} ",
                "elastic_path/request/members.rs/TEXT_MAX",
                1,
            ),
            ("A name has 1 to {} of", "METADATA_NAME_MAX", 1),
            ("a value at most {} characters", "METADATA_VALUE_MAX", 1),
            ("all together have at most {} bytes", "METADATA_MAX_BYTES", 1),
        ],
    ),
];

/// The credit-card API, and the errors of both.
const ABOUT_THE_CREDIT_CARD_API: &[Page] = &[
    (
        "docs/credit-card.md",
        &[
            ("more than {} KiB, or nested", "exchange.rs/BODY_MAX_BYTES", KIB),
            ("nested deeper than {} levels", "DEPTH_MAX", 1),
            ("for {} s after it was sent", "STILL_RUNNING", SECOND),
            ("from {} s after the payment was sent", "STILL_RUNNING", SECOND),
        ],
    ),
    (
        "docs/openapi.yaml",
        &[
            (
                "Stored; user field `reference`. minLength: 1 maxLength: {} ",
                "credit_card/reference.rs/REFERENCE_MAX",
                1,
            ),
            ("maxLength: {}, description: 'With `Street`, `address`", "LINE_MAX", 1),
            ("Zip: {type: string, maxLength: {}, pattern", "ZIP_MAX", 1),
            ("Email: allOf: [{$ref: '#/components/schemas/CardText'}] maxLength: {} ", "pay.rs/EMAIL_MAX", 1),
            ("maxLength: {}, description: 'The purchase. Stored", "credit_card/pay.rs/TEXT_MAX", 1),
            ("maxLength: {}, description: 'The cardholder''s. Stored; `name`", "pay.rs/KEPT_MAX", 1),
            ("Letters and digits, at most {}, besides blanks", "POSTCODE_MAX", 1),
        ],
    ),
    (
        "docs/errors.md",
        &[
            ("The body is larger than {} KiB", "exchange.rs/BODY_MAX_BYTES", KIB),
            ("a token request larger than {} KiB", "FORM_MAX_BYTES", KIB),
            ("The order has {} transactions", "TRANSACTIONS_MAX", 1),
            ("The customer has {} stored cards", "CARDS_MAX", 1),
            ("or {} declined requests to store", "payment_method.rs/ENTRIES_MAX", 1),
            ("was approved within the last {} s", "duplicate_window", SECOND),
            ("was sent less than {} s ago", "STILL_RUNNING", SECOND),
            (
                "A wrong key after {} others from this address for this merchant within {} minutes",
                "WRONG_KEYS",
                MINUTE,
            ),
        ],
    ),
];

const ABOUT_NOTIFICATIONS: &[Page] = &[
    ("docs/events.md", &[("or not stated, for {} days", "REVIEW_NOTICE_AFTER", DAY)]),
    (
        "docs/webhooks.md",
        &[
            ("hours until {} days have passed", "REPEATED_FOR", DAY),
            ("After {} failures in a row", "DOWN_AFTER", 1),
            ("at first and every {} minutes at last", "LAST_PROBE", MINUTE),
            ("from 200 to 299 within {} seconds", "https.rs/LIMIT", SECOND),
            (
                "sent again after {}, {} and {} minutes, {}, {} and {} hours, and then every {} hours",
                "DELAYS",
                AS_SET,
            ),
            ("Deliveries remain for {} days", "KEPT_FOR", DAY),
            ("`whsec_` and {} to {} bytes", "signature.rs/SECRET_BYTES", 1),
        ],
    ),
];

/// A deployment and its merchants.
const FOR_OPERATORS: &[Page] = &[
    ("docs/deploy.md", &[("PCI DSS requires {};", "LogRetentionDays", 1)]),
    (
        "docs/merchants.md",
        &[
            ("Each function caches a merchant for {} minutes", "secrets_manager.rs/FRESH", MINUTE),
            ("of one merchant or all | within {} seconds", "STOP_KEPT", SECOND),
            ("each key has at least {} characters", "KEY_MIN_CHARS", 1),
            ("A name has 1 to {} letters", "KEY_NAME_MAX_CHARS", 1),
            ("with the cached document, for {} minutes", "STALE_FOR_PAYMENTS", MINUTE),
        ],
    ),
    (
        "docs/cli.md",
        &[
            ("up to {} bytes of name", "DECIDED_BY_MAX_BYTES", 1),
            ("and {} bytes of reason", "REASON_MAX_BYTES", 1),
        ],
    ),
    (
        "docs/console.md",
        &[
            ("file or form waits for up to {} s and then", "PAGE_LIMIT", SECOND),
            ("only forms of at most {} KiB are read", "PAGE_FORM_MAX_BYTES", KIB),
            ("its description is kept for {} minutes", "DESCRIPTION_FRESH", MINUTE),
        ],
    ),
    (
        "docs/scheduled-capture.md",
        &[("The parameter `CaptureConcurrency` ({}, at most", "CaptureConcurrency", 1)],
    ),
    (
        "docs/run-book.md",
        &[
            ("more than {} decisions for one order", "BY_HAND_MAX", 1),
            ("sent less than {} hour ago", "BY_HAND_AFTER", HOUR),
            ("reads every {} seconds", "STOP_KEPT", SECOND),
            ("continue for {} minutes for merchants", "STALE_FOR_PAYMENTS", MINUTE),
            ("set `disabled` in its document: 401 after {} minutes", "secrets_manager.rs/FRESH", MINUTE),
            ("up to {} per minute and merchant", "InquiriesPerMerchant", 1),
            ("accepted nothing for {} days", "REPEATED_FOR", DAY),
        ],
    ),
];
