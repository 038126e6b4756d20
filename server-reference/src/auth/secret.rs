//! The form of an API key: `apr_live_` (or `apr_dev_`), 32 random bytes and their checksum, in letters and digits
//! only. A double click selects all of it, a secret scanner knows it, and a typing error is seen without a lookup.

use sha2::{Digest, Sha256};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 32 bytes fit into 43 digits of base 62, a CRC-32 into 6.
const RANDOM_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;
const PREFIXES: [&str; 2] = ["apr_live_", "apr_dev_"];

/// A key's secret in full. It is shown once and never stored.
pub struct Secret(String);

impl Secret {
    /// Makes the secret of 32 random bytes.
    pub fn new(random: [u8; 32], is_dev: bool) -> Self {
        let mut text = PREFIXES[usize::from(is_dev)].to_owned();
        text.push_str(&base62(&random, RANDOM_DIGITS));
        let check = crc32fast::hash(text.as_bytes());
        text.push_str(&base62(&check.to_be_bytes(), CHECK_DIGITS));
        Self(text)
    }

    /// Reads what a caller sent; none where it cannot be a key.
    pub fn parse(text: &str) -> Option<Self> {
        let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
        if text.len() != prefix.len() + RANDOM_DIGITS + CHECK_DIGITS || !text.is_ascii() {
            return None;
        }
        let (body, check) = text.split_at(text.len() - CHECK_DIGITS);
        let expected = base62(
            &crc32fast::hash(body.as_bytes()).to_be_bytes(),
            CHECK_DIGITS,
        );
        (check == expected).then(|| Self(text.to_owned()))
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The last four letters, by which its owner tells it from others.
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret(…{})", self.hint())
    }
}

/// A number of any length in base 62, left-padded to `width` digits.
fn base62(number: &[u8], width: usize) -> String {
    let mut number = number.to_vec();
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0u32;
        for byte in &mut number {
            let part = rest << 8 | u32::from(*byte);
            *byte = (part / 62) as u8;
            rest = part % 62;
        }
        *digit = DIGITS[rest as usize];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_and_a_typing_error_is_not() {
        let secret = Secret::new([0xff; 32], false);
        assert!(secret.reveal().starts_with("apr_live_"));
        assert_eq!(secret.reveal().len(), 58);
        assert_eq!(
            Secret::parse(secret.reveal()).unwrap().hash(),
            secret.hash()
        );
        for place in 0..secret.reveal().len() {
            let mut typo = secret.reveal().to_owned().into_bytes();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            assert!(
                Secret::parse(std::str::from_utf8(&typo).unwrap()).is_none(),
                "{place}"
            );
        }
        assert!(Secret::parse("").is_none());
        assert!(Secret::parse("apr_live_ä").is_none());
    }

    #[test]
    fn different_bytes_make_different_keys_and_debug_hides_them() {
        let one = Secret::new([1; 32], true);
        let two = Secret::new([2; 32], true);
        assert_ne!(one.reveal(), two.reveal());
        assert!(one.reveal().starts_with("apr_dev_"));
        assert!(!format!("{one:?}").contains(&one.reveal()[..20]));
    }
}
