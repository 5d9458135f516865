//! A card as it is stored, with a transaction or in a customer's list.

use tollgate_core::{
    payments::store::StoreError,
    values::{
        card::{Brand, CardSummary, StoredCard},
        carried::Carried,
    },
};

use super::{
    Item,
    members::{Name, Reader, Writer},
};

const BRAND: Name = Name("br", "brand");
const LAST_FOUR: Name = Name("l4", "last_four");
const EXPIRY: Name = Name("ex", "expiry");
const TOKEN: Name = Name("tk", "token");
const STORED: Name = Name("stored", "");
const PROFILE: Name = Name("profile", "");
const ACCOUNT: Name = Name("account", "");

/// What is short for another name here.
pub(super) const NAMES: [Name; 4] = [BRAND, LAST_FOUR, EXPIRY, TOKEN];

pub(super) fn card(card: &CardSummary) -> Item {
    let mut writer = Writer::default();
    writer.word(BRAND, card.brand.and_then(Brand::word));
    writer.text_maybe(LAST_FOUR, card.last_four.as_ref());
    writer.some(EXPIRY, card.expiry, |writer, name, expiry| writer.text(name, expiry.to_string()));
    writer.text_maybe(TOKEN, card.token.as_ref());
    writer.some(STORED, card.stored.as_ref(), |writer, name, stored| {
        let mut members = Writer::default();
        members.text(PROFILE, &stored.profile);
        members.text(ACCOUNT, &stored.account);
        writer.object(name, members.finish(&Carried::default()));
    });
    writer.finish(&Carried::default())
}

pub(super) fn read_card(members: &mut Reader) -> Result<CardSummary, StoreError> {
    Ok(CardSummary {
        brand: members.word(BRAND, None, |word| Brand::from_name(word).map(Some))?.flatten(),
        last_four: members.text_maybe(LAST_FOUR)?,
        expiry: members.parsed(EXPIRY)?,
        token: members.text_maybe(TOKEN)?,
        stored: members.part(STORED, |members| {
            Ok(StoredCard { profile: members.text(PROFILE)?, account: members.text(ACCOUNT)? })
        })?,
    })
}
