//! A process's ports to the fakes of the store, the customers and the merchants. The gateway's is
//! in `gateway`.

mod customers;
mod merchants;
mod store;
