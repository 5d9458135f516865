//! Which version of Tollgate runs: of its code, and of its settings.

use std::sync::LazyLock;

/// `1.0.0`, or `1.0.0+2026-11-21` where the deployment names its revision (`REVISION`).
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let code = env!("CARGO_PKG_VERSION");
        match std::env::var("REVISION").unwrap_or_default().as_str() {
            "" => code.to_owned(),
            revision => format!("{code}+{revision}"),
        }
    });
    &VERSION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_named_by_its_packages_version() {
        let code = version().split('+').next();
        assert_eq!(code, Some(env!("CARGO_PKG_VERSION")));
    }
}
