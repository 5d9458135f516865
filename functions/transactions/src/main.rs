//! The `transactions` function.

tollgate::main!(Table, |adapters| run(
    adapters.transactions(&JournalConfig::from_env()?),
    transactions::handle
));
