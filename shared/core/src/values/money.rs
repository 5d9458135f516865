//! Money: a currency, and an amount in its minor unit.
//!
//! An amount is a whole number of minor units (2599 is 25.99 USD, 500 JPY, 2.599 KWD). There is no
//! arithmetic that can overflow and no floating point; only the edges turn an amount into text.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::SignedAmount;

/// The text is not the ISO 4217 code of a currency that has a minor unit.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not the ISO 4217 code of a currency that can be paid in")]
pub struct UnknownCurrency;

/// An ISO 4217 currency that has a minor unit.
///
/// Gold (XAU), the test code (XTS), "no currency" (XXX) and the like have none, so no amount can be
/// stated in them and they are refused. Codes that ISO has withdrawn (HRK) stay readable, because
/// an order may have been stored while the code was in force. Serialized as its alphabetic code;
/// ordered by it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Currency {
    iso: iso_currency::Currency,
    exponent: u8,
}

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self { iso: iso_currency::Currency::USD, exponent: 2 };

    /// Reads an alphabetic code of exactly three letters.
    ///
    /// ISO 4217 writes capitals; small letters name the same currency and are accepted, as ECMA-402
    /// does. [`Currency::code`] always returns capitals.
    pub fn parse(text: &str) -> Result<Self, UnknownCurrency> {
        let iso = iso_currency::Currency::from_code(&text.to_ascii_uppercase()).ok_or(UnknownCurrency)?;
        let exponent = iso.exponent().and_then(|digits| u8::try_from(digits).ok()).ok_or(UnknownCurrency)?;
        Ok(Self { iso, exponent })
    }

    /// The alphabetic code in capitals: `USD`.
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// How many decimals the minor unit has: 0, 2, 3 or 4 (ISO 4217).
    pub fn exponent(self) -> u32 {
        u32::from(self.exponent)
    }

    /// The amount for a human, the same in every locale: `$25.99`, `$1,234,567.00`, `¥500`,
    /// `KWD 1.234`.
    ///
    /// The dollar sign is the US dollar's alone: `$12.00` must never be read where `CAD 12.00` is
    /// meant.
    pub fn format(self, amount: Amount) -> String {
        self.format_of(amount.0)
    }

    /// The same of a sum or a change: `-$5.00`.
    pub fn signed_format(self, amount: SignedAmount) -> String {
        let sign = if amount.is_negative() { "-" } else { "" };
        format!("{sign}{}", self.format_of(amount.minor().unsigned_abs()))
    }

    fn format_of(self, minor: u64) -> String {
        let decimal = with_separators(&self.decimal_of(minor));
        match self.code() {
            "USD" => format!("${decimal}"),
            "EUR" => format!("€{decimal}"),
            "GBP" => format!("£{decimal}"),
            "JPY" => format!("¥{decimal}"),
            code => format!("{code} {decimal}"),
        }
    }

    /// The amount in major units, with exactly as many decimals as the currency has: `25.99`,
    /// `500`, `1.234`.
    pub fn decimal(self, amount: Amount) -> String {
        self.decimal_of(amount.0)
    }

    /// The same of a sum or a change, which can be negative and more than [`Amount::MAX`]: `-5.00`.
    pub fn signed_decimal(self, amount: impl Into<SignedAmount>) -> String {
        let amount = amount.into();
        let sign = if amount.is_negative() { "-" } else { "" };
        format!("{sign}{}", self.decimal_of(amount.minor().unsigned_abs()))
    }

    fn decimal_of(self, minor: u64) -> String {
        let decimals = usize::from(self.exponent);
        let scale = 10_u64.pow(self.exponent());
        let (major, minor) = (minor / scale, minor % scale);
        if decimals == 0 { major.to_string() } else { format!("{major}.{minor:0decimals$}") }
    }

    /// Reads an amount in major units: ASCII digits, then perhaps a point and at least one more
    /// digit.
    ///
    /// `20.5` is 20.50 USD. More decimals than the currency has are an error even if they are
    /// zeros: the writer of `20.505` means another currency or another unit. No sign, exponent,
    /// space or thousands separator.
    pub fn parse_decimal(self, text: &str) -> Result<Amount, AmountError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(AmountError::NotDecimal),
            Some(parts) => parts,
            None => (text, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(AmountError::NotDecimal);
        }
        let missing_decimals = usize::from(self.exponent)
            .checked_sub(fraction.len())
            .ok_or(AmountError::TooManyDecimals(self.exponent()))?;
        let digits = whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', missing_decimals));
        let minor = digits.map(|digit| u64::from(digit - b'0')).try_fold(0_u64, |sum, digit| {
            sum.checked_mul(10).and_then(|sum| sum.checked_add(digit)).ok_or(AmountError::TooLarge)
        })?;
        Amount::new(minor)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

