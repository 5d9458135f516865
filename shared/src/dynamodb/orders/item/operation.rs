//! An operation as it is stored. Its state is one word and the members that go with it; reading them makes a
//! state that cannot contradict itself.

use jiff::Timestamp;
use tollgate_core::{
    order::{
        operation::{
            Attempt, Attribution, ByHand, Cause, Decision, Decline, Fingerprint, HandVerdict, KeyDigest,
            Kind, Mechanism, Operation, OperationState, Pending, Principal, Route, Stage, Superseded,
        },
        outcome::{Doubt, GatewayResponse, NoEffect},
        transaction::PaymentKind,
    },
    payments::store::StoreError,
    values::{
        carried::Carried,
        charged::{Charged, Fee, FeeKind},
        decline::{Advice, DeclineCode},
        money::Amount,
    },
};
use uuid::Uuid;

use super::{
    notice::{NOTICES, notice, read_notice},
    words::{KINDS, PRINCIPALS, STAGES, read_principal},
};
use crate::dynamodb::{
    Item,
    members::{Name, Reader, Writer, corrupt, merge_words},
    route::{ROUTE, no_route, read_route_maybe, write_route},
    words::{meaning, word},
};

const ID: Name = Name("i", "id");
const KIND: Name = Name("kd", "kind");
const CAUSE: Name = Name("cause", "");
const FOLLOWS: Name = Name("fo", "follows");
const MECHANISM: Name = Name("mechanism", "");
const AMOUNT: Name = Name("a", "amount");
const KEY: Name = Name("k", "key");
const FINGERPRINT: Name = Name("f", "fingerprint");
const RETREF: Name = Name("rr", "retref");
const BY: Name = Name("b", "by");
const KEY_NAME: Name = Name("key_name", "");
const ACTOR: Name = Name("actor", "");
const PERSON: Name = Name("person", "");
const CREATED_AT: Name = Name("c", "created_at");
const UPDATED_AT: Name = Name("u", "updated_at");
const CLOSES_ORDER: Name = Name("closes_order", "");
const LAST_LOOK_AT: Name = Name("last_look_at", "");

// The latest attempt.
const ATTEMPTS: Name = Name("n", "attempts");
const ATTEMPT_ID: Name = Name("ai", "attempt_id");
const ATTEMPTED_AT: Name = Name("aa", "attempted_at");

// The word of its state.
const STATE: Name = Name("s", "state");
const RESPONSE: Name = Name("re", "response");
const DECLINE: Name = Name("decline", "");
const CODE: Name = Name("code", "");
const ADVICE: Name = Name("advice", "");
const NO_EFFECT: Name = Name("no_effect", "");
const DOUBT: Name = Name("doubt", "");
const NEXT_INQUIRY_AT: Name = Name("nx", "next_inquiry_at");
const INQUIRIES: Name = Name("inquiries", "");
const ABSENT_SINCE: Name = Name("absent_since", "");

// The gateway's response.
const RESPSTAT: Name = Name("rs", "respstat");
const RESPPROC: Name = Name("rp", "respproc");
const RESPCODE: Name = Name("rc", "respcode");
const RESPTEXT: Name = Name("rt", "resptext");
const AUTHCODE: Name = Name("au", "authcode");
const AVS: Name = Name("avs", "");
const CVV: Name = Name("cvv", "");
const FEE: Name = Name("fee", "");
const FEE_KIND: Name = Name("fee_kind", "");
const SETTLEMENT_REJECTED: Name = Name("settlement_rejected", "");

// Decisions that no longer stand.
pub(super) const EARLIER: Name = Name("ea", "earlier");
const FIRST_AT: Name = Name("fa", "first_at");
const AT: Name = Name("w", "at");
const TIMES: Name = Name("x", "times");

// Decisions by hand.
const BY_HAND: Name = Name("by_hand", "");
const VERDICT: Name = Name("verdict", "");
const REASON: Name = Name("reason", "");

/// What is short for another name here.
pub(super) const NAMES: [Name; 20] = [
    ID,
    KIND,
    FOLLOWS,
    AMOUNT,
    KEY,
    FINGERPRINT,
    RETREF,
    ATTEMPTS,
    ATTEMPT_ID,
    ATTEMPTED_AT,
    STATE,
    RESPONSE,
    NEXT_INQUIRY_AT,
    RESPSTAT,
    RESPPROC,
    RESPCODE,
    RESPTEXT,
    AUTHCODE,
    FIRST_AT,
    TIMES,
];

