//! The data about a payment in a request of the credit-card API, besides the amount: kept with it,
//! and without effect here.

use crate::values::Amount;

/// The data kept with a payment that is an order of its own. Holds no card data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memo {
    /// The merchant's own reference of the payment, unique among the merchant's.
    pub reference: String,
    /// The cardholder's e-mail address.
    pub email: Option<String>,
    pub name: Option<String>,
    /// The merchant's classification of the deal.
    pub deal_type: Option<String>,
    /// How far the deal has come.
    pub deal_stage: Option<String>,
    /// Where the deal came from.
    pub marketing: Option<String>,
    /// Who has a share in it.
    pub revenue_partner: Option<String>,
    /// The acquirer that the merchant named.
    pub authorizer: Option<String>,
    /// The discount taken off before the card was charged.
    pub discount: Option<Discounted>,
    /// Whether the card is to be stored at the gateway.
    pub save_card: bool,
    /// Whether no part of an address was sent that address verification compares.
    pub without_address: bool,
}

impl Memo {
    /// Whether it says who paid, or may.
    pub fn is_personal(&self) -> bool {
        self.name.is_some() || self.email.is_some()
    }

    pub fn forget_who_paid(&mut self) {
        self.name = None;
        self.email = None;
    }
}

/// A discount that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discounted {
    /// The code that it was granted for.
    pub code: String,
    /// The product that it was granted on.
    pub product: Option<String>,
    /// The amount taken off.
    pub amount: Amount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_an_address_may_say_who_paid_until_both_are_forgotten() {
        let person = || Some("Ann".to_owned());
        assert!(!Memo { reference: "1".to_owned(), ..Memo::default() }.is_personal());
        for mut memo in
            [Memo { name: person(), ..Memo::default() }, Memo { email: person(), ..Memo::default() }]
        {
            assert!(memo.is_personal());
            memo.forget_who_paid();
            assert_eq!(memo, Memo::default());
        }
    }
}
