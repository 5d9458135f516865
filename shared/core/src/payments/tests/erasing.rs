//! A customer is erased from orders while other requests change them.

use super::*;
use crate::{order::CustomerTraces, values::Memo};

fn traces() -> CustomerTraces {
    CustomerTraces { email: Some("ann@example.com".to_owned()), ..CustomerTraces::default() }
}

/// An order whose payment says who paid.
async fn said() -> (Fixture, Order) {
    let fixture = Fixture::new().await;
    let mut order = fixture.purchase(None).await.unwrap().order;
    let (name, email) = (Some("Ann".to_owned()), Some("ann@example.com".to_owned()));
    order.transactions[0].memo = Some(Box::new(Memo { email, name, ..Memo::default() }));
    fixture.store.table.all().insert(order.key().to_string(), order.clone());
    (fixture, order)
}

#[tokio::test]
async fn what_another_request_saves_meanwhile_stays_and_is_erased_from() {
    let (fixture, order) = said().await;
    let read = order.clone();
    fixture.meanwhile(|order| {
        order.total = Some(Amount::new(7).unwrap());
        order.transactions[0].references.description = Some("for Ann".to_owned());
    });
    let erased = fixture.payments.erase_customer(read, &traces(), &[]).await.unwrap();
    assert!(erased.members.contains("description"));
    let stored = fixture.stored().await;
    assert_eq!(stored.total, Some(Amount::new(7).unwrap()), "the other write is not lost");
    assert_eq!(stored.transactions[0].memo.as_deref(), Some(&Memo::default()));
    assert_eq!(stored.version, order.version + 2);
    // And once more, as after a crash: nothing is written.
    let erased = fixture.payments.erase_customer(stored.clone(), &traces(), &[]).await.unwrap();
    assert!(erased.members.is_empty());
    assert_eq!(fixture.stored().await, stored);
}

#[tokio::test]
async fn a_write_that_is_not_made_is_told_and_can_be_repeated() {
    for faults in [vec![Fault::NotDone], vec![Fault::AnswerLost], vec![Fault::Overtaken; DECISIONS_MAX]] {
        let (fixture, order) = said().await;
        fixture.next_writes(&faults);
        assert!(fixture.payments.erase_customer(order, &traces(), &[]).await.is_err());
        let again = fixture.payments.erase_customer(fixture.stored().await, &traces(), &[]).await;
        again.unwrap();
        assert_eq!(fixture.stored().await.transactions[0].memo.as_deref(), Some(&Memo::default()));
    }
}

#[tokio::test]
async fn an_erasure_while_the_gateway_is_called_loses_neither_the_payment_nor_itself() {
    fn customer() -> CustomerTraces {
        CustomerTraces { reference: Some("c-1".parse().unwrap()), ..CustomerTraces::default() }
    }
    let mut fixture = Fixture::new().await;
    fixture.changed_while_sent(|order| {
        let (name, reference) = (Some("Ann".to_owned()), "r".to_owned());
        order.transactions[0].memo = Some(Box::new(Memo { reference, name, ..Memo::default() }));
        assert_eq!(order.erase(&customer(), &[]).waiting, 1);
    });
    let paying = paying(None, |pay| pay.save_for = Some("c-1".parse().unwrap()));
    let performed = fixture.perform(&paying, Duration::from_secs(29)).await.unwrap();
    assert_eq!(status(&performed), TransactionStatus::Done);
    let stored = fixture.stored().await;
    assert!(stored.transactions[0].began());
    assert_eq!(stored.transactions[0].memo.as_ref().unwrap().name, None);
    assert_eq!(stored.transactions[0].save_for.as_deref(), Some("c-1"), "until it is known");
    let erased = fixture.payments.erase_customer(stored, &customer(), &[]).await.unwrap();
    assert_eq!((erased.waiting, fixture.stored().await.transactions[0].save_for.as_ref()), (0, None));
}