/// What an operation shares with most others of its transaction, and therefore need not state.
pub(super) struct Usual {
    /// The principal that requested the payment.
    pub(super) by: Principal,
    /// When it was requested.
    pub(super) created_at: Timestamp,
    /// When it changed last.
    pub(super) updated_at: Timestamp,
    /// What a first operation does.
    pub(super) kind: Option<Kind>,
    /// Of its first operation, for the others.
    pub(super) amount: Option<Amount>,
    /// What the first operation was sent through, for the others.
    pub(super) route: Option<Route>,
}

impl Usual {
    /// What is usual of the first operation of a transaction with these.
    pub(super) fn first(
        method: PaymentKind,
        by: Principal,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> Self {
        Self { by, created_at, updated_at, kind: Some(method.operation()), amount: None, route: None }
    }

    /// What is usual of the operations after this one.
    pub(super) fn after(&mut self, operation: &Operation) {
        self.kind = None;
        self.amount.get_or_insert(operation.amount);
        self.route.get_or_insert_with(|| operation.route.clone());
    }
}

pub(super) fn operation(operation: &Operation, usual: &Usual) -> Item {
    let mut writer = Writer::default();
    writer.id(ID, operation.id);
    if usual.kind != Some(operation.kind) {
        writer.word(KIND, word(KINDS, &operation.kind));
    }
    if operation.cause != Cause::default() {
        writer.word(CAUSE, operation.cause.word());
    }
    writer.some(FOLLOWS, operation.follows, Writer::id);
    if operation.mechanism != Mechanism::default() {
        writer.word(MECHANISM, operation.mechanism.word());
    }
    if usual.amount != Some(operation.amount) {
        writer.number(AMOUNT, operation.amount.minor());
    }
    writer.some(KEY, operation.key, |writer, name, key| writer.bytes(name, key.0));
    writer.bytes(FINGERPRINT, operation.fingerprint.0);
    // A route may have members that only a newer version knows.
    if usual.route.as_ref() != Some(&operation.route) || operation.carried.part(ROUTE.0).is_some() {
        write_route(&mut writer, &operation.route);
    }
    writer.text_maybe(RETREF, operation.reference.as_ref());
    if operation.by != usual.by {
        writer.word(BY, word(PRINCIPALS, &operation.by));
    }
    if let Some(told) = &operation.attribution {
        writer.text_maybe(KEY_NAME, told.key_name.as_ref());
        writer.text_maybe(ACTOR, told.actor.as_ref());
        writer.text_maybe(PERSON, told.person.as_ref());
        writer.text_maybe(REASON, told.reason.as_ref());
    }
    writer.moment_unless(CREATED_AT, operation.created_at, usual.created_at);
    attempt(&mut writer, &operation.attempt, operation);
    let words = match &operation.state {
        OperationState::Pending(pending) => Some(write_pending(&mut writer, pending)),
        OperationState::Decided(decision) => Some(write_decision(&mut writer, decision, operation.mechanism)),
        OperationState::Unrecognized => None,
    };
    writer.moment_unless(UPDATED_AT, operation.updated_at, usual.updated_at);
    if !operation.superseded.is_empty() {
        writer.list(EARLIER, &operation.superseded, |earlier| superseded(earlier, operation));
    }
    writer.flag(CLOSES_ORDER, operation.closes_order);
    writer.some(LAST_LOOK_AT, operation.last_look_at, Writer::moment);
    if !operation.by_hand.is_empty() {
        writer.list(BY_HAND, &operation.by_hand, by_hand);
    }
    if !operation.notices.is_empty() {
        writer.list(NOTICES, &operation.notices, notice);
    }
    let mut item = writer.finish(&operation.carried);
    if let Some(words) = words {
        merge_words(&mut item, words);
    }
    item
}

pub(super) fn read_operation(mut members: Reader, usual: &Usual) -> Result<Operation, StoreError> {
    let cause = members.word(CAUSE, Cause::Unrecognized, Cause::from_name)?;
    let mechanism = members.word(MECHANISM, Mechanism::Unrecognized, Mechanism::from_name)?;
    let kind = members.word(KIND, Kind::Unrecognized, |word| meaning(KINDS, word))?;
    let id = members.id(ID)?;
    let created_at = members.moment_maybe(CREATED_AT)?.unwrap_or(usual.created_at);
    let amount = members.amount_maybe(AMOUNT)?.or(usual.amount);
    let route = read_route_maybe(&mut members)?.or_else(|| usual.route.clone());
    let mut operation = Operation {
        id,
        kind: kind.or(usual.kind).unwrap_or(Kind::Unrecognized),
        cause: cause.unwrap_or_default(),
        follows: members.id_maybe(FOLLOWS)?,
        mechanism: mechanism.unwrap_or_default(),
        amount: amount.ok_or_else(|| corrupt(AMOUNT))?,
        key: members.digest_maybe(KEY)?.map(KeyDigest),
        fingerprint: Fingerprint(members.digest(FINGERPRINT)?),
        route: route.ok_or_else(no_route)?,
        reference: members.text_maybe(RETREF)?,
        by: read_principal(&mut members, BY)?.unwrap_or(usual.by),
        attribution: read_attribution(&mut members)?,
        created_at,
        state: read_state(&mut members)?,
        attempt: read_attempt(&mut members, id, created_at)?,
        updated_at: members.moment_maybe(UPDATED_AT)?.unwrap_or(usual.updated_at),
        superseded: members.list(EARLIER, |earlier| read_superseded(earlier, id, created_at))?,
        closes_order: members.flag(CLOSES_ORDER)?,
        last_look_at: members.moment_maybe(LAST_LOOK_AT)?,
        by_hand: members.list(BY_HAND, read_by_hand)?,
        notices: members.list(NOTICES, read_notice)?,
        carried: Carried::default(),
    };
    members.carry(&mut operation.carried);
    Ok(operation)
}

fn read_attribution(members: &mut Reader) -> Result<Option<Box<Attribution>>, StoreError> {
    let told = Attribution {
        key_name: members.text_maybe(KEY_NAME)?,
        actor: members.text_maybe(ACTOR)?,
        person: members.text_maybe(PERSON)?,
        reason: members.text_maybe(REASON)?,
    };
    Ok((told != Attribution::default()).then(|| Box::new(told)))
}

/// Writes of an attempt what is not as in its operation's first one.
fn attempt(writer: &mut Writer, attempt: &Attempt, of: &Operation) {
    if attempt.number != 1 {
        writer.number(ATTEMPTS, attempt.number);
    }
    if attempt.id != of.id {
        writer.id(ATTEMPT_ID, attempt.id);
    }
    writer.moment_unless(ATTEMPTED_AT, attempt.at, of.created_at);
}

/// An attempt; what it does not state is as in its operation's first one.
fn read_attempt(members: &mut Reader, operation: Uuid, created_at: Timestamp) -> Result<Attempt, StoreError> {
    let id = members.id_maybe(ATTEMPT_ID)?.unwrap_or(operation);
    let at = members.moment_maybe(ATTEMPTED_AT)?.unwrap_or(created_at);
    Ok(Attempt { number: members.number_or(ATTEMPTS, 1)?, ..Attempt::first(id, at) })
}

/// Writes a pending state, and says whose unrecognized words belong to it.
fn write_pending<'a>(writer: &mut Writer, pending: &'a Pending) -> &'a Carried {
    writer.word(STATE, word(STAGES, &Stage::Pending));
    if pending.doubt.is_some() || !pending.response.is_empty() {
        writer.object(RESPONSE, response(&pending.response));
    }
    writer.word(DOUBT, pending.doubt.and_then(Doubt::word));
    writer.moment(NEXT_INQUIRY_AT, pending.next_inquiry_at);
    if pending.inquiries > 0 {
        writer.number(INQUIRIES, pending.inquiries);
    }
    writer.some(ABSENT_SINCE, pending.absent_since, Writer::moment);
    &pending.response.carried
}

