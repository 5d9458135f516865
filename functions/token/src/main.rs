//! The `token` function.

tollgate::main!(Merchants, |adapters| run(adapters.access(), token::handle));
