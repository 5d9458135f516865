//! Behavior that both syntaxes share, and writing.

mod hostile;
mod json;
mod properties;
mod xml;

use serde_json::Value;

use super::*;

const SAMPLE_JSON: &str = include_str!("tests/sample.json");
const SAMPLE_XML: &str = include_str!("tests/sample.xml");

const REQUEST_ROOT: &str = "CardTransactionBindingModel";
const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";

fn root_named(name: &'static str) -> Root {
    Root { name, namespace: NAMESPACE }
}

/// Names that are in no other namespace.
fn is_known(name: &str) -> bool {
    matches!(name, "A" | "C")
}

fn from_json(text: &str) -> Result<Document, Unreadable> {
    super::from_json(text, Names::AnyCase)
}

fn from_xml(text: &str) -> Result<Document, Unreadable> {
    super::from_xml(text, root_named(REQUEST_ROOT), is_known)
}

fn to_xml(name: &'static str, node: &Node) -> String {
    super::to_xml(root_named(name), &value(node))
}

fn to_json(node: &Node) -> String {
    value(node).to_string()
}

/// A tree as responses have it: lists are null, and numbers are texts, which keep their digits.
fn value(node: &Node) -> Value {
    match node {
        Node::Null | Node::List(_) => Value::Null,
        Node::Text(text) | Node::Number(text) => Value::from(text.as_str()),
        Node::Bool(value) => Value::from(*value),
        Node::Object(members) => members.iter().map(|(name, node)| (name.clone(), value(node))).collect(),
    }
}

