//! The published response codes of each processor, grouped by their meaning to us.
//!
//! To review one, hold it beside its published table (`docs/cardpointe.md`, *Response codes*); the
//! tests hold the two lists of codes equal. Rows with respstat A are absent: they refuse nothing.
//! Rows with respstat B are a [`DeclineCode::ProcessingError`] or an
//! [`DeclineCode::IssuerUnavailable`] no matter what their text blames, because with a B the
//! processor says that the same request can be sent again.
//!
//! Where texts leave room: "Decline" without more is a generic decline, "Do not honor" keeps its
//! name; PIN tries used up is a restricted card, because only the issuer can lift it; "Invalid
//! transaction" and "Service not allowed" are not permitted; a PIN or key the processor cannot
//! decrypt is a processing error; a request that is known already or still in progress is a
//! duplicate, so that no payment is made twice.

use tollgate_core::values::DeclineCode::{
    self, AuthenticationRequired, AvsMismatch, CallIssuer, CardNotSupported, CurrencyNotSupported,
    DoNotHonor, DoNotTryAgain, DuplicateTransaction, ExpiredCard, FraudSuspected, GenericDecline,
    IncorrectCvc, IncorrectExpiry, IncorrectNumber, IncorrectPin, IncorrectZip, InsufficientFunds,
    InvalidAccount, InvalidAmount, InvalidRequest, InvalidState, InvalidStoredCard, IssuerUnavailable,
    LimitExceeded, LostOrStolen, MerchantConfiguration, PartialRefundNotSupported, PickUpCard,
    ProcessingError, RestrictedCard, StopRecurring, TransactionNotPermitted,
};

