//! `customer erase`: a customer is gone from all tables and from the log, and payments are not.

use std::{
    collections::{BTreeSet, HashMap},
    io::Write,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use serde_json::{Value, json};
use tollgate::dynamodb::journal::BUCKET;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::support::{Fixture, MERCHANT};

const CUSTOMER: &str = "canary-of-a-customer";
const NAME: &str = "Canaryname";
const EMAIL: &str = "canary@example.com";
const DESCRIPTION: &str = "canary of a description";

const VISA: &str = "4788250000121443";
const MASTERCARD: &str = "5454545454545454";
const AMEX: &str = "371449635398431";

/// Everything that the stack logs on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Writes this thread's log lines here, until the returned guard is dropped.
    fn follow(&self) -> impl Sized + use<> {
        let writer = self.clone();
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
            .with_writer(move || writer.clone())
            .set_default()
    }
}

/// Every item of every table.
async fn items(fixture: &Fixture) -> Vec<HashMap<String, AttributeValue>> {
    let client = local::dynamodb_client(fixture.stack.dynamodb_url());
    let names = client.list_tables().send().await.unwrap().table_names.unwrap_or_default();
    assert_eq!(names.len(), 7, "{names:?}");
    let mut all = Vec::new();
    for name in names {
        let items = client.scan().table_name(&name).send().await.unwrap();
        assert!(items.last_evaluated_key.is_none(), "the whole table in one page");
        all.extend_from_slice(items.items());
    }
    all
}

/// The journal's pointers: items that lead from a searched text to payments.
fn pointers(items: &[HashMap<String, AttributeValue>]) -> Vec<&HashMap<String, AttributeValue>> {
    items
        .iter()
        .filter(|item| item.contains_key("o") && item.contains_key("s") && !item.contains_key("f"))
        // An open hold names its order, too, and nobody's reference.
        .filter(|item| !item[BUCKET].as_s().is_ok_and(|bucket| bucket.starts_with("#held#")))
        .collect()
}

/// How many payments a command finds.
async fn payments(fixture: &Fixture, find: &[&str]) -> usize {
    let found = fixture.run(&[find, &["--json"]].concat(), "").await.json();
    found["payments"].as_array().unwrap().len()
}

/// The same as text.
async fn tables(fixture: &Fixture) -> String {
    format!("{:?}", items(fixture).await)
}

