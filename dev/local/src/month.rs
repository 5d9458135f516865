//! A month of payments of one merchant, made by really paying them, with the clocks moved back: so that finance has something
//! to look at. It ends yesterday, and its content is the same every time.

mod plan;

use std::collections::BTreeMap;

use axum::http::StatusCode;
use cardpointe_simulator::{
    Chargeback, Deviation, Elsewhere, Endpoint, Fault, FaultKind, Merchant, Processor, ReportSettings,
    ResponseCode, Settings, Stage, Tender,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};

use self::plan::{FIRST_DAY, Fate, Sale};
use crate::{
    client::{Client, ClientCall},
    functions::Functions,
    issuer::{self, Issuer, Like, PEOPLE},
    merchants::{MONTH, MONTH_KEY, MONTH_MID},
    parts::Parts,
};

/// 18:00 in New York, so that a day's batch is sent before the day ends in UTC, and its payments arrive with it.
const CUTOFF_MINUTE: u32 = 1_080;

/// When the schedule captures, and when everything of a day is brought up to date: after the deposits are reported.
const CAPTURES_AT: i64 = 20 * 60;
const DAY_ENDS_AT: i64 = 23 * 60 + 40;

/// How long after a payment the same day's follow-up comes.
const SOON: i64 = 45;

/// Those who pay, and what the shop calls them.
const CUSTOMERS: [(&str, &str, &str); 8] = [
    ("customer-101", "Mary", "Major"),
    ("customer-102", "Juan", "Perez"),
    ("customer-103", "Aiko", "Tanaka"),
    ("customer-104", "Owen", "Clarke"),
    ("customer-105", "Nadia", "Haddad"),
    ("customer-106", "Peter", "Novak"),
    ("customer-107", "Grace", "Okafor"),
    ("customer-108", "Lena", "Vogel"),
];

/// Every which payment stores its card for its customer.
const STORES_CARD: u32 = 12;

/// The merchant's gateway account: its batches are sent every day, and deposits are less what they cost.
pub(crate) fn account() -> Merchant {
    let reports = ReportSettings {
        automatic_batches: true,
        cutoff_minute: CUTOFF_MINUTE,
        interchange_basis_points: 175,
        deposit_fee: 95,
        ..ReportSettings::default()
    };
    let settings = Settings { reports, ..Settings::default() };
    Merchant { settings, ..Merchant::new(MONTH_MID, Processor::Rpct, "USD") }
}

/// Something that happens in the month.
enum Happening {
    Sale(Box<Sale>),
    /// Something is done to a payment, by a person or with the merchant's key.
    FollowUp(FollowUp),
    /// The schedule sends inquiries.
    Inquiries,
    /// The schedule captures.
    Captures,
    ChargedBack {
        retref: String,
        minor: u32,
    },
    Returned {
        minor: u32,
    },
    /// A payment at the virtual terminal.
    Elsewhere,
    /// A person stops payments for this reason, or starts them again.
    Stop(bool, &'static str),
    /// Changes reach the journal, and the reports of the gateway are read.
    EndOfDay,
}

struct FollowUp {
    function: &'static str,
    /// The last word of the route.
    word: &'static str,
    order: String,
    transaction: String,
    body: Value,
    by: Option<&'static str>,
}

/// The month, as far as it has come.
pub(crate) struct Month<'a> {
    parts: &'a Parts,
    functions: Functions,
    issuer: Option<&'a Issuer>,
    today: Date,
    /// How far the clocks were moved in all.
    moved_s: i64,
    to_come: BTreeMap<(Timestamp, usize), Happening>,
    scheduled: usize,
}

impl<'a> Month<'a> {
    /// Moves the clocks back to where the month begins.
    pub(crate) fn begin(parts: &'a Parts, functions: Functions, issuer: Option<&'a Issuer>) -> Self {
        let today = parts.clock.now().to_zoned(TimeZone::UTC).date();
        let (to_come, scheduled) = (BTreeMap::new(), 0);
        let mut month = Self { parts, functions, issuer, today, moved_s: 0, to_come, scheduled };
        month.move_to(month.at(FIRST_DAY, 0));
        month
    }

