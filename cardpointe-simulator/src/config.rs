//! The configuration of a simulator.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::{
    codes::Processor,
    currency,
    settings::{FeeType, LinkedMerchid, Settings},
};

/// How a simulator behaves. `Config::default()` is the public test account with the noise on.
#[derive(Clone, Debug)]
pub struct Config {
    /// The seed of everything that looks random: key order, extra keys, authorization codes,
    /// references, profile ids. One seed and one sequence of requests give the same responses.
    pub seed: u64,
    /// Leaves out the random key order and the extra keys.
    pub quiet_json: bool,
    /// The merchant accounts, each with its credentials, currency and processor.
    pub merchants: Vec<Merchant>,
    /// How late a timed-out response is, in milliseconds. The real gateway takes
    /// [`Self::GATEWAY_TIMEOUT_MS`]; the default is 0, so that tests over HTTP do not wait.
    pub timeout_card_delay_ms: u64,
    /// Limits inquiries and profiles to 20 requests per minute and address, as the test system
    /// does.
    pub rate_limit: bool,
    /// Names and addresses of this machine, besides the usual ones, by which the control interface
    /// may be called.
    pub hosts: Vec<String>,
    /// One line a request on stderr: time, method, path, status, duration. Never a body.
    pub log: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            quiet_json: false,
            merchants: vec![
                Merchant::new(Self::DEFAULT_MID, Processor::Fnor, "USD"),
                Merchant::new("496480518000", Processor::Rpct, "USD"),
                Merchant::new("496160873124", Processor::Fnor, "CAD"),
                Merchant::new("496160873978", Processor::Fnor, "EUR"),
                Merchant::new("BCX100264539177", Processor::Fnor, "USD"),
                Merchant {
                    settings: Settings { fee_type: FeeType::Surcharge, ..Settings::default() },
                    ..Merchant::new(Self::SURCHARGE_MID, Processor::Rpct, "USD")
                },
            ],
            timeout_card_delay_ms: 0,
            rate_limit: false,
            hosts: Vec::new(),
            log: false,
        }
    }
}

impl Config {
    /// The merchant account that most public examples use: USD, First Data North.
    pub const DEFAULT_MID: &str = "496160873888";

    /// The merchant account that adds a surcharge of 3 % to payments by credit card: USD, Rapid
    /// Connect.
    pub const SURCHARGE_MID: &str = "496590513883";

    /// Adds a merchant account, in the place of one with the same number.
    pub fn put_merchant(&mut self, merchant: Merchant) {
        self.merchants.retain(|known| known.merchid != merchant.merchid);
        self.merchants.push(merchant);
    }

    /// Changes settings of accounts: a JSON object with the number of each and an object of its
    /// settings, in the words of the control interface. The error names the account and the
    /// setting; nothing is changed then.
    pub fn change_settings(&mut self, json: &str) -> Result<(), String> {
        let mut merchants = self.merchants.clone();
        for (merchid, given) in accounts(json)? {
            let merchant = merchants.iter_mut().find(|merchant| merchant.merchid == merchid);
            let merchant = merchant.ok_or_else(|| format!("{merchid}: there is no such merchant account"))?;
            merchant.settings.change(&given).map_err(|error| format!("{merchid}: {error}"))?;
        }
        self.merchants = merchants;
        Ok(())
    }

    /// Gives every account the settings of the one account in such an object.
    pub fn behave_alike(&mut self, json: &str) -> Result<(), String> {
        let mut all = accounts(json)?;
        let (Some((merchid, given)), None) = (all.pop_first(), all.pop_first()) else {
            return Err("not the settings of one account".to_owned());
        };
        let mut merchants = self.merchants.clone();
        for merchant in &mut merchants {
            merchant.settings.change(&given).map_err(|error| format!("{merchid}: {error}"))?;
        }
        self.merchants = merchants;
        Ok(())
    }

    /// When the gateway gives up waiting for a processor.
    pub const GATEWAY_TIMEOUT_MS: u64 = 32_000;
}

/// Accounts and their settings, of a JSON object.
fn accounts(json: &str) -> Result<BTreeMap<String, Map<String, Value>>, String> {
    let accounts: Map<String, Value> = serde_json::from_str(json)
        .map_err(|error| format!("not an object of merchant accounts and their settings: {error}"))?;
    let settings = accounts.into_iter().map(|(merchid, settings)| match settings {
        Value::Object(settings) => Ok((merchid, settings)),
        _ => Err(format!("{merchid}: not an object of settings")),
    });
    settings.collect()
}

