//! The payments of the sample month: the same ones in every month, spread over its days.

use jiff::{ToSpan as _, civil::Date};

/// A payment and its fate.
pub(super) struct Sale {
    pub(super) number: u32,
    pub(super) days_ago: i32,
    /// Of the day in UTC.
    pub(super) minute: i64,
    pub(super) minor: u32,
    pub(super) card: Card,
    pub(super) fate: Fate,
}

/// A card to pay with. All numbers are published for tests.
#[derive(Clone, Copy)]
pub(super) struct Card {
    pub(super) number: &'static str,
    pub(super) code: &'static str,
    pub(super) postcode: &'static str,
}

/// The fate of a payment.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// It is paid.
    Paid,
    /// The issuer refuses it, with this code of Rapid Connect.
    Declined(&'static str),
    /// The issuer approves it, and a rule of the merchant refuses it.
    DeclinedByRule,
    /// It is paid, and days later a person gives it back, or a part of it.
    Refunded { after: i32, minor: u32, by: &'static str, reason: &'static str },
    /// It is paid, and a person cancels it the same day.
    Canceled,
    /// Its amount is held, and the shop captures it the next day.
    Captured,
    /// Its amount is held, and the schedule captures it two days later.
    Scheduled,
    /// Its amount is held, and the schedule will capture it in so many days from today, at this
    /// minute.
    ToCome { in_days: i32, minute: i64 },
    /// Its amount is held, and the shop releases it the same day.
    Released,
    /// Its amount is held.
    Held,
    /// Its response is lost, and an inquiry finds the approval later.
    FoundLate,
    /// Its response is lost, and the gateway reviews it ever since: no inquiry finds an outcome.
    InDoubt,
    /// Its issuer takes the money back, and perhaps returns it so many days after that.
    ChargedBack { after: i32, returned_after: Option<i32> },
    /// A cent less than its amount arrives.
    Short,
}

/// The first day of the month, counted from today.
pub(super) const FIRST_DAY: i32 = 29;

/// Payments on a working day, a Saturday and a Sunday: 280 in four weeks, whichever day they begin
/// on.
const BY_WEEKDAY: [u32; 3] = [12, 6, 4];
/// Payments of yesterday, whichever day it was, besides the special ones.
const YESTERDAY: u32 = 10;

/// The last payments that something of a later day may follow.
const REFUNDED_MAX: u32 = 220;
const CAPTURED_MAX: u32 = 250;

/// The published test card.
pub(super) const VISA: &str = "4788250000121443";

const APPROVED: [&str; 9] = [
    VISA,
    "4111111111111111",
    "4012888888881881",
    "5454545454545454",
    "5555555555554444",
    "5105105105105100",
    "6011000995500000",
    "6011111111111117",
    "371449635398431",
];
const REASONS: [&str; 5] =
    ["arrived broken", "wrong size", "ordered twice by mistake", "returned unused", "delivered late"];

/// The most that a person with a limit may refund per order.
const LIMIT: u32 = 5_000;

/// Numbers that look random and are the same everywhere (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(sides)).unwrap_or_default()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let sides = u32::try_from(all.len()).unwrap_or(1);
        all[usize::try_from(self.roll(sides)).unwrap_or_default()]
    }
}

/// All payments of the month before this day.
pub(super) fn sales(today: Date) -> Vec<Sale> {
    let mut sales = special();
    let mut number = 0;
    for days_ago in (1..=FIRST_DAY).rev() {
        let [working_day, saturday, sunday] = BY_WEEKDAY;
        let count = match today.saturating_sub(days_ago.days()).weekday() {
            _ if days_ago == 1 => YESTERDAY,
            jiff::civil::Weekday::Saturday => saturday,
            jiff::civil::Weekday::Sunday => sunday,
            _ => working_day,
        };
        for nth in 0..count {
            number += 1;
            let minute = 820 + i64::from(nth * 430 / count + number % 13);
            sales.push(usual(number, days_ago, minute));
        }
    }
    sales
}

