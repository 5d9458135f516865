//! Amounts as they are typed: `20`, `20.0` and `20.00` are the same dollars.

use tollgate_core::values::{Amount, AmountError, Currency};

use crate::failure::Failure;

/// Most decimals of any currency (ISO 4217).
const DECIMALS_MAX: usize = 4;

/// An amount that is shown as an example, in minor units.
const EXAMPLE_MINOR: u64 = 2_599;

/// The amount of an argument. The error names the argument, and how many decimals the currency has.
pub(crate) fn in_currency(argument: &str, text: &str, currency: Currency) -> Result<Amount, Failure> {
    currency.parse_decimal(text).map_err(|error| {
        let why = match (error, currency.exponent()) {
            (AmountError::TooLarge, _) => format!("is more than {}", currency.decimal(Amount::MAX)),
            (_, 0) => format!("is no amount of {currency}, which has no decimals{}", example(currency)),
            (_, decimals) => {
                format!(
                    "is no amount of {currency}, which has up to {decimals} decimals{}",
                    example(currency)
                )
            }
        };
        Failure::Input(format!("{argument}: {text} {why}"))
    })
}

/// Checks an amount that can be of each of these currencies.
pub(crate) fn in_each(argument: &str, text: &str, currencies: &[Currency]) -> Result<(), Failure> {
    currencies.iter().try_for_each(|currency| in_currency(argument, text, *currency).map(drop))
}

/// An argument in minor units, if it is there. Those differ from currency to currency, so there has
/// to be one.
pub(crate) fn minor(
    argument: &str,
    text: Option<&String>,
    currencies: &[Currency],
) -> Result<Option<u64>, Failure> {
    match (text, currencies) {
        (None, _) => Ok(None),
        (Some(text), [currency]) => in_currency(argument, text, *currency).map(|amount| Some(amount.minor())),
        (Some(_), _) => Err(Failure::Input(format!("{argument} takes one --currency"))),
    }
}

fn example(currency: Currency) -> String {
    let amount = Amount::new(EXAMPLE_MINOR).unwrap_or_default();
    format!("; write it like {}", currency.decimal(amount))
}

/// Checks an amount whose currency is not known yet.
pub(crate) fn check(text: &str) -> Result<String, String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_good = is_digits(whole) && is_digits(decimals) && decimals.len() <= DECIMALS_MAX;
    if is_good { Ok(text.to_owned()) } else { Err("must be written like 20 or 25.99".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_as_many_decimals_as_it_is_typed_with_and_no_more_than_its_currency() {
        for (code, text, minor) in [
            ("USD", "20", 2_000),
            ("USD", "20.0", 2_000),
            ("USD", "20.00", 2_000),
            ("JPY", "20", 20),
            ("KWD", "20", 20_000),
        ] {
            let amount = in_currency("--amount", text, code.parse().unwrap());
            assert_eq!(amount.ok().unwrap().minor(), minor, "{code} {text}");
        }
        for (code, text, says) in [
            (
                "USD",
                "20.001",
                "--amount: 20.001 is no amount of USD, which has up to 2 decimals; write it like 25.99",
            ),
            ("USD", "20,00", "up to 2 decimals"),
            ("JPY", "20.00", "JPY, which has no decimals; write it like 2599"),
            ("USD", "1000000000", "--amount: 1000000000 is more than 999999999.99"),
        ] {
            let failure = in_currency("--amount", text, code.parse().unwrap()).unwrap_err();
            assert!(failure.text().contains(says), "{code} {text}: {}", failure.text());
        }
        for (text, is_good) in
            [("20", true), ("20.0001", true), ("20.", false), ("20.00001", false), ("$20", false)]
        {
            assert_eq!(check(text).is_ok(), is_good, "{text}");
        }
    }
}
