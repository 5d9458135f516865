//! The filter of orders.

use jiff::Timestamp;
use tollgate_core::{journal::OrderPredicate, order::PaymentStatus};

use super::term::{Fields, Range, Term};
use crate::{api::Problem, elastic_path::response::status::order_status};

/// One of each word of `status`.
const STATUSES: [PaymentStatus; 3] = [PaymentStatus::Unpaid, PaymentStatus::Authorized, PaymentStatus::Paid];

/// The conditions of a filter of orders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::elastic_path) struct OrderFilter {
    /// All predicates have to hold.
    pub(in crate::elastic_path) predicates: Vec<OrderPredicate>,
    /// When they were created.
    pub(in crate::elastic_path) range: Range,
}

impl Fields for OrderFilter {
    const NAMES: &'static str = "created_at, payment, status, currency";

    fn add(&mut self, term: &Term<'_>) -> Result<(), Problem> {
        let predicate = match term.field {
            "created_at" => return self.range.add(term),
            "payment" => OrderPredicate::Payment(term.words(PaymentStatus::ALL, PaymentStatus::as_str)?),
            "status" => {
                let wanted = term.words(&STATUSES, |status| order_status(status).as_str())?;
                let is_wanted = |one: &PaymentStatus| {
                    wanted.iter().any(|wanted| order_status(*wanted) == order_status(*one))
                };
                OrderPredicate::Payment(PaymentStatus::ALL.iter().copied().filter(is_wanted).collect())
            }
            "currency" => OrderPredicate::Currency(term.currencies()?),
            _ => return Err(term.no_field::<Self>()),
        };
        self.predicates.push(predicate);
        Ok(())
    }

    fn moments(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        self.range.moments(now, true)
    }
}

#[cfg(test)]
mod tests {
    use tollgate_core::{
        order::PaymentStatus::{Authorized, Paid, PartiallyAuthorized, PartiallyPaid, Refunded, Unpaid},
        values::Zone,
    };

    use super::*;
    use crate::elastic_path::lists::filter::parse;

    #[test]
    fn a_status_is_every_state_of_payment_that_has_its_word() {
        for (text, expected) in [
            ("eq(payment,paid)", vec![Paid]),
            ("in(payment,paid,\"authorized\")", vec![Paid, Authorized]),
            ("eq(status,complete)", vec![Paid, Refunded]),
            ("eq(status,processing)", vec![Authorized]),
            ("eq(status,incomplete)", vec![Unpaid, PartiallyAuthorized, PartiallyPaid]),
        ] {
            let filter: OrderFilter = parse(text, &Zone::default()).unwrap();
            assert_eq!(filter.predicates, [OrderPredicate::Payment(expected)], "{text}");
        }
        for &status in PaymentStatus::ALL {
            assert!(STATUSES.iter().any(|one| order_status(*one) == order_status(status)), "{status:?}");
        }
    }

    #[test]
    fn what_is_no_field_of_an_order_is_named() {
        for (text, says) in [
            (
                "eq(customer_id,c)",
                "filter.customer_id is no field of a filter; there are created_at, payment",
            ),
            ("gt(payment,paid)", "filter.payment takes eq and in"),
            ("eq(payment,complete)", "filter.payment must be one of unpaid, partially_authorized"),
            ("eq(status,paid)", "filter.status must be one of incomplete, processing, complete"),
            ("eq(status,cancelled)", "filter.status must be one of"),
            // The text that 2020's SDK makes of `{ in: { payment: ['paid'] } }`.
            ("in(payment.0,paid)", "filter.payment.0 is no field of a filter"),
        ] {
            let problems = parse::<OrderFilter>(text, &Zone::default()).unwrap_err();
            let said: Vec<_> = problems.iter().map(|problem| problem.sentence(|_| "")).collect();
            assert!(said[0].starts_with(says), "{text}: {said:?}");
        }
    }
}
