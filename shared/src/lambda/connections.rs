//! Connections opened while a function starts, so that its first request does not wait for them.
//! Lambda gives a whole processor to the start, with any memory size, and TLS handshakes
//! are most of a cold request's computation.
//!
//! Only merchants that the template names are connected ahead: others are unknown before their
//! first request. A connection that fails is left to the first request.

use std::time::Duration;

use futures_util::future::join_all;
use lambda_http::Error;
use tollgate_core::{order::MerchantId, payments::Merchants as _};

use super::Adapters;
use crate::cardpointe::CardPointe;

/// How long a start waits for its connections. They are a help and no condition: the first request
/// opens missing connections. Lambda allows a start 10 s.
const OPENING_LIMIT: Duration = Duration::from_secs(2);

/// The connections that a function's first request needs, each with those listed before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// The secrets with the merchants' documents, which are read, too.
    Merchants,
    /// The table of orders.
    Table,
    /// Each merchant's gateway, at the address in its document.
    Gateway,
}

/// Opens the requested connections, all at the same time, if it is known which merchants' requests
/// will come. One that cannot be opened is logged and left to the first request.
pub(super) async fn open(
    adapters: &Adapters,
    opening: Opening,
    merchants: &[MerchantId],
) -> Result<(), Error> {
    if merchants.is_empty() {
        return Ok(());
    }
    let gateway = if opening == Opening::Gateway { Some(adapters.gateway()?) } else { None };
    let gateway = gateway.as_deref();
    let table = async {
        if opening >= Opening::Table
            && let Err(error) = adapters.tables().switch.connect(merchants).await
        {
            tracing::warn!(%error, "the table is not connected to yet");
        }
    };
    let merchants = join_all(merchants.iter().map(|id| open_for(adapters, gateway, id)));
    let all = async { tokio::join!(table, merchants) };
    if tokio::time::timeout(OPENING_LIMIT, all).await.is_err() {
        tracing::warn!("not all connections are open yet, going on without");
    }
    Ok(())
}

async fn open_for(adapters: &Adapters, gateway: Option<&CardPointe>, id: &MerchantId) {
    let merchant = match adapters.merchants.get(id).await {
        Ok(merchant) => merchant,
        Err(error) => return tracing::warn!(merchant = %id, %error, "the merchant is not read yet"),
    };
    if let Some(gateway) = gateway {
        gateway.connect(&merchant).await;
    }
}

#[cfg(test)]
mod tests;
