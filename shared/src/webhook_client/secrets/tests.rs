//! When a merchant's receivers are read, and what a failure leaves of them.

use serde_json::json;

use super::*;
use crate::test_aws::{Aws, Scripted, SetClock, error, ok, throttled};

fn document(id: &str) -> Scripted {
    let receiver = json!({
        "id": id, "url": "https://example.com/hooks", "secrets": [super::super::signature::text(&[1; 32])],
    });
    ok(json!({ "SecretString": json!({ "receivers": [receiver] }).to_string() }))
}

fn responding(
    responses: impl IntoIterator<Item = Scripted>,
) -> (SecretsManagerReceivers, Arc<Aws>, Arc<SetClock>) {
    let (aws, clock) = (Aws::responding(responses), SetClock::at(Timestamp::UNIX_EPOCH));
    let settings = Settings {
        prefix: "tollgate/webhooks/".to_owned(),
        fresh_for: SignedDuration::from_secs(60),
        allowed: Allowed::Public,
    };
    (SecretsManagerReceivers::new(aws.secrets_manager(), settings, clock.clone()), aws, clock)
}

#[tokio::test]
async fn receivers_are_used_for_a_while_and_as_last_read_where_they_cannot_be_read() {
    let broken = || ok(json!({ "SecretString": "{}" }));
    // Second, response, and the receivers then.
    let story = [
        (0, Some(document("first")), Some(vec!["first"])),
        (59, None, Some(vec!["first"])),
        (60, Some(document("second")), Some(vec!["second"])),
        (119, None, Some(vec!["second"])),
        (120, Some(throttled()), Some(vec!["second"])),
        (121, None, Some(vec!["second"])),
        (180, Some(broken()), Some(vec!["second"])),
        (240, Some(ok(json!({ "SecretBinary": "AQI=" }))), Some(vec!["second"])),
        (300, Some(error("ResourceNotFoundException")), Some(vec![])),
        (360, Some(document("third")), Some(vec!["third"])),
        (420, Some(error("InvalidRequestException")), Some(vec![])),
    ];
    let (receivers, aws, clock) = responding(story.iter().filter_map(|(_, response, _)| response.clone()));
    for (second, response, expected) in story {
        clock.set(Timestamp::from_second(second).unwrap());
        let found = receivers.receivers(&"m".parse().unwrap()).await.ok();
        let ids = found.map(|found| found.iter().map(|receiver| receiver.id.to_string()).collect::<Vec<_>>());
        assert_eq!(ids, expected.map(|ids| ids.into_iter().map(str::to_owned).collect()), "{second}");
        let requests = usize::from(response.is_some());
        let request = json!(["GetSecretValue", { "SecretId": "tollgate/webhooks/m" }]);
        assert_eq!(aws.so_far(), vec![request; requests], "{second}");
    }
}

#[tokio::test]
async fn receivers_that_were_never_read_are_none_with_a_broken_document_and_an_error_without() {
    let merchant = "m".parse().unwrap();
    let (receivers, _, _) = responding([ok(json!({ "SecretString": "{}" }))]);
    assert!(receivers.receivers(&merchant).await.unwrap().is_empty());
    for code in ["ThrottlingException", "AccessDeniedException"] {
        let (receivers, aws, _) = responding([error(code), document("shop")]);
        assert!(matches!(receivers.receivers(&merchant).await, Err(StoreError::Unavailable(_))), "{code}");
        assert_eq!(receivers.receivers(&merchant).await.unwrap().len(), 1, "it is read again at once");
        aws.sent();
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let (receivers, _, _) = responding([]);
    let count = || receivers.kept.lock().unwrap().len();
    for n in 0..KEPT_MAX {
        receivers.keep(&format!("m{n}").parse().unwrap(), &Arc::default());
    }
    assert_eq!(count(), KEPT_MAX);
    receivers.keep(&"m".parse().unwrap(), &Arc::default());
    assert_eq!(count(), 1);
}