/// Reasons, each with the codes that mean it.
type CodeTable = &'static [(DeclineCode, &'static [&'static str])];

/// `respproc` and its codes. A processor may be listed more than once.
pub(super) const PROCESSORS: &[(&str, CodeTable)] = &[
    ("PPS", GATEWAY),
    ("AMEX", AMERICAN_EXPRESS),
    ("FNOR", FIRST_DATA_NORTH_AND_NASHVILLE),
    ("FNOR", FIRST_DATA_NORTH_ONLY),
    ("NASH", FIRST_DATA_NORTH_AND_NASHVILLE),
    ("FOMA", FIRST_DATA_OMAHA),
    ("FDMS", FIRST_DATA_SOUTH),
    ("RPCT", RAPID_CONNECT),
    ("ELV", ELAVON),
    ("PPAL", PAYPAL),
    ("PTAM", PT_TAMPA),
    ("PMT", PAYMENTECH),
    ("VPS", TSYS),
    ("MNS", MONERIS),
    ("DPS", PAYMENT_EXPRESS),
    ("PSTR", PROFIT_STARS),
    ("CRDX", CREDORAX),
    ("VANT", VANTIV),
];

/// The gateway itself. Code 36 is "Duplicate sequence" in one edition of the table and "Wallet not
/// allowed" in another (`docs/cardpointe.md`, *Responses*): both are refused requests. Code 26 has
/// respstat A.
const GATEWAY: CodeTable = &[
    (IncorrectNumber, &["11", "13", "99"]),
    (IncorrectCvc, &["14", "37", "38"]),
    (IncorrectExpiry, &["15"]),
    (ExpiredCard, &["16"]),
    (IncorrectZip, &["17", "35"]),
    (AvsMismatch, &["101"]),
    (FraudSuspected, &["18", "19"]),
    (MerchantConfiguration, &["21", "22", "23", "91", "92", "93", "94", "95", "97"]),
    (InvalidState, &["24", "25", "27", "28", "29", "39", "70", "103"]),
    (CurrencyNotSupported, &["31", "32"]),
    (CardNotSupported, &["33", "44", "48"]),
    (TransactionNotPermitted, &["104"]),
    (InvalidRequest, &["12", "34", "36", "45", "71", "105"]),
    (PartialRefundNotSupported, &["46"]),
    (InvalidAmount, &["41", "42", "43"]),
    (InvalidStoredCard, &["96", "98"]),
    (IssuerUnavailable, &["61", "62"]),
    (ProcessingError, &["63", "64", "65", "66", "106"]),
    (GenericDecline, &["102"]),
];

const AMERICAN_EXPRESS: CodeTable = &[
    (GenericDecline, &["100"]),
    // 187 is "new card issued".
    (ExpiredCard, &["101", "187"]),
    (IncorrectCvc, &["103", "122"]),
    (InvalidAccount, &["105", "188"]),
    (CallIssuer, &["107"]),
    (MerchantConfiguration, &["109"]),
    (InvalidAmount, &["110"]),
    (IncorrectNumber, &["111"]),
    (TransactionNotPermitted, &["115"]),
    (InsufficientFunds, &["116"]),
    (LimitExceeded, &["121"]),
    (InvalidRequest, &["181"]),
    (ProcessingError, &["182"]),
    (PickUpCard, &["200"]),
];

/// Two platforms with one table, except for the codes below. 51 is a plain "Declined" here; NU is
/// the money.
const FIRST_DATA_NORTH_AND_NASHVILLE: CodeTable = &[
    (CallIssuer, &["01"]),
    (MerchantConfiguration, &["03", "25", "89", "NP"]),
    (DoNotHonor, &["05"]),
    (TransactionNotPermitted, &["12", "57", "63"]),
    (InvalidAmount, &["13", "NH"]),
    (IncorrectNumber, &["14"]),
    (GenericDecline, &["51", "60"]),
    (IncorrectExpiry, &["54"]),
    (IncorrectPin, &["55"]),
    (LimitExceeded, &["61", "NQ", "NR"]),
    (RestrictedCard, &["75"]),
    (DuplicateTransaction, &["94"]),
    (IncorrectCvc, &["C2"]),
    (InvalidAccount, &["N3"]),
    (InvalidState, &["NG", "RW"]),
    (IssuerUnavailable, &["NL", "NM"]),
    (CardNotSupported, &["NN"]),
    (InsufficientFunds, &["NU"]),
    (ProcessingError, &["28", "69", "91", "CE", "NI", "NK", "NS"]),
];

const FIRST_DATA_NORTH_ONLY: CodeTable = &[(AuthenticationRequired, &["1A", "1B"])];

const FIRST_DATA_OMAHA: CodeTable = &[
    (CallIssuer, &["01"]),
    (InvalidAmount, &["02"]),
    (IncorrectNumber, &["03"]),
    (MerchantConfiguration, &["04"]),
    (GenericDecline, &["05", "99"]),
    (IncorrectExpiry, &["06", "07"]),
    (ProcessingError, &["08", "11"]),
    (IssuerUnavailable, &["09"]),
    (InvalidState, &["12"]),
    (TransactionNotPermitted, &["13"]),
    (IncorrectCvc, &["14"]),
];

const FIRST_DATA_SOUTH: CodeTable =
    &[(GenericDecline, &["3", "7"]), (CallIssuer, &["4"]), (ProcessingError, &["6"])];

/// Cards, and also gift cards (1xx–3xx), checks (5xx, 7xx) and fleet cards (55x, 56x, 8xx).
/// 385 is "accepted but not yet processed" and 923 "request in progress", both with respstat C.
const RAPID_CONNECT: CodeTable = &[
    (DoNotHonor, &["100"]),
    (ExpiredCard, &["101", "503", "507", "509", "510"]),
    (FraudSuspected, &["102", "105", "122", "129", "514", "729"]),
    (RestrictedCard, &["104", "106", "304", "332", "370", "376"]),
    (CallIssuer, &["107", "108", "724", "727", "728", "806"]),
    (
        MerchantConfiguration,
        &[
            "109", "130", "150", "316", "319", "320", "321", "323", "328", "340", "343", "344", "383", "515",
            "527", "808", "825", "950",
        ],
    ),
    (InvalidAmount, &["110", "318", "382", "521", "522", "771"]),
    (InvalidAccount, &["114", "302", "303", "368", "373", "378", "506", "541"]),
    (InsufficientFunds, &["116"]),
    (IncorrectPin, &["117"]),
    (IncorrectNumber, &["118", "131", "403", "803", "941"]),
    (
        TransactionNotPermitted,
        &["119", "120", "124", "327", "372", "374", "512", "513", "562", "792", "802", "804", "826", "902"],
    ),
    (
        LimitExceeded,
        &[
            "121", "123", "152", "154", "155", "156", "317", "322", "528", "529", "553", "554", "556", "563",
            "564", "567", "568", "782", "801", "805", "807", "809", "810", "811", "812", "813", "814", "815",
            "816", "817", "818", "819", "820", "821", "822", "823", "824", "924",
        ],
    ),
    (IncorrectExpiry, &["132"]),
    (InvalidState, &["153", "308", "311", "333", "334", "341", "342", "377", "520", "726", "914"]),
    (LostOrStolen, &["208", "209", "731"]),
    (
        InvalidRequest,
        &[
            "001", "157", "315", "326", "329", "330", "336", "337", "338", "339", "359", "367", "369", "375",
            "501", "502", "518", "519", "550", "551", "552", "555", "557", "558", "559", "560", "561", "565",
            "566", "569", "722", "723", "904",
        ],
    ),
    (AuthenticationRequired, &["351", "531"]),
    (CurrencyNotSupported, &["355"]),
    (DuplicateTransaction, &["385", "772", "774", "776", "913", "923"]),
    (DoNotTryAgain, &["504", "790"]),
    (IncorrectCvc, &["517", "954", "958", "959"]),
    (CardNotSupported, &["526"]),
    (PickUpCard, &["704", "767"]),
    (IncorrectZip, &["721"]),
    (StopRecurring, &["791"]),
    (IssuerUnavailable, &["524", "525", "775", "907", "908", "911", "963"]),
    (
        ProcessingError,
        &[
            "357", "380", "381", "384", "401", "402", "404", "505", "508", "511", "516", "523", "530", "532",
            "542", "702", "740", "906", "909", "915", "920", "921", "940", "944",
        ],
    ),
    (GenericDecline, &["151", "331", "500", "540", "773", "942"]),
];

const ELAVON: CodeTable = &[
    (CallIssuer, &["01"]),
    (IncorrectNumber, &["03"]),
    (GenericDecline, &["05"]),
    (ExpiredCard, &["06"]),
    (TransactionNotPermitted, &["07"]),
    (MerchantConfiguration, &["08"]),
    (ProcessingError, &["09"]),
];

const PAYPAL: CodeTable = &[(InvalidRequest, &["0004"]), (InvalidState, &["0601", "0602", "0609"])];

const PT_TAMPA: CodeTable = &[
    (CallIssuer, &["01", "02"]),
    (MerchantConfiguration, &["03"]),
    (PickUpCard, &["04"]),
    (DoNotHonor, &["05"]),
    (FraudSuspected, &["07"]),
    (LimitExceeded, &["09"]),
    (TransactionNotPermitted, &["12", "40", "57", "58"]),
    (InvalidAmount, &["13"]),
    (IncorrectNumber, &["14", "15"]),
    (RestrictedCard, &["16"]),
    (GenericDecline, &["17"]),
    (InvalidState, &["18"]),
    (DuplicateTransaction, &["23"]),
    (InvalidRequest, &["30", "63"]),
    (ExpiredCard, &["33"]),
    (IncorrectPin, &["38"]),
    (LostOrStolen, &["43"]),
    (IncorrectExpiry, &["54"]),
    (IssuerUnavailable, &["91", "92"]),
    (ProcessingError, &["06", "19", "93", "97", "98", "99"]),
];

const PAYMENTECH: CodeTable = &[
    (IncorrectNumber, &["201", "233", "304", "591", "602", "603"]),
    (InvalidAmount, &["202", "203", "306", "592", "607"]),
    (MerchantConfiguration, &["220", "231", "249", "833"]),
    (InvalidRequest, &["225", "227", "241", "243", "248"]),
    (DuplicateTransaction, &["234"]),
    (CurrencyNotSupported, &["238"]),
    (CardNotSupported, &["239", "258"]),
    (AuthenticationRequired, &["245", "532"]),
    (TransactionNotPermitted, &["253", "606"]),
    (AvsMismatch, &["260"]),
    (LimitExceeded, &["275", "509", "510"]),
    (InsufficientFunds, &["302", "521"]),
    (GenericDecline, &["303"]),
    (InvalidState, &["305", "307"]),
    (CallIssuer, &["401", "402", "802"]),
    (PickUpCard, &["501"]),
    (LostOrStolen, &["502"]),
    (FraudSuspected, &["503", "519", "596"]),
    (RestrictedCard, &["508", "806", "904"]),
    (ExpiredCard, &["522"]),
    (DoNotHonor, &["530"]),
    (IncorrectCvc, &["531", "811"]),
    (StopRecurring, &["570", "571"]),
    (IncorrectExpiry, &["605", "903"]),
    (InvalidAccount, &["825"]),
    (IssuerUnavailable, &["000", "200", "236", "299", "301", "902"]),
    (ProcessingError, &["204", "594"]),
];

/// 13 "Invalid amount" and 14 "Invalid card number" have respstat B here.
const TSYS: CodeTable = &[
    (CallIssuer, &["01", "02"]),
    (MerchantConfiguration, &["03", "HV"]),
    (PickUpCard, &["04"]),
    (DoNotHonor, &["05"]),
    (FraudSuspected, &["07", "34", "63"]),
    (TransactionNotPermitted, &["12", "57", "58", "59", "62", "93"]),
    (IncorrectNumber, &["15", "EA", "EB"]),
    (InvalidAmount, &["23"]),
    (IncorrectExpiry, &["33", "54"]),
    (RestrictedCard, &["36", "75"]),
    (InvalidAccount, &["39", "78"]),
    (LostOrStolen, &["41", "43"]),
    (InsufficientFunds, &["51"]),
    (IncorrectPin, &["55"]),
    (LimitExceeded, &["61", "65", "H1"]),
    (InvalidState, &["76"]),
    (InvalidRequest, &["80"]),
    (IncorrectCvc, &["82", "N7"]),
    (CardNotSupported, &["CV"]),
    (IssuerUnavailable, &["91", "92"]),
    (ProcessingError, &["06", "13", "14", "19", "21", "28", "81", "96", "V1"]),
];

const MONERIS: CodeTable = &[
    (CallIssuer, &["02", "N7"]),
    (MerchantConfiguration, &["03"]),
    (PickUpCard, &["04"]),
    (DoNotHonor, &["05"]),
    (FraudSuspected, &["07", "34", "63"]),
    (TransactionNotPermitted, &["12", "57", "58", "59", "62", "93"]),
    (InvalidAmount, &["13", "23"]),
    (IncorrectNumber, &["14", "15"]),
    (InvalidAccount, &["39", "78"]),
    (GenericDecline, &["40", "99"]),
    (LostOrStolen, &["41", "43"]),
    (InsufficientFunds, &["51"]),
    (IncorrectExpiry, &["54"]),
    (IncorrectPin, &["55"]),
    (LimitExceeded, &["61", "65"]),
    (RestrictedCard, &["75"]),
    (InvalidState, &["76"]),
    (InvalidRequest, &["80"]),
    (IncorrectCvc, &["82"]),
    (IssuerUnavailable, &["91", "92"]),
    (DuplicateTransaction, &["98"]),
    (ProcessingError, &["06", "19", "21", "28", "81", "96"]),
];

const PAYMENT_EXPRESS: CodeTable = &[
    (CallIssuer, &["01", "02", "60"]),
    (MerchantConfiguration, &["03", "D2", "D4", "D9"]),
    (PickUpCard, &["04", "07"]),
    (DoNotHonor, &["05", "06"]),
    (TransactionNotPermitted, &["12", "57", "58", "QG"]),
    (InvalidAmount, &["13"]),
    (IncorrectNumber, &["14", "15", "56", "NU"]),
    (InvalidRequest, &["30"]),
    (ExpiredCard, &["33", "54"]),
    (FraudSuspected, &["34", "59"]),
    (RestrictedCard, &["35", "62"]),
    (InvalidAccount, &["39", "52"]),
    (LostOrStolen, &["41", "43"]),
    (InsufficientFunds, &["51"]),
    (LimitExceeded, &["61", "65"]),
    (CardNotSupported, &["AQ"]),
    (CurrencyNotSupported, &["BH"]),
    (InvalidState, &["CC", "J1", "J2", "J4", "J5", "J8", "J9", "O4"]),
    (IncorrectExpiry, &["QH"]),
    (IssuerUnavailable, &["91", "D5", "U9", "Y2"]),
    (ProcessingError, &["19", "20", "31", "AF", "AP", "BY"]),
    (GenericDecline, &["67", "76", "A5", "BN", "YG"]),
];

/// Bank accounts. 99 carries the text of the processor's error.
const PROFIT_STARS: CodeTable = &[
    (DuplicateTransaction, &["01"]),
    (GenericDecline, &["02", "99"]),
    (InvalidRequest, &["03", "09", "10", "17"]),
    (LimitExceeded, &["04", "05", "13"]),
    (AvsMismatch, &["06"]),
    (IncorrectCvc, &["07"]),
    (ExpiredCard, &["08"]),
    (TransactionNotPermitted, &["14"]),
    (MerchantConfiguration, &["15", "18", "20", "40"]),
    (InvalidState, &["16", "19", "46"]),
    (IncorrectNumber, &["28"]),
    (InvalidAmount, &["37"]),
    (ProcessingError, &["11", "12", "21"]),
];

/// `2` and `02` are different codes.
const CREDORAX: CodeTable = &[
    (InvalidRequest, &["-9", "7"]),
    (GenericDecline, &["1", "05"]),
    (FraudSuspected, &["2", "59", "89"]),
    (CallIssuer, &["02"]),
    (AvsMismatch, &["03"]),
    (IncorrectNumber, &["9", "14"]),
    (InvalidAmount, &["13"]),
    (ExpiredCard, &["54"]),
    (InvalidAccount, &["76"]),
    (IssuerUnavailable, &["04", "08", "91"]),
    (DuplicateTransaction, &["99"]),
];

const VANTIV: CodeTable = &[
    (CallIssuer, &["02"]),
    (MerchantConfiguration, &["03"]),
    (PickUpCard, &["04", "67"]),
    (DoNotHonor, &["05"]),
    (FraudSuspected, &["07", "63"]),
    (TransactionNotPermitted, &["12", "57", "58", "93", "99"]),
    (InvalidAmount, &["13", "23"]),
    (IncorrectNumber, &["14", "15", "88"]),
    (GenericDecline, &["17"]),
    (InvalidRequest, &["27", "30"]),
    (ExpiredCard, &["33", "54"]),
    (RestrictedCard, &["38", "62", "75"]),
    (InvalidAccount, &["39", "52", "53", "78", "79"]),
    (LostOrStolen, &["41", "43"]),
    (InsufficientFunds, &["51"]),
    (IncorrectPin, &["55"]),
    (LimitExceeded, &["61", "65"]),
    (IncorrectCvc, &["82"]),
    (IssuerUnavailable, &["91", "92"]),
    (DuplicateTransaction, &["94", "98"]),
    (ProcessingError, &["06", "19", "28", "56", "81", "83", "95", "96"]),
];
