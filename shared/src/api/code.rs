//! The codes of problems.

use tollgate_core::words;

/// How a request ended, with the HTTP status that says so.
enum Outcome {
    /// The rules or the gateway decided: a result like any other.
    Decided(u16),
    /// Nothing could be decided.
    Failed(u16),
}

/// Declares the codes, each with its word, its number and its outcome.
macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident => $word:literal, $number:literal, $outcome:ident($status:literal),)+) => {
        words! {
            /// A problem, for a program to act on. Codes may be added; none changes its meaning.
            pub enum Code {
                $($(#[$doc])* $code => $word,)+
            }
        }

        impl Code {
            /// The credit-card API's `Message.Code`: 2 to 99, each once.
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$code => $number,)+
                }
            }

            const fn outcome(self) -> Outcome {
                match self {
                    $(Self::$code => Outcome::$outcome($status),)+
                }
            }
        }
    };
}

impl Code {
    pub const fn status(self) -> u16 {
        match self.outcome() {
            Outcome::Decided(status) | Outcome::Failed(status) => status,
        }
    }

    /// The HTTP status in an API that returns 200 for every decision.
    pub const fn status_unless_decided(self) -> u16 {
        match self.outcome() {
            Outcome::Decided(_) => 200,
            Outcome::Failed(status) => status,
        }
    }
}

