//! Any tree survives its writing, no input makes a reader panic.

use std::collections::HashSet;

use proptest::prelude::*;

use super::{super::xml as xml_reader, *};

fn characters() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        any::<char>(),
        prop::sample::select(vec!['<', '>', '&', ';', ']', '"', '\'', '\r', '\n', '\t', ' ', '\\', '\u{85}']),
    ];
    prop::collection::vec(one.prop_filter("an XML character", |c| xml_reader::is_char(*c)), 0..20)
        .prop_map(String::from_iter)
}

/// Members with names that differ in more than case, in ordinal order; at least one, for XML has no
/// empty object.
fn members(value: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    prop::collection::vec(("[A-Za-zé_][A-Za-z0-9é_.-]{0,8}", value), 1..6).prop_map(|members| {
        let mut seen = HashSet::new();
        let distinct = members.into_iter().filter(|(name, _)| seen.insert(name.to_ascii_lowercase()));
        sorted(Node::Object(distinct.collect()))
    })
}

fn tree() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![Just(Node::Null), characters().prop_map(Node::Text)];
    members(leaf.prop_recursive(5, 40, 5, members))
}

/// Texts made of the pieces of both syntaxes, inside an element or not.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = vec![
        "<",
        ">",
        "/",
        "</",
        "/>",
        "A",
        "B",
        "p:",
        "xmlns",
        "=",
        "\"",
        "'",
        "&",
        ";",
        "#",
        "#x",
        "lt",
        "41",
        "<!--",
        "-->",
        "--",
        "<![CDATA[",
        "]]>",
        "<?xml",
        "<?",
        "?>",
        "<!DOCTYPE",
        "<!",
        "[",
        "]",
        "{",
        "}",
        ":",
        ",",
        "null",
        "\\u",
        "d800",
        "1e",
        " ",
        "\n",
        "\r",
        "\u{0}",
        "\u{FEFF}",
        "é",
        "i:nil",
        "true",
        "<A>",
        "</A>",
        "<B/>",
    ];
    (prop::collection::vec(prop::sample::select(pieces), 0..40), any::<bool>()).prop_map(
        |(pieces, inside)| {
            let inner = pieces.concat();
            if inside { to_xml(REQUEST_ROOT, &text("#")).replacen('#', &inner, 1) } else { inner }
        },
    )
}

proptest! {
    #[test]
    fn a_tree_survives_both_syntaxes(tree in tree()) {
        prop_assert_eq!(&from_xml(&to_xml(REQUEST_ROOT, &tree)).unwrap().root, &tree);
        prop_assert_eq!(&from_json(&to_json(&tree)).unwrap().root, &tree);
    }

    /// Characters that XML forbids are replaced, so that any written text can be read.
    #[test]
    fn any_text_makes_xml_that_can_be_read(raw in any::<String>()) {
        let read = from_xml(&to_xml(REQUEST_ROOT, &object([("A", text(&raw))]))).unwrap().root;
        let expected = raw.replace(|c| !xml_reader::is_char(c), "\u{FFFD}");
        prop_assert_eq!(read, object([("A", text(&expected))]));
    }

    #[test]
    fn no_text_makes_a_reader_panic(any in any::<String>(), pieces in pieces()) {
        for body in [&any, &pieces] {
            for read in [from_json(body), from_xml(body)] {
                // Everything that is read can be written, and is then read as the same.
                let Ok(Document { root, .. }) = read else { continue };
                let again = to_xml(REQUEST_ROOT, &root);
                prop_assert_eq!(to_xml(REQUEST_ROOT, &from_xml(&again).unwrap().root), again);
            }
        }
    }

    /// A body cut short is never taken for a whole one.
    #[test]
    fn a_truncated_body_is_refused(cut in any::<prop::sample::Index>()) {
        let (json, xml) = (SAMPLE_JSON.trim_end(), SAMPLE_XML.trim_end());
        prop_assert!(from_json(&json[..cut.index(json.len())]).is_err());
        prop_assert!(from_xml(&xml[..cut.index(xml.len())]).is_err());
    }
}

#[test]
fn many_siblings_attributes_or_blanks_are_read() {
    const MANY: usize = 50_000;
    let numbered = |make: fn(usize) -> String| (0..MANY).map(make).collect::<String>();
    let inside = |inner: &str| to_xml(REQUEST_ROOT, &text("#")).replacen('#', inner, 1);
    let declared = "xmlns:p=\"urn:p\" ".to_owned();
    let bodies = [
        format!("{{{}\"Z\":1}}", numbered(|n| format!("\"A{n}\":1,"))),
        format!("{{\"Z\":[{}1]}}", numbered(|n| format!("{{\"A{n}\":1}}, "))),
        inside(&(" ".repeat(MANY) + &numbered(|n| format!("\n <A{n}/>")))),
        inside(&format!("<A {declared}{}/>", numbered(|n| format!("p:a{n}='' ")))),
        inside(&format!("<A>{}</A>", "1<!-- -->".repeat(MANY))),
        inside(&format!("<A>{}</A>", "&lt;".repeat(MANY))),
        inside(&format!("{}<A/>{}", " &#32;".repeat(MANY), "<![CDATA[ ]]>".repeat(MANY))),
    ];
    for body in bodies {
        let read = if body.starts_with('<') { from_xml(&body) } else { from_json(&body) };
        assert!(matches!(read.unwrap().root, Node::Object(_)), "{}", &body[..body.len().min(300)]);
    }
}
