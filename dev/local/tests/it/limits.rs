//! Limits of sizes: of every body that comes in, and of every response that a program reads from
//! another system. docs/run-book.md has them in a table.

#[cfg(target_os = "linux")]
mod memory;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use local::template::{RouteKey, deployed};
use regex::Regex;
use reqwest::{Method, StatusCode};

use crate::{
    references::{root, texts},
    shop::{Shop, VISA},
    sign_in,
    stored_cards::card_of,
};

const KIB: usize = 1_024;
const MIB: usize = 1_024 * KIB;

/// A program's reading: the file that reads it, the limit as declared there or in a file beside
/// it, and the beginning of its row in the page.
struct Reader {
    file: &'static str,
    limit: &'static str,
    bytes: usize,
    row: &'static str,
}

const fn reader(file: &'static str, limit: &'static str, bytes: usize, row: &'static str) -> Reader {
    Reader { file, limit, bytes, row }
}

const INCOMING: [Reader; 3] = [
    reader(
        "shared/src/api/exchange.rs",
        "shared/src/api/exchange.rs/BODY_MAX_BYTES",
        64 * KIB,
        "| every function of the API | a request's body | 64 KiB |",
    ),
    reader(
        "shared/src/elastic_path/people/token.rs",
        "shared/src/elastic_path/people/token.rs/FORM_MAX_BYTES",
        16 * KIB,
        "| `token` | a request's form | 16 KiB |",
    ),
    reader(
        "shared/console/src/routes.rs",
        "shared/console/src/web.rs/PAGE_FORM_MAX_BYTES",
        16 * KIB,
        "| `console` | a request's form | 16 KiB |",
    ),
];

/// Responses of other systems. Tests beside each of these files try its limit and one byte more.
const OUTGOING: [Reader; 7] = [
    reader(
        "shared/src/elastic_path_client.rs",
        "shared/src/elastic_path_client.rs/BODY_MAX_BYTES",
        512 * KIB,
        "| functions that call [Elastic Path](elastic-path.md) | its response | 512 KiB |",
    ),
    reader(
        "shared/console/src/api.rs",
        "shared/console/src/api.rs/BODY_MAX_BYTES",
        6_000_000,
        "| `console` | a response of the API | 6,000,000 bytes |",
    ),
    reader(
        "shared/console/src/api.rs",
        "shared/src/openid/keys.rs/DOCUMENT_MAX_BYTES",
        128 * KIB,
        "| `console` | a response of the issuer | 128 KiB |",
    ),
    reader(
        "shared/src/openid/keys.rs",
        "shared/src/openid/keys.rs/DOCUMENT_MAX_BYTES",
        128 * KIB,
        "| `token` | a document of the issuer | 128 KiB |",
    ),
    reader(
        "shared/src/cardpointe/transport/https.rs",
        "shared/src/cardpointe/transport/https.rs/BODY_MAX_BYTES",
        64 * KIB,
        "| functions that call the gateway | its response | 64 KiB |",
    ),
    reader(
        "shared/src/cardpointe/transport/https.rs",
        "shared/src/cardpointe/transport/https.rs/REPORT_MAX_BYTES",
        256 * MIB,
        "| `settlement` | a report of the gateway, piece by piece | 256 MiB |",
    ),
    reader(
        "cli/src/gateway.rs",
        "cli/src/gateway.rs/RESPONSE_MAX_BYTES",
        8 * MIB,
        "| commands | a response | 8 MiB |",
    ),
];

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// Deployed code and the commands, without tests, by path.
fn sources() -> BTreeMap<String, String> {
    let mut sources: BTreeMap<_, _> = texts().into_iter().collect();
    sources.retain(|path, _| {
        let is_deployed = ["shared/", "functions/", "cli/"].iter().any(|folder| path.starts_with(folder));
        let is_test = path.contains("/tests/") || path.ends_with("tests.rs") || path.contains("/test_");
        is_deployed && path.contains("/src/") && is_rust(path) && !is_test
    });
    sources
}

/// The files that have a match.
fn with(pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    let found = sources().into_iter().filter(|(_, text)| pattern.is_match(text));
    found.map(|(path, _)| path).collect()
}

fn files(readers: &[Reader]) -> BTreeSet<String> {
    readers.iter().map(|reader| reader.file.to_owned()).collect()
}

