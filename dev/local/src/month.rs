//! A month of payments of one merchant, made by really paying them, with the clocks moved back: so
//! that finance has something to look at. It ends yesterday, and its content is the same every
//! time.

mod plan;
mod sell;
mod shop;

use std::collections::BTreeMap;

use cardpointe_simulator::{
    Chargeback, Elsewhere, FundingDays, Merchant, Processor, ReportSettings, Settings, Tender,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;
use tracing::{instrument::WithSubscriber as _, subscriber::NoSubscriber};

use self::{
    plan::{FIRST_DAY, Sale},
    shop::ShopOrder,
};
use crate::{
    client::{Client, ClientCall},
    functions::Functions,
    issuer::{self, Issuer, Like, PEOPLE},
    merchants::{MONTH, MONTH_KEY, MONTH_MID},
    parts::Parts,
    resources::TABLE_NAME,
};

/// 18:00 in New York, so that a day's batch is sent before the day ends in UTC, and its payments
/// arrive with it.
const CUTOFF_MINUTE: u32 = 1_080;

/// When the schedule captures, and when everything of a day is brought up to date: after the
/// deposits are reported.
const CAPTURES_AT: i64 = 20 * 60;
const DAY_ENDS_AT: i64 = 23 * 60 + 40;

/// The merchant's gateway account: its batches are sent every day, and deposits are less their
/// fees. They arrive on every day, so that the month is the same after weekends and holidays.
pub(crate) fn account() -> Merchant {
    let reports = ReportSettings {
        automatic_batches: true,
        funding_days: FundingDays::Calendar,
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
    /// An order of the merchant whose orders are in the fake Elastic Path.
    AtShop(ShopOrder),
    /// Something is done to a payment, by a person or with the merchant's key.
    FollowUp(FollowUp),
    /// The schedule sends inquiries.
    Inquiries,
    Captures,
    /// An issuer takes the amount of the payment with this reference back.
    ChargedBack(String, u32),
    /// It returns that amount.
    Returned(u32),
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

    /// Makes all of it, takes the clocks back to the present, and returns how many payments there
    /// are.
    pub(crate) async fn make(mut self) -> Result<usize, String> {
        let sales = plan::sales(self.today);
        let count = sales.len();
        for sale in sales {
            let seconds = SignedDuration::from_secs(i64::from(sale.number * 37 % 60));
            let at = self.at(sale.days_ago, sale.minute) + seconds;
            self.plan(at, Happening::Sale(Box::new(sale)));
        }
        self.plan_shop();
        self.plan(self.at(7, 1_000), Happening::Elsewhere);
        self.plan(self.at(11, 720), Happening::Stop(true, "duplicate charges"));
        self.plan(self.at(11, 745), Happening::Stop(false, "the shop's retries are fixed"));
        for days_ago in 1..=FIRST_DAY {
            self.plan(self.at(days_ago, CAPTURES_AT), Happening::Captures);
            self.plan(self.at(days_ago, DAY_ENDS_AT), Happening::EndOfDay);
        }
        // A thousand lines about payments that no client made would hide the start's own lines.
        let happened = self.happen().with_subscriber(NoSubscriber::new()).await;
        self.parts.advance_clock(-self.moved_s);
        happened.map(|()| count)
    }

    async fn happen(&mut self) -> Result<(), String> {
        while let Some(((at, _), happening)) = self.to_come.pop_first() {
            self.move_to(at);
            match happening {
                Happening::Sale(sale) => self.sell(&sale).await?,
                Happening::AtShop(order) => self.sell_at_shop(order).await?,
                Happening::FollowUp(follow_up) => self.follow_up(&follow_up).await?,
                Happening::Inquiries => self.invoke("reconcile").await?,
                Happening::Captures => self.invoke("scheduled-capture").await?,
                Happening::ChargedBack(retref, minor) => self.charge_back(retref, minor)?,
                Happening::Returned(minor) => self.give_back(minor)?,
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

    fn give_back(&self, minor: u32) -> Result<(), String> {
        self.parts.simulator.reverse_chargeback(MONTH_MID, &case(minor), minor.into()).map(drop)
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
        self.parts.deliver(TABLE_NAME, &self.functions).await?;
        self.invoke("settlement").await?;
        // Disputes that the reports told of are changes of orders. The sample orders, which come
        // next, have all of it added up.
        self.parts.deliver(TABLE_NAME, &self.functions).await.map(drop)
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
