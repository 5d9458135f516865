//! The codes of what can go wrong.

use tollgate_core::words;

words! {
    /// What went wrong, for a program to act on. Codes may be added; none changes its meaning.
    ///
    /// Each API says in one table what a code is to its callers: `elastic_path::status` and
    /// `credit_card::status`.
    pub enum Code {
        /// The gateway or the issuer declined, or a rule of the merchant did.
        Declined => "declined",
        /// The body is no JSON.
        InvalidJson => "invalid_json",
        /// The body is no XML of this API.
        InvalidXml => "invalid_xml",
        /// The content type is not served.
        UnsupportedMediaType => "unsupported_media_type",
        /// The body is too large.
        BodyTooLarge => "body_too_large",
        /// A member is missing.
        Required => "required",
        /// A member has another type.
        InvalidType => "invalid_type",
        /// A member has a value that is not possible.
        InvalidValue => "invalid_value",
        /// A member is not known.
        UnknownMember => "unknown_member",
        /// The request belongs to another route.
        WrongRoute => "wrong_route",
        /// Id or key are wrong.
        InvalidGrant => "invalid_client",
        /// The access token is missing, wrong or expired.
        InvalidAccessToken => "invalid_access_token",
        /// The caller may not do this.
        Forbidden => "forbidden",
        /// There is no such grant type.
        UnsupportedGrantType => "unsupported_grant_type",
        /// There is no such route.
        NotFound => "not_found",
        /// The route does not take this method.
        MethodNotAllowed => "method_not_allowed",
        /// There is no such order.
        OrderNotFound => "order_not_found",
        /// There is no such transaction.
        TransactionNotFound => "transaction_not_found",
        /// There is no such payment method.
        PaymentMethodNotFound => "payment_method_not_found",
        /// The customer has too many cards stored, or on their way.
        TooManyPaymentMethods => "too_many_payment_methods",
        /// The gateway refuses to change or delete the stored card.
        PaymentMethodRefused => "payment_method_refused",
        /// Another gateway than CardConnect.
        UnsupportedGateway => "unsupported_gateway",
        /// The body's `method` is none that the route takes.
        UnsupportedMethod => "unsupported_method",
        /// A capture that was made elsewhere.
        UnsupportedCaptureMechanism => "unsupported_capture_mechanism",
        /// None of the merchant's authorizers.
        UnknownAuthorizer => "unknown_authorizer",
        /// None of the merchant's discounts.
        UnknownDiscount => "unknown_discount",
        /// The amount has to be stated.
        AmountRequired => "amount_required",
        /// More than what is owing.
        ExceedsOwing => "exceeds_owing",
        /// More than what is held.
        ExceedsAuthorized => "exceeds_authorized",
        /// More than what is left to refund.
        ExceedsRefundable => "exceeds_refundable",
        /// A refund has to state its amount.
        RefundAmountRequired => "refund_amount_required",
        /// The order or payment has another currency.
        CurrencyDiffers => "currency_differs",
        /// The merchant cannot be paid in this currency.
        CurrencyNotSupported => "currency_not_supported",
        /// Orders are neither canceled nor fulfilled here.
        UnsupportedOrderStatus => "unsupported_order_status",
        /// The order's currency cannot change any more.
        CurrencyFixed => "currency_fixed",
        /// The total would be less than what is already paid or held.
        TotalBelowCommitted => "total_below_committed",
        /// The discount leaves nothing to pay.
        DiscountExceedsAmount => "discount_exceeds_amount",
        /// The capture is scheduled after the end of the authorization.
        CaptureAfterExpiry => "capture_after_expiry",
        /// The payment never took place.
        TransactionFailed => "transaction_failed",
        /// The payment was voided.
        AlreadyCancelled => "already_cancelled",
        /// A purchase is captured already.
        NotAnAuthorization => "not_an_authorization",
        /// The payment is captured.
        AlreadyCaptured => "already_captured",
        /// The payment is not captured.
        NotCaptured => "not_captured",
        /// All of it was refunded.
        AlreadyRefunded => "already_refunded",
        /// A part of it was refunded.
        PartlyRefunded => "partly_refunded",
        /// The payment has not settled yet.
        NotSettled => "not_settled",
        /// The payment was sent to settlement.
        AlreadySettled => "already_settled",
        /// The payment was voided at the gateway.
        VoidedElsewhere => "voided_elsewhere",
        /// The order is paid.
        AlreadyPaid => "already_paid",
        /// Another payment of the order is in progress.
        PaymentInProgress => "payment_in_progress",
        /// Another operation of the payment is in progress.
        OperationInProgress => "operation_in_progress",
        /// The key was used for another request.
        IdempotencyKeyReused => "idempotency_key_reused",
        /// The key's first request is in progress.
        IdempotencyKeyInProgress => "idempotency_key_in_progress",
        /// An equal request was approved a moment ago.
        PossibleDuplicate => "possible_duplicate",
        /// No payment of the order allows it.
        NoEligibleTransaction => "no_eligible_transaction",
        /// Several payments of the order allow it.
        SeveralEligibleTransactions => "several_eligible_transactions",
        /// Other requests changed the order at the same time.
        Contended => "contended",
        /// The order cannot be paid with this request; a shopper is not told why.
        NotPayable => "not_payable",
        /// The order is full.
        TooManyTransactions => "too_many_transactions",
        /// The order is full.
        TooManyOperations => "too_many_operations",
        /// Too many attempts to pay the order.
        TooManyAttempts => "too_many_attempts",
        /// Too many wrong keys from one address.
        TooManyWrongKeys => "too_many_wrong_keys",
        /// Too many declines from one address.
        TooManyDeclines => "too_many_declines",
        /// The gateway cannot be reached.
        GatewayUnavailable => "gateway_unavailable",
        /// The gateway refuses the merchant's account.
        GatewayMisconfigured => "gateway_misconfigured",
        /// Something that payments need is down.
        ServiceUnavailable => "service_unavailable",
        /// A newer version is working on the order.
        NewerVersion => "newer_version",
        /// An operator has stopped payments.
        PaymentsStopped => "payments_stopped",
    }
}
