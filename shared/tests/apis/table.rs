//! A table of requests, and the file of whole responses that it is compared with.

use std::{env, fs, path::PathBuf, sync::Arc};

use lambda_http::{Body, Response};
use serde_json::{Map, Value, json};
use tollgate::version::version;
use uuid::Uuid;

use crate::{
    ask::{Ask, Sent},
    log::Log,
    words::Words,
    world::World,
};

/// Rewrites the files instead of comparing with them. The new files are to be read before they are
/// kept.
const WRITE: &str = "WRITE_EXPECTED";

/// The headers of every response.
const HEADERS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=63072000"),
];

/// The member of a row that says which member of the request it varies.
const VARIED: &str = "with";

/// Requests in their order, with all that came of them.
pub(crate) struct Table {
    name: &'static str,
    pub(crate) world: Arc<World>,
    log: Log,
    rows: Vec<Value>,
}

impl Table {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, world: World::new(), log: Log::here(), rows: Vec::new() }
    }

    /// Starts the following rows in a new world with an empty log.
    pub(crate) fn afresh(&mut self) {
        self.world = World::new();
        self.log.take();
    }

    /// Sends a request that only prepares another one. Returns its response's body.
    pub(crate) async fn prepare(&mut self, ask: &Ask) -> Value {
        let response = ask.send(&self.world, "prepares").await;
        let status = response.status();
        self.log.take();
        self.world.state().sent.clear();
        let bytes: &[u8] = response.body();
        let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        assert!(status.is_success(), "{}: {body}", ask.line());
        body
    }

    /// Sends a request, and keeps all its results. Returns its response's body.
    pub(crate) async fn ask(&mut self, hazard: &str, ask: &Ask) -> Value {
        let mut row = Map::new();
        row.insert("hazard".to_owned(), hazard.into());
        row.insert("request".to_owned(), ask.line().into());
        match &ask.body {
            Sent::Nothing => {}
            Sent::Json(body) => drop(row.insert("body".to_owned(), body.clone())),
            Sent::Text(text) => drop(row.insert("body".to_owned(), shortened(text).into())),
            Sent::Bytes(bytes) => {
                drop(row.insert("body".to_owned(), shortened(&bytes.escape_ascii().to_string()).into()));
            }
        }
        self.send(row, ask).await
    }

    /// Sends a request once for each value of each member, in a world of its own that `prepare` has
    /// made. `a.b` is the member b of a. Null stands for null; a member whose value is the text
    /// `absent` is left out.
    pub(crate) async fn vary(
        &mut self,
        base: &Ask,
        prepare: impl AsyncFn(&mut Self),
        members: &[(&str, &[Value])],
    ) {
        for (path, values) in members {
            for value in *values {
                self.afresh();
                prepare(self).await;
                let Sent::Json(body) = &base.body else { panic!("{}: no JSON", base.line()) };
                let mut body = body.clone();
                set(&mut body, path, value.clone());
                let shown = if *value == json!(ABSENT) { "left out".to_owned() } else { value.to_string() };
                let mut row = Map::new();
                row.insert("request".to_owned(), base.line().into());
                row.insert(VARIED.to_owned(), shortened(&format!("{path}: {}", visible(&shown))).into());
                self.send(row, &base.clone().json(body)).await;
            }
        }
    }

    async fn send(&mut self, mut row: Map<String, Value>, ask: &Ask) -> Value {
        let id = format!("request-{}", self.rows.len() + 1);
        let before = self.world.stored();
        row.insert("kind".to_owned(), format!("{} by {:?}", ask.route().0, ask.by).into());
        let response = ask.send(&self.world, &id).await;
        let body = told(&mut row, ask, &id, &response);
        let sent = std::mem::take(&mut self.world.state().sent);
        let is_error = response.status().is_client_error() || body["Response"]["ResponseCode"] == "3";
        if is_error && sent.is_empty() && !response.headers().contains_key("retry-after") {
            assert_eq!(self.world.stored(), before, "{}: a refusal stores nothing", ask.line());
        }
        if !sent.is_empty() {
            row.insert("sent".to_owned(), sent.into());
        }
        let log = self.log.told(ask.route().0, &id, response.status().as_u16());
        row.insert("log".to_owned(), log.into());
        let row = counted(&Value::from(row).to_string());
        self.rows.push(serde_json::from_str(&row).expect("what was JSON before"));
        body
    }

    /// Compares all that came of the requests with the file, or writes the file.
    pub(crate) fn end(self) {
        let path =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/apis/expected/{}.txt", self.name));
        let is = Words::of(&self.rows);
        if env::var_os(WRITE).is_some() {
            fs::write(path, is).unwrap();
            return;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let (mut expected, mut is) = (expected.lines(), is.lines());
        let mut asked = "";
        loop {
            let (was, now) = (expected.next(), is.next());
            if was != now {
                let (was, now) = (was.unwrap_or_default(), now.unwrap_or_default());
                panic!(
                    "{}: {WRITE}=1 writes it anew\n{asked}\n--- expected\n{was}\n--- is\n{now}",
                    self.name
                );
            }
            match now {
                Some(line) if !line.starts_with(' ') => asked = line,
                Some(_) => {}
                None => break,
            }
        }
    }
}

