//! A shop that is full of canaries: everything that it returns, logs and stores is searched.
//!
//! | data | in a log line | in the table | in a response |
//! |---|---|---|---|
//! | card numbers, security codes, keys, tokens, passwords | no | no | no, but for the token that was requested |
//! | `LOST`: names, addresses, headers, queries, wrong values | no | no | no |
//! | `TOLD`: who did something and why | yes | yes | yes |
//! | `KEPT`: reference, description, e-mail, name of a credit-card payment, … | no | yes | reference; a success |
//! | order ids, transaction ids, merchant ids, `X-Request-Id` | yes | yes, but the last | yes |

use std::collections::BTreeMap;

use local::{Options, functions::Handler, merchants};
use reqwest::Method;
use serde_json::{Value, json};

use super::watch::{Watch, keep_panics, panics};
use crate::{
    credit_card_client::{CreditCard, Syntax},
    shop::{AMEX, AMEX_CODE, Shop, VISA, has_word, items},
};

/// In everything that only the gateway may get, or no one.
pub(super) const LOST: &str = "lostcanary";
/// In everything that is kept with the payment.
pub(super) const KEPT: &str = "keptcanary";
/// Who did something and why: kept, shown and logged.
pub(super) const TOLD: &str = "told who and why";
/// In `LOST` and `KEPT`.
pub(super) const ANY: &str = "canary";

pub(super) const KEY: &str = "6f1d-the-right-key-of-the-merchant";
pub(super) const WRONG_KEY: &str = "9a0c-a-wrong-key-of-the-merchant";
pub(super) const SIGNING_KEY: &str = "77b2-the-token-signing-key-of-the-merchant";
pub(super) const IDEMPOTENCY_KEY: &str = "4e5d-an-idempotency-key-of-the-caller";
pub(super) const WRONG_TOKEN: &str = "2c8e-a-token-of-somebody-else";

/// A shop whose responses are all looked at.
pub(super) struct Cage {
    watch: Watch,
    pub(super) shop: Shop,
    pub(super) api: CreditCard,
    secrets: Vec<String>,
}

impl Cage {
    /// Looks at all lines of ours that can be switched on, and at more of the libraries' than any
    /// deployment shows.
    pub(super) async fn open(handlers: Vec<(&'static str, Handler)>) -> Self {
        Self::open_over("debug,tollgate=trace", handlers).await
    }

    pub(super) async fn open_over(filter: &str, handlers: Vec<(&'static str, Handler)>) -> Self {
        keep_panics();
        let watch = Watch::over(filter);
        let patch = json!({
            "keys": [KEY], "token_signing_key": SIGNING_KEY, "authorizers": [KEPT],
            "discounts": [{"code": KEPT, "product": KEPT, "percent": "10"}],
        });
        let merchants = BTreeMap::from([(merchants::REGISTERED.to_owned(), patch)]);
        let options = Options { merchants, handlers, ..Options::default() };
        let shop = Shop::open_as(options, merchants::REGISTERED, KEY).await;
        let api = CreditCard::of(&shop);
        let mut secrets: Vec<_> = [VISA, AMEX, KEY, WRONG_KEY, SIGNING_KEY, IDEMPOTENCY_KEY, WRONG_TOKEN]
            .map(str::to_owned)
            .to_vec();
        // The gateway's password, as it is and as it travels; and the token that opens this shop.
        secrets.extend(["testing123".to_owned(), "dGVzdGluZzp0ZXN0aW5nMTIz".to_owned()]);
        secrets.push(shop.current_token().to_owned());
        Self { watch, shop, api, secrets }
    }

    /// The secret that is in a text.
    fn secret_in(&self, text: &str) -> Option<&str> {
        // However the digits were grouped.
        let joined: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.')).collect();
        let secret = self.secrets.iter().find(|secret| {
            text.contains(secret.as_str())
                || (secret.bytes().all(|byte| byte.is_ascii_digit()) && joined.contains(secret.as_str()))
        });
        secret.map(String::as_str).or_else(|| has_word(text, AMEX_CODE).then_some("the security code"))
    }

    /// A response holds nothing that was sent in a wrong place or is a secret.
    pub(super) fn answered(&self, to: &str, answer: &str) {
        assert_eq!(self.secret_in(answer), None, "{to} is answered {answer}");
        assert!(!answer.contains(LOST), "{to} is answered {answer}");
    }

    pub(super) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> u16 {
        let answer = self.shop.send(method.clone(), path, headers, body.to_owned()).await;
        self.answered(&format!("{method} {path} {body}"), &format!("{:?} {}", answer.headers, answer.body));
        answer.status.as_u16()
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> u16 {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    pub(super) async fn credit_card(&self, syntax: Syntax, route: &str, body: &Value) -> u16 {
        let text = syntax.body(body);
        let answer = self.api.post(route, Some(syntax.content_type()), None, text.clone()).await;
        self.answered(&format!("{route} {text}"), &answer.body);
        answer.status
    }

    /// Nothing got out: the log, the panics and the table.
    pub(super) async fn close(self) {
        let lines = self.watch.lines();
        assert!(lines.iter().any(|(_, line)| is_ours(line)), "there was a log to look into");
        for (text, line) in &lines {
            // It plays API Gateway and logs paths, which the deployed one does not
            // (`template.yaml`).
            let secret = self.secret_in(text).filter(|_| line["target"] != "local::api_gateway");
            assert_eq!(secret, None, "logged: {}", start(text));
            assert!(!is_ours(line) || !text.contains(ANY), "logged: {}", start(text));
        }
        for item in items(self.shop.stack.dynamodb_url()).await {
            assert_eq!(self.secret_in(&item), None, "stored: {}", start(&item));
            assert!(!item.contains(LOST), "stored: {}", start(&item));
        }
        for panic in panics() {
            assert_eq!(self.secret_in(&panic), None, "a panic says: {panic}");
            assert!(!panic.contains(LOST), "a panic says: {panic}");
        }
        self.shop.stack.stop().await;
    }
}

/// Whether a line is one that a deployed function can write; it logs its own lines only.
fn is_ours(line: &Value) -> bool {
    line["target"].as_str().unwrap().starts_with("tollgate")
}

fn start(text: &str) -> String {
    text.chars().take(1_000).collect()
}
