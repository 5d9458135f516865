//! Orders of the merchant whose shop is the fake Elastic Path, one for each way in which an order
//! can go there.

use elastic_path_fake::{Fake, Method, NewOrder};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tollgate_wire::{Single, Transaction};

use super::{
    CAPTURES_AT, FollowUp, Happening, Month,
    plan::VISA,
    sell::{is_declined, pay},
};
use crate::{
    client::Client,
    merchants::{ELASTIC_PATH, ELASTIC_PATH_KEY},
};

/// How many days before today the orders are placed.
const DAYS_AGO: i32 = 4;

const TOTAL: u64 = 2_599;

/// An order of the shop, by its fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShopOrder {
    /// Paid and shipped.
    Paid,
    /// Its capture is scheduled.
    Captured,
    Refunded,
    /// The shop refuses to record the payment, and the card is released.
    OutOfStock,
    /// The shop cancels it while its amount is held.
    Canceled,
    /// The shop cancels it after goods were shipped and the amount was captured by hand.
    CanceledLate,
    /// A stranger marks it as paid.
    Marked,
}

const ORDERS: [ShopOrder; 7] = [
    ShopOrder::Paid,
    ShopOrder::Captured,
    ShopOrder::Refunded,
    ShopOrder::OutOfStock,
    ShopOrder::Canceled,
    ShopOrder::CanceledLate,
    ShopOrder::Marked,
];

impl Month<'_> {
    /// Plans the orders of the shop, if there is one.
    pub(super) fn plan_shop(&mut self) {
        if self.parts.shop.is_none() {
            return;
        }
        for (minute, order) in (720..).step_by(30).zip(ORDERS) {
            self.plan(self.at(DAYS_AGO, minute), Happening::AtShop(order));
        }
    }

    /// Places an order and pays it. The rest follows at once or from the schedules.
    pub(super) async fn sell_at_shop(&self, order: ShopOrder) -> Result<(), String> {
        let Some(shop) = self.parts.shop.as_deref() else { return Ok(()) };
        let new = NewOrder { insufficient_stock: order == ShopOrder::OutOfStock, ..NewOrder::of(TOTAL) };
        let id = shop.add_order(new);
        if order == ShopOrder::Marked {
            return shop.pay_elsewhere(&id, TOTAL, Method::ManualPurchase).map(drop).ok_or(id);
        }
        let mut client = Client { functions: &self.functions, token: String::new() };
        client.log_in(ELASTIC_PATH, ELASTIC_PATH_KEY).await?;
        let (status, body) = pay(&client, &id, &self.payment_at_shop(order)).await?;
        let unexpected = format!("payment of {id}: {status}: {body}");
        if order == ShopOrder::OutOfStock {
            return if is_declined(body) { Ok(()) } else { Err(unexpected) };
        }
        let paid: Single<Transaction> = Single::deserialize(body).map_err(|_| unexpected)?;
        go_on(order, shop, &client, &paid.data).await
    }

    fn payment_at_shop(&self, order: ShopOrder) -> Value {
        let is_held = matches!(order, ShopOrder::Captured | ShopOrder::Canceled | ShopOrder::CanceledLate);
        let mut data = json!({
            "gateway": "card_connect", "method": if is_held { "authorize" } else { "purchase" },
            "number": VISA, "month": "10", "year": "2039", "verification_value": "123",
            "first_name": "Mary", "last_name": "Major",
        });
        if order == ShopOrder::Captured {
            data["capture_at"] = json!(self.at(DAYS_AGO - 1, CAPTURES_AT));
        }
        json!({ "data": data })
    }
}

/// The rest of an order's life.
async fn go_on(order: ShopOrder, shop: &Fake, client: &Client<'_>, paid: &Transaction) -> Result<(), String> {
    let word = match order {
        ShopOrder::Refunded => Some("refund"),
        ShopOrder::CanceledLate => Some("capture"),
        _ => None,
    };
    let id = &paid.relationships.order.data.id;
    if let Some(word) = word {
        let (order, transaction, body) = (id.clone(), paid.id.to_string(), json!({ "data": {} }));
        let follow_up = FollowUp { function: word, word, order, transaction, body, by: None };
        follow_up.send(client, &follow_up.body).await?;
    }
    let is_known = match order {
        ShopOrder::Paid => shop.fulfill(id),
        ShopOrder::Canceled | ShopOrder::CanceledLate => shop.cancel(id),
        _ => true,
    };
    if is_known { Ok(()) } else { Err(format!("the shop has no order {id}")) }
}
