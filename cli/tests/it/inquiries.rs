//! Everything that `doctor` and `merchant create` send to a gateway is an inquiry, and goes only to
//! a host that the deployment allows. Each answer that shows a mistake has a sentence of its own.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::to_bytes,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use cardpointe_simulator::{
    Alteration, Config, Endpoint, Fault, FaultKind, ResponseCode, Settings, Simulator,
};
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Fixture, MERCHANT, MERCHANTS, run};

/// Every form that a base URL can have by mistake, right ones included.
const BASE_URLS: [&str; 12] = [
    "",
    "/",
    "/cardconnect",
    "/cardconnect/rest",
    "/cardconnect/rest/",
    "/cardconnect/rest//",
    "/cardconnect/rest/auth",
    "/cardconnect/rest/capture/",
    "/cardconnect/rest/refund",
    "/cardconnect/rest/void",
    "/cardconnect/rest/auth/x/..",
    "/cardconnect/rest/auth#",
];

/// A simulator, and the requests that reached it.
struct Recorder {
    origin: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let simulator = Arc::new(Simulator::new(Config::default(), Timestamp::now));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let router = Router::new().fallback(move |request: Request| {
            let (simulator, log) = (Arc::clone(&simulator), Arc::clone(&log));
            async move { respond(&simulator, &log, request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, seen }
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// Nothing else arrived than requests that only read, at least one of them.
    fn saw_only_inquiries(&self) {
        let seen = self.seen();
        assert!(!seen.is_empty());
        for request in seen {
            let path = request.strip_prefix("GET /").unwrap_or_else(|| panic!("{request}"));
            let inquiry = path.split('/').find(|part| part.starts_with("inquire"));
            assert!(matches!(inquiry, Some("inquireMerchant" | "inquireByOrderid")), "{request}");
        }
    }
}

async fn respond(simulator: &Simulator, log: &Mutex<Vec<String>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    log.lock().unwrap().push(format!("{} {}", parts.method, parts.uri.path()));
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let response = simulator.respond(&Request::from_parts(parts, body));
    (response.status, response.headers, response.body).into_response()
}

fn create<'a>(id: &'a str, base_url: &'a str) -> [&'a str; 9] {
    let merchid = "USD=496160873888";
    ["merchant", "create", id, "--base-url", base_url, "--username", "testing", "--merchid", merchid]
}

#[tokio::test]
async fn whatever_the_base_url_is_nothing_but_an_inquiry_is_sent() {
    let (fixture, recorder) = (Fixture::open().await, Recorder::start().await);
    let mut doctor = vec!["doctor".to_owned()];
    for (number, path) in BASE_URLS.iter().enumerate() {
        let base_url = format!("{}{path}", recorder.origin);
        fixture.run(&create(&format!("shop-{number}"), &base_url), "testing123\n").await;
        let name = format!("tollgate/merchants/doctored-{number}");
        let mut document = fixture.stack.secrets().get(&format!("tollgate/merchants/{MERCHANT}")).unwrap();
        document["gateway"]["base_url"] = json!(base_url);
        fixture.stack.secrets().put(&name, document);
        doctor.extend(["--merchant".to_owned(), format!("doctored-{number}")]);
    }
    recorder.saw_only_inquiries();
    let doctor: Vec<&str> = doctor.iter().map(String::as_str).collect();
    let ran = fixture.run(&doctor, "").await;
    assert_eq!(ran.code, 1, "{ran:?}");
    recorder.saw_only_inquiries();
    // The forms of the right address, and no other.
    let made =
        |number: &usize| fixture.stack.secrets().get(&format!("tollgate/merchants/shop-{number}")).is_some();
    assert_eq!((0..BASE_URLS.len()).filter(made).collect::<Vec<_>>(), [3, 4, 5]);
    fixture.close().await;
}

#[tokio::test]
async fn credentials_go_only_to_a_host_that_the_deployment_allows() {
    let (fixture, recorder) = (Fixture::open().await, Recorder::start().await);
    let name = format!("tollgate/merchants/{MERCHANT}");
    let mut document = fixture.stack.secrets().get(&name).unwrap();
    document["gateway"]["base_url"] = json!(format!("{}/cardconnect/rest", recorder.origin));
    fixture.stack.secrets().put(&name, document);
    let mut variables = fixture.like_aws();
    variables.retain(|(name, _)| *name != "GATEWAY_HOSTS");
    let doctor = ["doctor", "--merchant", MERCHANT, MERCHANTS];
    let ran = run(&doctor, &variables, "").await;
    assert_eq!(recorder.seen(), [""; 0], "doctor");
    assert!(ran.code == 1 && ran.out.contains("this deployment does not allow its host"), "{ran:?}");
    let base_url = format!("{}/cardconnect/rest", recorder.origin);
    let ran =
        run(&[&create("shop-1", &base_url)[..], &[MERCHANTS]].concat(), &variables, "testing123\n").await;
    assert_eq!(recorder.seen(), [""; 0], "merchant create");
    ran.fails(4, "this deployment does not allow its host");
    fixture.close().await;
}

#[tokio::test]
async fn each_answer_of_a_wrong_gateway_is_told_from_the_others_and_writes_no_merchant() {
    let fixture = Fixture::open().await;
    let simulator = fixture.stack.simulator();
    let base_url = simulator.base_url();
    let status = |status| FaultKind::Status { status };
    let says =
        |respcode| FaultKind::Respond { code: ResponseCode::find("PPS", respcode).unwrap(), done: false };
    let (by_order_id, of_mid) = (Endpoint::InquireByOrderid, Endpoint::InquireMerchant);
    for (endpoint, kind, code, said) in [
        (by_order_id, status(401), 4, "refuses user name, password or MID 496160873888 (401)"),
        // The MID of another account of the same site, if the first inquiry is for the whole site.
        (of_mid, status(401), 4, "refuses user name, password or MID 496160873888 (401)"),
        (by_order_id, status(302), 6, "redirects (302), and credentials do not follow"),
        (by_order_id, status(404), 6, "has no inquiries at this address (404)"),
        (by_order_id, status(429), 6, "says to wait (429)"),
        (of_mid, status(429), 6, "says to wait (429)"),
        (by_order_id, status(503), 6, "responds with 503"),
        (by_order_id, FaultKind::Malformed, 6, "responds, but not as CardPointe does"),
        (by_order_id, FaultKind::Cut, 6, "its response ends early"),
        (by_order_id, says("21"), 4, "does not accept MID 496160873888: PPS 21 (Invalid merchant)"),
        (of_mid, says("97"), 4, "does not accept MID 496160873888: PPS 97 (Merchant disabled)"),
        (by_order_id, says("61"), 6, "does not respond with PPS 29 (not found)"),
    ] {
        simulator.fault(Fault::once(endpoint, kind));
        let ran = fixture.run(&create("shop-1", &base_url), "testing123\n").await;
        ran.fails(code, said);
    }
    // An empty list proves nothing, and a record under an unused order id is not ours.
    for alteration in
        [Alteration::of(by_order_id).empty(), Alteration::of(by_order_id).set("setlstat", "Accepted")]
    {
        simulator.alter(alteration.times(1));
        let ran = fixture.run(&create("shop-1", &base_url), "testing123\n").await;
        ran.fails(6, "does not respond with PPS 29 (not found)");
    }
    assert!(simulator.set_merchant("496160873888", Settings { enabled: false, ..Settings::default() }));
    let ran = fixture.run(&create("shop-1", &base_url), "testing123\n").await;
    ran.fails(4, "MID 496160873888 (USD) switched off");
    let ran = fixture.run(&create("shop-1", "http://127.0.0.1:1/cardconnect/rest"), "testing123\n").await;
    ran.fails(6, "no connection; look at site, base URL and network");
    assert!(fixture.stack.secrets().get("tollgate/merchants/shop-1").is_none());
    // No inquiry of this kind, or none of a MID with letters.
    assert!(simulator.set_merchant("496160873888", Settings::default()));
    simulator.fault(Fault::once(of_mid, status(400)));
    let ran = fixture.run(&create("shop-1", &base_url), "testing123\n").await;
    assert!(ran.done().contains("does not tell whether the MID exists and is enabled"));
    fixture.close().await;
}
