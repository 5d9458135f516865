//! The console shows every response that `shared/wire/fixtures` keeps of this version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use serde_json::Value;

use super::{
    act::{FORM, filled},
    checked,
    fake::{FakeApi, Shown},
    payment, sign_in, words_of,
};

/// A page of the console, and the call whose response it shows.
struct Page {
    address: &'static str,
    /// Begins the path of the call.
    call: &'static str,
    /// The statuses of the response and of the page.
    statuses: (u16, u16),
}

const fn page(address: &'static str, call: &'static str) -> Page {
    Page { address, call, statuses: (200, 200) }
}

/// A form whose sending is refused with this status.
const fn form(refused: u16) -> Page {
    Page { address: FORM, call: "POST /v2/orders/", statuses: (refused, 422) }
}

const PAYMENT: Page =
    page(payment::PAGE, "GET /v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d");
/// Of a shopper's view, without the history that the page is made of: no person gets one.
const SHOPPER: Page = Page { statuses: (200, 502), ..PAYMENT };
const SETTLEMENT: Page =
    page(payment::PAGE, "GET /v2/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/settlement");
const RECEIPT_ADDRESS: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/receipt";
const RECEIPT_CALL: &str = "GET /v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/receipt";
const RECEIPT: Page = page(RECEIPT_ADDRESS, RECEIPT_CALL);
const NO_RECEIPT: Page = Page { address: RECEIPT_ADDRESS, call: RECEIPT_CALL, statuses: (404, 404) };
const PAYMENTS: Page = page("/170200126/payments", "GET /v2/transactions?");
const ATTENTION: Page = page("/170200126/attention", "GET /v2/attention");
const DAYS: Page = page("/170200126/days", "GET /v2/reports/totals");
const MONTH: Page = page("/170200126/month", "GET /v2/reports/month?");
const MONTH_ROWS: Page = page("/170200126/month?rows=lines_before", "GET /v2/reports/month?");
const DEPOSITS: Page = page("/170200126/deposits", "GET /v2/deposits?");
const DEPOSIT: Page = page("/170200126/deposits/d1", "GET /v2/deposits/d1");
const EXCEPTIONS: Page = page("/170200126/deposits", "GET /v2/settlement/exceptions?");
const ON_THE_WAY: Page = page("/170200126/deposits", "GET /v2/settlement/outstanding?");
const EXCEPTION: Page = page("/170200126/exceptions/7", "GET /v2/settlement/exceptions/7");
const ME: Page = page("/170200126/payments", "GET /v2/me");
/// The way back from the issuer.
const SIGN_IN: Page = Page { address: "/callback", call: "POST /oauth/access_token", statuses: (200, 303) };

/// Responses to the other calls of a page.
const USUAL: [(&str, Page); 10] = [
    ("me-all", ME),
    ("transaction-partly-refunded", PAYMENT),
    ("settlement-no-money", SETTLEMENT),
    ("transactions-month", PAYMENTS),
    ("attention-month", ATTENTION),
    ("totals-days", DAYS),
    ("month-figures", MONTH),
    ("deposits-month", DEPOSITS),
    ("exceptions-month", EXCEPTIONS),
    ("outstanding-month", ON_THE_WAY),
];

