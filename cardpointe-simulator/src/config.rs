//! What a simulator is started with.

use std::fmt;

use crate::codes::Processor;

/// How a simulator behaves. `Config::default()` is the public test account with the noise on.
#[derive(Clone, Debug)]
pub struct Config {
    /// The seed of everything that looks random: key order, extra keys, authorisation codes, references,
    /// profile ids. One seed and one sequence of requests give the same answers.
    pub seed: u64,
    /// Leaves out the random key order and the extra keys.
    pub quiet_json: bool,
    /// The merchant accounts.
    pub merchants: Vec<Merchant>,
    /// How long the time-out test cards keep a client waiting, in milliseconds. The real gateway takes 32 s.
    pub timeout_card_delay_ms: u64,
    /// Limits look-ups and profiles to 20 requests a minute and address, as the test system does.
    pub rate_limit: bool,
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
            ],
            timeout_card_delay_ms: 0,
            rate_limit: false,
            log: false,
        }
    }
}

impl Config {
    /// The merchant account that most public examples use: USD, First Data North.
    pub const DEFAULT_MID: &str = "496160873888";
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
    /// Where its authorisations go, and so which response codes they get.
    pub processor: Processor,
    /// Its only currency, ISO 4217.
    pub currency: String,
    /// What no public source decides; see [`Settings`].
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

/// Behaviour that depends on how a merchant account is set up, or that no public source tells. A client
/// should work with each of them on and off.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one account")]
pub struct Settings {
    /// The account is open; if not, everything is refused with PPS 97. Default on.
    pub enabled: bool,
    /// A refund sent with its own order id is found by it. Off: it is filed under the order id of its sale.
    /// Default on.
    pub refunds_findable_by_orderid: bool,
    /// Sales can be refunded before they have settled. Default off.
    pub refund_unsettled: bool,
    /// More than the authorised amount can be captured. Default off.
    pub over_capture: bool,
    /// A refund can be for less than what is left. Default on.
    pub partial_refunds: bool,
    /// Refunds are authorised by the processor, which can decline them; off, the gateway approves each itself
    /// (PPS 00, `REFUND`). Default on.
    pub online_refunds: bool,
    /// Addresses are verified. Default on.
    pub avs: bool,
    /// Card verification values are verified. With `avs` off, a verification of 0.00 needs one. Default on.
    pub cvv: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            refunds_findable_by_orderid: true,
            refund_unsettled: false,
            over_capture: false,
            partial_refunds: true,
            online_refunds: true,
            avs: true,
            cvv: true,
        }
    }
}

impl Settings {
    /// The settings by the names that the control interface uses.
    pub(crate) fn by_name(&mut self) -> [(&'static str, &mut bool); 8] {
        [
            ("enabled", &mut self.enabled),
            ("refunds_findable_by_orderid", &mut self.refunds_findable_by_orderid),
            ("refund_unsettled", &mut self.refund_unsettled),
            ("over_capture", &mut self.over_capture),
            ("partial_refunds", &mut self.partial_refunds),
            ("online_refunds", &mut self.online_refunds),
            ("avs", &mut self.avs),
            ("cvv", &mut self.cvv),
        ]
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
