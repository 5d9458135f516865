//! The checks that change nothing.

use std::process::Command;

use secrecy::ExposeSecret as _;
use tollgate::secrets_manager::SecretKind;
use tollgate_core::{
    order::MerchantId,
    payments::{Merchant, MerchantKey},
};

use super::{Check, Mark, shop::shop};
use crate::{
    aws::{Aws, Table},
    confirm::mode,
    failure::Failure,
    gateway::MidFee,
    installation::Installation,
    merchant::{self, CheckedMid, Document, check_gateway, surcharging},
};

/// The oldest compiler that builds the workspace.
const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");

/// Fewer characters than this in a key are worth a warning: 20 hexadecimal digits are 80 bits.
const KEY_ADVISED_CHARS: usize = 20;

/// The indexes that `reconcile`, `scheduled-capture` and `transactions` read, and their keys.
const INDEXES: [(&str, [&str; 2]); 5] = [
    ("in-doubt", ["in_doubt_shard", "in_doubt_at"]),
    ("captures-due", ["capture_shard", "capture_due_at"]),
    ("attention", ["gp", "ga"]),
    ("captures", ["gp", "gc"]),
    ("listed", ["ls", "ld"]),
];

/// The programs for building and deploying. The commands run without them, so a missing one is a
/// note.
pub(crate) fn tools() -> Vec<Check> {
    let tools = [
        ("rustc", &["rustc", "--version"][..], "rustup.rs installs it"),
        (
            "cargo-lambda",
            &["cargo", "lambda", "--version"][..],
            "`sam build` needs it: pip install cargo-lambda",
        ),
        ("sam", &["sam", "--version"][..], "deploying needs it: pip install aws-sam-cli"),
    ];
    tools.into_iter().map(|(name, command, hint)| tool(name, command, hint)).collect()
}

fn tool(name: &str, command: &[&str], hint: &str) -> Check {
    let (program, arguments) = command.split_first().unwrap_or((&name, &[]));
    let output = Command::new(program).args(arguments).env("SAM_CLI_TELEMETRY", "0").output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        return Check::new(name, Mark::Note, format!("not there; {hint}"));
    };
    let said = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned();
    let is_old = name == "rustc" && version(&said) < version(RUST_VERSION);
    if is_old {
        return Check::new(
            name,
            Mark::Note,
            format!("{said}; the workspace needs {RUST_VERSION}: rustup update"),
        );
    }
    Check::new(name, Mark::Good, said)
}

/// The numbers of the first word that begins with a digit.
fn version(text: &str) -> Vec<u32> {
    let word = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    word.unwrap_or_default().split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}

pub(crate) async fn identity(installation: &Installation, aws: &Aws) -> Check {
    if installation.is_local {
        return Check::new("AWS identity", Mark::Good, "the local stack, no account");
    }
    let identity = aws.identity().await;
    let found = identity.map(|who| format!("account {}, {}, {}", who.account, who.arn, installation.region));
    Check::of("AWS identity", found)
}

pub(crate) async fn table(installation: &Installation, aws: &Aws) -> Check {
    let name = match installation.table() {
        Ok(name) => name,
        Err(failure) => return Check::of("table", Err(failure)),
    };
    let table = aws.table(name).await.and_then(|table| {
        let wrong = wrong_with(&table);
        if wrong.is_empty() {
            let indexes: Vec<_> = table.indexes.iter().map(|index| index.name.as_str()).collect();
            return Ok(format!("active, key order_key, indexes {}", indexes.join(", ")));
        }
        Err(Failure::Refused(format!(
            "{}; template.yaml declares it, `sam deploy` makes it",
            wrong.join("; ")
        )))
    });
    Check::of(format!("table {name}"), table)
}

