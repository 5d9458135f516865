//! The frame of every page after signing in: the place, the person, and whether payments are
//! stopped.

use std::sync::{Arc, LazyLock};

use askama::Template;
use jiff::Timestamp;
use tollgate_core::values::Zone;
use tollgate_wire::{Me, Single};

use crate::{
    api::{Failure, address, read, segment},
    seal::{digest_of, masked},
    session::Session,
    settings::Console,
    words,
};

/// The content of the frame around a page.
#[derive(Clone)]
pub(crate) struct Frame {
    /// The merchant's id, which every address begins with.
    pub(crate) merchant: String,
    /// The part of the console, as its addresses name it.
    pub(crate) part: String,
    /// The person's rights and the merchant's state; `None` if this version cannot read them.
    pub(crate) me: Option<Arc<Me>>,
    /// The merchant's; UTC if it is not known.
    pub(crate) zone: Zone,
    pub(crate) csrf: String,
}

/// The part of a page above its content: a template of its own, so that its code is there once.
#[derive(Template)]
#[template(path = "bar.html")]
pub(crate) struct Bar<'a> {
    frame: &'a Frame,
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
        let me = console.api.get(&session.access_token, "/v2/me").await;
        let me = match me.and_then(read::<Single<Me>>) {
            Ok(me) => Some(Arc::new(me.data)),
            Err(Failure::Unreadable) => None,
            Err(failure) => return Err(failure),
        };
        let zone = me.as_ref().and_then(|me| me.merchant.time_zone.parse().ok());
        Ok(Self {
            merchant: session.merchant.clone(),
            part: part.to_owned(),
            zone: zone.unwrap_or_default(),
            me,
            csrf: masked(&session.csrf).unwrap_or_default(),
        })
    }

    /// The part of a page above its content.
    pub(crate) const fn bar(&self) -> Bar<'_> {
        Bar { frame: self }
    }

    /// Whether the person may make payments.
    pub(crate) fn may_pay(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.may.pay)
    }

    /// Whether the person may move money and close exceptions.
    pub(crate) fn may_operate(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.may.operate)
    }

    /// Whether the person may decide outcomes that the gateway does not state.
    pub(crate) fn may_decide(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.may.all && me.person.is_some())
    }

    /// The person's name; empty if it is not known, and so is the role.
    pub(crate) fn person(&self) -> &str {
        self.me.as_ref().and_then(|me| me.person.as_ref()).map_or("", |person| &person.name)
    }

    /// `read`, `pay`, `operate` or `all`, to show it.
    pub(crate) fn role(&self) -> &str {
        self.me.as_ref().and_then(|me| me.person.as_ref()).map_or("", |person| person.role.as_str())
    }

    /// How many exceptions are open, as a text, if there are any.
    pub(crate) fn exceptions(&self) -> Option<&str> {
        let count = self.me.as_ref().map(|me| &me.settlement.count);
        count.filter(|count| count.exceptions > 0).map(|count| &*count.formatted)
    }

    /// Whether no real money moves.
    pub(crate) fn is_test(&self) -> bool {
        self.me.as_ref().is_some_and(|me| !me.merchant.livemode)
    }

    /// A moment of the API as the merchant's clocks show it.
    pub(crate) fn moment(&self, at: impl Into<Option<Timestamp>>) -> String {
        at.into().map(|at| words::moment(at, &self.zone)).unwrap_or_default()
    }

    /// The address of the list of payments with these parameters.
    pub(crate) fn payments(&self, parameters: &[(&str, &str)]) -> String {
        address(&format!("/{}/payments", self.merchant), parameters)
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
        let name = self.me.as_ref().and_then(|me| me.merchant.name.as_deref());
        name.unwrap_or(&self.merchant)
    }
}
