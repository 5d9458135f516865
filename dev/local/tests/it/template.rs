//! `template.yaml`: the parts that the local stack takes from it, and its agreement with the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use local::{
    JOURNAL_TABLE_NAME, TABLE_NAME, WEBHOOKS_TABLE_NAME,
    functions::{SCHEDULED, STREAMED, TABLE, invoked_by_events},
    permissions::Keys,
    template::{RouteKey, TEMPLATE, TemplateError, parse},
};
use regex::Regex;
use serde_json::{Value, json};
use tollgate::{
    dynamodb::orders::{IndexNames, LISTED, agenda_names, index_names},
    openid::ID_TOKEN_AGE_MAX,
    secrets_manager::SecretKind,
};
use tollgate_core::{
    journal::{AgendaList, MARK_PARTITIONS},
    payments::{CAPTURE_SHARDS_MAX, CaptureRequest, IN_DOUBT_SHARDS_MAX, Index, Share, reconcile},
};
use totals::TotalsRequest;

/// The variables that Lambda puts into every function's environment.
const BY_LAMBDA: [&str; 4] =
    ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// All of the template; the value of a tag such as `!Ref` is read as it is.
fn template() -> Value {
    serde_saphyr::from_str(TEMPLATE).unwrap()
}

/// The properties of all resources of a type, by logical id.
fn resources(template: &Value, kind: &str) -> BTreeMap<String, Value> {
    let all = template["Resources"].as_object().unwrap().iter();
    let some = all.filter(|(_, resource)| resource["Type"] == kind);
    some.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect()
}

/// The text of all sources in a folder of the workspace.
pub(crate) fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The text literals between two pieces of source.
fn between<'a>(source: &'a str, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
    source.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(text, _)| text)
}

#[test]
fn every_function_of_the_template_has_a_handler_and_every_handler_a_function() {
    let names = TABLE.iter().map(|(name, _)| *name).chain(invoked_by_events());
    let handlers = names.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(parse(TEMPLATE).unwrap().functions, handlers);
}

#[test]
fn every_function_has_a_route_a_schedule_or_a_stream() {
    let deployment = parse(TEMPLATE).unwrap();
    let scheduled =
        deployment.schedules.iter().map(|schedule| schedule.function.clone()).collect::<BTreeSet<_>>();
    let handlers = SCHEDULED.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    // This one has a stream as well.
    let webhooks = BTreeSet::from(["webhooks".to_owned()]);
    assert_eq!(scheduled, &handlers | &webhooks);
    assert_eq!(deployment.streams[WEBHOOKS_TABLE_NAME], webhooks);
    let consumers = &deployment.streams[TABLE_NAME];
    // People's pages have an API of their own.
    let pages: Vec<_> =
        deployment.console_routes.iter().map(|route| (route.key.clone(), route.function.as_str())).collect();
    assert_eq!(pages, [(RouteKey::Default, "console")]);
    let routed = deployment.routes.into_iter().chain(deployment.console_routes);
    let routed = routed.map(|route| route.function).collect::<BTreeSet<_>>();
    assert!(routed.is_disjoint(&scheduled));
    let streamed = STREAMED.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(consumers | &webhooks, streamed);
    assert!(consumers.is_disjoint(&(&routed | &scheduled)));
    assert_eq!(deployment.functions, &(&routed | &scheduled) | &streamed);
}

#[test]
fn the_local_stack_looks_for_payments_in_doubt_as_a_small_deployment_does() {
    let (sizes, limits) = (&template()["Mappings"]["Sizes"], reconcile::ReconcileLimits::default());
    assert_eq!(sizes["small"]["InDoubtShards"], limits.shards);
    assert_eq!(sizes["small"]["InquiriesPerMerchant"], limits.per_merchant);
}

/// A deployment can always become larger, and the functions take each size.
#[test]
fn each_size_is_on_the_page_and_at_least_the_one_before_in_everything() {
    let template = template();
    let sizes = template["Parameters"]["Size"]["AllowedValues"].as_array().unwrap();
    let sizes: Vec<BTreeMap<String, u64>> = sizes
        .iter()
        .map(|size| &template["Mappings"]["Sizes"][size.as_str().unwrap()])
        .map(|size| serde_json::from_value(size.clone()).unwrap())
        .collect();
    assert_eq!(template["Mappings"]["Sizes"].as_object().unwrap().len(), sizes.len());
    for pair in sizes.windows(2) {
        assert!(pair[0].keys().eq(pair[1].keys()), "{pair:?}");
        assert!(pair[0].iter().all(|(name, number)| pair[1][name] >= *number), "{pair:?}");
    }
    let largest = sizes.last().unwrap();
    assert!(largest["InDoubtShards"] <= IN_DOUBT_SHARDS_MAX.into());
    assert!(largest["CaptureShards"] <= CAPTURE_SHARDS_MAX.into());
    let page = include_str!("../../../../docs/performance.md");
    for name in largest.keys() {
        let numbers: Vec<_> = sizes.iter().map(|size| size[name].to_string()).collect();
        let row = format!("| `{name}` | {} |", numbers.join(" | "));
        assert!(page.lines().any(|line| line.replace(',', "").starts_with(&row)), "{row}");
    }
    // API Gateway's own limits of an account.
    assert!(largest["PaymentRate"] <= 10_000 && largest["PaymentBurst"] <= 5_000);
}

/// A function's variables: those of all functions, unless it has one in their place, and its own.
fn variables<'a>(template: &'a Value, function: &'a Value) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let of_all = &template["Globals"]["Function"]["Environment"]["Variables"];
    let own = &function["Environment"]["Variables"];
    let of_all = of_all.as_object().into_iter().flatten().filter(|(name, _)| own[name.as_str()].is_null());
    of_all.chain(own.as_object().into_iter().flatten())
}

