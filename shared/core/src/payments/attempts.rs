//! How many cards can be tried out by one source or customer: payments in flight, and declines of
//! the last hour. A port, and its rule.
//!
//! A counter is one item. A payment takes a *slot* in it before it is sent, so that payments sent
//! at once count, whichever process they run in; the write returns the whole counter, and
//! [`Counts::check`] decides. After the payment a second write records the payment's effect.
//!
//! A usual payment needs no second write: it was approved, and its counter holds no decline and few
//! slots. Its slot ends on its own, and its card allows no further decline. Declines are always
//! written, so no hour has more of them. With more than `LEFT_TAKEN` slots in the counter, every
//! approval is written and frees its slot. So at most that many belong to approved payments that
//! have ended, and a stream of them does not fill the counter, however long it lasts.
//!
//! Times are coarse, so that a counter is a few small numbers: slots are counted by ten seconds and
//! end on their own after 50 to 60 s, declines and approvals by the minute and count for 60 to 61
//! minutes. So no hour has more declines than are allowed.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::payments::StoreError;

/// Payments of one source or customer at a time.
pub const IN_FLIGHT: u32 = 50;

/// Payments at a time from all sources of one IPv6 /48.
pub const NETWORK_IN_FLIGHT: u32 = 200;

/// Declined payments in an hour from all sources of one IPv6 /48, besides one for each card that
/// was approved since the first of them.
pub const NETWORK_DECLINES: u32 = 50;

/// Approved cards that one counter remembers, each of which allows one more decline: 200 of them
/// take 2 KB, and at one decline in eight they belong to 1,600 payments an hour.
pub const APPROVED_MAX: i64 = 200;

/// Slots in a counter up to which an approved payment leaves its own taken: more than a household
/// takes in a minute, and a fifth of [`IN_FLIGHT`], so that a busy address keeps 40 for payments
/// that are really in flight. Slots that have ended count, too, until a later end removes them:
/// otherwise the counter of an address that pays now and then would outgrow one write unit.
const LEFT_TAKEN: i64 = 10;

/// When to come back while too many payments are in flight.
pub const IN_FLIGHT_RETRY: SignedDuration = SignedDuration::from_secs(2);

/// Length of the time that slots are counted by, in seconds.
const SLOT_S: i64 = 10;

/// For how many of those a slot lasts, the one in which it was taken included.
const SLOT_LASTS: i64 = 6;

/// Seconds in a minute, which declines and approvals are counted by.
const MINUTE_S: i64 = 60;

/// Minutes for which a decline or an approval counts, besides the one in which it was.
const COUNTS_FOR: i64 = 60;

/// How long a counter is kept after its last write: until nothing in it counts, and a while,
/// because clocks of processes differ.
const COUNTER_KEPT: SignedDuration = SignedDuration::from_mins(71);

/// Counts in a table that all processes share.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Takes a slot, and returns all that the counter then holds.
    async fn begin(&self, counter: &str, slot: Slot) -> Result<Counts, StoreError>;

    /// Records the effect of the payment that took a slot, and forgets slots and minutes that no
    /// longer count.
    async fn end(&self, counter: &str, ended: &Ended) -> Result<(), StoreError>;
}

/// The time in which a payment began, to ten seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub number: i64,
    /// When the counter can be forgotten.
    pub kept_until: Timestamp,
}

impl Slot {
    /// The one of now.
    pub fn at(now: Timestamp) -> Self {
        let kept_until = now.checked_add(COUNTER_KEPT).unwrap_or(Timestamp::MAX);
        Self { number: now.as_second().div_euclid(SLOT_S), kept_until }
    }
}

/// The effect of a payment on its counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It tried no card: it was refused, or repeated, or never reached the issuer. Its slot is
    /// free.
    Nothing,
    /// It was approved. Its slot is free, and the card, by its digest, allows one more decline.
    Approved(Option<String>),
    /// It was declined. Its slot stays taken until it ends on its own, so that one burst never
    /// tries out more cards than there are slots.
    Declined,
}

/// The end of a payment, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The slot that it took.
    pub slot: Slot,
    /// The minute in which it ended.
    pub minute: i64,
    /// The payment's effect on the counter.
    pub effect: Effect,
    /// Slots and minutes that no longer count.
    pub stale: Stale,
}

/// Numbers of slots and minutes that no longer count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    /// Of payments in flight.
    pub slots: Vec<i64>,
    /// Of declines.
    pub declined: Vec<i64>,
    /// Of approvals.
    pub approved: Vec<i64>,
}

