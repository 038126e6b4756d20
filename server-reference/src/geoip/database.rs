//! A database in MaxMind's format, held in memory.
//!
//! It is read, not mapped: a mapped file that somebody truncates kills the process, and mapping needs `unsafe`. So it costs
//! as much memory as the file is long.

use std::fmt;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use maxminddb::{MaxMindDbError, Reader, geoip2};

use super::{Country, Place};

/// A database that can be replaced while it is used.
pub struct Database {
    path: PathBuf,
    loaded: RwLock<Loaded>,
}

struct Loaded {
    reader: Reader<Vec<u8>>,
    stamp: Stamp,
}

/// What tells one version of a file from another without reading it.
type Stamp = (SystemTime, u64);

/// Why a database cannot be used.
#[derive(Debug)]
pub enum Error {
    /// The file cannot be read.
    Io(io::Error),
    /// It is no database in MaxMind's format.
    Format(MaxMindDbError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the GeoIP database cannot be read"),
            Self::Format(_) => f.write_str("the GeoIP database is not in MaxMind's format (.mmdb)"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Format(error) => Some(error),
        }
    }
}

impl Database {
    /// Reads the file at `path`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            loaded: RwLock::new(load(path)?),
        })
    }

    /// Reads the file again if it has changed; true where it did. On an error the old data stays in use, and the next
    /// call tries again. Blocks, and is meant to be called every minute or so; whoever updates the file should write
    /// another one and rename it.
    pub fn reload_if_changed(&self) -> Result<bool, Error> {
        let stamp = stamp(&self.path)?;
        if self
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .stamp
            == stamp
        {
            return Ok(false);
        }
        // Lookups go on while the file is read.
        let fresh = load(&self.path)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// What the database knows of an address. A damaged entry is an unknown one: no visit fails over it.
    pub fn lookup(&self, address: IpAddr) -> Place {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let entry = loaded
            .reader
            .lookup(address)
            .and_then(|found| found.decode::<geoip2::City<'_>>());
        let Ok(Some(entry)) = entry else {
            return Place::default();
        };
        // Where a network is used is what counts; where it is registered is better than nothing.
        let country = entry.country.iso_code.or(entry.registered_country.iso_code);
        Place {
            country: country.and_then(Country::parse),
            region: entry
                .subdivisions
                .first()
                .and_then(|region| region.names.english)
                .map(str::to_owned),
            city: entry.city.names.english.map(str::to_owned),
        }
    }
}

fn load(path: &Path) -> Result<Loaded, Error> {
    // Taken before reading: a change in between is then seen the next time.
    let stamp = stamp(path)?;
    let reader = Reader::from_source(fs::read(path).map_err(Error::Io)?).map_err(Error::Format)?;
    Ok(Loaded { reader, stamp })
}

fn stamp(path: &Path) -> Result<Stamp, Error> {
    let metadata = fs::metadata(path).map_err(Error::Io)?;
    Ok((metadata.modified().map_err(Error::Io)?, metadata.len()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const PLACES: &[u8] = include_bytes!("testdata/places.mmdb");
    const MOVED: &[u8] = include_bytes!("testdata/moved.mmdb");

    fn write(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
        let path = folder.path().join("geo.mmdb");
        let fresh = folder.path().join("fresh");
        fs::write(&fresh, bytes).expect("room on the disk");
        fs::rename(&fresh, &path).expect("same folder");
        path
    }

    /// The test database of scripts/make-geoip-testdata.
    pub(in crate::geoip) fn places() -> Database {
        let folder = tempfile::tempdir().expect("a folder");
        Database::open(&write(&folder, PLACES)).expect("a database")
    }

    fn lookup(
        database: &Database,
        address: &str,
    ) -> (Option<String>, Option<String>, Option<String>) {
        let place = database.lookup(address.parse().expect(address));
        (
            place.country.map(|country| country.as_str().to_owned()),
            place.region,
            place.city,
        )
    }

    #[test]
    fn addresses_have_places() {
        let database = places();
        for (address, country, region, city) in [
            ("192.0.2.1", Some("DE"), Some("Bavaria"), Some("Munich")),
            ("192.0.2.127", Some("DE"), Some("Bavaria"), Some("Munich")),
            ("192.0.2.128", Some("GB"), Some("England"), Some("London")),
            ("198.51.100.77", Some("FR"), None, None),
            ("203.0.113.1", Some("SE"), None, None),
            ("203.0.113.129", None, None, None),
            ("203.0.113.255", None, None, None),
            ("8.8.8.8", None, None, None),
            ("2001:db8:1::1", Some("JP"), None, Some("Kyoto")),
            ("2001:db8:2::1", None, None, None),
        ] {
            let expected = (
                country.map(str::to_owned),
                region.map(str::to_owned),
                city.map(str::to_owned),
            );
            assert_eq!(lookup(&database, address), expected, "{address}");
        }
    }

    #[test]
    fn a_new_file_is_used_and_a_broken_one_is_not() {
        let country = |database: &Database| lookup(database, "192.0.2.1").0;
        let folder = tempfile::tempdir().expect("a folder");
        let path = write(&folder, PLACES);
        let database = Database::open(&path).expect("a database");
        assert!(!database.reload_if_changed().expect("readable"));

        write(&folder, &MOVED[..MOVED.len() / 2]);
        for _ in 0..2 {
            assert!(matches!(
                database.reload_if_changed(),
                Err(Error::Format(_))
            ));
            assert_eq!(country(&database).as_deref(), Some("DE"));
        }
        fs::remove_file(&path).expect("it is there");
        assert!(matches!(database.reload_if_changed(), Err(Error::Io(_))));
        assert_eq!(country(&database).as_deref(), Some("DE"));

        write(&folder, MOVED);
        assert!(database.reload_if_changed().expect("readable"));
        assert_eq!(country(&database).as_deref(), Some("AT"));
        assert!(!database.reload_if_changed().expect("readable"));
    }

    #[test]
    fn what_is_no_database_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(matches!(
            Database::open(&folder.path().join("none")),
            Err(Error::Io(_))
        ));
        for wrong in [&b""[..], b"not a database", &PLACES[..PLACES.len() - 200]] {
            assert!(matches!(
                Database::open(&write(&folder, wrong)),
                Err(Error::Format(_))
            ));
        }
    }

    /// Whatever single byte of the file is damaged, a lookup ends, and without a panic.
    #[test]
    fn damage_does_not_reach_a_visit() {
        for at in 0..PLACES.len() {
            let mut bytes = PLACES.to_vec();
            bytes[at] ^= 0xff;
            let Ok(reader) = Reader::from_source(bytes) else {
                continue;
            };
            let loaded = Loaded {
                reader,
                stamp: (SystemTime::UNIX_EPOCH, 0),
            };
            let database = Database {
                path: PathBuf::new(),
                loaded: RwLock::new(loaded),
            };
            for address in ["192.0.2.1", "203.0.113.1", "2001:db8:1::1"] {
                database.lookup(address.parse().expect("an address"));
            }
        }
    }
}
