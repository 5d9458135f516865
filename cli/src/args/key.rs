//! `merchant key`.

use clap::{Args, Subcommand};
use tollgate_core::{
    order::{KeyName, MerchantId},
    payments::Role,
};

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a key with a name and a role; it is shown once
    Add(AddKey),
    /// The names and roles of all keys, and their names in audit lines; never the keys
    List(ListKeys),
    /// Remove a key; a system that still uses it gets no token from then on
    Revoke(RevokeKey),
}

#[derive(Args)]
pub(crate) struct AddKey {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
    /// The key's name on record: the system's name, such as erp
    #[arg(long, value_name = "NAME")]
    pub(crate) name: KeyName,
    /// Its role: read, pay, operate or all
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub(crate) role: Role,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct ListKeys {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
}

#[derive(Args)]
pub(crate) struct RevokeKey {
    /// The merchant's id, such as 170200123
    pub(crate) id: MerchantId,
    /// The key's name, or its number as `merchant key list` shows it
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "must be read, pay, operate or all".to_owned())
}
