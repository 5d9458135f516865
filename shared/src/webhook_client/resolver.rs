//! Names to addresses, and only to such that may be called. The connection goes to the address that
//! was looked at here, because nothing resolves the name once more.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

use tollgate_core::webhooks::is_public;

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Those of the public internet.
    Public,
    /// Also this machine's own, and those without TLS: for the local stack.
    PublicAndLoopback,
}

impl Allowed {
    /// Whether this address may be called.
    pub fn admits(self, address: IpAddr) -> bool {
        is_public(address) || (self == Self::PublicAndLoopback && address.is_loopback())
    }

    /// Whether a URL's host may be, as far as it can be seen without resolving it. No resolver sees
    /// a host that is an address already, in any notation.
    pub fn admits_host(self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let digits = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = digits.parse() {
            return self.admits(address);
        }
        let name = host.trim_end_matches('.');
        let is_local = name == "localhost" || name.ends_with(".localhost");
        self == Self::PublicAndLoopback || !is_local
    }
}

/// Resolves receivers' names; tests give names addresses of their own.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A name has an address that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("the address is not allowed")]
pub(super) struct Refused;

/// A resolver that gives addresses only if all may be called.
pub(super) struct Checked {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) allowed: Allowed,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allowed) = (Arc::clone(&self.lookup), self.allowed);
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await?;
            // One that is not allowed among others is no mistake that an honest receiver makes.
            if !found.iter().all(|address| allowed.admits(*address)) {
                return Err(Refused.into());
            }
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_operating_system_tells_what_a_name_resolves_to() {
        let found = SystemLookup.lookup("127.0.0.1").await.unwrap();
        assert_eq!(found, [IpAddr::from([127, 0, 0, 1])]);
    }

    #[test]
    fn a_url_without_a_host_is_nowhere() {
        for allowed in [Allowed::Public, Allowed::PublicAndLoopback] {
            assert!(!allowed.admits_host(&"mailto:a@example.com".parse().unwrap()));
            assert!(allowed.admits_host(&"https://example.com/".parse().unwrap()));
        }
    }

    #[test]
    fn this_machines_own_addresses_may_be_called_only_where_they_are_allowed() {
        for (address, public, with_loopback) in
            [([8, 8, 8, 8], true, true), ([127, 0, 0, 1], false, true), ([10, 0, 0, 1], false, false)]
        {
            let admitted =
                [Allowed::Public, Allowed::PublicAndLoopback].map(|all| all.admits(address.into()));
            assert_eq!(admitted, [public, with_loopback], "{address:?}");
        }
    }
}
