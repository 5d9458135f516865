//! The requests, and the outcome of each status and of each way of getting no response.

mod set_up;

use std::{collections::VecDeque, sync::Mutex};

use secrecy::ExposeSecret;
use tollgate_core::{
    order::FeeShare,
    payments::{GatewayRecord, KnownPayment, Labels},
    values::{Amount, Currency, FeeKind},
};

use super::*;

const BASE: &str = "https://fts-uat.cardconnect.com/cardconnect/rest";
const LIMIT: Duration = Duration::from_secs(20);

const PAYMENT: KnownPayment<'_> = KnownPayment { reference: "111", fee: None };

/// Of a capture of the payment.
const APPROVED: &str =
    r#"{"respstat":"A","respproc":"FNOR","respcode":"00","retref":"111","amount":"25.99","orderid":"tg0"}"#;
const QUEUED: &str = r#"{"respstat":"A","respproc":"FNOR","respcode":"00","retref":"111","amount":"25.99",
    "setlstat":"Queued for Capture","orderId":"tg0"}"#;
const NOT_FOUND: &str = r#"{"respstat":"C","respproc":"PPS","respcode":"29"}"#;
const DECLINED: &str = r#"{"respstat":"C","respproc":"FNOR","respcode":"51","retref":"333","amount":"0.00",
    "setlstat":"Declined","orderId":"tg1"}"#;

/// Returns the responses that it was given, in order, and remembers the requests that it was sent.
struct Scripted {
    responses: Mutex<VecDeque<Result<Response, TransportError>>>,
    sent: Mutex<Vec<String>>,
}

impl Transport for Scripted {
    async fn send(&self, request: Request<'_>) -> Result<Response, TransportError> {
        assert_eq!((request.username, request.password.expose_secret()), ("user", "password"));
        assert_eq!(request.limit, LIMIT);
        let path = request.url.strip_prefix(BASE).expect("a URL of the operation's gateway").to_owned();
        let body = request.body.map(|body| String::from_utf8(body).unwrap()).unwrap_or_default();
        self.sent.lock().unwrap().push(format!("{} {path} {body}", request.method).trim_end().to_owned());
        self.responses.lock().unwrap().pop_front().expect("no further request")
    }
}

fn over(responses: Vec<Result<Response, TransportError>>) -> CardPointe<Scripted> {
    CardPointe::over(Scripted { responses: Mutex::new(responses.into()), sent: Mutex::default() })
}

#[expect(clippy::unnecessary_wraps, reason = "a script mixes responses and errors")]
fn with(status: u16, body: &str) -> Result<Response, TransportError> {
    Ok(Response { status, body: Ok(body.as_bytes().to_vec()) })
}

#[expect(clippy::unnecessary_wraps, reason = "a script mixes responses and errors")]
fn without(status: u16, error: BodyError) -> Result<Response, TransportError> {
    Ok(Response { status, body: Err(error) })
}

fn merchant() -> Merchant {
    let document = r#"{"keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "elsewhere", "username": "user", "password": "password", "merchids": {"USD": "1"}}}"#;
    crate::merchant_document::parse("m".parse().unwrap(), document, &Info).unwrap()
}

/// The route of an operation, which need not be the merchant's current one.
fn route() -> Route {
    Route { gateway: NAME.into(), endpoint: BASE.to_owned(), account: "496160873888".to_owned() }
}

fn amount() -> Amount {
    Amount::new(2599).unwrap()
}

const CAPTURE: Command<'static> = Command::Capture(PAYMENT);

async fn perform(client: &CardPointe<Scripted>, command: Command<'_>) -> Outcome {
    perform_through(client, &route(), &["tg0", "tg1"], command).await
}

async fn perform_through(
    client: &CardPointe<Scripted>,
    route: &Route,
    ours: &[&str],
    command: Command<'_>,
) -> Outcome {
    let instruction = Instruction {
        route,
        currency: Currency::parse("USD").unwrap(),
        amount: amount(),
        gateway_order_id: "tg1",
        order: &"o".parse().unwrap(),
        ours: ours.to_vec(),
        labels: Labels::default(),
        command,
    };
    client.execute(&merchant(), instruction, LIMIT).await
}

