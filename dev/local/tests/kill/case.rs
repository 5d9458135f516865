//! One request of a client, which has to take effect once, however often it is sent.

use std::sync::Arc;

use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    ledger::Account,
    shop::{Shop, by_token},
};

/// Payments that are settled beforehand, so that they can be refunded; later refunds come before
/// settlement.
const SETTLED: usize = 40;

/// Below 1000.00, from where on the simulated processor's response depends on the amount.
const TOTALS: std::ops::Range<u64> = 500..90_000;

pub(crate) struct Case {
    pub(crate) order: String,
    pub(crate) function: &'static str,
    pub(crate) event: Value,
    /// The order's expected sums in the end.
    pub(crate) expected: Account,
    pub(crate) total: u64,
    /// The transaction and its status, as a client was told as final.
    told: Option<(String, String)>,
}

impl Case {
    /// Prepares the order as the request needs it, and the request.
    pub(crate) async fn prepare(shop: &Shop, function: &'static str, n: usize, rng: &mut StdRng) -> Self {
        let order = format!("{function}-{n}");
        let total = rng.random_range(TOTALS);
        shop.register(&order, total).await;
        let part = rng.random_bool(0.5).then(|| rng.random_range(1..total));
        let amount = part.map_or_else(|| json!({}), |part| json!({ "amount": part }));
        let (path, data, expected) = match function {
            "purchase" => {
                let mut data = by_token("purchase");
                if let Some(part) = part {
                    data["amount"] = part.into();
                }
                let expected = Account { taken: part.unwrap_or(total), ..Account::default() };
                ("payments/purchase".to_owned(), data, expected)
            }
            "capture" => {
                let path = format!("transactions/{}/capture", shop.pay(&order, "authorize").await);
                let expected = Account { taken: part.unwrap_or(total), ..Account::default() };
                (path, amount, expected)
            }
            // Not settled yet, so it becomes a void.
            "refund" => {
                let path = format!("transactions/{}/refund", shop.pay(&order, "purchase").await);
                let expected = Account { voided: 1, ..Account::default() };
                (path, json!({}), expected)
            }
            _ => {
                let method = if part.is_some() { "authorize" } else { "purchase" };
                let path = format!("transactions/{}/cancel", shop.pay(&order, method).await);
                let expected = Account { voided: 1, ..Account::default() };
                (path, json!({}), expected)
            }
        };
        let event = event(&shop.token, &order, &path, &data);
        Self { order, function, event, expected, total, told: None }
    }

    /// Looks at a response: done, or still under way, and never anything else than told before.
    pub(crate) fn hear(&mut self, answer: &Value) -> u64 {
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        let status = answer["statusCode"].as_u64().unwrap();
        match status {
            200 => {
                let text = |name: &str| body["data"][name].as_str().unwrap().to_owned();
                let told = (text("id"), text("status"));
                assert!(["complete", "cancelled"].contains(&told.1.as_str()), "{}: {body}", self.order);
                let before = self.told.get_or_insert_with(|| told.clone());
                assert_eq!(*before, told, "{} was told otherwise before", self.order);
            }
            202 => assert_eq!(body["data"]["status"], "pending", "{}: {body}", self.order),
            409 => {
                let code = body["errors"][0]["meta"]["code"].as_str().unwrap();
                let waits = ["idempotency_key_in_progress", "operation_in_progress", "contended"];
                assert!(waits.contains(&code), "{}: {body}", self.order);
                assert_eq!(answer["headers"]["retry-after"].as_str().map(str::is_empty), Some(false));
            }
            _ => panic!("{}: {status} {body}", self.order),
        }
        status
    }

    /// The client comes back for the last time, by the stack's clock, and has to be told that it is
    /// done.
    pub(crate) async fn finish(&mut self, shop: &Shop) {
        self.event["headers"]["authorization"] = format!("Bearer {}", shop.token).into();
        let answer = shop.stack.invoke(self.function, &self.event.to_string()).await.unwrap();
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        assert_eq!(answer.status(), 200, "{}: {body}", self.order);
        self.hear(&json!({"statusCode": 200, "body": body}));
    }
}

/// Refunds of payments that are about to be settled.
pub(crate) async fn settled_refunds(shop: &Arc<Shop>) -> Vec<Case> {
    let mut making = JoinSet::new();
    for n in 0..SETTLED {
        let shop = Arc::clone(shop);
        making.spawn(async move {
            let order = format!("settled-{n}");
            let (total, part) = (5_000 + n as u64, 1_000 + n as u64);
            shop.register(&order, total).await;
            let path = format!("transactions/{}/refund", shop.pay(&order, "purchase").await);
            let (data, refunded) =
                if n % 2 == 0 { (json!({}), total) } else { (json!({ "amount": part }), part) };
            let expected = Account { taken: total, refunded, ..Account::default() };
            let event = event(&shop.token, &order, &path, &data);
            Case { order, function: "refund", event, expected, total, told: None }
        });
    }
    making.join_all().await
}

/// API Gateway's event for a client's request.
fn event(token: &str, order: &str, path: &str, data: &Value) -> Value {
    let parts: Vec<&str> = path.split('/').collect();
    let mut parameters = json!({ "orderId": order });
    let route = if let ["transactions", transaction, what] = parts[..] {
        parameters["transactionId"] = transaction.into();
        format!("POST /v2/orders/{{orderId}}/transactions/{{transactionId}}/{what}")
    } else {
        format!("POST /v2/orders/{{orderId}}/{path}")
    };
    let path = format!("/v2/orders/{order}/{path}");
    json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "authorization": format!("Bearer {token}"),
            "content-type": "application/json",
            "host": "127.0.0.1",
            "idempotency-key": format!("key-{order}"),
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": "local",
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test",
            },
            "requestId": format!("request-{order}"),
            "routeKey": route,
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_i64,
        },
        "pathParameters": parameters,
        "body": json!({ "data": data }).to_string(),
        "isBase64Encoded": false,
    })
}
