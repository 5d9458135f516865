//! When a merchant's receivers are read, and the receivers that a failure leaves.

use memory::SetClock;
use serde_json::json;

use super::*;
use crate::test_aws::{Aws, Scripted, error, ok, throttled};
use memory::Log;

fn document(id: &str) -> Scripted {
    let receiver = json!({
        "id": id, "url": "https://example.com/hooks", "secrets": [super::super::signature::text(&[1; 32])],
    });
    ok(json!({ "SecretString": json!({ "receivers": [receiver] }).to_string() }))
}

fn responding(
    responses: impl IntoIterator<Item = Scripted>,
) -> (SecretsManagerReceivers, Arc<Aws>, Arc<SetClock>) {
    let (aws, clock) = (Aws::responding(responses), Arc::new(SetClock::at(Timestamp::UNIX_EPOCH)));
    let settings = Settings {
        prefix: "tollgate/webhooks/".to_owned(),
        fresh_for: SignedDuration::from_secs(60),
        allowed: Allowed::Public,
    };
    (SecretsManagerReceivers::new(aws.secrets_manager(), settings, clock.clone()), aws, clock)
}

/// The result: the receivers' ids, or the first word of why there are none.
fn shown(found: Result<Arc<[Receiver]>, ReceiversError>) -> String {
    match found {
        Ok(found) => found.iter().map(|receiver| receiver.id.to_string()).collect::<Vec<_>>().join(" "),
        Err(ReceiversError::Missing) => "missing".to_owned(),
        Err(ReceiversError::Unusable(_)) => "unusable".to_owned(),
        Err(ReceiversError::Unavailable(_)) => "unavailable".to_owned(),
    }
}

fn broken() -> Scripted {
    ok(json!({ "SecretString": "{}" }))
}

#[tokio::test]
async fn receivers_are_used_for_a_while_and_then_only_as_long_as_nothing_definite_is_said() {
    // Second, response, and the receivers then.
    let story = [
        (0, Some(document("first")), "first"),
        (59, None, "first"),
        (60, Some(document("second")), "second"),
        (119, None, "second"),
        (120, Some(throttled()), "second"),
        (134, None, "second"),
        (135, Some(throttled()), "second"),
        // 15 minutes after it was read.
        (959, Some(throttled()), "second"),
        (960, None, "unavailable"),
        (974, Some(document("second")), "second"),
        (1_034, Some(broken()), "unusable"),
        (1_048, None, "unusable"),
        // A definite error stays one.
        (1_049, Some(throttled()), "unusable"),
        (1_064, Some(ok(json!({ "SecretBinary": "AQI=" }))), "unusable"),
        (1_079, Some(error("ResourceNotFoundException")), "missing"),
        (1_138, None, "missing"),
        (1_139, Some(document("third")), "third"),
        (1_199, Some(error("InvalidRequestException")), "missing"),
        (1_259, Some(error("AccessDeniedException")), "unusable"),
        (1_274, Some(error("KMSDisabledException")), "unusable"),
        (1_289, Some(document("fourth")), "fourth"),
    ];
    let (receivers, aws, clock) = responding(story.iter().filter_map(|(_, response, _)| response.clone()));
    for (second, response, expected) in story {
        clock.set(Timestamp::from_second(second).unwrap());
        assert_eq!(shown(receivers.receivers(&"m".parse().unwrap()).await), expected, "{second}");
        let requests = usize::from(response.is_some());
        let request = json!(["GetSecretValue", { "SecretId": "tollgate/webhooks/m" }]);
        assert_eq!(aws.so_far(), vec![request; requests], "{second}");
    }
}