async fn inquire(client: &CardPointe<Scripted>, about: Inquired<'_>) -> Finding {
    inquire_of(client, about, &["tg0"]).await
}

/// About an operation of a payment that was sent with these order ids.
async fn inquire_of(client: &CardPointe<Scripted>, about: Inquired<'_>, payments: &[&str]) -> Finding {
    client.inquire(&merchant(), inquiry_of(&route(), about, payments), LIMIT).await
}

fn inquiry_of<'a>(route: &'a Route, about: Inquired<'a>, payments: &[&'a str]) -> Inquiry<'a> {
    Inquiry {
        route,
        about,
        amount: amount(),
        gateway_order_id: "tg1",
        earlier: Vec::new(),
        ours: vec!["tg0", "tg1"],
        payments: payments.to_vec(),
        currency: Currency::USD,
        known: Vec::new(),
    }
}

fn sent(client: CardPointe<Scripted>) -> Vec<String> {
    client.transport.sent.into_inner().unwrap()
}

/// Which outcome it is, without the gateway's words.
fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Approved(_) => "approved".to_owned(),
        Outcome::PartiallyApproved(_) => "partially approved".to_owned(),
        Outcome::Declined(..) => "declined".to_owned(),
        Outcome::NoEffect(reason, _) => format!("nothing done: {reason:?}"),
        Outcome::Intermediary(reason, _) => format!("intermediary: {reason:?}"),
        Outcome::Unknown(doubt, _) => format!("unknown: {doubt:?}"),
        Outcome::Unnamed(said) => format!("unnamed: {}", shown(said)),
    }
}

#[tokio::test]
async fn only_what_is_known_to_have_sent_nothing_is_not_in_doubt() {
    for (error, expected) in [
        (TransportError::NotConnected, "nothing done: Unreachable"),
        (TransportError::NoResponse, "unknown: NoResponse"),
    ] {
        let client = over(vec![Err(error)]);
        assert_eq!(shown(&perform(&client, CAPTURE).await), expected);
        assert_eq!(sent(client).len(), 1, "{error:?} was sent again");
    }
}

#[tokio::test]
async fn a_status_means_what_the_table_says_and_any_other_is_in_doubt() {
    let unknown = "unknown: Unreadable";
    let statuses = (100..600).map(|status| match status {
        200 => (status, "approved"),
        300..=399 | 400 | 401 | 404 => (status, "intermediary: TurnedAway"),
        429 => (status, "intermediary: Throttled"),
        _ => (status, unknown),
    });
    for (status, expected) in statuses {
        let client = over(vec![with(status, APPROVED)]);
        assert_eq!(shown(&perform(&client, CAPTURE).await), expected, "{status}");
        assert_eq!(sent(client).len(), 1, "{status} was sent again");
    }
}

#[tokio::test]
async fn an_approval_that_is_cut_too_long_or_unreadable_is_in_doubt() {
    let whole = format!("[{APPROVED},{APPROVED}]");
    for (response, expected) in [
        (with(200, APPROVED), "approved"),
        (without(200, BodyError::Cut), "unknown: NoResponse"),
        (without(200, BodyError::TooLong), "unknown: Unreadable"),
        (with(200, ""), "unknown: Unreadable"),
        (with(200, "<html>"), "unknown: Unreadable"),
        (with(200, "\"A\""), "unknown: Unreadable"),
        (with(200, &APPROVED[..40]), "unknown: Unreadable"),
        (with(200, &whole), "unknown: Unreadable"),
        (with(200, "{}"), "unknown: Unreadable"),
        // The status is the gateway's, even if the body is lost.
        (without(401, BodyError::Cut), "intermediary: TurnedAway"),
        (without(500, BodyError::TooLong), "unknown: Unreadable"),
    ] {
        assert_eq!(shown(&perform(&over(vec![response]), CAPTURE).await), expected);
    }
}

