//! The page that describes the API: complete, self-contained, and usable against its own stack.

use std::collections::BTreeSet;

use local::{
    Stack,
    merchants::{REGISTERED, REGISTERED_KEY},
};
use reqwest::{Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    docs::codes,
    openapi::{DESCRIPTION, OPENAPI},
    support::{client, stack},
};

async fn get(stack: &Stack, path: &str) -> Response {
    let response = client().get(format!("{}{path}", stack.url())).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response
}

async fn shown(stack: &Stack) -> Value {
    get(stack, "/docs/openapi.json").await.json().await.unwrap()
}

fn media(response: &Response) -> &str {
    response.headers()[header::CONTENT_TYPE].to_str().unwrap()
}

/// The parts between a text and the next one.
fn between<'a>(text: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).map(move |rest| rest.split(end).next().unwrap())
}

/// The configuration that the page gives the viewer.
fn configuration(page: &str) -> Value {
    let call = page.split_once("Scalar.createApiReference('#app', ").unwrap().1;
    serde_json::Deserializer::from_str(call).into_iter().next().unwrap().unwrap()
}

/// Every text that the viewer renders as Markdown.
fn descriptions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("description").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| descriptions(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| descriptions(item, found)),
        _ => {}
    }
}

/// The same without descriptions, which the viewer gets in other words, the variants with `HEAD`,
/// CSV, and examples.
fn without_words(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, member| name != "description" || !member.is_string());
                members
                    .retain(|name, _| !["head", "text/csv", "example", "examples"].contains(&name.as_str()));
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

