//! Where a request comes from, as far as that can be believed, and whether it came through the
//! front.
//!
//! In the order of trust: the shopper's address that a merchant's server states
//! ([`SHOPPER_ADDRESS`]), which only counts once its token or key is verified; the viewer's address
//! that the front states, with its secret; the address that API Gateway saw.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lambda_http::{Request, RequestExt, http::HeaderName, request::RequestContext};
use ring::hmac;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tollgate_core::{payments::Merchant, values::CardSummary};

/// The header in which a merchant's server states the address of the shopper who pays.
pub const SHOPPER_ADDRESS: HeaderName = HeaderName::from_static("x-shopper-address");

/// The header in which the front proves that it is the front.
pub const FRONT_SECRET: HeaderName = HeaderName::from_static("x-front-secret");

/// The header in which the front states the viewer's address, with no port. It is the front's own:
/// `front.yaml` says why it is not one of those that CloudFront adds.
pub const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("x-viewer-address");

/// The source by which requests are counted. An IPv6 address counts as its /64, because a single
/// customer of a provider has at least that many addresses; [`Source::network`] is the /48 that it
/// is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address, also one that was written as IPv6 (`::ffff:203.0.113.7`).
    V4(Ipv4Addr),
    /// The first 64 bits of an IPv6 address.
    V6([u16; 4]),
    /// The first 48 bits of IPv6 addresses.
    Network([u16; 3]),
    /// Not an address: one source for all such requests.
    Unknown,
}

impl Source {
    /// An address as a text, with no port.
    pub fn parse(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(|address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [first, second, third, fourth, ..] = address.segments();
                Self::V6([first, second, third, fourth])
            }
        })
    }

    /// The /48 of an IPv6 address, which has limits of its own.
    pub fn network(self) -> Option<Self> {
        match self {
            Self::V6([first, second, third, _]) => Some(Self::Network([first, second, third])),
            Self::V4(_) | Self::Network(_) | Self::Unknown => None,
        }
    }

    /// The stored text in place of the address: an HMAC under the merchant's signing key, which is
    /// at hand wherever a payment is made. Another signing key begins new counts.
    pub fn digest(self, merchant: &Merchant) -> String {
        let words: (u8, &[u16]) = match &self {
            Self::V4(address) => return sealed(merchant, b'4', &address.octets()),
            Self::V6(words) => (b'6', words),
            Self::Network(words) => (b'n', words),
            Self::Unknown => (b'u', &[]),
        };
        let bytes: Vec<u8> = words.1.iter().flat_map(|word| word.to_be_bytes()).collect();
        sealed(merchant, words.0, &bytes)
    }

    /// As API Gateway saw it.
    fn connection(request: &Request) -> Self {
        let address = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        address.and_then(Self::parse).unwrap_or(Self::Unknown)
    }
}

/// Nothing else that is signed under this key begins so.
fn sealed(merchant: &Merchant, kind: u8, bytes: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, merchant.token_signing_key.expose_secret().as_bytes());
    let mut message = format!("source at {}\n", merchant.id).into_bytes();
    message.push(kind);
    message.extend_from_slice(bytes);
    let tag = hmac::sign(&key, &message);
    let start = tag.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:032x}", u128::from_be_bytes(start))
}

/// The stored digest of a customer in place of the merchant's name for it.
pub(crate) fn customer_digest(customer: &str, merchant: &Merchant) -> String {
    sealed(merchant, b'c', customer.as_bytes())
}

/// Tells one source's approved cards apart, by brand and last four digits or else by the gateway's
/// token. Five bytes of an HMAC: enough to tell a few hundred apart, and good for nothing else.
/// None where nothing is known of the card.
pub(crate) fn card_digest(card: &CardSummary, merchant: &Merchant) -> Option<String> {
    let known = match (&card.last_four, &card.token) {
        (Some(last_four), _) => format!("{:?} {last_four}", card.brand),
        (None, Some(token)) => token.clone(),
        (None, None) => return None,
    };
    let digest = sealed(merchant, b'k', known.as_bytes());
    digest.get(..10).map(str::to_owned)
}

/// An address is personal data, and not for logs.
impl fmt::Debug for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V4(_) => "Source(IPv4)",
            Self::V6(_) => "Source(IPv6 /64)",
            Self::Network(_) => "Source(IPv6 /48)",
            Self::Unknown => "Source(unknown)",
        })
    }
}

/// Length of a SHA-256 digest, in bytes.
const DIGEST_BYTES: usize = 32;

/// The front's proof of itself: SHA-256 digests of at most two secrets, so that one can replace the
/// other while both are sent. With none, no front is required and no statement of one is believed.
/// The secrets are long and random, so their digests need not be kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Front {
    digests: [Option<[u8; DIGEST_BYTES]>; 2],
}

