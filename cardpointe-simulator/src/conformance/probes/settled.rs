//! Probes that need a night before them: about settled sales, and about settled refunds.

use super::{
    AUTH_PATH, BY_ORDER_PATH, CAPTURE, CAPTURE_PATH, INQUIRE_PATH, RECORD, REFUND, REFUND_PATH, VERDICT,
    VOID, VOID_PATH, at, captured, probe, record, void,
};
use crate::conformance::probe::{
    Basis::{self, Documented, Inferred, Observed, Unknown},
    PlayStage, Probe, Step, get, put,
};

/// A batch can hold payments of others, so that only the form of its report counts.
const BATCH: &[&str] =
    &["?batchid", "hostbatch~batchid", "?hoststat", "?txns.setlamount", "?txns.cardtype", "?txns.salesdoc"];

fn sale() -> Step {
    get("/cardconnect/rest/inquire/{sale}/{mid}", RECORD)
}

fn second(basis: Basis, name: &'static str, steps: Vec<Step>) -> Probe {
    at(PlayStage::Settled, basis, name, steps)
}

/// Sales for the next stage, of different amounts: none is a duplicate of another.
pub(super) fn sales() -> Vec<Probe> {
    vec![
        probe(
            Documented,
            "Sales that are to settle",
            vec![
                captured().hands_on(&[("retref", "sale")]),
                put(AUTH_PATH, sale!("11.{cents}", r#""capture":"Y""#), VERDICT)
                    .hands_on(&[("retref", "sale-two")]),
                put(AUTH_PATH, sale!("12.{cents}", r#""capture":"Y""#), VERDICT)
                    .hands_on(&[("retref", "sale-three")]),
                put(AUTH_PATH, sale!("13.{cents}", r#""capture":"Y""#), VERDICT)
                    .hands_on(&[("retref", "sale-four")]),
                put(AUTH_PATH, sale!("2500.00", r#""capture":"Y""#), VERDICT)
                    .hands_on(&[("retref", "large-sale")]),
            ],
        ),
        probe(
            Documented,
            "A sale whose refund is to be listed",
            vec![
                captured().hands_on(&[("retref", "listed-sale")]),
                get(INQUIRE_PATH, &["orderId"]).hands_on(&[("orderId", "listed-order")]),
            ],
        ),
    ]
}

/// The probes that can be played when these sales have settled.
pub(super) fn settled_sales() -> Vec<Probe> {
    vec![
        second(
            Unknown,
            "The refund under its sale's order id",
            vec![
                put(REFUND_PATH, named!("listed-sale", r#""amount":"4.00","orderid":"{order}""#), REFUND),
                get("/cardconnect/rest/inquireByOrderid/{listed-order}/{mid}/1", RECORD),
            ],
        ),
        second(
            Observed,
            "The report on a settled batch",
            vec![
                sale().keeps(&[("batchid", "batchid")]),
                get("/cardconnect/rest/settlestat?merchid={mid}&batchid={batchid}", BATCH),
            ],
        ),
        second(Documented, "A settled sale", vec![sale()]),
        second(
            Unknown,
            "Capture of a settled sale",
            vec![put(CAPTURE_PATH, named!("sale"), CAPTURE).keeps(&[]), sale()],
        ),
        second(
            Unknown,
            "Void of a settled sale",
            vec![put(VOID_PATH, named!("sale"), VOID).keeps(&[]), sale()],
        ),
    ]
}

/// The same about their refunds.
pub(super) fn refunds_of_settled_sales() -> Vec<Probe> {
    vec![
        second(
            Inferred,
            "A refund has a record of its own",
            vec![
                put(REFUND_PATH, named!("sale", r#""amount":"4.00","orderid":"{order}""#), REFUND)
                    .hands_on(&[("retref", "refund")]),
                get(BY_ORDER_PATH, RECORD),
                record(),
                sale(),
            ],
        ),
        second(
            Inferred,
            "User fields of a refund",
            vec![
                put(REFUND_PATH, named!("sale-four", r#""userfields":[{"order":"77"}]"#), REFUND),
                get(INQUIRE_PATH, &["userfields"]),
            ],
        ),
        second(
            Unknown,
            "Void of a refund",
            vec![
                put(REFUND_PATH, named!("sale-two", r#""amount":"4.00","orderid":"{order}""#), REFUND),
                void(),
                record(),
            ],
        ),
        second(
            Unknown,
            "Refund of more than is left",
            vec![
                put(REFUND_PATH, named!("sale-three", r#""amount":"15.00""#), REFUND).keeps(&[]),
                put(REFUND_PATH, named!("sale-three"), REFUND).keeps(&[]),
                put(REFUND_PATH, named!("sale-three"), REFUND).keeps(&[]),
            ],
        ),
        second(
            Documented,
            "A declined refund",
            vec![put(REFUND_PATH, named!("large-sale", r#""amount":"1051.00""#), REFUND), record()],
        ),
    ]
}

/// The probes that can be played when the refunds have settled, too.
pub(super) fn refunds() -> Vec<Probe> {
    let refund = || get("/cardconnect/rest/inquire/{refund}/{mid}", RECORD);
    let third = |basis, name, steps| at(PlayStage::RefundsSettled, basis, name, steps);
    vec![
        third(Inferred, "A settled refund", vec![refund()]),
        third(
            Unknown,
            "Refund of a refund",
            vec![put(REFUND_PATH, named!("refund"), REFUND).keeps(&[]), refund()],
        ),
    ]
}
