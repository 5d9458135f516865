//! Complete bodies of the API, and the members that a test states instead.

use jiff::{ToSpan as _, civil::date};
use serde_json::{Value, json};
use tollgate_core::settlement::Figure;

/// The id of every transaction.
pub(super) const TRANSACTION: &str = "01a209fe-7ea0-47a8-b0f7-b059e208297d";

/// A body with the members that a test states instead of its own.
pub(super) fn with(mut body: Value, stated: &Value) -> Value {
    match (&mut body, stated) {
        (Value::Object(members), Value::Object(stated)) => {
            for (name, value) in stated {
                let own = members.remove(name).unwrap_or_default();
                members.insert(name.clone(), with(own, value));
            }
            body
        }
        _ => stated.clone(),
    }
}

/// A list whose rows a test states, each of them over a complete one.
fn each_with(complete: &Value, rows: &Value) -> Value {
    rows.as_array().unwrap().iter().map(|row| with(complete.clone(), row)).collect()
}

pub(super) fn price(minor: i64) -> Value {
    json!({"amount": minor, "currency": "USD", "formatted": ""})
}

/// A refusal of the API.
pub(super) fn refusal(code: &str, detail: &str) -> Value {
    json!({"errors": [{"status": 400, "title": "Refused", "detail": detail,
        "meta": {"code": code, "request_id": "r-1"}}]})
}

/// The person with a role.
pub(super) fn me(role: &str) -> Value {
    let operates = ["operate", "all"].contains(&role);
    let limits = json!({"attempts_per_order": 9, "declines_per_source_hour": 9, "declines_per_network_hour": 9,
        "payments_in_flight": 9, "payments_in_flight_per_network": 9});
    json!({"data": {"type": "me", "id": "170200126",
        "merchant": {"id": "170200126", "name": "Umbrella & Sons", "time_zone": "America/New_York", "livemode": false,
            "currencies": ["USD"], "search": {"references": true, "customers": true}},
        "key": null,
        "person": {"id": TRANSACTION, "name": "Ann Archer", "role": role, "refund_max": null},
        "may": {"read": true, "pay": role != "read", "operate": operates, "all": role == "all"},
        "payments": {"stopped": false, "by_switch_of": null, "stopped_max_age_seconds": 10, "captures_paused": false},
        "limits": {"page_rows": 100, "shoppers": limits},
        "attention": {"count": {"orders": 2, "more": false, "formatted": "2"}, "as_of": "2026-11-26T12:00:00Z"},
        "settlement": {"count": {"exceptions": 3, "more": false, "formatted": "3"}, "as_of": "2026-11-26T12:00:00Z",
            "read_at": null}}})
}

pub(super) fn operation(kind: &str, minor: i64, state: &str) -> Value {
    json!({"id": operation_id(kind, minor), "type": kind, "amount": minor, "formatted": "", "state": state,
        "mechanism": "automatic", "attempts": 1, "asked_by": "client_credentials",
        "timestamps": {"created_at": "2026-11-23T20:00:03Z", "updated_at": "2026-11-23T20:00:03Z"},
        "gateway": {"respproc": "RPCT", "respcode": "000", "resptext": "Approval", "retref": "327975232415"}})
}

pub(super) fn operation_id(kind: &str, minor: i64) -> String {
    format!("00000000-0000-4000-8{:03}-{minor:012}", kind.len())
}

/// An action that the reader may do up to this amount.
pub(super) fn up_to(minor: i64) -> Value {
    json!({"possible": true, "most": price(minor), "whole_only": false, "needs_refund_disputed": false,
        "why": null, "by_proposal": null, "advised": true, "advised_against": null})
}

/// An action that is not possible.
pub(super) fn not(why: &str) -> Value {
    with(up_to(0), &json!({"possible": false, "most": null, "why": why, "advised": false}))
}

/// Chargebacks and reversals.
pub(super) fn disputes(stated: &Value) -> Value {
    let complete = json!({"type": "chargeback", "id": null, "case": "", "number": null, "amount": 0, "day": null,
        "reason_code": null, "reason": null, "acquirer_reference": null, "deposit": null, "changed_on": null});
    each_with(&complete, stated)
}

