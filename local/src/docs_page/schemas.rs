//! Schemas as tables of their members.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Page, escaped, members, members_list, prose, text};

/// What limits a value, in a reader's words.
const LIMITS: [(&str, &str); 8] = [
    ("minimum", "at least "),
    ("maximum", "at most "),
    ("minLength", "characters at least "),
    ("maxLength", "characters at most "),
    ("minItems", "items at least "),
    ("pattern", "matches "),
    ("format", ""),
    ("additionalProperties", "other members: "),
];

impl<'a> Page<'a> {
    /// All of a schema: what it is, its members, the alternatives.
    pub(super) fn schema(&mut self, schema: &'a Value) {
        self.paragraph(&schema["description"]);
        let mut rows = String::new();
        table_rows("", schema, &mut rows);
        if rows.is_empty() {
            let kind = kind(schema);
            self.put(&format!("<p>{kind}</p>"));
        } else {
            self.put(&format!("<table>{rows}</table>"));
        }
        for (choice, heading) in [("allOf", "All of"), ("oneOf", "One of"), ("anyOf", "Any of")] {
            let parts: Vec<_> = members_list(&schema[choice]).collect();
            if parts.is_empty() {
                continue;
            }
            self.put(&format!("<p>{heading}:</p><ul>"));
            for part in parts {
                self.put("<li>");
                if part["$ref"].is_null() && (part["properties"].is_object() || part["allOf"].is_array()) {
                    self.schema(part);
                } else {
                    let kind = kind(part);
                    self.put(&kind);
                }
                self.put("</li>");
            }
            self.put("</ul>");
        }
    }
}

/// The members of an object, those of the objects within it too.
fn table_rows(path: &str, schema: &Value, rows: &mut String) {
    for (name, member) in members(&schema["properties"]) {
        let needed = members_list(&schema["required"]).any(|one| one == name.as_str());
        let needed = if needed { "required" } else { "optional" };
        let path = format!("{path}{}", escaped(name));
        let (kind, description) = (kind(member), prose(&member["description"]));
        let cells = [format!("<code>{path}</code>"), needed.to_owned(), format!("{kind}<br>{description}")];
        writeln!(rows, "<tr><td>{}</td></tr>", cells.join("</td><td>")).ok();
        table_rows(&format!("{path}."), member, rows);
        table_rows(&format!("{path}[]."), &member["items"], rows);
    }
}

/// A value's type and limits in a line.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|pointer| pointer.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    let literal = |value: &Value| format!("<code>{}</code>", escaped(&value.to_string()));
    if let Some(fixed) = schema.get("const") {
        return literal(fixed);
    }
    if schema["enum"].is_array() {
        return members_list(&schema["enum"]).map(literal).collect::<Vec<_>>().join(" or ");
    }
    for choice in ["oneOf", "anyOf"] {
        if schema[choice].is_array() && schema["properties"].is_null() {
            let parts: Vec<_> = members_list(&schema[choice]).map(kind).collect();
            return parts.join(" or ");
        }
    }
    if schema["allOf"].is_array() {
        return members_list(&schema["allOf"]).map(kind).collect::<Vec<_>>().join(" and ");
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        Value::String(name) => escaped(name),
        _ if schema["required"].is_array() => {
            let names = members_list(&schema["required"]).map(literal).collect::<Vec<_>>();
            return format!("with {}", names.join(", "));
        }
        _ => "anything".to_owned(),
    };
    let mut line = vec![types];
    if schema["items"].is_object() {
        line.push(format!("of {}", kind(&schema["items"])));
    }
    for (name, words) in LIMITS {
        match &schema[name] {
            Value::Null => {}
            Value::Bool(false) => line.push(format!("{words}none")),
            Value::String(value) if name == "pattern" => {
                line.push(format!("{words}<code>{}</code>", escaped(value)));
            }
            Value::String(value) => line.push(format!("{words}{}", escaped(value))),
            value => line.push(format!("{words}{value}")),
        }
    }
    line.join(", ")
}
