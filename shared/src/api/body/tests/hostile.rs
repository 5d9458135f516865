//! XML that is none, or that is after more than being read.

use super::{
    xml::{NS, body, inside, refused, value},
    *,
};

#[test]
fn a_doctype_is_refused_so_that_no_file_is_fetched() {
    let doctypes = [
        "<!DOCTYPE CardTransactionBindingModel>".to_owned(),
        "<!DOCTYPE r SYSTEM 'file:///etc/passwd'>".to_owned(),
        "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>".to_owned(),
        "<!DOCTYPE r [<!ENTITY % x SYSTEM 'http://127.0.0.1/x.dtd'> %x;]>".to_owned(),
        "<!doctype r>".to_owned(),
    ];
    for doctype in doctypes {
        let external = format!("{doctype}{}", body("<A>&x;</A>"));
        assert_eq!(from_xml(&external), Err(Unreadable::Doctype(at(1, 1))), "{doctype}");
    }
    refused(&[("<!DOCTYPE r>", 2, 1)], Unreadable::Doctype);
    assert_eq!(from_xml(&format!("{}<!DOCTYPE r>", body(""))), Err(Unreadable::Doctype(at(2, 31))));
}

#[test]
fn an_entity_bomb_is_refused_before_it_is_expanded() {
    let tenfold = |n: usize| format!("<!ENTITY e{n} '{}'>", format!("&e{};", n - 1).repeat(10));
    let entities = (1..=9).map(tenfold).collect::<Vec<_>>().concat();
    let bomb =
        format!("<?xml version='1.0'?>\n<!DOCTYPE r [<!ENTITY e0 'lol'>{entities}]>{}", body("<A>&e9;</A>"));
    assert_eq!(from_xml(&bomb), Err(Unreadable::Doctype(at(2, 1))));
    // Nor are entities known that were not declared.
    refused(
        &[
            ("<A>&e9;</A>", 2, 4),
            ("<A>&nbsp;</A>", 2, 4),
            ("<A>&LT;</A>", 2, 4),
            ("<A>&lt ;</A>", 2, 4),
            ("<A>&;</A>", 2, 4),
            ("<A b='&e9;'/>", 2, 1),
            ("<A b='&'/>", 2, 1),
        ],
        Unreadable::Entity,
    );
}

#[test]
fn a_character_that_xml_does_not_have_is_refused_raw_and_as_a_reference() {
    for c in ['\0', '\u{1}', '\u{8}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
        let raw = [
            format!("<A>{c}</A>"),
            format!("<!--{c}-->"),
            format!("<A b='{c}'/>"),
            format!("<A><![CDATA[{c}]]></A>"),
        ];
        for element in raw {
            assert!(matches!(inside(&element), Err(Unreadable::Character(_))), "{element:?}");
        }
        let code = u32::from(c);
        refused(
            &[(&format!("<A>&#{code};</A>"), 2, 4), (&format!("<A>&#x{code:X};</A>"), 2, 4)],
            Unreadable::Character,
        );
        // In an attribute, a zero is no reference to begin with.
        let error = inside(&format!("<A b='&#{code};'/>")).unwrap_err();
        assert!(matches!(error, Unreadable::Character(_) | Unreadable::Entity(_)), "{error}");
    }
    refused(
        &[
            ("<A>1\u{1}</A>", 2, 5),
            ("<A>&#xD800;</A>", 2, 4),
            ("<A>&#x110000;</A>", 2, 4),
            ("<A>&#99999999999;</A>", 2, 4),
            ("<A>&#;</A>", 2, 4),
            ("<A>&#x;</A>", 2, 4),
            ("<A>&#X41;</A>", 2, 4),
            ("<A>&#+65;</A>", 2, 4),
            ("<A>&#-65;</A>", 2, 4),
            ("<A>&# 65;</A>", 2, 4),
        ],
        Unreadable::Character,
    );
    for c in ['\t', '\n', '\u{7F}', '\u{D7FF}', '\u{E000}', '\u{FFFD}', '\u{10FFFF}'] {
        assert_eq!(value(&format!("<A>{c}&#{};</A>", u32::from(c))), text(&format!("{c}{c}")));
    }
}

#[test]
fn a_processing_instruction_is_refused() {
    refused(&[("<?a b?>", 2, 1), ("<A><?xml-stylesheet?></A>", 2, 4)], Unreadable::Instruction);
    assert_eq!(from_xml(&format!("<?a?>{}", body(""))), Err(Unreadable::Instruction(at(1, 1))));
    assert_eq!(from_xml(&format!("{}\n<?a?>", body(""))), Err(Unreadable::Instruction(at(3, 1))));
}

