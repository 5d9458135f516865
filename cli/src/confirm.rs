//! Questions to the person at the keyboard: on standard error, so that the result stays alone on
//! standard output.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use secrecy::SecretString;
use tollgate::lambda::GATEWAY;
use tollgate_core::order::Route;

use crate::failure::{Failure, remark};

/// The kind of an account: `live` where money is real, otherwise `test`.
pub(crate) fn mode(route: &Route) -> &'static str {
    if GATEWAY.is_live(route) { "live" } else { "test" }
}

/// Whether a command that may move money goes on without a prompt. Where it is real, `--yes` alone
/// is not enough: a script that was written for a test account must not run against a live one
/// unnoticed.
pub(crate) fn without_prompt(route: &Route, yes: bool, live: bool) -> Result<bool, Failure> {
    if yes && !live && GATEWAY.is_live(route) {
        return Err(Failure::Input(format!(
            "{} is a live account: add --live to --yes, or leave out --yes to be prompted; nothing was done",
            route.endpoint
        )));
    }
    Ok(yes)
}

/// Goes on only when exactly this is typed.
pub(crate) fn by_typing(expected: &str, what_happens: &str) -> Result<(), Failure> {
    let failed =
        |_| Failure::Input("standard input cannot be read; use --yes to go on without a prompt".to_owned());
    let unheard = |_| {
        Failure::Input("standard error cannot be written; use --yes to go on without a prompt".to_owned())
    };
    let question = format!("{what_happens}\nType {expected} to go on: ");
    stderr().write_all(question.as_bytes()).map_err(unheard)?;
    let mut typed = String::new();
    stdin().lock().read_line(&mut typed).map_err(failed)?;
    if !stdin().is_terminal() {
        remark("");
    }
    if typed.trim() == expected {
        return Ok(());
    }
    Err(Failure::NotConfirmed(format!("{expected} was not typed; nothing was done")))
}

/// A secret: the first line of the piped input, or typed without an echo. It is no argument,
/// because arguments are in the shell's history and in the list of processes.
pub(crate) fn secret(what: &str, prompt: &str) -> Result<SecretString, Failure> {
    let failed = |_| Failure::Input(format!("{what} cannot be read from standard input"));
    let typed = if stdin().is_terminal() {
        rpassword::prompt_password(prompt).map_err(failed)?
    } else {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map_err(failed)?;
        line
    };
    let typed = typed.trim_end_matches(['\r', '\n']);
    if typed.is_empty() {
        return Err(Failure::Input(format!("{what} is expected on standard input")));
    }
    Ok(SecretString::from(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_money_is_real_yes_alone_is_not_enough() {
        let (live, test) = (
            "https://fts.cardconnect.com/cardconnect/rest",
            "https://fts-uat.cardconnect.com/cardconnect/rest",
        );
        let route = |endpoint: &str| Route {
            gateway: GATEWAY.name().into(),
            account: "1".to_owned(),
            endpoint: endpoint.to_owned(),
        };
        let (live, test) = (&route(live), &route(test));
        assert_eq!((mode(live), mode(test)), ("live", "test"));
        assert!(
            matches!(without_prompt(live, true, false), Err(Failure::Input(why)) if why.contains("--live"))
        );
        for (route, yes, flag, goes_on) in [
            (live, true, true, true),
            (live, false, false, false),
            (live, false, true, false),
            (test, true, false, true),
            (test, false, false, false),
        ] {
            assert!(
                without_prompt(route, yes, flag).is_ok_and(|goes| goes == goes_on),
                "{} {yes} {flag}",
                route.endpoint
            );
        }
    }
}
