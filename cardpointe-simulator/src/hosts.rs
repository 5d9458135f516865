//! Whose requests a server takes that is for this machine alone.
//!
//! A page from anywhere can have a name of its own point to this machine (DNS rebinding), and can
//! send requests that its browser sends without a question, such as `text/plain` (CSRF). `Host` and
//! `Origin` tell of both, and no page can change them.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header, uri::Authority};

/// The names of this machine that a server is called by: `localhost`, the loopback addresses, and
/// those that are added.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

/// The host that a request is for, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed {
    /// This machine.
    Own,
    /// Some other host.
    Foreign,
    /// None, several, or text that is no host and port.
    Malformed,
}

impl Hosts {
    /// With more names or addresses, without ports, besides the usual ones.
    pub fn new(more: impl IntoIterator<Item = String>) -> Self {
        Self(more.into_iter().map(|name| bare(&name)).collect())
    }

    /// The host in the header `Host`.
    pub fn addressed(&self, headers: &HeaderMap) -> Addressed {
        let mut all = headers.get_all(header::HOST).iter();
        match (all.next().and_then(host), all.next()) {
            (Some(host), None) if self.has(&host) => Addressed::Own,
            (Some(_), None) => Addressed::Foreign,
            _ => Addressed::Malformed,
        }
    }

    /// Whether no page sends a request, or one of this machine.
    pub fn is_own_page(&self, headers: &HeaderMap) -> bool {
        headers.get_all(header::ORIGIN).iter().all(|origin| self.is_own_origin(origin))
    }

    /// Whether an origin is this machine's: `http://localhost:8080` and the like, scheme, host and
    /// port.
    pub fn is_own_origin(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let Some(("http" | "https", rest)) = origin else { return false };
        HeaderValue::from_str(rest).ok().as_ref().and_then(host).is_some_and(|host| self.has(&host))
    }

    fn has(&self, host: &str) -> bool {
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback || host == "localhost" || self.0.iter().any(|own| own == host)
    }
}

/// The host of `host` or `host:port`, in lower case and without an IPv6 address's brackets.
fn host(text: &HeaderValue) -> Option<String> {
    let text = text.to_str().ok()?;
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    // The parser takes any number for a port, and text before an @ for a name.
    let port = text.strip_prefix(host)?;
    let port = port.strip_prefix(':').map(|port| port.is_empty() || is_port(port));
    if host.is_empty() || !(text == host || port == Some(true)) {
        return None;
    }
    Some(bare(host))
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let name = header::HeaderName::from_static(name);
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_a_name_of_this_machine_is_its_own() {
        let hosts = Hosts::new(["Laptop.lan".to_owned(), "[fe80::1]".to_owned(), "172.17.0.1".to_owned()]);
        for (host, addressed) in [
            ("localhost", Addressed::Own),
            ("LocalHost:3000", Addressed::Own),
            ("127.0.0.1:65535", Addressed::Own),
            ("127.9.9.9", Addressed::Own),
            ("[::1]:3000", Addressed::Own),
            ("[::1]", Addressed::Own),
            ("localhost:", Addressed::Own),
            ("laptop.lan:3000", Addressed::Own),
            ("172.17.0.1:3000", Addressed::Own),
            ("[fe80::1]:3000", Addressed::Own),
            ("pay.example.com", Addressed::Foreign),
            ("localhost.example.com", Addressed::Foreign),
            ("127.0.0.1.example.com", Addressed::Foreign),
            ("other.laptop.lan", Addressed::Foreign),
            ("172.17.0.2", Addressed::Foreign),
            ("0.0.0.0", Addressed::Foreign),
            ("256.0.0.1", Addressed::Foreign),
            ("localhost:65536", Addressed::Malformed),
            ("localhost:99999", Addressed::Malformed),
            ("localhost:+80", Addressed::Malformed),
            ("localhost:http", Addressed::Malformed),
            ("user@localhost", Addressed::Malformed),
            ("localhost@example.com", Addressed::Malformed),
            ("localhost/path", Addressed::Malformed),
            ("a b", Addressed::Malformed),
            ("[::1", Addressed::Malformed),
            ("", Addressed::Malformed),
        ] {
            assert_eq!(hosts.addressed(&headers("host", &[host])), addressed, "{host}");
        }
        for several in [&["localhost", "localhost"][..], &["localhost", "example.com"], &[]] {
            assert_eq!(hosts.addressed(&headers("host", several)), Addressed::Malformed, "{several:?}");
        }
        let others = Hosts::default();
        assert_eq!(others.addressed(&headers("host", &["laptop.lan"])), Addressed::Foreign);
    }

    #[test]
    fn only_pages_of_this_machine_are_its_own() {
        let hosts = Hosts::new(["laptop.lan".to_owned()]);
        for own in [
            "http://localhost",
            "http://localhost:8080",
            "http://127.0.0.1:3000",
            "https://[::1]:1",
            "http://127.9.9.9",
            "http://laptop.lan:1",
        ] {
            assert!(hosts.is_own_page(&headers("origin", &[own])), "{own}");
        }
        for other in [
            "null",
            "http://localhost.example.com",
            "http://example.com",
            "http://127.0.0.1@example.com",
            "http://example.com@localhost",
            "file://localhost",
            "http://10.0.0.1",
            "http://localhost:65536",
            "http://localhost/path",
            "localhost",
            "",
        ] {
            assert!(!hosts.is_own_page(&headers("origin", &[other])), "{other}");
        }
        assert!(hosts.is_own_page(&HeaderMap::new()), "what is no page has no origin");
        let both = headers("origin", &["http://localhost", "http://example.com"]);
        assert!(!hosts.is_own_page(&both));
    }
}
