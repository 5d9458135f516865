//! The questions of docs/reports.md, asked after a year with declines by rule, holds that lapsed,
//! two accounts, two changes of clocks and a chargeback. The expected replies come from the test's
//! own book of its operations, and from none of the product's code.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::{
    permissions::reads_a_deposit_with,
    shop::{Answer, MASTERCARD, NO_FUNDS, Shop, VISA, by_card_with},
};

const ZONE: &str = "America/New_York";
const MIDS: [(&str, &str); 2] = [("USD", "496160873888"), ("EUR", "496160873978")];

/// The outcome of a payment.
#[derive(Clone, Debug, PartialEq)]
enum Became {
    Paid,
    PartlyRefunded,
    Declined(&'static str),
    /// By a rule of the shop, after the issuer had approved it.
    DeclinedByRule(&'static str),
    Captured,
    Voided,
    Lapsed,
    Held,
}

/// A payment as the book has it.
struct Done {
    order: String,
    id: String,
    retref: Value,
    at: Timestamp,
    currency: &'static str,
    minor: i64,
    brand: &'static str,
    is_authorization: bool,
    became: Became,
}

impl Done {
    fn day(&self) -> String {
        self.at.to_zoned(TimeZone::get(ZONE).unwrap()).date().to_string()
    }

    fn mid(&self) -> &'static str {
        MIDS.iter().find(|(currency, _)| *currency == self.currency).unwrap().1
    }

    fn approved_by_the_issuer(&self) -> bool {
        !matches!(self.became, Became::Declined(_))
    }

    fn code(&self) -> Option<&'static str> {
        match self.became {
            Became::Declined(code) | Became::DeclinedByRule(code) => Some(code),
            _ => None,
        }
    }
}

struct Year {
    shop: Shop,
    book: Vec<Done>,
    /// Refunds: when, of which place in the book, and the gateway's reference.
    refunds: Vec<(Timestamp, usize, Value)>,
}

impl Year {
    /// Pays an order of its own.
    async fn pay(
        &mut self,
        method: &str,
        currency: &'static str,
        minor: i64,
        card: &str,
        more: Value,
    ) -> usize {
        let n = self.book.len();
        let order = format!("order-{n}");
        let amount = json!({"type": "order", "amount": minor, "currency": currency});
        self.shop.put_order(&order, amount).await.data(201);
        let at = self.shop.stack.clock().now();
        let answer = self.shop.pay(&order, by_card_with(method, card, &more)).await;
        let shown = self.shop.transactions(&order).await.remove(0);
        let became = match answer.status.as_u16() {
            200 if method == "authorize" => Became::Held,
            200 => Became::Paid,
            _ => Became::Declined(""),
        };
        let brand = if card == MASTERCARD { "Mastercard" } else { "Visa" };
        self.book.push(Done {
            id: shown["id"].as_str().unwrap().to_owned(),
            retref: shown["reference"].clone(),
            is_authorization: method == "authorize",
            order,
            at,
            currency,
            minor,
            brand,
            became,
        });
        n
    }