#[tokio::test]
async fn each_instruction_is_one_post_to_its_own_endpoint_of_the_operations_gateway() {
    let source = || PaymentSource::Profile {
        account: "1".to_owned(),
        profile: "9".to_owned(),
        initiator: tollgate_core::payments::Initiator::Customer,
    };
    let (hold, buy) = (source(), source());
    for (command, path) in [
        (Command::Authorize(&hold), "/auth"),
        (Command::Purchase(&buy), "/auth"),
        (CAPTURE, "/capture"),
        (Command::Refund(PAYMENT), "/refund"),
        (Command::Void(PAYMENT), "/void"),
    ] {
        let client = over(vec![with(200, APPROVED)]);
        perform(&client, command).await;
        let sent = sent(client);
        assert!(sent[0].starts_with(&format!("POST {path} {{\"merchid\":\"496160873888\"")), "{sent:?}");
        assert_eq!(sent.len(), 1);
    }
}

#[tokio::test]
async fn each_inquiry_reads_what_its_kind_of_operation_changes() {
    for (about, path) in [
        (Inquired::Authorize, "/inquireByOrderid/tg1/496160873888/1"),
        (Inquired::Purchase, "/inquireByOrderid/tg1/496160873888/1"),
        (Inquired::Capture(PAYMENT), "/inquire/111/496160873888"),
        (Inquired::Void(PAYMENT), "/inquire/111/496160873888"),
        (Inquired::Refund(PAYMENT), "/inquireByOrderid/tg1/496160873888/1"),
    ] {
        let client = over(vec![Err(TransportError::NoResponse)]);
        assert_eq!(inquire(&client, about).await, Finding::Failed);
        assert_eq!(sent(client), [format!("GET {path}")]);
    }
}

#[tokio::test]
async fn a_refund_is_looked_for_under_the_payment_only_where_its_own_id_decides_nothing() {
    let own = "GET /inquireByOrderid/tg1/496160873888/1";
    let payments = "GET /inquireByOrderid/tg0/496160873888/1";
    let client = over(vec![with(200, NOT_FOUND), with(200, QUEUED)]);
    assert_eq!(inquire(&client, Inquired::Refund(PAYMENT)).await, Finding::Absent);
    assert_eq!(sent(client), [own, payments]);
    let client = over(vec![with(200, DECLINED)]);
    assert!(matches!(inquire(&client, Inquired::Refund(PAYMENT)).await, Finding::Became(_)));
    assert_eq!(sent(client), [own]);
    let client = over(vec![with(200, NOT_FOUND), Err(TransportError::NoResponse)]);
    assert_eq!(
        inquire(&client, Inquired::Refund(PAYMENT)).await,
        Finding::Failed,
        "one half of it is no finding"
    );
}

#[tokio::test]
async fn a_refund_is_looked_for_under_the_order_id_that_shows_its_payment_which_can_be_an_earlier_one() {
    let refund = Inquired::Refund(PAYMENT);
    let looked_for = |ids: &[&str]| -> Vec<String> {
        ids.iter().map(|id| format!("GET /inquireByOrderid/{id}/496160873888/1")).collect()
    };
    let client = over(vec![with(200, NOT_FOUND), with(200, NOT_FOUND), with(200, QUEUED)]);
    assert_eq!(inquire_of(&client, refund, &["tg0", "tg2"]).await, Finding::Absent);
    assert_eq!(sent(client), looked_for(&["tg1", "tg2", "tg0"]));
    // An earlier attempt's outcome is irrelevant, so it is not looked up.
    let client = over(vec![with(200, NOT_FOUND), with(200, QUEUED)]);
    assert_eq!(inquire_of(&client, refund, &["tg2", "tg0"]).await, Finding::Absent);
    assert_eq!(sent(client), looked_for(&["tg1", "tg0"]));
    let client = over(vec![with(200, NOT_FOUND), with(200, NOT_FOUND)]);
    assert_eq!(inquire_of(&client, refund, &["tg2"]).await, Finding::Undecided, "the payment is not shown");
}

