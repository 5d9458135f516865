//! The `settlement` function.

tollgate::main!(run_scheduled(start_settlement()?, settlement::handle));
