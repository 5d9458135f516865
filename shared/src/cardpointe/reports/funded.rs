//! `funding`: the deposit of a day, with its lines, adjustments and chargebacks.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use serde::{
    Deserialize,
    de::{Error as _, IgnoredAny, MapAccess},
};
use tollgate_core::{
    order::LineId,
    settlement::{
        Adjustment, Chargeback, Component, Deposit, Funded, FundedKind, FundedStatus, FundingRecord,
        UnreadableRow,
    },
    values::{Currency, SignedAmount},
};

use super::loose::{Each, Loose, ReportParser, State, unreadable};

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
    dateadded: Loose,
}

/// A line of a deposit, as it is stated. It has more members, a masked card number among them,
/// which are not read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct StatedLine {
    fundingtxnid: Loose,
    fundingid: Loose,
    retref: Loose,
    r#type: Loose,
    status: Loose,
    amount: Loose,
    currency: Loose,
    batchid: Loose,
    invoicenumber: Loose,
    achreturncode: Loose,
    parentretref: Loose,
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

/// All that is read of one deposit beside its lines, which are handed over at once where that is
/// possible. Its members come in any order.
#[derive(Default)]
struct StatedDeposit {
    id: Option<String>,
    day: Option<Date>,
    changed_on: Option<Date>,
    fundings: Vec<Option<Funding>>,
    adjustments: Vec<Option<StatedAdjustment>>,
    chargebacks: Vec<Option<StatedChargeback>>,
    /// Lines that came before their deposit's id.
    held: Vec<Option<StatedLine>>,
}

fn id(text: Loose) -> Option<String> {
    text.text(ID_MAX_CHARS)
}

fn currency(text: Loose) -> Option<Currency> {
    Currency::parse(&text.0?).ok()
}

