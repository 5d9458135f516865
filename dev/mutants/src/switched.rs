//! Source code with all of its changes in it, each behind a switch.

use std::ops::Range;

use crate::changes::{Change, Form, Found};

/// A file with switches, and where its changes are.
pub(crate) struct Switched {
    pub(crate) text: String,
    /// Bytes of the text, and the numbers of the changes that are made there.
    branches: Vec<(Range<usize>, usize)>,
    /// The same for whole expressions, arms and functions.
    scopes: Vec<(Range<usize>, Vec<usize>)>,
}

/// Puts the chosen changes behind switches, by their numbers.
pub(crate) fn switch(text: &str, found: &Found, is_chosen: impl Fn(usize) -> bool) -> Switched {
    let mut insertions = Vec::new();
    let mut scopes: Vec<(Range<usize>, Vec<usize>)> = Vec::new();
    for (place, site) in found.sites.iter().enumerate() {
        let choices: Vec<_> = site.choices.iter().filter(|change| is_chosen(change.number)).collect();
        if choices.is_empty() {
            continue;
        }
        scopes.push((site.scope.clone(), choices.iter().map(|change| change.number).collect()));
        let (before, after) = around(site.form, &choices);
        // At one place, closing pieces come first, and the inner before the outer. Opening pieces
        // have the reverse order.
        let (start, end) = (site.range.start, site.range.end);
        if start == end {
            insertions.push(((start, 1, 0, place), before));
        } else {
            insertions.push(((start, 2, usize::MAX - end, place), before));
            insertions.push(((end, 0, usize::MAX - start, usize::MAX - place), after));
        }
    }
    insertions.sort_by_key(|(key, _)| *key);
    for function in &found.functions {
        let inside =
            scopes.iter().filter(|(scope, _)| function.start <= scope.start && scope.end <= function.end);
        scopes.push((function.clone(), inside.flat_map(|(_, numbers)| numbers.clone()).collect()));
    }

    let mut switched = Switched { text: String::new(), branches: Vec::new(), scopes: Vec::new() };
    let mut copied = 0;
    for ((at, ..), pieces) in &insertions {
        switched.text.push_str(&text[copied..*at]);
        copied = *at;
        for (piece, number) in pieces {
            let start = switched.text.len();
            switched.text.push_str(piece);
            if let Some(number) = number {
                switched.branches.push((start..switched.text.len(), *number));
            }
        }
    }
    switched.text.push_str(&text[copied..]);

    // A scope begins before the piece inserted at its start, and ends after the piece inserted at
    // its end.
    let inserted = |until: usize, with: bool| -> usize {
        let before = insertions.iter().take_while(|((at, ..), _)| *at < until || (with && *at == until));
        before.flat_map(|(_, pieces)| pieces).map(|(piece, _)| piece.len()).sum()
    };
    let moved = |range: Range<usize>| {
        range.start + inserted(range.start, false)..range.end + inserted(range.end, true)
    };
    switched.scopes = scopes.into_iter().map(|(range, numbers)| (moved(range), numbers)).collect();
    switched.scopes.sort_by_key(|(range, _)| range.len());
    switched
}

/// The function of `switch.rs`, where the changed package has it.
const SWITCH: &str = "crate::mutants::on";

/// Pieces of code, with the number of the change that each makes.
type Pieces = Vec<(String, Option<usize>)>;

/// The pieces inserted before and after.
fn around(form: Form, choices: &[&Change]) -> (Pieces, Pieces) {
    let on = |change: &Change| format!("{SWITCH}({})", change.number);
    let first = choices[0];
    let mut before = Pieces::new();
    match form {
        Form::Instead => {
            before.push(("(".into(), None));
            for change in choices {
                before.push((format!("if {} {{", on(change)), None));
                before.push((change.code.clone(), Some(change.number)));
                before.push(("} else ".into(), None));
            }
            before.push(("{".into(), None));
            (before, vec![("})".into(), None)])
        }
        Form::Return => {
            for change in choices {
                let early = format!(" if {} {{ return {}; }}", on(change), change.code);
                before.push((early, Some(change.number)));
            }
            (before, Pieces::new())
        }
        Form::Skipped => {
            (vec![(format!("if !{} {{ ", on(first)), Some(first.number))], vec![(" }".into(), None)])
        }
        Form::Unentered => (vec![(format!("!{} && ", on(first)), Some(first.number))], Pieces::new()),
        Form::Unmatched => (vec![(format!(" if !{}", on(first)), Some(first.number))], Pieces::new()),
        Form::UnmatchedGuard => {
            (vec![("(".into(), None)], vec![(format!(") && !{}", on(first)), Some(first.number))])
        }
    }
}

