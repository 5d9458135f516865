//! A process's ports to the fakes of the store and the merchants. The gateway's is in `gateway`.

mod merchants;
mod store;
