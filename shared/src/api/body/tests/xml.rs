//! XML: content that is kept, and content that the model has no place for.

use super::{super::xml::read, *};

pub(super) const NS: &str = "http://schemas.datacontract.org/2004/07/Payments.Api.Models";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A root with the usual namespaces around `inner`, from column 1 of line 2 on.
pub(super) fn body(inner: &str) -> String {
    format!(
        "<CardTransactionBindingModel xmlns='{NS}' xmlns:i='{XSI}'>\n{inner}</CardTransactionBindingModel>"
    )
}

pub(super) fn inside(inner: &str) -> Result<Node, Unreadable> {
    from_xml(&body(inner)).map(|document| document.root)
}

/// The value of `A` in a body that has but it.
pub(super) fn value(element: &str) -> Node {
    match inside(element) {
        Ok(Node::Object(mut members)) if members.len() == 1 && members[0].0 == "A" => members.remove(0).1,
        other => panic!("{element}: {other:?}"),
    }
}

/// Every body is refused for the same reason, at its place.
pub(super) fn refused(cases: &[(&str, usize, usize)], problem: impl Fn(Position) -> Unreadable) {
    for (element, line, column) in cases {
        assert_eq!(inside(element), Err(problem(at(*line, *column))), "{element}");
    }
}

#[test]
fn text_is_kept_as_it_is_and_line_ends_are_one_character() {
    let cases = [
        ("<A>20.50</A>", "20.50"),
        ("<A> \t 1 \n</A>", " \t 1 \n"),
        ("<A/>", ""),
        ("<A />", ""),
        ("<A></A\n>", ""),
        ("<A>   </A>", "   "),
        ("<A>a\r\nb\rc\nd</A>", "a\nb\nc\nd"),
        ("<A><![CDATA[a\r\nb]]></A>", "a\nb"),
        ("<A>é\u{1F600}\u{85}\u{2028}\u{A0}</A>", "é\u{1F600}\u{85}\u{2028}\u{A0}"),
        ("<A>a]]b>\"'</A>", "a]]b>\"'"),
    ];
    for (element, expected) in cases {
        assert_eq!(value(element), text(expected), "{element:?}");
    }
}

#[test]
fn references_sections_and_comments_are_one_text() {
    let cases = [
        ("<A>&lt;&gt;&amp;&quot;&apos;</A>", "<>&\"'"),
        ("<A>&amp;lt;</A>", "&lt;"),
        ("<A>&#65;&#x42;&#x00000043;&#233;&#x1F600;</A>", "ABCé\u{1F600}"),
        ("<A>a&#xD;&#10;&#9;b</A>", "a\r\n\tb"),
        ("<A>\r&#10;</A>", "\n\n"),
        ("<A><![CDATA[<B>&lt;]]]]><![CDATA[></B>]]></A>", "<B>&lt;]]></B>"),
        ("<A>12<!-- x -->34</A>", "1234"),
        ("<A><!----><!-- <B> &x; --> </A>", " "),
        ("<A>1<![CDATA[]]>2&#51;<![CDATA[4]]></A>", "1234"),
    ];
    for (element, expected) in cases {
        assert_eq!(value(element), text(expected), "{element:?}");
    }
}

#[test]
fn elements_may_stand_in_any_order_with_blanks_and_comments_between() {
    let expected =
        object([("B", text("2")), ("A", object([("D", text("")), ("C", text("3"))])), ("É", Node::Null)]);
    let spaced = "\t<B>2</B>\n<!-- x --><A x='1'> <D/>&#32;<C>3</C><![CDATA[ ]]></A> \r\n<É i:nil='true'/>";
    assert_eq!(inside(spaced).unwrap(), expected);
    let (before, after) =
        ("<?xml version='1.0' encoding='utf-16' standalone=\"yes\" ?>\n<!-- a -->\n", "\n<!-- b -->\n");
    assert_eq!(from_xml(&format!("{before}{}{after}", body(spaced))).unwrap().root, expected);
    assert_eq!(from_xml(&format!(" \n{}", body(spaced))).unwrap().root, expected);
}

