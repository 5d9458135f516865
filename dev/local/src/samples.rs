//! Sample orders and card payments, made by really paying them, so that every event in `events/`
//! finds the records that it names.
//!
//! Their ids are fixed: order *n* is [`order_id`]`(n)`, registered at a fixed time, from which with
//! its key the id of its payment follows. The id of a payment of the credit-card API follows from
//! its `TransactionReference` (`tollgate::credit_card::payment_id`).

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use cardpointe_simulator::Simulator;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::json;
use tollgate_core::values::Clock;
use tollgate_wire::{Single, Transaction, credit_card};
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};
use uuid::Uuid;

use crate::{
    client::{Client, ClientCall},
    functions::Functions,
    merchants::{RAPID_CONNECT, RAPID_CONNECT_KEY, REGISTERED, REGISTERED_KEY},
};

/// The profile that the simulator knows from the start, as account and profile id.
const STORED_CARD: &str = "1|16178397535388255208";

/// A number that the gateway's test system approves.
const CARD: &str = "4788250000121443";

/// The payment of a sample order before its event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payment {
    /// Nothing: the event pays it.
    None,
    /// The amount is held.
    Authorized,
    /// The amount is held, and captured by the schedule after [`CAPTURE_AFTER`].
    Scheduled,
    /// The amount is held, and a part of it captured.
    Captured,
    /// Paid, and sent to settlement.
    Settled,
}

/// The customer whose card `payment-methods-list` lists.
const CUSTOMER: &str = "customer-18";

/// A payment of an earlier day, recorded in the journal: `transactions-report` adds it up.
const JOURNALED: &str = include_str!("../../../events/journal-purchase.json");

/// A payment of a part of [`REPEATED_ORDER`], whose merchant knows it again for a year.
const REPEATED: &str = include_str!("../../../events/purchase-possible-duplicate.json");

/// The number of the order that [`REPEATED`] pays.
const REPEATED_ORDER: u8 = 20;

/// Late enough that no stack is up so long, early enough for the authorization's seven days.
const CAPTURE_AFTER: SignedDuration = SignedDuration::from_hours(6 * 24);

/// The order that the examples of `docs/openapi.yaml` name, so that a reader can pay it at once.
const DESCRIBED: (&str, u32) = ("order-1001", 2599);

/// The captured part of [`Payment::Captured`].
const PARCEL: u32 = 2_000;

/// One sample order and the event that it is for; `events/README.md` lists the same.
struct Sample {
    order: u8,
    amount: u32,
    payment: Payment,
}

const fn sample(order: u8, amount: u32, payment: Payment) -> Sample {
    Sample { order, amount, payment }
}

/// For whole dollars from 1000 to 1999, the simulator returns the last three digits as the
/// processor's code: 51 is a decline.
const DECLINED: u32 = 105_100;

const SAMPLES: &[Sample] = &[
    sample(11, 2599, Payment::Settled),    // refund-approved
    sample(14, 2599, Payment::Settled),    // refund-too-much, void-settled
    sample(1, 2599, Payment::None),        // authorize-approved
    sample(2, DECLINED, Payment::None),    // authorize-declined
    sample(3, 2599, Payment::None),        // purchase-approved
    sample(4, DECLINED, Payment::None),    // purchase-declined
    sample(5, 2599, Payment::None),        // payments-purchase
    sample(7, DECLINED, Payment::None),    // payments-declined
    sample(8, 2599, Payment::Authorized),  // capture-approved
    sample(10, 2599, Payment::Authorized), // void-approved
    sample(13, 2599, Payment::Authorized), // capture-too-much, confirm-nothing-in-doubt, orders-read
    sample(15, 2599, Payment::Scheduled),  // orders-schedule-capture, scheduled-capture-order
    sample(18, 2599, Payment::Scheduled),  // orders-pause-captures, orders-resume-captures
    sample(19, 2599, Payment::Captured),   // capture-reauthorize
];

/// A card payment of 25.99 USD through the credit-card API. Each is an order of its own.
struct CardSample {
    /// Tells its ids from those of the others; the sample orders' numbers end below.
    number: u8,
    reference: &'static str,
    payment: Payment,
}

const fn card_sample(number: u8, reference: &'static str, payment: Payment) -> CardSample {
    CardSample { number, reference, payment }
}

