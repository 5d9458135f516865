//! A merchant's id that is mistyped: an empty list would say that there is nothing to find.

use crate::support::{Fixture, MERCHANT, MERCHANTS, run};

#[tokio::test]
async fn a_merchant_that_there_is_not_is_said_wherever_one_is_named() {
    let fixture = Fixture::open().await;
    let by = "--by Ann --reason r --yes";
    let commands = "me NOBODY; audit NOBODY; report NOBODY; report NOBODY --csv; journal list NOBODY;
        merchant show NOBODY; merchant rotate-key NOBODY; merchant key add NOBODY --name erp --role pay;
        merchant key list NOBODY; merchant key revoke NOBODY 1; merchant stop NOBODY BY; merchant start NOBODY BY;
        person add NOBODY Ann --email a@shop.example --issuer https://login.shop.example --role pay;
        person list NOBODY; person change NOBODY Ann --role pay; person remove NOBODY Ann; person history NOBODY;
        payment list NOBODY; payment list NOBODY --csv; payment list NOBODY --needs-attention;
        payment find NOBODY --last4 1443; payment tail NOBODY; payment show NOBODY o; payment receipt NOBODY o;
        payment capture NOBODY o BY; payment reauthorize NOBODY o BY; payment refund NOBODY o BY;
        payment void NOBODY o BY; payment resolve NOBODY o ID --as done BY;
        capture pause NOBODY o BY; capture resume NOBODY o BY; capture list NOBODY; capture days NOBODY;
        customer erase NOBODY customer-1; settlement list NOBODY; settlement show NOBODY d;
        settlement exceptions NOBODY; settlement note NOBODY ID --by Ann --text t;
        settlement resolve NOBODY ID --by Ann --reason r; webhook add NOBODY erp --url http://127.0.0.1:9/hooks;
        webhook rotate NOBODY erp; webhook remove NOBODY erp; webhook list NOBODY; webhook list NOBODY erp;
        webhook test NOBODY erp; webhook replay NOBODY erp --parked";
    for command in commands.split(';') {
        let id = "475d9b6b-8385-49a3-b57f-855c155d5d68";
        let command = command.replace("NOBODY", "nobody").replace("ID", id).replace("BY", by);
        let ran = fixture.run(&command.split_whitespace().collect::<Vec<_>>(), "").await;
        assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{command}: {ran:?}");
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
