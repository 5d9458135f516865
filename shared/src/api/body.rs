//! One tree for both syntaxes: the content of a body, whether JSON or XML.
//!
//! Nothing is lost and nothing is guessed: numbers keep their digits, and no object names a member
//! twice, because a reader must not have to guess between two amounts.
//!
//! Amounts have all decimals of their currency, as JSON numbers, too: `20.5` and `20` can be slips,
//! and the gateway reads a whole number as minor units.

mod json;
mod write;
mod xml;

use std::fmt;

use tollgate_core::values::clean_text;

pub(crate) use write::to_xml;

/// How much of a member's name a response repeats.
pub(crate) const NAME_SHOWN_MAX: usize = 40;

/// The namespace of `nil`.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How deep nodes may lie, the root being at 1; models have three levels. This bounds the stack,
/// not the caller.
const DEPTH_MAX: usize = 16;

/// A value of a body, whichever syntax it came in. Holds card data: no `Debug` outside of tests.
#[cfg_attr(test, derive(Clone, Debug, PartialEq))]
pub(crate) enum Node {
    /// `null`, or an element with `i:nil="true"`.
    Null,
    /// A text, unescaped, with its white space.
    Text(String),
    /// A JSON number as it was written, its digits untouched.
    Number(String),
    /// A JSON truth value.
    Bool(bool),
    /// Members in their order, their names distinct. XML has no empty one: `<A/>` is an empty text.
    Object(Vec<(String, Node)>),
    /// A JSON array. No member of any model is one; an unknown one may still hold an amount.
    List(Vec<Node>),
}

/// How a member's name is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// By the exact name.
    Exact,
    /// With letter case ignored: `amount` is `Amount`.
    AnyCase,
}

/// A request body, read.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct Document {
    /// The value of the whole body.
    pub(crate) root: Node,
    /// The parts of XML that no member is in, by path: attributes, and elements of other
    /// namespaces.
    pub(crate) passed_over: Vec<String>,
    names: Names,
}

impl Document {
    /// A body without members.
    pub(crate) fn empty(names: Names) -> Self {
        Self::of_json(Node::Object(Vec::new()), names)
    }

    fn of_json(root: Node, names: Names) -> Self {
        Self { root, passed_over: Vec::new(), names }
    }

    /// The member `name` of `node`; `None` if `node` has no such member or is no object.
    pub(crate) fn member<'a>(&self, node: &'a Node, name: &str) -> Option<&'a Node> {
        let Node::Object(members) = node else { return None };
        members.iter().find(|(known, _)| self.same_name(known, name)).map(|(_, value)| value)
    }

    /// Whether two names are one member's.
    pub(crate) fn same_name(&self, one: &str, other: &str) -> bool {
        match self.names {
            Names::Exact => one == other,
            Names::AnyCase => one.eq_ignore_ascii_case(other),
        }
    }
}

impl Node {
    /// Its members, if it is an object.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        let members = match self {
            Self::Object(members) => members.as_slice(),
            Self::Null | Self::Text(_) | Self::Number(_) | Self::Bool(_) | Self::List(_) => &[],
        };
        members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names of its members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members().map(|(name, _)| name)
    }
}

/// A place in the body; both count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    line: usize,
    column: usize,
}

impl Position {
    fn of(text: &str, byte: usize) -> Self {
        let before = &text[..text.floor_char_boundary(byte)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a body cannot be read. States the fault and its place, and quotes no more than a name
/// without numbers: the body holds card numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the body is not valid JSON: {0}")]
    Json(Position),
    #[error("the body's JSON is not an object")]
    NotAnObject,
    #[error("the body is not well-formed XML: {0}")]
    Xml(Position),
    #[error("the body has a document type declaration: {0}")]
    Doctype(Position),
    #[error("the body has a processing instruction: {0}")]
    Instruction(Position),
    #[error("the body refers to an entity that is not one of XML's own five: {0}")]
    Entity(Position),
    #[error("the body has a character that XML 1.0 does not allow: {0}")]
    Character(Position),
    #[error("the body uses a namespace prefix that it does not declare: {0}")]
    Prefix(Position),
    #[error("the root element has another name than a request has here: {0}")]
    RootName(Position),
    #[error("the root element is not in the namespace of requests: {0}")]
    RootNamespace(Position),
    #[error("an element is not in the namespace of requests: {0}")]
    ElementNamespace(Position),
    #[error("an element has both text and elements in it: {0}")]
    Mixed(Position),
    #[error("a nil attribute is neither true nor false, or its element is not empty: {0}")]
    Nil(Position),
    #[error("the body names a member twice: {name}, {at}")]
    Twice { name: String, at: Position },
    #[error("the body is nested deeper than {DEPTH_MAX} levels: {0}")]
    TooDeep(Position),
}

impl Unreadable {
    /// A member that is named twice. The name comes from outside: never if it is a number.
    fn twice(name: &str, at: Position) -> Self {
        Self::Twice { name: clean_text(name, NAME_SHOWN_MAX), at }
    }
}

/// The name and the namespace of an XML document's root; all its elements that mean something are
/// in that namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Root {
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
}

/// Reads a JSON body; its root is an object.
pub(crate) fn from_json(text: &str, names: Names) -> Result<Document, Unreadable> {
    Ok(Document::of_json(json::read(text, names)?, names))
}

/// Reads an XML body, whose names are matched exactly. Elements of other namespaces are an
/// extension that is ignored with all that is in them, unless `is_known` knows the name: then the
/// namespace is the mistake.
pub(crate) fn from_xml(text: &str, root: Root, is_known: fn(&str) -> bool) -> Result<Document, Unreadable> {
    xml::read(text, root, is_known)
}

/// Where `part` starts in `whole`, of which it is a slice: both parsers lend slices without
/// positions.
fn offset_in(whole: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

#[cfg(test)]
mod tests;