#[tokio::test]
async fn an_inquiry_whose_response_is_not_200_and_json_says_nothing_about_the_operation() {
    let statuses = (100..600).filter(|status| *status != 200).map(|status| with(status, NOT_FOUND));
    let others = [
        Err(TransportError::NotConnected),
        Err(TransportError::NoResponse),
        without(200, BodyError::Cut),
        without(200, BodyError::TooLong),
        with(200, ""),
        with(200, "<html>"),
        with(200, "[1]"),
    ];
    for response in statuses.chain(others) {
        let described = response.as_ref().map(|response| response.status).ok();
        let client = over(vec![response]);
        assert_eq!(inquire(&client, Inquired::Purchase).await, Finding::Failed, "{described:?}");
        assert_eq!(sent(client).len(), 1, "{described:?} was sent again");
    }
    assert_eq!(inquire(&over(vec![with(200, NOT_FOUND)]), Inquired::Purchase).await, Finding::Absent);
}

#[tokio::test]
async fn an_account_of_another_gateway_is_sent_nothing() {
    let client = over(Vec::new());
    let other = Route { gateway: "another".into(), ..route() };
    assert_eq!(shown(&perform_through(&client, &other, &[], CAPTURE).await), "nothing done: Misconfigured");
    let inquiry = inquiry_of(&other, Inquired::Purchase, &[]);
    assert_eq!(client.inquire(&merchant(), inquiry, LIMIT).await, Finding::Failed);
    assert_eq!(client.look_up(&merchant(), &other, "111", LIMIT).await, RecordLookUp::NoResponse);
    assert!(sent(client).is_empty());
}

#[tokio::test]
async fn a_look_up_tells_the_last_record_that_has_a_state_and_whether_it_moved_money() {
    let found = |undone: Option<&str>| {
        let (gateway_order_id, amount) = (Some("tg0".to_owned()), Some(amount()));
        RecordLookUp::Found(GatewayRecord { gateway_order_id, amount, undone: undone.map(str::to_owned) })
    };
    let voided = QUEUED.replace("Queued for Capture", "Voided");
    let several = format!("[{voided},{QUEUED},{NOT_FOUND}]");
    for (status, body, expected) in [
        (200, QUEUED, found(None)),
        (200, &voided, found(Some("Voided"))),
        (200, &several, found(None)),
        (200, NOT_FOUND, RecordLookUp::Nothing),
        (500, QUEUED, RecordLookUp::NoResponse),
    ] {
        let client = over(vec![with(status, body)]);
        assert_eq!(client.look_up(&merchant(), &route(), "111", LIMIT).await, expected, "{status} {body}");
        assert_eq!(sent(client), ["GET /inquire/111/496160873888"]);
    }
}

