//! Thousands of requests made from `docs/openapi.yaml`: valid ones, ones that are spoiled in body,
//! headers or path, and ones with an oddity. No response is a 5xx, and none is of a form that is
//! not documented.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use local::merchants;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use crate::{
    credit_card_client::xml,
    docs::is_credit_card,
    openapi::{DESCRIPTION, Said},
    people_acts::{doubted, voided_elsewhere},
    random_requests::values::Values,
    shop::{STORED_CARD, Shop},
    support::client,
    webhooks::{self, Receiver},
};

mod odd;
mod spoil;
mod values;

/// Seeds of a run of all tests; `RANDOM_REQUESTS_SEEDS=9` takes more. Each has a stack of its own,
/// so that its responses depend on nothing else.
const SEEDS_USUALLY: u64 = 4;
const SEEDS: &str = "RANDOM_REQUESTS_SEEDS";
const REQUESTS: usize = 1_120;

/// Runs one seed only, in place of all.
const SEED: &str = "RANDOM_REQUESTS_SEED";

/// Orders that the paths name; the first ones are there from the beginning.
const ORDERS: usize = 12;
const REGISTERED: usize = 8;
/// Payments that are captured in part before the first request.
const RESTS: usize = 4;
/// The one receiver of webhooks.
const RECEIVER: &str = "shop";
/// An order's total, in minor units: room for many payments, and no amount that the gateway's test
/// rules decline.
const TOTAL: u64 = 2_000_000;

/// The responses of one route: how many were good, and how many were not.
type Counts = BTreeMap<String, [usize; 2]>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_requests_get_documented_responses_and_never_by_a_5xx() {
    let seeds: Vec<u64> = match env::var(SEED) {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=env::var(SEEDS).map_or(SEEDS_USUALLY, |text| text.parse().unwrap())).collect(),
    };
    let runs: Vec<_> = seeds.iter().map(|seed| tokio::spawn(run(*seed))).collect();
    let mut all = Counts::new();
    for run in runs {
        for (route, [good, bad]) in run.await.unwrap() {
            let counts = all.entry(route).or_default();
            *counts = [counts[0] + good, counts[1] + bad];
        }
    }
    println!("good answers and others by route: {all:#?}");
    // A generator of nothing but nonsense would prove nothing, nor would one of nothing but good
    // requests.
    for route in DESCRIPTION.operations.keys().filter(|_| seeds.len() > 1) {
        let counted = |route: &str| all.get(route).copied().unwrap_or_default();
        let [mut good, mut bad] = counted(route);
        assert!(good + bad > 0, "{route} is not tried");
        // The handler of a GET serves the HEAD, too, which is tried less often.
        if let Some(path) = route.strip_prefix("HEAD ") {
            let [of_get, others] = counted(&format!("GET {path}"));
            (good, bad) = (good + of_get, bad + others);
        }
        assert!(good > 0 && bad > 0, "{route}: {good} good answers, {bad} others");
    }
}

/// How many requests with an oddity are made at least, over all routes and oddities.
const ODD_REQUESTS_MIN: usize = 1_000;

/// Each oddity is tried on every third route, each route with every third oddity: on all it would
/// take minutes.
const ODD_ROUTES_STEP: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_requests_get_documented_responses_on_every_route_and_never_a_5xx() {
    let shop = Shop::open_with(json!({"shopper_tokens": {"attempts": 1000}})).await;
    let mut run = Run::new(1, shop).await;
    let (mut sent, mut counts) = (0, BTreeMap::<u16, usize>::new());
    for (number, (name, make_odd)) in odd::oddities().into_iter().enumerate() {
        for route in DESCRIPTION.operations.keys().skip(number % ODD_ROUTES_STEP).step_by(ODD_ROUTES_STEP) {
            let mut request = run.request(route, &BTreeSet::new());
            make_odd(&mut request);
            let what = request.to_string();
            let (status, body) = match run.exchange(request).await {
                Ok(answer) => answer,
                Err(why) => panic!("{why}\n  {name}: {what}"),
            };
            run.values.learn(&body);
            sent += 1;
            *counts.entry(status).or_default() += 1;
        }
        if number % 10 == 9 {
            run.later().await;
        }
    }
    run.shop.close().await;
    println!("{sent} requests, by status: {counts:?}");
    assert!(sent >= ODD_REQUESTS_MIN, "{sent}");
    // Some oddities do not matter, and most are refused.
    assert!(counts[&200] > 50 && counts[&400] > 300, "{counts:?}");
}

async fn run(seed: u64) -> Counts {
    let shop = Shop::open_with(json!({"shopper_tokens": {"attempts": 1000}})).await;
    let mut run = Run::new(seed, shop).await;
    for number in 0..REQUESTS {
        run.step(number).await;
    }
    run.shop.close().await;
    run.counts
}

struct Run {
    seed: u64,
    rng: StdRng,
    shop: Shop,
    client: reqwest::Client,
    /// Values of the header `Authorization`.
    tokens: Vec<String>,
    values: Values,
    counts: Counts,
    /// It receives while there is a run.
    receiver: Receiver,
}

