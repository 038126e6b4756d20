//! Numbers and texts as blocks and terms have them.

/// What was not written by [`click_log`](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the log of clicks is damaged, or was written by another version of the server")
    }
}

impl std::error::Error for Damaged {}

impl From<Damaged> for sqlx::Error {
    fn from(damaged: Damaged) -> Self {
        Self::Decode(damaged.into())
    }
}

pub(super) fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Writes a number in as few bytes as it needs, seven bits in each.
pub(super) fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads such a number.
pub(super) fn take_number(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0_u64;
    for place in 0..10 {
        let (&byte, rest) = bytes.split_first().ok_or(Damaged)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f)
            .checked_shl(place * 7)
            .ok_or(Damaged)?;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

pub(super) fn take_index(bytes: &mut &[u8]) -> Result<usize, Damaged> {
    usize::try_from(take_number(bytes)?).map_err(|_| Damaged)
}

pub(super) fn take_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Damaged> {
    let length = take_index(bytes)?;
    let (text, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
    *bytes = rest;
    std::str::from_utf8(text).map_err(|_| Damaged)
}

pub(super) fn take_ulid(bytes: &mut &[u8]) -> Result<u128, Damaged> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
    *bytes = rest;
    Ok(u128::from_be_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_as_few_bytes_as_they_need() {
        let lengths = [
            (0, 1),
            (127, 1),
            (128, 2),
            (16_383, 2),
            (16_384, 3),
            (u64::MAX, 10),
        ];
        for (number, length) in lengths {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(bytes.len(), length, "{number}");
            assert_eq!(take_number(&mut &bytes[..]), Ok(number));
        }
        assert_eq!(take_number(&mut &[0x80; 11][..]), Err(Damaged));
    }
}
