//! An API on this machine, and a browser that has signed in.
//!
//! Where a test pauses the clock, time passes only while the console waits, not during its calls.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, http::Request};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::Value;
use tokio::time::Instant;
use tollgate_core::values::{Clock, SystemClock};
use uuid::Uuid;

use crate::{
    Api, Client, Console, SealingKey, SessionStore, Settings, StoreFailure, Stored, handle,
    seal::{masked, secret},
    session::Session,
};

pub(super) const URL: &str = "https://console.example";

struct Says {
    method: String,
    /// How the path begins; of several the longest counts, and of equal ones the last.
    path: String,
    status: u16,
    /// Further lines of its head.
    head: String,
    body: String,
    /// How often it is said; always if not stated.
    times: Option<usize>,
    /// Whether the head states the length of the body.
    has_length: bool,
}

/// The responses of the API, the requests to it, and the connections that got no response.
#[derive(Default)]
struct Said {
    says: Vec<Says>,
    requests: Vec<String>,
    /// When the last of ten reads per second is due, of which 20 may come at once; unlimited if
    /// not set.
    last_read: Option<Instant>,
    hung: Vec<TcpStream>,
    /// Bytes of endless responses that were taken.
    taken: usize,
    /// How far the console's clock is ahead.
    ahead: SignedDuration,
}

/// The API and the issuer: their responses, and the requests to them.
#[derive(Clone)]
pub(super) struct FakeApi {
    listener: Arc<TcpListener>,
    said: Arc<Mutex<Said>>,
}

impl Clock for FakeApi {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.said.lock().unwrap().ahead
    }

    fn new_id(&self) -> Uuid {
        SystemClock.new_id()
    }
}

/// The response that the browser got.
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) retry_after: String,
    /// The lines that set or clear cookies.
    pub(super) cookies: Vec<String>,
    pub(super) body: String,
}

/// Each call has a connection of its own, which begins by looking up the name. A task that blocks
/// stops a paused clock meanwhile.
impl Resolve for FakeApi {
    fn resolve(&self, _: Name) -> Resolving {
        let (api, address) = (self.clone(), self.listener.local_addr().unwrap());
        tokio::task::spawn_blocking(move || api.respond(api.listener.accept().unwrap().0));
        Box::pin(async move { Ok(Box::new(std::iter::once::<SocketAddr>(address)) as Addrs) })
    }
}

impl FakeApi {
    pub(super) fn start() -> Self {
        Self { listener: Arc::new(TcpListener::bind("127.0.0.1:0").unwrap()), said: Arc::default() }
    }

    pub(super) fn says(&self, method: &str, path: &str, status: u16, body: &Value) {
        self.add(method, path, (status, String::new()), body.to_string(), None);
    }

    /// A response that is said so often before any other, with a header of how long to wait.
    pub(super) fn is_busy(&self, request: &str, status: u16, retry_after: Option<&str>, times: usize) {
        let (method, path) = request.split_once(' ').unwrap();
        let head = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
        let body = r#"{"message":"Too Many Requests"}"#.to_owned();
        self.add(method, path, (status, head), body, Some(times));
    }

    /// A part of a file.
    pub(super) fn says_csv(&self, path: &str, body: &str, next: Option<&str>) {
        let next = next.map(|query| format!("link: <{query}>; rel=\"next\"\r\n")).unwrap_or_default();
        self.add("GET", path, (200, next), body.to_owned(), None);
    }

    fn add(
        &self,
        method: &str,
        path: &str,
        (status, head): (u16, String),
        body: String,
        times: Option<usize>,
    ) {
        let (method, path) = (method.to_owned(), path.to_owned());
        let says = Says { method, path, status, head, body, times, has_length: true };
        self.said.lock().unwrap().says.push(says);
    }

    /// A response of any text, which may state its length or not.
    pub(super) fn says_text(&self, method: &str, path: &str, body: String, has_length: bool) {
        self.add(method, path, (200, String::new()), body, None);
        self.said.lock().unwrap().says.last_mut().unwrap().has_length = has_length;
    }

    /// Bytes of endless responses that the console took from its sockets.
    pub(super) fn taken(&self) -> usize {
        self.said.lock().unwrap().taken
    }

    /// The console's clock goes on.
    pub(super) fn pass(&self, time: SignedDuration) {
        self.said.lock().unwrap().ahead += time;
    }

    pub(super) fn url(&self) -> String {
        format!("http://localhost:{}", self.listener.local_addr().unwrap().port())
    }

    /// From now on ten reads per second, and 20 at once.
    pub(super) fn limits_reads(&self) {
        self.said.lock().unwrap().last_read = Some(Instant::now());
    }

    /// `GET /v2/me`, and so on, each with its key and version, if it states one, and its body, if
    /// it has one.
    pub(super) fn requests(&self) -> Vec<String> {
        self.said.lock().unwrap().requests.clone()
    }

    pub(super) async fn get(&self, path: &str) -> Shown {
        self.visit("GET", path, String::new()).await
    }

    /// Sends a form, with the token that the session's pages have.
    pub(super) async fn post(&self, path: &str, form: &str) -> Shown {
        self.visit("POST", path, form.to_owned()).await
    }

    /// A session that begins now.
    pub(super) fn session(&self, merchant: &str) -> Session {
        let now = self.now();
        Session {
            merchant: merchant.to_owned(),
            access_token: "token".to_owned(),
            token_until: now + SignedDuration::from_hours(1),
            csrf: secret().unwrap(),
            began: now,
            seen: now,
        }
    }

