//! An example for the end of every command's help. A test reads each as the command line does.

use clap::Command;

/// The words after `tollgate`: a command, and its example's arguments.
const EXAMPLES: [(&str, &str); 72] = [
    (
        "merchant create",
        "shop-1 --site fts-uat --username testing --merchid USD=496160873888 --stack tollgate-dev",
    ),
    ("merchant list", "--stack tollgate-prod"),
    ("merchant show", "shop-1 --stack tollgate-prod"),
    ("merchant rotate-key", "shop-1 --finish --stack tollgate-prod"),
    ("merchant key add", "shop-1 --name erp --role operate --stack tollgate-prod"),
    ("merchant key list", "shop-1 --stack tollgate-prod"),
    ("merchant key revoke", "shop-1 erp --stack tollgate-prod"),
    ("merchant stop", "shop-1 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("merchant start", "shop-1 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("person", "list shop-1 --local"),
    (
        "person add",
        "shop-1 Ann --email ann@shop.example --issuer https://login.shop.example --role operate --refund-max USD:50.00 --stack tollgate-prod",
    ),
    ("person list", "shop-1 --csv --stack tollgate-prod"),
    ("person change", "shop-1 Ann --role all --refund-max unlimited --stack tollgate-prod"),
    ("person remove", "shop-1 Ann --stack tollgate-prod"),
    ("person history", "shop-1 --stack tollgate-prod"),
    ("sign-in-client add", "console --audience 0oa1b2c3d4 --stack tollgate-prod"),
    ("sign-in-client list", "--stack tollgate-prod"),
    ("sign-in-client remove", "console --stack tollgate-prod"),
    ("audit", "shop-1 --kind downloaded --since 2026-11-01 --stack tollgate-prod"),
    ("payment show", "shop-1 order-1001 --stack tollgate-prod"),
    ("me", "shop-1 --stack tollgate-prod"),
    ("payment list", "shop-1 --day yesterday --stack tollgate-prod"),
    ("payment find", "shop-1 363010145637 --stack tollgate-prod"),
    ("payment find", "shop-1 --last4 1443 --amount 25.99 --stack tollgate-prod"),
    ("payment tail", "shop-1 --status failed --stack tollgate-prod"),
    ("payment receipt", "shop-1 order-1001 --stack tollgate-prod"),
    ("payment capture", "shop-1 order-1001 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("payment reauthorize", "shop-1 order-1001 --by Ann --reason parcel-2 --stack tollgate-prod"),
    ("payment refund", "shop-1 order-1001 --amount 5.00 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("payment void", "shop-1 order-1001 --by Ann --reason case-4711 --dry-run --stack tollgate-prod"),
    (
        "payment resolve",
        "shop-1 order-1001 475d9b6b-8385-49a3-b57f-855c155d5d68 --as not-done --by Ann --reason case-4711 --stack tollgate-prod",
    ),
    ("capture pause", "shop-1 order-1001 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("capture resume", "shop-1 order-1001 --by Ann --reason case-4711 --stack tollgate-prod"),
    ("capture list", "shop-1 --stack tollgate-prod"),
    ("capture days", "shop-1 --time-zone America/New_York --stack tollgate-prod"),
    (
        "report",
        "shop-1 --month 2026-11 --interval day --time-zone America/New_York --csv --stack tollgate-prod",
    ),
    ("customer erase", "shop-1 customer-42 --stack tollgate-prod"),
    ("journal list", "shop-1 --day yesterday --fact refunded --actor ann@shop.example --stack tollgate-prod"),
    ("journal rebuild", "--stack tollgate-prod"),
    ("journal compare", "--since 2027-01-31T11:59:00Z --inquire --stack tollgate-prod"),
    ("settlement", "list shop-1 --local"),
    ("settlement list", "shop-1 --from 2026-11-01 --to 2026-11-30 --stack tollgate-prod"),
    ("settlement show", "shop-1 091000012345678 --stack tollgate-prod"),
    ("settlement outstanding", "shop-1 --from 2026-11-01 --stack tollgate-prod"),
    ("settlement read", "shop-1 --day 2026-06-01 --stack tollgate-prod"),
    ("settlement exceptions", "shop-1 --cause amount_differs --stack tollgate-prod"),
    (
        "settlement note",
        "shop-1 475d9b6b-8385-49a3-b57f-855c155d5d68 --by Ann --text asked-the-processor --stack tollgate-prod",
    ),
    (
        "settlement resolve",
        "shop-1 475d9b6b-8385-49a3-b57f-855c155d5d68 --by Ann --reason case-4711 --stack tollgate-prod",
    ),
    ("webhook add", "shop-1 erp --url https://erp.example/hooks --events order.paid --stack tollgate-prod"),
    ("webhook rotate", "shop-1 erp --stack tollgate-prod"),
    ("webhook remove", "shop-1 erp --stack tollgate-prod"),
    ("webhook list", "shop-1 erp --parked --stack tollgate-prod"),
    ("webhook test", "shop-1 erp --stack tollgate-prod"),
    ("webhook replay", "shop-1 erp --since 2026-11-20T18:00:00Z --dry-run --stack tollgate-prod"),
    ("listen", "--local --forward-to localhost:4242/hooks"),
    ("trigger", "transaction.needs_attention --local"),
    ("stop", "--by Ann --reason case-4711 --stack tollgate-prod"),
    ("start", "--by Ann --reason case-4711 --stack tollgate-prod"),
    ("rollback", "tollgate-prod --dry-run"),
    ("front rotate", "tollgate-front-prod --stack tollgate-prod --dry-run"),
    ("doctor", "--merchant shop-1 --stack tollgate-prod"),
    ("completion", "bash"),
    ("merchant", "list --local"),
    ("merchant key", "list shop-1 --local"),
    ("sign-in-client", "list --local"),
    ("payment", "list shop-1 --local"),
    ("capture", "list shop-1 --local"),
    ("customer", "erase shop-1 customer-42 --local"),
    ("journal", "rebuild --local"),
    ("webhook", "list shop-1 --local"),
    ("front", "rotate tollgate-front-prod --stack tollgate-prod"),
    ("", "doctor --local"),
];

/// The same command, with an example at the end of its help and of that of every command in it.
pub(crate) fn with_examples(command: Command) -> Command {
    within(command, "")
}

fn within(mut command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|inner| inner.get_name().to_owned()).collect();
    for name in names {
        let path = [path, &name].join(" ");
        command = command.mut_subcommand(name, |inner| within(inner, path.trim()));
    }
    let example = EXAMPLES.iter().find(|(of, _)| *of == path);
    match example {
        Some((of, words)) => {
            let line =
                ["tollgate", of, words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            command.after_help(format!("Example:\n  {}", line.join(" ")))
        }
        None => command,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;

    /// Every command, with its words.
    fn all(command: &Command, path: &str) -> Vec<(String, Command)> {
        let inner =
            command.get_subcommands().flat_map(|inner| all(inner, &format!("{path} {}", inner.get_name())));
        let inner: Vec<_> = inner.collect();
        [vec![(path.to_owned(), command.clone())], inner].concat()
    }

    #[test]
    fn the_help_of_every_command_ends_with_an_example_that_the_command_line_takes() {
        let commands = all(&with_examples(Arguments::command()), "tollgate");
        assert!(commands.len() > 30, "{}", commands.len());
        for (path, command) in commands {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = after.lines().nth(1).unwrap_or_default().trim();
            assert!(example.starts_with(&path), "{path} has no example of its own: {after:?}");
            let read = Arguments::command().try_get_matches_from(example.split(' '));
            assert!(read.is_ok(), "{example}: {:?}", read.err().map(|error| error.to_string()));
        }
    }

    #[test]
    fn every_option_says_what_it_is_for() {
        for (path, command) in all(&Arguments::command(), "tollgate") {
            let silent = command.get_arguments().filter(|argument| argument.get_help().is_none());
            let silent: Vec<_> = silent.map(|argument| argument.get_id().as_str()).collect();
            assert!(silent.is_empty(), "{path}: {silent:?}");
        }
    }

    /// A copied example names the deployment that it acts on.
    #[test]
    fn every_example_names_its_deployment() {
        for (of, words) in EXAMPLES.into_iter().filter(|(of, _)| !["rollback", "completion"].contains(of)) {
            assert!(["--stack ", "--local"].iter().any(|option| words.contains(option)), "{of}: {words}");
        }
    }

    /// `--yes` is taken everywhere, but only a command with an option of its own skips its prompt.
    #[test]
    fn a_command_that_prompts_has_a_yes_of_its_own() {
        let never_prompt = [
            "merchant create",
            "merchant key add",
            "sign-in-client add",
            "webhook add",
            "webhook rotate",
            "webhook replay",
            "journal rebuild",
        ];
        for (path, command) in all(&Arguments::command(), "") {
            let has = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
            let prompts = has("dry_run") && !never_prompt.contains(&path.trim());
            assert!(!prompts || has("yes"), "{path}");
        }
    }

    /// A script can give every command the same words.
    #[test]
    fn every_command_takes_yes() {
        for (of, words) in EXAMPLES {
            let line = ["tollgate", of, words, "--yes"].join(" ");
            let read = Arguments::command().try_get_matches_from(line.split_whitespace());
            assert!(read.is_ok(), "{line}: {:?}", read.err().map(|error| error.to_string()));
        }
    }

    /// `-h` has a line for each option, and `--help` the options that name the deployment after the
    /// command's own.
    #[test]
    fn short_help_is_short_and_long_help_begins_with_the_commands_own_options() {
        let mut wide = Vec::new();
        let mut root = with_examples(Arguments::command()).disable_help_subcommand(true);
        // Only then every command has the options that are everywhere.
        root.build();
        for (path, mut command) in all(&root, "tollgate") {
            let short = command.render_help().to_string();
            let (options, _) = short.split_once("Example:").unwrap();
            // Below the command's purpose.
            let lines = options.lines().skip_while(|line| !line.starts_with("Usage:")).skip(1);
            let lines = lines.map(|line| line.split(" [").next().unwrap_or_default());
            wide.extend(lines.filter(|line| line.len() > 100).map(|line| format!("{path}: {line}")));
            let long = command.render_long_help().to_string();
            let at = |text: &str| long.find(text).unwrap_or_else(|| panic!("{path}: {text}: {long}"));
            assert!(at("\nOptions:") < at("--help") && at("--help") < at("\nDeployment:"), "{path}: {long}");
            assert!(at("\nDeployment:") < at("--stack") && at("--stack") < at("--stage"), "{path}: {long}");
        }
        assert!(wide.is_empty(), "{}", wide.join("\n"));
    }

    #[test]
    fn no_example_is_of_a_command_that_is_not_there() {
        let paths: Vec<String> =
            all(&Arguments::command(), "").into_iter().map(|(path, _)| path.trim().to_owned()).collect();
        for (of, _) in EXAMPLES {
            assert!(paths.iter().any(|path| path == of), "{of}");
        }
    }
}