impl Switched {
    /// The numbers of the changes that an error at some bytes is about: the change that has them,
    /// or all of the smallest expression around them that has any.
    pub(crate) fn blamed(&self, error: &Range<usize>, whole: bool) -> Vec<usize> {
        let holds = |range: &Range<usize>| range.start <= error.start && error.end <= range.end;
        let exactly: Vec<_> =
            self.branches.iter().filter(|(range, _)| holds(range)).map(|(_, number)| *number).collect();
        if !exactly.is_empty() || !whole {
            return exactly;
        }
        let mut around = self.scopes.iter().filter(|(range, numbers)| holds(range) && !numbers.is_empty());
        around.next().map(|(_, numbers)| numbers.clone()).unwrap_or_default()
    }
}

/// The changed package's module `mutants`. Number 0 changes nothing.
pub(crate) fn module(numbers: usize) -> String {
    let seen = format!("const CHANGES: usize = {};", numbers + 1);
    format!(
        "
mod mutants {{
{}}}
",
        include_str!("switch.rs").replace("const CHANGES: usize = 1;", &seen)
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::changes;

    /// The possible changes of a text, numbered from 1, and their number.
    pub(crate) fn numbered(text: &str) -> (Found, usize) {
        let mut found = changes::of_source(text).unwrap();
        let all = found.sites.iter_mut().flat_map(|site| &mut site.choices);
        let last = all.zip(1..).map(|(change, number)| change.number = number).count();
        (found, last)
    }

    /// The changes of a text, each as its only one.
    fn changed(text: &str) -> Vec<String> {
        let (found, last) = numbered(text);
        let only = |number| {
            let switched = switch(text, &found, |other| other == number);
            syn::parse_file(&switched.text).unwrap_or_else(|error| panic!("{error}: {}", switched.text));
            switched.text.replace(&format!("crate::mutants::on({number})"), "on")
        };
        (1..=last).map(only).collect()
    }

    #[test]
    fn operators_stand_behind_switches_with_their_operands_in_parentheses() {
        let text = "fn f(a: u8) -> T { g(a < 2) }";
        let all = changed(text);
        assert_eq!(all[0], "fn f(a: u8) -> T { if on { return Default::default(); } g(a < 2) }");
        assert_eq!(all[1], "fn f(a: u8) -> T { g((if on {(a) <= (2)} else {a < 2})) }");
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn nested_changes_are_in_the_code_that_is_there() {
        let text = "fn f() { x = !a && b; }";
        let switched = switch(text, &numbered(text).0, |_| true);
        assert_eq!(
            switched.text.replace("crate::mutants::on", "on"),
            "fn f() { if on(1) { return (); } if !on(2) { \
             x = (if on(3) {(!a) || (b)} else if on(4) {b} else if on(5) {!a} else \
             {(if on(6) {a} else {!a}) && b}); } }"
        );
        let at = switched.text.find("|| (b)").unwrap();
        assert_eq!(switched.blamed(&(at..at + 2), true), [3]);
        let at = switched.text.find("{!a})").unwrap();
        assert_eq!(switched.blamed(&(at..at + 2), false), [0; 0]);
        assert_eq!(switched.blamed(&(at..at + 2), true), [6]);
        let at = switched.text.find("x =").unwrap();
        assert_eq!(switched.blamed(&(at..at + 1), true), [2]);
    }

    #[test]
    fn arms_go_only_where_another_one_matches() {
        let text = "fn f() { match a { 1 => b, 2 if c => d, _ => e } match a { 1 => b, c => d } }";
        let all = changed(text);
        assert!(all[1].contains("{ 1 if !on => b,"), "{}", all[1]);
        assert!(all[2].contains("2 if (c) && !on => d,"), "{}", all[2]);
        assert!(all[3].contains("2 if (if on {true} else {c}) => d,"), "{}", all[3]);
        assert!(all[4].contains("2 if (if on {false} else {c}) => d,"), "{}", all[4]);
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn members_literals_conditions_and_macros_are_changed() {
        let all = changed("fn f() { S { a: 1, b, ..c } }");
        assert!(all[1].contains("(if on {S { b, ..c }} else {S { a: 1, b, ..c }})"), "{}", all[1]);
        let all = changed("fn f() { S { a: b(), c, d: None, e: V::new() } }");
        assert!(all[1].contains("S { a: (if on {Default::default()} else {b()}), c,"), "{}", all[1]);
        assert_eq!(all.len(), 2);
        assert!(changed("fn f() { g(true) }")[1].contains("g((if on {false} else {true}))"));
        assert!(changed("fn f() { if g() { } }")[2].contains("if (if on {false} else {g()}) { }"));
        assert!(changed("fn f() { if a < b { } }")[1].contains("if (if on {false} else {a < b}) { }"));
        let all = changed("fn f() -> R { g()?; h()?.i(); j()? }");
        assert!(all[1].contains("{ if !on { g()?; } h()?.i(); j()? }"), "{}", all[1]);
        assert_eq!(all.len(), 3);
        let all = changed("fn f() { a = b; if c { return; } d += 1; log!(e); }");
        assert!(all[1].contains("{ if !on { a = b; } if c"), "{}", all[1]);
        assert!(all.iter().any(|text| text.contains("if c { if !on { return; } } d")), "{all:#?}");
        assert!(all.iter().any(|text| text.contains("if !on { d += 1; } log!(e);")), "{all:#?}");
        let all = changed("fn f() -> T { a && b }");
        assert!(all[2].contains("(if on {b} else {a && b})"), "{}", all[2]);
        assert!(all[3].contains("(if on {a} else {a && b})"), "{}", all[3]);
        let all = changed("fn f() { if matches!(g(), A | B if c) { } }");
        assert!(all[1].contains("if (if on {!matches!(g(), A | B if c)} else {matches!"), "{}", all[1]);
        assert!(all[2].contains("matches!(g(), A | B if (if on {true} else {c}))"), "{}", all[2]);
        assert!(
            changed("fn f() { format!(\"{}\", -a) }")[1].contains("format!(\"{}\", (if on {a} else {-a}))")
        );
    }

    #[test]
    fn of_a_chain_with_patterns_the_other_operands_and_the_whole_are_changed() {
        let all = changed("fn f() { if let A = b { } }");
        assert!(all[1].contains("{ if !on && let A = b { }"), "{}", all[1]);
        let all = changed("fn f() { if a && let B = c && d < e { } }");
        assert!(all[1].contains("if !on && a && let B = c && d < e { }"), "{}", all[1]);
        assert!(all[2].contains("let B = c && (if on {true} else {d < e}) { }"), "{}", all[2]);
        assert!(all[3].contains("if (if on {true} else {a}) && let B = c && d < e { }"), "{}", all[3]);
        assert!(all[4].contains("let B = c && (if on {(d) <= (e)} else {d < e})"), "{}", all[4]);
    }

    #[test]
    fn constants_patterns_and_tests_stay() {
        for text in [
            "const A: bool = 1 < 2; static B: bool = !A; const fn f() -> bool { A }",
            "fn f() { while let -1 = a { } }",
            "#[cfg(test)] mod tests { fn f() -> bool { a < b } } #[test] fn t() { a < b; }",
            "#[cfg(test)] impl A { fn f() -> bool { true } } #[tokio::test] async fn t() { a < b; }",
        ] {
            assert!(changed(text).iter().all(|text| text.contains("return ();")), "{text}");
        }
    }
}
