//! Every mark of the pages has a source that exists: its heading, schema, member or date is in the
//! index of the vendor's documents, and every setting has a row with a source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::harness::{MID, start};

const GATEWAY: &str = include_str!("../../../docs/cardpointe.md");
const UNSTATED: &str = include_str!("../../../docs/unstated.md");
const BEHAVIOR: &str = include_str!("../../docs/behavior.md");
const CONTROL: &str = include_str!("../../docs/control.md");
const REPORTS: &str = include_str!("../../docs/reports.md");
/// The kit's probes, as they are written.
const PROBES: &str = concat!(
    include_str!("../../src/conformance/probes.rs"),
    include_str!("../../src/conformance/probes/settled.rs")
);

static INDEX: LazyLock<Index> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/sources.json")).unwrap());

/// The names that may be cited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    #[serde(rename = "repository")]
    _repository: String,
    documents: Vec<Document>,
    observed: Vec<Observed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    path: String,
    year: u16,
    #[serde(default)]
    headings: Vec<String>,
    #[serde(default)]
    dates: Vec<String>,
    /// Of the API: each path with its methods and parameters.
    #[serde(default)]
    paths: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    schemas: BTreeMap<String, Vec<String>>,
    /// Schemas without members; processors.
    #[serde(default)]
    names: Vec<String>,
    /// Codes of the gateway's own processor.
    #[serde(default)]
    gateway_codes: Vec<String>,
}

/// A client or a recording.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Observed {
    name: String,
    of: String,
    #[serde(rename = "commit")]
    _commit: Option<String>,
    year: Option<u16>,
}

impl Document {
    /// Whether a name is one of its paths, schemas, members or other names.
    fn has_name(&self, name: &str) -> bool {
        if let Some((schema, member)) = name.split_once('.') {
            return self.schemas.get(schema).is_some_and(|members| members.iter().any(|one| one == member));
        }
        let members = self.schemas.values().flatten();
        self.paths.contains_key(name)
            || self.schemas.contains_key(name)
            || self.names.iter().chain(members).any(|one| one == name)
    }
}

/// A part of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece<'a> {
    /// A document or a client, by its short name.
    Source(&'a str),
    Heading(&'a str),
    Name(&'a str),
    Date(&'a str),
    /// The letter D or O.
    Mark(&'a str),
    /// The word before the names of settings.
    Settings,
}

/// The parts of a text, in its order.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    for (turn, part) in text.split('`').enumerate() {
        if turn % 2 == 1 {
            found.push(Piece::Name(part));
            continue;
        }
        for (turn, part) in part.split('*').enumerate() {
            if turn % 2 == 1 && !part.is_empty() {
                found.push(Piece::Heading(part));
            } else {
                plain(part, &mut found);
            }
        }
    }
    found
}

/// Marks, dates and short names of a text without code and headings.
fn plain<'a>(text: &'a str, found: &mut Vec<Piece<'a>>) {
    let documents = INDEX.documents.iter().map(|document| &document.name);
    let sources: Vec<_> = documents.chain(INDEX.observed.iter().map(|client| &client.name)).collect();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        rest = &rest[start..];
        let is_word = |name: &str| {
            rest.strip_prefix(name).is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric()))
        };
        let source = sources.iter().filter(|name| is_word(name)).max_by_key(|name| name.len());
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(rest.len());
        let (word, length) = (&rest[..length], source.map_or(length, |name| name.len()));
        if source.is_some() {
            found.push(Piece::Source(&rest[..length]));
        } else if word.bytes().filter(|byte| *byte == b'/').count() == 2 {
            found.push(Piece::Date(word));
        } else if ["D", "O"].contains(&word) {
            found.push(Piece::Mark(word));
        } else if ["setting", "settings"].contains(&word) {
            found.push(Piece::Settings);
        }
        rest = &rest[length..];
    }
}

/// A row or a sentence, with what is wrong about its sources.
#[derive(Default)]
struct Checked {
    documents: usize,
    clients: usize,
    faults: Vec<String>,
}

/// Compares the sources of a text with the index.
fn checked(text: &str, settings: &BTreeSet<String>) -> Checked {
    let mut checked = Checked::default();
    let all = pieces(text);
    for (place, piece) in all.iter().enumerate() {
        let is_item = |piece: &&Piece| matches!(piece, Piece::Heading(_) | Piece::Name(_) | Piece::Date(_));
        let items: Vec<_> = all[place + 1..].iter().take_while(is_item).collect();
        match piece {
            Piece::Settings => checked.faults.extend(items.iter().filter_map(|item| match item {
                Piece::Name(name) if settings.contains(*name) => None,
                other => Some(format!("{other:?} is no setting")),
            })),
            Piece::Source(name) => match INDEX.documents.iter().find(|document| document.name == *name) {
                Some(document) => {
                    checked.documents += 1;
                    checked.faults.extend(faults(document, &items));
                }
                None => checked.clients += 1,
            },
            _ => {}
        }
    }
    checked
}

