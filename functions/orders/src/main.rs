//! The `orders` function.

tollgate::main!(Table, |adapters| run(adapters.api()?, orders::handle));