/// Each follow-up event that changes something has one to itself.
const CARD_SAMPLES: &[CardSample] = &[
    card_sample(32, "sale-1", Payment::Settled), // refund-creditcard-json
    card_sample(33, "sale-2", Payment::Settled), // refund-creditcard-xml
    card_sample(34, "sale-3", Payment::Settled), // void-creditcard-settled
    card_sample(35, "hold-1", Payment::Authorized), // capture-creditcard-json
    card_sample(36, "hold-2", Payment::Authorized), // capture-creditcard-xml
    card_sample(37, "hold-3", Payment::Authorized), // confirm-creditcard-json, -xml
    card_sample(38, "hold-4", Payment::Authorized), // void-creditcard-json
    card_sample(39, "hold-5", Payment::Authorized), // void-creditcard-xml
];

/// The id of a sample order.
pub fn order_id(number: u8) -> Uuid {
    Uuid::from_u128(0x0de5_0000_0000_4000_8000_0000_0000_0000 | u128::from(number))
}

fn drawn_id(order: u8, draw: u8) -> Uuid {
    Uuid::from_u128(0x7a00_0000_0000_4000_8000_0000_0000_0000 | u128::from(order) << 8 | u128::from(draw))
}

/// When all sample orders are registered, in seconds since 1970: the time of the events in
/// `events/`.
const REGISTERED_AT_S: i64 = 1_767_225_600;

/// Today's time, unless orders are registered, and ids that are the same on every machine.
#[derive(Default)]
pub(crate) struct SampleClock {
    registers: AtomicBool,
    order: AtomicU8,
    drawn: AtomicU8,
}

impl SampleClock {
    /// The ids drawn from now on are this sample's.
    fn begin(&self, number: u8) {
        self.order.store(number, Ordering::SeqCst);
        self.drawn.store(0, Ordering::SeqCst);
    }
}

impl Clock for SampleClock {
    fn now(&self) -> Timestamp {
        let registered = Timestamp::from_second(REGISTERED_AT_S).ok();
        registered.filter(|_| self.registers.load(Ordering::SeqCst)).unwrap_or_else(Timestamp::now)
    }

