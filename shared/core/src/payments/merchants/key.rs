//! A merchant's keys: what each opens, and its name on record.

use secrecy::{ExposeSecret, SecretString};

use crate::{order::KeyName, words};

words! {
    /// What a key may do, from the least to the most. Each role may do what those before it may.
    #[derive(PartialOrd, Ord)]
    pub enum Role {
        /// Read orders and transactions.
        Read => "read",
        /// Register orders, authorize, purchase, confirm.
        Pay => "pay",
        /// Capture, refund, cancel; move scheduled captures.
        Operate => "operate",
        /// Everything, also what comes later.
        All => "all",
    }
}

/// One of a merchant's keys. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct MerchantKey {
    /// What the caller sends.
    pub secret: SecretString,
    /// What it is called on record; none for a key that is a plain text in the document.
    pub name: Option<KeyName>,
    /// What it may do.
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
