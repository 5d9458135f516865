//! The `payment-methods` function.

tollgate::main!(Gateway, |adapters| run(adapters.stored_cards()?, payment_methods::handle));
