//! The `transactions` function.

tollgate::main!(Table, |adapters| run(
    adapters.transactions(&SettlementConfig::from_env()?),
    transactions::handle
));
