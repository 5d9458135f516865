//! `rollback`, with a program in the AWS CLI's place that keeps aliases in files.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{Ran, run};

/// Responds with the files of its directory, logs its arguments, and moves aliases as they say.
const AWS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >>calls
case "$1 $2" in
"cloudformation list-stack-resources") cat resources.json ;;
"lambda get-alias") cat "alias-$4.json" ;;
"lambda list-versions-by-function") cat "versions-$4.json" ;;
"lambda update-alias")
  if [ -e "fails-$4" ]; then
    echo "An error occurred (AccessDeniedException) when calling the UpdateAlias operation: no" >&2
    exit 254
  fi
  printf '{"FunctionVersion":"%s","RevisionId":"r2"}' "$8" >"alias-$4.json"
  cat "alias-$4.json" ;;
*) echo "what is $*?" >&2; exit 252 ;;
esac
"#;

struct Fake(PathBuf);

impl Fake {
    /// Two functions, each with its version of the newest deployment live.
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("tollgate-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let fake = Self(directory);
        let program = fake.0.join("aws");
        fs::write(&program, AWS).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let function = |id: &str| json!({"ResourceType": "AWS::Lambda::Function", "PhysicalResourceId": id});
        let table = json!({"ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": "t"});
        let all = json!({"StackResourceSummaries": [function("purchase"), table, function("refund")]});
        fake.write("resources.json", &all);
        for function in ["purchase", "refund"] {
            fake.write(
                &format!("alias-{function}.json"),
                &json!({"FunctionVersion": "12", "RevisionId": "r1"}),
            );
            let version =
                |version: &str, at: &str| json!({"Version": version, "LastModified": at, "Description": "v"});
            let versions = json!({"Versions": [
                version("$LATEST", "2026-11-20T18:00:02.000+0000"),
                version("9", "2026-11-18T09:00:00.000+0000"),
                version("11", "2026-11-19T09:00:00.000+0000"),
                version("12", "2026-11-20T18:00:01.000+0000"),
            ]});
            fake.write(&format!("versions-{function}.json"), &versions);
        }
        fake
    }

    fn write(&self, name: &str, value: &Value) {
        fs::write(self.0.join(name), value.to_string()).unwrap();
    }

    fn live(&self, function: &str) -> Value {
        let text = fs::read_to_string(self.0.join(format!("alias-{function}.json"))).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["FunctionVersion"].clone()
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.0.join("calls")).unwrap()
    }

    async fn rollback(&self, more: &[&str], input: &str) -> Ran {
        let path = format!("{}:{}", self.0.display(), std::env::var("PATH").unwrap());
        let arguments = [&["rollback", "tollgate-prod", "--region", "us-east-1"], more].concat();
        run(&arguments, &[("PATH", path)], input).await
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[tokio::test]
async fn all_aliases_go_back_after_the_plan_was_shown_and_confirmed() {
    let aws = Fake::new("rollback");
    let planned = aws.rollback(&["--dry-run"], "").await.done();
    assert!(planned.contains("purchase  version 12 -> 11 of 2026-11-19T09:00:00Z (v)"), "{planned}");
    aws.rollback(&[], "tollgate-staging\n").await.fails(5, "was not typed");
    assert!(!aws.calls().contains("update-alias"), "nothing was changed so far");
    let done = aws.rollback(&[], "tollgate-prod\n").await.done();
    assert!(done.contains("2 functions are rolled back"), "{done}");
    assert_eq!((aws.live("purchase"), aws.live("refund")), (json!("11"), json!("11")));
    let call =
        "lambda update-alias --function-name refund --name live --function-version 11 --revision-id r1";
    assert!(aws.calls().contains(&format!("{call} --output json --region us-east-1\n")), "{}", aws.calls());
    let further = aws.rollback(&["--yes", "--json"], "").await.json();
    assert_eq!(further["functions"][0], json!({"function": "purchase", "live": 11, "to": 9, "done": true}));
    aws.rollback(&["--yes"], "").await.fails(4, "Nothing can be rolled back");
}

#[tokio::test]
async fn a_function_that_fails_stops_no_other_and_is_named() {
    let aws = Fake::new("rollback-fails");
    fs::write(aws.0.join("fails-purchase"), "").unwrap();
    let ran = aws.rollback(&["--yes"], "").await;
    ran.fails(6, "1 of 2 functions are rolled back");
    ran.fails(6, "purchase: aws lambda update-alias: An error occurred (AccessDeniedException)");
    assert_eq!((aws.live("purchase"), aws.live("refund")), (json!("12"), json!("11")));
    fs::remove_file(aws.0.join("fails-purchase")).unwrap();
    aws.rollback(&["--yes"], "").await.done();
    assert_eq!((aws.live("purchase"), aws.live("refund")), (json!("11"), json!("11")));
}

#[tokio::test]
async fn a_deployment_under_way_is_not_raced() {
    let aws = Fake::new("rollback-canary");
    let weights = json!({"AdditionalVersionWeights": {"12": 0.1}});
    aws.write("alias-refund.json", &json!({"FunctionVersion": "11", "RoutingConfig": weights}));
    aws.rollback(&["--yes"], "").await.fails(4, "stop-deployment");
    assert!(!aws.calls().contains("update-alias"));
}
