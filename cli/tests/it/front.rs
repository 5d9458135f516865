//! `front rotate`, with a program in the AWS CLI's place that keeps two stacks and a distribution
//! in files.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde_json::{Value, json};
use tollgate::source::Front;

use crate::support::{Ran, run};

/// Describes its files, deploys the template on its standard input, and notes both. The file
/// `breaks` has the number of the deployment that fails, and `before` or `after`: whether it was
/// done all the same.
const AWS: &str = r#"#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >>calls
state() { echo "$(cat digests) $(cat secret)" >>states; }
fail() { echo "An error occurred (ExpiredToken) when calling the UpdateStack operation: no" >&2; exit 254; }
given() { printf '%s' "$1" | sed -n "s/.*\"ParameterKey\":\"$2\",\"ParameterValue\":\"\([^\"]*\)\".*/\1/p"; }
case "$1 $2" in
"cloudformation describe-stacks")
  sed -e "s/DIGESTS/$(cat digests)/" -e "s/WAIVED/$(cat waived)/" "stack-$4.json" ;;
"cloudfront get-distribution") sed -e "s/SECRET/$(cat secret)/" distribution.json ;;
"cloudfront wait") ;;
"cloudformation wait") ;;
"cloudformation update-stack")
  [ "$5 $6 $7 $8 $9" = "--use-previous-template --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND --parameters" ] || exit 252
  stack=$4
  shift 9
  request=$(cat "${1#file://}")
  echo x >>deployments
  number=$(grep -c x deployments)
  read -r breaks when <breaks
  [ "$breaks $when" = "$number before" ] && fail
  case "$stack" in
  tollgate-front-prod)
    given "$request" OriginSecret >secret ;;
  tollgate-prod)
    given "$request" FrontSecretDigests >digests
    given "$request" WithoutFront >waived ;;
  *) echo "which stack?" >&2; exit 252 ;;
  esac
  echo "{\"StackName\":\"$stack\",\"Parameters\":$request}" | sed 's/"OriginSecret","ParameterValue":"[^"]*"/"OriginSecret","ParameterValue":"…"/' >>requests
  state
  [ "$breaks $when" = "$number after" ] && fail
  echo '{"StackId":"arn"}' ;;
*) echo "what is $*?" >&2; exit 252 ;;
esac
"#;

const OLD: &str = "the-secret-of-the-first-deployment-0123456789";

struct Fake(PathBuf);

