//! Which addresses may be called. Only what is reachable for anybody on the internet is; everything that means our own
//! machine or network, or that carries such an address inside, is refused.
//!
//! IPv4 is open but for IANA's special-purpose registry. IPv6 is closed but for global unicast (2000::/3), less the parts
//! of it that have a special purpose, so that a range assigned tomorrow is not open by accident.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, where it is not one of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Special {
    Unspecified,
    Loopback,
    Private,
    SharedCarrier,
    LinkLocal,
    Protocol,
    Documentation,
    Benchmarking,
    Relay,
    Multicast,
    Reserved,
    CloudService,
    MappedV4,
    TranslatedV4,
    SixToFour,
    Teredo,
    Isatap,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "an address of a private network",
            Self::SharedCarrier => "an address inside a provider's network (CGNAT)",
            Self::LinkLocal => "a link-local address",
            Self::Protocol => "an address reserved for protocols",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Relay => "an anycast relay",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
            Self::CloudService => "an internal service of a cloud provider",
            Self::MappedV4 => "an IPv4 address inside an IPv6 one",
            Self::TranslatedV4 => "a translated IPv4 address (NAT64)",
            Self::SixToFour => "a 6to4 address",
            Self::Teredo => "a Teredo address",
            Self::Isatap => "an ISATAP address",
        })
    }
}

