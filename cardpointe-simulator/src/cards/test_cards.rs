//! The test cards: the behavior of each, and the tokens that the real test system gave them.

use crate::codes::{Processor, Verdict};

/// A card's behavior, apart from that chosen by amounts and addresses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Script {
    /// Approved unless something else says no.
    #[default]
    None,
    /// Approved with the authorization code of the test table.
    Approve(&'static str),
    ReferToIssuer,
    DoNotHonor,
    Expired,
    InsufficientFunds,
    /// 6.00 and more is approved for 5.00.
    Partial,
    Timeout,
    /// Recurring payments with Mastercard's advice codes.
    MastercardAdvice,
    /// Recurring payments with Visa's categories and advice codes.
    VisaAdvice,
    /// The card scheme's own decline codes, by amount.
    Scheme(&'static [(&'static str, &'static str)]),
}

impl Script {
    pub(super) fn of(pan: &str) -> Self {
        use crate::codes::scheme;
        match pan {
            "4788250000121443" => Self::Approve("PPS009"),
            "5454545454545454" => Self::Approve("PPS010"),
            "371449635398431" => Self::Approve("PPS013"),
            "6011000995500000" => Self::Approve("PPS015"),
            "36438999960016" => Self::Approve("PPS012"),
            "3528000000000007" => Self::Approve("PPS007"),
            "4387751111111020" | "5442981111111023" | "6011000995511122" => Self::ReferToIssuer,
            "4387751111111038" | "5442981111111031" | "6011000995511130" => Self::DoNotHonor,
            "4387751111111046" | "5442981111111049" | "6011000995511148" => Self::Expired,
            "4387751111111053" | "5442981111111056" | "6011000995511155" => Self::InsufficientFunds,
            "4387750101010101" => Self::Partial,
            "4999006200620062" | "5111006200620062" | "6465006200620062" => Self::Timeout,
            "5442981111111064" => Self::MastercardAdvice,
            "4012000000000081" => Self::VisaAdvice,
            "4387751111111012" => Self::Scheme(scheme::VISA),
            "5442981111112021" => Self::Scheme(scheme::MASTERCARD),
            "6011000995512005" => Self::Scheme(scheme::DISCOVER),
            "341111599242008" => Self::Scheme(scheme::AMEX),
            _ => Self::None,
        }
    }

    /// The decline that this card always gets.
    pub(crate) fn decline(self, processor: Processor) -> Option<Verdict> {
        match self {
            Self::ReferToIssuer => Some(processor.refer_to_issuer()),
            Self::DoNotHonor => Some(processor.do_not_honor()),
            Self::Expired => Some(processor.expired()),
            Self::InsufficientFunds => Some(processor.insufficient_funds()),
            Self::None
            | Self::Approve(_)
            | Self::Partial
            | Self::Timeout
            | Self::MastercardAdvice
            | Self::VisaAdvice
            | Self::Scheme(_) => None,
        }
    }
}

/// The cards whose tokens are known from the start, so that a client can use a token right away.
pub(super) const TEST_CARDS: [&str; 35] = [
    "4111111111111111",
    "4242424242424242",
    "4788250000121443",
    "5454545454545454",
    "371449635398431",
    "6011000995500000",
    "36438999960016",
    "3528000000000007",
    "4387751111111020",
    "5442981111111023",
    "6011000995511122",
    "4387751111111038",
    "5442981111111031",
    "6011000995511130",
    "4387751111111046",
    "5442981111111049",
    "6011000995511148",
    "4387751111111053",
    "5442981111111056",
    "6011000995511155",
    "4387750101010101",
    "4999006200620062",
    "5111006200620062",
    "6465006200620062",
    "4000100011112224",
    "6011361000006668",
    "4761739001010010",
    "5442981111111064",
    "4012000000000081",
    "4387751111111012",
    "5442981111112021",
    "6011000995512005",
    "341111599242008",
    "4222222222222204",
    "6510000000000331",
];

/// Pairs that the real test system gave out.
pub(super) const KNOWN_TOKENS: [(&str, &str); 9] = [
    ("4111111111111111", "9418594164541111"),
    ("4788250000121443", "9477709629051443"),
    ("4387751111111053", "9435885049491053"),
    ("4000100011112224", "9405701444882224"),
    ("6011000995500000", "9601616143390000"),
    ("4999006200620062", "9497267302710062"),
    ("6011361000006668", "9605849968916668"),
    ("4242424242424242", "9422925921134242"),
    ("4761739001010010", "9477257372660010"),
];

/// The same for checking accounts: routing number, account number, token.
pub(super) const KNOWN_ACCOUNTS: [(&str, &str, &str); 3] = [
    ("053000196", "15378535", "9051769384108535"),
    ("23433", "15378535", "9235405400368535"),
    ("124001545", "123123123123", "9124468384113123"),
];
