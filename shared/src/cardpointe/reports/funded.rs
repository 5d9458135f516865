//! `funding`: the deposit of a day, with its lines, adjustments and chargebacks.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use serde::{
    Deserialize,
    de::{IgnoredAny, MapAccess},
};
use tollgate_core::{
    order::LineId,
    settlement::{
        Adjustment, Chargeback, Component, Deposit, Funded, FundedKind, FundedStatus, FundingRecord,
    },
    values::Currency,
};

use super::loose::{Loose, ReportParser, State, each};

/// Longest id; the gateway's own have up to 30 characters.
const ID_MAX_CHARS: usize = 40;

/// Longest text in words, as documented.
const WORDS_MAX_CHARS: usize = 200;

/// Longest code of a reason; the gateway's have up to 10 characters.
const CODE_MAX_CHARS: usize = 16;

/// Reads the deposits of a day.
pub(super) struct Deposits {
    pub(super) account: String,
    /// The day that was requested.
    pub(super) day: Date,
    pub(super) read_at: Timestamp,
}

/// What a report says of its deposit. Its members come in any order.
#[derive(Default)]
struct Header {
    id: Option<String>,
    day: Option<Date>,
    changed_on: Option<Date>,
}

/// A sum that reached the bank. A report can have several, which hold its lines together.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Funding {
    fundingid: Loose,
    netsales: Loose,
    thirdparty: Loose,
    adjustment: Loose,
    interchangefee: Loose,
    servicecharge: Loose,
    fee: Loose,
    reversal: Loose,
    otheradjustment: Loose,
    totalfunding: Loose,
    currency: Loose,
    depositachtracenumber: Loose,
}

