//! The `console` function.

tollgate::main!(tollgate_console::run());
