//! How a merchant account behaves where accounts differ, or where no public source tells.

use std::fmt;

use serde_json::{Map, Value, json};

/// Behavior that depends on how a merchant account is set up, or that no public source tells. A
/// client should work with each value of every setting.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one account")]
pub struct Settings {
    /// The account is open; if not, everything is refused with PPS 97. Default on.
    pub enabled: bool,
    /// A refund sent with its own order id is found by it. Off: it is filed under the order id of
    /// its sale. Default on.
    pub refunds_findable_by_orderid: bool,
    /// A refund that has its own order id is also found by its sale's. Default off.
    pub refunds_findable_by_payment_orderid: bool,
    /// `setlstat` of an approved refund. Default: the life of a payment.
    pub refund_setlstat: RefundSetlstat,
    /// Refunds take user fields, and inquiries show them. Off: they are ignored. Default on.
    pub refund_userfields: bool,
    /// Inquiries show a refund's amount with a minus sign. Default on.
    pub negative_refund_amounts: bool,
    /// A refund can be voided until its batch is sent. Default off: PPS 24.
    pub voidable_refunds: bool,
    /// Sales can be refunded before they have settled. Default off.
    pub refund_unsettled: bool,
    /// More than the authorized amount can be captured. Default off.
    pub over_capture: bool,
    /// A refund can be for less than the rest. Default on.
    pub partial_refunds: bool,
    /// Refunds are authorized by the processor, which can decline them; off, the gateway approves
    /// each itself (PPS 00, `REFUND`). Default on.
    pub online_refunds: bool,
    /// How the batch run ends for payments. Default: accepted.
    pub payments_settle_as: Settled,
    /// How the batch run ends for refunds. Default: accepted.
    pub refunds_settle_as: Settled,
    /// A capture that times out is done all the same. Default off.
    pub timed_out_captures_done: bool,
    /// A void that times out is done all the same. Default off.
    pub timed_out_voids_done: bool,
    /// The fate of a refund that times out. Default: it is not done.
    pub timed_out_refunds: TimedOutRefunds,
    /// The response to a payment or refund that timed out names the requested amount; off, 0.00.
    /// Default off.
    pub timed_out_amounts_in_responses: bool,
    /// The record of a payment or refund that timed out shows the requested amount; off, 0.00.
    /// Default off.
    pub timed_out_amounts_kept: bool,
    /// For so many seconds after an approval, the processor refuses an equal payment (card and
    /// amount) or an equal refund (payment and amount) as a duplicate: FNOR 94; RPCT 913 and 772.
    /// Default 0: never.
    pub duplicate_window_s: u32,
    /// Cards can be stored without an expiry. Default off: PPS 15.
    pub profiles_without_expiry: bool,
    /// The response to reading a profile that does not exist. Default: an object.
    pub missing_profile: MissingProfile,
    /// A scheduled payment on the merchant's initiative (`cof` M, `cofscheduled` Y) without
    /// `ecomind` R is declined. Default off.
    pub recurring_needs_ecomind: bool,
    /// The test cards' merchant advice comes only with a later payment of a series, on the
    /// merchant's initiative. Off: with every payment. Default on.
    pub advice_needs_series: bool,
    /// Inquiries show the card schemes' words about a decline. Default on.
    pub advice_in_inquiries: bool,
    /// The names of the members that carry the card schemes' words, in responses and inquiries.
    /// Default: as documented.
    pub scheme_members: SchemeMembers,
    /// How many days after settlement the money is in the merchant's account. Default 1. Which days
    /// count: [`ReportSettings::funding_days`].
    pub funding_after_days: u32,
    /// Bin data come with `success` true, as a client expects. Default off: only where there are
    /// none.
    pub bin_success: bool,
    /// Addresses are verified. Default on.
    pub avs: bool,
    /// Card verification values are verified. With `avs` off, a verification of 0.00 needs one.
    /// Default on.
    pub cvv: bool,
    /// Which fees the account takes from cardholders. Only surcharges are simulated; the others are
    /// shown by `inquireMerchant` and nothing else. Default: none.
    pub fee_type: FeeType,
    /// The rate of a surcharge, in hundredths of a percent. Default 300: 3 %.
    pub fee_basis_points: u32,
    /// Which of the two documented forms fee members have. Default: the guide's.
    pub fee_form: FeeForm,
    /// The amount that a capture, a void or a refund names for a part of a surcharged payment: the
    /// part without its fee, or with it. Default: without.
    pub fee_basis: FeeBasis,
    /// Which responses have fee members. Default: those that are documented.
    pub fee_members: FeeMembers,
    /// Refusals (declines, respstat B and the gateway's own codes) name the order id, too, where
    /// approvals do. Default on.
    pub orderid_in_refusals: bool,
    /// When the response to a void names the order id. Default: when the request has `receipt` Y.
    pub orderid_in_voids: VoidOrderId,
    /// The response to a card that cannot be read (PPS 11) repeats `account` and `expiry` as they
    /// were sent, but for card numbers. Default on.
    pub invalid_card_echoed: bool,
    /// The response to an authorization repeats its user fields. Default off.
    pub userfields_in_responses: bool,
    /// The response to an authorization repeats its signature. Default on.
    pub signature_in_responses: bool,
    /// The response to a request that names a merchant account of no site. It is the default
    /// account's setting that counts. Default: HTTP 401.
    pub unknown_merchid: UnknownMerchid,
    /// Payments from checking accounts are taken; off: PPS 48. Default on.
    pub echeck: bool,
    /// The merchant account that runs payments from checking accounts, which responses and records
    /// name. Default: 542041, as of the public test account. None: this one runs them.
    pub echeck_merchid: LinkedMerchid,
    /// Writes are accepted as POST as well as PUT; off, POST is refused with HTTP 405. Default on.
    pub accepts_post: bool,
    /// The merchant account that responses and records name in place of this one. Requests may name
    /// either. Default: none.
    pub linked_merchid: LinkedMerchid,
    /// Batches, deposits, and the forms of the reports on them.
    pub reports: ReportSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            refunds_findable_by_orderid: true,
            refunds_findable_by_payment_orderid: false,
            refund_setlstat: RefundSetlstat::LifeCycle,
            refund_userfields: true,
            negative_refund_amounts: true,
            voidable_refunds: false,
            refund_unsettled: false,
            over_capture: false,
            partial_refunds: true,
            online_refunds: true,
            payments_settle_as: Settled::Accepted,
            refunds_settle_as: Settled::Accepted,
            timed_out_captures_done: false,
            timed_out_voids_done: false,
            timed_out_refunds: TimedOutRefunds::NotDone,
            timed_out_amounts_in_responses: false,
            timed_out_amounts_kept: false,
            duplicate_window_s: 0,
            profiles_without_expiry: false,
            missing_profile: MissingProfile::Object,
            recurring_needs_ecomind: false,
            advice_needs_series: true,
            advice_in_inquiries: true,
            scheme_members: SchemeMembers::Stated,
            funding_after_days: 1,
            bin_success: false,
            avs: true,
            cvv: true,
            fee_type: FeeType::None,
            fee_basis_points: 300,
            fee_form: FeeForm::Guide,
            fee_basis: FeeBasis::Subtotal,
            fee_members: FeeMembers::Documented,
            orderid_in_refusals: true,
            orderid_in_voids: VoidOrderId::Receipt,
            invalid_card_echoed: true,
            userfields_in_responses: false,
            signature_in_responses: true,
            unknown_merchid: UnknownMerchid::Unauthorized,
            echeck: true,
            echeck_merchid: LinkedMerchid::new("542041").unwrap_or(LinkedMerchid::NONE),
            accepts_post: true,
            linked_merchid: LinkedMerchid::NONE,
            reports: ReportSettings::default(),
        }
    }
}

