//! `front.yaml`: its settings, and their effect when it is played in front of an origin, and of a
//! function's own binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, StatusCode, Uri, header},
    response::IntoResponse,
};
use local::{
    Options, Stack,
    front::{self, TEMPLATE, Viewer, parse},
    template,
};
use regex::Regex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tollgate::source::{FRONT_SECRET, Front, SHOPPER_ADDRESS, VIEWER_ADDRESS};

use crate::{
    function::Function,
    shop::{NO_FUNDS, Shop, by_card},
    support::client,
    template::{sources, workspace},
};

const SECRET: &str = "an-origin-secret-of-the-front-0123456789abcdef";

/// The address that a caller claims.
const MADE_UP: &str = "203.0.113.66";

/// A web server of this test; it ends with it.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    url
}

/// A front as this template has it, and who its viewers are.
async fn front(yaml: &str, origin: &str) -> (String, Viewer) {
    let viewer = Viewer::default();
    let router = front::router(parse(yaml).unwrap(), SECRET, origin, viewer.clone()).unwrap();
    (serve(router).await, viewer)
}

type Arrived = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

/// An origin that notes the requests that arrive.
async fn origin() -> (String, Arrived) {
    let arrived = Arrived::default();
    let noted = Arc::clone(&arrived);
    let router = Router::new().fallback(move |request: Request| {
        noted.lock().unwrap().push((request.uri().clone(), request.headers().clone()));
        async { StatusCode::NO_CONTENT }
    });
    (serve(router).await, arrived)
}

