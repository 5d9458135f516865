//! The `orders` function.

tollgate::main!(Table, |adapters| run(adapters.orders()?, orders::handle));
