//! The route of a request: its path, its query, and the methods that go with them.

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::REST_PATH;
use crate::{
    alterations::Named, faults::Endpoint, fields::Fields, funding::Service, preview::Preview,
    settlestat::Wanted,
};

/// The endpoint that a path names.
pub(super) enum Route {
    CredentialCheck,
    Write(Endpoint),
    Inquire {
        retref: String,
        merchid: String,
    },
    InquireByOrderid {
        order_id: String,
        merchid: String,
        only_this_mid: bool,
    },
    Profile {
        profileid: String,
        acctid: Option<String>,
        merchid: String,
    },
    InquireMerchant {
        merchid: String,
    },
    Bin {
        merchid: String,
        token: String,
    },
    /// `None`: the query cannot be read.
    Settlestat {
        merchid: String,
        wanted: Option<Wanted>,
    },
    /// The batch sources are in the body.
    SettlestatByBatchSource,
    /// An empty source is none.
    OpenBatch {
        merchid: String,
        batchsource: String,
    },
    CloseBatch {
        merchid: String,
        batchid: Option<String>,
    },
    /// Also `deposit`, the older form of `funding`.
    Funding {
        service: Service,
        merchid: String,
        date: Option<String>,
    },
    Surcharge(Preview),
}

impl Route {
    pub(super) fn find(uri: &Uri) -> Option<Self> {
        let path = uri.path().strip_prefix(REST_PATH)?;
        if path.is_empty() || path == "/" {
            return Some(Self::CredentialCheck);
        }
        let segments: Vec<String> =
            path.strip_prefix('/')?.split('/').map(decoded).collect::<Option<Vec<_>>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        // Apache's HTTP client makes one slash of the two around an empty account id.
        let profile = match *segments {
            ["profile", profileid, merchid] => Some((profileid, "", merchid)),
            ["profile", profileid, acctid, merchid] => Some((profileid, acctid, merchid)),
            _ => None,
        };
        if let Some((profileid, acctid, merchid)) = profile {
            let named = !profileid.is_empty() && !merchid.is_empty();
            let acctid = Some(acctid.to_owned()).filter(|acctid| !acctid.is_empty());
            return named.then(|| Self::Profile {
                profileid: profileid.to_owned(),
                acctid,
                merchid: merchid.to_owned(),
            });
        }
        if let Some(route) = Self::manual_batch(&segments) {
            return Some(route);
        }
        // Elsewhere, an empty segment names nothing.
        if segments.iter().any(|segment| segment.is_empty()) {
            return None;
        }
        Some(match *segments {
            ["auth"] => Self::Write(Endpoint::Auth),
            ["capture"] => Self::Write(Endpoint::Capture),
            ["void"] => Self::Write(Endpoint::Void),
            ["voidByOrderId"] => Self::Write(Endpoint::VoidByOrderId),
            ["refund"] => Self::Write(Endpoint::Refund),
            ["profile"] => Self::Write(Endpoint::Profile),
            ["sigcap"] => Self::Write(Endpoint::Sigcap),
            ["inquire", retref, merchid] => {
                Self::Inquire { retref: retref.to_owned(), merchid: merchid.to_owned() }
            }
            ["inquireByOrderid", order_id, merchid, ref set @ ..] if set.len() <= 1 => {
                Self::InquireByOrderid {
                    order_id: order_id.to_owned(),
                    merchid: merchid.to_owned(),
                    only_this_mid: set == ["1"],
                }
            }
            ["inquireMerchant", merchid] => Self::InquireMerchant { merchid: merchid.to_owned() },
            ["bin", merchid, token] => Self::Bin { merchid: merchid.to_owned(), token: token.to_owned() },
            ["settlestat"] => Self::settlestat(uri),
            ["settlestatByBatchSource"] => Self::SettlestatByBatchSource,
            ["funding"] => Self::funding(uri, Service::Funding),
            ["deposit"] => Self::funding(uri, Service::Deposit),
            ["surcharge"] => {
                let named = |name| parameter(uri, name).unwrap_or_default();
                Self::Surcharge(Preview {
                    merchid: named("merchid"),
                    token: named("token"),
                    postal: named("postal"),
                    amount: named("amount"),
                })
            }
            _ => return None,
        })
    }

