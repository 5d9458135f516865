//! The rules that a merchant sets and the order's decisions follow.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    order::{CaptureRule, Cause, Principal},
    values::{Holidays, Zone},
};

/// Where an order's total comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrdersMode {
    /// An order is registered with its amount and currency before it is paid, and is never paid
    /// beyond that.
    #[default]
    Registered,
    /// Order ids are opaque: the merchant's own system knows the totals, so each payment states its
    /// amount.
    External,
    /// The orders are those of an Elastic Path shop, which is asked before each payment what is
    /// owed.
    ElasticPath,
}

/// The meaning of a refund that names no amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundWithoutAmount {
    /// All that is left goes back through the gateway.
    #[default]
    Gateway,
    /// The refund is recorded and the gateway is not called, as Elastic Path does.
    Mark,
    /// The request is refused: the amount has to be named.
    Reject,
}

/// Whether a part of an authorization can be captured whose shop can show captures of everything
/// only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialCapture {
    /// It is refused: an order that is shipped in parts is authorized in parts.
    #[default]
    Refused,
    /// It is made. The shop goes on to show all of it as authorized.
    ShownShort,
}

/// Rules for orders of a shop, which cannot show everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShopRules {
    /// Whether a part can be captured, which it cannot show.
    pub partial_capture: PartialCapture,
    /// Whether an order is canceled there once an authorization is voided that was recorded there,
    /// and no payment of the order stands.
    pub cancel_voided: bool,
}

/// The gateway's reading of a named part of a payment with a fee. No gateway documents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeBasis {
    /// The part without its share of the fee, which the gateway adds.
    Subtotal,
    /// The part with its share of the fee.
    Total,
}

/// AVS and CVV results on which an approval is given back and the payment declined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclineOn {
    /// AVS letters, for instance `["N"]`.
    #[serde(default)]
    pub avs: Vec<String>,
    /// CVV letters, for instance `["N"]`.
    #[serde(default)]
    pub cvv: Vec<String>,
}

impl DeclineOn {
    /// Why an approval with these letters must not stand, if so. A letter that the gateway does not
    /// state refuses nothing.
    pub fn refuses(&self, avs: Option<&String>, cvv: Option<&String>) -> Option<Cause> {
        let is_in = |list: &[String], letter: Option<&String>| letter.is_some_and(|it| list.contains(it));
        if is_in(&self.cvv, cvv) {
            Some(Cause::CvvMismatch)
        } else if is_in(&self.avs, avs) {
            Some(Cause::AvsMismatch)
        } else {
            None
        }
    }

    /// Whether a letter is missing that could refuse the approval.
    pub fn misses(&self, avs: Option<&String>, cvv: Option<&String>) -> bool {
        (cvv.is_none() && !self.cvv.is_empty()) || (avs.is_none() && !self.avs.is_empty())
    }
}

/// A merchant's rules for its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Where totals come from.
    pub orders: OrdersMode,
    /// Keep an approval for less than was requested instead of giving it back.
    pub accept_partial_approval: bool,
    /// AVS and CVV results that the merchant does not accept.
    pub decline_on: DeclineOn,
    /// The effect of a refund without an amount.
    pub refund_without_amount: RefundWithoutAmount,
    /// How long an equal request without an idempotency key counts as a possible duplicate.
    pub duplicate_window: SignedDuration,
    /// How long an uncaptured authorization is expected to live at the issuer.
    pub authorization_lifetime: SignedDuration,
    /// When an authorization is captured on schedule if neither it nor its order says; none: only
    /// on request.
    pub capture: Option<CaptureRule>,
    /// Where the merchant does business; the zone of a rule for captures that names none.
    pub zone: Option<Zone>,
    /// When it does none besides weekends and bank holidays.
    pub holidays: Holidays,
    /// Whether the schedule captures the due amounts of an order that has an open chargeback.
    pub capture_disputed: bool,
    /// Whether an authorization that was to be captured and ended before is voided.
    pub void_lapsed: bool,
    /// How long the names and e-mail addresses of new payments are kept; none: as long as the
    /// payments.
    pub keep_personal_data: Option<SignedDuration>,
    /// Accounts at the gateway that add a surcharge to payments by credit card, and need a postal
    /// code with them.
    pub surcharging: Vec<String>,
    /// The amount that names a part of a payment with a fee. Without it no part can be captured or
    /// refunded.
    pub fee_basis: Option<FeeBasis>,
    /// The rules for orders of a shop.
    pub shop: ShopRules,
    /// The rules for shoppers.
    pub shoppers: ShopperPolicy,
}

