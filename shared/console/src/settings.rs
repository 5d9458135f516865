//! The settings and connections of a console.

use std::{fmt, sync::Arc};

use tollgate::openid::IssuerUrl;
use tollgate_core::values::Clock;

use crate::{api::Api, seal::SealingKey, store::SessionStore, web::merchant_of};

/// Where a console is and where it sends people.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its own origin, without a slash at the end, such as `https://console.shop.example`.
    pub url: String,
    /// The issuer of OpenID Connect, exactly as its tokens spell it.
    pub issuer: IssuerUrl,
    /// The merchant that the sign-in form begins with, if it does.
    pub merchant: Option<&'static str>,
    /// The merchants that the sign-in form may name, if it does.
    pub directory: Option<Arc<dyn Directory>>,
    /// Its registration at the issuer and at Tollgate.
    pub client: Client,
}

/// The merchants that there are, for a sign-in form that says at once that a typed one is unknown.
pub trait Directory: fmt::Debug + Send + Sync {
    /// Their ids.
    fn merchants(&self) -> Vec<String>;
}

impl Settings {
    /// The merchant's id that was typed, or why nobody can sign in there.
    pub(crate) fn merchant_here<'a>(&self, typed: &'a str) -> Result<&'a str, String> {
        let merchant = merchant_of(typed).ok_or("Please type the merchant's id, such as 170200123.")?;
        let known = self.directory.as_ref().map(|directory| directory.merchants()).unwrap_or_default();
        if known.is_empty() || known.iter().any(|known| known == merchant) {
            return Ok(merchant);
        }
        Err(format!("No merchant here has this id. Here are: {}.", known.join(", ")))
    }
}

/// The console's names and the secrets that prove its identity.
#[derive(Clone)]
pub struct Client {
    /// The name of the program at Tollgate, as in the secret of programs that sign people in.
    pub id: String,
    /// The program's secret at Tollgate.
    pub secret: String,
    /// The client id at the issuer: the audience of its ID tokens.
    pub audience: String,
    /// The client's secret at the issuer, unless it is a public client there.
    pub issuer_secret: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

pub struct Console {
    pub settings: Settings,
    /// The public API, and the issuer.
    pub api: Api,
    /// Where sign-ins in progress and sessions are kept.
    pub sessions: Arc<dyn SessionStore>,
    /// The key that seals them.
    pub key: SealingKey,
    pub clock: Arc<dyn Clock>,
}
