//! An attribute of an item is lost, or of another type: every list is there, every run goes on with
//! the other items, and once the item is repaired, every list shows the same as before.
//!
//! Tables, routes and functions are read off the template, so that a new one is tried without being
//! named here. A sample is drawn; `DAMAGE=` with a part of a table's name tries all of it, and
//! `DAMAGE=local` everything.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use local::{
    CONSOLE_TABLE_NAME, Options, PEOPLE_TABLE_NAME, SETTLEMENT_TABLE_NAME, TABLE_NAME, dynamodb_client,
    functions::SCHEDULED,
    merchants,
    template::{RouteKey, TEMPLATE, Table, parse},
};
use serde_json::Value;
use tollgate::dynamodb::settlement::DynamoDbSettlement;
use tollgate_core::{
    journal::Retention,
    settlement::{Progress, ProgressStore as _},
    values::Clock as _,
};
use uuid::Uuid;

use crate::{permissions, shop::Shop, support::client};

type Item = HashMap<String, AttributeValue>;

/// Damages of a sample.
const SAMPLE: usize = 5;

/// The account of the other merchant.
const MID: &str = "496160873888";

/// A way of damaging an item.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Gone,
    OfAnotherType,
    AnotherText,
}

/// A kind of item: its table, and the form of its keys.
type Kind = (String, String);

/// One damage of one item.
#[derive(Clone, Debug)]
struct Case {
    kind: Kind,
    item: Item,
    /// The way to the attribute: names of members; members of lists are the first ones.
    path: Vec<String>,
    damage: Damage,
}

impl Case {
    fn damaged(&self) -> Item {
        let mut item = AttributeValue::M(self.item.clone());
        change(&mut item, &self.path, self.damage);
        let AttributeValue::M(item) = item else { unreachable!() };
        item
    }

    fn says(&self) -> String {
        format!("{} {}: {} {:?}", self.kind.0, self.kind.1, self.path.join("."), self.damage)
    }
}

fn change(value: &mut AttributeValue, path: &[String], damage: Damage) {
    let members = match value {
        AttributeValue::M(members) => members,
        AttributeValue::L(items) => {
            return items.first_mut().into_iter().for_each(|one| change(one, path, damage));
        }
        _ => unreachable!("{path:?}"),
    };
    let [name, rest @ ..] = path else { unreachable!() };
    if !rest.is_empty() {
        return change(members.get_mut(name).unwrap(), rest, damage);
    }
    match damage {
        Damage::Gone => drop(members.remove(name)),
        Damage::OfAnotherType => {
            let other = match members[name] {
                AttributeValue::Bool(_) => AttributeValue::N("7".to_owned()),
                _ => AttributeValue::Bool(true),
            };
            members.insert(name.clone(), other);
        }
        Damage::AnotherText => drop(members.insert(name.clone(), AttributeValue::S("?".to_owned()))),
    }
}

