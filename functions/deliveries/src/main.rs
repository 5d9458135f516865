//! The `deliveries` function.

tollgate::main!(Merchants, |adapters| run(
    adapters.deliveries(&WebhooksConfig::from_env()?),
    deliveries::handle
));
