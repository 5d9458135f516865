//! A deposit in the form that an account's reports have.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::deposit::{COMPONENTS, Deposit, Funding, Line, Listed, day_number};
use crate::{
    bank::{Adjustment, Chargeback},
    calendar,
    cards::Brand,
    config::Merchant,
    reply::Reply,
    report_forms::Forms,
    settings::{AuthdateForm, FundingWords},
    state::RecordKind,
    transaction::Transaction,
};

/// Writes a day's report.
pub(super) fn write(deposit: &Deposit<'_>, merchant: &Merchant) -> Reply {
    let writer = Writer { merchant, deposit, forms: Forms(merchant.settings.reports) };
    let reports = merchant.settings.reports;
    let lines: Vec<Value> = deposit.lines.iter().map(|line| writer.line(line)).collect();
    let fundings: Vec<Value> =
        deposit.fundings.iter().enumerate().map(|(place, funding)| writer.funding(place, funding)).collect();
    let adjustments: Vec<Value> = deposit.adjustments.iter().map(|one| writer.adjustment(one)).collect();
    let chargebacks = deposit.chargebacks.iter();
    let chargebacks: Vec<Value> =
        chargebacks.map(|(one, payment)| writer.chargeback(one, *payment)).collect();
    let mut members = Map::new();
    members.insert("fundingmasterid".to_owned(), writer.master());
    members.insert("fundingdate".to_owned(), writer.forms.date(deposit.listed_on));
    members.insert("merchid".to_owned(), json!(merchant.merchid));
    writer.forms.put(
        &mut members,
        "datechanged",
        deposit.deviation.changed_on.map(|on| writer.forms.date(on)),
    );
    let mut reply = members.into_iter().fold(Reply::plain(), |reply, (name, value)| reply.with(&name, value));
    reply = reply.with("fundings", fundings).with("txns", lines);
    // Empty groups are not returned.
    if reports.adjustment_detail && !adjustments.is_empty() {
        reply = reply.with("adjustments", adjustments);
    }
    if reports.funding_chargebacks && !chargebacks.is_empty() {
        reply = reply.with("chargebacks", chargebacks);
    }
    reply
}

struct Writer<'a> {
    merchant: &'a Merchant,
    deposit: &'a Deposit<'a>,
    forms: Forms,
}

