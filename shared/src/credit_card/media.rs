//! Media types, charsets and content negotiation, as ASP.NET Web API 2 does them.

use std::{borrow::Cow, cmp::Reverse};

use quick_xml::events::{BytesDecl, BytesStart};

/// The name of an XML declaration.
const XML: &str = "xml";

/// The media types that a request may come in and that a response may go out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    ApplicationJson,
    TextJson,
    ApplicationXml,
    TextXml,
}

impl Media {
    /// JSON before XML and `application/` before `text/`: the order in which Web API registers
    /// them.
    const ALL: [Self; 4] = [Self::ApplicationJson, Self::TextJson, Self::ApplicationXml, Self::TextXml];

    /// Whether this is written by the XML formatter.
    pub(super) fn is_xml(self) -> bool {
        matches!(self, Self::ApplicationXml | Self::TextXml)
    }

    /// The value of a response's `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json; charset=utf-8",
            Self::TextJson => "text/json; charset=utf-8",
            Self::ApplicationXml => "application/xml; charset=utf-8",
            Self::TextXml => "text/xml; charset=utf-8",
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::ApplicationJson => ("application", "json"),
            Self::TextJson => ("text", "json"),
            Self::ApplicationXml => ("application", "xml"),
            Self::TextXml => ("text", "xml"),
        }
    }
}

/// How the text of a body is encoded, as its sender states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Ascii,
    Utf8,
    /// The byte order mark tells which end comes first.
    Utf16,
    Utf16Le,
    Utf16Be,
}

impl Charset {
    fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Charset); 7] = [
            ("utf-8", Charset::Utf8),
            ("utf8", Charset::Utf8),
            ("us-ascii", Charset::Ascii),
            ("ascii", Charset::Ascii),
            ("utf-16", Charset::Utf16),
            ("utf-16le", Charset::Utf16Le),
            ("utf-16be", Charset::Utf16Be),
        ];
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, charset)| *charset)
    }
}

/// A `Content-Type` that no formatter reads. The texts do not quote it: it is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsupported {
    /// Missing, malformed or another type.
    #[error("the content type is none of application/json, text/json, application/xml and text/xml")]
    Type,
    /// A charset that is not read here, or two charsets.
    #[error("the charset is none of utf-8, us-ascii, utf-16, utf-16le and utf-16be")]
    Charset,
}

/// The media type of a request's body and how its text is encoded.
pub(super) fn of_request(content_type: Option<&str>) -> Result<(Media, Option<Charset>), Unsupported> {
    let mut parts = split_outside_quotes(content_type.unwrap_or_default(), b';');
    let (type_name, subtype) = parts.next().and_then(type_and_subtype).ok_or(Unsupported::Type)?;
    let is_named = |media: &Media| {
        let names = media.names();
        names.0.eq_ignore_ascii_case(type_name) && names.1.eq_ignore_ascii_case(subtype)
    };
    let media = Media::ALL.into_iter().find(is_named).ok_or(Unsupported::Type)?;
    let mut charset = None;
    for part in parts.filter(|part| !is_blank(part)) {
        let (name, value) = parameter(part).ok_or(Unsupported::Type)?;
        if !name.eq_ignore_ascii_case("charset") {
            continue;
        }
        let stated = Charset::named(&value).ok_or(Unsupported::Charset)?;
        if charset.replace(stated).is_some_and(|before| before != stated) {
            return Err(Unsupported::Charset);
        }
    }
    Ok((media, charset))
}

/// The default media type of a response to this `Content-Type`, also where it is not read here: XML
/// for every XML name, such as `application/soap+xml` or with a charset that is not supported.
pub(super) fn family(content_type: Option<&str>) -> Option<Media> {
    let (type_name, subtype) = split_outside_quotes(content_type?, b';').next().and_then(type_and_subtype)?;
    let (type_name, subtype) = (type_name.to_ascii_lowercase(), subtype.to_ascii_lowercase());
    let read = Media::ALL.into_iter().find(|media| media.names() == (&type_name, &subtype));
    // RFC 7303 §4.2.
    read.or_else(|| (subtype == "xml" || subtype.ends_with("+xml")).then_some(Media::ApplicationXml))
}

