//! The API states what follows from a payment's state, an operation's stage and a person's role.
//! The console and the command line show it: neither compares such a word, except where the console
//! has its texts and tones.
//!
//! It goes by syntax: it does not follow a word through a variable.

use syn::{
    BinOp, Expr, ExprBinary, ExprLit, ExprMethodCall, File, Item, Lit, Macro, Pat, Path, Token,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    visit::{self, Visit},
};
use tollgate_core::{
    order::{PaymentWord, Stage},
    payments::Role,
};

use crate::{
    root,
    uses::{Package, attributes, is_for_tests},
};

/// The packages that show states, with their folders.
const SHOW: [(&str, &str); 2] = [("tollgate_console", "shared/console"), ("tollgate_cli", "cli")];

/// The console's texts and tones, and the modules below.
const TEXTS: &str = "tollgate_console/words";

/// The states as types.
const TYPES: [&str; 4] = ["PaymentWord", "Role", "Stage", "TransactionStatus"];

/// Methods that compare with their argument, or look for it.
const COMPARE: [&str; 4] = ["contains", "eq", "eq_ignore_ascii_case", "ne"];

/// Each word and state that a file compares.
#[derive(Default)]
struct Comparisons(Vec<String>);

impl Comparisons {
    fn of(file: &File) -> Vec<String> {
        let mut comparisons = Self::default();
        comparisons.visit_file(file);
        comparisons.0
    }

    fn literal(&mut self, literal: &ExprLit) {
        let Lit::Str(text) = &literal.lit else { return };
        let text = text.value();
        if PaymentWord::from_name(&text).is_some()
            || Stage::from_name(&text).is_some()
            || Role::from_name(&text).is_some()
        {
            self.0.push(text);
        }
    }

    fn path(&mut self, path: &Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [.., of, _] = names.as_slice()
            && TYPES.contains(&of.as_str())
        {
            self.0.push(names.join("::"));
        }
    }

