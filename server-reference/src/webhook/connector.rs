//! Names are resolved by us and judged by us at the moment of connecting, so that a name which was harmless when it was
//! looked at and points inside when it is called (DNS rebinding) gains nothing: the connection goes to the very address
//! that was judged.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolving};

use super::address::Special;
use super::target::{Mode, is_below};

/// The addresses of a name, once they are known.
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where addresses come from; tests bring their own.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of `host`.
    fn resolve(&self, host: &str) -> Lookup;
}

/// The operating system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Lookup {
        let host = host.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// A name has no address that may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// One of its addresses, and
    pub address: IpAddr,
    /// what is special about it.
    pub special: Special,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the host resolves to {}", self.special)
    }
}

impl Error for Forbidden {}

/// A name could not be resolved.
#[derive(Debug)]
pub struct Unresolved(io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's name could not be resolved")
    }
}

impl Error for Unresolved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Stands between the HTTP client and a resolver, and lets only permitted addresses through.
pub(super) struct Guard {
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) mode: Mode,
}

impl Guard {
    /// The addresses that may be called, in the resolver's order. A name with both kinds keeps the public ones.
    fn permitted(mode: Mode, addresses: &[IpAddr]) -> Result<Vec<IpAddr>, Forbidden> {
        let permitted: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| mode.refusal(*address).is_none())
            .collect();
        let first_refused = addresses.iter().find_map(|address| {
            Some(Forbidden {
                address: *address,
                special: mode.refusal(*address)?,
            })
        });
        match first_refused {
            Some(refused) if permitted.is_empty() => Err(refused),
            _ => Ok(permitted),
        }
    }
}

impl reqwest::dns::Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = if is_below(name.as_str(), "localhost") {
            // RFC 6761: this name means this machine, whatever a resolver says. Development's plain http relies on it.
            let loopback = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            Box::pin(std::future::ready(Ok(loopback.to_vec())))
        } else {
            self.resolver.resolve(name.as_str())
        };
        let mode = self.mode;
        Box::pin(async move {
            let addresses = lookup.await.map_err(Unresolved)?;
            let permitted = Self::permitted(mode, &addresses)?;
            if permitted.is_empty() {
                return Err(
                    Unresolved(io::Error::new(io::ErrorKind::NotFound, "no addresses")).into(),
                );
            }
            // The client puts the URL's port in the place of 0.
            Ok(Box::new(
                permitted
                    .into_iter()
                    .map(|address| SocketAddr::new(address, 0)),
            ) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(mode: Mode, addresses: &[&str]) -> Result<Vec<String>, Special> {
        let addresses: Vec<IpAddr> = addresses
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect();
        Guard::permitted(mode, &addresses)
            .map(|permitted| permitted.iter().map(ToString::to_string).collect())
            .map_err(|forbidden| forbidden.special)
    }

    #[test]
    fn only_permitted_addresses_pass_in_their_order() {
        let mixed = [
            "10.0.0.1",
            "2606:4700::1",
            "127.0.0.1",
            "1.1.1.1",
            "::ffff:1.1.1.1",
        ];
        assert_eq!(
            permitted(Mode::Production, &mixed),
            Ok(vec!["2606:4700::1".to_owned(), "1.1.1.1".to_owned()])
        );
        assert_eq!(
            permitted(Mode::Production, &["10.0.0.1", "::1"]),
            Err(Special::Private)
        );
        assert_eq!(
            permitted(Mode::Development, &["10.0.0.1", "::1"]),
            Ok(vec!["::1".to_owned()])
        );
        assert_eq!(
            permitted(Mode::Development, &["10.0.0.1"]),
            Err(Special::Private)
        );
        assert_eq!(permitted(Mode::Production, &[]), Ok(Vec::new()));
    }
}
