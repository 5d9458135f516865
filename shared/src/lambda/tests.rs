//! A function's environment, and the runtime that it runs in.

mod runtime;

use std::collections::BTreeSet;

use super::*;
use crate::{test_process, webhook_client::Settings};

/// The environment of a function, as short as it can be.
const ENVIRONMENT: [(&str, Option<&str>); 32] = [
    ("TABLE_NAME", Some("orders")),
    ("ATTEMPTS_TABLE_NAME", Some("attempts")),
    ("MERCHANTS_PREFIX", Some("tollgate/merchants/")),
    ("GATEWAY_HOSTS", Some("127.0.0.1")),
    ("ELASTIC_PATH_HOSTS", Some("127.0.0.1")),
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
    ("SETTLEMENT_TABLE_NAME", Some("settlement")),
    ("PEOPLE_TABLE_NAME", Some("people")),
    ("OPENID_ISSUER", Some("https://issuer.example")),
    ("SIGN_IN_CLIENTS", Some("tollgate/sign-in")),
    ("AUDIT_DAYS", None),
    ("OPENID_SINGLE_TENANT", None),
    ("OPENID_AMR", None),
    ("OPENID_ACR", None),
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

/// Prints the environment's settings, one per line.
fn tell() {
    let place = |aws: &AwsSettings| {
        let AwsSettings { region, dynamodb_url, secretsmanager_url, credentials } = aws;
        let Credentials { access_key_id, secret_access_key, session_token } = credentials;
        format!(
            "{region} {dynamodb_url:?} {secretsmanager_url:?} {access_key_id} {secret_access_key} {session_token:?} \
             {credentials:?}"
        )
    };
    let config = Config::from_env().map(|config| {
        let Config { table, attempts_table, front, merchants, captures, inquiries, .. } = &config;
        println!("tables {table} {attempts_table}, a front {}", *front != Front::default());
        let MerchantSettings { prefix, hosts } = merchants;
        assert_eq!(hosts.shops, hosts.gateways);
        let gateways = &hosts.gateways;
        let hosts = gateways.allow("http://127.0.0.1/") && !gateways.allow("https://example.com/");
        println!("merchants {prefix} {hosts}");
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
    let settlement = SettlementConfig::from_env().map(|config| println!("settlement {}", config.table));
    let sign_in = SignInConfig::from_env().map(|config| {
        let SignInConfig { issuer, clients, people } = config.unwrap();
        println!("people {} {}", people.table, people.audit_kept.as_hours());
        println!("sign-in {} {clients} {}", issuer.url, issuer.required.is_some());
    });
    for result in [config, journal, webhooks, settlement, sign_in] {
        // As a process writes the error that its `main` returns.
        result.unwrap_or_else(|error| println!("error: {error:?}"));
    }
}

/// The lines of an environment with some values of its own.
fn told(others: &[(&str, Option<&str>)]) -> Vec<String> {
    let test = "the_environment_says_where_everything_is_and_a_mistake_in_it_stops_the_function";
    test_process::run(module_path!(), test, &environment(others))
}

const WEBHOOKS_PREFIX_EXPECTED: &str = "is not valid: expected a name of letters, digits or _+=.@-, then /webhooks/, \
                                        such as tollgate-prod/webhooks/";

/// A variable, a wrong value, and the problem that the error states after the name.
const MISTAKES: [(&str, &str, &str); 18] = [
    ("SIGN_IN_CLIENTS", "tollgate/merchants/sign-in", "must not be below MERCHANTS_PREFIX"),
    ("TABLE_NAME", "", "is empty"),
    ("CAPTURE_SHARDS", "0", "must be 1 to 256"),
    ("CAPTURE_SHARDS", "257", "must be 1 to 256"),
    ("IN_DOUBT_SHARDS", "few", "must be 1 to 256"),
    ("CAPTURE_CONCURRENCY", "many", "must be a number"),
    ("INQUIRY_CONCURRENCY", "many", "must be a number"),
    ("INQUIRIES_PER_MERCHANT", "-1", "must be a number"),
    ("PAYMENTS", "stoped", "must be enabled or stopped"),
    ("TOKEN_KID_KEY", "hush", "is not valid: expected at least 32 characters, and not a reference to them"),
    (
        "FRONT_SECRET_DIGESTS",
        "hush",
        "is not valid: expected at most two SHA-256 digests in base64url, separated by a comma",
    ),
    ("GATEWAY_HOSTS", "*", "is not valid: expected hosts such as *.cardconnect.com, separated by commas"),
    (
        "MERCHANTS_PREFIX",
        "tollgate/",
        "is not valid: expected a name of letters, digits or _+=.@-, then /merchants/, such as \
         tollgate-prod/merchants/",
    ),
    // With either of them, the sender of webhooks could read merchants, or the other way around.
    ("WEBHOOKS_PREFIX", "tollgate/", WEBHOOKS_PREFIX_EXPECTED),
    ("WEBHOOKS_PREFIX", "tollgate/merchants/webhooks/", WEBHOOKS_PREFIX_EXPECTED),
    ("AUDIT_DAYS", "99999999999999999", "must be a number"),
    ("JOURNAL_RETENTION_MONTHS", "17", "must be 18 or more"),
    ("OPENID_ACR", ",", "is not valid: amr and acr are lists of words, separated by commas"),
];

#[test]
fn the_environment_says_where_everything_is_and_a_mistake_in_it_stops_the_function() {
    if test_process::is_alone() {
        return tell();
    }
    let usual = [
        "tables orders attempts, a front false",
        "merchants tollgate/merchants/ true",
        "captures 3 1",
        "inquiries 4 32 3000",
        "stopped false",
        "aws us-east-1 None None id hush None Credentials(hidden)",
        "known []",
        "journal journal",
        "webhooks hooks tollgate/webhooks/ 5 Public",
        "settlement settlement",
        "people people 9600",
        "sign-in https://issuer.example tollgate/sign-in false",
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
    ];
    assert_eq!(all, [&expected, &usual[7..]].concat());
    let errors = |name, value| {
        let lines = told(&[(name, value)]).into_iter();
        lines.filter(|line| line.starts_with("error: ")).collect::<BTreeSet<_>>()
    };
    for (name, value, why) in MISTAKES {
        assert_eq!(errors(name, Some(value)), BTreeSet::from([format!("error: {name} {why}")]));
    }
    // Without an issuer there is no sign-in.
    let needed = ENVIRONMENT.iter().filter(|(name, value)| value.is_some() && *name != "OPENID_ISSUER");
    for (name, _) in needed {
        assert_eq!(errors(name, None), BTreeSet::from([format!("error: {name} is not set")]));
        assert_eq!(errors(name, Some("")).len(), 1, "{name}");
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
