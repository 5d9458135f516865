//! When a merchant's secret is read, how long it is used, and the effect of a failure on payments
//! and on inquiries.

use memory::SetClock;
use std::fmt::Write as _;

use serde_json::json;
use tollgate_core::payments::trail::Trail;

use super::*;
use crate::{
    test_aws::{Aws, Scripted, error, ok, throttled},
    test_payments::GATEWAY,
};

fn document(endpoint: &str) -> Scripted {
    let document = json!({
        "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": { "base_url": endpoint, "username": "u", "password": "p", "merchids": { "USD": "1" } },
    });
    ok(json!({ "SecretString": document.to_string() }))
}

fn good() -> Scripted {
    document("https://fts-uat.cardconnect.com/cardconnect/rest")
}

/// Merchants, all that they read from, and the time.
struct Scene {
    merchants: SecretsManagerMerchants,
    aws: Arc<Aws>,
    clock: Arc<SetClock>,
}

impl Scene {
    fn responding(responses: impl IntoIterator<Item = Scripted>) -> Self {
        let (aws, clock) = (Aws::responding(responses), Arc::new(SetClock::at(Timestamp::UNIX_EPOCH)));
        let settings = MerchantSettings {
            prefix: "tollgate/merchants/".to_owned(),
            hosts: HostLists { gateways: AllowedHosts::gateways(), shops: AllowedHosts::shops() },
        };
        let merchants = SecretsManagerMerchants::new(aws.secrets_manager(), settings, GATEWAY, clock.clone());
        Self { merchants, aws, clock }
    }

    /// The results of a payment and then an inquiry at a second, with the payment's counts.
    async fn at(&self, second: i64) -> (String, Trail) {
        self.clock.set(Timestamp::from_second(second).unwrap());
        let id = id("m");
        let (payment, trail) = trail::follow(self.merchants.get(&id)).await;
        let inquiry = self.merchants.get_for_inquiries(&id).await;
        let mut found = String::new();
        for result in [payment, inquiry] {
            let word = match result {
                Ok(_) => "found",
                Err(MerchantsError::Unknown) => "unknown",
                Err(MerchantsError::Unavailable(_)) => "unavailable",
                Err(MerchantsError::Malformed(_)) => "malformed",
                Err(MerchantsError::Forbidden(_)) => "forbidden",
            };
            write!(found, " {word}").unwrap();
        }
        (found.trim_start().to_owned(), trail)
    }
}

fn id(text: &str) -> MerchantId {
    text.parse().unwrap()
}

