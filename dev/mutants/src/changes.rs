//! The changes that can be made to a source file, one expression each.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use proc_macro2::Span;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, Attribute, BinOp, Block, Expr, Lit, Meta, Pat, Signature, Token, Type, UnOp};

use crate::values;

/// Longer expressions are cut in the output.
const SHOWN: usize = 70;

/// Macros whose arguments are expressions that matter. Log lines and JSON are left as they are.
const MACROS_OF_EXPRESSIONS: &[&str] = &["vec", "format", "write", "writeln", "join"];

/// One change of a file.
#[derive(Debug)]
pub(crate) struct Change {
    /// Among all of its package, from 1; none has one as long as the files are not put in their
    /// order.
    pub(crate) number: usize,
    /// As in `Order::apply`.
    pub(crate) function: String,
    /// The change in words. This text names it in its function, wherever its lines move.
    pub(crate) what: String,
    pub(crate) line: usize,
    /// Of its function.
    pub(crate) lines: RangeInclusive<usize>,
    /// The code that makes the change.
    pub(crate) code: String,
}

/// A place in a file where one of several changes can be switched on.
#[derive(Debug)]
pub(crate) struct Site {
    /// The bytes that are changed. Empty where something is only inserted.
    pub(crate) range: Range<usize>,
    /// The bytes in which the compiler may report an error when a change does not fit.
    pub(crate) scope: Range<usize>,
    pub(crate) form: Form,
    pub(crate) choices: Vec<Change>,
}

/// How the code of a change and the code that is there come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// An expression or the code in its place.
    Instead,
    /// A function returns early.
    Return,
    /// A statement is not run.
    Skipped,
    /// A condition that begins with a pattern is false.
    Unentered,
    /// An arm without a guard does not match.
    Unmatched,
    /// An arm's guard is true, but the arm does not match.
    UnmatchedGuard,
}

/// The possible changes of a file.
pub(crate) struct Found {
    pub(crate) sites: Vec<Site>,
    /// The functions that have changes.
    pub(crate) functions: Vec<Range<usize>>,
    /// Modules in other files, as `(path of modules, name)`. Those for tests are left out.
    pub(crate) modules: Vec<String>,
    /// The lines of modules for tests.
    pub(crate) tests: Vec<RangeInclusive<usize>>,
}

/// All changes of a source file, in the order of its text.
pub(crate) fn of_source(text: &str) -> syn::Result<Found> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder {
        text,
        found: Found { sites: Vec::new(), functions: Vec::new(), modules: Vec::new(), tests: Vec::new() },
        names: Vec::new(),
        lines: 0..=0,
    };
    finder.visit_file(&file);
    let mut found = finder.found;
    number_repeated(&mut found.sites);
    Ok(found)
}

/// Two equal changes of a function need different names.
fn number_repeated(sites: &mut [Site]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for change in sites.iter_mut().flat_map(|site| &mut site.choices) {
        let times = seen.entry((change.function.clone(), change.what.clone())).or_default();
        *times += 1;
        if *times > 1 {
            change.what = format!("{} ({times})", change.what);
        }
    }
}

struct Finder<'a> {
    text: &'a str,
    found: Found,
    /// The types, traits and functions around the visited node.
    names: Vec<String>,
    /// Of the function around it.
    lines: RangeInclusive<usize>,
}

