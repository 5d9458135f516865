//! The `switches` function.

tollgate::main!(Table, |adapters| run(adapters.stop_switch(), switches::handle));
