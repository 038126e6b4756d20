//! Cursors: opaque and signed, bound to the list that they came from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

const FORMAT: u8 = 1;
const TAG: usize = 16;
const BINDING: usize = 16;

/// Signs cursors. All nodes on one database share it.
pub struct CursorKey(Vec<u8>);

/// What a cursor belongs to: a list, its workspace, its filters and its order.
pub struct Binding([u8; BINDING]);

impl Binding {
    /// The binding of a list with these filters; `limit` and `cursor` must not be among them.
    pub fn new(list: &str, workspace_id: &str, filters: &impl Serialize) -> Self {
        let filters = serde_json::to_vec(filters).unwrap_or_default();
        let mut hash = Sha256::new();
        for part in [list.as_bytes(), workspace_id.as_bytes(), &filters] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&hash.finalize()[..BINDING]);
        Self(binding)
    }
}

/// The place after which a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What the list is ordered by first.
    pub at: i64,
    /// What tells equal ones apart.
    pub id: String,
}

impl CursorKey {
    /// A key of 32 random bytes.
    pub fn new(secret: Vec<u8>) -> Self {
        Self(secret)
    }

    /// The cursor for the page after `place`.
    pub fn seal(&self, binding: &Binding, place: &Place) -> String {
        let mut bytes = vec![FORMAT];
        bytes.extend_from_slice(&binding.0);
        bytes.extend_from_slice(&place.at.to_be_bytes());
        bytes.extend_from_slice(place.id.as_bytes());
        let tag = self.sign(&bytes);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place that a cursor names, where it is ours and belongs to this list.
    pub fn open(&self, binding: &Binding, cursor: &str) -> Result<Place, Problem> {
        let foreign = || {
            Problem::new(
                Code::InvalidCursor,
                "The cursor is not one that this server made. Start again without cursor.",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| foreign())?;
        let head = 1 + BINDING + 8;
        let Some((signed, tag)) = bytes
            .len()
            .checked_sub(TAG)
            .filter(|at| *at >= head)
            .map(|at| bytes.split_at(at))
        else {
            return Err(foreign());
        };
        self.mac(signed)
            .verify_truncated_left(tag)
            .map_err(|_| foreign())?;
        if signed[0] != FORMAT || signed[1..=BINDING] != binding.0 {
            return Err(Problem::new(
                Code::InvalidCursor,
                "The cursor belongs to other filters. Start again without cursor.",
            ));
        }
        let at = i64::from_be_bytes(
            signed[1 + BINDING..head]
                .try_into()
                .map_err(|_| foreign())?,
        );
        let id = String::from_utf8(signed[head..].to_vec()).map_err(|_| foreign())?;
        Ok(Place { at, id })
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(bytes);
        mac
    }

    fn sign(&self, bytes: &[u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        tag.copy_from_slice(&self.mac(bytes).finalize().into_bytes()[..TAG]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_bound_to_its_list() {
        let key = CursorKey::new(vec![7; 32]);
        let binding = Binding::new("links.list", "wsp_1", &["a"]);
        let place = Place {
            at: -5,
            id: "lnk_1".to_owned(),
        };
        let cursor = key.seal(&binding, &place);
        assert_eq!(key.open(&binding, &cursor).unwrap(), place);
        for other in [
            Binding::new("links.list", "wsp_2", &["a"]),
            Binding::new("links.list", "wsp_1", &["b"]),
            Binding::new("clicks.list", "wsp_1", &["a"]),
        ] {
            assert!(key.open(&other, &cursor).is_err());
        }
        assert!(CursorKey::new(vec![8; 32]).open(&binding, &cursor).is_err());
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let key = CursorKey::new(vec![7; 32]);
        let binding = Binding::new("links.list", "wsp_1", &["a"]);
        let cursor = key.seal(
            &binding,
            &Place {
                at: 1,
                id: "lnk_1".to_owned(),
            },
        );
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            assert!(
                key.open(&binding, std::str::from_utf8(&changed).unwrap())
                    .is_err(),
                "{at}"
            );
            assert!(key.open(&binding, &cursor[..at]).is_err(), "{at}");
        }
    }
}
