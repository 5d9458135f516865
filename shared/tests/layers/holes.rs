//! The test of the test: each way to write a use is noticed.

use crate::uses::{Package, uses};

/// The uses of two small packages, as `from -> to`.
fn found(sources: &[(&str, &str)]) -> Vec<String> {
    let package = |name: &str| {
        let of = format!("{name}/");
        let sources: Vec<(String, String)> = sources
            .iter()
            .filter_map(|(path, text)| Some((path.strip_prefix(&of)?.to_owned(), (*text).to_owned())))
            .collect();
        Package::new(name, &sources)
    };
    uses(&[package("core"), package("outer")])
        .into_iter()
        .map(|((_, from), (package, to))| format!("{from} -> {package}/{to}"))
        .collect()
}

fn of_core(module: &str, text: &str) -> Vec<String> {
    found(&[
        ("core/lib.rs", "pub mod a; pub mod b; pub mod order; pub mod decline;"),
        ("core/order.rs", "mod decide;"),
        ("core/order/decide.rs", if module == "order/decide" { text } else { "" }),
        ("core/decline.rs", if module == "decline" { text } else { "" }),
        ("core/a.rs", if module == "a" { text } else { "" }),
        ("core/b.rs", ""),
    ])
}

#[test]
fn each_way_to_write_a_use_is_noticed() {
    for text in [
        "use crate::order;",
        "use crate::order::Order;",
        "use crate::{b, order::{self, Order}};",
        "use crate::{b::{C, D}, order::{Order, decide::{decide, Plan}}};",
        "use crate::order as other;",
        "use crate::order::*;",
        "use super::order::Order;",
        "use self::super::order::Order;",
        "use core::order::Order;",
        "pub use crate::order::Order;",
        "pub(crate) use super::order;",
        "fn f() -> crate::order::Order { todo!() }",
        "fn f(order: &super::order::Order) {}",
        "fn f() { let _ = crate::order::new(1); }",
        "fn f() { if let crate::order::State::Open = g() {} }",
        "struct S { order: Vec<Option<crate::order::Order>> }",
        "impl From<crate::order::Order> for S { }",
        "impl crate::order::Rules for S { }",
        "fn f() { use crate::order::Order; }",
        "mod inner { use super::super::order::Order; }",
        "fn f() { assert!(matches!(x, crate::order::State::Open)); }",
        "fn f() { vec![crate :: order :: new()] }",
    ] {
        let found = of_core("decline", text);
        assert!(found.contains(&"decline -> core/order".to_owned()), "{text}: {found:?}");
    }
    assert_eq!(
        of_core("order/decide", "use super::super::a; use crate::b;"),
        ["order/decide -> core/a", "order/decide -> core/b"]
    );
}

#[test]
fn what_is_no_use_of_another_module_is_none() {
    for text in [
        "use std::fmt; use serde::Serialize;",
        "use self::inner::X; mod inner { pub struct X; }",
        "pub(in crate::order) fn f() {}",
        "words! { pub(crate) enum Order {} }",
        "#[cfg(test)] mod tests { use crate::order::Order; }",
        "// crate::order\nconst TEXT: &str = \"crate::order\";",
    ] {
        assert_eq!(of_core("a", text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(
        of_core("order/decide", "use super::Order; use crate::order::Plan;"),
        ["order/decide -> core/order"]
    );
}

#[test]
fn one_api_that_uses_the_other_is_noticed() {
    let uses = |text| {
        found(&[
            ("outer/lib.rs", "pub use core::{order, a::Thing}; pub mod credit_card; pub mod elastic_path;"),
            ("outer/credit_card.rs", ""),
            ("outer/elastic_path.rs", "mod pay;"),
            ("outer/elastic_path/pay.rs", text),
            ("core/lib.rs", "pub mod a; pub mod order;"),
            ("core/a.rs", ""),
            ("core/order.rs", ""),
        ])
    };
    let to = |to: &str| format!("elastic_path/pay -> {to}");
    for text in
        ["use crate::credit_card::Node;", "use super::super::credit_card;", "type T = crate::credit_card::T;"]
    {
        assert!(uses(text).contains(&to("outer/credit_card")), "{text}");
    }
    // Through the root's re-exports, and past them.
    for text in ["use crate::order::Order;", "use core::order::Order;", "fn f(_: &crate::order::Order) {}"] {
        assert!(uses(text).contains(&to("core/order")), "{text}");
    }
    assert!(uses("use crate::Thing;").contains(&to("core/a")));
}

#[test]
fn a_circle_is_noticed_and_a_parent_with_its_children_is_none() {
    let circle = |a: &str, b: &str| {
        let edges = uses(&[Package::new(
            "core",
            &[("lib.rs", "mod a; mod b;"), ("a.rs", "mod x;"), ("a/x.rs", a), ("b.rs", b)]
                .map(|(path, text)| (path.to_owned(), text.to_owned())),
        )]);
        crate::circles_at_each_level(&edges.into_iter().map(|((_, from), (_, to))| (from, to)).collect())
    };
    assert_eq!(circle("use crate::b::B;", "use crate::a::x::X;"), [["a", "b"]]);
    assert_eq!(circle("use crate::b::B;", "use crate::a::Y;"), [["a", "b"]]);
    assert!(circle("use crate::b::B; use super::Y;", "").is_empty());
    assert!(circle("use super::Y;", "use crate::a::Y;").is_empty());
}

#[test]
fn a_circle_of_two_files_in_one_folder_is_noticed_also_through_what_the_folder_passes_on() {
    let circle = |apply: &str, resolve: &str| {
        let sources = [
            ("lib.rs", "pub mod order;"),
            (
                "order.rs",
                "mod apply; mod resolve; pub use apply::{apply, Next}; pub use resolve::*; struct Order;",
            ),
            ("order/apply.rs", apply),
            ("order/resolve.rs", resolve),
        ];
        let package = Package::new("core", &sources.map(|(path, text)| (path.to_owned(), text.to_owned())));
        crate::circles_at_each_level(&crate::edges(&[package]))
    };
    for resolve in ["use super::apply::Next;", "use super::Next;", "use crate::order::{Next, Order};"] {
        let found = circle("use super::{Order, resolve::absent};", resolve);
        assert_eq!(found, [["order/apply", "order/resolve"]], "{resolve}");
    }
    assert!(circle("use super::{Order, resolve::absent};", "use super::Order;").is_empty());
}