impl Finder<'_> {
    fn code(&self, of: &impl Spanned) -> &str {
        &self.text[of.span().byte_range()]
    }

    fn shown(&self, of: &impl Spanned) -> String {
        shortened(self.code(of))
    }

    /// Outside of functions, everything is constant.
    fn add(
        &mut self,
        at: Span,
        scope: Range<usize>,
        form: Form,
        range: Range<usize>,
        choices: Vec<(String, String)>,
    ) {
        let (function, line) = (self.names.join("::"), at.start().line);
        let lines = self.lines.clone();
        let change = |(what, code)| Change {
            number: 0,
            function: function.clone(),
            what,
            line,
            lines: lines.clone(),
            code,
        };
        let choices: Vec<_> = choices.into_iter().map(change).collect();
        if !choices.is_empty() {
            self.found.sites.push(Site { range, scope, form, choices });
        }
    }

    fn instead(&mut self, of: &impl Spanned, choices: Vec<(String, String)>) {
        let range = of.span().byte_range();
        self.add(of.span(), range.clone(), Form::Instead, range, choices);
    }

    fn function(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        // Only code that runs can be switched.
        if is_for_tests(attributes) || signature.constness.is_some() {
            return;
        }
        self.names.push(signature.ident.to_string());
        let lines = lines_of(signature.span(), block.span());
        let around = std::mem::replace(&mut self.lines, lines);
        let body = block.span().byte_range();
        self.found.functions.push(body.clone());
        let own = shortened(&self.text[body.start + 1..body.end - 1]);
        // A `Default` that returns the default calls itself.
        let of_itself = signature.ident == "default";
        let values = values::of_return_type(&signature.output).into_iter();
        let choices = values
            .filter(|value| !block.stmts.is_empty() && *value != own)
            .filter(|value| !(of_itself && value == "Default::default()"))
            .map(|value| (format!("return {value}"), value));
        self.add(
            signature.ident.span(),
            body.clone(),
            Form::Return,
            body.start + 1..body.start + 1,
            choices.collect(),
        );
        self.visit_block(block);
        self.names.pop();
        self.lines = around;
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.names.push(name);
        visit(self);
        self.names.pop();
    }

    fn binary(&mut self, node: &syn::ExprBinary) {
        let (left, right) = (self.code(&node.left).to_owned(), self.code(&node.right).to_owned());
        let shown = self.shown(node);
        let own = self.code(&node.op);
        let choices = operators(&node.op).iter().map(|other| {
            (format!("replace {own} with {other} in `{shown}`"), format!("({left}) {other} ({right})"))
        });
        let mut choices: Vec<_> = choices.collect();
        if matches!(node.op, BinOp::And(_) | BinOp::Or(_)) {
            choices.push((format!("delete the operand `{}` of {own}", self.shown(&node.left)), right));
            choices.push((format!("delete the operand `{}` of {own}", self.shown(&node.right)), left));
        }
        self.instead(node, choices);
    }

    /// A condition that is a call or a name alone.
    fn condition(&mut self, condition: &Expr) {
        let covered = matches!(condition, Expr::Binary(_) | Expr::Unary(_) | Expr::Lit(_) | Expr::Let(_));
        if !covered && !is_matches(condition) {
            let shown = self.shown(condition);
            self.instead(condition, both(&format!("the condition `{shown}`")));
        } else if matches!(condition, Expr::Unary(_))
            || matches!(condition, Expr::Binary(node) if !is_chain(node))
        {
            // Without the code that the condition guards. The condition's operators are changed,
            // too.
            let what = format!("replace the condition `{}` with false", self.shown(condition));
            self.instead(condition, vec![(what, "false".into())]);
        } else if has_let(condition) {
            let what = format!("replace the condition `{}` with false", self.shown(condition));
            let (scope, start) = (condition.span().byte_range(), condition.span().byte_range().start);
            self.add(condition.span(), scope, Form::Unentered, start..start, vec![(what, String::new())]);
        }
    }

    /// The operands of a chain that has patterns among them.
    fn chain(&mut self, node: &syn::ExprBinary) {
        for operand in [&node.left, &node.right] {
            if !has_let(operand) {
                let what = format!("delete the operand `{}` of &&", self.shown(operand));
                self.instead(operand, vec![(what, "true".into())]);
            }
        }
    }

    fn arm(&mut self, arm: &Arm, can_go: bool) {
        let scope = arm.span().byte_range();
        let (pattern, guard) = match &arm.pat {
            Pat::Guard(guarded) => (guarded.pat.as_ref(), Some(guarded.guard.as_ref())),
            pattern => (pattern, None),
        };
        let end = pattern.span().byte_range().end;
        let gone = || vec![(format!("delete the arm `{}`", self.shown(&arm.pat)), String::new())];
        if can_go {
            let (form, range) = match guard {
                Some(guard) => (Form::UnmatchedGuard, guard.span().byte_range()),
                None => (Form::Unmatched, end..end),
            };
            self.add(arm.pat.span(), scope, form, range, gone());
        }
        if let Some(guard) = guard {
            self.guard(guard);
        }
        self.visit_expr(&arm.body);
    }

    fn guard(&mut self, guard: &Expr) {
        let shown = self.shown(guard);
        self.instead(guard, both(&format!("the guard `{shown}`")));
        self.visit_expr(guard);
    }

    /// `matches!` is a condition, and its tokens are an expression, a pattern and perhaps a guard.
    fn matches(&mut self, node: &syn::ExprMacro) {
        let parts = |input: ParseStream| {
            let value: Expr = input.parse()?;
            input.parse::<Token![,]>()?;
            Pat::parse_multi_with_leading_vert(input)?;
            let guard = input.parse::<Option<Token![if]>>()?.map(|_| input.parse::<Expr>()).transpose()?;
            input.parse::<Option<Token![,]>>()?;
            Ok((value, guard))
        };
        if let Ok((value, guard)) = parts.parse2(node.mac.tokens.clone()) {
            let code = format!("!{}", self.code(node));
            self.instead(node, vec![(format!("negate `{}`", self.shown(node)), code)]);
            self.visit_expr(&value);
            if let Some(guard) = guard {
                self.guard(&guard);
            }
        }
    }

    fn arguments(&mut self, mac: &syn::Macro) {
        if mac
            .path
            .segments
            .last()
            .is_some_and(|last| MACROS_OF_EXPRESSIONS.iter().any(|name| last.ident == name))
            && let Ok(arguments) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone())
        {
            arguments.iter().for_each(|argument| self.visit_expr(argument));
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        use syn::Item;
        match item {
            Item::Fn(item) => self.function(&item.attrs, &item.sig, &item.block),
            Item::Mod(item) if is_for_tests(&item.attrs) => {
                self.found.tests.push(lines_of(item.span(), item.span()));
            }
            Item::Mod(item) if item.content.is_none() => self.found.modules.push(item.ident.to_string()),
            Item::Mod(item) => visit::visit_item_mod(self, item),
            Item::Impl(item) if is_for_tests(&item.attrs) => {}
            Item::Impl(item) => {
                self.within(name_of_type(&item.self_ty), |finder| visit::visit_item_impl(finder, item));
            }
            Item::Trait(item) => {
                self.within(item.ident.to_string(), |finder| visit::visit_item_trait(finder, item));
            }
            // Constants, types and macros are nothing that runs.
            _ => {}
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        if let syn::ImplItem::Fn(item) = item {
            self.function(&item.attrs, &item.sig, &item.block);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast syn::TraitItem) {
        if let syn::TraitItem::Fn(item) = item
            && let Some(block) = &item.default
        {
            self.function(&item.attrs, &item.sig, block);
        }
    }

    // Neither patterns nor types nor attributes are expressions that can be switched.
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !is_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.arguments(mac);
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        self.visit_expr(&node.expr);
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        // `if let … && …` is a chain, not an expression.
        if is_chain(node) {
            self.chain(node);
        } else {
            self.binary(node);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        if !matches!(node.op, UnOp::Deref(_)) {
            let code = self.code(&node.expr).to_owned();
            self.instead(
                node,
                vec![(format!("delete {} in `{}`", self.code(&node.op), self.shown(node)), code)],
            );
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_lit(&mut self, node: &'ast syn::ExprLit) {
        if let Lit::Bool(literal) = &node.lit {
            let other = !literal.value;
            self.instead(node, vec![(format!("replace {} with {other}", literal.value), other.to_string())]);
        }
    }

    fn visit_expr_if(&mut self, node: &'ast syn::ExprIf) {
        self.condition(&node.cond);
        visit::visit_expr_if(self, node);
    }

    fn visit_stmt(&mut self, node: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(expr, Some(_)) = node
            && is_act(expr)
        {
            let (range, what) = (node.span().byte_range(), format!("delete `{}`", self.shown(expr)));
            self.add(node.span(), range.clone(), Form::Skipped, range, vec![(what, String::new())]);
        }
        visit::visit_stmt(self, node);
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        self.visit_expr(&node.expr);
        let wildcard = node.arms.last().is_some_and(|arm| matches!(arm.pat, Pat::Wild(_)));
        let last = node.arms.len().saturating_sub(1);
        for (place, arm) in node.arms.iter().enumerate().filter(|(_, arm)| !is_for_tests(&arm.attrs)) {
            self.arm(arm, wildcard && place < last);
        }
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        if let Some(rest) = &node.rest {
            let (path, rest) = (self.code(&node.path), format!("..{}", self.code(rest)));
            let without = node.fields.iter().enumerate().map(|(place, field)| {
                let others = node.fields.iter().enumerate().filter(|(other, _)| *other != place);
                let others: Vec<_> =
                    others.map(|(_, other)| self.code(other)).chain([rest.as_str()]).collect();
                let what = format!("delete the member `{}` of {path}", self.shown(field));
                (what, format!("{path} {{ {} }}", others.join(", ")))
            });
            let without = without.collect();
            self.instead(node, without);
        } else {
            for field in node.fields.iter().filter(|field| field.colon_token.is_some()) {
                if !values::is_default(self.code(&field.expr)) {
                    let (path, shown) = (self.code(&node.path), self.shown(field));
                    let what = format!("delete the member `{shown}` of {path}");
                    self.instead(&field.expr, vec![(what, "Default::default()".into())]);
                }
            }
        }
        visit::visit_expr_struct(self, node);
    }

    fn visit_expr_macro(&mut self, node: &'ast syn::ExprMacro) {
        if node.mac.path.is_ident("matches") {
            self.matches(node);
        } else {
            self.arguments(&node.mac);
        }
    }
}

/// The replacements of an operator.
fn operators(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Lt(_) => &["<=", "==", ">"],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "==", "<"],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) | BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) => &["%", "*"],
        BinOp::Rem(_) => &["/", "+"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::BitAnd(_) => &["|", "^"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::BitXor(_) => &["|", "&"],
        BinOp::AddAssign(_) => &["-=", "*="],
        BinOp::SubAssign(_) | BinOp::MulAssign(_) => &["+=", "/="],
        BinOp::DivAssign(_) => &["%=", "*="],
        BinOp::RemAssign(_) => &["/=", "+="],
        BinOp::BitAndAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&=", "^="],
        BinOp::BitXorAssign(_) => &["|=", "&="],
        _ => &[],
    }
}

fn both(what: &str) -> Vec<(String, String)> {
    ["true", "false"].map(|value| (format!("replace {what} with {value}"), value.to_owned())).into()
}

/// Whether an expression is run for its effect: a call, an assignment, or the end of something.
fn is_act(expr: &Expr) -> bool {
    match expr {
        Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Assign(_)
        | Expr::Return(_)
        | Expr::Break(_)
        | Expr::Continue(_) => true,
        Expr::Binary(node) => !operators(&node.op).is_empty(),
        Expr::Try(node) => is_act(&node.expr),
        Expr::Await(node) => is_act(&node.base),
        _ => false,
    }
}

/// Whether a `let` is among the operands of `&&`.
fn is_chain(node: &syn::ExprBinary) -> bool {
    matches!(node.op, BinOp::And(_)) && (has_let(&node.left) || has_let(&node.right))
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(node) => is_chain(node),
        _ => false,
    }
}

fn is_matches(expr: &Expr) -> bool {
    matches!(expr, Expr::Macro(node) if node.mac.path.is_ident("matches"))
}

/// `#[test]`, `#[tokio::test]` or `#[cfg(test)]`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string().starts_with("test"),
        meta => meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

fn name_of_type(ty: &Type) -> String {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        Type::Reference(reference) => name_of_type(&reference.elem),
        _ => "_".into(),
    }
}

fn lines_of(first: Span, last: Span) -> RangeInclusive<usize> {
    first.start().line..=last.end().line
}

/// On one line, and cut where it is long.
fn shortened(code: &str) -> String {
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    let start: String = line.chars().take(SHOWN - 1).collect();
    format!("{start}…")
}
