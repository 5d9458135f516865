//! Why a payment was declined, in words of ours that stay the same whichever processor said it.
//!
//! Hundreds of processor codes fold into the few dozen here. The texts are a public contract,
//! described in `docs/decline-codes.md`: a code may be added, but is never renamed or removed.

use Advice::{ContactIssuer, FixData, Later, Never, OtherCard};

use crate::words;

words! {
    /// The reason for a decline. Its public text is [`DeclineCode::as_str`].
    #[derive(Hash, Ord, PartialOrd)]
    pub enum DeclineCode {
        /// The account does not hold the amount.
        InsufficientFunds => "insufficient_funds": (Later, "The card's account does not hold the amount."),
        /// A limit of the card, or on how often or how much it may pay, is reached.
        LimitExceeded => "limit_exceeded": (Later, "A limit of the card is reached."),
        /// The card is past its expiry, or a newer one has replaced it.
        ExpiredCard => "expired_card": (FixData, "The card has expired or has been replaced."),
        /// The expiry date is not the card's, or not a date.
        IncorrectExpiry => "incorrect_expiry": (FixData, "The expiry date is not the card's."),
        /// The security code is wrong, missing or malformed; also a merchant's `decline_on.cvv`.
        IncorrectCvc => "incorrect_cvc": (FixData, "The security code is wrong or missing."),
        /// There is no such card number.
        IncorrectNumber => "incorrect_number": (FixData, "There is no card with this number."),
        /// The PIN is wrong.
        IncorrectPin => "incorrect_pin": (FixData, "The PIN is wrong."),
        /// The postal code is missing or malformed.
        IncorrectZip => "incorrect_zip": (FixData, "The postal code is missing or malformed."),
        /// The billing address is not the one the issuer knows; also a merchant's `decline_on.avs`.
        AvsMismatch => "avs_mismatch": (FixData, "The billing address is not the one the issuer knows."),
        /// The issuer declined and gives no reason.
        DoNotHonor => "do_not_honor":
            (ContactIssuer, "The issuer declined without saying why; it tells the cardholder only."),
        /// The issuer wants to be called first.
        CallIssuer => "call_issuer":
            (ContactIssuer, "The issuer wants the cardholder to call before it approves."),
        /// The card is reported lost or stolen.
        LostOrStolen => "lost_or_stolen": (Never, "The issuer refuses this card."),
        /// The issuer wants the card withdrawn.
        PickUpCard => "pick_up_card": (Never, "The issuer refuses this card."),
        /// The card is blocked, not yet active, or restricted by its issuer.
        RestrictedCard => "restricted_card": (ContactIssuer, "The card is blocked or not active."),
        /// The account behind the card is closed or does not exist.
        InvalidAccount => "invalid_account":
            (Never, "The account behind the card is closed or does not exist."),
        /// The issuer, the network or the gateway's fraud filter suspects fraud.
        FraudSuspected => "fraud_suspected": (Never, "The payment was refused."),
        /// The merchant cannot take this brand or kind of card.
        CardNotSupported => "card_not_supported": (OtherCard, "The merchant cannot take this kind of card."),
        /// This kind of transaction is not allowed for this card or in this place.
        TransactionNotPermitted => "transaction_not_permitted":
            (OtherCard, "The card does not allow this kind of payment."),
        /// The issuer wants the cardholder to prove who they are (3-D Secure, PIN).
        AuthenticationRequired => "authentication_required":
            (FixData, "The issuer wants the cardholder to be authenticated."),
        /// The cardholder has stopped this recurring payment.
        StopRecurring => "stop_recurring": (Never, "The cardholder has stopped this recurring payment."),
        /// The issuer says that this transaction must not be sent again.
        DoNotTryAgain => "do_not_try_again":
            (Never, "The issuer does not want this payment to be tried again."),
        /// The processor has seen this transaction already, or is still working on it.
        DuplicateTransaction => "duplicate_transaction":
            (Never, "The processor has this payment already: look at the earlier one first."),
        /// The earlier transaction is unknown, or no longer (or not yet) allows this.
        InvalidState => "invalid_state":
            (Never, "The earlier transaction does not allow this (any more, or yet)."),
        /// The amount is too small, too large, or does not suit this operation.
        InvalidAmount => "invalid_amount": (FixData, "The amount is not accepted."),
        /// The processor takes back all of a payment or nothing.
        PartialRefundNotSupported => "partial_refund_not_supported":
            (FixData, "The processor does not refund a part: refund all of it."),
        /// The merchant account does not take this currency.
        CurrencyNotSupported => "currency_not_supported":
            (FixData, "The merchant account does not take this currency."),
        /// A field is missing, malformed or not supported.
        InvalidRequest => "invalid_request":
            (FixData, "The gateway refuses a field of the request, or misses one."),
        /// The stored card, its token or its profile is not known.
        InvalidStoredCard => "invalid_stored_card":
            (FixData, "The stored card is not known; the card is needed again."),
        /// The merchant's account at the gateway or the processor is not set up for this.
        MerchantConfiguration => "merchant_configuration":
            (Later, "The merchant's account is not set up for this payment; the merchant has to act."),
        /// Something failed at the gateway or the processor.
        ProcessingError => "processing_error": (Later, "The payment could not be processed."),
        /// The issuer, or a network on the way to it, cannot be reached.
        IssuerUnavailable => "issuer_unavailable": (Later, "The issuer could not be reached."),
        /// Only a part was approved and the merchant does not accept that; the part has been
        /// voided.
        PartialApproval => "partial_approval":
            (OtherCard, "The card covers only a part of the amount; nothing was taken."),
        /// Declined, without a reason that says more.
        GenericDecline => "generic_decline": (OtherCard, "The card was declined."),
    }

    /// All that is public about a code, in one place.
    fn row(self) -> (Advice, &'static str);
}

impl DeclineCode {
    /// The advice, unless the card scheme gave another in the response.
    pub fn advice(self) -> Advice {
        self.row().0
    }

    /// Whether a shopper must not be told: the person with the card may not be its owner.
    pub fn is_for_the_merchant_only(self) -> bool {
        matches!(self, Self::LostOrStolen | Self::PickUpCard | Self::FraudSuspected)
    }

    /// One sentence for the developer of a storefront.
    ///
    /// For a lost, stolen or suspicious card it names no reason, so that showing this sentence
    /// reveals none to the person holding the card.
    pub fn message(self) -> &'static str {
        self.row().1
    }
}

