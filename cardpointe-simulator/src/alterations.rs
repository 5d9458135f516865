//! Changes to what a response says: members set to any JSON value, or left out.
//!
//! They hit what the gateway would have returned and change nothing that it did. So a client can be shown
//! every value that a source documents, and every one that none does.

use serde_json::{Map, Value, json};

use crate::faults::Endpoint;
use crate::reply::{Answer, Reply};

/// Which records of an endpoint's responses are altered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Target {
    /// Every record of every response of the endpoint.
    #[default]
    Any,
    /// Those of requests with this order id, and records that show it.
    OrderId(String),
    /// Those of requests with this reference, and records that show it.
    Retref(String),
}

/// An alteration of an endpoint's responses.
///
/// ```ignore
/// let alteration = Alteration::of(Endpoint::Inquire).set("setlstat", "Pin Debit").remove("respstat").times(2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Alteration {
    endpoint: Endpoint,
    target: Target,
    /// The place in a list; a single record is a list of one.
    record: Option<usize>,
    set: Map<String, Value>,
    remove: Vec<String>,
    /// How many responses are still to come; `None` is without end.
    times: Option<u32>,
}

const MEMBERS: [&str; 7] = ["endpoint", "orderid", "retref", "record", "set", "remove", "times"];

impl Alteration {
    /// Of every response of an endpoint, without end, until something else is said.
    pub fn of(endpoint: Endpoint) -> Self {
        Self { endpoint, target: Target::Any, record: None, set: Map::new(), remove: Vec::new(), times: None }
    }

    /// Sets a member to any JSON value, also one that the response does not have.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a member out.
    #[must_use]
    pub fn remove(mut self, name: &str) -> Self {
        self.remove.push(name.to_owned());
        self
    }

    /// Alters only the records of this target.
    #[must_use]
    pub fn only(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Only the record at this place of a list, counted from 0.
    #[must_use]
    pub fn record(mut self, place: usize) -> Self {
        self.record = Some(place);
        self
    }

    /// Only the next so many responses that it can hit.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Reads the control interface's form; the error names the member that is wrong.
    pub(crate) fn from_json(members: &Map<String, Value>) -> Result<Self, String> {
        if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("{name}: no such member; there are {}", MEMBERS.join(", ")));
        }
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or(format!("{name}: a text")),
        };
        let number = |name: &str, least: u32| match members.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .and_then(|number| u32::try_from(number).ok())
                .filter(|number| *number >= least)
                .map(Some)
                .ok_or(format!("{name}: a whole number from {least}")),
        };
        let endpoint = Endpoint::from_name(&text("endpoint")?.unwrap_or_default())?;
        let target = match (text("orderid")?, text("retref")?) {
            (None, None) => Target::Any,
            (Some(order_id), None) => Target::OrderId(order_id),
            (None, Some(retref)) => Target::Retref(retref),
            (Some(_), Some(_)) => return Err("retref: not together with orderid".to_owned()),
        };
        let set = match members.get("set") {
            None => Map::new(),
            Some(set) => set.as_object().cloned().ok_or("set: an object of members and values")?,
        };
        let names = |names: &Value| -> Option<Vec<String>> {
            names.as_array()?.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect()
        };
        let remove = match members.get("remove") {
            None => Vec::new(),
            Some(remove) => names(remove).ok_or("remove: a list of members")?,
        };
        if set.is_empty() && remove.is_empty() {
            return Err("set: give set, remove or both".to_owned());
        }
        let record = number("record", 0)?.and_then(|place| usize::try_from(place).ok());
        Ok(Self { endpoint, target, record, set, remove, times: number("times", 1)? })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({ "endpoint": self.endpoint.name(), "set": self.set, "remove": self.remove });
        match &self.target {
            Target::Any => {}
            Target::OrderId(order_id) => json["orderid"] = json!(order_id),
            Target::Retref(retref) => json["retref"] = json!(retref),
        }
        if let Some(record) = self.record {
            json["record"] = json!(record);
        }
        if let Some(times) = self.times {
            json["times"] = json!(times);
        }
        json
    }

    fn hits(&self, place: usize, record: &Reply, request: &Named) -> bool {
        let shows = |names: [&str; 2], value: &str| {
            names.iter().any(|name| record.get(name).and_then(Value::as_str) == Some(value))
        };
        let is_target = match &self.target {
            Target::Any => true,
            Target::OrderId(order_id) => {
                request.order_id.as_ref() == Some(order_id) || shows(["orderId", "orderid"], order_id)
            }
            Target::Retref(retref) => {
                request.retref.as_ref() == Some(retref) || shows(["retref", "retref"], retref)
            }
        };
        is_target && self.record.is_none_or(|wanted| wanted == place)
    }

    fn apply(&self, record: &mut Reply) {
        for name in &self.remove {
            record.remove(name);
        }
        for (name, value) in &self.set {
            record.set(name, value.clone());
        }
    }
}

/// What a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub(crate) order_id: Option<String>,
    pub(crate) retref: Option<String>,
}

/// The alterations in force, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Alterations(Vec<Alteration>);

impl Alterations {
    pub(crate) fn add(&mut self, alteration: Alteration) {
        if alteration.times != Some(0) {
            self.0.push(alteration);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn to_json(&self) -> Value {
        self.0.iter().map(Alteration::to_json).collect()
    }

    /// Changes a response, and counts the alterations that hit it.
    pub(crate) fn apply(&mut self, endpoint: Endpoint, request: &Named, answer: &mut Answer) {
        let originals: Vec<Reply> = answer.records().to_vec();
        for alteration in &mut self.0 {
            if alteration.endpoint != endpoint && alteration.endpoint != Endpoint::Any {
                continue;
            }
            // By what the record was, so that an alteration cannot hide a record from the next one.
            let places: Vec<usize> = (0..originals.len())
                .filter(|place| alteration.hits(*place, &originals[*place], request))
                .collect();
            let records = answer.records_mut();
            for place in &places {
                alteration.apply(&mut records[*place]);
            }
            if !places.is_empty() {
                alteration.times = alteration.times.map(|times| times - 1);
            }
        }
        self.0.retain(|alteration| alteration.times != Some(0));
    }
}