/// A line of a deposit, as it is stated. It has more members, a masked card number among them, which are not read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Transaction {
    fundingtxnid: Loose,
    fundingid: Loose,
    retref: Loose,
    r#type: Loose,
    status: Loose,
    amount: Loose,
    currency: Loose,
    batchid: Loose,
    invoicenumber: Loose,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatedAdjustment {
    fundingadjustmentid: Loose,
    category: Loose,
    r#type: Loose,
    description: Loose,
    amount: Loose,
    dateadded: Loose,
    datechanged: Loose,
    casenumber: Loose,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct StatedChargeback {
    fundingchargebackid: Loose,
    casenumber: Loose,
    sequencenumber: Loose,
    retref: Loose,
    amount: Loose,
    transactionamount: Loose,
    currency: Loose,
    chargebackdate: Loose,
    dateadded: Loose,
    datechanged: Loose,
    reasoncode: Loose,
    reasondescription: Loose,
    acquirereferencenumber: Loose,
    authcode: Loose,
}

/// A line, as far as it does not depend on its deposit. One that comes before its deposit's id waits in this form.
struct Part {
    deposit: Option<String>,
    reference: String,
    funded: Funded,
    gateway_order_id: Option<String>,
}

/// All that is read of one report beside its lines, which are handed over at once where that is possible.
#[derive(Default)]
struct Gathered {
    header: Header,
    fundings: Vec<Funding>,
    adjustments: Vec<StatedAdjustment>,
    chargebacks: Vec<StatedChargeback>,
    held: Vec<Part>,
}

fn id(text: Loose) -> Option<String> {
    text.text(ID_MAX_CHARS)
}

fn currency(text: Loose) -> Option<Currency> {
    Currency::parse(&text.0?).ok()
}

impl Transaction {
    fn part(self, day: Date) -> Result<Part, &'static str> {
        let (kind, status) = (kind(self.r#type.0.as_deref()), status(self.status.0.as_deref()));
        let stated = self.amount.minor()?.ok_or("a line without an amount")?;
        // Whether what is given back has a sign is not documented.
        let amount = if kind == FundedKind::Refund { -stated.abs() } else { stated };
        let (own, batch) = (id(self.fundingid), id(self.batchid));
        // What has no reference is known by its own id.
        let reference = id(self.retref).or_else(|| own.clone()).ok_or("a line without its reference")?;
        let nameless = || format!("{reference}/{}/{}", kind.as_str(), batch.as_deref().unwrap_or_default());
        let funded = Funded {
            id: own.clone().unwrap_or_else(nameless),
            deposit: String::new(),
            day,
            kind,
            status,
            amount,
            currency: currency(self.currency),
            batch,
        };
        Ok(Part {
            deposit: id(self.fundingtxnid),
            reference,
            funded,
            gateway_order_id: id(self.invoicenumber),
        })
    }
}

impl Part {
    /// The line of a deposit of this id and day.
    fn record(self, deposit: &str, day: Date) -> FundingRecord {
        let Self { reference, funded, gateway_order_id, .. } = self;
        let funded = Funded { deposit: deposit.to_owned(), day, ..funded };
        FundingRecord::Line { reference, funded, gateway_order_id }
    }
}

impl ReportParser for Deposits {
    type Record = FundingRecord;

    fn object<'de, M: MapAccess<'de>>(
        &self,
        mut map: M,
        to: &mut State<'_, FundingRecord>,
    ) -> Result<(), M::Error> {
        let mut all = Gathered::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "fundingmasterid" => all.header.id = id(map.next_value()?),
                "fundingdate" => all.header.day = map.next_value::<Loose>()?.date(),
                "datechanged" => all.header.changed_on = map.next_value::<Loose>()?.date(),
                "fundings" => next_list(&mut map, |funding| all.fundings.push(funding))?,
                "adjustments" => next_list(&mut map, |adjustment| all.adjustments.push(adjustment))?,
                "chargebacks" => next_list(&mut map, |chargeback| all.chargebacks.push(chargeback))?,
                "txns" => self.lines(&mut map, &mut all, to)?,
                "errormsg" | "resptext" => to.say(map.next_value::<Loose>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.finish(all, to)
    }
}

/// Reads a list that is short.
fn next_list<'de, T: Deserialize<'de>, M: MapAccess<'de>>(
    map: &mut M,
    mut add: impl FnMut(T),
) -> Result<(), M::Error> {
    map.next_value_seed(each(|element| {
        add(element);
        Ok(())
    }))
}

impl Deposits {
    fn lines<'de, M: MapAccess<'de>>(
        &self,
        map: &mut M,
        all: &mut Gathered,
        to: &mut State<'_, FundingRecord>,
    ) -> Result<(), M::Error> {
        let known = all.header.id.clone().zip(all.header.day);
        let (held, mut wrong) = (&mut all.held, None);
        let each = each(|transaction: Transaction| {
            let part = transaction.part(self.day).inspect_err(|what| wrong = Some(*what))?;
            let Some((deposit, day)) = &known else {
                held.push(part);
                return Ok(());
            };
            to.emit::<serde::de::value::Error>(part.record(deposit, *day)).map_err(|_| "nothing takes it")
        });
        map.next_value_seed(each).map_err(|error| match wrong {
            Some(wrong) => to.fail(wrong),
            None => error,
        })
    }

    /// Hands over what could only be told at the end.
    fn finish<E: serde::de::Error>(
        &self,
        mut all: Gathered,
        to: &mut State<'_, FundingRecord>,
    ) -> Result<(), E> {
        let is_empty = all.fundings.is_empty() && all.held.is_empty() && all.chargebacks.is_empty();
        if is_empty && all.adjustments.is_empty() {
            return Ok(());
        }
        let of_lines = || all.held.iter().find_map(|part| part.deposit.clone());
        let own = all.header.id.clone().or_else(of_lines);
        let own =
            own.or_else(|| all.fundings.iter_mut().find_map(|one| id(std::mem::take(&mut one.fundingid))));
        let deposit = own.ok_or_else(|| to.fail("a deposit without its id"))?;
        let day = all.header.day.unwrap_or(self.day);
        for part in std::mem::take(&mut all.held) {
            to.emit(part.record(&deposit, day))?;
        }
        let mut positions = Positions::default();
        for stated in std::mem::take(&mut all.chargebacks) {
            let chargeback =
                stated.chargeback(&deposit, day, &mut positions).map_err(|what| to.fail(what))?;
            to.emit(FundingRecord::Chargeback(Box::new(chargeback)))?;
        }
        let stated = std::mem::take(&mut all.adjustments).into_iter();
        let mut positions = Positions::default();
        let adjustments: Result<Vec<_>, _> = stated.map(|one| one.adjustment(&mut positions)).collect();
        let adjustments = adjustments.map_err(|what| to.fail(what))?;
        if all.fundings.is_empty() {
            let of_deposit = |adjustment| FundingRecord::Adjustment { deposit: deposit.clone(), adjustment };
            return adjustments.into_iter().try_for_each(|one| to.emit(of_deposit(one)));
        }
        let deposit = self.deposit(all, deposit, day, adjustments).map_err(|what| to.fail(what))?;
        to.emit(FundingRecord::Deposit(Box::new(deposit)))
    }

    fn deposit(
        &self,
        all: Gathered,
        id: String,
        day: Date,
        adjustments: Vec<Adjustment>,
    ) -> Result<Deposit, &'static str> {
        let (mut components, mut total) = (vec![0_i64; Component::ALL.len()], 0_i64);
        let (mut traces, mut stated_currency) = (Vec::new(), None);
        for funding in all.fundings {
            for (sum, part) in components.iter_mut().zip(funding.components()) {
                *sum = sum.saturating_add(part.minor()?.unwrap_or_default());
            }
            total = total.saturating_add(funding.totalfunding.minor()?.ok_or("a deposit without its total")?);
            traces.extend(funding.depositachtracenumber.text(ID_MAX_CHARS));
            stated_currency = stated_currency.or(currency(funding.currency));
        }
        let components = Component::ALL.iter().copied().zip(components).filter(|(_, sum)| *sum != 0);
        Ok(Deposit {
            id,
            account: self.account.clone(),
            day,
            currency: stated_currency,
            components: components.collect(),
            total,
            trace_number: (!traces.is_empty()).then(|| traces.join(", ")),
            places: std::collections::BTreeSet::default(),
            lines: (0, 0),
            refunds: 0,
            adjustments,
            chargebacks: Vec::new(),
            changed_on: all.header.changed_on,
            changes: Vec::new(),
            journaled: 0,
            read_at: self.read_at,
        })
    }
}

impl Funding {
    /// In the order of [`Component::ALL`].
    fn components(&self) -> [&Loose; 8] {
        [
            &self.netsales,
            &self.thirdparty,
            &self.adjustment,
            &self.interchangefee,
            &self.servicecharge,
            &self.fee,
            &self.reversal,
            &self.otheradjustment,
        ]
    }
}

impl StatedAdjustment {
    fn adjustment(self, positions: &mut Positions) -> Result<Adjustment, &'static str> {
        let words = |text: Loose| text.text(WORDS_MAX_CHARS);
        let amount = self.amount.minor()?.ok_or("an adjustment without an amount")?;
        let category = words(self.category).unwrap_or_default();
        let kind = words(self.r#type);
        let (case, day) = (id(self.casenumber), self.dateadded.date());
        let description = words(self.description).or(kind).unwrap_or_default();
        let stated = Said { case: case.as_deref().or(Some(&description)), number: None, day, amount };
        Ok(Adjustment {
            id: positions.line(id(self.fundingadjustmentid), &stated),
            component: component(&category),
            category,
            description,
            amount,
            case,
            day,
            changed_on: self.datechanged.date(),
        })
    }
}

impl StatedChargeback {
    fn chargeback(
        self,
        deposit: &str,
        day: Date,
        positions: &mut Positions,
    ) -> Result<Chargeback, &'static str> {
        let own = id(self.fundingchargebackid);
        let case = id(self.casenumber).or_else(|| own.clone()).ok_or("a chargeback without its case")?;
        let sequence = self.sequencenumber.0.as_deref().and_then(|text| text.parse().ok());
        let amount = self.amount.minor()?.ok_or("a chargeback without an amount")?.abs();
        let on = self.chargebackdate.date().or_else(|| self.dateadded.date());
        let stated = Said { case: Some(&case), number: sequence, day: on, amount };
        Ok(Chargeback {
            id: positions.line(own, &stated),
            case,
            sequence,
            deposit: deposit.to_owned(),
            reference: id(self.retref),
            amount,
            transaction_amount: self.transactionamount.minor()?,
            currency: currency(self.currency),
            on: on.unwrap_or(day),
            reason_code: self.reasoncode.text(CODE_MAX_CHARS).unwrap_or_default(),
            reason: self.reasondescription.text(WORDS_MAX_CHARS).unwrap_or_default(),
            acquirer_reference: id(self.acquirereferencenumber),
            authcode: id(self.authcode),
            changed_on: self.datechanged.date(),
        })
    }
}