/// The gateway's tokens in there.
fn tokens(tables: &str) -> BTreeSet<&str> {
    tables.split("\"tk\": S(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

fn card(number: &str) -> Value {
    let code = if number == AMEX { "7391" } else { "123" };
    json!({
        "gateway": "card_connect", "method": "purchase", "first_name": "John", "last_name": "Smith",
        "number": number, "month": "10", "year": "2031", "verification_value": code,
    })
}

async fn pay(fixture: &Fixture, order: &str, data: Value) -> (u16, Value) {
    let body = json!({ "data": { "type": "order", "amount": 2599, "currency": "USD" } });
    fixture.call("PUT", &format!("/v2/orders/{order}"), body).await;
    fixture.call("POST", &format!("/v2/orders/{order}/payments"), json!({ "data": data })).await
}

fn saving(number: &str, customer: &str) -> Value {
    let mut data = card(number);
    (data["save"], data["customer"]) = (json!(true), json!(customer));
    data
}

async fn store(fixture: &Fixture, number: &str, customer: &str) -> Value {
    let mut data = card(number);
    for member in ["gateway", "method"] {
        data.as_object_mut().unwrap().remove(member);
    }
    data["customer"] = json!(customer);
    let (status, stored) = fixture.call("POST", "/v2/payment-methods", json!({ "data": data })).await;
    assert_eq!(status, 201, "{stored}");
    stored["data"].clone()
}

/// A credit-card payment that says who paid; returns its order's id.
async fn pay_as(fixture: &Fixture, reference: &str, name: &str, email: &str) -> String {
    let body = json!({
        "Authentication": { "Id": MERCHANT, "Key": local::merchants::REGISTERED_KEY },
        "Request": {
            "TransactionType": "1", "Name": name, "Email": email, "Description": DESCRIPTION,
            "Card": { "CardNumber": VISA, "ExpiryDate": "10/31", "CVV": "112" }, "SaveToFile": "true",
            "CaptureMethod": "2", "BillingAddress": { "Zip": "55555", "Country": "USA" },
            "Amount": "20.50", "CurrencyCode": "USD", "TransactionReference": reference,
        }
    });
    let (status, answer) = fixture.call("POST", "/api/v1/payments/creditcard/charge", body).await;
    assert_eq!((status, &answer["Message"]["Code"]), (200, &json!("00")), "{answer}");
    answer["Response"]["TransactionID"].as_str().unwrap().to_owned()
}

/// Gives the merchant a receiver that is not there, so that all events become deliveries that wait.
async fn with_receiver(fixture: &Fixture) {
    let add = ["webhook", "add", MERCHANT, "shop", "--url", "http://127.0.0.1:9/hooks"];
    fixture.run(&add, "").await.done();
    fixture.stack.advance_clock(2);
}

async fn deliver(fixture: &Fixture) {
    fixture.stack.deliver_stream().await.unwrap();
    fixture.stack.deliver_webhooks().await.unwrap();
}

async fn history(fixture: &Fixture, order: &str) -> Value {
    fixture.run(&["payment", "show", MERCHANT, order, "--json"], "").await.json()
}

fn profile(method: &Value) -> String {
    method["payment"].as_str().unwrap().split_once('|').unwrap().1.to_owned()
}

#[tokio::test]
async fn an_erased_customer_is_in_no_table_and_no_log_line_and_its_payments_still_are() {
    let log = Log::default();
    let _here = log.follow();
    let fixture = Fixture::open().await;
    with_receiver(&fixture).await;
    let stored = store(&fixture, VISA, CUSTOMER).await;
    let (status, _) = pay(&fixture, "saved", saving(MASTERCARD, CUSTOMER)).await;
    assert_eq!(status, 200);
    let by_stored = json!({"gateway": "card_connect", "method": "authorize", "payment": stored["payment"]});
    let (status, held) = pay(&fixture, "held", by_stored).await;
    assert_eq!(status, 200, "{held}");
    let other = store(&fixture, AMEX, "another").await;
    pay_as(&fixture, "r-1", NAME, EMAIL).await;
    let anothers = pay_as(&fixture, "r-2", "Bob", "bob@example.com").await;
    deliver(&fixture).await;
    let before = tables(&fixture).await;
    for canary in [CUSTOMER, NAME, EMAIL, DESCRIPTION, &profile(&stored)] {
        assert!(before.contains(canary), "{canary} is stored");
    }
    let by_customer = ["payment", "find", MERCHANT, "--customer", CUSTOMER];
    let by_address = ["payment", "find", MERCHANT, "--email", "canary@EXAMPLE.com "];
    for find in [&by_customer, &by_address] {
        assert_eq!(payments(&fixture, find).await, 1, "{find:?}");
    }
    let pointers = self::pointers(&items(&fixture).await).len();
    for table in ["days", "due_for"] {
        assert!(before.contains(table), "journal and deliveries have something to be searched");
    }

    let erase = ["customer", "erase", MERCHANT, CUSTOMER];
    let unchanged = items(&fixture).await;
    let listed = fixture.run(&erase, "").await;
    listed.never_says(CUSTOMER);
    let listed = listed.done();
    assert!(
        listed.contains("pointers to its payments in the journal: 1"),
        "by the customer's reference: {listed}"
    );
    assert!(listed.contains("order held: ") && listed.contains("order saved: "), "{listed}");
    assert_eq!(fixture.run(&[&erase[..], &["--yes", "--dry-run"]].concat(), "").await.done(), listed);
    assert!(items(&fixture).await == unchanged, "nothing is changed without --yes, or with --dry-run");
    fixture.run(&[&erase[..], &["--yes"]].concat(), "").await.done();
    let by_email = ["customer", "erase", MERCHANT, "Canary@EXAMPLE.com", "--yes"];
    let erased = fixture.run(&by_email, "").await;
    erased.never_says(NAME);
    assert!(erased.done().contains("description, email address"));

    run_schedules(&fixture).await;
    fixture.run(&["journal", "rebuild"], "").await.done();
    for find in [&by_customer, &by_address] {
        assert_eq!(payments(&fixture, find).await, 0, "{find:?}");
    }
    let by_reference = ["payment", "find", MERCHANT, "--reference", "r-1"];
    assert_eq!(payments(&fixture, &by_reference).await, 1, "that is the merchant's");
    let left = self::pointers(&items(&fixture).await).len();
    assert_eq!((pointers, left), (5, 3), "no new ones, also by a rebuild");
    let after = tables(&fixture).await;
    for canary in [CUSTOMER, NAME, EMAIL, &profile(&stored)] {
        assert!(!after.contains(canary), "{canary} is in a table");
    }
    assert_eq!((tokens(&before).len(), tokens(&after).len()), (3, 1), "the other customer's card has one");
    assert_eq!(after.matches(DESCRIPTION).count(), 1, "the other customer's");
    assert!(after.contains("bob@example.com") && after.contains(&profile(&other)));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a webhook failed"), "it is the stack's log");
    for canary in [CUSTOMER, NAME, EMAIL, DESCRIPTION, &profile(&stored)] {
        assert!(!log.contains(canary), "{canary} is in the log");
    }

    assert_eq!(history(&fixture, &anothers).await["transactions"][0]["status"], "complete");
    goes_on_without_its_customer(&fixture, &held, &stored, &other).await;
    let nothing = fixture.run(&[&erase[..], &["--yes"]].concat(), "").await.done();
    assert!(nothing.starts_with("Nothing is stored of this customer."), "{nothing}");
    fixture.close().await;
}

/// Hours later.
async fn run_schedules(fixture: &Fixture) {
    deliver(fixture).await;
    fixture.stack.advance_clock(7_200);
    for schedule in ["reconcile", "totals", "webhooks"] {
        fixture.stack.invoke_scheduled(schedule).await.unwrap();
    }
}

/// A hold can still be captured and a payment refunded; the gateway no longer has the cards.
async fn goes_on_without_its_customer(fixture: &Fixture, held: &Value, stored: &Value, other: &Value) {
    let id = held["data"]["id"].as_str().unwrap();
    assert_eq!(fixture.follow_up("held", id, "capture", json!({})).await.0, 200);
    let again = json!({"gateway": "card_connect", "method": "purchase", "payment": stored["payment"]});
    assert_eq!(pay(fixture, "later", again).await.0, 400, "its profile is deleted");
    let others = json!({"gateway": "card_connect", "method": "purchase", "payment": other["payment"]});
    assert_eq!(pay(fixture, "others", others).await.0, 200);
}

#[tokio::test]
async fn an_erasure_causes_no_event() {
    let fixture = Fixture::open().await;
    pay_as(&fixture, "r-1", NAME, EMAIL).await;
    fixture.stack.deliver_stream().await.unwrap();
    let before = fixture.stack.bus().events();
    assert!(!before.is_empty());
    for canary in [NAME, EMAIL, DESCRIPTION] {
        assert!(!format!("{before:?}").contains(canary), "{canary}");
    }
    fixture.run(&["customer", "erase", MERCHANT, EMAIL, "--yes"], "").await.done();
    fixture.stack.deliver_stream().await.unwrap();
    assert_eq!(fixture.stack.bus().events(), before);
    fixture.close().await;
}

#[tokio::test]
async fn what_is_in_doubt_keeps_what_its_outcome_needs_and_is_erased_once_that_is_known() {
    let fixture = Fixture::open().await;
    fixture.lose(Endpoint::Auth);
    let (status, paid) = pay(&fixture, "o", saving(VISA, CUSTOMER)).await;
    assert_eq!(status, 202, "{paid}");
    fixture.stack.simulator().clear_faults();
    let erase = ["customer", "erase", MERCHANT, CUSTOMER, "--yes", "--json"];
    let ran = fixture.run(&erase, "").await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&value["waiting"], &value["orders"][0]["order"]), (&json!(1), &json!("o")));
    fixture.stack.advance_clock(120);
    let id = paid["data"]["id"].as_str().unwrap();
    let (status, confirmed) = fixture.follow_up("o", id, "confirm", json!({})).await;
    assert_eq!((status, &confirmed["data"]["status"]), (200, &json!("complete")), "the payment is not lost");
    let value = fixture.run(&erase, "").await.json();
    assert_eq!((&value["waiting"], &value["cards"]), (&json!(0), &json!(1)), "{value}");
    assert!(!tables(&fixture).await.contains(CUSTOMER));
    fixture.close().await;
}

