//! An operation as it is stored. Its state is one word and the members that go with it; reading
//! them makes a state that cannot contradict itself.

use jiff::Timestamp;
use tollgate_core::{
    order::{
        Attempt, Attribution, ByHand, Cause, Decision, Decline, GatewayResponse, Kind, Mechanism, Notice,
        Operation, OperationState, PaymentKind, Pending, Principal, Route, Stage, Superseded,
        gateway_order_id,
    },
    payments::StoreError,
    values::{Advice, Amount, Carried, Charged, DeclineCode, Fee},
};
use uuid::Uuid;

use crate::dynamodb::{
    card::{read_rule, write_rule},
    members::{Member as _, Object, Read, Reader, Writer, corrupt, stored},
    words::{STAGES, meaning},
};

const ROUTE: &str = "r";

// Its state.
const STATE: &str = "s";
const RESPONSE: &str = "re";
const DECLINE: &str = "decline";
const CODE: &str = "code";
const ADVICE: &str = "advice";
const NO_EFFECT: &str = "no_effect";
const DOUBT: &str = "doubt";
const NEXT_INQUIRY_AT: &str = "nx";
const INQUIRIES: &str = "inquiries";
const ABSENT_SINCE: &str = "absent_since";

/// Where a response keeps its operation's words that were not recognized. No member has this name.
const WORDS: &str = "";

/// Decisions that no longer stand.
const EARLIER: &str = "ea";
const FIRST_AT: &str = "fa";

stored! {
    Operation |operation, to, from, usual: Usual| {
        id: "i",
        kind: "kd" unless (usual.kind),
        cause: "cs" unless (Cause::default()),
        follows: "fo",
        mechanism: "mc" unless (Mechanism::default()),
        amount: "a" unless (usual.amount),
        key: "k",
        fingerprint: "f",
        route: (write_route(operation, usual, to), from.get_or(ROUTE, usual.route.clone())?),
        reference: "rr",
        by: "b" unless (usual.by),
        attribution: (if let Some(told) = &operation.attribution { told.write(&(), to) }, read_attribution(from)?),
        created_at: "c" unless (usual.created_at),
        attempt: (
            operation.attempt.write(&(operation.id, operation.created_at), to),
            Attempt::read(&(id, created_at), from)?
        ),
        state: (write_state(operation, to), read_state(from)?),
        updated_at: "u" unless (usual.updated_at),
        superseded: (
            write_superseded(operation, to),
            from.list(EARLIER, |from| Superseded::read(&(id, created_at), from))?
        ),
        closes_order: "cl" unless (false),
        last_look_at: "ll",
        look_again: "look_again" unless (Vec::new()),
        by_hand: "by_hand",
        notices: "no",
        custom_reference: "cr",
        ..carried
    }
}

/// The values that an operation shares with most others of its transaction, and need not state.
pub(super) struct Usual {
    /// The principal that requested the payment.
    pub(super) by: Principal,
    /// When it was requested.
    pub(super) created_at: Timestamp,
    /// When it changed last.
    pub(super) updated_at: Timestamp,
    /// The kind of a first operation.
    pub(super) kind: Option<Kind>,
    /// Of its first operation, for the others.
    pub(super) amount: Option<Amount>,
    /// The first operation's route, for the others.
    pub(super) route: Option<Route>,
}

