//! Who signed in, as a company's issuer of OpenID Connect says.
//!
//! The issuer's keys are read when the first person signs in and used for an hour. The reason
//! why a token is refused is not told: it would help only a forger.
//!
//! While the issuer does not respond, its keys are not used beyond their hour: a person that it
//! disabled meanwhile would stay in. `jsonwebtoken` reads the tokens and `ring` verifies them, as
//! it does TLS; `openidconnect` would bring more than a hundred crates and a second library of
//! cryptography.

mod algorithms;
mod clients;
mod id_token;
mod issuer;
mod keys;

pub use clients::{InvalidClients, RegisteredClient, RegisteredClients, parse as parse_clients};
pub use id_token::{ID_TOKEN_AGE_MAX, IdTokenError, IdTokens, VerifiedIdToken};
pub use issuer::{InvalidIssuer, IssuerSettings, IssuerUrl, StrongSignIn};
pub use keys::{DOCUMENT_MAX_BYTES, HttpsIssuer, IssuerDocuments, IssuerKeys, IssuerUnavailable, KEYS_FRESH};