/// The same for a decision.
fn write_decision<'a>(writer: &mut Writer, decision: &'a Decision, mechanism: Mechanism) -> &'a Carried {
    match decision {
        Decision::Approved(_) => {}
        Decision::Declined(_, Decline { code, advice }) => {
            let mut members = Writer::default();
            let unknown = decision.response().carried.part(DECLINE.0);
            let known = |name: Name| unknown.is_none_or(|unknown| unknown.word(name.0).is_none());
            members.word(CODE, Some(code.as_str()).filter(|_| known(CODE)));
            members.word(ADVICE, Some(advice.as_str()).filter(|_| known(ADVICE)));
            writer.object(DECLINE, members.finish(unknown.unwrap_or(&Carried::default())));
        }
        Decision::NoEffect(_, reason) => writer.word(NO_EFFECT, reason.word()),
    }
    writer.word(STATE, word(STAGES, &decision.stage()));
    // What was only recorded has no response.
    if mechanism == Mechanism::Automatic || !decision.response().is_empty() {
        writer.object(RESPONSE, response(decision.response()));
    }
    &decision.response().carried
}

fn read_state(members: &mut Reader) -> Result<OperationState, StoreError> {
    let stage = members.word(STATE, Stage::Unrecognized, |word| meaning(STAGES, word))?;
    let stage = stage.ok_or_else(|| StoreError::Corrupt("an operation without a state".to_owned()))?;
    if stage == Stage::Unrecognized {
        return Ok(OperationState::Unrecognized);
    }
    let (next_inquiry_at, inquiries, absent_since) = (
        members.moment_maybe(NEXT_INQUIRY_AT)?,
        members.number_or(INQUIRIES, 0)?,
        members.moment_maybe(ABSENT_SINCE)?,
    );
    if stage != Stage::Pending {
        members.skip(&[DOUBT]);
        return Ok(OperationState::Decided(read_decision(members, stage)?));
    }
    members.skip(&[DECLINE, NO_EFFECT]);
    let mut response = members.object(RESPONSE, read_response)?.unwrap_or_default();
    let doubt = members.word_of(DOUBT, &mut response.carried, Doubt::Unrecognized, Doubt::from_name)?;
    let next_inquiry_at = next_inquiry_at.ok_or_else(|| corrupt(NEXT_INQUIRY_AT))?;
    Ok(OperationState::Pending(Pending { doubt, response, inquiries, next_inquiry_at, absent_since }))
}

