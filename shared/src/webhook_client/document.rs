//! A merchant's receivers, as their secret holds them (`docs/webhooks.md`).

use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;
use tollgate_core::{
    values::without_mark,
    webhooks::{MessageFormat, Receiver},
};

use super::{
    message::{ELASTIC_PATH_EVENTS, secret_key_value},
    resolver::Allowed,
    signature,
};

/// Most receivers of a merchant.
pub const RECEIVERS_MAX: usize = 16;

/// Most secrets of a receiver: one, and one that replaces it.
const SECRETS_MAX: usize = 2;

/// Longest address of a receiver.
const URL_MAX_CHARS: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiversDocument {
    receivers: Vec<StatedReceiver>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedReceiver {
    id: String,
    url: String,
    #[serde(default)]
    format: FormatName,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    events: Vec<String>,
    x_moltin_secret_key: Option<SecretString>,
    #[serde(default)]
    disabled: bool,
}

/// A format as a document states it.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FormatName {
    #[default]
    Standard,
    ElasticPath,
}

/// Reads a document. An error says where it is wrong, never its content.
pub fn parse(json: &str, allowed: Allowed) -> Result<Vec<Receiver>, String> {
    let document: ReceiversDocument = serde_json::from_str(without_mark(json)).map_err(|error| {
        // The parser's own words may quote the document.
        format!("not the JSON that is expected, line {} column {}", error.line(), error.column())
    })?;
    if document.receivers.len() > RECEIVERS_MAX {
        return Err(format!("more than {RECEIVERS_MAX} receivers"));
    }
    let mut receivers: Vec<Receiver> = Vec::new();
    for (n, member) in document.receivers.into_iter().enumerate() {
        let receiver = receiver(member, allowed).map_err(|why| format!("receivers[{n}]: {why}"))?;
        if receivers.iter().any(|other| other.id == receiver.id) {
            return Err(format!("receivers[{n}]: another one has this id"));
        }
        receivers.push(receiver);
    }
    Ok(receivers)
}

fn receiver(member: StatedReceiver, allowed: Allowed) -> Result<Receiver, String> {
    let StatedReceiver { id, url, format, secrets, events, x_moltin_secret_key, disabled } = member;
    let id = id.parse().map_err(|error: tollgate_core::webhooks::NotAReceiverId| error.to_string())?;
    address(&url, allowed)?;
    if x_moltin_secret_key.as_ref().is_some_and(|key| secret_key_value(key).is_none()) {
        return Err("x_moltin_secret_key: not a text that a header can carry".to_owned());
    }
    let (format, kinds) = match format {
        FormatName::Standard => (standard(&secrets, x_moltin_secret_key)?, events),
        FormatName::ElasticPath => {
            (elastic_path(&secrets, x_moltin_secret_key)?, elastic_path_kinds(events)?)
        }
    };
    Ok(Receiver { id, url, format, kinds, is_disabled: disabled })
}

fn standard(texts: &[String], secret_key: Option<SecretString>) -> Result<MessageFormat, String> {
    let secrets: Vec<_> = texts.iter().filter_map(|text| signature::secret(text)).collect();
    if secrets.len() != texts.len() || !(1..=SECRETS_MAX).contains(&texts.len()) {
        return Err("secrets: one or two texts, each whsec_ and 24 to 64 bytes in Base64".to_owned());
    }
    Ok(MessageFormat::Standard { secrets, secret_key })
}

fn elastic_path(secrets: &[String], secret_key: Option<SecretString>) -> Result<MessageFormat, String> {
    if !secrets.is_empty() {
        return Err("secrets: none with the format elastic_path, which has no signatures".to_owned());
    }
    // It is all that tells a receiver where a message comes from.
    let secret_key = secret_key.ok_or("x_moltin_secret_key: needed with the format elastic_path")?;
    Ok(MessageFormat::ElasticPath { secret_key })
}

/// The types of events that a receiver in Elastic Path's format gets: the stated ones, or all that
/// it can get.
fn elastic_path_kinds(stated: Vec<String>) -> Result<Vec<String>, String> {
    if !stated.iter().all(|kind| ELASTIC_PATH_EVENTS.contains(&&**kind)) {
        return Err(format!("events: with the format elastic_path only {}", ELASTIC_PATH_EVENTS.join(", ")));
    }
    let all = || ELASTIC_PATH_EVENTS.map(str::to_owned).to_vec();
    Ok(if stated.is_empty() { all() } else { stated })
}

