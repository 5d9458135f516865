//! Every documented and recorded form of both reports, read as it arrives.

use memory::SetClock;
use std::{
    io::Read,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::stream;
use jiff::civil::date;
use proptest::prelude::*;
use tollgate_core::{
    order::LineId,
    payments::Merchant,
    settlement::{BatchStatus, Component, Deposit, FundedKind, FundedStatus, SettledStatus},
    values::{Currency, SignedAmount},
};

use super::*;
use crate::cardpointe::{
    Info,
    transport::{BodyError, TransportError},
};

const DOCUMENTED: &str = include_str!("tests/documented.json");
const RECORDED: &str = include_str!("tests/recorded.json");
const SETTLED: &str = include_str!("tests/settled.json");
const ACCOUNT: &str = "496160873888";

fn merchant() -> Merchant {
    let document = serde_json::json!({
        "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "elsewhere", "username": "u", "password": "p",
            "merchids": {"USD": ACCOUNT}},
    });
    crate::merchant_document::parse("m".parse().unwrap(), &document.to_string(), &Info).unwrap()
}

/// Eastern, it is still the last day of the year.
fn new_year() -> SetClock {
    SetClock::at("2027-01-01T03:00:00Z".parse().unwrap())
}

/// Responds to each request in the same way.
struct Fake {
    status: u16,
    pieces: Vec<Result<Vec<u8>, BodyError>>,
    urls: Mutex<Vec<String>>,
}

impl StreamingTransport for Fake {
    async fn open(&self, request: Request<'_>) -> Result<StreamedResponse, TransportError> {
        assert!(request.method == Method::GET && request.body.is_none());
        self.urls.lock().unwrap().push(request.url);
        let (status, retry_after) = (self.status, None);
        Ok(StreamedResponse { status, retry_after, body: stream::iter(self.pieces.clone()).boxed() })
    }
}

fn reports(status: u16, pieces: Vec<Result<Vec<u8>, BodyError>>) -> CardPointeReports<Fake> {
    CardPointeReports::over(Fake { status, pieces, urls: Mutex::default() }, Arc::new(new_year()))
}

/// A body in pieces of so many bytes.
fn body(text: &str, at_a_time: usize) -> Vec<Result<Vec<u8>, BodyError>> {
    text.as_bytes().chunks(at_a_time).map(|piece| Ok(piece.to_vec())).collect()
}

const DAY: Date = date(2026, 12, 31);
const LIMIT: Duration = Duration::from_mins(1);

fn request(merchant: &Merchant, day: Date) -> ReportRequest<'_> {
    ReportRequest { merchant, account: ACCOUNT, day, limit: LIMIT }
}

async fn settled(
    reports: &CardPointeReports<Fake>,
    day: Date,
) -> (Result<ReadReport, ReportError>, Vec<SettledRecord>) {
    let mut all = Vec::new();
    let merchant = merchant();
    let read = reports.settled(&request(&merchant, day), &mut |record| all.push(record)).await;
    (read, all)
}

async fn funded(
    reports: &CardPointeReports<Fake>,
    day: Date,
) -> (Result<ReadReport, ReportError>, Vec<FundingRecord>) {
    let mut all = Vec::new();
    let merchant = merchant();
    let read = reports.funded(&request(&merchant, day), &mut |record| all.push(record)).await;
    (read, all)
}

async fn funded_of(text: &str) -> Vec<FundingRecord> {
    let (read, all) = funded(&reports(200, body(text, 7)), DAY).await;
    assert_eq!(read.unwrap(), ReadReport::Whole(all.len().try_into().unwrap()));
    all
}

fn minor(amount: SignedAmount) -> i64 {
    amount.minor()
}

fn components(deposit: &Deposit) -> Vec<(Component, i64)> {
    deposit.components.iter().map(|(component, amount)| (*component, amount.minor())).collect()
}

/// A row that can be read.
fn row(record: &SettledRecord) -> (&String, &tollgate_core::settlement::Settled) {
    let SettledRecord::Line { reference, settled } = record else { panic!("{record:?}") };
    (reference, settled)
}

