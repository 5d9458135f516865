//! What the function `people` works with.

use super::{Adapters, PeopleConfig};
use crate::ports::Personnel;

impl Adapters {
    /// For a merchant's people, and what they did.
    pub fn personnel(&self, people: &PeopleConfig) -> Personnel {
        Personnel { access: self.access_of_people(), stores: people.stores(&self.http_client) }
    }
}
