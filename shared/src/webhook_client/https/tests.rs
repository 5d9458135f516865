//! The requests, and the addresses that get none: against servers on this machine.

use memory::SetClock;
use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tollgate_core::webhooks::{MessageFormat, ReceiverKey, Secret};
use uuid::Uuid;

use super::*;
use crate::webhook_client::{resolver::SystemLookup, signature::signatures};

/// Listens at an address, and responds to every request with this. Requests come out at the other
/// end.
async fn server(at: SocketAddr, response: &'static str) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind(at).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (requests, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = vec![0; 8_192];
            let read = connection.read(&mut request).await.unwrap();
            requests.send(String::from_utf8_lossy(&request[..read]).into_owned()).ok();
            connection.write_all(response.as_bytes()).await.unwrap();
        }
    });
    (address, received)
}

fn receiver(url: String) -> Receiver {
    Receiver {
        id: "shop".parse().unwrap(),
        url,
        format: MessageFormat::Standard { secrets: secrets(), secret_key: Some("shared".into()) },
        kinds: Vec::new(),
        is_disabled: false,
    }
}

fn secrets() -> Vec<Secret> {
    vec![Secret::from(vec![1; 32]), Secret::from(vec![2; 32])]
}

fn delivery() -> Delivery {
    let to = ReceiverKey { merchant: "m".parse().unwrap(), receiver: "shop".parse().unwrap() };
    let (event, at) = (Uuid::nil(), Timestamp::UNIX_EPOCH);
    let (kind, body) = ("order.paid".to_owned(), "{\"type\":\"order.paid\"}".to_owned());
    Delivery { to, event, at, kind, body, failures: 0, since: None }
}

const OK: &str = "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n";
const NOW: i64 = 1_800_000_000;

async fn send(https: &HttpsCourier, url: String) -> Result<(), NotTaken> {
    https.send(&receiver(url), &delivery()).await
}

fn clock() -> Arc<SetClock> {
    Arc::new(SetClock::at(Timestamp::from_second(NOW).unwrap()))
}

fn local() -> HttpsCourier {
    crate::lambda::install_tls();
    HttpsCourier::new(Allowed::PublicAndLoopback, Arc::new(SystemLookup), clock()).unwrap()
}

fn loopback(last: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, last], 0))
}

