//! Where a list of payments reads: the smallest place that has all.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Is, Predicate, Wanted};
use crate::{
    journal::{Entry, EntryPartition, PointedBy, first_of},
    order::{OrderId, PaymentWord},
    values::{DeclineCode, SearchKey},
};

/// Where the payments are that a predicate names, if only the caller can look that up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookedUp {
    /// The order that has the transaction.
    Order(OrderId),
    /// The key of the text: pointers with it lead to the payments that have or had the text.
    Text(SearchKey),
}

/// Where a list of payments reads.
#[derive(Debug)]
pub(super) enum Place<'a> {
    /// One order, and nothing else.
    Order(&'a OrderId),
    /// The indexes of orders that need attention.
    Attention,
    Journal(Entries<'a>),
}

/// Entries that lead to payments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entries<'a> {
    /// Where they are.
    pub(super) partitions: Vec<EntryPartition>,
    /// Which of its facts a payment is listed under.
    pub(super) under: Under<'a>,
    /// Whether predicates narrow the place, so that few of its payments may be wanted.
    pub(super) is_narrowed: bool,
}

/// Which fact a payment is listed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Under<'a> {
    First,
    /// The newest one that has this reference of the gateway.
    Reference(&'a str),
    /// The newest one that has one of these codes, of the payment or of a later operation on it.
    Decline(&'a [DeclineCode]),
    /// The newest one by which the payment itself was declined, and the first one of a payment that
    /// was not.
    OwnDecline,
}

impl<'a> Place<'a> {
    /// The one place that a list reads.
    pub(super) fn of(wanted: &Wanted<'a>) -> Self {
        let stated = wanted.predicates.iter().find_map(|predicate| match predicate {
            Predicate::Order(order) => Some(order),
            _ => None,
        });
        match (wanted.looked_up, stated) {
            (Some(LookedUp::Order(order)), _) | (_, Some(order)) => Self::Order(order),
            _ if wanted.is_for_attention_only() => Self::Attention,
            _ => Self::Journal(Entries::of(wanted)),
        }
    }
}

impl<'a> Entries<'a> {
    /// The index with the fewest entries that has all, or else the whole journal.
    fn of(wanted: &Wanted<'a>) -> Self {
        let by_predicate = |predicate: &'a Predicate| {
            let (rank, partitions, under) = match predicate {
                Predicate::Reference(text) => {
                    (0, vec![EntryPartition::Reference(text.clone())], Under::Reference(text))
                }
                Predicate::LastFour(digits) => {
                    (2, vec![EntryPartition::LastFour(digits.clone())], Under::First)
                }
                Predicate::AuthorizationExpiresAt(_) => (3, holds_ending(wanted), Under::First),
                Predicate::Decline(codes) => (4, vec![EntryPartition::Declined], Under::Decline(codes)),
                Predicate::Word(words) => {
                    let partitions = partitions_of_words(words).unwrap_or_else(EntryPartition::all);
                    let is_declined = partitions.contains(&EntryPartition::Declined);
                    (5, partitions, if is_declined { Under::OwnDecline } else { Under::First })
                }
                _ => return None,
            };
            Some((rank, partitions, under))
        };
        let by_text = match wanted.looked_up {
            Some(LookedUp::Text(key)) => {
                Some((1, vec![EntryPartition::Pointers(PointedBy::Text(*key))], Under::First))
            }
            Some(LookedUp::Order(_)) | None => None,
        };
        let indexes = wanted.predicates.iter().filter_map(by_predicate).chain(by_text);
        let smallest = indexes.min_by_key(|(rank, ..)| *rank);
        let (_, partitions, under) = smallest.unwrap_or_else(|| (6, EntryPartition::all(), Under::First));
        let is_said_by_place = |predicate: &Predicate| {
            matches!(predicate, Predicate::LastFour(_) | Predicate::ListedAt(_) | Predicate::Transaction(_))
        };
        let is_narrowed = matches!(partitions[..], [EntryPartition::LastFour(_)])
            && !wanted.predicates.iter().all(is_said_by_place);
        Self { partitions, under, is_narrowed }
    }
}

