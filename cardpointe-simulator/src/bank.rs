//! The processor's and the bank's knowledge beside the ledger: adjustments, chargebacks, and where
//! their reports deviate from it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where the reports on one record differ from the ledger. Without a member, they do not. Amounts
/// are minor units without a sign: a refund's is taken off.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deviation {
    /// In how many batches `settlestat` lists it: 0 leaves it out. The second and further ones have
    /// numbers of their own.
    pub settled_times: Option<u8>,
    /// The amount that `settlestat` states.
    pub settled_minor_units: Option<i64>,
    /// How many lines `funding` has of it; 0: it is not funded.
    pub funded_times: Option<u8>,
    /// The amount that its lines state.
    pub funded_minor_units: Option<i64>,
    /// Its row of `settlestat` has no `retref`.
    pub settled_without_retref: bool,
    /// Its lines in `funding` have no amount. Their money is in the sums.
    pub funded_without_amount: bool,
    /// The currency that its lines state.
    pub funded_currency: Option<String>,
    /// The `status` that its lines state, such as "Rejected".
    pub funded_status: Option<String>,
    /// The day of the deposit that has it, in place of the one that the settings lead to.
    pub funded_on: Option<Date>,
    /// Its lines have no `retref`.
    pub without_retref: bool,
    /// A bank debit that comes back.
    pub returned: Option<Returned>,
}

/// A bank debit that comes back after it was funded: a line of its own, which takes the money off.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// The reason, such as "R01" (`achreturncode`).
    pub code: String,
    /// The day of the deposit that has the line.
    pub on: Date,
}

/// Where a day's deposit differs from its parts.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepositDeviation {
    /// Added to `netsales`, in minor units: it is not the sum of the lines any more.
    pub netsales_off: i64,
    /// Added to `totalfunding`, in minor units: it is not the sum of the components any more.
    pub total_off: i64,
    /// The day of a late correction (`datechanged`).
    pub changed_on: Option<Date>,
    /// The trace number on the bank's statement, in place of one that is made up.
    pub trace_number: Option<String>,
    /// The number of the deposit, in place of one that is made up. Deposits of two accounts can
    /// have the same one.
    pub number: Option<i64>,
    /// The body of the day's report breaks off in the middle.
    pub broken: bool,
    /// The day's report does not list it.
    pub absent: bool,
    /// The report of another day lists it, too, as of that day.
    pub also_on: Option<Date>,
}

/// Something that a deposit has beside payments and refunds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    pub merchid: String,
    /// The group, such as "FEES" or "REVERSAL". One that is not documented is part of
    /// `otheradjustment`.
    pub category: String,
    /// The detail (`type`).
    #[serde(default)]
    pub kind: String,
    /// In words.
    #[serde(default)]
    pub description: String,
    /// Minor units; money taken is negative.
    pub minor_units: i64,
    /// The chargeback that it is about.
    #[serde(default)]
    pub casenumber: Option<String>,
    /// The day of the deposit that has it. Default: the next one.
    #[serde(default)]
    pub on: Option<Date>,
}

/// A chargeback: a card's issuer takes a payment's money back, or a part of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Chargeback {
    pub merchid: String,
    /// The case. A second chargeback of one case has the next sequence number.
    pub casenumber: String,
    /// Its number in the case. Without one, the report has none either.
    #[serde(default)]
    pub sequencenumber: Option<u32>,
    /// The payment. Without one, the report has none either.
    #[serde(default)]
    pub retref: Option<String>,
    /// The disputed amount in minor units, positive.
    pub minor_units: i64,
    /// The card scheme's code of the reason.
    #[serde(default)]
    pub reasoncode: String,
    /// The reason in words.
    #[serde(default)]
    pub reasondescription: String,
    /// The day of the chargeback. Default: today.
    #[serde(default)]
    pub chargebackdate: Option<Date>,
    /// The day of the deposit that tells of it. Default: the next one; a later day is a late
    /// arrival.
    #[serde(default)]
    pub on: Option<Date>,
    /// The same deposit takes the money, as an adjustment REVERSAL with the case. Default true.
    #[serde(default = "yes")]
    pub debit: bool,
}

