//! The conformance kit, played against the simulator itself.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cardpointe_simulator::conformance::{Conclusion, Credentials, Plan, Remaining, Report, Target, run};
use cardpointe_simulator::{
    Config, FeeBasis, FeeForm, FeeMembers, FeeType, RefundSetlstat, Server, Settings, VoidOrderId,
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::harness::{MID, RPCT, VISA};

mod hazards;

async fn server() -> Server {
    Server::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), Config::default())
}

fn plan(server: &Server, merchid: &str) -> Plan {
    Plan {
        target: Target::parse(&server.base_url()).unwrap(),
        merchid: merchid.to_owned(),
        currency: "USD".to_owned(),
        credentials: Credentials { username: "testing".to_owned(), password: "testing123".to_owned() },
        fixtures: None,
        record: None,
        live: None,
    }
}

/// A file that does not exist yet.
fn fresh_file(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance-records");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join(name);
    drop(fs::remove_file(&path));
    path
}

async fn played(plan: Plan) -> Report {
    run(plan, &mut |_| ControlFlow::Continue(())).await.unwrap()
}

fn differing(report: &Report) -> Vec<&'static str> {
    let outcomes = report.outcomes.iter().filter(|outcome| outcome.conclusion == Conclusion::Different);
    outcomes.map(|outcome| outcome.name).collect()
}

#[tokio::test]
async fn the_simulator_behaves_like_itself_over_all_stages_on_both_processors_and_with_a_surcharge() {
    for merchid in [MID, RPCT, Config::SURCHARGE_MID] {
        let server = server().await;
        let record = Some(fresh_file(&format!("itself-{merchid}.json")));
        let mut stages = Vec::new();
        for stage in 1..=3 {
            let report = played(Plan { record: record.clone(), ..plan(&server, merchid) }).await;
            let outcomes = report.outcomes.iter().filter(|outcome| outcome.conclusion != Conclusion::Same);
            assert_eq!(outcomes.collect::<Vec<_>>(), [] as [&_; 0], "stage {stage} of {merchid}");
            assert_eq!(report.remaining, if stage == 3 { Remaining::Nothing } else { Remaining::Stages });
            stages.push(report.outcomes.len());
            server.settle();
        }
        assert!(
            stages.is_sorted() && stages[0] > 55 && stages[2] > 65,
            "all stages in one report: {stages:?}"
        );
    }
}

#[tokio::test]
async fn what_a_gateway_does_otherwise_is_found_and_nothing_else() {
    let server = server().await;
    let other = Settings { over_capture: true, recurring_needs_ecomind: true, ..Settings::default() };
    server.set_merchant(MID, other);
    let record = Some(fresh_file("otherwise.json"));
    let report = played(Plan { record: record.clone(), ..plan(&server, MID) }).await;
    assert_eq!(
        differing(&report),
        ["Capture of more than was authorized", "A recurring payment that is not marked as one"]
    );
    let capture = report.outcomes.iter().find(|outcome| outcome.name.starts_with("Capture of more")).unwrap();
    let amount = capture.differences.iter().find(|difference| difference.place == "step 2, amount").unwrap();
    assert_eq!((amount.gateway.as_str(), amount.simulator.as_str()), ("\"11.00\"", "\"0.00\""));

    server.settle();
    let refunds = Settings {
        refund_setlstat: RefundSetlstat::Refunded,
        refund_userfields: false,
        voidable_refunds: true,
        ..Settings::default()
    };
    server.set_merchant(MID, refunds);
    let report = played(Plan { record, ..plan(&server, MID) }).await;
    assert_eq!(
        differing(&report)[2..],
        ["Void of a refund", "A refund has a record of its own", "User fields of a refund"]
    );
}

#[tokio::test]
async fn where_the_order_id_is_and_whether_posts_are_taken_is_found() {
    for (other, expected) in [
        (Settings { orderid_in_refusals: false, ..Settings::default() }, vec!["A refusal's receipt"]),
        (Settings { orderid_in_voids: VoidOrderId::Always, ..Settings::default() }, vec!["No receipt"]),
        (
            Settings { orderid_in_voids: VoidOrderId::Never, ..Settings::default() },
            vec!["A refusal's receipt", "A receipt names the order"],
        ),
        (Settings { accepts_post: false, ..Settings::default() }, vec!["Writes by POST"]),
    ] {
        let server = server().await;
        server.set_merchant(MID, other);
        let report = played(plan(&server, MID)).await;
        assert_eq!(differing(&report), expected, "{other:?}");
    }
}

