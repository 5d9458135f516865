//! Response codes that a fault can request.

use super::Stat::{B, C};
use super::{Processor, Stat, Verdict, pps, pstr};

/// Published codes of the gateway that the simulator never returns on its own; and of processors
/// that it has no merchant accounts for, the ones that a client must not take for a plain decline.
const OTHERS: [(&str, &str, Stat, &str); 32] = [
    ("PPS", "12", C, "Invalid track"),
    ("PPS", "16", C, "Card expired"),
    ("PPS", "18", C, "CardDefense Review"),
    ("PPS", "19", C, "CardDefense Decline"),
    ("PPS", "22", C, "No auth route"),
    ("PPS", "23", C, "No auth queue"),
    ("PPS", "35", C, "No postal code"),
    ("PPS", "36", C, "Duplicate sequence"),
    ("PPS", "37", C, "CVV mismatch"),
    ("PPS", "41", C, "Below min amount"),
    ("PPS", "44", C, "Prepaid not supported"),
    ("PPS", "61", B, "Line down"),
    ("PPS", "63", C, "Bad resp format"),
    ("PPS", "64", C, "Bad HTTP header"),
    ("PPS", "65", C, "Socket close error"),
    ("PPS", "66", C, "Response mismatch"),
    ("PPS", "71", C, "EMV data not authorized"),
    ("PPS", "91", C, "No TokenSecure"),
    ("PPS", "92", C, "No Merchant table"),
    ("PPS", "93", C, "No Database"),
    ("PPS", "94", C, "No action"),
    ("PPS", "95", C, "Missing config"),
    ("PPS", "99", C, "Invalid card"),
    ("PPS", "101", C, "AVS Mismatch"),
    ("PPS", "102", C, "Service Fee Declined"),
    ("PPS", "103", C, "Service Fee Txn not found"),
    ("PPS", "105", C, "Invalid EMV"),
    ("PPS", "106", B, "Invalid method. Please insert card"),
    ("VANT", "94", C, "Duplicate transaction"),
    ("VANT", "98", C, "Duplicate transaction"),
    ("PSTR", "01", C, "Duplicate Transaction"),
    ("PMT", "234", C, "Duplicate order number"),
];

/// A response code, with the system that it is from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResponseCode(pub(crate) Verdict);

impl ResponseCode {
    /// Processors' codes for a duplicate, or for a transaction that is still in progress, as the
    /// gateway documents them.
    pub const DUPLICATES: [(&str, &str); 11] = [
        ("FNOR", "94"),
        ("RPCT", "385"),
        ("RPCT", "772"),
        ("RPCT", "774"),
        ("RPCT", "776"),
        ("RPCT", "913"),
        ("RPCT", "923"),
        ("VANT", "94"),
        ("VANT", "98"),
        ("PSTR", "01"),
        ("PMT", "234"),
    ];

    /// The processor did not respond to the gateway within 31 s: PPS 62, respstat B.
    pub const TIMED_OUT: Self = Self(pps::TIMED_OUT);

    /// The code of a system: every one of FNOR, of RPCT and of the gateway itself (PPS), and some
    /// of VANT, PSTR and PMT.
    pub fn find(respproc: &str, respcode: &str) -> Option<Self> {
        if let Some(processor) = Processor::named(respproc) {
            return processor.find(respcode).map(Self);
        }
        let own = pps::ALL
            .iter()
            .chain(&pstr::ALL)
            .find(|known| known.processor == respproc && known.code == respcode);
        let others = || OTHERS.iter().find(|known| (known.0, known.1) == (respproc, respcode));
        own.copied().map(Self).or_else(|| {
            others().map(|&(processor, code, stat, text)| Self(Verdict { processor, code, stat, text }))
        })
    }

    /// The system that it is from: PPS is the gateway itself.
    pub fn respproc(self) -> &'static str {
        self.0.processor
    }

    /// The code as its system writes it, such as `62`.
    pub fn respcode(self) -> &'static str {
        self.0.code
    }

    /// A (approved), B (retry) or C (declined).
    pub fn respstat(self) -> &'static str {
        self.0.stat.letter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_for_a_duplicate_or_a_request_in_progress_can_be_requested() {
        for (respproc, respcode) in ResponseCode::DUPLICATES {
            let code = ResponseCode::find(respproc, respcode);
            let found = code.map(|code| (code.respproc(), code.respcode(), code.respstat()));
            assert_eq!(found, Some((respproc, respcode, "C")));
        }
    }

    #[test]
    fn every_published_code_of_the_gateway_can_be_requested() {
        let approved = ["00", "01", "08", "09", "26"];
        let to_repeat = ["61", "62", "106"];
        let declined = "11 12 13 14 15 16 17 18 19 21 22 23 24 25 27 28 29 31 32 33 34 35 36 37 38 39 41 42 \
                        43 44 45 46 48 63 64 65 66 70 71 91 92 93 94 95 96 97 98 99 101 102 103 104 105";
        let stats = [("A", approved.join(" ")), ("B", to_repeat.join(" ")), ("C", declined.to_owned())];
        let mut published = 0;
        for (stat, codes) in stats {
            for code in codes.split_whitespace() {
                let found = ResponseCode::find("PPS", code).map(ResponseCode::respstat);
                assert_eq!(found, Some(stat), "{code}");
                published += 1;
            }
        }
        assert_eq!(published, 61);
    }

    #[test]
    fn a_code_that_a_system_does_not_have_is_not_found() {
        for (respproc, respcode) in [("FNOR", "913"), ("PPS", "0"), ("NONE", "94"), ("", "")] {
            assert_eq!(ResponseCode::find(respproc, respcode), None);
        }
        let timed_out = ResponseCode::find("PPS", "62");
        assert_eq!(timed_out, Some(ResponseCode::TIMED_OUT));
    }
}
