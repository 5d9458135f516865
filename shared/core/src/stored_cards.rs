//! Cards that a customer may be charged with again: their rules, their verification, and who holds
//! them.

mod customers;
mod payment_method;
mod payment_methods;
mod profiles;

pub use customers::{CustomerStore, CustomerWrite};
pub use payment_method::{
    AddPlan, Applied, CARDS_MAX, Customer, CustomerKey, DECLINES_PER_HOUR, MethodId, MethodRejection,
    MethodState, NewMethod, OnceGone, PaymentMethod, settle,
};
pub use payment_methods::{MethodChanged, MethodRefusal, PaymentMethods, ToPayWith};
pub use profiles::{ProfileOutcome, Profiles, Renewal};
