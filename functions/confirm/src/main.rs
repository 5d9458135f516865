//! The `confirm` function.

tollgate::main!(Gateway, |adapters| run(adapters.confirm()?, confirm::handle));
