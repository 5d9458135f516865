//! A card as it is stored, with a transaction or in a customer's list, and the rule that a decline
//! puts on it.

use jiff::SignedDuration;
use tollgate_core::values::{CardSummary, RetryClass, RetryRule, SchemeCode, SchemeWords, StoredCard};

use super::members::{Member, Object, Read, Reader, Writer, stored};

const RULE: &str = "rule";

stored! {
    CardSummary {
        brand: "br",
        last_four: "l4",
        expiry: "ex",
        token: "tk",
        stored: "sd",
    }
}

stored! {
    StoredCard {
        profile: "pf",
        account: "pa",
    }
}

/// The scheme's rule, among the members of a decline: one text, because an order can have many. A
/// time that the scheme stated stands alone, in minutes; any other stands behind its class.
pub(super) fn write_rule(rule: RetryRule, to: &mut Writer) {
    let class = rule.class.as_str();
    let text = rule.wait.map_or(class.to_owned(), |wait| {
        let minutes = wait.time.as_mins();
        if wait.is_stated { minutes.to_string() } else { format!("{class} {minutes}") }
    });
    to.text(RULE, text);
}

pub(super) fn read_rule(from: &mut Reader) -> Read<Option<RetryRule>> {
    from.word(RULE, None, |text| {
        let wait = RetryClass::Wait.as_str();
        let usual = text.strip_prefix(wait).and_then(|rest| rest.strip_prefix(' '));
        let Ok(minutes) = usual.unwrap_or(text).parse() else {
            return RetryClass::from_name(text).map(RetryRule::new);
        };
        Some(RetryRule::wait(SignedDuration::from_mins(minutes), usual.is_none()))
    })
}

/// Codes and texts in one text, a line for each member, because an order can have many. Neither
/// has a line's end in it, and a code no space.
impl Member for SchemeWords {
    fn take(name: &str, from: &mut Reader) -> Read<Option<Self>> {
        let Some(lines) = String::take(name, from)? else { return Ok(None) };
        let mut lines = lines.split('\n').map(|line| {
            let (code, text) = line.split_once(' ').map_or((line, None), |(code, text)| (code, Some(text)));
            SchemeCode::stated(Some(code), text)
        });
        let mut next = || lines.next().flatten();
        Ok(Some(Self { advice: next(), response: next(), category: next() }))
    }

    fn add(&self, name: &str, to: &mut Writer) {
        let lines = [&self.advice, &self.response, &self.category].map(|stated| match stated {
            Some(SchemeCode { code, text: Some(text) }) => format!("{code} {text}"),
            Some(SchemeCode { code, text: None }) => code.clone(),
            None => String::new(),
        });
        to.text(name, lines.join("\n"));
    }
}
