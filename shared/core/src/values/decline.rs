//! Why a payment was declined, in words of ours that stay the same whichever processor said it.
//!
//! Hundreds of processor codes fold into the few dozen here. The texts are a public contract,
//! described in `docs/decline-codes.md`: a code may be added, but is never renamed or removed.

use Advice::{ContactIssuer, FixData, Later, Never, OtherCard};

use crate::words;

/// All that is public about a code.
struct DeclineRow {
    advice: Advice,
    /// One sentence for the developer of a storefront.
    message: &'static str,
    /// The reason as a customer may hear it, in one sentence.
    reason: &'static str,
    /// The customer's next step, in one sentence.
    step: &'static str,
    /// The merchant's next step.
    merchant: &'static str,
}

/// The reason of a plain decline.
const NOT_APPROVED: &str = "The payment was not approved.";
const OUR_SIDE: &str = "A problem on our side stopped the payment.";
const CHECK: &str = "Please check it and try again, or use another card.";
const LATER: &str = "Please use another card, or try again another day.";
const SOON: &str = "Please try again in a few minutes, or use another card.";
const OTHER_CARD: &str = "Please use another card.";
const ASK_BANK: &str = "Please ask the bank, or use another card.";
const WE_LOOK: &str = "Please give us time to look into it.";
const HELD: &str = "If the bank shows a pending amount, it disappears on its own within a few days.";
const OFFER: &str = "Offer another card.";
const ORDER_ANEW: &str = "Please look at the order again before you pay.";
const NEVER_AGAIN: &str = "Do not try this card again. Offer another card.";
const NO_SERIES: &str = "Do not charge this card on your own again until the customer agrees anew.";
const NOT_AGAIN: &str = "Do not try this payment again. Ask the customer how they want to pay.";
const DO_NOT_TELL: &str = "Do not tell the customer why. Offer another card.";

