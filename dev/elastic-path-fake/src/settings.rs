//! Behavior where shops differ, or where the vendor documents none.

use serde::{Deserialize, Serialize};

/// Declares each setting once: its field, its enumeration with the words of JSON and the meaning of
/// each, and the list of all values. The first value is the default.
macro_rules! settings {
    (
        $($(#[$doc:meta])* $field:ident: $name:ident {
            $($variant:ident = $word:literal $(: $meaning:literal)?,)+
        })+
        ;
        $($number:ident: $type:ty = $all:expr, $number_doc:literal;)+
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
            pub enum $name {
                $(#[doc = concat!("`", $word, "`. ", $($meaning)?)] #[serde(rename = $word)] $variant,)+
            }

            impl $name {
                /// All values, the default first.
                pub const ALL: &[Self] = &[$(Self::$variant,)+];

                /// The status of a refusal, if the word begins with one.
                #[allow(dead_code, reason = "few settings are about a status")]
                pub(crate) fn status(self) -> Option<u16> {
                    match self { $(Self::$variant => $word.get(..3)?.parse().ok(),)+ }
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self::ALL[0]
                }
            }
        )+

        /// Behavior that depends on the shop, or that the vendor does not document. A client should
        /// work with each value of every setting.
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Settings {
            $($(#[$doc])* pub $field: $name,)+
            $(#[doc = $number_doc] pub $number: $type,)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $name::default(),)+ $($number: $all[0],)+ }
            }
        }

        impl Settings {
            /// Every value of every setting in turn, with its name; the other settings keep their
            /// defaults. Numbers are represented by a few values. The last one is late in all
            /// reads.
            pub fn variations() -> Vec<(&'static str, Self)> {
                let mut all = Vec::new();
                $(for value in $name::ALL {
                    all.push((stringify!($field), Self { $field: *value, ..Self::default() }));
                })+
                $(for value in $all {
                    all.push((stringify!($number), Self { $number: value, ..Self::default() }));
                })+
                all.push(("late", Self::default().late(60)));
                all
            }
        }
    };
}

settings! {
    /// The result of refunding part of a manual transaction.
    manual_partial_refund: ManualPartialRefund {
        Recorded = "recorded", Error = "error_while_refunding": "400.", Unprocessable = "unprocessable": "422.",
        RecordedAsFull = "recorded_as_full": "The refund is of the whole transaction.",
    }
    /// Whether a refund needs an order that is complete and paid, or canceled. Others: 422.
    refund_needs_paid: RefundNeedsPaid { On = "on", Off = "off", }
    /// The order's `paid` and `balance_owing` after a refund.
    paid_after_refund: PaidAfterRefund {
        Gross = "gross": "Both stay.",
        Net = "net": "`paid` is less the refunds; nothing is owed again.",
        NetReopened = "net_reopened": "`paid` is less the refunds; the refunds are owed again.",
    }
    /// The order's `payment` after everything was refunded.
    payment_after_full_refund: PaymentAfterFullRefund { Refunded = "refunded", Unpaid = "unpaid", }
    /// The order's `payment` with an authorization and a captured part below the total.
    mixed_payment_word: MixedPaymentWord {
        PartiallyPaid = "partially_paid", PartiallyAuthorized = "partially_authorized",
    }
    /// The result of paying more than is owed.
    overpay: Overpay {
        BadRequest = "400", Unprocessable = "422", Accept = "accept": "The balance becomes negative.",
        AcceptCap = "accept_cap": "The balance is recorded; 400 if it is zero.",
    }
    /// The result of paying an order that is paid, refunded or canceled.
    pay_when_settled: PayWhenSettled {
        Unprocessable = "422", BadRequest = "400", Conflict = "409",
        Accept = "accept": "Recorded as sent, also above the balance.",
    }
    /// The amount of a payment that names none.
    no_amount_means: NoAmountMeans { Balance = "balance", Total = "total", BadRequest = "400", }
    /// The status of a payment while the manual gateway is disabled.
    gateway_disabled: GatewayDisabled { BadRequest = "400", Unprocessable = "422", }
    /// The effect of a capture on the transaction's `custom_reference`.
    capture_reference: CaptureReference {
        Replaceable = "kept_and_replaceable": "A sent one replaces it; otherwise it stays.",
        Ignored = "ignored": "It stays, also if another one was sent.", Dropped = "dropped": "It is lost.",
    }
    /// The effect of an `amount` in a capture.
    capture_amount: CaptureAmount { Ignored = "ignored": "Everything is captured.", BadRequest = "400", }
    /// The rows of a transaction that was captured or refunded.
    rows: Rows {
        Mutated = "mutated": "One row that changes.", NewRow = "new_row": "A further row for each operation.",
    }
    /// The name of the member with the transaction's type.
    transaction_type_key: TransactionTypeKey {
        Underscore = "underscore", Hyphen = "hyphen", Both = "both": "Both members.",
    }
    /// The order of transactions in a list.
    transactions_order: TransactionsOrder {
        Oldest = "oldest", Newest = "newest", Random = "random": "Another order at each read.",
    }
    /// How often a list has each transaction, under the same id.
    rows_listed: RowsListed { Once = "once", Twice = "twice", }
    /// The type of `status` in errors.
    status_kind: StatusKind { Int = "int", String = "string", }
    /// The result of canceling a transaction.
    cancel_manual: CancelManual {
        Unsupported = "422_unsupported", Done = "200": "An authorization no longer counts.",
    }
    /// The status of a second cancellation of an order.
    second_cancel: SecondCancel { Done = "200", Unprocessable = "422", }
    /// The effect of canceling an order on its authorizations.
    cancel_frees_authorized: CancelFreesAuthorized {
        PaymentKept = "payment_kept": "None.",
        Unpaid = "unpaid": "They no longer count, and an order without other payments is unpaid.",
    }
    /// The form of the response with a token.
    token_shape: TokenShape { Flat = "flat", InData = "in_data": "The members are in `data`.", }
    /// The status of the response with a token.
    token_status: TokenStatus { Done = "200", Created = "201", }
    /// The token's lifetime in that response.
    expires_in: ExpiresIn { Number = "number", Text = "text", Absent = "absent": "Left out.", }
    /// The status for a wrong application key.
    token_refusal: TokenRefusal { Unauthorized = "401", BadRequest = "400", }
    /// Whether an implicit token may pay with the manual gateway. Otherwise: 403.
    implicit_may_pay_manual: ImplicitMayPayManual { Yes = "yes", No = "no", }
    /// The status for an unknown transaction.
    unknown_transaction: UnknownTransaction { NotFound = "404", BadRequest = "400", }
    /// The order's `balance_owing` when nothing is owed, or less than nothing.
    balance_member: BalanceMember {
        Stated = "stated": "Zero or negative.", MissingWhenSettled = "missing_when_settled": "Left out.",
    }
    ;
    order_lag_s: u64 = [0, 60], "The age of the state that a read of one order shows.";
    rows_lag_s: u64 = [0, 60], "The age of the state that a read of an order's transactions shows.";
    list_lag_s: u64 = [0, 60], "The age of the state that the list of orders shows.";
    balance_excess: u64 = [0, 1000], "`balance_owing` above the total less `authorized` and `paid`.";
    token_lifetime_s: u64 = [3600, 60], "The lifetime of a token.";
    reference_max: Option<usize> = [None, Some(64), Some(255)], "The most characters of a reference.";
    rate_per_s: Option<u32> = [None, Some(25)], "Requests per second; 429 above.";
    retry_after_s: Option<u32> = [None, Some(1)], "`Retry-After` of a 429 from the rate limit.";
}

impl Settings {
    /// The same, with all reads as late as this.
    #[must_use]
    pub fn late(self, by_s: u64) -> Self {
        Self { order_lag_s: by_s, rows_lag_s: by_s, list_lag_s: by_s, ..self }
    }
}
