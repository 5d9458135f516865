//! The last check of a live run, at the place where requests are sent: small amounts, few paths,
//! and a token in place of a card number.

use http::Method;
use serde_json::{Map, Value};

use super::message::Message;
use crate::amount;

/// The largest amount of a live request, in minor units: 1.00.
const MAX_MINOR: i64 = 100;

const REST: &str = "/cardconnect/rest/";

/// The members that a live request may have. Others, such as a tip or a card number, could move
/// money in ways that the check of `amount` does not see.
const MEMBERS: [&str; 9] =
    ["merchid", "account", "expiry", "ecomind", "orderid", "amount", "capture", "retref", "receipt"];

/// The one merchant account and the one token that live requests have to name.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) merchid: String,
    pub(super) token: String,
}

impl Guard {
    /// Refuses a request that could move more than 1.00, or that no live probe needs.
    pub(super) fn check(&self, message: &Message) -> Result<(), String> {
        self.allows(message).map_err(|reason| {
            let path = message.path.split('?').next().unwrap_or_default();
            format!("a live run does not send {} {path}: {reason}", message.method)
        })
    }

    fn allows(&self, message: &Message) -> Result<(), String> {
        let path = message.path.strip_prefix(REST).ok_or("the path is not on its list")?;
        if message.path.contains(['?', '{', '%']) {
            return Err("the path is not on its list".to_owned());
        }
        match message.body.as_deref() {
            None if message.method == Method::GET => self.may_read(path),
            Some(body) if message.method == Method::PUT => self.may_write(path, body),
            None | Some(_) => Err("the method is not on its list".to_owned()),
        }
    }

    fn may_read(&self, path: &str) -> Result<(), String> {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["inquire", _, merchid]
            | ["inquireByOrderid", _, merchid, "1"]
            | ["inquireMerchant", merchid]
                if *merchid == self.merchid =>
            {
                Ok(())
            }
            _ => Err("the path is not on its list".to_owned()),
        }
    }

    fn may_write(&self, path: &str, body: &str) -> Result<(), String> {
        if !["auth", "capture", "void", "voidByOrderId"].contains(&path) {
            return Err("the path is not on its list".to_owned());
        }
        let members: Map<String, Value> =
            serde_json::from_str(body).map_err(|_| "its body is no JSON object")?;
        if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("{name} is not on its list of members"));
        }
        // Two members of one name are read differently by different parsers.
        if members.keys().any(|name| body.matches(&format!("\"{name}\"")).count() != 1) {
            return Err("a member is named twice".to_owned());
        }
        if members.get("merchid").and_then(Value::as_str) != Some(self.merchid.as_str()) {
            return Err("it is for another merchant account".to_owned());
        }
        let is_payment = path == "auth";
        if members.get("account").and_then(Value::as_str) != is_payment.then_some(self.token.as_str()) {
            return Err("its account is not the operator's token".to_owned());
        }
        match members.get("amount").map(amount::parse) {
            Some(Ok(minor)) if (0..=MAX_MINOR).contains(&minor) => Ok(()),
            Some(Ok(_)) => Err("its amount is not between 0.00 and 1.00".to_owned()),
            Some(Err(_)) => Err("its amount cannot be read".to_owned()),
            None if is_payment => Err("it has no amount".to_owned()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard { merchid: "496160873888".to_owned(), token: "9418594164541111".to_owned() }
    }

    fn check(method: &Method, path: &str, body: Option<&str>) -> Result<(), String> {
        let body = body.map(ToOwned::to_owned);
        guard().check(&Message { method: method.clone(), path: path.to_owned(), body, signed: true })
    }

    fn payment(more: &str) -> Result<(), String> {
        let body = format!(r#"{{"merchid":"496160873888","account":"9418594164541111"{more}}}"#);
        check(&Method::PUT, "/cardconnect/rest/auth", Some(&body))
    }

    #[test]
    fn up_to_1_00_may_be_sent_in_each_notation_and_nothing_above() {
        for amount in [r#""1.00""#, "1.00", "1.0", r#""100""#, "100", r#""0.01""#, "1", r#""0.00""#] {
            assert_eq!(payment(&format!(r#","amount":{amount}"#)), Ok(()), "{amount}");
        }
        for amount in [
            r#""1.01""#,
            "1.01",
            r#""101""#,
            "101",
            r#""10""0"#,
            r#""-1.00""#,
            r#""1,00""#,
            r#""1e2""#,
            "1e2",
            "null",
            r#""""#,
            "[1]",
            r#""1.00","amount":"100.00""#,
        ] {
            assert!(payment(&format!(r#","amount":{amount}"#)).is_err(), "{amount}");
        }
        assert!(payment("").unwrap_err().contains("no amount"));
    }

    #[test]
    fn a_capture_needs_no_amount_but_may_not_name_a_large_one() {
        let capture = |more: &str| {
            let body = format!(r#"{{"merchid":"496160873888","retref":"1"{more}}}"#);
            check(&Method::PUT, "/cardconnect/rest/capture", Some(&body))
        };
        assert_eq!(capture(""), Ok(()));
        assert!(capture(r#","amount":"1.01""#).is_err());
    }

    #[test]
    fn only_the_operators_token_and_known_members_may_be_sent() {
        for more in [r#","tip":"5.00""#, r#","profile":"Y""#, r#","Amount":"500.00""#] {
            assert!(payment(&format!(r#","amount":"1.00"{more}"#)).is_err(), "{more}");
        }
        let other =
            r#"{"merchid":"496160873888","account":"4111111111111111","expiry":"1249","amount":"1.00"}"#;
        let error = check(&Method::PUT, "/cardconnect/rest/auth", Some(other)).unwrap_err();
        assert!(error.contains("operator's token") && !error.contains("4111"), "{error}");
    }

    #[test]
    fn paths_and_methods_are_those_of_live_probes() {
        let get = |path: &str| check(&Method::GET, path, None);
        assert_eq!(get("/cardconnect/rest/inquire/1/496160873888"), Ok(()));
        assert_eq!(get("/cardconnect/rest/inquireByOrderid/a-b/496160873888/1"), Ok(()));
        assert_eq!(get("/cardconnect/rest/inquireMerchant/496160873888"), Ok(()));
        for path in [
            "/cardconnect/rest/inquire/1/2",
            "/cardconnect/rest/profile/1/1/496160873888",
            "/cardconnect/rest/surcharge?amount=1.00",
            "/cardsecure/api/v1/ccn/tokenize",
            "/cardconnect/rest/inquireMerchant/496160873888?x=1",
        ] {
            assert!(get(path).is_err(), "{path}");
        }
        let body = Some(r#"{"merchid":"496160873888","retref":"1","amount":"1.00"}"#);
        for path in ["refund", "profile", "sigcap", "auth/..", "../auth"] {
            assert!(check(&Method::PUT, &format!("/cardconnect/rest/{path}"), body).is_err(), "{path}");
        }
        assert!(check(&Method::DELETE, "/cardconnect/rest/inquire/1/496160873888", None).is_err());
        assert!(check(&Method::POST, "/cardconnect/rest/void", body).is_err());
    }
}
