//! The `reconcile` function.

tollgate::main!(Table, |adapters| run_scheduled(adapters.inquiries()?, reconcile::handle));
