//! The `events` function.

tollgate::main!(tollgate_events::run(events::handle));
