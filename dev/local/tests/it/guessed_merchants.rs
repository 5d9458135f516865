//! Which merchants there are cannot be told by the calls that a guess causes, guessing causes few
//! of them, and made-up tokens cause none and lock nobody out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use local::merchants;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop};

/// Most merchants that one address may fail with in five minutes.
const LIMIT: usize = 20;

const WRONG: Option<&str> = Some("a-wrong-key-of-someone");

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

/// A token for this merchant by somebody who knows no key, with this `kid`.
fn made_up(merchant: &str, kid: &str) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
    let claims = json!({
        "iss": "tollgate", "sub": merchant, "grant": "client_credentials", "key": "8d5c2ff6c91e76a8",
        "iat": 0, "exp": 4_102_444_800_u64,
    });
    format!("{}.{}.{}", part(&header), part(&claims), URL_SAFE_NO_PAD.encode([7; 32]))
}

/// The response to a request that bears a token.
async fn bearing(shop: &mut Shop, token: &str) -> Answer {
    let own = shop.current_token().to_owned();
    shop.use_token(token);
    let answer = shop.get("/v2/orders/o").await;
    shop.use_token(&own);
    answer
}

#[tokio::test]
async fn a_guess_at_a_merchant_that_exists_costs_as_many_calls_as_at_one_that_does_not() {
    let mut calls = Vec::new();
    for merchant in [merchants::REGISTERED, "999"] {
        let shop = Shop::open().await;
        shop.stack.cold_start().unwrap();
        let before = shop.stack.secrets().reads();
        for _ in 0..11 {
            shop.token(merchant, WRONG).await.error(401, "invalid_client");
            shop.stack.advance_clock(60);
        }
        calls.push(shop.stack.secrets().reads() - before);
        shop.close().await;
    }
    assert_eq!(calls[0], calls[1], "known (left), unknown (right)");
    assert_eq!(calls[0], 3, "one each five minutes");
}

#[tokio::test]
async fn one_address_that_goes_through_ids_causes_few_calls_and_learns_nothing() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let before = shop.stack.secrets().reads();
    let guesses: Vec<_> = (0..LIMIT).map(|n| format!("guess-{n}")).collect();
    for answer in join_all(guesses.iter().map(|id| shop.token(id, WRONG))).await {
        answer.error(401, "invalid_client");
    }
    assert_eq!(shop.stack.secrets().reads() - before, LIMIT);
    let more: Vec<_> = (0..90).map(|n| format!("more-{n}")).collect();
    let browsers = join_all(more.iter().take(5).map(|id| shop.token(id, None)));
    let (keys, browsers) = tokio::join!(join_all(more.iter().map(|id| shop.token(id, WRONG))), browsers);
    for answer in keys.iter().chain(&browsers) {
        answer.error(429, "too_many_wrong_keys");
    }
    // One that exists and was read, one that does not exist, and one that exists and was not read
    // yet.
    let mut said = Vec::new();
    for merchant in [merchants::REGISTERED, "guess-0", "new", merchants::EXTERNAL] {
        let answer = shop.token(merchant, WRONG).await;
        let error = answer.error(429, "too_many_wrong_keys");
        // Its seconds go by meanwhile.
        let limit = answer.headers["ratelimit"].to_str().unwrap().rsplit_once(';').unwrap().0.to_owned();
        let policy = answer.headers["ratelimit-policy"].to_str().unwrap().to_owned();
        said.push((error["detail"].clone(), policy, limit));
        assert!(answer.headers.contains_key("retry-after"));
    }
    said.dedup();
    assert_eq!(said.len(), 1, "a limit tells which merchants there are: {said:?}");
    assert_eq!(said[0].1, format!("\"wrong-merchants\";q={LIMIT};w=300"));
    assert_eq!(shop.stack.secrets().reads() - before, LIMIT, "no more calls");
    shop.get("/v2/orders/o").await.data(200);
    let right = shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
    assert_eq!(right.status, 200, "a merchant that was read is looked up whatever strangers do");
    shop.stack.advance_clock(300);
    shop.token("999", WRONG).await.error(401, "invalid_client");
    shop.close().await;
}

/// The twentieth guess is followed by a refusal, whether the one before it was right or wrong.
#[tokio::test]
async fn the_limit_does_not_tell_whether_the_last_guess_exists() {
    for last in [merchants::REGISTERED, merchants::EXTERNAL, "999"] {
        let shop = Shop::open().await;
        let guesses: Vec<_> = (1..LIMIT).map(|n| format!("guess-{n}")).collect();
        for answer in join_all(guesses.iter().map(|id| shop.token(id, WRONG))).await {
            answer.error(401, "invalid_client");
        }
        shop.token(last, WRONG).await.error(401, "invalid_client");
        shop.token("one-more", WRONG).await.error(429, "too_many_wrong_keys");
        shop.close().await;
    }
}

/// From the address that the right key and the right token come from, too, in processes that have
/// read no merchant yet.
#[tokio::test]
async fn made_up_tokens_cause_no_calls_and_lock_nobody_out() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    let own = shop.current_token().to_owned();
    let browser = shop.token(merchants::REGISTERED, None).await.body["access_token"].clone();
    let browser = browser.as_str().unwrap().to_owned();
    let other = shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
    let other = other.body["access_token"].as_str().unwrap().to_owned();
    let kid = |token: &str| -> String {
        let header: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts(token)[0]).unwrap()).unwrap();
        header["kid"].as_str().unwrap().to_owned()
    };
    let mut tokens = Vec::new();
    for merchant in [merchants::REGISTERED, merchants::EXTERNAL, merchants::RAPID_CONNECT, "999", "a-b_c"] {
        tokens.push(made_up(merchant, merchant));
        tokens.push(made_up(merchant, &format!("{merchant}.AAAAAAAAAAA")));
        // By someone who has seen tokens of the merchants, as every browser has.
        tokens.push(made_up(merchant, &kid(&browser)));
        tokens.push(made_up(merchant, &kid(&other)));
    }
    let [header, claims, signature] = parts(&browser);
    let [other_header, other_claims, _] = parts(&other);
    let [_, own_claims, _] = parts(&own);
    tokens.push(format!("{header}.{own_claims}.{signature}"));
    tokens.push(format!("{header}.{other_claims}.{signature}"));
    tokens.push(format!("{other_header}.{claims}.{signature}"));
    assert!(tokens.len() > LIMIT);
    shop.stack.cold_start().unwrap();
    let before = shop.stack.secrets().reads();
    let mut said = Vec::new();
    for token in tokens.iter().chain(&tokens) {
        let answer = bearing(&mut shop, token).await;
        let error = answer.error(401, "invalid_access_token");
        said.push((error["title"].clone(), error["detail"].clone()));
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(shop.stack.secrets().reads(), before, "nothing was looked up");
    // Neither merchant was read by now.
    bearing(&mut shop, &own).await.data(200);
    bearing(&mut shop, &other).await.error(404, "order_not_found");
    shop.stack.cold_start().unwrap();
    for token in &tokens {
        bearing(&mut shop, token).await.error(401, "invalid_access_token");
    }
    for (id, key) in
        [(merchants::REGISTERED, merchants::REGISTERED_KEY), (merchants::EXTERNAL, merchants::EXTERNAL_KEY)]
    {
        assert_eq!(shop.token(id, Some(key)).await.status, 200, "{id}");
    }
    assert_eq!(shop.token(merchants::RAPID_CONNECT, None).await.status, 200, "a browser");
    shop.close().await;
}
