//! The console's box over the sample month: texts that customers and letters quote, and what each
//! finds or is told.

use std::collections::BTreeSet;

use local::{Options, merchants};
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    console::{Page, Visitor},
    credit_card_client::{CreditCard, payment, with},
    shop::Shop,
};

/// The customer of one payment.
const EMAIL: &str = "mary.major@example.com";

/// The page's response to a text.
enum Expected {
    /// Exactly the payments of these orders.
    Only(&'static [&'static str]),
    /// Payments, among them that of the first order, and not that of the second.
    With(&'static str, &'static str),
    /// No payment, and this sentence.
    Told(&'static str),
}

use Expected::{Only, Told, With};

/// Texts by which people look for a payment of the month, of any day.
const TEXTS: [(&str, Expected); 62] = [
    // Cards.
    ("8431", With("UM-2009", "UM-2021")),
    ("visa 1443", With("UM-2021", "UM-2020")),
    ("VISA ending in 1443", With("UM-2021", "UM-2020")),
    ("ending 1443", With("UM-2021", "UM-2020")),
    ("card ending in 1443", With("UM-2021", "UM-2020")),
    ("last four 1443", With("UM-2021", "UM-2020")),
    ("last 4: 1443", With("UM-2021", "UM-2020")),
    ("*1443", With("UM-2021", "UM-2020")),
    ("x1443", With("UM-2021", "UM-2020")),
    ("...1443", With("UM-2021", "UM-2020")),
    ("**** **** **** 1443", With("UM-2021", "UM-2020")),
    ("478825******1443", With("UM-2021", "UM-2020")),
    ("4788 2500 0012 1443", With("UM-2021", "UM-2020")),
    ("4788250000121443 26.20", Only(&["UM-2021"])),
    ("mastercard 1443", Told("Mastercard, card ending in 1443. All days.")),
    ("9999", Told("Card ending in 9999, then order 9999, then amount 9,999.00 to 9,999.99.")),
    // Brands.
    ("amex 640", Only(&["UM-2020"])),
    ("American Express 640.00", Only(&["UM-2020"])),
    ("diners", Told("Diners Club.")),
    ("mc 1,204", Only(&["UM-2016"])),
    // Amounts.
    ("26.20", With("UM-2021", "UM-2020")),
    ("26,20", With("UM-2021", "UM-2020")),
    ("26", With("UM-2021", "UM-2020")),
    ("$26.20", With("UM-2021", "UM-2020")),
    ("26.20 USD", With("UM-2021", "UM-2020")),
    ("USD 26,20", With("UM-2021", "UM-2020")),
    ("-26.20", With("UM-2021", "UM-2020")),
    ("1,204.00", With("UM-2016", "UM-2021")),
    ("1.204,00", With("UM-2016", "UM-2021")),
    ("1204", With("UM-2016", "UM-2021")),
    ("$1,204", With("UM-2016", "UM-2021")),
    ("1100-1300", Only(&["UM-2015", "UM-2016"])),
    ("$1100 - $1300", Only(&["UM-2015", "UM-2016"])),
    ("1100 to 1300", Only(&["UM-2015", "UM-2016"])),
    ("over 1000", Only(&["UM-2015", "UM-2016"])),
    (">1102.50", Only(&["UM-2016"])),
    ("26.205", Told("Order 26.205, then reference 26.205.")),
    ("€26.20", Told("Amount 26.20, EUR, then reference €26.20.")),
    ("500 JPY", Told("Amount 500, JPY.")),
    // Several at once.
    ("1443 26.20", Only(&["UM-2021"])),
    ("1443 26", With("UM-2021", "UM-2020")),
    ("26.20 visa 1443", Only(&["UM-2021"])),
    ("visa 20-30", With("UM-2021", "UM-2020")),
    ("UM-2021 1443", Only(&["UM-2021"])),
    ("um-2021 visa", Only(&["UM-2021"])),
    ("UM-2021 8431", Told("Order UM-2021, card ending in 8431, then reference UM-2021 8431.")),
    // Orders.
    ("UM-2019", Only(&["UM-2019"])),
    ("um-2019", Only(&["UM-2019"])),
    ("#UM-2019", Only(&["UM-2019"])),
    ("order um-2019", Only(&["UM-2019"])),
    ("Order no. UM-2019", Only(&["UM-2019"])),
    ("order number: UM-2019", Only(&["UM-2019"])),
    ("#2019", Told("Order 2019, then reference 2019, then reference #2019.")),
    ("UM-9", Told("Order UM-9, then reference UM-9.")),
    // References.
    ("invoice 2019", Only(&["UM-2019"])),
    ("Invoice 2019", Only(&["UM-2019"])),
    ("INVOICE 2019", Only(&["UM-2019"])),
    ("invoice 1", Told("Reference 1, then reference invoice 1, then order 1.")),
    // People, and others that nothing is found by.
    ("nobody@example.com", Told("E-mail address nobody@example.com. All days.")),
    ("Mary Major", Told("Reference Mary Major. All days.")),
    ("+1 212 555 0100", Told("No such payments")),
    ("„Größe“ 1\"):eq(x,y", Told("No such payments")),
];

struct Month {
    shop: Shop,
    visitor: Visitor,
}

impl Month {
    async fn open() -> Self {
        let options = Options { samples: true, month: true, ..Options::default() };
        let shop = Shop::open_as(options, merchants::MONTH, merchants::MONTH_KEY).await;
        let mut visitor = Visitor::new(&shop.stack, merchants::MONTH);
        assert_eq!(visitor.sign_in("ann").await.status, 200);
        Self { shop, visitor }
    }

