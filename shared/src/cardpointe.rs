//! CardConnect's CardPointe gateway: the client, its wire format, and the meaning of its responses.

mod client;
pub mod codes;
mod fees;
mod identity;
mod inquiry;
mod meaning;
mod profiles;
mod reports;
mod site;
mod surcharge;
#[cfg(test)]
mod test_transport;
pub mod transport;
mod wire;

use std::time::Duration;

pub use client::CardPointe;
pub use reports::CardPointeReports;

use tollgate_core::{
    order::Route,
    payments::{GatewayInfo, WORKING_MAX},
};

/// This gateway's name in a stored operation's route.
const NAME: &str = "cardpointe";

/// Decimals of every amount: to CardPointe a whole number means minor units, so an amount of a
/// currency with another exponent cannot be written without ambiguity (`docs/cardpointe.md`,
/// *Amounts, dates and order ids*).
const DECIMALS: u32 = 2;

/// How long the gateway works on a request before it gives up on the processor. Documented of
/// authorizations, inferred of the others (`docs/cardpointe.md`, *Timeouts and duplicates*).
const TIMEOUT: Duration = Duration::from_secs(32);

/// The facts about CardPointe that are known without a call.
pub struct Info;

impl GatewayInfo for Info {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decimals(&self) -> u32 {
        DECIMALS
    }

    fn is_live(&self, route: &Route) -> bool {
        site::is_live(&route.endpoint)
    }
}

const _: () = assert!(TIMEOUT.as_secs() <= WORKING_MAX.as_secs(), "the rules give it less time");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_gateway_needs_no_call() {
        let route = |endpoint: &str| Route {
            gateway: NAME.into(),
            account: "1".to_owned(),
            endpoint: endpoint.to_owned(),
        };
        assert_eq!((Info.name(), Info.decimals()), ("cardpointe", 2));
        assert!(Info.is_live(&route("https://fts.cardconnect.com/cardconnect/rest")));
        assert!(!Info.is_live(&route("https://fts-uat.cardconnect.com/cardconnect/rest")));
    }
}