#[tokio::test]
async fn each_form_of_a_batch_is_read_whatever_the_order_of_its_members() {
    let (read, all) = settled(&reports(200, body(SETTLED, 5)), DAY).await;
    assert_eq!(read.unwrap(), ReadReport::Whole(9));
    let facts: Vec<_> = all
        .iter()
        .map(|record| {
            let (reference, settled) = row(record);
            assert_eq!(settled.day, DAY);
            (
                &reference[9..],
                settled.batch.as_str(),
                settled.amount.map(minor),
                settled.status,
                settled.batch_status,
            )
        })
        .collect();
    let (good, not_done) = (BatchStatus::Good, BatchStatus::NotDone);
    assert_eq!(
        facts,
        [
            ("633", "1900938677", Some(10600), SettledStatus::Accepted, good),
            ("634", "1900938677", Some(1234), SettledStatus::Accepted, good),
            ("635", "1900938677", Some(-500), SettledStatus::UnderReview, good),
            ("636", "310", None, SettledStatus::Rejected, not_done),
            ("637", "310", None, SettledStatus::Processing, not_done),
            ("638", "310", Some(0), SettledStatus::Returned, not_done),
            ("639", "310", None, SettledStatus::Unrecognized, not_done),
            ("640", "310", None, SettledStatus::Failed, not_done),
            ("641", "310", None, SettledStatus::Terminated, not_done),
        ]
    );
    let ids: Vec<_> = all.iter().filter_map(|one| row(one).1.gateway_order_id.as_deref()).collect();
    assert_eq!(ids, ["TGABCDEFGHIJKLMNOPQ"]);
}

#[tokio::test]
async fn the_documented_deposit_adds_up_with_its_signs() {
    let all = funded_of(DOCUMENTED).await;
    let [
        FundingRecord::Line { reference, funded: first, gateway_order_id },
        FundingRecord::Line { funded: second, .. },
        FundingRecord::Chargeback(chargeback),
        FundingRecord::Adjustment { adjustment: reversal, deposit: of_reversal },
        FundingRecord::Adjustment { adjustment: third_party, .. },
        FundingRecord::Adjustment { adjustment: unknown, .. },
        FundingRecord::Deposit(deposit),
    ] = &all[..]
    else {
        panic!("{all:?}")
    };
    assert_eq!(
        (reference.as_str(), gateway_order_id.as_deref()),
        ("138090245690", Some("TGABCDEFGHIJKLMNOPQ"))
    );
    assert_eq!((first.id.as_str(), first.batch.as_deref(), minor(first.amount)), ("9002", Some("310"), 501));
    assert_eq!((first.kind, first.status), (FundedKind::Sale, FundedStatus::Processed));
    assert_eq!((second.batch.as_deref(), second.status), (Some("310"), FundedStatus::Processed));
    assert_eq!((first.day, &first.deposit, first.currency), (deposit.day, &deposit.id, Some(Currency::USD)));
    assert_eq!(
        (deposit.day, minor(deposit.total), deposit.changed_on),
        (date(2018, 5, 18), -2718, Some(date(2018, 5, 18)))
    );
    assert_eq!(
        components(deposit),
        [(Component::NetSales, 1003), (Component::ThirdParty, -549), (Component::Reversal, -3172)]
    );
    assert_eq!(SignedAmount::sum(deposit.components.iter().map(|(_, amount)| *amount)), Some(deposit.total));
    assert_eq!(first.amount.checked_add(second.amount), Some(SignedAmount::new(1003)));
    assert_eq!(deposit.trace_number.as_deref(), Some("021000023456789"));
    assert_eq!((of_reversal.clone(), deposit.adjustments.len()), (deposit.id.clone(), 0));
    assert_eq!((reversal.component, minor(reversal.amount)), (Some(Component::Reversal), -3172));
    assert_eq!(
        (reversal.case.as_deref(), reversal.description.as_str()),
        (Some("2018127001"), "CHARGEBACK REVERSAL")
    );
    assert_eq!((third_party.component, third_party.case.as_deref()), (Some(Component::ThirdParty), None));
    assert_eq!((unknown.component, unknown.category.as_str()), (None, "SOMETHING NEW"));
    assert_eq!(
        (chargeback.amount.minor(), chargeback.sequence, chargeback.on),
        (9215, Some(1), date(2018, 5, 17))
    );
    assert_eq!((chargeback.case.as_str(), chargeback.reason_code.as_str()), ("2018127001", "34"));
    assert_eq!((&chargeback.deposit, chargeback.transaction_amount.map(minor)), (&deposit.id, Some(9215)));
    assert_eq!(
        (
            chargeback.reason.as_str(),
            chargeback.authcode.as_deref(),
            chargeback.acquirer_reference.as_deref()
        ),
        ("Fraudulent transaction", Some("07362C"), Some("24692168092100870441837"))
    );
    assert_eq!(reversal.changed_on, Some(date(2018, 5, 18)), "when it was added");
    assert_eq!(
        (deposit.account.as_str(), deposit.read_at, deposit.currency),
        (ACCOUNT, new_year().now(), Some(Currency::USD))
    );
}