    /// The page that the box leads to.
    async fn find(&mut self, text: &str) -> Page {
        let path = self.visitor.path("payments");
        let found = self.visitor.post(&path, &[("q", text)]).await;
        if found.status != 303 {
            return found;
        }
        let to = found.location().to_owned();
        self.visitor.get(&to).await
    }

    /// The difference from the expected orders or sentence, if there is one.
    async fn difference(&mut self, text: &str, expected: &Expected) -> Option<String> {
        let page = self.find(text).await;
        let orders = orders(&page);
        let has = |order: &str| orders.iter().any(|found| found == order);
        let is_as_expected = match expected {
            Only(only) => orders.len() == only.len() && only.iter().all(|order| has(order)),
            With(one, other) => has(one) && !has(other),
            Told(sentence) => orders.is_empty() && page.html.contains(&escaped(sentence)),
        };
        let tried = Regex::new("(No such payments</h2>\n<p>|muted\">)([^<]*)<").unwrap();
        let tried = tried.captures(&page.html).map(|found| found[2].to_owned());
        (!is_as_expected).then(|| format!("{text}: {} {orders:?} {tried:?}", page.status))
    }
}

/// The orders of the rows of a list.
fn orders(page: &Page) -> BTreeSet<String> {
    let link = Regex::new(r#"<a class="number" href="/[^"]+">([^<]+)</a>"#).unwrap();
    link.captures_iter(&page.html).map(|found| found[1].to_owned()).collect()
}

/// A text as a page has it.
fn escaped(text: &str) -> String {
    text.replace('"', "&#34;")
}

#[tokio::test]
async fn the_box_finds_the_texts_that_people_quote_or_says_that_it_cannot() {
    let mut month = Month::open().await;
    let mut differences = Vec::new();
    for (text, expected) in &TEXTS {
        differences.extend(month.difference(text, expected).await);
    }
    for (text, expected) in quoted_by_banks(&month).await {
        differences.extend(month.difference(&text, &expected).await);
    }
    assert_eq!(differences, [""; 0]);
    a_trace_number_leads_to_its_deposit(&mut month).await;
    an_e_mail_is_in_no_address(&mut month).await;
    month.shop.close().await;
}

/// Texts that only the gateway and the bank make, of one payment. The simulator's approval codes
/// are of many.
async fn quoted_by_banks(month: &Month) -> Vec<(String, Expected)> {
    let payment = month.shop.get("/v2/orders/UM-2021/transactions").await.data(200)[0].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let approval = text(&payment["payment_details"]["authorization_code"]);
    let (id, retref) = (text(&payment["id"]), text(&payment["reference"]));
    let by_id = [id.to_uppercase(), id, format!("ref {retref}"), retref];
    let small = approval.to_lowercase();
    let by_approval = [format!("approval code {approval}"), format!("auth {small}"), small, approval];
    let by_id = by_id.map(|text| (text, Only(&["UM-2021"])));
    let by_approval = by_approval.map(|text| (text, With("UM-2021", "UM-2020")));
    by_id.into_iter().chain(by_approval).collect()
}

async fn a_trace_number_leads_to_its_deposit(month: &mut Month) {
    let deposit = month.shop.get("/v2/deposits").await.data(200)[0].clone();
    let trace = deposit["trace_number"].as_str().unwrap();
    for text in [trace.to_owned(), format!("trace number {trace}"), format!("deposit {trace}")] {
        let page = month.find(&text).await;
        let place = month.visitor.path(&format!("deposits/{}?mid=", deposit["id"].as_str().unwrap()));
        assert!(page.location().starts_with(&place), "{text}: {} {}", page.location(), page.html);
    }
}

/// However it comes in and wherever the page leads on to.
async fn an_e_mail_is_in_no_address(month: &mut Month) {
    let own = json!({"Id": merchants::MONTH, "Key": merchants::MONTH_KEY});
    let request = with(payment("1", "booking-1"), "/Authentication", Some(own));
    let request = with(request, "/Request/Email", Some(json!(EMAIL)));
    let order = CreditCard::of(&month.shop).approved("charge", &request).await;
    month.shop.stack.deliver_stream().await.unwrap();
    for text in [EMAIL, "Mary.Major@Example.com", "e-mail mary.major@example.com"] {
        assert_eq!(orders(&month.find(text).await), [order.clone()].into(), "{text}");
    }
    let page = month.find(EMAIL).await;
    let address = Regex::new(r#"(href|action|formaction)="[^"]*(@|%40)"#).unwrap();
    assert!(!address.is_match(&page.html), "{}", page.html);
    let path = month.visitor.path("payments");
    for path in [path.clone(), format!("{path}.csv")] {
        let page = month.visitor.get(&format!("{path}?q=mary.major%40example.com&state=paid")).await;
        assert_eq!((page.status, page.location()), (303, &*format!("{path}?state=paid")));
    }
    month.find(EMAIL).await;
    let file = month.visitor.post(&format!("{path}.csv"), &[("q", EMAIL), ("state", "paid")]).await;
    assert!(file.html.contains(&order) && !file.html.contains("UM-"), "{}", file.html);
    let none = month.visitor.post(&path, &[("q", EMAIL), ("state", "refunded")]).await;
    assert!(orders(&none).is_empty() && none.html.contains("No such payments"), "{}", none.html);
    // The session ends meanwhile, and the sign-in leads back without it.
    for from in [path.clone(), format!("{path}.csv")] {
        month.shop.stack.advance_clock(9 * 60 * 60);
        let issuer = month.visitor.post(&from, &[("q", EMAIL), ("state", "paid")]).await.button();
        let back = month.visitor.choose(&issuer, "ann").await;
        let here = month.visitor.get(&back).await.location().to_owned();
        assert_eq!(here, format!("{path}?state=paid&ended=lost"));
        assert!(month.visitor.get(&here).await.html.contains("Please type the e-mail address again."));
    }
}
