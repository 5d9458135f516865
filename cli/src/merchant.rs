//! Merchants: their documents and keys.

pub(crate) mod create;
pub(crate) mod key;
pub(crate) mod rotate;
pub(crate) mod show;
pub(crate) mod switch;

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tollgate::{
    lambda::GATEWAY,
    merchant_document::{self, IgnoredMember, hosts::AllowedHosts},
    secrets_manager::SecretKind,
};
use tollgate_core::{
    order::{MerchantId, Route},
    payments::{Merchant, MerchantsError},
    values::{Currency, clean_text},
};

use crate::{
    aws::Aws,
    confirm,
    failure::Failure,
    gateway::{Gateway, Mid, MidFee},
    installation::Installation,
};

/// Bytes of a new key: no guessing gets through 192 bits.
const KEY_BYTES: usize = 24;

/// Bytes of a new signing key, as HMAC-SHA-256 needs (RFC 7518 §3.2).
const SIGNING_KEY_BYTES: usize = 32;

/// How alike two names are, of 1, if one is probably the other misspelled. The command line has the
/// same for its own words.
const LIKE: f64 = 0.7;

/// Most characters of a member's name that are shown.
const NAME_SHOWN_MAX: usize = 40;

/// How long a function goes on with a document that it has read.
const EVERYWHERE_AFTER: &str = "5 minutes";

/// A merchant's document with the merchant that it describes. No `Debug`: it holds every secret of
/// the merchant.
pub(crate) struct Document {
    value: Value,
    /// As the functions read it.
    pub(crate) merchant: Merchant,
}

impl Document {
    pub(crate) fn parse(id: &MerchantId, text: &SecretString) -> Result<Self, Failure> {
        let merchant = merchant_document::parse(id.clone(), text.expose_secret(), GATEWAY)?;
        let malformed = |_| MerchantsError::Malformed("not valid JSON".to_owned());
        Ok(Self { value: serde_json::from_str(text.expose_secret()).map_err(malformed)?, merchant })
    }

    /// From a value, which the functions have to be able to read.
    pub(crate) fn new(id: &MerchantId, value: Value) -> Result<Self, Failure> {
        let text = SecretString::from(value.to_string());
        Ok(Self { merchant: merchant_document::parse(id.clone(), text.expose_secret(), GATEWAY)?, value })
    }

    pub(crate) fn text(&self) -> SecretString {
        SecretString::from(self.value.to_string())
    }

    fn keys(&self) -> Vec<Value> {
        self.value["keys"].as_array().cloned().unwrap_or_default()
    }

    /// The same document with other keys.
    fn with_keys(&self, keys: Vec<Value>) -> Result<Self, Failure> {
        let mut value = self.value.clone();
        value["keys"] = Value::Array(keys);
        Self::new(&self.merchant.id, value)
    }

    /// The same document with these MIDs as those that add a surcharge.
    fn with_surcharging(&self, merchids: &[&str]) -> Result<Self, Failure> {
        let mut value = self.value.clone();
        value["gateway"]["surcharging_merchids"] = json!(merchids);
        Self::new(&self.merchant.id, value)
    }

    /// Members that nothing reads, each with the member that is probably meant.
    pub(crate) fn ignored(&self) -> Vec<String> {
        let ignored =
            merchant_document::ignored_members(&self.value).map(|IgnoredMember { within, name, known }| {
                // The name can be anything: never shown if it is a number, and shown short.
                let shown = clean_text(name, NAME_SHOWN_MAX);
                let meant = known.iter().map(|known| (strsim::jaro(name, known), known));
                let meant = meant.filter(|(likeness, _)| *likeness > LIKE).max_by(|a, b| a.0.total_cmp(&b.0));
                let meant = meant.map(|(_, known)| format!("; did you mean {known}?"));
                format!("{shown} in {within} is not known and ignored{}", meant.unwrap_or_default())
            });
        ignored.collect()
    }

    /// The account for each currency.
    pub(crate) fn routes(&self) -> Vec<(Currency, Route)> {
        let listed = self.value.pointer("/gateway/merchids").and_then(Value::as_object);
        let currencies = listed.into_iter().flat_map(|listed| listed.keys());
        let mut routes: Vec<_> = currencies
            .filter_map(|code| code.parse().ok())
            .filter_map(|currency| Some((currency, self.merchant.route(currency).ok()?)))
            .collect();
        routes.sort_by_key(|(currency, _)| *currency);
        routes
    }

    pub(crate) fn gateway(&self, hosts: &AllowedHosts) -> Result<Gateway, Failure> {
        let account = &self.merchant.gateway;
        Gateway::new(hosts, &account.endpoint, &account.username, &account.password)
    }
}

