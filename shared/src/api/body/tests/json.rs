//! JSON: texts that are kept, and texts that are refused.

use super::*;

/// The value of `A` in a body that has but it.
fn value(json: &str) -> Node {
    match from_json(&format!("{{\"A\":{json}}}")).map(|document| document.root) {
        Ok(Node::Object(mut members)) if members.len() == 1 => members.remove(0).1,
        other => panic!("{json}: {other:?}"),
    }
}

#[test]
fn a_scalar_keeps_the_digits_it_was_written_with() {
    for literal in ["20.50", "20.5", "20.500000000000000000001", "1e3", "1E+3", "-0", "-0.0", "0", "1e999"] {
        assert_eq!(value(literal), number(literal));
    }
    assert_eq!(value("123456789012345678901234567890"), number("123456789012345678901234567890"));
    assert_eq!(value(" \t\r\n20.50\n "), number("20.50"));
}

#[test]
fn every_kind_of_value_has_its_node() {
    assert_eq!(value("true"), Node::Bool(true));
    assert_eq!(value("false"), Node::Bool(false));
    assert_eq!(value("null"), Node::Null);
    assert_eq!(value("\"null\""), text("null"));
    assert_eq!(value("\"\""), text(""));
    assert_eq!(value("\" a \""), text(" a "));
    assert_eq!(value(r#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#), text("a\"\\/\u{8}\u{c}\n\r\té\u{1F600}"));
    assert_eq!(value("{}"), object([]));
    assert_eq!(
        value(r#"{"b":1,"a":{"c":"d"}}"#),
        object([("b", number("1")), ("a", object([("c", text("d"))]))])
    );
    assert_eq!(value("[]"), Node::List(Vec::new()));
    let nested = object([("a", Node::List(vec![Node::Null]))]);
    assert_eq!(value(r#"[1,{"a":[null]},"x"]"#), Node::List(vec![number("1"), nested, text("x")]));
}

#[test]
fn what_is_no_json_is_refused_where_it_goes_wrong() {
    let cases = [
        ("", at(1, 1)),
        (" \n ", at(2, 1)),
        ("{", at(1, 1)),
        ("{\"A\":1,}", at(1, 8)),
        ("{\"A\":[1,]}", at(1, 9)),
        ("{\"A\":1} x", at(1, 9)),
        ("{\"A\":1}{}", at(1, 8)),
        ("{\n \"A\": 1,\n \"é\": x\n}", at(3, 7)),
        ("{\"A\":1 // one\n}", at(1, 8)),
        ("{\"A\":/* one */1}", at(1, 6)),
        ("{A:1}", at(1, 2)),
        ("{'A':1}", at(1, 2)),
        ("{\"A\" 1}", at(1, 6)),
        ("{\"A\":01}", at(1, 7)),
        ("{\"A\":+1}", at(1, 6)),
        ("{\"A\":.5}", at(1, 6)),
        ("{\"A\":5.}", at(1, 8)),
        ("{\"A\":NaN}", at(1, 6)),
        ("{\"A\":-Infinity}", at(1, 7)),
        ("{\"A\":0x14}", at(1, 7)),
        ("{\"A\":True}", at(1, 6)),
        ("{\"A\":nul}", at(1, 9)),
        ("{\"A\":\"a\nb\"}", at(1, 7)),
        ("{\"A\":\"a\u{1}b\"}", at(1, 7)),
        ("{\"A\":\"\\x\"}", at(1, 8)),
        ("{\"A\":\"\\u12\"}", at(1, 12)),
        ("{\"A\":\"abc", at(1, 9)),
        ("{\"A\":\"a\u{0}b\"}", at(1, 7)),
        ("{}\u{0}\u{0}", at(1, 3)),
        ("\u{FEFF}{}", at(1, 1)),
        ("// one\n{}", at(1, 1)),
        ("undefined", at(1, 1)),
        ("A=20.50&B=USD", at(1, 1)),
        ("<A>1</A>", at(1, 1)),
    ];
    for (body, expected) in cases {
        assert_eq!(from_json(body), Err(Unreadable::Json(expected)), "{body:?}");
    }
}

#[test]
fn half_a_surrogate_pair_is_refused_wherever_it_hides() {
    let bodies = [
        r#"{"A":"\ud800"}"#,
        r#"{"A":"\ude00\ud83d"}"#,
        r#"{"\ud800":1}"#,
        r#"{"A":{"B":["\ud800"]}}"#,
        r#"{"A":[{"\udfff":1}]}"#,
    ];
    for body in bodies {
        assert!(matches!(from_json(body), Err(Unreadable::Json(_))), "{body}");
    }
    let deep = "{\"A\": {\n  \"B\": 1, \"C\": \"\\ud800x\"}}";
    assert!(
        matches!(from_json(deep), Err(Unreadable::Json(Position { line: 2, column: 16..=24 }))),
        "{:?}",
        from_json(deep)
    );
}

#[test]
fn a_root_that_is_no_object_is_refused() {
    for body in ["null", "[]", "[{}]", "\"A\"", "1", "true", " null "] {
        assert_eq!(from_json(body), Err(Unreadable::NotAnObject), "{body}");
    }
    assert_eq!(from_json(" {} ").unwrap().root, object([]));
}

#[test]
fn a_member_named_twice_is_refused_whatever_its_case_or_its_escapes() {
    for (body, name, position) in [
        (r#"{"Amount":1,"Amount":1}"#, "Amount", at(1, 22)),
        (r#"{"Amount":1,"B":2,"aMOUNT":3}"#, "aMOUNT", at(1, 28)),
        (r#"{"Amount":1,"Am\u006funt":2}"#, "Amount", at(1, 27)),
        ("{\"A\":{\n\"B\":1,\n\"b\":2}}", "b", at(3, 5)),
        (r#"{"A":[{"B":1,"b":2}]}"#, "b", at(1, 18)),
        (r#"{"":1,"":2}"#, "", at(1, 10)),
        (r#"{"4111111111111111":1,"4111111111111111":2}"#, "[card ****1111]", at(1, 42)),
    ] {
        assert_eq!(from_json(body), Err(Unreadable::Twice { name: name.to_owned(), at: position }), "{body}");
    }
    // The same name in two objects is no repetition, nor are names that differ in more than ASCII
    // case.
    from_json(r#"{"A":{"A":1},"B":{"A":1},"é":1,"É":2}"#).unwrap();
}

#[test]
fn sixteen_levels_are_read_and_no_more() {
    let objects = |levels: usize| format!("{}1{}", "{\"A\":".repeat(levels - 1), "}".repeat(levels - 1));
    let lists = |levels: usize| format!("{{\"A\":{}1{}}}", "[".repeat(levels - 2), "]".repeat(levels - 2));
    for nested in [&objects as &dyn Fn(usize) -> String, &lists] {
        from_json(&nested(16)).unwrap();
        for levels in [17, 100, 30_000] {
            let error = from_json(&nested(levels)).unwrap_err();
            assert!(matches!(error, Unreadable::TooDeep(_)), "{levels}: {error}");
        }
    }
    // Without an end it is no JSON, however deep.
    for open in ["{\"A\":", "["] {
        assert!(matches!(from_json(&open.repeat(64 * 1024)), Err(Unreadable::Json(_))), "{open}");
    }
}
