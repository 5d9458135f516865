//! The routes of the API, and the handlers of tokens, orders, gateways and carts.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Endpoint, NewOrder, OrderItem, OrderRead, OrderStatus, PaymentWord,
    order::Order,
    payments::data,
    render,
    settings::{ExpiresIn, RowsListed, SecondCancel, TokenShape, TransactionsOrder},
    world::{Call, Grant, Outcome, Refusal, World, refusal},
};

/// The price of one piece of every product, in cents.
const PRICE: u64 = 1000;

/// The limits of a page: its orders, and its offset.
const MAX_PAGE: (usize, usize) = (100, 10_000);

type Handler = fn(&mut World, &Call, &str, &str) -> Outcome;

/// The handler of a request, with the third and fifth segment of its path.
pub(crate) struct Route<'a> {
    /// `Any`: the routes of shoppers, which only faults of any endpoint match.
    pub(crate) endpoint: Endpoint,
    pub(crate) run: Handler,
    pub(crate) order: &'a str,
    pub(crate) transaction: &'a str,
}

impl Call {
    pub(crate) fn route(&self) -> Option<Route<'_>> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        let (endpoint, run): (_, Handler) = match (self.method.as_str(), segments.as_slice()) {
            ("POST", ["oauth", "access_token"]) => (Endpoint::Token, |world, call, _, _| world.token(call)),
            ("GET", ["v2", "orders"]) => (Endpoint::Order, |world, call, _, _| world.list(call)),
            ("POST", ["v2", "orders"]) => (Endpoint::Order, |world, call, _, _| world.import(call)),
            ("GET", ["v2", "orders", _]) => (Endpoint::Order, |world, call, id, _| world.read(call, id)),
            ("PUT", ["v2", "orders", _]) => (Endpoint::Order, |world, call, id, _| world.update(call, id)),
            ("POST", ["v2", "orders", _, "payments"]) => {
                (Endpoint::Payments, |world, call, id, _| world.pay(call, id))
            }
            ("GET", ["v2", "orders", _, "transactions"]) => {
                (Endpoint::Transactions, |world, _, id, _| world.list_rows(id))
            }
            ("GET", ["v2", "orders", _, "transactions", _]) => {
                (Endpoint::Transactions, |world, _, id, transaction| {
                    let row = world.shown_rows(id)?.into_iter().find(|row| row["id"] == transaction);
                    row.map(|row| (200, json!({ "data": row }))).ok_or_else(|| world.no_transaction())
                })
            }
            ("POST", ["v2", "orders", _, "transactions", _, change]) => match *change {
                "capture" => (Endpoint::Capture, World::capture),
                "refund" => (Endpoint::Refund, World::refund),
                "cancel" => (Endpoint::Transactions, |world, _, id, row| world.cancel_transaction(id, row)),
                _ => return None,
            },
            (_, ["v2", "gateways", ..]) => (Endpoint::Gateway, self.gateway_handler()?),
            _ => (Endpoint::Any, self.shopper_handler()?),
        };
        let segment = |at: usize| segments.get(at).copied().unwrap_or_default();
        Some(Route { endpoint, run, order: segment(2), transaction: segment(4) })
    }

    fn gateway_handler(&self) -> Option<Handler> {
        Some(match (self.method.as_str(), self.path.as_str()) {
            ("GET", "/v2/gateways") => |world, _, _, _| {
                let other = json!({ "slug": "card_connect", "name": "CardConnect", "type": "gateway",
                    "enabled": false, "login": "a-fake-login", "password": "a-fake-password" });
                Ok((200, json!({ "data": [world.manual_gateway(), other] })))
            },
            ("GET", "/v2/gateways/manual") => {
                |world, _, _, _| Ok((200, json!({ "data": world.manual_gateway() })))
            }
            ("PUT", "/v2/gateways/manual") => |world, call, _, _| {
                let enabled = data::<Value>(call)?["enabled"].as_bool();
                world.is_manual_enabled = enabled.ok_or_else(|| refusal(400, "enabled must be a boolean"))?;
                Ok((200, json!({ "data": world.manual_gateway() })))
            },
            _ => return None,
        })
    }

    fn shopper_handler(&self) -> Option<Handler> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        Some(match (self.method.as_str(), segments.as_slice()) {
            ("POST", ["v2", "carts"]) => |world, call, _, _| {
                let id = data::<CartData>(call)?.id.unwrap_or_else(crate::order::new_id);
                world.carts.insert(id.clone(), Vec::new());
                Ok((201, json!({ "data": { "type": "cart", "id": id } })))
            },
            ("POST", ["v2", "carts", _, "items"]) => |world, call, id, _| world.add_item(call, id),
            ("DELETE", ["v2", "carts", _]) => |world, _, id, _| {
                world.carts.remove(id);
                Ok((204, Value::Null))
            },
            ("POST", ["v2", "carts", _, "checkout"]) => |world, _, id, _| {
                let items = world.carts.remove(id).filter(|items| !items.is_empty());
                let items = items.ok_or_else(|| refusal(400, "the cart is empty"))?;
                let pieces = items.iter().map(|item| u64::from(item.quantity)).sum::<u64>();
                let id = world.add_order(NewOrder { items, ..NewOrder::of(pieces.saturating_mul(PRICE)) });
                world.order_now(201, &id)
            },
            ("GET", ["v2", "inventories", _]) => |_, _, id, _| {
                let attributes = json!({ "available": 100, "allocated": 0, "total": 100 });
                Ok((200, json!({ "data": { "type": "stock", "id": id, "attributes": attributes } })))
            },
            ("GET", ["catalog", "products"]) => |_, _, _, _| {
                let attributes = json!({ "name": "Example", "sku": "example" });
                let product = json!({ "type": "product", "id": "example", "attributes": attributes });
                Ok((200, json!({ "data": [product] })))
            },
            _ => return None,
        })
    }
}

