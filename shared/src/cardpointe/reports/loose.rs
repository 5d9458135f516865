//! The parts that both reports have in common: texts that may be numbers, numbers that may be
//! texts, and bodies that are no JSON.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    marker::PhantomData,
};

use jiff::civil::Date;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};
use serde_json::error::Category;
use tollgate_core::{
    settlement::{ReadReport, ReportError, UnreadableRow},
    values::{Amount, SignedAmount},
};

use crate::cardpointe::wire::minor_units;

/// Why a report ends early whose records nothing takes.
const GONE: &str = "nothing takes it";

/// Longest body that is no JSON: a sentence.
const SENTENCE_MAX_BYTES: u64 = 1_024;

/// Sentences that say that there is nothing (`docs/cardpointe.md`); in lower case.
const NOTHING: [&str; 3] = ["null batches", "no deposits match your request", "no data found"];

/// Sentences that say that the report is not enabled; parts of these sentences, in lower case.
const NOT_OFFERED: [&str; 3] = ["not enabled", "not authorized", "not configured"];

/// Records that are handed over at a time.
const RECORDS_AT_A_TIME: usize = 256;

/// One kind of report.
pub(super) trait ReportParser: Send + 'static {
    /// One record of the report.
    type Row: Send + 'static;

    /// One object of the report: the report itself, or one of several in an array.
    fn object<'de, M: MapAccess<'de>>(&self, map: M, to: &mut State<'_, Self::Row>) -> Result<(), M::Error>;
}

/// How far a report was read.
pub(super) struct State<'a, R> {
    waiting: Vec<R>,
    /// Takes some records, and says whether there is anyone who wants more.
    hand_over: &'a mut dyn FnMut(Vec<R>) -> bool,
    is_gone: bool,
    records: u64,
    /// The report's message, where it has no records.
    said: Option<String>,
}

impl<R> State<'_, R> {
    /// Hands a record over, unless the other side is gone: then the report ends here.
    pub(super) fn emit(&mut self, record: R) -> Result<(), &'static str> {
        self.records += 1;
        self.waiting.push(record);
        if self.waiting.len() >= RECORDS_AT_A_TIME {
            self.flush();
        }
        if self.is_gone { Err(GONE) } else { Ok(()) }
    }

    fn flush(&mut self) {
        self.is_gone = !(self.hand_over)(std::mem::take(&mut self.waiting));
    }

    /// Notes the message of an object without records.
    pub(super) fn say(&mut self, text: Option<String>) {
        self.said = text.or(self.said.take());
    }

    /// The meaning of a report that was read to its end.
    fn outcome(self) -> Result<ReadReport, ReportError> {
        let said = self.said.map(|text| text.trim().to_ascii_lowercase());
        let said = said.filter(|text| !text.is_empty() && text != "null");
        match (self.records, said) {
            (records @ 1.., _) => Ok(ReadReport::Whole(records)),
            (0, None) => Ok(ReadReport::Blank),
            (0, Some(text)) if NOTHING.contains(&text.trim_end_matches('.')) => Ok(ReadReport::Nothing),
            (0, Some(text)) if NOT_OFFERED.iter().any(|part| text.contains(part)) => {
                Ok(ReadReport::NotOffered)
            }
            (0, Some(_)) => Err(malformed("a message that is not known")),
        }
    }
}

/// Parses a body to its end, and hands its records over, some at a time.
pub(super) fn parse<P: ReportParser>(
    read: impl Read,
    parser: &P,
    hand_over: &mut dyn FnMut(Vec<P::Row>) -> bool,
) -> Result<ReadReport, ReportError> {
    let mut read = BufReader::new(read);
    let mut state = State { waiting: Vec::new(), hand_over, is_gone: false, records: 0, said: None };
    let parsed = match first_byte(&mut read) {
        Err(_) => Err(cut()),
        Ok(None) => Ok(()),
        Ok(Some(b'[' | b'{' | b'"')) => json(read, parser, &mut state),
        Ok(Some(_)) => sentence(read).map(|text| state.say(Some(text))),
    };
    state.flush();
    parsed?;
    state.outcome()
}

fn malformed(what: &str) -> ReportError {
    ReportError::Malformed(what.to_owned())
}

fn cut() -> ReportError {
    ReportError::Unavailable("the response broke off".to_owned())
}

/// The first byte that is no space; it stays where it is.
fn first_byte(read: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    loop {
        let some = read.fill_buf()?;
        if some.is_empty() {
            return Ok(None);
        }
        let spaces = some.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if let Some(byte) = some.get(spaces) {
            return Ok(Some(*byte));
        }
        read.consume(spaces);
    }
}

fn sentence(read: impl Read) -> Result<String, ReportError> {
    let mut text = Vec::new();
    let length = read.take(SENTENCE_MAX_BYTES + 1).read_to_end(&mut text).map_err(|_| cut())?;
    let is_short = u64::try_from(length).is_ok_and(|length| length <= SENTENCE_MAX_BYTES);
    String::from_utf8(text).ok().filter(|_| is_short).ok_or_else(|| malformed("it is no JSON"))
}