#[test]
fn a_prefix_is_only_a_name_for_its_namespace() {
    let expected = object([("A", Node::Null), ("B", text("1"))]);
    let bodies = [
        format!("<p:R xmlns:p='{NS}' xmlns:n='{XSI}'><p:A n:nil='1'/><p:B>1</p:B></p:R>"),
        format!("<R xmlns='{NS}'><A xmlns:x='{XSI}' x:nil='true'/><q:B xmlns:q='{NS}'>1</q:B></R>"),
        // The default namespace changes on the way and comes back.
        format!(
            "<p:R xmlns:p='{NS}' xmlns='urn:x'><A xmlns='{NS}' i:nil='true' xmlns:i='{XSI}'/><p:B>1</p:B></p:R>"
        ),
        format!(
            "<p:R xmlns:p='{NS}' xmlns='{XSI}' xmlns:i='{XSI}'><p:A i:nil='true'/><p:B nil='true'>1</p:B></p:R>"
        ),
    ];
    for body in bodies {
        assert_eq!(read(&body, root_named("R"), is_known).unwrap().root, expected, "{body}");
    }
}

#[test]
fn another_root_or_namespace_is_refused_and_told_apart() {
    let of = |element: &str| from_xml(element).map(|document| document.root);
    let root = |attributes: &str| of(&format!("<CardTransactionBindingModel {attributes}/>"));
    assert_eq!(
        of(&format!("<CardTransactionOutgoingModel xmlns='{NS}'/>")),
        Err(Unreadable::RootName(at(1, 1)))
    );
    assert_eq!(
        of(&format!("<cardTransactionBindingModel xmlns='{NS}'/>")),
        Err(Unreadable::RootName(at(1, 1)))
    );
    assert_eq!(of("\n <Error/>"), Err(Unreadable::RootName(at(2, 2))));
    for attributes in [
        "",
        "xmlns=''",
        "xmlns='urn:x'",
        &format!("xmlns='{}'", NS.to_lowercase()),
        &format!("xmlns:p='{NS}'"),
    ] {
        assert_eq!(root(attributes), Err(Unreadable::RootNamespace(at(1, 1))), "{attributes}");
    }
    assert_eq!(root(&format!("xmlns='{NS}'")), Ok(text("")));
    assert_eq!(read(&to_xml("Other", &Node::Null), root_named("Other"), is_known).unwrap().root, Node::Null);
}

#[test]
fn what_is_not_known_in_another_namespace_is_ignored_with_all_that_is_in_it() {
    let expected = object([("A", text("1")), ("B", object([("D", text("2"))]))]);
    for foreign in [
        "<x:E xmlns:x='urn:x'/>",
        "<E xmlns='urn:x'>text <b>and</b> elements &amp; <A>twice</A><A i:nil='1'>1</A></E>",
        "<i:E/><i:E/>",
        &format!("<x:E xmlns:x='urn:x'><A xmlns='{NS}'>9</A><B xmlns=''/></x:E>"),
    ] {
        for at in 0..4 {
            let places = ["<A>1</A>", "<B>", "<D>2</D>", "</B>"];
            let inner: String = places
                .iter()
                .enumerate()
                .map(|(n, part)| if n == at { format!("{foreign}{part}") } else { (*part).to_owned() })
                .collect();
            assert_eq!(inside(&inner), Ok(expected.clone()), "{inner}");
        }
        assert_eq!(inside(&format!("<A>{foreign}</A>")), Ok(object([("A", text(""))])), "{foreign}");
        assert_eq!(inside(foreign), Ok(text("")), "{foreign}");
    }
    refused(
        &[("<A>1<x:E xmlns:x='urn:x'/></A>", 2, 5), ("<A><x:E xmlns:x='urn:x'/>1</A>", 2, 26)],
        Unreadable::Mixed,
    );
    let foreign = |inner: &str| format!("<E xmlns='urn:x'>{inner}</E>");
    refused(&[(&foreign("<p:A/>"), 2, 18)], Unreadable::Prefix);
    refused(&[(&foreign("&x;"), 2, 18)], Unreadable::Entity);
    refused(&[(&foreign(&"<a>".repeat(15)), 2, 60)], Unreadable::TooDeep);
}

