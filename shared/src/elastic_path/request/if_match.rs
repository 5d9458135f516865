//! `If-Match`: the version of the order that a client has seen, so that it acts on no other.

use lambda_http::{Request, http::header};
use tollgate_core::order::Principal;

use crate::api::{Caller, Failure, Problem};

/// The header as an error names it.
pub(in crate::elastic_path) const IF_MATCH: &str = "If-Match";

/// The version that the request states, if it does.
///
/// It is written as an entity tag, and as strong a one as RFC 9110 wants for this: `"4"`. A request
/// with several tags or `*` wants to act on more than one version, which nothing here allows.
pub(in crate::elastic_path) fn seen_version(
    request: &Request,
    caller: &Caller,
) -> Result<Option<u64>, Failure> {
    let wrong = |predicate: &str| Failure::from(Problem::invalid(IF_MATCH, predicate));
    let mut stated = request.headers().get_all(header::IF_MATCH).iter();
    let Some(text) = stated.next() else { return Ok(None) };
    if caller.principal != Principal::ClientCredentials {
        return Err(wrong("is for the merchant's server: shoppers are not shown an order's version"));
    }
    let version = text.to_str().ok().filter(|_| stated.next().is_none()).and_then(version_of);
    version.map(Some).ok_or_else(|| {
        wrong("must be one version of the order in double quotes, such as \"4\": its meta.version")
    })
}

fn version_of(text: &str) -> Option<u64> {
    let digits = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    // A text that parses as a number can have a sign or zeros in front.
    digits.parse().ok().filter(|version: &u64| version.to_string() == digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_strong_entity_tag_of_one_number() {
        for (text, version) in [
            ("\"4\"", Some(4)),
            (" \"18446744073709551615\" ", Some(u64::MAX)),
            ("\"0\"", Some(0)),
            ("4", None),
            ("W/\"4\"", None),
            ("*", None),
            ("\"4\", \"5\"", None),
            ("\"4", None),
            ("\"\"", None),
            ("\"+4\"", None),
            ("\"04\"", None),
            ("\"-1\"", None),
            ("\"4.0\"", None),
            ("\"18446744073709551616\"", None),
        ] {
            assert_eq!(version_of(text), version, "{text}");
        }
    }
}
