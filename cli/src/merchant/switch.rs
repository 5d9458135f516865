//! `merchant stop` and `merchant start`: the document's `disabled` (docs/merchants.md).

use serde_json::json;
use tollgate::secrets_manager::SecretKind;

use super::read;
use crate::{args::Switch, aws::Aws, confirm, failure::Failure, place::Place, report::Report};

pub(crate) async fn run(place: &Place, switch: &Switch, disabled: bool) -> Result<Report, Failure> {
    let aws = Aws::new(place)?;
    let (id, at) = (&switch.id, place.of_secrets(SecretKind::Merchants)?);
    let document = read(&aws, id).await?;
    let value = json!({
        "merchant": id, "stage": place.stage_or_unnamed(), "place": place.secrets_value(SecretKind::Merchants)?,
        "disabled": disabled, "dry_run": switch.dry_run,
        "changed": document.merchant.disabled != disabled,
    });
    let what = if disabled { "stopped" } else { "started" };
    if document.merchant.disabled == disabled {
        return Ok(Report::new(format!("Merchant {id}, {at}: it is {what} already."), value));
    }
    if switch.dry_run {
        return Ok(Report::new(
            format!("Dry run: nothing was written. Merchant {id}, {at}, would be {what}."),
            value,
        ));
    }
    if !switch.yes {
        let happens = if disabled { "none of its requests will be accepted" } else { "it will pay again" };
        confirm::by_typing(id.as_str(), &format!("Merchant {id}, {at}: {happens} after 5 minutes."))?;
    }
    aws.put_secret(id, &document.switched(disabled)?.text()).await?;
    let text = if disabled {
        format!(
            "Merchant {id}, {at}: stopped. After 5 minutes at most its keys and tokens are refused and its \
             scheduled captures held back. Inquiries about payments in doubt go on.\n  \
             tollgate merchant start {id}    takes it back"
        )
    } else {
        format!("Merchant {id}, {at}: started. It pays again after 5 minutes at most.")
    };
    Ok(Report::new(text, value))
}
