//! The sample shop: its server keeps the merchant's key, its page may frame the tokenizer, and the documentation quotes it.
//! A browser goes through it in `.ci/browser`.

use local::merchants;
use serde_json::{Value, json};

use crate::{shop::Shop, support::client};

const PAGE: &str = include_str!("../../../../docs/cards.md");
const SOURCES: [&str; 2] =
    [include_str!("../../src/checkout.rs"), include_str!("../../src/checkout/page.js")];

/// The blocks of the page in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    PAGE.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Without what indents a line, so that a part of a block can be quoted.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn what_the_page_on_cards_quotes_is_the_sample_shops_source() {
    for (language, source) in [("rust", SOURCES[0]), ("js", SOURCES[1])] {
        let (quoted, source) = (blocks(language), lines(source));
        assert!(!quoted.is_empty(), "{language} is quoted");
        for block in quoted {
            let block = lines(block);
            assert!(
                source.windows(block.len()).any(|part| part == block),
                "not in the source:\n{}",
                block.join("\n")
            );
        }
    }
}

#[tokio::test]
async fn the_sample_shops_server_registers_the_order_and_keeps_the_key() {
    let shop = Shop::open().await;
    let url = format!("{}/checkout", shop.stack.url());
    let page = client().get(&url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let settings = client().get(format!("{url}/settings")).send().await.unwrap().text().await.unwrap();
    let script = client().get(format!("{url}/page.js")).send().await.unwrap().text().await.unwrap();
    let page = page.text().await.unwrap();
    for sent in [&page, &script, &settings] {
        assert!(!sent.contains(merchants::REGISTERED_KEY), "{sent}");
    }
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(
        (&settings["api"], &settings["merchant"]),
        (&json!(shop.stack.url()), &json!(merchants::REGISTERED))
    );
    let tokenizer = settings["tokenizer"].as_str().unwrap();
    assert!(shop.stack.simulator().base_url().starts_with(tokenizer), "{tokenizer}");
    assert!(policy.contains(&format!("frame-src {tokenizer};")), "{policy}");

    let order = client().post(format!("{url}/orders")).send().await.unwrap().text().await.unwrap();
    let order: Value = serde_json::from_str(&order).unwrap();
    let registered = shop.order(order["order"].as_str().unwrap()).await;
    assert_eq!((&registered["amount"], &registered["payment"]), (&order["amount"], &json!("unpaid")));
    shop.close().await;
}
