//! The bodies that the APIs send are types of `shared/wire`: no code that writes one makes JSON of
//! its own, and none assigns a member by name.

use syn::{
    Expr, ExprAssign, ExprIndex, File, Item, Lit, Macro,
    visit::{self, Visit},
};

use crate::{
    root,
    uses::{Package, attributes, is_for_tests},
};

/// The modules that write bodies, with the modules below them.
const WRITE: [&str; 5] = ["credit_card", "elastic_path", "spreadsheet", "status", "webhook_client/message"];

/// How often a file makes JSON without a type.
#[derive(Default)]
struct Untyped(usize);

impl<'ast> Visit<'ast> for Untyped {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.0 += usize::from(item.path.segments.last().is_some_and(|name| name.ident == "json"));
    }

    fn visit_expr_assign(&mut self, assign: &'ast ExprAssign) {
        let is_by_name =
            |index: &ExprIndex| matches!(&*index.index, Expr::Lit(name) if matches!(name.lit, Lit::Str(_)));
        self.0 += usize::from(matches!(&*assign.left, Expr::Index(index) if is_by_name(index)));
        visit::visit_expr_assign(self, assign);
    }
}

fn untyped(file: &File) -> usize {
    let mut untyped = Untyped::default();
    untyped.visit_file(file);
    untyped.0
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
    let found: Vec<_> = modules.into_iter().filter(|module| untyped(&package.modules[*module]) > 0).collect();
    assert!(found.is_empty(), "give these bodies types in shared/wire: {found:?}");
}

#[test]
fn json_without_a_type_is_noticed() {
    let count = |body: &str| untyped(&syn::parse_file(&format!("fn f() {{ {body} }}")).unwrap());
    assert_eq!(count(r#"let body = json!({"data": []});"#), 1);
    assert_eq!(count("Ok(serde_json::json!(1))"), 1);
    assert_eq!(count(r#"body["data"]["id"] = id.into();"#), 1);
    assert_eq!(count("rows[0] = first; let Body { data } = body;"), 0);
}