/// A request as it is sent.
struct Sent {
    method: Method,
    path: String,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl Run {
    async fn new(seed: u64, shop: Shop) -> Self {
        let mut run = Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            client: client(),
            tokens: Vec::new(),
            values: Values::default(),
            counts: Counts::new(),
            receiver: Receiver::open().await,
            shop,
        };
        crate::settlement::seed(&run.shop).await;
        crate::sign_in::add_people(&run.shop).await;
        for order in 0..REGISTERED {
            run.shop.register(&format!("o-{order}"), TOTAL).await;
        }
        for order in ["o-voided", "o-voided-too"] {
            let id = voided_elsewhere(&run.shop, order).await;
            run.values.concerned.push((order.to_owned(), id));
        }
        run.values.doubted.push(("doubted".to_owned(), doubted(&run.shop).await.0));
        run.new_tokens().await;
        webhooks::put(&run.shop, &[run.receiver.document(RECEIVER)]);
        for rest in 0..RESTS {
            run.capture_in_part(format!("rest-{rest}")).await;
        }
        for held in 0..RESTS {
            let order = format!("held-{held}");
            run.shop.register(&order, TOTAL).await;
            let id = run.shop.pay_by_token(&order, "authorize").await.id();
            run.values.held.push((order, id));
        }
        webhooks::deliver(&run.shop).await;
        let sent = run.shop.get(&format!("/v2/webhooks/{RECEIVER}/deliveries")).await;
        let ids = sent.data(200).as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        run.values.deliveries = ids.collect();
        assert!(!run.values.deliveries.is_empty(), "something was sent");
        run
    }

    /// A payment of which a rest can be authorized again: random requests alone rarely get that
    /// far.
    async fn capture_in_part(&mut self, order: String) {
        self.shop.register(&order, TOTAL).await;
        let body = json!({"data": {"gateway": "card_connect", "amount": 2599, "payment": STORED_CARD}});
        let held = self.shop.post(&format!("/v2/orders/{order}/payments/authorize"), body).await;
        let path = format!("/v2/orders/{order}/transactions/{}/capture", held.id());
        self.shop.post(&path, json!({"data": {"amount": 100}})).await.data(200);
        self.values.rests.push((order, held.id()));
    }

