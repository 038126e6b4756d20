//! Where a webhook may point: what can be said of its URL before any name is looked up.
//!
//! The WHATWG parser reads hosts as browsers and HTTP clients do, so that `https://0x7f.1/`, `https://2130706433/` and
//! `https://127。0。0。1/` are the loopback address here too, and not a name that somebody else understands differently.
//! The parsed form is what is called later. Names are judged by what they resolve to, in [`super::connector`].

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::address::{Special, special};

/// How strict to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only https, only public addresses.
    Production,
    /// Loopback too, by https or http, so that a developer's own receiver can be called.
    Development,
}

impl Mode {
    /// Why this address may not be called.
    pub fn refusal(self, address: IpAddr) -> Option<Special> {
        special(address).filter(|special| self == Self::Production || *special != Special::Loopback)
    }
}

/// A URL that may be called, as far as its text shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why a URL cannot be a webhook's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It cannot be read as a URL with a host.
    Malformed,
    /// Its scheme is not https.
    Scheme,
    /// It has a user or a password.
    UserInfo,
    /// Its host names this machine or this network.
    LocalName,
    /// Its host is an address that is not public.
    Address(Special),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("This is not a URL with a host, such as https://hooks.example.com/approute."),
            Self::Scheme => f.write_str(
                "Webhooks are sent by https only (in the server's development mode also by http to this machine).",
            ),
            Self::UserInfo => f.write_str("The URL must not contain a user or a password; check the signature instead."),
            Self::LocalName => f.write_str("The host is a name of this machine or of a local network."),
            Self::Address(special) => write!(f, "The host is {special}; webhooks go to the public internet only."),
        }
    }
}

impl std::error::Error for Refused {}

impl Target {
    /// Reads and checks a URL.
    pub fn parse(url: &str, mode: Mode) -> Result<Self, Refused> {
        let mut url = Url::parse(url).map_err(|_| Refused::Malformed)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(Refused::Scheme);
        }
        // The parser drops an empty user (`https://@host`), which says nothing.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        let local = match url.host().ok_or(Refused::Malformed)? {
            Host::Ipv4(address) => check(address.into(), mode)?,
            Host::Ipv6(address) => check(address.into(), mode)?,
            Host::Domain(name) => check_name(name, mode)?,
        };
        if url.scheme() == "http" && !local {
            return Err(Refused::Scheme);
        }
        // Never sent, so it would only suggest that it means something.
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The URL to call.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

/// Whether the address is a loopback one, which only development mode gets to hear.
fn check(address: IpAddr, mode: Mode) -> Result<bool, Refused> {
    match mode.refusal(address) {
        Some(special) => Err(Refused::Address(special)),
        None => Ok(special(address) == Some(Special::Loopback)),
    }
}

/// Whether the name is that of this machine. The other local names would be refused once they are resolved; saying so at
/// once helps whoever sets up the webhook.
fn check_name(name: &str, mode: Mode) -> Result<bool, Refused> {
    if is_below(name, "localhost") {
        return if mode == Mode::Development {
            Ok(true)
        } else {
            Err(Refused::LocalName)
        };
    }
    let local = ["local", "internal", "localdomain", "home.arpa"];
    if local.into_iter().any(|domain| is_below(name, domain)) {
        return Err(Refused::LocalName);
    }
    Ok(false)
}