/// Items that a document does not have, or that it is cited without any.
fn faults(document: &Document, items: &[&Piece]) -> Vec<String> {
    let is_there = |item: &&&Piece| match item {
        // A quoted word is the value of a setting.
        Piece::Name(name) => name.starts_with('"') || document.has_name(name),
        Piece::Heading(heading) => document.headings.iter().any(|one| one == heading),
        Piece::Date(date) => document.dates.iter().any(|one| one == date),
        _ => false,
    };
    if items.is_empty() {
        return vec![format!("{} is cited without a heading, a name or a date", document.name)];
    }
    let missing = items.iter().filter(|item| !is_there(item));
    missing.map(|item| format!("{} has no {item:?}", document.name)).collect()
}

/// A row of a table, with the column's name of each cell.
struct Row {
    line: String,
    cells: Vec<(String, String)>,
}

impl Row {
    fn cell(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, text)| text.as_str())
    }

    fn has_mark(&self, mark: &str) -> bool {
        self.cells.iter().any(|(_, text)| pieces(text).contains(&Piece::Mark(mark)))
    }
}

/// The rows of all tables of a page, except of the one that explains the marks.
fn rows(page: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().strip_prefix('|').unwrap().strip_suffix('|').unwrap();
        inner.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let mut header: Vec<String> = Vec::new();
    let mut found = Vec::new();
    let lines: Vec<_> = page.lines().collect();
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with('|')) {
        if lines.get(place + 1).is_some_and(|next| next.starts_with("|---")) {
            header = cells(line);
        } else if !line.starts_with("|---") && header[0] != "mark" {
            let cells = header.iter().cloned().zip(cells(line)).collect();
            found.push(Row { line: (*line).to_owned(), cells });
        }
    }
    found
}

/// The texts in parentheses that begin with a mark, outside of tables.
fn in_prose(page: &str) -> Vec<String> {
    let lines = page.lines().filter(|line| !line.starts_with('|'));
    let text = lines.collect::<Vec<_>>().join(" ");
    let parts = ["(D,", "(O,"].map(|start| text.match_indices(start).map(|(at, _)| at).collect::<Vec<_>>());
    let end = |at: usize| {
        let mut depth = 0;
        text[at..].find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            depth == 0
        })
    };
    parts.concat().into_iter().map(|at| text[at..at + end(at).unwrap()].to_owned()).collect()
}

