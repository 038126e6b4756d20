//! Signing secrets at rest: sealed with ChaCha20-Poly1305 under a key that is not in the database, so that a copy of the
//! database alone signs nothing. Each is bound to its webhook: moved to another row, it does not open.

use std::fmt;

use approute::Secret;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

const FORMAT: u8 = 1;

/// The key that seals secrets, 32 bytes.
pub type Key = [u8; 32];

/// Seals and opens secrets.
pub struct Vault(LessSafeKey);

/// What is stored is not what this key sealed for this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unopened;

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored secret does not open with this server's secret key")
    }
}

impl std::error::Error for Unopened {}

impl Vault {
    /// A vault with this key.
    pub fn new(key: &Key) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).expect("the key has the right length");
        Self(LessSafeKey::new(key))
    }

    /// The secret as it is stored. `nonce` must be fresh random bytes.
    pub fn seal(&self, owner: &str, secret: &Secret, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut sealed = secret.expose().as_bytes().to_vec();
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(owner),
                &mut sealed,
            )
            .expect("a secret is far shorter than the cipher's limit");
        let mut stored = vec![FORMAT];
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(&sealed);
        stored.extend_from_slice(tag.as_ref());
        stored
    }

    /// The secret that was sealed for `owner`.
    pub fn open(&self, owner: &str, stored: &[u8]) -> Result<Secret, Unopened> {
        let (head, sealed) = stored.split_at_checked(1 + NONCE_LEN).ok_or(Unopened)?;
        if head[0] != FORMAT {
            return Err(Unopened);
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).map_err(|_| Unopened)?;
        let mut sealed = sealed.to_vec();
        let text = self
            .0
            .open_in_place(nonce, Aad::from(owner), &mut sealed)
            .map_err(|_| Unopened)?;
        let text = String::from_utf8(text.to_vec()).map_err(|_| Unopened)?;
        Ok(Secret::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_for_its_owner_only() {
        let vault = Vault::new(&[7; 32]);
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let stored = vault.seal("whk_1", &secret, [1; 12]);
        assert_eq!(
            vault.open("whk_1", &stored).unwrap().expose(),
            secret.expose()
        );
        assert!(vault.open("whk_2", &stored).is_err());
        assert!(Vault::new(&[8; 32]).open("whk_1", &stored).is_err());
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            assert!(vault.open("whk_1", &changed).is_err(), "byte {at}");
            assert!(vault.open("whk_1", &stored[..at]).is_err(), "cut at {at}");
        }
        let readable = |part: &[u8]| stored.windows(part.len()).any(|window| window == part);
        assert!(!readable(b"whsec_") && !readable(b"MfKQ"));
    }
}
