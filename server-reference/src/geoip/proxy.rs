//! Who the client is when proxies stand in between.
//!
//! `X-Forwarded-For` grows to the right, one entry for each proxy, and a client can begin it with whatever it likes. So it
//! is read from the right, and only as far as the operator vouches for: for a number of proxies, or for those whose
//! addresses are in a list of networks. Without a word from the operator no header counts at all.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderName;
use ipnet::IpNet;

use super::Country;
use crate::http::fields::Fields;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Which proxies the operator vouches for (`--trust-proxy`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TrustProxy {
    /// None: the connection's other end is the client.
    #[default]
    Nobody,
    /// This many in a row, the last of which connects to us. Nobody else must be able to connect.
    Count(u8),
    /// Those with an address in one of these networks.
    Networks(Vec<IpNet>),
}

/// The text does not say whom to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTrust(String);

impl fmt::Display for InvalidTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is neither a number of proxies from 1 to 255 nor a network; use for example `1`, or \
             `10.0.0.0/8,2001:db8::7`",
            self.0
        )
    }
}

impl std::error::Error for InvalidTrust {}

impl FromStr for TrustProxy {
    type Err = InvalidTrust;

    fn from_str(text: &str) -> Result<Self, InvalidTrust> {
        let invalid = |part: &str| InvalidTrust(part.to_owned());
        if let Ok(count) = text.trim().parse() {
            return if count == 0 {
                Err(invalid(text))
            } else {
                Ok(Self::Count(count))
            };
        }
        let network = |part: &str| {
            let part = part.trim();
            part.parse()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| invalid(part))
        };
        text.split(',')
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self::Networks)
    }
}

impl TrustProxy {
    /// Whether whoever has this address is a proxy to believe, with `passed` of them behind us already.
    fn covers(&self, address: IpAddr, passed: usize) -> bool {
        match self {
            Self::Nobody => false,
            Self::Count(count) => passed < usize::from(*count),
            Self::Networks(networks) => networks.iter().any(|network| network.contains(&address)),
        }
    }
}

/// How to find the client of a request.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// Whom to believe.
    pub trust: TrustProxy,
    /// The header in which the outermost trusted proxy says the client's country, such as `CF-IPCountry`. The proxy must
    /// overwrite what clients send in it.
    pub country_header: Option<HeaderName>,
}

/// Who made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address: never to be stored.
    pub address: IpAddr,
    /// Its country, where a trusted proxy says it.
    pub country: Option<Country>,
}

impl Proxies {
    /// The client of a request that came over a connection with `peer`.
    pub fn client<F: Fields + ?Sized>(&self, peer: IpAddr, fields: &F) -> Client {
        // A socket for both families shows IPv4 peers as mapped addresses.
        let peer = peer.to_canonical();
        if self.trust == TrustProxy::Nobody {
            return Client {
                address: peer,
                country: None,
            };
        }
        let mut address = peer;
        for (passed, entry) in forwarded_for(fields).enumerate() {
            if !self.trust.covers(address, passed) {
                break;
            }
            // Behind what cannot be read nothing can be trusted.
            let Some(entry) = parse_entry(entry) else {
                break;
            };
            address = entry;
        }
        let country = self.trust.covers(peer, 0).then(|| self.country(fields));
        Client {
            address,
            country: country.flatten(),
        }
    }

    fn country<F: Fields + ?Sized>(&self, fields: &F) -> Option<Country> {
        let mut values = fields.all(self.country_header.as_ref()?.as_str());
        let only = values.next()?;
        // A second one means that the proxy adds to what clients send instead of overwriting it.
        if values.next().is_some() {
            return None;
        }
        Country::parse(std::str::from_utf8(only).ok()?.trim())
    }
}

/// The entries of all headers, the nearest proxy's first.
fn forwarded_for<F: Fields + ?Sized>(fields: &F) -> impl Iterator<Item = &str> {
    let values = fields.all(FORWARDED_FOR).rev();
    values.flat_map(|value| {
        // Bytes that are no text are no address either.
        let text = std::str::from_utf8(value).unwrap_or("?");
        text.rsplit(',').map(str::trim)
    })
}

