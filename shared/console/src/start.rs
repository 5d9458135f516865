//! Start-up of the function that serves the console.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::config::SharedHttpClient;
use base64::prelude::{BASE64_STANDARD, Engine};
use lambda_http::{Body, Error, Response, http::StatusCode};
use serde_json::{Map, Value};
use tollgate::{
    aws_client,
    aws_error::describe,
    https,
    lambda::{self, AwsSettings, WrongVariable, aws_limits, begin, front, needed},
    openid::IssuerUrl,
};
use tollgate_core::values::{Clock, SystemClock};

use crate::{
    api::{Api, CALL_LIMIT},
    dynamodb::DynamoDbSessions,
    routes::handle,
    seal::SealingKey,
    settings::{Client, Console, Directory, Settings},
};

/// Fewest characters of the secret at Tollgate, which refuses shorter ones.
const SECRET_MIN_CHARS: usize = 32;

/// The members of the secret. All but the last have to be there.
const MEMBERS: [&str; 5] = ["client_id", "client_secret", "audience", "sealing_key", "issuer_client_secret"];

/// The places of a console and of the services that it uses; in Lambda from the environment.
#[derive(Clone, Debug)]
pub struct ConsoleConfig {
    /// Its own origin (`CONSOLE_URL`).
    pub url: String,
    /// Where the public API is, through the front if there is one (`CONSOLE_API_URL`).
    pub api_url: String,
    /// The issuer where people sign in (`OPENID_ISSUER`).
    pub issuer: IssuerUrl,
    /// The DynamoDB table of sign-ins and sessions (`CONSOLE_TABLE_NAME`).
    pub table: String,
    /// The name of the secret with the client's and the sealing key (`CONSOLE_SECRET`).
    pub secret: String,
    /// The merchant that the sign-in form begins with: none in a deployment, which does not tell
    /// strangers whose it is.
    pub merchant: Option<&'static str>,
    /// The merchants that the sign-in form may name: none in a deployment, for the same reason.
    pub directory: Option<Arc<dyn Directory>>,
    /// Where the table and the secret are.
    pub aws: AwsSettings,
}

/// Why a console cannot start. Reveals nothing of the secret's content.
#[derive(thiserror::Error)]
pub enum StartFailure {
    /// The secret cannot be read.
    #[error("the console's secret cannot be read: {0}")]
    Unreadable(String),
    /// It is not as documented.
    #[error("the console's secret: {0} {1}")]
    Secret(&'static str, &'static str),
    /// No client for the web can be built.
    #[error("no client for the web can be built")]
    Web,
}

/// The form in which a process writes the error that its `main` returns.
impl fmt::Debug for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ConsoleConfig {
    /// Reads the function's environment.
    pub fn from_env() -> Result<Self, WrongVariable> {
        Ok(Self {
            url: origin("CONSOLE_URL")?,
            api_url: origin("CONSOLE_API_URL")?,
            issuer: needed("OPENID_ISSUER")?
                .parse()
                .map_err(|_| WrongVariable::new("OPENID_ISSUER", "is no issuer's URL"))?,
            table: needed("CONSOLE_TABLE_NAME")?,
            secret: needed("CONSOLE_SECRET")?,
            merchant: None,
            directory: None,
            aws: AwsSettings::from_env()?,
        })
    }

    /// The console: reads its secret, and calls nothing else yet.
    pub async fn open(
        &self,
        http_client: &SharedHttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Console, StartFailure> {
        let (aws, url) = (&self.aws, &self.aws.secretsmanager_url);
        let secrets = aws_client!(aws_sdk_secretsmanager, aws, url, aws_limits(), http_client);
        let secret = secrets.get_secret_value().secret_id(&self.secret).send().await;
        let secret = secret.map_err(|error| StartFailure::Unreadable(describe(&error)))?;
        let (client, key) = parse(&secret.secret_string.unwrap_or_default())?;
        let url = &self.aws.dynamodb_url;
        let dynamodb = aws_client!(aws_sdk_dynamodb, aws, url, aws_limits(), http_client);
        let web = https::web_client(CALL_LIMIT).map_err(|_| StartFailure::Web)?;
        let (issuer, merchant, directory) = (self.issuer.clone(), self.merchant, self.directory.clone());
        Ok(Console {
            settings: Settings { url: self.url.clone(), issuer, merchant, directory, client },
            api: Api::new(self.api_url.clone(), web),
            sessions: Arc::new(DynamoDbSessions::new(dynamodb, self.table.clone())),
            key,
            clock,
        })
    }
}

/// An origin, as browsers write it: scheme, host and perhaps a port.
fn origin(name: &'static str) -> Result<String, WrongVariable> {
    let value = needed(name)?;
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:".contains(&byte);
    let is_host = |host: &str| !host.is_empty() && host.bytes().all(is_plain);
    // A console on this machine is the only one without TLS.
    let is_local = ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| value.starts_with(start));
    let host = value.strip_prefix(if is_local { "http://" } else { "https://" }).unwrap_or_default();
    if !is_host(host) {
        return Err(WrongVariable::new(name, "is no origin such as https://console.shop.example"));
    }
    Ok(value)
}