impl Policy {
    /// Whether a caller with this principal can pay at all. A shopper pays the amount owing, which
    /// an external order does not tell.
    pub fn takes_payments_of(&self, by: Principal) -> bool {
        by != Principal::Implicit || self.orders != OrdersMode::External
    }

    /// Whether it can pay with a card that is stored at the gateway. To a browser, ids of stored
    /// cards are numbers that anybody could try out.
    pub fn takes_stored_cards_of(&self, by: Principal) -> bool {
        by != Principal::Implicit || self.shoppers.stored_cards
    }
}

/// The rules for shoppers' browsers on a merchant's orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopperPolicy {
    /// Declined plus pending attempts that they may make on one order.
    pub attempts: usize,
    /// Declined payments of one source or customer in an hour, besides one for each card that was
    /// approved since the first of them.
    pub declines_per_source_hour: u32,
    /// Whether one may pay a part of the amount owing.
    pub partial: bool,
    /// Whether one may pay with a card that is stored at the gateway.
    pub stored_cards: bool,
}

impl Default for ShopperPolicy {
    fn default() -> Self {
        // A person mistypes a few times; a card tester needs hundreds.
        Self { attempts: 5, declines_per_source_hour: 10, partial: false, stored_cards: false }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            orders: OrdersMode::default(),
            accept_partial_approval: false,
            decline_on: DeclineOn::default(),
            refund_without_amount: RefundWithoutAmount::default(),
            // Long enough for a double click and a client's quick retry, short enough for a second
            // cup of coffee.
            duplicate_window: SignedDuration::from_secs(60),
            // The lifetime that most card schemes grant an e-commerce authorization.
            authorization_lifetime: SignedDuration::from_hours(7 * 24),
            capture: None,
            zone: None,
            holidays: Holidays::default(),
            capture_disputed: false,
            void_lapsed: false,
            keep_personal_data: None,
            surcharging: Vec::new(),
            fee_basis: None,
            shop: ShopRules::default(),
            shoppers: ShopperPolicy::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shopper_cannot_name_its_own_price_nor_try_out_stored_cards() {
        let registered = Policy::default();
        let external = Policy { orders: OrdersMode::External, ..Policy::default() };
        let stored = ShopperPolicy { stored_cards: true, ..ShopperPolicy::default() };
        let stored = Policy { shoppers: stored, ..Policy::default() };
        for (policy, pays, stored_cards) in
            [(&registered, true, false), (&external, false, false), (&stored, true, true)]
        {
            assert_eq!(policy.takes_payments_of(Principal::Implicit), pays);
            assert_eq!(policy.takes_stored_cards_of(Principal::Implicit), stored_cards);
            assert!(policy.takes_payments_of(Principal::ClientCredentials));
            assert!(policy.takes_stored_cards_of(Principal::ClientCredentials));
        }
    }

    #[test]
    fn only_a_letter_that_could_refuse_an_approval_is_missed() {
        let (letters, stated) = (|| vec!["N".to_owned()], "M".to_owned());
        let by_avs = DeclineOn { avs: letters(), ..DeclineOn::default() };
        let by_cvv = DeclineOn { cvv: letters(), ..DeclineOn::default() };
        let missed = |rule: &DeclineOn| [rule.misses(Some(&stated), None), rule.misses(None, Some(&stated))];
        assert_eq!((missed(&by_avs), missed(&by_cvv)), ([false, true], [true, false]));
    }
}
