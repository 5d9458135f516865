//! What the command line and the API have in common: a list by conditions, and what is in doubt before it.

use jiff::{SignedDuration, Span, Timestamp, civil::Date};
use uuid::Uuid;

use super::{AgendaWanted, Found, Lister, Search, Under, ends, is_whole_journal};
use crate::{
    journal::{
        Concern, EntryPlace, LoggedEntry, PointedBy, concerns, day_of, entries, first_fact, is_in_doubt,
    },
    order::{Kind, MerchantId, Order, OrderId, PaymentWord, Transaction, TransactionStatus},
    payments::StoreError,
    values::{Brand, Currency, DeclineCode, ReadOrder, SearchKey, SearchTerm},
};

/// What a place in the index of what needs attention begins with, in a list that goes on in the journal.
const AGENDA: &str = "agenda:";

/// Where holds that end on more days than this are wanted, all open ones are read: each day is a query.
const DAYS_OF_HOLDS: usize = 3;

/// How a number or a moment has to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Is<T> {
    /// Equal to this number, or at this moment.
    Equal(T),
    /// A greater number, or a later moment.
    More(T),
    /// It is this or above.
    AtLeast(T),
    /// A smaller number, or an earlier moment.
    Less(T),
    /// It is this or below.
    AtMost(T),
    /// It is one of these.
    OneOf(Vec<T>),
}

impl<T: PartialOrd> Is<T> {
    /// Whether a value compares so.
    pub fn holds(&self, value: &T) -> bool {
        match self {
            Self::Equal(other) => value == other,
            Self::More(other) => value > other,
            Self::AtLeast(other) => value >= other,
            Self::Less(other) => value < other,
            Self::AtMost(other) => value <= other,
            Self::OneOf(others) => others.contains(value),
        }
    }
}

impl Is<Timestamp> {
    /// The first moment that can be so.
    fn first(&self) -> Option<Timestamp> {
        match self {
            Self::Equal(at) | Self::More(at) | Self::AtLeast(at) => Some(*at),
            Self::OneOf(all) => all.iter().min().copied(),
            Self::Less(_) | Self::AtMost(_) => None,
        }
    }

    /// The last one.
    fn last(&self) -> Option<Timestamp> {
        match self {
            Self::Equal(at) | Self::AtMost(at) => Some(*at),
            Self::Less(at) => Some(at.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(*at)),
            Self::OneOf(all) => all.iter().max().copied(),
            Self::More(_) | Self::AtLeast(_) => None,
        }
    }
}

/// What a transaction has to be like, going by its current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// When it is listed. The range of a list says the same; what is in doubt has no range, and goes by its attempt.
    ListedAt(Is<Timestamp>),
    /// One of these statuses.
    Status(Vec<TransactionStatus>),
    /// One of these words.
    Word(Vec<PaymentWord>),
    /// It has an operation of one of these kinds, whatever that led to.
    Operation(Vec<Kind>),
    /// It, or something done to it, was declined with one of these codes.
    Decline(Vec<DeclineCode>),
    /// One of these currencies.
    Currency(Vec<Currency>),
    /// One of these brands.
    Brand(Vec<Brand>),
    /// The last four digits of its card. The first such condition makes the list read an index.
    LastFour(String),
    /// The gateway's reference of the payment or of one of its refunds. The first such condition makes the list read an
    /// index.
    Reference(String),
    /// It is found by this text of the merchant's or a customer's.
    Text(SearchTerm),
    /// Pointers with this key lead to it. The first such condition makes the list read them and no index; a
    /// [text](Self::Text) says of which of them it holds.
    PointedBy(SearchKey),
    /// This order has it. Then nothing but the order is read.
    Order(OrderId),
    /// It is this one. A list finds it by its order, which has to be another condition.
    Transaction(Uuid),
    /// What was paid or held, in minor units.
    Amount(Is<u64>),
    /// What was captured, in minor units.
    Captured(Is<u64>),
    /// What was paid or held is at least this, in the currency's unit.
    AmountFrom(String),
    /// It is at most this.
    AmountTo(String),
    /// Either of both, in the currency's unit: `20`, `20.0` and `20.00` are the same dollars.
    AmountAsShown(String),
    /// It holds money that can be captured until such a moment, which is yet to come.
    AuthorizationExpiresAt(Is<Timestamp>),
    /// The schedule is to capture it at such a moment.
    NextCaptureAttempt(Is<Timestamp>),
    /// A person has to look at one of these; at anything, if there are none.
    NeedsAttention(Vec<Concern>),
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The merchant whose transactions are listed.
    pub merchant: &'a MerchantId,
    /// The current time, which decides what is overdue or about to end.
    pub now: Timestamp,
    /// The earliest time of the list, included.
    pub since: Timestamp,
    /// Listed before, and not at.
    pub until: Timestamp,
    /// All of them have to hold.
    pub conditions: &'a [Condition],
    /// Which of them come first; what is in doubt comes before all.
    pub order: ReadOrder,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most transactions of this part.
    pub limit: usize,
}

