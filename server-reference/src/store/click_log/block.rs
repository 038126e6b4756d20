//! A block: a version, then one click after the other.
//!
//! A click is written as its length, its offset in the block, flags, its time as a distance from its place, and its
//! texts, each as its length and its bytes; a text that is not there has the length 0, since none of them is empty.

use crate::clock::Micros;

/// Clicks of a block. So many fill one of SQLite's pages.
pub const BLOCK: usize = 24;

const VERSION: u8 = 1;
const IS_BOT: u8 = 1;
const IS_UNIQUE: u8 = 2;
/// Texts of a click: id, link, country, region, city, os, device, browser, referrer, five of UTM, sub-ID, trigger, kind.
const TEXTS: usize = 17;

/// A click, wherever its texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Row<'a> {
    pub id: &'a str,
    pub link_id: &'a str,
    pub occurred_at: Micros,
    pub country: Option<&'a str>,
    pub region: Option<&'a str>,
    pub city: Option<&'a str>,
    pub os: &'a str,
    pub device: &'a str,
    pub browser: &'a str,
    pub referrer_domain: Option<&'a str>,
    /// Source, medium, campaign, term, content.
    pub utm: [Option<&'a str>; 5],
    pub sub_id: Option<&'a str>,
    pub trigger: &'a str,
    pub destination_kind: &'a str,
    pub is_bot: bool,
    pub is_unique: bool,
}

/// What is no block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a block of clicks is damaged, or was written by a newer server")
    }
}

impl std::error::Error for Damaged {}

impl From<Damaged> for sqlx::Error {
    fn from(damaged: Damaged) -> Self {
        Self::Decode(damaged.into())
    }
}

/// An empty block.
pub fn begin() -> Vec<u8> {
    let mut block = Vec::with_capacity(4 << 10);
    block.push(VERSION);
    block
}

/// Adds the click at this offset, whose place in the sequence is `seq`.
pub fn write(block: &mut Vec<u8>, offset: usize, seq: i64, row: &Row<'_>) {
    let [source, medium, campaign, term, content] = row.utm;
    let texts: [&str; TEXTS] = [
        row.id,
        row.link_id,
        row.country.unwrap_or_default(),
        row.region.unwrap_or_default(),
        row.city.unwrap_or_default(),
        row.os,
        row.device,
        row.browser,
        row.referrer_domain.unwrap_or_default(),
        source.unwrap_or_default(),
        medium.unwrap_or_default(),
        campaign.unwrap_or_default(),
        term.unwrap_or_default(),
        content.unwrap_or_default(),
        row.sub_id.unwrap_or_default(),
        row.trigger,
        row.destination_kind,
    ];
    let late = (seq as u64).wrapping_sub(row.occurred_at as u64);
    let flags = (u8::from(row.is_bot) * IS_BOT) | (u8::from(row.is_unique) * IS_UNIQUE);
    let length = 2
        + number_length(late)
        + texts
            .iter()
            .map(|text| number_length(text.len() as u64) + text.len())
            .sum::<usize>();
    put_number(block, length as u64);
    block.extend_from_slice(&[offset as u8, flags]);
    put_number(block, late);
    for text in texts {
        put_number(block, text.len() as u64);
        block.extend_from_slice(text.as_bytes());
    }
}

/// The clicks of a block whose first place is `first_seq`, each with its place and its bytes.
pub fn read(block: &[u8], first_seq: i64) -> Result<Vec<(i64, &[u8])>, Damaged> {
    let Some((&VERSION, mut rest)) = block.split_first() else {
        return Err(Damaged);
    };
    let mut clicks = Vec::with_capacity(BLOCK);
    while !rest.is_empty() {
        let length = usize::try_from(take_number(&mut rest)?).map_err(|_| Damaged)?;
        let (click, after) = rest.split_at_checked(length).ok_or(Damaged)?;
        let offset = *click.first().ok_or(Damaged)?;
        clicks.push((first_seq + i64::from(offset), click));
        rest = after;
    }
    Ok(clicks)
}

