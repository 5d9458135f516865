//! A built function: its size as it is uploaded, and how many crates it is made of.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::binaries::workspace;

/// zlib's usual level, which SAM packs with.
const PACKING_LEVEL: u8 = 6;

/// Bytes of a binary as it is uploaded.
pub(crate) fn packed_size(binary: &Path) -> Result<usize, String> {
    let bytes = fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    Ok(miniz_oxide::deflate::compress_to_vec(&bytes, PACKING_LEVEL).len())
}

/// Crates that a function is made of.
pub(crate) fn crates(package: &str) -> Result<usize, String> {
    // A dependency may be called as a function is: the version, the same of all packages here,
    // tells them apart.
    let package = format!("{package}@{}", env!("CARGO_PKG_VERSION"));
    let mut tree = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    tree.args([
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        &package,
    ]);
    let output = tree.current_dir(workspace()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    Ok(lines
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect::<BTreeSet<_>>()
        .len())
}
