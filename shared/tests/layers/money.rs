//! Invariant 9: money is an `Amount` or a `SignedAmount`, whose arithmetic is checked. So no number
//! stands for money, and the minor units of an amount are not calculated with.
//!
//! It goes by names and syntax, and does not look into the arguments of macros.

use syn::{
    BinOp, Expr, ExprBinary, ExprMethodCall, ExprUnary, Field, File, Item, ItemImpl, PatType, Signature,
    Type, UnOp,
    visit::{self, Visit},
};

use crate::{
    shape::deployed,
    uses::{Package, attributes, is_for_tests},
};

/// Where numbers become amounts, and amounts numbers.
const CONVERT: [&str; 2] = ["tollgate_core/values/money", "tollgate_core/values/signed_amount"];

/// Words in names of money.
const OF_MONEY: &str = "amount amounts balance captured change chargebacks components disputed expected fee fees found \
    gross held minor money net owing paid price refunded refunds returned sum sums taken total";

/// Exceptions, by module and name of a field, a parameter, a variable or a function, with the
/// reason.
const LET_THROUGH: [(&str, &str, &str); 5] = [
    ("tollgate_core/payments/trail", "amount_minor", "it is for a log line"),
    ("tollgate_core/payments/reconcile", "amounts_minor", "it is for a metric"),
    ("tollgate_core/payments/reconcile", "count", "it adds to that metric"),
    ("tollgate_core/payments/scheduled_capture/report", "captured_minor", "it is for a metric"),
    ("tollgate/cardpointe/fees", "of_follow_up", "it tells how far off a rounded fee is"),
];

const NUMBERS: [&str; 6] = ["i64", "u64", "i128", "u128", "f32", "f64"];

/// Traits of operators. With none of them implemented, `+=` and `.sum()` do not compile for a type.
const OPERATORS: &str =
    "Add AddAssign Div DivAssign Mul MulAssign Neg Product Rem RemAssign Sub SubAssign Sum";

/// Methods that calculate with a number, or their prefixes.
const CALCULATE: [&str; 8] =
    ["saturating_", "wrapping_", "overflowing_", "checked_", "abs", "pow", "sum", "product"];

/// The numbers for money in a module, and the calculations with them.
#[derive(Default)]
struct Unchecked {
    /// The function that was seen last.
    function: String,
    /// Each by its name, and the reason.
    found: Vec<(String, String)>,
}

impl Unchecked {
    fn of(file: &File) -> Vec<(String, String)> {
        let mut unchecked = Self::default();
        unchecked.visit_file(file);
        unchecked.found
    }

    fn add_here(&mut self, why: &str) {
        self.found.push((self.function.clone(), why.to_owned()));
    }

    fn declared(&mut self, name: &syn::Ident, of: &Type) {
        let text = name.to_string();
        let is_money = text.split('_').any(|word| OF_MONEY.split_whitespace().any(|of| of == word));
        if is_money && has_number(of) {
            self.found.push((text, "a number".to_owned()));
        }
    }
}

/// Whether a type is a number, or has one in it.
fn has_number(of: &Type) -> bool {
    struct Numbers(bool);
    impl<'ast> Visit<'ast> for Numbers {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |= path.get_ident().is_some_and(|name| NUMBERS.iter().any(|number| name == number));
            visit::visit_path(self, path);
        }
    }
    let mut numbers = Numbers(false);
    numbers.visit_type(of);
    numbers.0
}

/// Whether an expression is the minor units of an amount, or is made of some.
fn is_minor(expression: &Expr) -> bool {
    struct Minor(bool);
    impl<'ast> Visit<'ast> for Minor {
        fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
            self.0 |= call.method == "minor";
            visit::visit_expr_method_call(self, call);
        }

        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |=
                path.segments.len() > 1 && path.segments.last().is_some_and(|last| last.ident == "minor");
        }
    }
    let mut minor = Minor(false);
    minor.visit_expr(expression);
    minor.0
}

