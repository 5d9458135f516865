//! `merchant create`: a new merchant, once the gateway has taken its credentials.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tollgate::lambda::GATEWAY;
use tollgate_core::payments::Merchant;

use super::{Document, check_gateway, new_key, new_signing_key, surcharging};
use crate::{
    args::{Create, FeeBasis, Orders},
    aws::Aws,
    confirm,
    failure::Failure,
    installation::Installation,
    report::Report,
};

/// The stage whose payments are real.
const PROD: &str = "prod";

pub(crate) async fn run(installation: &Installation, create: &Create) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let (id, secret) = (&create.id, aws.secret_name(&create.id)?);
    let target = Target::new(installation, &aws, create).await?;
    // Before the prompt for a password. The write itself makes sure once more.
    if aws.secret(id).await?.is_some() {
        return Err(Aws::there_already(&secret, id));
    }
    let password = confirm::secret(
        "the gateway's password",
        &format!(
            "Merchant {id}, {target} at {}\nPassword of {} at the gateway: ",
            target.endpoint, create.username
        ),
    )?;
    let (key, signing_key) = (new_key()?, new_signing_key()?);
    let document = Document::new(id, document(create, &password, &key, &signing_key))?;
    // Functions ignore text that is not for people in a document, so that it stops no payment. Here
    // it is an error.
    let Merchant { name, address, .. } = &document.merchant;
    for (argument, is_kept) in [("--name", *name == create.name), ("--address", *address == create.address)] {
        if !is_kept {
            return Err(Failure::Input(format!("{argument}: cannot be shown on a receipt")));
        }
    }
    let checked = check_gateway(&document, &installation.hosts.gateways).await?;
    let surcharging = surcharging(&checked);
    let document = if surcharging.is_empty() { document } else { document.with_surcharging(&surcharging)? };
    let accounts: Vec<String> = checked.iter().map(|mid| format!("  {}\n", mid.text())).collect();
    let accounts = accounts.concat();
    let mut value = json!({
        "merchant": id,
        "account": target.account,
        "region": installation.region,
        "stage": target.stage,
        "secret": secret,
        "base_url": document.merchant.gateway.endpoint,
        "livemode": target.is_live,
        "merchids": checked.iter().map(|mid| (mid.currency.code().to_owned(), json!(mid.merchid))).collect::<serde_json::Map<_, _>>(),
        "surcharging_merchids": surcharging,
        "dry_run": create.dry_run,
    });
    if create.dry_run {
        let text = format!(
            "Dry run: nothing was written.\n{accounts}Merchant {id}, {target}: the secret {secret} would be written."
        );
        return Ok(Report::new(text, value));
    }
    aws.create_secret(id, &document.text(), create.kms_key_id.as_deref()).await.map_err(|failure| match failure {
        Failure::Unavailable(why) => Failure::Unavailable(format!(
            "{why}. If the secret was written all the same, `merchant rotate-key {id}` gives it a key that is known"
        )),
        other => other,
    })?;
    value["key"] = json!(key.expose_secret());
    let text = format!(
        "Merchant {id}, {target}: the secret {secret} is written.\n{accounts}\n\
         client_id      {id}\nclient_secret  {}\n\n\
         The key is shown this once. Give it to the systems that ask for tokens.",
        key.expose_secret()
    );
    Ok(Report::new(text, value))
}

/// Where a merchant is made, and at which kind of gateway account.
struct Target {
    /// The AWS account; none of a local stack.
    account: Option<String>,
    region: String,
    stage: String,
    endpoint: String,
    is_live: bool,
}

impl Target {
    /// Refuses payments on prod that are not real, which is a mistake.
    async fn new(installation: &Installation, aws: &Aws, create: &Create) -> Result<Self, Failure> {
        let stage = installation.stage()?.to_owned();
        // With any password: errors in the arguments, and a host that is not allowed, are shown
        // before one is typed.
        let (key, signing_key) = (new_key()?, new_signing_key()?);
        let draft = Document::new(&create.id, document(create, &key, &key, &signing_key))?;
        let gateway = &draft.merchant.gateway;
        let (endpoint, is_live) = (gateway.endpoint.clone(), GATEWAY.is_live(&gateway.any_route()));
        if stage == PROD && !is_live && !create.test {
            return Err(Failure::Refused(format!(
                "{endpoint} is a test account, and the stage is {PROD}: no payment of the merchant would be real. Add --test \
                 if you mean it"
            )));
        }
        draft.gateway(&installation.hosts.gateways)?;
        let account = if installation.is_local { None } else { Some(aws.identity().await?.account) };
        Ok(Self { account, region: installation.region.clone(), stage, endpoint, is_live })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "AWS account {account}, {}, ", self.region)?;
        }
        write!(f, "stage {}, {} gateway account", self.stage, if self.is_live { "live" } else { "test" })
    }
}

fn document(
    create: &Create,
    password: &SecretString,
    key: &SecretString,
    signing_key: &SecretString,
) -> Value {
    let merchids = create.merchid.iter().map(|(currency, mid)| (currency.code().to_owned(), json!(mid)));
    let mut gateway = json!({
        "username": create.username,
        "password": password.expose_secret(),
        "merchids": merchids.collect::<serde_json::Map<_, _>>(),
    });
    match (&create.site, &create.base_url) {
        (Some(site), _) => gateway["site"] = json!(site),
        (None, url) => gateway["base_url"] = json!(url),
    }
    if let Some(basis) = create.fee_basis {
        gateway["fee_basis"] = json!(match basis {
            FeeBasis::Subtotal => "subtotal",
            FeeBasis::Total => "total",
        });
    }
    let orders = match create.orders {
        Orders::Registered => "registered",
        Orders::External => "external",
    };
    let mut document = json!({
        "keys": [key.expose_secret()],
        "token_signing_key": signing_key.expose_secret(),
        "gateway": gateway,
        "orders": orders,
    });
    if create.shopper_tokens {
        document["shopper_tokens"] = json!(true);
    }
    if let Some(name) = &create.name {
        document["name"] = json!(name);
    }
    if !create.address.is_empty() {
        document["address"] = json!(create.address);
    }
    document
}
