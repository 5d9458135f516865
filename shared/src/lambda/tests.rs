//! What a function's environment says, and the runtime that it runs in.

mod runtime;

use super::*;
use crate::{test_process, webhook_client::Settings};

/// The environment of a function, as short as it can be.
const ENVIRONMENT: [(&str, Option<&str>); 25] = [
    ("TABLE_NAME", Some("orders")),
    ("ATTEMPTS_TABLE_NAME", Some("attempts")),
    ("MERCHANTS_PREFIX", Some("tollgate/merchants/")),
    ("GATEWAY_HOSTS", Some("127.0.0.1")),
    ("STALE_PAYMENT_MINUTES", Some("30")),
    ("STALE_INQUIRY_MINUTES", Some("60")),
    ("CAPTURE_SHARDS", Some("3")),
    ("IN_DOUBT_SHARDS", Some("4")),
    ("PAYMENTS", Some("enabled")),
    ("TOKEN_KID_KEY", Some("hush-0123456789abcdef0123456789abcdef")),
    ("AWS_REGION", Some("us-east-1")),
    ("AWS_ACCESS_KEY_ID", Some("id")),
    ("AWS_SECRET_ACCESS_KEY", Some("hush")),
    ("WEBHOOKS_TABLE_NAME", Some("hooks")),
    ("WEBHOOKS_PREFIX", Some("tollgate/webhooks/")),
    ("JOURNAL_TABLE_NAME", Some("journal")),
    ("JOURNAL_RETENTION_MONTHS", Some("18")),
    ("FRONT_SECRET_DIGESTS", None),
    ("CAPTURE_CONCURRENCY", None),
    ("INQUIRY_CONCURRENCY", None),
    ("INQUIRIES_PER_MERCHANT", None),
    ("AWS_SESSION_TOKEN", None),
    ("AWS_ENDPOINT_URL_DYNAMODB", None),
    ("AWS_ENDPOINT_URL_SECRETS_MANAGER", None),
    ("KNOWN_MERCHANTS", None),
];

/// The same, with other values of some variables.
pub(super) fn environment<'a>(others: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, Option<&'a str>)> {
    ENVIRONMENT.into_iter().chain(others.iter().copied()).collect()
}

/// What the environment says, in a line each.
fn tell() {
    let place = |aws: &AwsPlace| {
        let AwsPlace { region, dynamodb_url, secretsmanager_url, credentials } = aws;
        let Credentials { access_key_id, secret_access_key, session_token } = credentials;
        format!(
            "{region} {dynamodb_url:?} {secretsmanager_url:?} {access_key_id} {secret_access_key} {session_token:?} \
             {credentials:?}"
        )
    };
    let config = Config::from_env().map(|config| {
        let Config { table, attempts_table, front, merchants, captures, inquiries, .. } = &config;
        println!("tables {table} {attempts_table}, a front {}", *front != Front::default());
        let MerchantSettings { prefix, gateway_hosts, stale_for_payments, stale_for_inquiries } = merchants;
        let hosts = gateway_hosts.allow("http://127.0.0.1/") && !gateway_hosts.allow("https://example.com/");
        let stale = [stale_for_payments, stale_for_inquiries].map(SignedDuration::as_mins);
        println!("merchants {prefix} {hosts} {stale:?}");
        println!("captures {} {}", captures.shards, captures.concurrency);
        println!("inquiries {} {} {}", inquiries.shards, inquiries.concurrency, inquiries.per_merchant);
        println!("stopped {}", config.payments_stopped);
        println!("aws {}", place(&config.aws));
    });
    let merchants: Vec<String> = known_merchants().iter().map(ToString::to_string).collect();
    println!("known {merchants:?}");
    let journal = JournalConfig::from_env().map(|config| println!("journal {}", config.table));
    let webhooks = WebhooksConfig::from_env().map(|config| {
        let Settings { prefix, fresh_for, allowed } = config.receivers;
        println!("webhooks {} {prefix} {} {allowed:?}", config.table, fresh_for.as_mins());
    });
    for result in [config, journal, webhooks] {
        result.unwrap_or_else(|error| println!("error: {error}"));
    }
}

/// What it says with some values of its own.
fn told(others: &[(&str, Option<&str>)]) -> Vec<String> {
    let test = "the_environment_says_where_everything_is_and_a_mistake_in_it_stops_the_function";
    test_process::run(module_path!(), test, &environment(others))
}