#[derive(Deserialize)]
struct OrderChange {
    status: Option<String>,
    shipping: Option<String>,
    order_number: Option<String>,
    external_ref: Option<String>,
}

#[derive(Deserialize)]
struct ImportData {
    id: Option<String>,
    status: Option<OrderStatus>,
    payment: Option<PaymentWord>,
    #[serde(default)]
    meta: Value,
}

#[derive(Deserialize)]
struct CartData {
    id: Option<String>,
    sku: Option<String>,
    quantity: Option<u32>,
}

/// The parameters of a form or a query.
fn parameters(text: &[u8]) -> impl Fn(&str) -> Option<String> {
    let all: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
    move |name| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

impl World {
    fn list_rows(&self, id: &str) -> Outcome {
        let mut rows = self.shown_rows(id)?;
        if self.settings.rows_listed == RowsListed::Twice {
            rows = rows.into_iter().flat_map(|row| [row.clone(), row]).collect();
        }
        match self.settings.transactions_order {
            TransactionsOrder::Oldest => {}
            TransactionsOrder::Newest => rows.reverse(),
            TransactionsOrder::Random => rows.sort_by_cached_key(|_| crate::order::new_id()),
        }
        Ok((200, json!({ "data": rows })))
    }

    fn token(&mut self, call: &Call) -> Outcome {
        let form = parameters(&call.body);
        let grant_type = form("grant_type").unwrap_or_default();
        let is_implicit = grant_type == "implicit";
        if !is_implicit && grant_type != "client_credentials" {
            return Err(refusal(400, "grant_type must be client_credentials or implicit"));
        }
        let (id, secret) = (form("client_id").unwrap_or_default(), form("client_secret"));
        let is_key = |key: &&crate::FakeClient| {
            key.id == id && (is_implicit || secret.as_deref() == Some(key.secret.as_str()))
        };
        let Some(key) = self.clients.iter().find(is_key) else {
            let status = self.settings.token_refusal.status().unwrap_or(401);
            return Err(refusal(status, "the client credentials are wrong"));
        };
        let client = key.id.clone();
        self.ledger[call.number].client = Some(client.clone());
        self.ledger[call.number].is_implicit = is_implicit;
        let lifetime_s = self.settings.token_lifetime_s;
        let expires = self.later(Duration::from_secs(lifetime_s));
        let token = crate::order::new_id();
        let mut flat = json!({ "access_token": token, "token_type": "Bearer",
            "expires": expires.as_second(), "identifier": grant_type });
        match self.settings.expires_in {
            ExpiresIn::Number => flat["expires_in"] = json!(lifetime_s),
            ExpiresIn::Text => flat["expires_in"] = json!(lifetime_s.to_string()),
            ExpiresIn::Absent => {}
        }
        self.tokens.insert(token, Grant { client, is_implicit, expires });
        let is_flat = self.settings.token_shape == TokenShape::Flat;
        let status = self.settings.token_status.status().unwrap_or(200);
        Ok((status, if is_flat { flat } else { json!({ "data": flat }) }))
    }

    /// The time whose state a read with this lag shows.
    fn seen_at(&self, lag_s: u64) -> Timestamp {
        let lag = SignedDuration::from_secs(i64::try_from(lag_s).unwrap_or(i64::MAX));
        self.now().checked_sub(lag).unwrap_or(Timestamp::MIN)
    }

    fn seen(&self, id: &str, lag_s: u64) -> Result<&Order, Refusal> {
        let history = self.history(id).ok_or_else(|| refusal(404, "there is no such order"))?;
        Ok(history.seen(self.seen_at(lag_s)))
    }

    fn shown_rows(&self, id: &str) -> Result<Vec<Value>, Refusal> {
        let order = self.seen(id, self.settings.rows_lag_s)?;
        let rows = order.snapshot(&self.settings).transactions;
        Ok(rows.iter().map(|row| render::transaction(order, row, &self.settings)).collect())
    }

    pub(crate) fn no_transaction(&self) -> Refusal {
        refusal(self.settings.unknown_transaction.status().unwrap_or(404), "there is no such transaction")
    }

    fn read(&mut self, call: &Call, id: &str) -> Outcome {
        let order = self.seen(id, self.settings.order_lag_s)?;
        let (shown, served) = render::order(order, &self.settings);
        let mut body = json!({ "data": shown });
        if parameters(call.query.as_bytes())("include").is_some_and(|include| include.contains("items")) {
            let items = order.new.items.iter().map(|item| {
                json!({ "type": "order_item", "id": item.sku, "sku": item.sku, "quantity": item.quantity })
            });
            body["included"] = json!({ "items": items.collect::<Vec<_>>() });
        }
        let actual = self.found(id)?.snapshot(&self.settings).balance;
        self.ledger[call.number].order_read = Some(OrderRead { served, actual });
        Ok((200, body))
    }

    /// The response with an order as it is now, to a change of it.
    fn order_now(&self, status: u16, id: &str) -> Outcome {
        Ok((status, json!({ "data": render::order(self.found(id)?, &self.settings).0 })))
    }

    fn list(&self, call: &Call) -> Outcome {
        let query = parameters(call.query.as_bytes());
        let number = |name, default, max| match query(name).map(|text| text.parse::<usize>()) {
            None => Ok(default),
            Some(Ok(number)) if number <= max => Ok(number),
            Some(_) => Err(refusal(400, format!("{name} must be a number up to {max}"))),
        };
        let limit = number("page[limit]", 25, MAX_PAGE.0)?;
        let offset = number("page[offset]", 0, MAX_PAGE.1)?;
        let filter = query("filter").unwrap_or_default();
        let sort = query("sort").unwrap_or_else(|| "-created_at".into());
        let (mut found, seen_at) = (Vec::new(), self.seen_at(self.settings.list_lag_s));
        for history in &self.orders {
            let order = render::order(history.seen(seen_at), &self.settings).0;
            if matches(&order, &filter)? {
                found.push(order);
            }
        }
        let key = sort.trim_start_matches('-');
        found.sort_by_cached_key(|order| {
            let value = field(order, key);
            (value.as_str().map(time), value.as_i64(), value.to_string())
        });
        if sort.starts_with('-') {
            found.reverse();
        }
        let total = found.len();
        let page: Vec<Value> = found.into_iter().skip(offset).take(limit).collect();
        let shown = json!({ "limit": limit, "offset": offset, "total": total.div_ceil(limit.max(1)) });
        Ok((200, json!({ "data": page, "meta": { "results": { "total": total }, "page": shown } })))
    }

    fn import(&mut self, call: &Call) -> Outcome {
        let sent: ImportData = data(call)?;
        if sent.id.as_ref().is_some_and(|id| self.history(id).is_some()) {
            return Err(refusal(409, "an order with this id exists"));
        }
        let price = &sent.meta["display_price"]["with_tax"];
        let total =
            price["amount"].as_u64().ok_or_else(|| refusal(400, "display_price.with_tax is required"))?;
        let id = self.add_order(NewOrder {
            id: sent.id,
            currency: price["currency"].as_str().unwrap_or("USD").into(),
            is_manual: true,
            status: sent.status.unwrap_or(OrderStatus::Incomplete),
            payment: sent.payment.unwrap_or(PaymentWord::Unpaid),
            ..NewOrder::of(total)
        });
        self.order_now(201, &id)
    }

    fn update(&mut self, call: &Call, id: &str) -> Outcome {
        let sent: OrderChange = data(call)?;
        let order = self.found(id)?;
        let payment = order.snapshot(&self.settings).payment;
        let allowed = match (sent.status.as_deref(), sent.shipping.as_deref()) {
            (None, None) => true,
            (Some("cancelled"), None) => {
                let is_refused = self.settings.second_cancel == SecondCancel::Unprocessable;
                !(order.is_fulfilled || order.is_cancelled && is_refused)
            }
            (None, Some("fulfilled")) => {
                !order.is_cancelled && !order.is_fulfilled && payment == PaymentWord::Paid
            }
            _ => return Err(refusal(400, "status can become cancelled, or shipping fulfilled")),
        };
        if !allowed {
            return Err(refusal(422, "the order cannot be updated in its current state"));
        }
        if sent.external_ref.as_ref().is_some_and(|text| text.chars().count() > 64) {
            return Err(refusal(400, "external_ref is too long"));
        }
        let frees = self.settings.cancel_frees_authorized;
        self.changed(id, |order| {
            if sent.status.is_some() {
                order.cancel(frees);
            }
            order.is_fulfilled |= sent.shipping.is_some();
            order.number = sent.order_number.unwrap_or(std::mem::take(&mut order.number));
            order.external_ref = sent.external_ref.unwrap_or(std::mem::take(&mut order.external_ref));
            Some(())
        })?;
        self.order_now(200, id)
    }

    fn manual_gateway(&self) -> Value {
        json!({ "slug": "manual", "name": "Manual", "enabled": self.is_manual_enabled, "type": "gateway" })
    }

    fn add_item(&mut self, call: &Call, id: &str) -> Outcome {
        let sent: CartData = data(call)?;
        let sku = sent.id.or(sent.sku).ok_or_else(|| refusal(400, "id is required"))?;
        // The vendor makes a cart on its first use, too.
        let items = self.carts.entry(id.into()).or_default();
        items.push(OrderItem { sku, quantity: sent.quantity.unwrap_or(1) });
        let rows = items.iter().map(|item| {
            json!({ "type": "cart_item", "id": item.sku,
            "quantity": item.quantity })
        });
        Ok((201, json!({ "data": rows.collect::<Vec<_>>() })))
    }
}

/// A member that can be filtered or sorted by.
fn field<'a>(order: &'a Value, name: &str) -> &'a Value {
    match name {
        "created_at" | "updated_at" => &order["meta"]["timestamps"][name],
        "with_tax" | "without_tax" => &order["meta"]["display_price"][name]["amount"],
        "currency" => &order["meta"]["display_price"]["with_tax"]["currency"],
        "manual" => &order["meta"]["is_manual"],
        _ => &order[name],
    }
}

