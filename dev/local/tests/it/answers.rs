//! One answer: pages, the command, lists and files state the same of a payment.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use local::merchants;
use reqwest::header::ACCEPT;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{console::Visitor, shop::Shop};

/// How many payments of a state are compared.
const OF_A_STATE: usize = 8;

/// Compares payments of a month, in each of their states.
pub(crate) async fn are_the_same_everywhere(shop: &Shop) {
    let mut by_state = BTreeMap::<String, Vec<Value>>::new();
    // Those in doubt are in no list of a range.
    let mut all = shop.rows("/v2/transactions", &[("filter", "eq(state,not_known_yet)")]).await;
    all.extend(shop.rows("/v2/transactions", &[("page[limit]", "100")]).await);
    for row in all {
        let of_state = by_state.entry(row["meta"]["state"].as_str().unwrap().to_owned()).or_default();
        if of_state.len() < OF_A_STATE {
            of_state.push(row);
        }
    }
    let states: Vec<&str> = by_state.keys().map(String::as_str).collect();
    assert_eq!(
        states,
        [
            "declined",
            "disputed",
            "held",
            "lapsed",
            "not_known_yet",
            "paid",
            "partly_refunded",
            "refunded",
            "voided",
        ]
    );
    let rows: Vec<Value> = by_state.into_values().flatten().collect();
    assert!(rows.len() >= 40, "{}", rows.len());
    let cells = attention_by_file(shop).await;
    let listed = attention_by_list(shop).await;
    let mut visitor = Visitor::new(&shop.stack, merchants::MONTH);
    assert_eq!(visitor.sign_in("eve").await.status, 200);
    for row in &rows {
        let payment = Stated::of(shop, row).await;
        payment.is_listed_so(row, &cells, &listed);
        payment.is_shown_so(&mut visitor).await;
        payment.is_printed_so(shop).await;
    }
}

/// The codes of each payment that needs attention, as a file has them.
async fn attention_by_file(shop: &Shop) -> BTreeMap<String, String> {
    let url = format!("{}/v2/transactions?page[limit]=100", shop.stack.url());
    let mut cells = BTreeMap::new();
    let mut next = Some(url);
    while let Some(url) = next {
        let request = shop.client().get(&url).bearer_auth(shop.current_token()).header(ACCEPT, "text/csv");
        let response = request.send().await.unwrap();
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        let mut lines = csv::Reader::from_reader(text.as_bytes());
        let names = lines.headers().unwrap().clone();
        let place = |name: &str| names.iter().position(|one| one == name).unwrap();
        let (id, needs) = (place("transaction"), place("needs_attention"));
        for line in lines.records().map(Result::unwrap) {
            cells.insert(line[id].to_owned(), line[needs].to_owned());
        }
        let query = link.and_then(|link| Some(link.split_once('?')?.1.split_once('>')?.0.to_owned()));
        next = query.map(|query| format!("{}/v2/transactions?{query}", shop.stack.url()));
    }
    cells
}

/// The payments that need attention, each with its reasons.
async fn attention_by_list(shop: &Shop) -> BTreeMap<String, Value> {
    let rows = shop.rows("/v2/attention", &[]).await;
    let rows = rows
        .into_iter()
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row["meta"]["needs_attention"].clone()));
    rows.collect()
}

/// The answers of a payment's own address.
struct Stated {
    order: String,
    id: String,
    data: Value,
}

impl Stated {
    async fn of(shop: &Shop, row: &Value) -> Self {
        let order = row["relationships"]["order"]["data"]["id"].as_str().unwrap().to_owned();
        let id = row["id"].as_str().unwrap().to_owned();
        let data = shop.get(&format!("/v2/orders/{order}/transactions/{id}")).await.data(200).clone();
        let receipt = shop.get(&format!("/v2/orders/{order}/transactions/{id}/receipt")).await;
        let is_there = data["meta"]["receipt"]["available"].as_bool().unwrap();
        assert_eq!(receipt.status, if is_there { 200 } else { 404 }, "{data:#}");
        if !is_there {
            let why = &receipt.error(404, "no_receipt")["meta"]["why"];
            assert_eq!(*why, data["meta"]["receipt"]["why"]);
        }
        Self { order, id, data }
    }