/// The names in a value: itself, both branches of an `!If` and its condition, or the three of a
/// `!FindInMap`.
fn names(value: &Value) -> impl Iterator<Item = &str> {
    let choice = value.as_array().into_iter().flatten();
    std::iter::once(value).chain(choice).filter_map(Value::as_str)
}

/// `sam local invoke` fills in the id of a resource, or the reference to a secret as it is. A
/// function can use neither.
#[test]
fn sam_gets_a_value_for_every_variable_that_is_filled_from_a_resource_or_a_secret() {
    let template = template();
    let all = template["Resources"].as_object().unwrap();
    let file: Value = serde_json::from_str(include_str!("../../../../events/env.json")).unwrap();
    let given = file["Parameters"].as_object().unwrap();
    let given = given.iter().filter(|(_, value)| value.as_str().is_some_and(|value| !value.is_empty()));
    let given: BTreeSet<_> = given.map(|(name, _)| name).collect();
    let (mut filled, mut declared) = (BTreeSet::new(), BTreeSet::new());
    for function in resources(&template, "AWS::Serverless::Function").values() {
        for (name, value) in variables(&template, function) {
            declared.insert(name.clone());
            if names(value).any(|name| all.contains_key(name) || name.contains("{{resolve:")) {
                filled.insert(name.clone());
            }
        }
    }
    assert!(filled.contains("TABLE_NAME") && filled.contains("TOKEN_KID_KEY"), "{filled:?}");
    let missing: Vec<_> = filled.iter().filter(|name| !given.contains(name)).collect();
    assert!(missing.is_empty(), "events/env.json lacks {missing:?}");
    // SAM ignores the others.
    assert!(given.iter().all(|name| declared.contains(*name)), "{given:?}");
}

/// Parameters that the description of a version has no room for: `Revision` is there in their
/// place. `docs/deploy.md` lists them.
const NEED_A_REVISION: [&str; 8] = [
    "ConsoleApiUrl",
    "ConsoleUrl",
    "ElasticPathHosts",
    "EventBusName",
    "ExistingTableName",
    "GatewayHosts",
    "KnownMerchants",
    "Stage",
];

/// The same of the parameters that `SignInRevision` stands for; the rules of the template see to
/// it.
const NEED_A_SIGN_IN_REVISION: [&str; 3] = ["Issuer", "IssuerAcr", "IssuerAmr"];

/// Characters that Lambda takes as the description of a version.
const DESCRIPTION_MAX_CHARS: usize = 256;

