//! Functions take no tuples, and a type name means one thing in a package.

use std::collections::BTreeMap;

use syn::{
    FnArg, GenericArgument, Item, ItemEnum, ItemMacro, ItemStruct, ItemTrait, ItemType, PathArguments,
    Signature, Type,
    visit::{self, Visit},
};

use crate::{
    root,
    uses::{Package, attributes, is_for_tests},
    workspace,
};

/// Each package that is deployed, without code that is only built for tests.
pub(crate) fn deployed() -> Vec<Package> {
    let is_deployed = |folder: &std::path::Path| {
        ["shared", "functions"].iter().any(|parent| folder.starts_with(root().join(parent)))
    };
    let packages = workspace().into_iter().filter(|(_, folder)| is_deployed(folder));
    packages.map(|(name, folder)| Package::read(&name, &folder)).collect()
}

/// The declarations in the sources of a package.
#[derive(Default)]
struct Declared {
    module: String,
    /// Functions that take a tuple.
    take_a_tuple: Vec<String>,
    /// The modules that declare a type, by its name.
    types: BTreeMap<String, Vec<String>>,
}

impl Declared {
    fn of(package: &Package) -> Self {
        let mut declared = Self::default();
        for (module, file) in &package.modules {
            declared.module = format!("{}/{module}", package.name);
            declared.visit_file(file);
        }
        declared
    }

    fn add_type(&mut self, name: &impl ToString) {
        self.types.entry(name.to_string()).or_default().push(self.module.clone());
    }

    /// Names that are declared more than once, with their modules.
    fn repeated(self) -> Vec<(String, Vec<String>)> {
        self.types.into_iter().filter(|(_, modules)| modules.len() > 1).collect()
    }
}

impl<'ast> Visit<'ast> for Declared {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'ast Signature) {
        let is_given_a_tuple = |input: &FnArg| matches!(input, FnArg::Typed(input) if is_tuple(&input.ty));
        if signature.inputs.iter().any(is_given_a_tuple) {
            self.take_a_tuple.push(format!("{}/{}", self.module, signature.ident));
        }
        visit::visit_signature(self, signature);
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.add_type(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.add_type(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        self.add_type(&item.ident);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.add_type(&item.ident);
        visit::visit_item_type(self, item);
    }

    /// A macro's input is no syntax yet: declarations are found in its tokens.
    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        let text = item.mac.tokens.to_string();
        let tokens: Vec<&str> = text.split_whitespace().collect();
        for pair in tokens.windows(2) {
            if let ["struct" | "enum" | "trait", name] = pair
                && name.starts_with(char::is_uppercase)
            {
                self.add_type(name);
            }
        }
    }
}

/// Whether a type is several values without a name: a tuple, or a reference to one, or one that may
/// be absent.
fn is_tuple(given: &Type) -> bool {
    match given {
        Type::Tuple(tuple) => tuple.elems.len() > 1,
        Type::Reference(reference) => is_tuple(&reference.elem),
        Type::Paren(inner) => is_tuple(&inner.elem),
        Type::Path(path) => {
            let option = path.path.segments.last().filter(|segment| segment.ident == "Option");
            let Some(PathArguments::AngleBracketed(inner)) = option.map(|segment| &segment.arguments) else {
                return false;
            };
            inner.args.iter().any(|inner| matches!(inner, GenericArgument::Type(inner) if is_tuple(inner)))
        }
        _ => false,
    }
}

#[test]
fn a_function_takes_no_tuple() {
    let found = deployed().iter().flat_map(|package| Declared::of(package).take_a_tuple).collect::<Vec<_>>();
    assert!(found.is_empty(), "bundle what travels together in a struct with a name: {found:#?}");
}

#[test]
fn a_package_declares_each_type_name_once() {
    let name = |package: &Package| {
        let repeated = Declared::of(package).repeated();
        repeated.into_iter().map(|(name, modules)| format!("{}::{name}: {modules:?}", package.name)).collect()
    };
    let found: Vec<String> = deployed().iter().flat_map::<Vec<_>, _>(name).collect();
    assert!(found.is_empty(), "a name that is declared twice means two things: {found:#?}");
}

/// The declarations of a package of two small modules.
fn of_text(text: &str, other: &str) -> Declared {
    let sources = [("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", other)];
    Declared::of(&Package::new("p", &sources.map(|(path, text)| (path.to_owned(), text.to_owned()))))
}

#[test]
fn a_tuple_is_noticed() {
    for (text, is_noticed) in [
        ("fn f(between: (A, B)) {}", true),
        ("fn f((since, until): (A, B)) {}", true),
        ("trait T { fn f(&self, at: Option<&(A, B)>); }", true),
        ("fn f() { fn inner(at: &mut (A, B)) {} }", true),
        ("fn f(rows: &[(A, B)], each: impl Fn((A, B)) -> C, nothing: ()) -> (A, B) {}", false),
        ("#[cfg(test)] mod tests { fn f(between: (A, B)) {} }", false),
    ] {
        assert_eq!(!of_text(text, "").take_a_tuple.is_empty(), is_noticed, "{text}");
    }
}

#[test]
fn a_type_name_that_comes_back_is_noticed() {
    let other = "struct Kept; impl Iterator for Kept { type Item = A; }";
    for (text, is_noticed) in [
        ("enum Kept { A }", true),
        ("trait Kept {}", true),
        ("type Kept<T> = Vec<T>;", true),
        ("fn f() { struct Kept(A); }", true),
        ("words! { pub enum Kept { A => \"a\" } }", true),
        ("struct Other { Kept: A }", false),
        ("impl T for Other { type Kept = A; }", false),
        ("impl T for Other { type Item = A; }", false),
        ("use crate::b::Kept;", false),
        ("#[cfg(test)] mod tests { struct Kept; }", false),
    ] {
        let found: Vec<String> = of_text(text, other).repeated().into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, if is_noticed { vec!["Kept"] } else { Vec::new() }, "{text}");
    }
}