/// Whether a text can be the place where a part ended: a moment or a day, or a place in one of the indexes.
pub fn is_place(text: &str) -> bool {
    let begin = text.strip_prefix(AGENDA).unwrap_or(text).split('#').next().unwrap_or_default();
    let is_time = || begin.parse::<Timestamp>().is_ok() || begin.parse::<Date>().is_ok();
    text.is_ascii() && (["open", "past", "due", "paused"].contains(&begin) || is_time())
}

impl Lister<'_> {
    /// The next part of a list by conditions.
    ///
    /// What needs attention is in an index, and all of it. What is in doubt may have no fact yet, so it comes first where it
    /// can be wanted, and from the same index.
    pub async fn find(&self, wanted: &Wanted<'_>) -> Result<Found, StoreError> {
        let &Wanted { merchant, now, since, until, order, after, limit, .. } = wanted;
        if let Some(id) = wanted.known_order() {
            return self.of_order(wanted, id).await;
        }
        let place = after.and_then(|after| after.strip_prefix(AGENDA));
        let mut read_bytes = 0;
        if wanted.is_for_agenda() && (after.is_none() || place.is_some()) {
            let wants = |order: &Order, transaction: &Transaction, at: Timestamp| {
                wanted.is_in_agenda(transaction, at) && wanted.has_since(at) && wanted.has(order, transaction)
            };
            let first = AgendaWanted { merchant, now, after: place, limit };
            let found = self.by_agenda().wanted(&first, !wanted.needs_attention(), &wants).await?;
            let next = found.next.as_ref().map(|next| format!("{AGENDA}{next}"));
            if wanted.is_for_agenda_only() {
                return Ok(Found { next, ..found });
            }
            if found.shown() > 0 || next.is_some() {
                return Ok(Found {
                    next: Some(next.unwrap_or_else(|| ends(order, since, until).0)),
                    ..found
                });
            }
            read_bytes = found.read_bytes;
        }
        let places = wanted.places();
        let under = wanted.under(&places);
        let wants = &|order: &Order, transaction: &Transaction| {
            let was_listed = wanted.is_for_agenda() && transaction.is_doubt_recorded();
            // What was done to a payment can have been declined long after it.
            let is_of_range = || {
                let first = first_fact(order, transaction);
                first.is_none_or(|first| since <= first.at && first.at < wanted.until)
            };
            !was_listed
                && wanted.has(order, transaction)
                && (!matches!(under, Under::Decline(_)) || is_of_range())
        };
        let until = if matches!(under, Under::Decline(_)) { until.max(now) } else { until };
        let may_want = &|entry: &LoggedEntry| wanted.may_want(entry);
        let after = after.filter(|_| place.is_none());
        let search = Search {
            merchant,
            since,
            until,
            places: &places,
            is_narrowed: wanted.is_narrowed(&places),
            under,
            may_want,
            wants,
            order,
            after,
            limit,
        };
        let found = self.list(&search, read_bytes).await?;
        // A range that ends earlier says nothing of how far the journal has come.
        let newest = found.newest.filter(|_| until >= now);
        Ok(Found { newest, ..found })
    }
}

