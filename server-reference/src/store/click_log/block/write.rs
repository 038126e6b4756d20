//! Writing a block.

use std::collections::HashMap;
use std::hash::Hash;

use super::super::bytes::{put_number, put_text};
use super::{IS_BOT, IS_ULID, IS_UNIQUE, LINK, Row, VERSION, VISITOR};
use crate::ids::Id;

/// Things that are written once, each with its number.
struct Once<T> {
    numbers: HashMap<T, u32>,
    /// What was looked for last: neighbours are alike.
    last: Option<(T, u32)>,
    count: u32,
    bytes: Vec<u8>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            last: None,
            count: 0,
            bytes: Vec::new(),
        }
    }
}

impl<T: Hash + Eq + Copy> Once<T> {
    /// The number of a thing, which is written where it is new.
    fn number(&mut self, thing: T, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        if let Some((last, number)) = self.last
            && last == thing
        {
            return number;
        }
        let next = self.count;
        let number = *self.numbers.entry(thing).or_insert(next);
        if number == next {
            self.count += 1;
            write(&mut self.bytes);
        }
        self.last = Some((thing, number));
        number
    }

    /// Writes all of it behind the rest of a block.
    fn finish(&mut self, block: &mut Vec<u8>) {
        put_number(block, self.count.into());
        block.append(&mut self.bytes);
        self.numbers.clear();
        self.last = None;
        self.count = 0;
    }
}

/// Texts of neighbours, with their numbers: most clicks have most texts of the one before.
struct Texts<'a, const N: usize> {
    last: [(&'a str, u32); N],
}

impl<'a, const N: usize> Texts<'a, N> {
    fn numbers(&mut self, texts: [&'a str; N], once: &mut Once<&'a str>) -> [u32; N] {
        std::array::from_fn(|index| {
            let text = texts[index];
            let last = &mut self.last[index];
            if last.0 != text {
                let write = |bytes: &mut Vec<u8>| put_text(bytes, text);
                *last = (text, once.number(text, write) + 1);
            }
            last.1
        })
    }
}

impl<const N: usize> Default for Texts<'_, N> {
    fn default() -> Self {
        Self { last: [("", 0); N] }
    }
}

/// A block that is being made.
#[derive(Default)]
pub struct Builder<'a> {
    texts: Once<&'a str>,
    visitors: Once<[u32; VISITOR]>,
    links: Once<(Id<'a>, [u32; LINK])>,
    clicks: Vec<u8>,
    visitor_texts: Texts<'a, VISITOR>,
    link_texts: Texts<'a, LINK>,
}

impl<'a> Builder<'a> {
    /// Adds the click at this offset, whose place in the sequence is `seq`.
    pub fn push(&mut self, offset: usize, seq: i64, row: &Row<'a>) {
        let visitor = self.visitor_texts.numbers(row.visitor(), &mut self.texts);
        let link = self.link_texts.numbers(row.link(), &mut self.texts);
        // An id that is a text gets its number before the link is written.
        let link_id = match row.link_id {
            Id::Ulid(_) => 0,
            Id::Other(text) => self.texts.number(text, |bytes| put_text(bytes, text)) + 1,
        };
        let visitor = self.visitors.number(visitor, |bytes| {
            put_numbers(bytes, visitor);
        });
        let link = self.links.number((row.link_id, link), |bytes| {
            put_number(bytes, link_id.into());
            if let Id::Ulid(number) = row.link_id {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
            put_numbers(bytes, link);
        });
        let flag = |is: bool, flag: u8| u8::from(is) * flag;
        let flags = flag(row.is_bot, IS_BOT)
            | flag(row.is_unique, IS_UNIQUE)
            | flag(matches!(row.id, Id::Ulid(_)), IS_ULID);
        let clicks = &mut self.clicks;
        clicks.extend_from_slice(&[offset as u8, flags]);
        put_number(clicks, visitor.into());
        put_number(clicks, link.into());
        put_number(clicks, (seq as u64).wrapping_sub(row.occurred_at as u64));
        match row.id {
            Id::Ulid(number) => clicks.extend_from_slice(&number.to_be_bytes()),
            Id::Other(text) => put_text(clicks, text),
        }
    }

    /// The block; the next one begins empty.
    pub fn finish(&mut self) -> Vec<u8> {
        let Self {
            texts,
            visitors,
            links,
            clicks,
            ..
        } = self;
        let length = texts.bytes.len() + visitors.bytes.len() + links.bytes.len() + clicks.len();
        let mut block = Vec::with_capacity(length + 16);
        block.push(VERSION);
        texts.finish(&mut block);
        visitors.finish(&mut block);
        links.finish(&mut block);
        block.append(clicks);
        self.visitor_texts = Texts::default();
        self.link_texts = Texts::default();
        block
    }
}

fn put_numbers<const N: usize>(bytes: &mut Vec<u8>, numbers: [u32; N]) {
    for number in numbers {
        put_number(bytes, number.into());
    }
}