/// How narrowly a range of `Accept` names a media type (RFC 9110 §12.5.1), the widest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Anything,
    AnySubtype,
    Literal,
}

/// One range of an `Accept` header.
struct MediaRange<'a> {
    type_name: &'a str,
    subtype: &'a str,
    /// The value of `q` in thousandths, 0 to 1000.
    quality: u16,
}

impl<'a> MediaRange<'a> {
    /// `None` if the range cannot be read. Parameters but `q` are ignored, as Web API does: its own
    /// types have none.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = split_outside_quotes(text, b';');
        let (type_name, subtype) = type_and_subtype(parts.next()?)?;
        if type_name == "*" && subtype != "*" {
            return None;
        }
        let mut quality = None;
        for part in parts.filter(|part| !is_blank(part)) {
            let (name, value) = parameter(part)?;
            if name.eq_ignore_ascii_case("q") && quality.replace(quality_of(&value)?).is_some() {
                return None;
            }
        }
        Some(Self { type_name, subtype, quality: quality.unwrap_or(1000) })
    }

    fn is_anything(&self) -> bool {
        self.type_name == "*"
    }

    /// How narrowly this range names `media`; `None` if it does not.
    fn precision(&self, media: Media) -> Option<Precision> {
        let names = media.names();
        if self.is_anything() {
            Some(Precision::Anything)
        } else if !self.type_name.eq_ignore_ascii_case(names.0) {
            None
        } else if self.subtype == "*" {
            Some(Precision::AnySubtype)
        } else {
            self.subtype.eq_ignore_ascii_case(names.1).then_some(Precision::Literal)
        }
    }
}

/// The media type of the response; `xml_http_request` is `X-Purpose-With: XMLHttpRequest`.
///
/// The highest quality wins, then the narrowest range, then JSON, then the order in the header.
/// There is always a response, never a 406: if no range matches, it has the request's own media
/// type, else JSON.
pub(super) fn negotiate(accept: Option<&str>, xml_http_request: bool, request: Option<Media>) -> Media {
    let ranges: Vec<MediaRange<'_>> =
        split_outside_quotes(accept.unwrap_or_default(), b',').filter_map(MediaRange::parse).collect();
    // The narrowest range decides on a media type; of equally narrow ones the highest quality, then
    // the first.
    let mut decisions = Media::ALL.map(|media| {
        let named = ranges.iter().enumerate();
        named.filter_map(|(n, range)| Some((range.precision(media)?, range.quality, Reverse(n)))).max()
    });
    // A client that refuses `application/json` by name refuses JSON: a wildcard does not bring it
    // back as `text/json`.
    for [application, text] in decisions.as_chunks_mut::<2>().0 {
        let is_refused = application
            .is_some_and(|(precision, quality, _)| precision == Precision::Literal && quality == 0);
        if is_refused && text.is_some_and(|(precision, ..)| precision < Precision::Literal) {
            *text = None;
        }
    }
    let acceptable =
        Media::ALL.into_iter().zip(decisions).filter_map(|(media, decision)| Some((media, decision?)));
    let chosen = acceptable.filter(|(_, (_, quality, _))| *quality > 0).min_by_key(
        // The first of equals is taken, so `application/` goes before `text/`.
        |(media, (precision, quality, Reverse(position)))| {
            (Reverse((*quality, *precision)), media.is_xml(), *position)
        },
    );
    match chosen {
        Some((media, _)) => media,
        None if xml_http_request && ranges.iter().all(MediaRange::is_anything) => Media::ApplicationJson,
        None => request.unwrap_or(Media::ApplicationJson),
    }
}