/// What identifies a line that has no id.
#[derive(Clone, Copy)]
struct Said<'a> {
    case: Option<&'a str>,
    number: Option<u32>,
    day: Option<Date>,
    amount: i64,
}

/// How many equal lines without an id a report had so far.
#[derive(Default)]
struct Positions(HashMap<LineId, usize>);

impl Positions {
    fn line(&mut self, own: Option<String>, said: &Said<'_>) -> LineId {
        if let Some(own) = own {
            return LineId::Stated(own);
        }
        let number = said.number.map(|number| number.to_string());
        let at = |place| LineId::made(said.case, number.as_deref(), said.day, said.amount, place);
        let before = self.0.entry(at(0)).or_default();
        *before += 1;
        at(*before - 1)
    }
}

/// `type` of a line.
fn kind(stated: Option<&str>) -> FundedKind {
    match stated.map(str::to_ascii_uppercase).as_deref() {
        Some("SALE" | "CASH ADVANCE") => FundedKind::Sale,
        Some("REFUND") => FundedKind::Refund,
        Some("VOID SALE" | "VOID REFUND" | "AUTH REQUEST" | "ACCOUNT VERIFY") => FundedKind::NoMoney,
        _ => FundedKind::Unrecognized,
    }
}

/// `status` of a line.
fn status(stated: Option<&str>) -> FundedStatus {
    match stated.map(str::to_ascii_lowercase).as_deref() {
        Some("processed" | "settled" | "captured") => FundedStatus::Processed,
        Some("rejected" | "failure" | "declined") => FundedStatus::Rejected,
        Some("voided") => FundedStatus::Voided,
        _ => FundedStatus::Unrecognized,
    }
}

/// `category` of an adjustment.
fn component(category: &str) -> Option<Component> {
    match category.to_ascii_uppercase().as_str() {
        "ADJUSTMENTS" | "ADJUSTMENT" => Some(Component::Adjustment),
        "FEES" | "FEE" => Some(Component::Fee),
        "INTERCHANGE CHARGES" => Some(Component::Interchange),
        "REVERSAL" => Some(Component::Reversal),
        "SERVICE CHARGES" => Some(Component::ServiceCharge),
        "THIRD PARTY" => Some(Component::ThirdParty),
        "OTHER ADJUSTMENT" => Some(Component::Other),
        _ => None,
    }
}
