//! Outcomes of gateway calls, in the terms of the payment rules.

use crate::{
    values::{
        Advice, Amount, CardToken, Carried, Charged, DeclineCode, RetryRule, SchemeWords, StoredCard,
        clean_text,
    },
    words,
};

/// The longest gateway text that is kept. Longer ones are rare, and 200 operations have to fit into
/// one item.
const TEXT_MAX_CHARS: usize = 64;

/// The gateway's response, kept with the operation for finance and support. Holds no card data. The
/// default is no response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    /// `A` approved, `B` retry, `C` declined.
    pub status: Option<String>,
    /// Who responded: `PPS` is the gateway itself, anything else a processor.
    pub processor: Option<String>,
    /// The code, text with its leading zeros, meaningful only with `processor`.
    pub code: Option<String>,
    /// The code in words; for people, never for decisions.
    pub text: Option<String>,
    /// The gateway's reference of the transaction.
    pub reference: Option<String>,
    /// The issuer's approval code.
    pub authcode: Option<String>,
    /// The one-letter AVS result; none where the address was not checked.
    pub avs: Option<String>,
    /// The one-letter CVV result; none where the code was not checked.
    pub cvv: Option<String>,
    /// The gateway's token for the card; works only for this merchant. Never stored here: it is
    /// kept once, with the transaction's card.
    pub token: Option<CardToken>,
    /// Where the gateway stores the card. Never stored here, as the token.
    pub stored: Option<StoredCard>,
    /// The card scheme's words about a decline; none where it has none.
    pub scheme: Option<Box<SchemeWords>>,
    /// The money that the gateway says it took or held, signs dropped.
    pub charged: Option<Charged>,
    /// Whether the settlement refused it after it was approved. It stays approved and is never
    /// repeated automatically.
    pub settlement_rejected: bool,
    /// Of a refusal: whether it is not proof enough, so that an inquiry has to show that nothing
    /// was done before more money moves.
    pub unproven: bool,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl GatewayResponse {
    /// The response as it is kept: without the data kept with the card.
    #[must_use]
    pub fn to_keep(&self) -> Self {
        Self { token: None, stored: None, ..self.clone() }
    }

    /// Whether there was no response, or an empty one.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The amount that the gateway names, without a fee.
    pub fn amount(&self) -> Option<Amount> {
        self.charged.map(|charged| charged.amount)
    }

    /// A gateway's text as it is kept.
    pub fn clean_text(text: &str) -> String {
        clean_text(text, TEXT_MAX_CHARS)
    }
}

/// Why an operation was refused: the stable code, the advice and the scheme's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decline {
    /// The stable public code: the issuer's reason.
    pub code: DeclineCode,
    /// The advice that the payer may hear. The gateway's vendor forbids to show a payer what a
    /// scheme advises the merchant.
    pub payer_advice: Advice,
    /// The rule that the scheme puts on further attempts.
    pub rule: Option<RetryRule>,
}

impl Decline {
    /// A decline that no scheme says anything about.
    pub fn of(code: DeclineCode) -> Self {
        Self { code, payer_advice: code.advice(), rule: None }
    }

    /// The advice to the merchant: the scheme's word, else the code's.
    pub fn advice(self) -> Advice {
        self.rule.map_or(self.payer_advice, |rule| rule.class.advice())
    }

    /// The same without the words that are the merchant's alone.
    #[must_use]
    pub fn for_payer(self) -> Self {
        Self { rule: None, ..self }
    }
}

words! {
    /// Why an operation is known to have had no effect.
    pub enum NoEffect {
        /// The gateway could not be reached, so nothing was sent.
        Unreachable => "unreachable",
        /// The gateway itself says to try again: in its response to an authorization, or on its
        /// record of one.
        TryAgain => "try_again",
        /// An intermediary, or the gateway's own front, says to try again, and an inquiry found no
        /// trace of the request.
        Throttled => "throttled",
        /// Too little of the invocation's time was left to send it safely.
        NoTimeLeft => "no_time_left",
        /// The gateway itself refuses the merchant's set-up, or the set-up has no account to send
        /// it through.
        Misconfigured => "misconfigured",
        /// An intermediary, or the gateway's own front, refuses the address, the request or the
        /// credentials, and an inquiry found no trace of the request.
        TurnedAway => "turned_away",
        /// A refund before the payment settled.
        NotSettled => "not_settled",
        /// A void after the payment was sent to settlement.
        AlreadySettled => "already_settled",
        /// Two inquiries, late enough and a minute apart, found no trace.
        NeverArrived => "never_arrived",
        /// The gateway shows the payment as voided, and Tollgate did not void it.
        VoidedElsewhere => "voided_elsewhere",
        /// A refund that a rule owed and a dispute held back: a person decided that it is not owed,
        /// or refunded the payment in its place.
        EndedByPerson => "ended_by_person",
        _ => Unrecognized,
    }
}