/// A payment of $25.99, as lists have it.
pub(super) fn transaction(state: &str, operations: &[Value]) -> Value {
    let timestamps = json!({"created_at": "2026-11-23T20:00:03Z", "updated_at": "2026-11-23T20:00:03Z"});
    json!({"type": "transaction", "id": TRANSACTION, "reference": "327975232415", "gateway": "card_connect",
        "amount": 2599, "refunded_amount": 0, "currency": "USD", "transaction-type": "purchase",
        "transaction_type": "purchase", "status": "complete", "livemode": false, "timestamps": timestamps,
        "payment_details": {"detailed_status": "", "card": {"brand": "Visa", "last_four": "1443",
            "expiry_month": 10, "expiry_year": 2039}, "authorization_code": "PPS009", "avs_result": "Z", "cvv_result": "M"},
        "next_actions": [], "relationships": {"order": {"data": {"type": "order", "id": "UM-1"}}},
        "custom_reference": "invoice 1",
        "meta": {"state": state, "display_price": price(2599), "display_captured_amount": price(2599),
            "display_refunded_amount": {"total": price(0)}, "created_at": "2026-11-23T20:00:03.000Z",
            "timestamps": timestamps, "version": 3, "capturable": price(0), "refundable": price(0),
            "operations": operations, "needs_attention": []}})
}

/// The same alone.
pub(super) fn payment(state: &str, operations: &[Value]) -> Value {
    let answers = json!({"receipt": {"available": true, "why": null},
        "possible": {"settlement": "settled", "capture": not("not_an_authorization"),
            "refund": not("already_refunded"), "cancel": not("already_cancelled"),
            "reauthorize": not("not_an_authorization")},
        "money": {"kept": price(2599), "refused": price(0), "refunded": price(0), "disputed": price(0),
            "held": price(0), "released": price(0)}});
    json!({"data": with(transaction(state, operations), &json!({"meta": answers}))})
}

/// A page of a list.
pub(super) fn page(rows: &[Value], meta: &Value) -> Value {
    let complete = json!({"page": {"limit": 100, "cursor": null}, "unreadable": 0, "read_bytes": 0});
    json!({"data": rows, "links": {"next": null}, "meta": with(complete, meta)})
}

/// The settlement of a payment whose money is in a deposit.
pub(super) fn settlement() -> Value {
    let place = json!({"state": "funded", "settled_at": "2026-11-23", "funded_at": "2026-11-24",
        "deposit": "20261124518026"});
    let record = json!({"operation_id": operation_id("purchase", 2599), "retref": "327975232415",
        "mid": "496480518026", "amount": 2599, "currency": "USD"});
    let whole = json!({"type": "settlement", "id": TRANSACTION, "records": [with(record, &place)]});
    json!({"data": with(whole, &place)})
}

pub(super) fn deposit() -> Value {
    json!({"type": "deposit", "id": "20261123518026", "mid": "496480518026", "date": "2020-11-23", "currency": "USD",
        "gross": 286_570, "refunds": -4247, "fees": -5109, "chargebacks": -6250, "adjustments": 0, "net": 270_964,
        "lines": 3, "others": {"lines": 1, "sum": 4200}, "unmatched": 1, "trace_number": "1210002426112300",
        "changed_on": null})
}

/// A deposit with its parts.
pub(super) fn whole_deposit(parts: &Value, cursor: &str) -> Value {
    let adjustment = json!({"id": null, "component": null, "category": "", "description": "", "amount": 0,
        "case": null, "date": null, "changed_on": null});
    let chargeback = json!({"id": null, "case": "", "sequence": null, "retref": null, "amount": 0,
        "date": "2020-11-22", "reason_code": "", "reason": "", "acquirer_reference": null, "changed_on": null});
    let line = json!({"type": "deposit_line", "retref": "323441946498", "kind": "sale", "status": "voided",
        "counts": true, "amount": 4400, "currency": "USD", "settled_at": "2020-11-20", "order": null,
        "transaction": null, "custom_reference": null, "unmatched": null});
    let batch = json!({"id": "817", "date": "2020-11-20", "lines": 2, "sum": 286_570, "deposited_lines": 2,
        "deposited_sum": 286_570, "whole": true});
    let complete =
        json!({"complete": true, "counted": 2, "counted_sum": 10_500, "matched": 2, "batches": [batch]});
    let parts = with(
        parts.clone(),
        &json!({
        "batches": each_with(&batch, parts.get("batches").unwrap_or(&complete["batches"])),
        "adjustment_details": each_with(&adjustment, &parts["adjustment_details"]),
        "chargeback_details": each_with(&chargeback, &parts["chargeback_details"]),
        "line_details": each_with(&line, &parts["line_details"])}),
    );
    json!({"data": with(with(deposit(), &complete), &parts), "links": {"next": null},
        "meta": {"page": {"limit": 100, "cursor": cursor}, "unreadable": 0}})
}

