//! Callers of the credit-card API that are not who they say; and the checks of a response to a
//! request that must not become a payment. Members and values are rows of the tables in
//! `shared/tests/apis/credit_card`.

use local::merchants;
use serde_json::json;

use crate::{
    credit_card_client::{Answer, BOTH, CreditCard, Envelope, payment},
    shop::{AMEX, AMEX_CODE, MASTERCARD, Shop, VISA, has_word, items},
};

/// The expected response: HTTP's status, `Message.Code`, and texts that `Message.Description` must
/// have.
type Expected<'a> = (u16, &'a str, &'a [&'a str]);

/// Rows whose responses were not as they should be; all of them are shown at the end.
#[derive(Default)]
pub(crate) struct Wrong {
    rows: usize,
    found: Vec<String>,
}

impl Wrong {
    /// Checks a response to something that must not become a payment.
    pub(crate) fn check(&mut self, row: &str, answer: &Answer, (status, code, says): Expected<'_>) {
        self.rows += 1;
        let envelope = answer.read();
        let fits = |it: &Envelope| {
            it.code == code
                && it.of("ResponseCode") == Some("3")
                && says.iter().all(|text| it.description.contains(text))
        };
        let secrets = [VISA, AMEX, MASTERCARD, merchants::REGISTERED_KEY];
        if answer.status != status || !envelope.as_ref().is_ok_and(fits) {
            let shown: String = answer.body.chars().take(600).collect();
            self.found.push(format!("{row}: not {status} {code} {says:?} but {} {shown}", answer.status));
        } else if let Some(secret) = secrets.iter().find(|secret| answer.body.contains(**secret)) {
            self.found.push(format!("{row}: {secret} is in the answer {}", answer.body));
        } else if has_word(&answer.body, AMEX_CODE) {
            self.found.push(format!("{row}: the security code is in the answer {}", answer.body));
        }
    }

    pub(crate) fn note(&mut self, row: &str, why: impl std::fmt::Display) {
        self.found.push(format!("{row}: {why}"));
    }

    /// Ends a table of at least so many rows.
    pub(crate) fn none_of(self, rows: usize) {
        assert!(self.rows >= rows, "only {} rows", self.rows);
        assert!(self.found.is_empty(), "{} of {}:\n{}", self.found.len(), self.rows, self.found.join("\n"));
    }
}

/// All that is stored, to be compared: a scan lists the attributes in any order.
async fn kept(shop: &Shop) -> Vec<Vec<char>> {
    let mut items: Vec<Vec<char>> =
        items(shop.stack.dynamodb_url()).await.iter().map(|item| item.chars().collect()).collect();
    for item in &mut items {
        item.sort_unstable();
    }
    items.sort_unstable();
    items
}

pub(crate) async fn nothing_is_kept(shop: Shop) {
    assert!(shop.stack.simulator().transactions().is_empty());
    assert!(kept(&shop).await.is_empty(), "nothing was to be stored");
    shop.close().await;
}

#[tokio::test]
async fn wrong_credentials_get_one_response_in_the_format_of_the_request() {
    let key = merchants::REGISTERED_KEY;
    let long = "9".repeat(65);
    let mut descriptions = std::collections::BTreeSet::new();
    for syntax in BOTH {
        // A stack of its own each: the eleventh wrong key from an address is told to wait.
        let (shop, mut wrong) = (Shop::open().await, Wrong::default());
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
            wrong.check(&format!("{syntax:?} {route} {id}"), &answer, (401, "20", &["Authentication:"]));
            if !answer.content_type.starts_with(syntax.content_type()) {
                wrong.note(id, &answer.content_type);
            }
            descriptions.insert(answer.envelope().description);
        }
        wrong.none_of(10);
        nothing_is_kept(shop).await;
    }
    assert_eq!(descriptions.len(), 1, "they are told apart: {descriptions:?}");
}
