//! Which merchants there are cannot be told by the calls that a guess causes, and guessing causes few of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::merchants;
use serde_json::json;

use crate::shop::{Answer, Shop};

/// Most merchants that one address may fail with in five minutes.
const LIMIT: usize = 20;

/// A token that this merchant has not signed.
fn forged(merchant: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "HS256", "typ": "JWT", "kid": merchant}).to_string());
    let claims =
        json!({"iss": "tollgate", "sub": merchant, "grant": "client_credentials", "iat": 0, "exp": 1});
    format!("{header}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

async fn guess(shop: &mut Shop, merchant: &str) -> Answer {
    let token = shop.current_token().to_owned();
    shop.use_token(&forged(merchant));
    let answer = shop.get("/v2/orders/o").await;
    shop.use_token(&token);
    answer
}

#[tokio::test]
async fn a_guess_at_a_merchant_that_exists_costs_as_many_calls_as_at_one_that_does_not() {
    let mut calls = Vec::new();
    for merchant in [merchants::REGISTERED, "999"] {
        let mut shop = Shop::open().await;
        shop.stack.cold_start().unwrap();
        let before = shop.stack.secrets().reads();
        // Twice a minute, for twenty minutes.
        for _ in 0..40 {
            guess(&mut shop, merchant).await.error(401, "invalid_access_token");
            shop.stack.advance_clock(30);
        }
        calls.push(shop.stack.secrets().reads() - before);
        shop.close().await;
    }
    assert_eq!(calls[0], calls[1], "known (left), unknown (right)");
    assert_eq!(calls[0], 4, "one each five minutes");
}

#[tokio::test]
async fn one_address_that_goes_through_ids_causes_few_calls_and_learns_nothing() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    let before = shop.stack.secrets().reads();
    for n in 0..LIMIT {
        guess(&mut shop, &format!("guess-{n}")).await.error(401, "invalid_access_token");
    }
    for n in 0..90 {
        guess(&mut shop, &format!("more-{n}")).await.error(429, "too_many_wrong_keys");
        shop.token(&format!("{n}-more"), None).await.error(429, "too_many_wrong_keys");
    }
    assert_eq!(shop.stack.secrets().reads() - before, LIMIT);
    // One that exists and was read, one that does not exist, and one that exists and was not read yet.
    for merchant in [merchants::REGISTERED, "guess-0", merchants::EXTERNAL] {
        guess(&mut shop, merchant).await.error(429, "too_many_wrong_keys");
    }
    shop.get("/v2/orders/o").await.data(200);
    shop.stack.advance_clock(300);
    guess(&mut shop, "999").await.error(401, "invalid_access_token");
    shop.close().await;
}

/// The twentieth guess is followed by a refusal, whether the one before it was right or wrong.
#[tokio::test]
async fn the_limit_does_not_tell_whether_the_last_guess_exists() {
    for last in [merchants::REGISTERED, merchants::EXTERNAL, "999"] {
        let mut shop = Shop::open().await;
        for n in 1..LIMIT {
            guess(&mut shop, &format!("guess-{n}")).await.error(401, "invalid_access_token");
        }
        guess(&mut shop, last).await.error(401, "invalid_access_token");
        guess(&mut shop, "one-more").await.error(429, "too_many_wrong_keys");
        shop.close().await;
    }
}

#[tokio::test]
async fn every_401_says_how_to_authenticate() {
    let mut shop = Shop::open().await;
    let answers = [
        guess(&mut shop, "999").await,
        shop.token(merchants::REGISTERED, Some("a-wrong-key-of-someone")).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 401);
        assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"tollgate\"");
    }
    shop.close().await;
}
