//! The reference pages of both APIs show `docs/openapi.yaml` as tables. `WRITE_EXPECTED=1` writes
//! them anew, to be read.

use std::{env, fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::{
    openapi::{DESCRIPTION, resolved},
    references::anchor,
};

mod rows;

use rows::{Row, Schemas};

/// The longest text of a cell. A longer one is below its table.
const CELL_MAX: usize = 200;

const LINE_MAX: usize = 100;

#[test]
fn the_reference_pages_show_the_description() {
    let pages = [
        ("order-api.md", "# Order API reference", "The API](../api.md)", false),
        ("credit-card.md", "# Credit-card API reference", "The credit-card API](../credit-card.md)", true),
    ];
    for (file, title, explained, is_credit_card) in pages {
        let token = if is_credit_card {
            "No route takes a token: each body has the merchant's credentials."
        } else {
            "The token *both* is a merchant's (`client_credentials`) or a shopper's (`implicit`)."
        };
        let mut page = Page { schemas: Schemas::of(&DESCRIPTION.document), text: format!("{title}\n\n") };
        page.say_wrapped(&format!(
            "Made from [openapi.yaml](../openapi.yaml); a test compares the two. [{explained} explains and has \
             examples, and [errors](../errors.md) says what each error code means. {token}"
        ));
        page.write(is_credit_card);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
        if env::var_os("WRITE_EXPECTED").is_some() {
            fs::write(path, page.text).unwrap();
        } else {
            let expected = fs::read_to_string(path).unwrap();
            assert!(page.text == expected, "{file} differs: write it anew with WRITE_EXPECTED=1");
        }
    }
}

struct Page<'a> {
    schemas: Schemas<'a>,
    text: String,
}