// Not derived: the crate lists codes in an order of its own (XCG between AMD and AOA).
impl Ord for Currency {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// Why something is not an amount.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AmountError {
    /// More than [`Amount::MAX`], the most that the gateway can return.
    #[error("the amount is more than {} minor units", Amount::MAX.0)]
    TooLarge,
    /// Anything but digits with perhaps one point between them.
    #[error("the amount is not a decimal number such as 20.50")]
    NotDecimal,
    /// More decimals than the currency has, which is this many.
    #[error("the amount has more decimals than its currency, which has {0}")]
    TooManyDecimals(u32),
}

/// An amount of money in minor units, from zero to [`Amount::MAX`]. It does not know its currency.
///
/// Serialized as an integer; a stored or received number above the maximum is refused.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Amount(u64);

impl Amount {
    /// No money, such as the amount of an authorization that only verifies a card.
    pub const ZERO: Self = Self(0);

    /// 999999999.99: the most that fits the 12 characters in which the gateway returns an amount
    /// (`docs/cardpointe.md`, *Amounts, dates and order ids*), so no amount can be sent that could
    /// not be read back.
    pub const MAX: Self = Self(99_999_999_999);

    /// An amount of that many minor units, or [`AmountError::TooLarge`].
    pub fn new(minor: u64) -> Result<Self, AmountError> {
        if minor > Self::MAX.0 { Err(AmountError::TooLarge) } else { Ok(Self(minor)) }
    }

    /// The amount in minor units, such as cents; the currency says how many make up its unit.
    pub fn minor(self) -> u64 {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The sum, or nothing if it is more than [`Amount::MAX`].
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(|minor| Self::new(minor).ok())
    }

    /// The sum of parts whose whole is an amount, such as the refunds of one payment.
    ///
    /// Parts that were checked when they were made cannot come to more than [`Amount::MAX`]. If
    /// they do all the same, the sum is that maximum, which leaves nothing to capture or refund.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().try_fold(Self::ZERO, Self::checked_add).unwrap_or(Self::MAX)
    }

    /// The difference, or nothing if `other` is more.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The same amount, taken off.
    #[must_use]
    pub fn negative(self) -> SignedAmount {
        SignedAmount::net([], [self])
    }

    /// `part` in `all` of the amount, a half rounded up, as gateways document it of fees. Nothing
    /// if there is no `all`, or if it is more than [`Amount::MAX`].
    #[must_use]
    pub fn share(self, part: u128, all: u128) -> Option<Self> {
        let doubled = u128::from(self.0).checked_mul(part)?.checked_mul(2)?.checked_add(all)?;
        let share = doubled.checked_div(all.checked_mul(2)?)?;
        u64::try_from(share).ok().and_then(|minor| Self::new(minor).ok())
    }
}

impl TryFrom<u64> for Amount {
    type Error = AmountError;

    fn try_from(minor: u64) -> Result<Self, Self::Error> {
        Self::new(minor)
    }
}

impl From<Amount> for u64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

impl From<Amount> for SignedAmount {
    fn from(amount: Amount) -> Self {
        Self::net([amount], [])
    }
}

impl SignedAmount {
    /// The sum of some amounts, less the sum of others. Exact: each has at most 37 bits, so 64 bits
    /// hold 2^26 amounts.
    #[must_use]
    pub fn net<const N: usize, const M: usize>(added: [Amount; N], taken_off: [Amount; M]) -> Self {
        const { assert!(N + M < 1 << 26, "so many amounts may come to more than 64 bits") };
        let minor = |amount: &Amount| amount.0.cast_signed();
        Self::new(added.iter().map(minor).sum::<i64>() - taken_off.iter().map(minor).sum::<i64>())
    }

    /// The same as an amount. Nothing if it is negative, or more than [`Amount::MAX`].
    pub fn amount(self) -> Option<Amount> {
        u64::try_from(self.minor()).ok().and_then(|minor| Amount::new(minor).ok())
    }
}

