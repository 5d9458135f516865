//! Amounts: minor units inside, the gateway's formats outside.

use serde_json::Value;

/// The response's `amount` has room for twelve characters.
const MAX_MINOR: i64 = 99_999_999_999;
const MAX_LENGTH: usize = 14;

/// Why an amount cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AmountError {
    Malformed,
    TooLong,
    TooLarge,
}

/// Reads an amount in minor units. A value with a decimal point is in major units, and one without
/// is in minor units already, whether it is sent as text or as a JSON number: `"12.34"`, `12.34`,
/// `"1234"` and `1234` are the same. (`12.0` has a point in JSON, too.)
pub(crate) fn parse(value: &Value) -> Result<i64, AmountError> {
    let minor = match value {
        Value::String(text) => {
            let text = text.trim();
            if text.len() > MAX_LENGTH {
                return Err(AmountError::TooLong);
            }
            if text.contains('.') { major(text) } else { integer(text) }
        }
        Value::Number(number) if number.is_f64() => major(&number.to_string()),
        Value::Number(number) => integer(&number.to_string()),
        _ => None,
    };
    let minor = minor.ok_or(AmountError::Malformed)?;
    if minor.abs() > MAX_MINOR { Err(AmountError::TooLarge) } else { Ok(minor) }
}

/// Minor units as the gateway writes them: always two decimals.
pub(crate) fn format(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", minor / 100, minor % 100)
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i64>().ok()?.checked_mul(sign)
}

fn major(text: &str) -> Option<i64> {
    let (sign, digits) = split_sign(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = match fraction.len() {
        0 if !digits.contains('.') => "00".to_owned(),
        1 => format!("{fraction}0"),
        2 => fraction.to_owned(),
        _ => return None,
    };
    if whole.is_empty() {
        return None;
    }
    integer(&format!("{whole}{fraction}"))?.checked_mul(sign)
}

fn split_sign(text: &str) -> (i64, &str) {
    text.strip_prefix('-').map_or((1, text), |digits| (-1, digits))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_string_with_a_point_is_major_units_and_without_one_minor_units() {
        assert_eq!(parse(&json!("106.00")), Ok(10_600));
        assert_eq!(parse(&json!("111695")), Ok(111_695));
        assert_eq!(parse(&json!("100")), Ok(100));
        assert_eq!(parse(&json!("5.5")), Ok(550));
        assert_eq!(parse(&json!("-5.00")), Ok(-500));
    }

    #[test]
    fn a_json_integer_is_minor_units_and_a_json_decimal_major_units() {
        assert_eq!(parse(&json!(500)), Ok(500));
        assert_eq!(parse(&json!(0)), Ok(0));
        assert_eq!(parse(&json!(-500)), Ok(-500));
        assert_eq!(parse(&json!(5.25)), Ok(525));
        assert_eq!(parse(&json!(500.0)), Ok(50_000), "a point is a point");
        assert_eq!(parse(&json!(-5.5)), Ok(-550));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "abc", "1.234", "1.", ".5", "1e3", "--1", "-", "1,000.00", "1.-1", "+1"] {
            assert_eq!(parse(&json!(text)), Err(AmountError::Malformed), "{text}");
        }
        assert_eq!(parse(&json!(true)), Err(AmountError::Malformed));
        assert_eq!(parse(&json!(5.255)), Err(AmountError::Malformed));
        assert_eq!(parse(&json!(u64::MAX)), Err(AmountError::Malformed));
        assert_eq!(parse(&json!(100_000_000_000_i64)), Err(AmountError::TooLarge));
        assert_eq!(parse(&json!("000000000001.00")), Err(AmountError::TooLong));
        assert_eq!(parse(&json!("1000000000.00")), Err(AmountError::TooLarge));
    }

    #[test]
    fn answers_always_carry_two_decimals() {
        assert_eq!(format(5), "0.05");
        assert_eq!(format(123_456), "1234.56");
        assert_eq!(format(-250), "-2.50");
    }
}
