//! The frame of every page after signing in: the place, the person, and whether payments are
//! stopped.

use std::sync::LazyLock;

use serde_json::Value;
use tollgate_core::values::Zone;

use crate::{
    api::{Failure, address, segment},
    seal::{digest_of, masked},
    session::Session,
    settings::Console,
    words::{self, text},
};

/// The person's permissions, as the API states them.
#[derive(Clone, Copy)]
pub(crate) struct May {
    pub(crate) pay: bool,
    /// Move money and close exceptions.
    pub(crate) operate: bool,
}

/// The content of the frame around a page.
#[derive(Clone)]
pub(crate) struct Frame {
    /// The merchant's id, which every address begins with.
    pub(crate) merchant: String,
    /// The part of the console, as its addresses name it.
    pub(crate) part: String,
    pub(crate) name: String,
    pub(crate) livemode: bool,
    pub(crate) zone: Zone,
    pub(crate) person: String,
    /// `read`, `pay`, `operate` or `all`, to show it.
    pub(crate) role: String,
    pub(crate) may: May,
    pub(crate) stopped: bool,
    pub(crate) captures_paused: bool,
    /// How many orders need attention, as a text; empty for none.
    pub(crate) attention: String,
    /// The time of that count; empty without one.
    pub(crate) attention_at: String,
    /// How many exceptions are open, as a text; empty for none.
    pub(crate) exceptions: String,
    pub(crate) csrf: String,
}

/// The address of the style sheet, which has its digest: another one has another address.
static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let digest = digest_of(tollgate_look::STYLE);
    format!("/assets/{}.css", digest.get(..16).unwrap_or(&digest))
});

pub(crate) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

impl Frame {
    /// Reads the frame for a page of this part, with one call.
    pub(crate) async fn read(console: &Console, session: &Session, part: &str) -> Result<Self, Failure> {
        let me = console.api.get(&session.access_token, "/v2/me").await?;
        let data = &me["data"];
        let is = |value: &Value| value.as_bool().unwrap_or_default();
        let count = |value: &Value| Some(text(value)).filter(|count| count != "0").unwrap_or_default();
        let zone = text(&data["merchant"]["time_zone"]).parse().unwrap_or_default();
        let at = words::time(&data["attention"]["as_of"]);
        Ok(Self {
            merchant: session.merchant.clone(),
            part: part.to_owned(),
            name: text(&data["merchant"]["name"]),
            livemode: is(&data["merchant"]["livemode"]),
            attention_at: at.map(|at| words::time_of_day(at, &zone)).unwrap_or_default(),
            zone,
            person: text(&data["person"]["name"]),
            role: text(&data["person"]["role"]),
            may: May { pay: is(&data["may"]["pay"]), operate: is(&data["may"]["operate"]) },
            stopped: is(&data["payments"]["stopped"]),
            captures_paused: is(&data["payments"]["captures_paused"]),
            attention: count(&data["attention"]["count"]["formatted"]),
            exceptions: count(&data["settlement"]["count"]["formatted"]),
            csrf: masked(&session.csrf).unwrap_or_default(),
        })
    }

    /// The address of a payment's page.
    pub(crate) fn payment(&self, order: &str, transaction: &str) -> String {
        format!("/{}/payments/{}/{}", self.merchant, segment(order), segment(transaction))
    }

    /// The address of a deposit's page. Its account makes it unmistakable, where that is known.
    pub(crate) fn deposit(&self, id: &str, mid: &str) -> String {
        address(&format!("/{}/deposits/{}", self.merchant, segment(id)), &[("mid", mid)])
    }

    /// The name, or the id of a merchant that has none.
    pub(crate) fn shown_name(&self) -> &str {
        if self.name.is_empty() { &self.merchant } else { &self.name }
    }
}
