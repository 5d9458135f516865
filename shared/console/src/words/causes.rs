//! The causes of docs/settlement.md, *Causes*, in words.

use tollgate_core::settlement::ExceptionCause;
use tollgate_wire::Word;

/// The meaning of a cause, and what to do.
pub(crate) struct Meaning {
    pub(crate) title: &'static str,
    pub(crate) advice: &'static str,
}

const fn meaning(title: &'static str, advice: &'static str) -> Meaning {
    Meaning { title, advice }
}

pub(crate) fn meaning_of(cause: &Word<ExceptionCause>) -> Meaning {
    cause.known().map_or_else(
        || meaning("Something that this console does not know", "Ask an operator."),
        meaning_of_known,
    )
}

const fn meaning_of_known(cause: ExceptionCause) -> Meaning {
    match cause {
        ExceptionCause::NotSettled => {
            meaning("In no batch, days after its capture or refund", "Ask the gateway for the reference.")
        }
        ExceptionCause::NotFunded => {
            meaning("Settled, and in no deposit days later", "Ask the processor for the deposit.")
        }
        ExceptionCause::NotApproved => meaning(
            "Settled, and not approved here",
            "Compare with the order; refund it unless the customer owes it.",
        ),
        ExceptionCause::AmountDiffers => {
            meaning("Another amount than Tollgate's", "Ask the processor for the difference.")
        }
        ExceptionCause::SettledTwice => meaning("In two batches", "Refund the second one, once it is sure."),
        ExceptionCause::FundedTwice => meaning("In two deposits", "Tell the processor, who takes one back."),
        ExceptionCause::Rejected => meaning(
            "The processor refused it: no money comes",
            "Charge the customer again, or ask the processor.",
        ),
        ExceptionCause::Returned => {
            meaning("A bank debit came back", "Ask the customer for another payment.")
        }
        ExceptionCause::Chargeback => meaning(
            "The cardholder's bank took the money back",
            "Answer the case in the processor's portal, then resolve this.",
        ),
        ExceptionCause::ReversalUnknown => meaning(
            "A chargeback was reversed that is not known",
            "Look for its case in the processor's portal.",
        ),
        ExceptionCause::DisputesDiffer => meaning(
            "Chargebacks of deposits differ from those of orders",
            "Compare both, case by case; ask the processor.",
        ),
        ExceptionCause::NotOurs => meaning(
            "A payment that did not come from Tollgate",
            "Book it by hand, then resolve this. It may be one of the virtual terminal.",
        ),
        ExceptionCause::RefundedElsewhere => meaning(
            "A refund that did not come from Tollgate",
            "Put it on record by hand, then resolve this. It may be one of the portal.",
        ),
        ExceptionCause::OtherAccount => {
            meaning("Known here at another account", "Ask the processor which one it is.")
        }
        ExceptionCause::DepositDiffers => {
            meaning("A deposit or batch does not add up, or is not reported any more", "Ask the processor.")
        }
        ExceptionCause::NotUnderstood => meaning(
            "A row of a report that cannot be read",
            "Look it up in the portal by its id, and book it by its description.",
        ),
    }
}
