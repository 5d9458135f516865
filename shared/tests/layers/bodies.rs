//! The bodies that the APIs send are types of `shared/wire`: no code that writes one makes JSON of
//! its own or assigns a member by name, and no program that calls the API reads a member by name.

use std::collections::BTreeSet;

use syn::{
    Expr, ExprAssign, ExprIndex, ExprMethodCall, File, Item, Lit, Macro,
    visit::{self, Visit},
};

use crate::{
    root,
    uses::{Package, attributes, is_for_tests},
};

/// The modules that write bodies, with the modules below them.
const WRITE: [&str; 5] = ["credit_card", "elastic_path", "spreadsheet", "status", "webhook_client/message"];

/// The packages that read bodies, with their folders.
const READ: [(&str, &str); 4] = [
    ("bench", "dev/bench"),
    ("cli", "cli"),
    ("console", "shared/console"),
    ("fault-simulation", "dev/fault-simulation"),
];

/// Their modules that read members of something else by name.
const READ_OTHERS: [(&str, &str, &str); 6] = [
    ("bench", "the template", "idle scale"),
    ("bench", "DynamoDB's calls; events and reports of functions", "counts ledger process totals work world"),
    ("cli", "AWS", "aws_cli doctor/stack front/fronted installation/deployed rollback rollback/plan"),
    ("cli", "secrets, the gateway", "gateway merchant sign_in_client webhook/deliveries webhook/receivers"),
    ("fault-simulation", "the gateway", "customers gateway/alteration ledger"),
    (
        "fault-simulation",
        "requests",
        "check/credit_card check/schedule client/credit_card shoppers/credit_card shoppers/schedule",
    ),
];

/// How often a file makes JSON without a type, and reads a member by its name. By syntax: the name
/// in a `get` can be any map's key, and is not counted.
#[derive(Default)]
struct Untyped {
    made: usize,
    read: usize,
}

fn is_text(expression: &Expr) -> bool {
    matches!(expression, Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)))
}

impl<'ast> Visit<'ast> for Untyped {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    /// A macro's input is no syntax yet: in it, an index follows a name or a bracket.
    fn visit_macro(&mut self, item: &'ast Macro) {
        self.made += usize::from(item.path.segments.last().is_some_and(|name| name.ident == "json"));
        let text: String = item.tokens.to_string().split_whitespace().collect();
        let is_index = |at: usize| text[..at].ends_with(|c: char| c.is_alphanumeric() || "_)]".contains(c));
        self.read += text.match_indices("[\"").filter(|(at, _)| is_index(*at)).count();
        self.read += text.matches(".pointer(\"").count();
    }

    /// A member on the left is written.
    fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
        let mut written = &*assign.left;
        self.made += usize::from(matches!(written, Expr::Index(index) if is_text(&index.index)));
        while let Expr::Index(index) = written {
            written = &index.expr;
        }
        self.visit_expr(written);
        self.visit_expr(&assign.right);
    }

    fn visit_expr_index(&mut self, index: &'ast ExprIndex) {
        self.read += usize::from(is_text(&index.index));
        visit::visit_expr_index(self, index);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        self.read += usize::from(call.method == "pointer" && call.args.first().is_some_and(is_text));
        visit::visit_expr_method_call(self, call);
    }
}

fn untyped(file: &File) -> Untyped {
    let mut untyped = Untyped::default();
    untyped.visit_file(file);
    untyped
}

#[test]
fn every_public_body_is_written_by_its_type() {
    let package = Package::read("tollgate", &root().join("shared"));
    let writes = |module: &&String| {
        let is_of =
            |of: &&str| module.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        WRITE.iter().any(is_of)
    };
    let modules: Vec<_> = package.modules.keys().filter(writes).collect();
    assert!(modules.len() > 40, "the modules are not read: {modules:?}");
    let found: Vec<_> =
        modules.into_iter().filter(|module| untyped(&package.modules[*module]).made > 0).collect();
    assert!(found.is_empty(), "give these bodies types in shared/wire: {found:?}");
}

#[test]
fn programs_read_public_bodies_by_their_types() {
    let packages = READ.map(|(name, folder)| Package::read(name, &root().join(folder)));
    let modules = packages.iter().flat_map(|package| package.modules.iter().map(move |one| (package, one)));
    let by_name = modules.filter(|(_, (_, file))| untyped(file).read > 0);
    let found: BTreeSet<_> =
        by_name.map(|(package, (module, _))| (package.name.as_str(), module.as_str())).collect();
    let others = READ_OTHERS.iter().flat_map(|(name, _, all)| all.split(' ').map(move |one| (*name, one)));
    assert_eq!(found, others.collect(), "read by name on the left, and allowed to on the right");
}

#[test]
fn json_without_a_type_is_noticed() {
    let count = |body: &str| {
        let Untyped { made, read } = untyped(&syn::parse_file(&format!("fn f() {{ {body} }}")).unwrap());
        (made, read)
    };
    assert_eq!(count(r#"let body = json!({"data": ["a"]});"#), (1, 0));
    assert_eq!(count("Ok(serde_json::json!(1))"), (1, 0));
    assert_eq!(count(r#"body["data"]["id"] = id.into();"#), (1, 0));
    assert_eq!(count("rows[0] = first; let Body { data } = body;"), (0, 0));
    assert_eq!(count(r#"let id = &body["id"]; let all = ["a"];"#), (0, 1));
    assert_eq!(count(r#"body.pointer("/errors/0/meta/code").is_some()"#), (0, 1));
    assert_eq!(count(r#"event["body"] = answer["body"].take();"#), (1, 1));
    assert_eq!(count(r#"json!({"id": paid["id"], "code": f(x)["code"]})"#), (1, 2));
    assert_eq!(count(r#"assert!(body.pointer("/data").is_some())"#), (0, 1));
    assert_eq!(count(r#"#[cfg(test)] mod tests { fn f() { body["data"]; } }"#), (0, 0));
}