/// Groups the digits before the decimal point: `1234567.89` becomes `1,234,567.89`.
fn with_separators(decimal: &str) -> String {
    let whole = decimal.find('.').unwrap_or(decimal.len());
    let mut out = String::new();
    for (at, c) in decimal.char_indices() {
        if (1..whole).contains(&at) && (whole - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn amount(minor: u64) -> Amount {
        Amount::new(minor).unwrap()
    }

    /// Every three-letter text that is a currency.
    fn all_currencies() -> Vec<Currency> {
        let letters = || b'A'..=b'Z';
        letters()
            .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])))
            .filter_map(|code| Currency::parse(std::str::from_utf8(&code).unwrap()).ok())
            .collect()
    }

    #[test]
    fn a_wrong_exponent_would_be_a_hundredfold_error() {
        // ISO 4217 list one, minor unit column; currencies not named here have two.
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        let three = "BHD IQD JOD KWD LYD OMR TND";
        let four = "CLF UYW";
        let all = all_currencies();
        for currency in &all {
            let listed_in = |list: &str| list.split(' ').any(|code| code == currency.code());
            let expected = match () {
                () if listed_in(none) => 0,
                () if listed_in(three) => 3,
                () if listed_in(four) => 4,
                () => 2,
            };
            assert_eq!(currency.exponent(), expected, "{currency}");
        }
        let codes: Vec<_> = all.iter().map(|currency| currency.code()).collect();
        for listed in [none, three, four].join(" ").split(' ') {
            assert!(codes.contains(&listed), "{listed}");
        }
        assert!(codes.is_sorted() && all.is_sorted());
        assert!(all.len() > 160);
    }

    #[test]
    fn the_named_dollar_is_the_parsed_dollar() {
        assert_eq!(currency("USD"), Currency::USD);
    }

    #[test]
    fn a_code_without_a_minor_unit_is_no_currency() {
        for code in ["XAU", "XAG", "XPT", "XPD", "XXX", "XTS", "XDR", "XBA", "AAA"] {
            assert_eq!(Currency::parse(code), Err(UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn only_three_ascii_letters_are_a_code() {
        for text in ["", "US", "USDX", " USD", "USD ", "840", "U$D", "ＵＳＤ", "éU", "uſd", "ﬀd", "€"]
        {
            assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text}");
        }
        assert_eq!(currency("usd").code(), "USD");
        assert_eq!(currency("eUr").code(), "EUR");
    }

    #[test]
    fn a_currency_is_stored_as_its_code() {
        assert_eq!(serde_json::to_string(&currency("kwd")).unwrap(), "\"KWD\"");
        assert_eq!(serde_json::from_str::<Currency>("\"KWD\"").unwrap(), currency("KWD"));
        assert!(serde_json::from_str::<Currency>("\"XXX\"").is_err());
        assert!(serde_json::from_str::<Currency>("840").is_err());
    }

    #[test]
    fn a_hundred_minor_units_are_one_dollar_and_a_hundred_yen() {
        let cases = [
            ("USD", 100, "$1.00", "1.00"),
            ("USD", 2599, "$25.99", "25.99"),
            ("USD", 0, "$0.00", "0.00"),
            ("USD", 5, "$0.05", "0.05"),
            ("USD", 1_234_567, "$12,345.67", "12345.67"),
            ("JPY", 500, "¥500", "500"),
            ("EUR", 2050, "€20.50", "20.50"),
            ("GBP", 99, "£0.99", "0.99"),
            ("KWD", 1234, "KWD 1.234", "1.234"),
            ("CAD", 1200, "CAD 12.00", "12.00"),
            ("CNY", 1200, "CNY 12.00", "12.00"),
            ("CLF", 1, "CLF 0.0001", "0.0001"),
            ("USD", Amount::MAX.minor(), "$999,999,999.99", "999999999.99"),
            ("USD", 99_999, "$999.99", "999.99"),
            ("USD", 100_000, "$1,000.00", "1000.00"),
            ("CAD", 123_456_789, "CAD 1,234,567.89", "1234567.89"),
            ("JPY", 1_234_567, "¥1,234,567", "1234567"),
            ("KWD", 123_456_789, "KWD 123,456.789", "123456.789"),
        ];
        for (code, minor, formatted, decimal) in cases {
            assert_eq!(currency(code).format(amount(minor)), formatted);
            assert_eq!(currency(code).decimal(amount(minor)), decimal);
        }
    }

    #[test]
    fn the_largest_amount_fits_the_gateways_field_in_every_currency() {
        for currency in all_currencies() {
            assert!(currency.decimal(Amount::MAX).len() <= 12, "{currency}");
        }
    }

    #[test]
    fn fewer_decimals_are_filled_up_and_more_are_refused() {
        let usd = Currency::USD;
        for (text, minor) in [("20.5", 2050), ("20.50", 2050), ("20", 2000), ("0.01", 1), ("007.10", 710)] {
            assert_eq!(usd.parse_decimal(text), Ok(amount(minor)), "{text}");
        }
        for text in ["20.505", "20.500"] {
            assert_eq!(usd.parse_decimal(text), Err(AmountError::TooManyDecimals(2)), "{text}");
        }
        let yen = currency("JPY");
        assert_eq!(yen.parse_decimal("500"), Ok(amount(500)));
        assert_eq!(yen.parse_decimal("500.00"), Err(AmountError::TooManyDecimals(0)));
        assert_eq!(currency("KWD").parse_decimal("1.2"), Ok(amount(1200)));
    }

    #[test]
    fn anything_but_plain_digits_is_no_amount() {
        let texts = [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1,00", "1,000.00", "1 000", " 1", "1 ", "1.2.3", "0x10",
            "$1", "NaN", "٣", "１", "1_0", "1.-5", "1.+5",
        ];
        for text in texts {
            assert_eq!(Currency::USD.parse_decimal(text), Err(AmountError::NotDecimal), "{text}");
        }
    }

    #[test]
    fn an_amount_too_large_for_the_gateway_cannot_exist() {
        let above = Amount::MAX.minor() + 1;
        assert_eq!(Amount::new(above), Err(AmountError::TooLarge));
        assert_eq!(Amount::new(u64::MAX), Err(AmountError::TooLarge));
        assert_eq!(Amount::MAX.checked_add(amount(1)), None);
        assert_eq!(Currency::USD.parse_decimal("999999999.99"), Ok(Amount::MAX));
        for text in ["1000000000.00", "18446744073709551616", "99999999999999999999999999999999"] {
            assert_eq!(Currency::USD.parse_decimal(text), Err(AmountError::TooLarge), "{text}");
        }
        assert_eq!(AmountError::TooLarge.to_string(), "the amount is more than 99999999999 minor units");
    }

    #[test]
    fn a_sum_of_parts_never_wraps_to_less() {
        assert_eq!(Amount::sum([]), Amount::ZERO);
        assert_eq!(Amount::sum([amount(1), amount(2), amount(3)]), amount(6));
        assert_eq!(Amount::sum([Amount::MAX, amount(1), amount(5)]), Amount::MAX);
    }

    #[test]
    fn a_received_number_is_checked_like_any_other() {
        assert_eq!(serde_json::from_str::<Amount>("2599").unwrap(), amount(2599));
        assert_eq!(serde_json::to_string(&amount(2599)).unwrap(), "2599");
        for json in ["99999999999.0", "100000000000", "-1", "25.99", "\"2599\"", "null", "1e3"] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    fn any_amount() -> impl Strategy<Value = Amount> {
        prop_oneof![0..=20_000_u64, 0..=Amount::MAX.minor()].prop_map(amount)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_in_every_currency(
            amount in any_amount(),
            currency in prop::sample::select(all_currencies()),
        ) {
            prop_assert_eq!(currency.parse_decimal(&currency.decimal(amount)), Ok(amount));
        }

        #[test]
        fn reading_any_text_never_panics_and_never_invents_digits(text in "[-+0-9.,e ]{0,24}|\\PC{0,12}") {
            if let Ok(amount) = Currency::USD.parse_decimal(&text) {
                let written = Currency::USD.decimal(amount);
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                let significant = whole.trim_start_matches('0');
                let whole = if significant.is_empty() { "0" } else { significant };
                prop_assert_eq!(written, format!("{whole}.{fraction:0<2}"));
            }
        }

        #[test]
        fn a_sum_is_exact_or_refused(a in any_amount(), b in any_amount()) {
            match a.checked_add(b) {
                Some(sum) => {
                    prop_assert_eq!(sum.minor(), a.minor() + b.minor());
                    prop_assert_eq!(sum.checked_sub(b), Some(a));
                }
                None => prop_assert!(a.minor() + b.minor() > Amount::MAX.minor()),
            }
            prop_assert_eq!(a.checked_sub(b).is_none(), b > a);
        }
    }

    #[test]
    fn a_change_has_a_sign_only_below_zero() {
        assert_eq!(Currency::USD.signed_format(SignedAmount::new(-123_456)), "-$1,234.56");
        assert_eq!(Currency::USD.signed_format(SignedAmount::new(5)), "$0.05");
        for (minor, text) in
            [(-500, "-5.00"), (-1, "-0.01"), (0, "0.00"), (1, "0.01"), (i64::MIN, "-92233720368547758.08")]
        {
            assert_eq!(Currency::USD.signed_decimal(SignedAmount::new(minor)), text);
        }
    }

    #[test]
    fn a_currency_is_shown_as_its_code() {
        assert_eq!(Currency::USD.to_string(), "USD");
    }
}