fn json<P: ReportParser>(
    read: impl Read,
    parser: &P,
    state: &mut State<'_, P::Row>,
) -> Result<(), ReportError> {
    let mut json = serde_json::Deserializer::from_reader(read);
    let parsed = Objects { parser, state }.deserialize(&mut json).and_then(|()| json.end());
    // The library's own messages can quote the body.
    parsed.map_err(|error| match error.classify() {
        Category::Io | Category::Eof => cut(),
        _ if state.is_gone => malformed(GONE),
        _ => malformed(&format!("line {} column {}", error.line(), error.column())),
    })
}

/// An object, or any number of objects in an array.
struct Objects<'a, 'b, P: ReportParser> {
    parser: &'a P,
    state: &'a mut State<'b, P::Row>,
}

impl<'de, P: ReportParser> DeserializeSeed<'de> for Objects<'_, '_, P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: ReportParser> Visitor<'de> for Objects<'_, '_, P> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a report")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.state.say(Some(text.chars().take(100).collect()));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while all.next_element_seed(Objects { parser: self.parser, state: &mut *self.state })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.parser.object(map, self.state)
    }
}

/// A row that cannot be read, by its own id.
pub(super) fn unreadable(id: Option<String>, why: &str) -> UnreadableRow {
    UnreadableRow { deposit: None, batch: None, id, why: why.to_owned() }
}

/// The elements of an array, one by one, each handed to a function; an object in place of the array
/// is one element, null is none, and an element that is no object is handed over as none.
pub(super) struct Each<'a, T>(pub(super) &'a mut dyn FnMut(Option<T>) -> Result<(), &'static str>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Each<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// `""` and `"null"`.
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if absent(text) { Ok(()) } else { Err(E::custom("a text in place of a list")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while let Some(element) = all.next_element()? {
            let object = if let AnyShape::Object(object) = element { Some(object) } else { None };
            (self.0)(object).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let element = T::deserialize(MapAccessDeserializer::new(map))?;
        (self.0)(Some(element)).map_err(A::Error::custom)
    }
}

/// Whether a text says that there is none.
fn absent(text: &str) -> bool {
    text.trim().is_empty() || text.trim().eq_ignore_ascii_case("null")
}

/// A text that may be a number. Blank, `null`, and `"null"` are none; so is any other value.
#[derive(Default)]
pub(super) struct Loose(pub(super) Option<String>);

impl Loose {
    /// A text without control characters, cut to a length.
    pub(super) fn text(self, max_chars: usize) -> Option<String> {
        let text: String = self.0?.chars().filter(|c| !c.is_control()).take(max_chars).collect();
        Some(text).filter(|text| !absent(text))
    }

    /// An amount with its sign: a number without a point is in minor units. None if it is absent.
    pub(super) fn signed(&self) -> Result<Option<SignedAmount>, &'static str> {
        let with_sign = |(amount, is_negative): (Amount, _)| {
            if is_negative { amount.negative() } else { amount.into() }
        };
        Ok(self.amount_and_sign()?.map(with_sign))
    }

    /// The same without its sign.
    pub(super) fn unsigned(&self) -> Result<Option<Amount>, &'static str> {
        Ok(self.amount_and_sign()?.map(|(amount, _)| amount))
    }

    /// An amount, and whether it is negative.
    fn amount_and_sign(&self) -> Result<Option<(Amount, bool)>, &'static str> {
        self.0.as_deref().map(|text| minor_units(text).ok_or("an amount has another form")).transpose()
    }

    /// A day, with or without dashes, and with or without a time.
    pub(super) fn date(&self) -> Option<Date> {
        let digits: String = self.0.as_ref()?.chars().filter(|c| *c != '-').take(8).collect();
        Date::strptime("%Y%m%d", digits).ok()
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match AnyShape::<IgnoredAny>::deserialize(deserializer)? {
            AnyShape::Text(text) => Self(Some(text)),
            AnyShape::Object(_) | AnyShape::Nothing => Self(None),
        })
    }
}

/// A value of any shape.
enum AnyShape<T> {
    Object(T),
    /// A text that says something, or a number.
    Text(String),
    /// A text that says nothing, or something else.
    Nothing,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AnyShape<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor(PhantomData))
    }
}

struct ShapeVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ShapeVisitor<T> {
    type Value = AnyShape<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<AnyShape<T>, E> {
        Ok(if absent(text) { AnyShape::Nothing } else { AnyShape::Text(text.trim().to_owned()) })
    }

    fn visit_u64<E>(self, number: u64) -> Result<AnyShape<T>, E> {
        Ok(AnyShape::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<AnyShape<T>, E> {
        Ok(AnyShape::Text(number.to_string()))
    }

    /// It was written with a point: `12.5` is 12.50, and `12.0` is no minor units.
    fn visit_f64<E>(self, number: f64) -> Result<AnyShape<T>, E> {
        let (whole, two) = (number.to_string(), format!("{number:.2}"));
        let decimals = whole.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        Ok(AnyShape::Text(if decimals <= 2 { two } else { whole }))
    }

    fn visit_bool<E>(self, _: bool) -> Result<AnyShape<T>, E> {
        Ok(AnyShape::Nothing)
    }

    fn visit_unit<E>(self) -> Result<AnyShape<T>, E> {
        Ok(AnyShape::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<AnyShape<T>, A::Error> {
        while all.next_element::<IgnoredAny>()?.is_some() {}
        Ok(AnyShape::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<AnyShape<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(AnyShape::Object)
    }
}