/// Payments of $25.99 that are in no deposit, and five weeks whose days have these states.
pub(super) fn outstanding(rows: &Value, states: &Value) -> Value {
    let row = json!({"type": "outstanding", "state": "settled", "at": "2026-11-23T20:00:03Z", "amount": 2599,
        "currency": "USD", "mid": "496480518026", "retref": null, "order": "UM-1", "transaction": TRANSACTION,
        "operation_id": TRANSACTION, "settled_at": null, "due_on": null, "days_late": 0, "unmatched": null});
    let days = date(2020, 10, 25).series(1.day()).take(35).map(|day| {
        let state = states.get(day.to_string()).cloned().unwrap_or_else(|| json!("none"));
        json!({"date": day, "state": state})
    });
    let sum =
        json!({"mid": "496480518026", "currency": "USD", "state": "settled", "count": 4, "amount": 10396});
    let meta = json!({"from": "2020-11-18", "to": "2020-11-25", "sums": [sum], "days": days.collect::<Vec<_>>(),
        "accounts": []});
    page(each_with(&row, rows).as_array().unwrap(), &meta)
}

pub(super) fn exception(id: &str, cause: &str) -> Value {
    json!({"type": "settlement_exception", "id": id, "state": "open", "cause": cause, "detail": null,
        "date": "2026-11-23", "mid": "496480518026", "retref": "315348943466", "deposit": "20261123518026",
        "case": "2026319006250", "order": "UM-2011", "transaction": TRANSACTION, "expected": 14730, "found": 14729,
        "difference": -1, "currency": "USD", "since": "2020-11-23T23:40:00Z", "gone_at": null, "notes": [], "resolution": null})
}

/// Figures of totals in dollars, of which a test states the numbers.
pub(super) fn figures(numbers: &Value) -> Value {
    let complete = json!({"currency": "USD", "held": 0, "paid": 0, "returned": 0, "at_gateway": 0,
        "fees_at_gateway": 0, "disputed": 0, "approved": 0, "approved_amount": 0, "declined": 0, "payments": 0,
        "refunds": 0, "approval_rate": null, "decline_rate": null, "issuer_approved": 0, "issuer_approval_rate": null});
    with(complete, numbers)
}

/// A period's total.
pub(super) fn total(period: &str, numbers: &Value) -> Value {
    let of_period = json!({"type": "total", "period": period, "begins_at": "2020-11-24T05:00:00Z",
        "ends_at": "2020-11-25T05:00:00Z", "provisional": false});
    with(of_period, &figures(numbers))
}

/// A report of totals.
pub(super) fn totals(rows: &[Value], meta: &Value) -> Value {
    let complete = json!({"interval": "day", "time_zone": "America/New_York", "by": [], "sums": [], "provisional": [],
        "complete_until": null, "unreadable": 0, "unreadable_entries": 0});
    json!({"data": rows, "meta": with(complete, meta)})
}

/// A month of one account in dollars, with the figures that have rows: how many, and their sum.
pub(super) fn month(figures: &Value) -> Value {
    let figure = |figure: &Figure| {
        let stated = &figures[figure.as_str()];
        json!({"figure": figure.as_str(), "count": stated[0].as_u64().unwrap_or(0),
            "amount": stated[1].as_i64().unwrap_or(0)})
    };
    json!({"type": "month", "mid": "496480518026", "currency": "USD", "counted": figures["at_gateway"][1],
        "differs": [], "figures": Figure::ALL.iter().map(figure).collect::<Vec<_>>()})
}

/// A movement with its parts of figures, of which a test states all that is not usual.
pub(super) fn month_row(stated: &Value) -> Value {
    let complete = json!({"type": "month_row", "kind": "movement", "at": "2026-11-23T20:00:03Z", "fact": "captured",
        "mid": "496480518026", "currency": "USD", "retref": "327975232415", "order": "UM-1",
        "transaction": TRANSACTION, "deposit": "20261124518026", "date": "2026-11-24", "cause": null, "figures": []});
    with(complete, stated)
}

/// A report of November 2026.
pub(super) fn months(data: &[Value], rows: &[Value], meta: &Value) -> Value {
    let days = json!({"from": "2026-11-01", "to": "2026-11-30"});
    let complete = json!({"from": "2026-11-01", "to": "2026-11-30", "time_zone": "America/New_York", "parts": [days],
        "days": [], "provisional": [], "complete_until": null, "accounts": [], "unreadable": 0, "cursor": null});
    json!({"data": data, "rows": rows, "links": {"next": null}, "meta": with(complete, meta)})
}
