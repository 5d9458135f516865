//! `merchant rotate-key`: a new key beside the old ones, then the old ones taken away
//! (docs/merchants.md).

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tollgate::secrets_manager::SecretKind;

use super::{Document, EVERYWHERE_AFTER, confirm_removal, new_key, read};
use crate::{args::RotateKey, aws::Aws, failure::Failure, installation::Installation, report::Report};

pub(crate) async fn run(installation: &Installation, rotate: &RotateKey) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let id = &rotate.id;
    let document = read(&aws, id).await?;
    if document.merchant.keys.iter().any(|key| key.name.is_some()) {
        // The newest key need not be the successor of the others, and may have a lower role than
        // they have.
        let text = "it has keys with names, each for a system of its own; rotate one with `merchant key add` under a new name, \
                    then `merchant key revoke`";
        return Err(Failure::Refused(text.to_owned()));
    }
    let keys = document.keys();
    let had = keys.len();
    let kept = match (rotate.retire, rotate.finish) {
        (None, false) => return add(installation, &aws, rotate, &document, keys).await,
        (Some(number), _) => without(keys, number)?,
        (None, true) if had < 2 => {
            return Err(Failure::Refused("there is only one key, so there is nothing to finish".to_owned()));
        }
        (None, true) => keys.into_iter().skip(had - 1).collect(),
    };
    let (kept_count, removed) = (kept.len(), had - kept.len());
    let document = document.with_keys(kept)?;
    let what = match rotate.retire {
        Some(number) => format!("key {number} of {had}"),
        None => format!("all keys but the newest, {removed} of {had}"),
    };
    let value = json!({
        "merchant": id, "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?,
        "keys": kept_count, "removed": removed, "dry_run": rotate.dry_run,
    });
    let at = installation.of_secrets(SecretKind::Merchants)?;
    if rotate.dry_run {
        let text = format!(
            "Dry run: nothing was written. Merchant {id}, {at}, would lose {what}; {kept_count} would stay."
        );
        return Ok(Report::new(text, value));
    }
    if !rotate.yes {
        confirm_removal(installation, id, &what)?;
    }
    aws.put_secret(id, &document.text()).await?;
    let text = format!(
        "Merchant {id}, {at}: {what} removed, {kept_count} left. After {EVERYWHERE_AFTER} at most no token is given for it \
         any more, and those that were given are refused."
    );
    Ok(Report::new(text, value))
}

async fn add(
    installation: &Installation,
    aws: &Aws,
    rotate: &RotateKey,
    document: &Document,
    mut keys: Vec<Value>,
) -> Result<Report, Failure> {
    let id = &rotate.id;
    let number = keys.len() + 1;
    let mut value = json!({
        "merchant": id, "stage": installation.stage_or_unnamed(), "place": installation.secrets_value(SecretKind::Merchants)?,
        "keys": number, "number": number, "dry_run": rotate.dry_run,
    });
    let at = installation.of_secrets(SecretKind::Merchants)?;
    if rotate.dry_run {
        let text = format!("Dry run: nothing was written. Merchant {id}, {at}, would get key {number}.");
        return Ok(Report::new(text, value));
    }
    let key = new_key()?;
    keys.push(json!(key.expose_secret()));
    aws.put_secret(id, &document.with_keys(keys)?.text()).await?;
    value["key"] = json!(key.expose_secret());
    let text = format!(
        "Merchant {id}, {at}: key {number} is added; the others stay valid.\n\n\
         client_id      {id}\nclient_secret  {}\n\n\
         The key is shown this once. Wait {EVERYWHERE_AFTER}, give it to the systems that ask for tokens, then:\n  \
         tollgate merchant rotate-key {id} --finish",
        key.expose_secret()
    );
    Ok(Report::new(text, value))
}

fn without(mut keys: Vec<Value>, number: usize) -> Result<Vec<Value>, Failure> {
    if !(1..=keys.len()).contains(&number) {
        return Err(Failure::Input(format!("--retire takes 1 to {}; 1 is the oldest key", keys.len())));
    }
    if keys.len() == 1 {
        let text = "it is the only key, and without a key no client gets a token; add one first: `merchant rotate-key`";
        return Err(Failure::Refused(text.to_owned()));
    }
    keys.remove(number - 1);
    Ok(keys)
}