    /// Makes all of it, takes the clocks back to the present, and returns how many payments there are.
    pub(crate) async fn make(mut self) -> Result<usize, String> {
        let sales = plan::sales(self.today);
        let count = sales.len();
        for sale in sales {
            let seconds = SignedDuration::from_secs(i64::from(sale.number * 37 % 60));
            let at = self.at(sale.days_ago, sale.minute) + seconds;
            self.plan(at, Happening::Sale(Box::new(sale)));
        }
        self.plan(self.at(7, 1_000), Happening::Elsewhere);
        self.plan(self.at(11, 720), Happening::Stop(true, "duplicate charges"));
        self.plan(self.at(11, 745), Happening::Stop(false, "the shop's retries are fixed"));
        for days_ago in 1..=FIRST_DAY {
            self.plan(self.at(days_ago, CAPTURES_AT), Happening::Captures);
            self.plan(self.at(days_ago, DAY_ENDS_AT), Happening::EndOfDay);
        }
        // A thousand lines about payments that no client made would hide what the start says.
        let happened = self.happen().with_subscriber(NoSubscriber::new()).await;
        self.parts.advance_clock(-self.moved_s);
        happened.map(|()| count)
    }

    async fn happen(&mut self) -> Result<(), String> {
        while let Some(((at, _), happening)) = self.to_come.pop_first() {
            self.move_to(at);
            match happening {
                Happening::Sale(sale) => self.sell(&sale).await?,
                Happening::FollowUp(follow_up) => self.follow_up(&follow_up).await?,
                Happening::Inquiries => self.invoke("reconcile").await?,
                Happening::Captures => self.invoke("scheduled-capture").await?,
                Happening::ChargedBack { retref, minor } => self.charge_back(retref, minor)?,
                Happening::Returned { minor } => {
                    let simulator = &self.parts.simulator;
                    simulator.reverse_chargeback(MONTH_MID, &case(minor), minor.into())?;
                }
                Happening::Elsewhere => self.pay_elsewhere()?,
                Happening::Stop(stopped, reason) => self.stop(stopped, reason).await?,
                Happening::EndOfDay => self.end_day().await?,
            }
        }
        Ok(())
    }

