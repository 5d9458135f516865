//! The output of the commands when a response of AWS is cut off or malformed.

use local::tamper::{Spoil, Tamper};
use serde_json::json;

use crate::support::{Fixture, MERCHANT, MERCHANTS, run};

const PASSWORD: &str = "canary-of-a-gateway-password";
const NAME: &str = "keptcanary";

/// The environment of a deployment whose Secrets Manager and DynamoDB are reached through these
/// proxies.
fn environment(fixture: &Fixture, secrets: &Tamper, table: &Tamper) -> Vec<(&'static str, String)> {
    let mut variables = fixture.like_aws();
    for (name, value) in &mut variables {
        match *name {
            "AWS_ENDPOINT_URL_SECRETS_MANAGER" => secrets.url().clone_into(value),
            "AWS_ENDPOINT_URL_DYNAMODB" => table.url().clone_into(value),
            _ => {}
        }
    }
    variables
}

#[tokio::test]
async fn a_spoiled_response_of_aws_puts_no_secret_and_no_name_on_the_screen() {
    let fixture = Fixture::open().await;
    let name = format!("tollgate/merchants/{MERCHANT}");
    let mut document = fixture.stack.secrets().get(&name).unwrap();
    let id = pays_with_a_name(&fixture).await;
    document["gateway"]["password"] = json!(PASSWORD);
    fixture.stack.secrets().put(&name, document);
    let secrets = Tamper::before(fixture.stack.secretsmanager_url()).await.unwrap();
    let table = Tamper::before(fixture.stack.dynamodb_url()).await.unwrap();
    let variables = environment(&fixture, &secrets, &table);
    let show = ["payment", "show", MERCHANT, id.as_str()];
    let shown = run(&show, &variables, "").await;
    assert_eq!(shown.code, 0, "{shown:?}");
    for spoil in Spoil::ALL {
        table.behave();
        secrets.spoil(spoil, "GetSecretValue");
        let ran = run(&["merchant", "rotate-key", MERCHANT, "--dry-run", MERCHANTS], &variables, "").await;
        assert_eq!(ran.code, 6, "{spoil:?}: {ran:?}");
        ran.never_says(PASSWORD);
        ran.never_says(local::merchants::REGISTERED_KEY);
        ran.never_says(local::merchants::TOKEN_SIGNING_KEY);
        secrets.behave();
        table.spoil(spoil, "GetItem");
        let ran = run(&show, &variables, "").await;
        assert_eq!(ran.code, 6, "{spoil:?}: {ran:?}");
        ran.never_says(NAME);
    }
    assert!(secrets.spoiled() >= Spoil::ALL.len() && table.spoiled() >= Spoil::ALL.len());
    fixture.close().await;
}

/// A credit-card payment whose record holds a name; returns its order's id.
async fn pays_with_a_name(fixture: &Fixture) -> String {
    let body = json!({
        "Authentication": { "Id": MERCHANT, "Key": local::merchants::REGISTERED_KEY },
        "Request": {
            "TransactionType": "1", "Name": NAME, "Email": format!("{NAME}@example.com"),
            "Card": { "CardNumber": "4788250000121443", "ExpiryDate": "10/31", "CVV": "112" },
            "CaptureMethod": "2", "BillingAddress": { "Zip": "55555", "Country": "USA" },
            "Amount": "20.50", "CurrencyCode": "USD", "TransactionReference": "spoiled",
        }
    });
    let (status, answer) = fixture.call("POST", "/api/v1/payments/creditcard/charge", body).await;
    assert_eq!((status, &answer["Message"]["Code"]), (200, &json!("00")), "{answer}");
    answer["Response"]["TransactionID"].as_str().unwrap().to_owned()
}