    /// A side of a comparison: a word, a state, or a list of them.
    fn side(&mut self, side: &Expr) {
        match side {
            Expr::Lit(literal) => self.literal(literal),
            Expr::Path(path) => self.path(&path.path),
            Expr::Reference(inner) => self.side(&inner.expr),
            Expr::Paren(inner) => self.side(&inner.expr),
            // `Some("held")`
            Expr::Call(call) => call.args.iter().for_each(|one| self.side(one)),
            Expr::Array(all) => all.elems.iter().for_each(|one| self.side(one)),
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Comparisons {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if matches!(binary.op, BinOp::Eq(_) | BinOp::Ne(_)) {
            self.side(&binary.left);
            self.side(&binary.right);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if COMPARE.iter().any(|name| call.method == name) {
            self.side(&call.receiver);
            for argument in &call.args {
                self.side(argument);
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        match pattern {
            Pat::Lit(literal) => self.literal(literal),
            Pat::Path(path) => self.path(&path.path),
            _ => {}
        }
        visit::visit_pat(self, pattern);
    }

    /// A macro's input is no syntax yet: it is read as expressions, or with a pattern, if it is so.
    fn visit_macro(&mut self, item: &'ast Macro) {
        let pattern = |input: ParseStream<'_>| {
            let of = input.parse::<Expr>()?;
            input.parse::<Token![,]>()?;
            let pattern = Pat::parse_multi_with_leading_vert(input)?;
            let has_guard = input.parse::<Option<Token![if]>>()?.is_some();
            let guard = if has_guard { Some(input.parse::<Expr>()?) } else { None };
            Ok((pattern, [Some(of), guard]))
        };
        if item.path.is_ident("matches")
            && let Ok((pattern, expressions)) = pattern.parse2(item.tokens.clone())
        {
            self.visit_pat(&pattern);
            for expression in expressions.iter().flatten() {
                self.visit_expr(expression);
            }
        } else if let Ok(all) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(item.tokens.clone()) {
            for expression in &all {
                self.visit_expr(expression);
            }
        }
    }
}

/// The words and states that packages compare, by module.
fn compared(packages: &[Package]) -> Vec<(String, Vec<String>)> {
    let modules = packages.iter().flat_map(|package| {
        package.modules.iter().map(|(module, file)| (format!("{}/{module}", package.name), file))
    });
    let others = modules.filter(|(module, _)| {
        module.strip_prefix(TEXTS).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/'))
    });
    let found = others.map(|(module, file)| (module, Comparisons::of(file)));
    found.filter(|(_, comparisons)| !comparisons.is_empty()).collect()
}

#[test]
fn pages_and_commands_do_not_compare_states_stages_and_roles() {
    let packages = SHOW.map(|(name, folder)| Package::read(name, &root().join(folder)));
    let is_there = packages[0].modules.contains_key("words");
    assert!(is_there && packages[1].modules.contains_key("payment/show"), "the packages are not read");
    let found = compared(&packages);
    assert!(found.is_empty(), "let the core decide it and the API state it: {found:#?}");
}

#[test]
fn a_compared_state_stage_or_role_is_noticed_except_in_the_texts_of_the_console() {
    let noticed = |module: &str, body: &str| {
        let source = |path: &str, text: String| (path.to_owned(), text);
        let text = format!("fn f() {{ {body} }}");
        let sources = [source("lib.rs", String::new()), source(&format!("{module}.rs"), text)];
        compared(&[Package::new("tollgate_console", &sources)]).into_iter().flat_map(|(_, all)| all).collect()
    };
    for (body, expected) in [
        (r#"read.state() == "not_known_yet""#, "not_known_yet"),
        (r#""read" != frame.role"#, "read"),
        (r#"all.find(|one| one["state"] == "waits_for_dispute")"#, "waits_for_dispute"),
        (r#"word == Some("partly_paid")"#, "partly_paid"),
        (r#"["operate"].contains(&role)"#, "operate"),
        (r#"roles.contains(&"all")"#, "all"),
        (r#"state.eq("held")"#, "held"),
        (r#"match state { "voided" => 1, _ => 2 }"#, "voided"),
        (r#"match state { Some("lapsed") if f() => 1, _ => 2 }"#, "lapsed"),
        (r#"if let "pending" = state {}"#, "pending"),
        (r#"matches!(state, Some("not_done"))"#, "not_done"),
        (r#"matches!(state, _ if role == "pay")"#, "pay"),
        (r#"format!("{}", state == "disputed")"#, "disputed"),
        ("word == PaymentWord::Held", "PaymentWord::Held"),
        ("order::TransactionStatus::Done != status", "order::TransactionStatus::Done"),
        ("match word { PaymentWord::Paid => 1, _ => 2 }", "PaymentWord::Paid"),
        ("matches!(status, TransactionStatus::Voided)", "TransactionStatus::Voided"),
        ("operation.state == Stage::Pending", "Stage::Pending"),
        ("Role::Operate == person.role", "Role::Operate"),
    ] {
        let found: Vec<String> = noticed("pages", body);
        assert_eq!(found, [expected], "{body}");
        for texts in ["words", "words/sentences"] {
            assert_eq!(noticed(texts, body), Vec::<String>::new(), "{body}");
        }
        assert_eq!(noticed("words_of_others", body), [expected], "{body}");
    }
    for body in [
        r#"page["held"].clone()"#,
        r#"json!({"pending": 1})"#,
        r#"let name = match act { Act::Capture => "paid", _ => "read" };"#,
        r#"code == "declined_by_rule""#,
        "one_of(PaymentWord::ALL, PaymentWord::as_str, text)",
        r#"#[cfg(test)] mod tests { fn f() { state == "held" } }"#,
    ] {
        assert_eq!(noticed("pages", body), Vec::<String>::new(), "{body}");
    }
}
