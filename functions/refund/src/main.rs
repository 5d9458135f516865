//! The `refund` function.

tollgate::main!(Gateway, |adapters| run(adapters.api()?, refund::handle));