    async fn visit(&self, method: &str, path: &str, form: String) -> Shown {
        let console = self.console();
        let session = self.session("170200126");
        let csrf = masked(&session.csrf).unwrap();
        let form = if form.is_empty() { form } else { format!("{form}&csrf={csrf}") };
        let cookie = console.open_session(&session).await.unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("{URL}{path}"))
            .header("cookie", format!("__Host-session-170200126={cookie}"))
            .header("origin", URL)
            .header("content-type", "Application/x-www-form-urlencoded; charset=UTF-8")
            .body(Body::from(form))
            .unwrap();
        send(&console, request).await
    }

    /// Of a process of its own.
    pub(super) fn console(&self) -> Console {
        tollgate::lambda::install_tls();
        let text = str::to_owned;
        let client =
            Client { id: text("console"), secret: text("s"), audience: text("a"), issuer_secret: None };
        let web = reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(self.clone()));
        Console {
            settings: Settings {
                url: text(URL),
                issuer: self.url().parse().unwrap(),
                merchant: None,
                directory: None,
                client,
            },
            api: Api::new(self.url(), web.build().unwrap()),
            sessions: Arc::new(MemoryStore::default()),
            key: SealingKey::new(&[7; 32]).unwrap(),
            clock: Arc::new(self.clone()),
        }
    }

    /// Until the client has read the response.
    fn respond(&self, mut stream: TcpStream) {
        let request = request_of(&stream);
        let mut said = self.said.lock().unwrap();
        said.requests.push(request.clone());
        let found = said.says.iter_mut().filter(|one| {
            request.starts_with(&format!("{} {}", one.method, one.path)) && one.times != Some(0)
        });
        let found = found.max_by_key(|one| one.path.len());
        let (status, mut head, body) = match found {
            Some(one) => {
                one.times = one.times.map(|times| times - 1);
                let length = one.has_length.then(|| format!("content-length: {}\r\n", one.body.len()));
                (one.status, one.head.clone() + &length.unwrap_or_default(), one.body.clone())
            }
            None => (404, "content-length: 2\r\n".to_owned(), "{}".to_owned()),
        };
        if status == ENDLESS {
            drop(said);
            let taken = write_without_end(stream);
            self.said.lock().unwrap().taken += taken;
            return;
        }
        if status == NO_RESPONSE {
            said.hung.push(stream);
            return;
        }
        let (status, body) = if said.is_too_many(&request) {
            "content-length: 0\r\nretry-after: 1\r\n".clone_into(&mut head);
            (429, String::new())
        } else {
            (status, body)
        };
        drop(said);
        let head = format!("HTTP/1.1 {status} X\r\n{head}connection: close\r\n\r\n");
        // A client that reads no more hangs up.
        if stream.write_all(format!("{head}{body}").as_bytes()).is_ok() {
            stream.shutdown(Shutdown::Write).ok();
            stream.read_to_end(&mut Vec::new()).ok();
        }
    }
}

/// In place of a status: the API does not respond.
pub(super) const NO_RESPONSE: u16 = 0;

/// In place of a status: the response has no end.
pub(super) const ENDLESS: u16 = 1;

/// Until the client hangs up.
fn write_without_end(mut stream: TcpStream) -> usize {
    let chunk = format!("10000\r\n{}\r\n", "0".repeat(0x10000));
    let mut taken = 0;
    stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    while stream.write_all(chunk.as_bytes()).is_ok() {
        taken += 0x10000;
    }
    taken
}

/// A response as a browser gets it.
pub(super) async fn send(console: &Console, request: Request<Body>) -> Shown {
    let response = Box::pin(handle(console, request)).await;
    let headers = |name| response.headers().get_all(name).iter().map(|to| to.to_str().unwrap().to_owned());
    let header = |name| headers(name).next().unwrap_or_default();
    Shown {
        status: response.status().as_u16(),
        location: header("location"),
        retry_after: header("retry-after"),
        cookies: headers("set-cookie").collect(),
        body: String::from_utf8(response.body().to_vec()).unwrap(),
    }
}

impl Said {
    fn is_too_many(&mut self, request: &str) -> bool {
        let Some(last) = self.last_read.filter(|_| request.starts_with("GET /v2/transactions")) else {
            return false;
        };
        let now = Instant::now();
        let due = last.max(now) + Duration::from_millis(100);
        let is_too_many = due.duration_since(now) > Duration::from_secs(2);
        if !is_too_many {
            self.last_read = Some(due);
        }
        is_too_many
    }
}

/// `GET /v2/me`, with its key and version and its body.
fn request_of(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let line = lines.first().cloned().unwrap_or_default();
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let body = String::from_utf8(body).unwrap();
    let header = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let version = header("if-match: ");
    let once = if version.is_empty() {
        String::new()
    } else {
        format!("{} {version} ", header("idempotency-key: "))
    };
    format!("{method} {path} {once}{body}").trim().to_owned()
}

#[derive(Default)]
struct MemoryStore(Mutex<HashMap<String, Vec<u8>>>);

#[async_trait]
impl SessionStore for MemoryStore {
    async fn put(&self, stored: &Stored) -> Result<(), StoreFailure> {
        self.0.lock().unwrap().insert(stored.key.clone(), stored.sealed.clone());
        Ok(())
    }

    async fn replace(&self, stored: &Stored) -> Result<bool, StoreFailure> {
        self.put(stored).await.map(|()| true)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn take(&self, key: &str) -> Result<Option<Vec<u8>>, StoreFailure> {
        Ok(self.0.lock().unwrap().remove(key))
    }
}