#[test]
fn a_parameters_new_value_reaches_the_functions_with_a_version_that_lambda_takes() {
    let template = template();
    let parameters = template["Parameters"].as_object().unwrap();
    let (mut described, mut too_long, mut room) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (id, function) in resources(&template, "AWS::Serverless::Function") {
        let description = function["VersionDescription"].as_str().unwrap();
        let named: BTreeSet<_> = between(description, "${", '}').map(str::to_owned).collect();
        let read = variables(&template, &function).flat_map(|(_, value)| names(value));
        let read = read.filter(|name| parameters.contains_key(*name));
        let (long, expected): (BTreeSet<_>, BTreeSet<_>) =
            read.map(str::to_owned).partition(|name| NEED_A_REVISION.contains(&name.as_str()));
        let (by_sign_in, mut expected): (BTreeSet<_>, BTreeSet<_>) =
            expected.into_iter().partition(|name| NEED_A_SIGN_IN_REVISION.contains(&name.as_str()));
        if !by_sign_in.is_empty() {
            // The console sends people to the issuer, and the function `token` checks who they are.
            let all = NEED_A_SIGN_IN_REVISION.map(str::to_owned).into();
            let issuer = BTreeSet::from(["Issuer".to_owned()]);
            assert_eq!(by_sign_in, if id == "ConsoleFunction" { issuer } else { all }, "{id}");
            expected.insert("SignInRevision".to_owned());
        }
        assert_eq!(named, expected, "{id}");
        let longest = named.iter().fold(description.to_owned(), |text, name| {
            text.replace(&format!("${{{name}}}"), &"x".repeat(longest(&parameters[name])))
        });
        assert!(longest.len() <= DESCRIPTION_MAX_CHARS, "{id}: {}", longest.len());
        room.insert((DESCRIPTION_MAX_CHARS - longest.len(), id));
        described.extend(named);
        too_long.extend(long);
    }
    assert_eq!(room.first(), Some(&(69, "TokenFunction".to_owned())), "the characters that are left");
    let page = include_str!("../../../../docs/deploy.md");
    let listed = |before: &str, after: &str| {
        let (_, rest) = page.split_once(before).unwrap();
        let (list, _) = rest.split_once(after).unwrap();
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    assert!(described.remove("Revision") && described.remove("SignInRevision"));
    assert_eq!(listed("A deployment publishes one when", "changes."), described);
    assert_eq!(listed("Change `Revision` together with", "."), too_long);
    let by_sign_in = NEED_A_SIGN_IN_REVISION.map(str::to_owned);
    assert_eq!(listed("Change `SignInRevision` together with", "."), by_sign_in.into());
    assert_eq!(too_long, NEED_A_REVISION.map(str::to_owned).into());
}

/// Characters of a parameter's longest value.
fn longest(parameter: &Value) -> usize {
    let allowed = parameter["AllowedValues"].as_array().into_iter().flatten();
    let chars = allowed.map(|value| value.to_string().trim_matches('"').len()).max();
    // Of numbers the greatest; `Revision` states its length in its pattern.
    let number = parameter["MaxValue"].as_u64().map(|max| max.to_string().len());
    let text = parameter["MaxLength"].as_u64().and_then(|max| max.try_into().ok());
    chars.or(number).or(text).unwrap_or(32)
}

/// Bytes of the resource policy that Lambda keeps for an alias. Each route of its function adds a
/// statement, and the stack cannot be updated once one does not fit. Policies of roles have other
/// limits, which no function comes near.
const RESOURCE_POLICY_MAX_BYTES: usize = 20_480;

/// The statement that lets a route of the API invoke a function, with the longest names that
/// CloudFormation makes. Made-up ids are as long as real ones.
fn statement(function: &str, event: &str, route: &str) -> String {
    let (stack, random, region) = ("s".repeat(128), "A1B2C3D4E5F6", "ap-southeast-1");
    let (account, api, name) = ("123456789012", "a1b2c3d4e5", "f".repeat(64));
    json!({
        "Sid": format!("{stack}-{function}{event}Permission-{random}"),
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": format!("arn:aws:lambda:{region}:{account}:function:{name}:live"),
        "Condition": {"ArnLike": {"AWS:SourceArn": format!("arn:aws:execute-api:{region}:{account}:{api}/*/{route}")}},
    })
    .to_string()
}

#[test]
fn the_resource_policy_of_a_function_has_room_for_more_routes() {
    let template = template();
    let parameter = Regex::new(r"\{\w+\}").unwrap();
    let mut room = BTreeSet::new();
    for (id, function) in resources(&template, "AWS::Serverless::Function") {
        let events = function["Events"].as_object().into_iter().flatten();
        let routes = events.filter(|(_, event)| event["Type"] == "HttpApi");
        let statements = routes.map(|(event, route)| {
            let [method, path] =
                ["Method", "Path"].map(|it| route["Properties"][it].as_str().unwrap_or_default());
            let method = if method == "ANY" { "*" } else { method };
            statement(&id, event, &format!("{method}{}", parameter.replace_all(path, "*")))
        });
        let statements: Vec<_> = statements.collect();
        let policy = json!({"Version": "2012-10-17", "Id": "default", "Statement": []}).to_string();
        let bytes = policy.len() + statements.iter().map(|statement| statement.len() + 1).sum::<usize>();
        let left = RESOURCE_POLICY_MAX_BYTES.checked_sub(bytes);
        room.insert((left.unwrap_or_else(|| panic!("{id}: {bytes}")), id));
    }
    assert_eq!(room.first(), Some(&(10_436, "TransactionsFunction".to_owned())), "the bytes that are left");
}

#[test]
fn what_is_in_doubt_is_inquired_about_and_totals_are_kept_every_minute() {
    let mut schedules = parse(TEMPLATE).unwrap().schedules;
    for schedule in &schedules {
        let minutes = match schedule.function.as_str() {
            "settlement" => 60,
            _ => 1,
        };
        assert_eq!(schedule.every.as_secs(), minutes * 60, "{}", schedule.function);
    }
    schedules.retain(|schedule| ["reconcile", "totals"].contains(&schedule.function.as_str()));
    assert_eq!(schedules.len(), 5);
}

/// The schedules of a function divide all partitions, and a run has ended when the next one begins.
fn assert_shared(function: &str, part: fn(&str) -> Option<Share>, partitions: u16) {
    let deployment = parse(TEMPLATE).unwrap();
    let schedules = deployment.schedules.iter().filter(|schedule| schedule.function == function);
    let parts: Vec<Share> = schedules.map(|schedule| part(&schedule.event).unwrap()).collect();
    for partition in 0..partitions {
        assert_eq!(parts.iter().filter(|part| partition % part.of == part.index).count(), 1, "{partition}");
    }
    assert!(deployment.timeouts[function].as_secs() < 60, "{function}");
}

#[test]
fn the_capture_schedules_share_all_of_the_index_between_them() {
    let part = |event: &str| serde_json::from_str::<CaptureRequest>(event).unwrap().part;
    assert_shared("scheduled-capture", part, CAPTURE_SHARDS_MAX);
    assert!((1..=CAPTURE_SHARDS_MAX).contains(&parse(TEMPLATE).unwrap().captures.shards));
}

#[test]
fn the_schedules_of_totals_share_all_marks_between_them() {
    let part = |event: &str| serde_json::from_str::<TotalsRequest>(event).unwrap().part;
    assert_shared("totals", part, MARK_PARTITIONS);
}

#[test]
fn a_function_has_its_own_memory_or_the_parameters() {
    let memories = parse(TEMPLATE).unwrap().memories;
    assert_eq!((memories["purchase"], memories["transactions"]), (128, 1769));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line for each route")]
fn the_routes_are_the_documented_ones() {
    let routes = parse(TEMPLATE).unwrap().routes;
    let mut found =
        routes.iter().map(|route| format!("{} -> {}", route.key, route.function)).collect::<Vec<_>>();
    found.sort();
    assert_eq!(
        found,
        [
            "$default -> orders",
            "ANY /status -> orders",
            "ANY /v2/attention -> transactions",
            "ANY /v2/audit -> people",
            "ANY /v2/captures -> transactions",
            "ANY /v2/captures/daily -> transactions",
            "ANY /v2/deposits -> transactions",
            "ANY /v2/deposits/{depositId} -> transactions",
            "ANY /v2/entries -> transactions",
            "ANY /v2/gateways -> orders",
            "ANY /v2/gateways/card_connect -> orders",
            "ANY /v2/me -> transactions",
            "ANY /v2/orders -> transactions",
            "ANY /v2/orders/{orderId} -> orders",
            "ANY /v2/orders/{orderId}/entries -> transactions",
            "ANY /v2/orders/{orderId}/transactions -> orders",
            "ANY /v2/orders/{orderId}/transactions/{transactionId} -> orders",
            "ANY /v2/orders/{orderId}/transactions/{transactionId}/receipt -> orders",
            "ANY /v2/payment-methods -> payment-methods",
            "ANY /v2/payment-methods/{paymentMethodId} -> payment-methods",
            "ANY /v2/people -> people",
            "ANY /v2/reports/month -> transactions",
            "ANY /v2/reports/totals -> transactions",
            "ANY /v2/settlement/exceptions -> transactions",
            "ANY /v2/settlement/exceptions/{exceptionId} -> transactions",
            "ANY /v2/settlement/outstanding -> transactions",
            "ANY /v2/stop -> switches",
            "ANY /v2/transactions -> transactions",
            "ANY /v2/transactions/{transactionId} -> orders",
            "ANY /v2/transactions/{transactionId}/settlement -> transactions",
            "ANY /v2/webhooks -> deliveries",
            "ANY /v2/webhooks/{webhookId}/deliveries -> deliveries",
            "DELETE /v2/payment-methods/{paymentMethodId} -> payment-methods",
            "DELETE /v2/people/{personId} -> people",
            "PATCH /v2/orders/{orderId}/transactions/{transactionId} -> orders",
            "PATCH /v2/payment-methods/{paymentMethodId} -> payment-methods",
            "PATCH /v2/people/{personId} -> people",
            "POST /api/v1/payments/creditcard/authorize -> authorize",
            "POST /api/v1/payments/creditcard/capture -> capture",
            "POST /api/v1/payments/creditcard/charge -> purchase",
            "POST /api/v1/payments/creditcard/refund -> refund",
            "POST /api/v1/payments/creditcard/status -> confirm",
            "POST /api/v1/payments/creditcard/void -> void",
            "POST /oauth/access_token -> token",
            "POST /v2/orders/{orderId}/captures/pause -> orders",
            "POST /v2/orders/{orderId}/captures/resume -> orders",
            "POST /v2/orders/{orderId}/payments -> payments",
            "POST /v2/orders/{orderId}/payments/authorize -> authorize",
            "POST /v2/orders/{orderId}/payments/purchase -> purchase",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/attention/{code}/seen -> orders",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel -> void",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/capture -> capture",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm -> confirm",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/decide -> confirm",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize -> capture",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/refund -> refund",
            "POST /v2/payment-methods -> payment-methods",
            "POST /v2/people -> people",
            "POST /v2/settlement/exceptions/{exceptionId}/notes -> transactions",
            "POST /v2/settlement/exceptions/{exceptionId}/resolve -> transactions",
            "POST /v2/surcharge -> payments",
            "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay -> deliveries",
            "POST /v2/webhooks/{webhookId}/test -> deliveries",
            "PUT /v2/orders/{orderId} -> orders",
            "PUT /v2/payment-methods/{paymentMethodId} -> payment-methods",
            "PUT /v2/stop -> switches",
        ]
    );
}

#[test]
fn a_function_ends_before_the_http_api_gives_up() {
    assert_eq!(parse(TEMPLATE).unwrap().function_timeout.as_secs(), 29);
}

#[test]
fn the_table_is_keyed_by_order_and_has_indexes_of_what_is_in_doubt_due_and_to_look_at_and_a_list() {
    let table = &parse(TEMPLATE).unwrap().tables[TABLE_NAME];
    let keys = table.key_schema.iter().map(|key| (key.attribute_name.as_str(), key.key_type.as_str()));
    assert_eq!(keys.collect::<Vec<_>>(), [("order_key", "HASH")]);
    let indexes = table.global_secondary_indexes.iter();
    let indexes: Vec<_> =
        indexes.map(|i| (i.index_name.as_str(), i.projection.projection_type.as_str())).collect();
    let keys_only = ["captures-due", "attention", "captures", "listed"].map(|index| (index, "KEYS_ONLY"));
    assert_eq!(indexes, [&[("in-doubt", "INCLUDE")][..], &keys_only].concat());
}

#[test]
fn the_template_sets_the_variables_that_the_code_reads_and_no_others() {
    let source: String = ["shared/src", "shared/events/src", "shared/console/src", "functions"]
        .map(|folder| sources(&workspace().join(folder)))
        .concat();
    let calls = ["env::var(", "needed(", "needed_as(", "optional(", "is_on("].into_iter();
    let calls = calls.chain(["optional_number(", "origin(", "partitions(", "secrets_prefix("]);
    let calls: Vec<_> = calls.map(|call| format!("{call}\"")).collect();
    let read: BTreeSet<_> = calls.iter().flat_map(|call| between(&source, call, '"')).collect();
    let template = template();
    let functions = resources(&template, "AWS::Serverless::Function");
    let set = functions.values().flat_map(|function| variables(&template, function)).map(|(name, _)| name);
    let set: BTreeSet<_> = set.map(String::as_str).collect();
    assert_eq!(set, read.into_iter().filter(|name| !BY_LAMBDA.contains(name)).collect());
}

#[test]
fn the_indexes_are_the_ones_that_the_store_queries() {
    let [in_doubt, due] = [Index::InDoubt, Index::CapturesDue].map(index_names);
    let [attention, captures] = [AgendaList::Attention, AgendaList::Captures].map(agenda_names);
    let queried = [in_doubt, due, attention, captures, LISTED];
    let queried = queried.map(|IndexNames { index, shard, at }| [index, shard, at].map(str::to_owned));
    let table = &parse(TEMPLATE).unwrap().tables[TABLE_NAME];
    let declared = table.global_secondary_indexes.iter().map(|index| {
        let key = |kind| index.key_schema.iter().find(|key| key.key_type == kind).unwrap();
        let names = [&index.index_name, &key("HASH").attribute_name, &key("RANGE").attribute_name];
        names.map(String::clone)
    });
    assert_eq!(declared.collect::<BTreeSet<_>>(), BTreeSet::from(queried));
}

/// Every metric of ours that an alarm or the dashboard shows.
fn watched(template: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (id, alarm) in resources(template, "AWS::CloudWatch::Alarm") {
        let single = std::iter::once(&alarm);
        let several =
            alarm["Metrics"].as_array().into_iter().flatten().map(|one| &one["MetricStat"]["Metric"]);
        for metric in single.chain(several).filter(|metric| metric["Namespace"] == "Tollgate") {
            let names =
                metric["Dimensions"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap());
            let expected: &[&str] =
                if metric["MetricName"] == "Operations" { &["Stage", "Kind", "Outcome"] } else { &["Stage"] };
            assert_eq!(names.collect::<Vec<_>>(), expected, "{id}");
            assert_eq!(metric["Dimensions"][0]["Value"], "Stage", "{id}");
            found.insert(metric["MetricName"].as_str().unwrap().to_owned());
        }
    }
    for dashboard in resources(template, "AWS::CloudWatch::Dashboard").into_values() {
        let body: Value = serde_json::from_str(dashboard["DashboardBody"][0].as_str().unwrap()).unwrap();
        for widget in body["widgets"].as_array().unwrap() {
            for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
                if metric[0] == "Tollgate" {
                    assert_eq!((&metric[2], &metric[3]), (&"Stage".into(), &"${Stage}".into()), "{metric}");
                    found.insert(metric[1].as_str().unwrap().to_owned());
                }
                let expression = metric[0]["expression"].as_str();
                if let Some(search) = expression.filter(|search| search.contains("{Tollgate,")) {
                    found.insert(between(search, "MetricName=\"", '"').next().unwrap().to_owned());
                }
            }
        }
    }
    found
}

#[test]
fn every_metric_that_is_watched_is_emitted() {
    let mut emitted: BTreeSet<String> = crate::inventory::metrics().into_keys().map(str::to_owned).collect();
    let template = template();
    for filter in resources(&template, "AWS::Logs::MetricFilter").values() {
        for metric in filter["MetricTransformations"].as_array().unwrap() {
            emitted.insert(metric["MetricName"].as_str().unwrap().to_owned());
        }
    }
    let watched = watched(&template);
    assert!(watched.is_subset(&emitted), "never emitted: {:?}", &watched - &emitted);
}

#[test]
fn a_deployment_is_taken_back_by_shares_of_requests_and_not_by_one_that_failed() {
    let template = template();
    let preference = &template["Globals"]["Function"]["DeploymentPreference"];
    assert_eq!(preference["Alarms"][0], "TakesBack");
    assert_eq!(preference["Type"], serde_json::json!(["IsCanary", "Canary10Percent5Minutes", "AllAtOnce"]));
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let names = preference["Alarms"][1].as_array().unwrap();
    assert_eq!(names.len(), 3);
    for name in names {
        let name = name.as_str().unwrap();
        let share = alarms[name]["Metrics"][0]["Expression"].as_str().unwrap();
        assert!(
            share.starts_with("IF(") && share.contains(">= ") && share.contains("100 * "),
            "{name}: {share}"
        );
        // CloudWatch's limit for one alarm.
        let metrics = alarms[name]["Metrics"].as_array().unwrap().iter();
        assert!(metrics.filter(|metric| metric["MetricStat"].is_object()).count() <= 10, "{name}");
    }
}

#[test]
fn every_alarm_has_a_topic_is_on_the_dashboard_and_has_a_section_that_says_what_to_do() {
    let template = template();
    let dashboard = &resources(&template, "AWS::CloudWatch::Dashboard")["Dashboard"]["DashboardBody"][0];
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    assert!((10..=36).contains(&alarms.len()), "{}", alarms.len());
    for (id, alarm) in alarms {
        let topic = match template["Resources"][&id]["Condition"].as_str() {
            Some("Pages") => "PageTopicArn",
            Some("Tickets") => "TicketTopicArn",
            other => panic!("{id} is made without a topic: {other:?}"),
        };
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], serde_json::json!([topic]), "{id}");
        }
        // A first deployment rings none: a metric without data yet is not alarming. Only going
        // silent is, for schedules.
        match alarm["TreatMissingData"].as_str() {
            Some("notBreaching") => assert!(alarm["InsufficientDataActions"].is_null(), "{id}"),
            Some("missing") => assert_eq!(alarm["InsufficientDataActions"][0], topic, "{id}"),
            other => panic!("{id}: {other:?}"),
        }
        assert!(dashboard.as_str().unwrap().contains(&format!("\"${{{id}.Arn}}\"")), "{id}");
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (page, heading) = description.split_once("See ").unwrap().1.split_once(", ").unwrap();
        let text = fs::read_to_string(workspace().join(page)).unwrap_or_else(|_| panic!("{id}: no {page}"));
        let heading = heading.trim_end_matches('.').trim_matches('"');
        let is_heading = |line: &str| line.starts_with('#') && line.trim_start_matches('#').trim() == heading;
        assert!(text.lines().any(is_heading), "{id}: {page} has no {heading}");
    }
}

