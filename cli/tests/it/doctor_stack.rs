//! `doctor --stack`: a stack in files, with a program in the AWS CLI's place, whose API is the
//! local stack. Each thing that can be broken is broken once.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use local::Options;
use serde_json::{Value, json};
use tollgate::source::Front;

use crate::support::{Fixture, Ran, run};

/// Responds with the file that is named as the operation, or as the operation and its subject.
const AWS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
[ -e "$1-$2-$4.json" ] && exec cat "$1-$2-$4.json"
cat "$1-$2.json" 2>/dev/null || { echo "An error occurred (ResourceNotFoundException): $*" >&2; exit 254; }
"#;

/// The configuration of the version that the alias runs.
const LIVE: &str = "lambda-get-function-configuration-live";

/// One of its values, which is never shown.
const KID_KEY: &str = "a-key-of-64-letters";

struct Fake<'a> {
    fixture: &'a Fixture,
    directory: PathBuf,
}

impl<'a> Fake<'a> {
    fn new(fixture: &'a Fixture, name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("tollgate-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let program = directory.join("aws");
        fs::write(&program, AWS).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let fake = Self { fixture, directory };
        for (operation, answer) in fake.healthy() {
            fake.answer(operation, &answer);
        }
        fake
    }

    fn answer(&self, operation: &str, answer: &Value) {
        fs::write(self.directory.join(format!("{operation}.json")), answer.to_string()).unwrap();
    }

    fn healthy(&self) -> Vec<(&'static str, Value)> {
        let resource = |logical: &str, kind: &str| json!({"LogicalResourceId": logical, "PhysicalResourceId": logical, "ResourceType": kind});
        let resources = [
            ("PurchaseFunction", "AWS::Lambda::Function"),
            ("JournalStream", "AWS::Lambda::EventSourceMapping"),
            ("ReconcileFunctionEveryMinute", "AWS::Scheduler::Schedule"),
            ("InDoubtAlarm", "AWS::CloudWatch::Alarm"),
        ];
        let resources: Vec<_> = resources.map(|(logical, kind)| resource(logical, kind)).into();
        let alarm = json!({"AlarmName": "InDoubtAlarm", "StateValue": "OK", "ActionsEnabled": true});
        let recovery = json!({"PointInTimeRecoveryStatus": "ENABLED", "LatestRestorableDateTime": "2026-11-20T12:00:00Z"});
        let in_force = json!({"Environment": {"Variables": {"OPENID_AMR": "mfa", "TOKEN_KID_KEY": KID_KEY}}});
        vec![
            ("cloudformation-describe-stacks", self.stack(&[], &[])),
            ("cloudformation-list-stack-resources", json!({ "StackResourceSummaries": resources })),
            ("lambda-get-alias", json!({"FunctionVersion": "3"})),
            ("lambda-get-function-configuration", in_force.clone()),
            (LIVE, in_force),
            ("lambda-get-event-source-mapping", json!({"State": "Enabled", "LastProcessingResult": "OK"})),
            ("scheduler-get-schedule", json!({"State": "ENABLED"})),
            ("cloudwatch-describe-alarms", json!({ "MetricAlarms": [alarm] })),
            ("dynamodb-describe-table", json!({"Table": {"DeletionProtectionEnabled": true}})),
            (
                "dynamodb-describe-continuous-backups",
                json!({"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}}),
            ),
            ("sqs-get-queue-attributes", json!({"Attributes": {"ApproximateNumberOfMessages": "0"}})),
            (
                "configure-export-credentials",
                json!({"Version": 1, "AccessKeyId": "local", "SecretAccessKey": "local"}),
            ),
        ]
    }

    /// The stack's description, with other parameters and outputs than the healthy one has.
    fn stack(&self, parameters: &[(&str, &str)], outputs: &[(&str, &str)]) -> Value {
        let url = self.fixture.stack.url();
        let mut with = [
            ("Stage", "prod"),
            ("FrontSecretDigests", ""),
            ("Journal", "true"),
            ("JournalPointInTimeRecovery", "false"),
            ("Events", "false"),
            ("Webhooks", "false"),
            ("GatewayHosts", "127.0.0.1"),
            ("ElasticPathHosts", "127.0.0.1"),
            ("DefaultEndpoint", "enabled"),
        ];
        for one in &mut with {
            *one = parameters.iter().copied().find(|other| other.0 == one.0).unwrap_or(*one);
        }
        let mut given = [
            ("ApiUrl", url),
            ("TableName", local::TABLE_NAME),
            ("TableArn", "arn:aws:dynamodb:us-east-1:123456789012:table/t"),
            ("JournalTableName", local::JOURNAL_TABLE_NAME),
            ("SettlementTableName", local::SETTLEMENT_TABLE_NAME),
            ("PeopleTableName", local::PEOPLE_TABLE_NAME),
            ("AttemptsTableName", local::ATTEMPTS_TABLE_NAME),
            ("WebhooksTableName", "webhooks"),
            ("MerchantsPrefix", "tollgate/merchants/"),
            ("WebhooksPrefix", "tollgate/webhooks/"),
            ("SignInClients", "tollgate/sign-in"),
            ("MissedRunsUrl", "https://sqs.example.com/missed"),
        ];
        for one in &mut given {
            *one = outputs.iter().copied().find(|other| other.0 == one.0).unwrap_or(*one);
        }
        let parameters = with.map(|(key, value)| json!({"ParameterKey": key, "ParameterValue": value}));
        let outputs = given.map(|(key, value)| json!({"OutputKey": key, "OutputValue": value}));
        json!({"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Parameters": parameters, "Outputs": outputs}]})
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let path = format!("{}:{}", self.directory.display(), std::env::var("PATH").unwrap());
        let mut variables = self.fixture.like_aws();
        // Another stage's, which must not count.
        variables.retain(|(name, _)| !["TABLE_NAME", "STAGE", "GATEWAY_HOSTS"].contains(name));
        let other_table = "another-table".to_owned();
        variables.extend([
            ("PATH", path),
            ("TABLE_NAME", other_table),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("MERCHANTS_PREFIX", "another/merchants/".to_owned()),
            ("STAGE", "another".to_owned()),
        ]);
        run(&[arguments, &["--stack", "tollgate-prod"]].concat(), &variables, "").await
    }