/// A setting that is one of a few words.
pub(crate) trait OneOfWords {
    fn get(&self) -> &'static str;

    /// All words of the setting.
    fn words(&self) -> &'static [&'static str];

    /// Changes it; the error lists the words.
    fn put(&mut self, word: &str) -> Result<(), String>;
}

/// An enumeration that is such a setting.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// The words of the control interface.
            pub(crate) const WORDS: &[&str] = &[$($word,)+];

            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            pub(crate) fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl $crate::settings::OneOfWords for $name {
            fn get(&self) -> &'static str {
                self.word()
            }

            fn words(&self) -> &'static [&'static str] {
                Self::WORDS
            }

            fn put(&mut self, word: &str) -> Result<(), String> {
                *self = Self::from_word(word).ok_or_else(|| format!("one of {}", Self::WORDS.join(", ")))?;
                Ok(())
            }
        }
    };
}

pub(crate) use words;

mod reports;

pub use reports::{
    AmountForm, AuthdateForm, DateForm, DepositForm, Deposits, FundingAccess, FundingDays, FundingWords,
    HostbatchForm, IdForm, NoBatches, NoDeposits, NullForm, ReportSettings, ReportZone, SettlestatForm,
    SettlestatMembers,
};

words! {
    /// `setlstat` of an approved refund. Rejected, voided and other refunds that did not go
    /// through show their state in each case.
    RefundSetlstat {
        /// "Queued for Capture", then "Accepted" with its own batch.
        LifeCycle = "life_cycle",
        /// "Refunded" from the start.
        Refunded = "refunded",
        /// Empty until it has settled.
        Empty = "empty",
        /// Left out until it has settled.
        Absent = "absent",
    }
}