    /// A minute of a day in UTC, so many days before today.
    fn at(&self, days_ago: i32, minute: i64) -> Timestamp {
        let midnight = self.today.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).unwrap_or_default();
        midnight + SignedDuration::from_mins(minute - 24 * 60 * i64::from(days_ago))
    }

    /// Moves the clocks to this time, or less than a second beyond it.
    fn move_to(&mut self, to: Timestamp) {
        let ahead = to.duration_since(self.parts.clock.now());
        let seconds = ahead.as_secs() + i64::from(ahead.subsec_nanos() > 0);
        self.parts.advance_clock(seconds);
        self.moved_s += seconds;
    }

    fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.scheduled += 1;
        self.to_come.insert((at, self.scheduled), happening);
    }

    async fn client(&self, by: Option<&str>) -> Result<Client<'_>, String> {
        let mut client = Client { functions: &self.functions, token: String::new() };
        let person = by.and_then(|id| PEOPLE.iter().find(|person| person.id == id));
        let Some((issuer, person)) = self.issuer.zip(person) else {
            client.log_in(MONTH, MONTH_KEY).await?;
            return Ok(client);
        };
        let (name, secret) = issuer::CLIENTS[1];
        let id_token = issuer.id_token(person, Like::default(), &issuer::audience(name), None);
        let exchange = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", name),
            ("client_secret", secret),
            ("audience", MONTH),
            ("subject_token", &id_token.unwrap_or_default()),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ];
        client.take_token(&exchange).await?;
        Ok(client)
    }

    /// Pays, and plans what becomes of the payment.
    async fn sell(&mut self, sale: &Sale) -> Result<(), String> {
        let order = format!("UM-{}", sale.number);
        let is_lost = matches!(sale.fate, Fate::FoundLate | Fate::InDoubt);
        if is_lost {
            self.lose_response();
        }
        if let Fate::Declined(code) = sale.fate {
            let code = ResponseCode::find("RPCT", code).ok_or("the simulator lacks a code")?;
            let kind = FaultKind::Respond { code, done: false };
            self.parts.simulator.fault(Fault::once(Endpoint::Auth, kind));
        }
        let client = self.client(None).await?;
        let path = "/v2/orders/{orderId}/payments";
        let parameters = [("orderId", order.as_str())];
        let call = ClientCall { function: "payments", method: "POST", path, parameters: &parameters };
        let (status, paid) = client.request(&call, &self.payment(sale)).await?;
        self.parts.simulator.clear_faults();
        let is_expected = match sale.fate {
            Fate::Declined(_) | Fate::DeclinedByRule => {
                paid.pointer("/errors/0/meta/code").is_some_and(|code| code == "declined")
            }
            _ if is_lost => status == StatusCode::ACCEPTED,
            _ => status == StatusCode::OK,
        };
        if !is_expected {
            return Err(format!("payment of {order}: {status}: {paid}"));
        }
        self.plan_rest(sale, order, &paid["data"])
    }

    fn payment(&self, sale: &Sale) -> Value {
        let is_purchase = matches!(
            sale.fate,
            Fate::Paid
                | Fate::Declined(_)
                | Fate::DeclinedByRule
                | Fate::Refunded { .. }
                | Fate::Canceled
                | Fate::FoundLate
                | Fate::InDoubt
                | Fate::ChargedBack { .. }
                | Fate::Short
        );
        let nth = usize::try_from(sale.number).unwrap_or_default() % CUSTOMERS.len();
        let (customer, first_name, last_name) = CUSTOMERS.get(nth).copied().unwrap_or_default();
        let mut data = json!({
            "gateway": "card_connect", "method": if is_purchase { "purchase" } else { "authorize" },
            "amount": sale.minor, "currency": "USD",
            "number": sale.card.number, "month": "10", "year": "2039", "verification_value": sale.card.code,
            "first_name": first_name, "last_name": last_name,
            "billing_address": {"postcode": sale.card.postcode},
            "custom_reference": format!("invoice {}", sale.number),
        });
        if sale.number.is_multiple_of(STORES_CARD)
            && !matches!(sale.fate, Fate::Declined(_) | Fate::DeclinedByRule)
        {
            data["save"] = json!(true);
            data["customer"] = json!(customer);
        }
        match sale.fate {
            Fate::Scheduled => data["capture_at"] = json!(self.at(sale.days_ago - 2, CAPTURES_AT)),
            Fate::ToCome { in_days, minute } => data["capture_at"] = json!(self.at(-in_days, minute)),
            _ => {}
        }
        json!({ "data": data })
    }

    /// The next payment is made, its response is lost, and so are those to inquiries until the faults are cleared.
    fn lose_response(&self) {
        self.parts.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
        for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
            let kind = FaultKind::Status { status: 503 };
            self.parts.simulator.fault(Fault { endpoint, kind, times: 100 });
        }
    }

    fn plan_rest(&mut self, sale: &Sale, order: String, paid: &Value) -> Result<(), String> {
        let text = |name: &str| paid[name].as_str().unwrap_or_default().to_owned();
        let (transaction, retref) = (text("id"), text("reference"));
        let by_shop = FollowUp {
            function: "capture",
            word: "capture",
            order,
            transaction,
            body: json!({ "data": {} }),
            by: None,
        };
        let soon = self.at(sale.days_ago, sale.minute + SOON);
        match sale.fate {
            Fate::Paid
            | Fate::Declined(_)
            | Fate::DeclinedByRule
            | Fate::Scheduled
            | Fate::ToCome { .. }
            | Fate::Held => {}
            Fate::Refunded { after, minor, by, reason } => {
                let body = json!({ "data": { "amount": minor, "reason": reason } });
                let refund = FollowUp { function: "refund", word: "refund", body, by: Some(by), ..by_shop };
                self.plan(self.at(sale.days_ago - after, sale.minute), Happening::FollowUp(refund));
            }
            Fate::Canceled => {
                let body = json!({ "data": { "reason": "ordered by mistake" } });
                let cancel = FollowUp { function: "void", word: "cancel", body, by: Some("eve"), ..by_shop };
                self.plan(soon, Happening::FollowUp(cancel));
            }
            Fate::Captured => {
                self.plan(self.at(sale.days_ago - 1, sale.minute), Happening::FollowUp(by_shop));
            }
            Fate::Released => {
                let release = FollowUp { function: "void", word: "cancel", ..by_shop };
                self.plan(soon, Happening::FollowUp(release));
            }
            Fate::FoundLate => self.plan(soon, Happening::Inquiries),
            Fate::InDoubt => self.review()?,
            Fate::ChargedBack { after, returned_after } => {
                let at = |days| self.at(sale.days_ago - days, 14 * 60);
                let (taken, returned) = (at(after), returned_after.map(|days| at(after + days)));
                self.plan(taken, Happening::ChargedBack { retref, minor: sale.minor });
                if let Some(returned) = returned {
                    self.plan(returned, Happening::Returned { minor: sale.minor });
                }
            }
            Fate::Short => {
                let funded_minor_units = Some(i64::from(sale.minor) - 1);
                let deviation = Deviation { funded_minor_units, ..Deviation::default() };
                self.parts.simulator.deviate(&retref, deviation);
            }
        }
        Ok(())
    }

    /// The gateway reviews the last payment, until somebody decides it there.
    fn review(&self) -> Result<(), String> {
        let records = self.parts.simulator.records();
        let last = records.last().filter(|record| {
            record.merchid == MONTH_MID
                && self.parts.simulator.settle_record(&record.retref, Stage::UnderReview)
        });
        last.map(drop).ok_or_else(|| "the payment in doubt is not at the gateway".to_owned())
    }

    async fn follow_up(&self, follow_up: &FollowUp) -> Result<(), String> {
        let FollowUp { function, word, order, transaction, body, by } = follow_up;
        let path = format!("/v2/orders/{{orderId}}/transactions/{{transactionId}}/{word}");
        let parameters = [("orderId", order.as_str()), ("transactionId", transaction.as_str())];
        let call = ClientCall { function, method: "POST", path: &path, parameters: &parameters };
        let mut body = body.clone();
        if let Some(by) = by {
            self.state_actor(&mut body, by);
        }
        self.client(*by).await?.send(&call, &body).await.map(drop)
    }

    /// Nobody signs in here when people sign in at another issuer; then the shop states who it was.
    fn state_actor(&self, body: &mut Value, id: &str) {
        let person = PEOPLE.iter().find(|person| person.id == id);
        if let Some(person) = person.filter(|_| self.issuer.is_none()) {
            body["data"]["actor"] = json!(person.name);
        }
    }

    fn charge_back(&self, retref: String, minor: u32) -> Result<(), String> {
        let chargeback = Chargeback {
            merchid: MONTH_MID.to_owned(),
            casenumber: case(minor),
            sequencenumber: None,
            retref: Some(retref),
            minor_units: minor.into(),
            reasoncode: "10.4".to_owned(),
            reasondescription: "Fraud, card absent".to_owned(),
            chargebackdate: None,
            on: None,
            debit: true,
        };
        self.parts.simulator.charge_back(chargeback).map(drop)
    }

    fn pay_elsewhere(&self) -> Result<(), String> {
        let (merchid, tender) = (MONTH_MID.to_owned(), Tender::Card);
        let payment = Elsewhere { merchid, minor_units: 4_200, order_id: String::new(), tender };
        self.parts.simulator.pay_elsewhere(&payment).map(drop)
    }

    async fn stop(&self, stopped: bool, reason: &str) -> Result<(), String> {
        let call = ClientCall { function: "switches", method: "PUT", path: "/v2/stop", parameters: &[] };
        let mut body = json!({ "data": { "stopped": stopped, "reason": reason } });
        self.state_actor(&mut body, "eve");
        self.client(Some("eve")).await?.send(&call, &body).await.map(drop)
    }

    async fn end_day(&self) -> Result<(), String> {
        self.invoke("reconcile").await?;
        self.parts.stream.deliver(&self.functions).await?;
        self.invoke("settlement").await?;
        // Disputes that the reports told of are changes of orders.
        self.parts.stream.deliver(&self.functions).await?;
        self.invoke("totals").await
    }

    async fn invoke(&self, function: &str) -> Result<(), String> {
        let report = self.functions.invoke_with_event(function, "{}").await;
        let report = report.map_err(|error| format!("{function}: {error}"))?;
        match report.get("failed").and_then(Value::as_u64) {
            None | Some(0) => Ok(()),
            Some(_) => Err(format!("{function} failed: {report}")),
        }
    }
}

/// The case of a chargeback; each is about another amount.
fn case(minor: u32) -> String {
    format!("20263190{minor:05}")
}
