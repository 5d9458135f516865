//! Changes to a response: members set to any JSON value or left out, records of other operations,
//! records that come twice or not at all.
//!
//! They change the gateway's response and nothing that the gateway did. So a client can be shown
//! every value that a source documents, and every one that none does.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::{
    faults::Endpoint,
    reply::{Answer, Reply},
};

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

/// The members by which a response says whose record it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Identity {
    /// `orderId` or `orderid`, whichever the record has.
    OrderId,
    /// `merchid`, the merchant account.
    Merchid,
    /// `currency`, which most direct responses leave out anyway.
    Currency,
    /// `retref`, the reference.
    Retref,
}

impl Identity {
    pub const ALL: [Self; 4] = [Self::OrderId, Self::Merchid, Self::Currency, Self::Retref];

    /// The name in the control interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::OrderId => "orderid",
            Self::Merchid => "merchid",
            Self::Currency => "currency",
            Self::Retref => "retref",
        }
    }

    /// A value of the right form that no request has led to.
    pub fn foreign_value(self) -> &'static str {
        match self {
            Self::OrderId => "FOREIGN-1",
            Self::Merchid => "100000000001",
            // No merchant account is set up for it.
            Self::Currency => "JPY",
            Self::Retref => "000000000001",
        }
    }

    fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::OrderId => &["orderId", "orderid"],
            Self::Merchid => &["merchid"],
            Self::Currency => &["currency"],
            Self::Retref => &["retref"],
        }
    }

    fn remove_from(self, record: &mut Reply) {
        for name in self.spellings() {
            record.remove(name);
        }
    }

    /// Puts the foreign value in the place of the record's own, or adds it.
    fn make_foreign(self, record: &mut Reply) {
        let [first, ..] = self.spellings() else { return };
        let found = self.spellings().iter().find(|name| record.get(name).is_some());
        record.set(found.unwrap_or(first), self.foreign_value().into());
    }
}

/// Whose record a response shows in the place of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordOf {
    /// Another operation's: of `auth`, `capture`, `void` and `refund` the endpoint's last response
    /// that names another reference; of inquiries the newest record that they do not show.
    Previous,
    /// The one with this reference: the endpoint's last response that names it, or the record that
    /// an inquiry shows.
    Retref(String),
}

/// An alteration of an endpoint's responses.
///
/// ```ignore
/// let alteration = Alteration::of(Endpoint::Inquire).set("setlstat", "Pin Debit").times(2);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Alteration {
    endpoint: Endpoint,
    target: Target,
    /// The place in a list; a single record is a list of one.
    record: Option<usize>,
    set: Map<String, Value>,
    remove: Vec<String>,
    missing: Vec<Identity>,
    foreign: Vec<Identity>,
    record_of: Option<RecordOf>,
    is_twice: bool,
    is_empty: bool,
    /// How many responses are still to come; `None` is without end.
    times: Option<u32>,
}

const MEMBERS: [&str; 12] = [
    "endpoint",
    "orderid",
    "retref",
    "record",
    "set",
    "remove",
    "missing",
    "foreign",
    "record_of",
    "twice",
    "empty",
    "times",
];

impl Alteration {
    /// Of every response of an endpoint, without end, until something else is said.
    pub fn of(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            target: Target::Any,
            record: None,
            set: Map::new(),
            remove: Vec::new(),
            missing: Vec::new(),
            foreign: Vec::new(),
            record_of: None,
            is_twice: false,
            is_empty: false,
            times: None,
        }
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

    /// Leaves an identity member out, however the response spells it.
    #[must_use]
    pub fn missing(mut self, identity: Identity) -> Self {
        self.missing.push(identity);
        self
    }

    /// Gives an identity member its [foreign value](Identity::foreign_value).
    #[must_use]
    pub fn foreign(mut self, identity: Identity) -> Self {
        self.foreign.push(identity);
        self
    }

    /// Shows another operation's record. As long as there is none, the alteration waits for one.
    #[must_use]
    pub fn record_of(mut self, whose: RecordOf) -> Self {
        self.record_of = Some(whose);
        self
    }

    /// Shows the record twice, in a list: first unaltered, then with this alteration's other
    /// changes. Without other changes, both are the same.
    #[must_use]
    pub fn twice(mut self) -> Self {
        self.is_twice = true;
        self
    }

