//! Members that stand where no route reads them.

use std::fmt;

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::sent::{Base, Response, State, Syntax, xml};

/// Where a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    /// The names of the objects around it, from the body on. `[]` is a list.
    Within(Vec<&'static str>),
    /// An attribute of this element.
    Attribute(&'static str),
}

/// Places of members that mean nothing to the routes of the order API, wherever they are.
const LET_PASS: [&[&str]; 5] = [
    &["data", "options"],
    &["options"],
    &["data", "options", "a", "b"],
    &["options", "[]"],
    &["data", "options", "metadata"],
];

/// Further places in which a name is refused, known or not.
const NOWHERE: [&[&str]; 5] =
    [&[], &["data", "data"], &["data", "extra"], &["data", "billing_address"], &["extra", "[]"]];

const LET_PASS_BY_CARD: [&[&str]; 8] = [
    &[],
    &["Request", "Card"],
    &["Request", "Discount"],
    &["Request", "BillingAddress"],
    &["Authentication"],
    &["Extra"],
    &["Extra", "Deep"],
    &["Request", "Card", "Deep"],
];

/// In XML only: elements of another namespace.
const FOREIGN: [&[&str]; 3] = [&["x:Extra"], &["Request", "x:Extra"], &["Request", "x:Extra", "x:Deep"]];

const ATTRIBUTES_OF: [&str; 3] = ["CardTransactionBindingModel", "Request", "TransactionID"];

impl Place {
    /// The places in which a name that means nothing here is ignored.
    pub(super) fn ignored(base: &Base) -> Vec<Self> {
        let within = |places: &[&[&'static str]]| -> Vec<Self> {
            places.iter().map(|names| Self::Within(names.to_vec())).collect()
        };
        let mut places = vec![Self::Query];
        places.extend(within(if base.is_credit_card() { &LET_PASS_BY_CARD[..] } else { &LET_PASS }));
        if base.syntax == Syntax::Xml {
            places.extend(within(&FOREIGN));
            places.extend(ATTRIBUTES_OF.map(Self::Attribute));
        }
        places
    }

    pub(super) fn all(base: &Base) -> Vec<Self> {
        let mut places = Self::ignored(base);
        if !base.is_credit_card() {
            places.extend(NOWHERE.iter().map(|names| Self::Within(names.to_vec())));
        }
        places
    }
}

/// A member where it should not be.
#[derive(Clone, Debug)]
pub(super) struct Stray {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) value: Value,
    pub(super) kind: Kind,
}

/// The meaning of a member for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The amount, in its place.
    Amount,
    /// A member that is read elsewhere, or a slip of one.
    Meant,
    /// It means nothing.
    Other,
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} in {:?}", self.name, self.value, self.place)
    }
}

impl Stray {
    /// A member of an API, or a slip of one.
    pub(super) fn at(place: Place, name: &str) -> Self {
        Self { name: name.to_owned(), place, value: json!(100), kind: Kind::Meant }
    }

    /// A member that means nothing.
    pub(super) fn nothing() -> Self {
        Self { kind: Kind::Other, ..Self::at(Place::Query, "nothing") }
    }

    /// Whether a name can stand there.
    pub(super) fn can_be(&self, base: &Base) -> bool {
        base.syntax == Syntax::Json || self.place == Place::Query || !self.name.starts_with('$')
    }

    /// Sends a request with it.
    pub(super) async fn sent(&self, state: &State, base: &Base) -> Response {
        let mut body = base.body.clone();
        let (mut query, mut attribute) = (String::new(), None);
        match &self.place {
            Place::Query => query = format!("?{}=1", self.name),
            Place::Attribute(element) => attribute = Some((*element, format!(" {}=\"1\"", self.name))),
            Place::Within(names) => put(&mut body, names, &self.name, &self.value),
        }
        let text = match (base.syntax, &attribute) {
            (Syntax::Json, _) => body.to_string(),
            (Syntax::Xml, Some((element, written))) => xml(&body, &[(element, written)]),
            (Syntax::Xml, None) => xml(&body, &[]),
        };
        state.send(base, &text, &query).await
    }
}

/// Puts a member into an object within the body.
fn put(at: &mut Value, names: &[&str], name: &str, value: &Value) {
    match names {
        [] => at[name] = value.clone(),
        ["[]"] => *at = json!([{ name: value }]),
        [first, rest @ ..] => {
            if at[*first].is_null() {
                at[*first] = json!({});
            }
            put(&mut at[*first], rest, name, value);
        }
    }
}

/// A member of any kind, in any place that it can have.
pub(super) fn any(
    base: &Base,
    meant: &[&'static str],
    others: &[&'static str],
) -> impl Strategy<Value = Stray> {
    let of =
        |kind| move |(name, place, value): (&str, _, _)| Stray { name: name.to_owned(), place, value, kind };
    let (own, amount, value) = if base.is_credit_card() {
        ("Request", "Amount", "1.00".into())
    } else {
        ("data", "amount", json!(100))
    };
    let in_its_place = (Just(amount), Just(Place::Within(vec![own])), Just(value)).prop_map(of(Kind::Amount));
    let values = select(vec![json!(100), json!("1.00"), json!(true), json!("P1D"), json!({}), json!([5])]);
    let is_meant = (select(meant.to_vec()), select(Place::all(base)), values).prop_map(of(Kind::Meant));
    let means_nothing =
        (select(others.to_vec()), select(Place::ignored(base)), Just(json!("a"))).prop_map(of(Kind::Other));
    let base = base.clone();
    prop_oneof![1 => in_its_place, 8 => is_meant, 2 => means_nothing]
        .prop_filter("no name of an element", move |stray| stray.can_be(&base))
}
