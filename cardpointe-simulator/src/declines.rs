//! Declines of a test's choice: a processor's code, and all that a card scheme can say with it.
//!
//! No test card has every code of every scheme, or members that contradict each other. A decline is
//! no fault, so that both can hit one payment: a decline whose response is lost.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::{
    advice::{Advice, AdviceMember},
    codes::{Processor, Verdict},
};

/// The code of a decline that names none: do not honor.
const DEFAULT_CODE: &str = "05";

const MEMBERS: [&str; 3] = ["respcode", "members", "times"];

/// A decline of the next payments that reach the processor, on record like any other.
///
/// ```ignore
/// let decline = Decline::do_not_honor().member(AdviceMember::MerchAdviceCode, "42").times(2);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decline {
    code: &'static str,
    members: Advice,
    times: u32,
}

impl Decline {
    /// Of one payment, with code 05 and without members, until something else is said.
    pub fn do_not_honor() -> Self {
        Self { code: DEFAULT_CODE, members: Advice::new(), times: 1 }
    }

    /// The same with a processor's code, such as 14 or 131. It hits payments of merchant accounts
    /// whose processor has the code. `None`: no processor declines with it.
    pub fn with_code(respcode: &str) -> Option<Self> {
        let verdict = Processor::ALL.into_iter().find_map(|processor| processor.decline(respcode))?;
        Some(Self { code: verdict.code, ..Self::do_not_honor() })
    }

    /// Adds a member. The decline has no others than those that are added, not even a Visa card's
    /// category.
    #[must_use]
    pub fn member(mut self, member: AdviceMember, value: &str) -> Self {
        self.members.push((member.word(), value.to_owned()));
        self
    }

    /// How many payments it hits.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Reads the control interface's form; the error names the member that is wrong.
    pub(crate) fn from_json(given: &Map<String, Value>) -> Result<Self, String> {
        if let Some(name) = given.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(format!("{name}: no such member; there are {}", MEMBERS.join(", ")));
        }
        let code = given.get("respcode").map_or(Some(DEFAULT_CODE), Value::as_str);
        let mut decline = code
            .and_then(Self::with_code)
            .ok_or("respcode: not a code with which FNOR or RPCT declines, such as \"14\"")?;
        if let Some(times) = given.get("times") {
            let times = times.as_u64().and_then(|times| u32::try_from(times).ok()).filter(|times| *times > 0);
            decline.times = times.ok_or("times: a whole number from 1")?;
        }
        let Some(members) = given.get("members") else { return Ok(decline) };
        for (name, value) in members.as_object().ok_or("members: an object of members and texts")? {
            let member = AdviceMember::from_word(name)
                .ok_or_else(|| format!("{name}: one of {}", AdviceMember::WORDS.join(", ")))?;
            let value = value.as_str().ok_or_else(|| format!("{name}: a text"))?;
            decline = decline.member(member, value);
        }
        Ok(decline)
    }

    pub(crate) fn to_json(&self) -> Value {
        let members = self.members.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
        json!({
            "respcode": self.code,
            "members": members.collect::<Map<_, _>>(),
            "times": self.times,
        })
    }
}

/// The declines still to come, in the order in which they were armed.
#[derive(Debug, Default)]
pub(crate) struct Declines(VecDeque<Decline>);

impl Declines {
    pub(crate) fn add(&mut self, decline: Decline) {
        if decline.times > 0 {
            self.0.push_back(decline);
        }
    }

    /// Takes the first decline whose code a processor has.
    pub(crate) fn take(&mut self, processor: Processor) -> Option<(Verdict, Advice)> {
        let place = self.0.iter().position(|decline| processor.decline(decline.code).is_some())?;
        let decline = &mut self.0[place];
        let taken = (processor.decline(decline.code)?, decline.members.clone());
        decline.times -= 1;
        if decline.times == 0 {
            self.0.remove(place);
        }
        Some(taken)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn to_json(&self) -> Value {
        self.0.iter().map(Decline::to_json).collect()
    }
}
