//! The `purchase` function.

tollgate::main!(Gateway, |adapters| run(adapters.checkout()?, purchase::handle));