    /// Takes the record out of the response, which becomes a list: `[]` when nothing is left.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.is_empty = true;
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
        let record_of = text("record_of")?.map(|whose| match whose.as_str() {
            "previous" => RecordOf::Previous,
            _ => RecordOf::Retref(whose),
        });
        let switch = |name: &str| match members.get(name) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or(format!("{name}: true or false")),
        };
        let alteration = Self {
            endpoint,
            target,
            record: number("record", 0)?.and_then(|place| usize::try_from(place).ok()),
            set,
            remove,
            missing: identities(members, "missing")?,
            foreign: identities(members, "foreign")?,
            record_of,
            is_twice: switch("twice")?,
            is_empty: switch("empty")?,
            times: number("times", 1)?,
        };
        if alteration.changes_nothing() {
            return Err(
                "set: give at least one of set, remove, missing, foreign, record_of, twice, empty".to_owned()
            );
        }
        Ok(alteration)
    }

    fn changes_nothing(&self) -> bool {
        self.set.is_empty()
            && self.remove.is_empty()
            && self.missing.is_empty()
            && self.foreign.is_empty()
            && self.record_of.is_none()
            && !self.is_twice
            && !self.is_empty
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
        for (name, identities) in [("missing", &self.missing), ("foreign", &self.foreign)] {
            if !identities.is_empty() {
                json[name] = identities.iter().map(|identity| identity.name()).collect();
            }
        }
        match &self.record_of {
            None => {}
            Some(RecordOf::Previous) => json["record_of"] = json!("previous"),
            Some(RecordOf::Retref(retref)) => json["record_of"] = json!(retref),
        }
        for (name, is_on) in [("twice", self.is_twice), ("empty", self.is_empty)] {
            if is_on {
                json[name] = json!(true);
            }
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

    /// The records that the alteration makes of one: one, two or none.
    fn apply(&self, record: Reply, other: Option<&Reply>) -> Vec<Reply> {
        if self.is_empty {
            return Vec::new();
        }
        let mut changed = other.unwrap_or(&record).clone();
        for name in &self.remove {
            changed.remove(name);
        }
        for identity in &self.missing {
            identity.remove_from(&mut changed);
        }
        for identity in &self.foreign {
            identity.make_foreign(&mut changed);
        }
        for (name, value) in &self.set {
            changed.set(name, value.clone());
        }
        if self.is_twice { vec![record, changed] } else { vec![changed] }
    }
}

/// A list of identity members, by the names of the control interface.
fn identities(members: &Map<String, Value>, name: &str) -> Result<Vec<Identity>, String> {
    let identity = |word: &Value| Identity::ALL.into_iter().find(|known| word == known.name());
    let Some(given) = members.get(name) else { return Ok(Vec::new()) };
    let found = given.as_array().and_then(|words| words.iter().map(identity).collect());
    let words = Identity::ALL.map(Identity::name).join(", ");
    found.ok_or_else(|| format!("{name}: a list of {words}"))
}

/// The references that a request names.
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

    /// Changes a response, and counts the alterations that hit it. `other` finds the record that an
    /// alteration wants in the place of one of these.
    pub(crate) fn apply(
        &mut self,
        endpoint: Endpoint,
        request: &Named,
        answer: &mut Answer,
        other: impl Fn(&RecordOf, &[Reply]) -> Option<Reply>,
    ) {
        let originals: Vec<Reply> = answer.records().to_vec();
        // The state of each record so far.
        let mut shown: Vec<Vec<Reply>> = originals.iter().map(|record| vec![record.clone()]).collect();
        for alteration in &mut self.0 {
            if alteration.endpoint != endpoint && alteration.endpoint != Endpoint::Any {
                continue;
            }
            // By the record's original state, so that an alteration cannot hide a record from the
            // next one.
            let places: Vec<usize> = (0..originals.len())
                .filter(|place| alteration.hits(*place, &originals[*place], request))
                .collect();
            let replacement = alteration.record_of.as_ref().map(|whose| other(whose, &originals));
            if places.is_empty() || replacement == Some(None) {
                continue;
            }
            let replacement = replacement.flatten();
            for place in places {
                let records = std::mem::take(&mut shown[place]).into_iter();
                shown[place] =
                    records.flat_map(|record| alteration.apply(record, replacement.as_ref())).collect();
            }
            alteration.times = alteration.times.map(|times| times - 1);
        }
        answer.show(shown.into_iter().flatten().collect());
        self.0.retain(|alteration| alteration.times != Some(0));
    }
}

/// The last responses of the endpoints that write, for alterations that show them again.
#[derive(Debug, Default)]
pub(crate) struct Replies(HashMap<Endpoint, VecDeque<Reply>>);

/// How many responses of an endpoint are kept.
const REPLIES_KEPT: usize = 64;

impl Replies {
    /// Keeps a response as the gateway gave it. One without a reference belongs to no transaction.
    pub(crate) fn add(&mut self, endpoint: Endpoint, reply: Reply) {
        if reply.get("retref").is_none() {
            return;
        }
        let replies = self.0.entry(endpoint).or_default();
        if replies.len() == REPLIES_KEPT {
            replies.pop_front();
        }
        replies.push_back(reply);
    }

    /// The newest response of an endpoint that fits.
    pub(crate) fn newest(&self, endpoint: Endpoint, fits: impl Fn(&Reply) -> bool) -> Option<Reply> {
        self.0.get(&endpoint)?.iter().rev().find(|reply| fits(reply)).cloned()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