impl Fake {
    /// An API that admits these, and its front, which sends the old secret.
    fn new(name: &str, digests: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("tollgate-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let fake = Self(directory);
        fake.write("aws", AWS);
        fs::set_permissions(fake.0.join("aws"), fs::Permissions::from_mode(0o755)).unwrap();
        for (file, text) in [
            ("digests", digests),
            ("waived", "true"),
            ("secret", OLD),
            ("breaks", "0 before\n"),
            ("calls", ""),
            ("requests", ""),
        ] {
            fake.write(file, text);
        }
        fake.write("states", &format!("{digests} {OLD}\n"));
        fake.stack("tollgate-prod", "UPDATE_COMPLETE", "prod", "");
        fake.stack(
            "tollgate-front-prod",
            "CREATE_COMPLETE",
            "prod",
            "api.execute-api.eu-west-1.amazonaws.com",
        );
        let header = |name: &str, value: &str| json!({"HeaderName": name, "HeaderValue": value});
        let headers = [header("X-Front-Secret", "SECRET"), header("X-Other", "o")];
        let origin = json!({"Id": "api", "CustomHeaders": {"Quantity": 2, "Items": headers}});
        let config = json!({"Origins": {"Quantity": 1, "Items": [origin]}});
        let distribution = json!({"Distribution": {"Status": "Deployed", "DistributionConfig": config}});
        fake.write("distribution.json", &distribution.to_string());
        fake
    }

    /// The description of a stack: of a front if it has an origin.
    fn stack(&self, name: &str, status: &str, stage: &str, origin: &str) {
        let parameter = |name: &str, value: &str| json!({"ParameterKey": name, "ParameterValue": value});
        let output = |name: &str, value: &str| json!({"OutputKey": name, "OutputValue": value});
        let (parameters, outputs) = if origin.is_empty() {
            (
                vec![
                    parameter("Stage", stage),
                    parameter("DomainName", ""),
                    parameter("FrontSecretDigests", "DIGESTS"),
                    parameter("WithoutFront", "WAIVED"),
                ],
                vec![
                    output("ApiUrl", "https://api.execute-api.eu-west-1.amazonaws.com"),
                    output("TableName", "t"),
                    output("TableArn", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
                ],
            )
        } else {
            (
                vec![
                    parameter("Stage", stage),
                    parameter("OriginDomain", origin),
                    parameter("OriginSecret", "****"),
                ],
                vec![output("Url", "https://pay.example.com"), output("DistributionId", "E1")],
            )
        };
        let stack = json!({"StackStatus": status, "Parameters": parameters, "Outputs": outputs});
        self.write(&format!("stack-{name}.json"), &json!({ "Stacks": [stack] }).to_string());
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap().trim().to_owned()
    }

    async fn rotate(&self, more: &[&str], input: &str) -> Ran {
        let path = format!("{}:{}", self.0.display(), std::env::var("PATH").unwrap());
        let arguments = ["front", "rotate", "tollgate-front-prod", "--stack", "tollgate-prod"];
        let ran = run(&[&arguments, more].concat(), &[("PATH", path)], input).await;
        // In every case, no secret is an argument or printed.
        for secret in [OLD, &self.read("secret")] {
            ran.never_says(secret);
            assert!(!self.read("calls").contains(secret));
        }
        ran
    }

    /// The secrets that the API admitted and the front sent, after each deployment so far.
    fn states(&self) -> Vec<(String, String)> {
        let text = self.read("states");
        let one = |line: &str| {
            line.split_once(' ').map(|(digests, secret)| (digests.to_owned(), secret.to_owned()))
        };
        text.lines().map(|line| one(line).unwrap()).collect()
    }

    /// No caller of the front got 403: while the front is deployed, some places of CloudFront send
    /// one secret, some the other.
    fn admitted_always(&self) {
        let states = self.states();
        for (n, (digests, secret)) in states.iter().enumerate() {
            let before = &states[n.saturating_sub(1)].1;
            for secret in [before, secret] {
                assert!(digests.split(',').any(|digest| digest == Front::digest(secret)), "{n}: {states:?}");
            }
            assert!(digests.parse::<Front>().is_ok(), "{digests}");
        }
    }

    /// The front sends another secret, and the API admits it and no other.
    fn is_replaced(&self) {
        assert_ne!(self.read("secret"), OLD);
        assert_eq!(self.read("digests"), Front::digest(&self.read("secret")));
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[tokio::test]
async fn another_secret_is_admitted_then_sent_and_only_then_is_the_old_one_refused() {
    let aws = Fake::new("rotate", &Front::digest(OLD));
    let planned = aws.rotate(&["--dry-run"], "").await.done();
    let names =
        "Stack tollgate-prod (stage prod) in eu-west-1, and its front tollgate-front-prod in us-east-1";
    assert!(planned.contains(names) && planned.contains("3. "), "{planned}");
    aws.rotate(&[], "tollgate-staging\n").await.fails(5, "was not typed");
    assert_eq!(aws.states().len(), 1, "nothing was changed so far");
    let done = aws.rotate(&["--json"], "tollgate-prod\n").await.json();
    assert_eq!((&done["done"], &done["region"]), (&json!(3), &json!("eu-west-1")));
    aws.admitted_always();
    aws.is_replaced();
    let requests = aws.read("requests");
    let requests: Vec<Value> = requests.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let stacks: Vec<_> = requests.iter().map(|request| request["StackName"].as_str().unwrap()).collect();
    assert_eq!(stacks, ["tollgate-prod", "tollgate-front-prod", "tollgate-prod"]);
    for request in &requests {
        // All other parameters stay.
        let parameters = request["Parameters"].as_array().unwrap();
        let stage = parameters.iter().find(|parameter| parameter["ParameterKey"] == "Stage").unwrap();
        assert_eq!(*stage, json!({"ParameterKey": "Stage", "UsePreviousValue": true}));
    }
    let calls = aws.read("calls");
    for call in [
        "cloudfront wait distribution-deployed --id E1 --output json --region us-east-1",
        "cloudformation wait stack-update-complete --stack-name tollgate-front-prod --output json --region us-east-1",
    ] {
        assert!(calls.contains(call), "{calls}");
    }
}

#[tokio::test]
async fn a_rotation_that_is_interrupted_anywhere_goes_on_and_no_caller_is_refused() {
    for breaks in ["1 before", "1 after", "2 before", "2 after", "3 before", "3 after"] {
        let aws = Fake::new(&format!("rotate-{}", breaks.replace(' ', "-")), &Front::digest(OLD));
        aws.write("breaks", &format!("{breaks}\n"));
        aws.rotate(&["--yes"], "").await.fails(6, "Run it again");
        aws.admitted_always();
        aws.write("breaks", "0 before\n");
        aws.rotate(&["--yes"], "").await.done();
        aws.admitted_always();
        aws.is_replaced();
    }
}

#[tokio::test]
async fn a_stack_without_a_front_admits_its_front_only_and_its_waiver_ends() {
    let aws = Fake::new("rotate-first", "");
    let done = aws.rotate(&["--yes"], "").await.done();
    assert!(done.contains("requires no front yet"), "{done}");
    assert_eq!((aws.read("digests"), aws.read("waived")), (Front::digest(OLD), "false".to_owned()));
    assert_eq!(aws.read("secret"), OLD);
}

#[tokio::test]
async fn another_apis_front_and_a_deployment_under_way_are_refused() {
    let aws = Fake::new("rotate-refused", &Front::digest(OLD));
    let (front, own) = ("tollgate-front-prod", "api.execute-api.eu-west-1.amazonaws.com");
    aws.stack(front, "UPDATE_COMPLETE", "staging", own);
    aws.rotate(&["--yes"], "").await.fails(4, "is a front of stage staging");
    aws.stack(front, "UPDATE_COMPLETE", "prod", "other.execute-api.eu-west-1.amazonaws.com");
    aws.rotate(&["--yes"], "").await.fails(4, "which is no address of tollgate-prod");
    aws.stack(front, "UPDATE_IN_PROGRESS", "prod", own);
    aws.rotate(&["--yes"], "").await.fails(4, "tollgate-front-prod is UPDATE_IN_PROGRESS");
    aws.stack(front, "UPDATE_COMPLETE", "prod", own);
    aws.stack("tollgate-prod", "UPDATE_ROLLBACK_FAILED", "prod", "");
    aws.rotate(&["--yes"], "").await.fails(4, "tollgate-prod is UPDATE_ROLLBACK_FAILED");
    aws.write("distribution.json", &json!({"Distribution": {"DistributionConfig": {}}}).to_string());
    aws.stack("tollgate-prod", "UPDATE_COMPLETE", "prod", "");
    aws.rotate(&["--yes"], "").await.fails(3, "does not send one header");
    assert_eq!(aws.states().len(), 1);
    run(&["front", "rotate", "f"], &[], "").await.fails(2, "--stack");
    run(&["front", "rotate", "f", "--local"], &[], "").await.fails(2, "local stack's front");
}
