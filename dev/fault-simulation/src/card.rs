//! The cards that are paid with, and their issuer's response this time.

use serde_json::{Value, json};

use crate::rng::Rng;

/// When every card expires, as the gateway writes it.
const EXPIRY: &str = "1249";

/// The postal code that the gateway has of a stored card.
const POSTAL: &str = "19406";

/// The response of a card's issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    Approves,
    /// Of 6.00 and more it approves 5.00.
    ApprovesPart,
    Declines,
    /// Sometimes this, sometimes that.
    Moody,
    /// The gateway waits for the issuer in vain: PPS 62 after 32 s.
    TimesOut,
    /// The same, of another scheme.
    TimesOutMastercard,
    /// The same, of another scheme.
    TimesOutDiscover,
    /// It approves, and no surcharge is added to its payments.
    Debit,
}

impl Card {
    /// Every card: the account of a stored one, and the number of one that is typed. All are the
    /// gateway's published test cards, apart from the moody one, which becomes one of the others
    /// with each request.
    const ALL: [(&str, &str, Self); 8] = [
        ("1", "4788250000121443", Self::Approves),
        ("2", "4387750101010101", Self::ApprovesPart),
        ("3", "4387751111111038", Self::Declines),
        ("4", "4012888888881881", Self::Moody),
        ("5", "4999006200620062", Self::TimesOut),
        ("6", "5111006200620062", Self::TimesOutMastercard),
        ("7", "6465006200620062", Self::TimesOutDiscover),
        ("8", "4222222222222204", Self::Debit),
    ];

    pub(crate) fn from_account(account: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(known, ..)| *known == account);
        found.map_or(Self::Approves, |(.., card)| card)
    }

    pub(crate) fn from_number(number: &str) -> Self {
        let found = Self::ALL.into_iter().find(|(_, known, _)| *known == number);
        found.map_or(Self::Approves, |(.., card)| card)
    }

    pub(crate) fn account(self) -> &'static str {
        Self::ALL.into_iter().find(|(.., card)| *card == self).map_or("", |(account, ..)| account)
    }

    pub(crate) fn number(self) -> &'static str {
        Self::ALL.into_iter().find(|(.., card)| *card == self).map_or("", |(_, number, _)| number)
    }

    /// The card as its issuer sees it this time.
    fn this_time(self, rng: &mut Rng) -> Self {
        match self {
            Self::Moody => match rng.below(10) {
                0 | 1 => Self::Declines,
                2 => Self::ApprovesPart,
                _ => Self::Approves,
            },
            card => card,
        }
    }
}

/// The body of an `auth` request as it reaches the issuer: with the gateway's data of a stored
/// card, and in its mood.
pub(crate) fn as_issuer_sees_it(body: &[u8], card: Card, rng: &mut Rng) -> Option<Vec<u8>> {
    let mut request: Value = serde_json::from_slice(body).ok()?;
    let members = request.as_object_mut()?;
    members.insert("account".to_owned(), json!(card.this_time(rng).number()));
    if members.get("profile").is_some_and(|profile| profile != "Y") {
        members.remove("profile");
        members.insert("expiry".to_owned(), json!(EXPIRY));
        members.insert("postal".to_owned(), json!(POSTAL));
    }
    serde_json::to_vec(&request).ok()
}