    /// A shop's operations in an hour.
    async fn visit(&mut self, n: usize) {
        let invoice = json!({"custom_reference": format!("invoice {n}")});
        let paid = self.pay("purchase", "USD", 2_599, VISA, invoice).await;
        let declined = self.pay("purchase", "USD", 1_000, NO_FUNDS, json!({})).await;
        self.book[declined].became = Became::Declined("insufficient_funds");
        let code = json!({"verification_value": "111"});
        let by_code = self.pay("authorize", "USD", 1_500, MASTERCARD, code).await;
        self.book[by_code].became = Became::DeclinedByRule("incorrect_cvc");
        let address = json!({"billing_address": {"postcode": "55112"}});
        let by_address = self.pay("purchase", "EUR", 700, VISA, address).await;
        self.book[by_address].became = Became::DeclinedByRule("avs_mismatch");
        let held = self.pay("authorize", "EUR", 4_000, MASTERCARD, json!({})).await;
        let (order, id) = (self.book[held].order.clone(), self.book[held].id.clone());
        self.book[held].became = match n % 3 {
            0 => {
                self.shop.follow_up(&order, &id, "capture", json!({})).await.data(200);
                Became::Captured
            }
            1 => {
                self.shop.follow_up(&order, &id, "cancel", json!({})).await.data(200);
                Became::Voided
            }
            _ => Became::Lapsed,
        };
        self.shop.stack.simulator().settle();
        let (order, id) = (self.book[paid].order.clone(), self.book[paid].id.clone());
        let refund = json!({"amount": 500, "actor": "ann@shop.example", "reason": "arrived broken"});
        let at = self.shop.stack.clock().now();
        self.shop.follow_up(&order, &id, "refund", refund).await.data(200);
        let retref = self.shop.ledger("refund").last().unwrap()["retref"].clone();
        self.refunds.push((at, paid, retref));
        self.book[paid].became = Became::PartlyRefunded;
        self.shop.stack.deliver_stream().await.unwrap();
    }

    async fn at(&mut self, moment: Timestamp) {
        let ahead = moment.duration_since(self.shop.stack.clock().now()).as_secs();
        self.shop.later(ahead).await;
    }

    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let url = reqwest::Url::parse_with_params("http://x/", query).unwrap();
        self.shop.get(&format!("{path}?{}", url.query().unwrap_or_default())).await
    }

    /// The ids of all rows of a list, page by page, each once.
    async fn listed(&self, path: &str, filter: &str) -> Vec<String> {
        let query = [("filter", filter), ("time_zone", ZONE), ("page[limit]", "7")];
        let rows = self.shop.rows(path, &query).await;
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Payments are those of the book that are so.
    async fn are(&self, filter: &str, is_one: impl Fn(&Done) -> bool) {
        let mut listed = self.listed("/v2/transactions", filter).await;
        listed.sort();
        let mut expected: Vec<_> =
            self.book.iter().filter(|one| is_one(one)).map(|one| one.id.clone()).collect();
        expected.sort();
        assert_eq!(listed, expected, "{filter}");
        assert!(!expected.is_empty(), "{filter} asks for nothing");
    }

    async fn totals(&self, query: &[(&str, &str)]) -> Vec<Value> {
        let query = [query, &[("time_zone", ZONE)]].concat();
        self.ask("/v2/reports/totals", &query).await.data(200).as_array().unwrap().clone()
    }

    /// Totals by a dimension and currency: payments, approved, approved by the issuer, and
    /// declined.
    async fn rates(&self, by: &str, of: impl Fn(&Done) -> String) {
        let months = [self.book[0].day()[..7].to_owned(), self.book.last().unwrap().day()[..7].to_owned()];
        let rows = self.totals(&[("from", &months[0]), ("to", &months[1]), ("by", by)]).await;
        let mut found: BTreeMap<(String, String), [i64; 4]> = BTreeMap::new();
        for row in rows {
            let key =
                (row["currency"].as_str().unwrap().to_owned(), row[by].as_str().unwrap_or("").to_owned());
            let sums = found.entry(key).or_default();
            for (sum, name) in sums.iter_mut().zip(["approved", "issuer_approved", "declined", "payments"]) {
                *sum += row[name].as_i64().unwrap();
            }
        }
        found.retain(|_, sums| sums[..3] != [0; 3]);
        let mut expected: BTreeMap<(String, String), [i64; 4]> = BTreeMap::new();
        for one in &self.book {
            let sums = expected.entry((one.currency.to_owned(), of(one))).or_default();
            sums[0] += i64::from(one.code().is_none());
            sums[1] += i64::from(one.approved_by_the_issuer());
            sums[2] += i64::from(one.code().is_some());
            sums[3] += 1;
        }
        if by == "decline_code" {
            // An approval has no code, also one that a rule refused, and each month's payments
            // count in each of its rows.
            for (currency, code) in expected.clone().keys() {
                if !code.is_empty() {
                    let issuer = expected[&(currency.clone(), code.clone())][1];
                    expected.get_mut(&(currency.clone(), code.clone())).unwrap()[1] = 0;
                    expected.entry((currency.clone(), String::new())).or_default()[1] += issuer;
                }
            }
            found.values_mut().chain(expected.values_mut()).for_each(|sums| sums[3] = 0);
        }
        assert_eq!(found, expected, "{by}");
    }
}