/// `0`, `1` or a decimal fraction between them of at most three digits, as thousandths (RFC 9110
/// §12.4.2).
fn quality_of(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

/// `type/subtype`, white space around it taken off.
fn type_and_subtype(text: &str) -> Option<(&str, &str)> {
    let (type_name, subtype) = trim(text).split_once('/')?;
    (is_token(type_name) && is_token(subtype)).then_some((type_name, subtype))
}

/// `name=value`, the value a token or a quoted string. White space around `=` is let pass, as .NET
/// does.
fn parameter(text: &str) -> Option<(&str, Cow<'_, str>)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (trim(name), trim(value));
    if !is_token(name) {
        return None;
    }
    let Some(quoted) = value.strip_prefix('"') else {
        return is_token(value).then_some((name, Cow::Borrowed(value)));
    };
    let mut unquoted = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => unquoted.push(rest.next()?),
            other => unquoted.push(other),
        }
    }
    rest.as_str().is_empty().then_some((name, Cow::Owned(unquoted)))
}

/// The parts between separators outside quoted strings; one part at least, if an empty one.
fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
        !quoted && c == char::from(separator)
    })
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}

/// Whether it is a token as RFC 9110 §5.6.2 defines it.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Bytes that are not text in the charset that they were said to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undecodable {
    #[error("the body is not UTF-8 from byte {0} on")]
    Utf8(usize),
    #[error("the body is not US-ASCII, as its charset says")]
    Ascii,
    #[error("the body is UTF-16 with half a surrogate pair")]
    LoneSurrogate,
    #[error("the body is UTF-16 with half a character at its end")]
    OddLength,
}

/// The charset that an XML body's own declaration names; where the header names one, the transport
/// decides (RFC 7303 §3). None without a declaration, and where a declaration that is legible byte
/// by byte says UTF-16: it was written before the body was encoded anew, as .NET's writers of
/// strings do.
pub(super) fn declared(bytes: &[u8]) -> Result<Option<Charset>, Unsupported> {
    let instruction = bytes.strip_prefix(b"<?").filter(|rest| rest.starts_with(XML.as_bytes()));
    let end = instruction.and_then(|rest| rest.windows(2).position(|pair| pair == b"?>"));
    let text = instruction.zip(end).and_then(|(rest, end)| std::str::from_utf8(&rest[..end]).ok());
    let declaration = text.map(|text| BytesDecl::from_start(BytesStart::from_content(text, XML.len())));
    // A malformed one is told by the reader, with its place.
    let Some(Ok(name)) = declaration.as_ref().and_then(BytesDecl::encoding) else { return Ok(None) };
    let charset = Charset::named(&name).ok_or(Unsupported::Charset)?;
    Ok(Some(charset).filter(|charset| matches!(charset, Charset::Ascii | Charset::Utf8)))
}

/// The text of a body, without its byte order mark. The mark wins over the stated charset, which
/// wins over UTF-8.
pub(super) fn decode(bytes: &[u8], charset: Option<Charset>) -> Result<Cow<'_, str>, Undecodable> {
    let (charset, text) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Charset::Utf8, rest),
        [0xFF, 0xFE, rest @ ..] => (Charset::Utf16Le, rest),
        [0xFE, 0xFF, rest @ ..] => (Charset::Utf16Be, rest),
        _ => (charset.unwrap_or(Charset::Utf8), bytes),
    };
    let mark_bytes = bytes.len() - text.len();
    match charset {
        Charset::Ascii if !text.is_ascii() => Err(Undecodable::Ascii),
        Charset::Utf8 | Charset::Ascii => match std::str::from_utf8(text) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(Undecodable::Utf8(mark_bytes + error.valid_up_to())),
        },
        // RFC 2781 would have big endian where no mark says so; .NET's `Encoding.Unicode` is little
        // endian.
        Charset::Utf16 | Charset::Utf16Le => utf16(text, u16::from_le_bytes).map(Cow::Owned),
        Charset::Utf16Be => utf16(text, u16::from_be_bytes).map(Cow::Owned),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Undecodable> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Undecodable::OddLength);
    }
    let characters = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    characters.collect::<Result<_, _>>().map_err(|_| Undecodable::LoneSurrogate)
}

#[cfg(test)]
mod tests;
