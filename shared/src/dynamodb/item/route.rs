//! The account at the gateway that an operation was sent through, or a card stored through, as it is stored.

use std::borrow::Cow;

use tollgate_core::{order::operation::Route, payments::store::StoreError, values::carried::Carried};

use super::members::{Name, Reader, Writer};

pub(super) const ROUTE: Name = Name("r", "route");
/// The gateway of a route that names none: it was the only one for a long time, and a name costs bytes in every
/// operation.
const UNNAMED_GATEWAY: &str = "cardpointe";
const GATEWAY: Name = Name("gateway", "");
const MERCHID: Name = Name("mi", "merchid");
const BASE_URL: Name = Name("bu", "base_url");

/// What is short for another name here.
pub(super) const NAMES: [Name; 3] = [ROUTE, MERCHID, BASE_URL];

pub(super) fn write_route(writer: &mut Writer, route: &Route) {
    let mut members = Writer::default();
    if route.gateway != UNNAMED_GATEWAY {
        members.text(GATEWAY, &*route.gateway);
    }
    members.text(MERCHID, &route.account);
    members.text(BASE_URL, &route.endpoint);
    writer.object(ROUTE, members.finish(&Carried::default()));
}

pub(super) fn read_route(members: &mut Reader) -> Result<Route, StoreError> {
    read_route_maybe(members)?.ok_or_else(no_route)
}

pub(super) fn read_route_maybe(members: &mut Reader) -> Result<Option<Route>, StoreError> {
    members.part(ROUTE, |members| {
        let gateway = members.text_maybe(GATEWAY)?.map_or(Cow::Borrowed(UNNAMED_GATEWAY), Cow::Owned);
        Ok(Route { gateway, account: members.text(MERCHID)?, endpoint: members.text(BASE_URL)? })
    })
}

pub(super) fn no_route() -> StoreError {
    StoreError::Corrupt("no route".to_owned())
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
            write_route(&mut writer, &written);
            let item = writer.finish(&Carried::default());
            let members = item[ROUTE.0].as_m().unwrap();
            assert_eq!(members.contains_key(GATEWAY.0), is_written, "{name}");
            assert_eq!(read_route(&mut Reader::new(item)).unwrap(), written);
        }
    }
}
