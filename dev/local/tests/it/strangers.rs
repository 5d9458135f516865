//! Strangers send requests to any route, as many as the front takes from an address: no page of an
//! honest person and no payment of an honest shopper fails.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::{StreamExt, stream};
use local::{
    Options, front, merchants,
    template::{RouteKey, TEMPLATE, parse},
    throttle::Shares,
};
use reqwest::{Method, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    console::Visitor,
    openapi::OPENAPI,
    shop::{Shop, VISA, by_card},
    sign_in,
    support::STORM,
    template::{sources, workspace},
};

const PERFORMANCE: &str = include_str!("../../../../docs/performance.md");

/// The seconds in which the front counts.
const WINDOW_S: u64 = 300;

/// Seconds of an attack: each has a page and a payment. The whole, or a sample of it.
const SECONDS: u64 = 200;
const SECONDS_OF_A_SAMPLE: u64 = 4;

/// Requests that are under way at a time.
const AT_A_TIME: usize = 24;

/// A route that strangers choose, and the request that they send.
struct Target {
    method: Method,
    path: &'static str,
    kind: &'static str,
    body: String,
}

impl Target {
    fn get(path: &'static str) -> Self {
        Self { method: Method::GET, path, kind: "text/plain", body: String::new() }
    }

    fn json(method: Method, path: &'static str, body: &Value) -> Self {
        Self { method, path, kind: "application/json", body: body.to_string() }
    }

    fn form(path: &'static str, body: String) -> Self {
        Self { method: Method::POST, path, kind: "application/x-www-form-urlencoded", body }
    }
}

/// The routes that a page of the console and a payment in a browser need, with requests that cost
/// as much as a stranger can cause.
fn targets() -> Vec<Target> {
    let merchant = merchants::REGISTERED;
    let pays = json!({"data": {"gateway": "card_connect", "method": "purchase", "payment": "token"}});
    let charge = json!({"Authentication": {"Id": merchant, "Key": "none"}, "Request": {"Amount": "1.00"}});
    vec![
        Target::get("/v2/me"),
        Target::get("/v2/transactions"),
        Target::json(Method::PUT, "/v2/orders/order-1", &json!({"data": {"amount": 1}})),
        Target::json(Method::POST, "/v2/orders/order-1/payments", &pays),
        Target::json(Method::POST, "/api/v1/payments/creditcard/charge", &charge),
        Target::form("/oauth/access_token", format!("grant_type=implicit&client_id={merchant}")),
        Target::form(
            "/oauth/access_token",
            format!("grant_type=client_credentials&client_id={merchant}&client_secret=none"),
        ),
    ]
}

/// The same of the console's host.
fn targets_of_console() -> Vec<Target> {
    let begins = format!("merchant={}", merchants::REGISTERED);
    vec![Target::get("/"), Target::get("/170200123/payments"), Target::form("/sign-in", begins)]
}

/// Strangers at some addresses of their own.
struct Strangers {
    clients: Vec<reqwest::Client>,
}

impl Strangers {
    fn at(addresses: u8) -> Self {
        let client = |n: u8| {
            let address = IpAddr::V4(Ipv4Addr::new(127, 0, 1, n));
            let client = reqwest::Client::builder().local_address(address).redirect(Policy::none());
            client.no_proxy().build().unwrap()
        };
        Self { clients: (1..=addresses).map(client).collect() }
    }

    /// Sends so many requests, from each address in turn.
    async fn send(&self, origin: &str, target: &Target, count: u64) {
        let clients = self.clients.iter().cycle();
        let requests = (0..count).zip(clients).map(|(_, client)| async move {
            let url = format!("{origin}{}", target.path);
            let request = client.request(target.method.clone(), url).header("content-type", target.kind);
            // Browsers say so, and everybody else can.
            let request = request.header("origin", origin).body(target.body.clone());
            request.send().await.unwrap().status()
        });
        stream::iter(requests).buffer_unordered(AT_A_TIME).collect::<Vec<_>>().await;
    }
}

/// Requests that the front takes from so many addresses in these seconds.
fn taken(addresses: u8, seconds: u64) -> u64 {
    let yaml: Value = serde_saphyr::from_str(front::TEMPLATE).unwrap();
    let in_window = yaml["Parameters"]["RequestsPerAddress"]["Default"].as_u64().unwrap();
    in_window * u64::from(addresses) * seconds / WINDOW_S
}