/// A click of a block, by its place and its bytes.
pub fn click(seq: i64, bytes: &[u8]) -> Result<Row<'_>, Damaged> {
    let [_, flags, rest @ ..] = bytes else {
        return Err(Damaged);
    };
    let mut rest = rest;
    let late = take_number(&mut rest)?;
    let mut texts = [""; TEXTS];
    for text in &mut texts {
        let length = usize::try_from(take_number(&mut rest)?).map_err(|_| Damaged)?;
        let (bytes, after) = rest.split_at_checked(length).ok_or(Damaged)?;
        *text = std::str::from_utf8(bytes).map_err(|_| Damaged)?;
        rest = after;
    }
    let [
        id,
        link_id,
        country,
        region,
        city,
        os,
        device,
        browser,
        referrer_domain,
        source,
        medium,
        campaign,
        term,
        content,
        sub_id,
        trigger,
        destination_kind,
    ] = texts;
    Ok(Row {
        id,
        link_id,
        occurred_at: (seq as u64).wrapping_sub(late) as i64,
        country: some(country),
        region: some(region),
        city: some(city),
        os,
        device,
        browser,
        referrer_domain: some(referrer_domain),
        utm: [source, medium, campaign, term, content].map(|text| some(text)),
        sub_id: some(sub_id),
        trigger,
        destination_kind,
        is_bot: flags & IS_BOT != 0,
        is_unique: flags & IS_UNIQUE != 0,
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The block without some of its clicks; none where none is left.
pub fn without(
    block: &[u8],
    first_seq: i64,
    goes: impl Fn(&Row<'_>) -> bool,
) -> Result<Option<Vec<u8>>, Damaged> {
    let mut left = begin();
    for (seq, bytes) in read(block, first_seq)? {
        if !goes(&click(seq, bytes)?) {
            put_number(&mut left, bytes.len() as u64);
            left.extend_from_slice(bytes);
        }
    }
    Ok((left.len() > 1).then_some(left))
}

fn number_length(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(id: &'a str, occurred_at: Micros) -> Row<'a> {
        Row {
            id,
            link_id: "lnk_1",
            occurred_at,
            country: Some("DE"),
            region: None,
            city: Some("München"),
            os: "ios",
            device: "phone",
            browser: "Safari",
            referrer_domain: None,
            utm: [Some("nora"), None, None, Some("a b"), None],
            sub_id: None,
            trigger: "link",
            destination_kind: "url",
            is_bot: id.len().is_multiple_of(2),
            is_unique: id.len().is_multiple_of(3),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(5_000);
        let rows = [
            row("a", 1_000_000),
            row("ab", 1_000_009),
            row("abc", -7),
            row("abcd", i64::MAX),
            row("abcde", i64::MIN),
            row(&long, 0),
        ];
        let mut block = begin();
        for (offset, row) in rows.iter().enumerate() {
            write(&mut block, offset, 1_000_005 + offset as i64, row);
        }
        let found = read(&block, 1_000_005).unwrap();
        for (offset, (seq, bytes)) in found.iter().enumerate() {
            assert_eq!(*seq, 1_000_005 + offset as i64);
            assert_eq!(click(*seq, bytes).unwrap(), rows[offset]);
        }
        assert_eq!(found.len(), rows.len());
        let left = without(&block, 1_000_005, |row| row.is_bot)
            .unwrap()
            .unwrap();
        let left = read(&left, 1_000_005).unwrap();
        let places: Vec<i64> = left.iter().map(|(seq, _)| seq - 1_000_005).collect();
        assert_eq!(places, [0, 2, 4], "the others stay where they are");
        assert_eq!(without(&block, 0, |_| true).unwrap(), None);
    }

    #[test]
    fn whatever_is_damaged_is_an_error_and_no_panic() {
        let mut block = begin();
        write(&mut block, 0, 5, &row("abc", 3));
        for length in 0..block.len() {
            let cut = &block[..length];
            let clicks = read(cut, 5);
            assert!(length == 1 || clicks.is_err(), "{length}");
        }
        for place in 0..block.len() {
            for value in [0, 0x7f, 0x80, 0xff] {
                let mut broken = block.clone();
                broken[place] = value;
                for (seq, bytes) in read(&broken, 5).unwrap_or_default() {
                    let _ = click(seq, bytes);
                }
            }
        }
        assert_eq!(read(&[VERSION + 1], 0), Err(Damaged));
    }

    #[test]
    fn numbers_take_as_few_bytes_as_they_need() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            assert_eq!(bytes.len(), number_length(number), "{number}");
            assert_eq!(take_number(&mut &bytes[..]), Ok(number));
        }
        assert_eq!(take_number(&mut &[0x80; 11][..]), Err(Damaged));
    }
}
