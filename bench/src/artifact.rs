//! What is in a built binary: its size as it is uploaded, and the libraries that it bears the names of.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::binaries::workspace;

/// zlib's usual level, which SAM packs with.
const PACKING_LEVEL: u8 = 6;

/// Libraries that carry TLS. One is enough; each costs start-up time, and one more set of flaws to watch for.
const TLS: [&str; 6] = ["rustls", "native-tls", "openssl", "aws-lc-rs", "boring", "s2n-tls"];
/// Libraries that carry HTTP.
const HTTP: [&str; 5] = ["hyper", "curl", "isahc", "ureq", "attohttpc"];

/// Bytes of a binary as it is uploaded.
pub(crate) fn packed_size(binary: &Path) -> Result<usize, String> {
    let bytes = fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    Ok(miniz_oxide::deflate::compress_to_vec(&bytes, PACKING_LEVEL).len())
}

/// The TLS and the HTTP libraries in a binary, each with its version: a place that can panic holds the name of its source file.
pub(crate) fn stacks(binary: &Path) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let bytes = fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    let all = crates_in(&bytes);
    let of = |known: &[&str]| {
        let is_known = |name: &&String| known.iter().any(|known| is_version_of(known, name));
        all.iter().filter(is_known).cloned().collect::<BTreeSet<_>>()
    };
    Ok((of(&TLS), of(&HTTP)))
}

/// `name-1.2.3` wherever `/src/` follows it.
fn crates_in(bytes: &[u8]) -> BTreeSet<String> {
    let ends = bytes.windows(5).enumerate().filter(|(_, window)| window == b"/src/").map(|(at, _)| at);
    let names = ends.filter_map(|end| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte);
        let length = bytes[..end].iter().rev().take_while(|byte| is_part(byte)).count();
        let name = std::str::from_utf8(&bytes[end - length..end]).ok()?;
        let (_, version) = name.rsplit_once('-')?;
        version.starts_with(|c: char| c.is_ascii_digit()).then(|| name.to_owned())
    });
    names.collect()
}

fn is_version_of(name: &str, with_version: &str) -> bool {
    with_version
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// Crates that a function is made of.
pub(crate) fn crates(package: &str) -> Result<usize, String> {
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
        package,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_known_by_the_files_that_a_binary_names() {
        let bytes = b"\0\0/x/hyper-1.12.0/src/lib.rs\0/x/hyper-util-0.1.21/src/a.rs/x/rustls-0.23.46/src/b.rs not/src/c";
        let found: Vec<_> = crates_in(bytes).into_iter().collect();
        assert_eq!(found, ["hyper-1.12.0", "hyper-util-0.1.21", "rustls-0.23.46"]);
        assert!(is_version_of("hyper", "hyper-1.12.0") && !is_version_of("hyper", "hyper-util-0.1.21"));
    }
}
