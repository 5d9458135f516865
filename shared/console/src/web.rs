//! Requests as the console reads them, and the responses that it sends.

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use tollgate_core::values::{TextUse, looks_like_card_number, shorten_card_numbers};

use crate::seal::is_secret;

/// How the name of a session's cookie begins; the merchant's id follows. `__Host-` binds it to this
/// host, and no script reads it. `Lax`: a link in a message opens the page, and the way back from
/// the issuer is such a link.
const SESSION: &str = "__Host-session-";
/// The cookie of a sign-in in progress.
const SIGN_IN: &str = "__Host-sign-in";
const COOKIE: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// Nothing but the console's own style sheet is loaded, no script runs, and no other page shows a
/// console in a frame. The target of a form is checked, too: the way to the issuer goes through a
/// page of ours.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The headers of every response.
const HEADERS: [(header::HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    // Not `no-referrer`, with which browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Which cookie is meant.
#[derive(Clone, Copy)]
pub(crate) enum Cookie<'a> {
    /// That of the session at a merchant.
    Session(&'a str),
    SignIn,
}

impl Cookie<'_> {
    fn name(self) -> String {
        match self {
            Self::Session(merchant) => format!("{SESSION}{merchant}"),
            Self::SignIn => SIGN_IN.to_owned(),
        }
    }

    /// Its value in a request.
    pub(crate) fn of(self, request: &Request) -> Option<&str> {
        let name = self.name();
        cookies(request).find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Sets it, until the browser is closed.
    pub(crate) fn set(self, response: &mut Response<Body>, value: &str) {
        Self::append(response, &format!("{}={value}; {COOKIE}", self.name()));
    }

    pub(crate) fn clear(self, response: &mut Response<Body>) {
        Self::append(response, &format!("{}=; {COOKIE}; Max-Age=0", self.name()));
    }

    fn append(response: &mut Response<Body>, line: &str) {
        if let Ok(line) = HeaderValue::from_str(line) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}

fn cookies(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    let all = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|all| all.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The cookies of sessions in a request, each with its merchant. Others may have made them up.
pub(crate) fn session_cookies(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    let named = cookies(request).filter_map(|(name, value)| Some((name.strip_prefix(SESSION)?, value)));
    named.filter(|(merchant, value)| merchant_of(merchant).is_some() && is_secret(value))
}

/// Longest address that is gone back to after a sign-in: API Gateway takes 10,240 bytes of headers.
pub(crate) const BACK_MAX_BYTES: usize = 6_000;

/// How a form is sent.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Longest form: one with an address to go back to, most of it encoded twice, has 10 KB.
pub(crate) const PAGE_FORM_MAX_BYTES: usize = 16 * 1024;

/// Longest merchant id that is taken from a form.
const MERCHANT_MAX_BYTES: usize = 64;

/// The name of the text that a person looks for.
pub(crate) const SOUGHT: &str = "q";

/// Parameters of an address or members of a form, in their order.
#[derive(PartialEq)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Those of the address.
    pub(crate) fn of_address(request: &Request) -> Self {
        Self::parsed(request.uri().query().unwrap_or_default().as_bytes())
    }

    /// Those of the text of a form.
    pub(crate) fn parsed(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The same, with no more than the last four digits of a card number in the text that is
    /// looked for.
    pub(crate) fn without_card_number(&self) -> Self {
        let pairs = self.iter().map(|(name, value)| {
            let value = if name == SOUGHT { with_last_four(value) } else { value.to_owned() };
            (name.to_owned(), value)
        });
        Self(pairs.collect())
    }

    /// Those that an address may state: neither a card number nor an e-mail address stays in a
    /// browser's history.
    pub(crate) fn for_address(&self) -> Self {
        let mut pairs = self.without_card_number();
        pairs.0.retain(|(name, value)| name != SOUGHT || !is_personal(value));
        pairs
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value with a name, without space around it. Empty is as good as missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// How a page is told that a new sign-in lost the text that was looked for.
pub(crate) const LOST: &str = "lost";

/// Whether a text that is looked for may say who paid.
pub(crate) fn is_personal(text: &str) -> bool {
    text.contains(['@', '＠'])
}

/// A text with the last four digits of each card number in it. Numbers that any other system gives
/// stay.
fn with_last_four(text: &str) -> String {
    let is_clean = |text: &str| !looks_like_card_number(text, TextUse::Reference);
    if is_clean(text) {
        return text.to_owned();
    }
    let short = shorten_card_numbers(text);
    if is_clean(&short) {
        return short;
    }
    // A disguised number has no place of its own in the text.
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].to_owned()
}

/// A merchant's id from a form, if the text can be a part of an address.
pub(crate) fn merchant_of(text: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    (text.len() <= MERCHANT_MAX_BYTES && !text.is_empty() && text.bytes().all(is_plain)).then_some(text)
}

/// The merchant of a page that a person may come back to after a sign-in; none for the address of
/// anything else. The text may come from a form that others wrote.
pub(crate) fn merchant_of_page(address: &str) -> Option<&str> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let is_sound = address.len() <= BACK_MAX_BYTES && address.bytes().all(is_plain);
    // A merchant's id has a character, so `//` does not lead to another host.
    let (merchant, _) = address.strip_prefix('/').filter(|_| is_sound)?.split_once('/')?;
    merchant_of(merchant)
}

pub(crate) fn page(status: StatusCode, html: String) -> Response<Body> {
    response(status, "text/html; charset=utf-8", html)
}

/// The style sheet. Its address has its digest, so it may be kept for good.
pub(crate) fn style() -> Response<Body> {
    let response = response(StatusCode::OK, "text/css; charset=utf-8", tollgate_look::STYLE.to_owned());
    with(response, header::CACHE_CONTROL, "public, max-age=31536000, immutable")
}

/// The icon, a gate's bar.
pub(crate) fn icon() -> Response<Body> {
    const ICON: &str = include_str!("icon.svg");
    let response = response(StatusCode::OK, "image/svg+xml", ICON.to_owned());
    with(response, header::CACHE_CONTROL, "public, max-age=86400")
}

/// By this first character, a spreadsheet knows that a file is in UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A list to keep. Its name comes from us.
pub(crate) fn download(name: &str, mut csv: String) -> Response<Body> {
    csv.insert(0, BYTE_ORDER_MARK);
    let response = response(StatusCode::OK, "text/csv; charset=utf-8", csv);
    with(response, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
}

/// Sends the browser to an address, with GET.
pub(crate) fn redirect(to: &str) -> Response<Body> {
    with(response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new()), header::LOCATION, to)
}

/// The response with another header, unless its value cannot be one.
pub(crate) fn with(mut response: Response<Body>, name: header::HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
