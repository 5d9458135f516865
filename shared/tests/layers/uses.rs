//! Which module of a package uses which, read from its source with `syn`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, File, Item, ItemMod, ItemUse, Macro, Meta, UseTree, Visibility,
    visit::{self, Visit},
};

/// A path as it is written: `["crate", "order", "Order"]`.
type Written = Vec<String>;

/// One module that uses another, each as package and path (`order/decide`). The root's own items
/// are the module `""`.
pub(crate) type Use = ((String, String), (String, String));

/// The source of a package: its modules, by path (`order/decide`; the root is empty).
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) modules: BTreeMap<String, File>,
    /// The paths that a module gives another name or place with `use`, by module and name.
    imports: BTreeMap<(String, String), Written>,
}

impl Package {
    /// Reads a package from its sources, given as path below `src` and text.
    pub(crate) fn new(name: &str, sources: &[(String, String)]) -> Self {
        let has_library = sources.iter().any(|(path, _)| path == "lib.rs");
        let mut modules = BTreeMap::new();
        for (path, text) in sources {
            let module = match path.as_str() {
                "lib.rs" => "",
                "main.rs" if !has_library => "",
                other => other.trim_end_matches(".rs"),
            };
            let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {path}: {error}"));
            modules.insert(module.to_owned(), file);
        }
        let mut imports = BTreeMap::new();
        for (module, file) in &modules {
            for item in &file.items {
                if let Item::Use(ItemUse { tree, attrs, .. }) = item
                    && !is_for_tests(attrs)
                {
                    let mut named = Vec::new();
                    flatten(tree, &mut Vec::new(), &mut named);
                    imports.extend(named.into_iter().map(|(name, path)| ((module.clone(), name), path)));
                }
            }
        }
        Self { name: name.to_owned(), modules, imports }
    }

    /// Reads a package from its folder, without modules that are only built for tests.
    pub(crate) fn read(name: &str, folder: &Path) -> Self {
        let mut sources = Vec::new();
        collect(&folder.join("src"), "", &mut sources);
        let mut package = Self::new(name, &sources);
        let for_tests: Vec<String> = package
            .modules
            .iter()
            .flat_map(|(module, file)| file.items.iter().map(move |item| (module, item)))
            .filter_map(|(module, item)| match item {
                Item::Mod(ItemMod { attrs, ident, content: None, .. }) if is_for_tests(attrs) => {
                    Some(join(module, &ident.to_string()))
                }
                _ => None,
            })
            .collect();
        package.modules.retain(|module, _| {
            !for_tests.iter().any(|tests| module == tests || module.starts_with(&format!("{tests}/")))
        });
        package
    }

    /// The module that a path below the root leads into, and the rest of the path there.
    fn split<'a>(&self, path: &'a [String]) -> (String, &'a [String]) {
        let depth = (1..=path.len()).rev().find(|depth| self.modules.contains_key(&path[..*depth].join("/")));
        let (module, rest) = path.split_at(depth.unwrap_or(0));
        (module.join("/"), rest)
    }
}

