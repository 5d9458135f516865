//! The probes of a live run: small payments with the operator's card, each voided at its end.

use super::{
    AUTH_PATH, BY_ORDER_PATH, CAPTURE, CAPTURE_PATH, FEE, INQUIRE_PATH, RECORD, VERDICT, VOID, VOID_PATH,
    capture, probe, record, unknown_order_id, unknown_reference, void,
};
use crate::conformance::probe::{
    Basis::{Documented, Inferred, Unknown},
    Probe, Step, get, put,
};

/// A payment of 0.30 to 0.59 with the operator's card: another amount for each probe, so that
/// no processor takes one for a duplicate.
macro_rules! small {
    ($($more:literal)?) => {
        concat!(
            r#"{"merchid":"{mid}","account":"{card}","expiry":"{expiry}","ecomind":"E","#,
            r#""orderid":"{order}","amount":"0.{cents}""#, $(",", $more,)? "}"
        )
    };
}

fn authorized() -> Step {
    put(AUTH_PATH, small!(), VERDICT)
}

fn captured() -> Step {
    put(AUTH_PATH, small!(r#""capture":"Y""#), VERDICT)
}

pub(in crate::conformance) fn all() -> Vec<Probe> {
    const NAMED: &[&str] = &["respstat", "orderId", "orderid", "receipt"];
    let capture_of = |body| put(CAPTURE_PATH, body, CAPTURE).keeps(&[]);
    let void_of = |body| put(VOID_PATH, body, VOID).keeps(&[]);
    vec![
        probe(Documented, "Void of an authorization", vec![authorized(), record(), void(), record()]),
        probe(Documented, "Void of a captured payment", vec![captured(), record(), void(), record()]),
        probe(Unknown, "A second void", vec![authorized(), void(), void(), record()]),
        probe(Unknown, "Capture of a voided payment", vec![authorized(), void(), capture(), record()]),
        probe(
            Inferred,
            "A second capture replaces the amount",
            vec![
                authorized(),
                capture_of(named!("retref", r#""amount":"0.10""#)),
                capture_of(named!("retref", r#""amount":"0.20""#)),
                record(),
            ],
        ),
        probe(
            Unknown,
            "Capture of more than was authorized",
            vec![authorized(), capture_of(named!("retref", r#""amount":"0.60""#)), record()],
        ),
        probe(
            Documented,
            "Void of a part of an authorization",
            vec![authorized(), void_of(named!("retref", r#""amount":"0.20""#)), record()],
        ),
        probe(
            Unknown,
            "Void of more than there is",
            vec![authorized(), void_of(named!("retref", r#""amount":"0.90""#)), record()],
        ),
        probe(
            Inferred,
            "Void by order id of two payments",
            vec![
                authorized(),
                captured(),
                put("/cardconnect/rest/voidByOrderId", r#"{"merchid":"{mid}","orderid":"{order}"}"#, VOID),
                get(BY_ORDER_PATH, RECORD),
            ],
        ),
        probe(
            Documented,
            "A receipt names the order",
            vec![
                put(AUTH_PATH, small!(r#""receipt":"Y""#), &["respstat", "orderId", "orderid"]),
                put(VOID_PATH, named!("retref", r#""receipt":"Y""#), NAMED).keeps(&[]),
            ],
        ),
        probe(Unknown, "No receipt", vec![authorized(), put(VOID_PATH, named!("retref"), NAMED).keeps(&[])]),
        probe(
            Documented,
            "Fee members, or none",
            vec![put(AUTH_PATH, small!(), FEE), get(INQUIRE_PATH, FEE)],
        ),
        unknown_reference(),
        unknown_order_id(),
    ]
}
