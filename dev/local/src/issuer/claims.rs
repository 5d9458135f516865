//! Who can sign in at the local issuer, and how known issuers say who it is.
//!
//! Sources: Amazon Cognito, "Understanding the identity (ID) token"; Microsoft, "ID token claims
//! reference"; Okta, "ID token payload"; Google, "An ID token's payload".

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tollgate_core::payments::Role;
use uuid::Uuid;

/// Somebody at the local issuer.
pub struct SamplePerson {
    /// The id that the button and the subject are made from.
    pub id: &'static str,
    /// The name on record.
    pub name: &'static str,
    /// The verified address.
    pub email: &'static str,
    /// Their role at the merchants of a stack; none for a person whom no merchant knows.
    pub role: Option<Role>,
    /// The button's text below the name.
    pub note: &'static str,
}

pub const PEOPLE: [SamplePerson; 4] = [
    SamplePerson {
        id: "ann",
        name: "Ann Archer",
        email: "ann@shop.example",
        role: Some(Role::Operate),
        note: "Support: captures, refunds, cancels",
    },
    SamplePerson {
        id: "rob",
        name: "Rob Reyes",
        email: "rob@shop.example",
        role: Some(Role::Read),
        note: "Finance: reads",
    },
    SamplePerson {
        id: "eve",
        name: "Eve Evans",
        email: "eve@shop.example",
        role: Some(Role::All),
        note: "Owner: everything, and who may do what",
    },
    SamplePerson {
        id: "max",
        name: "Max Moore",
        email: "max@shop.example",
        role: None,
        note: "Works here, and no merchant knows him",
    },
];

tollgate_core::words! {
    /// Whose claims are imitated.
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Like {
        /// Amazon Cognito's user pools.
        #[default]
        Cognito => "cognito",
        Entra => "entra",
        Okta => "okta",
        Google => "google",
    }
}

impl Like {
    /// The claims about a person, without those that every token has: issuer, times and nonce.
    pub(super) fn claims(self, person: &SamplePerson, audience: &str, now: Timestamp) -> Value {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, person.email.as_bytes());
        let signed_in = now.as_second();
        match self {
            Self::Cognito => json!({
                "sub": id,
                "aud": audience,
                "token_use": "id",
                "auth_time": signed_in,
                "cognito:username": person.id,
                "email": person.email,
                "email_verified": true,
            }),
            // No claim says that the address is verified.
            Self::Entra => json!({
                "sub": id.simple().to_string(),
                "aud": audience,
                "oid": id,
                "tid": Uuid::new_v5(&Uuid::NAMESPACE_URL, b"shop.example"),
                "preferred_username": person.email,
                "email": person.email,
                "name": person.name,
                "ver": "2.0",
            }),
            Self::Okta => json!({
                "sub": format!("00u{}", &id.simple().to_string()[..17]),
                "aud": audience,
                "ver": 1,
                "amr": ["mfa", "otp", "pwd"],
                "auth_time": signed_in,
                "idp": "00o1a2b3c4d5e6f7g8h9",
                "preferred_username": person.email,
                "email": person.email,
                "email_verified": true,
                "name": person.name,
            }),
            Self::Google => json!({
                "sub": (id.as_u128() % 1_000_000_000_000_000_000_000).to_string(),
                "aud": audience,
                "azp": audience,
                "hd": "shop.example",
                "email": person.email,
                "email_verified": true,
                "name": person.name,
            }),
        }
    }
}