    async fn doctor(&self) -> Ran {
        self.run(&["doctor"]).await
    }
}

impl Drop for Fake<'_> {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).ok();
    }
}

/// The line of a check, without its padding.
fn line<'a>(ran: &'a Ran, mark: &str, what: &str) -> &'a str {
    let of = |line: &&str| line.starts_with(mark) && line[8..].starts_with(what);
    ran.out.lines().find(of).unwrap_or_else(|| panic!("no {mark} {what}: {ran:?}"))
}

#[tokio::test]
async fn a_running_stack_is_checked_from_its_name_alone() {
    let fixture = Fixture::open().await;
    let aws = Fake::new(&fixture, "doctor-healthy");
    let ran = aws.doctor().await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for what in [
        "stack",
        "API",
        "route of payments",
        "functions",
        "streams",
        "schedules",
        "alarms",
        "recovery of payments",
        "recovery of the journal",
        "missed runs",
    ] {
        line(&ran, "ok", what);
    }
    assert!(line(&ran, "ok", "table").contains(local::TABLE_NAME), "the stack's, not the environment's");
    assert!(line(&ran, "ok", "AWS identity").ends_with("us-east-1"), "the table's: {ran:?}");
    let secrets = line(&ran, "ok", "secrets");
    assert!(secrets.ends_with("stage prod (tollgate/merchants/ in us-east-1)"), "{secrets}");
    // A prefix that could cover other secrets, too.
    aws.answer(STACK, &aws.stack(&[], &[("MerchantsPrefix", "tollgate/")]));
    let ran = aws.run(&["merchant", "list"]).await;
    ran.fails(2, "MerchantsPrefix of tollgate-prod: expected a name");
    aws.answer(STACK, &aws.stack(&[], &[]));
    // Every command takes it.
    fixture.pay("order-1", "purchase").await;
    let shown = aws.run(&["payment", "show", crate::support::MERCHANT, "order-1"]).await.done();
    assert!(shown.contains("order-1"), "{shown}");
    // A sample of the orders is read.
    let ran = aws.doctor().await;
    assert!(line(&ran, "ok", "stored orders").contains("1 of 1"), "{ran:?}");
    fixture.spoil("order-1").await;
    let ran = aws.doctor().await;
    assert!(line(&ran, "failed", "stored orders").contains("#order-1 ("), "{ran:?}");
    aws.run(&["payment", "show", "m", "o", "--table", "t"]).await.fails(2, "cannot be used with");
    drop(aws);
    fixture.close().await;
}

/// The operation with another response than usual, that response, and the mark, the check and the
/// words that tell of it.
type Row = (&'static str, Value, &'static str, &'static str, &'static str);

const STACK: &str = "cloudformation-describe-stacks";
const RESOURCES: &str = "cloudformation-list-stack-resources";
const MAPPING: &str = "lambda-get-event-source-mapping";

