//! The `scheduled-capture` function.

tollgate::main!(Table, |adapters| run_scheduled(
    adapters.job(|config| config.captures)?,
    scheduled_capture::handle
));
