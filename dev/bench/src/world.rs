//! The servers that everything is measured against, each behind a proxy, and the requests that are
//! sent.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use local::{Options, Stack, TABLE_NAME, dynamodb_client, merchants};
use serde_json::{Value, json};
use tollgate::dynamodb::orders::DynamoDbStore;
use tollgate_core::{
    order::{Order, OrderKey},
    payments::{OrderStore as _, Shards},
    values::{Amount, Currency},
};
use tollgate_wire::Token;
use uuid::Uuid;

use crate::{process::Program, proxy::Proxy, runtime_api::FUNCTION_LIMIT};

/// The requests and the run of the schedule that are counted, as the names of their figures end.
pub(crate) const PURCHASE: &str = "purchase";
pub(crate) const REFUND: &str = "refund";
pub(crate) const VOID: &str = "void";
pub(crate) const DECLINE: &str = "declined purchase";
pub(crate) const AUTHORIZE: &str = "credit-card authorize";
pub(crate) const CAPTURE: &str = "credit-card capture";
pub(crate) const REGISTER: &str = "register an order";
pub(crate) const READ: &str = "read of a payment";
pub(crate) const SHOPPERS_TOKEN: &str = "a shopper's token";
pub(crate) const IN_A_BROWSER: &str = "payment in a browser";
pub(crate) const AUTHORIZE_FOR_THE_SCHEDULE: &str = "authorize for the schedule";
pub(crate) const SCHEDULED_CAPTURE: &str = "the schedule's capture";

/// A sample event is the pattern of API Gateway's events.
const PURCHASE_EVENT: &str = include_str!("../../../events/purchase-approved.json");
const REGISTER_EVENT: &str = include_str!("../../../events/orders-register.json");
const REFUND_EVENT: &str = include_str!("../../../events/refund-approved.json");
const VOID_EVENT: &str = include_str!("../../../events/void-approved.json");
const AUTHORIZE_EVENT: &str = include_str!("../../../events/authorize-approved.json");
const TOKEN_EVENT: &str = include_str!("../../../events/token-issued.json");
const PAYMENT_EVENT: &str = include_str!("../../../events/payments-purchase.json");
const CREDIT_CARD_AUTHORIZE_EVENT: &str = include_str!("../../../events/authorize-creditcard-json.json");
const CREDIT_CARD_CAPTURE_EVENT: &str = include_str!("../../../events/capture-creditcard-json.json");

/// The amount of each payment, in minor units.
const AMOUNT: u64 = 2599;
/// An amount that the simulator's gateway declines: "Do not honor".
pub(crate) const DECLINED_AMOUNT: u64 = 100_500;
/// A card that the simulator's gateway keeps.
const STORED_CARD: &str = "1|16178397535388255208";

/// Changes in a batch of a stream: the most that the template has Lambda hand over.
pub(crate) const BATCH: usize = 100;

/// The gateway's token of a published test card.
const CARD_TOKEN: &str = "9477709629051443";

/// Characters of a session token: Lambda's credentials have one, and it is a part of each request
/// that is signed. AWS states no length.
const SESSION_TOKEN_CHARS: usize = 900;

/// DynamoDB, Secrets Manager and the gateway, on this machine.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) table: Proxy,
    pub(crate) secrets: Proxy,
    pub(crate) gateway: Proxy,
    /// The gateway's address, as the merchant's document has it.
    pub(crate) gateway_url: String,
}

impl World {
    pub(crate) async fn start() -> Result<Self, String> {
        Self::start_in(None).await
    }

    /// With its data in this folder, if they exceed the memory.
    pub(crate) async fn start_in(data: Option<PathBuf>) -> Result<Self, String> {
        let options = Options { data, ..Options::default() };
        let stack = Stack::start(options).await.map_err(|error| error.to_string())?;
        let table = Proxy::to(stack.dynamodb_url()).await?;
        let secrets = Proxy::to(stack.secretsmanager_url()).await?;
        let base_url = stack.simulator().base_url();
        let path = base_url.match_indices('/').nth(2).map_or("", |(at, _)| &base_url[at..]).to_owned();
        let gateway = Proxy::to(base_url.trim_end_matches(path.as_str())).await?;
        let name = merchants::secret_name(merchants::REGISTERED);
        let mut document = stack.secrets().get(&name).ok_or("the merchant is not there")?;
        let gateway_url = format!("{}{path}", gateway.url());
        document["gateway"]["base_url"] = json!(gateway_url);
        stack.secrets().put(&name, document);
        Ok(Self { stack, table, secrets, gateway, gateway_url })
    }

