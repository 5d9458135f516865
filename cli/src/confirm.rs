//! Questions to the person at the keyboard: on standard error, so that the result stays alone on standard output.

use std::io::{BufRead, IsTerminal, Write, stdin};

use secrecy::SecretString;

use crate::failure::Failure;

/// Goes on only when exactly this is typed.
pub(crate) fn by_typing(expected: &str, what_happens: &str) -> Result<(), Failure> {
    eprint!("{what_happens}\nType {expected} to go on: ");
    let failed = |_| Failure::Input("standard input cannot be read; use --yes to go on unasked".to_owned());
    std::io::stderr().flush().map_err(failed)?;
    let mut typed = String::new();
    stdin().lock().read_line(&mut typed).map_err(failed)?;
    if !stdin().is_terminal() {
        eprintln!();
    }
    if typed.trim() == expected {
        return Ok(());
    }
    Err(Failure::NotConfirmed(format!("{expected} was not typed; nothing was done")))
}

/// A password: the first line of what is piped, or asked for without an echo.
pub(crate) fn password(prompt: &str) -> Result<SecretString, Failure> {
    let failed = |_| Failure::Input("the password cannot be read from standard input".to_owned());
    let typed = if stdin().is_terminal() {
        rpassword::prompt_password(prompt).map_err(failed)?
    } else {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map_err(failed)?;
        line
    };
    let typed = typed.trim_end_matches(['\r', '\n']);
    if typed.is_empty() {
        return Err(Failure::Input("the gateway's password is expected on standard input".to_owned()));
    }
    Ok(SecretString::from(typed))
}
