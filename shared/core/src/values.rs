//! Values that every subject uses: pure, and without a rule about orders.

mod card;
mod carried;
mod charged;
mod clock;
mod decline;
mod discount;
mod instrument;
mod memo;
mod money;
mod quarter;
pub(crate) mod text;
mod words;

pub use card::{
    Brand, CardAccount, CardNumber, CardNumberError, CardSummary, CardToken, Expiry, ExpiryError,
    SecurityCode, SecurityCodeError, StoredCard, TextUse, Unkeepable, check_kept, clean_text,
    looks_like_card_number, mask_card_numbers,
};
pub use carried::Carried;
pub use charged::{Charged, Fee, FeeKind};
pub use clock::{Clock, SystemClock};
pub use decline::{Advice, DeclineCode};
pub use discount::{DiscountError, Discounts};
pub use instrument::Instrument;
pub use memo::{Discounted, Memo};
pub use money::{Amount, AmountError, Currency, UnknownCurrency};
pub use quarter::QuarterHour;