    /// From now on the merchant's payments are not found by texts that people quote, as by default.
    pub(crate) fn switch_search_off(&self) {
        let name = merchants::secret_name(merchants::REGISTERED);
        if let Some(mut document) = self.stack.secrets().get(&name) {
            document["search"] = json!({});
            self.stack.secrets().put(&name, document);
        }
    }

    /// One of the functions, or another program that takes the same environment.
    pub(crate) fn program(&self, command: Vec<std::ffi::OsString>, directory: &Path, known: &str) -> Program {
        // A variable that is set here twice has the value that comes last.
        let more = [
            ("AWS_ENDPOINT_URL_DYNAMODB", self.table.url()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.secrets.url()),
            ("KNOWN_MERCHANTS", known),
            ("STAGE", "bench"),
            ("LOG_LEVEL", "info"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ];
        let more = more.into_iter().map(|(name, value)| (name, value.to_owned()));
        let session_token = ("AWS_SESSION_TOKEN", "s".repeat(SESSION_TOKEN_CHARS));
        let all = self.stack.environment().into_iter().chain(more).chain([session_token]);
        let environment = all.map(|(name, value)| (name.to_owned(), value)).collect();
        Program { command, directory: PathBuf::from(directory), environment, limit: FUNCTION_LIMIT }
    }

    /// A function whose binary is there.
    pub(crate) fn function(&self, binary: &Path, known: &str) -> Program {
        let directory = binary.parent().unwrap_or(Path::new("."));
        self.program(vec![binary.as_os_str().to_owned()], directory, known)
    }

    /// Connections to the table, the secrets and the gateway on which something was sent so far.
    pub(crate) fn connections(&self) -> usize {
        self.table.connections() + self.secrets.connections() + self.gateway.connections()
    }

    /// Registers orders with ids for these names as Tollgate keeps them, past the proxies.
    pub(crate) async fn register(&self, orders: impl Iterator<Item = String>) -> Result<(), String> {
        let client = dynamodb_client(self.stack.dynamodb_url());
        let ports = self.stack.ports();
        let shards =
            Shards { in_doubt: ports.inquiries.settings.shards, captures: ports.captures.settings.shards };
        let store = DynamoDbStore::new(client, TABLE_NAME.to_owned(), shards);
        for order in orders {
            let key = OrderKey {
                merchant: merchants::REGISTERED.parse().map_err(|error| format!("{error}"))?,
                order: order_id(&order).parse().map_err(|error| format!("{error}"))?,
            };
            let amount = Amount::new(AMOUNT).map_err(|error| error.to_string())?;
            let order = Order::new(&key, Currency::USD, Some(amount), Timestamp::now());
            store.create(&order).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Keeps all calls from now on, or none.
    pub(crate) fn keep(&self, is_keeping: bool) {
        for proxy in [&self.table, &self.secrets, &self.gateway] {
            proxy.keep(is_keeping);
        }
    }
}

/// The requests that are measured warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Purchase,
    Authorize,
}

impl RequestKind {
    pub(crate) const ALL: [Self; 2] = [Self::Purchase, Self::Authorize];

    /// How the names of its figures end.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Purchase => PURCHASE,
            Self::Authorize => AUTHORIZE,
        }
    }

    /// The function that it is sent to.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Authorize => "authorize",
        }
    }

    /// The request for an order, as API Gateway's event. A purchase needs the order to be
    /// registered.
    pub(crate) fn event(self, order: &str) -> Value {
        match self {
            Self::Purchase => purchase(order),
            Self::Authorize => credit_card_authorize(order),
        }
    }
}

/// An order's id as shops have it, a UUID, so that items are as long as real ones: always the same
/// for a name.
pub(crate) fn order_id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// The request that registers an order, as API Gateway's event.
pub(crate) fn register(order: &str) -> Value {
    register_for(order, AMOUNT)
}

/// The same for another amount.
pub(crate) fn register_for(order: &str, amount: u64) -> Value {
    let mut event = at(REGISTER_EVENT, order);
    event["body"] = body(&json!({"data": {"type": "order", "amount": amount, "currency": "USD"}}));
    event
}

/// Pays the amount that a registered order owes, with a stored card.
pub(crate) fn purchase(order: &str) -> Value {
    let mut event = at_once(PURCHASE_EVENT, order);
    event["body"] =
        body(&json!({"data": {"gateway": "card_connect", "method": "purchase", "payment": STORED_CARD}}));
    event
}

/// Refunds all of such a payment.
pub(crate) fn refund(order: &str, transaction: &str) -> Value {
    let mut event = at_payment(REFUND_EVENT, order, transaction);
    event["body"] = body(&json!({"data": {"amount": AMOUNT}}));
    event
}