fn read_decision(members: &mut Reader, stage: Stage) -> Result<Decision, StoreError> {
    let mut response = members.object(RESPONSE, read_response)?.unwrap_or_default();
    Ok(match stage {
        Stage::Declined => {
            members.skip(&[NO_EFFECT]);
            let mut unknown = Carried::default();
            let decline = members.object(DECLINE, |mut members| {
                let code = members.word(CODE, DeclineCode::GenericDecline, DeclineCode::from_name)?;
                let advice = members.word(ADVICE, Advice::Never, Advice::from_name)?;
                members.carry(&mut unknown);
                Ok((code, advice))
            })?;
            response.carried.keep_part(DECLINE.0, unknown);
            let (code, advice) = decline.unwrap_or_default();
            let code = code.unwrap_or(DeclineCode::GenericDecline);
            Decision::Declined(response, Decline { code, advice: advice.unwrap_or(code.advice()) })
        }
        Stage::NoEffect => {
            members.skip(&[DECLINE]);
            let unknown = NoEffect::Unrecognized;
            let reason = members.word_of(NO_EFFECT, &mut response.carried, unknown, NoEffect::from_name)?;
            Decision::NoEffect(response, reason.unwrap_or(NoEffect::Unrecognized))
        }
        _ => {
            members.skip(&[DECLINE, NO_EFFECT]);
            Decision::Approved(response)
        }
    })
}

fn response(response: &GatewayResponse) -> Item {
    let mut writer = Writer::default();
    for (name, text) in [
        (RESPSTAT, &response.status),
        (RESPPROC, &response.processor),
        (RESPCODE, &response.code),
        (RESPTEXT, &response.text),
        (RETREF, &response.reference),
        (AUTHCODE, &response.authcode),
        (AVS, &response.avs),
        (CVV, &response.cvv),
    ] {
        writer.text_maybe(name, text.as_ref());
    }
    if let Some(Charged { amount, fee: of }) = response.charged {
        writer.number(AMOUNT, amount.minor());
        writer.some(FEE, of, |writer, name, of| writer.object(name, fee(of)));
    }
    writer.flag(SETTLEMENT_REJECTED, response.settlement_rejected);
    // Its unrecognized words are the operation's members.
    writer.finish_without_words(&response.carried)
}