/// Whether `name` is `domain` or a name in it.
pub(super) fn is_below(name: &str, domain: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn production(url: &str) -> Result<String, Refused> {
        Target::parse(url, Mode::Production).map(|target| target.url().to_string())
    }

    fn development(url: &str) -> Result<String, Refused> {
        Target::parse(url, Mode::Development).map(|target| target.url().to_string())
    }

    #[test]
    fn ordinary_endpoints_pass() {
        for (url, called) in [
            (
                "https://hooks.example.com/approute",
                "https://hooks.example.com/approute",
            ),
            ("HTTPS://Hooks.Example.com", "https://hooks.example.com/"),
            (
                "https://hooks.example.com:8443/a?b=c#d",
                "https://hooks.example.com:8443/a?b=c",
            ),
            ("https://1.1.1.1/", "https://1.1.1.1/"),
            (
                "https://[2606:4700:4700::1111]/x",
                "https://[2606:4700:4700::1111]/x",
            ),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            ("https://@hooks.example.com/", "https://hooks.example.com/"),
            (
                "https://localhost.example.com/",
                "https://localhost.example.com/",
            ),
            ("https://notlocal/", "https://notlocal/"),
        ] {
            assert_eq!(production(url).as_deref(), Ok(called), "{url}");
            assert_eq!(development(url).as_deref(), Ok(called), "{url}");
        }
    }

    #[test]
    fn other_schemes_and_userinfo_are_refused() {
        for url in [
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert_eq!(production(url), Err(Refused::Scheme), "{url}");
            assert_eq!(development(url), Err(Refused::Scheme), "{url}");
        }
        for url in [
            "https://user@example.com/",
            "https://user:pass@example.com/",
            "https://:pass@example.com/",
        ] {
            assert_eq!(production(url), Err(Refused::UserInfo), "{url}");
        }
        for url in [
            "",
            "example.com",
            "https://",
            "https:///",
            "//example.com/",
            "https://exa mple.com/",
            "https://[::1/",
        ] {
            assert_eq!(production(url), Err(Refused::Malformed), "{url}");
        }
    }

    /// Every spelling that some client takes for 127.0.0.1, 10.0.0.1 or the metadata service.
    #[test]
    fn addresses_are_seen_through_their_spellings() {
        for (host, expected) in [
            ("127.0.0.1", Special::Loopback),
            ("127.1", Special::Loopback),
            ("127.0.1", Special::Loopback),
            ("2130706433", Special::Loopback),
            ("0x7f000001", Special::Loopback),
            ("0x7f.0.0.1", Special::Loopback),
            ("0X7F.1", Special::Loopback),
            ("0177.0.0.1", Special::Loopback),
            ("017700000001", Special::Loopback),
            ("127.0.0.1.", Special::Loopback),
            ("%31%32%37.0.0.1", Special::Loopback),
            ("①②⑦.0.0.1", Special::Loopback),
            ("127。0。0。1", Special::Loopback),
            ("127.0.0.0x1", Special::Loopback),
            ("0", Special::Unspecified),
            ("0x0", Special::Unspecified),
            ("167772161", Special::Private),
            ("012.0.0.1", Special::Private),
            ("0xa.1", Special::Private),
            ("2852039166", Special::LinkLocal),
            ("0xA9FEA9FE", Special::LinkLocal),
            ("169.254.43518", Special::LinkLocal),
            ("[::1]", Special::Loopback),
            ("[0:0:0:0:0:0:0:1]", Special::Loopback),
            ("[::]", Special::Unspecified),
            ("[::ffff:127.0.0.1]", Special::MappedV4),
            ("[::ffff:7f00:1]", Special::MappedV4),
            ("[64:ff9b::10.0.0.1]", Special::TranslatedV4),
            ("[2002:7f00:1::]", Special::SixToFour),
            ("[fd00:ec2::254]", Special::Private),
        ] {
            assert_eq!(
                production(&format!("https://{host}/")),
                Err(Refused::Address(expected)),
                "{host}"
            );
            if expected == Special::Loopback {
                assert!(
                    development(&format!("http://{host}:4000/")).is_ok(),
                    "{host}"
                );
            } else {
                assert_eq!(
                    development(&format!("https://{host}/")),
                    Err(Refused::Address(expected)),
                    "{host}"
                );
                assert_eq!(
                    development(&format!("http://{host}/")),
                    Err(Refused::Address(expected)),
                    "{host}"
                );
            }
        }
        // Looks like an address and is none: browsers refuse it, and so does the parser.
        for host in [
            "256.0.0.1",
            "1.2.3.4.5",
            "4294967296",
            "0x100000000",
            "127.0.0.1.1",
        ] {
            assert_eq!(
                production(&format!("https://{host}/")),
                Err(Refused::Malformed),
                "{host}"
            );
        }
    }

    #[test]
    fn local_names_are_refused_but_for_development() {
        for host in ["localhost", "LOCALHOST", "localhost.", "api.localhost"] {
            assert_eq!(
                production(&format!("https://{host}/")),
                Err(Refused::LocalName),
                "{host}"
            );
            assert!(
                development(&format!("http://{host}:4000/hook")).is_ok(),
                "{host}"
            );
            assert!(development(&format!("https://{host}/")).is_ok(), "{host}");
        }
        for host in [
            "printer.local",
            "metadata.google.internal",
            "router.home.arpa",
            "x.localdomain",
            "local",
        ] {
            assert_eq!(
                production(&format!("https://{host}/")),
                Err(Refused::LocalName),
                "{host}"
            );
            assert_eq!(
                development(&format!("http://{host}/")),
                Err(Refused::LocalName),
                "{host}"
            );
        }
    }
}
