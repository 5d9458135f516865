//! The `people` function.

tollgate::main!(Merchants, |adapters| run(
    adapters.personnel(&PeopleConfig::needed_from_env()?),
    people::handle
));
