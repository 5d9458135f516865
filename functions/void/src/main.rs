//! The `void` function.

tollgate::main!(Gateway, |adapters| run(adapters.api()?, void::handle));