fn collect(folder: &Path, prefix: &str, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = join(prefix, path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &name, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

/// Which modules of the packages use which, without uses of itself. A name that a module only
/// passes on is used where it is defined.
pub(crate) fn uses(packages: &[Package]) -> BTreeSet<Use> {
    let mut all = BTreeSet::new();
    for package in packages {
        for (module, file) in &package.modules {
            let mut found = Found { module: segments(module), paths: Vec::new() };
            found.visit_file(file);
            let from = (package.name.clone(), module.clone());
            for (module, path) in found.paths {
                if let Some(to) = resolve(&module, &path, package, packages, 0).filter(|to| *to != from) {
                    all.insert((from.clone(), to));
                }
            }
        }
    }
    all
}

fn segments(module: &str) -> Vec<String> {
    module.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The package and module that a path leads to; none where it leads to a crate of others.
fn resolve(
    module: &[String],
    path: &[String],
    package: &Package,
    packages: &[Package],
    depth: usize,
) -> Option<(String, String)> {
    let (first, rest) = path.split_first()?;
    let (package, path) = match first.as_str() {
        "crate" => (package, rest.to_vec()),
        "self" if rest.first().is_some_and(|next| next == "super") => {
            return resolve(module, rest, package, packages, depth);
        }
        "self" => (package, [module, rest].concat()),
        "super" => {
            let above = module.split_last().map_or(&[][..], |(_, above)| above);
            let next =
                if rest.first().is_some_and(|next| next == "super") { &[][..] } else { &["self".into()] };
            return resolve(above, &[next, rest].concat(), package, packages, depth);
        }
        name => {
            let child = [module, path].concat();
            if let Some(other) = packages.iter().find(|other| other.name == name) {
                (other, rest.to_vec())
            } else if package.modules.contains_key(&child[..=module.len()].join("/")) {
                (package, child)
            } else {
                return None;
            }
        }
    };
    let (into, rest) = package.split(&path);
    let imported = rest.first().and_then(|name| package.imports.get(&(into.clone(), name.clone())));
    // Two imports that name each other would go on forever.
    match imported.filter(|_| depth < 8) {
        Some(at) => {
            let path = [at.as_slice(), &rest[1..]].concat();
            resolve(&segments(&into), &path, package, packages, depth + 1)
        }
        None => Some((package.name.clone(), into)),
    }
}

/// Gathers every path of a file, with the module that it is written in.
struct Found {
    module: Vec<String>,
    paths: Vec<(Vec<String>, Written)>,
}

impl Found {
    fn add(&mut self, path: Written) {
        self.paths.push((self.module.clone(), path));
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut named = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut named);
        for (_, path) in named {
            self.add(path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(in crate::order)` says who may use it, and uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    /// A macro's input is no syntax yet: paths are found in its tokens.
    fn visit_macro(&mut self, item: &'ast Macro) {
        visit::visit_macro(self, item);
        let text = item.tokens.to_string().replace("::", " :: ");
        let tokens = text.split(|c: char| c.is_whitespace() || "()[]{},;&".contains(c));
        let mut path: Written = Vec::new();
        let mut goes_on = false;
        for token in tokens.filter(|token| !token.is_empty()).chain(["."]) {
            let is_name = token.chars().all(|c| c.is_alphanumeric() || c == '_');
            if token == "::" {
                goes_on = true;
            } else if is_name && goes_on {
                path.push(token.to_owned());
                goes_on = false;
            } else {
                // A name of one part may be anything, `pub(crate)` for instance.
                let ended =
                    std::mem::replace(&mut path, if is_name { vec![token.to_owned()] } else { Vec::new() });
                if ended.len() > 1 {
                    self.add(ended);
                }
                goes_on = false;
            }
        }
    }
}

/// Each leaf of a `use`, with the name that it has in its module. A glob means its module.
fn flatten(tree: &UseTree, prefix: &mut Written, named: &mut Vec<(String, Written)>) {
    let with = |name: &dyn ToString| {
        let mut path = prefix.clone();
        if name.to_string() != "self" || path.is_empty() {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, named);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let path = with(&name.ident);
            named.push((path.last().cloned().unwrap_or_default(), path));
        }
        UseTree::Rename(rename) => named.push((rename.rename.to_string(), with(&rename.ident))),
        UseTree::Glob(_) => named.push(("*".to_owned(), prefix.clone())),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, named);
            }
        }
    }
}

/// The ports that a file defines: traits with `async` functions.
pub(crate) fn ports(file: &File) -> Vec<String> {
    let is_async = |attribute: &Attribute| attribute.path().is_ident("async_trait");
    let port = |item: &Item| match item {
        Item::Trait(item) if item.attrs.iter().any(is_async) => Some(item.ident.to_string()),
        _ => None,
    };
    file.items.iter().filter_map(port).collect()
}

/// The traits that a file implements, by their last name.
pub(crate) fn implemented(file: &File) -> Vec<String> {
    let name = |item: &Item| match item {
        Item::Impl(item) if !is_for_tests(&item.attrs) => {
            item.trait_.as_ref()?.0.segments.last().map(|segment| segment.ident.to_string())
        }
        _ => None,
    };
    file.items.iter().filter_map(name).collect()
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether something is built for tests only: `#[cfg(test)]`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}
