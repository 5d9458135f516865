//! The `reconcile` function.

tollgate::main!(Table, |adapters| run_scheduled(adapters.job(|config| config.inquiries)?, reconcile::handle));