words! {
    /// How the batch run ends for a transaction.
    Settled {
        /// Transmitted, and accepted for funding.
        Accepted = "accepted",
        /// Transmitted, and rejected for funding.
        Rejected = "rejected",
        /// Transmitted, and held because of its amount.
        UnderReview = "under_review",
        /// Not transmitted: invalid order or item data.
        FormatError = "format_error",
        /// Not settled: the token could not be decrypted.
        TokenDecrypt = "token_decrypt",
    }
}

words! {
    /// The fate of a refund that times out.
    TimedOutRefunds {
        /// Nothing: its record stays declined.
        NotDone = "not_done",
        /// It is done, and its record shows that at once.
        Done = "done",
        /// It is done, but its record shows the timeout until its batch has settled.
        DoneShownWhenSettled = "done_shown_when_settled",
    }
}

words! {
    /// When the response to a void names the order id.
    VoidOrderId {
        /// When the request has `receipt` Y.
        Receipt = "receipt",
        /// Whenever the payment has one.
        Always = "always",
        /// Never, because the reference lists no `receipt` among a void's members.
        Never = "never",
    }
}

/// The number of a linked merchant account, or none: up to 16 letters and digits.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub struct LinkedMerchid {
    text: [u8; Self::LONGEST],
    length: usize,
}

impl LinkedMerchid {
    const LONGEST: usize = 16;

    /// Without a linked account.
    pub const NONE: Self = Self { text: [0; Self::LONGEST], length: 0 };

    /// A linked account with this number; an empty one is none. `None`: it is too long, or has
    /// other characters.
    pub fn new(number: &str) -> Option<Self> {
        let fits = number.len() <= Self::LONGEST && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut linked = Self { length: number.len(), ..Self::NONE };
        fits.then(|| linked.text[..number.len()].copy_from_slice(number.as_bytes())).map(|()| linked)
    }

    /// The number, if there is one.
    pub fn text(&self) -> Option<&str> {
        let number = self.text.get(..self.length)?;
        std::str::from_utf8(number).ok().filter(|number| !number.is_empty())
    }
}

impl fmt::Debug for LinkedMerchid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(formatter)
    }
}

words! {
    /// The response to reading a profile that does not exist.
    MissingProfile {
        /// The refusal, as one object.
        Object = "object",
        /// The refusal, in an array.
        Array = "array",
        /// An array of nothing.
        Empty = "empty",
    }
}

words! {
    /// The response to a merchant account that does not exist.
    UnknownMerchid {
        /// HTTP 401, as to wrong credentials.
        Unauthorized = "unauthorized",
        /// PPS 21; to inquiries PPS 29.
        Refused = "refused",
    }
}

words! {
    /// The names of the members that carry the card schemes' words about a decline.
    SchemeMembers {
        /// As documented, such as `merchAdviceCode`.
        Stated = "stated",
        /// Not at all, as with a processor that does not pass them on.
        None = "none",
        /// In lower case, which one client reads as well.
        LowerCase = "lower_case",
    }
}

words! {
    /// Which fees a merchant account takes from cardholders.
    FeeType {
        None = "none",
        /// A surcharge on credit cards, within the payment.
        Surcharge = "surcharge",
        /// A convenience fee, which is a second transaction on another merchant account.
        Convenience = "convenience",
        /// A service fee, which is one, too.
        Service = "service",
    }
}

impl FeeType {
    /// The value of `fee_type` in `inquireMerchant`.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::None => "N",
            Self::Surcharge => "S",
            Self::Convenience => "C",
            Self::Service => "F",
        }
    }
}

words! {
    /// The form of fee members.
    FeeForm {
        /// The terminal guide's: `SURCHRG` or `SURCHRG_WAIVED`, and "300" for 3 %.
        Guide = "guide",
        /// The API reference's: `S`, and "3" for 3 %.
        Reference = "reference",
    }
}

words! {
    /// The amount that names a part of a surcharged payment.
    FeeBasis {
        /// The part without its fee, which the gateway adds.
        Subtotal = "subtotal",
        /// The part with its fee in it.
        Total = "total",
    }
}

words! {
    /// Which responses have fee members.
    FeeMembers {
        /// Authorizations all of them, inquiries all but `fee_amount`, other responses none.
        Documented = "documented",
        /// Every response that names a surcharged payment or its refund.
        Everywhere = "everywhere",
    }
}