/// The sums of a day or a month: held, paid and returned by currency.
type Sums = BTreeMap<(String, String), [i64; 3]>;

#[tokio::test]
async fn the_questions_of_finance_are_answered_as_the_book_of_what_was_done_has_it() {
    let merchids: BTreeMap<_, _> = MIDS.into_iter().collect();
    let shop = Shop::open_with(json!({"gateway": {"merchids": merchids}})).await;
    let mut year = Year { shop, book: Vec::new(), refunds: Vec::new() };
    let zone = TimeZone::get(ZONE).unwrap();
    let now = year.shop.stack.clock().now();
    let changes: Vec<Timestamp> = zone.following(now).take(2).map(|change| change.timestamp()).collect();
    let mut visits = 0;
    for change in &changes {
        // The evening before, the hours around the change, the last of that day, and the first of
        // the next.
        for minutes in [-180, -60, 60, 1_200, 1_410] {
            year.at(*change + SignedDuration::from_mins(minutes)).await;
            year.visit(visits).await;
            visits += 1;
        }
    }
    year.at(changes[1] + SignedDuration::from_hours(9 * 24)).await;
    year.shop.run(json!({})).await;
    let held = year.pay("authorize", "USD", 3_100, VISA, json!({})).await;
    let disputed = year.pay("purchase", "USD", 2_700, VISA, json!({"custom_reference": "invoice x"})).await;
    year.shop.stack.deliver_stream().await.unwrap();
    year.shop.stack.simulator().settle();
    let chargeback = json!({"fundingchargebackid": "c1", "casenumber": "2026319000018",
        "retref": year.book[disputed].retref, "amount": "27.00", "reasoncode": "10",
        "chargebackdate": year.shop.stack.clock().now().strftime("%Y%m%d").to_string()});
    reads_a_deposit_with(&year.shop, "d1", json!([chargeback]), json!([])).await;
    year.shop.stack.deliver_stream().await.unwrap();
    // The first run of the schedule that counts, a year after the first payment.
    let report = year.shop.stack.invoke_scheduled("totals").await.unwrap();
    assert_eq!((&report["failed"], &report["more_left"]), (&json!(0), &json!(false)), "{report}");

    payments(&year, held, disputed).await;
    movements(&year).await;
    sums(&year, disputed).await;
    others(&year, disputed).await;
    year.shop.close().await;
}