impl<'ast> Visit<'ast> for Unchecked {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        self.function = signature.ident.to_string();
        visit::visit_signature(self, signature);
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let Some(name) = &field.ident {
            self.declared(name, &field.ty);
        }
        visit::visit_field(self, field);
    }

    /// A parameter of a function or a closure, or a local variable.
    fn visit_pat_type(&mut self, typed: &'ast PatType) {
        if let syn::Pat::Ident(name) = &*typed.pat {
            self.declared(&name.ident, &typed.ty);
        }
        visit::visit_pat_type(self, typed);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let last = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        if last.is_some_and(|last| OPERATORS.split_whitespace().any(|operator| last.ident == operator)) {
            self.add_here("an operator is implemented");
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        let compares = matches!(
            binary.op,
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)
        );
        let combines = matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
        if !compares && !combines && (is_minor(&binary.left) || is_minor(&binary.right)) {
            self.add_here("an operator on minor units");
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        if matches!(unary.op, UnOp::Neg(_)) && is_minor(&unary.expr) {
            self.add_here("a sign on minor units");
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let name = call.method.to_string();
        let calculates = CALCULATE.iter().any(|begin| name.starts_with(begin));
        if calculates && (is_minor(&call.receiver) || call.args.iter().any(is_minor)) {
            self.add_here(&format!("{name} on minor units"));
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn unchecked(packages: &[Package]) -> Vec<(String, String, String)> {
    let modules = packages.iter().flat_map(|package| {
        package.modules.iter().map(|(module, file)| (format!("{}/{module}", package.name), file))
    });
    let others = modules.filter(|(module, _)| !CONVERT.contains(&module.as_str()));
    let found = |(module, file): (String, &File)| {
        Unchecked::of(file).into_iter().map(move |(name, why)| (module.clone(), name, why))
    };
    others.flat_map(found).collect()
}

#[test]
fn money_is_calculated_with_by_its_own_types_alone() {
    let mut found = unchecked(&deployed());
    for (module, name, why) in LET_THROUGH {
        let before = found.len();
        found.retain(|(found_in, found, _)| (&**found_in, &**found) != (module, name));
        assert!(found.len() < before, "{module}/{name} is let through and not there: {why}");
    }
    assert!(found.is_empty(), "use Amount or SignedAmount and their checked arithmetic: {found:#?}");
}

#[test]
fn money_that_is_a_number_or_calculated_with_is_noticed() {
    let notices = |text: &str| !Unchecked::of(&syn::parse_file(text).unwrap()).is_empty();
    for text in [
        "struct A { total: i64 }",
        "struct A { lines_sum: Option<i64> }",
        "fn f(minor: u64) {}",
        "fn f() { let fees: BTreeMap<Id, i64> = x; }",
        "fn f() { let of = |amount: i64| amount; }",
        "impl std::ops::AddAssign for Sum {}",
        "impl Sum for Changes {}",
        "fn f() { a.minor() + 1 }",
        "fn f() { sum += one.amount.minor(); }",
        "fn f() { -amount.minor() }",
        "fn f() { a.minor().saturating_add(1) }",
        "fn f() { all.iter().map(|one| one.minor()).sum::<u64>() }",
        "fn f() { all.iter().map(Amount::minor).sum::<u64>() }",
        "fn f() { i64::try_from(a.minor()).unwrap_or(i64::MAX).saturating_sub(b) }",
    ] {
        assert!(notices(text), "{text}");
    }
    for text in [
        "struct A { total: Option<SignedAmount>, count: u64 }",
        "fn f() { a.checked_add(b) }",
        "fn f() { a.minor() == 0 && b.minor() < 5 }",
        "#[cfg(test)] mod tests { fn f(minor: i64) { minor + a.minor() } }",
    ] {
        assert!(!notices(text), "{text}");
    }
}