/// How much one counter allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub in_flight: u32,
    /// Declines in an hour, besides one for each approved card.
    pub declined: u32,
}

/// Why a counter refuses a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Too many are in flight.
    InFlight,
    /// Too many were declined; for how long.
    Declined(SignedDuration),
}

/// The contents of a counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Slots that are taken, by their number.
    pub slots: BTreeMap<i64, i64>,
    pub declined: BTreeMap<i64, i64>,
    /// Digests of the cards that were approved, by minute.
    pub approved: BTreeMap<i64, BTreeSet<String>>,
}

impl Counts {
    /// Whether the payment that just took its slot may be sent.
    pub fn check(&self, limits: Limits, now: Timestamp) -> Result<(), Full> {
        let minute = now.as_second().div_euclid(MINUTE_S);
        let is_open =
            |minute| self.declined_in(minute) < i64::from(limits.declined) + self.approved_in(minute);
        if !is_open(minute) {
            let opens = (minute..=minute + COUNTS_FOR + 1).find(|minute| is_open(*minute));
            let opens = opens.unwrap_or(minute + COUNTS_FOR) * MINUTE_S;
            return Err(Full::Declined(SignedDuration::from_secs(opens - now.as_second())));
        }
        let first = now.as_second().div_euclid(SLOT_S) - SLOT_LASTS + 1;
        if self.taken_since(first) > i64::from(limits.in_flight) { Err(Full::InFlight) } else { Ok(()) }
    }

    /// How a payment that began with these counts ended. None if that need not be written.
    pub fn ended(&self, slot: Slot, effect: Effect, now: Timestamp) -> Option<Ended> {
        let minute = now.as_second().div_euclid(MINUTE_S);
        let is_usual = self.declined_in(minute) == 0 && self.taken_since(i64::MIN) <= LEFT_TAKEN;
        if is_usual && matches!(effect, Effect::Approved(_)) {
            return None;
        }
        let (slots, minutes) = (now.as_second().div_euclid(SLOT_S) - SLOT_LASTS, minute - COUNTS_FOR - 1);
        let effect = match effect {
            Effect::Approved(Some(_)) if self.approved_in(minute) >= APPROVED_MAX => Effect::Approved(None),
            effect => effect,
        };
        let stale = Stale {
            slots: self.slots.range(..=slots).map(|(number, _)| *number).collect(),
            declined: self.declined.range(..=minutes).map(|(number, _)| *number).collect(),
            approved: self.approved.range(..=minutes).map(|(number, _)| *number).collect(),
        };
        Some(Ended { slot, minute, effect, stale })
    }

    fn taken_since(&self, first: i64) -> i64 {
        self.slots.range(first..).map(|(_, taken)| (*taken).max(0)).sum()
    }

    fn declined_in(&self, minute: i64) -> i64 {
        self.declined.range(minute - COUNTS_FOR..).map(|(_, declined)| (*declined).max(0)).sum()
    }

