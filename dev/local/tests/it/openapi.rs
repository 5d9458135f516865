//! The API's responses are as `docs/openapi.yaml` describes them: the clients of these tests hold
//! every response against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{LazyLock, OnceLock},
};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use tollgate_core::values::Currency;

use crate::{
    credit_card_client::from_xml,
    docs::{ERRORS, codes, is_credit_card, rows},
};

pub(crate) const OPENAPI: &str = include_str!("../../../../docs/openapi.yaml");

/// The description, read once for all tests.
pub(crate) static DESCRIPTION: LazyLock<Description> = LazyLock::new(Description::read);

/// The headers that the transport and API Gateway add to a response.
const TRANSPORT: [&str; 6] =
    ["apigw-requestid", "connection", "content-length", "content-type", "date", "transfer-encoding"];

/// `Message.Code` without an error: done, and not known yet.
const NO_ERRORS: [&str; 2] = ["00", "01"];

/// A response, and its request.
pub(crate) struct Said<'a> {
    pub(crate) method: &'a str,
    /// With or without a query.
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: &'a str,
}

/// `docs/openapi.yaml`, every `$ref` outside of its schemas resolved.
pub(crate) struct Description {
    pub(crate) document: Value,
    /// `POST /v2/orders/{orderId}/payments` → the operation.
    pub(crate) operations: BTreeMap<String, Value>,
    /// A schema as text → the same, to be held against answers. Compiled when the first answer
    /// needs it: all of them take seconds, and most runs need a few.
    answers: BTreeMap<String, OnceLock<Validator>>,
    /// The schemas that they refer to.
    components: Value,
    /// Name in lower case → the header.
    on_every_answer: BTreeMap<String, Value>,
    /// The same of those that only some responses have, on any route.
    on_some_answers: BTreeMap<String, Value>,
    /// Codes that say when to come back.
    retryable: BTreeSet<String>,
    /// The code of each `Message.Code`.
    numbers: BTreeMap<String, String>,
}

impl Description {
    fn read() -> Self {
        let document: Value = serde_saphyr::from_str(OPENAPI).unwrap();
        let operations = operations(&document);
        let listed = |member: &str| -> BTreeMap<String, Value> {
            let headers = document[member].as_object().unwrap().iter();
            headers.map(|(name, header)| (name.to_ascii_lowercase(), resolved(&document, header))).collect()
        };
        let on_every_answer = listed("x-headers-of-every-answer");
        let on_some_answers = listed("x-headers-of-some-answers");
        // A client is told to ignore members that it does not know. A test is not: they have to be
        // described.
        let components = closed(document["components"]["schemas"].clone());
        let errors =
            ["Errors", "CardAnswer"].map(|name| json!({"$ref": format!("#/components/schemas/{name}")}));
        let of_any = on_every_answer.iter().chain(&on_some_answers);
        let of_any = of_any.map(|(name, header)| (name.clone(), header.clone())).collect();
        let answers = operations.values().flat_map(schemas).chain(headers(&operations, &of_any));
        let answers = answers.chain(errors).map(|schema| (schema.to_string(), OnceLock::new()));
        let told =
            rows(ERRORS).filter(|(_, cells)| cells.last().is_some_and(|more| more.contains("`Retry-After`")));
        Self {
            answers: answers.collect(),
            components,
            on_every_answer,
            on_some_answers,
            retryable: told.map(|(code, _)| code.to_owned()).collect(),
            numbers: codes().into_iter().map(|(code, row)| (row.number, code)).collect(),
            operations,
            document,
        }
    }