/// The members are those of log lines in docs/reference/logs.md.
#[test]
fn refunds_are_counted_by_person_and_not_by_key() {
    let template = template();
    let rule = &resources(&template, "AWS::CloudWatch::InsightRule")["RefundsByPerson"];
    let body: Value = serde_json::from_str(rule["RuleBody"].as_str().unwrap()).unwrap();
    let counted = &body["Contribution"];
    assert_eq!(counted["Keys"], serde_json::json!(["$.fields.principal"]));
    let filters = serde_json::json!([
        {"Match": "$.fields.what", "In": ["outcome"]},
        {"Match": "$.fields.kind", "In": ["refund"]},
        {"Match": "$.fields.principal", "StartsWith": ["person:"]},
    ]);
    assert_eq!((&counted["Filters"], &body["AggregateOn"]), (&filters, &"Count".into()));
    let alarm = &resources(&template, "AWS::CloudWatch::Alarm")["RefundsByPersonAlarm"];
    let expression = alarm["Metrics"][0]["Expression"].as_str().unwrap();
    assert!(expression.contains(rule["RuleName"].as_str().unwrap()), "{expression}");
    assert_eq!(alarm["Threshold"], "RefundsPerPersonAndHour");
}

#[test]
fn nobody_gets_into_the_user_pool_without_a_second_factor_or_on_their_own() {
    let template = template();
    let pool = &resources(&template, "AWS::Cognito::UserPool")["ConsoleUserPool"];
    assert_eq!(pool["MfaConfiguration"], "ON");
    assert_eq!(pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"], true);
    let client = &resources(&template, "AWS::Cognito::UserPoolClient")["ConsoleUserPoolClient"];
    assert_eq!(client["AllowedOAuthFlows"], serde_json::json!(["code"]));
    assert_eq!(client["IdTokenValidity"], ID_TOKEN_AGE_MAX.as_mins());
}

#[test]
fn no_function_can_write_to_the_logs_of_another_application() {
    let template = template();
    let policy = &resources(&template, "AWS::IAM::Policy")["OwnLogsPolicy"];
    // One is there under a condition.
    let roles = policy["Roles"].as_array().unwrap().iter();
    let roles = roles.map(|role| role.as_str().or_else(|| role[1].as_str()).unwrap().to_owned());
    let functions = resources(&template, "AWS::Serverless::Function");
    let expected = functions.keys().map(|id| format!("{id}Role")).collect::<BTreeSet<_>>();
    assert_eq!(roles.collect::<BTreeSet<_>>(), expected);
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["NotResource"]),
        (&"Deny".into(), &"FunctionLogs.Arn".into())
    );
    assert!(statement["Action"].as_array().unwrap().contains(&"logs:PutLogEvents".into()));
}

