//! Members that always have the same value, such as a resource's `type`.

/// Declares types with one value of a type of JSON.
macro_rules! constants {
    ($kind:literal: $type:ty: $($name:ident = $value:literal;)+) => {$(
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl $name {
            pub const VALUE: $type = $value;
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(&Self::VALUE, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                if value == Self::VALUE {
                    Ok(Self)
                } else {
                    Err(serde::de::Error::custom(concat!("is not ", stringify!($value))))
                }
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": $kind, "const": Self::VALUE})
            }
        }
    )+};
}

constants! {
    "string": &'static str:
    TransactionType = "transaction";
    OrderType = "order";
    ReceiptType = "receipt";
    UnreadableType = "unreadable";
    CapturesOfDayType = "captures_of_day";
    CardConnect = "card_connect";
    Unfulfilled = "unfulfilled";
    Empty = "";
    DepositType = "deposit";
    DepositLineType = "deposit_line";
    SettlementType = "settlement";
    ExceptionType = "settlement_exception";
    OutstandingType = "outstanding";
    EntryType = "entry";
    TotalType = "total";
    MonthType = "month";
    MonthRowType = "month_row";
    AuditEntryType = "audit_entry";
    GatewayType = "gateway";
    MeType = "me";
    PaymentMethodType = "payment-method";
    PersonType = "person";
    PersonChangeType = "person_change";
    StopType = "stop";
    SurchargeType = "surcharge";
    TestType = "test";
    WebhookType = "webhook";
    WebhookDeliveryType = "webhook_delivery";
    AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
    Bearer = "Bearer";
    CardConnectName = "CardConnect";
    Removed = "removed";
    Unlimited = "unlimited";
}

constants! {
    "boolean": bool:
    False = false;
    True = true;
}
