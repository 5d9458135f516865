//! Dependencies point one way: a module uses only its own layer and the layers before it (`ARCHITECTURE.md`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// From the inside out. The longest name that fits a file decides its layer.
const LAYERS: [&[&str]; 8] = [
    &["money", "card", "carried", "memo"],
    &["decline", "discount", "policy", "outcome", "operation", "transaction", "order"],
    &["clock", "gateway", "merchants", "store", "attempts", "trail"],
    &["payments", "reconcile", "scheduled_capture"],
    &["aws_error", "gateway/cardpointe", "merchants/secrets_manager", "store/dynamodb"],
    &["abuse", "access_token", "app", "failure", "invocation"],
    &["credit_card", "elastic_path", "telemetry"],
    &["lambda"],
];

fn layer(module: &str) -> Option<usize> {
    let fits = |name: &&&str| {
        module == **name || module.strip_prefix(**name).is_some_and(|rest| rest.starts_with('/'))
    };
    let names =
        LAYERS.iter().enumerate().flat_map(|(layer, names)| names.iter().map(move |name| (layer, name)));
    names.filter(|(_, name)| fits(name)).max_by_key(|(_, name)| name.len()).map(|(layer, _)| layer)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every `crate::…` path in a text, its first two segments as a module path.
fn used(text: &str) -> Vec<String> {
    let flat = text.replace("use crate::{", "use crate::\u{1}");
    let mut paths = Vec::new();
    for (at, _) in flat.match_indices("crate::") {
        let rest = &flat[at + "crate::".len()..];
        match rest.strip_prefix('\u{1}') {
            // A list: each of its top-level entries.
            Some(list) => {
                let (mut depth, mut entry) = (0_i32, String::new());
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => paths.push(std::mem::take(&mut entry)),
                        _ if depth == 0 && !c.is_whitespace() => entry.push(c),
                        _ => {}
                    }
                }
                paths.push(entry);
            }
            None => {
                paths.push(rest.chars().take_while(|c| c.is_alphanumeric() || "_:".contains(*c)).collect());
            }
        }
    }
    paths.retain(|path| !path.is_empty());
    paths.iter().map(|path| path.split("::").take(2).collect::<Vec<_>>().join("/")).collect()
}

#[test]
fn no_module_uses_a_layer_further_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut looked_at = 0;
    for file in files {
        let module = file.strip_prefix(&root).unwrap().with_extension("");
        let module = module.to_str().unwrap();
        // Tests may reach for whatever they need.
        if module == "lib" || module.contains("tests") {
            continue;
        }
        let own = layer(module).unwrap_or_else(|| panic!("{module} has no layer"));
        for path in used(&fs::read_to_string(&file).unwrap()) {
            let Some(other) = layer(&path) else { continue };
            looked_at += 1;
            assert!(other <= own, "{module} uses {path}, which is further out");
        }
    }
    assert!(looked_at > 100, "only {looked_at} uses were found");
}

#[test]
fn the_domain_knows_neither_http_nor_io() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files {
        let module = file.strip_prefix(&root).unwrap().with_extension("");
        let module = module.to_str().unwrap();
        if module == "lib" || layer(module).is_none_or(|layer| layer > 1) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for forbidden in
            ["lambda_http", "axum", "reqwest", "aws_", "tokio", "Timestamp::now", "new_v4", "async fn"]
        {
            assert!(!text.contains(forbidden), "{module} knows {forbidden}");
        }
    }
}