#[test]
fn card_data_that_gets_into_a_log_is_masked_and_counted() {
    let groups = resources(&template(), "AWS::Logs::LogGroup");
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["AccessLogs", "ConsoleAccessLogs", "FunctionLogs"]);
    // An access log has only what its format names, which another test looks at.
    let statements = groups["FunctionLogs"]["DataProtectionPolicy"]["Statement"].as_array().unwrap();
    for (statement, operation) in statements.iter().zip(["Audit", "Deidentify"]) {
        assert!(statement["Operation"][operation].is_object(), "{operation}");
        let names = statement["DataIdentifier"].as_array().unwrap();
        assert!(names.iter().any(|name| name.as_str().unwrap().ends_with("/CreditCardNumber")));
    }
    assert_eq!(statements.len(), 2);
    assert_eq!(statements[0]["DataIdentifier"], statements[1]["DataIdentifier"], "as AWS requires");
}

/// Of the functions' resources, those of merchants have names that only the prefix tells, and keys
/// of items begin with their kind.
#[test]
fn no_policy_has_a_wildcard_besides_the_merchants_of_the_stage() {
    let template = template();
    let more = resources(&template, "AWS::IAM::Policy").into_iter().flat_map(|(id, policy)| {
        let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap().clone();
        statements.into_iter().flat_map(move |statement| {
            let texts = [&statement["Action"], &statement["Resource"]].map(Value::to_string);
            texts.map(|text| (id.clone(), text))
        })
    });
    let of_functions = parse(TEMPLATE).unwrap().permissions.into_iter().flat_map(|(function, all)| {
        let texts = all.into_iter().flat_map(|permission| {
            let secrets = ["secret:tollgate/merchants/*", "secret:tollgate/webhooks/*"];
            let resource = Some(permission.resource).filter(|name| !secrets.contains(&name.as_str()));
            let keys = permission.keys.into_iter().flat_map(|keys| keys.patterns);
            let keys = keys.map(|key| key.strip_suffix("#*").map_or(key.clone(), str::to_owned));
            keys.chain(resource).chain([permission.action]).collect::<Vec<_>>()
        });
        texts.map(move |text| (function.clone(), text)).collect::<Vec<_>>()
    });
    for (id, text) in of_functions.chain(more) {
        assert!(!text.contains('*'), "{id}: {text}");
    }
}