/// Whether an operation that had no effect may get another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Yes; the same request can succeed as it is.
    AsItIs,
    /// Yes, but it can succeed only after an operator, the settlement or another operation acted.
    AfterAChange,
    /// Another attempt has the same result.
    Never,
}

impl NoEffect {
    /// Whether the operation may be retried. The only place that decides it.
    pub fn retry(self) -> Retry {
        match self {
            Self::Unreachable | Self::TryAgain | Self::Throttled | Self::NoTimeLeft | Self::NeverArrived => {
                Retry::AsItIs
            }
            Self::Misconfigured | Self::TurnedAway | Self::NotSettled | Self::AlreadySettled => {
                Retry::AfterAChange
            }
            // It was done, and undone on purpose: repeating it would charge against that.
            Self::VoidedElsewhere | Self::EndedByPerson | Self::Unrecognized => Retry::Never,
        }
    }

    /// Whether the operation may still turn out to be done. If so, an inquiry is sent before more
    /// money moves and once more later, and a further attempt waits for it. The only place that
    /// decides it.
    ///
    /// | reason | why |
    /// |---|---|
    /// | `Unreachable`, `NoTimeLeft` | No: nothing was sent. |
    /// | `TryAgain`, `Misconfigured` | No: the gateway itself said that it did nothing, or nothing was sent. The operation is looked for where the response is [unproven](GatewayResponse::unproven). |
    /// | `NotSettled`, `AlreadySettled`, `VoidedElsewhere` | No: the state of the payment rules it out. |
    /// | `Throttled`, `TurnedAway` | Yes: the gateway may have acted, and its record may come late. |
    /// | `NeverArrived` | Yes: the request may still be on its way. |
    /// | `EndedByPerson` | No: no attempt was under way. Earlier ones have decisions of their own. |
    /// | `Unrecognized` | No: the newer version that wrote it looks for it. |
    pub fn may_surface(self) -> bool {
        match self {
            Self::Throttled | Self::TurnedAway | Self::NeverArrived => true,
            Self::Unreachable
            | Self::NoTimeLeft
            | Self::TryAgain
            | Self::Misconfigured
            | Self::NotSettled
            | Self::AlreadySettled
            | Self::VoidedElsewhere
            | Self::EndedByPerson
            | Self::Unrecognized => false,
        }
    }

    /// Whether the merchant's set-up or credentials are refused. If so, every request of the
    /// merchant fails alike.
    pub fn is_about_the_set_up(self) -> bool {
        matches!(self, Self::Misconfigured | Self::TurnedAway)
    }
}

words! {
    /// Why the outcome at the gateway is not known.
    pub enum Doubt {
        /// The request was sent; the response did not come in time or was cut off.
        NoResponse => "no_response",
        /// A response that cannot be read, or a server error.
        Unreadable => "unreadable",
        /// The gateway itself lost track of the processor (PPS 63 to 66), or says to try a capture,
        /// void or refund again that it may have done.
        GatewayLostTrack => "gateway_lost_track",
        /// The amount in the response is missing or not the requested one.
        AmountDiffers => "amount_differs",
        /// An approval without the members that an approval of this kind carries.
        Incomplete => "incomplete",
        /// The gateway's state of the payment is not ours: something else acted on it.
        StateDiffers => "state_differs",
        /// The processor has seen an equal transaction, or is working on this one. The earlier one
        /// may be this operation's own.
        Duplicate => "duplicate",
        /// The response names another operation, another account or another currency, or a
        /// reference that cannot be one.
        AnotherOperation => "another_operation",
        _ => Unrecognized,
    }
}

/// The outcome of one gateway call. Every result has its name here; there is no "other".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway carried out the request.
    Approved(GatewayResponse),
    /// Authorized for less than was requested; the approved amount is in the response.
    PartiallyApproved(GatewayResponse),
    /// Refused by the issuer, the processor or the gateway. Nothing was done.
    Declined(GatewayResponse, Decline),
    /// Nothing was done, and it is known.
    NoEffect(NoEffect, GatewayResponse),
    /// Not known: it may or may not have been done. Only an inquiry decides.
    Unknown(Doubt, GatewayResponse),
    /// A refusal that an intermediary (a proxy, a load balancer, the gateway's front) can send
    /// after the gateway has acted. Only an inquiry decides. Without a trace, the outcome is the
    /// lack of effect that is named here.
    Intermediary(NoEffect, GatewayResponse),
    /// A response that names no operation, so that it can be another one's, and the outcome it
    /// states. Only an inquiry decides.
    Unnamed(Box<Self>),
}

