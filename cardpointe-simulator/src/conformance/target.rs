//! Where the kit may send to.

use std::fmt;
use std::net::IpAddr;

use http::Uri;

/// The end of every sandbox's host.
const SANDBOX: &str = "-uat.cardconnect.com";
/// The end of every host of the gateway.
const PRODUCTION: &str = ".cardconnect.com";

/// A sandbox, a simulator on this machine, or, only of a live run, the gateway itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    origin: String,
}

impl Target {
    /// Reads the address of a sandbox or of this machine. Its path is left out, as the kit knows
    /// its own.
    pub fn parse(text: &str) -> Result<Self, String> {
        let target = Self::read(text)?;
        if target.is_live() {
            return Err(format!(
                "{target} is neither a sandbox (https://…{SANDBOX}) nor this machine; \
                 with --live, a few small payments can be made there"
            ));
        }
        Ok(target)
    }

    /// Reads the address of a live run: the gateway's own, too.
    pub fn parse_live(text: &str) -> Result<Self, String> {
        Self::read(text)
    }

    /// Whether payments there move money.
    pub fn is_live(&self) -> bool {
        let host = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        let host = host.split(':').next().unwrap_or_default();
        is_site(host, PRODUCTION) && !is_site(host, SANDBOX)
    }

    fn read(text: &str) -> Result<Self, String> {
        let uri: Uri = text.trim().parse().map_err(|error| format!("{text}: {error}"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(format!("{text}: an address such as https://fts{SANDBOX}"));
        };
        if authority.as_str().contains('@') {
            return Err("the address must not hold credentials".to_owned());
        }
        let host = authority.host().to_ascii_lowercase();
        let is_allowed = (scheme == "https" && is_site(&host, PRODUCTION))
            || (["http", "https"].contains(&scheme) && is_loopback(&host));
        if is_allowed {
            Ok(Self { origin: format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()) })
        } else {
            Err(format!("{host} is neither a sandbox (https://…{SANDBOX}) nor this machine"))
        }
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.origin)
    }
}

/// Whether a host is one label and this ending.
fn is_site(host: &str, ending: &str) -> bool {
    let is_name = |site: &str| {
        !site.is_empty()
            && !site.starts_with('-')
            && site.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.strip_suffix(ending).is_some_and(is_name)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sandboxes_and_this_machine_are_allowed() {
        for text in [
            "https://fts-uat.cardconnect.com",
            "https://isv-uat.cardconnect.com:6443/cardconnect/rest",
            "https://FTS-UAT.cardconnect.com/",
            "http://127.0.0.1:4001",
            "http://localhost:4001/cardconnect/rest",
            "http://[::1]:4001",
        ] {
            assert!(Target::parse(text).is_ok(), "{text}");
        }
        let target = Target::parse("https://fts-uat.cardconnect.com/cardconnect/rest").unwrap();
        assert_eq!(target.origin(), "https://fts-uat.cardconnect.com");
    }

    #[test]
    fn production_other_hosts_and_plain_http_are_refused() {
        for text in [
            "https://fts.cardconnect.com",
            "http://fts-uat.cardconnect.com",
            "https://fts-uat.cardconnect.com.example.com",
            "https://example.com/fts-uat.cardconnect.com",
            "https://a.b-uat.cardconnect.com",
            "https://-uat.cardconnect.com",
            "https://user:word@fts-uat.cardconnect.com",
            "https://fts-uat.cardconnect.com@example.com",
            "http://10.0.0.1:4001",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "fts-uat.cardconnect.com",
            "",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_live_run_may_go_to_the_gateway_and_to_no_other_host() {
        for text in ["https://fts.cardconnect.com", "https://fts.cardconnect.com:8443"] {
            assert!(Target::parse_live(text).unwrap().is_live(), "{text}");
        }
        for text in ["https://fts-uat.cardconnect.com", "http://127.0.0.1:4001", "http://[::1]:4001"] {
            assert!(!Target::parse_live(text).unwrap().is_live(), "{text}");
        }
        for text in [
            "http://fts.cardconnect.com",
            "https://cardconnect.com",
            "https://-uat.cardconnect.com",
            "https://a.b.cardconnect.com",
            "https://fts.cardconnect.com.example.com",
            "https://fts.cardconnect.com@example.com",
            "https://example.com",
        ] {
            assert!(Target::parse_live(text).is_err(), "{text}");
        }
    }
}