fn number(digits: &str) -> Node {
    Node::Number(digits.to_owned())
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn object<const N: usize>(members: [(&str, Node); N]) -> Node {
    Node::Object(members.into_iter().map(|(name, node)| (name.to_owned(), node)).collect())
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

fn sorted(node: Node) -> Node {
    match node {
        Node::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Node::Object(members)
        }
        other => other,
    }
}

#[test]
fn both_samples_of_the_page_say_the_same() {
    let (json, xml) = (from_json(SAMPLE_JSON).unwrap(), from_xml(SAMPLE_XML).unwrap());
    let request = json.member(&json.root, "Request").unwrap();
    assert_eq!(json.member(request, "Amount"), Some(&text("20.50")));
    assert_eq!(json.member(request, "Name"), Some(&Node::Null));
    assert_eq!(sorted(json.root), xml.root, "the page's XML is in ordinal order");
}

#[test]
fn the_sample_is_written_as_the_page_has_it() {
    let node = from_json(SAMPLE_JSON).unwrap().root;
    let between = |text: &str| text.lines().map(str::trim_start).collect::<String>();
    assert_eq!(to_xml(REQUEST_ROOT, &node), between(SAMPLE_XML));
    assert_eq!(from_json(&to_json(&node)).unwrap().root, node);
}

#[test]
fn json_names_match_in_any_case_and_xml_names_exactly() {
    let body = "\"Amount\":1,\"Größe\":2";
    let json = from_json(&format!("{{{body}}}")).unwrap();
    for name in ["Amount", "amount", "AMOUNT"] {
        assert_eq!(json.member(&json.root, name), Some(&number("1")), "{name}");
    }
    // Only ASCII letters have another case here.
    assert_eq!(json.member(&json.root, "grÖße"), None);
    assert_eq!(json.member(&json.root, "Other"), None);
    let xml = from_xml(&to_xml(REQUEST_ROOT, &object([("Amount", text("1"))]))).unwrap();
    assert_eq!(xml.member(&xml.root, "Amount"), Some(&text("1")));
    assert_eq!(xml.member(&xml.root, "amount"), None);
}

#[test]
fn only_an_object_has_members() {
    let json = from_json(r#"{"A":"A","B":null,"C":["A"]}"#).unwrap();
    for name in ["A", "B", "C"] {
        let node = json.member(&json.root, name).unwrap();
        assert_eq!(json.member(node, "A"), None, "{name}");
    }
}

#[test]
fn a_response_in_xml_is_in_ordinal_order_with_nil_for_null() {
    let answer = object([
        ("Message", object([("Description", text("OK")), ("Code", text("00"))])),
        (
            "Response",
            object([
                ("Card", text("")),
                ("CVV", text("M")),
                ("AuthCode", Node::Null),
                ("a", Node::List(Vec::new())),
            ]),
        ),
    ]);
    assert_eq!(
        to_xml("CardTransactionOutgoingModel", &answer),
        "<CardTransactionOutgoingModel xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns=\"http://schemas.datacontract.org/2004/07/Payments.Api.Models\">\
         <Message><Code>00</Code><Description>OK</Description></Message>\
         <Response><AuthCode i:nil=\"true\" /><CVV>M</CVV><Card></Card><a i:nil=\"true\" /></Response>\
         </CardTransactionOutgoingModel>"
    );
}

#[test]
fn a_response_in_json_keeps_its_order_and_quotes_every_scalar() {
    let answer = object([
        ("Z", text("1")),
        ("A", object([("b", Node::Null), ("a", Node::List(Vec::new()))])),
        ("Q", text("\"\\\n<&>é\u{0}")),
    ]);
    assert_eq!(to_json(&answer), r#"{"Z":"1","A":{"b":null,"a":null},"Q":"\"\\\n<&>é\u0000"}"#);
}

#[test]
fn text_is_escaped_so_that_it_opens_no_element() {
    let cases = [
        ("<B>&amp;</B>", "&lt;B&gt;&amp;amp;&lt;/B&gt;"),
        ("]]>", "]]&gt;"),
        ("a\r\nb\tc", "a&#xD;\nb\tc"),
        ("\"'é\u{1F600}\u{85}\u{2028}", "\"'é\u{1F600}\u{85}\u{2028}"),
        // No reference could say these either.
        ("a\u{0}\u{B}\u{1F}\u{FFFE}\u{FFFF}b", "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b"),
    ];
    for (raw, expected) in cases {
        let xml = to_xml("R", &text(raw));
        let (_, content) = xml.strip_suffix("</R>").unwrap().split_once('>').unwrap();
        assert_eq!(content, expected, "{raw:?}");
    }
}

#[test]
fn a_position_counts_lines_and_characters_from_one() {
    let cases = [(0, at(1, 1)), (1, at(1, 2)), (3, at(1, 3)), (4, at(2, 1)), (5, at(2, 2)), (99, at(2, 2))];
    for (byte, expected) in cases {
        assert_eq!(Position::of("aé\nb", byte), expected, "{byte}");
    }
    // Between the two bytes of é: its own place.
    assert_eq!(Position::of("aé\nb", 2), at(1, 2));
}

#[test]
fn what_is_wrong_is_told_without_quoting_the_body() {
    const CARD: &str = "4788250000121443";
    let nested = |inner: &str| to_xml(REQUEST_ROOT, &object([("A", text("#"))])).replace('#', inner);
    let bodies = [
        format!("{{\"{CARD}\":\"{CARD}\",\"{CARD}\":1}}"),
        format!("{{\"A\":\"{CARD}\\ud800\"}}"),
        format!("\"{CARD}\""),
        format!("{{\"A\":{CARD}x}}"),
        nested(&format!("&x{CARD};")),
        nested(&format!("<x{CARD}:A/>")),
        nested(&format!("{CARD}<B/>")),
        nested(&format!("</x{CARD}>")),
        format!("<x{CARD}/>"),
        format!("<!DOCTYPE x{CARD}>"),
    ];
    for body in bodies {
        let error = if body.starts_with('<') { from_xml(&body) } else { from_json(&body) }.err();
        let error = error.unwrap_or_else(|| panic!("{body} is read"));
        assert!(!format!("{error} {error:?}").contains("47882500"), "{error}");
        assert!(error == Unreadable::NotAnObject || error.to_string().contains("line 1, column "), "{error}");
    }
}
