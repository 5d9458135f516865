//! Cargo compiles a dependency once, for a build and for the tests. Only crates of Linux are
//! compared: those of another system have features of their own.

#![cfg(target_os = "linux")]

use std::{collections::BTreeSet, process::Command};

use crate::references::root;

/// Every dependency with its features, as lines such as `libc v0.2.0 [default,std]`.
fn dependencies(edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--locked",
            "--workspace",
            "--prefix",
            "none",
            "--format",
            "{p} [{f}]",
            "--edges",
            edges,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    lines.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[test]
fn tests_switch_on_no_feature_that_a_build_lacks() {
    let (of_a_build, of_tests) = (dependencies("normal,build"), dependencies("normal,build,dev"));
    assert!(of_tests.len() > of_a_build.len() && of_a_build.len() > 100);
    let compiled_twice: Vec<_> = of_a_build.difference(&of_tests).collect();
    assert!(compiled_twice.is_empty(), "dev/features lacks features of {compiled_twice:#?}");
}