fn yes() -> bool {
    true
}

impl Chargeback {
    /// The adjustment by which it takes the money.
    pub(crate) fn debit(&self) -> Adjustment {
        Adjustment {
            merchid: self.merchid.clone(),
            category: REVERSAL.to_owned(),
            kind: REVERSAL_KIND.to_owned(),
            description: self.reasondescription.clone(),
            minor_units: -self.minor_units,
            casenumber: Some(self.casenumber.clone()),
            on: self.on,
        }
    }
}

/// A later word about a chargeback or an adjustment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Which one: `fundingchargebackid` or `fundingadjustmentid`.
    pub id: i64,
    /// The day of the deposit that lists it once more; without one, its own deposit says it.
    #[serde(default)]
    pub on: Option<Date>,
    /// Its amount from now on, in minor units with the sign that it has.
    #[serde(default)]
    pub minor_units: Option<i64>,
    /// The day of the change (`datechanged`).
    #[serde(default)]
    pub changed_on: Option<Date>,
    /// The line states no amount where this lists it. Without `on` that is its own deposit, until
    /// the next listing there. Its money is in the sums.
    #[serde(default)]
    pub without_amount: bool,
    /// The money moves to the deposit of `on`, which is the line's own from now on. A chargeback's
    /// debit moves with it.
    #[serde(default)]
    pub moved: bool,
    /// No deposit has the line or its money, until a later listing brings it back. A chargeback's
    /// debit goes with it.
    #[serde(default)]
    pub taken_back: bool,
}

/// The numbers of adjustments and chargebacks begin here, each in the order in which they were
/// made.
pub(crate) const ADJUSTED: i64 = 600_000_000_000_000;
pub(crate) const DISPUTED: i64 = 800_000_000_000_000;

/// The group of chargebacks and of their reversals.
pub(crate) const REVERSAL: &str = "REVERSAL";

/// Their detail.
pub(crate) const REVERSAL_KIND: &str = "CHARGEBACKS/CHARGEBACK REVERSALS";

/// All of it. Kept with the counters.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct Bank {
    /// By reference.
    pub(crate) deviations: BTreeMap<String, Deviation>,
    /// The `hoststat` that a batch has in place of its own, by [`key`] of account and batch.
    pub(crate) hoststats: BTreeMap<String, String>,
    /// The number that a batch has in reports in place of its own, by the same.
    pub(crate) batch_numbers: BTreeMap<String, String>,
    /// The batches whose reports break off, by the same.
    pub(crate) broken_batches: BTreeSet<String>,
    /// The other day whose reports list a batch, too, by the same.
    pub(crate) other_days: BTreeMap<String, Date>,
    /// By [`key`] of account and day.
    pub(crate) deposits: BTreeMap<String, DepositDeviation>,
    pub(crate) adjustments: Vec<Adjustment>,
    pub(crate) chargebacks: Vec<Chargeback>,
    pub(crate) listings: Vec<Listing>,
    /// The chargeback of each debit, by their numbers.
    pub(crate) debits: BTreeMap<i64, i64>,
    /// The lines that `funding` has returned to requests for new ones, by account.
    pub(crate) read_deposits: BTreeSet<(String, Date)>,
}

/// The content of a line after some of its changes.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) minor_units: i64,
    pub(crate) changed_on: Option<Date>,
    pub(crate) without_amount: bool,
}

/// One text of an account and its many texts.
pub(crate) fn key(merchid: &str, of: impl std::fmt::Display) -> String {
    format!("{merchid}/{of}")
}

impl Bank {
    pub(crate) fn deviation(&self, retref: &str) -> Option<&Deviation> {
        self.deviations.get(retref)
    }

    /// The number that reports state for a batch.
    pub(crate) fn batch_number<'a>(&'a self, merchid: &str, batchid: &'a str) -> &'a str {
        self.batch_numbers.get(&key(merchid, batchid)).map_or(batchid, String::as_str)
    }

