//! The AWS CLI as a program, for the deployment and not the payments. It reads profiles, SSO and
//! roles as operators have them, and four more SDKs would make these commands ten times as large.

use std::{
    io::{self, Write},
    process::{Command, Stdio},
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::failure::Failure;

/// The program; found on `PATH`.
const PROGRAM: &str = "aws";

/// The AWS CLI, with a region if one was named.
pub(crate) struct AwsCli {
    region: Option<String>,
}

impl AwsCli {
    pub(crate) fn new(region: Option<String>) -> Self {
        Self { region }
    }

    /// Calls one operation, all of its pages, and returns its result. Null where it has none.
    pub(crate) fn call(&self, arguments: &[&str]) -> Result<Value, Failure> {
        self.run(arguments, None)
    }

    /// The same with its standard input, for values that no list of processes may show.
    pub(crate) fn call_with(&self, arguments: &[&str], input: &SecretString) -> Result<Value, Failure> {
        self.run(arguments, Some(input))
    }

    fn run(&self, arguments: &[&str], input: Option<&SecretString>) -> Result<Value, Failure> {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--output", "json"]);
        if let Some(region) = &self.region {
            command.args(["--region", region]);
        }
        let failed = |error: io::Error| {
            Failure::Input(format!("the AWS CLI (`{PROGRAM}`) cannot be run: {error}; install version 2"))
        };
        let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
        command.env("AWS_PAGER", "").stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        if let Some((mut pipe, input)) = child.stdin.take().zip(input) {
            // One that ends before it has read this says why.
            pipe.write_all(input.expose_secret().as_bytes()).unwrap_or_default();
        }
        let output = child.wait_with_output().map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("no reason given");
            let called = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
            return Err(Failure::Unavailable(format!("aws {called}: {}", line.trim())));
        }
        if output.stdout.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::Unavailable(format!("the AWS CLI's output cannot be read: {error}")))
    }

    /// The resources of a stack that were made.
    pub(crate) fn resources(&self, stack: &str) -> Result<Vec<Resource>, Failure> {
        let all = self.call(&["cloudformation", "list-stack-resources", "--stack-name", stack])?;
        let resource = |one: &Value| {
            let text = |name: &str| one[name].as_str().map(str::to_owned);
            Some(Resource {
                logical: text("LogicalResourceId").unwrap_or_default(),
                physical: text("PhysicalResourceId")?,
                kind: text("ResourceType")?,
            })
        };
        Ok(all["StackResourceSummaries"].as_array().into_iter().flatten().filter_map(resource).collect())
    }
}

/// A resource of a stack.
pub(crate) struct Resource {
    /// Its name in the template, or SAM's variant of the name.
    pub(crate) logical: String,
    /// Its own name or id.
    pub(crate) physical: String,
    /// CloudFormation's type, such as `AWS::Lambda::Function`.
    pub(crate) kind: String,
}

/// The resources of one kind.
pub(crate) fn of_kind<'a>(all: &'a [Resource], kind: &'a str) -> impl Iterator<Item = &'a Resource> {
    all.iter().filter(move |resource| resource.kind == kind)
}
