//! The `scheduled-capture` function.

tollgate::main!(Table, |adapters| run_scheduled(adapters.captures()?, scheduled_capture::handle));