/// The ways to all attributes.
fn paths(value: &AttributeValue) -> Vec<Vec<String>> {
    match value {
        AttributeValue::M(members) => {
            let mut all = Vec::new();
            for (name, value) in members {
                all.push(vec![name.clone()]);
                all.extend(paths(value).into_iter().map(|rest| [vec![name.clone()], rest].concat()));
            }
            all.sort();
            all
        }
        AttributeValue::L(items) => items.first().map(paths).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The words of a key, without ids, days and numbers: they say of which kind an item is.
fn looks(item: &Item, keys: &[String]) -> String {
    let texts = keys.iter().map(|key| match &item[key] {
        AttributeValue::S(text) => text.clone(),
        other => format!("{other:?}"),
    });
    let word = |part: &str| {
        let is_word = part.chars().all(|c| c.is_ascii_lowercase() || "-_".contains(c));
        if is_word { part.to_owned() } else { "…".to_owned() }
    };
    texts.map(|text| text.split('#').map(word).collect::<Vec<_>>().join("#")).collect::<Vec<_>>().join(" ")
}

/// The tables of the template with the names of their keys, besides sealed sessions.
fn tables() -> BTreeMap<String, Vec<String>> {
    let tables = parse(TEMPLATE).unwrap().tables.into_iter().filter(|(name, _)| name != CONSOLE_TABLE_NAME);
    let keys = |table: Table| table.key_schema.into_iter().map(|key| key.attribute_name).collect();
    tables.map(|(name, table)| (name, keys(table))).collect()
}

async fn put(client: &Client, table: &str, item: Item) -> bool {
    client.put_item().table_name(table).set_item(Some(item)).send().await.is_ok()
}

/// Every damage of one item of each kind: the one with the most attributes.
async fn cases(client: &Client) -> Vec<Case> {
    let mut cases = Vec::new();
    for (table, keys) in tables() {
        let mut kinds: BTreeMap<String, Item> = BTreeMap::new();
        for item in client.scan().table_name(&table).send().await.unwrap().items() {
            let looks = looks(item, &keys);
            // Orders have ids of the shop's choice.
            let looks =
                if table == TABLE_NAME && !looks.starts_with('#') { "order".to_owned() } else { looks };
            let known = kinds.entry(looks).or_insert_with(|| item.clone());
            // The fuller one has more to damage.
            if paths(&AttributeValue::M(known.clone())).len() < paths(&AttributeValue::M(item.clone())).len()
            {
                known.clone_from(item);
            }
        }
        assert!(!kinds.is_empty(), "nothing is tried in the table {table}");
        for (looks, item) in kinds {
            for path in paths(&AttributeValue::M(item.clone())) {
                if path.len() == 1 && keys.contains(&path[0]) {
                    continue;
                }
                for damage in [Damage::Gone, Damage::OfAnotherType, Damage::AnotherText] {
                    let kind = (table.clone(), looks.clone());
                    cases.push(Case { kind, item: item.clone(), path: path.clone(), damage });
                }
            }
        }
    }
    cases
}

/// A stack with items of every kind.
async fn filled() -> Shop {
    let options = Options { samples: true, ..Options::default() };
    let mut shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    permissions::fills_every_table(&mut shop).await;
    // A report that lacks what it had before would fail without any damage.
    permissions::reports_have_the_deposits(&shop);
    // An account of another merchant.
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let store = DynamoDbSettlement::new(client, SETTLEMENT_TABLE_NAME.to_owned(), Retention::default());
    let other = Progress::new(MID, shop.stack.clock().now());
    store.note(&merchants::EXTERNAL.parse().unwrap(), &other).await.unwrap();
    for (function, _) in SCHEDULED {
        shop.stack.invoke_scheduled(function).await.unwrap();
    }
    shop
}

/// Every list that a merchant can read.
fn lists() -> Vec<String> {
    let routes = parse(TEMPLATE).unwrap().served().into_iter();
    let path = |key: &RouteKey| match key {
        RouteKey::Exact { method, path }
            if method == "GET" && path.starts_with("/v2/") && !path.contains('{') =>
        {
            Some(path.clone())
        }
        _ => None,
    };
    let mut paths: Vec<String> = routes.filter_map(|route| path(&route.key)).collect();
    paths.sort();
    paths
}

/// The data of lists; none where one is closed.
async fn shown(shop: &Shop, lists: &[String]) -> BTreeMap<String, Option<Value>> {
    let mut shown = BTreeMap::new();
    for path in lists {
        // A response with damaged data need not be as documented.
        let request = client().get(format!("{}{path}", shop.stack.url())).bearer_auth(shop.current_token());
        let answer = request.send().await.unwrap();
        let is_open = answer.status() == 200;
        let body: Value = answer.json().await.unwrap();
        shown.insert(path.clone(), is_open.then(|| body["data"].clone()));
    }
    shown
}

/// Runs every schedule. Returns those that did not end, or not with all others.
async fn stopped(shop: &Shop) -> Vec<String> {
    let mut stopped = Vec::new();
    for (function, _) in SCHEDULED {
        match shop.stack.invoke_scheduled(function).await {
            Err(error) => stopped.push(format!("{function}: {error}")),
            Ok(report) => {
                let number = |name: &str| report[name].as_u64().unwrap_or_default();
                // The one account whose item it is may wait.
                let may_wait = *function == "settlement" && number("read") > 0;
                if number("failed") > u64::from(may_wait) {
                    stopped.push(format!("{function}: {report}"));
                }
            }
        }
    }
    stopped
}

/// A merchant's people are one item: it refuses rather than says that there is nobody.
fn may_refuse(case: &Case, path: &str) -> bool {
    case.kind.0 == PEOPLE_TABLE_NAME && case.kind.1.ends_with(" people") && path == "/v2/people"
}

/// Some of them: one of each of some kinds of item.
fn sample(mut cases: Vec<Case>) -> Vec<Case> {
    if let Ok(table) = std::env::var("DAMAGE") {
        cases.retain(|case| case.kind.0.contains(&table));
        return cases;
    }
    let seed = usize::from(Uuid::new_v4().as_bytes()[0]);
    eprintln!("seed {seed}");
    let mut kinds: BTreeMap<Kind, Vec<Case>> = BTreeMap::new();
    for case in cases {
        kinds.entry(case.kind.clone()).or_default().push(case);
    }
    let mut sample: Vec<Case> = kinds
        .into_values()
        .enumerate()
        .map(|(n, mut of_kind)| of_kind.swap_remove((seed + n) % of_kind.len()))
        .collect();
    let first = seed % sample.len();
    sample.rotate_left(first);
    sample.truncate(SAMPLE);
    sample
}

#[tokio::test]
async fn one_bad_item_is_one_bad_row_in_every_table() {
    let shop = filled().await;
    let client = dynamodb_client(shop.stack.dynamodb_url());
    // One that needs parameters is closed without them.
    let mut before = shown(&shop, &lists()).await;
    before.retain(|_, shown| shown.is_some());
    let lists: Vec<String> = before.keys().cloned().collect();
    assert!(lists.len() > 12, "{lists:?}");
    let cases = cases(&client).await;
    let all = cases.len();
    let cases = sample(cases);
    eprintln!("{} of {all} damages", cases.len());
    let mut found = Vec::new();
    for case in cases {
        let table = &case.kind.0;
        if !put(&client, table, case.damaged()).await {
            // It is a key of an index.
            continue;
        }
        for (path, shown) in shown(&shop, &lists).await {
            if shown.is_none() && !may_refuse(&case, &path) {
                found.push(format!("{}: {path} is closed", case.says()));
            }
        }
        assert!(put(&client, table, case.item.clone()).await);
        let repaired = shown(&shop, &lists).await;
        // One says of which moment it is.
        let is_other = |path: &&String| *path != "/v2/me" && repaired[*path] != before[*path];
        let other = lists.iter().filter(is_other);
        found.extend(other.map(|path| format!("{}: {path} is another one", case.says())));
        // The effects of runs in between may show afterwards.
        assert!(put(&client, table, case.damaged()).await);
        found.extend(stopped(&shop).await.into_iter().map(|run| format!("{}: {run}", case.says())));
        assert!(put(&client, table, case.item.clone()).await);
        before = shown(&shop, &lists).await;
        let closed = before.iter().filter(|(_, shown)| shown.is_none());
        found.extend(closed.map(|(path, _)| format!("{}: {path} is closed after runs", case.says())));
    }
    assert!(found.is_empty(), "{} findings: {found:#?}", found.len());
    shop.close().await;
}