/// Whether a text can be a receiver's address. The addresses of its name are checked when something
/// is sent.
pub fn address(text: &str, allowed: Allowed) -> Result<Url, String> {
    if text.len() > URL_MAX_CHARS {
        return Err(format!("url: longer than {URL_MAX_CHARS} characters"));
    }
    let url: Url = text.parse().map_err(|_| "url: not an address".to_owned())?;
    if url.username() != "" || url.password().is_some() || url.fragment().is_some() {
        return Err("url: without user, password and fragment".to_owned());
    }
    let is_plain = url.scheme() == "http" && allowed == Allowed::PublicAndLoopback;
    if url.scheme() != "https" && !is_plain {
        return Err("url: https only".to_owned());
    }
    if !allowed.admits_host(&url) {
        return Err("url: not an address of the public internet".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::{Value, json};

    use super::*;

    fn read(receivers: &Value) -> Result<Vec<Receiver>, String> {
        parse(&json!({ "receivers": receivers }).to_string(), Allowed::Public)
    }

    fn one(patch: &Value) -> Value {
        let mut one = json!({ "id": "shop", "url": "https://example.com/hooks", "secrets": [secret(1)] });
        for (name, value) in patch.as_object().unwrap() {
            one[name] = value.clone();
        }
        one
    }

    fn secret(byte: u8) -> String {
        signature::text(&[byte; 32])
    }

    #[test]
    fn the_byte_order_mark_of_an_editor_is_skipped() {
        assert!(parse("\u{FEFF}{\"receivers\": []}", Allowed::Public).is_ok_and(|all| all.is_empty()));
    }

    #[test]
    fn a_document_is_read_with_all_its_members() {
        let all = json!({ "secrets": [secret(1), secret(2)], "events": ["order.paid"], "disabled": true,
            "x_moltin_secret_key": "shared" });
        let receivers = read(&json!([
            one(&json!({})),
            one(&all).as_object().map(|_| {
                let mut second = one(&all);
                second["id"] = json!("second");
                second
            })
        ]))
        .unwrap();
        let secrets = |n: usize| match &receivers[n].format {
            MessageFormat::Standard { secrets, secret_key } => (secrets.len(), secret_key.is_some()),
            MessageFormat::ElasticPath { .. } => panic!("another format"),
        };
        assert_eq!((secrets(0), secrets(1)), ((1, false), (2, true)));
        assert_eq!(receivers[1].kinds, ["order.paid"]);
        assert!(receivers[1].is_disabled);
        let shown = format!("{receivers:?}");
        assert!(!shown.contains("shared") && !shown.contains("whsec_"), "{shown}");
    }

    #[test]
    fn a_receiver_in_elastic_paths_format_has_a_key_and_gets_what_elastic_path_sends() {
        let document = |patch: Value| {
            let mut one = json!({ "id": "shop", "url": "https://example.com/", "format": "elastic_path",
                "x_moltin_secret_key": "hidden-key" });
            one.as_object_mut().unwrap().extend(patch.as_object().unwrap().clone());
            read(&json!([one]))
        };
        let all = &document(json!({})).unwrap()[0];
        assert_eq!(all.kinds, ELASTIC_PATH_EVENTS);
        let MessageFormat::ElasticPath { secret_key } = &all.format else { panic!("another format") };
        assert_eq!(secret_key.expose_secret(), "hidden-key");
        assert!(!format!("{all:?}").contains("hidden"));
        let some = &document(json!({ "events": ["order.paid"] })).unwrap()[0];
        assert_eq!(some.kinds, ["order.paid"]);
        for (patch, why) in [
            (
                json!({ "events": ["order.paid", "capture.failed"] }),
                "events: with the format elastic_path only",
            ),
            (json!({ "secrets": [secret(1)] }), "secrets: none with"),
            (json!({ "x_moltin_secret_key": null }), "x_moltin_secret_key: needed"),
            (json!({ "x_moltin_secret_key": "hidden\nkey" }), "x_moltin_secret_key: not a text"),
            (json!({ "format": "hidden" }), "not the JSON"),
        ] {
            let error = document(patch).unwrap_err();
            assert!(error.contains(why) && !error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn an_address_is_https_and_public_or_refused_without_being_quoted() {
        for (url, why) in [
            ("http://example.com/", "https only"),
            ("ftp://example.com/", "https only"),
            ("https://user@example.com/", "without user"),
            ("https://example.com/#a", "without user"),
            ("https://127.0.0.1/", "public"),
            ("https://2130706433/", "public"),
            ("https://0x7f.1/", "public"),
            ("https://[::1]/", "public"),
            ("https://[::ffff:127.0.0.1]/", "public"),
            ("https://169.254.169.254/latest/meta-data", "public"),
            ("https://localhost/", "public"),
            ("https://shop.localhost./", "public"),
            ("no address", "not an address"),
        ] {
            let error = read(&json!([one(&json!({ "url": url }))])).unwrap_err();
            assert!(error.starts_with("receivers[0]: url: ") && error.contains(why), "{url}: {error}");
        }
        let local = |url| address(url, Allowed::PublicAndLoopback);
        assert!(local("http://127.0.0.1:4242/").is_ok() && local("http://localhost:4242/").is_ok());
        assert!(local("http://10.0.0.1/").is_err());
    }

    #[test]
    fn as_many_receivers_and_as_long_an_address_as_is_allowed_and_no_more() {
        let many = |count: usize| (0..count).map(|n| one(&json!({ "id": format!("shop-{n}") }))).collect();
        assert_eq!(read(&many(RECEIVERS_MAX)).unwrap().len(), 16);
        assert_eq!(read(&many(RECEIVERS_MAX + 1)).unwrap_err(), "more than 16 receivers");
        let url = |chars: usize| format!("{:x<chars$}", "https://example.com/");
        assert!(address(&url(URL_MAX_CHARS), Allowed::Public).is_ok());
        let error = address(&url(URL_MAX_CHARS + 1), Allowed::Public).unwrap_err();
        assert_eq!(error, "url: longer than 1000 characters");
    }

    #[test]
    fn a_document_with_a_mistake_is_refused_and_not_quoted() {
        for receivers in [
            json!([one(&json!({ "id": "a b" }))]),
            json!([one(&json!({})), one(&json!({}))]),
            json!([one(&json!({ "secrets": [] }))]),
            json!([one(&json!({ "secrets": [secret(1), secret(2), secret(3)] }))]),
            json!([one(&json!({ "secrets": ["hidden-hidden"] }))]),
            json!([one(&json!({ "extra": "hidden-hidden" }))]),
            json!(vec![one(&json!({})); 17]),
            json!("hidden-hidden"),
        ] {
            let error = read(&receivers).unwrap_err();
            assert!(!error.contains("hidden"), "{error}");
        }
    }
}
