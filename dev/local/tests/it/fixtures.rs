//! Responses of today, which `shared/wire/fixtures` keeps: its types read them, and the console
//! shows them. `WRITE_EXPECTED=1` writes them anew, to be read.

mod at_elastic_path;
mod compact;
mod coverage;
mod doubt;
mod month;
mod people;
mod sold;
mod surcharged;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::shop::{Answer, Shop};

/// The texts in the place of secrets, by the name of their member. No fixture has a secret.
const MADE_UP: [(&str, &str); 3] = [
    ("access_token", "a-token-that-opens-nothing"),
    ("proposal", "a-proposal.that-nothing-signed"),
    ("secret", "a-secret-of-43-characters-that-opens-nothin"),
];

/// Bodies of responses, by the name of their file.
#[derive(Default)]
struct Fixtures(BTreeMap<String, Value>);

impl Fixtures {
    /// Those that the repository has of this version.
    fn kept() -> Self {
        let files = fs::read_dir(folder()).expect("WRITE_EXPECTED=1 records this version's responses");
        let files = files.map(|file| file.unwrap().path());
        let read = |file: PathBuf| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap())
        };
        Self(files.map(read).collect())
    }

    /// Keeps a body under a name, which begins with its kind.
    fn keep(&mut self, name: &str, mut body: Value) {
        hide_secrets(&mut body);
        assert!(self.0.insert(name.to_owned(), body).is_none(), "{name} is there twice");
    }

    /// Reads this address, which has to succeed.
    async fn get(&mut self, shop: &Shop, name: &str, path: &str) -> Value {
        let answer = shop.get(path).await;
        answer.data(200);
        self.keep(name, answer.body.clone());
        answer.body
    }

    /// A transaction under its own address.
    async fn transaction(&mut self, shop: &Shop, name: &str, order: &str, id: &str) {
        self.get(shop, &format!("transaction-{name}"), &path_of(order, id)).await;
    }

    fn refused(&mut self, name: &str, answer: &Answer, code: &str) {
        answer.error(answer.status.as_u16(), code);
        self.keep(&format!("error-{name}"), answer.body.clone());
    }
}

fn path_of(order: &str, id: &str) -> String {
    format!("/v2/orders/{order}/transactions/{id}")
}

fn folder() -> PathBuf {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/wire/fixtures");
    PathBuf::from(fixtures).join(env!("CARGO_PKG_VERSION"))
}

fn hide_secrets(body: &mut Value) {
    match body {
        Value::Object(members) => {
            for (name, made_up) in MADE_UP {
                if let Some(value) = members.get_mut(name) {
                    *value = json!(made_up);
                }
            }
            members.values_mut().for_each(hide_secrets);
        }
        Value::Array(items) => items.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

/// The ways to all members; items of a list have the same.
fn members(body: &Value) -> BTreeSet<String> {
    match body {
        Value::Object(all) => {
            let within = |(name, value): (&String, &Value)| {
                let own = std::iter::once(name.clone());
                own.chain(members(value).into_iter().map(move |rest| format!("{name}.{rest}")))
                    .collect::<Vec<_>>()
            };
            all.iter().flat_map(within).collect()
        }
        Value::Array(items) => items.iter().flat_map(members).collect(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test]
async fn the_responses_that_are_kept_have_the_members_of_todays_responses() {
    let mut recorded = Fixtures::default();
    month::record(&mut recorded).await;
    sold::record(&mut recorded).await;
    people::record(&mut recorded).await;
    doubt::record(&mut recorded).await;
    surcharged::record(&mut recorded).await;
    at_elastic_path::record(&mut recorded).await;
    if env::var_os("WRITE_EXPECTED").is_some() {
        // A response that is not recorded any more has no file either.
        fs::remove_dir_all(folder()).ok();
        fs::create_dir_all(folder()).unwrap();
        for (name, body) in &recorded.0 {
            fs::write(folder().join(format!("{name}.json")), compact::written(body)).unwrap();
        }
        return;
    }
    let of = |fixtures: &Fixtures| -> BTreeMap<String, BTreeSet<String>> {
        fixtures.0.iter().map(|(name, body)| (name.clone(), members(body))).collect()
    };
    let (now, kept) = (of(&recorded), of(&Fixtures::kept()));
    let names = now.keys().chain(kept.keys()).collect::<BTreeSet<_>>();
    let differences = names.into_iter().filter(|name| now.get(*name) != kept.get(*name)).map(|name| {
        let [now, kept] = [&now, &kept].map(|all| all.get(name).cloned().unwrap_or_default());
        format!("{name}: only now {:?}, only kept {:?}", &now - &kept, &kept - &now)
    });
    let differences = differences.collect::<Vec<_>>();
    assert!(differences.is_empty(), "WRITE_EXPECTED=1 writes them anew: {differences:#?}");
}
