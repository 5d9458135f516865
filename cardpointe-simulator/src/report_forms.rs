//! The forms of amounts, ids, dates and missing values in an account's reports.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::{
    amount,
    settings::{AmountForm, DateForm, HostbatchForm, IdForm, NullForm, ReportSettings},
};

/// How an account's reports write things.
#[derive(Clone, Copy)]
pub(crate) struct Forms(pub(crate) ReportSettings);

impl Forms {
    /// Minor units, as the reports have them. Nothing is "0" also where amounts have a point.
    pub(crate) fn amount(self, minor_units: i64) -> Value {
        match self.0.amount_form {
            AmountForm::Decimal if minor_units == 0 => json!("0"),
            AmountForm::Decimal => json!(amount::format(minor_units)),
            AmountForm::MinorNumber => json!(minor_units),
            AmountForm::MinorText => json!(minor_units.to_string()),
        }
    }

    pub(crate) fn id(self, number: i64) -> Value {
        match self.0.id_form {
            IdForm::Text => json!(number.to_string()),
            IdForm::Number => json!(number),
        }
    }

    pub(crate) fn date(self, date: Date) -> Value {
        match self.0.date_form {
            DateForm::Dashes => json!(date.to_string()),
            DateForm::Plain => json!(date.strftime("%Y%m%d").to_string()),
        }
    }

    /// Adds a member, or the value that stands for none.
    pub(crate) fn put(self, members: &mut Map<String, Value>, name: &str, value: Option<Value>) {
        let value = match (value, self.0.null_form) {
            (Some(value), _) => value,
            (None, NullForm::Null) => Value::Null,
            (None, NullForm::Text) => json!("null"),
            (None, NullForm::Empty) => json!(""),
            (None, NullForm::Absent) => return,
        };
        members.insert(name.to_owned(), value);
    }

    /// The processor's number of a batch, by the gateway's.
    pub(crate) fn hostbatch(self, batchid: &str) -> Option<String> {
        match self.0.hostbatch_form {
            HostbatchForm::Previous => {
                let number = batchid.parse::<u64>().ok();
                Some(number.map_or_else(|| batchid.to_owned(), |number| number.saturating_sub(1).to_string()))
            }
            HostbatchForm::Padded => Some(format!("{batchid:0>10}")),
            HostbatchForm::Same => Some(batchid.to_owned()),
            HostbatchForm::Absent => None,
        }
    }
}