    /// The adjustments that are not taken back, with their numbers, each on the day that it was
    /// moved to last.
    pub(crate) fn standing_adjustments(&self) -> impl Iterator<Item = (i64, Adjustment)> {
        let all = (ADJUSTED..).zip(&self.adjustments).filter(|(id, _)| !self.is_taken_back(*id));
        all.map(|(id, one)| (id, Adjustment { on: self.moved_to(id).or(one.on), ..one.clone() }))
    }

    /// The same of chargebacks.
    pub(crate) fn standing_chargebacks(&self) -> impl Iterator<Item = (i64, Chargeback)> {
        let all = (DISPUTED..).zip(&self.chargebacks).filter(|(id, _)| !self.is_taken_back(*id));
        all.map(|(id, one)| (id, Chargeback { on: self.moved_to(id).or(one.on), ..one.clone() }))
    }

    /// Whether the last listing takes a line back, or for a debit that of its chargeback.
    fn is_taken_back(&self, id: i64) -> bool {
        let last = |id: i64| self.listings.iter().rfind(|one| one.id == id).is_some_and(|one| one.taken_back);
        last(id) || self.debits.get(&id).is_some_and(|chargeback| last(*chargeback))
    }

    /// The day that a line was moved to last, or for a debit its chargeback.
    fn moved_to(&self, id: i64) -> Option<Date> {
        let chargeback = self.debits.get(&id);
        let is_of_line = |one: &Listing| one.id == id || Some(&one.id) == chargeback;
        self.listings.iter().rfind(|one| one.moved && is_of_line(one))?.on
    }

    /// The sum of chargebacks of an account's payments less their reversals, in minor units: each
    /// one counts as it was changed last, however often it is listed. One that is taken back does
    /// not count. With a reference, those of the payment and of its cases.
    pub(crate) fn taken_back(&self, merchid: &str, retref: Option<&str>) -> i64 {
        let of_payment: Vec<&str> = {
            let own = self.chargebacks.iter().filter(|one| one.merchid == merchid);
            let own = own.filter(|one| one.retref.as_deref() == retref);
            own.map(|one| one.casenumber.as_str()).collect()
        };
        let counts = |of: &str, case: &str| of == merchid && (retref.is_none() || of_payment.contains(&case));
        let taken = self.standing_chargebacks();
        let taken = taken.filter(|(_, one)| counts(&one.merchid, &one.casenumber));
        let taken = taken.map(|(id, one)| self.amount(id, one.minor_units)).sum::<i64>();
        let given = self.standing_adjustments().filter(|(_, one)| one.category == REVERSAL);
        let given =
            given.filter(|(_, one)| one.casenumber.as_deref().is_some_and(|case| counts(&one.merchid, case)));
        let given = given.map(|(id, one)| self.amount(id, one.minor_units).max(0)).sum::<i64>();
        taken - given
    }

    /// The amount of a chargeback or an adjustment after its last change.
    fn amount(&self, id: i64, at_first: i64) -> i64 {
        let changes = self.listings.iter().filter(|listing| listing.id == id);
        changes.filter_map(|listing| listing.minor_units).next_back().unwrap_or(at_first)
    }

    /// The content of a line after some of its changes.
    pub(crate) fn said<'a>(changes: impl Iterator<Item = &'a Listing>, at_first: i64) -> Said {
        let first = Said { minor_units: at_first, changed_on: None, without_amount: false };
        changes.fold(first, |before, listing| {
            let own_day = listing.on.filter(|_| listing.minor_units.is_some() || listing.moved);
            Said {
                minor_units: listing.minor_units.unwrap_or(before.minor_units),
                changed_on: listing.changed_on.or(own_day).or(before.changed_on),
                without_amount: listing.without_amount,
            }
        })
    }

    pub(crate) fn hoststat(&self, merchid: &str, batchid: &str) -> Option<&str> {
        self.hoststats.get(&key(merchid, batchid)).map(String::as_str)
    }

    /// Whether the processor holds a batch, or refused it: nothing of it is funded.
    pub(crate) fn holds(&self, merchid: &str, batchid: &str) -> bool {
        self.hoststat(merchid, batchid).is_some_and(|state| !matches!(state, "GB" | "MB"))
    }
}
