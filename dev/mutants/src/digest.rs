//! A digest of a source file's code, without comments, layout and tests: a file that differs only
//! in these need not be counted again.

use std::ops::Range;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use sha2::{Digest as _, Sha256};
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item};

use crate::changes::is_for_tests;

/// So many hexadecimal digits tell any two versions of a file apart.
const DIGITS: usize = 16;

pub(crate) fn of_source(text: &str) -> syn::Result<String> {
    let mut ignored = Ignored { text, ranges: Vec::new() };
    ignored.visit_file(&syn::parse_file(text)?);
    let mut code = String::new();
    add(text.parse()?, &ignored.ranges, &mut code);
    let digits = Sha256::digest(code).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    Ok(digits[..DIGITS].to_owned())
}

/// Writes a file's tokens with one space between any two.
fn add(tokens: TokenStream, ignored: &[Range<usize>], code: &mut String) {
    let is_ignored = |token: &TokenTree| {
        let start = token.span().byte_range().start;
        ignored.iter().any(|range| range.contains(&start))
    };
    let mut tokens: Vec<_> = tokens.into_iter().filter(|token| !is_ignored(token)).collect();
    // The comma of a list that takes several lines.
    if matches!(tokens.last(), Some(TokenTree::Punct(last)) if last.as_char() == ',') {
        tokens.pop();
    }
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                *code += open;
                add(group.stream(), ignored, code);
                *code += close;
            }
            TokenTree::Punct(sign) => {
                code.push(sign.as_char());
                if sign.spacing() == Spacing::Alone {
                    code.push(' ');
                }
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                code.push_str(&token.to_string());
                code.push(' ');
            }
        }
    }
}

/// The bytes of doc comments and of code for tests.
struct Ignored<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
}

impl Ignored<'_> {
    /// Whether an item is for tests, and therefore ignored.
    fn is_test(&mut self, item: &impl Spanned) -> bool {
        let range = item.span().byte_range();
        let attributes = |input: ParseStream| {
            let attributes = input.call(Attribute::parse_outer)?;
            input.parse::<TokenStream>()?;
            Ok(attributes)
        };
        let is_test = attributes.parse_str(&self.text[range.clone()]).is_ok_and(|found| is_for_tests(&found));
        if is_test {
            self.ranges.push(range);
        }
        is_test
    }
}

impl<'ast> Visit<'ast> for Ignored<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !self.is_test(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !self.is_test(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc") {
            self.ranges.push(attribute.span().byte_range());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "
        /// A function.
        fn f(a: &[u8], b: bool) -> bool {
            a.len() - 1 < 2 && b // Why.
        }
        impl A { fn g() -> bool { f(&[1, 2], true) } }
    ";

    #[test]
    fn comments_blank_lines_layout_and_tests_are_ignored() {
        let digest = of_source(CODE).unwrap();
        for (part, instead) in [
            ("/// A function.", "//! A file.\n/// Another comment.\n/** A third. */"),
            ("// Why.", "/* Why\n not. */\n\n"),
            ("f(&[1, 2], true)", "\n  f(\n  &[\n1,\n 2,\n],\n  true,\n )\n"),
            ("impl A {", "impl A {\n /// More.\n #[cfg(test)] fn h() { f(&[], false); }\n"),
            (
                "impl A",
                "#[cfg(test)]\nmod tests {\n #[test] fn t() { assert!(super::f(&[], true)); }\n}\nimpl A",
            ),
            ("impl A", "#[cfg(test)] use b::c; #[cfg(test)] mod d; #[test] fn e() {} impl A"),
        ] {
            let other = CODE.replace(part, instead);
            assert_ne!(other, CODE, "{part}");
            assert_eq!(of_source(&other).unwrap(), digest, "{other}");
        }
    }

    #[test]
    fn each_changed_expression_and_attribute_is_another_digest() {
        let digest = of_source(CODE).unwrap();
        for (part, instead) in [
            ("- 1", "+ 1"),
            ("< 2", "<= 2"),
            ("< 2", "< 20"),
            ("&& b", "&& !b"),
            ("[1, 2]", "[12]"),
            ("true)", "false)"),
            ("impl A", "#[derive(Debug)] struct S; impl A"),
            ("a.len()", "a.len"),
        ] {
            let other = CODE.replace(part, instead);
            assert_ne!(other, CODE, "{part}");
            assert_ne!(of_source(&other).unwrap(), digest, "{other}");
        }
    }
}
