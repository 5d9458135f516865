//! `/docs` and `/openapi.yaml`: the description of the API to read and to hand on. One page, made from the YAML: no
//! script, nothing from elsewhere.

mod schemas;

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    http::header,
    response::{Html, IntoResponse},
    routing::get,
};
use serde_json::{Map, Value};

use schemas::kind;

const OPENAPI: &str = include_str!("../../docs/openapi.yaml");
const STYLE: &str = include_str!("docs_page/style.css");

/// The page has its style within, and nothing else to load or to run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Made when somebody looks at it for the first time.
static PAGE: LazyLock<String> = LazyLock::new(|| match serde_saphyr::from_str(OPENAPI) {
    Ok(document) => Page { document: &document, html: String::new() }.whole(),
    Err(error) => format!("<!doctype html><pre>{}</pre>", escaped(&error.to_string())),
});

/// The two endpoints.
pub(crate) fn router() -> Router {
    let yaml = || async { ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI) };
    let page =
        || async { ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(PAGE.as_str())).into_response() };
    Router::new().route("/openapi.yaml", get(yaml)).route("/docs", get(page))
}

struct Page<'a> {
    document: &'a Value,
    html: String,
}

impl<'a> Page<'a> {
    fn whole(mut self) -> String {
        let info = &self.document["info"];
        let title = text(&info["title"]);
        self.put("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        self.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        self.put(&format!("<title>{title} API</title><style>{STYLE}</style></head><body>"));
        self.contents();
        self.put(&format!("<main><h1>{title} <small>{}</small></h1>", text(&info["version"])));
        self.put(&format!("<p class=\"lead\">{}</p>", prose(&info["summary"])));
        for paragraph in info["description"].as_str().unwrap_or_default().split("\n\n") {
            self.put(&format!("<p>{}</p>", prose(&Value::from(paragraph))));
        }
        self.put("<p><a href=\"/openapi.yaml\">openapi.yaml</a>: the same for machines.</p>");
        for tag in members_list(&self.document["tags"]) {
            let name = text(&tag["name"]);
            self.put(&format!("<h2 id=\"tag-{}\">{name}</h2>", anchor(&name)));
            self.paragraph(&tag["description"]);
            for (route, path, operation) in self.operations(&tag["name"]) {
                self.operation(&route, path, operation);
            }
        }
        self.put("<h2 id=\"access\">Access</h2><dl>");
        for (name, scheme) in members(&self.document["components"]["securitySchemes"]) {
            self.put(&format!(
                "<dt><code>{}</code></dt><dd>{}</dd>",
                escaped(name),
                prose(&scheme["description"])
            ));
        }
        self.put("</dl><h2 id=\"schemas\">Schemas</h2>");
        for (name, schema) in members(&self.document["components"]["schemas"]) {
            self.put(&format!("<section id=\"schema-{0}\"><h3>{0}</h3>", escaped(name)));
            self.schema(schema);
            self.put("</section>");
        }
        self.put("</main></body></html>\n");
        self.html
    }

    fn contents(&mut self) {
        self.put("<nav><ul>");
        for tag in members_list(&self.document["tags"]) {
            let name = text(&tag["name"]);
            self.put(&format!("<li><a href=\"#tag-{}\">{name}</a><ul>", anchor(&name)));
            for (_, _, operation) in self.operations(&tag["name"]) {
                let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
                self.put(&format!("<li><a href=\"#{id}\">{summary}</a></li>"));
            }
            self.put("</ul></li>");
        }
        self.put(
            "<li><a href=\"#access\">Access</a></li><li><a href=\"#schemas\">Schemas</a></li></ul></nav>",
        );
    }

    /// The operations of a tag: method and path, the path's item, the operation.
    fn operations(&self, tag: &Value) -> Vec<(String, &'a Value, &'a Value)> {
        let mut all = Vec::new();
        for (path, item) in members(&self.document["paths"]) {
            for (method, operation) in members(item).filter(|(method, _)| *method != "parameters") {
                if operation["tags"][0] == *tag {
                    all.push((format!("{} {path}", method.to_uppercase()), item, operation));
                }
            }
        }
        all
    }

    fn operation(&mut self, route: &str, path: &'a Value, operation: &'a Value) {
        let (method, template) = route.split_once(' ').unwrap_or_default();
        let id = text(&operation["operationId"]);
        let summary = text(&operation["summary"]);
        self.put(&format!("<section id=\"{id}\"><h3><a href=\"#{id}\">{summary}</a></h3>"));
        self.put(&format!(
            "<p class=\"route\"><b class=\"{0}\">{0}</b> <code>{1}</code></p>",
            method,
            escaped(template)
        ));
        self.paragraph(&operation["description"]);
        let access = members_list(&operation["security"]).flat_map(members).map(|(name, _)| name.as_str());
        let access = access.collect::<Vec<_>>().join("</code> or <code>");
        if !access.is_empty() {
            self.put(&format!("<p>Access: <code>{access}</code></p>"));
        }
        let parameters = members_list(&path["parameters"]).chain(members_list(&operation["parameters"]));
        let parameters: Vec<_> = parameters.map(|parameter| self.resolved(parameter)).collect();
        if !parameters.is_empty() {
            self.put("<h4>Parameters</h4><table>");
            for parameter in parameters {
                let needed = if parameter["required"] == true { "required" } else { "optional" };
                let row = [
                    format!("<code>{}</code>", text(&parameter["name"])),
                    format!("{}, {needed}", text(&parameter["in"])),
                    format!("{}<br>{}", kind(&parameter["schema"]), prose(&parameter["description"])),
                ];
                self.put(&format!("<tr><td>{}</td></tr>", row.join("</td><td>")));
            }
            self.put("</table>");
        }
        let body = &operation["requestBody"];
        if !body.is_null() {
            self.put(if body["required"] == true { "<h4>Body</h4>" } else { "<h4>Body, optional</h4>" });
            self.paragraph(&body["description"]);
            self.contents_of(&body["content"]);
        }
        self.put("<h4>Answers</h4>");
        for (status, response) in members(&operation["responses"]) {
            self.response(status, self.resolved(response));
        }
        self.put("</section>");
    }

    fn response(&mut self, status: &str, response: &'a Value) {
        let class = status.chars().next().unwrap_or('0');
        let description = prose(&response["description"]);
        self.put(&format!("<details class=\"s{class}\"><summary><b>{status}</b> {description}</summary>"));
        let codes: Vec<_> = members_list(&response["x-error-codes"]).map(text).collect();
        if !codes.is_empty() {
            self.put(&format!("<p>Error codes: <code>{}</code></p>", codes.join("</code>, <code>")));
        }
        let headers = members(&response["headers"]);
        let headers: Vec<_> = headers
            .map(|(name, header)| {
                format!(
                    "<dt><code>{}</code></dt><dd>{}</dd>",
                    escaped(name),
                    prose(&self.resolved(header)["description"])
                )
            })
            .collect();
        if !headers.is_empty() {
            self.put(&format!("<dl>{}</dl>", headers.concat()));
        }
        self.contents_of(&response["content"]);
        self.put("</details>");
    }

    /// Media types with the same schema stand together; an example stands there once.
    fn contents_of(&mut self, content: &'a Value) {
        let mut told: Vec<(String, Vec<String>)> = Vec::new();
        let mut shown = Vec::new();
        let mut examples = String::new();
        for (media, content) in members(content) {
            let kind = kind(&content["schema"]);
            let media_code = format!("<code>{}</code>", escaped(media));
            match told.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, medias)) => medias.push(media_code),
                None => told.push((kind, vec![media_code])),
            }
            for (name, example) in members(&content["examples"]) {
                if shown.contains(&name) {
                    continue;
                }
                shown.push(name);
                let body = example_text(media, &self.resolved(example)["value"]);
                let name = escaped(name).replace('_', " ");
                write!(
                    examples,
                    "<details class=\"example\"><summary>Example: {name}</summary><pre>{}</pre></details>",
                    escaped(&body)
                )
                .ok();
            }
        }
        for (kind, medias) in told {
            self.put(&format!("<p>{}: {kind}</p>", medias.join(", ")));
        }
        self.put(&examples);
    }

    fn paragraph(&mut self, description: &Value) {
        if !description.is_null() {
            self.put(&format!("<p>{}</p>", prose(description)));
        }
    }

    /// What a `$ref` refers to, or the value itself.
    fn resolved(&self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }

    fn put(&mut self, html: &str) {
        self.html.push_str(html);
        self.html.push('\n');
    }
}

/// An example as it travels.
fn example_text(media: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if media == "application/x-www-form-urlencoded" => {
            let fields =
                fields.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
            fields.collect::<Vec<_>>().join("&")
        }
        _ => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn members_list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().map(escaped).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A description: its code as code, of its links the words, because the pages are not served here.
fn prose(value: &Value) -> String {
    let mut out = String::new();
    for (at, part) in text(value).split('`').enumerate() {
        if at % 2 == 1 {
            write!(out, "<code>{part}</code>").ok();
            continue;
        }
        let mut rest = part;
        while let Some((before, link)) = rest.split_once('[')
            && let Some((words, link)) = link.split_once("](")
            && let Some((target, after)) = link.split_once(')')
        {
            write!(out, "{before}{words} (docs/{target})").ok();
            rest = after;
        }
        out.push_str(rest);
    }
    out
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