async fn payments(year: &Year, held: usize, disputed: usize) {
    let days: BTreeSet<String> = year.book.iter().map(Done::day).collect();
    assert!(days.len() >= 7, "{days:?}");
    for day in &days {
        year.are(&format!("eq(created_at,{day})"), |one| one.day() == *day).await;
    }
    let (first, last) = (days.first().unwrap(), days.last().unwrap());
    let all = format!("ge(created_at,{first}):le(created_at,{last})");
    year.are(&all, |_| true).await;
    year.are("eq(last_four,1443):eq(amount,2700)", |one| one.minor == 2_700).await;
    year.are("eq(custom_reference,invoice 3)", |one| one.order == "order-15").await;
    year.are(&format!("{all}:eq(state,declined)"), |one| one.code().is_some()).await;
    for code in ["insufficient_funds", "incorrect_cvc", "avs_mismatch"] {
        year.are(&format!("{all}:eq(decline_code,{code})"), |one| one.code() == Some(code)).await;
    }
    // A month that is long over, and the last one.
    for month in [&first[..7], &last[..7]] {
        let month = month.to_owned();
        let range = format!("ge(created_at,{month}-01):lt(created_at,{})", next_month(&month));
        let never = "eq(operation,authorize):in(state,held,lapsed,voided,voided_elsewhere)";
        let is_one = |one: &Done| {
            one.day().starts_with(&month)
                && one.is_authorization
                && matches!(one.became, Became::Held | Became::Lapsed | Became::Voided)
        };
        year.are(&format!("{range}:{never}"), is_one).await;
    }
    for (state, became) in [("lapsed", Became::Lapsed), ("voided", Became::Voided), ("held", Became::Held)] {
        year.are(&format!("{all}:eq(state,{state})"), |one| one.became == became).await;
    }
    let ends = year.book[held].at + SignedDuration::from_hours(7 * 24);
    let ends = ends.to_zoned(TimeZone::get(ZONE).unwrap()).date();
    year.are(&format!("eq(authorization_expires_at,{ends})"), |one| one.became == Became::Held).await;
    // About noon of its day, and about its amount.
    let around = year.book[5].at;
    let (since, until) = (around - SignedDuration::from_mins(5), around + SignedDuration::from_mins(5));
    let around = format!(
        "eq(last_four,1443):ge(amount,2400):le(amount,2700):ge(created_at,\"{since}\"):lt(created_at,\"{until}\")"
    );
    year.are(&around, |one| one.order == "order-5").await;
    year.are("eq(needs_attention,true)", |one| one.order == year.book[disputed].order).await;
}

/// The first day of the month after this one.
fn next_month(month: &str) -> String {
    let first: jiff::civil::Date = format!("{month}-01").parse().unwrap();
    (first + 1.month()).to_string()
}

async fn movements(year: &Year) {
    let (last, paid, retref) = year.refunds.last().unwrap();
    let order = &year.book[*paid].order;
    let since = last.to_zoned(TimeZone::get(ZONE).unwrap()).date().to_string();
    let by_ann = format!("ge(created_at,{since}):eq(fact,refunded):eq(actor,ann@shop.example)");
    let found = year.ask("/v2/entries", &[("filter", &by_ann), ("time_zone", ZONE)]).await;
    let rows = found.data(200).as_array().unwrap();
    let expected = year
        .refunds
        .iter()
        .filter(|(at, ..)| at.to_zoned(TimeZone::get(ZONE).unwrap()).date().to_string() >= since);
    assert_eq!(rows.len(), expected.count());
    assert!(rows.iter().all(|row| row["amount"] == 500 && row["reason"] == "arrived broken"), "{rows:?}");
    let by_reference = format!("eq(retref,{})", retref.as_str().unwrap());
    let found = year.ask("/v2/entries", &[("filter", &by_reference)]).await;
    assert_eq!(
        (found.data(200).as_array().unwrap().len(), &found.body["data"][0]["fact"]),
        (1, &json!("refunded"))
    );
    let of_order = year.shop.get(&format!("/v2/orders/{order}/entries?sort=created_at")).await;
    let facts: Vec<_> = of_order.data(200).as_array().unwrap().iter().map(|row| &row["fact"]).collect();
    assert_eq!(facts, ["approved", "refunded"]);
    for (code, fact, times) in [
        ("incorrect_cvc", "declined_by_rule", 10),
        ("avs_mismatch", "declined_by_rule", 10),
        ("insufficient_funds", "declined", 10),
    ] {
        let first = year.book[0].day();
        let filter = format!("ge(created_at,{first}):eq(decline_code,{code})");
        let found = year.ask("/v2/entries", &[("filter", &filter), ("page[limit]", "100")]).await;
        let facts: Vec<_> = found.data(200).as_array().unwrap().iter().map(|row| &row["fact"]).collect();
        assert_eq!(facts, vec![fact; times], "{code}");
    }
    let evidence = year.shop.get(&format!("/v2/transactions/{}", year.book[*paid].id)).await;
    let request = &evidence.data(200)["meta"]["operations"][1]["request"];
    assert_eq!(
        (&request["actor"], &request["reason"]),
        (&json!("ann@shop.example"), &json!("arrived broken"))
    );
}