#[tokio::test]
async fn nothing_is_deleted_on_the_word_of_a_document_that_was_read_more_than_seconds_ago() {
    let story = [
        (0, Some(document("first")), "first"),
        (14, None, "first"),
        (15, Some(document("second")), "second"),
        (16, None, "second"),
        (31, Some(throttled()), "unavailable"),
        (32, Some(broken()), "unusable"),
        (33, Some(error("ResourceNotFoundException")), "missing"),
        (34, Some(document("third")), "third"),
    ];
    let (receivers, aws, clock) = responding(story.iter().filter_map(|(_, response, _)| response.clone()));
    for (second, response, expected) in story {
        clock.set(Timestamp::from_second(second).unwrap());
        assert_eq!(shown(receivers.receivers_now(&"m".parse().unwrap()).await), expected, "{second}");
        assert_eq!(aws.so_far().len(), usize::from(response.is_some()), "{second}");
    }
    clock.set(Timestamp::from_second(90).unwrap());
    assert_eq!(shown(receivers.receivers(&"m".parse().unwrap()).await), "third", "and others use it, too");
}

#[tokio::test]
async fn receivers_that_were_never_read_are_looked_up_again_at_once_unless_something_definite_was_said() {
    let merchant = "m".parse().unwrap();
    for (response, says, is_read_again) in [
        (broken(), "unusable", false),
        (error("ResourceNotFoundException"), "missing", false),
        (error("InvalidRequestException"), "missing", false),
        (error("AccessDeniedException"), "unusable", false),
        (error("DecryptionFailure"), "unusable", false),
        (error("InvalidParameterException"), "unusable", false),
        (error("KMSAccessDeniedException"), "unusable", false),
        (error("KMSDisabledException"), "unusable", false),
        (error("ThrottlingException"), "unavailable", true),
        (error("InternalServiceError"), "unavailable", true),
    ] {
        let (receivers, aws, _) = responding([response, document("shop")]);
        assert_eq!(shown(receivers.receivers(&merchant).await), says);
        let again = if is_read_again { "shop" } else { says };
        assert_eq!(shown(receivers.receivers(&merchant).await), again);
        drop(aws.so_far());
    }
}

#[tokio::test]
async fn an_operator_is_told_of_a_document_that_cannot_be_used_and_not_of_a_merchant_without_one() {
    let (gone, unusable) = (error("ResourceNotFoundException"), "document of receivers cannot be used");
    for (responses, told) in [
        (vec![gone.clone()], None),
        (vec![document("shop"), gone], Some((unusable, "it is deleted"))),
        (vec![broken()], Some((unusable, "not the JSON"))),
        (vec![error("AccessDeniedException")], Some((unusable, "AccessDeniedException"))),
        (vec![throttled()], Some(("receivers cannot be read", "Throttl"))),
    ] {
        let log = Log::here();
        let (receivers, _, clock) = responding(responses.clone());
        for second in (0..).step_by(60).take(responses.len()) {
            clock.set(Timestamp::from_second(second).unwrap());
            drop(receivers.receivers(&"m".parse().unwrap()).await);
        }
        let lines =
            [unusable, "receivers cannot be read"].map(|what| log.lines(&format!("the merchant's {what}")));
        let lines: Vec<_> = lines.iter().flatten().collect();
        assert_eq!(lines.len(), usize::from(told.is_some()), "{lines:?}");
        if let Some((what, why)) = told {
            assert_eq!(lines[0]["message"], format!("the merchant's {what}"));
            assert_eq!((&lines[0]["level"], &lines[0]["merchant"]), (&json!("ERROR"), &json!("m")));
            assert!(lines[0]["error"].as_str().unwrap().contains(why), "{lines:?}");
        }
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let (receivers, _, _) = responding([]);
    let count = || receivers.kept.lock().unwrap().len();
    let nothing = || CachedReceivers { last: None, failure: None, until: Timestamp::UNIX_EPOCH };
    for n in 0..KEPT_MAX {
        receivers.keep(&format!("m{n}").parse().unwrap(), nothing());
    }
    receivers.keep(&"m0".parse().unwrap(), nothing());
    assert_eq!(count(), KEPT_MAX);
    receivers.keep(&"m".parse().unwrap(), nothing());
    assert_eq!(count(), 1);
}