codes! {
    /// The gateway or the issuer declined, or a rule of the merchant did.
    Declined => "declined", 2, Decided(400),
    /// The body is no JSON.
    InvalidJson => "invalid_json", 10, Failed(400),
    /// The body is no XML of this API.
    InvalidXml => "invalid_xml", 11, Failed(400),
    /// The content type is not served.
    UnsupportedMediaType => "unsupported_media_type", 12, Failed(415),
    /// The body is too large.
    BodyTooLarge => "body_too_large", 13, Failed(413),
    /// A member is missing.
    Required => "required", 14, Failed(400),
    /// A member has another type.
    InvalidType => "invalid_type", 15, Failed(400),
    /// A member has a value that is not possible.
    InvalidValue => "invalid_value", 16, Failed(400),
    /// A member is not known.
    UnknownMember => "unknown_member", 17, Failed(400),
    /// The request belongs to another route.
    WrongRoute => "wrong_route", 18, Failed(400),
    /// Id or key are wrong.
    InvalidGrant => "invalid_client", 20, Failed(401),
    /// The access token is missing, wrong or expired.
    InvalidAccessToken => "invalid_access_token", 21, Failed(401),
    /// The caller may not do this.
    Forbidden => "forbidden", 22, Failed(403),
    /// The request did not come through the front that the deployment requires.
    NotThroughFront => "not_through_front", 24, Failed(403),
    /// A person who signed in at the issuer is not let in here, or the exchange is wrong otherwise.
    SignInRefused => "invalid_grant", 25, Failed(400),
    /// There is no such grant type.
    UnsupportedGrantType => "unsupported_grant_type", 23, Failed(400),
    /// There is no such route.
    NotFound => "not_found", 30, Failed(404),
    /// The route does not take this method.
    MethodNotAllowed => "method_not_allowed", 19, Failed(405),
    /// There is no such order.
    OrderNotFound => "order_not_found", 31, Decided(404),
    /// There is no such transaction.
    TransactionNotFound => "transaction_not_found", 32, Decided(404),
    /// The payment has no receipt; `why` says it in a word.
    NoReceipt => "no_receipt", 84, Failed(404),
    /// There is no such payment method.
    PaymentMethodNotFound => "payment_method_not_found", 76, Decided(404),
    /// The customer has too many cards stored, or on their way.
    TooManyPaymentMethods => "too_many_payment_methods", 77, Decided(422),
    /// The gateway refuses to change or delete the stored card.
    PaymentMethodRefused => "payment_method_refused", 78, Decided(422),
    /// Another gateway than CardConnect.
    UnsupportedGateway => "unsupported_gateway", 33, Decided(422),
    /// The body's `method` is none that the route takes.
    UnsupportedMethod => "unsupported_method", 34, Decided(422),
    /// A capture that was made elsewhere.
    UnsupportedCaptureMechanism => "unsupported_capture_mechanism", 35, Decided(422),
    /// None of the merchant's authorizers.
    UnknownAuthorizer => "unknown_authorizer", 36, Failed(400),
    /// None of the merchant's discounts.
    UnknownDiscount => "unknown_discount", 37, Failed(400),
    /// The amount has to be stated.
    AmountRequired => "amount_required", 40, Decided(422),
    /// More than the order owes.
    ExceedsOwing => "exceeds_owing", 41, Decided(422),
    /// More than the amount held.
    ExceedsAuthorized => "exceeds_authorized", 42, Decided(422),
    /// More than the amount left to refund.
    ExceedsRefundable => "exceeds_refundable", 43, Decided(422),
    /// More than the person may give back of one order.
    ExceedsRefundMax => "exceeds_refund_max", 26, Decided(403),
    /// A refund has to state its amount.
    RefundAmountRequired => "refund_amount_required", 44, Decided(422),
    /// The order or payment has another currency.
    CurrencyDiffers => "currency_differs", 45, Decided(422),
    /// The merchant cannot be paid in this currency.
    CurrencyNotSupported => "currency_not_supported", 46, Decided(422),
    /// Orders are neither canceled nor fulfilled here.
    UnsupportedOrderStatus => "unsupported_order_status", 39, Decided(422),
    /// The order's currency cannot change any more.
    CurrencyFixed => "currency_fixed", 47, Decided(422),
    /// The total would be less than the amount already paid or held.
    TotalBelowCommitted => "total_below_committed", 48, Decided(422),
    /// The discount leaves nothing to pay.
    DiscountExceedsAmount => "discount_exceeds_amount", 49, Failed(400),
    /// The capture is scheduled after the end of the authorization.
    CaptureAfterExpiry => "capture_after_expiry", 38, Decided(422),
    /// An amount is to be captured on schedule, and no capture is scheduled.
    CaptureNotScheduled => "capture_not_scheduled", 69, Decided(422),
    /// The payment never took place.
    TransactionFailed => "transaction_failed", 50, Decided(422),
    /// The payment was voided.
    AlreadyCancelled => "already_cancelled", 51, Decided(422),
    /// A purchase is captured already.
    NotAnAuthorization => "not_an_authorization", 52, Decided(422),
    /// The payment is captured.
    AlreadyCaptured => "already_captured", 53, Decided(422),
    /// The payment is not captured.
    NotCaptured => "not_captured", 54, Decided(422),
    /// All that was held is captured, so there is no rest to hold anew.
    NothingReleased => "nothing_released", 85, Decided(422),
    /// More than the amount that the partial capture released.
    ExceedsReleased => "exceeds_released", 86, Decided(422),
    /// The rest is held already.
    AlreadyReauthorized => "already_reauthorized", 87, Decided(422),
    /// The payment has no stored card that another one could be made with.
    NoStoredCard => "no_stored_card", 88, Decided(422),
    /// The whole amount was refunded.
    AlreadyRefunded => "already_refunded", 55, Decided(422),
    /// An issuer took the money back, and the request does not say that it is to be given back all
    /// the same.
    PaymentDisputed => "payment_disputed", 89, Decided(422),
    /// A part of the amount was refunded.
    PartlyRefunded => "partly_refunded", 56, Decided(422),
    /// It is not known whether a part of a payment with a fee is named with its fee.
    FeeBasisRequired => "fee_basis_required", 79, Decided(422),
    /// The payment has not settled yet.
    NotSettled => "not_settled", 57, Decided(422),
    /// The payment was sent to settlement.
    AlreadySettled => "already_settled", 58, Decided(422),
    /// The payment was voided at the gateway.
    VoidedElsewhere => "voided_elsewhere", 59, Decided(422),
    /// The order is paid.
    AlreadyPaid => "already_paid", 60, Decided(422),
    /// Another payment of the order is in progress.
    PaymentInProgress => "payment_in_progress", 61, Decided(409),
    /// Another operation of the payment is in progress.
    OperationInProgress => "operation_in_progress", 62, Decided(409),
    /// The key was used for another request.
    IdempotencyKeyReused => "idempotency_key_reused", 63, Decided(422),
    /// The key's first request is in progress.
    IdempotencyKeyInProgress => "idempotency_key_in_progress", 64, Decided(409),
    /// An equal request was approved a moment ago.
    PossibleDuplicate => "possible_duplicate", 65, Decided(409),
    /// No payment of the order allows it.
    NoEligibleTransaction => "no_eligible_transaction", 66, Decided(422),
    /// Several payments of the order allow it.
    SeveralEligibleTransactions => "several_eligible_transactions", 67, Decided(422),
    /// A note or a decision about an exception of the settlement that is closed.
    ExceptionClosed => "exception_closed", 82, Failed(409),
    /// A person cannot decide or settle this now.
    NotByHand => "not_by_hand", 96, Decided(422),
    /// Other requests changed the order at the same time.
    Contended => "contended", 68, Decided(409),
    /// The order has another version than the one that its sender saw.
    VersionDiffers => "version_differs", 81, Decided(412),
    /// Elastic Path cannot show it.
    NotRecordable => "not_recordable", 29, Decided(422),
    /// The order's total is stated in Elastic Path, and not here.
    OrderElsewhere => "order_elsewhere", 27, Decided(422),
    /// The order is canceled in Elastic Path.
    OrderCancelled => "order_cancelled", 28, Decided(422),
    /// Elastic Path may not know of an earlier payment of the order yet.
    RecordingPending => "recording_pending", 99, Decided(409),
    /// The order cannot be paid with this request; a shopper is not told why.
    NotPayable => "not_payable", 75, Decided(422),
    /// The order is full.
    TooManyTransactions => "too_many_transactions", 70, Decided(422),
    /// The order is full.
    TooManyOperations => "too_many_operations", 71, Decided(422),
    /// Too many attempts to pay the order.
    TooManyAttempts => "too_many_attempts", 72, Decided(422),
    /// Too many wrong keys from one address.
    TooManyWrongKeys => "too_many_wrong_keys", 73, Failed(429),
    /// Too many declines of one source, customer or order.
    TooManyDeclines => "too_many_declines", 74, Decided(422),
    /// Too many payments of one source or customer at a time.
    TooManyInFlight => "too_many_in_flight", 80, Failed(429),
    /// Too many lists of one merchant at a time.
    TooManyReads => "too_many_reads", 83, Failed(429),
    /// A card scheme has forbidden the attempt.
    RetryForbidden => "retry_forbidden", 97, Decided(422),
    /// The gateway cannot be reached.
    GatewayUnavailable => "gateway_unavailable", 90, Decided(503),
    /// The gateway refuses the merchant's account.
    GatewayMisconfigured => "gateway_misconfigured", 91, Decided(502),
    /// Elastic Path does not say what the order owes.
    ElasticPathUnavailable => "elastic_path_unavailable", 98, Decided(503),
    /// Something that payments need is down.
    ServiceUnavailable => "service_unavailable", 92, Failed(503),
    /// A newer version is working on the order.
    NewerVersion => "newer_version", 93, Decided(503),
    /// An operator has stopped payments.
    PaymentsStopped => "payments_stopped", 94, Failed(503),
    /// The stored item is damaged.
    Unreadable => "unreadable", 95, Failed(500),
}
