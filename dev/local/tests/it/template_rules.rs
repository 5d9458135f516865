//! The rules of `template.yaml`, which CloudFormation evaluates before it deploys: with each
//! stage's parameters.

use local::template::{Stage, TEMPLATE, section};
use serde_json::{Value, json};

/// The rules that refuse these parameters; all others have their defaults.
fn refused(given: &[(&str, &str)]) -> Vec<String> {
    let stage = Stage::new(TEMPLATE, given).unwrap();
    let (mut name, mut is_on, mut refused, mut count) = ("", false, Vec::new(), 0);
    for line in section(TEMPLATE, "Rules") {
        let holds = |after: &str| Some(stage.holds(line.trim().strip_prefix(after)?).unwrap());
        if let Some(rule) = line.strip_prefix("  ").filter(|rule| rule.starts_with(char::is_alphabetic)) {
            name = rule.trim_end_matches(':');
        } else if let Some(condition) = holds("RuleCondition: ") {
            is_on = condition;
        } else if let Some(assertion) = holds("- Assert: ") {
            count += 1;
            if is_on && !assertion {
                refused.push(name.to_owned());
            }
        }
    }
    assert_eq!(count, TEMPLATE.matches(" Assert: ").count());
    refused
}

const PAGES: (&str, &str) = ("PageTopicArn", "arn:aws:sns:us-east-1:123456789012:pages");
const TICKETS: (&str, &str) = ("TicketTopicArn", "arn:aws:sns:us-east-1:123456789012:tickets");
const PROD: [(&str, &str); 3] = [("Stage", "prod"), PAGES, TICKETS];

const DIGEST: &str = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

#[test]
fn prod_has_a_front_unless_that_is_waived_and_the_waiver_ends_with_the_front() {
    let with = |more: &[(&'static str, &'static str)]| refused(&[PROD.as_slice(), more].concat());
    assert_eq!(with(&[]), ["ProdHasItsFront"]);
    assert_eq!(with(&[("WithoutFront", "true")]), Vec::<String>::new());
    assert_eq!(with(&[("FrontSecretDigests", DIGEST)]), Vec::<String>::new());
    assert_eq!(with(&[("FrontSecretDigests", DIGEST), ("WithoutFront", "true")]), ["FrontOrNone"]);
    for stage in ["dev", "staging"] {
        assert_eq!(refused(&[("Stage", stage)]), Vec::<String>::new());
        assert_eq!(refused(&[("Stage", stage), ("FrontSecretDigests", DIGEST)]), Vec::<String>::new());
    }
}

#[test]
fn prod_needs_somebody_who_hears_alarms_and_a_domain_its_certificate() {
    let (prod, without_front) = (("Stage", "prod"), ("WithoutFront", "true"));
    let monitoring = |how| ("Monitoring", how);
    let refusal = ["ProdRingsSomebody"];
    assert_eq!(refused(&[prod, without_front, TICKETS]), refusal, "nobody would wake up");
    assert_eq!(refused(&[prod, without_front, PAGES]), refusal, "most alarms would be missing");
    assert_eq!(refused(&[prod, without_front, PAGES, monitoring("essential")]), Vec::<String>::new());
    assert_eq!(refused(&[prod, without_front, PAGES, TICKETS, monitoring("none")]), refusal);
    assert_eq!(refused(&[monitoring("none")]), Vec::<String>::new());
    assert_eq!(refused(&[("MonthlyBudget", "50")]), ["BudgetIsTold"]);
    assert_eq!(refused(&[("MonthlyBudget", "50"), TICKETS]), Vec::<String>::new());
    assert_eq!(refused(&[("DomainName", "pay.example.com")]), ["DomainHasCertificate"]);
    assert_eq!(refused(&[("DefaultEndpoint", "disabled")]), ["SomeAddressAnswers"]);
}

#[test]
fn a_user_pool_that_sends_people_nowhere_is_not_made() {
    assert_eq!(refused(&[("ConsoleUsers", "cognito")]), ["UserPoolSendsPeopleBack"]);
    let back = ("ConsoleCallbackUrl", "https://console.shop.example/back");
    assert_eq!(refused(&[("ConsoleUsers", "cognito"), back]), Vec::<String>::new());
}

#[test]
fn a_console_has_an_issuer_a_host_of_its_own_and_in_prod_a_front() {
    let (console, api) = ("https://console.shop.example", "https://pay.shop.example");
    let sign_in = [("Issuer", "https://id.example"), ("SignInRevision", "1")];
    let with = |more: &[(&'static str, &'static str)]| {
        refused(&[&[("ConsoleEnabled", "true"), ("ConsoleApiUrl", api)], more].concat())
    };
    let at = |url| [sign_in[0], sign_in[1], ("ConsoleUrl", url)];
    assert_eq!(with(&at(console)), Vec::<String>::new());
    let refusal = ["ConsoleSignsPeopleIn"];
    assert_eq!(with(&[("ConsoleUrl", console)]), refusal, "nobody could sign in");
    assert_eq!(with(&sign_in), refusal, "and nobody be sent back");
    assert_eq!(with(&at(api)), refusal, "its cookies would go to the API");
    let prod = |more: &[(&'static str, &'static str)]| with(&[&PROD, &at(console)[..], more].concat());
    assert_eq!(prod(&[("FrontSecretDigests", DIGEST)]), refusal, "it is open to everybody");
    assert_eq!(prod(&[("WithoutFront", "true")]), Vec::<String>::new());
    let both = [("FrontSecretDigests", DIGEST), ("ConsoleFrontSecretDigests", DIGEST)];
    assert_eq!(prod(&both), Vec::<String>::new());
}