    fn meta(&self) -> &Value {
        &self.data["meta"]
    }

    /// The codes of its reasons for attention.
    fn codes(&self) -> Vec<&str> {
        let reasons = self.meta()["needs_attention"].as_array().unwrap();
        reasons.iter().map(|reason| reason["code"].as_str().unwrap()).collect()
    }

    /// By lists, which do not know the settlement, and files.
    fn is_listed_so(&self, row: &Value, cells: &BTreeMap<String, String>, listed: &BTreeMap<String, Value>) {
        assert_eq!(row["meta"]["needs_attention"], self.meta()["needs_attention"], "{row:#}");
        if let Some(cell) = cells.get(&self.id) {
            assert_eq!(*cell, self.codes().join(" "));
        } else {
            assert_eq!(row["meta"]["state"], "not_known_yet");
        }
        let needs = listed.get(&self.id).cloned().unwrap_or(json!([]));
        assert_eq!(needs, self.meta()["needs_attention"], "{row:#}");
        let steps = |of: &Value| -> BTreeSet<String> {
            of.as_array().unwrap().iter().map(|step| step.as_str().unwrap().to_owned()).collect()
        };
        let (own, mut in_list) = (steps(&self.data["next_actions"]), steps(&row["next_actions"]));
        if self.meta()["possible"]["settlement"] == "settled" {
            in_list.remove("cancel");
        }
        assert_eq!(own, in_list, "{:#}", self.data);
        for step in ["capture", "refund", "cancel", "reauthorize"] {
            let is_advised = self.meta()["possible"][step]["advised"].as_bool().unwrap();
            assert_eq!(own.contains(step), is_advised, "{step}: {:#}", self.data);
        }
    }

    /// By the page of a person with every right.
    async fn is_shown_so(&self, visitor: &mut Visitor) {
        let path = visitor.path(&format!("payments/{}/{}", self.order, self.id));
        let page = visitor.get(&path).await;
        assert_eq!(page.status, 200);
        let html = page.html.replace("&#39;", "'").replace("&#38;", "&");
        for (act, step) in [("capture", "capture"), ("refund", "refund"), ("void", "cancel")] {
            let is_possible = self.meta()["possible"][step]["possible"].as_bool().unwrap();
            let has_form = html.contains(&format!("href=\"{path}/{act}\""));
            assert_eq!(has_form, is_possible, "{act}: {:#}", self.data);
        }
        let has_receipt = html.contains(&format!("href=\"{path}/receipt\""));
        assert_eq!(json!(has_receipt), self.meta()["receipt"]["available"], "{:#}", self.data);
        for reason in self.meta()["needs_attention"].as_array().unwrap() {
            assert!(html.contains(reason["advice"].as_str().unwrap()), "{reason}: {html}");
        }
        let notices = html.matches("<section class=\"message").count();
        // Two notices of a decline: for the customer, and for the reader.
        let after_decline = if self.meta()["state"] == "declined" { 2 } else { 0 };
        assert_eq!(notices, self.codes().len() + after_decline, "{html}");
    }

    /// By the command.
    async fn is_printed_so(&self, shop: &Shop) {
        let (shown, receipt) = tokio::join!(self.command(shop, "show"), self.command(shop, "receipt"));
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let answers = &shown["answers"][0];
        for name in ["possible", "needs_attention", "receipt", "money"] {
            assert_eq!(answers[name], self.meta()[name], "{name}: {shown:#}");
        }
        assert_eq!(answers["next_actions"], self.data["next_actions"]);
        assert_eq!(json!(receipt.status.success()), self.meta()["receipt"]["available"], "{receipt:?}");
    }

    async fn command(&self, shop: &Shop, what: &str) -> std::process::Output {
        let program = Path::new(env!("CARGO_BIN_EXE_local")).with_file_name("tollgate");
        let mut command = Command::new(program);
        command.args(["payment", what, merchants::MONTH, &self.order, &self.id, "--json"]);
        command.arg(format!("--local={}", shop.stack.url())).output().await.unwrap()
    }
}