    /// The documented route of a request.
    pub(crate) fn route(&self, method: &str, path: &str) -> Option<&str> {
        let path = path.split('?').next().unwrap_or_default();
        let fits = |route: &&String| {
            let Some(template) = route.strip_prefix(method).and_then(|rest| rest.strip_prefix(' ')) else {
                return false;
            };
            let (mut wanted, mut there) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), there.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(there)) if wanted == there => {}
                    (Some(wanted), Some(there)) if wanted.starts_with('{') && !there.is_empty() => {}
                    _ => return false,
                }
            }
        };
        // A segment that is written out wins over a parameter.
        self.operations.keys().filter(fits).min_by_key(|route| route.matches('{').count()).map(String::as_str)
    }

    /// Whether a response is documented; its mistake otherwise.
    pub(crate) fn check(&self, said: &Said<'_>) -> Result<(), String> {
        if said.status == 304 || said.method == "HEAD" {
            return self.check_without_body(said);
        }
        let media = said.headers.get("content-type").ok_or("no Content-Type")?;
        let media = media.split(';').next().unwrap_or_default().trim();
        let body = if media.ends_with("/xml") {
            from_xml(said.body)?.value()
        } else if media == "text/csv" {
            json!(said.body)
        } else {
            serde_json::from_str(said.body).map_err(|error| error.to_string())?
        };
        let api_gateways_own = body.as_object().is_some_and(|all| all.keys().eq(["message"]));
        // The credit-card API takes its routes in any case, and with a slash at their end.
        let lower = said.path.to_ascii_lowercase();
        let rest = lower.strip_prefix("/api/v1/payments/creditcard");
        let of_cards = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let path = if of_cards { lower.trim_end_matches('/') } else { said.path };
        let Some(route) = self.route(said.method, path) else {
            return if of_cards {
                self.no_card_route(said, path, &body)
            } else {
                self.not_found(said, &body)
            };
        };
        let responses = &self.operations[route]["responses"];
        let response = &responses[said.status.to_string()];
        if response.is_null() {
            return Err(format!("{route}: the status is not documented"));
        }
        let schema = &response["content"][media]["schema"];
        if schema.is_null() {
            return Err(format!("{route}: {media} is not documented for this status"));
        }
        self.fits(schema, &body)?;
        self.check_headers(said, response, api_gateways_own)?;
        if api_gateways_own {
            return Ok(());
        }
        if is_credit_card(route) {
            self.check_number(said, responses, &body)
        } else {
            self.check_codes(said, responses, &body)
        }
    }

    /// A response that the client has already, or of which it wants the headers alone.
    fn check_without_body(&self, said: &Said<'_>) -> Result<(), String> {
        if !said.body.is_empty() {
            return Err("there is a body".to_owned());
        }
        let Some(route) = self.route(said.method, said.path) else {
            let is_not_found = said.method == "HEAD" && said.status == 404;
            is_not_found.then_some(()).ok_or("the route is not documented")?;
            return self.check_headers(said, &Value::Null, false);
        };
        let response = &self.operations[route]["responses"][said.status.to_string()];
        if response.is_null() {
            return Err(format!("{route}: the status is not documented"));
        }
        self.check_headers(said, response, false)
    }

    fn not_found(&self, said: &Said<'_>, body: &Value) -> Result<(), String> {
        self.fits(&json!({"$ref": "#/components/schemas/Errors"}), body)?;
        self.check_headers(said, &Value::Null, false)?;
        let code = &body["errors"][0]["meta"]["code"];
        if said.status == 404 && code == "not_found" {
            Ok(())
        } else {
            Err("the route is not documented".to_owned())
        }
    }

    /// In the form of the credit-card API.
    fn no_card_route(&self, said: &Said<'_>, path: &str, body: &Value) -> Result<(), String> {
        self.fits(&json!({"$ref": "#/components/schemas/CardAnswer"}), body)?;
        let there = self.route("POST", path).is_some();
        let expected = if there { (405, json!("19"), Some("POST")) } else { (404, json!("30"), None) };
        let allow = said.headers.get("allow").map(String::as_str);
        let found = (said.status, body["Message"]["Code"].clone(), allow);
        if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
    }

    fn fits(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let validator = self.answers[&schema.to_string()].get_or_init(|| compile(schema, &self.components));
        let wrong = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    fn check_headers(&self, said: &Said<'_>, response: &Value, api_gateways_own: bool) -> Result<(), String> {
        let own = response["headers"].as_object().into_iter().flatten();
        let own: BTreeMap<_, _> = own.map(|(name, header)| (name.to_ascii_lowercase(), header)).collect();
        for (name, value) in said.headers.iter().filter(|(name, _)| !TRANSPORT.contains(&name.as_str())) {
            let header = own.get(name).copied().or_else(|| self.on_every_answer.get(name));
            let header = header.or_else(|| self.on_some_answers.get(name));
            let header = header.ok_or_else(|| format!("the header {name} is not documented"))?;
            let number = value.parse::<u64>().ok().filter(|_| header["schema"]["type"] == "integer");
            let value = number.map_or_else(|| json!(value), |number| json!(number));
            self.fits(&header["schema"], &value).map_err(|why| format!("{name}: {why}"))?;
        }
        let missing = self.on_every_answer.keys().find(|name| !said.headers.contains_key(*name));
        match missing {
            Some(name) if !api_gateways_own => Err(format!("the header {name} is missing")),
            _ => Ok(()),
        }
    }

    /// The order API tells a code in each of its errors; each is listed under its own status.
    fn check_codes(&self, said: &Said<'_>, responses: &Value, body: &Value) -> Result<(), String> {
        let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let retry_after = said.headers.get("retry-after").map(String::as_str);
        for error in errors {
            let (status, code) = (&error["status"], error["meta"]["code"].as_str().unwrap_or_default());
            if !is_among(&responses[status.to_string()], code) {
                return Err(format!("{code} is not documented for {status}"));
            }
            let told = error["meta"]["retry_after_s"].as_u64().map(|seconds| seconds.to_string());
            if told.as_deref() != retry_after {
                return Err(format!("meta.retry_after_s and Retry-After differ: {told:?}, {retry_after:?}"));
            }
            self.check_retry_after(code, retry_after)?;
        }
        let highest = errors.iter().filter_map(|error| error["status"].as_u64()).max();
        let good = said.status < 400;
        if good == errors.is_empty() && (good || highest == Some(said.status.into())) {
            return Ok(());
        }
        Err("the status is not the highest of the errors'".to_owned())
    }

    /// The credit-card API tells one number; of several errors the first one's, under the highest
    /// status.
    fn check_number(&self, said: &Said<'_>, responses: &Value, body: &Value) -> Result<(), String> {
        let number = body["Message"]["Code"].as_str().unwrap_or_default();
        if NO_ERRORS.contains(&number) {
            return if said.status == 200 { Ok(()) } else { Err(format!("{number} is 200")) };
        }
        let code = self.numbers.get(number).ok_or_else(|| format!("{number} is no code"))?;
        let under = |(status, response): (&String, &Value)| {
            is_among(response, code) && status.parse().is_ok_and(|status: u16| status <= said.status)
        };
        if !responses.as_object().into_iter().flatten().any(under) {
            return Err(format!("{code} is not documented for {}", said.status));
        }
        self.check_retry_after(code, said.headers.get("retry-after").map(String::as_str))
    }

    fn check_retry_after(&self, code: &str, retry_after: Option<&str>) -> Result<(), String> {
        if self.retryable.contains(code) == retry_after.is_some() {
            return Ok(());
        }
        Err(format!("{code} comes with Retry-After or without, not as docs/errors.md says: {retry_after:?}"))
    }
}

