//! The `settlement` function.

tollgate::main!(run_scheduled(tollgate::lambda::start_settlement()?, settlement::handle));