words! {
    /// The reason for a decline. Its public text is [`DeclineCode::as_str`].
    #[derive(Hash, Ord, PartialOrd)]
    pub enum DeclineCode {
        /// The account does not hold the amount.
        InsufficientFunds => "insufficient_funds": DeclineRow { advice: Later,
            message: "The card's account does not hold the amount.",
            reason: "The card's account did not have the amount available.", step: LATER,
            merchant: "Offer another card now; this one may work another day." },
        /// A limit of the card, or on how often or how much it may pay, is reached.
        LimitExceeded => "limit_exceeded": DeclineRow { advice: Later,
            message: "A limit of the card is reached.", reason: "The card has reached one of its limits.",
            step: LATER, merchant: "Offer another card now; this one may work another day or for less." },
        /// The card is past its expiry, or a newer one has replaced it.
        ExpiredCard => "expired_card": DeclineRow { advice: FixData,
            message: "The card has expired or has been replaced.",
            reason: "The card has expired, or a newer one has replaced it.",
            step: "Please use the new card or another one.", merchant: "Ask for the new card's data." },
        /// The expiry date is not the card's, or not a date.
        IncorrectExpiry => "incorrect_expiry": DeclineRow { advice: FixData,
            message: "The expiry date is not the card's.", reason: "The expiry date did not match the card.",
            step: CHECK, merchant: "Ask for the expiry date again." },
        /// The security code is wrong, missing or malformed; also a merchant's `decline_on.cvv`.
        IncorrectCvc => "incorrect_cvc": DeclineRow { advice: FixData,
            message: "The security code is wrong or missing.", reason: "The security code did not match.",
            step: CHECK, merchant: "Ask for the security code again." },
        /// There is no such card number.
        IncorrectNumber => "incorrect_number": DeclineRow { advice: FixData,
            message: "There is no card with this number.", reason: "The card number was not found.",
            step: CHECK, merchant: "Ask for the card number again." },
        /// The PIN is wrong.
        IncorrectPin => "incorrect_pin": DeclineRow { advice: FixData, message: "The PIN is wrong.",
            reason: "The PIN did not match the card.", step: CHECK,
            merchant: "Ask for the PIN again, or for another card." },
        /// The postal code is missing or malformed.
        IncorrectZip => "incorrect_zip": DeclineRow { advice: FixData,
            message: "The postal code is missing or malformed.",
            reason: "The payment needs the billing postal code.", step: CHECK,
            merchant: "Ask for the billing postal code." },
        /// The billing address is not the one the issuer knows; also a merchant's `decline_on.avs`.
        AvsMismatch => "avs_mismatch": DeclineRow { advice: FixData,
            message: "The billing address is not the one the issuer knows.",
            reason: "The billing address did not match the bank's records.", step: CHECK,
            merchant: "Ask for the address on the card's statement." },
        /// The issuer declined and gives no reason.
        DoNotHonor => "do_not_honor": DeclineRow { advice: ContactIssuer,
            message: "The issuer declined without saying why; it tells the cardholder only.",
            reason: "The bank declined without saying why.", step: ASK_BANK, merchant: OFFER },
        /// The issuer wants to be called first.
        CallIssuer => "call_issuer": DeclineRow { advice: ContactIssuer,
            message: "The issuer wants the cardholder to call before it approves.",
            reason: "The bank would like to speak to you first.",
            step: "Please call the number on the card, then try again.",
            merchant: "Try again once the cardholder has called the number on the card." },
        /// The card is reported lost or stolen.
        LostOrStolen => "lost_or_stolen": DeclineRow { advice: Never,
            message: "The issuer refuses this card.", reason: NOT_APPROVED, step: OTHER_CARD,
            merchant: DO_NOT_TELL },
        /// The issuer wants the card withdrawn.
        PickUpCard => "pick_up_card": DeclineRow { advice: Never, message: "The issuer refuses this card.",
            reason: NOT_APPROVED, step: OTHER_CARD, merchant: DO_NOT_TELL },
        /// The card is blocked, not yet active, or restricted by its issuer.
        RestrictedCard => "restricted_card": DeclineRow { advice: ContactIssuer,
            message: "The card is blocked or not active.", reason: "The card is not active for this payment.",
            step: ASK_BANK, merchant: "Offer another card; the bank can unblock this one." },
        /// The account behind the card is closed or does not exist.
        InvalidAccount => "invalid_account": DeclineRow { advice: Never,
            message: "The account behind the card is closed or does not exist.",
            reason: "The account behind the card is not open for payments.", step: OTHER_CARD,
            merchant: "Offer another card; delete the stored one." },
        /// The issuer, the network or the gateway's fraud filter suspects fraud.
        FraudSuspected => "fraud_suspected": DeclineRow { advice: Never, message: "The payment was refused.",
            reason: NOT_APPROVED, step: OTHER_CARD,
            merchant: "Do not tell the customer why. Look at the order." },
        /// The merchant cannot take this brand or kind of card.
        CardNotSupported => "card_not_supported": DeclineRow { advice: OtherCard,
            message: "The merchant cannot take this kind of card.",
            reason: "We cannot take this kind of card.", step: OTHER_CARD,
            merchant: "Name the cards that are accepted." },
        /// This kind of transaction is not allowed for this card or in this place.
        TransactionNotPermitted => "transaction_not_permitted": DeclineRow { advice: OtherCard,
            message: "The card does not allow this kind of payment.",
            reason: "The card does not allow this kind of payment.", step: OTHER_CARD, merchant: OFFER },
        /// The issuer wants the cardholder to prove who they are (3-D Secure, PIN).
        AuthenticationRequired => "authentication_required": DeclineRow { advice: FixData,
            message: "The issuer wants the cardholder to be authenticated.",
            reason: "The bank wants to be sure that it is you.",
            step: "Please try again and confirm it with your bank.",
            merchant: "Authenticate the cardholder, or offer another card." },
        /// The cardholder has stopped this recurring payment.
        StopRecurring => "stop_recurring": DeclineRow { advice: Never,
            message: "The cardholder has stopped this recurring payment.",
            reason: "The bank says that this recurring payment was stopped.",
            step: "Please tell us whether you want to continue.",
            merchant: "End the subscription, or ask for a new agreement." },
        /// The issuer says that this transaction must not be sent again.
        DoNotTryAgain => "do_not_try_again": DeclineRow { advice: Never,
            message: "The issuer does not want this payment to be tried again.", reason: NOT_APPROVED,
            step: OTHER_CARD, merchant: OFFER },
        /// The processor has seen this transaction already, or is still working on it.
        DuplicateTransaction => "duplicate_transaction": DeclineRow { advice: Never,
            message: "The processor has this payment already: look at the earlier one first.",
            reason: "We may have this payment already.",
            step: "Please do not pay again until we have looked.",
            merchant: "Look at the earlier payment before anything else." },
        /// The earlier transaction is unknown, or no longer (or not yet) allows this.
        InvalidState => "invalid_state": DeclineRow { advice: Never,
            message: "The earlier transaction does not allow this (any more, or yet).", reason: OUR_SIDE,
            step: WE_LOOK, merchant: "Read the transaction, then decide between void and refund." },
        /// The amount is too small, too large, or does not suit this operation.
        InvalidAmount => "invalid_amount": DeclineRow { advice: FixData,
            message: "The amount is not accepted.", reason: OUR_SIDE, step: WE_LOOK,
            merchant: "Correct the amount." },
        /// The processor takes back all of a payment or nothing.
        PartialRefundNotSupported => "partial_refund_not_supported": DeclineRow { advice: FixData,
            message: "The processor does not refund a part: refund all of it.", reason: OUR_SIDE,
            step: WE_LOOK, merchant: "Refund all of it." },
        /// The merchant account does not take this currency.
        CurrencyNotSupported => "currency_not_supported": DeclineRow { advice: FixData,
            message: "The merchant account does not take this currency.",
            reason: "We cannot take payments in this currency.",
            step: "Please choose another currency or another way to pay.",
            merchant: "Offer a currency of the merchant's accounts." },
        /// A field is missing, malformed or not supported.
        InvalidRequest => "invalid_request": DeclineRow { advice: FixData,
            message: "The gateway refuses a field of the request, or misses one.", reason: OUR_SIDE,
            step: WE_LOOK, merchant: "Correct the request as the gateway's text says." },
        /// The stored card, its token or its profile is not known.
        InvalidStoredCard => "invalid_stored_card": DeclineRow { advice: FixData,
            message: "The stored card is not known; the card is needed again.",
            reason: "We no longer have the data of this card.", step: "Please enter the card again.",
            merchant: "Ask for the card again and store it anew." },
        /// The merchant's account at the gateway or the processor is not set up for this.
        MerchantConfiguration => "merchant_configuration": DeclineRow { advice: Later,
            message: "The merchant's account is not set up for this payment; the merchant has to act.",
            reason: OUR_SIDE, step: WE_LOOK, merchant: "Ask CardConnect to set up the account." },
        /// Something failed at the gateway or the processor.
        ProcessingError => "processing_error": DeclineRow { advice: Later,
            message: "The payment could not be processed.", reason: "The payment could not be processed.",
            step: SOON, merchant: "Try again in minutes." },
        /// The issuer, or a network on the way to it, cannot be reached.
        IssuerUnavailable => "issuer_unavailable": DeclineRow { advice: Later,
            message: "The issuer could not be reached.", reason: "The bank could not be reached.", step: SOON,
            merchant: "Try again in minutes, or offer another card." },
        /// Only a part was approved and the merchant does not accept that; the part has been
        /// voided.
        PartialApproval => "partial_approval": DeclineRow { advice: OtherCard,
            message: "The card covers only a part of the amount; nothing was taken.",
            reason: "The card covers only a part, so we took nothing.", step: OTHER_CARD, merchant: OFFER },
        /// The order was canceled in its shop before the payment was recorded there; voided.
        OrderClosed => "order_closed": DeclineRow { advice: Never,
            message: "The order is canceled in Elastic Path; the payment was released.",
            reason: "The order was canceled, so we took nothing.", step: ORDER_ANEW,
            merchant: "Nothing: the card was released." },
        /// The order owes less in its shop than the payment, which was voided.
        Overpaid => "overpaid": DeclineRow { advice: Never,
            message: "The order owes less in Elastic Path than the payment, which was released.",
            reason: "The order owes less than this payment, so we took nothing.", step: WE_LOOK,
            merchant: "Read the amount that the order owes in Elastic Path." },
        /// The shop refuses to record the payment, which was voided.
        OrderRefused => "order_refused": DeclineRow { advice: Never,
            message: "Elastic Path does not take a payment for the order; the payment was released.",
            reason: "The order cannot be fulfilled, so we took nothing.", step: ORDER_ANEW,
            merchant: "Look at the order in Elastic Path: its stock, and the manual gateway." },
        /// Declined, without a reason that says more.
        GenericDecline => "generic_decline": DeclineRow { advice: OtherCard,
            message: "The card was declined.", reason: NOT_APPROVED, step: OTHER_CARD, merchant: OFFER },
    }

    /// All that is public about a code, in one place.
    fn row(self) -> DeclineRow;
}

