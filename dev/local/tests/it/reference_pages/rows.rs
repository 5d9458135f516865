//! The rows that describe a schema's members, in words.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Value, json};

use super::linked;

const SCHEMAS: &str = "#/components/schemas/";

/// More values of an enumeration are only counted.
const VALUES_MAX: usize = 40;

/// A longer pattern says less than its description.
const PATTERN_MAX: usize = 60;

/// A row of a table: a member of a schema, a parameter or a header.
pub(super) struct Row {
    /// Of all members that it describes.
    pub(super) names: String,
    /// Type, whether it is required, limits and description.
    pub(super) cells: [String; 4],
}

pub(super) struct Schemas<'a> {
    pub(super) document: &'a Value,
    /// How often each schema is referred to.
    uses: BTreeMap<&'a str, usize>,
    /// Those with a section of their own that a row refers to, in this order.
    pub(super) shown: RefCell<Vec<&'a str>>,
}

impl<'a> Schemas<'a> {
    pub(super) fn of(document: &'a Value) -> Self {
        let text = document.to_string();
        let names = document["components"]["schemas"].as_object().unwrap().keys();
        let uses = |name: &str| text.matches(&format!("\"{SCHEMAS}{name}\"")).count();
        let uses = names.map(|name| (name.as_str(), uses(name))).collect();
        Self { document, uses, shown: RefCell::default() }
    }

    pub(super) fn members(&self, schema: &Value) -> Vec<Row> {
        let mut rows = Vec::new();
        self.inside("", schema, &mut rows);
        rows
    }

    /// A parameter or a header.
    pub(super) fn row(&self, of: &Value, name: &str) -> Row {
        let (mut schema, _) = self.merged(&of["schema"]);
        if let Some(description) = of.get("description") {
            schema["description"] = description.clone();
        }
        let names = format!("`{}`", of["name"].as_str().unwrap_or(name));
        Row { names, cells: self.cells(&schema, None, of["required"] == true) }
    }

    fn cells(&self, schema: &Value, section: Option<&'a str>, is_required: bool) -> [String; 4] {
        let limits = if section.is_some() { String::new() } else { self.limits(schema) };
        let text = linked(&schema["description"].as_str().unwrap_or_default().replace('\n', " "));
        let required = if is_required { "yes" } else { "" };
        [self.kind(schema, section), required.to_owned(), limits, text]
    }

    /// Adds a member and its own members.
    fn add(&self, name: &str, schema: &Value, is_required: bool, rows: &mut Vec<Row>) {
        let (schema, section) = self.merged(schema);
        if schema == json!(false) {
            return;
        }
        let row = Row { names: format!("`{name}`"), cells: self.cells(&schema, section, is_required) };
        match rows.last_mut() {
            Some(last) if row.cells == last.cells && (!row.cells[3].is_empty() || row.cells[0] == "null") => {
                last.names = format!("{}, {}", last.names, row.names);
            }
            _ => rows.push(row),
        }
        if section.is_none() {
            self.inside(name, &schema, rows);
            if self.merged(&schema["items"]).1.is_none() {
                self.inside(&format!("{name}[]"), &schema["items"], rows);
            }
        }
    }

    /// Adds the members of a schema, those of its parts and those of its alternatives.
    fn inside(&self, prefix: &str, schema: &Value, rows: &mut Vec<Row>) {
        let (schema, section) = self.merged(schema);
        if section.is_some() {
            let names = if prefix.is_empty() { String::new() } else { format!("`{prefix}`") };
            let cells = self.cells(&json!({"description": "Its members"}), section, true);
            return rows.push(Row { names, cells });
        }
        let own = schema["properties"].as_object().cloned().unwrap_or_default();
        for (name, member) in &own {
            let is_required = schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            self.add(&path, member, is_required, rows);
        }
        for part in schema["allOf"].as_array().into_iter().flatten().filter(|part| self.has_members(part)) {
            self.inside(prefix, part, rows);
        }
        for alternative in alternatives(&schema).filter(|one| self.has_members(one)) {
            let (one, section) = self.merged(alternative);
            // A member's type names the sections that it can be, and some alternatives only require
            // other members.
            let is_told = section.is_some() && !prefix.is_empty();
            let members = one["properties"].as_object();
            if !is_told && !members.is_some_and(|all| all.keys().all(|name| own.contains_key(name))) {
                let names = format!("*{}*", one["title"].as_str().unwrap_or("either, or"));
                rows.push(Row { names, cells: <[String; 4]>::default() });
                self.inside(prefix, alternative, rows);
            }
        }
    }

    fn has_members(&self, schema: &Value) -> bool {
        let (schema, _) = self.merged(schema);
        let mut parts = schema["allOf"].as_array().into_iter().flatten().chain(alternatives(&schema));
        schema["properties"].is_object() || parts.any(|part| self.has_members(part))
    }