/// The client and the sealing key of a secret. The error names the member that is wrong, and no
/// value.
fn parse(secret: &str) -> Result<(Client, SealingKey), StartFailure> {
    let wrong = StartFailure::Secret;
    let members = serde_json::from_str::<Map<String, Value>>(secret);
    let members = members.map_err(|_| wrong("the document", "is no JSON object"))?;
    if members.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(wrong("a member", "is none of those that are documented"));
    }
    let given = |name: &'static str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(wrong(name, "is empty")),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(name, "is no text")),
    };
    let text = |name| given(name)?.ok_or_else(|| wrong(name, "is missing"));
    let client = Client {
        id: text("client_id")?,
        secret: text("client_secret")?,
        audience: text("audience")?,
        issuer_secret: given("issuer_client_secret")?,
    };
    if client.secret.chars().count() < SECRET_MIN_CHARS {
        return Err(wrong("client_secret", "is shorter than 32 characters"));
    }
    let key = BASE64_STANDARD.decode(text("sealing_key")?);
    let key = key.map_err(|_| wrong("sealing_key", "is no base64"))?;
    let key = SealingKey::new(&key).ok_or_else(|| wrong("sealing_key", "is not of 32 bytes"))?;
    Ok((client, key))
}

/// The response to a request that went past the front, where one is required. No person gets here,
/// so it is no page.
fn refused_at_front() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// Runs the console in the Lambda runtime, until the platform stops it.
pub async fn run() -> Result<(), Error> {
    let http_client = begin()?;
    let front = front()?;
    let console = ConsoleConfig::from_env()?.open(&http_client, Arc::new(SystemClock)).await?;
    lambda::run(console, move |console, request| async move {
        if front.admits(&request) { handle(&console, request).await } else { refused_at_front() }
    })
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret() -> Value {
        json!({
            "client_id": "console",
            "client_secret": "a-secret-that-is-long-enough-for-it",
            "audience": "0oa1b2c3d4",
            "sealing_key": BASE64_STANDARD.encode([7; 32]),
        })
    }

    #[test]
    fn a_secret_as_documented_is_read() {
        let (client, _) = parse(&secret().to_string()).ok().unwrap();
        assert_eq!((client.id.as_str(), client.issuer_secret), ("console", None));
        let mut secret = secret();
        secret["issuer_client_secret"] = json!("at the issuer");
        let (client, _) = parse(&secret.to_string()).ok().unwrap();
        assert_eq!(client.issuer_secret.as_deref(), Some("at the issuer"));
        assert!(!format!("{client:?}").contains("at the issuer"));
    }

    #[test]
    fn a_wrong_member_is_named_and_no_value_shown() {
        for (member, value, said) in [
            ("client_id", Value::Null, "client_id is missing"),
            ("client_secret", json!("canary"), "client_secret is shorter than 32 characters"),
            ("audience", json!(["canary"]), "audience is no text"),
            ("issuer_client_secret", json!(""), "issuer_client_secret is empty"),
            ("sealing_key", json!("canary!"), "sealing_key is no base64"),
            ("sealing_key", json!("Y2FuYXJ5"), "sealing_key is not of 32 bytes"),
            ("canary", json!("canary"), "a member is none of those that are documented"),
        ] {
            let mut secret = secret();
            secret[member] = value;
            let failure = parse(&secret.to_string()).err().unwrap();
            assert_eq!(format!("{failure:?}"), format!("the console's secret: {said}"));
        }
        let failure = parse("canary").err().unwrap();
        assert_eq!(failure.to_string(), "the console's secret: the document is no JSON object");
    }
}
