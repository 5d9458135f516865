//! Where card numbers, a gateway's credentials and a shop's may be sent: hosts that the deployment
//! lists. A person who can write a merchant's secret can change the addresses in it, but not these
//! lists.

use std::str::FromStr;

/// Gateways' hosts where a deployment names no others.
pub const CARDCONNECT: &str = "*.cardconnect.com";

/// Shops' hosts where a deployment names no others: one in each region.
pub const ELASTIC_PATH: [&str; 2] = ["useast.api.elasticpath.com", "euwest.api.elasticpath.com"];

/// A list of hosts, separated by commas: `fts.cardconnect.com`, or `*.cardconnect.com` for all
/// names below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Pattern>);

/// The lists of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostLists {
    /// Where merchants' gateways may be.
    pub gateways: AllowedHosts,
    /// Where merchants' shops may be.
    pub shops: AllowedHosts,
}

impl HostLists {
    /// This machine alone, for both.
    pub fn of_this_machine() -> Self {
        let names = ["127.0.0.1", "localhost"].map(|host| Pattern::Exactly(host.to_owned()));
        let both = AllowedHosts(names.into());
        Self { gateways: both.clone(), shops: both }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Exactly(String),
    /// With the leading point, so that `evilcardconnect.com` is not below `cardconnect.com`.
    Below(String),
}

/// The list is empty, or an entry is not a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected hosts such as *.cardconnect.com, separated by commas")]
pub struct InvalidHosts;

impl AllowedHosts {
    /// CardConnect's, for gateways.
    pub fn gateways() -> Self {
        Self(vec![Pattern::Below(CARDCONNECT.trim_start_matches('*').to_owned())])
    }

    /// Elastic Path's, for shops.
    pub fn shops() -> Self {
        Self(ELASTIC_PATH.map(|host| Pattern::Exactly(host.to_owned())).into())
    }

    /// Whether requests to this address stay within the list.
    pub fn allow(&self, base_url: &str) -> bool {
        let url = base_url.parse::<http::Uri>().ok();
        let host = url.as_ref().and_then(http::Uri::host).unwrap_or_default().to_ascii_lowercase();
        is_host(&host)
            && self.0.iter().any(|pattern| match pattern {
                Pattern::Exactly(name) => host == *name,
                // The suffix begins with a point, and a host does not: the host is longer.
                Pattern::Below(suffix) => host.ends_with(suffix.as_str()),
            })
    }
}

impl FromStr for AllowedHosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let pattern = |entry: &str| {
            let entry = entry.trim().to_ascii_lowercase();
            match entry.strip_prefix('*') {
                // All names below a top-level domain would be no list at all.
                Some(suffix) => {
                    let domain = suffix.strip_prefix('.').filter(|domain| domain.contains('.'));
                    domain.filter(|domain| is_host(domain)).map(|_| Pattern::Below(suffix.to_owned()))
                }
                None => is_host(&entry).then_some(Pattern::Exactly(entry)),
            }
        };
        text.split(',').map(pattern).collect::<Option<_>>().map(Self).ok_or(InvalidHosts)
    }
}

/// A plain name or IPv4 address, or IPv6's loopback. Any text that two parsers could read
/// differently is no host.
fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text == "[::1]" || text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> AllowedHosts {
        text.parse().unwrap()
    }

    #[test]
    fn card_numbers_go_to_cardconnect_and_nowhere_else_by_default() {
        assert_eq!(AllowedHosts::gateways(), hosts(CARDCONNECT));
        for url in [
            "https://fts-uat.cardconnect.com/cardconnect/rest",
            "https://FTS.CardConnect.com:8443/cardconnect/rest",
            "https://a.b.cardconnect.com",
        ] {
            assert!(AllowedHosts::gateways().allow(url), "{url}");
        }
        for url in [
            "https://evil.example/cardconnect/rest",
            "https://cardconnect.com.evil.example/rest",
            "https://evilcardconnect.com/rest",
            "https://cardconnect.com/rest",
            "https://.cardconnect.com/rest",
            "https://evil.example/.cardconnect.com",
            "https://evil.example?.cardconnect.com",
            "https://evil.example#.cardconnect.com",
            "https://evil.example\\.cardconnect.com/",
            "https://evil.example%2f.cardconnect.com/",
            "https://fts.cardconnect.com@evil.example/",
            "https://fts.cardconnect.com./rest",
            "http://127.0.0.1:3001/cardconnect/rest",
            "http://localhost/cardconnect/rest",
            "http://[::1]/cardconnect/rest",
            "",
        ] {
            assert!(!AllowedHosts::gateways().allow(url), "{url}");
        }
    }

    #[test]
    fn this_machine_is_allowed_where_the_list_names_it() {
        let local = hosts("127.0.0.1,localhost, [::1]");
        for url in ["http://127.0.0.1:3001/x", "http://localhost/x", "http://[::1]:3001/x"] {
            assert!(local.allow(url), "{url}");
        }
        assert!(!local.allow("https://fts.cardconnect.com/x"));
    }

    #[test]
    fn a_list_that_would_allow_everything_is_no_list() {
        for text in [
            "",
            "*",
            "*.com",
            "*.",
            "**.example.com",
            "*example.com",
            "a.example.com,",
            "https://a.example.com",
        ] {
            assert_eq!(text.parse::<AllowedHosts>(), Err(InvalidHosts), "{text}");
        }
    }
}
