//! The account at the gateway that an operation was sent through, or a card stored through, as it
//! is stored.

use std::borrow::Cow;

use tollgate_core::order::Route;

use super::members::{Object, Read, Reader, Writer, stored};

/// The gateway of a route that names none. Almost every operation has it, and a name costs bytes in
/// each.
const UNNAMED_GATEWAY: &str = "cardpointe";

/// The text around the name of a CardConnect site in its URL. Almost every operation has such a
/// URL, and stores only the name; any other URL is stored in full.
const BEFORE_SITE: &str = "https://";
const AFTER_SITE: &str = ".cardconnect.com/cardconnect/rest";

const ENDPOINT: &str = "bu";

stored! {
    Route |route, to, from| {
        gateway: "gateway" unless (Cow::Borrowed(UNNAMED_GATEWAY)),
        account: "mi",
        endpoint: (to.text(ENDPOINT, site_or_url(&route.endpoint)), url_of(from.get(ENDPOINT)?)),
    }
}

fn site_or_url(url: &str) -> &str {
    let site = url.strip_prefix(BEFORE_SITE).and_then(|rest| rest.strip_suffix(AFTER_SITE));
    site.filter(|site| !site.contains('/')).unwrap_or(url)
}

/// The URL that was stored: a site's name has no slash, and every URL has.
fn url_of(site_or_url: String) -> String {
    if site_or_url.contains('/') { site_or_url } else { format!("{BEFORE_SITE}{site_or_url}{AFTER_SITE}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tollgate_core::values::Currency;

    use super::*;
    use crate::{
        dynamodb::Item,
        test_payments::{GATEWAY as GATEWAY_INFO, merchant},
    };

    /// The stored members of a route, from which it is read again.
    fn members(route: &Route) -> Item {
        let mut writer = Writer::default();
        writer.put("r", route);
        let members = writer.0["r"].as_m().unwrap().clone();
        assert_eq!(Reader::new(writer.0).get::<Route>("r").unwrap(), *route);
        members
    }

    #[test]
    fn a_route_names_its_gateway_only_where_it_is_another_one() {
        assert_eq!(UNNAMED_GATEWAY, GATEWAY_INFO.name());
        for (name, is_written) in [(UNNAMED_GATEWAY, false), ("another", true)] {
            let route =
                Route { gateway: name.into(), account: "1".to_owned(), endpoint: "http://[::1]".to_owned() };
            assert_eq!(members(&route).contains_key("gateway"), is_written, "{name}");
        }
    }

    #[test]
    fn the_site_of_a_merchant_is_stored_by_its_name() {
        let route = merchant("m", &json!({})).route(Currency::USD).unwrap();
        assert_eq!(members(&route)["bu"].as_s().unwrap(), "elsewhere");
    }

    #[test]
    fn a_url_that_is_almost_a_sites_is_read_as_it_was_sent_to() {
        for url in [
            "http://127.0.0.1:3001/cardconnect/rest",
            "http://fts.cardconnect.com/cardconnect/rest",
            "https://fts.cardconnect.com:8443/cardconnect/rest",
            "https://fts.cardconnect.com/cardconnect/rest/2",
            "https://FTS.CardConnect.com/cardconnect/rest",
            "https://proxy.example/fts.cardconnect.com/cardconnect/rest",
        ] {
            let route =
                Route { gateway: UNNAMED_GATEWAY.into(), account: "1".to_owned(), endpoint: url.to_owned() };
            assert_eq!(members(&route)["bu"].as_s().unwrap(), url);
        }
    }
}