fn broken_deployments(aws: &Fake<'_>) -> Vec<Row> {
    let status = |status: &str| {
        let mut stack = aws.stack(&[], &[]);
        stack["Stacks"][0]["StackStatus"] = json!(status);
        stack
    };
    let nowhere = format!("{}/nowhere", aws.fixture.stack.url());
    let nowhere = || aws.stack(&[], &[("ApiUrl", &nowhere)]);
    let empty = || json!({ "StackResourceSummaries": [] });
    let shared = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "4": 0.1 } } });
    let no_access = json!({ "State": "Enabled", "LastProcessingResult": "PROBLEM: no access" });
    let before = |variables: Value| json!({"Environment": {"Variables": variables}});
    vec![
        (STACK, status("UPDATE_ROLLBACK_FAILED"), "failed", "stack", "UPDATE_ROLLBACK_FAILED"),
        (STACK, status("UPDATE_ROLLBACK_COMPLETE"), "note", "stack", "was taken back"),
        (STACK, nowhere(), "failed", "API", "/status"),
        (STACK, nowhere(), "failed", "route of payments", "404"),
        (STACK, aws.stack(&[("Journal", "false")], &[]), "failed", "streams", "JournalStream is Enabled"),
        (RESOURCES, empty(), "failed", "functions", "none"),
        (RESOURCES, empty(), "failed", "schedules", "none"),
        (RESOURCES, empty(), "failed", "alarms", "none"),
        ("lambda-get-alias", shared, "note", "functions", "PurchaseFunction"),
        (
            LIVE,
            before(json!({"OPENID_AMR": "", "TOKEN_KID_KEY": KID_KEY})),
            "failed",
            "functions",
            "OPENID_AMR",
        ),
        (
            LIVE,
            before(json!({"OPENID_AMR": "mfa"})),
            "failed",
            "functions",
            "TOKEN_KID_KEY: deployed and not in force",
        ),
        (MAPPING, json!({ "State": "Disabled" }), "failed", "streams", "JournalStream is Disabled"),
        (MAPPING, no_access, "failed", "streams", "no access"),
    ]
}

const BACKUPS: &str = "dynamodb-describe-continuous-backups";

fn without_recovery() -> Value {
    let off = json!({ "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": "DISABLED" } });
    json!({ "ContinuousBackupsDescription": off })
}

fn broken_services() -> Vec<Row> {
    let alarm = |state: &str, is_enabled: bool| {
        let alarm = json!({"AlarmName": "InDoubtAlarm", "StateValue": state, "ActionsEnabled": is_enabled});
        json!({ "MetricAlarms": [alarm] })
    };
    let missed = json!({ "Attributes": { "ApproximateNumberOfMessages": "2" } });
    let (schedule, alarms) = ("scheduler-get-schedule", "cloudwatch-describe-alarms");
    let is_off = "ReconcileFunctionEveryMinute is switched off";
    vec![
        (schedule, json!({ "State": "DISABLED" }), "failed", "schedules", is_off),
        (alarms, alarm("ALARM", true), "failed", "alarms", "ringing: InDoubtAlarm"),
        (alarms, alarm("OK", false), "failed", "alarms", "silenced"),
        (
            "dynamodb-describe-table",
            json!({ "Table": {} }),
            "failed",
            "recovery of payments",
            "can be deleted",
        ),
        (BACKUPS, without_recovery(), "failed", "recovery of payments", "point-in-time"),
        ("sqs-get-queue-attributes", missed, "note", "missed runs", "2 in the queue"),
    ]
}

#[tokio::test]
async fn a_journal_without_recovery_is_a_failure_only_where_the_stack_wants_it() {
    let fixture = Fixture::open().await;
    let aws = Fake::new(&fixture, "doctor-recovery");
    aws.answer(BACKUPS, &without_recovery());
    let ran = aws.doctor().await;
    assert!(line(&ran, "ok", "recovery of the journal").contains("tollgate journal rebuild"), "{ran:?}");
    aws.answer(STACK, &aws.stack(&[("JournalPointInTimeRecovery", "true")], &[]));
    let ran = aws.doctor().await;
    assert!(line(&ran, "failed", "recovery of the journal").contains("point-in-time"), "{ran:?}");
    drop(aws);
    fixture.close().await;
}

#[tokio::test]
async fn a_stack_without_alarms_is_a_failure_in_prod_alone() {
    let fixture = Fixture::open().await;
    let aws = Fake::new(&fixture, "doctor-alarms");
    aws.answer(RESOURCES, &json!({ "StackResourceSummaries": [] }));
    assert!(line(&aws.doctor().await, "failed", "alarms").contains("PageTopicArn"));
    aws.answer(STACK, &aws.stack(&[("Stage", "dev")], &[]));
    assert!(line(&aws.doctor().await, "note", "alarms").contains("PageTopicArn"));
    drop(aws);
    fixture.close().await;
}

