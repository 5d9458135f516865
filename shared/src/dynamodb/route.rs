//! The account at the gateway that an operation was sent through, or a card stored through, as it
//! is stored.

use std::borrow::Cow;

use tollgate_core::order::Route;

use super::members::{Object, Read, Reader, Writer, stored};

/// The gateway of a route that names none. Almost every operation has it, and a name costs bytes in
/// each.
const UNNAMED_GATEWAY: &str = "cardpointe";

stored! {
    Route {
        gateway: "gateway" unless (Cow::Borrowed(UNNAMED_GATEWAY)),
        account: "mi",
        endpoint: "bu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_payments::GATEWAY as GATEWAY_INFO;

    #[test]
    fn a_route_names_its_gateway_only_where_it_is_another_one() {
        assert_eq!(UNNAMED_GATEWAY, GATEWAY_INFO.name());
        for (name, is_written) in [(UNNAMED_GATEWAY, false), ("another", true)] {
            let written = Route { gateway: name.into(), account: "1".to_owned(), endpoint: "u".to_owned() };
            let mut writer = Writer::default();
            writer.put("r", &written);
            let members = writer.0["r"].as_m().unwrap();
            assert_eq!(members.contains_key("gateway"), is_written, "{name}");
            assert_eq!(Reader::new(writer.0).get::<Route>("r").unwrap(), written);
        }
    }
}