/// The document as it is stored.
pub(crate) async fn read(aws: &Aws, id: &MerchantId) -> Result<Document, Failure> {
    let stored = aws.secret(id).await?.ok_or(MerchantsError::Unknown)?;
    Document::parse(id, &stored)
}

/// Prompts before a key is removed.
fn confirm_removal(installation: &Installation, id: &MerchantId, what: &str) -> Result<(), Failure> {
    let happens = format!(
        "Merchant {id}, {}: {what} will be removed. What still uses it gets no token from then on.",
        installation.of_secrets(SecretKind::Merchants)?
    );
    confirm::by_typing(id.as_str(), &happens)
}

/// The gateway's description of one currency's MID.
pub(crate) struct CheckedMid {
    pub(crate) currency: Currency,
    pub(crate) merchid: String,
    pub(crate) mid: Mid,
}

/// Finds out whether the gateway takes the credentials for every MID.
pub(crate) async fn check_gateway(
    document: &Document,
    hosts: &AllowedHosts,
) -> Result<Vec<CheckedMid>, Failure> {
    let gateway = document.gateway(hosts)?;
    let mut checked = Vec::new();
    for (currency, Route { account: merchid, .. }) in document.routes() {
        gateway.check(&merchid).await?;
        let mid = gateway.mid(&merchid).await?;
        if mid.enabled == Some(false) {
            return Err(Failure::Refused(format!(
                "the gateway has MID {merchid} ({currency}) switched off; CardConnect switches it on"
            )));
        }
        must_be_kept(&merchid, mid.fee)?;
        checked.push(CheckedMid { currency, merchid, mid });
    }
    if checked.is_empty() {
        return Err(Failure::Input("no MID is for a currency that the gateway can carry".to_owned()));
    }
    Ok(checked)
}

/// Refuses fees that are transactions of their own: nothing here would record, void or refund them.
fn must_be_kept(merchid: &str, fee: MidFee) -> Result<(), Failure> {
    let what = match fee {
        MidFee::None | MidFee::Surcharge | MidFee::NotTold => return Ok(()),
        MidFee::Convenience => "a convenience fee (fee_type C)",
        MidFee::Service => "a service fee (fee_type F)",
        MidFee::Unlisted => {
            return Err(Failure::Refused(format!(
                "the gateway adds a fee at MID {merchid} of a type that no document lists; ask CardConnect what it is"
            )));
        }
    };
    Err(Failure::Refused(format!(
        "the gateway adds {what} at MID {merchid}: a second transaction on another MID, which Tollgate neither records, \
         voids nor refunds; CardConnect switches it off"
    )))
}

impl CheckedMid {
    pub(crate) fn text(&self) -> String {
        let said = match self.mid.enabled {
            Some(true) => "credentials good, MID enabled",
            Some(false) => "credentials good, MID disabled",
            None => "credentials good; the gateway does not tell whether the MID exists and is enabled",
        };
        let fee = match self.mid.fee {
            MidFee::Surcharge => "; it adds a surcharge to credit cards",
            MidFee::NotTold => {
                ", nor whether it adds a surcharge: if it does, list it in gateway.surcharging_merchids"
            }
            MidFee::None | MidFee::Convenience | MidFee::Service | MidFee::Unlisted => "",
        };
        format!("{} MID {}: {said}{fee}", self.currency, self.merchid)
    }
}

/// The MIDs that add a surcharge, each once: two currencies can have one MID.
pub(crate) fn surcharging(checked: &[CheckedMid]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    for CheckedMid { merchid, mid, .. } in checked {
        if mid.fee == MidFee::Surcharge && !found.contains(&merchid.as_str()) {
            found.push(merchid);
        }
    }
    found
}

fn new_key() -> Result<SecretString, Failure> {
    random_hex(KEY_BYTES)
}

fn new_signing_key() -> Result<SecretString, Failure> {
    random_hex(SIGNING_KEY_BYTES)
}

/// From the system's random number generator. Digits and letters only, so that it survives every
/// form and shell.
pub(crate) fn random_hex(bytes: usize) -> Result<SecretString, Failure> {
    let mut drawn = vec![0; bytes];
    let failed = |_| Failure::Unavailable("the system gives no random numbers".to_owned());
    SystemRandom::new().fill(&mut drawn).map_err(failed)?;
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    let text: String = drawn.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    Ok(SecretString::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let [one, two, signing] = [new_key(), new_key(), new_signing_key()].map(|key| key.ok().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_eq!((one.expose_secret().len(), signing.expose_secret().len()), (48, 64));
        assert!(one.expose_secret().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
