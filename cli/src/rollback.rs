//! `rollback`: the aliases of all functions back to an earlier version (docs/deploy.md).

mod plan;

use serde_json::{Value, json};

use self::plan::{Function, Move, Version};
use crate::{
    args::{InstallationArguments, Rollback},
    aws_cli::{AwsCli, of_kind},
    confirm,
    failure::Failure,
    report::Report,
};

/// The alias that API and schedules call.
pub(crate) const ALIAS: &str = "live";

pub(crate) fn run(installation: &InstallationArguments, rollback: &Rollback) -> Result<Report, Failure> {
    if installation.local.is_some() {
        let why = "the local stack has one version of each function; there is nothing to roll back";
        return Err(Failure::Input(why.to_owned()));
    }
    let aws = AwsCli::new(installation.region.clone());
    let resources = aws.resources(&rollback.stack)?;
    let names: Vec<_> =
        of_kind(&resources, "AWS::Lambda::Function").map(|function| function.physical.clone()).collect();
    if names.is_empty() {
        return Err(Failure::NotThere(format!("the stack {} has no functions", rollback.stack)));
    }
    let functions = names.into_iter().map(|name| read(&aws, name)).collect::<Result<Vec<_>, _>>()?;
    let before = plan::before(&functions, rollback.before)?;
    let moves = plan::moves(&functions, before);
    let shown = show(&rollback.stack, &moves, before);
    let value = |done: &[&str], failed: &[(String, String)]| {
        json!({
            "stack": rollback.stack, "before": before, "dry_run": rollback.dry_run,
            "functions": moves.iter().map(|to| json!({
                "function": to.function.name, "live": to.function.live.number,
                "to": to.target.map(|version| version.number),
                "done": done.contains(&to.function.name.as_str()),
            })).collect::<Vec<_>>(),
            "failed": failed.iter().map(|(name, why)| json!({ "function": name, "why": why })).collect::<Vec<_>>(),
        })
    };
    if moves.iter().all(|to| to.target.is_none()) {
        return Err(Failure::Refused(format!("{shown}Nothing can be rolled back.")));
    }
    if rollback.dry_run {
        return Ok(Report::new(format!("{shown}Dry run: nothing was changed."), value(&[], &[])));
    }
    if !rollback.yes {
        confirm::by_typing(&rollback.stack, &shown)?;
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for to in &moves {
        let Some(target) = to.target else { continue };
        match point(&aws, to.function, target) {
            Ok(()) => done.push(to.function.name.as_str()),
            Err(failure) => failed.push((to.function.name.clone(), failure.text().to_owned())),
        }
    }
    if !failed.is_empty() {
        let failed: Vec<_> = failed.iter().map(|(name, why)| format!("  {name}: {why}")).collect();
        return Err(Failure::Unavailable(format!(
            "{} of {} functions are rolled back. Not these; run it again:\n{}",
            done.len(),
            done.len() + failed.len(),
            failed.join("\n")
        )));
    }
    let text = format!(
        "{shown}{} functions are rolled back; their next invocation runs the earlier version.\nThe stack does not know of \
         it. Deploy the earlier code, or a fix, with Deployment=all-at-once before anything else.",
        done.len()
    );
    Ok(Report::new(text, value(&done, &failed)))
}

/// A function's alias and its published versions.
fn read(aws: &AwsCli, name: String) -> Result<Function, Failure> {
    let alias = aws.call(&["lambda", "get-alias", "--function-name", &name, "--name", ALIAS])?;
    let shared = alias.pointer("/RoutingConfig/AdditionalVersionWeights").and_then(Value::as_object);
    if shared.is_some_and(|weights| !weights.is_empty()) {
        return Err(Failure::Refused(format!(
            "{name} is being deployed: a part of its requests goes to another version. Stop that deployment, which takes it \
             back: aws deploy list-deployments --include-only-statuses InProgress, then aws deploy stop-deployment \
             --auto-rollback-enabled --deployment-id …"
        )));
    }
    let all = aws.call(&["lambda", "list-versions-by-function", "--function-name", &name])?;
    let mut versions: Vec<Version> =
        all["Versions"].as_array().into_iter().flatten().filter_map(Version::read).collect();
    versions.sort_by_key(|version| version.number);
    let live = alias["FunctionVersion"].as_str().and_then(|number| number.parse().ok());
    let live = versions.iter().find(|version| Some(version.number) == live).cloned();
    let live = live.ok_or_else(|| {
        Failure::NotThere(format!("the alias {ALIAS} of {name} points at no published version"))
    })?;
    let revision = alias["RevisionId"].as_str().map(str::to_owned);
    Ok(Function { name, live, versions, revision })
}

/// Points a function's alias at a version, unless it has been moved meanwhile.
fn point(aws: &AwsCli, function: &Function, target: &Version) -> Result<(), Failure> {
    let number = target.number.to_string();
    let mut arguments = vec!["lambda", "update-alias", "--function-name", &function.name, "--name", ALIAS];
    arguments.extend(["--function-version", &number]);
    if let Some(revision) = &function.revision {
        arguments.extend(["--revision-id", revision]);
    }
    aws.call(&arguments).map(drop)
}

fn show(stack: &str, moves: &[Move<'_>], before: jiff::Timestamp) -> String {
    let width = moves.iter().map(|to| to.function.name.chars().count()).max().unwrap_or_default();
    let line = |to: &Move<'_>| {
        let Function { name, live, .. } = &to.function;
        let target = match to.target {
            Some(target) => format!("version {} -> {}", live.number, target.text()),
            None if live.published < before => format!("version {} stays: it is older", live.number),
            None => format!("version {} stays: there is no earlier one", live.number),
        };
        format!("  {name:width$}  {target}\n")
    };
    let lines: String = moves.iter().map(line).collect();
    format!("Stack {stack}, back to what was published before {before}:\n{lines}")
}
