//! `me`: how a merchant stands, as `GET /v2/me` says it to the merchant's own systems.

use serde_json::json;
use tollgate::lambda::GATEWAY;
use tollgate_core::{journal::count_attention, order::MerchantId, payments::Stop};

use crate::{failure::Failure, installation::Installation, report::Report};

pub(crate) async fn run(installation: &Installation, id: &MerchantId) -> Result<Report, Failure> {
    let (job, agenda, now) = (installation.job()?, installation.agenda()?, installation.clock.now());
    let unread = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
    let merchant = job.merchants.get(id).await?;
    let count = count_attention(agenda.as_ref(), id, now).await.map_err(|error| unread(&error))?;
    let stop = job.switch.stop(id).await.map_err(|error| unread(&error))?;
    let live = GATEWAY.is_live(&merchant.gateway.any_route());
    let zone = merchant.policy.zone.as_ref().map_or("UTC", |zone| zone.name());
    let payments = match stop {
        Stop::All => "stopped for all merchants",
        Stop::Merchant => "stopped for this merchant; stop --show says by whom",
        Stop::None if merchant.disabled => "none: the merchant is disabled",
        Stop::None => "enabled",
    };
    let captures = if merchant.captures_paused { "paused" } else { "enabled" };
    let text = [
        format!("merchant           {id}"),
        format!("name               {}", merchant.name.as_deref().unwrap_or("-")),
        format!("time zone          {zone}"),
        format!("gateway            {}", if live { "live" } else { "test" }),
        format!("payments           {payments}"),
        format!("scheduled captures {captures}"),
        format!("needs attention    {count}, as of {}", now.strftime("%Y-%m-%dT%H:%M:%SZ")),
    ];
    let value = json!({
        "merchant": id,
        "name": merchant.name,
        "time_zone": zone,
        "livemode": live,
        "payments": {"stopped": stop.is_on(), "for_all_merchants": stop == Stop::All, "disabled": merchant.disabled},
        "captures_paused": merchant.captures_paused,
        "attention": {"orders": count.orders, "more": count.more, "formatted": count.to_string(), "as_of": now},
    });
    Ok(Report::new(text.join("\n"), value))
}
