//! What a merchant was notified of, as it is stored with its operation.

use tollgate_core::{
    order::operation::{Notice, NoticeReason},
    payments::store::StoreError,
    values::carried::Carried,
};

use crate::dynamodb::{
    Item,
    members::{Name, Reader, Writer},
};

/// The operation's member with its list of notices.
pub(super) const NOTICES: Name = Name("notices", "");

const ABOUT: Name = Name("about", "");
const ATTEMPT: Name = Name("n", "attempts");
const AT: Name = Name("w", "at");

pub(super) fn notice(notice: &Notice) -> Item {
    let mut writer = Writer::default();
    writer.word(ABOUT, notice.reason.word());
    writer.number(ATTEMPT, notice.attempt);
    writer.moment(AT, notice.at);
    writer.finish(&notice.carried)
}

pub(super) fn read_notice(mut members: Reader) -> Result<Notice, StoreError> {
    let reason = members.word(ABOUT, NoticeReason::Unrecognized, NoticeReason::from_name)?;
    let mut notice = Notice {
        reason: reason.unwrap_or(NoticeReason::Unrecognized),
        attempt: members.number(ATTEMPT)?,
        at: members.moment(AT)?,
        carried: Carried::default(),
    };
    members.carry(&mut notice.carried);
    Ok(notice)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_notice_whose_reason_only_a_newer_version_knows_is_written_again() {
        let known = Notice {
            reason: NoticeReason::InDoubtDay,
            attempt: 3,
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            carried: Carried::default(),
        };
        let mut item = notice(&known);
        assert_eq!(read_notice(Reader::new(item.clone())).unwrap(), known);
        item.insert(ABOUT.0.to_owned(), AttributeValue::S("to_come".to_owned()));
        let newer = read_notice(Reader::new(item.clone())).unwrap();
        assert_eq!((newer.reason, notice(&newer)), (NoticeReason::Unrecognized, item));
    }
}
