//! The local Secrets Manager, as AWS's SDKs speak to it.

use local::{Stack, merchants};
use serde_json::{Value, json};

use crate::support::{client, stack};

async fn call(stack: &Stack, action: &str, body: &Value) -> (u16, Value) {
    let request = client()
        .post(stack.secretsmanager_url())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("secretsmanager.{action}"))
        .body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn read(stack: &Stack, name: &str) -> (u16, Value) {
    call(stack, "GetSecretValue", &json!({ "SecretId": name })).await
}

#[tokio::test]
async fn the_built_in_merchants_are_there_and_know_the_stacks_gateway() {
    let stack = stack().await;
    for (merchant, orders) in [(merchants::REGISTERED, "registered"), (merchants::EXTERNAL, "external")] {
        let name = merchants::secret_name(merchant);
        let (status, answer) = read(&stack, &name).await;
        assert_eq!((status, &answer["Name"]), (200, &json!(name)));
        let document: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
        assert_eq!(document["orders"], orders);
        assert_eq!(document["gateway"]["base_url"], json!(stack.simulator().base_url()));
    }
    stack.stop().await;
}

#[tokio::test]
async fn an_unknown_secret_and_an_unknown_action_get_awss_responses() {
    let stack = stack().await;
    let (status, answer) = read(&stack, "tollgate/merchants/0").await;
    assert_eq!((status, &answer["__type"]), (400, &json!("ResourceNotFoundException")));
    let (status, answer) = call(&stack, "RotateSecret", &json!({})).await;
    assert_eq!((status, &answer["__type"]), (400, &json!("UnknownOperationException")));
    let (status, answer) = call(&stack, "GetSecretValue", &json!({})).await;
    assert_eq!((status, &answer["__type"]), (400, &json!("ValidationException")));
    stack.stop().await;
}

#[tokio::test]
async fn a_document_can_be_changed_removed_and_kept_from_responding() {
    let stack = stack().await;
    stack.secrets().put("a", json!({ "keys": ["1"] }));
    assert_eq!(read(&stack, "a").await.1["SecretString"], r#"{"keys":["1"]}"#);
    stack.secrets().set_down(true);
    let (status, answer) = read(&stack, "a").await;
    assert_eq!((status, &answer["__type"]), (500, &json!("InternalServiceError")));
    stack.secrets().set_down(false);
    stack.secrets().remove("a");
    assert_eq!(read(&stack, "a").await.0, 400);
    assert_eq!(stack.secrets().reads(), 3);
    stack.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_deleted_is_gone() {
    let stack = stack().await;
    stack.secrets().put("a", json!({}));
    let deleted = json!({ "SecretId": "a", "ForceDeleteWithoutRecovery": true });
    let (status, answer) = call(&stack, "DeleteSecret", &deleted).await;
    assert_eq!((status, &answer["Name"]), (200, &json!("a")), "{answer}");
    assert_eq!(read(&stack, "a").await.1["__type"], "ResourceNotFoundException");
    assert_eq!(call(&stack, "DeleteSecret", &deleted).await.0, 400);
    stack.stop().await;
}