#[tokio::test]
async fn each_thing_that_is_broken_is_found() {
    let fixture = Fixture::open().await;
    let aws = Fake::new(&fixture, "doctor-broken");
    for (operation, answer, mark, what, says) in broken_deployments(&aws).into_iter().chain(broken_services())
    {
        let healthy = aws.healthy().into_iter().find(|(name, _)| *name == operation).unwrap().1;
        aws.answer(operation, &answer);
        let ran = aws.doctor().await;
        assert!(line(&ran, mark, what).contains(says), "{what}, {says}: {ran:?}");
        assert_eq!(ran.code, i32::from(mark == "failed"), "{what}: {ran:?}");
        aws.answer(operation, &healthy);
    }
    // A part that may not be read is reported, and everything else is still checked.
    fs::remove_file(aws.directory.join("lambda-get-alias.json")).unwrap();
    let ran = aws.doctor().await;
    assert!(line(&ran, "failed", "functions").contains("ResourceNotFoundException"), "{ran:?}");
    line(&ran, "ok", "alarms");
    fs::remove_file(aws.directory.join("cloudformation-describe-stacks.json")).unwrap();
    let ran = aws.doctor().await;
    assert!(line(&ran, "failed", "installation").contains("describe-stacks"), "{ran:?}");
    drop(aws);
    fixture.close().await;
}

const SECRET: &str = "the-secret-that-the-front-sends-0123456789abcdef";

impl Fake<'_> {
    /// A front in front of that address, which sends that secret.
    fn front(&self, origin: &str, secret: &str) {
        let parameter = |name: &str, value: &str| json!({"ParameterKey": name, "ParameterValue": value});
        let output = |name: &str, value: &str| json!({"OutputKey": name, "OutputValue": value});
        let stack = json!({
            "StackStatus": "UPDATE_COMPLETE",
            "Parameters": [parameter("Stage", "prod"), parameter("OriginDomain", origin)],
            "Outputs": [output("Url", self.fixture.stack.callers_url()), output("DistributionId", "E1")],
        });
        self.answer("cloudformation-describe-stacks-tollgate-front-prod", &json!({ "Stacks": [stack] }));
        let headers = json!({"Items": [{"HeaderName": "X-Front-Secret", "HeaderValue": secret}]});
        let config = json!({"Origins": {"Items": [{"CustomHeaders": headers}]}});
        let distribution = json!({"Distribution": {"DistributionConfig": config}});
        self.answer("cloudfront-get-distribution", &distribution);
    }

    fn admits(&self, digests: &str) {
        self.answer(STACK, &self.stack(&[("FrontSecretDigests", digests)], &[]));
    }
}

#[tokio::test]
async fn the_way_past_the_front_is_tried_and_so_is_the_way_through_it() {
    let front_secret = Some(SECRET.to_owned());
    let fixture = Fixture::open_with(Options { front_secret, ..Options::default() }).await;
    let aws = Fake::new(&fixture, "doctor-front");
    let own = fixture.stack.url().strip_prefix("http://").unwrap();
    let digest = Front::digest(SECRET);
    aws.front(own, SECRET);
    aws.admits(&digest);
    let front = ["doctor", "--front", "tollgate-front-prod"];
    let ran = aws.run(&front).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.never_says(SECRET);
    assert!(line(&ran, "ok", "API").contains(fixture.stack.callers_url()), "callers' address");
    line(&ran, "ok", "route of payments");
    assert!(line(&ran, "ok", "past the front").contains("403"));
    line(&ran, "ok", "front ");
    // Not named: the callers' way is not tried, and the rest is.
    let ran = aws.doctor().await;
    assert!(line(&ran, "note", "API").contains("--front"), "{ran:?}");
    line(&ran, "ok", "past the front");
    // Each way that it can be wrong.
    aws.admits(&format!("{digest},{}", Front::digest("next")));
    assert!(line(&aws.run(&front).await, "note", "front ").contains("second secret"));
    aws.front(own, "another-secret");
    let ran = aws.run(&front).await;
    assert!(line(&ran, "failed", "front ").contains("its callers get 403"), "{ran:?}");
    aws.front("api.example.com", SECRET);
    assert!(line(&aws.run(&front).await, "failed", "front ").contains("no address of tollgate-prod"));
    drop(aws);
    fixture.close().await;
    // The parameter says that a front is required, and the functions do not know of it.
    let fixture = Fixture::open().await;
    let aws = Fake::new(&fixture, "doctor-open");
    let ran = aws.doctor().await;
    assert!(line(&ran, "note", "past the front").contains("FrontSecretDigests is empty"), "{ran:?}");
    aws.admits(&digest);
    let ran = aws.doctor().await;
    let found = line(&ran, "failed", "past the front");
    assert!(found.contains(&format!("{} returns 200 instead of 403", fixture.stack.url())), "{found}");
    drop(aws);
    fixture.close().await;
}