/// The names of the simulator's settings.
async fn settings() -> BTreeSet<String> {
    let gateway = start().await;
    let request = gateway.control(Method::GET, &format!("/merchants/{MID}"));
    let settings: Value = request.send().await.unwrap().json().await.unwrap();
    settings.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_index_gives_each_source_a_place_and_a_year() {
    let names: BTreeSet<_> = INDEX.documents.iter().map(|document| &document.name).collect();
    assert_eq!(names.len(), INDEX.documents.len(), "two of one name");
    for document in &INDEX.documents {
        assert!(document.path.contains('/') && document.year >= 2024, "{}", document.name);
        let citable = [document.headings.len(), document.dates.len(), document.schemas.len()];
        assert!(citable.iter().sum::<usize>() > 0, "{}", document.name);
    }
    for client in &INDEX.observed {
        assert!(!client.of.is_empty(), "{}", client.name);
        let undated = ["Resellers", "Elixir client"].contains(&client.name.as_str());
        assert!(undated != client.year.is_some() && GATEWAY.contains(&client.name), "{}", client.name);
    }
}

#[tokio::test]
async fn every_source_of_a_page_is_in_the_index() {
    let settings = settings().await;
    let mut wrong = Vec::new();
    let mut citations = 0;
    let pages = [GATEWAY, UNSTATED, BEHAVIOR, CONTROL, REPORTS];
    let sources = pages.iter().flat_map(|page| {
        let rows = rows(page).into_iter().filter_map(|row| Some((row.cell("source")?.to_owned(), row.line)));
        rows.chain(in_prose(page).into_iter().map(|text| (text.clone(), text)))
    });
    for (source, place) in sources {
        let checked = checked(&source, &settings);
        citations += checked.documents + checked.clients;
        wrong.extend(checked.faults.into_iter().map(|fault| format!("{place}\n    {fault}")));
    }
    assert!(citations > 200, "{citations}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_row_that_is_documented_or_observed_cites_a_source() {
    let settings = settings().await;
    let mut wrong = Vec::new();
    let section = |heading: &str| BEHAVIOR.split_once(heading).unwrap().1.split("\n## ").next().unwrap();
    let marked = [GATEWAY, UNSTATED, CONTROL, REPORTS].into_iter().flat_map(rows);
    let marked = marked.map(|row| (row.has_mark("D"), row.has_mark("O"), row));
    let documented = rows(section("## Documented\n")).into_iter().map(|row| (true, false, row));
    let observed = rows(section("## Observed\n")).into_iter().map(|row| (false, true, row));
    for (documented, observed, row) in marked.chain(documented).chain(observed) {
        let checked = checked(row.cell("source").unwrap_or_default(), &settings);
        if (documented && checked.documents == 0) || (observed && checked.clients == 0) {
            wrong.push(row.line);
        }
    }
    assert!(wrong.is_empty(), "without a source:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_setting_has_one_row_with_a_source() {
    let mut missing = settings().await;
    for row in [CONTROL, REPORTS].into_iter().flat_map(rows) {
        let Some(named) = row.cell("setting") else { continue };
        assert!(!row.cell("source").unwrap().is_empty(), "{}", row.line);
        for piece in pieces(named) {
            let Piece::Name(name) = piece else { panic!("{}", row.line) };
            assert!(missing.remove(name), "{name} is no setting, or is there twice");
            let mark = row.cell("mark").unwrap();
            let is_unstated = mark.contains('I') || mark.contains('?');
            let is_there = UNSTATED.contains(&format!("`{name}`"));
            let is_reports = !CONTROL.contains(&row.line);
            assert!(!is_unstated || is_there || is_reports, "docs/unstated.md does not name {name}");
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

/// Each row names faults, settings and members of alterations that exist, and probes of the kit.
#[tokio::test]
async fn what_no_source_states_can_be_varied_and_probed() {
    let mut known = settings().await;
    let (_, error) = start().await.post_control("/faults", json!({ "endpoint": "*", "fault": "?" })).await;
    let faults = error["error"].as_str().unwrap().strip_prefix("fault: one of ").unwrap();
    known.extend(faults.split(", ").map(str::to_owned));
    known.extend(["set", "twice", "record", "foreign"].map(str::to_owned));
    let mut count = 0;
    for row in rows(UNSTATED) {
        let (Some(varied), Some(probes)) = (row.cell("varied by"), row.cell("probe")) else { continue };
        for piece in pieces(varied) {
            assert!(!matches!(piece, Piece::Name(name) if !known.contains(name)), "{piece:?}: {}", row.line);
        }
        for probe in probes.split("; ").filter(|probe| !probe.is_empty()) {
            assert!(PROBES.contains(&format!("\"{probe}\"")), "no probe {probe}: {}", row.line);
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

/// Pages name the gateway's own codes as `PPS` 29 or PPS 29.
#[test]
fn every_code_of_the_gateway_on_a_page_is_published() {
    let codes = &INDEX.documents.iter().find(|document| document.name == "Codes").unwrap().gateway_codes;
    assert!(codes.len() > 60, "{}", codes.len());
    let mut count = 0;
    for page in [GATEWAY, UNSTATED, BEHAVIOR, CONTROL] {
        let text = page.replace(['`', '\n'], " ");
        for (at, found) in text.match_indices("PPS ") {
            let rest = text[at + found.len()..].trim_start();
            let code: String = rest.chars().take_while(char::is_ascii_digit).collect();
            assert!(code.is_empty() || codes.contains(&code), "PPS {code}");
            count += usize::from(!code.is_empty());
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn a_source_that_does_not_exist_is_noticed() {
    let settings = BTreeSet::from(["over_capture".to_owned()]);
    let faults = |text: &str| checked(text, &settings).faults.len();
    for wrong in [
        "D, Guide, *Testing Refunds*",
        "D, Reference, `authRequest.setlstat`",
        "D, Reference, `cofallowed`",
        "D, Changes 11/02/2024",
        "D, Guide 2025, *RPCT Responses*",
        "D, Codes",
        "D, Reference, `capture`; setting `cofpermission`",
        "D, Reference, *RESTful Implementation*",
    ] {
        assert_eq!(faults(wrong), 1, "{wrong}");
    }
    let right = "D, O, Reference, `authRequest.amount`, `void`; Changes 5/6/2023, 11/9/2023; Codes, `PPS` 39; \
                 Guide 2025, *How it Works*; ActiveMerchant; setting `over_capture`";
    assert_eq!(faults(right), 0);
    let found = checked(right, &settings);
    assert_eq!((found.documents, found.clients), (4, 1));
}