/// Such as a payment beside the transaction's own, which its reference identifies.
#[tokio::test]
async fn a_payment_whose_order_ids_are_not_known_may_have_any() {
    let response = |retref: &str| {
        with(200, &APPROVED.replace("tg0", "tg9").replace(r#""111""#, &format!("\"{retref}\"")))
    };
    for (command, retref, expected) in
        [(CAPTURE, "111", "approved"), (Command::Refund(PAYMENT), "222", "unnamed: approved")]
    {
        let outcome = perform_through(&over(vec![response(retref)]), &route(), &[], command).await;
        assert_eq!(shown(&outcome), expected);
    }
    let route = route();
    let inquiry = Inquiry { ours: Vec::new(), ..inquiry_of(&route, Inquired::Capture(PAYMENT), &[]) };
    let client = over(vec![with(200, &QUEUED.replace("tg0", "tg9"))]);
    assert!(matches!(client.inquire(&merchant(), inquiry, LIMIT).await, Finding::Became(_)));
}

#[tokio::test]
async fn a_capture_and_a_refund_are_compared_with_their_amount_and_their_share_of_the_fee() {
    let share = Amount::new(78).unwrap();
    let kind = FeeKind::Surcharge;
    let fee = Some(FeeShare { is_whole: true, share, left: share, kind, basis: None });
    let refund = APPROVED.replace("111", "222").replace("tg0", "tg1");
    for (fee, total, is_done) in [(None, "25.99", true), (None, "26.77", false), (fee, "26.77", true)] {
        let payment = KnownPayment { fee, ..PAYMENT };
        for (command, response) in
            [(Command::Capture(payment), APPROVED), (Command::Refund(payment), &refund)]
        {
            let outcome = perform(&over(vec![with(200, &response.replace("25.99", total))]), command).await;
            assert_eq!(matches!(outcome, Outcome::Approved(_)), is_done, "{fee:?} {total}");
        }
        let client = over(vec![with(200, &refund.replace("25.99", total))]);
        let found = inquire(&client, Inquired::Refund(payment)).await;
        assert_eq!(matches!(found, Finding::Became(_)), is_done, "{fee:?} {total}");
    }
}

#[tokio::test]
async fn another_refund_that_is_known_is_not_taken_for_the_one_that_is_looked_for() {
    let other = QUEUED.replace("111", "222").replace("25.99", "-25.99");
    let listed = format!("[{QUEUED},{other}]");
    let route = route();
    let inquiry = || inquiry_of(&route, Inquired::Refund(PAYMENT), &["tg0"]);
    let client = || over(vec![with(200, NOT_FOUND), with(200, &listed)]);
    let found = client().inquire(&merchant(), inquiry(), LIMIT).await;
    assert!(matches!(found, Finding::Became(_)));
    let inquiry = Inquiry { known: vec!["222"], ..inquiry() };
    assert_eq!(client().inquire(&merchant(), inquiry, LIMIT).await, Finding::Absent);
}

/// A direct response with these members beside those of an approval.
async fn said(command: Command<'_>, reference: &str, members: &str) -> String {
    let amount = if matches!(command, Command::Void(_)) { "0.00" } else { "25.99" };
    let response = format!(
        r#"{{"respstat":"A","respproc":"FNOR","respcode":"00","authcode":"REVERS","amount":"{amount}",
            "retref":"{reference}"{members}}}"#
    );
    let outcome = perform(&over(vec![with(200, &response)]), command).await;
    if let Outcome::Unknown(Doubt::AnotherOperation, response) = &outcome {
        assert!(response.is_empty(), "what another operation's response says is not stored");
    }
    shown(&outcome)
}

fn profile() -> PaymentSource {
    let initiator = tollgate_core::payments::Initiator::Customer;
    PaymentSource::Profile { account: "1".to_owned(), profile: "9".to_owned(), initiator }
}

