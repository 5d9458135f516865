//! The meaning of a processor's response code.
//!
//! `respproc` and `respcode` together name a row of the gateway's published tables
//! (`docs/cardpointe.md`, *Response codes*: 17 processors, 807 rows); neither has a meaning alone,
//! and `respcode` is text, whose leading zeros count. The tables are in [`tables`]. Texts
//! (`resptext`) change without notice and are never looked at (`docs/cardpointe.md`, *Responses*).
//!
//! This decides the words and the advice, not whether a payment was declined: that is `respstat`'s,
//! and for some of the gateway's own codes (PPS 63–66) the truth is unknown in spite of a C.

mod schemes;
mod tables;

use tollgate_core::{
    order::Decline,
    values::{Advice, Brand, CardToken, DeclineCode},
};

use super::wire::GatewayReply;
use schemes::ProcessorCode;

/// Codes that say that an equal transaction was seen before, or that this one is still in progress.
/// They decide nothing: the earlier one may be this operation's own.
const DUPLICATES: &[(&str, &[&str])] = &[
    ("FNOR", &["94"]),
    ("RPCT", &["385", "772", "774", "776", "913", "923"]),
    ("VANT", &["94", "98"]),
    ("PSTR", &["01"]),
    ("PMT", &["234"]),
    ("NASH", &["94"]),
    ("MNS", &["98"]),
    ("CRDX", &["99"]),
];

/// Whether a code says that the transaction was seen before or is in progress.
pub fn is_duplicate(respproc: &str, respcode: &str) -> bool {
    DUPLICATES.iter().any(|(processor, codes)| *processor == respproc && codes.contains(&respcode))
}

/// Whether the gateway never got the processor's response, or could not read it: the processor may
/// have done it.
pub fn lost_processor(respproc: &str, respcode: &str) -> bool {
    respproc == "PPS" && matches!(respcode, "62" | "63" | "64" | "65" | "66")
}

/// The reason behind a response code. A processor or code that is not published is a
/// [`DeclineCode::GenericDecline`], because processors add codes without telling.
pub fn decline_code(respproc: &str, respcode: &str) -> DeclineCode {
    lookup(respproc, respcode).unwrap_or(DeclineCode::GenericDecline)
}

/// The meaning of a declined response. `brand` is the card's, as far as it was known before.
pub(super) fn decline(reply: &GatewayReply, brand: Option<Brand>) -> Decline {
    let respproc = reply.respproc.as_deref().unwrap_or_default();
    let respcode = reply.respcode.as_deref().unwrap_or_default();
    let category = reply.scheme.category.as_ref().map(|category| category.code.as_str());
    let of_token = || CardToken::parse(reply.token.as_deref()?)?.brand;
    Decline {
        code: decline_code(respproc, respcode),
        payer_advice: payer_advice(respproc, respcode, brand, category),
        rule: schemes::rule(brand.or_else(of_token), &reply.scheme, ProcessorCode { respproc, respcode }),
    }
}

/// The advice after that response that a payer may hear.
///
/// The category of the card scheme beats ours: `declineCategory` in the response, else, for a Visa
/// card, the category that the gateway publishes for the code (`docs/cardpointe.md`, *Response
/// codes*). Only Visa declines have a category (`docs/cardpointe.md`, *Response codes*), so one
/// that comes with another brand is not looked at. A category beyond 3 (RPCT returns 4 in the test
/// system) says nothing.
fn payer_advice(
    respproc: &str,
    respcode: &str,
    brand: Option<Brand>,
    decline_category: Option<&str>,
) -> Advice {
    let from_category = match brand {
        Some(Brand::Visa) | None => decline_category.and_then(schemes::of_category),
        Some(_) => None,
    };
    let published = || match brand {
        Some(Brand::Visa) => published_category(respproc, respcode).and_then(schemes::of_category),
        Some(_) | None => None,
    };
    let of_scheme = from_category.or_else(published).map(|rule| rule.class.advice());
    of_scheme.unwrap_or_else(|| decline_code(respproc, respcode).advice())
}

fn lookup(respproc: &str, respcode: &str) -> Option<DeclineCode> {
    tables::PROCESSORS
        .iter()
        .filter(|(processor, _)| *processor == respproc)
        .flat_map(|(_, table)| *table)
        .find(|(_, codes)| codes.contains(&respcode))
        .map(|(reason, _)| *reason)
}

fn published_category(respproc: &str, respcode: &str) -> Option<&'static str> {
    VISA_CATEGORIES
        .iter()
        .find(|(processor, _, codes)| *processor == respproc && codes.contains(&respcode))
        .map(|(_, category, _)| *category)
}

/// Visa's decline category by processor code (`docs/cardpointe.md`, *Response codes*; published as
/// examples).
const VISA_CATEGORIES: &[(&str, &str, &[&str])] = &[
    ("PMT", "1", &["501", "502", "596", "602"]),
    ("PMT", "2", &["231", "509", "510"]),
    ("PMT", "3", &["522", "591"]),
    ("PTAM", "1", &["04", "07", "12", "15", "43", "57"]),
    ("PTAM", "2", &["03", "09", "19"]),
    ("PTAM", "3", &["14", "54"]),
    ("FNOR", "1", &["12", "57", "63"]),
    ("FNOR", "2", &["03", "28", "61", "91"]),
    ("FNOR", "3", &["14", "54"]),
    ("RPCT", "1", &["102", "208", "209", "704", "902"]),
    ("RPCT", "2", &["109", "116", "512"]),
    ("RPCT", "3", &["101", "117", "131"]),
    ("VPS", "1", &["04", "07", "12", "15", "41", "43", "57"]),
    ("VPS", "2", &["03", "19", "51", "59", "61", "62", "65", "75", "78", "91"]),
    ("VPS", "3", &["14", "54", "55", "82"]),
    ("VANT", "1", &["07", "41"]),
    ("VANT", "2", &["03", "75"]),
    ("VANT", "3", &["14", "54"]),
];

#[cfg(test)]
mod tests;