/// An address, as proxies write it: bare, in brackets, or with a port.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'))
        .unwrap_or(entry);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn headers(forwarded_for: &[&str]) -> HeaderMap {
        forwarded_for
            .iter()
            .map(|value| {
                (
                    HeaderName::from_static(FORWARDED_FOR),
                    value.parse().expect("a value"),
                )
            })
            .collect()
    }

    fn client(trust: &str, peer: &str, forwarded_for: &[&str]) -> String {
        let trust = if trust.is_empty() {
            TrustProxy::Nobody
        } else {
            trust.parse().expect(trust)
        };
        let proxies = Proxies {
            trust,
            country_header: None,
        };
        proxies
            .client(peer.parse().expect(peer), &headers(forwarded_for))
            .address
            .to_string()
    }

    #[test]
    fn without_trust_no_header_counts() {
        assert_eq!(client("", "192.0.2.1", &["1.2.3.4"]), "192.0.2.1");
        assert_eq!(client("", "::ffff:192.0.2.1", &[]), "192.0.2.1");
    }

    #[test]
    fn a_number_of_proxies_is_counted_from_the_right() {
        for (trust, forwarded_for, expected) in [
            ("1", vec!["198.51.100.1"], "198.51.100.1"),
            // What the client made up stands further left.
            ("1", vec!["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            ("1", vec!["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
            ("2", vec!["1.2.3.4, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            (
                "2",
                vec!["1.2.3.4, 198.51.100.1", "10.0.0.7"],
                "198.51.100.1",
            ),
            ("3", vec!["198.51.100.1, 10.0.0.7"], "198.51.100.1"),
            ("1", vec![], "10.0.0.9"),
            ("1", vec![""], "10.0.0.9"),
            ("1", vec!["unknown"], "10.0.0.9"),
            ("2", vec!["198.51.100.1, unknown, 10.0.0.7"], "10.0.0.7"),
            ("2", vec!["198.51.100.1, _hidden"], "10.0.0.9"),
        ] {
            assert_eq!(
                client(trust, "10.0.0.9", &forwarded_for),
                expected,
                "{trust} {forwarded_for:?}"
            );
        }
    }

    #[test]
    fn networks_are_passed_until_a_stranger() {
        let trust = "10.0.0.0/8, 2001:db8:9::/48,192.0.2.7";
        for (peer, forwarded_for, expected) in [
            ("10.0.0.9", vec!["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
            (
                "10.0.0.9",
                vec!["1.2.3.4, 198.51.100.1, 10.1.2.3"],
                "198.51.100.1",
            ),
            (
                "10.0.0.9",
                vec!["1.2.3.4, 198.51.100.1", "192.0.2.7,10.1.2.3"],
                "198.51.100.1",
            ),
            ("2001:db8:9::1", vec!["2001:db8:1::1"], "2001:db8:1::1"),
            (
                "::ffff:10.0.0.9",
                vec!["::ffff:198.51.100.1"],
                "198.51.100.1",
            ),
            // Somebody who is no proxy of ours says so in vain.
            ("198.51.100.9", vec!["1.2.3.4"], "198.51.100.9"),
            ("11.0.0.1", vec!["10.0.0.1"], "11.0.0.1"),
            ("192.0.2.8", vec!["1.2.3.4"], "192.0.2.8"),
            // All are ours: the request began there.
            ("10.0.0.9", vec!["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            ("10.0.0.9", vec!["1.2.3.4, rubbish"], "10.0.0.9"),
        ] {
            assert_eq!(
                client(trust, peer, &forwarded_for),
                expected,
                "{peer} {forwarded_for:?}"
            );
        }
    }

    #[test]
    fn addresses_are_read_with_ports_and_brackets() {
        for (entry, expected) in [
            ("198.51.100.1:4711", "198.51.100.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("198.51.100.1:99999", "10.0.0.9"),
            ("0x7f.1", "10.0.0.9"),
            ("198.51.100.01", "10.0.0.9"),
        ] {
            assert_eq!(client("1", "10.0.0.9", &[entry]), expected, "{entry}");
        }
        let mut bytes = headers(&["198.51.100.1"]);
        bytes.append(
            FORWARDED_FOR,
            HeaderValue::from_bytes(b"\xff").expect("opaque"),
        );
        let proxies = Proxies {
            trust: TrustProxy::Count(2),
            country_header: None,
        };
        assert_eq!(
            proxies
                .client([10, 0, 0, 9].into(), &bytes)
                .address
                .to_string(),
            "10.0.0.9"
        );
    }

    #[test]
    fn a_country_comes_from_a_trusted_proxy_only() {
        let name = HeaderName::from_static("cf-ipcountry");
        let country = |trust: TrustProxy, peer: &str, values: &[&str]| {
            let proxies = Proxies {
                trust,
                country_header: Some(name.clone()),
            };
            let headers: HeaderMap = values
                .iter()
                .map(|value| (name.clone(), value.parse().expect("a value")))
                .collect();
            let client = proxies.client(peer.parse().expect(peer), &headers);
            client.country.map(|country| country.as_str().to_owned())
        };
        let ours = || "10.0.0.0/8".parse::<TrustProxy>().expect("a network");
        assert_eq!(country(ours(), "10.0.0.9", &["de"]).as_deref(), Some("DE"));
        assert_eq!(
            country(TrustProxy::Count(1), "10.0.0.9", &["DE"]).as_deref(),
            Some("DE")
        );
        assert_eq!(
            country(ours(), "198.51.100.9", &["DE"]),
            None,
            "a client's own header"
        );
        assert_eq!(country(TrustProxy::Nobody, "10.0.0.9", &["DE"]), None);
        assert_eq!(
            country(ours(), "10.0.0.9", &["US", "DE"]),
            None,
            "two of them"
        );
        assert_eq!(country(ours(), "10.0.0.9", &["XX"]), None);
        let unnamed = Proxies {
            trust: ours(),
            country_header: None,
        };
        let headers: HeaderMap = [(name.clone(), "DE".parse().expect("a value"))]
            .into_iter()
            .collect();
        assert_eq!(unnamed.client([10, 0, 0, 9].into(), &headers).country, None);
    }

    #[test]
    fn trust_is_read_strictly() {
        assert_eq!("3".parse(), Ok(TrustProxy::Count(3)));
        let networks = vec![
            "10.0.0.0/8".parse().expect("a network"),
            "2001:db8::7/128".parse().expect("a network"),
        ];
        assert_eq!(
            "10.0.0.0/8,2001:db8::7".parse(),
            Ok(TrustProxy::Networks(networks))
        );
        for wrong in [
            "",
            "0",
            "-1",
            "256",
            "10.0.0.0/33",
            "10.0.0.0/8,",
            "all",
            "10.0.0.0/8 10.1.0.0/16",
        ] {
            let error = wrong.parse::<TrustProxy>().expect_err(wrong).to_string();
            assert!(error.contains("use for example `1`"), "{error}");
        }
    }
}
