//! `webhook add` and `webhook rotate`: a merchant's document of receivers.

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tollgate::webhook_client::{document, signature};
use tollgate_core::{order::MerchantId, webhooks::ReceiverId};

use super::allowed;
use crate::{
    args::{AddReceiver, RemoveReceiver, RotateSecret},
    aws::Aws,
    confirm,
    failure::Failure,
    place::Place,
    report::Report,
};

/// Bytes of a new secret.
const SECRET_BYTES: usize = 32;

/// A merchant's document of receivers, and whether there is one already.
struct Document {
    name: String,
    value: Value,
    is_new: bool,
}

impl Document {
    async fn read(aws: &Aws, place: &Place, merchant: &MerchantId) -> Result<Self, Failure> {
        let name = format!("{}{merchant}", place.webhooks_prefix);
        let text = aws.document(&name).await?;
        let is_new = text.is_none();
        let value = match text {
            None => json!({ "receivers": [] }),
            Some(text) => serde_json::from_str(text.expose_secret())
                .map_err(|_| Failure::Input(format!("the secret {name} is not JSON")))?,
        };
        Ok(Self { name, value, is_new })
    }

    fn receivers(&mut self) -> Result<&mut Vec<Value>, Failure> {
        let missing = || Failure::Input(format!("the secret {} has no list \"receivers\"", self.name));
        let missing = missing();
        self.value["receivers"].as_array_mut().ok_or(missing)
    }

    /// Only what the functions can read is written.
    async fn write(&self, aws: &Aws, place: &Place) -> Result<(), Failure> {
        let text = self.value.to_string();
        document::parse(&text, allowed(place)).map_err(Failure::Input)?;
        aws.put_document(&self.name, &SecretString::from(text), self.is_new).await
    }
}

/// A new secret's text.
pub(crate) fn new_secret() -> Result<String, Failure> {
    let mut bytes = [0; SECRET_BYTES];
    let failed = |_| Failure::Unavailable("the system gives no random numbers".to_owned());
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(signature::text(&bytes))
}

pub(crate) async fn add(place: &Place, add: &AddReceiver) -> Result<Report, Failure> {
    let AddReceiver { merchant, receiver, url, events, moltin_secret_key, dry_run } = add;
    let aws = Aws::new(place)?;
    document::address(url, allowed(place)).map_err(Failure::Input)?;
    let mut document = Document::read(&aws, place, merchant).await?;
    let receivers = document.receivers()?;
    if receivers.iter().any(|other| other["id"] == receiver.to_string()) {
        return Err(Failure::Refused(format!(
            "{receiver} is there already; `webhook rotate {merchant} {receiver}` gives it another secret"
        )));
    }
    let secret = new_secret()?;
    let mut member = json!({ "id": receiver.to_string(), "url": url, "secrets": [secret] });
    if !events.is_empty() {
        member["events"] = json!(events);
    }
    if *moltin_secret_key {
        let key = confirm::secret("the key", "Key for X-MOLTIN-SECRET-KEY: ")?;
        member["x_moltin_secret_key"] = json!(key.expose_secret());
    }
    receivers.push(member);
    let mut value = json!({ "merchant": merchant, "receiver": receiver.to_string(), "url": url,
        "events": events, "secret_name": document.name, "dry_run": dry_run });
    if *dry_run {
        return Ok(Report::new(format!("Dry run: {receiver} would get events at {url}."), value));
    }
    document.write(&aws, place).await?;
    value["secret"] = json!(secret);
    let text = format!(
        "{receiver} gets {} of merchant {merchant} at {url}, within five minutes.\n\nsecret  {secret}\n\n\
         The secret is shown this once. Give it to the receiver, which verifies signatures with it.",
        if events.is_empty() { "all events".to_owned() } else { events.join(", ") }
    );
    Ok(Report::new(text, value))
}

pub(crate) async fn rotate(place: &Place, rotate: &RotateSecret) -> Result<Report, Failure> {
    let RotateSecret { merchant, receiver, finish, dry_run } = rotate;
    let aws = Aws::new(place)?;
    let mut document = Document::read(&aws, place, merchant).await?;
    let secrets = secrets_of(&mut document, receiver)?;
    let mut secret = None;
    let done = if *finish {
        if secrets.len() < 2 {
            return Err(Failure::Refused(format!("{receiver} has one secret; there is none to remove")));
        }
        secrets.truncate(1);
        format!("{receiver} is signed for with its newest secret alone.")
    } else {
        if secrets.len() > 1 {
            return Err(Failure::Refused(format!(
                "{receiver} has two secrets; first remove the older one: `webhook rotate {merchant} {receiver} --finish`"
            )));
        }
        let new = new_secret()?;
        secrets.insert(0, json!(new));
        secret = Some(new);
        format!("{receiver} is signed for with both secrets; once it knows the new one: --finish.")
    };
    let mut value = json!({ "merchant": merchant, "receiver": receiver.to_string(),
        "secrets": secrets.len(), "dry_run": dry_run });
    if *dry_run {
        return Ok(Report::new("Dry run: nothing was written.".to_owned(), value));
    }
    document.write(&aws, place).await?;
    let Some(secret) = secret else { return Ok(Report::new(done, value)) };
    value["secret"] = json!(secret);
    Ok(Report::new(format!("{done}\n\nsecret  {secret}\n\nThe secret is shown this once."), value))
}

pub(crate) async fn remove(place: &Place, remove: &RemoveReceiver) -> Result<Report, Failure> {
    let RemoveReceiver { merchant, receiver, dry_run, yes } = remove;
    let aws = Aws::new(place)?;
    let mut document = Document::read(&aws, place, merchant).await?;
    let receivers = document.receivers()?;
    let before = receivers.len();
    receivers.retain(|other| other["id"] != receiver.to_string());
    if receivers.len() == before {
        return Err(none(receiver));
    }
    let value = json!({ "merchant": merchant, "receiver": receiver.to_string(), "dry_run": dry_run });
    if *dry_run {
        return Ok(Report::new(format!("Dry run: {receiver} would be removed."), value));
    }
    if !yes {
        let happens =
            "nothing will be sent to it any more, within five minutes, and what waits for it is parked";
        confirm::by_typing(&receiver.to_string(), &format!("Receiver {receiver} of {merchant}: {happens}."))?;
    }
    document.write(&aws, place).await?;
    Ok(Report::new(format!("{receiver} is removed. Deliveries to it stay listed for 30 days."), value))
}

fn none(id: &ReceiverId) -> Failure {
    Failure::NotThere(format!("no receiver {id}; `webhook add` makes one"))
}

fn secrets_of<'a>(document: &'a mut Document, id: &ReceiverId) -> Result<&'a mut Vec<Value>, Failure> {
    let receivers = document.receivers()?.iter_mut();
    let mut own = receivers.filter(|receiver| receiver["id"] == id.to_string());
    let secrets = own.next().and_then(|receiver| receiver["secrets"].as_array_mut());
    secrets.ok_or_else(|| none(id))
}

/// A merchant's receivers, without their secrets.
pub(super) async fn all(place: &Place, merchant: &MerchantId) -> Result<Vec<Value>, Failure> {
    let aws = Aws::new(place)?;
    let mut document = Document::read(&aws, place, merchant).await?;
    let shown = |receiver: &Value| {
        json!({
            "id": receiver["id"],
            "url": receiver["url"],
            "events": receiver["events"].as_array().cloned().unwrap_or_default(),
            "secrets": receiver["secrets"].as_array().map_or(0, Vec::len),
            "disabled": receiver["disabled"] == true,
        })
    };
    Ok(document.receivers()?.iter().map(shown).collect())
}