#[test]
fn every_limit_is_in_the_table_of_the_page_and_the_table_has_no_other() {
    let page = fs::read_to_string(root().join("docs/run-book.md")).unwrap();
    let (_, table) = page.split_once("| program | reads | limit |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|')).collect::<Vec<_>>();
    let sources = sources();
    for Reader { limit, bytes, row, .. } in INCOMING.iter().chain(&OUTGOING) {
        assert_eq!(rows.iter().filter(|line| line.starts_with(row)).count(), 1, "{row}");
        let (file, name) = limit.rsplit_once('/').unwrap();
        let declared = Regex::new(&format!(r"const {name}: usize = ([\d_ *]+);")).unwrap();
        let product = declared.captures(&sources[file]).unwrap()[1].to_owned();
        let factors =
            product.split('*').map(|factor| factor.trim().replace('_', "").parse::<usize>().unwrap());
        assert_eq!(factors.product::<usize>(), *bytes, "{limit}");
    }
    // Besides, the receivers of webhooks, whose responses are not read, and events of AWS.
    assert_eq!(rows.len(), INCOMING.len() + OUTGOING.len() + 2, "{rows:#?}");
}

#[test]
fn nothing_else_reads_a_body() {
    assert_eq!(with(r"\brequest\.(into_)?body\(\)"), files(&INCOMING));
    assert_eq!(with(r"\b(read_body|https::pieces)\("), {
        let mut found = files(&OUTGOING);
        found.insert("shared/src/https.rs".to_owned());
        found
    });
    let unlimited = r"\.(bytes|text|text_with_charset|bytes_stream)\(\)\s*\.await|\.json(::<[^>]*>)?\(\)\s*\.await|bytes_stream";
    assert_eq!(with(unlimited), BTreeSet::new());
    let pieces = ["cli/src/local_stack.rs", "shared/src/https.rs"].map(str::to_owned);
    assert_eq!(with(r"\.chunk\(\)"), BTreeSet::from(pieces));
}

/// Routes of other methods that look at no body, either.
const NO_BODY: [&str; 3] = ["/confirm", "/replay", "/test"];

fn is_looked_at(method: &str, path: &str) -> bool {
    !["GET", "HEAD", "DELETE"].contains(&method) && !NO_BODY.iter().any(|end| path.ends_with(end))
}

/// The limit of a route's body.
fn limit_of(function: &str) -> usize {
    if function == "token" { 16 * KIB } else { 64 * KIB }
}

/// By a key and by a person: some routes refuse the one or the other before they look at a body.
#[tokio::test]
async fn every_route_refuses_a_body_above_its_limit_or_does_not_look_at_it() {
    let mut shop = sign_in::open().await;
    let stored = shop.post("/v2/payment-methods", card_of("c-1", VISA)).await.id();
    let key = shop.current_token().to_owned();
    sign_in::act_as(&mut shop, "eve").await;
    let tokens = [key, shop.current_token().to_owned()];
    let parameter = Regex::new(r"\{\w+\}").unwrap();
    let (deployed, mut functions) = (deployed().unwrap(), BTreeSet::new());
    for route in deployed.served() {
        let RouteKey::Exact { method, path } = &route.key else { continue };
        functions.insert(route.function.clone());
        let path = path.replace("{paymentMethodId}", &stored).replace("{code}", "disputed");
        let path = parameter.replace_all(&path, "0de50000-0000-4000-8000-000000000005");
        let limit = limit_of(&route.function);
        for content_type in ["application/json", "application/octet-stream"] {
            // The credit-card API takes no other types.
            if path.starts_with("/api/v1/") && content_type != "application/json" {
                continue;
            }
            let mut statuses = Vec::new();
            for token in &tokens {
                let send = async |bytes: usize| {
                    let method: Method = method.parse().unwrap();
                    let request = shop.client().request(method, format!("{}{path}", shop.stack.url()));
                    let request = request.bearer_auth(token).header("content-type", content_type);
                    let body =
                        if bytes == 0 { String::new() } else { "{}".to_owned() + &" ".repeat(bytes - 2) };
                    request.body(body).send().await.unwrap().status()
                };
                let found = [send(0).await, send(limit).await, send(limit + 1).await];
                assert_ne!(found[1], StatusCode::PAYLOAD_TOO_LARGE, "{} {content_type}", route.key);
                statuses.push(found);
            }
            let is_refused = statuses.iter().any(|found| found[2] == StatusCode::PAYLOAD_TOO_LARGE);
            assert_eq!(is_refused, is_looked_at(method, &path), "{} {content_type} {statuses:?}", route.key);
            let is_ignored = statuses.iter().all(|found| found[0] == found[2]);
            assert!(is_refused || is_ignored, "{} {content_type} {statuses:?}", route.key);
        }
    }
    let of_requests = local::functions::TABLE.iter().map(|(name, _)| *name).filter(|name| *name != "console");
    assert_eq!(functions, of_requests.map(str::to_owned).collect());
    shop.close().await;
}

/// The template has one route for all its paths.
#[tokio::test]
async fn the_console_refuses_a_body_above_its_limit_however_it_arrives() {
    let shop = Shop::open().await;
    let routes = deployed().unwrap().console_routes;
    assert!(routes.iter().all(|route| route.function == "console"));
    let url = shop.stack.console_url();
    for path in ["/", "/sign-in", "/170200123/payments", "/nowhere"] {
        // API Gateway hands the first on in Base64, the second as it is.
        for (content_type, otherwise) in [("application/x-www-form-urlencoded", 0), ("text/plain", 415)] {
            for (bytes, expected) in [(16 * KIB, otherwise), (16 * KIB + 1, 413), (4 * MIB, 413)] {
                let request = shop.client().post(format!("{url}{path}")).header("content-type", content_type);
                let response =
                    request.header("origin", url).body("\u{fffd}".repeat(bytes / 3) + &"a".repeat(bytes % 3));
                let status = response.send().await.unwrap().status().as_u16();
                assert!(
                    status == expected || (expected == 0 && status != 413),
                    "{path} {content_type} {status}"
                );
            }
        }
    }
    shop.close().await;
}
