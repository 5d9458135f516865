//! The connections that are opened ahead, for whom, and that they are not required.

use memory::SetClock;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tollgate_core::payments::{CaptureSettings, reconcile::ReconcileLimits};

use super::*;
use crate::{
    lambda::{AwsSettings, Config, Credentials, install_tls},
    secrets_manager::MerchantSettings,
    test_aws::{Aws, Scripted, error, ok},
};

/// A gateway that accepts every connection; the first lines of the requests come out at the other
/// end.
async fn gateway() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/rest", listener.local_addr().unwrap());
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 8_192];
            let read = connection.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            requests.send(request.lines().next().unwrap_or_default().to_owned()).unwrap();
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    });
    (endpoint, received)
}

fn adapters(aws: &Arc<Aws>) -> Adapters {
    install_tls();
    let config = Config {
        table: "orders".to_owned(),
        attempts_table: "attempts".to_owned(),
        front: crate::source::Front::default(),
        kid_key: crate::access_token::KidKey::default(),
        merchants: MerchantSettings {
            prefix: "tollgate/merchants/".to_owned(),
            hosts: crate::merchant_document::hosts::HostLists::of_this_machine(),
        },
        captures: CaptureSettings { shards: 1, concurrency: 1 },
        inquiries: ReconcileLimits::default(),
        payments_stopped: false,
        reads: crate::abuse::READS,
        people: None,
        aws: AwsSettings {
            region: "us-east-1".to_owned(),
            dynamodb_url: None,
            secretsmanager_url: None,
            credentials: Credentials {
                access_key_id: "id".to_owned(),
                secret_access_key: "key".to_owned(),
                session_token: None,
            },
        },
    };
    Adapters::new(config, Arc::new(SetClock::at(Timestamp::UNIX_EPOCH)), aws.http_client())
}

/// A response that is a merchant's secret and the switches' items at once: which request comes
/// first is left open.
fn both(endpoint: &str) -> Scripted {
    let document = json!({
        "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": { "base_url": endpoint, "username": "u", "password": "p", "merchids": { "USD": "1" } },
    });
    ok(json!({ "SecretString": document.to_string(), "Responses": { "orders": [] } }))
}

#[tokio::test]
async fn what_the_first_request_needs_is_opened_for_each_merchant_that_is_known() {
    let (endpoint, mut gateway) = gateway().await;
    let secret = |id: &str| json!(["GetSecretValue", { "SecretId": format!("tollgate/merchants/{id}") }]);
    let keys = ["#stop#m", "#stop#n", "#"].map(|key| json!({ "order_key": { "S": key } }));
    let switches = json!(["BatchGetItem", { "RequestItems": { "orders": {
        "Keys": keys, "ConsistentRead": false, "ProjectionExpression": "order_key, payments_stopped",
    } } }]);
    for (opening, of_table, connections) in
        [(Opening::Merchants, 0, 0), (Opening::Table, 1, 0), (Opening::Gateway, 1, 2)]
    {
        let aws = Aws::responding(vec![both(&endpoint); 2 + of_table]);
        let adapters = adapters(&aws);
        open(&adapters, opening, &["m".parse().unwrap(), "n".parse().unwrap()]).await.unwrap();
        let mut sent = aws.sent().as_array().unwrap().clone();
        sent.sort_by_key(Value::to_string);
        let mut expected = vec![switches.clone(); of_table];
        expected.extend(["m", "n"].map(secret));
        assert_eq!(sent, expected, "{opening:?}");
        for _ in 0..connections {
            assert_eq!(gateway.recv().await.unwrap(), "PUT /rest/ HTTP/1.1");
        }
        assert!(gateway.try_recv().is_err(), "{opening:?}");
        assert!(adapters.merchants.was_read(&"n".parse().unwrap()));
    }
}

#[tokio::test]
async fn nothing_is_opened_where_no_merchant_is_known_and_what_cannot_be_is_left() {
    let aws = Aws::responding([]);
    open(&adapters(&aws), Opening::Gateway, &[]).await.unwrap();
    assert_eq!(aws.sent(), json!([]));
    let aws = Aws::responding(vec![error("AccessDeniedException"); 2]);
    open(&adapters(&aws), Opening::Gateway, &["m".parse().unwrap()]).await.unwrap();
    assert_eq!(aws.so_far().len(), 2);
}
