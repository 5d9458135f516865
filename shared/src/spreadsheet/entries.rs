//! A movement as a line of a file.

use tollgate_core::{
    journal::Entry,
    order::{Attribution, ByHand},
    values::{Brand, DeclineCode, SignedAmount, Zone},
};

use super::{FileColumn, FileRow, column, known, seconds};

/// The actor and the reason, as far as known: of the request, or of the person who decided by hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Who<'a> {
    /// The name of the merchant's key.
    pub key_name: Option<&'a str>,
    /// A person whom Tollgate has verified.
    pub person: Option<&'a str>,
    /// A person whom Tollgate has verified, who proposed it.
    pub proposed_by: Option<&'a str>,
    /// The name that was stated, or of the operator.
    pub actor: Option<&'a str>,
    pub reason: Option<&'a str>,
}

impl<'a> Who<'a> {
    pub fn of(entry: &'a Entry) -> Self {
        if let Some(ByHand { by, person, reason, .. }) = &entry.by_hand {
            let (person, actor, reason) = (person.as_deref(), Some(by.as_str()), Some(reason.as_str()));
            return Self { person, actor, reason, ..Self::default() };
        }
        let Some(told) = entry.attribution.as_deref() else { return Self::default() };
        let Attribution { key_name, actor, person, proposed_by, reason } = told;
        Self {
            key_name: key_name.as_deref(),
            person: person.as_deref(),
            proposed_by: proposed_by.as_deref(),
            actor: actor.as_deref(),
            reason: reason.as_deref(),
        }
    }
}

/// A movement; its day is that of the zone.
pub struct EntryRow<'a> {
    entry: &'a Entry,
    who: Who<'a>,
    zone: &'a Zone,
}

impl<'a> EntryRow<'a> {
    /// The row of a movement.
    pub fn new(entry: &'a Entry, zone: &'a Zone) -> Self {
        Self { entry, who: Who::of(entry), zone }
    }

    fn signed(&self, minor: impl Into<SignedAmount>) -> String {
        self.entry.currency.signed_decimal(minor)
    }

    fn fee(&self) -> Option<String> {
        self.entry.fee.map(|fee| self.entry.currency.decimal(fee.amount))
    }
}

impl FileRow for EntryRow<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 34] = [
            column("time", |it| seconds(it.entry.at)),
            column("local_day", |it| it.zone.shown(it.entry.at).date().to_string()),
            column("operation", |it| it.entry.kind.as_str().to_owned()),
            column("fact", |it| it.entry.fact.as_str().to_owned()),
            column("currency", |it| it.entry.currency.to_string()),
            column("amount", |it| it.entry.currency.decimal(it.entry.amount)),
            column("fee", |it| it.fee().unwrap_or_default()),
            column("mid", |it| it.entry.account.clone()),
            column("retref", |it| known(it.entry.reference.as_deref())),
            column("authorization_code", |it| known(it.entry.authcode.as_deref())),
            column("decline_code", |it| known(it.entry.decline.map(DeclineCode::as_str))),
            column("asked_by", |it| it.entry.by.as_str().to_owned()),
            column("key_name", |it| known(it.who.key_name)),
            column("person", |it| known(it.who.person)),
            column("actor", |it| known(it.who.actor)),
            column("reason", |it| known(it.who.reason)),
            column("brand", |it| known(it.entry.brand.map(Brand::name))),
            column("last_four", |it| known(it.entry.last_four.as_deref())),
            column("custom_reference", |it| known(it.entry.merchant_reference.as_deref())),
            column("order", |it| it.entry.order.order.to_string()),
            column("transaction", |it| it.entry.transaction.to_string()),
            column("held", |it| it.signed(it.entry.changes.held)),
            column("paid", |it| it.signed(it.entry.changes.paid)),
            column("returned", |it| it.signed(it.entry.changes.returned)),
            column("at_gateway", |it| it.signed(it.entry.changes.gateway)),
            column("fees_at_gateway", |it| it.signed(it.entry.changes.fees)),
            column("cause", |it| it.entry.cause.as_str().to_owned()),
            column("mechanism", |it| it.entry.mechanism.as_str().to_owned()),
            column("late", |it| if it.entry.late { "yes" } else { "no" }.to_owned()),
            column("entry", |it| it.entry.id.to_string()),
            column("unreadable", |_| String::new()),
            column("disputed", |it| it.signed(it.entry.changes.disputed)),
            column("dispute_reason", |it| known(it.entry.dispute_reason.as_deref())),
            column("proposed_by", |it| known(it.who.proposed_by)),
        ];
        columns.into()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_core::{journal::entries, order::Attribution};

    use super::*;
    use crate::test_payments::refunded_in_part;

    #[test]
    fn a_movement_has_its_day_where_it_is_looked_at_and_who_and_why_and_no_formula() {
        let mut order = refunded_in_part(Some([78, 30]));
        let text = |text: &str| Some(text.to_owned());
        let anna = Attribution {
            key_name: text("web"),
            actor: text("=anna"),
            reason: text("@late"),
            ..Attribution::default()
        };
        order.transactions[0].operations[1].attribution = Some(Box::new(anna));
        let entry = entries(None, &order).pop().unwrap();
        let cells = |zone: &str| {
            let (mut file, zone) = (Vec::new(), zone.parse().unwrap());
            let row = EntryRow::new(&entry, &zone).cells();
            crate::spreadsheet::write(&mut file, &EntryRow::names(), [row].into_iter()).unwrap();
            let mut file = csv::Reader::from_reader(file.as_slice());
            let header = file.headers().unwrap().clone();
            let line = file.records().next().unwrap().unwrap();
            let wanted = ["operation", "fact", "amount", "fee", "key_name", "actor", "reason", "at_gateway"];
            let cell = |column: &str| line[header.iter().position(|name| name == column).unwrap()].to_owned();
            (wanted.map(cell), cell("local_day"))
        };
        let (shown, day) = cells("UTC");
        assert_eq!(shown, ["refund", "refunded", "10.00", "0.30", "web", "'=anna", "'@late", "-10.00"]);
        // In 1970, it was still the day before on Kiritimati, too.
        let others = ["Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago"].map(|zone| cells(zone).1);
        assert_eq!(
            (day.as_str(), others),
            ("1970-01-01", ["1970-01-01", "1969-12-31", "1969-12-31"].map(str::to_owned))
        );
    }
}
