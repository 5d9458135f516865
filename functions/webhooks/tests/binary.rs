//! The binary as Lambda starts it. Its response to each event is tested in
//! `dev/local/tests/it/binaries.rs`, which needs the binary that this test has cargo build.

use std::process::Command;

#[test]
fn a_function_that_is_not_configured_says_what_is_missing() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_webhooks")).env_clear().output().expect("the binary starts");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("WEBHOOKS_TABLE_NAME is not set"));
}