/// Each fixture, the page that shows it, and texts of that page that come from it: those that are
/// the same whenever the fixtures are recorded.
const ROWS: [(&str, Page, &[&str]); 60] = [
    (
        "attention-at-elastic-path",
        ATTENTION,
        &["Elastic Path shows it otherwise", "a payment that is not Tollgate's", "Nothing was charged"],
    ),
    ("attention-month", ATTENTION, &["$135.00", "UM-2014", "Mastercard 5454 UM-2011"]),
    (
        "attention-unreadable",
        ATTENTION,
        &["Cannot be read Ask an operator to restore it: 170200123#held-back"],
    ),
    ("deposit-chargeback", DEPOSIT, &["Chargebacks and reversals −$62.50", "UM-2011"]),
    ("deposit-disputed", DEPOSIT, &["Case 2026319000018", "Fraud"]),
    ("deposit-not-ours", DEPOSIT, &["1 line is not Tollgate's: $42.00 together."]),
    ("deposit-reversal", DEPOSIT, &["Chargebacks and reversals $184.00"]),
    ("deposits-month", DEPOSITS, &["The reports of 496480518026 were read"]),
    (
        "deposits-unreadable",
        DEPOSITS,
        &["39.99 −5.49", "Cannot be read", "1 item cannot be read and is missing in sums."],
    ),
    ("error-forbidden", form(403), &["Nothing was done. You may not do this"]),
    ("error-no-receipt", NO_RECEIPT, &["There is no receipt yet: the outcome of the payment is not known."]),
    ("error-proposal", form(403), &["send them this link"]),
    ("error-retry-after", form(503), &["Not carried out yet: the payment gateway asks to try again"]),
    (
        "error-version-differs",
        form(412),
        &["The payment has changed since you looked, and nothing was sent."],
    ),
    (
        "exception-gone",
        EXCEPTION,
        &["an adjustment without an amount, a1", "A row of a report that cannot be read"],
    ),
    ("exception-open", EXCEPTION, &["Tollgate $147.30 Gateway $147.29 Difference −$0.01", "UM-2012"]),
    ("exception-resolved", EXCEPTION, &["Resolved by Ann", "asked the processor", "booked by hand"]),
    ("exceptions-month", EXCEPTIONS, &["The cardholder's bank took the money back", "$42.00", "UM-2012"]),
    ("me-all", ME, &["Umbrella & Sons", "Eve Evans"]),
    ("me-operate", ME, &["Umbrella & Sons", "Ann Archer"]),
    ("me-read", ME, &["Umbrella & Sons", "Rob Reyes"]),
    ("me-stopped", ME, &["Payments are stopped."]),
    ("month-figures", MONTH, &["MID 496480518026", "Where their money is In a deposit"]),
    ("month-rows", MONTH_ROWS, &["For earlier movements Download these rows", "Deposit line UM-"]),
    ("outstanding-month", ON_THE_WAY, &["On the way in no deposit", "The latest 2."]),
    ("receipt-disputed", RECEIPT, &["12 Harbor St", "Disputed −$62.50", "Order UM-2011"]),
    (
        "receipt-surcharged",
        RECEIPT,
        &["Total $19.00", "1234, Storage, $2.05", "−$5.00, and −$0.15 surcharge"],
    ),
    ("settlement-funded", SETTLEMENT, &["in the deposit of", "in no deposit yet"]),
    ("settlement-no-money", SETTLEMENT, &["Settlement Nothing to settle"]),
    ("token-exchange", SIGN_IN, &[]),
    (
        "totals-days",
        DAYS,
        &["11 1,005.10 2 84.62% 2 −205.00 210.10", "Total 38 5,405.44 4 90.48%", "Counted up to"],
    ),
    ("totals-facts", DAYS, &["1 0.00%", "Numbers so far, and provisional ones, can still change."]),
    (
        "transaction-at-elastic-path",
        PAYMENT,
        &[
            "Elastic Path shows it otherwise",
            "Has the order as canceled; refund the goods that were not shipped",
        ],
    ),
    ("transaction-continued", PAYMENT, &["continued", "Still held $15.99"]),
    ("transaction-decided", PAYMENT, &["the portal shows it"]),
    ("transaction-declined", PAYMENT, &["Declined", "$84.25", "Reference invoice 2017"]),
    ("transaction-dispute-won", PAYMENT, &["Captured, kept $184.00"]),
    ("transaction-disputed", PAYMENT, &["Disputed −$62.50"]),
    ("transaction-held", PAYMENT, &["Still held $58.40"]),
    ("transaction-held-back", PAYMENT, &["Wait for the end of the case"]),
    ("transaction-lapsed", PAYMENT, &["Lapsed", "Released $86.00"]),
    ("transaction-not-known-yet", PAYMENT, &["We do not know yet whether the bank approved $135.00."]),
    ("transaction-not-processed", PAYMENT, &["The gateway did not process the purchase of $25.99."]),
    ("transaction-paid", PAYMENT, &["Captured, kept $26.20"]),
    ("transaction-partly-paid", PAYMENT, &["Captured, kept $10.00", "parcel 1"]),
    ("transaction-partly-refunded", PAYMENT, &["Eve Evans refunded $200.00: returned unused."]),
    ("transaction-refunded", PAYMENT, &["Refunded −$25.99", "Ann", "paid by cheque"]),
    ("transaction-saved", SHOPPER, &["This cannot be read"]),
    ("transaction-scheduled", PAYMENT, &["paused by Ann: case 4713", "Description Two lamps"]),
    ("transaction-seen", PAYMENT, &["the customer wanted it"]),
    ("transaction-seen-by-person", PAYMENT, &["Eve Evans", "a colleague in the shop did it"]),
    ("transaction-settlement-refused", PAYMENT, &["Refused at settlement $25.99"]),
    ("transaction-shopper", SHOPPER, &["This cannot be read"]),
    (
        "transaction-stopped",
        PAYMENT,
        &["Do not charge this card on your own again", "advice 21 Stop recurring for this merchant"],
    ),
    ("transaction-surcharged", PAYMENT, &["Surcharge $0.55", "Larry Page-Turner, larry@newmedia.com"]),
    ("transaction-to-retry", PAYMENT, &["but not before", "advice 02 Retry after 3 days"]),
    ("transaction-voided", PAYMENT, &["Eve Evans", "Ann Archer", "ordered by mistake"]),
    ("transaction-voided-elsewhere", PAYMENT, &["Voided $25.99: outside Tollgate."]),
    ("transactions-month", PAYMENTS, &["394.95", "UM-1290"]),
    ("transactions-unreadable", PAYMENTS, &["25.99", "Cannot be read: 170200123#saved"]),
];

