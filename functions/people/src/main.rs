//! The `people` function.

tollgate::main!(Merchants, |adapters| run(
    adapters.personnel(&PeopleConfig::from_env()?.ok_or("PEOPLE_TABLE_NAME is not set")?),
    people::handle
));