#[tokio::test]
async fn a_recording_in_minor_units_and_without_an_id_ahead_is_read_the_same_way() {
    let all = funded_of(RECORDED).await;
    let lines: Vec<_> = all
        .iter()
        .filter_map(|record| {
            let FundingRecord::Line { funded, .. } = record else { return None };
            assert_eq!((funded.deposit.as_str(), funded.day), ("20141208001", date(2014, 12, 8)));
            Some((funded.kind, minor(funded.amount)))
        })
        .collect();
    let (sale, refund, no_money) = (FundedKind::Sale, FundedKind::Refund, FundedKind::NoMoney);
    assert_eq!(lines, [(sale, 55014), (sale, 10), (refund, -10), (no_money, 8450)]);
    let Some(FundingRecord::Deposit(deposit)) = all.last() else { panic!() };
    assert_eq!(
        (minor(deposit.total), deposit.trace_number.as_deref()),
        (5_500_000, None),
        "written with a point"
    );
    assert_eq!(components(deposit), [(Component::NetSales, 55014), (Component::Fee, -14)]);
}

#[tokio::test]
async fn a_body_without_records_is_no_failure_and_says_whether_it_says_so_in_words() {
    for (text, says) in [
        ("", ReadReport::Blank),
        ("\" \"", ReadReport::Blank),
        (" \n", ReadReport::Blank),
        ("Null batches", ReadReport::Nothing),
        ("\"Null batches\"", ReadReport::Nothing),
        ("null", ReadReport::Blank),
        ("\"null\"", ReadReport::Blank),
        ("[]", ReadReport::Blank),
        ("{}", ReadReport::Blank),
        ("[null]", ReadReport::Blank),
        ("[{}]", ReadReport::Blank),
        (r#"{"fundingmasterid":"1","fundingdate":"20261120"}"#, ReadReport::Blank),
        ("No deposits match your request", ReadReport::Nothing),
        (r#"{"errormsg":"No deposits match your request"}"#, ReadReport::Nothing),
        (r#"[{"errormsg":"Null batches."}]"#, ReadReport::Nothing),
        (r#"{"batchid":"1","hoststat":"GB","txns":"null"}"#, ReadReport::Blank),
    ] {
        let (read, all) = settled(&reports(200, body(text, 3)), DAY).await;
        assert_eq!((read.unwrap(), all.len()), (says, 0), "{text}");
        let (read, all) = funded(&reports(200, body(text, 3)), DAY).await;
        assert_eq!((read.unwrap(), all.len()), (says, 0), "{text}");
    }
}

#[tokio::test]
async fn an_object_in_place_of_the_array_is_read() {
    let text = r#"{"batchid":"1","hoststat":"GB","txns":{"retref":"2","setlamount":"1.00","setlstat":"Y"}}"#;
    let (read, all) = settled(&reports(200, body(text, 64)), DAY).await;
    assert_eq!((read.unwrap(), row(&all[0]).1.amount.map(minor)), (ReadReport::Whole(1), Some(100)));
    let text = format!("[{DOCUMENTED}]");
    assert_eq!(funded_of(&text).await, funded_of(DOCUMENTED).await);
}

#[tokio::test]
async fn what_is_no_report_is_an_error_that_quotes_nothing() {
    for (text, expected) in [
        ("<html>secret</html>", "a message that is not known"),
        ("{\"secret\": ", "the response broke off"),
        (r#"{"errormsg":"secret"}"#, "a message that is not known"),
        (r#"[{"batchid":"1","txns":"secret"}]"#, "line 1 column 31"),
        (r#"[{"batchid":"1"}] secret"#, "line 1 column 19"),
    ] {
        let (read, all) = settled(&reports(200, body(text, 16)), DAY).await;
        let error = read.expect_err(text);
        let (ReportError::Malformed(said) | ReportError::Unavailable(said)) = &error else {
            panic!("{error}")
        };
        assert!(
            said == expected && !error.to_string().contains("secret") && all.is_empty(),
            "{text}: {error}"
        );
    }
}

#[tokio::test]
async fn a_sentence_is_read_up_to_its_longest() {
    for (bytes, is_read) in [(1_024, true), (1_025, false)] {
        let text = format!("{:bytes$}", "Null batches");
        let (read, _) = settled(&reports(200, body(&text, 100)), DAY).await;
        assert_eq!(matches!(read, Ok(ReadReport::Nothing)), is_read, "{bytes}");
        assert_eq!(matches!(read, Err(ReportError::Malformed(_))), !is_read, "{bytes}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_told_by_its_id_and_the_rest_of_the_report_counts() {
    let text = r#"[{"txns":[{"retref":"1"}]},{"batchid":"7","txns":[{"retref":"2","setlamount":"1,00"},
        {"setlamount":"1.00","salesdoc":"order"},5,null,["x"],{"retref":"3","setlamount":1.5},
        {"retref":"4","setlamount":1.005}]}]"#;
    let (read, all) = settled(&reports(200, body(text, 16)), DAY).await;
    assert_eq!(read.unwrap(), ReadReport::Whole(8));
    let told: Vec<String> = all
        .iter()
        .map(|record| match record {
            SettledRecord::Line { reference, .. } => reference.clone(),
            SettledRecord::Unreadable(row) => row.to_string(),
        })
        .collect();
    let expected = [
        "a batch without its id",
        "an amount has another form, batch 7, 2",
        "a transaction without its reference, batch 7, order",
        "no transaction, batch 7",
        "no transaction, batch 7",
        "no transaction, batch 7",
        "3",
        "an amount has another form, batch 7, 4",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_row_of_a_deposit_that_cannot_be_read_is_told_and_one_that_moves_no_money_needs_no_amount() {
    let text = r#"{"fundingmasterid":"9","fundingdate":"2026-11-20","datechanged":"2026-11-22","fundings":[
        {"fundingid":"f","netsales":"1.00","totalfunding":"x","dateadded":"2026-11-21"},
        {"fundingid":"g","netsales":"1,00","fee":"2.00","totalfunding":"3.00"}],
        "txns":[{"retref":"1","type":"SALE","amount":null},{"retref":"2","type":"VOID SALE","amount":null},
        {"retref":"3","type":"SALE","status":"Voided"},{"type":"SALE","amount":"1.00"},"x",
        {"retref":"4","type":"SALE","amount":"1.00","status":"Processed"},
        {"retref":"40","parentretref":"4","type":"SALE","amount":"-1.00","status":"Processed","achreturncode":"R01"},
        {"retref":"41","parentretref":"6","type":"REFUND","amount":"1.00","achreturncode":"R01"}],
        "chargebacks":[{"fundingchargebackid":"c","casenumber":"case"},{"amount":"1.00","retref":"5"},7],
        "adjustments":[{"fundingadjustmentid":"a","category":"FEES","amount":{}}]}"#;
    let all = funded_of(text).await;
    let told: Vec<String> = all
        .iter()
        .map(|record| match record {
            FundingRecord::Line { reference, funded, .. } => {
                format!("{reference} {} {}", funded.status.as_str(), minor(funded.amount))
            }
            FundingRecord::Unreadable(row) => {
                assert_eq!(row.deposit.as_deref(), Some("9"));
                row.to_string()
            }
            FundingRecord::Deposit(deposit) => format!("{} {:?}", minor(deposit.total), deposit.changed_on),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "a line without an amount, 1",
        "2 unrecognized 0",
        "3 voided 0",
        "a line without its reference",
        "no line",
        "4 processed 100",
        "4 returned -100",
        "6 returned 100",
        "a chargeback without an amount, case",
        "a chargeback without its case, 5",
        "a chargeback without its case",
        "an adjustment without an amount, a",
        "a sum without its total, or with a part of another form, f",
        "a sum without its total, or with a part of another form, g",
        "400 Some(2026-11-22)",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn each_part_of_a_deposit_is_read_without_the_others() {
    let told = async |text: String| -> Vec<String> {
        let shown = |record: &FundingRecord| match record {
            FundingRecord::Line { reference, .. } => format!("line {reference}"),
            FundingRecord::Chargeback(chargeback) => format!("chargeback {}", chargeback.case),
            FundingRecord::Adjustment { adjustment, .. } => format!("adjustment {}", adjustment.description),
            FundingRecord::Deposit(deposit) => format!("deposit {}", minor(deposit.total)),
            FundingRecord::Unreadable(row) => row.to_string(),
        };
        funded_of(&text).await.iter().map(shown).collect()
    };
    for (part, expected) in [
        (r#""fundings":[{"totalfunding":"1.00"}]"#, "deposit 100"),
        (r#""txns":[{"retref":"1","type":"SALE","amount":"1.00"}]"#, "line 1"),
        (r#""chargebacks":[{"casenumber":"2","amount":"1.00"}]"#, "chargeback 2"),
        (r#""adjustments":[{"description":"3","amount":"1.00"}]"#, "adjustment 3"),
    ] {
        let whole = format!(r#"{{{part},"fundingmasterid":"9","fundingdate":"20261120"}}"#);
        assert_eq!(told(whole).await, [expected]);
        assert_eq!(told(format!("{{{part}}}")).await, ["a deposit without its id"], "{part}");
    }
}

#[tokio::test]
async fn each_stated_word_of_a_deposit_has_its_meaning() {
    let (sale, refund, no_money) = (FundedKind::Sale, FundedKind::Refund, FundedKind::NoMoney);
    let (processed, rejected) = (FundedStatus::Processed, FundedStatus::Rejected);
    let lines = [
        ("SALE", "Processed", sale, processed),
        ("Cash Advance", "settled", sale, processed),
        ("REFUND", "Captured", refund, processed),
        ("VOID SALE", "Voided", no_money, FundedStatus::Voided),
        ("VOID REFUND", "Rejected", no_money, rejected),
        ("AUTH REQUEST", "Failure", no_money, rejected),
        ("ACCOUNT VERIFY", "Declined", no_money, rejected),
        ("OTHER", "Other", FundedKind::Unrecognized, FundedStatus::Unrecognized),
    ];
    let adjustments = [
        ("Adjustments", Component::Adjustment),
        ("ADJUSTMENT", Component::Adjustment),
        ("FEES", Component::Fee),
        ("FEE", Component::Fee),
        ("INTERCHANGE CHARGES", Component::Interchange),
        ("REVERSAL", Component::Reversal),
        ("SERVICE CHARGES", Component::ServiceCharge),
        ("THIRD PARTY", Component::ThirdParty),
        ("OTHER ADJUSTMENT", Component::Other),
    ];
    let txns = lines.map(|(kind, status, ..)| {
        serde_json::json!({"retref": "1", "type": kind, "status": status, "amount": "1.00"})
    });
    let stated = adjustments.map(|(category, _)| serde_json::json!({"category": category, "amount": "1.00"}));
    let text = serde_json::json!({"fundingmasterid": "9", "txns": txns, "adjustments": stated});
    let all = funded_of(&text.to_string()).await;
    let (of_lines, of_adjustments) = all.split_at(lines.len());
    for (record, (stated, _, kind, status)) in of_lines.iter().zip(lines) {
        let FundingRecord::Line { funded, .. } = record else { panic!("{record:?}") };
        assert_eq!((funded.kind, funded.status), (kind, status), "{stated}");
    }
    assert_eq!(of_adjustments.len(), adjustments.len());
    for (record, (stated, component)) in of_adjustments.iter().zip(adjustments) {
        let FundingRecord::Adjustment { adjustment, .. } = record else { panic!("{record:?}") };
        assert_eq!(adjustment.component, Some(component), "{stated}");
    }
}

#[tokio::test]
async fn a_line_without_an_id_is_known_by_its_content_and_its_place_among_equal_ones() {
    let text = r#"{"fundingmasterid":"9","chargebacks":[{"casenumber":"2","amount":"1.00","currency":"USD",
        "sequencenumber":"4","dateadded":"2026-11-18","datechanged":"2026-11-19"}],
        "adjustments":[{"amount":"-1.00","description":"a"},{"amount":"-1.00","description":"a"},
        {"amount":"-2.00","description":"a"},{"fundingadjustmentid":"7","amount":"-1.00","description":"a"}]}"#;
    let all = funded_of(text).await;
    let [FundingRecord::Chargeback(chargeback), adjustments @ ..] = &all[..] else { panic!("{all:?}") };
    let added = Some(date(2026, 11, 18));
    assert_eq!(chargeback.id, LineId::made(Some("2"), Some("4"), added, SignedAmount::new(100), 0));
    assert_eq!((chargeback.currency, chargeback.on), (Some(Currency::USD), date(2026, 11, 18)));
    assert_eq!(chargeback.changed_on, Some(date(2026, 11, 19)));
    let ids = adjustments.iter().map(|record| match record {
        FundingRecord::Adjustment { adjustment, .. } => adjustment.id.clone(),
        other => panic!("{other:?}"),
    });
    let made = |minor, position| LineId::made(Some("a"), None, None, SignedAmount::new(minor), position);
    let expected = [made(-100, 0), made(-100, 1), made(-200, 0), LineId::Stated("7".to_owned())];
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_taken_for_the_whole() {
    for end in 1..SETTLED.len() - 2 {
        let pieces = || body(&SETTLED[..end], 50);
        let (read, _) = settled(&reports(200, pieces()), DAY).await;
        assert!(matches!(read, Err(ReportError::Unavailable(_))), "{end}: {read:?}");
        let cut = pieces().into_iter().chain([Err(BodyError::Cut)]).collect();
        let (read, _) = settled(&reports(200, cut), DAY).await;
        assert!(matches!(read, Err(ReportError::Unavailable(_))), "{end}: {read:?}");
    }
    // Even where the received part looks whole.
    let cut = body(SETTLED, 50).into_iter().chain([Err(BodyError::Cut)]).collect();
    let (read, _) = settled(&reports(200, cut), DAY).await;
    assert!(matches!(read, Err(ReportError::Unavailable(_))));
}

#[tokio::test]
async fn a_day_is_always_stated_and_one_that_may_mean_another_year_is_refused() {
    let reports = reports(200, Vec::new());
    for (day, is_settled, is_funded) in [
        (date(2026, 12, 31), true, true),
        (date(2027, 1, 1), false, false),
        (date(2026, 3, 6), true, true),
        (date(2026, 3, 5), false, true),
        (date(2025, 12, 31), false, true),
    ] {
        let (settled, _) = settled(&reports, day).await;
        assert_eq!(settled.is_ok(), is_settled, "{day}");
        let (funded, _) = funded(&reports, day).await;
        assert_eq!(funded.is_ok(), is_funded, "{day}");
        assert!(
            settled.err().into_iter().chain(funded.err()).all(|error| matches!(error, ReportError::Day(_)))
        );
    }
    let urls = reports.transport.urls.lock().unwrap();
    let endpoint = merchant().gateway.endpoint;
    assert_eq!(urls[0], format!("{endpoint}/settlestat?merchid={ACCOUNT}&date=1231"));
    assert_eq!(urls[1], format!("{endpoint}/funding?merchid={ACCOUNT}&date=20261231"));
    assert!(urls.iter().all(|url| url.contains("&date=")));
}

// A refusal without `Retry-After` has the next call wait for half a minute.
#[tokio::test(start_paused = true)]
async fn a_refused_request_says_whether_to_wait_or_that_the_report_is_not_offered() {
    for (status, is_offered) in [(401, false), (403, false), (404, false), (500, true), (302, true)] {
        let (read, _) = funded(&reports(status, Vec::new()), DAY).await;
        assert_eq!(matches!(read, Ok(ReadReport::NotOffered)), !is_offered, "{status}: {read:?}");
        let (read, _) = settled(&reports(status, Vec::new()), DAY).await;
        assert!(matches!(read, Err(ReportError::Unavailable(_))), "{status}: {read:?}");
    }
    let text = r#"{"errormsg":"Merchant not enabled for funding"}"#;
    let (read, _) = funded(&reports(200, body(text, 9)), DAY).await;
    assert!(matches!(read, Ok(ReadReport::NotOffered)));
    let (throttled, begin) = (reports(429, Vec::new()), Instant::now());
    let (read, _) = funded(&throttled, DAY).await;
    assert!(matches!(read, Err(ReportError::Throttled)));
    assert_eq!((throttled.transport.urls.lock().unwrap().len(), begin.elapsed().as_secs()), (2, 30));
}

#[tokio::test]
async fn a_report_of_a_hundred_thousand_lines_arrives_whole_and_in_its_order() {
    const LINES: usize = 100_000;
    let line = |n: usize| {
        format!(
            r#"{{"retref":"{n:012}","setlamount":"1.00","setlstat":"Y","salesdoc":"TGABCDEFGHIJKLMNOPQ"}}"#
        )
    };
    let begin = stream::iter([r#"[{"batchid":"1","hoststat":"GB","txns":["#.to_owned()]);
    let lines = stream::iter((0..LINES).map(move |n| line(n) + if n + 1 < LINES { "," } else { "]}]" }));
    // The body is made while it is read, and is nowhere as a whole.
    let pieces = begin.chain(lines).map(|text| Ok(text.into_bytes()));
    let mut next = 0;
    let mut each = |record: SettledRecord| {
        assert_eq!(row(&record).0.parse(), Ok(next));
        next += 1;
    };
    let response = StreamedResponse { status: 200, retry_after: None, body: pieces.boxed() };
    let read = read(response, settled::Batches { day: DAY }, &mut each).await;
    assert_eq!((read.unwrap(), next), (ReadReport::Whole(100_000), LINES));
}

#[test]
fn records_are_handed_over_some_at_a_time_and_no_more_where_nothing_takes_them() {
    let lines = vec![r#"{"retref":"1"}"#; 600].join(",");
    let text = format!(r#"{{"batchid":"1","hoststat":"GB","txns":[{lines}]}}"#);
    for (is_taken, handed_over) in [(true, 600), (false, 256)] {
        let (mut most, mut all) = (0, 0);
        let mut take = |some: Vec<SettledRecord>| {
            (most, all) = (most.max(some.len()), all + some.len());
            is_taken
        };
        let read = parse(text.as_bytes(), &settled::Batches { day: DAY }, &mut take);
        assert_eq!((most, all), (256, handed_over));
        match read {
            Ok(read) => assert!(is_taken && read == ReadReport::Whole(600)),
            Err(error) => assert!(!is_taken && error.to_string().contains("nothing takes it"), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_body_is_read_no_further_than_it_is_parsed() {
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    let pieces = stream::iter(0..10_000).map(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(b"{]".to_vec())
    });
    let response = StreamedResponse { status: 200, retry_after: None, body: pieces.boxed() };
    let read = read(response, settled::Batches { day: DAY }, &mut |_| {}).await;
    assert!(matches!(read, Err(ReportError::Malformed(_))));
    assert!(taken.load(Ordering::Relaxed) < 100, "the rest is not taken from the gateway");
}

#[test]
fn an_empty_piece_or_buffer_is_not_the_end_of_a_body() {
    let (pieces, arrived) = mpsc::channel(WAITING_MAX);
    for piece in ["ab", "", "c"] {
        pieces.try_send(Ok(piece.as_bytes().to_vec())).unwrap();
    }
    drop(pieces);
    let (mut chunks, mut first, mut others) = (Chunks::new(arrived), [0], String::new());
    chunks.read_exact(&mut first).unwrap();
    assert_eq!(chunks.read(&mut []).unwrap(), 0);
    chunks.read_to_string(&mut others).unwrap();
    assert_eq!((first, others.as_str()), (*b"a", "bc"));
}

proptest! {
    /// For every text, and however it is cut.
    #[test]
    fn no_body_panics(text in "[\\[\\]{}\",:a-z0-9. -]{0,60}", at_a_time in 1..9_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            settled(&reports(200, body(&text, at_a_time)), DAY).await.0.ok();
            funded(&reports(200, body(&text, at_a_time)), DAY).await.0.ok();
        });
    }
}
