//! Responses as they were sent are read into their types, and written again as the same JSON: no
//! member has another name, and none is lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tollgate_wire::{
    AttentionPage, Deposit, DepositBody, DepositPageMeta, Errors, ExceptionPageMeta, Me, MonthBody,
    Outstanding, OutstandingPageMeta, Page, Readable, Receipt, SettlementException, Single, Token, Totals,
    Transaction, TransactionPage, TransactionSettlement,
};

/// Members whose names are values of the merchant's.
const FREE_FORM: &str = "metadata";

/// The fixtures of all versions that have some, by version and name.
fn fixtures() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let versions = fs::read_dir(folder).unwrap().map(|version| version.unwrap().path());
    let files = versions.flat_map(|version| fs::read_dir(version).unwrap()).map(|file| file.unwrap().path());
    let read = |file: std::path::PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    };
    files.map(read).collect()
}

/// The body after it was read into its type and written again.
fn again(name: &str, body: &Value) -> Value {
    fn as_type<T: DeserializeOwned + Serialize>(body: &Value) -> serde_json::Result<Value> {
        serde_json::from_str::<T>(&body.to_string()).and_then(serde_json::to_value)
    }
    let written = match name.split('-').next().unwrap_or_default() {
        "attention" => as_type::<AttentionPage>(body),
        "deposit" => as_type::<DepositBody>(body),
        "deposits" => as_type::<Page<Readable<Deposit>, DepositPageMeta>>(body),
        "error" => as_type::<Errors>(body),
        "exception" => as_type::<Single<SettlementException>>(body),
        "exceptions" => as_type::<Page<Readable<SettlementException>, ExceptionPageMeta>>(body),
        "me" => as_type::<Single<Me>>(body),
        "month" => as_type::<MonthBody>(body),
        "outstanding" => as_type::<Page<Outstanding, OutstandingPageMeta>>(body),
        "receipt" => as_type::<Single<Receipt>>(body),
        "settlement" => as_type::<Single<TransactionSettlement>>(body),
        "token" => as_type::<Token>(body),
        "totals" => as_type::<Totals>(body),
        "transaction" => as_type::<Single<Transaction>>(body),
        "transactions" => as_type::<TransactionPage>(body),
        _ => panic!("{name}: of which type?"),
    };
    written.unwrap_or_else(|why| panic!("{name} cannot be read: {why}"))
}

/// The same body of a newer version, which has a further member in every object.
fn newer(body: &Value) -> Value {
    match body {
        Value::Object(members) => {
            let newer = |(name, value): (&String, &Value)| {
                (name.clone(), if name == FREE_FORM { value.clone() } else { newer(value) })
            };
            let further = ("of_tomorrow".to_owned(), json!({"a": [1]}));
            Value::Object(members.iter().map(newer).chain([further]).collect())
        }
        Value::Array(items) => items.iter().map(newer).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_response_is_read_and_written_as_the_same() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 30, "{}", fixtures.len());
    for (name, body) in fixtures {
        assert_eq!(again(&name, &body), body, "{name}");
    }
}

#[test]
fn a_response_of_a_newer_version_is_read_as_far_as_it_is_known() {
    for (name, body) in fixtures() {
        assert_eq!(again(&name, &newer(&body)), body, "{name}");
    }
}
