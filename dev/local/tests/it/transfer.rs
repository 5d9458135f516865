//! How responses travel over HTTP: compressed, tagged, and without a body for `HEAD`.

use reqwest::{Method, Response};
use serde_json::json;

use crate::shop::{Shop, VISA, by_card_with};

/// The first bytes of a gzip file.
const GZIP: [u8; 3] = [0x1f, 0x8b, 8];

async fn ask(shop: &Shop, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("{}{path}", shop.stack.url());
    let mut request = shop.client().request(method, url).bearer_auth(shop.current_token());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_read_is_compressed_tagged_and_asked_for_its_headers_alone() {
    let shop = Shop::share().await;
    let order = format!("transfer-{}", uuid::Uuid::new_v4());
    shop.register(&order, 5_000).await;
    for amount in [2_000, 3_000] {
        shop.pay(&order, by_card_with("purchase", VISA, &json!({ "amount": amount }))).await.data(200);
    }
    let path = format!("/v2/orders/{order}/transactions");
    let gzip = [("accept-encoding", "gzip")];
    let plain = ask(&shop, Method::GET, &path, &[]).await;
    let (tag, vary) = (header(&plain, "etag").to_owned(), header(&plain, "vary").to_owned());
    assert_eq!((header(&plain, "content-encoding"), vary.as_str()), ("", "Accept-Encoding"));
    let whole = plain.bytes().await.unwrap();
    let compressed = ask(&shop, Method::GET, &path, &gzip).await;
    assert_eq!(header(&compressed, "content-encoding"), "gzip");
    assert_eq!(header(&compressed, "etag"), format!("\"{}-gzip\"", tag.trim_matches('"')));
    let small = compressed.bytes().await.unwrap();
    assert!(small.starts_with(&GZIP) && small.len() * 2 < whole.len(), "{} {}", small.len(), whole.len());
    for method in [Method::GET, Method::HEAD] {
        let again = ask(&shop, method, &path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.as_str()));
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let head = ask(&shop, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status().as_u16(), header(&head, "etag")), (200, tag.as_str()));
    let missing = ask(&shop, Method::HEAD, "/v2/orders/none", &[]).await;
    assert_eq!(missing.status(), 404);
    let list = ask(&shop, Method::GET, "/v2/transactions", &[("if-none-match", "*")]).await;
    assert_eq!((list.status().as_u16(), header(&list, "etag")), (200, ""), "it ends now");
    shop.close().await;
}