fn wrong_with(table: &Table) -> Vec<String> {
    let mut wrong = Vec::new();
    if !table.is_active {
        wrong.push("it is not active".to_owned());
    }
    if table.key != ["order_key"] {
        wrong.push(format!("its key is {}", table.key.join(", ")));
    }
    for (name, key) in INDEXES {
        match table.indexes.iter().find(|index| index.name == name) {
            None => wrong.push(format!("it has no index {name}")),
            Some(index) if !index.is_active => wrong.push(format!("the index {name} is not active yet")),
            Some(index) if index.key != key => {
                wrong.push(format!("the key of the index {name} is {}", index.key.join(", ")));
            }
            Some(_) => {}
        }
    }
    // A restored table has none at first.
    if !table.has_stream {
        wrong.push("it has no stream with new and old images, which journal and events need".to_owned());
    }
    wrong
}

/// Where merchants' secrets are looked for. It is no error that this was not said, unless some are
/// looked for.
pub(crate) fn secrets(installation: &Installation, named: &[MerchantId]) -> Check {
    match installation.of_secrets(SecretKind::Merchants) {
        Ok(at) => Check::new("secrets", Mark::Good, format!("of merchants: {at}")),
        Err(failure) => {
            Check::new("secrets", if named.is_empty() { Mark::Note } else { Mark::Bad }, failure.text())
        }
    }
}

/// The merchants that were named, or all that the installation tells of.
pub(crate) async fn merchants(installation: &Installation, aws: &Aws, named: &[MerchantId]) -> Vec<Check> {
    let ids = if named.is_empty() { &installation.merchants } else { named };
    if ids.is_empty() {
        let found = "none was looked at; name them with --merchant";
        return vec![Check::new("merchants", Mark::Note, found)];
    }
    let mut checks = Vec::new();
    if installation.prefix(SecretKind::Merchants).is_err() {
        return checks;
    }
    for id in ids {
        let document = merchant::read(aws, id).await;
        let secret = match &document {
            Ok(document) => {
                let route = document.merchant.gateway.any_route();
                let (mode, currencies) = (mode(&route), currencies(document));
                Ok(format!("readable, {mode} account at {} for {currencies}", route.endpoint))
            }
            Err(failure) => Err(failure.clone()),
        };
        checks.push(Check::of(format!("merchant {id}"), secret));
        if let Ok(document) = document {
            checks.extend(warnings(id, &document));
            let gateway = check_gateway(&document, &installation.hosts.gateways).await;
            let surcharges = gateway.as_ref().ok().and_then(|mids| surcharges(id, &document, mids));
            let texts = |mids: Vec<CheckedMid>| mids.iter().map(CheckedMid::text).collect::<Vec<_>>();
            checks.push(Check::of(format!("gateway of {id}"), gateway.map(|mids| texts(mids).join("; "))));
            checks.extend(surcharges);
            checks.extend(shop(installation, id, &document.merchant).await);
        }
    }
    checks
}

/// Whether the document lists the MIDs that add a surcharge, and no others; none where there are
/// none.
fn surcharges(id: &MerchantId, document: &Document, checked: &[CheckedMid]) -> Option<Check> {
    let (adding, listed) = (surcharging(checked), &document.merchant.policy.surcharging);
    let missing: Vec<&str> =
        adding.iter().copied().filter(|merchid| !listed.iter().any(|own| own == merchid)).collect();
    // The document is believed about a MID on which the gateway says nothing.
    let adds_nothing =
        |own: &&String| checked.iter().any(|one| one.merchid == **own && one.mid.fee == MidFee::None);
    let needless: Vec<&str> = listed.iter().filter(adds_nothing).map(String::as_str).collect();
    let (mark, found) = if !missing.is_empty() {
        let found = format!(
            "the gateway adds a surcharge at {}, which gateway.surcharging_merchids does not list: payments without a \
             postal code are declined there, and previews say that nothing is added",
            missing.join(", ")
        );
        (Mark::Bad, found)
    } else if !needless.is_empty() {
        let found = format!(
            "gateway.surcharging_merchids lists {}, where the gateway adds nothing: payments need a postal code there, and \
             previews fail",
            needless.join(", ")
        );
        (Mark::Note, found)
    } else if listed.is_empty() {
        return None;
    } else {
        (Mark::Good, format!("added at {}, as the document says", listed.join(", ")))
    };
    Some(Check::new(format!("surcharges of {id}"), mark, found))
}