impl Wanted<'_> {
    /// Whether every entry of the range is read, because no index has what is wanted.
    pub fn reads_all(&self) -> bool {
        self.known_order().is_none() && !self.is_for_agenda_only() && is_whole_journal(&self.places())
    }

    /// Where its entries are: in an index, if a condition has one, and otherwise in all parts of the journal.
    fn places(&self) -> Vec<EntryPlace> {
        let by_reference = self.reference().map(|reference| EntryPlace::Reference(reference.to_owned()));
        let pointed = self.conditions.iter().find_map(|condition| match condition {
            Condition::PointedBy(key) => Some(EntryPlace::Pointers(PointedBy::Text(*key))),
            _ => None,
        });
        let by_card = self.conditions.iter().find_map(|condition| match condition {
            Condition::LastFour(digits) => Some(EntryPlace::LastFour(digits.clone())),
            _ => None,
        });
        if let Some(index) = by_reference.or(pointed).or(by_card) {
            return vec![index];
        }
        if let Some(holds) = self.places_of_holds() {
            return holds;
        }
        if self.decline_codes().is_some() {
            return vec![EntryPlace::Declined];
        }
        self.words().and_then(places_of_words).unwrap_or_else(EntryPlace::all)
    }

    /// Which of its facts a transaction has in these places.
    fn under(&self, places: &[EntryPlace]) -> Under<'_> {
        if let Some(reference) = self.reference() {
            return Under::Reference(reference);
        }
        match self.decline_codes().filter(|_| places == [EntryPlace::Declined]) {
            Some(codes) => Under::Decline(codes),
            None if places.contains(&EntryPlace::Declined) => Under::OwnDecline,
            None => Under::First,
        }
    }

    fn decline_codes(&self) -> Option<&[DeclineCode]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Decline(codes) => Some(codes.as_slice()),
            _ => None,
        })
    }

    fn words(&self) -> Option<&[PaymentWord]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Word(all) => Some(all.as_slice()),
            _ => None,
        })
    }

    /// Whether few of a card's payments may be wanted.
    fn is_narrowed(&self, places: &[EntryPlace]) -> bool {
        let is_of_place = |condition: &Condition| {
            matches!(condition, Condition::LastFour(_) | Condition::ListedAt(_) | Condition::Transaction(_))
        };
        matches!(places, [EntryPlace::LastFour(_)]) && !self.conditions.iter().all(is_of_place)
    }

    /// Where open holds are that end at certain moments: those of a few days, or all.
    fn places_of_holds(&self) -> Option<Vec<EntryPlace>> {
        let ends = self.conditions.iter().filter_map(|condition| match condition {
            Condition::AuthorizationExpiresAt(is) => Some(is),
            _ => None,
        });
        let ends: Vec<&Is<Timestamp>> = ends.collect();
        if ends.is_empty() {
            return None;
        }
        // What has ended is not held.
        let first = ends.iter().filter_map(|is| is.first()).fold(self.now, Timestamp::max);
        let last = ends.iter().filter_map(|is| is.last()).min();
        let days = last.map(|last| {
            day_of(first).series(Span::new().days(1)).take_while(move |day| *day <= day_of(last))
        });
        let days: Option<Vec<Date>> = days.map(|days| days.take(DAYS_OF_HOLDS + 1).collect());
        Some(match days {
            Some(days) if days.len() <= DAYS_OF_HOLDS => {
                days.into_iter().map(EntryPlace::HeldUntil).collect()
            }
            _ => vec![EntryPlace::Held],
        })
    }

    /// The reference whose index is read. It has few entries, and so comes before any other index.
    fn reference(&self) -> Option<&str> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Reference(reference) => Some(reference.as_str()),
            _ => None,
        })
    }

    /// The one order that can have it.
    fn known_order(&self) -> Option<&OrderId> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Order(order) => Some(order),
            _ => None,
        })
    }

    fn needs_attention(&self) -> bool {
        self.conditions.iter().any(|condition| matches!(condition, Condition::NeedsAttention(_)))
    }

    /// Whether something is wanted that the index of what needs attention has.
    fn is_for_agenda(&self) -> bool {
        let pending = |condition: &Condition| match condition {
            Condition::Status(all) => all.contains(&TransactionStatus::Pending),
            Condition::Word(all) => all.contains(&PaymentWord::NotKnownYet),
            _ => false,
        };
        self.needs_attention() || self.conditions.iter().any(pending)
    }

    /// Whether nothing else is wanted.
    fn is_for_agenda_only(&self) -> bool {
        let pending = |condition: &Condition| match condition {
            Condition::Status(all) => *all == [TransactionStatus::Pending],
            Condition::Word(all) => *all == [PaymentWord::NotKnownYet],
            _ => false,
        };
        self.needs_attention() || self.conditions.iter().any(pending)
    }

    /// Whether it is listed from that index: what is in doubt, however old, and of what needs attention what belongs to the
    /// list's time.
    fn is_in_agenda(&self, transaction: &Transaction, at: Timestamp) -> bool {
        if self.needs_attention() {
            is_in_doubt(transaction, self.now) || (self.since <= at && at < self.until)
        } else {
            transaction.is_doubt_recorded()
        }
    }

    fn has_since(&self, at: Timestamp) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::ListedAt(is) => is.holds(&at),
            _ => true,
        })
    }

    /// What never changes, and so is in the entry already.
    fn may_want(&self, entry: &LoggedEntry) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Currency(all) => entry.currency.is_none_or(|currency| all.contains(&currency)),
            _ => true,
        })
    }

    pub(super) fn has(&self, order: &Order, transaction: &Transaction) -> bool {
        self.conditions.iter().all(|condition| condition.holds(order, transaction, self.now))
    }
}

