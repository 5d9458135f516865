//! Secrets Manager returns keys and passwords, DynamoDB names and e-mail addresses. A response of
//! theirs that is cut off or malformed must not turn up in a log line or in a response of ours.

use local::{
    Options, Stack,
    tamper::{Spoil, Tamper},
};
use reqwest::header::AUTHORIZATION;

use super::{
    cage::{ANY, Cage},
    canaries::credit_card,
};
use crate::{
    credit_card_client::{Syntax, follow_up},
    support::client,
};

/// A second stack, which reaches DynamoDB and Secrets Manager of the first one through a proxy
/// each.
struct Spoiled {
    cage: Cage,
    secrets: Tamper,
    table: Tamper,
    stack: Stack,
}

impl Spoiled {
    async fn open() -> Self {
        // The SDKs' own lines quote responses, which is why no deployment shows them.
        let cage = Cage::open_over("off,tollgate=trace", Vec::new()).await;
        let secrets = Tamper::before(cage.shop.stack.secretsmanager_url()).await.unwrap();
        let table = Tamper::before(cage.shop.stack.dynamodb_url()).await.unwrap();
        let options = Options {
            dynamodb_url: Some(table.url().to_owned()),
            secretsmanager_url: Some(secrets.url().to_owned()),
            ..Options::default()
        };
        let stack = Stack::start(options).await.unwrap();
        Self { cage, secrets, table, stack }
    }

    async fn send(&self, request: reqwest::RequestBuilder, what: &str) -> u16 {
        let token = format!("Bearer {}", self.cage.shop.current_token());
        let response = request.header(AUTHORIZATION, token).send().await.unwrap();
        let status = response.status().as_u16();
        let text = format!("{:?} {}", response.headers().clone(), response.text().await.unwrap());
        self.cage.answered(what, &text);
        assert!(status < 400 || !text.contains(ANY), "{what}: {text}");
        status
    }

    async fn close(self) {
        self.stack.stop().await;
        self.cage.close().await;
    }
}

#[tokio::test]
async fn a_spoiled_response_of_secrets_manager_puts_no_key_into_a_log() {
    let spoiled = Spoiled::open().await;
    let url = format!("{}/v2/orders/order-1", spoiled.stack.url());
    for spoil in Spoil::ALL {
        spoiled.secrets.spoil(spoil, "GetSecretValue");
        let before = spoiled.secrets.spoiled();
        assert_eq!(spoiled.send(client().get(&url), &format!("{spoil:?}")).await, 503, "{spoil:?}");
        assert!(spoiled.secrets.spoiled() > before, "{spoil:?} was met");
    }
    spoiled.secrets.behave();
    assert_eq!(spoiled.send(client().get(&url), "as usual").await, 404, "the merchant is readable again");
    spoiled.close().await;
}

#[tokio::test]
async fn a_spoiled_response_of_dynamodb_puts_no_name_and_no_address_into_a_log() {
    let spoiled = Spoiled::open().await;
    let request = credit_card("0", "spoiled");
    let held = spoiled.cage.api.send(Syntax::Json, "authorize", &request).await;
    let id = held.envelope().of("TransactionID").unwrap().to_owned();
    let mut status = follow_up("status", &id, "spoiled");
    status["Authentication"] = request["Authentication"].clone();
    let url = format!("{}/api/v1/payments/creditcard/status", spoiled.stack.url());
    let ask = || client().post(&url).header("content-type", "application/json").body(status.to_string());
    for spoil in Spoil::ALL {
        spoiled.table.spoil(spoil, "GetItem");
        let before = spoiled.table.spoiled();
        assert_eq!(spoiled.send(ask(), &format!("{spoil:?}")).await, 503, "{spoil:?}");
        assert!(spoiled.table.spoiled() > before, "{spoil:?} was met");
    }
    spoiled.table.behave();
    assert_eq!(spoiled.send(ask(), "as usual").await, 200, "the payment is readable again");
    spoiled.close().await;
}
