//! Where the key of the [vault](super::vault) comes from: a file, the environment, or a file beside the database that is
//! made at the first start. It is never in the database itself, and a database that was sealed with another key is
//! refused at the start rather than at the first delivery.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use approute::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

use super::vault::{Key, Vault};
use crate::store::{self, Store, Target};

const CHECK: &str = "secret_key_check";

/// Where to take the key from.
#[derive(Clone, Default)]
pub enum Source {
    /// Beside the database where that is a file; a new one where it is memory; shared through the database where
    /// several development servers use one PostgreSQL.
    #[default]
    Default,
    /// This file.
    File(PathBuf),
    /// This text, the base64 of 32 bytes.
    Text(Secret),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("Default"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Text(_) => f.write_str("Text([redacted])"),
        }
    }
}

/// Finds the key and checks it against the database. An error is one line that says what to do.
pub async fn load(
    source: &Source,
    target: &Target,
    dev: bool,
    store: &Store,
) -> Result<Vault, String> {
    let key = match (source, target) {
        (Source::Text(text), _) => parse(text.expose()).ok_or("APPROUTE_SECRET_KEY is not the base64 of 32 bytes; make one with: openssl rand -base64 32")?,
        (Source::File(path), _) => read(path)?.ok_or_else(|| format!("the secret key {} does not exist; make it with: (umask 077; openssl rand -base64 32 > {0})", path.display()))?,
        (Source::Default, Target::Memory) => random(),
        (Source::Default, Target::File(database)) => beside(database)?,
        (Source::Default, Target::Postgres(_)) if dev => {
            let shared = store.shared_secret("dev_secret_key").await.map_err(|error| format!("cannot use the database: {error}"))?;
            shared.try_into().map_err(|_| "the database holds a damaged dev_secret_key".to_owned())?
        }
        (Source::Default, Target::Postgres(_)) => {
            return Err("PostgreSQL needs --secret-key-file, the same on every node; make it with: (umask 077; openssl rand -base64 32 > approute.key)".to_owned());
        }
    };
    let vault = Vault::new(&key);
    if fits(&vault, store)
        .await
        .map_err(|error| format!("cannot use the database: {error}"))?
    {
        return Ok(vault);
    }
    Err(match (source, target) {
        (Source::Default, Target::File(database)) => format!(
            "{} is not the key that this database's webhook secrets were sealed with; restore the one that belongs to it",
            path_beside(database).display()
        ),
        _ => "the secret key is not the one that this database's webhook secrets were sealed with; give the one that belongs to it".to_owned(),
    })
}

/// Whether the key is the one that this database knows; the first one is remembered.
async fn fits(vault: &Vault, store: &Store) -> store::Result<bool> {
    let mut nonce = [0; 12];
    rand::rng().fill_bytes(&mut nonce);
    let fresh = vault.seal(CHECK, &Secret::new(CHECK), nonce);
    let known = store.remembered(CHECK, fresh).await?;
    Ok(vault.open(CHECK, &known).is_ok())
}

fn path_beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    path.into()
}

/// The key in the file beside a database, made where it is missing.
fn beside(database: &Path) -> Result<Key, String> {
    let path = path_beside(database);
    if let Some(key) = read(&path)? {
        return Ok(key);
    }
    create(&path)
        .map_err(|error| format!("cannot write the secret key {}: {error}", path.display()))?;
    read(&path)?.ok_or_else(|| format!("the secret key {} is gone again", path.display()))
}

/// Makes the file whole or not at all; where another process was faster, its file stays.
fn create(path: &Path) -> io::Result<()> {
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    writeln!(file, "{}", STANDARD.encode(random()))?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<Key>, String> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text).map(Some).ok_or_else(|| {
            format!(
                "the secret key {} is not the base64 of 32 bytes",
                path.display()
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!(
            "cannot read the secret key {}: {error}",
            path.display()
        )),
    }
}

fn parse(text: &str) -> Option<Key> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

fn random() -> Key {
    let mut key = [0; 32];
    rand::rng().fill_bytes(&mut key);
    key
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::clock::SystemClock;

    async fn open(folder: &Path, source: &Source) -> Result<(), String> {
        let target = Target::File(folder.join("a.db"));
        let store = Store::open(&target, &SystemClock).await.unwrap();
        let loaded = load(source, &target, false, &store).await;
        store.close().await;
        loaded.map(|_| ())
    }

    #[tokio::test]
    async fn the_key_is_made_once_for_its_owner_only_and_belongs_to_its_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db.key");
        open(folder.path(), &Source::Default).await.unwrap();
        let first = fs::read_to_string(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        open(folder.path(), &Source::Default).await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        open(folder.path(), &Source::File(path.clone()))
            .await
            .unwrap();
        open(folder.path(), &Source::Text(Secret::new(first.trim())))
            .await
            .unwrap();

        let other = Source::Text(Secret::new(STANDARD.encode([7; 32])));
        assert!(
            open(folder.path(), &other)
                .await
                .unwrap_err()
                .contains("not the one")
        );
        fs::remove_file(&path).unwrap();
        let lost = open(folder.path(), &Source::Default).await.unwrap_err();
        assert!(lost.contains("restore the one"), "{lost}");
    }

    #[tokio::test]
    async fn a_bad_key_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad");
        let missing = open(folder.path(), &Source::File(path.clone()))
            .await
            .unwrap_err();
        assert!(missing.contains("does not exist"), "{missing}");
        for text in ["", "abc", "AAAA", "not base64!"] {
            fs::write(&path, text).unwrap();
            let bad = open(folder.path(), &Source::File(path.clone()))
                .await
                .unwrap_err();
            assert!(bad.contains("is not the base64 of 32 bytes"), "{bad}");
            assert!(
                open(folder.path(), &Source::Text(Secret::new(text)))
                    .await
                    .is_err()
            );
        }
    }
}
