//! The `capture` function.

tollgate::main!(Gateway, |adapters| run(adapters.api()?, capture::handle));