#[tokio::test]
async fn the_description_is_served_to_machines_as_it_is() {
    let stack = stack().await;
    let yaml = get(&stack, "/openapi.yaml").await;
    assert_eq!(media(&yaml), "application/yaml");
    assert_eq!(yaml.text().await.unwrap(), OPENAPI);
    stack.stop().await;
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere_and_may_not() {
    let stack = stack().await;
    let page = get(&stack, "/docs").await;
    assert_eq!(media(&page), "text/html; charset=utf-8");
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for rule in policy.split(';') {
        for source in rule.split_whitespace().skip(1) {
            assert!(["'none'", "'self'", "'unsafe-inline'", "data:"].contains(&source), "{rule}");
        }
    }
    let page = page.text().await.unwrap();
    let loaded: Vec<_> = between(&page, "src=\"", "\"").chain(between(&page, "href=\"", "\"")).collect();
    assert_eq!(loaded, ["/docs/scalar.js", "/docs/icon.svg"]);
    assert_eq!(media(&get(&stack, loaded[1]).await), "image/svg+xml");
    let viewer = get(&stack, loaded[0]).await;
    assert_eq!(media(&viewer), "text/javascript");
    assert!(viewer.text().await.unwrap().contains("createApiReference"));
    let configuration = configuration(&page);
    assert_eq!(configuration["url"], "/docs/openapi.json");
    for theirs in ["withDefaultFonts", "telemetry"] {
        assert_eq!(configuration[theirs], false, "{theirs}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_page_shows_every_operation_and_schema_and_calls_its_own_stack() {
    let stack = stack().await;
    let shown = shown(&stack).await;
    let operations = shown["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap());
    for (method, operation) in operations {
        assert_ne!(method, "head");
        if let Some(title) = operation["summary"].as_str() {
            assert!((2..=4).contains(&title.split(' ').count()), "{title}");
        }
    }
    let header = |name: &str| &shown["components"]["parameters"][name]["example"];
    assert_eq!((header("If-Match"), header("Idempotency-Key")), (&Value::Null, &json!("cart-7f3a")));
    let mut shown = without_words(shown);
    let mut described = without_words(DESCRIPTION.document.clone());
    // The deployments that the file names are out of the page's reach.
    assert_eq!(shown["servers"].take(), json!([{ "url": stack.url() }]));
    described["servers"].take();
    let tags = shown["tags"].take();
    for tag in described["tags"].take().as_array().unwrap() {
        assert!(tags.as_array().unwrap().contains(tag), "{tag}");
    }
    assert_eq!(shown, described);
    stack.stop().await;
}

#[tokio::test]
async fn the_root_leads_to_the_page_and_a_person_at_an_unknown_address_is_shown_the_way() {
    let stack = stack().await;
    assert!(get(&stack, "/").await.url().path() == "/docs");
    for (accept, expected) in [("text/html,*/*;q=0.8", "href=\"/docs\""), ("*/*", "\"code\":\"not_found\"")] {
        let request = client().get(format!("{}/nowhere", stack.url())).header(header::ACCEPT, accept);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{accept}");
        let text = response.text().await.unwrap();
        assert!(text.contains(expected), "{accept}: {text}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn every_error_code_is_explained_where_it_can_occur() {
    let stack = stack().await;
    let (shown, codes) = (shown(&stack).await, codes());
    let mut explained = BTreeSet::new();
    for operation in shown["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap()) {
        for response in operation.1["responses"].as_object().into_iter().flat_map(|all| all.values()) {
            let pointer = response["$ref"].as_str().map(|pointer| pointer.trim_start_matches('#'));
            let response = pointer.map_or(response, |pointer| shown.pointer(pointer).unwrap());
            for code in response["x-error-codes"].as_array().into_iter().flatten() {
                let code = code.as_str().unwrap();
                let item = format!("\n- **`{code}`** ({}): ", codes[code].number);
                let text = response["description"].as_str().unwrap();
                let explanation = text.split_once(&item).unwrap_or_else(|| panic!("{code}: {text}")).1;
                assert!(explanation.lines().next().unwrap().len() > 20, "{code}: {explanation}");
                explained.insert(code.to_owned());
            }
        }
    }
    // That a route does not exist, takes another method, or was reached past the front, belongs to
    // no operation.
    explained.extend(["not_found", "method_not_allowed", "not_through_front"].map(str::to_owned));
    assert_eq!(explained, codes.into_keys().collect());
    stack.stop().await;
}

#[tokio::test]
async fn the_pages_about_errors_are_sections_and_every_link_leads_somewhere() {
    let stack = stack().await;
    let shown = shown(&stack).await;
    let section = |name: &Value| format!("#tag/{}", name.as_str().unwrap().to_lowercase().replace(' ', "-"));
    let tags = shown["tags"].as_array().unwrap();
    let sections: BTreeSet<_> = tags.iter().map(|tag| section(&tag["name"])).collect();
    assert_eq!(sections.len(), tags.len(), "no two sections have the same place");
    for page in ["#tag/errors", "#tag/decline-codes", "#tag/the-api", "#tag/the-credit-card-api"] {
        assert!(sections.contains(page), "{page}");
    }
    let mut texts = Vec::new();
    descriptions(&shown, &mut texts);
    let mut internal = 0;
    for link in texts.iter().flat_map(|text| between(text, "](", ")")) {
        internal += usize::from(sections.contains(link));
        assert!(sections.contains(link) || link == "/openapi.yaml" || link.starts_with("https://"), "{link}");
    }
    assert!(internal > 20, "{internal} links");
    stack.stop().await;
}

#[tokio::test]
async fn the_credentials_that_the_page_fills_in_get_a_token() {
    let stack = stack().await;
    let page = get(&stack, "/docs").await.text().await.unwrap();
    let schemes = &configuration(&page)["authentication"]["securitySchemes"];
    let described = &DESCRIPTION.document["components"]["securitySchemes"];
    for (name, scheme) in schemes.as_object().unwrap() {
        let filled_in = &scheme["flows"]["clientCredentials"];
        let url = described[name]["flows"]["clientCredentials"]["tokenUrl"].as_str().unwrap();
        let text = |member: &str| filled_in[member].as_str().unwrap();
        // As the viewer sends them when they belong in the body.
        assert_eq!(text("x-scalar-credentials-location"), "body");
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            text("x-scalar-client-id"),
            text("clientSecret")
        );
        let request = client().post(format!("{}{url}", stack.url())).body(form);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let token: Value = request.send().await.unwrap().json().await.unwrap();
        let read = client().put(format!("{}/v2/orders/tried", stack.url()));
        let read = read.bearer_auth(token["access_token"].as_str().unwrap());
        let order = json!({"data": {"type": "order", "amount": 2599, "currency": "USD"}});
        assert_eq!(read.json(&order).send().await.unwrap().status(), StatusCode::CREATED);
    }
    stack.stop().await;
}

/// The viewer accepts all forms of a response that the description names, in their order.
#[tokio::test]
async fn a_list_that_the_page_requests_is_json() {
    let stack = stack().await;
    let shown = shown(&stack).await;
    let form = format!("grant_type=client_credentials&client_id={REGISTERED}&client_secret={REGISTERED_KEY}");
    let request = client().post(format!("{}/oauth/access_token", stack.url())).body(form);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let token: Value = request.send().await.unwrap().json().await.unwrap();
    let mut lists = 0;
    for (path, operations) in DESCRIPTION.document["paths"].as_object().unwrap() {
        if operations["get"]["responses"]["200"]["content"]["text/csv"].is_null() || path.contains('{') {
            continue;
        }
        lists += 1;
        let forms = shown["paths"][path]["get"]["responses"]["200"]["content"].as_object().unwrap();
        let accept = forms.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let request = client().get(format!("{}{path}", stack.url())).header(header::ACCEPT, accept);
        let response = request.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
        assert_eq!((response.status(), media(&response)), (StatusCode::OK, "application/json"), "{path}");
    }
    assert!(lists > 5, "{lists} lists");
    stack.stop().await;
}
