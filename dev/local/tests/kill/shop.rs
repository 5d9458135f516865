//! A merchant on a stack of its own, whose functions reach DynamoDB and the gateway over slow
//! wires.

use local::{Options, Stack, TABLE_NAME, dynamodb_client, merchants};
use reqwest::{Method, header};
use serde_json::{Value, json};
use tollgate::dynamodb::orders::DynamoDbStore;
use tollgate_core::{
    order::{Order, OrderKey},
    payments::{OrderStore, Shards},
};

use crate::{client::client, wire::Wire};

/// The profile that the simulator knows.
const STORED_CARD: &str = "1|16178397535388255208";

/// As the template has them.
const SHARDS: Shards = Shards { in_doubt: 64, captures: 16 };

pub(crate) struct Shop {
    pub(crate) stack: Stack,
    pub(crate) token: String,
    pub(crate) gateway: Wire,
    dynamodb: Wire,
    store: DynamoDbStore,
    client: reqwest::Client,
}

impl Shop {
    pub(crate) async fn open(seed: u64) -> Self {
        let stack = Stack::start(Options::default()).await.unwrap();
        let dynamodb = Wire::to(stack.dynamodb_url(), seed).await;
        let gateway = Wire::to(&stack.simulator().base_url(), seed).await;
        let secret = merchants::secret_name(merchants::REGISTERED);
        let mut document = stack.secrets().get(&secret).unwrap();
        document["gateway"]["base_url"] = gateway.instead_of(&stack.simulator().base_url()).into();
        stack.secrets().put(&secret, document);
        let store = DynamoDbStore::new(dynamodb_client(stack.dynamodb_url()), TABLE_NAME.to_owned(), SHARDS);
        let mut shop = Self { stack, token: String::new(), gateway, dynamodb, store, client: client() };
        shop.renew_token().await;
        shop
    }

    /// DynamoDB by way of the slow wire.
    pub(crate) fn dynamodb_url(&self) -> String {
        self.dynamodb.instead_of(self.stack.dynamodb_url())
    }

    /// A token by the stack's clock.
    pub(crate) async fn renew_token(&mut self) {
        let (id, key) = (merchants::REGISTERED, merchants::REGISTERED_KEY);
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
        let request = self.client.post(format!("{}/oauth/access_token", self.stack.url())).body(form);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// The order as it is in the table.
    pub(crate) async fn order(&self, order: &str) -> Order {
        let key =
            OrderKey { merchant: merchants::REGISTERED.parse().unwrap(), order: order.parse().unwrap() };
        self.store.load(&key).await.unwrap().unwrap()
    }

    pub(crate) async fn register(&self, order: &str, amount: u64) {
        let data = json!({"type": "order", "amount": amount, "currency": "USD"});
        self.call(Method::PUT, &format!("/v2/orders/{order}"), 201, data).await;
    }

    /// Pays all of an order beforehand, and returns the transaction's id.
    pub(crate) async fn pay(&self, order: &str, method: &str) -> String {
        let path = format!("/v2/orders/{order}/payments");
        let answer = self.call(Method::POST, &path, 200, by_token(method)).await;
        answer["data"]["id"].as_str().unwrap().to_owned()
    }

    /// A look-up at the gateway, past the wire.
    pub(crate) async fn ask_gateway(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/{path}", self.stack.simulator().base_url()));
        let request = request.basic_auth("testing", Some("testing123"));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Ends the stack's own connections, as the processes' have ended, and waits until requests
    /// under way have arrived.
    pub(crate) async fn let_everything_arrive(&self) {
        self.stack.simulator().clear_faults();
        self.stack.cold_start().unwrap();
        self.dynamodb.quiet().await;
        self.gateway.quiet().await;
    }

    pub(crate) async fn close(self) {
        self.stack.stop().await;
    }

    async fn call(&self, method: Method, path: &str, status: u16, data: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.stack.url()));
        let request = request.bearer_auth(&self.token).json(&json!({ "data": data }));
        let response = request.send().await.unwrap();
        let (answered, body) = (response.status(), response.json::<Value>().await.unwrap());
        assert_eq!(answered, status, "{path}: {body}");
        body
    }
}

pub(crate) fn by_token(method: &str) -> Value {
    json!({"gateway": "card_connect", "method": method, "payment": STORED_CARD})
}
