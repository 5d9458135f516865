//! Payments that need a person, by cause, each with the actions that help.

use askama::Template;
use lambda_http::{Body, Response};
use tollgate_core::{journal::Concern, order::NextAction, values::SignedAmount};
use tollgate_wire::{self as wire, AttentionCount, AttentionPageMeta, NeedsAttention, Operation, Order};

use crate::{
    api::address,
    frame::Frame,
    pages::{
        Visit, download,
        payment::{Act, Help, Means, Payment, Settle},
        problem::Problem,
        rendered,
    },
    rows::Row,
    words::{self, said, sentences},
};

/// How many pages of the API's list are read at most, and how many payments each has.
const PAGES: usize = 3;
const ROWS: &str = "100";

/// A row of the API's list.
type AttentionItem = wire::AttentionRow<Row<Payment>>;

/// A payment under one of its causes, or an order that has none.
struct AttentionRow {
    since: String,
    age: String,
    card: String,
    order: String,
    /// Of the payment; empty where there is none.
    address: String,
    at_stake: String,
    happened: String,
    helps: Vec<Help>,
}

/// The payments with one cause.
struct Group {
    title: &'static str,
    advice: String,
    /// Whether a row has a button or a link.
    has_help: bool,
    rows: Vec<AttentionRow>,
}

#[derive(Template)]
#[template(path = "attention.html")]
struct AttentionPage {
    frame: Frame,
    /// How many orders there are, as `7 orders`, and of when that is.
    orders: String,
    as_of: String,
    groups: Vec<Group>,
    /// The keys of items that cannot be read.
    unreadable: Vec<String>,
    /// How many payments are on the page, if there are more.
    newest: Option<usize>,
}

/// The page, with one call for each page of the API's list. Only the first page has the count.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let (mut rows, mut first, mut cursor) = (Vec::new(), None, None::<String>);
    for _ in 0..PAGES {
        let from = cursor.take().unwrap_or_default();
        let wanted = [("page[limit]", ROWS), ("page[cursor]", from.as_str())];
        let found: wire::Page<AttentionItem, AttentionPageMeta> =
            visit.read(&address("/v2/attention", &wanted)).await?;
        rows.extend(found.data);
        cursor.clone_from(&found.meta.page.cursor);
        first.get_or_insert(found.meta);
        if cursor.is_none() {
            break;
        }
    }
    rendered(&page(visit, &rows, first.as_ref(), cursor.is_some()))
}

/// The same payments as a file, the newest first.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let path = address("/v2/attention", &[("page[limit]", download::ROWS)]);
    download::file(visit, "attention.csv", &path).await
}

fn page(
    visit: &Visit<'_>,
    rows: &[AttentionItem],
    meta: Option<&AttentionPageMeta>,
    has_more: bool,
) -> AttentionPage {
    let (mut payments, mut orders_alone, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            AttentionItem::Order(order) => orders_alone.push(&**order),
            AttentionItem::Transaction(Row::Read(payment)) => payments.push(&**payment),
            AttentionItem::Transaction(Row::Unreadable(row)) => unreadable.push(said(&*row.id)),
        }
    }
    let groups = Concern::ALL.iter().map(|concern| group(visit, *concern, &payments, &orders_alone));
    let count = meta.and_then(|meta| meta.count.as_ref());
    AttentionPage {
        frame: visit.frame.clone(),
        orders: count.map(orders).unwrap_or_default(),
        as_of: visit.frame.moment(meta.map(|meta| meta.as_of)),
        groups: groups.filter(|group| !group.rows.is_empty()).collect(),
        unreadable,
        newest: has_more.then_some(rows.len()),
    }
}

/// `7 orders`.
fn orders(count: &AttentionCount) -> String {
    let noun = if count.orders == 1 { "order" } else { "orders" };
    format!("{} {noun}", said(&*count.formatted))
}

/// The reason for attention with this cause, if it is among these.
fn reason(all: &[NeedsAttention], concern: Concern) -> Option<&NeedsAttention> {
    all.iter().find(|one| one.code == concern)
}

