//! `docs/openapi.yaml` as the viewer shows it: each error code explained where it can occur, and
//! the pages that the description refers to beside it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::files::doc;

/// Pages that become sections, by their file in `docs/`.
const PAGES: [&str; 6] = ["api.md", "retries.md", "reports.md", "credit-card.md", ERRORS, "decline-codes.md"];

/// The page with the tables of all error codes.
const ERRORS: &str = "errors.md";

/// The description with everything that the viewer needs within it.
pub(super) fn for_the_viewer(yaml: &str) -> Result<Value, String> {
    let mut document: Value = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
    let pages: Option<Vec<_>> = PAGES.iter().map(|file| Page::read(file)).collect();
    let pages = pages.ok_or("a page of the documentation is missing")?;
    leave_out(&mut document);
    explain_codes(&mut document, &doc(ERRORS).ok_or("the page of error codes is missing")?);
    link_descriptions(&mut document, &pages);
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.extend(pages.iter().map(
            |page| json!({ "name": page.title, "description": linked(&page.text, Some(page), &pages) }),
        ));
    }
    Ok(document)
}

/// Leaves out the variants with `HEAD`, which would double the menu, and the examples of headers
/// that a first request should not have: the viewer sends every header that has an example. A key
/// it should have, so that sending twice pays once. Lists are left out as CSV: the viewer accepts
/// every form that a response has, and the API returns CSV to those that accept it.
fn leave_out(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    paths.filter_map(Value::as_object_mut).for_each(|path| drop(path.remove("head")));
    let parameters = document["components"]["parameters"].as_object_mut().into_iter().flatten();
    for (name, parameter) in parameters {
        if parameter["in"] == "header" && name != "Idempotency-Key" {
            parameter.as_object_mut().map(|parameter| parameter.remove("example"));
            parameter["schema"].as_object_mut().map(|schema| schema.remove("examples"));
        }
    }
    for response in responses(document) {
        response.get_mut("content").and_then(Value::as_object_mut).map(|forms| forms.remove("text/csv"));
    }
}

/// The responses of all operations.
fn responses(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    let operations = paths.filter_map(Value::as_object_mut).flat_map(|path| path.values_mut());
    let responses = operations.filter_map(|operation| operation.get_mut("responses")?.as_object_mut());
    responses.flat_map(|responses| responses.values_mut())
}

struct Page {
    file: &'static str,
    title: String,
    /// The text below the title.
    text: String,
    /// The section's place in the viewer.
    anchor: String,
}

impl Page {
    fn read(file: &'static str) -> Option<Self> {
        let page = doc(file)?;
        let (title, text) = page.split_once('\n')?;
        let title = title.trim_start_matches("# ").to_owned();
        let anchor = format!("#tag/{}", title.to_lowercase().replace(' ', "-"));
        Some(Self { file, title, text: text.to_owned(), anchor })
    }
}

/// Adds to each response the meaning of its error codes, from the tables of `errors.md`.
fn explain_codes(document: &mut Value, errors: &str) {
    let explanations = explanations(errors);
    let explain = |response: &mut Value| {
        let codes = response["x-error-codes"].as_array().into_iter().flatten();
        let lines: Vec<_> =
            codes.filter_map(|code| explanations.get(code.as_str()?)).map(String::as_str).collect();
        if let (Some(text), false) = (response["description"].as_str(), lines.is_empty()) {
            response["description"] = json!(format!("{text}\n\n{}", lines.join("\n")));
        }
    };
    responses(document).for_each(explain);
    if let Some(shared) = document["components"]["responses"].as_object_mut() {
        shared.values_mut().for_each(explain);
    }
}

/// Error code → a list item: the code, its number in the credit-card API, its meaning with the
/// action to take.
fn explanations(errors: &str) -> BTreeMap<&str, String> {
    let rows = errors.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
        let [code, _status, number, meaning] = cells[..] else { return None };
        let code = code.strip_suffix('`')?;
        Some((code, format!("- **`{code}`** ({number}): {meaning}")))
    });
    rows.collect()
}

/// Lets the links of every description lead to a section of the viewer.
fn link_descriptions(value: &mut Value, pages: &[Page]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = linked(text, None, pages),
                    _ => link_descriptions(member, pages),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| link_descriptions(item, pages)),
        _ => {}
    }
}

/// A text whose links lead to sections of the viewer. Of a link to a file that is not served, its
/// words and its name are left.
fn linked(text: &str, of: Option<&Page>, pages: &[Page]) -> String {
    let (mut done, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, link)) = rest.split_once("](")
        && let Some((before, words)) = before.rsplit_once('[')
        && let Some((target, after)) = link.split_once(')')
    {
        let file = target.split('#').next().unwrap_or_default();
        let page = if file.is_empty() { of } else { pages.iter().find(|page| page.file == file) };
        let link = match (file, page) {
            ("openapi.yaml", _) => format!("[{words}](/openapi.yaml)"),
            (_, Some(page)) => format!("[{words}]({})", page.anchor),
            (_, None) if file.starts_with("https://") => format!("[{words}]({target})"),
            (_, None) => format!("{words} (`docs/{file}`)"),
        };
        done.extend([before, link.as_str()]);
        rest = after;
    }
    done.push_str(rest);
    done
}
