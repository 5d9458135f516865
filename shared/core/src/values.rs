//! Values that every subject uses: pure, and without a rule about orders.

mod ascii;
mod card;
mod carried;
mod charged;
mod clock;
mod counted;
mod decline;
mod discount;
mod holidays;
mod instrument;
mod memo;
mod moment;
mod money;
mod postcode;
mod quarter;
mod read_order;
mod references;
mod refund_max;
mod scheme;
mod search;
mod signed_amount;
pub(crate) mod text;
mod words;
mod zone;

pub use ascii::nearest_ascii;
pub use card::{
    Brand, CardAccount, CardNumber, CardNumberError, CardSummary, CardToken, Expiry, ExpiryError,
    SecurityCode, SecurityCodeError, StoredCard, TextUse, Unkeepable, check_kept, clean_text,
    looks_like_card_number, mask_card_numbers, shorten_card_numbers,
};
pub use carried::Carried;
pub use charged::{Charged, Fee, FeeKind};
pub use clock::{Clock, SystemClock};
pub use counted::counted;
pub use decline::{Advice, DeclineCode, RetryScope};
pub use discount::{DiscountError, Discounts};
pub use holidays::Holidays;
pub use instrument::Instrument;
pub use memo::{Discounted, Memo};
pub use moment::sort_of;
pub use money::{Amount, AmountError, Currency, UnknownCurrency};
pub use postcode::{InvalidPostcode, check_postcode, sent_postcode};
pub use quarter::QuarterHour;
pub use read_order::ReadOrder;
pub use references::{
    InvalidMetadata, METADATA_MAX_BYTES, METADATA_MEMBERS_MAX, METADATA_NAME_MAX, METADATA_VALUE_MAX,
    Metadata, References, is_metadata_name,
};
pub use refund_max::{REFUND_LIMITS_MAX, RefundMax};
pub use scheme::{RetryClass, RetryRule, RetryWait, SchemeCode, SchemeWords};
pub use search::{InvalidSearch, SearchBy, SearchKey, SearchTerm, SearchedBy};
pub use signed_amount::{ReadTooLarge, SignedAmount};
pub use text::without_mark;
pub use words::Words;
pub use zone::{UnknownZone, Zone, local_time};