/// A merchant that knows the issuer's people, at a stack with the template's throttles and a clock
/// that only this test moves.
async fn open() -> (Shop, Visitor) {
    let options = Options { throttles: true, ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    sign_in::add_people(&shop).await;
    shop.stack.clock().stop();
    let mut visitor = Visitor::new(&shop.stack, merchants::REGISTERED);
    assert_eq!(visitor.sign_in("ann").await.status, 200);
    (shop, visitor)
}

/// Every second a page and a payment, while strangers spend a route's share. Returns how many pages
/// and payments failed.
async fn failed(shop: &mut Shop, visitor: &mut Visitor, attack: impl AsyncFn(u64)) -> (u64, u64) {
    let is_whole = std::env::var("STRANGERS").is_ok_and(|asked| asked == "whole");
    let seconds = if is_whole { SECONDS } else { SECONDS_OF_A_SAMPLE };
    let page = visitor.path("payments");
    let server = shop.current_token().to_owned();
    let shopper = shop.token(merchants::REGISTERED, None).await.body["access_token"].clone();
    let (mut pages, mut payments) = (0, 0);
    for second in 1..=seconds {
        shop.stack.advance_clock(1);
        attack(second).await;
        pages += u64::from(visitor.get(&page).await.status != 200);
        let order = format!("order-{}", uuid::Uuid::new_v4());
        let order_data = json!({"type": "order", "amount": 2599, "currency": "USD"});
        let is_registered = shop.put_order(&order, order_data).await.status == 201;
        shop.use_token(shopper.as_str().unwrap());
        let is_paid = is_registered && shop.pay(&order, by_card("purchase", VISA)).await.status == 200;
        payments += u64::from(!is_paid);
        shop.use_token(&server);
    }
    (pages, payments)
}

/// Strangers at so many addresses attack each route in turn.
async fn nobody_is_harmed(addresses: u8) {
    let _storm = STORM.lock().await;
    let (mut shop, mut visitor) = open().await;
    let strangers = Strangers::at(addresses);
    let (api, console) = (shop.stack.url().to_owned(), shop.stack.console_url().to_owned());
    let of_api = targets().into_iter().map(|target| (&api, target));
    let of_console = targets_of_console().into_iter().map(|target| (&console, target));
    for (origin, target) in of_api.chain(of_console) {
        let attack = async |second: u64| {
            let count = taken(addresses, second) - taken(addresses, second - 1);
            strangers.send(origin, &target, count).await;
        };
        let failed = failed(&mut shop, &mut visitor, attack).await;
        assert_eq!(failed, (0, 0), "pages and payments, {} {}", target.method, target.path);
        // A session ends after 15 minutes, and its token sooner.
        assert_eq!(visitor.sign_in("ann").await.status, 200);
        shop.renew_token().await;
    }
    shop.close().await;
}

#[tokio::test]
async fn no_page_and_no_payment_fails_for_one_stranger() {
    nobody_is_harmed(1).await;
}

#[tokio::test]
async fn no_page_and_no_payment_fails_for_strangers_at_three_addresses() {
    nobody_is_harmed(3).await;
}

/// The attack above is of the routes that honest people need; no other has a smaller share.
#[test]
fn each_route_has_room_for_strangers_at_thirty_addresses_less_one() {
    let deployment = parse(TEMPLATE).unwrap();
    let [api, console] = &deployment.shares;
    // A hundred seconds of them.
    let attack = f64::from(u32::try_from(taken(29, 100)).unwrap());
    let has_room = |shares: &Shares, route: &str| {
        let share = shares.of(route);
        assert!(share.rate * 100.0 > attack && share.burst >= 2.0 * share.rate, "{route}: {share:?}");
    };
    for route in &deployment.routes {
        has_room(api, &route.key.to_string());
    }
    for route in &deployment.console_routes {
        has_room(console, &route.key.to_string());
    }
}

/// The routes that the description says are limited: lists, which can read much.
fn lists() -> Vec<String> {
    let description: Value = serde_saphyr::from_str(OPENAPI).unwrap();
    let limited = |responses: &Value| responses["429"]["$ref"] == "#/components/responses/ThrottledList";
    let paths = description["paths"].as_object().unwrap().iter();
    let lists = paths.filter(|(_, methods)| limited(&methods["get"]["responses"]));
    lists.map(|(path, _)| path.clone()).collect()
}

#[tokio::test]
async fn a_merchants_lists_share_twenty_reads_in_two_seconds_that_nobody_else_can_spend() {
    let (mut shop, _) = open().await;
    let (lists, server) = (lists(), shop.current_token().to_owned());
    assert_eq!(lists.len(), 16);
    for route in parse(TEMPLATE).unwrap().served() {
        let RouteKey::Exact { method, path } = route.key else { continue };
        if method != "GET" {
            continue;
        }
        shop.stack.advance_clock(2);
        for _ in 0..20 {
            shop.get("/v2/orders").await.data(200);
        }
        let concrete = path.replace(['{', '}'], "");
        let answer = shop.get(&concrete).await;
        if lists.contains(&path) {
            answer.error(429, "too_many_reads");
            assert_eq!(answer.headers["retry-after"], "2");
            assert_eq!(answer.headers["ratelimit-policy"], "\"reads\";q=20;w=2");
        } else {
            assert_ne!(answer.status, 429, "{path}");
        }
    }
    // Neither another merchant nor who is refused spends or needs a share of it.
    let external = shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
    shop.use_token(external.body["access_token"].as_str().unwrap());
    shop.get("/v2/orders").await.data(200);
    shop.stack.advance_clock(2);
    for token in
        ["none", shop.token(merchants::REGISTERED, None).await.body["access_token"].as_str().unwrap()]
    {
        shop.use_token(token);
        for _ in 0..30 {
            assert!(shop.get("/v2/orders").await.status.is_client_error());
        }
    }
    shop.use_token(&server);
    shop.get("/v2/orders").await.data(200);
    shop.close().await;
}

#[test]
fn the_test_at_the_end_of_each_share_exists() {
    let rows = PERFORMANCE
        .lines()
        .skip_while(|line| *line != "## Shares")
        .skip_while(|line| !line.starts_with("|---"));
    let rows: Vec<_> = rows.skip(1).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 10);
    let sources = ["shared", "dev/local"].map(|folder| sources(&workspace().join(folder))).concat();
    for row in rows {
        let test = row.split('|').nth_back(1).unwrap().trim();
        let Some(name) = test.strip_prefix('`').and_then(|test| test.strip_suffix('`')) else {
            assert!(test.starts_with("AWS's "), "{row}");
            continue;
        };
        let declared = format!("fn {name}(");
        assert!(sources.contains(&declared), "{name}");
    }
}
