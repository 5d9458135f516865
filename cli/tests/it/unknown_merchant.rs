//! A merchant's id that is mistyped: an empty list would say that there is nothing to find.

use crate::support::{Fixture, MERCHANT, MERCHANTS, run};

#[tokio::test]
async fn a_merchant_that_there_is_not_is_said_wherever_one_is_named() {
    let fixture = Fixture::open().await;
    let by = ["--by", "Ann", "--reason", "r", "--yes"];
    let hook = ["--url", "http://127.0.0.1:9/hooks"];
    for command in [
        &["merchant", "show", "nobody"][..],
        &["merchant", "key", "list", "nobody"],
        &[&["merchant", "stop", "nobody"][..], &by].concat(),
        &["payment", "list", "nobody"],
        &["payment", "list", "nobody", "--csv"],
        &["payment", "list", "nobody", "--needs-attention"],
        &["payment", "find", "nobody", "--last4", "1443"],
        &["payment", "tail", "nobody"],
        &["payment", "show", "nobody", "o"],
        &["payment", "receipt", "nobody", "o"],
        &[&["payment", "refund", "nobody", "o"][..], &by].concat(),
        &["report", "nobody"],
        &["report", "nobody", "--csv"],
        &["capture", "list", "nobody"],
        &["customer", "erase", "nobody", "customer-1"],
        &[&["webhook", "add", "nobody", "erp"][..], &hook].concat(),
        &["webhook", "list", "nobody"],
        &["webhook", "list", "nobody", "erp"],
        &["webhook", "replay", "nobody", "erp", "--parked"],
    ] {
        fixture.run(command, "").await.fails(3, "");
    }
    assert!(fixture.stack.secrets().names().iter().all(|name| !name.contains("nobody")));
    fixture.close().await;
}

#[tokio::test]
async fn payments_outlive_their_merchants_secret_and_what_cannot_be_checked_is_no_error() {
    let fixture = Fixture::open().await;
    fixture.pay("o", "purchase").await;
    fixture.stack.deliver_stream().await.unwrap();
    let mut variables = fixture.like_aws();
    variables.push(("JOURNAL_TABLE_NAME", local::JOURNAL_TABLE_NAME.to_owned()));
    let list = |day: &'static str| ["payment", "list", MERCHANT, "--day", day];
    let empty = run(&list("2020-01-01"), &variables, "").await;
    assert_eq!(empty.code, 0, "without a prefix it is not known where to look: {empty:?}");
    fixture.stack.secrets().set_down(true);
    let empty = run(&[&list("2020-01-01")[..], &[MERCHANTS]].concat(), &variables, "").await;
    assert!(
        empty.code == 0 && empty.err.contains("was not checked: secretsmanager:DescribeSecret"),
        "{empty:?}"
    );
    fixture.stack.secrets().set_down(false);
    fixture.stack.secrets().remove(&format!("tollgate/merchants/{MERCHANT}"));
    fixture.run(&list("2020-01-01"), "").await.fails(3, "no such merchant");
    assert!(fixture.run(&list("today"), "").await.done().contains("25.99"));
    fixture.close().await;
}
