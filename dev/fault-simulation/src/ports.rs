//! A process's ports to the fakes of the store and the merchants. The gateway's is in `gateway`.

mod merchants;
mod store;
mod stored_cards;

pub(crate) use stored_cards::{NoCustomers, NoProfiles};
