//! The configuration of a simulator.

use std::fmt;

use crate::{
    codes::Processor,
    settings::{FeeType, Settings},
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

    /// When the gateway gives up waiting for a processor.
    pub const GATEWAY_TIMEOUT_MS: u64 = 32_000;
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

    #[test]
    fn debug_output_has_no_password() {
        assert!(!format!("{:?}", Config::default()).contains("testing123"));
    }
}