    /// How many different cards.
    fn approved_in(&self, minute: i64) -> i64 {
        let cards: BTreeSet<&String> =
            self.approved.range(minute - COUNTS_FOR..).flat_map(|(_, of)| of).collect();
        i64::try_from(cards.len()).unwrap_or(APPROVED_MAX).min(APPROVED_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { in_flight: 3, declined: 2 };
    /// Those of a source, unless the merchant says otherwise.
    const USUAL: Limits = Limits { in_flight: IN_FLIGHT, declined: 10 };
    const BUSY: Limits = Limits { in_flight: IN_FLIGHT, declined: 2 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn slot(second: i64) -> i64 {
        Slot::at(at(second)).number
    }

    /// A counter, as a table would keep it.
    struct Counter {
        counts: Counts,
        limits: Limits,
        /// How many ends were written.
        ends: usize,
    }

    impl Counter {
        fn new(limits: Limits) -> Self {
            Self { counts: Counts::default(), limits, ends: 0 }
        }

        fn begin(&mut self, second: i64) -> Result<Begun, Full> {
            let slot = Slot::at(at(second));
            *self.counts.slots.entry(slot.number).or_default() += 1;
            let begun = Begun { slot, counts: self.counts.clone() };
            match self.counts.check(self.limits, at(second)) {
                Ok(()) => Ok(begun),
                Err(full) => {
                    self.end(&begun, Effect::Nothing, second);
                    Err(full)
                }
            }
        }

        fn end(&mut self, begun: &Begun, effect: Effect, second: i64) {
            let Some(ended) = begun.counts.ended(begun.slot, effect, at(second)) else { return };
            let Ended { slot, minute, effect, stale } = ended;
            self.ends += 1;
            if effect == Effect::Declined {
                *self.counts.declined.entry(minute).or_default() += 1;
            } else {
                *self.counts.slots.entry(slot.number).or_default() -= 1;
            }
            if let Effect::Approved(Some(card)) = effect {
                self.counts.approved.entry(minute).or_default().insert(card);
            }
            self.counts.slots.retain(|number, _| !stale.slots.contains(number));
            self.counts.declined.retain(|number, _| !stale.declined.contains(number));
            self.counts.approved.retain(|number, _| !stale.approved.contains(number));
        }

        fn pay(&mut self, effect: Effect, second: i64) -> Result<(), Full> {
            let begun = self.begin(second)?;
            self.end(&begun, effect, second);
            Ok(())
        }
    }

    /// A payment in flight, with the counts that its first write returned.
    #[derive(Clone, Debug, PartialEq)]
    struct Begun {
        slot: Slot,
        counts: Counts,
    }

    fn approved(card: &str) -> Effect {
        Effect::Approved(Some(card.to_owned()))
    }

    #[test]
    fn as_many_are_in_flight_as_there_are_slots_and_a_slot_that_is_not_given_back_ends_on_its_own() {
        let mut counter = Counter::new(LIMITS);
        let first = counter.begin(0).unwrap();
        counter.begin(9).unwrap();
        counter.begin(10).unwrap();
        assert_eq!(counter.begin(11), Err(Full::InFlight));
        counter.end(&first, Effect::Nothing, 12);
        counter.begin(13).unwrap();
        assert_eq!(counter.begin(59), Err(Full::InFlight));
        counter.begin(60).unwrap();
        assert_eq!(counter.begin(61), Err(Full::InFlight), "those of 10 s and later");
        assert_eq!(counter.counts.slots[&slot(61)], 1, "a refused one takes no slot");
    }

    #[test]
    fn a_burst_of_declines_is_no_longer_than_there_are_slots() {
        let mut counter = Counter::new(LIMITS);
        let began: Vec<_> = (0..5).map(|_| counter.begin(0)).collect();
        assert_eq!(began.iter().filter(|began| began.is_ok()).count(), 3);
        for begun in began.into_iter().flatten() {
            counter.end(&begun, Effect::Declined, 1);
            assert!(counter.begin(1).is_err(), "it frees no slot for another card");
        }
    }

    #[test]
    fn declines_count_for_an_hour_and_the_time_to_come_back_is_when_the_first_ends() {
        let mut counter = Counter::new(LIMITS);
        counter.pay(Effect::Declined, 30).unwrap();
        counter.pay(Effect::Declined, 90).unwrap();
        let wait = |counter: &mut Counter, second| match counter.begin(second) {
            Err(Full::Declined(wait)) => wait.as_secs(),
            began => panic!("{began:?}"),
        };
        assert_eq!(wait(&mut counter, 100), 3_660 - 100);
        assert_eq!(wait(&mut counter, 3_659), 1);
        counter.pay(Effect::Declined, 3_660).unwrap();
        assert_eq!(wait(&mut counter, 3_661), 3_720 - 3_661, "the second ends");
        assert_eq!(counter.counts.declined.len(), 2, "a decline that no longer counts is forgotten");
        assert!(
            counter.counts.slots.keys().eq([&slot(3_659), &slot(3_661)]),
            "and so are slots that have ended"
        );
        // All declines in the current minute: the last one counts as long as it can.
        let mut counter = Counter::new(LIMITS);
        counter.pay(Effect::Declined, 0).unwrap();
        counter.pay(Effect::Declined, 1).unwrap();
        assert_eq!(wait(&mut counter, 2), 3_660 - 2);
    }

    #[test]
    fn each_different_card_that_is_approved_allows_one_more_decline_for_an_hour() {
        let mut counter = Counter::new(BUSY);
        counter.pay(Effect::Declined, 0).unwrap();
        for (card, second) in [("a", 0), ("b", 0), ("a", 60)] {
            counter.pay(approved(card), second).unwrap();
        }
        counter.pay(Effect::Approved(None), 0).unwrap();
        for second in 1..4 {
            counter.pay(Effect::Declined, second * 60).unwrap();
        }
        let Err(Full::Declined(wait)) = counter.begin(240) else { panic!("it is full") };
        // The first decline ends with both approvals, the second and third a minute each after.
        assert_eq!(wait.as_secs(), 3_660 + 120 - 240);
        let mut counter = Counter::new(BUSY);
        counter.pay(Effect::Declined, 0).unwrap();
        for card in 0..APPROVED_MAX + 5 {
            counter.pay(approved(&card.to_string()), 0).unwrap();
        }
        let cards: usize = counter.counts.approved.values().map(BTreeSet::len).sum();
        assert_eq!(i64::try_from(cards), Ok(APPROVED_MAX));
    }

    #[test]
    fn an_approved_payment_is_one_write_unless_a_decline_counts_or_many_slots_are_taken() {
        let mut counter = Counter::new(BUSY);
        for n in 0..LEFT_TAKEN {
            counter.pay(approved(&n.to_string()), 0).unwrap();
        }
        assert_eq!(counter.ends, 0);
        counter.pay(approved("next"), 59).unwrap();
        assert_eq!(counter.ends, 1, "many slots");
        counter.pay(Effect::Declined, 100).unwrap();
        assert_eq!(counter.ends, 2);
        counter.pay(approved("a"), 200).unwrap();
        counter.pay(approved("b"), 3_699).unwrap();
        assert_eq!(counter.ends, 4, "the decline counts");
        counter.pay(approved("c"), 3_720).unwrap();
        assert_eq!(counter.ends, 4, "it no longer counts");
        counter.pay(Effect::Declined, 3_900).unwrap();
        assert_eq!(counter.counts.approved.len(), 1, "an approval that no longer counts is forgotten");
    }

    #[test]
    fn cards_that_were_approved_before_the_first_decline_allow_no_more() {
        let mut counter = Counter::new(BUSY);
        for card in ["a", "b", "c"] {
            counter.pay(approved(card), 0).unwrap();
        }
        for _ in 0..BUSY.declined {
            counter.pay(Effect::Declined, 1).unwrap();
        }
        assert!(matches!(counter.begin(2), Err(Full::Declined(_))));
    }

    #[test]
    fn slots_that_are_left_taken_do_not_make_a_counter_larger_and_larger() {
        let mut counter = Counter::new(BUSY);
        for n in 0..1_000 {
            counter.pay(approved("a"), n * 61).unwrap();
            assert!(counter.counts.slots.len() <= 11, "{:?}", counter.counts.slots);
        }
        assert!((50..=100).contains(&counter.ends), "{} of 1,000", counter.ends);
    }

    #[test]
    fn a_stream_of_approved_payments_is_never_refused_however_long_it_lasts() {
        // 600 payments a minute of four seconds each: 40 at a time.
        let (mut counter, mut in_flight) = (Counter::new(BUSY), Vec::new());
        for second in 0..600 {
            let (ended, going_on): (Vec<_>, Vec<_>) =
                in_flight.into_iter().partition(|(began, _)| second - began >= 4);
            in_flight = going_on;
            for (_, begun) in ended {
                counter.end(&begun, approved("a"), second);
            }
            for _ in 0..10 {
                let begun = counter.begin(second);
                in_flight.push((second, begun.unwrap_or_else(|full| panic!("{second}: {full:?}"))));
            }
        }
    }

    #[test]
    fn however_approved_and_declined_cards_alternate_no_hour_has_more_declines_than_are_allowed() {
        for seed in 0..50 {
            let mut random = seed;
            let mut below = |limit: i64| {
                random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
                (random >> 8) % limit
            };
            let (mut counter, mut in_flight, mut second) = (Counter::new(BUSY), Vec::new(), 0);
            let (mut declined_at, mut approved_at) = (Vec::new(), Vec::new());
            let longest_wait = 1 + below(200);
            for _ in 0..300 {
                second += below(longest_wait);
                if let Ok(begun) = counter.begin(second) {
                    let recent = declined_at.iter().filter(|declined| second - **declined <= 3_600).count();
                    let approvals = approved_at.iter().filter(|(approved, _)| second - approved <= 3_660);
                    let cards: BTreeSet<i64> = approvals.map(|(_, card)| *card).collect();
                    assert!(recent < 2 + cards.len(), "seed {seed}, second {second}");
                    in_flight.push(begun);
                }
                while !in_flight.is_empty() && below(3) > 0 {
                    let begun = in_flight.swap_remove(0);
                    if below(2) == 0 {
                        counter.end(&begun, Effect::Declined, second);
                        declined_at.push(second);
                    } else {
                        let card = below(20);
                        counter.end(&begun, approved(&card.to_string()), second);
                        approved_at.push((second, card));
                    }
                }
            }
        }
    }

    /// How often somebody tries out cards, each time with other cards.
    const PLAYED: u64 = 300;

    const SECURITY: &str = include_str!("../../../../docs/security.md");

    /// The numbers in the rows of the page's table with this heading.
    fn rows(heading: &str) -> Vec<Vec<i64>> {
        let rows = SECURITY.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
        let rows = rows.take_while(|line| line.starts_with('|'));
        let numbers = |line: &str| {
            let cells = line.split(['|', ' ', '%']).filter_map(|cell| cell.replace(',', "").parse().ok());
            cells.collect::<Vec<i64>>()
        };
        rows.map(numbers).collect()
    }

    /// Numbers from 0 to 99 that are the same in each run.
    fn random(seed: u64) -> impl FnMut() -> i64 {
        // SplitMix64.
        let mut state = seed << 32;
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            i64::try_from((mixed ^ (mixed >> 31)) % 100).unwrap()
        }
    }

    /// One card after the other, a third of a second each, until one is refused for its address.
    #[test]
    fn who_tries_cards_gets_as_many_through_as_the_page_says() {
        let rows = rows("| cards that work");
        assert_eq!(rows.len(), 5);
        for row in rows {
            let [percent, tried, found] = row[..] else { panic!("{row:?}") };
            let (mut all_tried, mut all_found) = (0, 0);
            for seed in 0..PLAYED {
                let (mut random, mut counter) = (random(seed), Counter::new(USUAL));
                for n in 0..10_000 {
                    let is_good = random() < percent;
                    let effect = if is_good { approved(&n.to_string()) } else { Effect::Declined };
                    if counter.pay(effect, n / 3).is_err() {
                        break;
                    }
                    all_tried += 1;
                    all_found += i64::from(is_good);
                }
            }
            let played = i64::try_from(PLAYED).unwrap();
            let mean = |sum: i64| (sum + played / 2) / played;
            // The page has the means of ten times as many.
            let is_near = |sum, stated: i64| (mean(sum) - stated).abs() <= 1 + stated / 10;
            assert!(
                is_near(all_tried, tried) && is_near(all_found, found),
                "{percent} %: {all_tried}, {all_found}"
            );
        }
    }

    /// Everybody pays with a card of their own, in each of five hours.
    #[test]
    fn as_many_honest_shoppers_of_one_address_are_refused_as_the_page_says() {
        let rows = rows("| declined, of the payments");
        assert_eq!(rows.len(), 4);
        for row in rows {
            let [percent, few, many] = row[..] else { panic!("{row:?}") };
            for (each_hour, stated) in [(60, few), (600, many)] {
                let (mut refused, mut all) = (0, 0);
                for seed in 0..6 {
                    let (mut random, mut counter) = (random(seed), Counter::new(USUAL));
                    for n in 0..5 * each_hour {
                        let is_declined = random() < percent;
                        let effect = if is_declined { Effect::Declined } else { approved(&n.to_string()) };
                        refused += i64::from(counter.pay(effect, n * 3_600 / each_hour).is_err());
                        all += 1;
                    }
                }
                let share = 100 * refused / all;
                // Here of many more.
                assert!(
                    (share - stated).abs() <= 2 + stated / 3,
                    "{percent} %, {each_hour} an hour: {share}"
                );
            }
        }
    }

    #[test]
    fn a_limit_of_none_refuses_all_and_tells_a_time_all_the_same() {
        let counts = Counts::default();
        let full = counts.check(Limits { declined: 0, ..LIMITS }, at(0)).unwrap_err();
        assert_eq!(full, Full::Declined(SignedDuration::from_hours(1)));
    }

    #[test]
    fn a_counter_is_kept_until_nothing_in_it_counts() {
        let slot = Slot::at(at(0));
        let latest = SignedDuration::from_secs((COUNTS_FOR + 1) * MINUTE_S);
        assert!(slot.kept_until > at(0) + latest);
        assert_eq!(SLOT_S * SLOT_LASTS, 60);
    }
}