impl Page<'_> {
    fn write(&mut self, is_credit_card: bool) {
        let document = self.schemas.document;
        let tags = document["tags"].as_array().unwrap().iter();
        let tags: Vec<_> = tags.filter(|tag| (tag["name"] == "Credit card") == is_credit_card).collect();
        let sections = tags.iter().map(|tag| tag["name"].as_str().unwrap());
        let sections = sections.chain(["Parameters", "Response headers", "Schemas"]);
        let sections: Vec<_> = sections.map(|name| format!("[{name}](#{})", anchor(name))).collect();
        self.say_wrapped(&format!("- {}", sections.join(" · ")));
        for tag in tags {
            self.write_tag(tag);
        }
        for (heading, of) in [("Parameters", "parameters"), ("Response headers", "headers")] {
            self.say(&format!("## {heading}"));
            let listed = document["components"][of].as_object().unwrap().iter();
            let rows = listed.map(|(name, one)| self.schemas.row(one, name));
            let rows = rows.filter(|row| of == "headers" || self.text.contains(&row.names)).collect();
            self.table(of.trim_end_matches('s'), rows);
        }
        self.say("## Schemas");
        // A schema can refer to others, which follow it.
        for at in 0.. {
            let Some(name) = self.schemas.shown.borrow().get(at).copied() else { break };
            self.say(&format!("### {name}"));
            let schema = &document["components"]["schemas"][name];
            self.say_description(schema);
            let rows = self.schemas.members(schema);
            self.table("member", rows);
        }
        self.text.truncate(self.text.trim_end().len() + 1);
    }

    fn write_tag(&mut self, tag: &Value) {
        let name = tag["name"].as_str().unwrap();
        self.say(&format!("## {name}"));
        let mut operations = Vec::new();
        for (of, address) in [("paths", None), ("webhooks", Some("to your receiver"))] {
            for (path, item) in self.schemas.document[of].as_object().unwrap() {
                for (method, operation) in item.as_object().unwrap() {
                    if method != "head" && operation["tags"][0] == name {
                        let route = format!("`{} {}`", method.to_uppercase(), address.unwrap_or(path));
                        operations.push((route, &item["parameters"], operation));
                    }
                }
            }
        }
        let mut rows = String::from("| route | what it does | token |\n|---|---|---|\n");
        for (route, _, operation) in &operations {
            let summary = operation["summary"].as_str().unwrap();
            let token = ["none", "merchant", "both"][operation["security"].as_array().unwrap().len()];
            writeln!(rows, "| {route} | [{summary}](#{}) | {token} |", anchor(summary)).unwrap();
        }
        self.say(&rows);
        self.say_description(tag);
        for (route, of_path, operation) in operations {
            self.write_operation(&route, of_path, operation);
        }
    }

    fn write_operation(&mut self, route: &str, of_path: &Value, operation: &Value) {
        let document = self.schemas.document;
        self.say(&format!("### {}", operation["summary"].as_str().unwrap()));
        let description = linked(operation["description"].as_str().unwrap_or_default());
        self.say_wrapped(&format!("{route}. {description}"));
        let parameters = [of_path, &operation["parameters"]].map(Value::as_array);
        let (shared, own): (Vec<_>, Vec<_>) =
            parameters.into_iter().flatten().flatten().partition(|one| one["$ref"].is_string());
        let shared = shared.into_iter().map(|one| self.schemas.row(&resolved(document, one), "").names);
        let shared: Vec<_> = shared.collect();
        if !shared.is_empty() {
            self.say_wrapped(&format!("[Parameters](#parameters): {}.", shared.join(", ")));
        }
        let rows = own.into_iter().map(|one| self.schemas.row(one, "")).collect();
        self.table("parameter", rows);
        if operation["requestBody"].is_object() {
            self.write_body("Request body", &operation["requestBody"]);
        }
        let responses = operation["responses"].as_object().unwrap().iter();
        let responses: Vec<_> = responses.map(|(status, one)| (status, resolved(document, one))).collect();
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
            let description = linked(response["description"].as_str().unwrap());
            let body = if response["content"].is_object() { ". Body" } else { "" };
            self.write_body(
                &format!("Response {status}: {}{body}", description.trim_end_matches('.')),
                response,
            );
        }
        let mut lines = String::new();
        for (status, response) in &responses {
            let codes = response["x-error-codes"].as_array().into_iter().flatten();
            let codes: Vec<_> = codes.map(|code| format!("`{}`", code.as_str().unwrap())).collect();
            if !codes.is_empty() {
                lines += &wrapped(&format!("- {status}: {}", codes.join(", ")));
            }
        }
        if !lines.is_empty() {
            self.say("Error codes:");
            self.say(&lines);
        }
    }

    /// The members of a body, or where they are.
    fn write_body(&mut self, of: &str, body: &Value) {
        let contents = body["content"].as_object();
        let content = contents.and_then(|all| all.get("application/json").or_else(|| all.values().next()));
        let Some(content) = content else { return self.say_wrapped(&format!("{of}.")) };
        let csv = if body["content"]["text/csv"].is_object() { ", or CSV" } else { "" };
        let rows = self.schemas.members(&content["schema"]);
        if let [row] = &rows[..] {
            return self.say_wrapped(&format!("{of}{csv}: {} {}.", row.names, row.cells[0]));
        }
        self.say_wrapped(&format!("{of}{csv}:"));
        self.table("member", rows);
    }

    fn table(&mut self, of: &str, rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let mut lines = format!("| {of} | type | required | limits | description |\n|---|---|---|---|---|\n");
        let mut below = String::new();
        for Row { names, cells } in rows {
            if names.len() > CELL_MAX {
                below += &wrapped(&format!("- {names}: {}", cells[3]));
                continue;
            }
            let cells = cells.map(|cell| {
                if cell.len() <= CELL_MAX {
                    return cell.replace('|', "\\|");
                }
                below += &wrapped(&format!("- {names}: {cell}"));
                "below".to_owned()
            });
            let names = if names.is_empty() { "…" } else { &names };
            writeln!(lines, "| {names} | {} |", cells.join(" | ")).unwrap();
        }
        self.say(&lines);
        if !below.is_empty() {
            self.say(&below);
        }
    }

    fn say(&mut self, text: &str) {
        self.text += text.trim_end();
        self.text += "\n\n";
    }

    fn say_wrapped(&mut self, text: &str) {
        self.say(&wrapped(text));
    }

    fn say_description(&mut self, of: &Value) {
        let text = linked(of["description"].as_str().unwrap_or_default());
        // A text with headings and tables has its lines as they are to be.
        match text.as_str() {
            "" => {}
            text if text.contains("\n\n") => self.say(text),
            text => self.say_wrapped(text),
        }
    }
}

/// A description's text with its links, which begin in `docs/`, as a page of `docs/reference/` has
/// them.
fn linked(description: &str) -> String {
    let mut parts = description.trim().split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_beside = part.starts_with("reference/");
        let is_whole = part.starts_with("https://");
        text += if is_beside || is_whole { "](" } else { "](../" };
        text += part.trim_start_matches("reference/");
    }
    text
}

/// A paragraph, or an item of a list, in lines.
fn wrapped(text: &str) -> String {
    let indent = if text.starts_with("- ") { "\n  " } else { "\n" };
    let (mut lines, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > LINE_MAX {
            lines += indent;
            width = indent.len() - 1;
        } else if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines += word;
        width += length;
    }
    lines.push('\n');
    lines
}
