//! Reads XML into the tree.
//!
//! `quick-xml` takes the markup apart; the checks that it leaves to its user are here: which names,
//! characters and references are XML at all, that the document is one closed root, and that nothing
//! in it makes the reader fetch or expand anything (no document type, so no entities of the
//! document's own).

use std::collections::HashSet;

use quick_xml::{
    NsReader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesDecl, BytesRef, BytesStart, Event, attributes::Attributes},
    name::{Namespace, NamespaceResolver, ResolveResult},
};

use super::{DEPTH_MAX, Document, Names, Node, Position, Root, SCHEMA_INSTANCE, Unreadable, offset_in};

/// An [`Unreadable`] that still lacks its place. Lines are only counted for an error.
type WhyUnreadable = fn(Position) -> Unreadable;

/// Reads a whole body whose root element is `root`. `is_known` are names that are in no other
/// namespace.
pub(super) fn read(text: &str, root: Root, is_known: fn(&str) -> bool) -> Result<Document, Unreadable> {
    let fail = |why: WhyUnreadable, at: usize| why(Position::of(text, at));
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        return Err(fail(Unreadable::Character, at));
    }
    // The body's own mark went with the decoding. `quick-xml` would pass over a second one.
    if text.starts_with('\u{FEFF}') {
        return Err(fail(Unreadable::Xml, 0));
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut tree = Tree { root, is_known, open: Vec::new(), passed_over: Vec::new(), done: None };
    loop {
        let at = byte(reader.buffer_position());
        // Errors of namespaces have no position of their own.
        let event =
            reader.read_event().map_err(|_| fail(Unreadable::Xml, at.max(byte(reader.error_position()))))?;
        match event {
            Event::Decl(declaration) if at == 0 && declares_xml_1_0(&declaration) => {}
            Event::Eof => break,
            event => tree.take(reader.resolver(), &event).map_err(|problem| match fail(problem, at) {
                Unreadable::Twice { at: position, .. } => {
                    Unreadable::twice(element_name(&text[at..]), position)
                }
                other => other,
            })?,
        }
    }
    // Only the end of the root makes it done, and nothing opens after that.
    let root = tree.done.ok_or_else(|| fail(Unreadable::Xml, text.len()))?;
    Ok(Document { root, passed_over: tree.passed_over, names: Names::Exact })
}

/// The name in the tag that a text begins with.
fn element_name(text: &str) -> &str {
    let name = text.trim_start_matches('<');
    name.split(|c| is_white_char(c) || matches!(c, '>' | '/')).next().unwrap_or_default()
}

/// An element whose end has not come yet.
struct Open {
    name: String,
    nil: bool,
    /// Kept only until a child element shows it to be white space between elements.
    text: String,
    members: Vec<(String, Node)>,
    names: HashSet<String>,
    /// It has elements in it, if only ones that are ignored.
    has_elements: bool,
    /// It is of another namespace, or within such an element: checked, and let go.
    is_foreign: bool,
}

/// The part of the document that has been read.
struct Tree {
    root: Root,
    is_known: fn(&str) -> bool,
    open: Vec<Open>,
    passed_over: Vec<String>,
    done: Option<Node>,
}

impl Tree {
    fn take(&mut self, names: &NamespaceResolver, event: &Event<'_>) -> Result<(), WhyUnreadable> {
        match event {
            Event::Start(tag) => self.open(names, tag),
            Event::Empty(tag) => self.open(names, tag).map(|()| self.close()),
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(raw) if raw.contains("]]>") => Err(Unreadable::Xml),
            Event::Text(raw) => self.characters(&raw.xml10_content()),
            // Not even white space outside of the root when it is written like this.
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => Err(Unreadable::Xml),
            Event::CData(raw) => self.characters(&raw.xml10_content()),
            Event::GeneralRef(name) => self.reference(name),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::Decl(_) => Err(Unreadable::Xml),
            Event::PI(_) => Err(Unreadable::Instruction),
            Event::DocType(_) => Err(Unreadable::Doctype),
        }
    }