/// The switches and customers are in the table of orders. Only a command moves the switch of all
/// merchants.
#[test]
fn one_function_writes_merchants_switches_none_that_of_all_and_those_that_store_cards_write_customers() {
    let (mut orders, mut customers, mut switches) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (function, permissions) in parse(TEMPLATE).unwrap().permissions {
        for permission in permissions {
            let writes = !["dynamodb:GetItem", "dynamodb:BatchGetItem"].contains(&permission.action.as_str());
            if permission.resource != format!("table/{TABLE_NAME}") {
                continue;
            }
            match permission.keys.as_ref().map(ToString::to_string).as_deref() {
                Some("like #, #stop#*") => assert!(!writes, "{function}: {permission}"),
                Some("like #stop#*") => _ = switches.insert(function.clone()),
                Some("like #customer#*") => _ = customers.insert(function.clone()),
                Some("unlike #*") if writes => _ = orders.insert(function.clone()),
                Some("unlike #*" | "like #told#*" | "like #heartbeat") => {}
                _ => panic!("{function} may use other keys: {permission}"),
            }
        }
    }
    assert_eq!(switches, BTreeSet::from(["switches".to_owned()]));
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(customers, named(&["authorize", "confirm", "payment-methods", "payments", "purchase"]));
    let others = ["capture", "orders", "reconcile", "refund", "scheduled-capture", "settlement", "void"];
    let others = [&others[..], &["authorize", "confirm", "payments", "purchase"]].concat();
    assert_eq!(orders, named(&others));
}