impl Under<'_> {
    /// The entry that a payment is listed under, among all of its order.
    pub(super) fn entry(self, transaction: Uuid, entries: &[Entry]) -> Option<&Entry> {
        let newest = |is_one: &dyn Fn(&Entry) -> bool| {
            let own = entries.iter().filter(|entry| entry.transaction == transaction && is_one(entry));
            own.max_by_key(|entry| (entry.at, entry.id))
        };
        match self {
            Self::First => first_of(transaction, entries),
            Self::Reference(reference) => newest(&|entry| entry.reference.as_deref() == Some(reference)),
            Self::Decline(codes) => newest(&|entry| entry.decline.is_some_and(|code| codes.contains(&code))),
            Self::OwnDecline => newest(&|entry| {
                entry.kind.is_payment() && entry.unusual_partition() == Some(EntryPartition::Declined)
            })
            .or_else(|| first_of(transaction, entries)),
        }
    }
}

/// Where the open holds are that end between the first and the last moment that can be wanted:
/// among all, if no last moment is stated; no partition if there is no such moment.
fn holds_ending(wanted: &Wanted<'_>) -> Vec<EntryPartition> {
    let ends = wanted.predicates.iter().filter_map(|predicate| match predicate {
        Predicate::AuthorizationExpiresAt(is) => Some(is),
        _ => None,
    });
    // An authorization that has ended holds nothing.
    let first = ends.clone().filter_map(Is::first).fold(wanted.now, Timestamp::max);
    let Some(last) = ends.filter_map(Is::last).min() else { return vec![EntryPartition::Held] };
    if first > last { Vec::new() } else { vec![EntryPartition::HeldEnding(first..=last)] }
}

/// Where all payments are that can be in one of these states; none if one of the states has no
/// partition of its own.
fn partitions_of_words(words: &[PaymentWord]) -> Option<Vec<EntryPartition>> {
    let uncollected = EntryPartition::Pointers(PointedBy::Uncollected);
    let mut partitions = Vec::new();
    for word in words {
        let own = match word {
            PaymentWord::Held => vec![EntryPartition::Held],
            // A lapsed payment counts as held until its lapse is on record.
            PaymentWord::Lapsed => vec![EntryPartition::Held, uncollected.clone()],
            PaymentWord::Voided | PaymentWord::VoidedElsewhere => vec![uncollected.clone()],
            PaymentWord::Declined => vec![EntryPartition::Declined],
            PaymentWord::Paid
            | PaymentWord::PartlyPaid
            | PaymentWord::PartlyRefunded
            | PaymentWord::Refunded
            | PaymentWord::NotProcessed
            | PaymentWord::NotKnownYet
            | PaymentWord::SettlementRefused
            | PaymentWord::Disputed => return None,
        };
        for partition in own {
            if !partitions.contains(&partition) {
                partitions.push(partition);
            }
        }
    }
    Some(partitions)
}

#[cfg(test)]
mod tests {
    use std::slice;

    use jiff::SignedDuration;

    use super::*;
    use crate::{
        order::{MerchantId, TransactionStatus},
        values::{Currency, ReadOrder},
    };

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn wanted<'a>(merchant: &'a MerchantId, predicates: &'a [Predicate]) -> Wanted<'a> {
        let (now, since, until, order) = (at(0), at(0), at(1), ReadOrder::NewestFirst);
        Wanted { merchant, now, since, until, predicates, looked_up: None, order, after: None, limit: 1 }
    }

    #[test]
    fn the_predicates_say_which_index_is_read_and_whether_what_is_in_doubt_comes_first() {
        let merchant = "m".parse().unwrap();
        let wanted = |predicates: &[Predicate]| {
            let wanted = wanted(&merchant, predicates);
            (Entries::of(&wanted).partitions, wanted.needs_attention(), wanted.is_for_attention())
        };
        let all = EntryPartition::all;
        let digits = Predicate::LastFour("1111".to_owned());
        let usd = Predicate::Currency(vec![Currency::USD]);
        assert_eq!(wanted(&[]), (all(), false, false));
        let card = vec![EntryPartition::LastFour("1111".to_owned())];
        assert_eq!(wanted(&[usd, digits]), (card, false, false));
        assert_eq!(wanted(&[Predicate::Status(vec![TransactionStatus::Done])]), (all(), false, false));
        assert_eq!(wanted(&[Predicate::Status(vec![TransactionStatus::Pending])]), (all(), false, true));
        assert_eq!(wanted(&[Predicate::NeedsAttention(vec![])]), (all(), true, true));
        let only = |word| wanted(&[Predicate::Word(vec![word])]).0;
        assert_eq!(only(PaymentWord::Held), [EntryPartition::Held]);
        assert_eq!(only(PaymentWord::Declined), [EntryPartition::Declined]);
        assert_eq!(only(PaymentWord::Paid), all());
        let words = |word| [Predicate::Word(vec![PaymentWord::Paid, word])];
        assert_eq!(wanted(&words(PaymentWord::NotKnownYet)), (all(), false, true));
        assert_eq!(wanted(&words(PaymentWord::Held)), (all(), false, false));
    }

