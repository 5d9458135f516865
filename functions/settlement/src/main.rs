//! The `settlement` function.

tollgate::main!(run_scheduled(tollgate_events::start_settlement()?, settlement::handle));