/// A setting on its way from or to JSON.
enum Setting<'a> {
    Switch(&'a mut bool),
    /// With another value, for a search that cannot try all.
    Number(&'a mut u32, u32),
    Word(&'a mut dyn OneOfWords),
    LinkedMerchid(&'a mut LinkedMerchid),
}

impl Setting<'_> {
    fn get(&self) -> Value {
        match self {
            Self::Switch(switch) => json!(**switch),
            Self::Number(number, _) => json!(**number),
            Self::Word(word) => json!(word.get()),
            Self::LinkedMerchid(linked) => json!(linked.text().unwrap_or_default()),
        }
    }

    /// All values of a switch or word, some of others.
    fn values(&self) -> Vec<Value> {
        match self {
            Self::Switch(_) => vec![json!(false), json!(true)],
            Self::Number(_, other) => vec![json!(other)],
            Self::Word(word) => word.words().iter().map(|word| json!(word)).collect(),
            Self::LinkedMerchid(_) => vec![json!("542041"), json!("")],
        }
    }

    /// Changes the setting; the error lists the values.
    fn set(&mut self, value: &Value) -> Result<(), String> {
        match self {
            Self::Switch(switch) => {
                **switch = value.as_bool().ok_or("true or false")?;
                Ok(())
            }
            Self::Number(place, _) => {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                **place = number.ok_or("a whole number from 0")?;
                Ok(())
            }
            Self::Word(word) => word.put(value.as_str().unwrap_or_default()),
            Self::LinkedMerchid(place) => {
                let number = value.as_str().and_then(LinkedMerchid::new);
                **place = number.ok_or("up to 16 letters and digits, or an empty text")?;
                Ok(())
            }
        }
    }
}

impl Settings {
    fn by_name(&mut self) -> Vec<(&'static str, Setting<'_>)> {
        use Setting::{LinkedMerchid, Number, Switch, Word};
        let mut all = vec![
            ("enabled", Switch(&mut self.enabled)),
            ("refunds_findable_by_orderid", Switch(&mut self.refunds_findable_by_orderid)),
            ("refunds_findable_by_payment_orderid", Switch(&mut self.refunds_findable_by_payment_orderid)),
            ("refund_setlstat", Word(&mut self.refund_setlstat)),
            ("refund_userfields", Switch(&mut self.refund_userfields)),
            ("negative_refund_amounts", Switch(&mut self.negative_refund_amounts)),
            ("voidable_refunds", Switch(&mut self.voidable_refunds)),
            ("refund_unsettled", Switch(&mut self.refund_unsettled)),
            ("over_capture", Switch(&mut self.over_capture)),
            ("partial_refunds", Switch(&mut self.partial_refunds)),
            ("online_refunds", Switch(&mut self.online_refunds)),
            ("payments_settle_as", Word(&mut self.payments_settle_as)),
            ("refunds_settle_as", Word(&mut self.refunds_settle_as)),
            ("timed_out_captures_done", Switch(&mut self.timed_out_captures_done)),
            ("timed_out_voids_done", Switch(&mut self.timed_out_voids_done)),
            ("timed_out_refunds", Word(&mut self.timed_out_refunds)),
            ("timed_out_amounts_in_responses", Switch(&mut self.timed_out_amounts_in_responses)),
            ("timed_out_amounts_kept", Switch(&mut self.timed_out_amounts_kept)),
            ("duplicate_window_s", Number(&mut self.duplicate_window_s, 60)),
            ("profiles_without_expiry", Switch(&mut self.profiles_without_expiry)),
            ("missing_profile", Word(&mut self.missing_profile)),
            ("recurring_needs_ecomind", Switch(&mut self.recurring_needs_ecomind)),
            ("advice_needs_series", Switch(&mut self.advice_needs_series)),
            ("advice_in_inquiries", Switch(&mut self.advice_in_inquiries)),
            ("scheme_members", Word(&mut self.scheme_members)),
            ("funding_after_days", Number(&mut self.funding_after_days, 2)),
            ("bin_success", Switch(&mut self.bin_success)),
            ("avs", Switch(&mut self.avs)),
            ("cvv", Switch(&mut self.cvv)),
            ("fee_type", Word(&mut self.fee_type)),
            ("fee_basis_points", Number(&mut self.fee_basis_points, 250)),
            ("fee_form", Word(&mut self.fee_form)),
            ("fee_basis", Word(&mut self.fee_basis)),
            ("fee_members", Word(&mut self.fee_members)),
            ("orderid_in_refusals", Switch(&mut self.orderid_in_refusals)),
            ("orderid_in_voids", Word(&mut self.orderid_in_voids)),
            ("invalid_card_echoed", Switch(&mut self.invalid_card_echoed)),
            ("userfields_in_responses", Switch(&mut self.userfields_in_responses)),
            ("signature_in_responses", Switch(&mut self.signature_in_responses)),
            ("unknown_merchid", Word(&mut self.unknown_merchid)),
            ("echeck", Switch(&mut self.echeck)),
            ("echeck_merchid", LinkedMerchid(&mut self.echeck_merchid)),
            ("accepts_post", Switch(&mut self.accepts_post)),
            ("linked_merchid", LinkedMerchid(&mut self.linked_merchid)),
        ];
        all.extend(self.reports.by_name());
        all
    }

    /// The settings by the names of the control interface.
    pub(crate) fn to_json(mut self) -> Value {
        let members = self.by_name().into_iter().map(|(name, value)| (name.to_owned(), value.get()));
        members.collect::<Map<_, _>>().into()
    }

    /// The names of the control interface.
    pub(crate) fn names(mut self) -> Vec<&'static str> {
        self.by_name().into_iter().map(|(name, _)| name).collect()
    }

    /// Changes the settings that are named, all of them or none; the error names the one that is
    /// wrong, or that does not exist.
    pub(crate) fn change(&mut self, given: &Map<String, Value>) -> Result<(), String> {
        let names = self.names();
        if let Some(unknown) = given.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(format!("{unknown}: no such setting; there are {}", names.join(", ")));
        }
        let mut changed = *self;
        changed.apply(given)?;
        *self = changed;
        Ok(())
    }

    /// Other values that each setting could have: all of a switch or word, some of a number.
    pub(crate) fn candidates(mut self) -> Vec<(&'static str, Value)> {
        let settings = self.by_name().into_iter();
        let others = settings.flat_map(|(name, setting)| {
            let current = setting.get();
            setting
                .values()
                .into_iter()
                .filter(move |value| *value != current)
                .map(move |value| (name, value))
        });
        others.collect()
    }

    /// The settings that differ from the defaults.
    pub(crate) fn changes(self) -> Map<String, Value> {
        let defaults = Self::default().to_json();
        let Value::Object(all) = self.to_json() else { return Map::new() };
        all.into_iter().filter(|(name, value)| defaults[name.as_str()] != *value).collect()
    }

    /// Changes the settings that are named, and no other; the error names the one that is wrong.
    pub(crate) fn apply(&mut self, given: &Map<String, Value>) -> Result<(), String> {
        for (name, mut setting) in self.by_name() {
            if let Some(value) = given.get(name) {
                setting.set(value).map_err(|error| format!("{name}: {error}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_sent_again() {
        let mut changed = Settings::default();
        let other = json!({
            "refund_setlstat": "absent", "refund_userfields": false, "refunds_settle_as": "under_review", "timed_out_refunds": "done", "avs": false,
            "duplicate_window_s": 60, "missing_profile": "array",
            "fee_type": "surcharge", "fee_basis_points": 250, "fee_form": "reference", "fee_basis": "total",
            "fee_members": "everywhere", "orderid_in_refusals": false, "orderid_in_voids": "never",
            "accepts_post": false, "linked_merchid": "BCX100264539177",
            "advice_needs_series": false, "advice_in_inquiries": false, "scheme_members": "lower_case",
        });
        changed.apply(other.as_object().unwrap()).unwrap();
        let mut copy = Settings::default();
        copy.apply(changed.to_json().as_object().unwrap()).unwrap();
        assert_eq!(copy, changed);
        assert_ne!(changed, Settings::default());
    }

    #[test]
    fn every_word_names_its_own_value() {
        for word in Settled::WORDS {
            assert_eq!(Settled::from_word(word).map(Settled::word), Some(*word));
        }
        assert_eq!(Settled::from_word("settled"), None);
    }

    #[test]
    fn a_linked_account_is_up_to_16_letters_and_digits_or_none() {
        let number = |text: &str| LinkedMerchid::new(text).map(|linked| linked.text().map(ToOwned::to_owned));
        for text in ["1", "542041", "BCX100264539177", "0123456789ABCDEF"] {
            assert_eq!(number(text), Some(Some(text.to_owned())));
        }
        assert_eq!(number(""), Some(None));
        for text in ["0123456789ABCDEFG", "542-041", "../../x", "542041 ", "é"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_wrong_word_is_refused_with_the_right_ones() {
        let given = json!({ "refund_setlstat": "queued" });
        let error = Settings::default().apply(given.as_object().unwrap()).unwrap_err();
        assert_eq!(error, "refund_setlstat: one of life_cycle, refunded, empty, absent");
    }
}