/// Members that nothing reads, keys that can be guessed, white space around credentials, and a
/// merchant that is disabled.
fn warnings(id: &MerchantId, document: &Document) -> Vec<Check> {
    let merchant = &document.merchant;
    let mut checks = Vec::new();
    let ignored = document.ignored().into_iter();
    checks.extend(ignored.map(|found| Check::new(format!("members of {id}"), Mark::Note, found)));
    let shortest = merchant.keys.iter().map(MerchantKey::chars).min().unwrap_or_default();
    if shortest < KEY_ADVISED_CHARS {
        let has_names = merchant.keys.iter().any(|key| key.name.is_some());
        let command = if has_names { "key add" } else { "rotate-key" };
        let found = format!(
            "a key has {shortest} characters, and at least {KEY_ADVISED_CHARS} are advised; `tollgate merchant \
             {command} {id}` makes a longer one"
        );
        checks.push(Check::new(format!("keys of {id}"), Mark::Note, found));
    }
    let blank = with_blank_ends(merchant);
    if !blank.is_empty() {
        let found = format!(
            "begin or end with white space, which is part of them and often comes from copying: {}",
            blank.join(", ")
        );
        checks.push(Check::new(format!("white space of {id}"), Mark::Note, found));
    }
    if merchant.disabled {
        let found = "it is disabled: its document refuses all its requests; remove the member `disabled`";
        checks.push(Check::new(format!("state of {id}"), Mark::Note, found));
    }
    checks
}

/// The members that begin or end with white space, never their values.
fn with_blank_ends(merchant: &Merchant) -> Vec<String> {
    let is_blank = |text: &str| text.trim() != text;
    let keys = merchant.keys.iter().filter(|key| is_blank(key.secret.expose_secret()));
    let mut members: Vec<String> = keys
        .map(|key| {
            key.name.as_ref().map_or("a key without a name".to_owned(), |name| format!("the key {name}"))
        })
        .collect();
    let gateway = &merchant.gateway;
    let credentials =
        [("username", gateway.username.as_str()), ("password", gateway.password.expose_secret())];
    let blank = credentials.into_iter().filter(|(_, text)| is_blank(text));
    members.extend(blank.map(|(name, _)| format!("gateway.{name}")));
    let of_shop = merchant.shop.iter().flat_map(|shop| &shop.keys);
    if of_shop.clone().any(|key| is_blank(&key.client_id) || is_blank(key.client_secret.expose_secret())) {
        members.push("elastic_path.keys".to_owned());
    }
    members
}

fn currencies(document: &Document) -> String {
    document.routes().iter().map(|(currency, _)| currency.code()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Index;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(version("rustc 1.94.1 (e408947bf 2026-03-25)") >= version("1.94.1"));
        assert!(version("rustc 1.100.0-nightly") > version("1.94.1"));
        assert!(version("rustc 1.94.0") < version("1.94.1"));
    }

    #[test]
    fn an_index_or_a_stream_that_is_missing_building_or_keyed_otherwise_is_named() {
        let index = |name: &str, key: [&str; 2]| Index {
            name: name.to_owned(),
            is_active: true,
            key: key.map(str::to_owned).to_vec(),
        };
        let good = || Table {
            is_active: true,
            key: vec!["order_key".to_owned()],
            indexes: INDEXES.map(|(name, key)| index(name, key)).into(),
            has_stream: true,
        };
        assert!(wrong_with(&good()).is_empty());
        let mut table = good();
        table.indexes.pop();
        assert_eq!(wrong_with(&table), ["it has no index listed"]);
        let restored = Table { has_stream: false, ..good() };
        let no_stream = "it has no stream with new and old images, which journal and events need";
        assert_eq!(wrong_with(&restored), [no_stream]);
        let mut table = good();
        table.indexes[0].is_active = false;
        table.indexes[1].key.reverse();
        table.is_active = false;
        assert_eq!(wrong_with(&table).len(), 3);
    }
}
