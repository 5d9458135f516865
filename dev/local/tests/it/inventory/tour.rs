//! Through all features of both APIs and of the schedules, with everything that a request can hold.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, Stage};
use jiff::{SignedDuration, Timestamp, civil::Date};
use local::{ATTEMPTS_TABLE_NAME, AppSettings, WEBHOOKS_TABLE_NAME, functions::SCHEDULED, merchants};
use reqwest::Method;
use serde_json::{Value, json};
use tollgate::{abuse::READS, source::Front};
use tollgate_core::{
    journal::{Concern, SeenStatement, see},
    order::{
        Action, Attribution, CaptureAt, Dispute, DisputeKind, DisputeReport, Essentials, Fingerprint,
        HandVerdict, Intent, Kind, LineId, OrderKey, Person, Principal, Target,
    },
    payments::{CaptureSettings, Deadline, HandDecision, Payments, Sender, record_dispute},
    values::{Amount, Clock as _},
};

use super::{logged, stored, stored_in, watch::Watch};
use crate::{
    bad_rows,
    credit_card_client::{CreditCard, Syntax, follow_up, payment, with},
    permissions::reads_a_deposit_with,
    shop::{MASTERCARD, NO_FUNDS, Shop, TIMES_OUT, VISA, advised, by_card_with, lost_card},
    shop_orders,
    stopped_payments::throw,
    support::client,
    webhooks,
};

const DAY_S: i64 = 86_400;

/// An operator whom AWS knows.
fn person() -> Person {
    "arn:aws:iam::123456789012:user/ann".parse().unwrap()
}

/// The names that were seen on the way.
pub(super) struct Seen {
    /// The paths of the attributes in the table.
    pub(super) stored: BTreeSet<String>,
    /// Those in the table of webhooks' deliveries.
    pub(super) delivered: BTreeSet<String>,
    /// Those in the table of shoppers' attempts.
    pub(super) attempted: BTreeSet<String>,
    /// The names of the fields of the log lines, as they are written in production.
    pub(super) logged: BTreeSet<String>,
}

/// A shop, and the attributes that were in its tables at any time.
struct Tour {
    shop: Shop,
    stored: BTreeSet<String>,
    delivered: BTreeSet<String>,
    attempted: BTreeSet<String>,
}

pub(super) async fn through_everything() -> Seen {
    // As `telemetry::init` has it.
    let watch = Watch::over("off,tollgate=info");
    let key = json!({"key": merchants::REGISTERED_KEY, "name": "shop", "role": "all"});
    let patch = json!({"keep_personal_data": "P30D", "keys": [key]});
    let (stored, delivered, attempted) = Default::default();
    let mut tour = Tour { shop: Shop::open_with(patch).await, stored, delivered, attempted };
    tour.pays_later_and_refunds().await;
    tour.pays_in_two_tries_what_was_priced_again().await;
    tour.pays_with_everything_a_credit_card_request_holds().await;
    tour.is_declined_and_given_back().await;
    tour.hears_what_card_schemes_forbid().await;
    tour.is_paid_by_a_shopper().await;
    tour.loses_a_request_that_arrives_late().await;
    tour.meets_a_gateway_that_does_not_respond().await;
    tour.retries_what_had_no_effect().await;
    tour.closes_an_order_and_meets_a_refused_settlement().await;
    tour.cannot_read_a_merchant().await;
    tour.cannot_read_the_table().await;
    tour.stays_in_doubt().await;
    tour.cannot_keep_the_journal().await;
    tour.cannot_read_the_settlement().await;
    tour.sends_webhooks().await;
    tour.stores_cards().await;
    tour.lets_an_authorization_lapse().await;
    tour.is_changed_by_a_verified_person().await;
    tour.is_charged_back().await;
    tour.is_stopped_and_started().await;
    tour.reads_what_is_damaged().await;
    tour.sells_through_elastic_path().await;
    let lines: Vec<Value> = watch.lines().into_iter().map(|(_, line)| line).collect();
    let Tour { shop, stored, delivered, attempted } = tour;
    let seen = Seen { stored, delivered, attempted, logged: logged(&lines) };
    shop.close().await;
    seen
}

