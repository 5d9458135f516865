//! The `payments` function.

tollgate::main!(Gateway, |adapters| run(adapters.checkout()?, payments::handle));