fn is_among(response: &Value, code: &str) -> bool {
    response["x-error-codes"].as_array().into_iter().flatten().any(|one| one == code)
}

/// Route → its operation, with its path's parameters.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            let mut operation = operation.clone();
            let parameters =
                [&item["parameters"], &operation["parameters"]].map(|list| list.as_array().cloned());
            let parameters = parameters.into_iter().flatten().flatten();
            operation["parameters"] = parameters.map(|one| resolved(document, &one)).collect();
            for response in operation["responses"].as_object_mut().unwrap().values_mut() {
                *response = resolved(document, response);
                for header in response["headers"].as_object_mut().into_iter().flat_map(|all| all.values_mut())
                {
                    *header = resolved(document, header);
                }
            }
            all.insert(format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    all
}

/// The target of a `$ref`, or the value itself.
pub(crate) fn resolved(document: &Value, value: &Value) -> Value {
    match value["$ref"].as_str().and_then(|pointer| pointer.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone(),
        None => value.clone(),
    }
}

/// Every schema of an operation's responses.
fn schemas(operation: &Value) -> Vec<Value> {
    let responses = operation["responses"].as_object().unwrap().values();
    // A response to HEAD, and 304, have no body.
    let contents = responses
        .flat_map(|response| response["content"].as_object().into_iter().flat_map(|all| all.values()));
    contents.map(|content| content["schema"].clone()).collect()
}

fn headers(operations: &BTreeMap<String, Value>, on_every_answer: &BTreeMap<String, Value>) -> Vec<Value> {
    let responses =
        operations.values().flat_map(|operation| operation["responses"].as_object().unwrap().values());
    let own = responses
        .flat_map(|response| response["headers"].as_object().into_iter().flat_map(|all| all.values()));
    own.chain(on_every_answer.values()).map(|header| header["schema"].clone()).collect()
}