/// What is special about an address; `None` for one of the public internet.
pub fn special(address: IpAddr) -> Option<Special> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<Special> {
    Some(match address.octets() {
        [0, ..] => Special::Unspecified,
        [127, ..] => Special::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Special::Private,
        [100, 64..=127, ..] => Special::SharedCarrier,
        [169, 254, ..] => Special::LinkLocal,
        [192, 0, 0, _] => Special::Protocol,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Special::Documentation,
        [198, 18..=19, ..] => Special::Benchmarking,
        // 6to4 relays, AS112 and AMT: whoever is nearest answers there.
        [192, 88, 99, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => {
            Special::Relay
        }
        [224..=239, ..] => Special::Multicast,
        [240..=255, ..] => Special::Reserved,
        // Azure's platform service: a public address by number, answered by the machine's own host.
        [168, 63, 129, 16] => Special::CloudService,
        _ => return None,
    })
}

fn special_v6(address: Ipv6Addr) -> Option<Special> {
    let segments = address.segments();
    Some(match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Special::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Special::Loopback,
        // ::a.b.c.d (deprecated), ::ffff:a.b.c.d and ::ffff:0:a.b.c.d, whatever the IPv4 address is: a public one can be
        // written as such.
        [0, 0, 0, 0, 0, 0, _, _]
        | [0, 0, 0, 0, 0, 0xffff, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _] => Special::MappedV4,
        [0x64, 0xff9b, ..] => Special::TranslatedV4,
        [0xfc00..=0xfdff, ..] => Special::Private,
        // fec0::/10 is the site-local range of old.
        [0xfe80..=0xfebf, ..] => Special::LinkLocal,
        [0xfec0..=0xfeff, ..] => Special::Private,
        [0xff00..=0xffff, ..] => Special::Multicast,
        [0x2001, 0, ..] => Special::Teredo,
        [0x2001, 2, 0, ..] => Special::Benchmarking,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Special::Documentation,
        [0x2001, 0x0001..=0x01ff, ..] => Special::Protocol,
        [0x2002, ..] => Special::SixToFour,
        [0x2620, 0x4f, 0x8000, ..] => Special::Relay,
        // An IPv4 address behind any prefix, for tunnels inside a site (RFC 5214).
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, _, _] => Special::Isatap,
        [0x2000..=0x3fff, ..] => return None,
        _ => Special::Reserved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At least the two ends of every range, and the neighbours that are open.
    const TABLE: &[(&str, Option<Special>)] = &[
        ("0.0.0.0", Some(Special::Unspecified)),
        ("0.255.255.255", Some(Special::Unspecified)),
        ("1.0.0.0", None),
        ("1.1.1.1", None),
        ("9.255.255.255", None),
        ("10.0.0.0", Some(Special::Private)),
        ("10.255.255.255", Some(Special::Private)),
        ("11.0.0.0", None),
        ("100.63.255.255", None),
        ("100.64.0.0", Some(Special::SharedCarrier)),
        ("100.100.100.200", Some(Special::SharedCarrier)),
        ("100.127.255.255", Some(Special::SharedCarrier)),
        ("100.128.0.0", None),
        ("126.255.255.255", None),
        ("127.0.0.0", Some(Special::Loopback)),
        ("127.0.0.1", Some(Special::Loopback)),
        ("127.255.255.255", Some(Special::Loopback)),
        ("128.0.0.0", None),
        ("168.63.129.15", None),
        ("168.63.129.16", Some(Special::CloudService)),
        ("169.253.255.255", None),
        ("169.254.0.0", Some(Special::LinkLocal)),
        ("169.254.169.254", Some(Special::LinkLocal)),
        ("169.254.255.255", Some(Special::LinkLocal)),
        ("169.255.0.0", None),
        ("172.15.255.255", None),
        ("172.16.0.0", Some(Special::Private)),
        ("172.31.255.255", Some(Special::Private)),
        ("172.32.0.0", None),
        ("191.255.255.255", None),
        ("192.0.0.0", Some(Special::Protocol)),
        ("192.0.0.192", Some(Special::Protocol)),
        ("192.0.0.255", Some(Special::Protocol)),
        ("192.0.1.0", None),
        ("192.0.2.0", Some(Special::Documentation)),
        ("192.0.2.255", Some(Special::Documentation)),
        ("192.0.3.0", None),
        ("192.31.196.1", Some(Special::Relay)),
        ("192.52.193.1", Some(Special::Relay)),
        ("192.88.99.1", Some(Special::Relay)),
        ("192.88.100.0", None),
        ("192.167.255.255", None),
        ("192.168.0.0", Some(Special::Private)),
        ("192.168.255.255", Some(Special::Private)),
        ("192.169.0.0", None),
        ("192.175.48.6", Some(Special::Relay)),
        ("198.17.255.255", None),
        ("198.18.0.0", Some(Special::Benchmarking)),
        ("198.19.255.255", Some(Special::Benchmarking)),
        ("198.20.0.0", None),
        ("198.51.100.7", Some(Special::Documentation)),
        ("198.51.101.0", None),
        ("203.0.112.255", None),
        ("203.0.113.0", Some(Special::Documentation)),
        ("203.0.114.0", None),
        ("223.255.255.255", None),
        ("224.0.0.0", Some(Special::Multicast)),
        ("239.255.255.255", Some(Special::Multicast)),
        ("240.0.0.0", Some(Special::Reserved)),
        ("255.255.255.255", Some(Special::Reserved)),
        ("::", Some(Special::Unspecified)),
        ("::1", Some(Special::Loopback)),
        ("::2", Some(Special::MappedV4)),
        ("::127.0.0.1", Some(Special::MappedV4)),
        ("::ffff:127.0.0.1", Some(Special::MappedV4)),
        ("::ffff:7f00:1", Some(Special::MappedV4)),
        ("::ffff:10.1.2.3", Some(Special::MappedV4)),
        ("::ffff:1.1.1.1", Some(Special::MappedV4)),
        ("::ffff:0:127.0.0.1", Some(Special::MappedV4)),
        ("::1:0:0:0", Some(Special::Reserved)),
        ("64:ff9b::127.0.0.1", Some(Special::TranslatedV4)),
        ("64:ff9b::1.1.1.1", Some(Special::TranslatedV4)),
        ("64:ff9b:1::a00:1", Some(Special::TranslatedV4)),
        ("100::1", Some(Special::Reserved)),
        ("1fff:ffff::1", Some(Special::Reserved)),
        ("2000::1", None),
        ("2001::1", Some(Special::Teredo)),
        (
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            Some(Special::Teredo),
        ),
        ("2001:1::1", Some(Special::Protocol)),
        ("2001:2::1", Some(Special::Benchmarking)),
        ("2001:10::1", Some(Special::Protocol)),
        ("2001:20::1", Some(Special::Protocol)),
        ("2001:1ff:ffff::1", Some(Special::Protocol)),
        ("2001:200::1", None),
        ("2001:db7:ffff::1", None),
        ("2001:db8::1", Some(Special::Documentation)),
        ("2001:db8:ffff::1", Some(Special::Documentation)),
        ("2001:db9::1", None),
        ("2001:4860:4860::8888", None),
        ("2002:7f00:1::1", Some(Special::SixToFour)),
        ("2002:101:101::1", Some(Special::SixToFour)),
        ("2003::1", None),
        ("2606:4700:4700::1111", None),
        ("2606:4700::5efe:7f00:1", Some(Special::Isatap)),
        ("2606:4700::200:5efe:a00:1", Some(Special::Isatap)),
        ("2606:4700::300:5efe:a00:1", None),
        ("2620:4f:8000::1", Some(Special::Relay)),
        ("2620:4f:8001::1", None),
        ("3fff::1", Some(Special::Documentation)),
        ("3fff:fff:ffff::1", Some(Special::Documentation)),
        ("3fff:1000::1", None),
        ("4000::1", Some(Special::Reserved)),
        ("5f00::1", Some(Special::Reserved)),
        ("fbff::1", Some(Special::Reserved)),
        ("fc00::1", Some(Special::Private)),
        ("fd00:ec2::254", Some(Special::Private)),
        ("fdff:ffff::1", Some(Special::Private)),
        ("fe00::1", Some(Special::Reserved)),
        ("fe80::1", Some(Special::LinkLocal)),
        ("febf:ffff::1", Some(Special::LinkLocal)),
        ("fec0::1", Some(Special::Private)),
        ("ff00::1", Some(Special::Multicast)),
        ("ff02::1", Some(Special::Multicast)),
        (
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Some(Special::Multicast),
        ),
    ];

    #[test]
    fn the_table_holds() {
        assert!(TABLE.len() >= 110);
        for (address, expected) in TABLE {
            let parsed: IpAddr = address.parse().expect(address);
            assert_eq!(special(parsed), *expected, "{address}");
        }
    }

    /// What the standard library knows must be refused here too, over a spread of the whole IPv4 space.
    #[test]
    fn nothing_that_the_standard_library_knows_slips_through() {
        for number in (0..=u32::MAX).step_by(65_521) {
            let address = Ipv4Addr::from(number);
            let known = address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || address.is_unspecified();
            assert!(!known || special_v4(address).is_some(), "{address}");
        }
    }
}
