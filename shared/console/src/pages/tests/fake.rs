//! An API on this machine, and a browser that has signed in.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use lambda_http::{Body, http::Request};
use serde_json::Value;
use tollgate_core::values::SystemClock;

use crate::{
    Api, Client, Console, SealingKey, SessionStore, Settings, StoreFailure, Stored, handle,
    seal::{masked, secret},
    session::Session,
};

const URL: &str = "https://console.example";

#[derive(Clone)]
struct Says {
    method: String,
    /// How the path begins; of several the longest counts, and of equal ones the last.
    path: String,
    status: u16,
    body: String,
    /// Where the next part is.
    next: Option<String>,
}

/// The API: its responses, and the requests to it.
pub(super) struct FakeApi {
    url: String,
    says: Arc<Mutex<Vec<Says>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// The response that the browser got.
pub(super) struct Shown {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) body: String,
}

impl FakeApi {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (says, requests) = (Arc::default(), Arc::default());
        let api = Self { url, says, requests };
        let (says, requests) = (Arc::clone(&api.says), Arc::clone(&api.requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                respond(stream.unwrap(), &says, &requests);
            }
        });
        api
    }

    pub(super) fn says(&self, method: &str, path: &str, status: u16, body: &Value) {
        let (method, path, body) = (method.to_owned(), path.to_owned(), body.to_string());
        self.says.lock().unwrap().push(Says { method, path, status, body, next: None });
    }

    /// A part of a file.
    pub(super) fn says_csv(&self, path: &str, body: &str, next: Option<&str>) {
        let (method, path, body) = ("GET".to_owned(), path.to_owned(), body.to_owned());
        let next = next.map(|query| format!("link: <{query}>; rel=\"next\"\r\n"));
        self.says.lock().unwrap().push(Says { method, path, status: 200, body, next });
    }

    /// `GET /v2/me`, and so on, each with its key and version, if it states one, and its body, if
    /// it has one.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(super) async fn get(&self, path: &str) -> Shown {
        self.visit("GET", path, String::new()).await
    }

    /// Sends a form, with the token that the session's pages have.
    pub(super) async fn post(&self, path: &str, form: &str) -> Shown {
        self.visit("POST", path, form.to_owned()).await
    }

    async fn visit(&self, method: &str, path: &str, form: String) -> Shown {
        let console = console(&self.url);
        let now = console.clock.now();
        let csrf = secret().unwrap();
        let form = if form.is_empty() { form } else { format!("{form}&csrf={}", masked(&csrf).unwrap()) };
        let session = Session {
            merchant: "170200126".to_owned(),
            access_token: "token".to_owned(),
            token_until: now + SignedDuration::from_hours(1),
            csrf,
            began: now,
            seen: now,
        };
        let cookie = console.open_session(&session).await.unwrap();
        let request = Request::builder()
            .method(method)
            .uri(format!("{URL}{path}"))
            .header("cookie", format!("__Host-session={cookie}"))
            .header("origin", URL)
            .body(Body::from(form))
            .unwrap();
        let response = handle(&console, request).await;
        let location = response.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        let status = response.status().as_u16();
        Shown { status, location, body: String::from_utf8(response.body().to_vec()).unwrap() }
    }
}

fn respond(mut stream: TcpStream, says: &Mutex<Vec<Says>>, requests: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
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
    requests.lock().unwrap().push(format!("{method} {path} {once}{body}").trim().to_owned());
    let says = says.lock().unwrap();
    let found = says.iter().filter(|one| one.method == method && path.starts_with(&one.path));
    let found = found.max_by_key(|one| one.path.len());
    let (status, body) = found.map_or((404, "{}"), |one| (one.status, one.body.as_str()));
    let next = found.and_then(|one| one.next.as_deref()).unwrap_or_default();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{next}connection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

fn console(api: &str) -> Console {
    tollgate::lambda::install_tls();
    let text = str::to_owned;
    let client = Client { id: text("console"), secret: text("s"), audience: text("a"), issuer_secret: None };
    Console {
        settings: Settings { url: text(URL), issuer: text("https://issuer.example"), merchant: None, client },
        api: Api::new(api.to_owned(), reqwest::Client::builder().no_proxy().build().unwrap()),
        sessions: Arc::new(MemoryStore::default()),
        key: SealingKey::new(&[7; 32]).unwrap(),
        clock: Arc::new(SystemClock),
    }
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
