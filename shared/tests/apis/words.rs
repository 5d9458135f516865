//! A table's rows as text. A request is a line, and so is its refusal, if it does not fit behind
//! the request: its status, code, source, and sentence, the calls of the gateway, and the log.
//! Values of a member with the same outcome share a line. A success shows how it differs from the
//! first one in its table. A log is written only where it differs from the first one of its kind in
//! the table.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Columns of a line that several members share.
const COLUMNS: usize = 200;

/// Characters of a value that is not split into its members.
const ONE_VALUE: usize = 100;

/// Between the parts of a request's line.
const NEXT: &str = " | ";

/// Between several of a kind: errors, calls, lines of the log.
const AND: &str = " + ";

/// The text for no call, or no line of the log.
const NONE: &str = "\u{2013}";

/// The text for a response, or a part of one, that equals the first one of its kind.
const EQUAL: &str = " as the first";

/// Writes rows in their order.
#[derive(Default)]
pub(crate) struct Words {
    text: String,
    /// The first resource of each type, and the first response that has none.
    firsts: BTreeMap<String, Value>,
    /// The first log of each kind of request.
    usual: BTreeMap<String, String>,
    /// The request that the last row varied.
    varied: String,
    /// The last row that varied it.
    last: Varied,
    /// The last row that varied none.
    again: Again,
}

/// A row's outcome, with its log even if that is not written.
#[derive(Default, PartialEq)]
struct Outcome {
    status: String,
    calls: String,
    log: String,
    kind: String,
    /// How the response differs from the first one.
    told: Vec<String>,
}

/// A row that can come again.
#[derive(Default)]
struct Again {
    request: String,
    outcome: Outcome,
    lines: Vec<String>,
    /// Where it begins in the text.
    begins: usize,
    times: usize,
}

/// Values of one member of which the same came.
#[derive(Default)]
struct Varied {
    member: String,
    outcome: Outcome,
    /// Where the last value ends in the text.
    end: usize,
}

impl Words {
    /// All rows as a text.
    pub(crate) fn of(rows: &[Value]) -> String {
        let mut words = Self::default();
        for row in rows {
            words.row(row);
        }
        words.text
    }

    fn row(&mut self, row: &Value) {
        let request = text(&row["request"]);
        let outcome = self.came_of_it(row);
        if let Some(change) = row.get("with") {
            if self.varied != request {
                self.again = Again::default();
                self.line(request);
                request.clone_into(&mut self.varied);
                self.last = Varied::default();
            }
            self.value(text(change), outcome);
        } else {
            self.varied.clear();
            let body = row.get("body").map(|body| format!(" {body}")).unwrap_or_default();
            let request = format!("{}{NEXT}{request}{body}", text(&row["hazard"]));
            self.unvaried(request.trim_end(), outcome);
        }
    }

    /// A row, which is written once however often it comes again.
    fn unvaried(&mut self, request: &str, outcome: Outcome) {
        if self.again.request == request && self.again.outcome == outcome {
            self.again.times += 1;
            self.text.truncate(self.again.begins);
            self.text.extend([&self.again.times.to_string(), " times: "]);
        } else {
            let lines = self.lines(&outcome);
            let request = request.to_owned();
            self.again = Again { request, outcome, lines, begins: self.text.len(), times: 1 };
        }
        let lines = std::mem::take(&mut self.again.lines);
        let first = lines.first().map_or(0, |line| line.chars().count());
        if request.chars().count() + first <= COLUMNS {
            self.text.push_str(request);
            self.outcome(NEXT, &lines);
        } else {
            self.line(request);
            self.outcome("  ", &lines);
        }
        self.again.lines = lines;
    }