/// The function that sends webhooks calls strangers, and may read every secret whose name begins
/// with its prefix. The secrets beside them are of no merchant.
#[test]
fn no_stage_has_secrets_below_the_prefix_of_others() {
    let template = template();
    let stages = template["Mappings"]["Stages"].as_object().unwrap();
    let allowed = template["Parameters"]["Stage"]["AllowedValues"].as_array().unwrap();
    let allowed: BTreeSet<_> = allowed.iter().map(|stage| stage.as_str().unwrap()).collect();
    assert_eq!(stages.keys().map(String::as_str).collect::<BTreeSet<_>>(), allowed);
    let secrets = stages.values().flat_map(|stage| stage.as_object().unwrap());
    let secrets: Vec<_> = secrets.map(|(kind, name)| (kind.as_str(), name.as_str().unwrap())).collect();
    assert_eq!(secrets.len(), 4 * allowed.len());
    for (place, (kind, name)) in secrets.iter().enumerate() {
        let others = secrets.iter().enumerate().filter(|(other, _)| *other != place);
        assert!(others.clone().all(|(_, (_, other))| !other.starts_with(name)), "{name}");
        // The commands and the functions take them.
        match *kind {
            "MerchantsPrefix" => assert!(SecretKind::Merchants.prefix(name).is_ok(), "{name}"),
            "WebhooksPrefix" => assert!(SecretKind::Webhooks.prefix(name).is_ok(), "{name}"),
            _ => {}
        }
    }
}

/// A key that is no route fails only when it is deployed.
#[test]
fn the_higher_request_limits_are_for_routes_that_exist_and_move_no_money() {
    let api = &resources(&template(), "AWS::Serverless::HttpApi")["HttpApi"];
    let routes = parse(TEMPLATE).unwrap().routes.into_iter().map(|route| route.key.to_string());
    let routes: BTreeSet<_> = routes.collect();
    let higher = api["RouteSettings"].as_object().unwrap();
    // A route that changes a stored card calls the gateway.
    let changes_card = |key: &str| key.contains(" /v2/payment-methods/") && !key.starts_with("ANY ");
    let moves_no_money = |key: &str| {
        ["ANY ", "PUT ", "PATCH "].iter().any(|method| key.starts_with(method)) && !changes_card(key)
    };
    for (key, limits) in higher {
        assert!(routes.contains(key) && moves_no_money(key), "{key}");
        assert!(limits["ThrottlingRateLimit"].is_u64() && limits["ThrottlingBurstLimit"].is_u64(), "{key}");
    }
    assert_eq!(higher.len(), routes.iter().filter(|key| moves_no_money(key)).count());
    let of_size = |name| json!(["Sizes", "Size", name]);
    assert_eq!(api["DefaultRouteSettings"]["ThrottlingRateLimit"], of_size("PaymentRate"));
    assert_eq!(api["DefaultRouteSettings"]["ThrottlingBurstLimit"], of_size("PaymentBurst"));
}

/// SAM names a schedule after its logical id, and a dead-letter queue that is given in two ways
/// fails the deployment; the checkers of the template see neither.
#[test]
fn two_stages_fit_into_an_account_and_every_schedule_tells_of_runs_it_could_not_deliver() {
    for (id, function) in resources(&template(), "AWS::Serverless::Function") {
        let events = function["Events"].as_object().into_iter().flat_map(|events| events.values());
        for event in events.filter(|event| event["Type"] == "ScheduleV2") {
            assert_eq!(event["Properties"]["OmitName"], true, "{id}");
            let queue = event["Properties"]["DeadLetterConfig"].as_object().unwrap();
            assert_eq!((queue.len(), &queue["Arn"]), (1, &"MissedRuns.Arn".into()), "{id}");
            let failed = &function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"];
            assert_eq!(failed, "MissedRuns.Arn", "{id}");
        }
    }
}

#[test]
fn the_access_logs_hold_nothing_that_a_caller_writes() {
    let apis = resources(&template(), "AWS::Serverless::HttpApi");
    let logged = |api: &str| {
        let format = apis[api]["AccessLogSettings"]["Format"].as_str().unwrap();
        let format: BTreeMap<String, String> = serde_json::from_str(format).unwrap();
        format.into_values().collect::<BTreeSet<_>>()
    };
    let of_both = [
        "${Stage}",
        "$context.error.responseType",
        "$context.identity.sourceIp",
        "$context.integration.requestId",
        "$context.integrationErrorMessage",
        "$context.requestId",
        "$context.responseLatency",
        "$context.status",
    ];
    for (api, own) in [("HttpApi", "$context.routeKey"), ("ConsoleApi", "$context.httpMethod")] {
        let expected = of_both.iter().chain([&own]).map(|name| (*name).to_owned());
        assert_eq!(logged(api), expected.collect(), "{api}");
    }
}