/// A date, a time, or milliseconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let milliseconds = text.parse().ok().and_then(|number| Timestamp::from_millisecond(number).ok());
    let date = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    milliseconds.or_else(|| text.parse().ok()).or_else(date)
}

/// Whether an order matches a filter such as `eq(status,complete):ge(updated_at,2030-01-31)`.
fn matches(order: &Value, filter: &str) -> Result<bool, Refusal> {
    let mut all = true;
    for term in filter.split_inclusive(')').map(|term| term.trim_start_matches(':')) {
        let wrong = || refusal(400, format!("filter: {term}"));
        let (operator, rest) = term.split_once('(').ok_or_else(wrong)?;
        let (name, operand) =
            rest.strip_suffix(')').and_then(|rest| rest.split_once(',')).ok_or_else(wrong)?;
        let (value, operand) = (field(order, name), operand.trim_matches('"'));
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let ordering = if name.ends_with("_at") {
            time(&text).cmp(&Some(time(operand).ok_or_else(wrong)?))
        } else if let (Some(amount), Ok(operand)) = (value.as_i64(), operand.parse()) {
            amount.cmp(&operand)
        } else {
            text.as_str().cmp(operand)
        };
        all &= match operator {
            "eq" => ordering.is_eq(),
            "gt" => ordering.is_gt(),
            "ge" => ordering.is_ge(),
            "lt" => ordering.is_lt(),
            "le" => ordering.is_le(),
            _ => return Err(wrong()),
        };
    }
    Ok(all)
}
