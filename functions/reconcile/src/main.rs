//! The `reconcile` function.

tollgate::main!(Table, |adapters| run_scheduled(
    adapters.inquiries(needed("SETTLEMENT_TABLE_NAME")?)?,
    reconcile::handle
));