/// A line of a deposit of this id and day.
fn line(row: StatedLine, deposit: &str, day: Date) -> Result<FundingRecord, UnreadableRow> {
    let (kind, mut status) = (kind(row.r#type.0.as_deref()), status(row.status.0.as_deref()));
    let stated = row.amount.signed();
    let (own, batch) = (id(row.fundingid), id(row.batchid));
    // A returned line has a reference of its own, and is about the payment.
    let is_returned = id(row.achreturncode).is_some();
    let parent = id(row.parentretref).filter(|_| is_returned);
    if is_returned {
        status = FundedStatus::Returned;
    }
    let named = parent.or_else(|| id(row.retref));
    // A line without a reference is known by its own id.
    let Some(reference) = named.or_else(|| own.clone()) else {
        return Err(unreadable(None, "a line without its reference"));
    };
    let moves_money = kind != FundedKind::NoMoney && status != FundedStatus::Voided;
    let stated = match stated {
        Ok(Some(stated)) => stated,
        Ok(None) | Err(_) if !moves_money => SignedAmount::ZERO,
        Ok(None) => return Err(unreadable(Some(reference), "a line without an amount")),
        Err(why) => return Err(unreadable(Some(reference), why)),
    };
    // Whether the amount of a refund has a sign is not documented.
    let amount = if kind == FundedKind::Refund && !is_returned { stated.taken_off() } else { stated };
    let nameless = || format!("{reference}/{}/{}", kind.as_str(), batch.as_deref().unwrap_or_default());
    let funded = Funded {
        id: own.unwrap_or_else(nameless),
        deposit: deposit.to_owned(),
        day,
        kind,
        status,
        amount,
        currency: currency(row.currency),
        batch,
    };
    Ok(FundingRecord::Line { reference, funded, gateway_order_id: id(row.invoicenumber) })
}

fn record(row: Option<StatedLine>, deposit: &str, day: Date) -> FundingRecord {
    let row = row.ok_or_else(|| unreadable(None, "no line"));
    row.and_then(|row| line(row, deposit, day)).unwrap_or_else(|row| in_deposit(row, deposit))
}

fn in_deposit(row: UnreadableRow, deposit: &str) -> FundingRecord {
    FundingRecord::Unreadable(UnreadableRow { deposit: Some(deposit.to_owned()), ..row })
}

impl ReportParser for Deposits {
    type Row = FundingRecord;

    fn object<'de, M: MapAccess<'de>>(
        &self,
        mut map: M,
        to: &mut State<'_, FundingRecord>,
    ) -> Result<(), M::Error> {
        let mut all = StatedDeposit::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "fundingmasterid" => all.id = id(map.next_value()?),
                "fundingdate" => all.day = map.next_value::<Loose>()?.date(),
                "datechanged" => all.changed_on = map.next_value::<Loose>()?.date(),
                "fundings" => next_list(&mut map, &mut all.fundings)?,
                "adjustments" => next_list(&mut map, &mut all.adjustments)?,
                "chargebacks" => next_list(&mut map, &mut all.chargebacks)?,
                "txns" => Self::lines(&mut map, &mut all, to)?,
                "errormsg" | "resptext" => to.say(map.next_value::<Loose>()?.0),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        self.finish(all, to).map_err(M::Error::custom)
    }
}

/// Reads a list that is short.
fn next_list<'de, T: Deserialize<'de>, M: MapAccess<'de>>(
    map: &mut M,
    list: &mut Vec<Option<T>>,
) -> Result<(), M::Error> {
    map.next_value_seed(Each(&mut |element| {
        list.push(element);
        Ok(())
    }))
}

impl Deposits {
    fn lines<'de, M: MapAccess<'de>>(
        map: &mut M,
        all: &mut StatedDeposit,
        to: &mut State<'_, FundingRecord>,
    ) -> Result<(), M::Error> {
        let known = all.id.clone().zip(all.day);
        map.next_value_seed(Each(&mut |row| {
            let Some((deposit, day)) = &known else {
                all.held.push(row);
                return Ok(());
            };
            to.emit(record(row, deposit, *day))
        }))
    }

    /// Hands over the records that are complete only at the end.
    fn finish(&self, mut all: StatedDeposit, to: &mut State<'_, FundingRecord>) -> Result<(), &'static str> {
        let is_empty = all.fundings.is_empty() && all.held.is_empty() && all.chargebacks.is_empty();
        if is_empty && all.adjustments.is_empty() {
            return Ok(());
        }
        let lines = all.held.iter_mut().flatten().map(|line| &mut line.fundingtxnid);
        let fundings = all.fundings.iter_mut().flatten().map(|funding| &mut funding.fundingid);
        let own = all.id.clone().or_else(|| lines.chain(fundings).map(std::mem::take).find_map(id));
        let Some(deposit) = own else {
            return to.emit(FundingRecord::Unreadable(unreadable(None, "a deposit without its id")));
        };
        let day = all.day.unwrap_or(self.day);
        for row in std::mem::take(&mut all.held) {
            to.emit(record(row, &deposit, day))?;
        }
        let in_deposit = |row| in_deposit(row, &deposit);
        let mut positions = Positions::default();
        for stated in std::mem::take(&mut all.chargebacks) {
            let stated = stated.unwrap_or_default().chargeback(&deposit, day, &mut positions);
            let chargeback = |one| FundingRecord::Chargeback(Box::new(one));
            to.emit(stated.map_or_else(in_deposit, chargeback))?;
        }
        let mut positions = Positions::default();
        for stated in std::mem::take(&mut all.adjustments) {
            let stated = stated.unwrap_or_default().adjustment(&mut positions);
            let adjustment = |adjustment| FundingRecord::Adjustment { deposit: deposit.clone(), adjustment };
            to.emit(stated.map_or_else(in_deposit, adjustment))?;
        }
        if all.fundings.is_empty() {
            return Ok(());
        }
        let (deposit, unread) = self.deposit(all, deposit.clone(), day);
        unread.into_iter().try_for_each(|row| to.emit(in_deposit(row)))?;
        to.emit(FundingRecord::Deposit(Box::new(deposit)))
    }

    /// The deposit, and those of its sums that cannot be read whole.
    fn deposit(&self, all: StatedDeposit, id: String, day: Date) -> (Deposit, Vec<UnreadableRow>) {
        let (mut components, mut total) =
            (vec![SignedAmount::ZERO; Component::ALL.len()], SignedAmount::ZERO);
        let (mut traces, mut stated_currency, mut unread) = (Vec::new(), None, Vec::new());
        let mut changed_on = all.changed_on;
        for funding in all.fundings {
            let funding = funding.unwrap_or_default();
            let (mut sum, mut is_whole) = (SignedAmount::ZERO, true);
            for (component, part) in components.iter_mut().zip(funding.components()) {
                let part = part.signed();
                is_whole &= part.is_ok();
                let part = part.ok().flatten().unwrap_or_default();
                for of in [&mut *component, &mut sum] {
                    is_whole &= add(of, part);
                }
            }
            let stated = funding.totalfunding.signed().ok().flatten();
            is_whole &= add(&mut total, stated.unwrap_or(sum));
            changed_on = changed_on.max(funding.dateadded.date());
            traces.extend(funding.depositachtracenumber.text(ID_MAX_CHARS));
            stated_currency = stated_currency.or(currency(funding.currency));
            if !is_whole || stated.is_none() {
                let own = self::id(funding.fundingid);
                unread.push(unreadable(own, "a sum without its total, or with a part of another form"));
            }
        }
        let components = Component::ALL.iter().copied().zip(components).filter(|(_, sum)| !sum.is_zero());
        let deposit = Deposit {
            currency: stated_currency,
            components: components.collect(),
            total,
            trace_number: (!traces.is_empty()).then(|| traces.join(", ")),
            changed_on,
            ..Deposit::without_sum(id, &self.account, day, self.read_at)
        };
        (deposit, unread)
    }
}

/// Adds a part to a sum, unless the result is out of range. Says whether it did.
fn add(sum: &mut SignedAmount, part: SignedAmount) -> bool {
    let added = sum.checked_add(part);
    *sum = added.unwrap_or(*sum);
    added.is_some()
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

/// An amount of a row that needs one, and why there is none.
fn needed<T>(
    stated: Result<Option<T>, &'static str>,
    id: Option<&String>,
    what: &str,
) -> Result<T, UnreadableRow> {
    let stated = stated.map_err(|why| unreadable(id.cloned(), why))?;
    stated.ok_or_else(|| unreadable(id.cloned(), what))
}

impl StatedAdjustment {
    fn adjustment(self, positions: &mut Positions) -> Result<Adjustment, UnreadableRow> {
        let words = |text: Loose| text.text(WORDS_MAX_CHARS);
        let (own, case, day) = (id(self.fundingadjustmentid), id(self.casenumber), self.dateadded.date());
        let named = own.as_ref().or(case.as_ref());
        let amount = needed(self.amount.signed(), named, "an adjustment without an amount")?;
        let category = words(self.category).unwrap_or_default();
        let kind = words(self.r#type);
        let description = words(self.description).or(kind).unwrap_or_default();
        let named = case.as_deref().or(Some(&description));
        Ok(Adjustment {
            id: positions.line(own, |position| LineId::made(named, None, day, amount, position)),
            component: component(&category),
            category,
            description,
            amount,
            case,
            day,
            changed_on: self.datechanged.date().max(day),
        })
    }
}

impl StatedChargeback {
    fn chargeback(
        self,
        deposit: &str,
        day: Date,
        positions: &mut Positions,
    ) -> Result<Chargeback, UnreadableRow> {
        let (own, reference) = (id(self.fundingchargebackid), id(self.retref));
        let Some(case) = id(self.casenumber).or_else(|| own.clone()) else {
            return Err(unreadable(reference, "a chargeback without its case"));
        };
        let sequence = self.sequencenumber.0.as_deref().and_then(|text| text.parse().ok());
        let amount = needed(self.amount.unsigned(), Some(&case), "a chargeback without an amount")?;
        let added = self.dateadded.date();
        let on = self.chargebackdate.date().or(added);
        let number = sequence.map(|number: u32| number.to_string());
        let made = |position| LineId::made(Some(&case), number.as_deref(), on, amount.into(), position);
        Ok(Chargeback {
            id: positions.line(own, made),
            case,
            sequence,
            deposit: deposit.to_owned(),
            reference,
            amount,
            transaction_amount: self.transactionamount.signed().ok().flatten(),
            currency: currency(self.currency),
            on: on.unwrap_or(day),
            reason_code: self.reasoncode.text(CODE_MAX_CHARS).unwrap_or_default(),
            reason: self.reasondescription.text(WORDS_MAX_CHARS).unwrap_or_default(),
            acquirer_reference: id(self.acquirereferencenumber),
            authcode: id(self.authcode),
            changed_on: self.datechanged.date().max(added),
        })
    }
}

/// How many equal lines without an id a report had so far.
#[derive(Default)]
struct Positions(HashMap<LineId, usize>);

impl Positions {
    /// The id of a line: its own, or one made of its content and its position among equal lines.
    fn line(&mut self, own: Option<String>, made: impl Fn(usize) -> LineId) -> LineId {
        if let Some(own) = own {
            return LineId::Stated(own);
        }
        let before = self.0.entry(made(0)).or_default();
        *before += 1;
        made(*before - 1)
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