/// Part of a text about something that cannot be read, which no other page says.
const UNREADABLE: &str = "annot be read";

/// The bodies of this version, by name.
fn fixtures() -> BTreeMap<String, Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../wire/fixtures");
    let files = fs::read_dir(PathBuf::from(folder).join(env!("CARGO_PKG_VERSION"))).unwrap();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    };
    files.map(|file| read(file.unwrap().path())).collect()
}

fn says(api: &FakeApi, page: &Page, body: &Value) {
    let (method, path) = page.call.split_once(' ').unwrap();
    api.says(method, path, page.statuses.0, body);
}

async fn shown(api: &FakeApi, page: &Page) -> Shown {
    match page.address {
        "/callback" => sign_in::come_back(api).await,
        FORM => api.post(FORM, &filled("amount=5.00&step=send")).await,
        address => api.get(address).await,
    }
}

#[tokio::test(start_paused = true)]
async fn every_response_is_shown() {
    let fixtures = fixtures();
    let listed: BTreeSet<_> = ROWS.iter().map(|(name, _, _)| (*name).to_owned()).collect();
    assert_eq!(fixtures.keys().cloned().collect::<BTreeSet<_>>(), listed, "left: kept; right: shown here");
    let mut wrong = Vec::new();
    for (name, page, texts) in &ROWS {
        let api = FakeApi::start();
        for (usual, of) in &USUAL {
            says(&api, of, &fixtures[*usual]);
        }
        says(&api, page, &fixtures[*name]);
        let html = shown(&api, page).await;
        let words = format!("{} {}", words_of(checked(&html.body)), frame_of(&html.body));
        let is_unreadable = words.contains(UNREADABLE) && !texts.concat().contains(UNREADABLE);
        let lacking: Vec<_> = texts.iter().filter(|text| !words.contains(**text)).collect();
        if html.status != page.statuses.1 || is_unreadable || !lacking.is_empty() {
            wrong.push(format!("{name}: {} lacks {lacking:?}: {words}", html.status));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The part of a page that is the same on all of them.
fn frame_of(html: &str) -> String {
    let frame = html.split_once("<main").map_or("", |(frame, _)| frame);
    words_of(frame).replace("&#38;", "&")
}
