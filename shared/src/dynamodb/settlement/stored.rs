//! Deposits, exceptions and progress as they are stored.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use tollgate_core::{
    order::OrderKey,
    settlement::{
        Adjustment, Chargeback, Component, Deposit, DepositChange, Exception, ExceptionCause, KnownReport,
        MissingLine, Note, OpenAbout, PackKey, Progress, ReportKind, Resolution, TakenBack, UnreadDay,
        UnreadableRow,
    },
    values::SignedAmount,
};

use crate::dynamodb::members::{Object, Read, Reader, Writer, corrupt, stored};

/// A component of a deposit.
#[derive(PartialEq)]
struct StoredComponent {
    name: Component,
    amount: SignedAmount,
}

stored! {
    StoredComponent |this, to, from| {
        name: (to.text("name", this.name.as_str()), component(from, "name")?.ok_or_else(|| corrupt("name"))?),
        amount: "amount",
    }
}

fn component(from: &mut Reader, name: &str) -> Read<Option<Component>> {
    let word: Option<String> = from.get(name)?;
    word.map(|word| Component::from_name(&word).ok_or_else(|| corrupt(name))).transpose()
}

/// The parts of one day in which lines of a deposit are, a bit for each of 64 from `from` on.
#[derive(PartialEq)]
struct StoredPackKeys {
    day: Option<Date>,
    from: u64,
    parts: u64,
}

/// Parts that one number says.
const PARTS: u16 = 64;

stored! {
    StoredPackKeys {
        day: "day",
        from: "from",
        parts: "parts",
    }
}

fn stored_pack_keys(packs: &BTreeSet<PackKey>) -> Vec<StoredPackKeys> {
    let mut days = BTreeMap::<(Option<Date>, u64), u64>::new();
    for pack in packs {
        let from = u64::from(pack.part / PARTS * PARTS);
        *days.entry((pack.day, from)).or_default() |= 1 << (pack.part % PARTS);
    }
    days.into_iter().map(|((day, from), parts)| StoredPackKeys { day, from, parts }).collect()
}

fn packs(account: &str, days: &[StoredPackKeys]) -> BTreeSet<PackKey> {
    let parts = |parts: u64| (0..PARTS).filter(move |part| parts & (1 << part) != 0);
    let pack = |one: &StoredPackKeys, part| {
        let from = u16::try_from(one.from).unwrap_or_default();
        PackKey { account: account.to_owned(), day: one.day, part: from.saturating_add(part) }
    };
    days.iter().flat_map(|one| parts(one.parts).map(move |part| pack(one, part))).collect()
}

stored! {
    Deposit |this, to, from| {
        id: "id",
        account: "mid",
        day: "day",
        currency: "currency",
        components: (to.put("components", &stored_components(&this.components)), components(from)?),
        total: "total",
        trace_number: "trace_number",
        lines: (
            { to.put("lines", &this.lines.0); to.put("lines_sum", &this.lines.1) },
            (from.get("lines")?, from.get("lines_sum")?)
        ),
        others: (
            { to.put("others", &this.others.0); to.put("others_sum", &this.others.1) },
            (from.get("others")?, from.get("others_sum")?)
        ),
        refunds: "refunds",
        packs: (
            to.put("packs", &stored_pack_keys(&this.packs)),
            packs(String::as_str(&account), &from.get::<Vec<StoredPackKeys>>("packs")?)
        ),
        adjustments: "adjustments",
        chargebacks: "chargebacks",
        unreadable: "unreadable",
        taken_back: (
            {
                to.put("chargebacks_taken_back", &this.taken_back.chargebacks);
                to.put("adjustments_taken_back", &this.taken_back.adjustments);
            },
            TakenBack {
                chargebacks: from.get("chargebacks_taken_back")?,
                adjustments: from.get("adjustments_taken_back")?,
            }
        ),
        changed_on: "changed_on",
        read_at: "read_at",
        changes: "changes",
        journaled: (
            to.put("journaled", &u64::try_from(this.journaled).unwrap_or(u64::MAX)),
            usize::try_from(from.get::<u64>("journaled")?).map_err(|_| corrupt("journaled"))?
        ),
    }
}

stored! {
    DepositChange |this, to, from| {
        at: "at",
        currency: "currency",
        components: (to.put("components", &stored_components(&this.components)), components(from)?),
    }
}