/// One second of a story: the results of a payment and an inquiry, how many requests that took, and
/// how often it was counted that a merchant was served as last read, and that it was refused.
type Second = (i64, &'static str, usize, (u32, u32));

async fn check(responses: Vec<Scripted>, story: &[Second]) {
    let scene = Scene::responding(responses);
    for (second, expected, requests, counted) in story {
        let (found, trail) = scene.at(*second).await;
        assert_eq!(found, *expected, "{second}");
        assert_eq!(scene.aws.so_far().len(), *requests, "{second}");
        assert_eq!((trail.merchants_stale, trail.merchants_refused), *counted, "{second}");
    }
    scene.aws.sent();
}

#[tokio::test]
async fn a_merchant_is_read_once_and_used_for_five_minutes() {
    let scene = Scene::responding([good(), good()]);
    for (second, requests, was_read) in [(0, 1, false), (299, 0, true), (300, 1, true), (599, 0, true)] {
        scene.clock.set(Timestamp::from_second(second).unwrap());
        assert_eq!(scene.merchants.was_read(&id("m")), was_read, "{second}");
        assert_eq!(scene.at(second).await.0, "found found");
        let sent = scene.aws.so_far();
        assert_eq!(sent, vec![json!(["GetSecretValue", { "SecretId": "tollgate/merchants/m" }]); requests]);
    }
    assert!(!scene.merchants.was_read(&id("n")));
}

#[tokio::test]
async fn a_document_that_was_read_serves_for_a_while_when_secrets_manager_does_not() {
    let none = (0, 0);
    let story = [
        (0, "found found", 1, none),
        (300, "found found", 1, (1, 0)),
        (314, "found found", 0, none),
        (315, "found found", 1, (1, 0)),
        (899, "found found", 1, (1, 0)),
        (900, "unavailable found", 0, none),
        (86_399, "unavailable found", 1, (1, 0)),
        (86_400, "unavailable unavailable", 0, none),
        (86_500, "found found", 1, none),
    ];
    let mut responses = vec![good()];
    responses.extend(vec![throttled(); 4]);
    responses.push(good());
    check(responses, &story).await;
}

#[tokio::test]
async fn a_definite_response_stops_payments_at_once_and_inquiries_after_a_while() {
    let none = (0, 0);
    for (response, word, retried_after) in [
        (error("ResourceNotFoundException"), "unknown", 300),
        (error("InvalidRequestException"), "unknown", 300),
        (error("AccessDeniedException"), "forbidden", 15),
        (error("KMSAccessDeniedException"), "forbidden", 15),
        (ok(json!({ "SecretString": "{}" })), "malformed", 15),
        (ok(json!({ "SecretBinary": "AQI=" })), "malformed", 15),
        (document("https://evil.example/rest"), "malformed", 15),
    ] {
        let (stopped, over) =
            (format!("{word} found").leak() as &str, format!("{word} {word}").leak() as &str);
        let story = [
            (0, "found found", 1, none),
            (300, stopped, 1, (0, 1)),
            (299 + retried_after, stopped, 0, none),
            // It holds until the next definite response: that it is unavailable now says nothing.
            (300 + retried_after, stopped, 1, (0, 1)),
            (86_399, stopped, 1, (0, 1)),
            (86_400, over, 0, none),
            (86_500, "found found", 1, none),
        ];
        check(vec![good(), response, throttled(), throttled(), good()], &story).await;
    }
}

#[tokio::test]
async fn a_guessed_merchant_is_remembered_as_long_as_a_real_one_and_not_logged() {
    let none = (0, 0);
    let unknown = || error("ResourceNotFoundException");
    let story = [
        (0, "unknown unknown", 1, none),
        (299, "unknown unknown", 0, none),
        (300, "unknown unknown", 1, none),
        (600, "found found", 1, none),
    ];
    check(vec![unknown(), unknown(), good()], &story).await;
    // The next request retries a secret that was never read and cannot be read.
    let story = [(0, "unavailable found", 2, none), (1, "found found", 0, none)];
    check(vec![throttled(), good()], &story).await;
    // A document that was never good counts from the start.
    let malformed = || ok(json!({ "SecretString": "{}" }));
    let story = [(0, "malformed malformed", 1, (0, 1)), (14, "malformed malformed", 0, none)];
    check(vec![malformed()], &story).await;
}

#[tokio::test]
async fn each_code_says_what_is_known_of_the_merchant() {
    for (code, word) in [
        ("ResourceNotFoundException", "unknown"),
        ("InvalidRequestException", "unknown"),
        ("AccessDeniedException", "forbidden"),
        ("DecryptionFailure", "forbidden"),
        ("InvalidParameterException", "forbidden"),
        ("KMSDisabledException", "forbidden"),
        ("InternalServiceError", "unavailable"),
        ("ThrottlingException", "unavailable"),
        ("NotKMS", "unavailable"),
    ] {
        // Each of the two requests once, where the first leads to nothing that can be remembered.
        let scene = Scene::responding(vec![error(code); if word == "unavailable" { 2 } else { 1 }]);
        let (found, _) = scene.at(0).await;
        assert_eq!(found, format!("{word} {word}"), "{code}");
        scene.aws.sent();
    }
}

/// Neither a deletion nor an outage makes a merchant one that was never read.
#[tokio::test]
async fn a_merchant_that_was_read_once_stays_one_that_is_looked_up() {
    let scene = Scene::responding([good(), error("ResourceNotFoundException"), throttled(), good()]);
    for (second, found, requests) in [
        (0, "found found", 1),
        (300, "unknown found", 1),
        (600, "unknown found", 1),
        (6_000, "found found", 1),
    ] {
        assert_eq!(
            (scene.at(second).await.0.as_str(), scene.aws.so_far().len()),
            (found, requests),
            "{second}"
        );
        assert!(scene.merchants.was_read(&id("m")), "{second}");
    }
    scene.aws.sent();
}

#[test]
fn guesses_are_bounded_and_push_no_merchant_out() {
    let scene = Scene::responding([]);
    let merchant = merchant_document::parse(id("m"), good().1["SecretString"].as_str().unwrap(), GATEWAY);
    let known = CachedMerchant {
        last: Some((Arc::new(merchant.unwrap()), Timestamp::UNIX_EPOCH)),
        failure: None,
        until: Timestamp::MAX,
    };
    let guess = CachedMerchant { last: None, failure: Some(MerchantsError::Unknown), until: Timestamp::MAX };
    let merchants = &scene.merchants;
    let count = || {
        let all = merchants.all();
        (all.read.len(), all.guesses.len())
    };
    merchants.keep(&id("known"), known.clone());
    for n in 0..GUESSES_MAX {
        merchants.keep(&id(&format!("guess-{n}")), guess.clone());
    }
    assert_eq!(count(), (1, GUESSES_MAX));
    merchants.keep(&id("guess-0"), guess.clone());
    assert_eq!(count(), (1, GUESSES_MAX), "one that is remembered already takes no place");
    merchants.keep(&id("new"), guess.clone());
    assert_eq!(count(), (1, 1));
    assert!(merchants.was_read(&id("known")) && merchants.kept(&id("known")).is_some());
    assert!(!merchants.was_read(&id("new")) && merchants.kept(&id("new")).is_some());
    // It was made meanwhile.
    merchants.keep(&id("new"), known.clone());
    assert_eq!(count(), (2, 0));
    assert!(merchants.was_read(&id("new")));
    for n in 0..2 * GUESSES_MAX {
        merchants.keep(&id(&format!("known-{n}")), known.clone());
    }
    assert_eq!(count(), (2 + 2 * GUESSES_MAX, 0), "a merchant pushes none out either");
}
