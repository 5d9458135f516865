//! Habits of clients of the two originals: spellings of routes, and methods that they do not serve.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{RouteKey, deployed};

use crate::{
    credit_card_client::{CreditCard, payment},
    shop::Shop,
};

#[tokio::test]
async fn a_route_of_the_credit_card_api_is_found_in_any_spelling_and_what_is_not_is_told_in_its_form() {
    let shop = Shop::open().await;
    let api = CreditCard::of(&shop);
    let json = [("content-type", "application/json")];
    for (n, path) in [
        "/API/V1/Payments/CreditCard/Authorize",
        "/api/v1/payments/creditcard/authorize/",
        "/Api/v1/Payments/creditcard/AUTHORIZE/",
    ]
    .into_iter()
    .enumerate()
    {
        let body = payment("0", &format!("r{n}")).to_string();
        let paid = api.request("POST", path, &json, body).await;
        assert_eq!((paid.status, paid.envelope().code.as_str()), (200, "00"), "{path}: {}", paid.body);
    }
    assert_eq!(shop.ledger("auth").len(), 3);
    let xml = [("content-type", "application/xml")];
    for (method, path, headers, status, media) in [
        ("POST", "/api/v1/payments/creditcard/sale", &json[..], 404, "application/json; charset=utf-8"),
        ("POST", "/api/v1/payments/creditcard/sale", &xml, 404, "application/xml; charset=utf-8"),
        ("POST", "/api/v1/payments/creditcard", &xml, 404, "application/xml; charset=utf-8"),
        (
            "GET",
            "/api/v1/payments/creditcard/status",
            &[("accept", "text/xml")],
            405,
            "text/xml; charset=utf-8",
        ),
        ("PUT", "/api/v1/payments/creditcard/Charge/", &json, 405, "application/json; charset=utf-8"),
    ] {
        let refused = api.request(method, path, headers, "").await;
        assert_eq!((refused.status, refused.content_type.as_str()), (status, media), "{method} {path}");
        assert_eq!(refused.envelope().of("ResponseCode"), Some("3"));
        assert_eq!(refused.header("allow"), (status == 405).then_some("POST"), "{method} {path}");
    }
    // Another name that begins alike is not this API's.
    shop.get("/api/v1/payments/creditcards/charge").await.error(404, "not_found");
    shop.close().await;
}

/// Some paths have a route for any method, and their function refuses it.
#[tokio::test]
async fn a_method_that_a_path_does_not_serve_is_refused_in_the_form_of_its_api() {
    let shop = Shop::open().await;
    let mut paths = BTreeMap::<String, BTreeSet<String>>::new();
    for route in deployed().unwrap().served() {
        let RouteKey::Exact { method, path } = route.key else { continue };
        paths.entry(path.replace(['{', '}'], "")).or_default().insert(method);
    }
    for (path, served) in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let said = shop.send(method.parse().unwrap(), &path, &[], "{}".to_owned()).await;
            if path.starts_with("/api/v1/") && method != "POST" {
                assert_eq!(said.status, 405, "{method} {path}");
                assert_eq!(said.headers["allow"], "POST", "{method} {path}");
            } else {
                let is_refused = said.body["errors"][0]["meta"]["code"] == "not_found";
                let names_the_route = said.body.to_string().contains("no such route");
                assert_eq!(is_refused && names_the_route, !served.contains(method), "{method} {path}");
                assert!(!is_refused || said.status == 404, "{method} {path}");
            }
        }
    }
    shop.close().await;
}