    /// A value, on the line of the one before it if the same came of both.
    fn value(&mut self, change: &str, outcome: Outcome) {
        let (member, value) = change.split_once(": ").expect("a member and its value");
        if self.last.member == member && self.last.outcome == outcome {
            let more = format!(", {value}");
            self.text.insert_str(self.last.end, &more);
            self.last.end += more.len();
            return;
        }
        self.text.extend(["  ", change]);
        let end = self.text.len();
        let lines = self.lines(&outcome);
        self.outcome(NEXT, &lines);
        self.last = Varied { member: member.to_owned(), outcome, end };
    }

    /// The rest of a line, and the lines after it.
    fn outcome(&mut self, begin: &str, lines: &[String]) {
        self.text.push_str(begin);
        for line in lines {
            self.line(line);
        }
    }

    fn came_of_it(&mut self, row: &Value) -> Outcome {
        let mut status = row["status"].to_string();
        if let Some(headers) = row.get("headers") {
            status.extend([" ", &headers.to_string()]);
        }
        let mut told = Vec::new();
        let response = &row["response"];
        if row["status"].as_u64() >= Some(400) {
            status.extend([" ", &refusal(response, &row["status"])]);
        } else {
            told = self.told(response);
            if told.len() == 1 && told[0].ends_with(EQUAL) {
                told.clear();
                status.push_str(EQUAL);
            }
        }
        let code = [&response["errors"][0]["meta"]["code"], &response["Message"]["Code"]];
        Outcome {
            status,
            calls: joined(row["sent"].as_array().into_iter().flatten().map(call)),
            log: joined(row["log"].as_array().into_iter().flatten().map(|line| text(line).to_owned())),
            kind: format!("{} {} {}", row["kind"], code[0], code[1]),
            told,
        }
    }

    /// The lines of an outcome, the log only if it is not that of the first outcome of its kind: of
    /// a request by the same caller, on the same route, with the same code.
    fn lines(&mut self, outcome: &Outcome) -> Vec<String> {
        let Outcome { status, calls, log, kind, told } = outcome;
        let is_usual = self.usual.get(kind).is_some_and(|usual| usual == log);
        self.usual.entry(kind.clone()).or_insert_with(|| log.clone());
        let mut first = status.clone();
        if !is_usual || calls != NONE {
            first.extend([NEXT, calls]);
        }
        if !is_usual {
            first.extend([NEXT, log]);
        }
        filled(first, told)
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// How each part of a response differs from the first one of its kind, or all of the first one.
    fn told(&mut self, response: &Value) -> Vec<String> {
        let mut told = Vec::new();
        for (place, part) in parts(response) {
            let kind = part["type"].as_str().unwrap_or_default().to_owned();
            if let Some(first) = self.firsts.get(&kind) {
                let before = told.len();
                differences(&place, first, &part, &mut told);
                if told.len() == before {
                    told.push(format!("{place}{EQUAL}"));
                }
            } else {
                members(&place, &part, &mut told);
                self.firsts.insert(kind, part);
            }
        }
        told
    }
}

/// As many on a line as fit into it, after the beginning of the first.
fn filled(first: String, told: &[String]) -> Vec<String> {
    let (mut lines, mut between) = (vec![first], NEXT);
    for told in told {
        match lines.last_mut() {
            Some(line) if line.chars().count() + told.chars().count() <= COLUMNS => {
                line.extend([between, told]);
            }
            _ => lines.push(format!("    {told}")),
        }
        between = "; ";
    }
    lines
}

/// A value that can only be a text.
fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { NONE.to_owned() } else { parts.join(AND) }
}

/// A call of the gateway: its name, and the rest of the request.
fn call(sent: &Value) -> String {
    let mut rest = sent.as_object().cloned().unwrap_or_default();
    match rest.shift_remove("call") {
        Some(call) => format!("{} {}", text(&call), Value::from(rest)),
        None => sent.to_string(),
    }
}