    #[test]
    fn of_a_cards_payments_few_may_be_wanted_once_more_is_asked_for_than_the_card() {
        let merchant: MerchantId = "m".parse().unwrap();
        let is_narrowed = |predicates: &[Predicate]| {
            let wanted = wanted(&merchant, predicates);
            Entries::of(&wanted).is_narrowed
        };
        let (card, amount) = (Predicate::LastFour("1111".to_owned()), Predicate::Amount(Is::AtLeast(1)));
        let listed = Predicate::ListedAt(Is::AtLeast(Timestamp::UNIX_EPOCH));
        assert!(!is_narrowed(slice::from_ref(&card)) && !is_narrowed(&[listed, card.clone()]));
        assert!(is_narrowed(&[card, amount.clone()]));
        assert!(!is_narrowed(&[amount]), "the whole journal is read in larger steps anyway");
    }

    #[test]
    fn no_hold_is_read_that_ends_before_or_after_every_moment_that_can_be_wanted() {
        let merchant = "m".parse().unwrap();
        let partitions = |predicates: &[Is<Timestamp>]| {
            let predicates: Vec<_> =
                predicates.iter().cloned().map(Predicate::AuthorizationExpiresAt).collect();
            assert!(predicates.iter().all(Predicate::has_index));
            Entries::of(&wanted(&merchant, &predicates)).partitions
        };
        let (now, nanosecond) = (at(0), SignedDuration::from_nanos(1));
        for (ends, (first, last)) in [
            (vec![Is::Equal(at(5))], (at(5), at(5))),
            (vec![Is::AtMost(at(5))], (now, at(5))),
            (vec![Is::Less(at(5))], (now, at(5) - nanosecond)),
            (vec![Is::AtLeast(at(2)), Is::Less(at(5))], (at(2), at(5) - nanosecond)),
            (vec![Is::OneOf(vec![at(7), at(3)])], (at(3), at(7))),
            (vec![Is::AtLeast(at(-9)), Is::AtMost(now)], (now, now)),
        ] {
            assert_eq!(partitions(&ends), [EntryPartition::HeldEnding(first..=last)], "{ends:?}");
        }
        // An authorization that has ended holds nothing.
        assert_eq!(partitions(&[Is::Less(now)]), []);
        // Nearly all end after a moment, so nothing is gained by looking at each.
        assert_eq!(partitions(&[Is::More(at(2))]), [EntryPartition::Held]);
    }

    #[test]
    fn a_list_reads_what_was_looked_up_before_any_larger_index() {
        let merchant: MerchantId = "m".parse().unwrap();
        let (key, order) = (SearchKey::new(7), "o".parse::<OrderId>().unwrap());
        let digits = Predicate::LastFour("1111".to_owned());
        let reference = Predicate::Reference("r".to_owned());
        let text = Some(LookedUp::Text(key));
        let partitions = |predicates: &[Predicate]| {
            Entries::of(&Wanted { looked_up: text.as_ref(), ..wanted(&merchant, predicates) }).partitions
        };
        assert_eq!(partitions(slice::from_ref(&digits)), [EntryPartition::Pointers(PointedBy::Text(key))]);
        assert_eq!(partitions(&[digits, reference]), [EntryPartition::Reference("r".to_owned())]);
        let looked_up = Some(LookedUp::Order(order));
        let other = [Predicate::Order("p".parse().unwrap())];
        let place = Place::of(&Wanted { looked_up: looked_up.as_ref(), ..wanted(&merchant, &other) });
        assert!(matches!(place, Place::Order(id) if id.as_str() == "o"));
    }
}