#[tokio::test]
async fn an_erasure_that_the_gateway_interrupts_is_finished_by_the_next_one() {
    let fixture = Fixture::open().await;
    store(&fixture, VISA, CUSTOMER).await;
    assert_eq!(pay(&fixture, "saved", saving(MASTERCARD, CUSTOMER)).await.0, 200);
    let erase = ["customer", "erase", MERCHANT, CUSTOMER, "--yes"];
    for kind in [FaultKind::Status { status: 503 }, FaultKind::DropAfter] {
        fixture.stack.simulator().fault(Fault::once(Endpoint::Profile, kind));
        let ran = fixture.run(&erase, "").await;
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.out.contains("repeat the command"), "{ran:?}");
        assert!(tables(&fixture).await.contains(CUSTOMER), "what is left can still be found");
    }
    fixture.run(&erase, "").await.done();
    let left = tables(&fixture).await;
    assert!(!left.contains(CUSTOMER) && !left.contains("profile"));
    fixture.close().await;
}

#[tokio::test]
async fn a_card_that_another_customer_has_stored_too_stays_at_the_gateway() {
    let fixture = Fixture::open().await;
    let others = store(&fixture, VISA, "another").await;
    assert_eq!(pay(&fixture, "saved", saving(VISA, CUSTOMER)).await.0, 200);
    assert_eq!(tables(&fixture).await.matches(&profile(&others)).count(), 3, "both customers and the order");
    fixture.run(&["customer", "erase", MERCHANT, CUSTOMER, "--yes"], "").await.done();
    assert_eq!(tables(&fixture).await.matches(&profile(&others)).count(), 1);
    let by_stored = json!({"gateway": "card_connect", "method": "purchase", "payment": others["payment"]});
    assert_eq!(pay(&fixture, "o", by_stored).await.0, 200);
    fixture.close().await;
}

#[tokio::test]
async fn an_order_that_is_named_is_erased_whoever_paid_it() {
    let fixture = Fixture::open().await;
    let id = pay_as(&fixture, "r-1", NAME, EMAIL).await;
    pay_as(&fixture, "r-2", NAME, EMAIL).await;
    fixture.run(&["customer", "erase", MERCHANT, CUSTOMER, "--order", &id, "--yes"], "").await.done();
    assert_eq!(
        tables(&fixture).await.matches(EMAIL).count(),
        1,
        "the other one says nothing of this customer"
    );
    fixture.close().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_named_and_no_customer_is_a_mistake() {
    let fixture = Fixture::open().await;
    pay(&fixture, "o", card(VISA)).await;
    fixture.spoil("o").await;
    let ran = fixture.run(&["customer", "erase", MERCHANT, CUSTOMER], "").await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains(&format!("{MERCHANT}#o")), "{ran:?}");
    fixture.run(&["customer", "erase", MERCHANT, "#"], "").await.fails(2, "neither a customer's reference");
    fixture.close().await;
}
