//! `webhook add` and `webhook rotate`: a merchant's document of receivers.

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tollgate::{
    secrets_manager::SecretKind,
    webhook_client::{document, signature},
};
use tollgate_core::{order::MerchantId, webhooks::ReceiverId};

use super::allowed;
use crate::{
    args::{AddReceiver, MessageFormat, RemoveReceiver, RotateSecret},
    aws::Aws,
    confirm,
    failure::Failure,
    installation::Installation,
    precondition::must_exist,
    report::Report,
};

/// Bytes of a new secret.
const SECRET_BYTES: usize = 32;

/// How a document names Elastic Path's format.
const ELASTIC_PATH: &str = "elastic_path";

/// A merchant's document of receivers, and whether there is one already.
struct Document {
    name: String,
    value: Value,
    is_new: bool,
}

impl Document {
    async fn read(aws: &Aws, installation: &Installation, merchant: &MerchantId) -> Result<Self, Failure> {
        let name = format!("{}{merchant}", installation.prefix(SecretKind::Webhooks)?);
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

    /// Whether the functions can read it.
    fn check(&self, installation: &Installation) -> Result<(), Failure> {
        document::parse(&self.value.to_string(), allowed(installation)).map_err(Failure::Input).map(drop)
    }

    /// Only documents that the functions can read are written.
    async fn write(&self, aws: &Aws, installation: &Installation) -> Result<(), Failure> {
        self.check(installation)?;
        aws.put_document(&self.name, &SecretString::from(self.value.to_string()), self.is_new).await
    }
}

/// A new secret's text.
pub(crate) fn new_secret() -> Result<String, Failure> {
    let mut bytes = [0; SECRET_BYTES];
    let failed = |_| Failure::Unavailable("the system gives no random numbers".to_owned());
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(signature::text(&bytes))
}

pub(crate) async fn add(installation: &Installation, add: &AddReceiver) -> Result<Report, Failure> {
    let AddReceiver { merchant, receiver, url, events, dry_run, .. } = add;
    let aws = Aws::new(installation)?;
    document::address(url, allowed(installation)).map_err(Failure::Input)?;
    must_exist(installation, merchant).await?;
    let mut document = Document::read(&aws, installation, merchant).await?;
    let receivers = document.receivers()?;
    if receivers.iter().any(|other| other["id"] == receiver.to_string()) {
        return Err(Failure::Refused(format!(
            "{receiver} is there already; `webhook rotate {merchant} {receiver}` gives it another secret"
        )));
    }
    let (member, secret) = new_receiver(add)?;
    let format = format_of(&member).to_owned();
    receivers.push(member);
    document.check(installation)?;
    let mut value = json!({ "merchant": merchant, "receiver": receiver.to_string(), "url": url,
        "events": events, "format": format, "secret_name": document.name,
        "place": installation.secrets_value(SecretKind::Webhooks)?, "dry_run": dry_run });
    let at = installation.of_secrets(SecretKind::Webhooks)?;
    if *dry_run {
        return Ok(Report::new(format!("Dry run: {receiver} would get events at {url}; {at}."), value));
    }
    document.write(&aws, installation).await?;
    let gets = if events.is_empty() { "all events".to_owned() } else { events.join(", ") };
    let about = match &secret {
        Some(secret) => format!(
            "secret  {secret}\n\nThe secret is shown this once. Give it to the receiver, which verifies signatures \
             with it."
        ),
        None => "Messages are as Elastic Path sends its own, of the events that it has. The key, in X-MOLTIN-SECRET-KEY, \
                 is all that tells the receiver where they come from."
            .to_owned(),
    };
    if let Some(secret) = secret {
        value["secret"] = json!(secret);
    }
    let text = format!(
        "{receiver} gets {gets} of merchant {merchant}, {at}, at {url}, within five minutes.\n\n{about}"
    );
    Ok(Report::new(text, value))
}

/// A receiver for a document, and its new secret, if messages of its format are signed.
fn new_receiver(add: &AddReceiver) -> Result<(Value, Option<String>), Failure> {
    let mut member = json!({ "id": add.receiver.to_string(), "url": add.url });
    if !add.events.is_empty() {
        member["events"] = json!(add.events);
    }
    let is_elastic_path = add.format == MessageFormat::ElasticPath;
    if add.moltin_secret_key || is_elastic_path {
        member["x_moltin_secret_key"] = json!(secret_key()?.expose_secret());
    }
    if is_elastic_path {
        member["format"] = json!(ELASTIC_PATH);
        return Ok((member, None));
    }
    let secret = new_secret()?;
    member["secrets"] = json!([secret]);
    Ok((member, Some(secret)))
}

/// The key that a receiver knows messages by, from a prompt or a pipe.
fn secret_key() -> Result<SecretString, Failure> {
    confirm::secret("the key", "Key for X-MOLTIN-SECRET-KEY: ")
}

/// The format of a document's receiver.
fn format_of(receiver: &Value) -> &str {
    receiver["format"].as_str().unwrap_or("standard")
}

pub(crate) async fn rotate(installation: &Installation, rotate: &RotateSecret) -> Result<Report, Failure> {
    let RotateSecret { merchant, receiver, finish, dry_run } = rotate;
    let aws = Aws::new(installation)?;
    let at = installation.of_secrets(SecretKind::Webhooks)?;
    let mut document = Document::read(&aws, installation, merchant).await?;
    let own = one_of(&mut document, receiver)?;
    if format_of(own) == ELASTIC_PATH {
        return rotate_key(&aws, installation, rotate, document).await;
    }
    let secrets = own["secrets"].as_array_mut().ok_or_else(|| none(receiver))?;
    let mut secret = None;
    let done = if *finish {
        if secrets.len() < 2 {
            return Err(Failure::Refused(format!("{receiver} has one secret; there is none to remove")));
        }
        secrets.truncate(1);
        format!("{receiver} of merchant {merchant}, {at}, is signed for with its newest secret alone.")
    } else {
        if secrets.len() > 1 {
            return Err(Failure::Refused(format!(
                "{receiver} has two secrets; first remove the older one: `webhook rotate {merchant} {receiver} --finish`"
            )));
        }
        let new = new_secret()?;
        secrets.insert(0, json!(new));
        secret = Some(new);
        format!(
            "{receiver} of merchant {merchant}, {at}, is signed for with both secrets; once it knows the new one: --finish."
        )
    };
    let mut value = json!({ "merchant": merchant, "receiver": receiver.to_string(),
        "secrets": secrets.len(), "place": installation.secrets_value(SecretKind::Webhooks)?, "dry_run": dry_run });
    if *dry_run {
        return Ok(Report::new("Dry run: nothing was written.".to_owned(), value));
    }
    document.write(&aws, installation).await?;
    let Some(secret) = secret else { return Ok(Report::new(done, value)) };
    value["secret"] = json!(secret);
    Ok(Report::new(format!("{done}\n\nsecret  {secret}\n\nThe secret is shown this once."), value))
}

/// Gives a receiver in Elastic Path's format another key: messages carry one at a time.
async fn rotate_key(
    aws: &Aws,
    installation: &Installation,
    rotate: &RotateSecret,
    mut document: Document,
) -> Result<Report, Failure> {
    let RotateSecret { merchant, receiver, finish, dry_run } = rotate;
    if *finish {
        return Err(Failure::Refused(format!("{receiver} has one key; there is none to remove")));
    }
    one_of(&mut document, receiver)?["x_moltin_secret_key"] = json!(secret_key()?.expose_secret());
    document.check(installation)?;
    let value = json!({ "merchant": merchant, "receiver": receiver.to_string(),
        "place": installation.secrets_value(SecretKind::Webhooks)?, "dry_run": dry_run });
    if *dry_run {
        return Ok(Report::new("Dry run: nothing was written.".to_owned(), value));
    }
    document.write(aws, installation).await?;
    let at = installation.of_secrets(SecretKind::Webhooks)?;
    let text = format!(
        "{receiver} of merchant {merchant}, {at}, gets the new key within five minutes. Until then the receiver has to \
         accept the older one, too."
    );
    Ok(Report::new(text, value))
}

pub(crate) async fn remove(installation: &Installation, remove: &RemoveReceiver) -> Result<Report, Failure> {
    let RemoveReceiver { merchant, receiver, dry_run, yes } = remove;
    let aws = Aws::new(installation)?;
    let mut document = Document::read(&aws, installation, merchant).await?;
    let receivers = document.receivers()?;
    let before = receivers.len();
    receivers.retain(|other| other["id"] != receiver.to_string());
    if receivers.len() == before {
        return Err(none(receiver));
    }
    let value = json!({ "merchant": merchant, "receiver": receiver.to_string(),
        "place": installation.secrets_value(SecretKind::Webhooks)?, "dry_run": dry_run });
    let at = installation.of_secrets(SecretKind::Webhooks)?;
    if *dry_run {
        return Ok(Report::new(format!("Dry run: {receiver} of {merchant}, {at}, would be removed."), value));
    }
    if !yes {
        let happens =
            "nothing will be sent to it any more, and its deliveries are deleted, within 15 minutes";
        confirm::by_typing(
            &receiver.to_string(),
            &format!("Receiver {receiver} of {merchant}, {at}: {happens}."),
        )?;
    }
    document.write(&aws, installation).await?;
    let text = format!(
        "{receiver} of {merchant}, {at}, is removed. Within 15 minutes nothing is sent to it any more, and its deliveries \
         are deleted."
    );
    Ok(Report::new(text, value))
}

fn none(id: &ReceiverId) -> Failure {
    Failure::NotThere(format!("no receiver {id}; `webhook add` makes one"))
}

fn one_of<'a>(document: &'a mut Document, id: &ReceiverId) -> Result<&'a mut Value, Failure> {
    let mut own = document.receivers()?.iter_mut().filter(|receiver| receiver["id"] == id.to_string());
    own.next().ok_or_else(|| none(id))
}

/// A merchant's receivers, without their secrets.
pub(super) async fn all(installation: &Installation, merchant: &MerchantId) -> Result<Vec<Value>, Failure> {
    let aws = Aws::new(installation)?;
    let mut document = Document::read(&aws, installation, merchant).await?;
    let shown = |receiver: &Value| {
        json!({
            "id": receiver["id"],
            "url": receiver["url"],
            "format": format_of(receiver),
            "events": receiver["events"].as_array().cloned().unwrap_or_default(),
            "secrets": receiver["secrets"].as_array().map_or(0, Vec::len),
            "disabled": receiver["disabled"] == true,
        })
    };
    Ok(document.receivers()?.iter().map(shown).collect())
}
