//! A merchant's keys: the role of each, and its name on record.

use secrecy::{ExposeSecret, SecretString};

use crate::{order::KeyName, words};

words! {
    /// The permissions of a key, from the fewest to the most. Each role includes those before it.
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// Read orders and transactions.
        Read => "read",
        /// Register orders, authorize, purchase, confirm.
        Pay => "pay",
        /// Capture, refund, cancel; move scheduled captures.
        Operate => "operate",
        /// Everything, including later additions.
        All => "all",
    }
}

/// One of a merchant's keys. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct MerchantKey {
    /// The key itself, as callers send it.
    pub secret: SecretString,
    /// Its name on record; none for a key that is a plain text in the document.
    pub name: Option<KeyName>,
    pub role: Role,
}

impl MerchantKey {
    /// The number of its characters.
    pub fn chars(&self) -> usize {
        self.secret.expose_secret().chars().count()
    }
}

impl From<SecretString> for MerchantKey {
    /// A key that is a plain text: it has no name and may do everything.
    fn from(secret: SecretString) -> Self {
        Self { secret, name: None, role: Role::All }
    }
}
