//! Expiry dates in the formats that the gateway reads.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The last month in which a card is good.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Expiry {
    year: i16,
    month: i8,
}

impl Expiry {
    pub(crate) fn new(year: i16, month: i8) -> Option<Self> {
        ((1..=12).contains(&month) && year > 0).then_some(Self { year, month })
    }

    /// MMYY, YYYYM, YYYYMM, YYYYMMDD, and month/year with a slash.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((month, year)) = text.split_once('/') {
            let year = match year.len() {
                2 => 2000 + number(year)?,
                4 => number(year)?,
                _ => return None,
            };
            return Self::new(year, month_number(month)?);
        }
        if !text.is_ascii() {
            return None;
        }
        match text.len() {
            4 => Self::new(2000 + number(&text[2..])?, month_number(&text[..2])?),
            5 | 6 => Self::new(number(&text[..4])?, month_number(&text[4..])?),
            8 => {
                let day = number(&text[6..])?;
                (1..=31).contains(&day).then_some(())?;
                Self::new(number(&text[..4])?, month_number(&text[4..6])?)
            }
            _ => None,
        }
    }

    /// As responses carry it: MMYY.
    pub(crate) fn mmyy(self) -> String {
        format!("{:02}{:02}", self.month, self.year % 100)
    }

    pub(crate) fn is_past(self, now: Timestamp) -> bool {
        let today = now.to_zoned(TimeZone::UTC).date();
        (self.year, self.month) < (today.year(), today.month())
    }
}

fn number(digits: &str) -> Option<i16> {
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

fn month_number(digits: &str) -> Option<i8> {
    if digits.len() > 2 { None } else { number(digits).and_then(|month| i8::try_from(month).ok()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accepted_form_means_the_same_month() {
        for text in ["0930", "20309", "203009", "20300930", "9/2030", "09/30"] {
            assert_eq!(Expiry::parse(text).map(Expiry::mmyy), Some("0930".to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["", "1330", "0030", "ab30", "093", "2030-09", "20301301", "20300900", "1/1/30", "é30"] {
            assert_eq!(Expiry::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_card_is_good_until_the_end_of_its_month() {
        let expiry = Expiry::new(2030, 9).unwrap();
        assert!(!expiry.is_past("2030-09-30T23:59:59Z".parse().unwrap()));
        assert!(expiry.is_past("2030-10-01T00:00:00Z".parse().unwrap()));
    }
}