fn group(visit: &Visit<'_>, concern: Concern, payments: &[&Payment], orders: &[&Order]) -> Group {
    let found = payments.iter().filter_map(|payment| {
        let reason = reason(payment.meta.needs_attention.as_deref()?, concern)?;
        Some((reason, row_of(visit, concern, payment, reason)))
    });
    let alone = orders.iter().filter_map(|order| {
        let reason = reason(order.meta.needs_attention.as_deref()?, concern)?;
        Some((reason, row_of_unpaid(visit, order, reason)))
    });
    let mut found = found.chain(alone).collect::<Vec<_>>();
    found.sort_by_key(|(reason, _)| reason.since);
    let advice = found.first().map(|(reason, _)| said(&*reason.advice)).unwrap_or_default();
    let rows = found.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
    Group {
        title: words::concern(concern).0,
        advice,
        has_help: rows.iter().any(|row| !row.helps.is_empty()),
        rows,
    }
}

fn row_of(visit: &Visit<'_>, concern: Concern, payment: &Payment, reason: &NeedsAttention) -> AttentionRow {
    AttentionRow {
        since: visit.frame.moment(reason.since.0),
        age: visit.age(reason.since.0),
        card: payment.card(),
        order: said(payment.order()),
        at_stake: payment.money(at_stake(concern, payment)),
        happened: payment.happened(concern, &visit.frame.zone),
        helps: helps(&visit.frame, payment, reason),
        address: payment.address(&visit.frame),
    }
}

fn row_of_unpaid(visit: &Visit<'_>, order: &Order, reason: &NeedsAttention) -> AttentionRow {
    AttentionRow {
        since: visit.frame.moment(reason.since.0),
        age: visit.age(reason.since.0),
        card: "None".to_owned(),
        order: said(&*order.id),
        at_stake: "Nothing was charged".to_owned(),
        happened: sentences::PAID_BY_OTHERS.to_owned(),
        helps: Vec::new(),
        address: String::new(),
    }
}

/// The money that a cause is about.
fn at_stake(concern: Concern, payment: &Payment) -> SignedAmount {
    let meta = &payment.meta;
    let amount_of = |operation: Option<&Operation>| operation.map(|one| SignedAmount::from(one.amount));
    let part = match concern {
        Concern::InDoubt => amount_of(payment.last(sentences::is_pending)),
        Concern::RefundHeldBack => amount_of(payment.last(sentences::is_held_back)),
        Concern::Disputed => meta.disputed.as_ref().map(|disputed| disputed.amount.into()),
        // Nothing is capturable any more once the authorization has ended: the whole amount is
        // lost.
        Concern::CaptureSkipped | Concern::AuthorizationEnding => {
            Some(SignedAmount::from(meta.capturable.amount)).filter(|left| !left.is_zero())
        }
        _ => None,
    };
    part.unwrap_or_else(|| payment.amount())
}

/// The actions that help, if the API advises them; where the reader may not do one, who can.
fn helps(frame: &Frame, payment: &Payment, reason: &NeedsAttention) -> Vec<Help> {
    let form = |act: Act, action: NextAction, who: &'static str| {
        let help = Help::form(act.verb(), payment.form(act, frame), frame.may_operate(), who);
        payment.is_next(action).then_some(help)
    };
    let refund = || form(Act::Refund, NextAction::Refund, "Somebody with the role operate can refund it");
    let act = match reason.code.known() {
        Some(Concern::InDoubt) => payment.confirm(frame).map(|address| Help {
            name: "Ask the gateway",
            address,
            means: Means::Button,
        }),
        Some(Concern::CaptureSkipped | Concern::AuthorizationEnding) => {
            form(Act::Capture, NextAction::Capture, "Somebody with the role operate can capture it")
        }
        Some(Concern::FoundLate | Concern::RefundHeldBack) => refund(),
        Some(Concern::ShopDiffers) if payment.is_of_cancelled_order() => refund(),
        Some(Concern::ShopRefused | Concern::ShopDiffers) => payment
            .record_again(frame)
            .map(|address| Help { name: "Record again", address, means: Means::Button }),
        _ => None,
    };
    act.into_iter().chain(Settle::of(reason).map(|settle| settle.help(payment, frame))).collect()
}