/// Voids such a payment.
pub(crate) fn void(order: &str, transaction: &str) -> Value {
    at_payment(VOID_EVENT, order, transaction)
}

/// Reads such a payment, with what can be done with it.
pub(crate) fn read(order: &str, transaction: &str) -> Value {
    let mut event = void(order, transaction);
    let route = "GET /v2/orders/{orderId}/transactions/{transactionId}";
    event["routeKey"] = json!(route);
    event["requestContext"]["routeKey"] = json!(route);
    event["requestContext"]["http"]["method"] = json!("GET");
    let path = event["rawPath"].as_str().unwrap_or_default().trim_end_matches("/cancel").to_owned();
    event["requestContext"]["http"]["path"] = json!(path);
    event["rawPath"] = json!(path);
    event["body"] = Value::Null;
    event
}

/// Asks for the access token of a shopper's browser.
pub(crate) fn shoppers_token() -> Value {
    let mut event = parsed(TOKEN_EVENT);
    event["isBase64Encoded"] = json!(false);
    event["body"] = json!(format!("grant_type=implicit&client_id={}", merchants::REGISTERED));
    event
}

/// Pays the amount that a registered order owes, with the token that such a request was granted.
pub(crate) fn in_a_browser(order: &str, granted: &Value) -> Value {
    let token =
        crate::process::body::<Token>(granted).map(|granted| granted.access_token).unwrap_or_default();
    let mut event = at_once(PAYMENT_EVENT, order);
    event["headers"]["authorization"] = json!(format!("Bearer {token}"));
    event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.7");
    event["body"] = body(&json!({"data": {
        "gateway": "card_connect", "method": "purchase",
        "payment": CARD_TOKEN, "year": "2049", "month": "12",
    }}));
    event
}

/// Authorizes the amount that a registered order owes, to be captured at once by the schedule.
pub(crate) fn authorize_for_the_schedule(order: &str) -> Value {
    let mut event = at_once(AUTHORIZE_EVENT, order);
    let data =
        json!({"gateway": "card_connect", "payment": STORED_CARD, "capture_at": "2020-01-01T00:00:00Z"});
    event["body"] = body(&json!({ "data": data }));
    event
}

/// Authorizes a card in the credit-card API.
pub(crate) fn credit_card_authorize(reference: &str) -> Value {
    let request = json!({
        "TransactionType": "0",
        "Card": {"CardNumber": "4788250000121443", "ExpiryDate": "12/39", "CVV": "112"},
        "CaptureMethod": "2",
        "BillingAddress": {"Zip": "55555", "Country": "USA"},
        "Amount": "25.99",
        "CurrencyCode": "USD",
        "TransactionReference": order_id(reference),
    });
    credit_card(CREDIT_CARD_AUTHORIZE_EVENT, &request)
}

/// Captures such an authorization.
pub(crate) fn credit_card_capture(transaction: &str, reference: &str) -> Value {
    credit_card(
        CREDIT_CARD_CAPTURE_EVENT,
        &json!({"TransactionID": transaction, "TransactionReference": order_id(reference)}),
    )
}

fn credit_card(event: &str, request: &Value) -> Value {
    let mut event = parsed(event);
    let authentication = json!({"Id": merchants::REGISTERED, "Key": merchants::REGISTERED_KEY});
    event["body"] = body(&json!({"Authentication": authentication, "Request": request}));
    event
}

/// The event for another order.
fn at(event: &str, order: &str) -> Value {
    let mut event = parsed(event);
    replace_in_path(&mut event, "orderId", &order_id(order));
    event
}

/// The same with an idempotency key, which is a UUID, too.
fn at_once(event: &str, order: &str) -> Value {
    let mut at = at(event, order);
    at["headers"]["idempotency-key"] = json!(order_id(&format!("{order} {event}")));
    at
}

/// The same for a payment of another order.
fn at_payment(event: &str, order: &str, transaction: &str) -> Value {
    let mut event = at_once(event, order);
    replace_in_path(&mut event, "transactionId", transaction);
    event
}

/// Another value of a parameter of the path.
fn replace_in_path(event: &mut Value, parameter: &str, value: &str) {
    let old = event["pathParameters"][parameter].as_str().unwrap_or_default().to_owned();
    let path = event["rawPath"].as_str().unwrap_or_default().replace(&old, value);
    event["pathParameters"][parameter] = json!(value);
    event["requestContext"]["http"]["path"] = json!(path);
    event["rawPath"] = json!(path);
}

fn body(body: &Value) -> Value {
    Value::String(body.to_string())
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).unwrap_or_default()
}