fn fee(fee: Fee) -> Item {
    let mut writer = Writer::default();
    writer.number(AMOUNT, fee.amount.minor());
    writer.word(FEE_KIND, fee.kind.word());
    writer.finish(&Carried::default())
}

fn read_fee(members: &mut Reader) -> Result<Fee, StoreError> {
    let kind = members.word(FEE_KIND, FeeKind::Unrecognized, FeeKind::from_name)?;
    Ok(Fee { amount: members.amount(AMOUNT)?, kind: kind.unwrap_or(FeeKind::Unrecognized) })
}

fn read_response(mut members: Reader) -> Result<GatewayResponse, StoreError> {
    let (amount, fee) = (members.amount_maybe(AMOUNT)?, members.part(FEE, read_fee)?);
    let mut response = GatewayResponse {
        status: members.text_maybe(RESPSTAT)?,
        processor: members.text_maybe(RESPPROC)?,
        code: members.text_maybe(RESPCODE)?,
        text: members.text_maybe(RESPTEXT)?,
        reference: members.text_maybe(RETREF)?,
        authcode: members.text_maybe(AUTHCODE)?,
        avs: members.text_maybe(AVS)?,
        cvv: members.text_maybe(CVV)?,
        token: None,
        stored: None,
        charged: amount.map(|amount| Charged { amount, fee }),
        settlement_rejected: members.flag(SETTLEMENT_REJECTED)?,
        carried: Carried::default(),
    };
    members.carry(&mut response.carried);
    Ok(response)
}

fn superseded(earlier: &Superseded, of: &Operation) -> Item {
    let mut writer = Writer::default();
    attempt(&mut writer, &earlier.attempt, of);
    writer.number(AMOUNT, earlier.amount.minor());
    let decision = earlier.decision.as_ref();
    let words = decision.map(|decision| write_decision(&mut writer, decision, Mechanism::Automatic));
    writer.moment(AT, earlier.at);
    if earlier.times > 1 {
        writer.moment(FIRST_AT, earlier.first_at);
        writer.number(TIMES, earlier.times);
    }
    let mut item = writer.finish(&earlier.carried);
    if let Some(words) = words {
        merge_words(&mut item, words);
    }
    item
}

fn read_superseded(
    mut members: Reader,
    operation: Uuid,
    created_at: Timestamp,
) -> Result<Superseded, StoreError> {
    let at = members.moment(AT)?;
    let decided = |word: &str| meaning(STAGES, word).filter(|stage| *stage != Stage::Pending).map(Some);
    let stage = members.word(STATE, None, decided)?;
    let decision = stage.flatten().map(|stage| read_decision(&mut members, stage)).transpose()?;
    let mut earlier = Superseded {
        attempt: read_attempt(&mut members, operation, created_at)?,
        amount: members.amount(AMOUNT)?,
        decision,
        first_at: members.moment_maybe(FIRST_AT)?.unwrap_or(at),
        at,
        times: members.number_or(TIMES, 1)?,
        carried: Carried::default(),
    };
    members.carry(&mut earlier.carried);
    Ok(earlier)
}

fn by_hand(decision: &ByHand) -> Item {
    let mut writer = Writer::default();
    writer.word(VERDICT, decision.verdict.word());
    writer.text(BY, &decision.by);
    writer.text(REASON, &decision.reason);
    writer.moment(AT, decision.at);
    writer.finish(&decision.carried)
}

fn read_by_hand(mut members: Reader) -> Result<ByHand, StoreError> {
    let verdict = members.word(VERDICT, HandVerdict::Unrecognized, HandVerdict::from_name)?;
    let mut decision = ByHand {
        verdict: verdict.unwrap_or(HandVerdict::Unrecognized),
        by: members.text(BY)?,
        reason: members.text(REASON)?,
        at: members.moment(AT)?,
        carried: Carried::default(),
    };
    members.carry(&mut decision.carried);
    Ok(decision)
}
