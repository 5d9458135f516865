//! A proxy between Tollgate and a service of AWS that spoils the responses that hold something, as
//! a faulty network or a faulty service would: cut off, of the wrong form, or quoting their content
//! in an error.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Uri;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How a response is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoil {
    /// The connection ends in the middle of the body.
    Torn,
    /// The body ends early, and its length says so: no valid JSON.
    CutShort,
    /// The content of the body as a list: valid JSON of the wrong form.
    WrongForm,
    /// The content of each text in the body is a number, a list or an object instead.
    WrongTypes,
    /// Status 500, with the content as the error's message.
    ServerErrorThatQuotes,
    /// Status 400, with the content as the error's code and message.
    CodeThatQuotes,
    /// The content in the header that names the request.
    RequestIdThatQuotes,
}

impl Spoil {
    /// Each of them, for a test that tries them in turn.
    pub const ALL: [Self; 7] = [
        Self::Torn,
        Self::CutShort,
        Self::WrongForm,
        Self::WrongTypes,
        Self::ServerErrorThatQuotes,
        Self::CodeThatQuotes,
        Self::RequestIdThatQuotes,
    ];

    /// The response on the wire, in place of one with this body.
    fn spoil(self, body: &str) -> Vec<u8> {
        let half = || &body[..body.floor_char_boundary(body.len() * 3 / 4)];
        let header_safe: String = body.chars().filter(char::is_ascii_graphic).collect();
        match self {
            Self::Torn => message(200, "", half(), body.len()),
            Self::CutShort => whole(200, "", half()),
            Self::WrongForm => whole(200, "", &format!("[{body}]")),
            Self::WrongTypes => {
                let mut value = serde_json::from_str(body).unwrap_or_default();
                wrong_types(&mut value);
                whole(200, "", &value.to_string())
            }
            Self::ServerErrorThatQuotes => {
                whole(500, "", &json!({ "__type": "InternalServerError", "Message": body }).to_string())
            }
            Self::CodeThatQuotes => {
                whole(400, "", &json!({ "__type": body, "code": body, "message": body }).to_string())
            }
            Self::RequestIdThatQuotes => whole(200, &format!("x-amzn-requestid: {header_safe}\r\n"), half()),
        }
    }
}

fn wrong_types(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(wrong_types),
        Value::Array(items) => items.iter_mut().for_each(wrong_types),
        Value::String(text) => *value = json!({ "text": [text.as_str()] }),
        _ => {}
    }
}

fn whole(status: u16, headers: &str, body: &str) -> Vec<u8> {
    message(status, headers, body, body.len())
}

fn message(status: u16, headers: &str, body: &str, length: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} Spoiled\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n\
         {headers}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A proxy in front of one service, until it is dropped.
#[derive(Debug)]
pub struct Tamper {
    url: String,
    state: Arc<State>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    /// Host and port of the service.
    upstream: String,
    /// The way to spoil responses, and the operation that they belong to.
    spoil: Mutex<Option<(Spoil, &'static str)>>,
    spoiled: AtomicUsize,
}

impl Tamper {
    /// A proxy in front of the service at this address. Nothing is spoiled yet.
    pub async fn before(url: &str) -> std::io::Result<Self> {
        let upstream = url.parse::<Uri>().ok().and_then(|url| Some(url.authority()?.to_string()));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            upstream: upstream.unwrap_or_default(),
            spoil: Mutex::default(),
            spoiled: AtomicUsize::new(0),
        });
        let server = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { url, state, server })
    }

    /// The proxy's address, to be used in place of the service's.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on, the responses to this operation are spoiled, such as `GetItem`.
    pub fn spoil(&self, spoil: Spoil, operation: &'static str) {
        *self.state.spoil.lock().unwrap_or_else(PoisonError::into_inner) = Some((spoil, operation));
    }

    /// From now on, nothing is spoiled.
    pub fn behave(&self) {
        *self.state.spoil.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many responses were spoiled so far.
    pub fn spoiled(&self) -> usize {
        self.state.spoiled.load(Ordering::SeqCst)
    }
}

impl Drop for Tamper {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((incoming, _)) = listener.accept().await else { continue };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            if let Err(error) = relay(incoming, &state).await {
                tracing::debug!(kind = ?error.kind(), "a call through the proxy ended early");
            }
        });
    }
}

/// One call per connection: the request is told to close it, and so is the client.
async fn relay(mut incoming: TcpStream, state: &State) -> std::io::Result<()> {
    let request = read_message(&mut incoming).await?;
    let head = request.head.to_ascii_lowercase();
    let mut lines: Vec<&str> = request.head.lines().filter(|line| !line.is_empty()).collect();
    lines.retain(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut outgoing = TcpStream::connect(&state.upstream).await?;
    outgoing.write_all(format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    outgoing.write_all(&request.body).await?;
    let mut response = Vec::new();
    outgoing.read_to_end(&mut response).await?;
    let spoil = *state.spoil.lock().unwrap_or_else(PoisonError::into_inner);
    let about = |operation: &str| head.contains(&format!(".{}\r\n", operation.to_ascii_lowercase()));
    if let Some((spoil, _)) = spoil.filter(|(_, operation)| about(operation)) {
        let text = String::from_utf8_lossy(&response);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        response = spoil.spoil(body);
        state.spoiled.fetch_add(1, Ordering::SeqCst);
    }
    incoming.write_all(&response).await?;
    incoming.shutdown().await
}

struct Message {
    head: String,
    body: Vec<u8>,
}

async fn read_message(stream: &mut TcpStream) -> std::io::Result<Message> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let (head, body) = (String::from_utf8_lossy(&bytes[..end + 2]), &bytes[end + 4..]);
            if body.len() >= content_length(&head) {
                return Ok(Message { head: head.into_owned(), body: body.to_vec() });
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn content_length(head: &str) -> usize {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, value)| value.trim().parse().ok()).unwrap_or_default()
}