/// Notes a response, without the headers that all responses have. Returns its body.
fn told(row: &mut Map<String, Value>, ask: &Ask, id: &str, response: &Response<Body>) -> Value {
    row.insert("status".to_owned(), response.status().as_u16().into());
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in response.headers() {
        headers.push((name.to_string(), value.to_str().unwrap().to_owned()));
    }
    let is_elastic_path = !ask.path.contains("creditcard");
    let usual = if is_elastic_path { "application/json" } else { "application/json; charset=utf-8" };
    for (name, value) in HEADERS.into_iter().chain([("content-type", usual), ("x-request-id", id)]) {
        let own = headers.iter().position(|header| header.0 == name);
        match own {
            Some(place) if headers[place].1 == value => drop(headers.remove(place)),
            Some(_) => {}
            None => headers.push((name.to_owned(), "is missing".to_owned())),
        }
    }
    // They follow from the body, and have tests of their own.
    headers.retain(|(name, _)| !["etag", "vary"].contains(&name.as_str()));
    if !headers.is_empty() {
        let headers: Map<String, Value> =
            headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        row.insert("headers".to_owned(), headers.into());
    }
    let bytes: &[u8] = response.body();
    let text = std::str::from_utf8(bytes).unwrap().replace(version(), "(version)");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| text.into());
    let mut shown = without(&body, id);
    // The credit-card API writes every member, and most are null.
    if let Some(facts) = shown.get_mut("Response").and_then(Value::as_object_mut) {
        facts.retain(|_, fact| !fact.is_null());
    }
    row.insert("response".to_owned(), shown);
    body
}

/// The text for a member that is left out.
pub(crate) const ABSENT: &str = "(absent)";

/// Sets a member, in objects that are made where they are not.
pub(crate) fn set(body: &mut Value, path: &str, value: Value) {
    let (parents, name) = path.rsplit_once('.').unwrap_or(("", path));
    let mut object = body;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        object = &mut object[parent];
    }
    if value == json!(ABSENT) {
        object.as_object_mut().expect("an object").shift_remove(name);
    } else {
        object[name] = value;
    }
}

/// A text with payments' ids as they were counted: their part about the order would differ in every
/// row.
fn counted(text: &str) -> String {
    const COUNTED: &str = "-8000-00000000";
    let (mut shown, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(COUNTED) {
        let (before, after) = rest.split_at(at);
        let own = before.get(at.saturating_sub(18)..).filter(|own| own.len() == 18);
        let is_own =
            own.and_then(|own| Uuid::parse_str(&format!("{own}{}", after.get(..18)?)).ok()).is_some();
        if is_own {
            shown.extend([&before[..at - 18], "00000000-0000-4000"]);
        } else {
            shown.push_str(before);
        }
        shown.push_str(COUNTED);
        rest = &after[COUNTED.len()..];
    }
    shown + rest
}

/// The request's own id is in each error, and is another one wherever a row is put in.
fn without(body: &Value, id: &str) -> Value {
    match body {
        Value::Object(members) => {
            let others = members.iter().filter(|(name, value)| !(*name == "request_id" && **value == id));
            others.map(|(name, value)| (name.clone(), without(value, id))).collect()
        }
        Value::Array(values) => values.iter().map(|value| without(value, id)).collect(),
        other => other.clone(),
    }
}

/// Characters that are not seen, or change how others are shown, as their escapes.
fn visible(text: &str) -> String {
    let is_seen = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}' | '\u{fffe}')
    };
    text.chars()
        .map(|c| if is_seen(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
        .collect()
}

fn shortened(text: &str) -> String {
    let chars = text.chars().count();
    if chars <= 400 {
        return text.to_owned();
    }
    let start: String = text.chars().take(60).collect();
    format!("{start}… ({chars} characters)")
}