impl Outcome {
    /// The gateway's response; empty where none could be read.
    pub fn response(&self) -> &GatewayResponse {
        match self {
            Self::Approved(response)
            | Self::PartiallyApproved(response)
            | Self::Declined(response, ..)
            | Self::NoEffect(_, response)
            | Self::Intermediary(_, response)
            | Self::Unknown(_, response) => response,
            Self::Unnamed(said) => said.response(),
        }
    }

    /// Whether it approves all that was requested, or a part.
    pub fn is_approval(&self) -> bool {
        matches!(self, Self::Approved(_) | Self::PartiallyApproved(_))
    }

    /// The outcome of a response that proves nothing once an inquiry shows no trace of the
    /// operation: the refusal that it names. None where it names none, or where it proves its
    /// statement.
    pub fn without_a_trace(&self) -> Option<Self> {
        let unproven = |response: &GatewayResponse| GatewayResponse { unproven: true, ..response.clone() };
        match self {
            Self::Intermediary(reason, response) => Some(Self::NoEffect(*reason, response.clone())),
            Self::Unnamed(said) => match &**said {
                Self::NoEffect(reason, response) => Some(Self::NoEffect(*reason, unproven(response))),
                Self::Declined(response, decline) => Some(Self::Declined(unproven(response), *decline)),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The finding of an inquiry about an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The gateway's word on its outcome.
    Became(Box<Outcome>),
    /// It was approved more than once: an earlier attempt arrived after it was given up. Every
    /// approval, oldest first.
    Several(Vec<GatewayResponse>),
    /// No trace of the operation: no record, or the payment is as it was before. Counts only when
    /// found twice, late enough.
    Absent,
    /// The only record was refused as equal to one that was seen before or is in progress. Like no
    /// trace, it counts only when found twice.
    Duplicate(GatewayResponse),
    /// The only record is one of which the gateway did not get the processor's response. A payment
    /// had no effect; a refund may have been done.
    TimedOut(GatewayResponse),
    /// The only record is one that the gateway wants to be sent again, and that moved nothing. A
    /// payment had no effect; of a refund it counts, like no trace, only when found twice.
    TryAgain(GatewayResponse),
    /// The gateway responded, and its records decide nothing. Concerns this operation only.
    Undecided,
    /// The same, because it was approved and its settlement is under review or not stated. That
    /// ends after days.
    UnderReview,
    /// No usable response: a failed connection, another status than 200, no JSON. Says nothing
    /// about the operation.
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_empty_only_if_nothing_is_in_it() {
        assert!(GatewayResponse::default().is_empty());
        assert!(!GatewayResponse { avs: Some("Y".to_owned()), ..GatewayResponse::default() }.is_empty());
        assert!(!GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() }.is_empty());
    }

    #[test]
    fn a_text_of_the_gateway_is_cut_and_holds_no_card_number() {
        assert_eq!(GatewayResponse::clean_text("Approval"), "Approval");
        assert_eq!(GatewayResponse::clean_text(&"x".repeat(65)), "x".repeat(64));
        assert!(!GatewayResponse::clean_text("card 4111111111111111").contains("41111111"));
    }

    /// Each variant, the allowed retry, and whether it is looked for. An attempt that may surface
    /// may be repeated, because each attempt has an order id of its own.
    #[test]
    fn every_lack_of_an_effect_says_whether_it_may_be_repeated_and_whether_it_may_surface() {
        use NoEffect::{
            AlreadySettled, EndedByPerson, Misconfigured, NeverArrived, NoTimeLeft, NotSettled, Throttled,
            TryAgain, TurnedAway, Unreachable, Unrecognized, VoidedElsewhere,
        };
        let table = [
            (Unreachable, Retry::AsItIs, false),
            (TryAgain, Retry::AsItIs, false),
            (Throttled, Retry::AsItIs, true),
            (NoTimeLeft, Retry::AsItIs, false),
            (Misconfigured, Retry::AfterAChange, false),
            (TurnedAway, Retry::AfterAChange, true),
            (NotSettled, Retry::AfterAChange, false),
            (AlreadySettled, Retry::AfterAChange, false),
            (NeverArrived, Retry::AsItIs, true),
            (VoidedElsewhere, Retry::Never, false),
            (EndedByPerson, Retry::Never, false),
            (Unrecognized, Retry::Never, false),
        ];
        for (n, (reason, retry, may_surface)) in table.into_iter().enumerate() {
            assert_eq!(
                (reason as usize, reason.retry(), reason.may_surface()),
                (n, retry, may_surface),
                "{reason:?}"
            );
        }
        assert_eq!(table.len(), Unrecognized as usize + 1, "each is in the table");
        let set_up =
            table.map(|(reason, ..)| reason).into_iter().filter(|reason| reason.is_about_the_set_up());
        assert_eq!(set_up.collect::<Vec<_>>(), [Misconfigured, TurnedAway]);
    }
}