impl Writer<'_> {
    fn number(&self) -> i64 {
        self.deposit.number(&self.merchant.merchid)
    }

    fn master(&self) -> Value {
        self.forms.id(self.deposit.deviation.number.unwrap_or_else(|| self.number()))
    }

    fn day(&self, at: Timestamp) -> Date {
        calendar::day(at, self.merchant.settings.reports.report_zone)
    }

    fn funding(&self, place: usize, funding: &Funding) -> Value {
        let forms = &self.forms;
        let changed = self.deposit.deviation.changed_on.unwrap_or(self.deposit.day);
        let trace = self.deposit.deviation.trace_number.clone().filter(|_| place == 0);
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        let number = self.number() * 10 + i64::try_from(place).unwrap_or_default();
        put("fundingid", forms.id(number));
        put("fundingmasterid", self.master());
        put("merchid", json!(self.merchant.merchid));
        put("netsales", forms.amount(funding.netsales));
        for ((_, name), minor) in COMPONENTS.iter().zip(funding.components) {
            put(name, forms.amount(minor));
        }
        put("totalfunding", forms.amount(funding.total));
        put("fundingdate", forms.date(self.deposit.listed_on));
        put("currency", json!(self.merchant.currency));
        put("ddanumber", json!("3XXXXX0540"));
        put("abanumber", json!("121140399"));
        put("deposittrancode", json!("22"));
        let made_up = || format!("12100024{}{place:02}", day_number(self.deposit.day) % 1_000_000);
        put("depositachtracenumber", json!(trace.unwrap_or_else(made_up)));
        put("dateadded", forms.date(self.deposit.day));
        put("datechanged", forms.date(changed));
        members.into()
    }

    fn line(&self, line: &Line<'_>) -> Value {
        let (transaction, forms) = (line.transaction, &self.forms);
        let deviation = line.deviation;
        let by_bank = transaction.brand == Some(Brand::Check);
        let status = if by_bank || line.return_code.is_some() { "Processed" } else { "Settled" };
        let currency = deviation.and_then(|deviation| deviation.funded_currency.as_deref());
        let retref = match line.return_code {
            // A return has a reference of its own.
            Some(_) => Some(format!("9{}", transaction.retref.get(1..).unwrap_or_default())),
            None => Some(transaction.retref.clone()),
        };
        let retref = retref.filter(|_| !deviation.is_some_and(|deviation| deviation.without_retref));
        let parent = line.return_code.map(|_| &transaction.retref).or(transaction.refund_of.as_ref());
        let authdate = match self.merchant.settings.reports.authdate_form {
            AuthdateForm::DateTime => "%Y%m%d%H%M%S",
            AuthdateForm::Date => "%Y%m%d",
        };
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| json!(text));
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| forms.put(&mut members, name, value);
        put("fundingtxnid", Some(self.master()));
        put("fundingid", Some(forms.id(line.number())));
        put("retref", retref.map(Value::from));
        put("parentretref", parent.map(|parent| json!(parent)));
        let without_amount = deviation.is_some_and(|deviation| deviation.funded_without_amount);
        put("amount", (!without_amount).then(|| forms.amount(line.amount)));
        put("currency", Some(json!(currency.unwrap_or(&transaction.currency))));
        put("type", Some(json!(self.kind(transaction.kind))));
        let stated = deviation.and_then(|deviation| deviation.funded_status.as_deref());
        put("status", Some(json!(stated.unwrap_or(status))));
        put("authcode", text(transaction.authcode.as_deref()));
        put("authdate", Some(json!(transaction.authorized_at.strftime(authdate).to_string())));
        put("date", Some(forms.date(self.day(transaction.authorized_at))));
        put("respcode", Some(json!(transaction.verdict.code)));
        put("batchid", line.batch.map(|batch| json!(batch)));
        put("cardproc", Some(json!(if by_bank { "PSTR" } else { self.merchant.processor.name() })));
        put("cardnumber", Some(json!(masked(&transaction.token))));
        put("cardtype", Some(json!(if transaction.is_debit { "Debit" } else { "Credit" })));
        put("cardbrand", Some(json!(self.brand(transaction.brand))));
        put("interchangeunitfee", Some(json!("0")));
        put("interchangepercentfee", Some(json!("0")));
        put("plancode", None);
        put("downgradereasoncodes", None);
        put("invoicenumber", text(Some(&transaction.order_id)));
        put("sourcetransactionid", None);
        put("terminalnumber", None);
        put("achreturncode", line.return_code.map(|code| json!(code)));
        members.into()
    }

    fn kind(&self, kind: RecordKind) -> &'static str {
        match (kind, self.merchant.settings.reports.funding_words) {
            (RecordKind::Payment, FundingWords::Documented) => "SALE",
            (RecordKind::Payment, FundingWords::Recorded) => "Sale",
            (RecordKind::Refund, FundingWords::Documented) => "REFUND",
            (RecordKind::Refund, FundingWords::Recorded) => "Refund",
        }
    }

    fn brand(&self, brand: Option<Brand>) -> &'static str {
        let is_recorded = self.merchant.settings.reports.funding_words == FundingWords::Recorded;
        match brand {
            Some(Brand::Visa) if is_recorded => "Visa",
            Some(Brand::Mastercard) if is_recorded => "Mastercard",
            Some(Brand::Amex) if is_recorded => "American Express",
            Some(Brand::Discover) => "DSCV",
            Some(Brand::Diners) => "DNR",
            Some(other) => other.account_type(),
            None => "UNKN",
        }
    }

    /// The id of a chargeback or an adjustment, if the account's have one.
    fn line_id(&self, number: i64) -> Option<Value> {
        self.forms.0.dispute_ids.then(|| self.forms.id(number))
    }

    /// When a chargeback or an adjustment was changed: if it was not, the day of its own deposit.
    fn line_changed(&self, changed_on: Option<Date>, own: Option<Date>) -> Option<Value> {
        let changed_on = changed_on.or(own).unwrap_or(self.deposit.day);
        self.forms.0.dispute_changes.then(|| self.forms.date(changed_on))
    }

    fn adjustment(&self, listed: &Listed<Adjustment>) -> Value {
        let (forms, adjustment) = (&self.forms, &listed.one);
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| forms.put(&mut members, name, value);
        put("fundingadjustmentid", self.line_id(listed.number));
        put("fundingmasterid", Some(self.master()));
        put("merchid", Some(json!(self.merchant.merchid)));
        put("category", Some(json!(adjustment.category)));
        put("type", Some(json!(adjustment.kind)));
        put("description", Some(json!(adjustment.description)));
        put("amount", (!listed.without_amount).then(|| forms.amount(adjustment.minor_units)));
        put("currency", Some(json!(self.merchant.currency)));
        put("casenumber", adjustment.casenumber.as_deref().map(|case| json!(case)));
        put("dateadded", Some(forms.date(adjustment.on.unwrap_or(self.deposit.day))));
        put("datechanged", self.line_changed(listed.changed_on, adjustment.on));
        members.into()
    }

    fn chargeback(&self, listed: &Listed<Chargeback>, payment: Option<&Transaction>) -> Value {
        let (forms, chargeback, number) = (&self.forms, &listed.one, listed.number);
        let of_payment = |of: fn(&Transaction) -> Option<&str>| payment.and_then(of).map(|text| json!(text));
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| forms.put(&mut members, name, value);
        put("fundingchargebackid", self.line_id(number));
        put("fundingmasterid", Some(self.master()));
        put("merchid", Some(json!(self.merchant.merchid)));
        put("casenumber", Some(json!(chargeback.casenumber)));
        put("sequencenumber", chargeback.sequencenumber.map(|number| json!(number.to_string())));
        put("retref", chargeback.retref.as_deref().map(|retref| json!(retref)));
        put("amount", (!listed.without_amount).then(|| forms.amount(chargeback.minor_units)));
        put("transactionamount", payment.map(|payment| forms.amount(payment.amount)));
        put("transactiondate", payment.map(|payment| forms.date(self.day(payment.authorized_at))));
        put("chargebackdate", chargeback.chargebackdate.map(|on| forms.date(on)));
        // A documented example has this as text.
        put("depositdate", Some(json!("null")));
        put("reasoncode", Some(json!(chargeback.reasoncode)));
        put("reasondescription", Some(json!(chargeback.reasondescription)));
        put("acquirereferencenumber", Some(json!(format!("55500807{number}"))));
        put("sourcetransactionid", None);
        put("authcode", of_payment(|payment| payment.authcode.as_deref()));
        put("cardnumber", payment.map(|payment| json!(masked(&payment.token))));
        put("invoicenumber", of_payment(|payment| Some(&payment.order_id)));
        put("dateadded", Some(forms.date(chargeback.on.unwrap_or(self.deposit.day))));
        put("datechanged", self.line_changed(listed.changed_on, chargeback.on));
        members.into()
    }
}

/// The token has the card's first two and last four digits in its own.
fn masked(token: &str) -> String {
    format!("{}XXXXXXXXXX{}", token.get(1..3).unwrap_or_default(), token.get(12..).unwrap_or_default())
}
