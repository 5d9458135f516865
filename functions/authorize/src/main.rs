//! The `authorize` function.

tollgate::main!(Gateway, |adapters| run(adapters.checkout()?, authorize::handle));