/// A variable, what it is set to, and what is said of that.
const MISTAKES: [(&str, Option<&str>, &str); 10] = [
    ("TABLE_NAME", None, "TABLE_NAME is not set"),
    ("CAPTURE_SHARDS", Some("0"), "CAPTURE_SHARDS must be 1 to 256"),
    ("CAPTURE_SHARDS", Some("257"), "CAPTURE_SHARDS must be 1 to 256"),
    ("CAPTURE_CONCURRENCY", Some("many"), "CAPTURE_CONCURRENCY must be a number"),
    ("STALE_PAYMENT_MINUTES", Some("-1"), "STALE_… must be a number of minutes"),
    ("TOKEN_KID_KEY", None, "TOKEN_KID_KEY is not set"),
    (
        "TOKEN_KID_KEY",
        Some("too short"),
        "TOKEN_KID_KEY must be a text of at least 32 characters, and no reference to one",
    ),
    (
        "FRONT_SECRET_DIGESTS",
        Some("no digest"),
        "FRONT_SECRET_DIGESTS must be at most two SHA-256 digests in base64url, separated by a comma",
    ),
    ("GATEWAY_HOSTS", Some("*"), "expected hosts such as *.cardconnect.com, separated by commas"),
    (
        "MERCHANTS_PREFIX",
        Some("tollgate/"),
        "MERCHANTS_PREFIX: expected a name of letters, digits or _+=.@-, then /merchants/, such as \
         tollgate-prod/merchants/",
    ),
];

#[test]
fn the_environment_says_where_everything_is_and_a_mistake_in_it_stops_the_function() {
    if test_process::is_alone() {
        return tell();
    }
    let usual = [
        "tables orders attempts, a front false",
        "merchants tollgate/merchants/ true [30, 60]",
        "captures 3 1",
        "inquiries 4 32 3000",
        "stopped false",
        "aws us-east-1 None None id hush None Credentials(hidden)",
        "known []",
        "journal journal",
        "webhooks hooks tollgate/webhooks/ 5 Public",
    ];
    assert_eq!(told(&[]), usual);
    let front = Front::digest("a secret of the front");
    let all = told(&[
        ("FRONT_SECRET_DIGESTS", Some(&front)),
        ("CAPTURE_CONCURRENCY", Some("7")),
        ("INQUIRY_CONCURRENCY", Some("8")),
        ("INQUIRIES_PER_MERCHANT", Some("9")),
        ("CAPTURE_SHARDS", Some("256")),
        ("IN_DOUBT_SHARDS", Some("1")),
        ("PAYMENTS", Some("stopped")),
        ("AWS_SESSION_TOKEN", Some("session")),
        ("AWS_ENDPOINT_URL_DYNAMODB", Some("http://127.0.0.1:1")),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", Some("")),
        ("KNOWN_MERCHANTS", Some("m,n,no merchant,")),
    ]);
    let expected = [
        "tables orders attempts, a front true",
        usual[1],
        "captures 256 7",
        "inquiries 1 8 9",
        "stopped true",
        "aws us-east-1 Some(\"http://127.0.0.1:1\") None id hush Some(\"session\") Credentials(hidden)",
        "known [\"m\", \"n\"]",
        usual[7],
        usual[8],
    ];
    assert_eq!(all, expected);
    for (name, value, why) in MISTAKES {
        let lines = told(&[(name, value)]);
        let error = format!("error: {why}");
        assert_eq!(lines, [usual[6], usual[7], usual[8], &error], "{name}");
    }
    // With either of them, what sends webhooks could read merchants, or the other way around.
    for prefix in ["tollgate/", "tollgate/merchants/webhooks/"] {
        let lines = told(&[("WEBHOOKS_PREFIX", Some(prefix))]);
        let error = "error: WEBHOOKS_PREFIX: expected a name of letters, digits or _+=.@-, then /webhooks/, such as \
                     tollgate-prod/webhooks/";
        assert_eq!(lines[..8], usual[..8], "{prefix}");
        assert_eq!(lines[8..], [error], "{prefix}");
    }
}

#[test]
fn a_process_has_one_library_for_tls_however_often_it_is_installed() {
    use rustls::crypto::CryptoProvider;

    if test_process::is_alone() {
        assert!(CryptoProvider::get_default().is_none());
        install_tls();
        install_tls();
        assert!(CryptoProvider::get_default().is_some());
        return;
    }
    let test = "a_process_has_one_library_for_tls_however_often_it_is_installed";
    test_process::run(module_path!(), test, &[]);
}

#[test]
fn the_carrier_of_requests_names_itself() {
    use aws_smithy_runtime_api::client::http::HttpClient as _;

    install_tls();
    assert!(aws_http_client().unwrap().connector_metadata().is_some());
}
