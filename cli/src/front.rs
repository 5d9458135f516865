//! `front rotate`: another secret between the front and the API (docs/deploy.md). The order of
//! steps is such that the API admits, at each moment, every secret that any place of CloudFront may
//! send. An interrupted run is seen from the secret that the distribution sends and from the
//! secrets that the API admits: nothing else is kept.

mod fronted;
mod plan;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tollgate::source::Front;

use self::plan::{Plan, Step};
use crate::{
    args::{InstallationArguments, RotateFront},
    aws_cli::AwsCli,
    confirm,
    failure::{Failure, remark},
    installation::deployed::Deployed,
    merchant::random_hex,
    report::Report,
};
pub(crate) use fronted::Fronted;

/// The API's parameter with the digests.
pub(crate) const DIGESTS: &str = "FrontSecretDigests";

/// The front's parameter with the secret.
const SECRET: &str = "OriginSecret";

/// Length of a secret before it is encoded, in bytes.
const SECRET_BYTES: usize = 32;

/// The status in `describe-stacks` of a stack at which nothing is going on.
const SETTLED: [&str; 4] =
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"];

struct Both {
    aws: AwsCli,
    api: Deployed,
    region: String,
    front: Fronted,
}

impl Both {
    fn read(installation: &InstallationArguments, front: &str) -> Result<Self, Failure> {
        if installation.local.is_some() {
            let why = "the local stack's front has another secret at each start; there is nothing to replace";
            return Err(Failure::Input(why.to_owned()));
        }
        let unnamed = || Failure::Input("name the API's stack: --stack".to_owned());
        let aws = AwsCli::new(installation.region.clone());
        let api = Deployed::read(&aws, installation.stack.as_deref().ok_or_else(unnamed)?)?;
        // An ARN has it in its fourth part.
        let region = api.output("TableArn")?.split(':').nth(3).unwrap_or_default().to_owned();
        let front = Fronted::read(front)?;
        front.belongs_to(&api)?;
        for (name, status) in [(&api.name, &api.status), (&front.name, &front.status)] {
            if !SETTLED.contains(&status.as_str()) {
                return Err(Failure::Refused(format!(
                    "the stack {name} is {status}; when that has ended, run it again. Nothing was done"
                )));
            }
        }
        Ok(Self { aws, api, region, front })
    }

    /// Deploys the API's stack with other digests, and waits for it.
    fn admit(&self, digests: &str) -> Result<(), Failure> {
        let mut parameters = previous(self.api.parameters(), &[DIGESTS, "WithoutFront"]);
        parameters.push(json!({ "ParameterKey": DIGESTS, "ParameterValue": digests }));
        parameters.push(json!({ "ParameterKey": "WithoutFront", "ParameterValue": "false" }));
        update(&self.aws, &self.api.name, &parameters)?;
        let now = Deployed::read(&self.aws, &self.api.name)?;
        if now.parameter(DIGESTS) == digests {
            return Ok(());
        }
        Err(Failure::Unavailable(format!("{DIGESTS} of {} is not what was deployed", self.api.name)))
    }

    /// Deploys the front's stack with another secret, and waits until no place of CloudFront sends
    /// the one before.
    fn send(&self, secret: &SecretString) -> Result<(), Failure> {
        let mut parameters = previous(self.front.parameters(), &[SECRET]);
        parameters.push(json!({ "ParameterKey": SECRET, "ParameterValue": secret.expose_secret() }));
        update(&self.front.aws, &self.front.name, &parameters)?;
        self.front.wait_until_deployed()?;
        let sent = self.front.sent()?;
        if sent == Front::digest(secret.expose_secret()) {
            return Ok(());
        }
        Err(Failure::Unavailable(format!("the front {} does not send the new secret", self.front.name)))
    }

    fn text(&self) -> String {
        let (api, stage) = (&self.api.name, self.api.parameter("Stage"));
        format!(
            "Stack {api} (stage {stage}) in {}, and its front {} in {}:\n",
            self.region,
            self.front.name,
            fronted::REGION
        )
    }
}

/// All other parameters, as they are.
fn previous<'a>(names: impl Iterator<Item = &'a String>, but: &[&str]) -> Vec<Value> {
    let kept = names.filter(|name| !but.contains(&name.as_str()));
    kept.map(|name| json!({ "ParameterKey": name, "UsePreviousValue": true })).collect()
}

/// Deploys a stack again as it is, with these parameters, and waits until that has ended well. The
/// parameters go through a pipe: arguments are in the list of processes.
fn update(aws: &AwsCli, stack: &str, parameters: &[Value]) -> Result<(), Failure> {
    let parameters = SecretString::from(json!(parameters).to_string());
    let mut update = vec!["cloudformation", "update-stack", "--stack-name", stack, "--use-previous-template"];
    update.extend(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]);
    // The AWS CLI reads `--cli-input-json` twice, and the second time a pipe is empty.
    update.extend(["--parameters", "file:///dev/stdin"]);
    aws.call_with(&update, &parameters)?;
    aws.call(&["cloudformation", "wait", "stack-update-complete", "--stack-name", stack]).map(drop)
}

pub(crate) fn rotate(installation: &InstallationArguments, rotate: &RotateFront) -> Result<Report, Failure> {
    let both = Both::read(installation, &rotate.front)?;
    let new = random_hex(SECRET_BYTES)?;
    let plan =
        Plan::of(both.api.parameter(DIGESTS), &both.front.sent()?, &Front::digest(new.expose_secret()));
    let steps = plan.steps.iter().enumerate().map(|(n, step)| format!("  {}. {}\n", n + 1, step.text()));
    let steps = steps.collect::<Vec<_>>().concat();
    let shown = format!("{}{}\n{steps}", both.text(), plan.why);
    let value = |done: usize| {
        json!({
            "stack": both.api.name, "stage": both.api.parameter("Stage"), "region": both.region,
            "front": both.front.name, "front_region": fronted::REGION, "dry_run": rotate.dry_run,
            "steps": plan.steps.iter().map(Step::text).collect::<Vec<_>>(), "done": done,
        })
    };
    if rotate.dry_run {
        return Ok(Report::new(format!("{shown}Dry run: nothing was changed."), value(0)));
    }
    if !rotate.yes {
        confirm::by_typing(&both.api.name, &shown)?;
    }
    for (n, step) in plan.steps.iter().enumerate() {
        let done = match step {
            Step::Admit(digests) => {
                // One place of CloudFront may still be at the deployment before.
                both.front.wait_until_deployed().and_then(|()| both.admit(&digests.join(",")))
            }
            Step::Send => both.send(&new),
        };
        done.map_err(|failure| {
            Failure::Unavailable(format!(
                "{}. {n} of {} steps are done. Run it again: it goes on from there",
                failure.text(),
                plan.steps.len()
            ))
        })?;
        remark(&format!("{} of {} done: {}", n + 1, plan.steps.len(), step.text()));
    }
    let text = format!("{shown}Done. The API admits the secret that the front sends, and no other.");
    Ok(Report::new(text, value(plan.steps.len())))
}