/// A setting that is no list of at most two digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected at most two SHA-256 digests in base64url, separated by a comma")]
pub struct InvalidFront;

impl FromStr for Front {
    type Err = InvalidFront;

    fn from_str(text: &str) -> Result<Self, InvalidFront> {
        let mut front = Self::default();
        let mut free = front.digests.iter_mut();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let digest = URL_SAFE_NO_PAD.decode(part).ok().and_then(|bytes| bytes.try_into().ok());
            *free.next().ok_or(InvalidFront)? = Some(digest.ok_or(InvalidFront)?);
        }
        Ok(front)
    }
}

impl Front {
    /// The digest of a secret, as the setting has it: SHA-256 in base64url without padding, 43
    /// characters.
    pub fn digest(secret: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
    }

    /// Whether a request may be served: it came through the front, or none is required.
    pub fn admits(&self, request: &Request) -> bool {
        self.digests.iter().all(Option::is_none) || self.sent(request)
    }

    /// Where a request comes from: as the front states it, if it is from the front, and else as API
    /// Gateway saw it.
    pub fn source(&self, request: &Request) -> Source {
        if !self.sent(request) {
            return Source::connection(request);
        }
        // The front replaces a viewer's header. Were there several, it would not be the front that
        // this is made for.
        let mut values = request.headers().get_all(VIEWER_ADDRESS).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return Source::Unknown };
        value.to_str().ok().and_then(Source::parse).unwrap_or(Source::Unknown)
    }

    /// Whether a request has one of the secrets. Takes the same time whichever it is and however
    /// much is right.
    fn sent(&self, request: &Request) -> bool {
        let mut values = request.headers().get_all(FRONT_SECRET).iter();
        let (Some(secret), None) = (values.next(), values.next()) else { return false };
        let digest: [u8; DIGEST_BYTES] = Sha256::digest(secret.as_bytes()).into();
        let matches = self.digests.iter().flatten().map(|ours| bool::from(ours.ct_eq(&digest)));
        // All digests: `any` would stop at the first.
        matches.fold(false, |found, matches| found | matches)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::http::HeaderValue;
    use serde_json::{Value, json};
    use tollgate_core::values::Brand;

    use super::*;
    use crate::test_payments::merchant;

    fn source(text: &str) -> Source {
        Source::parse(text).unwrap()
    }

    #[test]
    fn an_ipv6_address_counts_as_its_64_within_its_48_and_a_mapped_one_as_ipv4() {
        let one = source("2001:db8:1:2:3:4:5:6");
        assert_eq!(one, source("2001:db8:1:2::"));
        assert_ne!(one, source("2001:db8:1:3::"));
        assert_eq!(one.network(), source("2001:db8:1:ffff::1").network());
        assert_ne!(one.network(), source("2001:db8:2:2::").network());
        for text in ["203.0.113.7", " 203.0.113.7 ", "::ffff:203.0.113.7", "::ffff:cb00:7107"] {
            assert_eq!(source(text), Source::V4(Ipv4Addr::new(203, 0, 113, 7)), "{text}");
            assert_eq!(source(text).network(), None);
        }
        for text in ["", "unknown", "203.0.113.7:80", "203.0.113", "fe80::1%eth0", "203.0.113.7, 203.0.113.8"]
        {
            assert_eq!(Source::parse(text), None, "{text}");
        }
    }

    const KEY: &str = "hush-0123456789abcdef0123456789abcdef";

    fn merchant_of(id: &str, key: &str) -> Merchant {
        merchant(id, &json!({ "token_signing_key": key }))
    }

    #[test]
    fn no_address_is_kept_or_shown_and_sources_networks_and_merchants_differ() {
        let merchant = merchant_of("m", KEY);
        let all = ["203.0.113.7", "203.0.113.8", "2001:db8::7"].map(source);
        let all = [all[0], all[1], all[2], all[2].network().unwrap(), Source::Unknown];
        let digests = all.map(|source| source.digest(&merchant));
        for (n, digest) in digests.iter().enumerate() {
            assert_eq!(digest.len(), 32);
            assert_eq!(digests.iter().position(|other| other == digest), Some(n));
        }
        for (id, key) in [("other", KEY), ("m", "another-0123456789abcdef0123456789")] {
            assert_ne!(all[0].digest(&merchant_of(id, key)), digests[0]);
        }
        assert_eq!(
            all.map(|source| format!("{source:?}")),
            ["Source(IPv4)", "Source(IPv4)", "Source(IPv6 /64)", "Source(IPv6 /48)", "Source(unknown)"]
        );
    }

    #[test]
    fn customers_and_cards_are_told_apart_and_not_shown() {
        let (merchant, other) = (merchant_of("m", KEY), merchant_of("other", KEY));
        let customer = |text: &str, merchant| customer_digest(text, merchant);
        let of_customers = [customer("c-1", &merchant), customer("c-2", &merchant), customer("c-1", &other)];
        let card = |brand, last_four: Option<&str>, token: Option<&str>| CardSummary {
            brand,
            last_four: last_four.map(str::to_owned),
            token: token.map(str::to_owned),
            ..CardSummary::default()
        };
        let (visa, amex) = (Some(Brand::Visa), Some(Brand::Amex));
        let plain = card(visa, Some("1111"), None);
        let digest = |card: &CardSummary| card_digest(card, &merchant).unwrap();
        let of_cards = [
            digest(&plain),
            digest(&card(amex, Some("1111"), None)),
            digest(&card(visa, Some("1112"), None)),
            digest(&card(visa, None, Some("9418594164541111"))),
            digest(&card(visa, None, Some("9418594164541112"))),
            card_digest(&plain, &other).unwrap(),
        ];
        let all = of_customers.iter().map(|digest| (digest, 32));
        let all: Vec<_> = all.chain(of_cards.iter().map(|digest| (digest, 10))).collect();
        for (n, (digest, length)) in all.iter().enumerate() {
            assert_eq!(digest.len(), *length);
            assert_eq!(all.iter().position(|(other, _)| other == digest), Some(n));
        }
        assert_eq!(digest(&card(visa, Some("1111"), Some("9418594164541111"))), of_cards[0], "token or not");
        assert_eq!(card_digest(&card(visa, None, None), &merchant), None);
    }

    fn request(headers: &[(HeaderName, &'static str)]) -> Request {
        let mut event: Value = serde_json::from_str(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../events/orders-read.json"
        )))
        .unwrap();
        event["requestContext"]["http"]["sourceIp"] = "198.51.100.1".into();
        let mut request = lambda_http::request::from_str(&event.to_string()).unwrap();
        for (name, value) in headers {
            request.headers_mut().append(name, HeaderValue::from_static(value));
        }
        request
    }

    #[test]
    fn only_one_of_the_secrets_opens_the_front_and_only_then_is_the_viewer_believed() {
        let (first, second) = (Front::digest("first secret"), Front::digest("second secret"));
        let viewer = (VIEWER_ADDRESS, "203.0.113.7");
        let (gateway, shown) = (source("198.51.100.1"), source("203.0.113.7"));
        for (digests, secrets, admitted, believed) in [
            (String::new(), &[][..], true, false),
            (String::new(), &["first secret"], true, false),
            (first.clone(), &[], false, false),
            (first.clone(), &["first secret"], true, true),
            (first.clone(), &["second secret"], false, false),
            (first.clone(), &["first secret", "first secret"], false, false),
            (first.clone(), &[""], false, false),
            (format!("{first},{second}"), &["first secret"], true, true),
            (format!("{first},{second}"), &["second secret"], true, true),
            (format!("{first},{second}"), &["first secre"], false, false),
            (format!("{first},{first}"), &["first secret"], true, true),
        ] {
            let front: Front = digests.parse().unwrap();
            let headers = secrets.iter().map(|secret| (FRONT_SECRET, *secret)).chain([viewer.clone()]);
            let request = request(&headers.collect::<Vec<_>>());
            assert_eq!(front.admits(&request), admitted, "{digests} {secrets:?}");
            let expected = if believed { shown } else { gateway };
            assert_eq!(front.source(&request), expected, "{digests} {secrets:?}");
        }
        let front: Front = first.parse().unwrap();
        let secret = (FRONT_SECRET, "first secret");
        assert_eq!(front.source(&request(std::slice::from_ref(&secret))), Source::Unknown, "it states none");
        // A value that the front would have replaced is not used.
        let appended = (VIEWER_ADDRESS, "203.0.113.9, 203.0.113.7");
        assert_eq!(front.source(&request(&[secret.clone(), appended])), Source::Unknown);
        let made_up = (VIEWER_ADDRESS, "203.0.113.9");
        assert_eq!(front.source(&request(&[secret.clone(), made_up, viewer])), Source::Unknown);
        // Not as if its last group were a port.
        let short = (VIEWER_ADDRESS, "1::2:3:4:5:6");
        assert_eq!(front.source(&request(&[secret, short])), source("1:0:0:2::"));
    }

    #[test]
    fn at_most_two_digests_are_configured_and_each_is_one() {
        let digest = Front::digest("secret");
        assert_eq!(digest.len(), 43);
        for text in [
            "secret".to_owned(),
            ",".to_owned(),
            format!("{digest},"),
            format!("{digest}, {digest}"),
            format!("{digest}="),
            digest[1..].to_owned(),
            [digest.as_str(); 3].join(","),
        ] {
            assert_eq!(text.parse::<Front>(), Err(InvalidFront), "{text}");
        }
        assert_eq!("".parse(), Ok(Front::default()));
    }
}