#[tokio::test]
async fn another_form_of_fees_is_found() {
    let server = server().await;
    let other = Settings {
        fee_type: FeeType::Surcharge,
        fee_form: FeeForm::Reference,
        fee_basis: FeeBasis::Total,
        fee_members: FeeMembers::Everywhere,
        ..Settings::default()
    };
    server.set_merchant(Config::SURCHARGE_MID, other);
    let report = played(plan(&server, Config::SURCHARGE_MID)).await;
    let fees = report.outcomes.iter().find(|outcome| outcome.name == "Fee members, or none").unwrap();
    let places: Vec<&str> = fees.differences.iter().map(|difference| difference.place.as_str()).collect();
    for place in ["step 1, fee_type", "step 1, fee_value", "step 2, fee_amount", "step 3, amount"] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
}

#[tokio::test]
async fn the_least_certain_comes_first() {
    let server = server().await;
    let report = played(plan(&server, MID)).await;
    let bases: Vec<&str> = report.outcomes.iter().map(|outcome| outcome.basis).collect();
    let order = ["unknown", "inferred", "observed", "documented"];
    let places: Vec<usize> =
        bases.iter().map(|basis| order.iter().position(|known| known == basis).unwrap()).collect();
    assert!(places.is_sorted(), "{bases:?}");
}

/// The program's exit code, stdout and stderr.
struct Ended {
    code: Option<i32>,
    said: String,
    progress: String,
}

/// Variables of the environment.
type Variables<'a> = &'a [(&'static str, &'a str)];

const CREDENTIALS: Variables<'static> =
    &[("CARDPOINTE_USERNAME", "testing"), ("CARDPOINTE_PASSWORD", "testing123")];

async fn kit(arguments: &[&str], variables: Variables<'_>) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardpointe-simulator"));
    command.arg("conformance").args(arguments).envs(variables.iter().copied()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code(),
        said: String::from_utf8(output.stdout).unwrap(),
        progress: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test]
async fn the_program_prints_a_table_and_writes_fixtures_without_card_numbers_and_passwords() {
    let server = server().await;
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    drop(fs::remove_dir_all(&directory));
    fs::create_dir_all(&directory).unwrap();
    let record = directory.join("record.json");
    let fixtures = directory.join("fixtures");
    let url = server.base_url();
    let arguments = [
        "--url",
        &url,
        "--merchid",
        MID,
        "--record",
        record.to_str().unwrap(),
        "--fixtures",
        fixtures.to_str().unwrap(),
    ];
    for stage in 1..=3 {
        let Ended { code, said, progress } = kit(&arguments, CREDENTIALS).await;
        assert_eq!(code, Some(0), "stage {stage}: {said} {progress}");
        assert!(said.contains(" 0 different"), "{said}");
        server.settle();
    }
    let before = server.record_count();
    let said = kit(&arguments, CREDENTIALS).await.said;
    assert!(said.contains("A settled refund") && said.contains("An approved sale"), "all stages: {said}");
    assert_eq!(server.record_count(), before, "nothing is left to ask after the third");
    let files: Vec<String> = fs::read_dir(&fixtures)
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    assert!(files.len() > 55, "{}", files.len());
    let all = files.concat();
    for canary in ["4788250000121443", "5454545454545454", VISA, "testing123", "\"112\"", "Basic "] {
        assert!(!all.contains(canary), "{canary}");
    }
    let fixture: Value = serde_json::from_str(&files[0]).unwrap();
    assert!(fixture["steps"][0]["request"]["method"].is_string());
    assert_eq!(fixture["steps"][0]["gateway"]["status"], fixture["steps"][0]["simulator"]["status"]);

    server.set_merchant(MID, Settings { over_capture: true, ..Settings::default() });
    let record = fresh_file("differs.json");
    let arguments = ["--url", &url, "--merchid", MID, "--record", record.to_str().unwrap()];
    let Ended { code, said, .. } = kit(&arguments, CREDENTIALS).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("DIFFERENT     unknown    Capture of more than was authorized"), "{said}");
    assert!(said.contains("step 2, amount: the gateway \"11.00\", the simulator \"0.00\""), "{said}");
}

#[tokio::test]
async fn the_program_refuses_other_hosts_wrong_credentials_and_none() {
    let production = kit(&["--url", "https://fts.cardconnect.com", "--merchid", MID], CREDENTIALS).await;
    assert_eq!(production.code, Some(2), "{}", production.progress);
    assert!(production.progress.contains("neither a sandbox"), "{}", production.progress);

    let server = server().await;
    let url = server.base_url();
    let none = kit(&["--url", &url, "--merchid", MID], &[]).await;
    assert_eq!(none.code, Some(2));
    let Ended { code, progress, .. } = kit(&["--url", &url, "--merchid", "1"], CREDENTIALS).await;
    assert!(code == Some(2) && progress.contains("error:"), "{progress}");
    assert_eq!(server.records().len(), 0, "nothing was played");
}
