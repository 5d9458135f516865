//! A stack as CloudFormation tells of it: `--stack` names it, and everything else is read from
//! there.

use std::collections::BTreeMap;

use tollgate::lambda::Credentials;

use crate::{aws_cli::AwsCli, failure::Failure};

/// A stack's state, parameters and outputs.
pub(crate) struct Deployed {
    pub(crate) name: String,
    /// CloudFormation's word, such as `UPDATE_COMPLETE`.
    pub(crate) status: String,
    parameters: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Deployed {
    pub(crate) fn read(aws: &AwsCli, name: &str) -> Result<Self, Failure> {
        let deployed = Self::any(aws, name)?;
        // Any of Tollgate's stacks has it, and no other's outputs are to be taken for ours.
        deployed.output("TableName")?;
        Ok(deployed)
    }

    /// A stack that may be another than the API's.
    pub(crate) fn any(aws: &AwsCli, name: &str) -> Result<Self, Failure> {
        let found = aws.call(&["cloudformation", "describe-stacks", "--stack-name", name])?;
        let stack = &found["Stacks"][0];
        let named = |list: &str, key: &str, value: &str| {
            let all = stack[list].as_array().into_iter().flatten();
            let all =
                all.filter_map(|one| Some((one[key].as_str()?.to_owned(), one[value].as_str()?.to_owned())));
            all.collect::<BTreeMap<_, _>>()
        };
        Ok(Self {
            name: name.to_owned(),
            status: stack["StackStatus"].as_str().unwrap_or_default().to_owned(),
            parameters: named("Parameters", "ParameterKey", "ParameterValue"),
            outputs: named("Outputs", "OutputKey", "OutputValue"),
        })
    }

    /// The names of its parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &String> {
        self.parameters.keys()
    }

    pub(crate) fn into_parameters(self) -> BTreeMap<String, String> {
        self.parameters
    }

    /// Empty if the stack has no such parameter.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether a parameter of `true` and `false` is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.parameter(name) == "true"
    }

    pub(crate) fn output(&self, name: &str) -> Result<&str, Failure> {
        let output = self.outputs.get(name).map(String::as_str);
        output.ok_or_else(|| Failure::NotThere(format!("the stack {} has no output {name}", self.name)))
    }
}

/// The credentials of the AWS CLI's profile, from any source.
pub(crate) fn credentials(aws: &AwsCli) -> Result<Credentials, Failure> {
    let found = aws.call(&["configure", "export-credentials", "--format", "process"])?;
    let text = |name: &str| found[name].as_str().map(str::to_owned);
    let missing =
        || Failure::Input("the AWS CLI has no credentials: aws configure, or aws sso login".to_owned());
    Ok(Credentials {
        access_key_id: text("AccessKeyId").ok_or_else(missing)?,
        secret_access_key: text("SecretAccessKey").ok_or_else(missing)?,
        session_token: text("SessionToken").filter(|token| !token.is_empty()),
    })
}