words! {
    /// The advice after a decline. Its public text is [`Advice::as_str`].
    #[derive(Hash, Ord, PartialOrd)]
    pub enum Advice {
        /// Do not send it again with this card: it cannot succeed, and card schemes charge for
        /// trying.
        Never => "do_not_retry",
        /// Correct the data, then try again.
        FixData => "fix_and_retry",
        /// The same request may succeed later: hours for the cardholder's money or limits, minutes
        /// for a failure.
        Later => "retry_later",
        /// This card will not do; another one may.
        OtherCard => "use_another_card",
        /// Only the cardholder can clear it, with the issuer; until then, another card.
        ContactIssuer => "contact_issuer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTATION: &str = include_str!("../../../../docs/decline-codes.md");

    #[test]
    fn a_code_and_an_advice_are_found_by_their_public_text() {
        for &code in DeclineCode::ALL {
            assert_eq!(DeclineCode::from_name(code.as_str()), Some(code));
        }
        for &advice in Advice::ALL {
            assert_eq!(Advice::from_name(advice.as_str()), Some(advice));
        }
        assert_eq!((DeclineCode::from_name("new"), Advice::from_name("new")), (None, None));
    }

    #[test]
    fn the_documentation_lists_every_code_with_its_advice_and_no_other() {
        let documented: Vec<_> = DOCUMENTATION
            .lines()
            .filter_map(|line| {
                let cells: Vec<_> = line.strip_prefix("| `")?.split(" | ").collect();
                (cells.len() == 4).then(|| (cells[0].trim_end_matches('`'), cells[2].trim_matches('`')))
            })
            .collect();
        let defined: Vec<_> =
            DeclineCode::ALL.iter().map(|code| (code.as_str(), code.advice().as_str())).collect();
        assert_eq!(documented, defined);
    }

    #[test]
    fn a_thief_is_not_told_why_the_card_is_refused() {
        for code in [DeclineCode::LostOrStolen, DeclineCode::PickUpCard, DeclineCode::FraudSuspected] {
            let message = code.message().to_lowercase();
            for word in ["lost", "stolen", "fraud", "pick", "withdraw", "suspect"] {
                assert!(!message.contains(word), "{code:?}: {message}");
            }
            assert_eq!(code.advice(), Advice::Never);
        }
    }

    #[test]
    fn a_message_is_one_sentence() {
        for &code in DeclineCode::ALL {
            let message = code.message();
            assert!(message.ends_with('.') && message.len() <= 90, "{code:?}: {message}");
            assert_eq!(message.matches(". ").count(), 0, "{code:?}: {message}");
        }
    }

    #[test]
    fn a_shopper_is_not_told_that_a_card_is_stolen_or_suspicious_and_everything_else() {
        let hidden: Vec<_> = DeclineCode::ALL.iter().filter(|code| code.is_for_the_merchant_only()).collect();
        let expected = [DeclineCode::LostOrStolen, DeclineCode::PickUpCard, DeclineCode::FraudSuspected];
        assert_eq!(hidden, expected.iter().collect::<Vec<_>>());
    }
}
