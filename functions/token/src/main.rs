//! The `token` function.

tollgate::main!(Merchants, |adapters| run(
    adapters.tokens(SignInConfig::from_env()?.as_ref())?,
    token::handle
));