    /// The second part may be left out, with its slash or without.
    fn manual_batch(segments: &[&str]) -> Option<Self> {
        let (call, merchid, rest) = match segments {
            [call, merchid] if !merchid.is_empty() => (*call, *merchid, ""),
            [call, merchid, rest] if !merchid.is_empty() => (*call, *merchid, *rest),
            _ => return None,
        };
        let merchid = merchid.to_owned();
        match call {
            "openbatch" => Some(Self::OpenBatch { merchid, batchsource: rest.to_owned() }),
            "closebatch" => {
                let batchid = Some(rest.to_owned()).filter(|batchid| !batchid.is_empty());
                Some(Self::CloseBatch { merchid, batchid })
            }
            _ => None,
        }
    }

    fn funding(uri: &Uri, service: Service) -> Self {
        let merchid = parameter(uri, "merchid").unwrap_or_default();
        Self::Funding { service, merchid, date: parameter(uri, "date") }
    }

    fn settlestat(uri: &Uri) -> Self {
        let merchid = parameter(uri, "merchid").unwrap_or_default();
        let is_mmdd = |date: &String| date.len() == 4 && date.bytes().all(|byte| byte.is_ascii_digit());
        let wanted = match (parameter(uri, "batchid"), parameter(uri, "date")) {
            (Some(batchid), _) => Some(Wanted::Batch(batchid)),
            (None, Some(date)) => Some(date).filter(is_mmdd).map(Wanted::Date),
            (None, None) => Some(Wanted::New),
        };
        Self::Settlestat { merchid, wanted }
    }

    pub(super) fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::CredentialCheck => None,
            Self::Write(endpoint) => Some(*endpoint),
            Self::Inquire { .. } => Some(Endpoint::Inquire),
            Self::InquireByOrderid { .. } => Some(Endpoint::InquireByOrderid),
            Self::Profile { .. } => Some(Endpoint::Profile),
            Self::InquireMerchant { .. } => Some(Endpoint::InquireMerchant),
            Self::Bin { .. } => Some(Endpoint::Bin),
            Self::Settlestat { .. } | Self::SettlestatByBatchSource => Some(Endpoint::Settlestat),
            Self::OpenBatch { .. } => Some(Endpoint::Openbatch),
            Self::CloseBatch { .. } => Some(Endpoint::Closebatch),
            Self::Funding { .. } => Some(Endpoint::Funding),
            Self::Surcharge(_) => Some(Endpoint::Surcharge),
        }
    }

    /// The merchant account that the path or the query names; writes have it in their body.
    pub(super) fn merchid(&self) -> Option<&str> {
        match self {
            Self::CredentialCheck | Self::Write(_) | Self::SettlestatByBatchSource => None,
            Self::Inquire { merchid, .. }
            | Self::InquireByOrderid { merchid, .. }
            | Self::Profile { merchid, .. }
            | Self::InquireMerchant { merchid }
            | Self::Bin { merchid, .. }
            | Self::Settlestat { merchid, .. }
            | Self::OpenBatch { merchid, .. }
            | Self::CloseBatch { merchid, .. }
            | Self::Funding { merchid, .. } => Some(merchid),
            Self::Surcharge(preview) => Some(&preview.merchid),
        }
    }

    /// The order id and the reference that a request names.
    pub(super) fn named(&self, body: &[u8]) -> Named {
        match self {
            Self::Write(_) => Fields::parse(body).map_or_else(Named::default, |fields| Named {
                order_id: fields.text("orderid"),
                retref: fields.text("retref"),
            }),
            Self::Inquire { retref, .. } => Named { order_id: None, retref: Some(retref.clone()) },
            Self::InquireByOrderid { order_id, .. } => {
                Named { order_id: Some(order_id.clone()), retref: None }
            }
            _ => Named::default(),
        }
    }

    pub(super) fn allows(&self, method: &Method) -> bool {
        match self {
            Self::CredentialCheck => [Method::GET, Method::PUT, Method::POST].contains(method),
            Self::Write(_) => [Method::PUT, Method::POST].contains(method),
            Self::SettlestatByBatchSource => method == Method::POST,
            Self::Profile { .. } => [Method::GET, Method::DELETE].contains(method),
            _ => method == Method::GET,
        }
    }
}

/// A segment of the path, decoded.
fn decoded(segment: &str) -> Option<String> {
    Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned())
}

/// A parameter of the query; an empty one is none.
fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value).next_back()?;
    decoded(&value.replace('+', " ")).filter(|value| !value.is_empty())
}