#[tokio::test]
async fn a_direct_response_counts_only_for_the_operation_that_it_names() {
    let (approved, unnamed, anothers) = ("approved", "unnamed: approved", "unknown: AnotherOperation");
    let source = profile();
    for command in [|source| Command::Authorize(source), |source| Command::Purchase(source)] {
        for (members, expected) in [
            (r#","orderId":"tg1""#, approved),
            (r#","orderid":"tg1","merchid":"496160873888","currency":"USD""#, approved),
            ("", unnamed),
            (r#","orderId":"""#, unnamed),
            (r#","orderId":"tg0""#, anothers),
            (r#","orderId":"TG1""#, anothers),
            (r#","orderId":"tg1","merchid":"542041""#, anothers),
            (r#","orderId":"tg1","currency":"EUR""#, anothers),
        ] {
            assert_eq!(said(command(&source), "222", members).await, expected, "{members}");
        }
    }
    for (members, expected) in [
        (r#","orderid":"tg1""#, approved),
        ("", unnamed),
        (r#","orderid":"tg0""#, unnamed),
        (r#","orderid":"tg9""#, anothers),
        (r#","orderid":"tg1","merchid":"1""#, anothers),
    ] {
        assert_eq!(said(Command::Refund(PAYMENT), "222", members).await, expected, "{members}");
    }
    for command in [|| Command::Capture(PAYMENT), || Command::Void(PAYMENT)] {
        for (reference, members, expected) in [
            ("111", "", approved),
            ("111", r#","orderid":"tg0""#, approved),
            ("222", "", anothers),
            ("111", r#","orderid":"tg9""#, anothers),
        ] {
            assert_eq!(said(command(), reference, members).await, expected, "{reference} {members}");
        }
    }
}

#[tokio::test]
async fn a_reference_that_cannot_be_one_is_never_stored() {
    let source = profile();
    for reference in ["../../x", "1234567890123456", "12 34", "12%2f34"] {
        let said = said(Command::Purchase(&source), reference, r#","orderId":"tg1""#).await;
        assert_eq!(said, "unknown: AnotherOperation", "{reference}");
    }
}

#[tokio::test]
async fn a_refusal_that_names_no_operation_is_nobodys() {
    let source = profile();
    let refusal = r#"{"respstat":"C","respproc":"FNOR","respcode":"51","amount":"0.00"}"#;
    for command in [Command::Purchase(&source), Command::Refund(PAYMENT), CAPTURE, Command::Void(PAYMENT)] {
        let outcome = perform(&over(vec![with(200, refusal)]), command).await;
        assert!(matches!(outcome, Outcome::Unnamed(said) if matches!(*said, Outcome::Declined(..))));
    }
}

#[tokio::test]
async fn a_refusal_that_proves_nothing_says_so() {
    let source = profile();
    for (refusal, unproven) in [
        (r#""respstat":"B","respcode":"XX","amount":"0.00""#, true),
        (r#""respstat":"C","respcode":"51","amount":"0.00""#, false),
        (r#""respstat":"C","respcode":"51","amount":"25.99""#, false),
        (r#""respstat":"C","respcode":"51","amount":"0.00","authcode":"123456""#, false),
        (r#""respstat":"C","respcode":"51","amount":"25.99","authcode":"123456""#, true),
    ] {
        let response = format!(r#"{{"respproc":"FNOR","retref":"222","orderId":"tg1",{refusal}}}"#);
        let outcome = perform(&over(vec![with(200, &response)]), Command::Purchase(&source)).await;
        assert_eq!(outcome.response().unproven, unproven, "{refusal}");
    }
}

#[tokio::test]
async fn an_inquiry_without_any_record_is_no_proof_of_absence() {
    for about in
        [Inquired::Authorize, Inquired::Purchase, Inquired::Refund(PAYMENT), Inquired::Capture(PAYMENT)]
    {
        assert_eq!(inquire(&over(vec![with(200, "[]")]), about).await, Finding::Undecided);
    }
    let client = over(vec![with(200, NOT_FOUND), with(200, "[]")]);
    assert_eq!(inquire(&client, Inquired::Refund(PAYMENT)).await, Finding::Undecided);
}

#[tokio::test]
async fn a_record_of_somebody_else_decides_nothing() {
    let foreign = QUEUED.replace("tg0", "tg9");
    let unnamed = QUEUED.replace("tg0", "");
    for record in [foreign.as_str(), unnamed.as_str(), &QUEUED.replace("\"111\"", "\"222\"")] {
        for about in [Inquired::Capture(PAYMENT), Inquired::Void(PAYMENT)] {
            assert_eq!(inquire(&over(vec![with(200, record)]), about).await, Finding::Undecided, "{record}");
        }
    }
    for record in [foreign, unnamed] {
        assert_eq!(inquire(&over(vec![with(200, &record)]), Inquired::Purchase).await, Finding::Undecided);
    }
    let both = format!("[{QUEUED},{QUEUED}]");
    let found = inquire(&over(vec![with(200, &both)]), Inquired::Capture(PAYMENT)).await;
    assert!(matches!(found, Finding::Became(_)), "a record that is listed twice is one");
}
