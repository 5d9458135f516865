//! Ids: of a customer in the table, and of a payment method for callers.

use std::{fmt, str::FromStr};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::MethodRejection;
use crate::order::{CustomerReference, MerchantId};

/// The beginning of every id.
const PREFIX: &str = "pm_";

/// How many letters 128 bits take.
const LETTERS: usize = 28;

/// A customer of a merchant, by a digest of the merchant's reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomerKey {
    /// Whose customer it is.
    pub merchant: MerchantId,
    /// The first 128 bits of a SHA-256 over merchant and reference.
    pub digest: u128,
}

impl CustomerKey {
    /// The key of a reference.
    pub fn new(merchant: &MerchantId, reference: &CustomerReference) -> Self {
        let bytes: [u8; 32] = Sha256::digest(format!("{merchant}#{reference}").as_bytes()).into();
        let digest = bytes.first_chunk().map_or(0, |start| u128::from_be_bytes(*start));
        Self { merchant: merchant.clone(), digest }
    }
}

/// `#customer#merchant#digest`: an order's key begins with its merchant's id, which cannot be
/// empty.
impl fmt::Display for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#customer#{}#{:032x}", self.merchant, self.digest)
    }
}

/// A payment method as callers name it: the customer's digest and the method's id, in letters only,
/// so that no id looks like a card number. It leads to the customer's item without an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodId {
    /// The digest in the customer's [`CustomerKey`].
    pub customer: u128,
    /// The card's id among the customer's.
    pub method: Uuid,
}

impl MethodId {
    /// The same, if it is a card of this customer. Another customer's is rejected as one that does
    /// not exist, whether it does or not: nothing is read for it.
    pub fn of(self, merchant: &MerchantId, customer: &CustomerReference) -> Result<Self, MethodRejection> {
        let is_of = CustomerKey::new(merchant, customer).digest == self.customer;
        if is_of { Ok(self) } else { Err(MethodRejection::NotFound) }
    }
}

impl fmt::Display for MethodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        for mut rest in [self.customer, self.method.as_u128()] {
            for _ in 0..LETTERS {
                let letter = u8::try_from(rest % 26).unwrap_or_default();
                write!(f, "{}", char::from(b'a' + letter))?;
                rest /= 26;
            }
        }
        Ok(())
    }
}

/// A text that is the id of no payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMethodId;

impl FromStr for MethodId {
    type Err = NoMethodId;

    fn from_str(text: &str) -> Result<Self, NoMethodId> {
        let letters = text.strip_prefix(PREFIX).filter(|letters| letters.len() == 2 * LETTERS);
        let (customer, method) =
            letters.and_then(|letters| letters.split_at_checked(LETTERS)).ok_or(NoMethodId)?;
        let customer = number(customer).ok_or(NoMethodId)?;
        let method = Uuid::from_u128(number(method).ok_or(NoMethodId)?);
        Ok(Self { customer, method })
    }
}

fn number(letters: &str) -> Option<u128> {
    letters.bytes().rev().try_fold(0_u128, |number, letter| {
        let digit = letter.checked_sub(b'a').filter(|digit| *digit < 26)?;
        number.checked_mul(26)?.checked_add(digit.into())
    })
}
