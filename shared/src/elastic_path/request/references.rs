//! The names of a payment in the merchant's systems: `custom_reference`, `description`, `metadata`,
//! and Elastic Path's `paymentmethod_meta`.

use std::collections::BTreeMap;

use tollgate_core::{
    order::Principal,
    values::{
        METADATA_MEMBERS_MAX, METADATA_NAME_MAX, METADATA_VALUE_MAX, Metadata, References, TextUse,
        check_kept, clean_text, is_metadata_name,
    },
};

use crate::{
    api::{Code, Failure, Members},
    elastic_path::request::TEXT_MAX,
};

/// Longest reference of the merchant's own, and longest name of a way to pay, in characters. An
/// order holds up to 50.
pub(in crate::elastic_path) const REFERENCE_MAX: usize = 128;

const CUSTOM_REFERENCE: &str = "custom_reference";
const DESCRIPTION: &str = "description";
const METADATA: &str = "metadata";
const METHOD_META: &str = "paymentmethod_meta";

/// Reads the references of a payment. A shopper states only the storefronts' member,
/// `paymentmethod_meta`.
pub(in crate::elastic_path) fn references(
    data: &mut Members<'_>,
    by: Principal,
) -> Result<References, Failure> {
    let is_stated = |name: &&&str| !data.is_null(name);
    if by == Principal::Implicit
        && let Some(own) = [CUSTOM_REFERENCE, DESCRIPTION, METADATA].iter().find(is_stated)
    {
        return Err(Failure::new(Code::Forbidden, format!("{own} needs a client_credentials token")));
    }
    let own = kept(data, CUSTOM_REFERENCE, REFERENCE_MAX, TextUse::Reference);
    let description = kept(data, DESCRIPTION, TEXT_MAX, TextUse::Words);
    let metadata = metadata(data).unwrap_or_default();
    let (name, of_method) = method_meta(data, own.as_deref());
    Ok(References { custom_reference: own.or(of_method), name, description, metadata })
}

/// A reference as a capture states it: an empty one clears the payment's, and none keeps it.
pub(in crate::elastic_path) fn of_capture(data: &mut Members<'_>) -> Option<String> {
    let text = data.text(CUSTOM_REFERENCE, REFERENCE_MAX);
    data.checked(CUSTOM_REFERENCE, text.map(|text| check_kept(text, TextUse::Reference)));
    text.map(str::to_owned)
}

/// Elastic Path's `name` and `custom_reference` of the way to pay. Its reference cannot differ from
/// the `other` one.
fn method_meta(data: &mut Members<'_>, other: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(mut meta) = data.object(METHOD_META) else { return (None, None) };
    let name = kept(&mut meta, "name", REFERENCE_MAX, TextUse::Words);
    let reference = kept(&mut meta, CUSTOM_REFERENCE, REFERENCE_MAX, TextUse::Reference);
    if let (Some(reference), Some(other)) = (reference.as_deref(), other)
        && reference != other
    {
        meta.invalid(CUSTOM_REFERENCE, "is not the same as data.custom_reference: state one of them");
    }
    data.absorb(meta);
    (name, reference)
}

fn metadata(data: &mut Members<'_>) -> Option<Metadata> {
    let mut inner = data.object(METADATA)?;
    let names = inner.names();
    // Before each is looked at: a body has room for thousands.
    if names.len() > METADATA_MEMBERS_MAX {
        return data.no_value(METADATA, format!("has more than {METADATA_MEMBERS_MAX} members"));
    }
    let mut members = BTreeMap::new();
    for name in names {
        if let Some(value) = member(&mut inner, name) {
            members.insert(name.to_owned(), value);
        }
    }
    let is_as_it_should_be = inner.has_no_problem();
    data.absorb(inner);
    // A problem with one member is reported for that member.
    if is_as_it_should_be { data.checked(METADATA, Some(Metadata::new(members))) } else { None }
}

fn member(metadata: &mut Members<'_>, name: &str) -> Option<String> {
    if is_metadata_name(name) && check_kept(name, TextUse::Reference).is_ok() {
        return kept(metadata, name, METADATA_VALUE_MAX, TextUse::Reference);
    }
    // The name comes from outside: shown short, and never if it is a number.
    let shown = clean_text(name, METADATA_NAME_MAX);
    let wrong = format!(
        "must have a name of 1 to {METADATA_NAME_MAX} letters, digits, _ . or -, not like a card number"
    );
    metadata.no_value(&shown, wrong)
}

/// A text that is stored. Blank text counts as absent.
fn kept(data: &mut Members<'_>, name: &str, max_chars: usize, kept: TextUse) -> Option<String> {
    let text = data.text(name, max_chars).filter(|text| !text.trim().is_empty())?;
    data.checked(name, Some(check_kept(text, kept)))?;
    Some(text.to_owned())
}
