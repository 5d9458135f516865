//! The `totals` function.

tollgate::main!(run_scheduled(start_totals()?, totals::handle));
