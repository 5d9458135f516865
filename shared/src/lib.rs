//! Card payments through CardConnect's CardPointe gateway: everything the Lambda functions share.

pub mod clock;
pub mod lambda;
