use jiff::civil::date;

use super::*;

fn chargeback() -> Chargeback {
    Chargeback {
        id: "1".to_owned(),
        case: "2019231000018".to_owned(),
        sequence: 2,
        deposit: "D1".to_owned(),
        reference: Some("278090245692".to_owned()),
        amount: 9215,
        transaction_amount: Some(9215),
        currency: None,
        on: date(2019, 8, 15),
        reason_code: "34".to_owned(),
        reason: "Duplicate processing".to_owned(),
        acquirer_reference: None,
        authcode: None,
    }
}

fn adjustment(amount: i64) -> Adjustment {
    Adjustment {
        id: "77".to_owned(),
        component: Some(Component::Reversal),
        category: "REVERSAL".to_owned(),
        description: "Chargeback reversal".to_owned(),
        amount,
        case: Some("2019231000018".to_owned()),
        day: Some(date(2019, 9, 1)),
    }
}

#[test]
fn a_chargeback_that_does_not_name_its_payment_or_an_amount_is_for_a_person() {
    let found = FoundDispute::chargeback("1", &chargeback()).unwrap();
    assert_eq!((found.dispute.amount.minor(), found.dispute.number.as_str()), (9215, "2"));
    assert_eq!(found.reference.as_deref(), Some("278090245692"));
    for bad in [
        Chargeback { reference: None, ..chargeback() },
        Chargeback { amount: 0, ..chargeback() },
        Chargeback { amount: -9215, ..chargeback() },
    ] {
        assert_eq!(FoundDispute::chargeback("1", &bad), None);
    }
}

#[test]
fn only_an_adjustment_of_a_case_that_gives_money_is_a_reversal() {
    let found = FoundDispute::reversal("1", "D2", &adjustment(9215)).unwrap();
    assert_eq!((found.dispute.kind, found.reference), (DisputeKind::Reversal, None));
    for other in [
        adjustment(-9215),
        adjustment(0),
        Adjustment { case: None, ..adjustment(9215) },
        Adjustment { component: Some(Component::Fee), ..adjustment(9215) },
        Adjustment { component: None, ..adjustment(9215) },
    ] {
        assert_eq!(FoundDispute::reversal("1", "D2", &other), None);
    }
}
