//! Callers of the credit-card API that are not who they say. Members and values are rows of the
//! tables in `shared/tests/apis/credit_card`.

use local::merchants;
use serde_json::json;

use crate::{
    credit_card_client::{BOTH, CreditCard, payment},
    shop::{AMEX, AMEX_CODE, Shop, has_word, items},
};

#[tokio::test]
async fn wrong_credentials_get_one_response_in_the_format_of_the_request() {
    let key = merchants::REGISTERED_KEY;
    let long = "9".repeat(65);
    let mut descriptions = std::collections::BTreeSet::new();
    for syntax in BOTH {
        // A stack of its own each: the eleventh wrong key from an address is told to wait.
        let shop = Shop::open().await;
        for (route, id, with_key) in [
            ("authorize", merchants::REGISTERED, "wrong"),
            ("charge", merchants::REGISTERED, merchants::EXTERNAL_KEY),
            ("capture", "999", key),
            ("refund", merchants::EXTERNAL, key),
            // As the name of a secret, or a pattern of names.
            ("void", "170200123#", key),
            ("status", "../170200123", key),
            ("authorize", "tollgate/merchants/170200123", key),
            ("charge", "１７０２００１２３", key),
            ("capture", "170200123*", key),
            ("refund", long.as_str(), key),
        ] {
            let mut request = payment("0", "bad");
            request["Authentication"] = json!({"Id": id, "Key": with_key});
            let answer = CreditCard::of(&shop).send(syntax, route, &request).await;
            let envelope = answer.envelope();
            let code = (answer.status, envelope.code.as_str(), envelope.of("ResponseCode"));
            assert_eq!(code, (401, "20", Some("3")), "{syntax:?} {route} {id}: {}", answer.body);
            assert!(envelope.description.contains("Authentication:"), "{}", envelope.description);
            assert!(answer.content_type.starts_with(syntax.content_type()), "{id}: {}", answer.content_type);
            let is_told = [AMEX, key].iter().any(|secret| answer.body.contains(secret));
            assert!(!is_told && !has_word(&answer.body, AMEX_CODE), "{id}: {}", answer.body);
            descriptions.insert(envelope.description);
        }
        assert!(shop.stack.simulator().transactions().is_empty());
        assert!(items(shop.stack.dynamodb_url()).await.is_empty(), "nothing was to be stored");
        shop.close().await;
    }
    assert_eq!(descriptions.len(), 1, "they are told apart: {descriptions:?}");
}