/// All headers that the API reads: those in its sources, in its description, and those that pages
/// may send.
fn read_by_the_api() -> BTreeSet<String> {
    let literal = Regex::new(r#""(x-[a-z-]+|idempotency-key|traceparent)""#).unwrap();
    let text = sources(&workspace().join("shared/src"));
    let mut names: BTreeSet<_> = literal.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    assert!(names.contains(SHOPPER_ADDRESS.as_str()) && names.contains("x-request-id"), "{names:?}");
    let description: Value = serde_saphyr::from_str(include_str!("../../../../docs/openapi.yaml")).unwrap();
    let described = description["components"]["parameters"].as_object().unwrap().values();
    let described = described.filter(|parameter| parameter["in"] == "header");
    names.extend(described.map(|parameter| parameter["name"].as_str().unwrap().to_ascii_lowercase()));
    let cors = template::deployed().unwrap().cors;
    names.extend(cors.allow_headers.iter().map(|name| name.to_ascii_lowercase()));
    let standard = [
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::ORIGIN,
        header::ACCESS_CONTROL_REQUEST_METHOD,
        header::ACCESS_CONTROL_REQUEST_HEADERS,
    ];
    names.extend(standard.iter().map(|name| name.as_str().to_owned()));
    // These the front writes itself.
    names.remove(FRONT_SECRET.as_str());
    names.remove(VIEWER_ADDRESS.as_str());
    names
}

/// The mistakes of a front: a viewer of IPv6 sends everything that the API reads, and everything
/// that it would like the front to have said.
async fn wrong(yaml: &str) -> Vec<String> {
    let (origin, arrived) = origin().await;
    let (url, viewer) = front(yaml, &origin).await;
    viewer.set("2001:db8::7".parse().unwrap());
    let names = read_by_the_api();
    let mut request = client().post(format!("{url}/v2/orders/o/payments?a=%20b&c")).body("{}");
    for name in &names {
        request = request.header(name, format!("the viewer's {name}"));
    }
    for (name, value) in [
        (header::HOST, "pay.example.com"),
        (header::COOKIE, "a=b"),
        (VIEWER_ADDRESS, MADE_UP),
        (VIEWER_ADDRESS, MADE_UP),
        (FRONT_SECRET, "made up"),
    ] {
        request = request.header(name, value);
    }
    request.send().await.unwrap();
    let arrived = arrived.lock().unwrap();
    let (uri, headers) = &arrived[0];
    let all =
        |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    let host = origin.strip_prefix("http://").unwrap();
    let mut wrong = Vec::new();
    for (name, expected) in [
        ("host", vec![host]),
        ("cookie", vec![]),
        (VIEWER_ADDRESS.as_str(), vec!["2001:db8::7"]),
        (FRONT_SECRET.as_str(), vec![SECRET]),
    ] {
        if all(name) != expected {
            wrong.push(format!("{name} is {:?}", all(name)));
        }
    }
    let lost = names.iter().filter(|name| all(name) != [format!("the viewer's {name}")]);
    wrong.extend(lost.map(|name| format!("{name} is lost")));
    if *uri != "/v2/orders/o/payments?a=%20b&c" {
        wrong.push(format!("{uri} is what is requested"));
    }
    wrong
}

#[tokio::test]
async fn the_api_gets_all_that_it_reads_its_own_host_and_no_address_that_a_caller_made_up() {
    assert_eq!(wrong(TEMPLATE).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_front_that_is_configured_otherwise_is_noticed() {
    for (from, to, says) in [
        ("HeaderBehavior: allExcept", "HeaderBehavior: allViewer", "host is"),
        ("Headers: [Host]", "Headers: [Host, Authorization]", "authorization is lost"),
        ("HeaderBehavior: allExcept", "HeaderBehavior: whitelist", "x-shopper-address is lost"),
        ("HeaderBehavior: allExcept", "HeaderBehavior: none", "idempotency-key is lost"),
        ("QueryStringBehavior: all", "QueryStringBehavior: none", "is what is requested"),
        // As the front of the console has it.
        ("Default: none", "Default: all", "cookie is"),
        ("headers['x-viewer-address']", "headers['x-client-ip']", "x-viewer-address is"),
        ("FunctionAssociations:", "NoAssociations:", "x-viewer-address is"),
        ("HeaderName: X-Front-Secret", "HeaderName: X-Origin-Secret", "x-front-secret is"),
    ] {
        assert_eq!(TEMPLATE.matches(from).count(), 1, "{from}");
        let wrong = wrong(&TEMPLATE.replace(from, to)).await;
        assert!(wrong.iter().any(|wrong| wrong.contains(says)), "{to}: {wrong:?}");
    }
}

#[test]
fn what_cannot_be_played_is_no_front() {
    for (from, to, says) in [
        ("HeaderValue: !Ref OriginSecret", "HeaderValue: !Ref Stage", "OriginCustomHeaders"),
        ("value: event.viewer.ip }", "value: event.request.headers.a.value }", "FunctionAssociations"),
        ("EventType: viewer-request", "EventType: viewer-response", "FunctionAssociations"),
        ("HeaderBehavior: allExcept", "HeaderBehavior: allViewerAndWhitelistCloudFront", "HeadersConfig"),
        ("OriginRequestPolicyId: !Ref ToTheApi", "OriginRequestPolicyId: !Ref Stage", "OriginRequestPolicy"),
        (
            "HeaderBehavior: allExcept\n          Headers: [Host]",
            "HeaderBehavior: whitelist\n          Headers: [Authorization]",
            "HeadersConfig",
        ),
    ] {
        assert_eq!(TEMPLATE.matches(from).count(), 1, "{from}");
        let error = parse(&TEMPLATE.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(says), "{to}: {error}");
    }
}

/// The properties of the one resource of a type.
fn properties(kind: &str) -> Value {
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let mut found = template["Resources"].as_object().unwrap().values().filter(|one| one["Type"] == kind);
    let one = found.next().unwrap()["Properties"].clone();
    assert!(found.next().is_none(), "{kind}");
    one
}

#[test]
fn connections_are_encrypted_nothing_is_cached_and_no_payment_is_sent_twice_or_cut_off() {
    let config = &properties("AWS::CloudFront::Distribution")["DistributionConfig"];
    assert_eq!((&config["IPV6Enabled"], &config["HttpVersion"]), (&json!(true), &json!("http2and3")));
    assert_eq!(config["ViewerCertificate"]["MinimumProtocolVersion"], "TLSv1.2_2021");
    assert_eq!(config["WebACLId"], "Firewall.Arn");
    let behavior = &config["DefaultCacheBehavior"];
    assert_eq!(behavior["ViewerProtocolPolicy"], "https-only");
    // AWS's CachingDisabled.
    assert_eq!(behavior["CachePolicyId"], "4135ea2d-6df8-44a3-9df3-4b5a84be39ad");
    // Errors are cached in spite of the policy.
    let errors = config["CustomErrorResponses"].as_array().unwrap();
    let codes: Vec<_> = errors.iter().map(|error| error["ErrorCode"].as_u64().unwrap()).collect();
    assert_eq!(codes, [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]);
    for error in errors {
        assert_eq!(error["ErrorCachingMinTTL"], 0, "{error}");
        assert!(error["ResponseCode"].is_null() && error["ResponsePagePath"].is_null(), "{error}");
    }
    let origin = &config["Origins"][0];
    assert_eq!(origin["ConnectionAttempts"], 1);
    let custom = &origin["CustomOriginConfig"];
    assert_eq!(
        (&custom["OriginProtocolPolicy"], &custom["OriginSSLProtocols"]),
        (&json!("https-only"), &json!(["TLSv1.2"]))
    );
    let longest = template::deployed().unwrap().function_timeout.as_secs();
    assert!(custom["OriginReadTimeout"].as_u64().unwrap() > longest);
    let methods: BTreeSet<_> = behavior["AllowedMethods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method.as_str().unwrap())
        .collect();
    for route in template::deployed().unwrap().served() {
        if let template::RouteKey::Exact { method, .. } = route.key {
            assert!(methods.contains(method.as_str()), "{method}");
        }
    }
}

#[test]
fn the_secret_is_shown_nowhere_and_has_the_form_of_those_that_replace_it() {
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let secret = &template["Parameters"]["OriginSecret"];
    assert_eq!((&secret["NoEcho"], &secret["Default"]), (&json!(true), &Value::Null));
    let form = Regex::new(secret["AllowedPattern"].as_str().unwrap()).unwrap();
    assert!(form.is_match(SECRET) && !form.is_match("short"));
    assert!(form.is_match(&Front::digest("as long as 32 random bytes")));
    // In the header of the origin and nowhere else: no output, no tag, no log.
    assert_eq!(TEMPLATE.matches("OriginSecret").count(), 2);
}

/// The rules of a front that passes on these cookies.
fn rules(cookies: &str) -> Vec<Value> {
    let stage = template::Stage::new(TEMPLATE, &[("Cookies", cookies)]).unwrap();
    let firewall = &stage.resources().unwrap()["Firewall"];
    firewall["Properties"]["Rules"].as_array().unwrap().clone()
}

/// Whether a statement of the firewall matches a request; a component that is missing matches none.
fn matches(statement: &Value, request: &Request<()>) -> bool {
    let (kind, of) = statement.as_object().unwrap().iter().next().unwrap();
    let component = || {
        let to_match = &of["FieldToMatch"];
        let name = to_match["SingleHeader"]["Name"].as_str();
        let header = name.map(|name| request.headers().get(name).map(|value| value.to_str().unwrap()));
        let whole =
            if to_match["Method"].is_object() { request.method().as_str() } else { request.uri().path() };
        header.unwrap_or(Some(whole))
    };
    match kind.as_str() {
        "AndStatement" => of["Statements"].as_array().unwrap().iter().all(|one| matches(one, request)),
        "NotStatement" => !matches(&of["Statement"], request),
        "SizeConstraintStatement" => component().is_some_and(|text| !text.is_empty()),
        "ByteMatchStatement" => component() == of["SearchString"].as_str(),
        "RegexMatchStatement" => {
            let regex = Regex::new(of["RegexString"].as_str().unwrap()).unwrap();
            component().is_some_and(|text| regex.is_match(&text.to_lowercase()))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn strangers_are_those_who_lack_a_header_that_every_honest_request_has() {
    let rules = rules("none");
    let of = |name: &str| &rules.iter().find(|rule| rule["Name"] == name).unwrap()["Statement"];
    // All requests of the console lack the header.
    let of_console = self::rules("all");
    assert!(of_console.iter().all(|rule| rules.contains(rule)));
    let only_of_api = rules.iter().filter(|rule| !of_console.contains(rule)).map(|rule| &rule["Name"]);
    assert_eq!(only_of_api.collect::<Vec<_>>(), ["strangers-per-address", "ip-reputation"]);
    let strangers = &of("strangers-per-address")["RateBasedStatement"]["ScopeDownStatement"];
    let of_list = &of("ip-reputation")["ManagedRuleGroupStatement"]["ScopeDownStatement"];
    assert_eq!(strangers, of_list);
    for (method, path, authorization, is_stranger) in [
        ("GET", "/v2/me", "", true),
        ("GET", "/v2/me", "Bearer x", false),
        ("GET", "/", "", true),
        ("POST", "/v2/orders/1/payments", "", true),
        ("GET", "/api/v2", "", true),
        ("GET", "/status/x", "", true),
        ("GET", "/v2/api/v1/", "", true),
        ("POST", "/api/v1/payments/creditcard/charge", "", false),
        ("POST", "/API/V1/Payments/CreditCard/Charge/", "", false),
        ("POST", "/oauth/access_token", "", false),
        ("GET", "/status", "", false),
        ("OPTIONS", "/v2/orders/1/payments", "", false),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", authorization).body(()).unwrap();
        assert_eq!(matches(strangers, &request), is_stranger, "{method} {path} {authorization:?}");
    }
}

#[test]
fn each_address_has_a_limit_and_no_log_or_sample_has_what_callers_send() {
    let firewall = properties("AWS::WAFv2::WebACL");
    assert_eq!(TEMPLATE.matches("SampledRequestsEnabled: true").count(), 0);
    let mut groups = BTreeSet::new();
    let mut limits = BTreeSet::new();
    for rule in rules("none") {
        assert_eq!(rule["VisibilityConfig"]["SampledRequestsEnabled"], false, "{rule}");
        let statement = &rule["Statement"];
        if let Some(name) = statement["ManagedRuleGroupStatement"]["Name"].as_str() {
            assert!(rule["OverrideAction"].as_object().unwrap().contains_key("None"), "{rule}");
            groups.insert(name.to_owned());
        } else {
            let limit = &statement["RateBasedStatement"];
            assert_eq!(
                (&limit["AggregateKeyType"], &limit["EvaluationWindowSec"]),
                (&json!("IP"), &json!(300))
            );
            let response = &rule["Action"]["Block"]["CustomResponse"];
            assert_eq!(response["ResponseCode"], 429);
            assert_eq!(response["ResponseHeaders"][0]["Name"], "Retry-After");
            limits.insert(limit["Limit"].as_str().unwrap().to_owned());
        }
    }
    let lists = ["CommonRuleSet", "KnownBadInputsRuleSet", "AmazonIpReputationList"];
    assert_eq!(groups, lists.map(|list| format!("AWSManagedRules{list}")).into());
    let parameters = ["RequestsPerAddress", "TokensPerAddress", "StrangersPerAddress"];
    assert_eq!(limits, parameters.map(str::to_owned).into());
    let template: Value = serde_saphyr::from_str(TEMPLATE).unwrap();
    let page = include_str!("../../../../docs/front.md");
    for (name, stated) in
        [("RequestsPerAddress", "10,000"), ("TokensPerAddress", "2,000"), ("StrangersPerAddress", "500")]
    {
        let default = template["Parameters"][name]["Default"].to_string();
        assert_eq!(default, stated.replace(',', ""));
        assert!(page.contains(&format!("`{name}` ({stated})")), "{name}");
    }
    let body = firewall["CustomResponseBodies"]["TooMany"]["Content"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["errors"][0]["status"], "429");
    // The fields that hold credentials, people and cards.
    let protected = firewall["DataProtectionConfig"]["DataProtections"].as_array().unwrap();
    let of = |kind: &str| protected.iter().find(|one| one["Field"]["FieldType"] == kind).unwrap();
    for kind in ["BODY", "QUERY_STRING", "SINGLE_HEADER"] {
        assert_eq!(of(kind)["Action"], "SUBSTITUTION");
    }
    let headers = of("SINGLE_HEADER")["Field"]["FieldKeys"].as_array().unwrap();
    for name in
        ["authorization", "cookie", "x-client-secret", SHOPPER_ADDRESS.as_str(), "x-moltin-customer-token"]
    {
        assert!(headers.contains(&json!(name)), "{name}");
    }
    let redacted = &properties("AWS::WAFv2::LoggingConfiguration")["RedactedFields"];
    assert_eq!(
        *redacted,
        json!([{"UriPath": {}}, {"QueryString": {}}, {"SingleHeader": {"Name": "authorization"}}])
    );
    let fields = properties("AWS::Logs::Delivery")["RecordFields"].clone();
    for field in fields.as_array().unwrap() {
        let field = field.as_str().unwrap();
        let shows =
            ["uri", "Cookie", "Referer", "User-Agent", "forwarded"].iter().any(|part| field.contains(part));
        assert!(!shows, "{field}");
    }
    assert!(fields.as_array().unwrap().contains(&json!("c-ip")), "the limits are about addresses");
    let inventory = include_str!("../../../../docs/reference/inventory.md");
    let (_, listed) = inventory.split_once("## The front's log fields").unwrap();
    let rows = listed.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" |"));
    let listed: BTreeSet<_> =
        rows.flat_map(|(names, _)| names.split(", ")).map(|name| name.trim_matches('`').to_owned()).collect();
    let fields: BTreeSet<_> =
        fields.as_array().unwrap().iter().map(|field| field.as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, fields);
}

#[tokio::test]
async fn responses_of_the_front_itself_have_the_headers_of_the_apis() {
    let stack = Stack::start(Options::default()).await.unwrap();
    let headers = client().get(format!("{}/status", stack.url())).send().await.unwrap().headers().clone();
    let config = properties("AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"].clone();
    let security = &config["SecurityHeadersConfig"];
    let custom = &config["CustomHeadersConfig"]["Items"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let transport = &security["StrictTransportSecurity"];
    assert_eq!((&transport["IncludeSubdomains"], &transport["Preload"]), (&json!(false), &json!(false)));
    let ours = [
        ("strict-transport-security".to_owned(), format!("max-age={}", transport["AccessControlMaxAgeSec"])),
        ("x-content-type-options".to_owned(), "nosniff".to_owned()),
        ("referrer-policy".to_owned(), text(&security["ReferrerPolicy"]["ReferrerPolicy"])),
        (
            "content-security-policy".to_owned(),
            text(&security["ContentSecurityPolicy"]["ContentSecurityPolicy"]),
        ),
        (text(&custom["Header"]).to_ascii_lowercase(), text(&custom["Value"])),
    ];
    for (name, value) in &ours {
        assert_eq!(headers[name], value.as_str(), "{name}");
    }
    assert_eq!(security.as_object().unwrap().len(), 4);
    // Those of the API stay.
    assert_eq!(TEMPLATE.matches("Override: true").count(), 0);
    stack.stop().await;
}

/// The function's binary behind an HTTP API: every request is an event, from an address of
/// CloudFront's.
async fn payments_function(shop: &Shop) -> String {
    let digest = Front::digest(SECRET);
    let function = Function::start_with("payments", &shop.stack, &[("FRONT_SECRET_DIGESTS", &digest)]).await;
    function.is_ready().await;
    let function = Arc::new(function);
    let router = Router::new().fallback(move |request: Request| {
        let function = Arc::clone(&function);
        async move {
            let mut event: Value =
                serde_json::from_str(include_str!("../../../../events/payments-purchase.json")).unwrap();
            let (parts, body) = request.into_parts();
            let order = parts.uri.path().split('/').nth(3).unwrap();
            let mut headers = BTreeMap::<&str, String>::new();
            for (name, value) in &parts.headers {
                let (all, value) = (headers.entry(name.as_str()).or_default(), value.to_str().unwrap());
                // Repeated ones are joined.
                *all = if all.is_empty() { value.to_owned() } else { format!("{all},{value}") };
            }
            event["rawPath"] = json!(parts.uri.path());
            event["pathParameters"]["orderId"] = json!(order);
            event["headers"] = json!(headers);
            event["requestContext"]["http"]["sourceIp"] = json!("198.51.100.1");
            event["body"] =
                String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap().into();
            let answer = function.answer(&event).await;
            let status = answer["statusCode"].as_u64().unwrap();
            let status = StatusCode::from_u16(status.try_into().unwrap()).unwrap();
            (status, answer["body"].as_str().unwrap_or_default().to_owned()).into_response()
        }
    });
    serve(router).await
}

#[tokio::test]
async fn a_functions_binary_admits_only_the_front_and_counts_the_viewer_that_it_states() {
    let rules = json!({"shopper_tokens": {"stored_cards": null, "declines_per_order": 1_000_000}});
    let mut shop = Shop::open_with(rules).await;
    shop.register("o", 2599).await;
    shop.as_shopper().await;
    let origin = payments_function(&shop).await;
    let (front, viewer) = front(TEMPLATE, &origin).await;
    let pay = async |url: &str, headers: &[(&str, &str)]| {
        let body = json!({"data": by_card("purchase", NO_FUNDS)}).to_string();
        let mut request = client().post(format!("{url}/v2/orders/o/payments")).body(body);
        request = request.bearer_auth(shop.current_token()).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        (status, body["errors"][0]["meta"]["code"].as_str().unwrap().to_owned())
    };
    let sent = || shop.stack.simulator().transactions().len();
    // Past the front, with any header of the caller's.
    let refused = (403, "not_through_front".to_owned());
    let (secret, stated) = (&FRONT_SECRET, &VIEWER_ADDRESS);
    let (secret, stated) = (secret.as_str(), stated.as_str());
    assert_eq!(pay(&origin, &[]).await, refused);
    assert_eq!(pay(&origin, &[(secret, "made up"), (stated, MADE_UP)]).await, refused);
    assert_eq!(pay(&origin, &[("host", "pay.example.com"), (secret, &Front::digest(SECRET))]).await, refused);
    assert_eq!(sent(), 0);
    // Through it, each time from another address of one /64, with another one made up.
    for n in 0..12 {
        viewer.set(IpAddr::from([0x2001, 0xdb8, 1, 2, 3, 4, 5, n]));
        let made_up = format!("203.0.113.{n}");
        let headers = [
            (secret, "made up"),
            (stated, &made_up),
            ("x-forwarded-for", &made_up),
            ("host", "pay.example.com"),
        ];
        assert_ne!(pay(&front, &headers).await.0, 403);
    }
    let declined = sent();
    assert!((1..=10).contains(&declined), "{declined}");
    // Another network is another caller.
    viewer.set("2001:db8:2::1".parse().unwrap());
    assert_eq!(pay(&front, &[(stated, MADE_UP)]).await, (400, "declined".to_owned()));
    assert_eq!(sent(), declined + 1);
    shop.close().await;
}

#[tokio::test]
async fn a_stack_with_a_front_serves_what_comes_through_it() {
    let front_secret = Some(SECRET.to_owned());
    let stack = Stack::start(Options { front_secret, samples: true, ..Options::default() }).await.unwrap();
    let status =
        async |url: &str| client().get(format!("{url}/status")).send().await.unwrap().status().as_u16();
    assert_ne!(stack.callers_url(), stack.url());
    assert_eq!((status(stack.callers_url()).await, status(stack.url()).await), (200, 403));
    let about = client().get(format!("{}/_local", stack.url())).send().await.unwrap();
    let about: Value = serde_json::from_str(&about.text().await.unwrap()).unwrap();
    assert_eq!((&about["api"], &about["front"]), (&json!(stack.url()), &json!(stack.callers_url())));
    assert!(about["sample_orders"].as_u64().unwrap() > 0);
    // The sample shop's server is a caller like any other.
    let order = client().post(format!("{}/checkout/orders", stack.url())).send().await.unwrap();
    assert!(order.status().is_success(), "{}", order.status());
    stack.stop().await;
}
