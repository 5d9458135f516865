//! Writes a tree the way the .NET formatters do.

use serde_json::Value;

use super::{Node, Root, SCHEMA_INSTANCE, xml::is_char};

pub(super) fn xml(root: Root, node: &Node) -> String {
    let mut out = String::new();
    let namespaces = format!(" xmlns:i=\"{SCHEMA_INSTANCE}\" xmlns=\"{}\"", root.namespace);
    element(&mut out, root.name, &namespaces, node);
    out
}

fn element(out: &mut String, name: &str, attributes: &str, node: &Node) {
    out.extend(["<", name, attributes]);
    match node {
        // The models of responses have no lists.
        Node::Null | Node::List => {
            out.push_str(" i:nil=\"true\" />");
            return;
        }
        Node::Text(text) | Node::Number(text) => {
            out.push('>');
            escape(out, text);
        }
        Node::Bool(value) => out.extend([">", if *value { "true" } else { "false" }]),
        Node::Object(members) => {
            out.push('>');
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name);
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

pub(super) fn json(node: &Node) -> Value {
    match node {
        // The models of responses have no lists.
        Node::Null | Node::List => Value::Null,
        // A number as text keeps its digits.
        Node::Text(text) | Node::Number(text) => Value::from(text.as_str()),
        Node::Bool(value) => Value::from(*value),
        Node::Object(members) => members.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
    }
}