impl Usual {
    /// The usual values for the first operation of a transaction with these.
    pub(super) fn first(
        kind: PaymentKind,
        by: Principal,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> Self {
        Self { by, created_at, updated_at, kind: Some(kind.operation()), amount: None, route: None }
    }

    /// The usual values for the operations after this one.
    pub(super) fn after(&mut self, operation: &Operation) {
        self.kind = None;
        self.amount.get_or_insert(operation.amount);
        self.route.get_or_insert_with(|| operation.route.clone());
    }
}

fn write_route(operation: &Operation, usual: &Usual, to: &mut Writer) {
    // A route may have members that only a newer version knows.
    if usual.route.as_ref() != Some(&operation.route) || operation.carried.part(ROUTE).is_some() {
        to.put(ROUTE, &operation.route);
    }
}

stored! {
    Attribution {
        key_name: "kn",
        actor: "an",
        person: "pe",
        proposed_by: "pb",
        reason: "rn",
    }
}

fn read_attribution(from: &mut Reader) -> Read<Option<Box<Attribution>>> {
    let told = Attribution::read(&(), from)?;
    Ok((told != Attribution::default()).then(|| Box::new(told)))
}

/// The id of an operation's first attempt, and its time: later ones share the values that they do
/// not state.
type First = (Uuid, Timestamp);

stored! {
    Attempt |attempt, to, from, first: First| {
        number: "n" unless (1_u32),
        id: "ai" unless (first.0),
        at: "aa" unless (first.1),
        gateway_order_id: ({}, gateway_order_id(id)),
    }
}

fn write_state(operation: &Operation, to: &mut Writer) {
    match &operation.state {
        OperationState::Pending(pending) => write_pending(pending, to),
        OperationState::Decided(decision) => write_decision(decision, operation.mechanism, to),
        OperationState::WaitsForDispute { next_look_at } => {
            to.put(STATE, &Stage::WaitsForDispute);
            to.put(NEXT_INQUIRY_AT, next_look_at);
        }
        OperationState::Unrecognized => {}
    }
}

fn write_pending(pending: &Pending, to: &mut Writer) {
    to.put(STATE, &Stage::Pending);
    if pending.doubt.is_some() || !pending.response.is_empty() {
        to.put(RESPONSE, &pending.response);
    }
    to.put(DOUBT, &pending.doubt);
    to.put(NEXT_INQUIRY_AT, &pending.next_inquiry_at);
    to.put_unless(INQUIRIES, &pending.inquiries, Some(0));
    to.put(ABSENT_SINCE, &pending.absent_since);
    carry_words(&pending.response, to);
}

fn write_decision(decision: &Decision, mechanism: Mechanism, to: &mut Writer) {
    match decision {
        Decision::Approved(_) => {}
        Decision::Declined(response, decline) => to.object(DECLINE, |to| {
            let unknown = response.carried.part(DECLINE);
            let is_known = |name: &str| unknown.is_none_or(|unknown| unknown.member(name).is_none());
            for (name, word) in [(CODE, decline.code.as_str()), (ADVICE, decline.payer_advice.as_str())] {
                if is_known(name) {
                    to.text(name, word);
                }
            }
            if let Some(rule) = decline.rule {
                write_rule(rule, to);
            }
            to.carry(unknown.unwrap_or(&Carried::default()));
        }),
        Decision::NoEffect(_, reason) => to.put(NO_EFFECT, reason),
    }
    to.put(STATE, &decision.stage());
    // An operation that was only recorded has no response.
    if mechanism == Mechanism::Automatic || !decision.response().is_empty() {
        to.put(RESPONSE, decision.response());
    }
    carry_words(decision.response(), to);
}

/// Words that were not recognized live as long as the response that they came with.
fn carry_words(response: &GatewayResponse, to: &mut Writer) {
    if let Some(words) = response.carried.part(WORDS) {
        to.carry(words);
    }
}

fn read_state(from: &mut Reader) -> Read<OperationState> {
    let stage = Stage::take(STATE, from)?;
    let stage = stage.ok_or_else(|| StoreError::Corrupt("an operation without a state".to_owned()))?;
    if stage == Stage::Unrecognized {
        return Ok(OperationState::Unrecognized);
    }
    let next_inquiry_at: Option<Timestamp> = from.get(NEXT_INQUIRY_AT)?;
    let (inquiries, absent_since) = (from.get_or(INQUIRIES, Some(0))?, from.get(ABSENT_SINCE)?);
    if stage == Stage::WaitsForDispute {
        from.skip(&[DECLINE, NO_EFFECT, DOUBT, RESPONSE]);
        let next_look_at = next_inquiry_at.ok_or_else(|| corrupt(NEXT_INQUIRY_AT))?;
        return Ok(OperationState::WaitsForDispute { next_look_at });
    }
    if stage != Stage::Pending {
        from.skip(&[DOUBT]);
        return Ok(OperationState::Decided(read_decision(from, stage)?));
    }
    from.skip(&[DECLINE, NO_EFFECT]);
    let mut response = from.get_or(RESPONSE, Some(GatewayResponse::default()))?;
    let (doubt, words) = from.apart(DOUBT)?;
    response.carried.keep_part(WORDS, words);
    let next_inquiry_at = next_inquiry_at.ok_or_else(|| corrupt(NEXT_INQUIRY_AT))?;
    Ok(OperationState::Pending(Pending { doubt, response, inquiries, next_inquiry_at, absent_since }))
}

fn read_decision(from: &mut Reader, stage: Stage) -> Read<Decision> {
    let mut response = from.get_or(RESPONSE, Some(GatewayResponse::default()))?;
    Ok(match stage {
        Stage::Declined => {
            from.skip(&[NO_EFFECT]);
            let mut unknown = Carried::default();
            let decline = from.part(DECLINE, |from| {
                let code = from.word(CODE, Some(DeclineCode::GenericDecline), DeclineCode::from_name)?;
                let advice = from.word(ADVICE, Some(Advice::Never), Advice::from_name)?;
                let rule = read_rule(from)?;
                unknown = from.rest();
                Ok((code, advice, rule))
            })?;
            response.carried.keep_part(DECLINE, unknown);
            let (code, advice, rule) = decline.unwrap_or_default();
            let code: DeclineCode = code.unwrap_or(DeclineCode::GenericDecline);
            let payer_advice = advice.unwrap_or(code.advice());
            Decision::Declined(response, Decline { code, payer_advice, rule })
        }
        Stage::NoEffect => {
            from.skip(&[DECLINE]);
            let (reason, words) = from.apart(NO_EFFECT)?;
            response.carried.keep_part(WORDS, words);
            Decision::NoEffect(response, reason)
        }
        _ => {
            from.skip(&[DECLINE, NO_EFFECT]);
            Decision::Approved(response)
        }
    })
}

stored! {
    GatewayResponse |response, to, from| {
        status: "rs",
        processor: "rp",
        code: "rc",
        text: "rt",
        reference: "rr",
        authcode: "au",
        avs: "avs",
        cvv: "cvv",
        token: ({}, None),
        stored: ({}, None),
        scheme: "sm",
        charged: (write_charged(response.charged, to), read_charged(from)?),
        settlement_rejected: "settlement_rejected" unless (false),
        unproven: "unproven" unless (false),
        ..carried
    }
}

fn write_charged(charged: Option<Charged>, to: &mut Writer) {
    if let Some(Charged { amount, fee }) = charged {
        to.put("a", &amount);
        to.put("fee", &fee);
    }
}

fn read_charged(from: &mut Reader) -> Read<Option<Charged>> {
    let (amount, fee) = (from.get("a")?, from.get("fee")?);
    Ok(Option::<Amount>::map(amount, |amount| Charged { amount, fee }))
}

stored! {
    Fee {
        amount: "a",
        kind: "fee_kind",
    }
}

stored! {
    Superseded |earlier, to, from, first: First| {
        attempt: (earlier.attempt.write(first, to), Attempt::read(first, from)?),
        amount: "a",
        decision: (
            if let Some(decision) = &earlier.decision { write_decision(decision, Mechanism::Automatic, to) },
            read_superseded_decision(from)?
        ),
        at: "w",
        times: "x" unless (1_u32),
        first_at: (
            if earlier.times > 1 { to.put(FIRST_AT, &earlier.first_at) },
            from.get_or(FIRST_AT, Some(at))?
        ),
        ..carried
    }
}

fn write_superseded(operation: &Operation, to: &mut Writer) {
    if !operation.superseded.is_empty() {
        to.list(EARLIER, &operation.superseded, |earlier, to| {
            earlier.write(&(operation.id, operation.created_at), to);
        });
    }
}

fn read_superseded_decision(from: &mut Reader) -> Read<Option<Decision>> {
    let is_decided = |stage: &Stage| !matches!(stage, Stage::Pending | Stage::WaitsForDispute);
    let decided = |word: &str| meaning(STAGES, word).filter(is_decided);
    let stage = from.word(STATE, None, decided)?;
    stage.map(|stage| read_decision(from, stage)).transpose()
}

stored! {
    ByHand {
        verdict: "verdict",
        by: "b",
        person: "person",
        reason: "reason",
        at: "w",
        ..carried
    }
}

stored! {
    Notice {
        reason: "ab",
        attempt: "n",
        at: "w",
        ..carried
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use tollgate_core::order::NoticeReason;

    use super::*;
    use crate::dynamodb::Item;

    fn written(notice: &Notice) -> Item {
        let mut writer = Writer::default();
        notice.write(&(), &mut writer);
        writer.0
    }

    fn read(item: &Item) -> Notice {
        Notice::read(&(), &mut Reader::new(item.clone())).unwrap()
    }

    #[test]
    fn a_notice_whose_reason_only_a_newer_version_knows_is_written_again() {
        let known = Notice {
            reason: NoticeReason::InDoubtDay,
            attempt: 3,
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            carried: Carried::default(),
        };
        let mut item = written(&known);
        assert_eq!(read(&item), known);
        item.insert("ab".to_owned(), AttributeValue::S("to_come".to_owned()));
        let newer = read(&item);
        assert_eq!((newer.reason, written(&newer)), (NoticeReason::Unrecognized, item));
    }
}
