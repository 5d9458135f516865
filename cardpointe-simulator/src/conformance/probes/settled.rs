//! Probes that need a night before them: about settled sales, and about settled refunds.

use super::{
    AUTH_PATH, BY_ORDER_PATH, CAPTURE, CAPTURE_PATH, INQUIRE_PATH, RECORD, REFUND, REFUND_PATH, VERDICT,
    VOID, VOID_PATH, at, captured, probe, record, void,
};
use crate::conformance::probe::{
    Basis::{Documented, Inferred, Unknown},
    PlayStage, Probe, get, put,
};

/// Sales for the next stage, and the probes that can be played when they have settled.
pub(super) fn sales() -> Vec<Probe> {
    let sale = || get("/cardconnect/rest/inquire/{sale}/{mid}", RECORD);
    let second = |basis, name, steps| at(PlayStage::Settled, basis, name, steps);
    vec![
        probe(
            Documented,
            "Sales that are to settle",
            vec![
                captured().hands_on(&[("retref", "sale")]),
                captured().hands_on(&[("retref", "sale-two")]),
                captured().hands_on(&[("retref", "sale-three")]),
                captured().hands_on(&[("retref", "sale-four")]),
                put(AUTH_PATH, sale!("2500.00", r#""capture":"Y""#), VERDICT)
                    .hands_on(&[("retref", "large-sale")]),
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
                put(REFUND_PATH, named!("sale-three", r#""amount":"11.00""#), REFUND).keeps(&[]),
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