impl DeclineCode {
    /// The advice, unless the card scheme gave another in the response.
    pub fn advice(self) -> Advice {
        self.row().advice
    }

    /// Whether a shopper must not be told: the person with the card may not be its owner.
    pub fn is_for_the_merchant_only(self) -> bool {
        matches!(self, Self::LostOrStolen | Self::PickUpCard | Self::FraudSuspected)
    }

    /// Whether the order is the reason, and not the card: nobody tried out a card with it.
    pub fn is_about_the_order(self) -> bool {
        matches!(self, Self::OrderClosed | Self::Overpaid | Self::OrderRefused)
    }

    /// One sentence for the developer of a storefront.
    ///
    /// For a lost, stolen or suspicious card it names no reason, so that showing this sentence
    /// reveals none to the person holding the card.
    pub fn message(self) -> &'static str {
        self.row().message
    }

    /// The answer to a customer who asks why, after a decline with this advice. It names no reason
    /// that [only the merchant](Self::is_for_the_merchant_only) may know.
    pub fn for_customer(self, advice: Advice) -> String {
        let row = self.row();
        let step = if self.is_newly_final(advice) { OTHER_CARD } else { row.step };
        let told = format!("{} {step}", row.reason);
        match self {
            // A rule voided what the issuer had approved, or the processor failed after that.
            Self::AvsMismatch
            | Self::IncorrectCvc
            | Self::PartialApproval
            | Self::OrderClosed
            | Self::Overpaid
            | Self::OrderRefused
            | Self::ProcessingError => {
                format!("{told} {HELD}")
            }
            _ => told,
        }
    }

    /// The next step of the merchant's people after a decline with this advice, and the subject of
    /// the card scheme's ban, if there is one.
    pub fn for_merchant(self, advice: Advice, scope: Option<RetryScope>) -> &'static str {
        let own = self.row().merchant;
        match scope {
            _ if self.is_for_the_merchant_only() => own,
            Some(RetryScope::Series) => NO_SERIES,
            Some(RetryScope::Payment) => NOT_AGAIN,
            // No new agreement makes the card pay.
            Some(RetryScope::Card) if self == Self::StopRecurring => NEVER_AGAIN,
            Some(RetryScope::Card) | None if self.is_newly_final(advice) => NEVER_AGAIN,
            Some(RetryScope::Card) | None => own,
        }
    }

    /// Whether the card scheme forbids to try again where this code usually does not.
    fn is_newly_final(self, advice: Advice) -> bool {
        advice == Never && self.advice() != Never
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

words! {
    /// The subject of a rule that forbids further attempts.
    pub enum RetryScope {
        /// The card, whoever pays with it.
        Card => "card",
        /// Every payment with the card that the merchant initiates.
        Series => "series",
        /// The one payment of the order.
        Payment => "payment",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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

    /// Each code with each advice.
    fn all() -> impl Iterator<Item = (DeclineCode, Advice)> {
        let of_code = |&code| Advice::ALL.iter().map(move |&advice| (code, advice));
        DeclineCode::ALL.iter().flat_map(of_code)
    }

    /// No scope, and each.
    fn scopes() -> impl Iterator<Item = Option<RetryScope>> {
        [None].into_iter().chain(RetryScope::ALL.iter().copied().map(Some))
    }

    #[test]
    fn the_documentation_lists_every_code_with_its_advice_and_no_other() {
        let documented: Vec<_> = DOCUMENTATION
            .lines()
            .filter_map(|line| {
                let cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
                let [code, _, advice, to_do] = cells[..] else { return None };
                Some([code.trim_end_matches('`'), advice.trim_matches('`'), to_do])
            })
            .collect();
        let defined = DeclineCode::ALL
            .iter()
            .map(|code| [code.as_str(), code.advice().as_str(), code.for_merchant(code.advice(), None)]);
        assert_eq!(documented, defined.collect::<Vec<_>>());
    }

    #[test]
    fn the_documentation_says_what_to_tell_the_customer_after_each_code() {
        let (mut step, mut told) = ("", BTreeMap::new());
        for line in DOCUMENTATION.lines() {
            if let Some((codes, reason)) = line.strip_prefix("  - `").and_then(|row| row.split_once("`: ")) {
                let codes = codes.split("`, `").filter_map(DeclineCode::from_name);
                told.extend(codes.map(|code| (code, format!("{reason} {step}").trim().to_owned())));
            } else if let Some(group) = line.strip_prefix("- ") {
                step = if group.ends_with('.') { group } else { "" };
            }
        }
        let plain = |text: String| text.trim_end_matches(HELD).trim_end().to_owned();
        let defined = DeclineCode::ALL.iter().map(|code| (*code, plain(code.for_customer(code.advice()))));
        assert_eq!(told, defined.collect());
        assert!(DOCUMENTATION.replace('\n', " ").contains(HELD));
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
    fn a_customer_hears_no_blame_and_of_a_hidden_code_a_plain_decline() {
        let plain = DeclineCode::GenericDecline.for_customer(OtherCard);
        for (code, advice) in all() {
            let told = code.for_customer(advice);
            for word in
                ["wrong", "blame", "mistake", "refuse", "fraud", "suspicio", "stolen", "lost", "thief"]
            {
                assert!(!told.to_lowercase().contains(word), "{code:?}: {told}");
            }
            if code.is_for_the_merchant_only() {
                assert_eq!(told, plain);
                for scope in scopes() {
                    assert!(code.for_merchant(advice, scope).starts_with("Do not tell the customer why."));
                }
            }
        }
    }

    #[test]
    fn nobody_is_told_to_try_again_what_a_scheme_forbids() {
        for (code, advice) in all() {
            let of_merchant = scopes().map(|scope| code.for_merchant(advice, scope).to_owned());
            for text in of_merchant.chain([code.for_customer(advice)]) {
                let says_again = ["try again", "Try again", "another day", "Ask for the", "enter the"];
                let says_again = says_again.iter().any(|again| text.contains(again));
                assert!(advice != Never || !says_again, "{code:?}: {text}");
                assert!(text.is_ascii() && text.ends_with('.') && text.len() <= 200, "{code:?}: {text}");
            }
        }
        let code = DeclineCode::InsufficientFunds;
        assert!(code.for_customer(Later).ends_with("or try again another day."));
        assert!(code.for_customer(Never).ends_with("available. Please use another card."));
        assert!(code.for_merchant(Never, None).starts_with("Do not try this card again."));
    }

    #[test]
    fn the_merchants_step_forbids_no_more_and_no_less_than_the_scheme() {
        use DeclineCode::{DoNotHonor, InvalidAccount, LostOrStolen, StopRecurring};
        let [card, series, payment] =
            [RetryScope::Card, RetryScope::Series, RetryScope::Payment].map(Option::Some);
        let never_again = "Do not try this card again. Offer another card.";
        let no_series = "Do not charge this card on your own again until the customer agrees anew.";
        let not_again = "Do not try this payment again. Ask the customer how they want to pay.";
        let hidden = "Do not tell the customer why. Offer another card.";
        for (code, scope, step) in [
            (DoNotHonor, None, never_again),
            (DoNotHonor, card, never_again),
            (DoNotHonor, series, no_series),
            (DoNotHonor, payment, not_again),
            (InvalidAccount, card, "Offer another card; delete the stored one."),
            (InvalidAccount, payment, not_again),
            (StopRecurring, None, "End the subscription, or ask for a new agreement."),
            (StopRecurring, card, never_again),
            (StopRecurring, series, no_series),
            (LostOrStolen, series, hidden),
        ] {
            assert_eq!(code.for_merchant(Never, scope), step, "{code:?} {scope:?}");
        }
        for (code, scope) in DeclineCode::ALL.iter().flat_map(|code| [(code, series), (code, payment)]) {
            assert!(!code.for_merchant(Never, scope).contains("this card again. Offer"), "{code:?}");
        }
    }

    #[test]
    fn a_customer_whose_approved_payment_a_rule_voided_hears_of_the_pending_amount() {
        use DeclineCode::{AvsMismatch, IncorrectCvc, InsufficientFunds, PartialApproval};
        for (code, advice) in all() {
            let may_be_held = code.for_customer(advice).ends_with(HELD);
            assert!(may_be_held || ![AvsMismatch, IncorrectCvc, PartialApproval].contains(&code), "{code:?}");
            assert!(!may_be_held || code != InsufficientFunds);
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
