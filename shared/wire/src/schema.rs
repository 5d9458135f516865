//! The schemas of all bodies, as `docs/openapi.yaml` has them.

use std::borrow::Cow;

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::transform_subschemas,
};
use serde_json::{Map, Value, json};
use tollgate_core::values::{Currency, Words};

use crate::{
    audit::{AuditEntry, AuditPageMeta},
    credit_card,
    deposits::{Deposit, DepositBody, DepositPageMeta},
    entries::{Entry, EntryPageMeta, OrderEntries},
    error::Errors,
    event::{Event, EventData},
    gateways::{Gateway, GatewaysBody},
    list::{Links, Page, Readable, UnreadableItem, UnreadableRow},
    me::Me,
    month::MonthBody,
    order::{Order, OrderPage},
    payment_methods::{GonePaymentMethod, PaymentMethod},
    people::{PeopleList, Person, RemovedPerson},
    receipt::Receipt,
    service::Status,
    settlement::{
        ExceptionPageMeta, Outstanding, OutstandingPageMeta, SettlementException, TransactionSettlement,
    },
    stop::Stop,
    surcharge::Surcharge,
    token::Token,
    totals::Totals,
    transaction::Transaction,
    transactions::{AttentionPage, CapturePage, CaptureSums, TransactionPage},
    values::{CurrencyCode, OrNull, PositiveMinor, Price, Several, SignedPrice, Single, Timestamps, Word},
    webhooks::{Delivery, DeliveryPageMeta, ElasticPathEvent, Webhook},
};

/// Marks a member that can be null although it can also be left out.
const OR_NULL: &str = "x-or-null";

/// Declares which bodies have schemas. Those that a body refers to are found from it.
macro_rules! bodies {
    ($($body:ty,)+) => {
        fn add_bodies(generator: &mut SchemaGenerator) {
            $(generator.subschema_for::<$body>();)+
        }
    };
}

bodies! {
    AttentionPage,
    CapturePage,
    CaptureSums,
    DepositBody,
    ElasticPathEvent<EventData>,
    Errors,
    Event<EventData>,
    GatewaysBody,
    MonthBody,
    OrderEntries,
    OrderPage,
    Page<Delivery, DeliveryPageMeta>,
    Page<Outstanding, OutstandingPageMeta>,
    Page<Readable<AuditEntry>, AuditPageMeta>,
    Page<Readable<Deposit>, DepositPageMeta>,
    Page<Readable<Entry, UnreadableRow>, EntryPageMeta>,
    Page<Readable<SettlementException>, ExceptionPageMeta>,
    PeopleList,
    PositiveMinor,
    Price,
    Several<PaymentMethod>,
    Several<Transaction>,
    Several<Webhook>,
    SignedPrice,
    Single<Delivery>,
    Single<Gateway>,
    Single<GonePaymentMethod>,
    Single<Me>,
    Single<Order>,
    Single<PaymentMethod>,
    Single<Person>,
    Single<Receipt>,
    Single<RemovedPerson>,
    Single<SettlementException>,
    Single<Stop>,
    Single<Surcharge>,
    Single<Transaction>,
    Single<TransactionSettlement>,
    Status,
    Timestamps,
    Token,
    Totals,
    TransactionPage,
    UnreadableItem,
    credit_card::Outgoing,
}

/// The schemas by their names, in alphabetical order.
pub fn components() -> Map<String, Value> {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    add_bodies(&mut generator);
    let mut schemas: Vec<(String, Value)> = generator.take_definitions(true).into_iter().collect();
    schemas.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (_, schema) in &mut schemas {
        if let Ok(schema) = schema.try_into() {
            describe(schema);
        }
    }
    schemas.into_iter().collect()
}

/// Writes a schema as the description has it: texts on one line, no widths of numbers, and no null
/// for a member that is left out instead.
fn describe(schema: &mut Schema) {
    transform_subschemas(&mut describe, schema);
    let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, member) in members {
            if !required.contains(&json!(name)) {
                without_null(member);
            }
        }
    }
    let is_width =
        |format: &Value| format.as_str().is_some_and(|format| format.contains("int") || format == "double");
    if schema.get("format").is_some_and(is_width) {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// Takes away the null of a member that is left out instead, unless it is marked.
fn without_null(member: &mut Value) {
    let Some(member) = member.as_object_mut() else { return };
    if member.remove(OR_NULL).is_some() {
        return;
    }
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            member.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = member.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = member.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({"type": "null"}));
        if let [Value::Object(only)] = &choices[..] {
            let only = only.clone();
            member.remove("anyOf");
            member.extend(only);
        }
    }
}

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Word".into()
    }

    fn schema_id() -> Cow<'static, str> {
        std::any::type_name::<T>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> =
            T::ALL.iter().chain(&T::UNRECOGNIZED).map(|word| Words::as_str(*word)).collect();
        schemars::json_schema!({"type": "string", "enum": words})
    }
}

impl<T: JsonSchema> JsonSchema for OrNull<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}OrNull", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Option::<T>::json_schema(generator);
        schema.insert(OR_NULL.to_owned(), true.into());
        schema
    }
}

/// The name is that of the list's own `meta`: `DepositPage` for `DepositPageMeta`.
impl<T: JsonSchema, M: JsonSchema> JsonSchema for Page<T, M> {
    fn schema_name() -> Cow<'static, str> {
        M::schema_name().replace("Meta", "").into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "required": ["data", "links", "meta"],
            "additionalProperties": false,
            "properties": {
                "data": {"type": "array", "maxItems": 100, "items": generator.subschema_for::<T>()},
                "links": generator.subschema_for::<Links>(),
                "meta": M::json_schema(generator),
            },
        })
    }
}

impl JsonSchema for CurrencyCode {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let letters = || 'A'..='Z';
        let pairs = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
        let texts = pairs.flat_map(|pair| letters().map(move |third| format!("{pair}{third}")));
        let codes: Vec<&str> = texts.filter_map(|text| Some(Currency::parse(&text).ok()?.code())).collect();
        schemars::json_schema!({
            "type": "string",
            "description": "ISO 4217 code of a currency with minor units. In requests in any case; one to pay in has two decimals and a \
                gateway account of the merchant's (422 `currency_not_supported`).",
            "enum": codes,
            "examples": ["USD"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_null_or_left_out_as_its_type_says() {
        let schemas = components();
        let facts = &schemas["Error"]["properties"]["meta"]["properties"];
        assert_eq!(facts["version"]["type"], "integer");
        assert_eq!(facts["avs_result"]["type"], json!(["string", "null"]));
        assert!(!json!(schemas).to_string().contains(OR_NULL));
    }
}
