//! Against sockets on this machine: errors that are known to have sent nothing, how much is read,
//! and when connections end.

use jiff::Timestamp;
use memory::SetClock;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::https::BodyError;

/// When tests begin, in milliseconds.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// A server's reaction to a request.
#[derive(Clone)]
enum Does {
    /// Sends this, and waits for the next request.
    Responds(Vec<u8>),
    /// Sends this, and closes the connection.
    Breaks(Vec<u8>),
    /// Closes the connection at the first byte.
    HangsUp,
}

/// A server and how many connections it accepted.
async fn serve(does: Does) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let accepted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(serve_connection(stream, does.clone()));
        }
    });
    (address, connections)
}

async fn serve_connection(mut stream: TcpStream, does: Does) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        request.extend_from_slice(&buffer[..read]);
        if matches!(does, Does::HangsUp) {
            return;
        }
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        request.clear();
        match &does {
            Does::Responds(bytes) => stream.write_all(bytes).await.unwrap(),
            Does::Breaks(bytes) => return stream.write_all(bytes).await.unwrap(),
            Does::HangsUp => return,
        }
    }
}

fn response(status: u16, length: usize, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status} \r\nContent-Length: {length}\r\n\r\n").as_bytes(), body].concat()
}

fn transport() -> (HttpsTransport, Arc<SetClock>) {
    // Other tests of this process may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Arc::new(SetClock::at(Timestamp::from_millisecond(BEGIN_MS).unwrap()));
    (HttpsTransport::new(clock.clone()).unwrap(), clock)
}

async fn get(transport: &HttpsTransport, url: String) -> Result<Response, TransportError> {
    let password = SecretString::from("p");
    let limit = Duration::from_secs(20);
    let request =
        Request { method: http::Method::GET, url, username: "u", password: &password, body: None, limit };
    transport.send(request).await
}

#[tokio::test]
async fn only_a_failure_to_connect_is_known_to_have_sent_nothing() {
    let (transport, _) = transport();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (silent, _) = serve(Does::Breaks(Vec::new())).await;
    let (not_tls, _) = serve(Does::HangsUp).await;
    let (garbled, _) = serve(Does::Breaks(b"no HTTP\r\n\r\n".to_vec())).await;
    for (url, expected) in [
        (format!("http://{closed}/"), TransportError::NotConnected),
        // TLS fails before the request is sent.
        (format!("https://{not_tls}/"), TransportError::NotConnected),
        ("no URL".to_owned(), TransportError::NotConnected),
        (format!("http://{silent}/"), TransportError::NoResponse),
        (format!("http://{garbled}/"), TransportError::NoResponse),
    ] {
        assert_eq!(get(&transport, url.clone()).await.err(), Some(expected), "{url}");
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit_and_a_part_of_it_is_never_taken_for_the_whole() {
    let (transport, _) = transport();
    let (most, over) = (vec![b'1'; BODY_MAX_BYTES], vec![b'1'; BODY_MAX_BYTES + 1]);
    for (body, announced, expected) in [
        (&most, most.len(), Ok(most.len())),
        (&over, over.len(), Err(BodyError::TooLong)),
        (&most, most.len() + 1, Err(BodyError::Cut)),
    ] {
        let (address, _) = serve(Does::Breaks(response(200, announced, body))).await;
        let Response { status, body } = get(&transport, format!("http://{address}/")).await.unwrap();
        assert_eq!((status, body.map(|body| body.len())), (200, expected));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (transport, _) = transport();
    let (target, reached) = serve(Does::Responds(response(200, 0, b""))).await;
    let location = format!("HTTP/1.1 307 \r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n");
    let (address, _) = serve(Does::Responds(location.into_bytes())).await;
    assert_eq!(get(&transport, format!("http://{address}/")).await.unwrap().status, 307);
    assert_eq!(reached.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_report_that_is_refused_says_how_long_to_wait_by_the_gateways_header_or_the_usual_one() {
    let (transport, _) = transport();
    let password = SecretString::from("p");
    for (headers, expected) in [
        ("X-Rate-Limit-Retry-After-Seconds: 7\r\nRetry-After: 9\r\n", Some(7)),
        ("Retry-After: 9\r\n", Some(9)),
        ("Retry-After: Tue, 01 Dec 2026 09:00:00 GMT\r\n", None),
        ("", None),
    ] {
        let refusal = format!("HTTP/1.1 429 \r\n{headers}Content-Length: 2\r\n\r\n{{}}");
        let (address, _) = serve(Does::Responds(refusal.into_bytes())).await;
        let (url, limit) = (format!("http://{address}/"), Duration::from_secs(20));
        let method = http::Method::GET;
        let request = Request { method, url, username: "u", password: &password, body: None, limit };
        let response = transport.open(request).await.unwrap();
        assert_eq!((response.status, response.retry_after), (429, expected.map(Duration::from_secs)));
        assert_eq!(response.body.collect::<Vec<_>>().await, [Ok(b"{}".to_vec())]);
    }
}

#[tokio::test]
async fn a_connection_that_was_idle_for_long_by_the_wall_clock_is_not_used_again() {
    let (transport, clock) = transport();
    // Any status: a connection is good after a refusal, too.
    let (address, connections) = serve(Does::Responds(response(401, 2, b"{}"))).await;
    let mut now_ms = 0;
    for (idle_ms, expected) in
        [(0, 1), (0, 1), (5_000, 1), (5_001, 2), (5_000, 2), (-1, 3), (3_600_000, 4), (1_000, 4)]
    {
        now_ms += idle_ms;
        clock.set(Timestamp::from_millisecond(BEGIN_MS + now_ms).unwrap());
        let response = get(&transport, format!("http://{address}/")).await.unwrap();
        assert_eq!(response.body, Ok(b"{}".to_vec()));
        assert_eq!(connections.load(Ordering::Relaxed), expected, "idle for {idle_ms} ms");
    }
}