impl Tour {
    /// Looks into the table.
    async fn look(&mut self) {
        self.stored.extend(stored(&self.shop).await);
        self.delivered.extend(stored_in(&self.shop, WEBHOOKS_TABLE_NAME).await);
        // A counter's numbers have their time in their name.
        let counted = stored_in(&self.shop, ATTEMPTS_TABLE_NAME).await.into_iter().map(|name| {
            let letter = name.trim_end_matches(|c: char| c.is_ascii_digit());
            if letter == name { name } else { format!("{letter}…") }
        });
        self.attempted.extend(counted);
    }

    async fn later(&mut self, seconds: i64) {
        self.shop.stack.advance_clock(seconds);
        let token = self.shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
        self.shop.use_token(token.body["access_token"].as_str().unwrap());
    }

    async fn run(&mut self, function: &str) {
        self.shop.stack.invoke_scheduled(function).await.unwrap();
        self.look().await;
    }

    fn fault(&self, endpoint: Endpoint, kind: FaultKind) {
        self.shop.stack.simulator().fault(Fault { endpoint, kind, times: 1 });
    }

    /// A store does not answer, has a payment twice, and refuses another one.
    async fn sells_through_elastic_path(&mut self) {
        let mut shop = shop_orders::open(json!({})).await;
        for is_refused in [false, true] {
            shop_orders::use_token_of(&mut shop, Some(merchants::ELASTIC_PATH_KEY)).await;
            let store = shop.stack.elastic_path().unwrap();
            store.enable_manual(true);
            let order = shop_orders::place(&shop, 10_000);
            store.pay_elsewhere(&order, 1_000, elastic_path_fake::Method::Purchase).unwrap();
            let late = elastic_path_fake::FaultKind::LateTimeout(100 * 60_000);
            store.fault(elastic_path_fake::Fault::once(elastic_path_fake::Endpoint::Payments, late));
            let part = by_card_with("purchase", VISA, &json!({"amount": 4_000}));
            shop.pay(&order, part).await.data(200);
            self.stored.extend(stored(&shop).await);
            for minutes in [2, 4, 61, 3 * 60] {
                store.enable_manual(!is_refused);
                shop.stack.advance_clock(minutes * 60);
                shop.stack.invoke_scheduled("reconcile").await.unwrap();
                self.stored.extend(stored(&shop).await);
            }
        }
        shop.close().await;
        self.sells_what_a_store_cancels().await;
    }

    /// A store is not told of a partial refund, refunds and cancels an order, has payments of
    /// others, and is silent about another order until its hold ends.
    async fn sells_what_a_store_cancels(&mut self) {
        let shop_key = Some(merchants::ELASTIC_PATH_KEY);
        let rule = json!({"elastic_path": {"cancel_voided": true}});
        let mut shop = shop_orders::open(rule).await;
        shop_orders::use_token_of(&mut shop, shop_key).await;
        let store = shop.stack.elastic_path().unwrap();
        let orders: Vec<_> = (0..2).map(|_| shop_orders::place(&shop, 10_000)).collect();
        let paid = shop.pay(&orders[0], by_card_with("purchase", VISA, &json!({}))).await.id();
        let hour = shop.stack.clock().now() + SignedDuration::from_hours(1);
        let later = by_card_with("authorize", VISA, &json!({"capture_at": hour}));
        shop.pay(&orders[1], later).await.data(200);
        shop.stack.simulator().settle();
        for (amount, kind) in [(100, None), (200, Some(elastic_path_fake::FaultKind::CutBefore))] {
            let fault =
                kind.map(|kind| elastic_path_fake::Fault::once(elastic_path_fake::Endpoint::Refund, kind));
            if let Some(fault) = fault {
                store.fault(fault);
            }
            shop.follow_up(&orders[0], &paid, "refund", json!({ "amount": amount })).await.data(200);
            self.stored.extend(stored(&shop).await);
        }
        let row = store.order(&orders[0]).unwrap().transactions[0].id.clone();
        store.act(&orders[0], elastic_path_fake::StoreAct::Refund(row, Some(1_000))).unwrap();
        store.pay_elsewhere(&orders[0], 10_000, elastic_path_fake::Method::Purchase).unwrap();
        let parts = shop_orders::place(&shop, 10_000);
        for amount in [4_000, 1_000] {
            let part = by_card_with("purchase", VISA, &json!({ "amount": amount }));
            shop.pay(&parts, part).await.data(200);
        }
        assert!(store.cancel(&orders[0]));
        let marked = shop_orders::place(&shop, 10_000);
        store.pay_elsewhere(&marked, 10_000, elastic_path_fake::Method::ManualPurchase).unwrap();
        shop.stack.advance_clock(5 * 60);
        shop.stack.invoke_scheduled("reconcile").await.unwrap();
        self.stored.extend(stored(&shop).await);
        let silent = elastic_path_fake::Fault {
            times: u32::MAX,
            ..elastic_path_fake::Fault::once(
                elastic_path_fake::Endpoint::Order,
                elastic_path_fake::FaultKind::InternalError,
            )
        };
        store.fault(silent);
        for hours in [1, 6 * 24 + 20] {
            shop.stack.advance_clock(hours * 3600);
            shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
            self.stored.extend(stored(&shop).await);
        }
        shop.close().await;
    }

