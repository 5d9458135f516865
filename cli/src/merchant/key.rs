//! `merchant key add | list | revoke`: keys with a name and a role, one for each system
//! (docs/merchants.md).

use secrecy::ExposeSecret;
use serde_json::json;
use tollgate::{access_token, secrets_manager::SecretKind};
use tollgate_core::payments::MerchantKey;

use super::{Document, EVERYWHERE_AFTER, confirm_removal, new_key, read};
use crate::{
    args::{AddKey, KeyCommand, ListKeys, RevokeKey},
    aws::Aws,
    failure::Failure,
    installation::Installation,
    report::Report,
};

/// The text for a key without a name.
const UNNAMED: &str = "-";

pub(crate) async fn run(installation: &Installation, command: &KeyCommand) -> Result<Report, Failure> {
    match command {
        KeyCommand::Add(add) => self::add(installation, add).await,
        KeyCommand::List(list) => self::list(installation, list).await,
        KeyCommand::Revoke(revoke) => self::revoke(installation, revoke).await,
    }
}

async fn add(installation: &Installation, add: &AddKey) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let (id, name, role) = (&add.id, &add.name, add.role.as_str());
    let document = read(&aws, id).await?;
    let mut keys = document.keys();
    let key = new_key()?;
    keys.push(json!({ "key": key.expose_secret(), "name": name.to_string(), "role": role }));
    let number = keys.len();
    // Refuses a name that is there.
    let document = document.with_keys(keys)?;
    let mut value = json!({
        "merchant": id, "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?,
        "name": name.to_string(), "role": role, "keys": number, "dry_run": add.dry_run,
    });
    let at = installation.of_secrets(SecretKind::Merchants)?;
    if add.dry_run {
        let text = format!(
            "Dry run: nothing was written. Merchant {id}, {at}, would get the key {name} with the role {role}."
        );
        return Ok(Report::new(text, value));
    }
    aws.put_secret(id, &document.text()).await?;
    value["key"] = json!(key.expose_secret());
    let text = format!(
        "Merchant {id}, {at}: the key {name} with the role {role} is added.\n\n\
         client_id      {id}\nclient_secret  {}\n\n\
         The key is shown this once. Wait {EVERYWHERE_AFTER}, then give it to the system that it is for.",
        key.expose_secret()
    );
    Ok(Report::new(text, value))
}

async fn list(installation: &Installation, list: &ListKeys) -> Result<Report, Failure> {
    let document = read(&Aws::new(installation)?, &list.id).await?;
    let merchant = &document.merchant;
    let digest = |key: &MerchantKey| access_token::key_digest(merchant, key.secret.expose_secret());
    let mut lines = vec![format!(
        "{:<6}  {:<32}  {:<7}  {:>10}  {}",
        "NUMBER", "NAME", "ROLE", "CHARACTERS", "IN AUDIT LINES"
    )];
    let mut keys = Vec::new();
    for (key, number) in merchant.keys.iter().zip(1..) {
        let (name, digest) = (key.name.as_ref().map(ToString::to_string), format!("key:{}", digest(key)));
        let (role, chars) = (key.role.as_str(), key.chars());
        let shown = name.as_deref().unwrap_or(UNNAMED);
        lines.push(format!("{number:<6}  {shown:<32}  {role:<7}  {chars:>10}  {digest}"));
        keys.push(json!({
            "number": number, "name": name, "role": role, "characters": chars, "principal": digest,
        }));
    }
    let value = json!({
        "merchant": list.id, "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?,
        "keys": keys,
    });
    Ok(Report::new(lines.join("\n"), value))
}

async fn revoke(installation: &Installation, revoke: &RevokeKey) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let id = &revoke.id;
    let document = read(&aws, id).await?;
    let at = position(&document, &revoke.key)?;
    let mut keys = document.keys();
    if keys.len() == 1 {
        let text =
            "it is the only key, and without a key no client gets a token; add one first: `merchant key add`";
        return Err(Failure::Refused(text.to_owned()));
    }
    keys.remove(at);
    let left = keys.len();
    let key = &document.merchant.keys[at];
    let what = match &key.name {
        Some(name) => format!("the key {name} with the role {}", key.role.as_str()),
        None => format!("key {} without a name", at + 1),
    };
    let value = json!({
        "merchant": id, "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?,
        "name": key.name.as_ref().map(ToString::to_string),
        "number": at + 1, "keys": left, "dry_run": revoke.dry_run,
    });
    let document = document.with_keys(keys)?;
    let here = installation.of_secrets(SecretKind::Merchants)?;
    if revoke.dry_run {
        let text = format!(
            "Dry run: nothing was written. Merchant {id}, {here}, would lose {what}; {left} would stay."
        );
        return Ok(Report::new(text, value));
    }
    if !revoke.yes {
        confirm_removal(installation, id, &what)?;
    }
    aws.put_secret(id, &document.text()).await?;
    let text = format!(
        "Merchant {id}, {here}: {what} is removed, {left} left. After {EVERYWHERE_AFTER} at most no token is given for it any \
         more, and those that were given are refused."
    );
    Ok(Report::new(text, value))
}

/// Where the key with this name or number is. No name is a number.
fn position(document: &Document, named: &str) -> Result<usize, Failure> {
    let keys = &document.merchant.keys;
    let has_name = |key: &MerchantKey| key.name.as_ref().is_some_and(|name| name.to_string() == named);
    let number = named.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let at = number.filter(|at| *at < keys.len()).or_else(|| keys.iter().position(has_name));
    at.ok_or_else(|| {
        Failure::NotThere(format!(
            "no key has the name or number {named}; `merchant key list` shows all of them"
        ))
    })
}
