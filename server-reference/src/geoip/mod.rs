//! Where a visit comes from: country, region and city, from a database in MaxMind's format or a trusted proxy's word.
//!
//! Addresses are looked up and forgotten; only the [`Place`] goes on.

pub mod database;
pub mod proxy;

use std::fmt;

pub use self::database::Database;
pub use self::proxy::{Client, Proxies, TrustProxy};

/// A country's ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Reads a code in either case. What databases and proxies write for "unknown" and for Tor is none.
    pub fn parse(code: &str) -> Option<Self> {
        let letters: [u8; 2] = code.as_bytes().try_into().ok()?;
        let code = letters.map(|letter| letter.to_ascii_uppercase());
        // T1 is no two letters; XX and ZZ are what ISO leaves to users.
        (code.iter().all(u8::is_ascii_uppercase) && !matches!(&code, b"XX" | b"ZZ"))
            .then_some(Self(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters")
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The country.
    pub country: Option<Country>,
    /// The largest region's English name.
    pub region: Option<String>,
    /// The city's English name.
    pub city: Option<String>,
}

/// Where a client is. A trusted proxy's country counts more than the database, which then adds region and city only where
/// it agrees on the country.
pub fn locate(client: &Client, database: Option<&Database>) -> Place {
    let found = database
        .map(|database| database.lookup(client.address))
        .unwrap_or_default();
    match client.country {
        Some(country) if found.country != Some(country) => Place {
            country: Some(country),
            ..Place::default()
        },
        _ => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_two_letters() {
        assert_eq!(Country::parse("de").expect("a code").as_str(), "DE");
        for wrong in ["", "D", "DEU", "D1", "T1", "XX", "xx", "ZZ", "é", "  "] {
            assert_eq!(Country::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_trusted_country_counts_more_than_the_database() {
        let database = database::tests::places();
        let at = |country: Option<&str>| {
            let country = country.map(|code| Country::parse(code).expect("a code"));
            let place = locate(
                &Client {
                    address: "192.0.2.1".parse().expect("an address"),
                    country,
                },
                Some(&database),
            );
            (
                place.country.expect("known").as_str().to_owned(),
                place.city,
            )
        };
        assert_eq!(at(None), ("DE".to_owned(), Some("Munich".to_owned())));
        assert_eq!(at(Some("DE")), ("DE".to_owned(), Some("Munich".to_owned())));
        assert_eq!(at(Some("AT")), ("AT".to_owned(), None));
        let nowhere = Client {
            address: "192.0.2.1".parse().expect("an address"),
            country: None,
        };
        assert_eq!(locate(&nowhere, None), Place::default());
    }
}
