//! `sign-in-client`.

use clap::{Args, Subcommand};
use tollgate_core::order::KeyName;

#[derive(Subcommand)]
pub(crate) enum SignInClientCommand {
    /// Let a program sign people in, with a new secret that is shown once
    Add(AddSignInClient),
    /// The programs that may sign people in, without their secrets
    List,
    /// Remove a program: after 5 minutes it signs nobody in
    ///
    /// Tokens that people have stay valid for their 15 minutes.
    Remove(RemoveSignInClient),
}

#[derive(Args)]
pub(crate) struct AddSignInClient {
    /// The program's name here, such as console: its `client_id`
    pub(crate) client: KeyName,
    /// The program's client id at the issuer: `aud` of its ID tokens
    #[arg(long, value_name = "ID")]
    pub(crate) audience: String,
    /// Check all of it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args)]
pub(crate) struct RemoveSignInClient {
    /// The program, as `sign-in-client list` shows it
    pub(crate) client: String,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}
