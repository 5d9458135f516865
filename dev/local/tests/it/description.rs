//! The schemas of `docs/openapi.yaml` that are made from the types of `shared/wire`.
//! `WRITE_EXPECTED=1` writes them anew, to be read.

use std::{env, fs, path::Path};

use serde_json::{Map, Value, json};

use crate::openapi::OPENAPI;

/// The lines before and after the schemas that are made.
const BEGIN: &str =
    "    # Made from the types of shared/wire, and compared with them by the test `description`.\n";
const END: &str = "\n  examples:\n";

/// Widest line of a schema with members, in characters.
const LINE_MAX: usize = 130;

/// The same of a member without members of its own: a changed member is one changed line.
const MEMBER_LINE_MAX: usize = 400;

#[test]
fn the_schemas_of_responses_are_those_of_their_types() {
    let (before, rest) = OPENAPI.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut schemas = String::new();
    write_members(&tollgate_wire::schema::components(), 4, &mut schemas);
    let made = [before, BEGIN, &schemas, END, after].concat();
    if env::var_os("WRITE_EXPECTED").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.yaml");
        fs::write(path, made).unwrap();
        return;
    }
    let mut lines = OPENAPI.lines().zip(made.lines()).filter(|(is, should)| is != should);
    let differs = lines.next();
    assert!(made == OPENAPI, "WRITE_EXPECTED=1 writes it anew: {differs:?}");
}

/// Members in the order in which a schema is read: first its kind, its own members last.
fn in_order(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let place = |name: &str| match name {
        "type" | "const" => 0,
        "properties" | "anyOf" | "items" => 2,
        _ => 1,
    };
    let mut listed: Vec<_> = members.iter().collect();
    if members.get("type").is_some_and(|kind| kind.is_string() || kind.is_array()) {
        listed.sort_by_key(|(name, _)| place(name));
    }
    listed
}

fn write_members(members: &Map<String, Value>, indent: usize, yaml: &mut String) {
    for (name, value) in in_order(members) {
        yaml.push_str(&" ".repeat(indent));
        write_value(&format!("{}:", scalar(name)), value, indent, yaml);
    }
}

/// Writes a value behind its name or the dash of its list: on the same line if there is room.
fn write_value(head: &str, value: &Value, indent: usize, yaml: &mut String) {
    let line = format!("{head} {}", flow(value));
    let most = if line.contains("properties: {") { LINE_MAX } else { MEMBER_LINE_MAX };
    if indent + line.chars().count() <= most {
        yaml.extend([&line, "\n"]);
        return;
    }
    match value {
        Value::Object(members) if head == "-" => {
            let mut item = String::new();
            write_members(members, indent + 2, &mut item);
            yaml.extend(["- ", item.trim_start()]);
        }
        Value::Object(members) => {
            yaml.extend([head, "\n"]);
            write_members(members, indent + 2, yaml);
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            yaml.extend([head, "\n"]);
            let texts = format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "));
            write_wrapped(&texts, indent + 2, yaml);
        }
        Value::Array(items) => {
            yaml.extend([head, "\n"]);
            for item in items {
                yaml.push_str(&" ".repeat(indent + 2));
                write_value("-", item, indent + 2, yaml);
            }
        }
        Value::String(text) => {
            yaml.extend([head, " >-\n"]);
            write_wrapped(text, indent + 2, yaml);
        }
        _ => yaml.extend([&line, "\n"]),
    }
}

fn write_wrapped(text: &str, indent: usize, yaml: &mut String) {
    let mut line = " ".repeat(indent);
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > LINE_MAX {
            yaml.extend([line.trim_end(), "\n"]);
            line = " ".repeat(indent);
        }
        line.extend([word, " "]);
    }
    yaml.extend([line.trim_end(), "\n"]);
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let each = in_order(members)
                .into_iter()
                .map(|(name, value)| format!("{}: {}", scalar(name), flow(value)));
            format!("{{{}}}", each.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text, in quotation marks unless it is the same without.
fn scalar(text: &str) -> String {
    let is_plain =
        text.chars().all(|c| c.is_alphanumeric() || " -_./()$".contains(c) || c == '\'' || c == '`')
            && text.starts_with(|c: char| c.is_alphabetic() || c == '$')
            && !text.ends_with(' ')
            && !["true", "false", "null", "yes", "no", "y", "n", "on", "off"]
                .contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    let odd = json!({
        "type": "object",
        "description": "It's `a: b`, {c} - # [d], ".repeat(20).trim_end(),
        "enum": ["", "N", "null", "1", "a b", "$25.99", "-"],
        "long": (0..80).map(|number| format!("word {number}")).collect::<Vec<_>>(),
        "properties": {"transaction-type": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]}},
        "list": [{"type": "object", "description": "long ".repeat(40).trim_end(), "required": ["a"]}, 2, true, null],
    });
    let mut yaml = String::new();
    write_members(odd.as_object().unwrap(), 0, &mut yaml);
    let read: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(read, odd, "{yaml}");
    assert!(yaml.lines().all(|line| line.chars().count() <= MEMBER_LINE_MAX), "{yaml}");
}