fn usual(number: u32, days_ago: i32, minute: i64) -> Sale {
    let mut dice = Dice(u64::from(number));
    let dollars = match dice.roll(20) {
        0..=13 => 13 + dice.roll(87),
        14..=18 => 100 + dice.roll(300),
        _ => 400 + dice.roll(550),
    };
    let minor = 100 * dollars - dice.one_of(&[50, 5, 0]);
    let mut card = card(dice.one_of(&APPROVED));
    let fate = match Dice(u64::from(number) << 32).roll(100) {
        0..=3 => Fate::Declined("116"),
        4..=5 => Fate::Declined("100"),
        6 => Fate::Declined("101"),
        7 => Fate::Declined("107"),
        8..=9 => {
            card = Card { code: "111", ..self::card(VISA) };
            Fate::DeclinedByRule
        }
        10 => {
            card.postcode = "55112";
            Fate::DeclinedByRule
        }
        11..=22 if number <= CAPTURED_MAX => Fate::Captured,
        23..=28 if number <= CAPTURED_MAX => Fate::Scheduled,
        29..=31 => Fate::Released,
        32..=33 => Fate::Canceled,
        34..=43 if number <= REFUNDED_MAX => refunded(&mut dice, minor),
        _ => Fate::Paid,
    };
    Sale { number: 1_000 + number, days_ago, minute, minor, card, fate }
}

fn card(number: &'static str) -> Card {
    // American Express prints four digits.
    let code = if number.starts_with('3') { "1234" } else { "123" };
    Card { number, code, postcode: "55555" }
}

fn refunded(dice: &mut Dice, paid: u32) -> Fate {
    let minor = if dice.roll(3) == 0 { paid } else { paid / dice.one_of(&[2, 3, 4]) };
    let by = if minor <= LIMIT { dice.one_of(&["ann", "ann", "eve"]) } else { "eve" };
    let reason = dice.one_of(&REASONS);
    let after = 1 + i32::try_from(dice.roll(3)).unwrap_or_default();
    Fate::Refunded { after, minor, by, reason }
}

/// The payments that pages and tests name: days ago, minute, amount, card and fate, with numbers
/// from 2001 on.
fn special() -> Vec<Sale> {
    const MASTERCARD: &str = "5454545454545454";
    const DISCOVER: &str = "6011000995500000";
    const AMEX: &str = "371449635398431";
    let refunded = |after, minor, by, reason| Fate::Refunded { after, minor, by, reason };
    let charged_back = |after, returned_after| Fate::ChargedBack { after, returned_after };
    let all = [
        (20, 900, 8_600, VISA, Fate::Held),
        (12, 905, 24_000, AMEX, Fate::Held),
        // Ends tomorrow, as late as the month's days do, so that its end is told as late today as
        // can be.
        (6, 1_410, 12_900, MASTERCARD, Fate::Held),
        (4, 1_100, 5_840, VISA, Fate::Held),
        (2, 990, 31_275, DISCOVER, Fate::Held),
        (1, 1_150, 4_500, MASTERCARD, Fate::Held),
        (3, 1_000, 19_900, VISA, Fate::ToCome { in_days: 1, minute: 270 }),
        (2, 1_010, 7_495, MASTERCARD, Fate::ToCome { in_days: 2, minute: 1_200 }),
        (1, 1_015, 52_000, AMEX, Fate::ToCome { in_days: 3, minute: 1_200 }),
        (22, 950, 18_400, VISA, charged_back(9, Some(6))),
        (15, 955, 6_250, MASTERCARD, charged_back(11, None)),
        (9, 960, 14_730, VISA, Fate::Short),
        (3, 965, 8_990, DISCOVER, Fate::FoundLate),
        (1, 970, 13_500, VISA, Fate::InDoubt),
        // Suspected fraud, a lost card, a wrong security code, a restricted card.
        (8, 975, 110_250, VISA, Fate::Declined("102")),
        (5, 980, 120_400, MASTERCARD, Fate::Declined("208")),
        (17, 985, 8_425, VISA, Fate::Declined("517")),
        (10, 988, 21_995, DISCOVER, Fate::Declined("104")),
        (3, 1_200, 2_599, VISA, refunded(2, 500, "ann", "arrived broken")),
        (5, 1_205, 64_000, AMEX, refunded(4, 20_000, "eve", "returned unused")),
        (1, 905, 2_620, VISA, Fate::Paid),
    ];
    let sales = (2_001..).zip(all).map(|(number, (days_ago, minute, minor, number_of_card, fate))| Sale {
        number,
        days_ago,
        minute,
        minor,
        card: card(number_of_card),
        fate,
    });
    sales.collect()
}
