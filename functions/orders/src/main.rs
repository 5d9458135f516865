//! The `orders` function.

tollgate::main!(Table, |adapters| run(adapters.orders(needed("SETTLEMENT_TABLE_NAME")?)?, orders::handle));