    fn open(&mut self, names: &NamespaceResolver, tag: &BytesStart<'_>) -> Result<(), WhyUnreadable> {
        // A second root, or no name at all.
        if self.done.is_some() || !is_qualified_name(tag.name().into_inner()) {
            return Err(Unreadable::Xml);
        }
        let (namespace, name) = names.resolve_element(tag.name());
        let name = name.into_inner();
        let within_foreign = self.open.last().is_some_and(|parent| parent.is_foreign);
        let (is_ours, is_bound) = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => (namespace == self.root.namespace, true),
            ResolveResult::Unbound => (false, false),
            ResolveResult::Unknown(_) => return Err(Unreadable::Prefix),
        };
        let is_foreign = within_foreign || (is_bound && !is_ours && !(self.is_known)(name));
        if self.open.len() == DEPTH_MAX {
            return Err(Unreadable::TooDeep);
        }
        match self.open.last_mut() {
            None if name != self.root.name => return Err(Unreadable::RootName),
            None if !is_ours => return Err(Unreadable::RootNamespace),
            None => {}
            Some(parent) if within_foreign => parent.has_elements = true,
            Some(_) if !is_ours && !is_foreign => return Err(Unreadable::ElementNamespace),
            Some(parent) if parent.nil => return Err(Unreadable::Nil),
            Some(parent) if !is_white(&parent.text) => return Err(Unreadable::Mixed),
            Some(parent) => {
                // How often something is ignored does not matter.
                if !is_foreign && !parent.names.insert(name.to_owned()) {
                    return Err(|at| Unreadable::twice("", at));
                }
                parent.text.clear();
                parent.has_elements = true;
            }
        }
        // Where the element stands; the root has no name in it. Few have anything to pass over.
        let around = self.open.iter().map(|element| element.name.as_str());
        let path = || around.clone().chain([name]).skip(1).collect::<Vec<_>>().join(".");
        if is_foreign {
            self.passed_over.push(path());
        }
        let nil = is_nil(names, tag, |attribute| self.passed_over.push(format!("{}.@{attribute}", path())))?;
        self.open.push(Open {
            name: name.to_owned(),
            nil,
            text: String::new(),
            members: Vec::new(),
            names: HashSet::new(),
            has_elements: false,
            is_foreign,
        });
        Ok(())
    }

    /// The reader has checked that the end tag fits.
    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let node = if element.nil {
            Node::Null
        } else if element.members.is_empty() {
            Node::Text(element.text)
        } else {
            Node::Object(element.members)
        };
        match self.open.last_mut() {
            Some(_) if element.is_foreign => {}
            Some(parent) => parent.members.push((element.name, node)),
            None => self.done = Some(node),
        }
    }

    fn characters(&mut self, characters: &str) -> Result<(), WhyUnreadable> {
        match self.open.last_mut() {
            Some(element) if element.is_foreign => Ok(()),
            Some(element) if !element.nil && !element.has_elements => {
                element.text.push_str(characters);
                Ok(())
            }
            // White space may be anywhere, also in a nil element that was printed over two lines.
            _ if is_white(characters) => Ok(()),
            Some(element) => Err(if element.nil { Unreadable::Nil } else { Unreadable::Mixed }),
            None => Err(Unreadable::Xml),
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), WhyUnreadable> {
        if reference.is_char_ref() {
            return match reference.resolve_char_ref() {
                Ok(Some(c)) if is_char(c) => self.characters(c.encode_utf8(&mut [0; 4])),
                _ => Err(Unreadable::Character),
            };
        }
        self.characters(resolve_xml_entity(reference).ok_or(Unreadable::Entity as WhyUnreadable)?)
    }
}

/// Checks the attributes of a tag and reads the only one that means something here, `nil`. The
/// names of others are passed over.
fn is_nil(
    names: &NamespaceResolver,
    tag: &BytesStart<'_>,
    mut pass_over: impl FnMut(&str),
) -> Result<bool, WhyUnreadable> {
    let mut nil = None;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| Unreadable::Xml as WhyUnreadable)?;
        let name = attribute.key.into_inner();
        // The reader lets attributes stand together without a space.
        let stands_apart = tag[..offset_in(tag, name)].ends_with(is_white_char);
        // It binds a namespace by the text as written: a reference in the text would make it
        // another name.
        let binds_other = attribute.key.as_namespace_binding().is_some() && attribute.value.contains('&');
        if !stands_apart || !is_qualified_name(name) || attribute.value.contains('<') || binds_other {
            return Err(Unreadable::Xml);
        }
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| Unreadable::Entity as WhyUnreadable)?;
        if !value.chars().all(is_char) {
            return Err(Unreadable::Character);
        }
        match names.resolve_attribute(attribute.key) {
            (ResolveResult::Unknown(_), _) => return Err(Unreadable::Prefix),
            (ResolveResult::Bound(Namespace(SCHEMA_INSTANCE)), local) if local.into_inner() == "nil" => {
                let value = match value.trim_matches(is_white_char) {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(Unreadable::Nil),
                };
                // Under two prefixes, which the reader takes for two names.
                if nil.replace(value).is_some() {
                    return Err(Unreadable::Xml);
                }
            }
            (ResolveResult::Bound(_) | ResolveResult::Unbound, local) => pass_over(local.into_inner()),
        }
    }
    Ok(nil.unwrap_or(false))
}

/// `version="1.0"`, then perhaps `encoding`, then perhaps `standalone`, which say nothing to a
/// reader of text.
fn declares_xml_1_0(declaration: &BytesDecl<'_>) -> bool {
    let mut names = ["version", "encoding", "standalone"].into_iter();
    declaration.version().is_ok_and(|version| version == "1.0")
        && Attributes::new(declaration, "xml".len())
            .all(|attribute| attribute.is_ok_and(|it| names.any(|name| name == it.key.into_inner())))
}

/// `Char` of XML 1.0 §2.2.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// `QName` of Namespaces in XML 1.0 §4.
fn is_qualified_name(name: &str) -> bool {
    let (prefix, local) = name.split_once(':').map_or((None, name), |(prefix, local)| (Some(prefix), local));
    prefix.is_none_or(is_name) && is_name(local)
}

/// `Name` of XML 1.0 §2.3 without colons.
fn is_name(name: &str) -> bool {
    let may_start = |c: char| {
        matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
    };
    let may_follow = |c: char| {
        may_start(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
    };
    let mut rest = name.chars();
    rest.next().is_some_and(may_start) && rest.all(may_follow)
}

fn is_white(text: &str) -> bool {
    text.chars().all(is_white_char)
}

fn is_white_char(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn byte(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
