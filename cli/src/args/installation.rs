//! Which installation a command acts on: options, and variables where there are none.

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, TypedValueParser},
};
use tollgate::secrets_manager::SecretKind;

use crate::failure::Failure;

/// The variable that names a stack.
const STACK_VARIABLE: &str = "TOLLGATE_STACK";

/// The variable that has the local stack's address.
const LOCAL_VARIABLE: &str = "TOLLGATE_LOCAL";

/// Where the local stack listens unless it is told otherwise.
pub(crate) const LOCAL: &str = "http://127.0.0.1:3000";

#[derive(Args)]
#[command(next_help_heading = super::DEPLOYMENT)]
pub(crate) struct InstallationArguments {
    /// The local stack (else `TOLLGATE_LOCAL`)
    #[arg(long, global = true, value_name = "URL", num_args = 0..=1, require_equals = true, default_missing_value = LOCAL)]
    pub(crate) local: Option<String>,
    /// A stack on AWS (else `TOLLGATE_STACK`)
    ///
    /// Tables, prefixes, stage and gateway hosts are read from it, and credentials from the AWS
    /// CLI's profile.
    #[arg(
        id = "from_stack",
        long = "stack",
        global = true,
        value_name = "NAME",
        conflicts_with_all = ["local", "table", "merchants_prefix", "webhooks_prefix", "gateway_hosts", "stage"]
    )]
    pub(crate) stack: Option<String>,
    /// DynamoDB table, the stack's output `TableName` (else `TABLE_NAME`)
    #[arg(long, global = true, hide_short_help = true, value_name = "NAME", conflicts_with = "local")]
    pub(crate) table: Option<String>,
    /// Without `--stack`: the prefix of the names of merchants' secrets, the stack's output
    /// `MerchantsPrefix`. There is no default and no variable
    #[arg(long, global = true, hide_short_help = true, value_name = "PREFIX", conflicts_with = "local", value_parser = prefix(SecretKind::Merchants))]
    pub(crate) merchants_prefix: Option<String>,
    /// The same of receivers' secrets, the stack's output `WebhooksPrefix`
    #[arg(long, global = true, hide_short_help = true, value_name = "PREFIX", conflicts_with = "local", value_parser = prefix(SecretKind::Webhooks))]
    pub(crate) webhooks_prefix: Option<String>,
    /// Where merchants' gateways may be, the stack's parameter `GatewayHosts` (else
    /// `GATEWAY_HOSTS`, else *.cardconnect.com)
    #[arg(long, global = true, hide_short_help = true, value_name = "HOSTS", conflicts_with = "local")]
    pub(crate) gateway_hosts: Option<String>,
    /// AWS region (else `AWS_REGION` or `AWS_DEFAULT_REGION`); with `--stack` where the AWS CLI
    /// looks for it
    #[arg(long, global = true, hide_short_help = true, value_name = "REGION", conflicts_with = "local")]
    pub(crate) region: Option<String>,
    /// The deployment's name for confirmations, such as prod (else `STAGE`)
    #[arg(long, global = true, hide_short_help = true, value_name = "NAME", conflicts_with = "local")]
    pub(crate) stage: Option<String>,
}

/// The deployments that a command can act on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActsOn {
    Any,
    /// A local stack and nothing else.
    Local,
    /// No installation, or one that has its own argument.
    None,
}

impl InstallationArguments {
    /// The same with the installation that the environment names, unless an option names one.
    pub(crate) fn named_by(
        mut self,
        acts_on: ActsOn,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let options = [
            &self.local,
            &self.stack,
            &self.table,
            &self.merchants_prefix,
            &self.webhooks_prefix,
            &self.gateway_hosts,
            &self.stage,
        ];
        if acts_on == ActsOn::None || options.into_iter().any(Option::is_some) {
            return Ok(self);
        }
        let stack = set(STACK_VARIABLE).filter(|_| acts_on == ActsOn::Any);
        match (stack, set(LOCAL_VARIABLE)) {
            (Some(_), Some(_)) => {
                return Err(Failure::Input(format!(
                    "{STACK_VARIABLE} and {LOCAL_VARIABLE} are both set; name the installation: --stack or --local"
                )));
            }
            (Some(_), None) => self.stack = set(STACK_VARIABLE),
            // A region is for AWS.
            (None, local) => self.local = local.filter(|_| self.region.is_none()),
        }
        Ok(self)
    }
}

fn prefix(kind: SecretKind) -> impl TypedValueParser<Value = String> {
    NonEmptyStringValueParser::new().try_map(move |text| kind.prefix(&text))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Arguments;

    /// The stack and the local address that a command acts on, with these variables.
    fn installation(words: &str, stack: &str, local: &str) -> Result<[Option<String>; 2], Failure> {
        let arguments = Arguments::parse_from(["tollgate"].into_iter().chain(words.split(' ')));
        let variable = |name: &str| Some(if name == STACK_VARIABLE { stack } else { local }.to_owned());
        let installation = arguments.installation.named_by(arguments.command.acts_on(), variable)?;
        Ok([installation.stack, installation.local])
    }

    #[test]
    fn a_variable_names_the_installation_where_no_option_does() {
        let (stack, local) = ("tollgate-dev", "http://127.0.0.1:4000");
        for (words, variables, expected) in [
            ("stop --show", ("", ""), ["", ""]),
            ("stop --show", (stack, ""), [stack, ""]),
            ("stop --show --region us-east-1", (stack, ""), [stack, ""]),
            ("stop --show", ("", local), ["", local]),
            ("stop --show", (" ", local), ["", local]),
            ("stop --show --region us-east-1", ("", local), ["", ""]),
            ("stop --show --local", (stack, ""), ["", LOCAL]),
            ("stop --show --local", (stack, local), ["", LOCAL]),
            ("stop --show --stack tollgate-prod", (stack, local), ["tollgate-prod", ""]),
            ("stop --show --table t", (stack, ""), ["", ""]),
            ("stop --show --stage prod", (stack, ""), ["", ""]),
            ("listen", (stack, local), ["", local]),
            ("rollback tollgate-prod", (stack, local), ["", ""]),
        ] {
            let named = installation(words, variables.0, variables.1).ok().unwrap();
            let expected = expected.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()));
            assert_eq!(named, expected, "{words} {variables:?}");
        }
        let both = installation("stop --show", stack, local).unwrap_err();
        assert!(both.text().contains("are both set"), "{}", both.text());
    }
}