async fn sums(year: &Year, disputed: usize) {
    let mut expected = Sums::new();
    let zone = TimeZone::get(ZONE).unwrap();
    let mut add = |day: String, currency: &str, sums: [i64; 3]| {
        let sum = expected.entry((day, currency.to_owned())).or_default();
        sum.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
    };
    for one in &year.book {
        let sums = match one.became {
            Became::Paid | Became::PartlyRefunded | Became::Captured => [0, one.minor, 0],
            // A lapsed hold was let go on another day.
            Became::Held | Became::Lapsed => [one.minor, 0, 0],
            Became::Voided | Became::Declined(_) | Became::DeclinedByRule(_) => [0; 3],
        };
        add(one.day(), one.currency, sums);
    }
    for (at, place, _) in &year.refunds {
        let day = at.to_zoned(zone.clone()).date().to_string();
        add(day, year.book[*place].currency, [0, 0, 500]);
    }
    for days in [0..5, 25..50].map(|range| [year.book[range.start].day(), year.book[range.end - 1].day()]) {
        let rows = year.totals(&[("from", &days[0]), ("to", &days[1]), ("by", "currency")]).await;
        let mut found = Sums::new();
        for row in &rows {
            let key =
                (row["period"].as_str().unwrap().to_owned(), row["currency"].as_str().unwrap().to_owned());
            found.insert(key, ["held", "paid", "returned"].map(|name| row[name].as_i64().unwrap()));
        }
        let of_range = |(day, _): &(String, String)| *day >= days[0] && *day <= days[1];
        let wanted: Sums = expected.clone().into_iter().filter(|(key, _)| of_range(key)).collect();
        assert_eq!(found, wanted);
    }
    year.rates("brand", |one| one.brand.to_owned()).await;
    year.rates("mid", |one| one.mid().to_owned()).await;
    year.rates("decline_code", |one| one.code().unwrap_or_default().to_owned()).await;
    let month = &year.book[disputed].day()[..7];
    let taken_back = year.totals(&[("from", month), ("by", "currency")]).await;
    assert_eq!(taken_back.iter().map(|row| row["disputed"].as_i64().unwrap()).sum::<i64>(), 2_700);
}

async fn others(year: &Year, disputed: usize) {
    let deposit = year.shop.get("/v2/deposits/d1?mid=496160873888").await;
    assert_eq!(deposit.data(200)["id"], "d1");
    let order = &year.book[disputed].order;
    let receipt = year.shop.transactions(order).await;
    assert_eq!((receipt.len(), &receipt[0]["amount"]), (1, &json!(2_700)));
    let csv = [("accept", "text/csv")];
    let day = year.book[0].day();
    let path = format!("/v2/transactions?filter=eq(created_at,{day})&time_zone={ZONE}&page[limit]=100");
    let file = year.shop.send(reqwest::Method::GET, &path, &csv, String::new()).await;
    let of_day = year.book.iter().filter(|one| one.day() == day).count();
    assert_eq!(file.body.as_str().unwrap().lines().count(), 1 + of_day);
    let stop = json!({"data": {"stopped": true, "reason": "a test"}}).to_string();
    year.shop.send(reqwest::Method::PUT, "/v2/stop", &[], stop).await.data(200);
    let shown = year.shop.get("/v2/stop").await;
    assert!(shown.data(200).to_string().contains("\"reason\":\"a test\""), "{}", shown.body);
}
