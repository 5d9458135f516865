//! `merchant stop` and `merchant start`: the merchant's own switch (docs/merchants.md).

use serde_json::json;
use tollgate::secrets_manager::SecretKind;
use tollgate_core::payments::SwitchOf;

use crate::{
    args::Switch,
    failure::Failure,
    installation::Installation,
    precondition::must_exist,
    report::Report,
    stop::{self, Subject},
};

pub(crate) async fn run(
    installation: &Installation,
    switch: &Switch,
    stopped: bool,
) -> Result<Report, Failure> {
    let (id, at) = (&switch.id, installation.of_secrets(SecretKind::Merchants)?);
    // A stop of a merchant that is mistyped stops nothing.
    must_exist(installation, id).await?;
    let subject = Subject {
        of: SwitchOf::Merchant(id.clone()),
        at: format!("Merchant {id}, {at}"),
        payments: "its payments",
        typed: id.to_string(),
        command: "tollgate merchant",
        value: json!({
            "merchant": id, "stage": installation.stage_or_unnamed(),
            "place": installation.secrets_value(SecretKind::Merchants)?,
        }),
    };
    stop::move_switch(installation, &switch.throw, stopped, subject).await
}