    fn new_id(&self) -> Uuid {
        drawn_id(self.order.load(Ordering::SeqCst), self.drawn.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// Makes the samples with a process of their own, and returns how many there are.
pub(crate) async fn make(
    functions: Functions,
    clock: &SampleClock,
    simulator: &Simulator,
) -> Result<usize, String> {
    // Two dozen lines about payments that no client made would hide the start's own lines.
    pay(&functions, clock, simulator).with_subscriber(NoSubscriber::new()).await
}

async fn pay(functions: &Functions, clock: &SampleClock, simulator: &Simulator) -> Result<usize, String> {
    let mut client = Client { functions, token: String::new() };
    clock.registers.store(true, Ordering::SeqCst);
    client.log_in(REGISTERED, REGISTERED_KEY).await?;
    for sample in SAMPLES {
        client.register(&order_id(sample.order).to_string(), sample.amount).await?;
    }
    let (described, amount) = DESCRIBED;
    client.register(described, amount).await?;
    clock.registers.store(false, Ordering::SeqCst);
    client.log_in(REGISTERED, REGISTERED_KEY).await?;
    let is_settled = |payment: Payment| payment == Payment::Settled;
    // The paid ones first, so that one batch settles them and nothing else.
    for settled in [true, false] {
        for sample in SAMPLES.iter().filter(|sample| is_settled(sample.payment) == settled) {
            clock.begin(sample.order);
            client.prepare(sample).await?;
        }
        for sample in CARD_SAMPLES.iter().filter(|sample| is_settled(sample.payment) == settled) {
            clock.begin(sample.number);
            client.prepare_card(sample).await?;
        }
        if settled {
            simulator.settle();
        }
    }
    client.store_card().await?;
    client.journal().await?;
    clock.begin(REPEATED_ORDER);
    client.log_in(RAPID_CONNECT, RAPID_CONNECT_KEY).await?;
    client.pay_before_repetition().await?;
    Ok(SAMPLES.len() + CARD_SAMPLES.len() + 1)
}

impl Client<'_> {
    async fn register(&self, id: &str, amount: u32) -> Result<(), String> {
        let order = json!({ "data": { "type": "order", "amount": amount, "currency": "USD" } });
        let parameters = [("orderId", id)];
        let path = "/v2/orders/{orderId}";
        let call = ClientCall { function: "orders", method: "PUT", path, parameters: &parameters };
        self.send(&call, &order).await.map(drop)
    }

    async fn prepare(&self, sample: &Sample) -> Result<(), String> {
        let id = order_id(sample.order).to_string();
        let parameters = [("orderId", id.as_str())];
        let (function, method) = match sample.payment {
            Payment::None => return Ok(()),
            Payment::Authorized | Payment::Scheduled | Payment::Captured => ("authorize", "authorize"),
            Payment::Settled => ("purchase", "purchase"),
        };
        let path = format!("/v2/orders/{{orderId}}/payments/{method}");
        let mut payment =
            json!({ "data": { "gateway": "card_connect", "method": method, "payment": STORED_CARD } });
        if sample.payment == Payment::Scheduled {
            payment["data"]["capture_at"] = json!(Timestamp::now() + CAPTURE_AFTER);
        }
        let call = ClientCall { function, method: "POST", path: &path, parameters: &parameters };
        let paid = self.send(&call, &payment).await?;
        if sample.payment == Payment::Captured {
            let paid = serde_json::from_value(paid).map_err(|error| error.to_string())?;
            let Single { data: Transaction { id: transaction, .. } } = paid;
            let transaction = transaction.to_string();
            let parameters = [("orderId", id.as_str()), ("transactionId", transaction.as_str())];
            let path = "/v2/orders/{orderId}/transactions/{transactionId}/capture";
            let part = json!({ "data": { "amount": PARCEL } });
            let call = ClientCall { function: "capture", method: "POST", path, parameters: &parameters };
            self.send(&call, &part).await?;
        }
        Ok(())
    }

    async fn prepare_card(&self, sample: &CardSample) -> Result<(), String> {
        let (function, route, kind) = match sample.payment {
            Payment::None | Payment::Scheduled | Payment::Captured => return Ok(()),
            Payment::Authorized => ("authorize", "authorize", "0"),
            Payment::Settled => ("purchase", "charge", "1"),
        };
        let path = format!("/api/v1/payments/creditcard/{route}");
        let payment = json!({
            "Authentication": { "Id": REGISTERED, "Key": REGISTERED_KEY },
            "Request": {
                "TransactionType": kind,
                "Card": { "CardNumber": CARD, "ExpiryDate": "12/39", "CVV": "112" },
                "CaptureMethod": "2",
                "BillingAddress": { "Zip": "55555", "Country": "USA" },
                "Amount": "25.99",
                "CurrencyCode": "USD",
                "TransactionReference": sample.reference,
            },
        });
        let call = ClientCall { function, method: "POST", path: &path, parameters: &[] };
        let answer = self.send(&call, &payment).await?;
        // This API tells a payment's outcome by the body, not by the status.
        let read = credit_card::Outgoing::deserialize(&answer).map(|read| read.response.response_code);
        let approved = read.is_ok_and(|code| code == credit_card::ResponseCode::Approved);
        if approved { Ok(()) } else { Err(format!("{path} answered {answer}")) }
    }

    /// Stores a card of a customer.
    async fn store_card(&self) -> Result<(), String> {
        let card = json!({ "data": {
            "customer": CUSTOMER, "first_name": "Ada", "last_name": "Example", "number": CARD,
            "month": "12", "year": "2039", "verification_value": "112",
        } });
        let path = "/v2/payment-methods";
        let call = ClientCall { function: "payment-methods", method: "POST", path, parameters: &[] };
        self.send(&call, &card).await.map(drop)
    }

    /// Makes the payment that [`REPEATED`] repeats.
    async fn pay_before_repetition(&self) -> Result<(), String> {
        self.register(&order_id(REPEATED_ORDER).to_string(), 2599).await?;
        let paid = self.functions.run("purchase", REPEATED).await.map_err(|error| error.to_string())?;
        if paid.status().is_success() { Ok(()) } else { Err(format!("purchase answered {}", paid.status())) }
    }

    /// Tells the journal of a payment, and has its day added up.
    async fn journal(&self) -> Result<(), String> {
        for (function, event) in [("journal", JOURNALED), ("totals", "{}")] {
            let told = self.functions.invoke_with_event(function, event).await;
            told.map_err(|error| format!("{function}: {error}"))?;
        }
        Ok(())
    }
}
