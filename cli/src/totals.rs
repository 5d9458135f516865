//! `report`: totals by month, day or hour, from the sums that the schedule keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use tollgate::spreadsheet::{
    FileRow as _,
    totals::{Shown, value},
};
use tollgate_core::{
    journal::{
        Changes,
        read_totals::{Days, PROVISIONAL_HOURS, PeriodTotals, Periods, Selection, read_totals},
    },
    order::MerchantId,
    payments::Unreadable,
    values::{Currency, SignedAmount},
};

use crate::{
    args::{Day, TotalsOptions},
    aws::Aws,
    csv,
    failure::{self, Failure},
    installation::{Installation, aws_http_client},
    payment::{history::time, list::unread},
    precondition::must_exist,
    report::Report,
    table::aligned,
};

/// Printed before the first count. Without it, no total would mean that nothing happened.
const NOT_COUNTED: &str = "Nothing is counted yet: the function totals counts every minute.";

/// The options of the report.
struct Totals {
    periods: Periods,
    selection: Selection,
    /// Of each merchant.
    found: Vec<(MerchantId, PeriodTotals)>,
    /// Whether lines name their merchant.
    has_several: bool,
}

pub(crate) async fn run(installation: &Installation, options: &TotalsOptions) -> Result<Report, Failure> {
    let now = installation.clock.now();
    let (periods, selection) = wanted(options, now)?;
    let journal = installation.journal_in(installation.journal_table(options.journal_table.as_deref())?);
    let store = journal.totals(None, &installation.clock, &aws_http_client()?).totals;
    let merchants = match &options.merchant {
        Some(merchant) => vec![merchant.clone()],
        None => Aws::new(installation)?.merchants().await?,
    };
    let mut found = Vec::new();
    for merchant in merchants {
        let totals = read_totals(store.as_ref(), &merchant, &periods, &selection).await;
        let totals = totals.map_err(|error| unread(&error))?;
        if !options.all_merchants && totals.rows.is_empty() && totals.unreadable.is_empty() {
            must_exist(installation, &merchant).await?;
        }
        found.push((merchant, totals));
    }
    let shown = Totals { periods, selection, found, has_several: options.all_merchants };
    if options.csv {
        csv::print(&shown.header(), shown.rows())?;
        let uncounted = shown.reached().is_none().then(|| NOT_COUNTED.to_owned());
        shown.left_out().chain(uncounted).for_each(|line| failure::remark(&line));
        return Ok(Report::nothing());
    }
    Ok(Report::new(shown.text(), shown.value(options)))
}

/// The periods that the options name, and the columns that tell lines apart.
fn wanted(options: &TotalsOptions, now: Timestamp) -> Result<(Periods, Selection), Failure> {
    let today = options.time_zone.shown(now).date();
    let out_of_range = |_| Failure::Input("--day is out of range".to_owned());
    let day = match options.day {
        Some(Day::Today) => Some(today),
        Some(Day::Yesterday) => Some(today.yesterday().map_err(out_of_range)?),
        Some(Day::On(day)) => Some(day),
        None => None,
    };
    let from = day.map(Days::day).or(options.month).or(options.from);
    let to = day.map(Days::day).or(options.month).or(options.to);
    let periods = Days::of_report(from, to, options.interval, today)
        .and_then(|(days, interval)| Periods::new(interval, days, &options.time_zone))
        .map_err(|error| Failure::Input(format!("--to {error}")))?;
    Ok((periods, options.selection()))
}

impl Totals {
    /// Every row with its merchant.
    fn shown(&self) -> impl Iterator<Item = (&MerchantId, Shown<'_>)> {
        self.found.iter().flat_map(move |(merchant, found)| {
            found.rows.iter().filter_map(move |row| {
                let period = self.periods.all().get(row.period)?;
                let is_provisional = found.provisional.contains(&row.period);
                Some((merchant, Shown { selection: &self.selection, period, row, is_provisional }))
            })
        })
    }