fn stored_components(components: &[(Component, SignedAmount)]) -> Vec<StoredComponent> {
    components.iter().map(|&(name, amount)| StoredComponent { name, amount }).collect()
}

fn components(from: &mut Reader) -> Read<Vec<(Component, SignedAmount)>> {
    let stored: Vec<StoredComponent> = from.get("components")?;
    Ok(stored.into_iter().map(|one| (one.name, one.amount)).collect())
}

stored! {
    Adjustment |this, to, from| {
        id: "id",
        component: (to.put("component", &this.component.map(|one| one.as_str().to_owned())), component(from, "component")?),
        category: "category",
        description: "description",
        amount: "amount",
        case: "case",
        day: "day",
        changed_on: "changed_on",
    }
}

stored! {
    Chargeback {
        id: "id",
        case: "case",
        sequence: "sequence",
        deposit: "deposit",
        reference: "retref",
        amount: "amount",
        transaction_amount: "transaction_amount",
        currency: "currency",
        on: "on",
        reason_code: "reason_code",
        reason: "reason",
        acquirer_reference: "arn",
        authcode: "authcode",
        changed_on: "changed_on",
    }
}

stored! {
    Exception |this, to, from| {
        id: "id",
        cause: (
            to.text("cause", this.cause.as_str()),
            ExceptionCause::from_name(&from.get::<String>("cause")?).ok_or_else(|| corrupt("cause"))?
        ),
        account: "mid",
        reference: "retref",
        deposit: "deposit",
        case: "case",
        detail: "detail",
        order: (
            to.put("order", &this.order.as_ref().map(ToString::to_string)),
            order(from)?
        ),
        transaction: "transaction",
        expected: "expected",
        found: "found",
        currency: "currency",
        day: "day",
        since: "since",
        gone_at: "gone_at",
        notes: "notes",
        resolution: "resolution",
    }
}

fn order(from: &mut Reader) -> Read<Option<OrderKey>> {
    let key: Option<String> = from.get("order")?;
    let read = |key: String| {
        let (merchant, order) = key.split_once('#')?;
        Some(OrderKey { merchant: merchant.parse().ok()?, order: order.parse().ok()? })
    };
    key.map(|key| read(key).ok_or_else(|| corrupt("order"))).transpose()
}

stored! {
    Note {
        at: "at",
        by: "by",
        text: "text",
    }
}

stored! {
    Resolution {
        at: "at",
        by: "by",
        reason: "reason",
    }
}

stored! {
    Progress {
        account: "mid",
        known_at: "known_at",
        read_at: "read_at",
        from: "from",
        unread: "unread",
        looked_back_on: "looked_back_on",
        funding: "funding",
        used_on: "used_on",
    }
}

stored! {
    UnreadDay {
        day: "day",
        since: "since",
        cause: "cause",
    }
}

stored! {
    UnreadableRow {
        deposit: "deposit",
        batch: "batch",
        id: "id",
        why: "why",
    }
}

stored! {
    OpenAbout |this, to, from| {
        account: "mid",
        cause: (
            to.text("cause", this.cause.as_str()),
            ExceptionCause::from_name(&from.get::<String>("cause")?).ok_or_else(|| corrupt("cause"))?
        ),
        reference: "retref",
        deposit: "deposit",
    }
}

/// A batch or a deposit of a report.
#[derive(PartialEq)]
struct StoredName {
    id: String,
}

stored! {
    StoredName {
        id: "id",
    }
}

stored! {
    MissingLine {
        of: "id",
        reference: "retref",
    }
}

// Its account is in its key.
stored! {
    KnownReport |this, to, from, account: String| {
        kind: (
            to.text("report", this.kind.as_str()),
            ReportKind::from_name(&from.get::<String>("report")?).ok_or_else(|| corrupt("report"))?
        ),
        day: "day",
        names: (
            to.put("names", &this.names.iter().map(|id| StoredName { id: id.clone() }).collect::<Vec<_>>()),
            from.get::<Vec<StoredName>>("names")?.into_iter().map(|name| name.id).collect()
        ),
        packs: (
            to.put("packs", &stored_pack_keys(&this.packs)),
            packs(account, &from.get::<Vec<StoredPackKeys>>("packs")?)
        ),
        unreadable: "unreadable",
        missing: "missing",
        empty_since: "empty_since",
        is_unmatched: "unmatched" unless (false),
        is_unreadable: ({}, false),
    }
}
