//! Proof that a form is one that this server made for this link, not long ago.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::{HOUR, MINUTE, Micros};

/// How long a form may stay open.
pub const LIFETIME: Micros = HOUR;
/// How far ahead the clock of the node that made a form may be.
pub const SKEW: Micros = MINUTE;

const TAG: usize = 16;

/// Makes and checks tokens; one per server, the same on all nodes. Nothing is stored.
pub struct Tokens(Hmac<Sha256>);

impl Tokens {
    /// With a secret that all nodes share and nothing else uses.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of every length"))
    }

    /// A token for a form of this link, made at `now`.
    pub fn issue(&self, link_id: &str, now: Micros) -> String {
        let tag = self.mac(link_id, now).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&now.to_be_bytes(), &tag[..TAG]].concat())
    }

    /// Whether a token belongs to this link and is neither too old nor from the future.
    pub fn check(&self, token: &str, link_id: &str, now: Micros) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((issued, tag)) = bytes.split_first_chunk() else {
            return false;
        };
        let issued = Micros::from_be_bytes(*issued);
        let is_current =
            issued <= now.saturating_add(SKEW) && now < issued.saturating_add(LIFETIME);
        // The comparison takes the same time wherever the difference is; a shorter tag would pass it.
        is_current
            && tag.len() == TAG
            && self.mac(link_id, issued).verify_truncated_left(tag).is_ok()
    }

    fn mac(&self, link_id: &str, issued: Micros) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(issued.to_be_bytes())
            .chain_update(link_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_800_000_000_000_000;

    #[test]
    fn a_token_is_good_for_its_link_and_its_time() {
        let tokens = Tokens::new(b"secret");
        let token = tokens.issue("lnk_1", NOW);
        for (now, good) in [
            (NOW, true),
            (NOW + LIFETIME - 1, true),
            (NOW + LIFETIME, false),
            (NOW - SKEW, true),
            (NOW - SKEW - 1, false),
        ] {
            assert_eq!(tokens.check(&token, "lnk_1", now), good, "{}", now - NOW);
        }
        assert!(!tokens.check(&token, "lnk_2", NOW));
        assert!(!Tokens::new(b"other").check(&token, "lnk_1", NOW));
        assert!(
            Tokens::new(b"secret").check(&token, "lnk_1", NOW),
            "on another node"
        );
    }

    #[test]
    fn no_part_of_a_token_can_be_changed() {
        let tokens = Tokens::new(b"secret");
        let bytes = URL_SAFE_NO_PAD
            .decode(tokens.issue("lnk_1", NOW))
            .expect("its own words");
        assert_eq!(bytes.len(), 8 + TAG);
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !tokens.check(&URL_SAFE_NO_PAD.encode(&changed), "lnk_1", NOW),
                "bit {bit}"
            );
        }
        for length in 0..bytes.len() {
            assert!(
                !tokens.check(&URL_SAFE_NO_PAD.encode(&bytes[..length]), "lnk_1", NOW),
                "{length} bytes"
            );
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(!tokens.check(&URL_SAFE_NO_PAD.encode(longer), "lnk_1", NOW));
        for wrong in ["", "x", "%%%", "ééé"] {
            assert!(!tokens.check(wrong, "lnk_1", NOW), "{wrong}");
        }
        let end = URL_SAFE_NO_PAD.encode([&i64::MAX.to_be_bytes()[..], &[0; TAG]].concat());
        assert!(!tokens.check(&end, "lnk_1", NOW));
    }
}