#[test]
fn a_declaration_stands_first_and_declares_xml_1_0() {
    let declared = |declaration: &str| from_xml(&format!("{declaration}{}", body("")));
    declared("<?xml version=\"1.0\"?>").unwrap();
    declared("<?xml version='1.0' standalone='no'?>").unwrap();
    let refused_declarations = [
        "<?xml?>",
        "<?xml ?>",
        "<?xml version='1.1'?>",
        "<?xml version='2.0'?>",
        "<?xml encoding='utf-8'?>",
        "<?xml version='1.0' standalone='no' encoding='utf-8'?>",
        "<?xml version='1.0' version='1.0'?>",
        "<?xml version='1.0' more='1'?>",
        "<?xml version='1.0' more?>",
        "<?xml version='1.0'>",
        " <?xml version='1.0'?>",
        "<!-- --><?xml version='1.0'?>",
        "<?xml version='1.0'?><?xml version='1.0'?>",
        "\u{FEFF}",
        "\u{FEFF}<?xml version='1.0'?>",
    ];
    for declaration in refused_declarations {
        assert!(matches!(declared(declaration), Err(Unreadable::Xml(_))), "{declaration:?}");
    }
    refused(&[("<?xml version='1.0'?>", 2, 1)], Unreadable::Xml);
}

#[test]
fn what_is_not_well_formed_is_refused_where_it_goes_wrong() {
    let whole = [
        (String::new(), at(1, 1)),
        (" \n".to_owned(), at(2, 1)),
        ("<!-- -->".to_owned(), at(1, 9)),
        ("{}".to_owned(), at(1, 1)),
        ("&lt;".to_owned(), at(1, 1)),
        (format!("x{}", body("")), at(1, 1)),
        (format!("{}x", body("")), at(2, 31)),
        (format!("{} &#32;", body("")), at(2, 32)),
        (format!("{}<![CDATA[ ]]>", body("")), at(2, 31)),
        (format!("{}{}", body(""), body("")), at(2, 31)),
        (format!("{}<A/>", body("")), at(2, 31)),
        (format!("{}</A>", body("")), at(2, 31)),
    ];
    for (body, expected) in whole {
        assert_eq!(from_xml(&body), Err(Unreadable::Xml(expected)), "{body}");
    }
    refused(
        &[
            ("<A>", 2, 4),
            ("<A></B>", 2, 4),
            ("<A></a>", 2, 4),
            ("<A><B></A></B>", 2, 7),
            ("</A>", 2, 1),
            ("<A></ A>", 2, 4),
            ("<A></A x='1'>", 2, 4),
            ("<>", 2, 1),
            ("< A/>", 2, 1),
            ("<1/>", 2, 1),
            ("<-A/>", 2, 1),
            ("<A<B/>", 2, 1),
            ("<A:/>", 2, 1),
            ("<:A/>", 2, 1),
            ("<i:A:B/>", 2, 1),
            ("<A\u{A0}/>", 2, 1),
            ("<A b/>", 2, 1),
            ("<A b=1/>", 2, 1),
            ("<A b=/>", 2, 1),
            ("<A ='1'/>", 2, 1),
            ("<A b='1' b='1'/>", 2, 1),
            ("<A b='1'c='1'/>", 2, 1),
            ("<A b='<'/>", 2, 1),
            ("<A 1b='1'/>", 2, 1),
            (&format!("<A xmlns:='{NS}'/>"), 2, 1),
            ("<A xmlns:xml='urn:x'/>", 2, 1),
            ("<A xmlns:xmlns='urn:x'/>", 2, 1),
            ("<A xmlns:b='urn&#58;x'/>", 2, 1),
            ("<A / >", 2, 1),
            ("<A>]]></A>", 2, 4),
            ("<A>& </A>", 2, 4),
            ("<A>&lt</A>", 2, 4),
            ("<A>&#65</A>", 2, 4),
            ("<!-- -- -->", 2, 6),
            ("<!-- --->", 2, 6),
            ("<!-- >", 2, 1),
            ("<![CDATA[ ]>", 2, 1),
            ("<![cdata[ ]]>", 2, 1),
            ("<!ELEMENT A>", 2, 1),
            ("<A", 2, 1),
            ("<A b='", 2, 1),
        ],
        Unreadable::Xml,
    );
}

#[test]
fn sixteen_levels_are_read_and_no_more() {
    // The root is the first.
    let nested = |levels: usize| format!("{}{}", "<A>".repeat(levels - 1), "</A>".repeat(levels - 1));
    inside(&nested(16)).unwrap();
    for levels in [17, 100, 30_000] {
        assert_eq!(inside(&nested(levels)), Err(Unreadable::TooDeep(at(2, 46))), "{levels}");
    }
    inside(&format!("{}<B/>{}", "<A>".repeat(14), "</A>".repeat(14))).unwrap();
    let one_more = format!("{}<B/>{}", "<A>".repeat(15), "</A>".repeat(15));
    assert_eq!(inside(&one_more), Err(Unreadable::TooDeep(at(2, 46))));
}

#[test]
fn more_namespaces_than_a_document_needs_are_refused() {
    let declarations: Vec<_> = (0..1000).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
    assert!(matches!(inside(&format!("<A{}/>", declarations.concat())), Err(Unreadable::Xml(_))));
    inside(&format!("<A{}/>", declarations[..100].concat())).unwrap();
}