#[test]
fn an_element_of_another_namespace_is_refused() {
    refused(
        &[
            ("<A xmlns=''/>", 2, 1),
            ("<A xmlns='urn:x'/>", 2, 1),
            ("<i:A/>", 2, 1),
            ("<xml:A/>", 2, 1),
            ("<A><B/> <C xmlns='urn:x'>1</C></A>", 2, 9),
            // The namespace ends with the element that declares it.
            ("<p:A xmlns:p='urn:x' />", 2, 1),
        ],
        Unreadable::ElementNamespace,
    );
    refused(
        &[("<p:A/>", 2, 1), ("<A p:b='1'/>", 2, 1), ("<A xmlns:p='urn:x'/><B p:b='1'/>", 2, 21)],
        Unreadable::Prefix,
    );
}

#[test]
fn nil_is_read_by_its_namespace_and_its_element_is_empty() {
    for nil in ["true", "1", " true ", "&#49;"] {
        assert_eq!(value(&format!("<A i:nil='{nil}'/>")), Node::Null, "{nil}");
    }
    assert_eq!(value("<A i:nil=\"true\"></A>"), Node::Null);
    assert_eq!(value("<A i:nil='true'> \n<!-- x --></A>"), Node::Null);
    for nil in ["false", "0"] {
        assert_eq!(value(&format!("<A i:nil='{nil}'>1</A>")), text("1"), "{nil}");
        assert_eq!(value(&format!("<A i:nil='{nil}'/>")), text(""), "{nil}");
    }
    for other in
        ["nil='true'", "i:type='true'", "xmlns:o='urn:x' o:nil='true'", "i:Nil='true'", "x='1' i='2'"]
    {
        assert_eq!(value(&format!("<A {other}>1</A>")), text("1"), "{other}");
    }
    refused(
        &[
            ("<A i:nil=''/>", 2, 1),
            ("<A i:nil='TRUE'/>", 2, 1),
            ("<A i:nil='yes'/>", 2, 1),
            ("<A i:nil='true'>1</A>", 2, 17),
            ("<A i:nil='true'>&#49;</A>", 2, 17),
            ("<A i:nil='true'><![CDATA[1]]></A>", 2, 17),
            ("<A i:nil='true'><B/></A>", 2, 17),
        ],
        Unreadable::Nil,
    );
    refused(&[(&format!("<A i:nil='true' j:nil='true' xmlns:j='{XSI}'/>"), 2, 1)], Unreadable::Xml);
}

#[test]
fn an_element_named_twice_among_its_siblings_is_refused() {
    let twice = |name: &'static str| move |at| Unreadable::Twice { name: name.to_owned(), at };
    refused(
        &[("<A/><A/>", 2, 5), ("<A>1</A><B/><A>1</A>", 2, 13), ("<A i:nil='true'/><A/>", 2, 18)],
        twice("A"),
    );
    refused(&[("<A><B/><C/><B/></A>", 2, 12)], twice("B"));
    refused(&[(&format!("<A/><p:A xmlns:p='{NS}'/>"), 2, 5)], twice("p:A"));
    inside("<A><A/></A><B><A/></B><a/>").unwrap();
}

#[test]
fn text_beside_elements_is_refused() {
    refused(
        &[("<A>1<B/></A>", 2, 5), ("<A><B/>1</A>", 2, 8), ("<A><B/>\u{A0}</A>", 2, 8), ("1<B/>", 2, 2)],
        Unreadable::Mixed,
    );
    refused(
        &[("<A>&#49;<B/></A>", 2, 9), ("<A><B/>&amp;</A>", 2, 8), ("<A><B/><![CDATA[1]]></A>", 2, 8)],
        Unreadable::Mixed,
    );
}
