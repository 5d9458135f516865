//! A server of the gateway's reports that makes them up while it sends them, as large as they are
//! documented to be.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    routing::get,
};
use futures_util::stream;
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use tokio::net::TcpListener;
use tollgate_core::settlement::eastern_day;

use super::{ACCOUNT, AMOUNT, reference};

/// Lines that are sent at a time.
const LINES_AT_A_TIME: u32 = 200;

/// Where it is, and how large its reports are.
pub(super) struct ReportServer {
    pub(super) url: String,
    pub(super) batches_mb: f64,
    pub(super) deposits_mb: f64,
}

#[derive(Deserialize)]
struct Wanted {
    date: String,
}

/// A day as a number that references begin with.
pub(super) fn number_of(day: Date) -> i64 {
    (i64::from(day.year()) % 100 * 100 + i64::from(day.month())) * 100 + i64::from(day.day())
}

fn batch_line(day: i64, number: u32) -> String {
    let reference = reference(day, number);
    let cents = AMOUNT % 100;
    let rest = "\"cardtype\":\"VISA\",\"authcode\":\"PPS123\",\"userfields\":{\"shop\":\"the one in the middle of the town\"}";
    format!(
        r#"{{"retref":"{reference}","salesdoc":"TG{reference}","setlamount":"{}.{cents:02}","setlstat":"Y",{rest}}}"#,
        AMOUNT / 100,
    )
}

fn deposit_line(day: i64, number: u32) -> String {
    let reference = reference(day, number);
    let cents = AMOUNT % 100;
    let rest = r#""respcode":"00","cardproc":"FNOR","cardnumber":"41XXXXXXXXXX1111","cardtype":"Credit","cardbrand":"VISA","interchangeunitfee":"0","interchangepercentfee":"0","plancode":null,"downgradereasoncodes":null,"sourcetransactionid":null,"terminalnumber":null,"parentretref":null"#;
    format!(
        r#"{{"fundingtxnid":"{day}1","fundingid":"1{reference}","retref":"{reference}","amount":"{}.{cents:02}","currency":"USD","type":"SALE","status":"Processed","authcode":"PPS123","batchid":"1900941444","invoicenumber":"TG{reference}",{rest}}}"#,
        AMOUNT / 100,
    )
}

/// A report: the text before its lines, the lines, and the text after them.
fn report(lines: u32, before: String, line: fn(i64, u32) -> String, after: &'static str, day: i64) -> Body {
    let pieces = (0..=lines.div_ceil(LINES_AT_A_TIME)).map(move |piece| {
        let from = piece * LINES_AT_A_TIME;
        let texts: Vec<String> =
            (from..lines.min(from + LINES_AT_A_TIME)).map(|number| line(day, number)).collect();
        let mut text = if piece == 0 { before.clone() } else { String::new() };
        if piece > 0 && !texts.is_empty() {
            text.push(',');
        }
        text.push_str(&texts.join(","));
        if from >= lines {
            text.push_str(after);
        }
        Ok::<_, std::io::Error>(Bytes::from(text))
    });
    Body::from_stream(stream::iter(pieces))
}

fn today() -> Date {
    eastern_day(Timestamp::now())
}

async fn settlestat(State(lines): State<u32>, Query(wanted): Query<Wanted>) -> Body {
    if wanted.date != today().strftime("%m%d").to_string() {
        return Body::from("Null batches");
    }
    let before = format!(
        r#"[{{"merchid":"{ACCOUNT}","batchid":"1900941444","hoststat":"GB","respproc":"FNOR","txns":["#
    );
    report(lines, before, batch_line, "]}]", number_of(today()))
}

async fn funding(State(lines): State<u32>, Query(wanted): Query<Wanted>) -> Body {
    if wanted.date != today().strftime("%Y%m%d").to_string() {
        return Body::from(r#"{"errormsg":"No deposits match your request"}"#);
    }
    let total = u64::from(lines) * AMOUNT;
    let (day, today) = (number_of(today()), today());
    let before = format!(
        r#"{{"fundingmasterid":"{day}1","fundingdate":"{today}","merchid":"{ACCOUNT}","datechanged":null,"fundings":[{{"fundingid":"{day}10","netsales":"{total}","totalfunding":"{total}","currency":"USD","depositachtracenumber":"121000240000001"}}],"txns":["#
    );
    report(lines, before, deposit_line, "]}", day)
}

impl ReportServer {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) async fn start(lines: u32) -> Result<Self, String> {
        let app = Router::new()
            .route("/cardconnect/rest/settlestat", get(settlestat))
            .route("/cardconnect/rest/funding", get(funding))
            .with_state(lines);
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        let mb = |line: fn(i64, u32) -> String| {
            (line(number_of(today()), 0).len() + 1) as f64 * f64::from(lines) / 1e6
        };
        let url = format!("http://{address}");
        Ok(Self { url, batches_mb: mb(batch_line), deposits_mb: mb(deposit_line) })
    }
}
