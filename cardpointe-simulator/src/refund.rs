//! Refunds of settled payments.

use crate::{
    advice, amount,
    call::Call,
    cards,
    codes::{Verdict, pps},
    config::Merchant,
    fields::Fields,
    ledger::stored_order_id,
    lifecycle,
    reply::Reply,
    settings::{Settings, TimedOutRefunds},
    state::{RecordKind, RecordState},
    surcharge::{Charged, Surcharge},
    transaction::Transaction,
    world::World,
};

/// From this sale on, a refund of 1nnn.00 requests a response code, as an authorization of that
/// amount does.
const SCRIPTED_FROM: i64 = 200_000;

/// Runs a refund. A refund that reached the processor has a reference of its own, approved or not.
pub(crate) fn refund(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let checked = lifecycle::named(world, merchant, fields)
        .cloned()
        .and_then(|sale| may_refund(&sale, merchant, fields).map(|charged| (sale, charged)));
    let (mut sale, charged) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return refused(refusal, merchant, fields),
    };

    let settings = merchant.settings;
    let refusal = call.refusal(settings.timed_out_refunds != TimedOutRefunds::NotDone);
    let retref = world.next_retref(call.now);
    let mut refund = Transaction::new(RecordKind::Refund, retref, pps::INVALID_FIELD, call.now);
    describe(&mut refund, &sale, merchant, fields);
    let verdict = match refusal {
        Some(refusal) => refusal,
        None if world.ledger.has_duplicate(&refund, charged.total, settings) => {
            merchant.processor.duplicate_refund()
        }
        None => decide(&sale, charged, merchant),
    };
    refund.verdict = verdict;
    let is_done = refusal.is_none() && verdict.is_approved();
    if is_done {
        refund.charge(charged);
        refund.status = RecordState::Queued;
        refund.captured_at = Some(call.now);
        refund.batchid = Some(world.open_batch(merchant));
        let by_processor = settings.online_refunds;
        refund.authcode = Some(if by_processor { world.next_authcode() } else { "REFUND".to_owned() });
        sale.count_refund(charged, 1);
        world.ledger.replace(sale, call);
    } else {
        if verdict == pps::TIMED_OUT {
            refund.charge(charged);
        }
        advice::add_visa_category(&mut refund.advice, refund.brand, verdict, merchant.processor);
    }

    let reply = lifecycle::with_fee(respond(&refund, settings), &refund, merchant);
    let disguise = call.disguise().filter(|_| is_done);
    let hidden = disguise.map(|verdict| refund.hidden_behind(verdict, || world.next_retref(call.now)));
    // Only a timeout that is left to the settings hides the record, too.
    let by_setting = call.imposed.is_some_and(|imposed| imposed.done.is_none());
    refund.looks_timed_out =
        by_setting && settings.timed_out_refunds == TimedOutRefunds::DoneShownWhenSettled;
    world.ledger.record(refund, call);
    match hidden {
        Some(shown) => {
            let reply = respond(&shown, settings);
            world.ledger.record_copy(shown, call);
            reply
        }
        None => reply,
    }
}

fn respond(refund: &Transaction, settings: Settings) -> Reply {
    let reply = Reply::of(refund.verdict)
        .with("merchid", refund.shown_merchid())
        .with("retref", refund.retref.as_str())
        .with("amount", amount::format(refund.amount))
        .with_some("authcode", refund.authcode.as_deref());
    let reply = advice::attach(reply, &refund.advice, settings.scheme_members);
    match refund.verdict {
        pps::TIMED_OUT if settings.timed_out_amounts_in_responses => reply.with("setlstat", "Declined"),
        pps::TIMED_OUT => reply.with("setlstat", "Declined").with("amount", "0.00"),
        _ => reply,
    }
}

/// The amount that may be given back.
fn may_refund(sale: &Transaction, merchant: &Merchant, fields: &Fields) -> Result<Charged, Verdict> {
    if sale.kind == RecordKind::Refund {
        return Err(pps::TXN_NOT_FOUND);
    }
    if !sale.may_refund(merchant.settings) {
        return Err(pps::TXN_NOT_SETTLED);
    }
    let basis = merchant.settings.fee_basis;
    let (whole, refunded) = (sale.charged(), sale.charged_back());
    let left = whole.named(basis) - refunded.named(basis);
    let named = fields.amount()?.unwrap_or(left);
    if left == 0 || named > left {
        Err(pps::ABOVE_MAX)
    } else if named <= 0 {
        Err(pps::INVALID_AMOUNT)
    } else if named < left && !merchant.settings.partial_refunds {
        Err(pps::NO_PARTIAL_REFUNDS)
    } else {
        Ok(whole.refund(basis, refunded, named))
    }
}

/// Amounts that request a code are without their fees.
fn decide(sale: &Transaction, charged: Charged, merchant: &Merchant) -> Verdict {
    let processor = merchant.processor;
    let scripted =
        processor.for_amount(charged.total - charged.fee).filter(|_| sale.authorized >= SCRIPTED_FROM);
    match scripted {
        _ if !merchant.settings.online_refunds => pps::APPROVAL,
        Some(verdict) if !verdict.is_approved() => verdict,
        Some(_) | None => lifecycle::approval(merchant, sale),
    }
}

/// The members that the refund takes from its sale and from the request.
fn describe(refund: &mut Transaction, sale: &Transaction, merchant: &Merchant, fields: &Fields) {
    let own_order_id = fields.text("orderid").filter(|_| merchant.settings.refunds_findable_by_orderid);
    let is_listed_with_payment = merchant.settings.refunds_findable_by_payment_orderid;
    refund.second_order_id =
        Some(sale.order_id.clone()).filter(|order_id| is_listed_with_payment && !order_id.is_empty());
    refund.order_id =
        own_order_id.map_or_else(|| sale.order_id.clone(), |order_id| stored_order_id(&order_id));
    refund.refund_of = Some(sale.retref.clone());
    refund.merchid.clone_from(&sale.merchid);
    refund.linked_merchid.clone_from(&sale.linked_merchid);
    refund.currency.clone_from(&sale.currency);
    refund.token.clone_from(&sale.token);
    refund.brand = sale.brand;
    refund.is_debit = sale.is_debit;
    refund.expiry.clone_from(&sale.expiry);
    refund.name.clone_from(&sale.name);
    refund.entrymode = sale.entrymode;
    refund.profile.clone_from(&sale.profile);
    refund.surcharge = sale.surcharge.map(Surcharge::without_amounts);
    refund.userfields =
        fields.get("userfields").filter(|_| merchant.settings.refund_userfields).map(cards::mask_in_json);
}

fn refused(refusal: Verdict, merchant: &Merchant, fields: &Fields) -> Reply {
    Reply::of(refusal)
        .with("merchid", merchant.merchid.as_str())
        .with("retref", fields.text_or_empty("retref"))
        .with("amount", "0.00")
}
