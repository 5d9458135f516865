//! The plain values that a function can return in place of its result.

use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

/// At most so many values of one type: a tuple's are the product of its members'.
const MOST: usize = 6;

/// Rust expressions of a return type. One that does not fit the type is found by the compiler.
pub(crate) fn of_return_type(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".into()],
        ReturnType::Type(_, ty) => of_type(ty),
    }
}

fn of_type(ty: &Type) -> Vec<String> {
    let values = match ty {
        Type::Never(_) => Vec::new(),
        Type::Tuple(tuple) => of_tuple(tuple.elems.iter()),
        Type::Array(array) => wrapped(&array.elem, |value| format!("std::array::from_fn(|_| {value})")),
        Type::Reference(reference) => of_reference(reference),
        Type::Paren(inner) => of_type(&inner.elem),
        Type::ImplTrait(bounds) => of_bounds(bounds),
        Type::Path(path) => of_path(path),
        _ => any(),
    };
    values.into_iter().take(MOST).collect()
}

/// Each value of each member with each of the others.
fn of_tuple<'a>(members: impl Iterator<Item = &'a Type>) -> Vec<String> {
    let with = |rows: Vec<String>, member| -> Vec<String> {
        let values = of_type(member);
        rows.iter().flat_map(|row| values.iter().map(move |value| format!("{row}{value}, "))).collect()
    };
    members.fold(vec![String::new()], with).iter().map(|row| format!("({row})")).collect()
}

fn of_reference(reference: &syn::TypeReference) -> Vec<String> {
    match reference.elem.as_ref() {
        Type::Path(path) if path.path.is_ident("str") && reference.mutability.is_none() => {
            vec!["\"\"".into(), "\"xyzzy\"".into()]
        }
        Type::Slice(slice) => {
            let one = wrapped(&slice.elem, |value| format!("Vec::leak(vec![{value}])"));
            [vec!["Vec::leak(Vec::new())".into()], one].concat()
        }
        inner => wrapped(inner, |value| format!("Box::leak(Box::new({value}))")),
    }
}

fn of_bounds(bounds: &syn::TypeImplTrait) -> Vec<String> {
    for bound in &bounds.bounds {
        if let TypeParamBound::Trait(bound) = bound
            && let Some(last) = bound.path.segments.last()
            && last.ident == "Iterator"
            && let Some(item) = associated(&last.arguments)
        {
            let once = wrapped(item, |value| format!("std::iter::once({value})"));
            return [vec!["std::iter::empty()".into()], once].concat();
        }
    }
    any()
}

fn of_path(path: &syn::TypePath) -> Vec<String> {
    let Some(last) = path.path.segments.last() else { return any() };
    let arguments = arguments(&last.arguments);
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    match (last.ident.to_string().as_str(), arguments.as_slice()) {
        ("bool", _) => texts(&["true", "false"]),
        ("u8" | "u16" | "u32" | "u64" | "u128" | "usize", _) => texts(&["0", "1"]),
        ("i8" | "i16" | "i32" | "i64" | "i128" | "isize", _) => texts(&["0", "1", "-1"]),
        ("f32" | "f64", _) => texts(&["0.0", "1.0", "-1.0"]),
        ("char", _) => texts(&["'x'"]),
        ("String", _) => texts(&["String::new()", "\"xyzzy\".into()"]),
        ("Result", []) => texts(&["Ok(Default::default())"]),
        ("Result", [ok, ..]) => wrapped(ok, |value| format!("Ok({value})")),
        ("Option", [some]) => [texts(&["None"]), wrapped(some, |value| format!("Some({value})"))].concat(),
        ("Vec", [item]) => [texts(&["vec![]"]), wrapped(item, |value| format!("vec![{value}]"))].concat(),
        (name @ ("BTreeMap" | "HashMap" | "IndexMap"), [_, _]) => {
            let one = of_tuple(arguments.iter().copied()).into_iter();
            any().into_iter().chain(one.map(|pair| format!("{name}::from([{pair}])"))).collect()
        }
        (name @ ("BTreeSet" | "HashSet" | "VecDeque"), [item]) => {
            [any(), wrapped(item, |value| format!("{name}::from([{value}])"))].concat()
        }
        (name @ ("Box" | "Arc" | "Rc"), [inner]) if !matches!(inner, Type::TraitObject(_)) => {
            wrapped(inner, |value| format!("{name}::new({value})"))
        }
        ("Cow", [inner]) => of_type(inner)
            .into_iter()
            .flat_map(|value| [format!("Cow::Borrowed({value})"), format!("Cow::Owned({value}.to_owned())")])
            .collect(),
        ("str", _) => texts(&["\"\"", "\"xyzzy\""]),
        _ => any(),
    }
}

/// Whether an expression is the default of its type, as it is usually written.
pub(crate) fn is_default(code: &str) -> bool {
    matches!(code, "None" | "false" | "0" | "()" | "vec![]")
        || ["::new()", "::default()", "::ZERO"].iter().any(|end| code.ends_with(end))
}

fn wrapped(inner: &Type, with: impl Fn(String) -> String) -> Vec<String> {
    of_type(inner).into_iter().map(with).collect()
}

/// The value that many types have.
fn any() -> Vec<String> {
    vec!["Default::default()".into()]
}

fn arguments(of: &PathArguments) -> Vec<&Type> {
    let PathArguments::AngleBracketed(all) = of else { return Vec::new() };
    let types = all.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// The type of `Item` in `Iterator<Item = T>`.
fn associated(of: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(all) = of else { return None };
    all.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(member) if member.ident == "Item" => Some(&member.ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(output: &str) -> Vec<String> {
        of_return_type(&syn::parse_str(output).unwrap())
    }

    #[test]
    fn plain_values_follow_the_type() {
        assert_eq!(values(""), ["()"]);
        assert_eq!(values("-> bool"), ["true", "false"]);
        assert_eq!(values("-> Option<i64>"), ["None", "Some(0)", "Some(1)", "Some(-1)"]);
        assert_eq!(values("-> Result<(), Error>"), ["Ok(())"]);
        assert_eq!(values("-> fmt::Result"), ["Ok(Default::default())"]);
        assert_eq!(values("-> Result<Vec<Order>, Error>"), ["Ok(vec![])", "Ok(vec![Default::default()])"]);
        assert_eq!(values("-> (bool, u8)"), ["(true, 0, )", "(true, 1, )", "(false, 0, )", "(false, 1, )"]);
        assert_eq!(values("-> &'static str"), ["\"\"", "\"xyzzy\""]);
        assert_eq!(
            values("-> impl Iterator<Item = u8>"),
            ["std::iter::empty()", "std::iter::once(0)", "std::iter::once(1)"]
        );
        assert!(values("-> !").is_empty());
    }
}
