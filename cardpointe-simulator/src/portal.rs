//! A person's acts in the gateway's own portal.

use serde_json::{Map, Value, json};

use crate::{
    call::Call, codes::pps, faults::Endpoint, fields::Fields, record::Origin, reply::Reply, rest,
    world::World,
};

/// A person's action in the portal. Amounts are minor units; without one, everything that is left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PortalAction {
    /// Captures an authorization, or a part of it.
    Capture {
        /// The authorization's reference (`retref`).
        retref: String,
        /// How much of it.
        minor_units: Option<i64>,
    },
    /// Voids a payment that has not been sent to settlement.
    Void {
        /// The reference (`retref`) of the payment to void.
        retref: String,
        /// How much of it.
        minor_units: Option<i64>,
    },
    /// Refunds a settled payment.
    Refund {
        /// The reference (`retref`) of the payment to refund.
        retref: String,
        /// How much of it.
        minor_units: Option<i64>,
        /// The refund's own order id; without one it has the payment's.
        order_id: Option<String>,
    },
}

impl PortalAction {
    fn parts(&self) -> (Endpoint, &str, Option<i64>, Option<&str>) {
        match self {
            Self::Capture { retref, minor_units } => (Endpoint::Capture, retref, *minor_units, None),
            Self::Void { retref, minor_units } => (Endpoint::Void, retref, *minor_units, None),
            Self::Refund { retref, minor_units, order_id } => {
                (Endpoint::Refund, retref, *minor_units, order_id.as_deref())
            }
        }
    }

    /// Reads the control interface's form; the error names the member that is wrong.
    pub(crate) fn from_json(members: &Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or(format!("{name}: a text")),
        };
        let retref = text("retref")?.ok_or("retref: the payment's reference")?;
        let order_id = text("orderid")?;
        let minor_units = match members.get("amount") {
            None => None,
            Some(value) => Some(
                crate::amount::parse(value)
                    .map_err(|_| "amount: such as \"12.34\", or minor units".to_owned())?,
            ),
        };
        match text("action")?.unwrap_or_default().as_str() {
            "capture" => Ok(Self::Capture { retref, minor_units }),
            "void" => Ok(Self::Void { retref, minor_units }),
            "refund" => Ok(Self::Refund { retref, minor_units, order_id }),
            _ => Err("action: one of capture, void, refund".to_owned()),
        }
    }
}

/// Does it under the payment's own merchant account.
pub(crate) fn act(world: &mut World, action: &PortalAction) -> Value {
    let (endpoint, retref, minor_units, order_id) = action.parts();
    let found = world.ledger.by_retref(retref).map(|transaction| transaction.merchid.clone());
    let Some(merchant) = found.and_then(|merchid| world.merchant(&merchid).cloned()) else {
        return json!(Reply::of(pps::TXN_NOT_FOUND).with("retref", retref).into_map());
    };
    let mut members = Map::from_iter([
        ("merchid".to_owned(), json!(merchant.merchid)),
        ("retref".to_owned(), json!(retref)),
    ]);
    members.extend(minor_units.map(|minor| ("amount".to_owned(), json!(crate::amount::format(minor)))));
    members.extend(order_id.map(|order_id| ("orderid".to_owned(), json!(order_id))));
    let call = Call { now: world.now(), origin: Origin::Portal, imposed: None };
    let reply = rest::write(world, endpoint, Some(merchant), &Fields::from(members), call);
    json!(reply.into_map())
}