    /// Something is done at the gateway past Tollgate.
    async fn by_hand(&self, endpoint: &str, mut body: Value) -> Value {
        body["merchid"] = json!(Config::DEFAULT_MID);
        let request = client().put(format!("{}/{endpoint}", self.shop.stack.simulator().base_url()));
        let answer = request.basic_auth("testing", Some("testing123")).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn pays_later_and_refunds(&mut self) {
        self.shop.register("later", 5000).await;
        let hour = self.shop.stack.clock().now() + SignedDuration::from_hours(1);
        let address = json!({"line_1": "12 Main St", "line_2": "4A", "city": "Saverton", "region": "WA",
            "postcode": "90001", "country": "US"});
        let more = json!({"billing_address": address, "capture_at": hour, "custom_reference": "order 7",
            "description": "Two lamps", "metadata": {"invoice": "7"}, "paymentmethod_meta": {"name": "Company card"}});
        let data = by_card_with("authorize", VISA, &more);
        let path = "/v2/orders/later/payments";
        let held = self.shop.post_with_key(path, "key", json!({ "data": data })).await;
        held.data(200);
        self.look().await;
        for switch in ["pause", "resume"] {
            let why = json!({"data": {"actor": "Ann", "reason": "may be fraud"}});
            self.shop.post(&format!("/v2/orders/later/captures/{switch}"), why).await.data(200);
            self.look().await;
        }
        self.later(3700).await;
        self.run("scheduled-capture").await;
        self.shop.stack.simulator().settle();
        let refund = json!({"amount": 1000, "actor": "Ann", "reason": "arrived broken"});
        self.shop.follow_up("later", &held.id(), "refund", refund).await.data(200);
        let by_cheque = json!({"amount": 500, "refund_mechanism": "manual"});
        self.shop.follow_up("later", &held.id(), "refund", by_cheque).await.data(200);
        self.shop.register("now", 5000).await;
        let held = self.shop.pay_by_token("now", "authorize").await;
        let capture = json!({"amount": 3000, "custom_reference": "invoice 7"});
        self.shop.follow_up("now", &held.id(), "capture", capture).await.data(200);
        let rest = json!({"actor": "Ann", "reason": "parcel 2"});
        self.shop.follow_up("now", &held.id(), "reauthorize", rest).await.data(200);
        self.look().await;
        // Before settlement: becomes a void.
        self.shop.follow_up("now", &held.id(), "refund", json!({})).await.data(200);
        self.shop.follow_up("now", &held.id(), "confirm", json!({})).await.data(200);
        self.look().await;
    }

    async fn pays_in_two_tries_what_was_priced_again(&mut self) {
        self.shop.register("priced-again", 5000).await;
        self.later(1).await;
        let order = json!({"data": {"type": "order", "amount": 4000, "currency": "USD"}}).to_string();
        self.shop.send(Method::PUT, "/v2/orders/priced-again", &[], order).await.data(200);
        let declined = by_card_with("purchase", NO_FUNDS, &json!({}));
        self.shop.pay("priced-again", declined).await.error(400, "declined");
        self.later(1).await;
        self.shop.pay_by_token("priced-again", "purchase").await.data(200);
        self.look().await;
    }

    async fn pays_with_everything_a_credit_card_request_holds(&mut self) {
        let api = CreditCard::of(&self.shop);
        let mut request = payment("1", "everything");
        for (member, value) in [
            ("DealType", "rent"),
            ("DealStage", "won"),
            ("Marketing", "fair"),
            ("RevenuePartner", "none"),
            ("Name", "Larry Smith"),
            ("SaveToFile", "true"),
        ] {
            request = with(request, &format!("/Request/{member}"), Some(json!(value)));
        }
        let id = api.approved("charge", &request).await;
        let address = Some(json!({"Country": "Hong Kong"}));
        api.approved("charge", &with(payment("1", "no address"), "/Request/BillingAddress", address)).await;
        let void = api.send(Syntax::Xml, "void", &follow_up("void", &id, "undone")).await;
        assert_eq!(void.envelope().code, "00", "{}", void.body);
        self.look().await;
    }

    /// A change that says something else than the one before, one that cannot be read, and a
    /// journal that is away.
    async fn cannot_keep_the_journal(&mut self) {
        let sample = include_str!("../../../../../events/journal-purchase.json");
        for event in [sample.to_owned(), sample.replace("2599", "2600"), sample.replace("USD", "no currency")]
        {
            let event: Value = serde_json::from_str(&event).unwrap();
            let response = self.shop.stack.invoke_scheduled_with("journal", &event).await.unwrap();
            assert_eq!(response["batchItemFailures"], json!([]));
        }
    }

    /// To a receiver that takes the first messages and none after them, until it is removed.
    async fn sends_webhooks(&mut self) {
        let receiver = webhooks::Receiver::open().await;
        webhooks::put(&self.shop, &[receiver.document("shop")]);
        for (order, status) in [("told", 204), ("not-taken", 500)] {
            receiver.respond(status);
            self.shop.register(order, 2599).await;
            self.shop.pay_by_token(order, "purchase").await.data(200);
            webhooks::deliver(&self.shop).await;
        }
        self.look().await;
        // The schedule parks deliveries that no receiver took for three days.
        for _ in 0..74 {
            self.shop.stack.advance_clock(3_600);
            self.shop.stack.invoke_scheduled("webhooks").await.unwrap();
        }
        self.look().await;
        let mut some = receiver.document("shop");
        some["events"] = json!(["order.paid"]);
        webhooks::put(&self.shop, &[some]);
        // The document that the last run read is not read again at once.
        self.later(60).await;
        self.shop.stack.invoke_scheduled("webhooks").await.unwrap();
        self.look().await;
        webhooks::put(&self.shop, &[]);
        self.shop.stack.invoke_scheduled("webhooks").await.unwrap();
        self.look().await;
        self.later(60).await;
        self.shop.stack.invoke_scheduled("webhooks").await.unwrap();
    }

    /// Cards that are stored, declined, renewed with a lost response, lost on their way, and saved
    /// with a payment.
    async fn stores_cards(&mut self) {
        let path = "/v2/payment-methods";
        let card = |customer: &str, number: &str| {
            let mut data = by_card_with("purchase", number, &json!({"customer": customer, "default": true}));
            data["method"] = Value::Null;
            json!({ "data": data })
        };
        let stored = self.shop.post_with_key(path, "card", card("c-1", VISA)).await;
        stored.data(201);
        self.shop.post(path, card("c-1", NO_FUNDS)).await.error(400, "declined");
        self.fault(Endpoint::Profile, FaultKind::DropAfter);
        let renewed = json!({"data": {"month": "1", "year": "2034"}}).to_string();
        let renewed = self.shop.send(Method::PATCH, &format!("{path}/{}", stored.id()), &[], renewed).await;
        renewed.data(202);
        self.look().await;
        self.fault(Endpoint::Auth, FaultKind::DropBefore);
        self.shop.post(path, card("c-2", VISA)).await.data(202);
        for _ in 0..2 {
            self.later(100).await;
            self.shop.get(&format!("{path}?customer=c-2")).await.data(200);
            self.look().await;
        }
        self.shop.register("saving", 2599).await;
        let saving = by_card_with("purchase", VISA, &json!({"save": true, "customer": "c-3"}));
        self.shop.pay("saving", saving).await.data(200);
        self.look().await;
    }

    async fn is_paid_by_a_shopper(&mut self) {
        self.shop.register("shopper", 2599).await;
        let merchant = self.shop.current_token().to_owned();
        self.shop.as_shopper().await;
        let declined = by_card_with("purchase", NO_FUNDS, &json!({}));
        self.shop.pay("shopper", declined).await.error(400, "declined");
        self.shop.pay("shopper", by_card_with("purchase", VISA, &json!({}))).await.data(200);
        self.shop.use_token(&merchant);
        self.look().await;
    }

    /// Declines by both classes of rule that a card's notes keep, one of them with a time.
    async fn hears_what_card_schemes_forbid(&mut self) {
        self.shop.register("schemes", 2599).await;
        for (number, advice) in [("4788250000121443", "R1"), (MASTERCARD, "02")] {
            self.shop.stack.simulator().decline(advised(advice, "Advice"));
            let ignoring = json!({"ignore_scheme_advice": true});
            let declined = by_card_with("purchase", number, &ignoring);
            self.shop.pay("schemes", declined).await.error(400, "declined");
        }
        self.shop.stack.simulator().decline(lost_card());
        let lost = by_card_with("purchase", MASTERCARD, &json!({}));
        self.shop.pay("schemes", lost).await.error(400, "declined");
        self.look().await;
    }

    async fn is_declined_and_given_back(&mut self) {
        self.shop.register("declined", 2599).await;
        self.shop
            .pay("declined", by_card_with("purchase", NO_FUNDS, &json!({})))
            .await
            .error(400, "declined");
        self.look().await;
    }

    /// Given up as absent, paid again, and then both are there: one is voided beside the other.
    async fn loses_a_request_that_arrives_late(&mut self) {
        self.shop.register("late", 2599).await;
        self.fault(Endpoint::Auth, FaultKind::DropBefore);
        self.shop.pay_by_token("late", "purchase").await.data(202);
        self.look().await;
        for _ in 0..4 {
            self.later(60).await;
            self.run("reconcile").await;
        }
        let paid = self.shop.pay_by_token("late", "purchase").await;
        let order_id = &paid.data(200)["meta"]["operations"][0]["gateway_order_id"];
        let late = json!({"profile": "16178397535388255208/1", "amount": "25.99", "currency": "USD", "capture": "Y",
            "orderid": order_id, "userfields": [{"order_id": "late"}]});
        assert_eq!(self.by_hand("auth", late).await["respstat"], "A");
        self.later(3600).await;
        self.run("reconcile").await;
    }

    async fn meets_a_gateway_that_does_not_respond(&mut self) {
        self.shop.register("refused", 2599).await;
        self.fault(Endpoint::Auth, FaultKind::Status { status: 401 });
        self.shop.pay_by_token("refused", "purchase").await.error(502, "gateway_misconfigured");
        self.look().await;
    }

    /// A report that breaks off.
    async fn cannot_read_the_settlement(&mut self) {
        self.shop.register("settles", 2599).await;
        self.shop.pay_by_token("settles", "purchase").await.data(200);
        self.shop.stack.deliver_stream().await.unwrap();
        self.shop.stack.invoke_scheduled("totals").await.unwrap();
        self.fault(Endpoint::Settlestat, FaultKind::DropAfter);
        let report = self.shop.stack.invoke_scheduled("settlement").await.unwrap();
        assert_eq!(report["failed"], 1, "{report}");
        // Two deposits that contradict each other.
        for (deposit, amount) in [("1", "1.00"), ("2", "2.00")] {
            let chargeback = json!({"fundingchargebackid": "1", "casenumber": "1", "amount": amount});
            reads_a_deposit_with(&self.shop, deposit, json!([chargeback]), json!([])).await;
        }
    }

    /// A cancel that closes its order, and a payment that the settlement refuses before it is
    /// found.
    async fn closes_an_order_and_meets_a_refused_settlement(&mut self) {
        self.shop.register("closed", 2599).await;
        let paid = self.shop.pay_by_token("closed", "purchase").await;
        self.shop.follow_up("closed", &paid.id(), "cancel", json!({"reopen": false})).await.data(200);
        self.shop.register("rejected", 2599).await;
        self.shop.no_inquiry();
        self.fault(Endpoint::Auth, FaultKind::DropAfter);
        self.shop.pay_by_token("rejected", "purchase").await.data(202);
        let records = self.shop.stack.simulator().records();
        self.shop.stack.simulator().settle_record(&records.last().unwrap().retref, Stage::Rejected);
        self.shop.stack.simulator().clear_faults();
        self.later(120).await;
        self.run("reconcile").await;
        let shown = self.shop.transactions("rejected").await;
        assert_eq!(shown[0]["meta"]["operations"][0]["settlement"], "rejected", "{shown:?}");
        self.look().await;
    }

    /// The decisions about earlier attempts stay on record.
    async fn retries_what_had_no_effect(&mut self) {
        self.shop.register("retried", 2599).await;
        let data = by_card_with("purchase", TIMES_OUT, &json!({}));
        for _ in 0..3 {
            let answer =
                self.shop.post_with_key("/v2/orders/retried/payments", "key", json!({ "data": data })).await;
            answer.error(503, "gateway_unavailable");
        }
        self.look().await;
    }

    async fn cannot_read_a_merchant(&mut self) {
        self.shop.stack.secrets().put(&merchants::secret_name(merchants::EXTERNAL), json!({}));
        let answer = self.shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
        answer.error(503, "service_unavailable");
        self.shop.token(merchants::REGISTERED, Some("wrong")).await.error(401, "invalid_client");
        let named = [("x-request-id", "the caller's own")];
        self.shop.send(Method::GET, "/status", &named, String::new()).await;
    }

    async fn is_stopped_and_started(&mut self) {
        for stopped in [true, false] {
            throw(&self.shop, stopped).await;
            self.run("reconcile").await;
            let data = json!({"stopped": stopped, "reason": "a test", "actor": "Ann"});
            let body = json!({ "data": data }).to_string();
            self.shop.send(Method::PUT, "/v2/stop", &[], body).await.data(200);
        }
    }

    async fn reads_what_is_damaged(&self) {
        bad_rows::damage(&self.shop, "lapses").await;
        self.shop.get("/v2/orders/lapses").await.error(500, "unreadable");
    }

    async fn cannot_read_the_table(&self) {
        // No server listens there.
        let captures = CaptureSettings { shards: 1, concurrency: 1 };
        let settings = AppSettings {
            captures,
            reads: READS,
            payments_stopped: false,
            front: Front::default(),
            issuer: None,
            console_url: String::new(),
            console_merchant: None,
            directory: None,
            callers_url: String::new(),
        };
        let stack = &self.shop.stack;
        let clock = Arc::new(tollgate_core::values::SystemClock);
        let ports = local::ports("http://127.0.0.1:9", stack.secretsmanager_url(), &settings, clock).unwrap();
        let (_, capture) = SCHEDULED.iter().find(|(name, _)| *name == "scheduled-capture").unwrap();
        let deadline = Deadline::after(Duration::from_secs(50));
        let report = capture(&ports, r#"{"shards":[0],"dry_run":true}"#, deadline).unwrap().await;
        assert_eq!(report["unread_shards"], 1);
    }

    /// A person captured another amount in the portal: the records decide nothing.
    async fn stays_in_doubt(&mut self) {
        self.shop.register("doubt", 2599).await;
        let paid = self.shop.pay_by_token("doubt", "authorize").await;
        let retref = &paid.data(200)["reference"];
        self.by_hand("capture", json!({"retref": retref, "amount": "5.00"})).await;
        self.shop.stack.simulator().settle();
        self.shop.follow_up("doubt", &paid.id(), "capture", json!({})).await.data(202);
        self.later(DAY_S + 60).await;
        self.run("reconcile").await;
        self.is_decided_by_hand("doubt", &paid.id()).await;
    }

    async fn is_decided_by_hand(&self, order: &str, transaction: &str) {
        let job = self.shop.stack.ports().captures.clone();
        let merchant = job.merchants.get(&merchants::REGISTERED.parse().unwrap()).await.unwrap();
        let key = OrderKey { merchant: merchant.id.clone(), order: order.parse().unwrap() };
        let (by, reason) = ("Ann".parse().unwrap(), "seen in the portal".parse().unwrap());
        let verdict =
            HandDecision { verdict: HandVerdict::Done, by, person: Some(person()), reason, reference: None };
        job.payments.decide_by_hand(&merchant, &key, transaction.parse().unwrap(), &verdict).await.unwrap();
    }

    /// An operation that only commands perform: the ARN of their credentials is recorded.
    async fn is_changed_by_a_verified_person(&self) {
        self.shop.register("verified", 2599).await;
        let held = self.shop.pay_by_token("verified", "authorize").await.id().parse().unwrap();
        let job = self.shop.stack.ports().captures.clone();
        let merchant = job.merchants.get(&merchants::REGISTERED.parse().unwrap()).await.unwrap();
        let key = OrderKey { merchant: merchant.id.clone(), order: "verified".parse().unwrap() };
        let by = Attribution::default().verified(Some(&person()));
        job.payments.pause_captures(&key, Sender { by: Some(&by), seen_version: None }).await.unwrap();
        job.payments.resume_captures(&key, Sender { by: Some(&by), seen_version: None }).await.unwrap();
        let told = |text: &str| Some(text.to_owned());
        let (key_name, actor, reason) = (told("office"), told("agent 7"), told("out of stock"));
        let moved_by = Attribution { key_name, actor, reason, ..by.clone() };
        let terms = CaptureAt::At(Timestamp::now()).into();
        job.payments
            .schedule_capture(
                &merchant,
                &key,
                held,
                &terms,
                Sender { by: Some(&moved_by), seen_version: None },
            )
            .await
            .unwrap();
        let intent = Intent {
            action: Action::Void { target: Target::OnlyEligible, reopen: true },
            key: None,
            fingerprint: Fingerprint::new(&Essentials::new(Kind::Void)),
            currency: None,
            by: Principal::ClientCredentials,
            attribution: Some(Box::new(by.proposed_by(Some(&person())))),
            seen_version: None,
            refund_disputed: false,
            refund_max: tollgate_core::values::RefundMax::Unlimited,
        };
        let deadline = Deadline::after(Duration::from_secs(50));
        job.payments.perform(&merchant, &key, &intent, None, deadline).await.unwrap();
    }

    /// A chargeback, as a report of the gateway's deposits has it.
    async fn is_charged_back(&mut self) {
        self.shop.register("disputed", 2599).await;
        let paid = self.shop.pay_by_token("disputed", "purchase").await;
        let job = self.shop.stack.ports().captures.clone();
        let merchant = job.merchants.get(&merchants::REGISTERED.parse().unwrap()).await.unwrap();
        let key = OrderKey { merchant: merchant.id.clone(), order: "disputed".parse().unwrap() };
        let text = |text: &str| Some(text.to_owned());
        let dispute = Dispute {
            kind: DisputeKind::Chargeback,
            case: "2026319000018".to_owned(),
            line: LineId::Stated("1".to_owned()),
            number: Some("1".to_owned()),
            amount: Amount::new(2599).unwrap(),
            day: Some(Date::constant(2026, 11, 20)),
            reason_code: text("4853"),
            reason: text("Cardholder dispute"),
            acquirer_reference: text("24055226319400000000012"),
            deposit: text("20261120M"),
            changed_on: Some(Date::constant(2026, 11, 20)),
        };
        let report = DisputeReport {
            reference: paid.data(200)["reference"].as_str().map(str::to_owned),
            accounts: merchant.gateway.accounts.values().cloned().collect(),
            currency: None,
            dispute,
            is_current: false,
        };
        let Payments { store, clock, .. } = &job.payments;
        record_dispute(store.as_ref(), clock.as_ref(), &key, &report).await.unwrap();
        let told = |text: &str| Some(text.to_owned());
        let (key_name, actor, reason) = (told("office"), told("agent 7"), told("answered in the portal"));
        let by = Attribution { key_name, actor, reason, ..Attribution::default() }.verified(Some(&person()));
        let sender = Sender { by: Some(&by), seen_version: None };
        let transaction = paid.id().parse().unwrap();
        let statement = SeenStatement { transaction, concern: Concern::Disputed, sender };
        see(store.as_ref(), clock.as_ref(), &key, statement).await.unwrap();
        // The order's other due captures wait.
        let more = json!({"type": "order", "amount": 5198, "currency": "USD"});
        self.shop.put_order("disputed", more).await.data(200);
        let at = self.shop.stack.clock().now();
        let data = by_card_with("authorize", VISA, &json!({ "capture_at": at }));
        self.shop.pay("disputed", data).await.data(200);
        self.run("scheduled-capture").await;
        self.look().await;
    }

    async fn lets_an_authorization_lapse(&mut self) {
        let order = json!({"type": "order", "amount": 2599, "currency": "USD", "capture": {"after": "P2D"}});
        self.shop.put_order("lapses", order).await.data(201);
        let at = self.shop.stack.clock().now() + SignedDuration::from_secs(7 * DAY_S - 30);
        let data = by_card_with("authorize", VISA, &json!({ "capture_at": at }));
        let held = self.shop.pay("lapses", data).await;
        held.data(200);
        let part = json!({"data": {"capture_amount": 900}}).to_string();
        let path = format!("/v2/orders/lapses/transactions/{}", held.id());
        self.shop.send(Method::PATCH, &path, &[], part).await.data(200);
        self.look().await;
        self.later(8 * DAY_S).await;
        self.run("scheduled-capture").await;
    }
}
