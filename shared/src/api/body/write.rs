//! Writes XML the way the .NET formatter does.

use serde_json::Value;

use super::{Root, SCHEMA_INSTANCE, xml::is_char};

/// A value as XML: no declaration, the members of each object in ordinal order of their names,
/// nulls as `i:nil`.
///
/// Names are the model's own and go out as they are. Characters that XML cannot hold become U+FFFD.
pub(crate) fn to_xml(root: Root, value: &Value) -> String {
    let mut out = String::new();
    let namespaces = format!(" xmlns:i=\"{SCHEMA_INSTANCE}\" xmlns=\"{}\"", root.namespace);
    element(&mut out, root.name, &namespaces, value);
    out
}

fn element(out: &mut String, name: &str, attributes: &str, value: &Value) {
    out.extend(["<", name, attributes]);
    match value {
        // The models of responses have no lists.
        Value::Null | Value::Array(_) => {
            out.push_str(" i:nil=\"true\" />");
            return;
        }
        Value::String(text) => {
            out.push('>');
            escape(out, text);
        }
        Value::Number(number) => out.extend([">", &number.to_string()]),
        Value::Bool(value) => out.extend([">", if *value { "true" } else { "false" }]),
        Value::Object(members) => {
            out.push('>');
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            for (name, value) in members {
                element(out, name, "", value);
            }
        }
    }
    out.extend(["</", name, ">"]);
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A bare one would be read back as a line feed.
            '\r' => out.push_str("&#xD;"),
            c if is_char(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
}
