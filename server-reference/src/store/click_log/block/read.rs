//! Reading a block.

use super::super::bytes::{Damaged, take_index, take_number, take_text, take_ulid};
use super::{BLOCK, Builder, IS_BOT, IS_ULID, IS_UNIQUE, LINK, Row, VERSION, VISITOR};
use crate::ids::Id;

/// A block that is read.
pub struct Block<'a> {
    first_seq: i64,
    visitors: Vec<[&'a str; VISITOR]>,
    links: Vec<(Id<'a>, [&'a str; LINK])>,
    clicks: Vec<Click<'a>>,
}

/// A click of a block, by what it shares with others.
struct Click<'a> {
    offset: u8,
    flags: u8,
    visitor: usize,
    link: usize,
    late: u64,
    id: Id<'a>,
}

impl<'a> Block<'a> {
    /// Takes a block apart whose first place is `first_seq`.
    pub fn read(block: &'a [u8], first_seq: i64) -> Result<Self, Damaged> {
        let Some((&VERSION, mut rest)) = block.split_first() else {
            return Err(Damaged);
        };
        let texts = take_all(&mut rest, take_text)?;
        let text = |rest: &mut &'a [u8]| match take_index(rest)? {
            0 => Ok(""),
            number => texts.get(number - 1).copied().ok_or(Damaged),
        };
        let visitors = take_all(&mut rest, |rest| take_array(rest, text))?;
        let links = take_all(&mut rest, |rest| {
            let id = match text(rest)? {
                "" => Id::Ulid(take_ulid(rest)?),
                text => Id::Other(text),
            };
            Ok((id, take_array(rest, text)?))
        })?;
        let mut clicks = Vec::with_capacity(BLOCK);
        while let Some((&[offset, flags], after)) = rest.split_first_chunk() {
            rest = after;
            let click = Click {
                offset,
                flags,
                visitor: take_index(&mut rest)?,
                link: take_index(&mut rest)?,
                late: take_number(&mut rest)?,
                id: match flags & IS_ULID {
                    0 => Id::Other(take_text(&mut rest)?),
                    _ => Id::Ulid(take_ulid(&mut rest)?),
                },
            };
            if click.visitor >= visitors.len() || click.link >= links.len() {
                return Err(Damaged);
            }
            clicks.push(click);
        }
        if !rest.is_empty() {
            return Err(Damaged);
        }
        Ok(Self {
            first_seq,
            visitors,
            links,
            clicks,
        })
    }

    /// Its clicks, each with its place.
    pub fn clicks(&self) -> impl Iterator<Item = (i64, Row<'a>)> {
        self.clicks.iter().map(|click| self.row(click))
    }

    /// The click at this place; none where it was removed.
    pub fn at(&self, seq: i64) -> Option<Row<'a>> {
        let offset = seq - self.first_seq;
        let mut clicks = self.clicks.iter();
        let click = clicks.find(|click| i64::from(click.offset) == offset)?;
        Some(self.row(click).1)
    }

    fn row(&self, click: &Click<'a>) -> (i64, Row<'a>) {
        let [
            country,
            region,
            city,
            os,
            device,
            browser,
            referrer_domain,
            trigger,
            destination_kind,
        ] = self.visitors[click.visitor];
        let (link_id, [source, medium, campaign, term, content, sub_id]) = self.links[click.link];
        let seq = self.first_seq + i64::from(click.offset);
        let row = Row {
            id: click.id,
            link_id,
            occurred_at: (seq as u64).wrapping_sub(click.late) as i64,
            country: some(country),
            region: some(region),
            city: some(city),
            os,
            device,
            browser,
            referrer_domain: some(referrer_domain),
            utm: [source, medium, campaign, term, content].map(some),
            sub_id: some(sub_id),
            trigger,
            destination_kind,
            is_bot: click.flags & IS_BOT != 0,
            is_unique: click.flags & IS_UNIQUE != 0,
        };
        (seq, row)
    }

    /// The block without some of its clicks; none where none is left. The others keep their places.
    pub fn without(&self, goes: impl Fn(&Row<'_>) -> bool) -> Option<Vec<u8>> {
        let mut left = Builder::default();
        let mut count = 0;
        for (seq, row) in self.clicks().filter(|(_, row)| !goes(row)) {
            left.push((seq - self.first_seq) as usize, seq, &row);
            count += 1;
        }
        (count > 0).then(|| left.finish())
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn take_array<'a, const N: usize>(
    bytes: &mut &'a [u8],
    take: impl Fn(&mut &'a [u8]) -> Result<&'a str, Damaged>,
) -> Result<[&'a str; N], Damaged> {
    let mut array = [""; N];
    for text in &mut array {
        *text = take(bytes)?;
    }
    Ok(array)
}

/// Reads a number, and so many things. Each takes a byte at least.
fn take_all<'a, T>(
    bytes: &mut &'a [u8],
    take: impl Fn(&mut &'a [u8]) -> Result<T, Damaged>,
) -> Result<Vec<T>, Damaged> {
    let count = take_index(bytes)?;
    if count > bytes.len() {
        return Err(Damaged);
    }
    (0..count).map(|_| take(bytes)).collect()
}