/// The same schemas, in which an object has the members that are listed and no others.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
            members.values_mut().for_each(|value| *value = closed(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = closed(item.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

/// A schema of the document, which may refer to its other schemas.
pub(crate) fn compile(schema: &Value, components: &Value) -> Validator {
    let mut root = schema.clone();
    root["components"] = json!({"schemas": components});
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(&root).unwrap()
}

#[test]
fn the_description_has_the_version_of_the_code() {
    assert_eq!(DESCRIPTION.document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let shown = &DESCRIPTION.document["components"]["examples"]["status"]["value"]["version"];
    assert_eq!(shown.as_str().unwrap().split('+').next(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = &DESCRIPTION.document;
    let components = &document["components"]["schemas"];
    let mut seen = 0;
    for (route, operation) in &DESCRIPTION.operations {
        let responses = operation["responses"].as_object().unwrap().iter();
        let responses = responses
            .map(|(status, response)| (status.as_str(), &response["content"], closed(components.clone())));
        let request = ("request", &operation["requestBody"]["content"], components.clone());
        for (of, contents, components) in responses.chain([request]) {
            for (media, content) in contents.as_object().into_iter().flatten() {
                for (name, example) in content["examples"].as_object().into_iter().flatten() {
                    let example = resolved(document, example)["value"].clone();
                    // A body in XML is a text; the tests of the credit-card API's page play those.
                    if media.ends_with("/xml") {
                        continue;
                    }
                    if let Err(why) = compile(&content["schema"], &components).validate(&example) {
                        panic!("{route} {of} {name}: {}: {why}", why.instance_path());
                    }
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_currencies_of_a_card_payment_that_are_listed_are_those_that_are_read() {
    let letters = || 'A'..='Z';
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
    let known = codes.filter_map(|code| Currency::parse(&String::from_iter(code)).ok());
    let with_two_decimals = known.filter(|currency| currency.exponent() == 2);
    let listed = &DESCRIPTION.document["components"]["schemas"]["CardCurrency"]["enum"];
    assert_eq!(*listed, json!(with_two_decimals.map(Currency::code).collect::<Vec<_>>()));
}

#[test]
fn every_response_is_documented_with_its_request_id() {
    for (route, operation) in &DESCRIPTION.operations {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let schema = &response["content"]["application/json"]["schema"];
            let api_gateways_own = schema["$ref"] == "#/components/schemas/Message";
            assert_eq!(response["headers"]["X-Request-Id"].is_null(), api_gateways_own, "{route} {status}");
        }
    }
}

/// Outcomes that the tables of `shared/tests/apis` give to every kind of operation, and the
/// gateway's client to one.
fn is_never_said_of(code: &str, route: &str) -> bool {
    match code {
        "not_settled" => !route.contains("refund"),
        "already_settled" => !route.contains("cancel") && !route.contains("void"),
        "voided_elsewhere" => route.contains("cancel"),
        // Of every route of a deployment with a front, and of none.
        _ => code == "not_through_front",
    }
}

#[test]
fn every_code_and_csv_that_the_tables_of_the_apis_expect_is_documented_for_its_route() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tests/apis/expected");
    let (mut seen, mut wrong) = (0, BTreeSet::new());
    for file in fs::read_dir(directory).unwrap() {
        let rows = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut route = None;
        for line in rows.lines() {
            if !line.starts_with(' ') {
                let request = line.split_once(" | ").map_or(line, |(_, request)| request);
                let mut words = request.split([' ', ',']);
                route = DESCRIPTION.route(words.next().unwrap(), words.next().unwrap());
                continue;
            }
            let (Some(route), Some(answer)) = (route, Answered::of(line)) else { continue };
            let responses = DESCRIPTION.operations[route]["responses"].as_object().unwrap();
            if answer.is_csv && responses["200"]["content"]["text/csv"].is_null() {
                wrong.insert(format!("{route}: text/csv"));
            }
            for code in answer.codes {
                // Another test compares each code's status.
                if !responses.values().any(|one| is_among(one, &code)) && !is_never_said_of(&code, route) {
                    wrong.insert(format!("{route}: {code}"));
                }
                seen += 1;
            }
        }
    }
    assert_eq!(wrong, BTreeSet::new());
    assert!(seen > 1_500, "{seen}");
}

/// A line of a table that says how a request was answered.
struct Answered {
    is_csv: bool,
    codes: Vec<String>,
}

impl Answered {
    fn of(line: &str) -> Option<Self> {
        let is_status = |part: &&str| {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            digits == 3 && (part.len() == 3 || part[3..].starts_with(' '))
        };
        let answer = line.strip_prefix("  ")?.split(" | ").find(is_status)?;
        let (status, mut told) = answer.split_once(' ').unwrap_or((answer, ""));
        let mut headers = Value::Null;
        if told.starts_with('{') {
            let mut values = serde_json::Deserializer::from_str(told).into_iter();
            headers = values.next().unwrap().unwrap();
            told = told[values.byte_offset()..].trim_start();
        }
        let is_csv = headers["content-type"].as_str().is_some_and(|media| media.starts_with("text/csv"));
        let codes = if status < "400" { Vec::new() } else { codes_of(told) };
        Some(Self { is_csv, codes })
    }
}

/// The codes of a refusal's errors; of the credit-card API's, the code that its number stands for.
fn codes_of(refusal: &str) -> Vec<String> {
    let of_number = |number: &str| DESCRIPTION.numbers.get(number).cloned();
    if let Ok(Value::String(xml)) = serde_json::from_str(refusal) {
        let number = xml.starts_with('<').then(|| from_xml(&xml).unwrap().value()["Message"]["Code"].clone());
        return number.iter().filter_map(Value::as_str).filter_map(of_number).collect();
    }
    let codes = refusal.split(" + ").filter_map(|error| error.split([' ', ':']).next());
    codes.map(|code| of_number(code).unwrap_or_else(|| code.to_owned())).collect()
}

#[test]
fn what_is_not_documented_is_noticed() {
    let json = |status, body: Value| (status, body.to_string());
    let error = |status: u16, code: &str| {
        json(
            status,
            json!({"errors": [{
                "status": status, "title": "t", "detail": "d", "meta": {"code": code, "request_id": "r"},
            }]}),
        )
    };
    let check = |method: &str, path: &str, (status, body): (u16, String), more: &[(&str, &str)]| {
        let every = DESCRIPTION.on_every_answer.iter();
        let mut headers: BTreeMap<_, _> = every
            .map(|(name, header)| {
                (name.clone(), header["schema"]["const"].as_str().unwrap_or("r").to_owned())
            })
            .collect();
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        for (name, value) in more {
            headers.insert((*name).to_owned(), (*value).to_owned());
        }
        headers.retain(|_, value| !value.is_empty());
        DESCRIPTION.check(&Said { method, path, status, headers, body: &body })
    };
    let order = "/v2/orders/o";
    assert_eq!(check("GET", order, error(404, "order_not_found"), &[]), Ok(()));
    assert_eq!(check("GET", "/elsewhere", error(404, "not_found"), &[]), Ok(()));
    check("GET", order, error(404, "not_found"), &[]).unwrap_err();
    check("GET", order, error(404, "already_paid"), &[]).unwrap_err();
    check("GET", order, error(418, "order_not_found"), &[]).unwrap_err();
    check("GET", "/elsewhere", error(404, "order_not_found"), &[]).unwrap_err();
    check("GET", order, error(404, "order_not_found"), &[("x-request-id", "")]).unwrap_err();
    check("GET", order, error(404, "order_not_found"), &[("x-powered-by", "us")]).unwrap_err();
    check("GET", order, error(404, "order_not_found"), &[("cache-control", "public")]).unwrap_err();
    check("GET", order, error(404, "order_not_found"), &[("retry-after", "2")]).unwrap_err();
    check("GET", order, error(404, "order_not_found"), &[("content-type", "text/html")]).unwrap_err();
    check("GET", order, error(503, "service_unavailable"), &[]).unwrap_err();
    check("GET", order, json(200, json!({"data": {}})), &[]).unwrap_err();
    check("GET", order, json(500, json!({"message": "Internal Server Error"})), &[]).unwrap();
    check("GET", order, json(404, json!({"message": "Not Found"})), &[]).unwrap_err();
    let token = json!({
        "access_token": "t", "token_type": "Bearer", "expires_in": 3600, "expires": 1, "identifier": "implicit",
    });
    let mut more = token.clone();
    more["scope"] = json!("all");
    assert_eq!(check("POST", "/oauth/access_token", json(200, token), &[]), Ok(()));
    check("POST", "/oauth/access_token", json(200, more), &[]).unwrap_err();
}