    fn header(&self) -> Vec<&'static str> {
        self.has_several.then_some("merchant").into_iter().chain(Shown::names()).collect()
    }

    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.shown().map(move |(merchant, shown)| {
            let merchant = self.has_several.then(|| merchant.to_string());
            merchant.into_iter().chain(shown.cells()).collect()
        })
    }

    /// A line for each sum that cannot be read, and one for all such entries.
    fn left_out(&self) -> impl Iterator<Item = String> {
        let unreadable = self.found.iter().flat_map(|(_, found)| &found.unreadable);
        let sums = unreadable.map(|Unreadable { key, reason }| format!("not counted: {key}: {reason}"));
        let entries: u64 = self.found.iter().map(|(_, found)| found.left_out).sum();
        let entries = (entries > 0).then(|| format!("not counted: entries that cannot be read: {entries}"));
        sums.chain(entries)
    }

    fn text(&self) -> String {
        let header: Vec<String> = self.header().iter().map(|name| name.to_ascii_uppercase()).collect();
        let rows: Vec<Vec<String>> = self.rows().collect();
        // Whether a period is provisional is said once, with its sums. Columns that say nothing are
        // left out.
        let says = |n: usize| rows.iter().any(|row| !matches!(row[n].as_str(), "" | "0.00" | "0"));
        let always = ["PERIOD", "CURRENCY", "HELD", "PAID", "RETURNED", "AT_GATEWAY"];
        let has_rules = self.shown().any(|(_, shown)| shown.row.issuer_approved != shown.row.approved);
        let is_shown = |n: usize| match header[n].as_str() {
            "PROVISIONAL" => false,
            // Where no rule refused anything, they say the same as the columns beside them.
            "ISSUER_APPROVED" | "ISSUER_APPROVAL_RATE" => has_rules,
            name => always.contains(&name) || says(n),
        };
        let shown: Vec<usize> = (0..header.len()).filter(|n| is_shown(*n)).collect();
        let lines = std::iter::once(&header).chain(&rows).filter(|_| !rows.is_empty());
        let lines = lines.map(|row| shown.iter().map(|n| row[*n].clone()).collect());
        let mut text = aligned(&lines.collect::<Vec<Vec<String>>>());
        text.extend(self.sums());
        text.extend(self.left_out());
        if rows.is_empty() && self.reached().is_some() {
            text.push("Nothing happened.".to_owned());
        }
        text.push(self.reached().map_or(NOT_COUNTED.to_owned(), |at| format!("counted up to {}", time(at))));
        text.join("\n")
    }

    /// Up to when everything is counted; none if that of a merchant is not known.
    fn reached(&self) -> Option<Timestamp> {
        self.found.iter().map(|(_, found)| found.complete_until).min().flatten()
    }

    /// The changes of each period in each currency.
    fn sums(&self) -> impl Iterator<Item = String> {
        let mut sums = BTreeMap::<(usize, Currency), (Option<Changes>, bool)>::new();
        for (_, shown) in self.shown() {
            let key = (shown.row.period, shown.row.line.currency);
            let (sum, provisional) = sums.entry(key).or_insert((Some(Changes::default()), false));
            *sum = sum.and_then(|sum| sum.checked_add(shown.row.total.changes));
            *provisional |= shown.is_provisional;
        }
        sums.into_iter().map(move |((period, currency), (changes, is_provisional))| {
            let name = self.periods.all().get(period).map_or("", |period| &period.name);
            let provisional = if is_provisional { " (provisional)" } else { "" };
            let Some(changes) = changes else {
                return format!("{name} {currency}: the sums are too large to be added up{provisional}");
            };
            let decimal = |amount| currency.signed_decimal(amount);
            let beside = |name: &str, amount: SignedAmount| match amount {
                SignedAmount::ZERO => String::new(),
                amount => format!(", {name} {}", decimal(amount)),
            };
            let (fees, disputed) = (beside("fees there", changes.fees), beside("disputed", changes.disputed));
            format!(
                "{name} {currency}: held {}, paid {}, returned {}, at the gateway {}{fees}{disputed}{provisional}",
                decimal(changes.held),
                decimal(changes.paid),
                decimal(changes.returned),
                decimal(changes.gateway),
            )
        })
    }

    /// Amounts are minor units.
    fn value(&self, options: &TotalsOptions) -> Value {
        let total = |(merchant, shown): (&MerchantId, Shown<'_>)| {
            let mut total = json!(value(shown));
            total["merchant"] = json!(merchant);
            total
        };
        let of = |(merchant, found): &(MerchantId, PeriodTotals)| {
            json!({
                "merchant": merchant,
                "complete_until": found.complete_until,
                "unreadable_entries": found.left_out,
                "unreadable": found
                    .unreadable
                    .iter()
                    .map(|Unreadable { key, reason }| json!({"key": key, "reason": reason}))
                    .collect::<Vec<_>>(),
            })
        };
        let (first, last) = (self.periods.all().first(), self.periods.all().last());
        json!({
            "since": first.map(|period| period.begins),
            "until": last.map(|period| period.ends),
            "time_zone": options.time_zone.name(),
            "by": self.selection.by.iter().map(|one| one.as_str()).collect::<Vec<_>>(),
            "complete_after_hours": PROVISIONAL_HOURS,
            "merchants": self.found.iter().map(of).collect::<Vec<_>>(),
            "totals": self.shown().map(total).collect::<Vec<_>>(),
        })
    }
}