#[test]
fn a_console_that_is_off_makes_nothing() {
    let template = template();
    let all = template["Resources"].as_object().unwrap().iter();
    let conditional = all.filter(|(_, resource)| resource["Condition"] == "ServesConsole");
    let conditional: BTreeSet<_> = conditional.map(|(id, _)| id.as_str()).collect();
    let named = ["ConsoleAccessLogs", "ConsoleApi", "ConsoleFunction", "ConsoleTable"];
    assert_eq!(conditional, named.into());
    assert_eq!(template["Parameters"]["ConsoleEnabled"]["Default"], "false");
    let function = &template["Resources"]["ConsoleFunction"]["Properties"];
    // Else SAM makes the resources that deploy versions, without a function.
    assert_eq!(function["DeploymentPreference"]["PassthroughCondition"], true);
    let api = &template["Resources"]["ConsoleApi"]["Properties"];
    assert!(api["CorsConfiguration"].is_null(), "no page of another origin calls it");
    let table = &template["Resources"]["ConsoleTable"]["Properties"];
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "x");
}

pub(crate) const SMALL: &str = "
Parameters: {Stage: {Default: dev}, Size: {Default: small}, EventBusName: {Default: default}, CaptureConcurrency: {Default: 8}}
Mappings: {Stages: {dev: {}}, Sizes: {small: {FunctionMemory: 128, CaptureShards: 16, PaymentRate: 9, PaymentBurst: 9}}}
Globals: {Function: {Timeout: 5}}
Resources:
  HttpApi:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefaultRouteSettings: {ThrottlingRateLimit: 9, ThrottlingBurstLimit: 9}
      CorsConfiguration: [If, {AllowMethods: [], AllowHeaders: [], ExposeHeaders: [], MaxAge: 9}]
  ConsoleApi:
    Type: AWS::Serverless::HttpApi
    Properties: {DefaultRouteSettings: {ThrottlingRateLimit: 9, ThrottlingBurstLimit: 9}}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      GlobalSecondaryIndexes:
        - IndexName: by-day
          KeySchema: [{AttributeName: day, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
  Journal:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: bucket, KeyType: HASH}, {AttributeName: sort, KeyType: RANGE}]
      AttributeDefinitions: [{AttributeName: bucket, AttributeType: S}, {AttributeName: sort, AttributeType: S}]
      GlobalSecondaryIndexes:
        - IndexName: unusual
          KeySchema: [{AttributeName: u, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
  Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: one}}
    Properties:
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: /a}}
";

#[test]
fn a_route_given_twice_is_refused() {
    assert_eq!(parse(SMALL).unwrap().routes[0].key.to_string(), "GET /a");
    let twice = format!("{SMALL}        Again: {{Type: HttpApi, Properties: {{Method: GET, Path: /a}}}}\n");
    let Err(TemplateError::DuplicateRoute(RouteKey::Exact { path, .. })) = parse(&twice) else {
        panic!("expected a duplicate route")
    };
    assert_eq!(path, "/a");
}

#[test]
fn an_event_that_cannot_be_played_here_is_refused_rather_than_ignored() {
    let queue = format!("{SMALL}        Queue: {{Type: SQS, Properties: {{Queue: !GetAtt Queue.Arn}}}}\n");
    let error = parse(&queue).unwrap_err();
    assert_eq!(error.to_string(), "template.yaml, Function: events of type SQS are not supported here");
}

#[test]
fn a_stream_that_no_table_has_or_that_goes_to_no_function_is_refused() {
    let mapping = |source: &str, function: &str| {
        format!(
            "{SMALL}  Mapping:\n    Type: AWS::Lambda::EventSourceMapping\n    Properties: \
             {{EventSourceArn: !GetAtt {source}, FunctionName: !Ref {function}}}\n"
        )
    };
    let streams = parse(&mapping("Items.StreamArn", "Function.Alias")).unwrap().streams;
    assert_eq!(streams, [("tollgate-local-Items".to_owned(), ["one".to_owned()].into())].into());
    for (source, function) in [("Journal.StreamArn", "Function.Alias"), ("Items.StreamArn", "Other.Alias")] {
        let error = parse(&mapping(source, function)).unwrap_err().to_string();
        assert_eq!(error, "template.yaml, Mapping: expected the stream of a table and a function");
    }
}

#[test]
fn the_journal_cannot_be_changed_by_what_writes_it_and_gets_both_images_of_a_change() {
    let deployment = parse(TEMPLATE).unwrap();
    let stream = deployment.tables[TABLE_NAME].stream_specification.as_ref().unwrap();
    assert_eq!(stream.stream_view_type, "NEW_AND_OLD_IMAGES");
    let resource = format!("table/{JOURNAL_TABLE_NAME}");
    for (function, permissions) in deployment.permissions {
        // `totals` also writes, but nothing that is an entry.
        let of_entries = |keys: &Keys| keys.allow("170200123#20261120");
        let of_entries = permissions.iter().filter(|it| it.keys.as_ref().is_none_or(of_entries));
        for permission in of_entries.filter(|it| it.resource == resource) {
            // The function that writes it does so conditionally, and reads nothing.
            let allowed: &[&str] = match function.as_str() {
                "journal" => &["dynamodb:PutItem"],
                _ => &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
            };
            assert!(allowed.contains(&permission.action.as_str()), "{function}: {permission}");
        }
    }
}