    /// Tokens of every kind; the clock has moved on, so that the old ones may have expired.
    async fn new_tokens(&mut self) {
        self.tokens.clear();
        let callers = [
            (merchants::REGISTERED, Some(merchants::REGISTERED_KEY)),
            (merchants::REGISTERED, None),
            (merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)),
        ];
        for (id, key) in callers {
            let answer = self.shop.token(id, key).await;
            self.tokens.push(format!("Bearer {}", answer.body["access_token"].as_str().unwrap()));
        }
        crate::sign_in::act_as(&mut self.shop, "eve").await;
        self.tokens.push(format!("Bearer {}", self.shop.current_token()));
        self.shop.use_token(self.tokens[0].trim_start_matches("Bearer "));
    }

    /// Beyond the window in which an equal request is taken for a repetition, and that in which
    /// declines count.
    async fn later(&mut self) {
        self.shop.stack.advance_clock(601);
        self.values.now = self.shop.stack.ports().api.access.clock.now();
        self.new_tokens().await;
    }

    async fn step(&mut self, number: usize) {
        match number % 60 {
            20 => drop(self.shop.stack.simulator().settle()),
            40 => self.later().await,
            _ => {}
        }
        let routes: Vec<&String> = DESCRIPTION.operations.keys().collect();
        // Its GET serves a HEAD, and few payments would be left between two settlements.
        let weight = |route: &&String| if route.starts_with("HEAD ") { 1 } else { 2 };
        let route = *routes.choose_weighted(&mut self.rng, weight).unwrap();
        let spoilt = self.spoilt();
        let sent = self.request(route, &spoilt);
        let what = sent.to_string();
        let (status, body) = match self.exchange(sent).await {
            Ok(answer) => answer,
            Err(why) => panic!(
                "{why}\n  seed {}, request {number}: {what}\n  {SEED}={} cargo test -p local --test it random_requests",
                self.seed, self.seed
            ),
        };
        let message = body["Message"]["Code"].as_str();
        let good = status < 300 && message.is_none_or(|code| code == "00");
        self.counts.entry(route.clone()).or_default()[usize::from(!good)] += 1;
        self.values.learn(&body);
        if good && route.starts_with("DELETE") {
            self.values.forget(&what);
        }
    }

    /// Lets a merchant's payments go on: while they are stopped, each is a 503.
    async fn start(&self, caller: HeaderValue) {
        let request = self.client.put(format!("{}/v2/stop", self.shop.stack.url()));
        let body = json!({"data": {"stopped": false, "reason": "others pay"}});
        let started = request.header("authorization", caller).body(body.to_string()).send().await.unwrap();
        assert_eq!(started.status(), 200);
    }

    async fn exchange(&self, sent: Sent) -> Result<(u16, Value), String> {
        let url = format!("{}{}", self.shop.stack.url(), sent.path);
        let mut request = self.client.request(sent.method, url).body(sent.body);
        for (name, value) in sent.headers {
            request =
                request.header(name, HeaderValue::from_bytes(&value).map_err(|error| error.to_string())?);
        }
        let request = request.build().map_err(|error| error.to_string())?;
        let caller = request.headers().get("authorization").cloned();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.client.execute(request).await.map_err(|error| format!("no answer: {error}"))?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let body = response.text().await.map_err(|error| error.to_string())?;
        let said = Said { method: method.as_str(), path: &path, status, headers, body: &body };
        if status >= 500 {
            return Err(format!("{status} {body}"));
        }
        DESCRIPTION.check(&said).map_err(|why| format!("{why}: {status} {body}"))?;
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        if let (Some(true), Some(caller)) = (body["data"]["stopped"].as_bool(), caller) {
            self.start(caller).await;
        }
        Ok((status, body))
    }

    /// The spoiled parts of a request: none of every second one, one part or several of the others.
    fn spoilt(&mut self) -> BTreeSet<usize> {
        let rng = &mut self.rng;
        match rng.random_range(0..8) {
            0..4 => BTreeSet::new(),
            4..7 => BTreeSet::from([rng.random_range(0..6)]),
            _ => (0..3).map(|_| rng.random_range(0..6)).collect(),
        }
    }

    /// A request of this route as it is described, but for the parts that are spoiled.
    fn request(&mut self, route: &str, spoilt: &BTreeSet<usize>) -> Sent {
        let operation = &DESCRIPTION.operations[route];
        let (method, template) = route.split_once(' ').unwrap();
        let rng = &mut self.rng;
        let is_spoilt = |part| spoilt.contains(&part);

        // Only people change people and decide, and a key has to name one.
        let are_persons = ["/v2/people", "/decide", "/seen"].iter().any(|part| template.contains(part));
        let is_for_people = are_persons && rng.random_bool(0.7);
        let token = if is_for_people { 3 } else { rng.random_range(0..11_usize).saturating_sub(7) };
        let mut headers = vec![("authorization", self.tokens[token].clone().into_bytes())];
        let path = self.values.path(rng, template, token == 2);
        let path = if is_spoilt(0) { spoil::path(rng, template, &path) } else { path };
        for parameter in operation["parameters"].as_array().unwrap() {
            let name = match parameter["name"].as_str().unwrap() {
                "Idempotency-Key" => "idempotency-key",
                "X-MOLTIN-CURRENCY" => "x-moltin-currency",
                "X-Requested-With" => "x-requested-with",
                "X-Shopper-Address" => "x-shopper-address",
                _ => continue,
            };
            // Without it all of them count as one source's, which is refused soon.
            let often = if name == "x-shopper-address" { 0.9 } else { 0.3 };
            if rng.random_bool(often) {
                headers.push((name, values::header(rng, name).into_bytes()));
            }
        }

        let contents = operation["requestBody"]["content"].as_object();
        let contents: Vec<_> = contents.into_iter().flatten().collect();
        let mut body = Vec::new();
        if let Some((media, content)) = contents.choose(rng).copied() {
            headers.push(("content-type", media.clone().into_bytes()));
            let mut value = self.values.value(rng, &content["schema"], route);
            if is_spoilt(1) || is_spoilt(2) {
                spoil::value(rng, &mut value);
            }
            let text = match media.as_str() {
                "application/x-www-form-urlencoded" => form(&value),
                media if media.ends_with("/xml") => xml(&value),
                _ => value.to_string(),
            };
            body = text.into_bytes();
            if is_spoilt(3) {
                spoil::bytes(rng, &mut body);
            }
        }
        if is_credit_card(route) && rng.random_bool(0.3) {
            let accept = ["application/json", "text/json", "application/xml", "text/xml", "*/*", "text/html"];
            headers.push(("accept", accept.choose(rng).unwrap().as_bytes().to_vec()));
        }
        if is_spoilt(4) {
            spoil::headers(rng, &mut headers);
        }
        let mut method = Method::from_bytes(method.as_bytes()).unwrap();
        if is_spoilt(5) {
            method = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
                .choose(rng)
                .unwrap()
                .clone();
        }
        Sent { method, path, headers, body }
    }
}

impl std::fmt::Display for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} {}", self.method, self.path)?;
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != "authorization") {
            writeln!(f, "    {name}: {}", value.escape_ascii())?;
        }
        let body: String = self.body.escape_ascii().to_string().chars().take(1500).collect();
        write!(f, "    {body}")
    }
}

/// Single values as fields of a form.
fn form(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields
        .map(|(name, value)| format!("{name}={}", value.as_str().map_or(value.to_string(), str::to_owned)));
    fields.collect::<Vec<_>>().join("&")
}