/// Where all payments are that can be in one of these states; none if one of the states has no place of its own.
fn places_of_words(words: &[PaymentWord]) -> Option<Vec<EntryPlace>> {
    let uncollected = EntryPlace::Pointers(PointedBy::Uncollected);
    let mut places = Vec::new();
    for word in words {
        let own = match word {
            PaymentWord::Held => vec![EntryPlace::Held],
            // What lapsed is held until that is on record.
            PaymentWord::Lapsed => vec![EntryPlace::Held, uncollected.clone()],
            PaymentWord::Voided | PaymentWord::VoidedElsewhere => vec![uncollected.clone()],
            PaymentWord::Declined => vec![EntryPlace::Declined],
            PaymentWord::Paid
            | PaymentWord::PartlyPaid
            | PaymentWord::PartlyRefunded
            | PaymentWord::Refunded
            | PaymentWord::NotProcessed
            | PaymentWord::NotKnownYet
            | PaymentWord::SettlementRefused
            | PaymentWord::Disputed => return None,
        };
        for place in own {
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    Some(places)
}

impl Condition {
    /// Whether it is found without reading all entries of the range, so that the range can be all times.
    pub fn has_index(&self) -> bool {
        match self {
            Self::LastFour(_)
            | Self::Reference(_)
            | Self::Text(_)
            | Self::Order(_)
            | Self::Transaction(_)
            | Self::AuthorizationExpiresAt(_) => true,
            Self::Word(all) => *all == [PaymentWord::Held],
            _ => false,
        }
    }

    fn holds(&self, order: &Order, transaction: &Transaction, now: Timestamp) -> bool {
        match self {
            Self::ListedAt(_) | Self::PointedBy(_) => true,
            Self::Status(all) => all.contains(&transaction.status()),
            Self::Word(all) => all.contains(&transaction.word(now)),
            Self::Operation(all) => transaction.operations.iter().any(|own| all.contains(&own.kind)),
            Self::Decline(all) => entries(None, order).iter().any(|entry| {
                let code = entry.decline.filter(|_| entry.transaction == transaction.id);
                code.is_some_and(|code| all.contains(&code))
            }),
            Self::Currency(all) => all.contains(&order.currency),
            Self::Brand(all) => {
                let brand = transaction.card().and_then(|card| card.brand);
                brand.is_some_and(|brand| all.contains(&brand))
            }
            Self::LastFour(digits) => {
                transaction.card().and_then(|card| card.last_four.as_ref()) == Some(digits)
            }
            Self::Reference(reference) => entries(None, order).iter().any(|entry| {
                entry.transaction == transaction.id && entry.reference.as_ref() == Some(reference)
            }),
            Self::Text(term) => transaction.search_terms().contains(term),
            Self::Order(id) => order.id == *id,
            Self::Transaction(id) => transaction.id == *id,
            Self::Amount(is) => is.holds(&transaction.amount().minor()),
            Self::Captured(is) => is.holds(&transaction.captured().minor()),
            // What has more decimals than the currency is no amount in it.
            Self::AmountFrom(text) => {
                order.currency.parse_decimal(text).is_ok_and(|least| transaction.amount() >= least)
            }
            Self::AmountTo(text) => {
                order.currency.parse_decimal(text).is_ok_and(|most| transaction.amount() <= most)
            }
            Self::AmountAsShown(text) => {
                let amounts = [transaction.amount(), transaction.captured()];
                order.currency.parse_decimal(text).is_ok_and(|amount| amounts.contains(&amount))
            }
            Self::AuthorizationExpiresAt(is) => {
                !transaction.capturable().is_zero()
                    && transaction.lapsed_at.is_none()
                    && transaction.authorization_expires_at.is_some_and(|at| now < at && is.holds(&at))
            }
            Self::NextCaptureAttempt(is) => {
                order.next_capture_attempt(transaction).is_some_and(|at| is.holds(&at))
            }
            Self::NeedsAttention(all) => {
                let found = concerns(order, transaction, now);
                found.iter().any(|concern| all.is_empty() || all.contains(concern))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use uuid::Uuid;

    use super::*;
    use crate::{
        journal::sort_of,
        memory::{new_operation, payment},
        order::{
            CaptureSchedule, Decision, Decline, GatewayResponse, Kind, Operation, OperationState, OrderKey,
            PaymentKind,
        },
        values::Amount,
    };

    #[test]
    fn a_value_compares_as_it_is_to() {
        for (is, of_one_to_three) in [
            (Is::Equal(2), [false, true, false]),
            (Is::More(2), [false, false, true]),
            (Is::AtLeast(2), [false, true, true]),
            (Is::Less(2), [true, false, false]),
            (Is::AtMost(2), [true, true, false]),
            (Is::OneOf(vec![1, 3]), [true, false, true]),
        ] {
            assert_eq!([1, 2, 3].map(|value| is.holds(&value)), of_one_to_three, "{is:?}");
        }
    }

    #[test]
    fn a_place_is_a_moment_or_one_among_what_is_in_doubt() {
        for (text, is) in [
            ("2026-11-22T10:00:00.000Z", true),
            ("2026-11-22T10:00:00.000Z#0192", true),
            ("agenda:open#2026", true),
            ("due#2026", true),
            ("", false),
            ("o#t", false),
            ("2026-11-22T10:00:00.000Z#\u{e9}", false),
            ("agenda:open#\u{e9}", false),
        ] {
            assert_eq!(is_place(text), is, "{text}");
        }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    /// An order with an authorization that is to be captured after an hour and ends after ten.
    fn authorized() -> Order {
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, None, at(0));
        let mut operation = Operation::new(new_operation(Uuid::from_u128(1), Kind::Authorize, 500), at(0));
        operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
        let mut transaction = payment(PaymentKind::Authorize, operation);
        transaction.authorization_expires_at = Some(at(600));
        transaction.capture = Some(CaptureSchedule { at: at(60), amount: None, held_back_at: None });
        let card = transaction.instrument.card_mut().unwrap();
        (card.brand, card.last_four) = (Some(Brand::Visa), Some("1111".to_owned()));
        order.transactions.push(transaction);
        order
    }

    #[test]
    fn a_condition_holds_of_what_it_names_and_of_nothing_else() {
        let order = authorized();
        let four = |digits: &str| Condition::LastFour(digits.to_owned());
        let shown = |text: &str| Condition::AmountAsShown(text.to_owned());
        let from = |text: &str| Condition::AmountFrom(text.to_owned());
        let to = |text: &str| Condition::AmountTo(text.to_owned());
        for (condition, holds) in [
            (Condition::ListedAt(Is::Equal(at(1))), true),
            (Condition::Status(vec![TransactionStatus::Done]), true),
            (Condition::Status(vec![TransactionStatus::Failed]), false),
            (Condition::Word(vec![PaymentWord::Paid, PaymentWord::Held]), true),
            (Condition::Word(vec![PaymentWord::Paid]), false),
            (Condition::Operation(vec![Kind::Refund, Kind::Authorize]), true),
            (Condition::Operation(vec![Kind::Capture]), false),
            (Condition::Decline(vec![DeclineCode::InsufficientFunds]), false),
            (from("5"), true),
            (from("5.01"), false),
            (from("4.99"), true),
            (to("5.00"), true),
            (to("4.99"), false),
            (to("100"), true),
            // No amount in this currency.
            (from("1.001"), false),
            (to("100.000"), false),
            (Condition::Currency(vec![Currency::USD]), true),
            (Condition::Currency(vec![]), false),
            (Condition::Brand(vec![Brand::Visa]), true),
            (Condition::Brand(vec![Brand::Mastercard]), false),
            (four("1111"), true),
            (four("1112"), false),
            (Condition::Amount(Is::Equal(500)), true),
            (Condition::Amount(Is::Equal(0)), false),
            (Condition::Captured(Is::Equal(0)), true),
            (Condition::Captured(Is::Equal(500)), false),
            (shown("5.00"), true),
            (shown("0.00"), true),
            (shown("5"), true),
            (shown("5.0"), true),
            // Of another currency.
            (shown("5.000"), false),
            (shown("500"), false),
            (Condition::AuthorizationExpiresAt(Is::Equal(at(600))), true),
            (Condition::AuthorizationExpiresAt(Is::Less(at(600))), false),
            (Condition::NextCaptureAttempt(Is::Equal(at(60))), true),
            (Condition::NextCaptureAttempt(Is::More(at(60))), false),
            (Condition::NeedsAttention(vec![]), false),
        ] {
            assert_eq!(condition.holds(&order, &order.transactions[0], at(1)), holds, "{condition:?}");
        }
        // An hour late.
        for (all, holds) in
            [(vec![], true), (vec![Concern::CaptureSkipped], true), (vec![Concern::InDoubt], false)]
        {
            let condition = Condition::NeedsAttention(all);
            assert_eq!(condition.holds(&order, &order.transactions[0], at(120)), holds, "{condition:?}");
        }
        // By then the authorization has lapsed, which changes nothing of it.
        let lapsed = Condition::Word(vec![PaymentWord::Lapsed]);
        let held_until = [599, 600].map(|minute| lapsed.holds(&order, &order.transactions[0], at(minute)));
        assert_eq!(held_until, [false, true]);
        // Nothing is held any more.
        let mut order = order;
        let mut capture = Operation::new(new_operation(Uuid::from_u128(2), Kind::Capture, 300), at(5));
        capture.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
        order.transactions[0].operations.push(capture);
        assert_eq!(order.transactions[0].captured(), Amount::new(300).unwrap());
        for (condition, holds) in [
            (Condition::AuthorizationExpiresAt(Is::Equal(at(600))), false),
            (Condition::NextCaptureAttempt(Is::Equal(at(60))), false),
            (shown("3.00"), true),
        ] {
            assert_eq!(condition.holds(&order, &order.transactions[0], at(6)), holds, "{condition:?}");
        }
    }

    fn wanted<'a>(merchant: &'a MerchantId, conditions: &'a [Condition]) -> Wanted<'a> {
        let (now, since, until, order) = (at(0), at(0), at(1), ReadOrder::NewestFirst);
        Wanted { merchant, now, since, until, conditions, order, after: None, limit: 1 }
    }

    #[test]
    fn the_conditions_say_which_index_is_read_and_whether_what_is_in_doubt_comes_first() {
        let merchant = "m".parse().unwrap();
        let wanted = |conditions: &[Condition]| {
            let wanted = wanted(&merchant, conditions);
            (wanted.places(), wanted.needs_attention(), wanted.is_for_agenda())
        };
        let all = EntryPlace::all;
        let digits = Condition::LastFour("1111".to_owned());
        let usd = Condition::Currency(vec![Currency::USD]);
        assert_eq!(wanted(&[]), (all(), false, false));
        let card = vec![EntryPlace::LastFour("1111".to_owned())];
        assert_eq!(wanted(&[usd, digits]), (card, false, false));
        assert_eq!(wanted(&[Condition::Status(vec![TransactionStatus::Done])]), (all(), false, false));
        assert_eq!(wanted(&[Condition::Status(vec![TransactionStatus::Pending])]), (all(), false, true));
        assert_eq!(wanted(&[Condition::NeedsAttention(vec![])]), (all(), true, true));
        let only = |word| wanted(&[Condition::Word(vec![word])]).0;
        assert_eq!(only(PaymentWord::Held), [EntryPlace::Held]);
        assert_eq!(only(PaymentWord::Declined), [EntryPlace::Declined]);
        assert_eq!(only(PaymentWord::Paid), all());
        let words = |word| [Condition::Word(vec![PaymentWord::Paid, word])];
        assert_eq!(wanted(&words(PaymentWord::NotKnownYet)), (all(), false, true));
        assert_eq!(wanted(&words(PaymentWord::Held)), (all(), false, false));
    }

    #[test]
    fn of_a_cards_payments_few_may_be_wanted_once_more_is_asked_for_than_the_card() {
        let merchant: MerchantId = "m".parse().unwrap();
        let is_narrowed = |conditions: &[Condition]| {
            let wanted = wanted(&merchant, conditions);
            wanted.is_narrowed(&wanted.places())
        };
        let (card, amount) = (Condition::LastFour("1111".to_owned()), Condition::Amount(Is::AtLeast(1)));
        let listed = Condition::ListedAt(Is::AtLeast(Timestamp::UNIX_EPOCH));
        assert!(!is_narrowed(slice::from_ref(&card)) && !is_narrowed(&[listed, card.clone()]));
        assert!(is_narrowed(&[card, amount.clone()]));
        assert!(!is_narrowed(&[amount]), "the whole journal is read in larger steps anyway");
    }

    #[test]
    fn what_ends_within_a_few_days_is_read_day_by_day_from_now_on() {
        let merchant = "m".parse().unwrap();
        let days = |conditions: &[Is<Timestamp>]| -> Option<Vec<i8>> {
            let conditions: Vec<_> =
                conditions.iter().cloned().map(Condition::AuthorizationExpiresAt).collect();
            let places = wanted(&merchant, &conditions).places();
            let day = |place: &EntryPlace| match place {
                EntryPlace::HeldUntil(day) => Some(day.day()),
                _ => None,
            };
            assert!(conditions.iter().all(Condition::has_index));
            (places != [EntryPlace::Held]).then(|| places.iter().map(|place| day(place).unwrap()).collect())
        };
        // Eight o'clock on the 15th.
        let (of_day, next_midnight) = (|day: i64| at(day * 24 * 60), at(16 * 60));
        for (ends, expected) in [
            (vec![Is::Equal(of_day(1))], Some(vec![16])),
            (vec![Is::AtMost(of_day(2))], Some(vec![15, 16, 17])),
            (vec![Is::AtMost(of_day(3))], None),
            (vec![Is::AtLeast(of_day(2)), Is::Less(of_day(3))], Some(vec![17, 18])),
            (vec![Is::Less(next_midnight)], Some(vec![15])),
            (vec![Is::AtMost(next_midnight)], Some(vec![15, 16])),
            (vec![Is::More(of_day(1))], None),
            (vec![Is::OneOf(vec![of_day(3), of_day(1)])], Some(vec![16, 17, 18])),
            // Nothing that is over is held.
            (vec![Is::Less(of_day(-1))], Some(vec![])),
            (vec![Is::AtLeast(of_day(-9)), Is::AtMost(of_day(0))], Some(vec![15])),
        ] {
            assert_eq!(days(&ends), expected, "{ends:?}");
        }
    }

    #[test]
    fn a_decline_is_found_by_its_code_whatever_was_declined() {
        let code = DeclineCode::InsufficientFunds;
        let declined = |id, kind| {
            let decline = Decline { code, advice: code.advice() };
            let decision = Decision::Declined(GatewayResponse::default(), decline);
            let operation = Operation::new(new_operation(Uuid::from_u128(id), kind, 500), at(0));
            Operation { state: OperationState::Decided(decision), ..operation }
        };
        let (mut of_payment, mut of_capture, none) = (authorized(), authorized(), authorized());
        of_payment.transactions[0].operations = vec![declined(1, Kind::Authorize)];
        of_capture.transactions[0].operations.push(declined(2, Kind::Capture));
        let condition = Condition::Decline(vec![DeclineCode::ExpiredCard, code]);
        let found = [of_payment, of_capture, none]
            .map(|order| condition.holds(&order, &order.transactions[0], at(1)));
        assert_eq!(found, [true, true, false]);
    }

    #[test]
    fn an_entry_of_another_currency_is_not_looked_at_and_one_that_states_none_is() {
        let merchant = "m".parse().unwrap();
        let conditions = [Condition::Currency(vec![Currency::USD]), Condition::LastFour("1111".to_owned())];
        let wanted = wanted(&merchant, &conditions);
        let entry = |currency| LoggedEntry {
            sort: sort_of(at(0)),
            id: Uuid::nil(),
            order: authorized().key(),
            transaction: Uuid::nil(),
            kind: Kind::Purchase,
            currency,
        };
        for (currency, may) in
            [(Some(Currency::USD), true), (Currency::parse("EUR").ok(), false), (None, true)]
        {
            assert_eq!(wanted.may_want(&entry(currency)), may, "{currency:?}");
        }
    }
}