/// A refusal's errors, without members that repeat the status or the code; any other text as it is.
fn refusal(response: &Value, status: &Value) -> String {
    if let Some(errors) = response["errors"].as_array() {
        assert_eq!(response.as_object().map(Map::len), Some(1), "errors come alone: {response}");
        return joined(errors.iter().map(|error| problem(error, status)));
    }
    let Some(message) = response["Message"].as_object() else { return response.to_string() };
    let mut rest = response.clone();
    rest.as_object_mut().expect("an object").shift_remove("Message");
    let refused = json!({"Response": {"ResponseCode": "3", "ResponseCodeText": "Error"}});
    let rest = if rest == refused { String::new() } else { format!(" {rest}") };
    format!("{}: {}{rest}", text(&message["Code"]), text(&message["Description"]))
}

/// `code (title) source: sentence`, and the remaining members.
fn problem(error: &Value, status: &Value) -> String {
    let mut rest = error.as_object().cloned().expect("an object");
    let mut meta = rest.shift_remove("meta").and_then(|meta| meta.as_object().cloned()).unwrap_or_default();
    let code = meta.shift_remove("code").unwrap_or_default();
    let mut told = text(&code).to_owned();
    let title = rest.shift_remove("title").unwrap_or_default();
    if title != code {
        told.extend([" (", text(&title), ")"]);
    }
    if let Some(source) = rest.shift_remove("source") {
        told.extend([" ", text(&source)]);
    }
    told.extend([": ", text(&rest.shift_remove("detail").unwrap_or_default())]);
    if rest.get("status") == Some(status) {
        rest.shift_remove("status");
    }
    for more in [meta, rest].into_iter().filter(|more| !more.is_empty()) {
        told.extend([" ", &Value::from(more).to_string()]);
    }
    told
}

/// The parts that are compared separately: each resource, and the members around them; or all,
/// without resources.
fn parts(response: &Value) -> Vec<(String, Value)> {
    let mut around = response.clone();
    let mut data = around.as_object_mut().and_then(|members| members.shift_remove("data"));
    if let Some(none) = data.take_if(|data| *data == json!([])) {
        around["data"] = none;
    }
    let mut parts = match data {
        Some(Value::Array(resources)) => {
            let place = |(n, resource)| (format!("data[{n}]"), resource);
            resources.into_iter().enumerate().map(place).collect()
        }
        Some(resource) => vec![("data".to_owned(), resource)],
        None => Vec::new(),
    };
    if parts.is_empty() || around.as_object().is_some_and(|members| !members.is_empty()) {
        parts.push((String::new(), around));
    }
    parts
}

/// The members of a value, down to those that are short enough to be read.
fn members(place: &str, value: &Value, told: &mut Vec<String>) {
    let is_long = value.to_string().chars().count() > ONE_VALUE;
    match value {
        Value::Object(object) if is_long || place.is_empty() => {
            object.iter().for_each(|(name, value)| members(&member(place, name), value, told));
        }
        Value::Array(values) if is_long => {
            values.iter().enumerate().for_each(|(n, value)| members(&format!("{place}[{n}]"), value, told));
        }
        _ if place.is_empty() => told.push(value.to_string()),
        _ => told.push(format!("{place}: {value}")),
    }
}

/// The members in which a value differs from the first one, and those that it has not.
fn differences(place: &str, first: &Value, value: &Value, told: &mut Vec<String>) {
    match (first, value) {
        (Value::Object(first), Value::Object(object)) => {
            for (name, value) in object {
                match first.get(name) {
                    Some(first) => differences(&member(place, name), first, value, told),
                    None => members(&member(place, name), value, told),
                }
            }
            let gone = first.keys().filter(|name| !object.contains_key(*name));
            told.extend(gone.map(|name| format!("{} is not there", member(place, name))));
        }
        (Value::Array(first), Value::Array(values)) => {
            for (n, value) in values.iter().enumerate() {
                match first.get(n) {
                    Some(first) => differences(&format!("{place}[{n}]"), first, value, told),
                    None => members(&format!("{place}[{n}]"), value, told),
                }
            }
            if first.len() > values.len() {
                told.push(format!("{place} has {}", values.len()));
            }
        }
        _ if first == value => {}
        _ => members(place, value, told),
    }
}

fn member(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}
