//! A movement as a line of a file.

use tollgate_core::{
    journal::Entry,
    order::{Attribution, ByHand},
    values::{Brand, DeclineCode, Zone},
};

use super::seconds;

/// The names of the columns. None is ever changed; a release may add some at the end.
pub const COLUMNS: [&str; 34] = [
    "time",
    "local_day",
    "operation",
    "fact",
    "currency",
    "amount",
    "fee",
    "mid",
    "retref",
    "authorization_code",
    "decline_code",
    "asked_by",
    "key_name",
    "person",
    "actor",
    "reason",
    "brand",
    "last_four",
    "custom_reference",
    "order",
    "transaction",
    "held",
    "paid",
    "returned",
    "at_gateway",
    "fees_at_gateway",
    "cause",
    "mechanism",
    "late",
    "entry",
    "unreadable",
    "disputed",
    "dispute_reason",
    "proposed_by",
];

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

/// The cells of a movement, one for each column. Times are whole seconds of UTC and the day is that
/// of the zone; amounts have the currency's decimals, and unknown values are empty.
pub fn cells(entry: &Entry, zone: &Zone) -> Vec<String> {
    let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let signed = |minor| entry.currency.signed_decimal(minor);
    let who = Who::of(entry);
    let changes = entry.changes;
    vec![
        seconds(entry.at),
        zone.shown(entry.at).date().to_string(),
        entry.kind.as_str().to_owned(),
        entry.fact.as_str().to_owned(),
        entry.currency.to_string(),
        entry.currency.decimal(entry.amount),
        entry.fee.map(|fee| entry.currency.decimal(fee.amount)).unwrap_or_default(),
        entry.account.clone(),
        known(entry.reference.as_deref()),
        known(entry.authcode.as_deref()),
        known(entry.decline.map(DeclineCode::as_str)),
        entry.by.as_str().to_owned(),
        known(who.key_name),
        known(who.person),
        known(who.actor),
        known(who.reason),
        known(entry.brand.map(Brand::name)),
        known(entry.last_four.as_deref()),
        known(entry.merchant_reference.as_deref()),
        entry.order.order.to_string(),
        entry.transaction.to_string(),
        signed(changes.held),
        signed(changes.paid),
        signed(changes.returned),
        signed(changes.gateway),
        signed(changes.fees),
        entry.cause.as_str().to_owned(),
        entry.mechanism.as_str().to_owned(),
        if entry.late { "yes" } else { "no" }.to_owned(),
        entry.id.to_string(),
        String::new(),
        signed(changes.disputed),
        known(entry.dispute_reason.as_deref()),
        known(who.proposed_by),
    ]
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
            let mut file = Vec::new();
            let row = cells(&entry, &zone.parse().unwrap());
            crate::spreadsheet::write(&mut file, &COLUMNS, [row].into_iter()).unwrap();
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