#[tokio::test]
async fn a_message_carries_its_id_its_time_a_signature_per_secret_and_the_shared_key() {
    let (address, mut requests) = server(loopback(1), OK).await;
    send(&local(), format!("http://{address}/hooks?a=b")).await.unwrap();
    let request = requests.recv().await.unwrap();
    let now = Timestamp::from_second(NOW).unwrap();
    let signed = signatures(&secrets(), Uuid::nil(), now, &delivery().body);
    assert_eq!(signed.matches("v1,").count(), 2);
    assert!(request.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{request}");
    for line in [
        "content-type: application/json\r\n",
        "webhook-id: 00000000-0000-0000-0000-000000000000\r\n",
        "webhook-timestamp: 1800000000\r\n",
        &format!("webhook-signature: {signed}\r\n"),
        "x-moltin-secret-key: shared\r\n",
        "\r\n\r\n{\"type\":\"order.paid\"}",
    ] {
        assert!(request.contains(line), "{line} is not in {request}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_counts_as_a_failure() {
    let (inner, mut inner_requests) = server(loopback(1), OK).await;
    let response =
        format!("HTTP/1.1 307 Temporary\r\nlocation: http://{inner}/\r\ncontent-length: 0\r\n\r\n");
    let (outer, mut outer_requests) = server(loopback(1), response.leak()).await;
    assert_eq!(send(&local(), format!("http://{outer}/")).await, Err(NotTaken::Status(307)));
    assert!(outer_requests.recv().await.is_some());
    assert!(inner_requests.try_recv().is_err(), "nothing came");
}

#[tokio::test]
async fn a_receiver_can_say_that_it_is_gone_or_when_it_wants_to_be_tried_again() {
    let seconds = |after| SignedDuration::from_secs(after);
    for (head, expected) in [
        ("410 Gone", NotTaken::Gone),
        ("429 Busy\r\nretry-after: 120", NotTaken::Busy { status: 429, after: seconds(120) }),
        ("503 Busy\r\nretry-after: 0", NotTaken::Busy { status: 503, after: seconds(0) }),
        // 60 s after `NOW`, and before it.
        (
            "503 Busy\r\nretry-after: Fri, 15 Jan 2027 08:01:00 GMT",
            NotTaken::Busy { status: 503, after: seconds(60) },
        ),
        (
            "503 Busy\r\nretry-after: Wed, 21 Oct 2015 07:28:00 GMT",
            NotTaken::Busy { status: 503, after: seconds(0) },
        ),
        ("503 Busy\r\nretry-after: soon", NotTaken::Status(503)),
        ("503 Busy\r\nretry-after: -1", NotTaken::Status(503)),
        ("503 Busy", NotTaken::Status(503)),
        ("500 Busy\r\nretry-after: 120", NotTaken::Status(500)),
    ] {
        let response = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n");
        let (address, _requests) = server(loopback(1), response.leak()).await;
        assert_eq!(send(&local(), format!("http://{address}/")).await, Err(expected), "{head}");
    }
}

/// The status is all that counts, so the rest may be of any length and need not come.
#[tokio::test]
async fn the_body_of_a_receivers_response_is_not_read() {
    for length in ["content-length: 1000000000", "transfer-encoding: chunked"] {
        let response = format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n");
        let (address, _requests) = server(loopback(1), response.leak()).await;
        assert_eq!(send(&local(), format!("http://{address}/")).await, Ok(()));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_hangs_up_takes_nothing() {
    let (address, _) = server(loopback(1), "").await;
    assert_eq!(send(&local(), format!("http://{address}/")).await, Err(NotTaken::NoConnection));
    let unused = TcpListener::bind(loopback(1)).await.unwrap().local_addr().unwrap();
    assert_eq!(send(&local(), format!("http://{unused}/")).await, Err(NotTaken::NoConnection));
}

#[tokio::test]
async fn a_receiver_that_takes_too_long_is_told_from_one_that_is_not_there() {
    crate::lambda::install_tls();
    // Connections wait to be accepted, and nobody does.
    let silent = TcpListener::bind(loopback(1)).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(20)).build().unwrap();
    let https = HttpsCourier { client, allowed: Allowed::PublicAndLoopback, clock: clock() };
    let url = format!("http://{}/", silent.local_addr().unwrap());
    assert_eq!(send(&https, url).await, Err(NotTaken::Timeout));
}

#[tokio::test]
async fn an_address_that_is_not_public_is_not_called_in_whatever_notation() {
    crate::lambda::install_tls();
    let https = HttpsCourier::new(Allowed::Public, Arc::new(SystemLookup), clock()).unwrap();
    let (address, mut requests) = server(loopback(1), OK).await;
    let port = address.port();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0"] {
        for scheme in ["http", "https"] {
            let refused = send(&https, format!("{scheme}://{host}:{port}/")).await;
            assert_eq!(refused, Err(NotTaken::Address), "{scheme}://{host}");
        }
    }
    assert!(requests.try_recv().is_err(), "nothing came");
}

/// A resolver that gives these, one set after the other.
struct Scripted(Mutex<VecDeque<Vec<IpAddr>>>);

impl Scripted {
    fn new(sets: &[&[[u8; 4]]]) -> Arc<Self> {
        let set = |set: &&[[u8; 4]]| set.iter().map(|octets| IpAddr::from(*octets)).collect();
        Arc::new(Self(Mutex::new(sets.iter().map(set).collect())))
    }
}

#[async_trait]
impl Lookup for Scripted {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(self.0.lock().unwrap().pop_front().expect("it is looked up once per attempt"))
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_an_inner_address_even_among_others_is_not_called() {
    crate::lambda::install_tls();
    for inner in [[127, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254], [100, 64, 0, 1], [0, 0, 0, 0]] {
        let lookup = Scripted::new(&[&[inner], &[[8, 8, 8, 8], inner]]);
        let https = HttpsCourier::new(Allowed::Public, lookup.clone(), clock()).unwrap();
        for _ in 0..2 {
            let refused = send(&https, "https://receiver.example/".to_owned()).await;
            assert_eq!(refused, Err(NotTaken::Address), "{inner:?}");
        }
        assert!(lookup.0.lock().unwrap().is_empty());
    }
}

/// DNS rebinding: the name is resolved once per attempt, and the connection goes to the checked
/// address.
#[tokio::test]
async fn a_name_that_changes_its_address_is_looked_at_anew_and_the_connection_goes_where_was_looked() {
    crate::lambda::install_tls();
    let (outer, mut outer_requests) = server(loopback(2), OK).await;
    let inner = SocketAddr::from(([127, 0, 0, 1], outer.port()));
    let (_, mut inner_requests) = server(inner, OK).await;
    let lookup = Scripted::new(&[&[[127, 0, 0, 2]], &[[127, 0, 0, 1], [10, 0, 0, 1]], &[[127, 0, 0, 2]]]);
    let https = HttpsCourier::new(Allowed::PublicAndLoopback, lookup.clone(), clock()).unwrap();
    let url = format!("http://receiver.example:{}/", outer.port());
    let sent = [send(&https, url.clone()).await, send(&https, url.clone()).await, send(&https, url).await];
    assert_eq!(sent, [Ok(()), Err(NotTaken::Address), Ok(())]);
    assert!(lookup.0.lock().unwrap().is_empty(), "no attempt looked twice, none not at all");
    assert!(outer_requests.recv().await.is_some() && outer_requests.recv().await.is_some());
    assert!(inner_requests.try_recv().is_err(), "nothing came");
}