/// A merchant account (MID).
#[derive(Clone)]
pub struct Merchant {
    /// The merchant account's number.
    pub merchid: String,
    /// The user name of its credentials; accounts with the same one form a site.
    pub username: String,
    /// The password of its credentials.
    pub password: String,
    /// Where its authorizations go, and so which response codes they get.
    pub processor: Processor,
    /// Its only currency, ISO 4217.
    pub currency: String,
    /// Behavior that no public source decides; see [`Settings`].
    pub settings: Settings,
}

impl Merchant {
    /// A merchant account with the test credentials and default settings.
    pub fn new(merchid: &str, processor: Processor, currency: &str) -> Self {
        Self {
            merchid: merchid.to_owned(),
            username: "testing".to_owned(),
            password: "testing123".to_owned(),
            processor,
            currency: currency.to_owned(),
            settings: Settings::default(),
        }
    }
}

/// A merchant account in texts that someone typed.
pub(crate) struct AccountTexts<'a> {
    pub(crate) merchid: &'a str,
    pub(crate) processor: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) username: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
}

impl AccountTexts<'_> {
    /// The account; without credentials it has the usual ones. The error names the text that is
    /// wrong.
    pub(crate) fn merchant(&self) -> Result<Merchant, String> {
        let processor = Processor::named(self.processor)
            .ok_or_else(|| format!("processor: FNOR or RPCT, not {:?}", self.processor))?;
        if LinkedMerchid::new(self.merchid).is_none_or(|number| number.text().is_none()) {
            return Err(format!("merchid: 1 to 16 letters and digits, not {:?}", self.merchid));
        }
        if !currency::is_known(self.currency) {
            return Err(format!("currency: three letters of ISO 4217, such as USD, not {:?}", self.currency));
        }
        let mut merchant = Merchant::new(self.merchid, processor, self.currency);
        match (self.username, self.password) {
            (None, None) => {}
            (Some(username), Some(password)) if !username.is_empty() => {
                username.clone_into(&mut merchant.username);
                password.clone_into(&mut merchant.password);
            }
            _ => return Err("username, password: both, or neither".to_owned()),
        }
        Ok(merchant)
    }
}

impl FromStr for Merchant {
    type Err = String;

    /// Reads `MID:PROCESSOR:CURRENCY`, and optionally `:USER:PASSWORD`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(5, ':');
        let texts = AccountTexts {
            merchid: parts.next().unwrap_or_default(),
            processor: parts.next().unwrap_or_default(),
            currency: parts.next().unwrap_or_default(),
            username: parts.next(),
            password: parts.next(),
        };
        texts.merchant()
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Merchant")
            .field("merchid", &self.merchid)
            .field("processor", &self.processor)
            .field("currency", &self.currency)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::RefundSetlstat;

    #[test]
    fn an_account_is_read_with_credentials_or_without() {
        let read = |text: &str| {
            text.parse().map(|merchant: Merchant| {
                let Merchant { merchid, username, password, processor, currency, .. } = merchant;
                [&merchid, processor.name(), &currency, &username, &password].join(" ")
            })
        };
        assert_eq!(read("800000009033:RPCT:USD").unwrap(), "800000009033 RPCT USD testing testing123");
        assert_eq!(read("A1:FNOR:CAD:shop:a:b").unwrap(), "A1 FNOR CAD shop a:b");
        for (text, word) in [
            ("", "processor"),
            ("A1:TSYS:USD", "processor"),
            ("A1:FNOR:XXQ", "currency"),
            ("A1:FNOR", "currency"),
            (":FNOR:USD", "merchid"),
            ("12345678901234567:FNOR:USD", "merchid"),
            ("A1:FNOR:USD:shop", "password"),
            ("A1:FNOR:USD::word", "password"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_of_settings_changes_what_it_names_or_nothing() {
        let mut config = Config::default();
        config
            .change_settings(r#"{"496480518000":{"over_capture":true,"refund_setlstat":"empty"}}"#)
            .unwrap();
        let changed = config.merchants[1].settings;
        let expected =
            Settings { over_capture: true, refund_setlstat: RefundSetlstat::Empty, ..Settings::default() };
        assert_eq!(changed, expected);
        for (json, word) in [
            ("[]", "object"),
            (r#"{"1":{}}"#, "1: there is no such merchant account"),
            (r#"{"496480518000":[]}"#, "object of settings"),
            (r#"{"496480518000":{"over_captures":true}}"#, "over_captures: no such setting"),
            (r#"{"496480518000":{"over_capture":false,"avs":1}}"#, "avs: true or false"),
        ] {
            let error = config.change_settings(json).unwrap_err();
            assert!(error.contains(word), "{json}: {error}");
            assert_eq!(config.merchants[1].settings, expected);
        }
    }

    #[test]
    fn debug_output_has_no_password() {
        assert!(!format!("{:?}", Config::default()).contains("testing123"));
    }
}
