//! The `profile` endpoint, and the use of profiles by other requests.

use crate::fields::Fields;

mod save;
mod stored;

pub(crate) use save::{from_fields, save, save_new};
pub(crate) use stored::{delete, read};

/// The use that a request makes of profiles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ProfileUse {
    None,
    Create,
    /// Without an account id: the default account.
    Stored {
        profileid: String,
        acctid: Option<String>,
    },
}

/// Reads `profile` and `acctid`: "Y", "id", "id/account", or the two members apart.
pub(crate) fn requested(fields: &Fields) -> ProfileUse {
    let profile = fields.text_or_empty("profile");
    match profile.to_ascii_uppercase().as_str() {
        "" | "N" => ProfileUse::None,
        "Y" => ProfileUse::Create,
        _ => {
            let (profileid, acctid) = profile.split_once('/').unwrap_or((&profile, ""));
            let acctid = Some(acctid.to_owned()).filter(|acctid| !acctid.is_empty());
            ProfileUse::Stored {
                profileid: profileid.to_owned(),
                acctid: acctid.or_else(|| fields.text("acctid")),
            }
        }
    }
}
