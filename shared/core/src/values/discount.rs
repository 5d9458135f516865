//! A merchant's discounts: the reduction of an amount by a code.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error as _};
use thiserror::Error;

use crate::values::{Amount, Currency, TextUse, check_kept};

/// Hundredths of a percent in the whole.
const WHOLE: u128 = 10_000;

/// Why a code takes nothing off.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DiscountError {
    /// The merchant has no such code for this product and currency.
    #[error("the merchant grants no such discount on this product in this currency")]
    Unknown,
    /// There would be nothing left to pay.
    #[error("the discount leaves nothing to pay")]
    LeavesNothing,
}

/// A merchant's discounts, one row for each code and product.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(transparent)]
pub struct Discounts(Vec<Discount>);

/// One row: a percentage, or a fixed amount for each currency.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
struct Discount {
    code: String,
    /// Absent in a row that holds for every product.
    product: Option<String>,
    /// In hundredths of a percent, so `"12.5"` in the document is 1250 here.
    #[serde(default, deserialize_with = "percent")]
    percent: Option<u64>,
    /// In minor units, an amount for each currency in which the discount is granted.
    #[serde(default)]
    amount: BTreeMap<Currency, Amount>,
}

impl Discounts {
    /// The reduction of an amount by the code. A percentage is rounded to the minor unit, halves
    /// up.
    pub fn on(
        &self,
        code: &str,
        product: Option<&str>,
        amount: Amount,
        currency: Currency,
    ) -> Result<Amount, DiscountError> {
        let fits = |row: &&Discount| {
            row.code == code
                && row.product.as_deref().is_none_or(|of| product.is_some_and(|named| named == of))
        };
        let taken = self.0.iter().filter(fits).find_map(|row| row.taken_off(amount, currency));
        let taken = taken.ok_or(DiscountError::Unknown)?;
        if taken < amount { Ok(taken) } else { Err(DiscountError::LeavesNothing) }
    }

    /// Whether every row grants something, and one thing only, under texts that can be kept with a
    /// payment.
    pub fn are_sound(&self) -> bool {
        self.0.iter().all(|row| {
            let fixed = !row.amount.is_empty() && row.amount.values().all(|amount| !amount.is_zero());
            let texts = std::iter::once(&row.code).chain(&row.product);
            texts.into_iter().all(|text| check_kept(text, TextUse::Words).is_ok())
                && !row.code.is_empty()
                && row.percent.is_some() != fixed
                && (fixed || row.amount.is_empty())
        })
    }
}

impl Discount {
    fn taken_off(&self, amount: Amount, currency: Currency) -> Option<Amount> {
        match self.percent {
            Some(percent) => amount.share(percent.into(), WHOLE),
            None => self.amount.get(&currency).copied(),
        }
    }
}

/// A percentage as text, up to two decimals, more than 0 and less than 100; in hundredths.
fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
    let digits =
        |text: &str, max| (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 2) || !digits(decimals, 2) {
        return Err(D::Error::custom("not a percentage such as 12.5"));
    }
    let hundredths: u64 = format!("{whole}{decimals:0<2}").parse().map_err(D::Error::custom)?;
    if hundredths == 0 { Err(D::Error::custom("nothing is no discount")) } else { Ok(Some(hundredths)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Discounts {
        let json = r#"[
            {"code": "1234", "product": "Storage", "percent": "10"},
            {"code": "1234", "product": "Desk", "percent": "12.5"},
            {"code": "WELCOME", "amount": {"USD": 500}}
        ]"#;
        serde_json::from_str(json).unwrap()
    }

    fn on(code: &str, product: Option<&str>, minor: u64, currency: &str) -> Result<u64, DiscountError> {
        let amount = Amount::new(minor).unwrap();
        table().on(code, product, amount, Currency::parse(currency).unwrap()).map(Amount::minor)
    }

    #[test]
    fn a_discount_is_granted_for_its_code_product_and_currency_only() {
        assert_eq!(on("1234", Some("Storage"), 2050, "USD"), Ok(205));
        assert_eq!(on("1234", Some("Desk"), 2050, "EUR"), Ok(256));
        assert_eq!(on("1234", Some("storage"), 2050, "USD"), Err(DiscountError::Unknown));
        assert_eq!(on("1234", None, 2050, "USD"), Err(DiscountError::Unknown));
        assert_eq!(on("12345", Some("Storage"), 2050, "USD"), Err(DiscountError::Unknown));
        assert_eq!(on("WELCOME", None, 2050, "USD"), Ok(500));
        assert_eq!(on("WELCOME", Some("Desk"), 2050, "USD"), Ok(500));
        assert_eq!(on("WELCOME", None, 2050, "EUR"), Err(DiscountError::Unknown));
    }

    #[test]
    fn a_percentage_is_rounded_to_the_cent_with_halves_up_and_never_overflows() {
        assert_eq!(on("1234", Some("Storage"), 5, "USD"), Ok(1));
        assert_eq!(on("1234", Some("Storage"), 4, "USD"), Ok(0));
        assert_eq!(on("1234", Some("Desk"), 2, "USD"), Ok(0));
        assert_eq!(on("1234", Some("Storage"), Amount::MAX.minor(), "USD"), Ok(10_000_000_000));
    }

    #[test]
    fn something_is_always_left_to_pay() {
        assert_eq!(on("WELCOME", None, 500, "USD"), Err(DiscountError::LeavesNothing));
        assert_eq!(on("WELCOME", None, 501, "USD"), Ok(500));
    }

    #[test]
    fn a_table_that_could_be_misread_is_refused() {
        for percent in [r#""0""#, r#""100""#, r#""-5""#, r#""1.234""#, r#""5%""#, "5", r#""""#, r#"".5""#] {
            let row = format!(r#"[{{"code": "A", "percent": {percent}}}]"#);
            assert!(serde_json::from_str::<Discounts>(&row).is_err(), "{percent}");
        }
        for row in [
            r#"[{"code": "A"}]"#,
            r#"[{"code": "", "percent": "5"}]"#,
            r#"[{"code": "A", "percent": "5", "amount": {"USD": 1}}]"#,
            r#"[{"code": "A", "amount": {"USD": 0}}]"#,
            r#"[{"code": "4111/1111/1111/1111", "percent": "5"}]"#,
            r#"[{"code": "A", "product": "\u202eb", "percent": "5"}]"#,
        ] {
            assert!(!serde_json::from_str::<Discounts>(row).unwrap().are_sound(), "{row}");
        }
        assert!(serde_json::from_str::<Discounts>(r#"[{"code": "A", "percents": "5"}]"#).is_err());
        assert!(table().are_sound());
    }
}
