//! Which operation a record belongs to: it counts only for one that it fits (`docs/cardpointe.md`,
//! *MIDs and references*, *Receipts and order ids*).
//!
//! Every member that names somebody and is there has to fit. Members that a documented response
//! leaves out are not required.

use tollgate_core::{
    order::Route,
    payments::{Command, Merchant},
    values::Currency,
};

use super::wire::GatewayReply;

/// Longest reference, in characters.
const REFERENCE_MAX: usize = 14;

/// Whose a direct response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// It names the operation that was sent.
    Ours,
    /// It names no operation, so it can be about any.
    Unnamed,
    /// It names another operation, account or currency, or a reference that cannot be one.
    Foreign,
}

/// The account and the currency that an operation was sent with.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    pub(super) route: &'a Route,
    /// The merchant, which may have linked MIDs that a response can name instead.
    pub(super) merchant: &'a Merchant,
    pub(super) currency: Currency,
}

impl Account<'_> {
    /// Whether MID, currency and reference fit, as far as the record has them.
    pub(super) fn fits(&self, record: &GatewayReply) -> bool {
        let is_ours = |merchid: &String| {
            *merchid == self.route.account || self.merchant.gateway.linked.contains(merchid)
        };
        record.merchid.as_ref().is_none_or(is_ours)
            && record.currency.as_ref().is_none_or(|code| code.eq_ignore_ascii_case(self.currency.code()))
            && record.retref.as_deref().is_none_or(is_reference)
    }

    /// Whose the direct response to a command is. `id` is the order id that it was sent with,
    /// `ours` are those of its payment; none where they are not known.
    pub(super) fn whose(
        &self,
        command: &Command<'_>,
        id: &str,
        ours: &[&str],
        reply: &GatewayReply,
    ) -> Whose {
        if !self.fits(reply) {
            return Whose::Foreign;
        }
        let (named, retref) = (reply.order_id.as_deref(), reply.retref.as_deref());
        match command {
            _ if named == Some(id) => Whose::Ours,
            Command::Authorize(_) | Command::Purchase(_) => named.map_or(Whose::Unnamed, |_| Whose::Foreign),
            // It can be another refund of the same payment.
            Command::Refund(_) => match named {
                Some(named) if !ours.is_empty() && !ours.contains(&named) => Whose::Foreign,
                _ => Whose::Unnamed,
            },
            // These carry the reference and the order id of the payment that they act on.
            Command::Capture(payment) | Command::Void(payment) => match (retref, named) {
                (Some(retref), _) if retref != payment.reference => Whose::Foreign,
                (_, Some(named)) if !ours.is_empty() && !ours.contains(&named) => Whose::Foreign,
                (None, None) => Whose::Unnamed,
                _ => Whose::Ours,
            },
        }
    }
}

/// Whether a text can be a reference, and so part of an address.
fn is_reference(text: &str) -> bool {
    (1..=REFERENCE_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
