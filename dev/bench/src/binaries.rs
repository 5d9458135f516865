//! The functions' binaries: built here, found beside this program, or as they are deployed.
//!
//! The deployed profile is measured from a copy of the binary, because pages of a file as the
//! linker leaves it are slower to map.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The deployed functions, by their packages' names.
pub(crate) const FUNCTIONS: [&str; 22] = [
    "authorize",
    "capture",
    "confirm",
    "console",
    "deliveries",
    "events",
    "journal",
    "orders",
    "payments",
    "payment-methods",
    "people",
    "purchase",
    "reconcile",
    "refund",
    "scheduled-capture",
    "settlement",
    "switches",
    "token",
    "totals",
    "transactions",
    "void",
    "webhooks",
];

/// A function that does nothing, built like the others.
pub(crate) const EMPTY: &str = "empty";

pub(crate) enum Binaries {
    /// In a directory of cargo's, under their own names.
    Cargo(PathBuf),
    /// In cargo-lambda's, which SAM packs: a folder for each function, and all files named alike.
    Lambda(PathBuf),
}

impl Binaries {
    /// Builds them as SAM does: the whole workspace's features together, which is why each binary
    /// is named and no package.
    pub(crate) fn build(profile: &str, names: &[&str]) -> Result<Self, String> {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--locked", "--workspace", "--profile", profile]).current_dir(workspace());
        for name in names {
            build.args(["--bin", name]);
        }
        // `cargo run` describes this package to us; to the build scripts below that would be news,
        // and they would run again.
        for (name, _) in std::env::vars_os() {
            let described =
                ["CARGO_PKG_", "CARGO_MANIFEST_"].map(|prefix| name.to_string_lossy().starts_with(prefix));
            if described.contains(&true) {
                build.env_remove(name);
            }
        }
        let status = build.status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err("the functions cannot be built".to_owned());
        }
        // The bench itself is in the same target directory, one level down.
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let target = own.parent().and_then(Path::parent).ok_or("there is no target directory")?;
        // A copy, as a deployed package is one: the linker writes its files in pieces, which makes
        // them slower to map.
        let copies = target.join("bench").join(profile);
        fs::create_dir_all(&copies).map_err(|error| error.to_string())?;
        for name in names {
            let done = fs::copy(target.join(profile).join(name), copies.join(name));
            done.map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(Self::Cargo(copies))
    }

    /// Those that were built with this program, with any profile.
    pub(crate) fn beside() -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let directory = own.parent().ok_or("this program is in no directory")?;
        Ok(Self::Cargo(directory.to_owned()))
    }

    /// The output of `cargo lambda build --release`, and of `sam build`, which calls it.
    pub(crate) fn deployed() -> Self {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        Self::Lambda(workspace().join(target).join("lambda"))
    }

    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, String> {
        let path = match self {
            Self::Cargo(directory) => directory.join(name),
            Self::Lambda(directory) => directory.join(name).join("bootstrap"),
        };
        if path.is_file() {
            Ok(path)
        } else {
            let build = match self {
                Self::Cargo(_) => "cargo build --workspace",
                Self::Lambda(_) => "sam build",
            };
            Err(format!("{} is not there; run `{build}` first", path.display()))
        }
    }
}

/// The workspace's root, from any current directory.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_function_is_measured() {
        let deployed = local::template::deployed().unwrap().functions;
        assert_eq!(deployed, FUNCTIONS.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
    }
}