    /// A schema with its references resolved, and the section that describes it: that of an object
    /// with several members to which several others refer.
    fn merged(&self, schema: &Value) -> (Value, Option<&'a str>) {
        let parts = schema["allOf"].as_array().filter(|all| all.len() == 1 && schema["properties"].is_null());
        let name = schema["$ref"].as_str().and_then(|pointer| pointer.strip_prefix(SCHEMAS));
        let (mut merged, section) = match (name.and_then(|name| self.uses.get_key_value(name)), parts) {
            (Some((name, uses)), _) => {
                let target = &self.document["components"]["schemas"][name];
                let is_one_member = target["properties"].as_object().is_some_and(|all| all.len() == 1);
                let is_section = *uses > 1 && !is_one_member && self.has_members(target);
                (self.merged(target).0, is_section.then_some(*name))
            }
            (None, Some(parts)) => self.merged(&parts[0]),
            (None, None) => return (schema.clone(), None),
        };
        let own = schema.as_object().into_iter().flatten();
        for (member, value) in own.filter(|(member, _)| !["$ref", "allOf"].contains(&member.as_str())) {
            merged[member] = value.clone();
        }
        (merged, section)
    }

    /// A schema's type, or a link to the section that describes it.
    fn kind(&self, schema: &Value, section: Option<&'a str>) -> String {
        if let Some(section) = section {
            let mut shown = self.shown.borrow_mut();
            if !shown.contains(&section) {
                shown.push(section);
            }
            return format!("[{section}](#{})", section.to_lowercase());
        }
        let of = |schema: &Value| {
            let (schema, section) = self.merged(schema);
            self.kind(&schema, section)
        };
        let of_text = schema["format"].as_str().filter(|format| *format != "password").unwrap_or("text");
        let word = |name: &Value| match name.as_str().unwrap_or_default() {
            "string" => of_text.to_owned(),
            "array" => format!("list of {}", of(&schema["items"])),
            name => name.to_owned(),
        };
        let is_object = schema["properties"].is_object() || schema["allOf"].is_array();
        let mut kinds: Vec<_> = match &schema["type"] {
            Value::Array(names) => names.iter().map(word).collect(),
            Value::Null if schema["enum"].is_array() || schema["const"].is_string() => {
                vec!["text".to_owned()]
            }
            Value::Null if is_object => vec!["object".to_owned()],
            Value::Null => alternatives(schema).map(of).collect(),
            name => vec![word(name)],
        };
        kinds.dedup();
        kinds.join(" or ")
    }

    fn limits(&self, schema: &Value) -> String {
        let range = |from: &str, to: &str, unit: &str| match (schema[from].as_u64(), schema[to].as_u64()) {
            (Some(from), Some(to)) if from == to => format!("{from}{unit}"),
            (Some(from), Some(to)) => format!("{from} to {to}{unit}"),
            (Some(1), None) if from != "minimum" => "not empty".to_owned(),
            (Some(from), None) => format!("at least {from}{unit}"),
            (None, Some(to)) => format!("at most {to}{unit}"),
            (None, None) => String::new(),
        };
        // A cell of a table could take a pattern with brackets for a link.
        let is_short =
            |text: &&str| text.len() <= PATTERN_MAX && !text.contains("\\u") && !text.contains("](");
        let pattern = schema["pattern"].as_str().filter(is_short).map(|text| format!("`{text}`"));
        let mut all = vec![
            values(schema),
            range("minimum", "maximum", ""),
            range("minLength", "maxLength", " characters"),
            range("minItems", "maxItems", " items"),
            range("minProperties", "maxProperties", " members"),
            pattern.unwrap_or_default(),
            values(&schema["items"]),
            default(schema),
        ];
        let scalars = alternatives(schema).filter(|one| !self.has_members(one));
        all.extend(scalars.map(|one| self.limits(&self.merged(one).0)));
        all.retain(|limit| !limit.is_empty());
        all.join("; ")
    }
}

/// The values that a schema lists.
fn values(schema: &Value) -> String {
    let listed = schema["enum"].as_array().into_iter().flatten().filter(|value| !value.is_null());
    let listed = listed.chain(schema.get("const")).map(|value| match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    });
    let mut seen = BTreeSet::new();
    let listed: Vec<_> = listed.filter(|value| seen.insert(value.clone())).collect();
    if listed.len() > VALUES_MAX { format!("{} values", listed.len()) } else { listed.join(", ") }
}

/// The value that stands for an absent member or parameter.
fn default(schema: &Value) -> String {
    match &schema["default"] {
        Value::Null => String::new(),
        Value::String(text) => format!("default `{text}`"),
        other => format!("default `{other}`"),
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf"].into_iter().filter_map(|of| schema[of].as_array()).flatten()
}
