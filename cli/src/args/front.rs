//! Arguments of the front's commands.

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum FrontCommand {
    /// Replace the secret that the front proves itself with, without a 403 in between
    ///
    /// Deploys the API's stack twice and the front's once, through the AWS CLI. A stack that
    /// requires no front yet requires it from then on. Given again, it finishes an interrupted
    /// rotation.
    Rotate(RotateFront),
}

#[derive(Args)]
pub(crate) struct RotateFront {
    /// The front's stack, such as tollgate-front-prod; it is in us-east-1
    pub(crate) front: String,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}
