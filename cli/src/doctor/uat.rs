//! `doctor --uat`: what no public source tells of CardPointe, tried out at a test account. Are refunds found by their own
//! order id? A lost refund's outcome is looked for there first.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::{lambda::GATEWAY, ports::Job};
use tollgate_core::{
    order::{NoEffect, OrderId, Outcome, Route, gateway_order_id},
    payments::{Card, Command, Instruction, KnownPayment, Labels, PaymentSource},
    values::{Amount, CardAccount, Currency, Expiry, SecurityCode},
};

use super::{Check, Mark};
use crate::{
    args::Doctor,
    aws::Aws,
    confirm,
    failure::Failure,
    merchant::{self, Document},
    place::Place,
    precondition::must_be_off,
};

/// The published test card of CardPointe's UAT (Visa, always approved).
const TEST_CARD: &str = "4788250000121443";

/// What it finds out, in the report.
const WHAT: &str = "refunds by order id";

/// 1.00, in minor units of the account's currency.
const SALE_MINOR: u64 = 100;

/// Longest wait for the gateway, which works for up to 32 s itself (`docs/cardpointe.md`, *Timeouts and duplicates*).
const LIMIT: Duration = Duration::from_secs(40);

/// One test, with what it takes.
struct Test<'a> {
    job: Job,
    document: &'a Document,
    currency: Currency,
    route: Route,
    amount: Amount,
    order: OrderId,
}

/// Makes the sale and refunds it, or, where the gateway has not settled it yet, says how to go on.
pub(crate) async fn run(
    place: &Place,
    aws: &Aws,
    doctor: &Doctor,
) -> Result<(Check, Option<Value>), Failure> {
    let [id] = doctor.merchant.as_slice() else {
        return Err(Failure::Input("--uat is about one merchant; name it with --merchant".to_owned()));
    };
    let document = merchant::read(aws, id).await?;
    let job = place.job()?;
    if let Err(failure) = must_be_off(&job, &document.merchant).await {
        let why = format!("nothing was sent; {}", failure.text());
        return Ok((Check::new(WHAT, Mark::Bad, why), None));
    }
    let (currency, route) = document.routes().into_iter().next().ok_or_else(|| {
        Failure::Input("the merchant has no MID for a currency that the gateway can carry".to_owned())
    })?;
    if GATEWAY.is_live(&route) {
        return Err(Failure::Refused(format!(
            "{} is no test account: its host is neither a -uat site nor this machine. Nothing was sent",
            route.endpoint
        )));
    }
    let amount = Amount::new(SALE_MINOR).map_err(|error| Failure::Input(error.to_string()))?;
    let decimal = currency.decimal(amount);
    let what = match &doctor.sale {
        Some(retref) => format!("A refund of {decimal} {currency} of the sale {retref}"),
        None => format!("A sale of {decimal} {currency} with the test card, then its refund,"),
    };
    let happens = format!(
        "{what} will be sent to {}, MID {}, stage {}, merchant {id}.",
        route.endpoint,
        route.account,
        place.stage()?
    );
    if doctor.dry_run {
        return Ok((Check::new(WHAT, Mark::Note, format!("dry run: {happens}")), None));
    }
    if !doctor.yes {
        confirm::by_typing(&decimal, &happens)?;
    }
    let order = "tollgate-doctor".parse().map_err(|_| Failure::Input("no order id".to_owned()))?;
    let test = Test { job, document: &document, currency, route, amount, order };
    let sale = match &doctor.sale {
        Some(retref) => retref.clone(),
        None => test.sale().await?,
    };
    test.refund(&sale).await
}

impl Test<'_> {
    async fn perform(&self, order_id: &str, command: Command<'_>) -> Outcome {
        let instruction = Instruction {
            route: &self.route,
            currency: self.currency,
            amount: self.amount,
            gateway_order_id: order_id,
            order: &self.order,
            ours: Vec::new(),
            labels: Labels::default(),
            command,
        };
        match self.job.payments.gateway.execute(&self.document.merchant, instruction, LIMIT).await {
            // The test account has no other traffic now.
            Outcome::Unnamed(said) => *said,
            outcome => outcome,
        }
    }

    async fn sale(&self) -> Result<String, Failure> {
        let invalid = |what: &str| Failure::Input(format!("the test card's {what} is not valid"));
        let card = Card {
            account: CardAccount::parse(TEST_CARD).map_err(|_| invalid("number"))?,
            expiry: Expiry::new(12, 2049).map_err(|_| invalid("expiry"))?,
            security_code: Some(SecurityCode::parse("123", None).map_err(|_| invalid("code"))?),
            name: "Tollgate Doctor".to_owned(),
            billing: None,
            save: false,
        };
        let source = PaymentSource::Card(Box::new(card));
        let order_id = gateway_order_id(self.job.payments.clock.new_id());
        let outcome = self.perform(&order_id, Command::Purchase(&source)).await;
        match (&outcome, &outcome.response().reference) {
            (Outcome::Approved(_) | Outcome::PartiallyApproved(_), Some(retref)) => Ok(retref.clone()),
            (Outcome::Unknown(..), _) => Err(Failure::Unavailable(format!(
                "it is not known whether the sale was made; look for {order_id} in the test account's portal"
            ))),
            _ => Err(Failure::Refused(format!("the sale was not approved: {}", said(&outcome)))),
        }
    }

    async fn refund(&self, sale: &str) -> Result<(Check, Option<Value>), Failure> {
        let order_id = gateway_order_id(self.job.payments.clock.new_id());
        let outcome =
            self.perform(&order_id, Command::Refund(KnownPayment { reference: sale, fee: None })).await;
        let told = |refund: Option<&str>, found: Option<bool>| json!({ "sale": sale, "refund": refund, "refund_order_id": order_id, "found_by_own_order_id": found });
        match (&outcome, &outcome.response().reference) {
            (Outcome::Approved(_), Some(refund)) => {
                let found = self.is_found(&order_id, refund).await?;
                let (mark, finding) = if found {
                    (Mark::Good, "found by their own order id")
                } else {
                    (
                        Mark::Note,
                        "not found by their own order id; they are looked for under their sale's, too",
                    )
                };
                Ok((
                    Check::new(WHAT, mark, format!("{finding} (refund {refund})")),
                    Some(told(Some(refund), Some(found))),
                ))
            }
            (Outcome::NoEffect(NoEffect::NotSettled, _), _) => {
                let next = format!(
                    "the sale {sale} is made and not settled yet; tomorrow: doctor --merchant {} --uat --sale {sale}",
                    self.document.merchant.id
                );
                Ok((Check::new(WHAT, Mark::Note, next), Some(told(None, None))))
            }
            _ => Err(Failure::Refused(format!(
                "the refund of the sale {sale} was not approved: {}. Void or refund it in the test account's portal",
                said(&outcome)
            ))),
        }
    }

    async fn is_found(&self, order_id: &str, refund: &str) -> Result<bool, Failure> {
        let records = self.document.gateway()?.by_order_id(order_id, &self.route.account).await?;
        Ok(records.iter().any(|record| record.retref.as_deref() == Some(refund)))
    }
}

/// What the gateway said, in codes.
fn said(outcome: &Outcome) -> String {
    let response = outcome.response();
    let parts = [&response.processor, &response.code, &response.text].into_iter().flatten();
    let parts: Vec<_> = parts.map(String::as_str).collect();
    match (outcome, parts.is_empty()) {
        (_, false) => parts.join(" "),
        (Outcome::NoEffect(..), true) => "nothing was done".to_owned(),
        (_, true) => "it is not known what was done".to_owned(),
    }
}
