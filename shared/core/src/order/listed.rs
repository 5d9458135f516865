//! Where an order is in the list of its merchant's orders, and how the id of a payment leads there.
//!
//! The id of a payment begins with its order's key in that list. So the index that lists orders
//! also finds an order by any of its payments: no payment has to write an entry of its own, and it
//! does not matter how many an order has.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid, Variant, Version};

use super::{MerchantId, Order, OrderId, OrderKey};
use crate::values::sort_of;

/// Parts that a merchant's list is spread over; each takes about 1,000 new orders per second. It
/// must never change: it says where orders are.
pub const LIST_SHARDS: u16 = 4;

/// Bits of an order's digest that are in the ids of its payments: three hexadecimal digits.
const BITS_IN_ID: u128 = 0xfff;

/// A key in the list of a merchant's orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListKey {
    /// Which part of the list, below [`LIST_SHARDS`].
    pub shard: u16,
    /// The order's sort key there: when it was created, and a digest of its key. Or a prefix of the
    /// sort key.
    pub sort: String,
}

impl ListKey {
    fn new(at: Timestamp, bits: u64, sort: &str) -> Self {
        let shard = u16::try_from(bits % u64::from(LIST_SHARDS)).unwrap_or_default();
        Self { shard, sort: format!("{}#{sort}", sort_of(at)) }
    }
}

impl Order {
    /// Its key in the list of its merchant's orders, which it has from the first write on. A
    /// payment that is an order of its own is not listed, and its id is the order's.
    pub fn list_key(&self) -> Option<ListKey> {
        if self.is_standalone() {
            return None;
        }
        let digest = self.digest();
        Some(ListKey::new(self.created_at, bits_of(digest), &format!("{digest:012x}")))
    }

    /// The first 48 bits of its key's: twelve digits.
    pub(crate) fn digest(&self) -> u64 {
        let digest = Sha256::digest(self.key().to_string().as_bytes());
        digest.iter().take(6).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }

    /// The id of a new payment of this order, with the random bits of another id: 48 bits are the
    /// millisecond in which the order was created, 12 are of its digest. It has the form of version
    /// 4, as Elastic Path's ids have: some clients accept no other.
    pub(crate) fn payment_id(&self, random: Uuid) -> Uuid {
        let created = u128::try_from(self.created_at.as_millisecond()).unwrap_or_default();
        let low = random.as_u128() & u128::from(u64::MAX);
        let bits = created << 80 | u128::from(bits_of(self.digest())) << 64 | low;
        Builder::from_u128(bits).with_variant(Variant::RFC4122).with_version(Version::Random).into_uuid()
    }
}

/// Where the order with such a payment is listed, as far as the payment's id says; the sort key
/// begins so. None for an id that this order cannot have given it.
pub fn list_key_of_payment(id: Uuid) -> Option<ListKey> {
    let bits = id.as_u128();
    let created = i64::try_from(bits >> 80).ok().filter(|_| id.get_version_num() == 4)?;
    let digest = u64::try_from(bits >> 64 & BITS_IN_ID).ok()?;
    let at = Timestamp::from_millisecond(created).ok()?;
    Some(ListKey::new(at, digest, &format!("{digest:03x}")))
}

/// The order that a payment is which is an order of its own: its id is the order's.
pub fn order_of_standalone_payment(merchant: &MerchantId, id: Uuid) -> Option<OrderKey> {
    let order: OrderId = id.to_string().parse().ok()?;
    Some(OrderKey { merchant: merchant.clone(), order })
}

/// The first three digits of a digest of twelve.
fn bits_of(digest: u64) -> u64 {
    digest >> 36
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Currency;

    fn order(merchant: &str, id: &str, millisecond: i64) -> Order {
        let key = OrderKey { merchant: merchant.parse().unwrap(), order: id.parse().unwrap() };
        Order::new(&key, Currency::USD, None, Timestamp::from_millisecond(millisecond).unwrap())
    }

    #[test]
    fn the_id_of_every_payment_leads_to_its_orders_key_and_to_no_other() {
        let mut parts = [0; LIST_SHARDS as usize];
        for n in 0..200 {
            let order = order("m", &format!("order-{n}"), 1_800_000_000_123 + n);
            let listed = order.list_key().unwrap();
            assert!(listed.sort.starts_with(&sort_of(order.created_at)), "{listed:?}");
            parts[usize::from(listed.shard)] += 1;
            for random in [0, 1, u128::MAX, 0x1234_5678_9abc_4def_8123_4567_89ab_cdef] {
                let id = order.payment_id(Uuid::from_u128(random));
                assert_eq!((id.get_version_num(), id.get_variant()), (4, Variant::RFC4122));
                let found = list_key_of_payment(id).unwrap();
                assert_eq!(found.shard, listed.shard, "{id}");
                assert!(listed.sort.starts_with(&found.sort), "{id} {found:?} {listed:?}");
            }
            let other = list_key_of_payment(self::order("m", "x", 1).payment_id(Uuid::nil())).unwrap();
            assert!(!listed.sort.starts_with(&other.sort));
        }
        assert!(parts.iter().all(|orders| *orders > 20), "{parts:?}");
    }

    #[test]
    fn what_is_random_of_an_id_stays_so() {
        let order = order("m", "o", 1_800_000_000_000);
        let [one, other] = [1, 2].map(|n| order.payment_id(Uuid::from_u128(n)));
        assert_ne!(one, other);
        let random = u128::from(u64::MAX >> 2);
        assert_eq!(order.payment_id(Uuid::from_u128(random)).as_u128() & random, random);
    }

    #[test]
    fn orders_of_one_millisecond_have_keys_of_their_own_also_if_only_the_merchant_differs() {
        let sorts =
            [("m", "a"), ("m", "b"), ("n", "a")].map(|(m, id)| order(m, id, 5).list_key().unwrap().sort);
        assert!(sorts[0] != sorts[1] && sorts[0] != sorts[2], "{sorts:?}");
    }

    #[test]
    fn other_ids_lead_nowhere() {
        for id in [Uuid::nil(), Uuid::max(), Uuid::new_v5(&Uuid::NAMESPACE_OID, b"m#reference")] {
            assert_eq!(list_key_of_payment(id), None, "{id}");
        }
        // No moment has so many milliseconds.
        let late = Builder::from_u128(u128::MAX).with_version(Version::Random).into_uuid();
        assert_eq!(list_key_of_payment(late), None);
    }
}