/// Issuer, `amr` and `acr` of a stack that lets people sign in, or does not.
const SIGN_INS: [[&str; 3]; 4] = [
    ["", "", ""],
    ["https://id.example", "", ""],
    ["https://id.example", "mfa", ""],
    ["https://id.example", "", "2fa"],
];

fn sign_in<'a>([issuer, amr, acr]: [&'a str; 3], revision: &'a str) -> [(&'a str, &'a str); 4] {
    [("Issuer", issuer), ("IssuerAmr", amr), ("IssuerAcr", acr), ("SignInRevision", revision)]
}

#[test]
fn whoever_changes_how_people_sign_in_changes_the_revision_that_puts_it_in_force() {
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let allowed = template["Parameters"]["SignInRevision"]["AllowedValues"].as_array().unwrap();
    let revisions: Vec<_> = allowed.iter().map(|value| value.as_str().unwrap()).collect();
    let is_refused = |way: [&str; 3], revision: &str| !refused(&sign_in(way, revision)).is_empty();
    for way in SIGN_INS {
        let fit = revisions.iter().filter(|revision| !is_refused(way, revision)).count();
        assert_eq!(fit, if way[0].is_empty() { 1 } else { 6 }, "{way:?}");
    }
    let [off, on, strong, other] = SIGN_INS;
    for (before, after) in [(off, on), (on, strong), (on, other), (off, strong), (off, other)] {
        for revision in &revisions {
            let refused = is_refused(before, revision) || is_refused(after, revision);
            assert!(refused, "{before:?} to {after:?} with {revision}");
        }
    }
    // The required way to sign in says nothing without an issuer.
    assert!(is_refused(["", "mfa", ""], "none") && is_refused(["", "mfa", ""], "mfa-1"));
}

/// A template in small: each resource hangs on a condition, directly or by another one.
const SMALL: &str = "
Parameters:
  Stage: {Default: dev}
  Topic: {Default: \"\"}
  Months: {Default: 84}
Conditions:
  # Prod rings.
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Rings: !And [!Condition IsProd, !Not [!Equals [!Ref Topic, \"\"]], !Or [!Equals [!Ref Months, \"84\"], !Condition IsProd]]
Resources:
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Condition: Rings
    Properties:
      Metrics: !If [Rings, [one, !If [IsProd, two, !Ref AWS::NoValue], !If [IsDev, three, !Ref AWS::NoValue]], []]
  Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: totals}}
    Properties:
      Timeout: !If [IsProd, 9, !Ref AWS::NoValue]
      Events:
        EachMinute: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 minute)}}
        EachHour: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(60 minutes), State: !If [IsProd, ENABLED, DISABLED]}}
";

#[test]
fn a_stage_has_only_the_resources_and_schedules_that_its_parameters_leave() {
    let stage = |given: &[(&str, &str)]| Stage::new(SMALL, given).unwrap();
    let minutes = |stage: &Stage| -> Vec<u64> {
        let schedules = stage.schedules().unwrap().into_iter();
        schedules.map(|schedule| schedule.every.as_secs() / 60).collect()
    };
    let dev = stage(&[("Topic", "arn")]);
    let resources = dev.resources().unwrap();
    assert_eq!(resources.keys().collect::<Vec<_>>(), ["Function"]);
    assert_eq!(resources["Function"]["Properties"].get("Timeout"), None);
    assert_eq!(minutes(&dev), [1]);
    assert_eq!(stage(&[("Stage", "prod")]).resources().unwrap().len(), 1, "no topic");
    let prod = stage(&[("Stage", "prod"), ("Topic", "arn")]);
    let resources = prod.resources().unwrap();
    assert_eq!(resources["Alarm"]["Properties"]["Metrics"], json!(["one", "two"]));
    assert_eq!(resources["Function"]["Properties"]["Timeout"], 9);
    assert_eq!(minutes(&prod), [60, 1]);
    // A parameter that was renamed is no silent default.
    assert!(Stage::new(SMALL, &[("AlarmTopic", "arn")]).is_err());
    assert!(
        Stage::new(&SMALL.replace("[!Condition IsProd, !Not", "[!Condition IsGone, !Not"), &[])
            .and_then(|stage| stage.resources())
            .is_err()
    );
}

#[test]
fn every_condition_of_the_template_can_be_decided() {
    let stage = Stage::new(TEMPLATE, &[]).unwrap();
    let conditions: Vec<_> =
        section(TEMPLATE, "Conditions").filter_map(|line| Some(line.trim().split_once(": ")?.0)).collect();
    assert!(conditions.len() > 10, "{conditions:?}");
    for condition in conditions {
        stage.holds(&format!("!Condition {condition}")).unwrap();
    }
}
