//! Faults and crashes at every call while a customer is erased.

use super::*;

impl Shop {
    /// One run of the command. True when nothing is left.
    fn erase(&self) -> Option<Result<bool, MethodRefusal>> {
        let run = async {
            let Some(customer) = self.methods.customer_by(&self.merchant.id, &reference()).await? else {
                return Ok(true);
            };
            let (customer, left) = self.methods.delete_all(&self.merchant, customer, &[], deadline()).await?;
            assert!(left > 0 || customer.is_finished(), "{customer:?}");
            Ok(left == 0 && self.methods.forget(&customer).await?)
        };
        run.now_or_never()
    }
}

#[test]
fn whatever_fails_a_repeated_erasure_ends_with_nothing_here_and_nothing_at_the_gateway() {
    let calls = {
        let shop = Shop::new(World::new(Vec::new()));
        shop.stored(Some("k"));
        let before = shop.world.calls();
        assert!(matches!(shop.erase(), Some(Ok(true))));
        assert_eq!(shop.world.inquiries(), 0, "its outcome is known");
        before..shop.world.calls()
    };
    assert!(calls.len() >= 5, "it deletes at the gateway between two writes: {calls:?}");
    for (call, fault) in calls.flat_map(|call| FAULTS.map(|fault| (call, fault))) {
        let shop = Shop::new(World::new(vec![(call, fault)]));
        shop.stored(Some("k"));
        shop.until(|| matches!(shop.erase(), Some(Ok(true))), "erased");
        assert_eq!(shop.world.customer(), None, "{call} {fault:?}");
        assert!(shop.world.profiles().is_empty(), "{call} {fault:?}");
    }
}

#[test]
fn a_card_whose_verification_is_not_known_is_found_and_deleted_before_the_customer_is() {
    for fails in [false, true] {
        // The verification is done, and its response lost.
        let clean = Shop::new(World::new(Vec::new()));
        clean.stored(None);
        let faults = (0..clean.world.calls()).map(|call| (call, Fault::LostAfter));
        for fault in faults {
            let shop = Shop::new(World::new(vec![fault]));
            shop.world.fail_inquiries(true);
            drop(shop.add(None));
            let is_pending = |customer: &Customer| {
                matches!(customer.methods.first().map(|it| it.state), Some(MethodState::Pending { .. }))
            };
            if !shop.world.customer().as_ref().is_some_and(is_pending) {
                continue;
            }
            assert!(matches!(shop.erase(), Some(Ok(false))), "it may still be under way");
            shop.world.advance(60);
            shop.world.fail_inquiries(fails);
            assert!(matches!(shop.erase(), Some(Ok(erased)) if erased != fails));
            assert_eq!(shop.world.customer().is_some(), fails);
            assert!(fails || shop.world.profiles().is_empty());
        }
    }
}

#[test]
fn a_customer_that_another_request_changes_meanwhile_is_not_deleted() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.stored(None);
    let customer = shop.world.customer().unwrap();
    assert!(matches!(shop.methods.forget(&customer).now_or_never(), Some(Ok(false))), "a card is stored");
    let run = shop.methods.delete_all(&shop.merchant, customer, &[], deadline()).now_or_never();
    let (customer, left) = run.unwrap().unwrap();
    assert_eq!(left, 0);
    shop.world.changed_by_another(|_| {});
    assert!(matches!(shop.methods.forget(&customer).now_or_never(), Some(Ok(false))));
    assert!(shop.world.customer().is_some());
    assert!(matches!(shop.erase(), Some(Ok(true))));
}

#[test]
fn a_card_that_counts_as_not_stored_is_looked_for_once_more() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.stored(None);
    shop.world.changed_by_another(|customer| {
        let method = &mut customer.methods[0];
        (method.state, method.card.stored) = (MethodState::NotStored(NoEffect::NeverArrived), None);
    });
    shop.world.fail_inquiries(true);
    assert!(matches!(shop.erase(), Some(Ok(false))), "the gateway does not say");
    shop.world.fail_inquiries(false);
    assert!(matches!(shop.erase(), Some(Ok(true))));
    assert!(shop.world.profiles().is_empty() && shop.world.customer().is_none());
}

#[test]
fn a_card_that_another_customer_has_stored_too_stays_at_the_gateway() {
    let shop = Shop::new(World::new(Vec::new()));
    shop.stored(None);
    let customer = shop.world.customer().unwrap();
    let shared = [customer.methods[0].card.stored.clone().unwrap()];
    let run = shop.methods.delete_all(&shop.merchant, customer, &shared, deadline()).now_or_never();
    let (customer, left) = run.unwrap().unwrap();
    assert_eq!((left, shop.world.profiles().len()), (0, 1));
    assert!(matches!(shop.methods.forget(&customer).now_or_never(), Some(Ok(true))));
}
