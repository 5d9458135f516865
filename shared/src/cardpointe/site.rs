//! Whether money is real at a gateway's address.

use http::Uri;

/// CardConnect's domain; a site is a name below it.
const DOMAIN: &str = ".cardconnect.com";

/// The ending of the names of CardConnect's test sites (UAT: user acceptance testing).
const TEST_SITE: &str = "-uat";

/// Whether payments at this address are real. Only known test sites are tests: a `-uat` site of
/// CardConnect, and a gateway on this machine. An unknown host counts as live.
pub(super) fn is_live(endpoint: &str) -> bool {
    let this_machine =
        host(endpoint).is_some_and(|host| matches!(&*host, "localhost" | "127.0.0.1" | "[::1]"));
    !(is_test_site(endpoint) || this_machine)
}

/// Whether this is one of CardConnect's test sites, which limit requests.
pub(super) fn is_test_site(endpoint: &str) -> bool {
    let host = host(endpoint).unwrap_or_default();
    host.strip_suffix(DOMAIN).is_some_and(|site| site.ends_with(TEST_SITE))
}

fn host(endpoint: &str) -> Option<String> {
    Some(endpoint.parse::<Uri>().ok()?.host()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_a_test_is_one() {
        for (endpoint, live) in [
            ("https://fts-uat.cardconnect.com/cardconnect/rest", false),
            ("https://FTS-UAT.CardConnect.com/cardconnect/rest", false),
            ("http://127.0.0.1:3001/cardconnect/rest", false),
            ("http://localhost:3001/cardconnect/rest", false),
            ("http://[::1]:3001/cardconnect/rest", false),
            ("https://fts.cardconnect.com/cardconnect/rest", true),
            ("https://uat.cardconnect.com/cardconnect/rest", true),
            ("https://fts-uat.example.com/cardconnect/rest", true),
            ("https://fts-uat.cardconnect.com.example.com/rest", true),
            ("https://fts.cardconnect.com/fts-uat", true),
            ("https://gateway.example/rest", true),
            ("", true),
        ] {
            assert_eq!(is_live(endpoint), live, "{endpoint}");
        }
    }
}
