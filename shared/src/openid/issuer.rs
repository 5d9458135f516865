//! The issuer that a stack trusts, and how far.

use std::{fmt, str::FromStr};

use http::Uri;

/// Longest issuer, in bytes: as long as OpenID Connect Core §2 lets a subject be.
const URL_MAX_BYTES: usize = 255;

/// The issuer that a stack trusts, by parameters of the deployment.
#[derive(Clone, Debug)]
pub struct IssuerSettings {
    /// Its identifier, which every ID token names in `iss`.
    pub url: IssuerUrl,
    /// Whether it serves one company alone. Only then an address that it has verified says who
    /// somebody is: at an issuer for everybody, strangers can have addresses, too.
    pub is_single_tenant: bool,
    /// How people have to have signed in there; none where the issuer sees to it itself.
    pub required: Option<StrongSignIn>,
}

/// How people have to have signed in, as an ID token says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StrongSignIn {
    /// `amr` names one of these methods, such as `mfa`.
    Methods(Vec<String>),
    /// `acr` is one of these classes.
    Classes(Vec<String>),
}

impl StrongSignIn {
    /// From the parameters, each a list separated by commas, and at most one given.
    pub fn from_lists(amr: Option<&str>, acr: Option<&str>) -> Result<Option<Self>, InvalidIssuer> {
        let list = |text: &str| {
            let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
            let is_list = words.iter().all(|word| !word.is_empty());
            if is_list { Ok(words) } else { Err(InvalidIssuer::List) }
        };
        match (amr, acr) {
            (None, None) => Ok(None),
            (Some(amr), None) => Ok(Some(Self::Methods(list(amr)?))),
            (None, Some(acr)) => Ok(Some(Self::Classes(list(acr)?))),
            (Some(_), Some(_)) => Err(InvalidIssuer::Both),
        }
    }
}

/// Settings that name no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIssuer {
    /// No URL that an issuer can have.
    #[error(
        "the issuer must be an https URL of at most {URL_MAX_BYTES} characters of ASCII, without credentials, query \
         and fragment; http only on a loopback address"
    )]
    Url,
    /// Both `amr` and `acr`.
    #[error("a sign-in is required either by amr or by acr")]
    Both,
    #[error("amr and acr are lists of words, separated by commas")]
    List,
}

/// The identifier of an issuer, exactly as its tokens spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl(String);

impl FromStr for IssuerUrl {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let is_plain = text.len() <= URL_MAX_BYTES && !text.contains('#');
        let url = reachable(text).filter(|url| is_plain && url.query().is_none());
        url.map(|_| Self(text.to_owned())).ok_or(InvalidIssuer::Url)
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IssuerUrl {
    /// As tokens spell it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it describes itself (OpenID Connect Discovery §4).
    pub fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.0.trim_end_matches('/'))
    }

    /// Whether its keys may be read there: over TLS, or on this machine like the issuer.
    pub(super) fn may_have_keys_at(&self, url: &str) -> bool {
        let is_secure = |url: &Uri| url.scheme_str() == Some("https");
        let own = reachable(&self.0);
        reachable(url).is_some_and(|keys| is_secure(&keys) || own.is_some_and(|own| !is_secure(&own)))
    }
}

/// The URL, if it leads over TLS or stays on this machine, and has no credentials.
fn reachable(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let is_loopback = matches!(url.host()?, "127.0.0.1" | "localhost" | "[::1]");
    let is_safe = url.scheme_str() == Some("https") || (url.scheme_str() == Some("http") && is_loopback);
    (is_safe && !url.authority()?.as_str().contains('@')).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_over_tls_or_is_on_this_machine() {
        for url in [
            "https://accounts.google.com",
            "https://login.microsoftonline.com/7d2f/v2.0",
            "https://shop.okta.example/oauth2/default",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123",
            "http://127.0.0.1:4000/_local/issuer",
            "http://localhost:4000",
        ] {
            assert_eq!(url.parse::<IssuerUrl>().map(|url| url.to_string()).as_deref(), Ok(url));
        }
        let long = format!("https://shop.example/{}", "a".repeat(URL_MAX_BYTES));
        for url in [
            "",
            "shop.example",
            "http://shop.example",
            "https://user@shop.example",
            "https://shop.example/?tenant=1",
            "https://shop.example/#a",
            "http://127.0.0.1.shop.example",
            "ftp://shop.example",
            &long,
        ] {
            assert_eq!(url.parse::<IssuerUrl>(), Err(InvalidIssuer::Url), "{url}");
        }
    }

    #[test]
    fn keys_are_read_where_nobody_on_the_way_can_change_them() {
        let far: IssuerUrl = "https://accounts.google.com".parse().unwrap();
        assert!(far.may_have_keys_at("https://www.googleapis.com/oauth2/v3/certs"));
        for url in
            ["http://www.googleapis.com/certs", "http://127.0.0.1/certs", "file:///etc/passwd", "certs"]
        {
            assert!(!far.may_have_keys_at(url), "{url}");
        }
        let near: IssuerUrl = "http://127.0.0.1:4000".parse().unwrap();
        assert!(near.may_have_keys_at("http://127.0.0.1:4000/keys"));
        assert!(!near.may_have_keys_at("http://169.254.169.254/latest/meta-data"));
    }

    #[test]
    fn a_strong_sign_in_is_required_in_one_way() {
        let methods = StrongSignIn::Methods(vec!["mfa".to_owned(), "hwk".to_owned()]);
        assert_eq!(StrongSignIn::from_lists(Some("mfa, hwk"), None), Ok(Some(methods)));
        assert_eq!(StrongSignIn::from_lists(None, None), Ok(None));
        assert_eq!(StrongSignIn::from_lists(Some("mfa"), Some("2")), Err(InvalidIssuer::Both));
        assert_eq!(StrongSignIn::from_lists(Some("mfa,"), None), Err(InvalidIssuer::List));
    }
}
