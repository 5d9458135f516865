//! The commands' work before they reach a deployment.

use std::{
    io::pipe,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::run;

#[tokio::test]
async fn arguments_that_are_wrong_are_an_error_in_json_where_json_is_wanted() {
    for wrong in [&["payment", "list", "m", "--day", "x"][..], &["nothing"], &["payment"], &[]] {
        let plain = run(wrong, &[], "").await;
        assert_eq!(plain.code, 2, "{plain:?}");
        assert!(serde_json::from_str::<Value>(&plain.err).is_err(), "{plain:?}");
        let ran = run(&[wrong, &["--json"]].concat(), &[], "").await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{ran:?}");
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(error["error"]["code"], "invalid_input");
        assert!(!error["error"]["message"].as_str().unwrap().starts_with("error:"), "{error}");
    }
    let help = run(&["payment", "list", "--help", "--json"], &[], "").await.done();
    assert!(help.contains("Example:\n  tollgate payment list shop-1"), "{help}");
}

#[tokio::test]
async fn shells_get_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completion", shell], &[], "").await.done();
        assert!(script.contains("rotate-key") && script.contains("journal-table"), "{shell}: {script}");
    }
    run(&["completion", "dos"], &[], "").await.fails(2, "bash");
}

#[test]
fn a_closed_pipe_is_no_panic() {
    for (arguments, code) in [
        (&["payment", "list", "m", "--local=http://127.0.0.1:1"][..], 6),
        (&["nothing"], 2),
        (&["completion", "bash"], 0),
    ] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(arguments).stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        assert_eq!(command.status().unwrap().code(), Some(code), "{arguments:?}");
    }
}
