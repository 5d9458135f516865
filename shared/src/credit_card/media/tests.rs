//! Content types, charsets and negotiation, row by row.

use proptest::prelude::*;

use super::{
    Charset::{Ascii, Utf8, Utf16, Utf16Be, Utf16Le},
    Media::{ApplicationJson, ApplicationXml, TextJson, TextXml},
    *,
};

const XHR: bool = true;
const PLAIN: bool = false;

#[test]
fn accept_decides_then_the_request_then_json() {
    const CHROME: &str =
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
    #[rustfmt::skip]
    let cases = [
        // Literal names.
        (Some("application/json"), PLAIN, Some(ApplicationXml), ApplicationJson),
        (Some("text/json"), PLAIN, Some(ApplicationXml), TextJson),
        (Some("application/xml"), PLAIN, Some(ApplicationJson), ApplicationXml),
        (Some("text/xml"), PLAIN, Some(ApplicationJson), TextXml),
        (Some("APPLICATION/Xml"), PLAIN, None, ApplicationXml),
        (Some("  text/xml\t"), PLAIN, None, TextXml),
        (Some("text/xml;charset=utf-16;version=1"), PLAIN, None, TextXml),
        (Some("text/xml;note=\"a,b;q=0\""), PLAIN, None, TextXml),
        (Some("text/xml;note=\"\\\",application/json\""), PLAIN, None, TextXml),
        // Ranges.
        (Some("*/*"), PLAIN, Some(ApplicationXml), ApplicationJson),
        (Some("*/*"), PLAIN, Some(TextJson), ApplicationJson),
        (Some("text/*"), PLAIN, Some(ApplicationXml), TextJson),
        (Some("application/*"), PLAIN, Some(TextXml), ApplicationJson),
        (Some("image/*, */*;q=0.1"), PLAIN, Some(TextXml), ApplicationJson),
        // Quality.
        (Some("application/json;q=0.5, application/xml"), PLAIN, None, ApplicationXml),
        (Some("application/json;q=0.899, text/xml;q=0.9"), PLAIN, None, TextXml),
        (Some("application/json;q=0.001, image/png"), PLAIN, Some(TextXml), ApplicationJson),
        (Some("text/xml;Q=1.000, application/json;q=0.999"), PLAIN, None, TextXml),
        (Some("text/xml; q = 0.2, application/xml; q = 0.3"), PLAIN, None, ApplicationXml),
        (Some("text/xml;q=\"0.2\", application/xml;q=0.3"), PLAIN, None, ApplicationXml),
        (Some("text/xml;q=1., application/json;q=0."), PLAIN, None, TextXml),
        // The narrowest range has the word, wherever it is in the header.
        (Some("*/*, application/json;q=0.1, text/json;q=0.1"), PLAIN, None, ApplicationXml),
        (Some("application/*;q=0.1, */*"), PLAIN, None, TextJson),
        (Some("application/*;q=0.9, */*;q=0.9"), PLAIN, None, ApplicationJson),
        (Some("application/json;q=0.1, application/json;q=0.7, text/xml;q=0.5"), PLAIN, None, ApplicationJson),
        // Of equal qualities: the narrowest, then JSON, then the order, then application/.
        (Some("*/*, application/xml"), PLAIN, None, ApplicationXml),
        (Some("application/*, text/xml"), PLAIN, None, TextXml),
        (Some("*/*, text/*"), PLAIN, None, TextJson),
        (Some("application/xml, application/json"), PLAIN, None, ApplicationJson),
        (Some("text/xml, application/xml, text/json"), PLAIN, None, TextJson),
        (Some("text/json, application/json"), PLAIN, None, TextJson),
        (Some("application/json, text/json"), PLAIN, None, ApplicationJson),
        (Some("text/xml, application/xml"), PLAIN, None, TextXml),
        (Some("text/*, application/*"), PLAIN, None, TextJson),
        (Some(CHROME), PLAIN, Some(ApplicationJson), ApplicationXml),
        // Refused.
        (Some("application/json;q=0, */*"), PLAIN, None, ApplicationXml),
        (Some("*/*, application/json;q=0.000"), PLAIN, None, ApplicationXml),
        (Some("application/json;q=0, text/json, */*;q=0.5"), PLAIN, None, TextJson),
        (Some("text/json;q=0, */*"), PLAIN, None, ApplicationJson),
        (Some("application/json;q=0, application/xml;q=0, */*"), PLAIN, Some(TextJson), TextJson),
        (Some("application/*;q=0, text/*"), PLAIN, None, TextJson),
        (Some("*/*;q=0"), PLAIN, Some(TextXml), TextXml),
        (Some("application/json;q=0"), PLAIN, Some(ApplicationXml), ApplicationXml),
        // Ranges that cannot be read are passed over.
        (Some("application/json;q=1.001, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q=0.0999, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q=-1, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q=.5, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q=, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q=1;q=1, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json;q, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("*/json, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("json, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application/json/1, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some("application /json, text/xml;q=0.1"), PLAIN, None, TextXml),
        (Some(",, ,application/xml; ;,"), PLAIN, None, ApplicationXml),
        // An open quote takes the rest of the header with it.
        (Some("application/json;a=\", text/xml"), PLAIN, Some(ApplicationXml), ApplicationXml),
        // Nothing matches.
        (Some("image/png"), PLAIN, Some(TextXml), TextXml),
        (Some("image/png"), PLAIN, None, ApplicationJson),
        (Some("application/problem+xml"), PLAIN, Some(TextJson), TextJson),
        (Some(""), PLAIN, Some(TextXml), TextXml),
        (Some("not a media type"), PLAIN, Some(ApplicationXml), ApplicationXml),
        (None, PLAIN, Some(ApplicationXml), ApplicationXml),
        (None, PLAIN, Some(TextJson), TextJson),
        (None, PLAIN, None, ApplicationJson),
        // A script in a browser that requests no particular media type.
        (None, XHR, Some(ApplicationXml), ApplicationJson),
        (Some(""), XHR, Some(TextXml), ApplicationJson),
        (Some("*/*"), XHR, Some(ApplicationXml), ApplicationJson),
        (Some("*/*;q=0"), XHR, Some(TextXml), ApplicationJson),
        (Some("image/png"), XHR, Some(TextXml), TextXml),
        (Some("image/png, */*;q=0"), XHR, Some(TextXml), TextXml),
        (Some("text/xml"), XHR, Some(ApplicationJson), TextXml),
    ];
    for (accept, xml_http_request, request, expected) in cases {
        let got = negotiate(accept, xml_http_request, request);
        assert_eq!(got, expected, "{accept:?}, {xml_http_request}, {request:?}");
    }
}

#[test]
fn a_content_type_is_read_whatever_its_case_and_parameters() {
    let cases = [
        ("application/json", Ok((ApplicationJson, None))),
        ("text/json", Ok((TextJson, None))),
        ("application/xml", Ok((ApplicationXml, None))),
        ("text/xml", Ok((TextXml, None))),
        ("Application/JSON", Ok((ApplicationJson, None))),
        (" text/xml ", Ok((TextXml, None))),
        ("text/xml;", Ok((TextXml, None))),
        ("application/json; charset=utf-8", Ok((ApplicationJson, Some(Utf8)))),
        ("application/json;CHARSET=UTF8", Ok((ApplicationJson, Some(Utf8)))),
        ("text/xml ; charset=\"utf-8\"", Ok((TextXml, Some(Utf8)))),
        ("text/xml; charset=\"utf\\-8\"", Ok((TextXml, Some(Utf8)))),
        ("text/xml; a=\"; charset=latin1\"; charset=utf-16", Ok((TextXml, Some(Utf16)))),
        ("text/xml; charset=us-ascii", Ok((TextXml, Some(Ascii)))),
        ("text/xml; charset=ASCII", Ok((TextXml, Some(Ascii)))),
        ("text/json; charset=Utf-16LE", Ok((TextJson, Some(Utf16Le)))),
        ("text/json; charset=utf-16be", Ok((TextJson, Some(Utf16Be)))),
        ("application/json; charset=utf-8; charset=UTF-8", Ok((ApplicationJson, Some(Utf8)))),
        ("application/json; charset=utf-8; charset=utf-16", Err(Unsupported::Charset)),
        ("application/json; charset=iso-8859-1", Err(Unsupported::Charset)),
        ("application/json; charset=utf-32", Err(Unsupported::Charset)),
        ("application/json; charset=\"\"", Err(Unsupported::Charset)),
        ("application/json; charset=", Err(Unsupported::Type)),
        ("application/json; charset", Err(Unsupported::Type)),
        ("application/json; charset=\"utf-8", Err(Unsupported::Type)),
        ("application/json; charset=\"utf-8\"x", Err(Unsupported::Type)),
        ("application/json; =utf-8", Err(Unsupported::Type)),
        ("application/json, text/xml", Err(Unsupported::Type)),
        ("application/*", Err(Unsupported::Type)),
        ("*/*", Err(Unsupported::Type)),
        ("application/problem+xml", Err(Unsupported::Type)),
        ("application/x-www-form-urlencoded", Err(Unsupported::Type)),
        ("multipart/form-data; boundary=x", Err(Unsupported::Type)),
        ("text/plain", Err(Unsupported::Type)),
        ("text/html", Err(Unsupported::Type)),
        ("application/octet-stream", Err(Unsupported::Type)),
        ("application/json5", Err(Unsupported::Type)),
        ("application/problem+json", Err(Unsupported::Type)),
        ("application /json", Err(Unsupported::Type)),
        ("json", Err(Unsupported::Type)),
        ("application", Err(Unsupported::Type)),
        ("/json", Err(Unsupported::Type)),
        ("application/", Err(Unsupported::Type)),
        ("application / json", Err(Unsupported::Type)),
        ("", Err(Unsupported::Type)),
    ];
    for (header, expected) in cases {
        assert_eq!(of_request(Some(header)), expected, "{header}");
    }
    assert_eq!(of_request(None), Err(Unsupported::Type));
}

#[test]
fn what_is_xml_by_its_name_gets_xml_also_when_it_is_not_read() {
    for (content_type, expected) in [
        ("text/xml", Some(TextXml)),
        ("TEXT/XML; charset=latin1", Some(TextXml)),
        ("application/soap+xml; charset=utf-8", Some(ApplicationXml)),
        ("x/XML", Some(ApplicationXml)),
        ("text/json; =", Some(TextJson)),
        ("application/xmlx", None),
        ("text/plain", None),
        ("xml", None),
        ("", None),
    ] {
        assert_eq!(family(Some(content_type)), expected, "{content_type}");
    }
    assert_eq!(family(None), None);
}

#[test]
fn a_response_names_its_type_and_its_charset() {
    for media in Media::ALL {
        let header = media.content_type();
        assert_eq!(of_request(Some(header)), Ok((media, Some(Utf8))));
        assert_eq!(media.is_xml(), header.contains("xml"));
    }
}

#[test]
fn the_byte_order_mark_wins_over_the_charset_and_that_over_utf_8() {
    type Case<'a> = (&'a [u8], Option<Charset>, Result<&'a str, Undecodable>);
    let cases: [Case<'_>; 29] = [
        (b"", None, Ok("")),
        (b"caf\xC3\xA9", None, Ok("café")),
        (b"caf\xC3\xA9", Some(Utf8), Ok("café")),
        (b"cafe", Some(Ascii), Ok("cafe")),
        (b"c\0a\0f\0\xE9\0", Some(Utf16), Ok("café")),
        (b"c\0a\0f\0\xE9\0", Some(Utf16Le), Ok("café")),
        (b"\0c\0a\0f\0\xE9", Some(Utf16Be), Ok("café")),
        (b"\x3D\xD8\x00\xDE", Some(Utf16Le), Ok("\u{1F600}")),
        (b"\xD8\x3D\xDE\x00", Some(Utf16Be), Ok("\u{1F600}")),
        (b"", Some(Utf16), Ok("")),
        // Marks.
        (b"\xEF\xBB\xBFa", None, Ok("a")),
        (b"\xEF\xBB\xBFa", Some(Utf16Be), Ok("a")),
        (b"\xEF\xBB\xBF\xC3\xA9", Some(Ascii), Ok("é")),
        (b"\xFF\xFEa\0", None, Ok("a")),
        (b"\xFF\xFEa\0", Some(Utf16), Ok("a")),
        (b"\xFE\xFF\0a", Some(Utf16), Ok("a")),
        (b"\xFE\xFF\0a", Some(Utf16Le), Ok("a")),
        (b"\xFE\xFF\0a", Some(Utf8), Ok("a")),
        // Only one is taken off.
        (b"\xEF\xBB\xBF\xEF\xBB\xBFa", None, Ok("\u{FEFF}a")),
        (b"\xEF\xBB", None, Err(Undecodable::Utf8(0))),
        // Bytes that are not text.
        (b"ab\xFF", None, Err(Undecodable::Utf8(2))),
        (b"\xEF\xBB\xBFab\xFF", None, Err(Undecodable::Utf8(5))),
        (b"\xED\xA0\x80", None, Err(Undecodable::Utf8(0))),
        (b"\xC0\xAF", None, Err(Undecodable::Utf8(0))),
        (b"caf\xC3\xA9", Some(Ascii), Err(Undecodable::Ascii)),
        (b"\x3D\xD8a\0", Some(Utf16Le), Err(Undecodable::LoneSurrogate)),
        (b"\xDE\x00", Some(Utf16Be), Err(Undecodable::LoneSurrogate)),
        (b"a\0b", Some(Utf16), Err(Undecodable::OddLength)),
        (b"\xFE\xFF\0", None, Err(Undecodable::OddLength)),
    ];
    for (bytes, charset, expected) in cases {
        assert_eq!(decode(bytes, charset).as_deref(), expected.as_deref(), "{bytes:?}, {charset:?}");
    }
}

#[test]
fn the_encoding_that_an_xml_declaration_states_is_respected_or_refused() {
    for (start, expected) in [
        ("<?xml version=\"1.0\" encoding=\"utf-8\"?>", Ok(Some(Utf8))),
        ("<?xml version='1.0' encoding = 'US-ASCII' standalone='yes'?>", Ok(Some(Ascii))),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", Err(Unsupported::Charset)),
        ("<?xml version=\"1.0\" encoding=\"windows-1252\"?>", Err(Unsupported::Charset)),
        ("<?xml version=\"1.0\" encoding=\"\"?>", Err(Unsupported::Charset)),
        // It is not what it says.
        ("<?xml version=\"1.0\" encoding=\"utf-16\"?>", Ok(None)),
        ("<?xml version=\"1.0\"?>", Ok(None)),
        ("<?xml version=\"1.0\"?><!-- encoding='ISO-8859-1' -->", Ok(None)),
        ("<A encoding='ISO-8859-1'>", Ok(None)),
        // The mark tells.
        ("\u{FEFF}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>", Ok(None)),
        ("<?xml encoding", Ok(None)),
        ("", Ok(None)),
    ] {
        assert_eq!(declared(format!("{start}<A>é</A>").as_bytes()), expected, "{start}");
    }
}

#[test]
fn an_error_does_not_quote_the_header() {
    for header in ["application/4111111111111111", "text/xml; charset=4111111111111111"] {
        let error = of_request(Some(header)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("4111"), "{header}");
    }
}

#[test]
fn a_header_of_megabytes_is_read() {
    let ranges =
        ["application/json;q=0.2,", "\"\\,\",", "image/png;a=\",;\",", ";,", "text/xml;q=0.3;q=0.3,"];
    let accept = format!("{}text/xml;q=0.4", ranges.concat().repeat(50_000));
    assert_eq!(negotiate(Some(&accept), PLAIN, None), TextXml);
    assert_eq!(of_request(Some(&format!("text/xml{}", ";a=\";\"".repeat(200_000)))), Ok((TextXml, None)));
}

proptest! {
    #[test]
    fn any_header_gets_a_response(accept in any::<String>(), xhr: bool) {
        prop_assert!(Media::ALL.contains(&negotiate(Some(&accept), xhr, None)));
        let _ = of_request(Some(&accept));
    }

    /// Headers that look like some.
    #[test]
    fn no_media_type_is_chosen_that_the_header_does_not_name(
        parts in prop::collection::vec(prop::sample::select(vec![
            "application", "text", "*", "/", "json", "xml", ",", ";", "q=", "0", "1", ".5", "\"", "\\", " ", "a=b",
        ]), 0..40),
    ) {
        let accept = parts.concat();
        // A default that no range requests shows as two requests whose responses would differ.
        let (one, other) = (negotiate(Some(&accept), PLAIN, Some(TextXml)), negotiate(Some(&accept), PLAIN, Some(TextJson)));
        if one == other {
            let names = one.names();
            prop_assert!(accept.contains(names.1) || accept.contains('*'), "{accept}: {one:?}");
            prop_assert!(accept.contains(names.0) || accept.contains('*'), "{accept}: {one:?}");
        } else {
            prop_assert_eq!((one, other), (TextXml, TextJson));
        }
    }

    #[test]
    fn text_survives_every_encoding(text in any::<String>()) {
        prop_assume!(!text.starts_with('\u{FEFF}'));
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        // A first character whose UTF-16 reads as another mark's bytes is taken for that mark, as
        // it must be.
        prop_assume!(![&little, &big].iter().any(|it| it.starts_with(&[0xEF, 0xBB, 0xBF])
            || it.starts_with(&[0xFF, 0xFE]) || it.starts_with(&[0xFE, 0xFF])));
        prop_assert_eq!(decode(text.as_bytes(), None).unwrap(), text.as_str());
        prop_assert_eq!(decode(&little, Some(Utf16)).unwrap(), text.as_str());
        prop_assert_eq!(decode(&big, Some(Utf16Be)).unwrap(), text.as_str());
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes: Vec<u8>, charset in prop::sample::select(vec![None, Some(Ascii), Some(Utf16)])) {
        let _ = decode(&bytes, charset);
    }
}
