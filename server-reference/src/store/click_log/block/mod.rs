//! A block: some clicks that follow each other, with what they have in common written once.
//!
//! Clicks of the same minute are alike: a few systems and browsers, a few campaigns, a link over and over. So a block has
//!
//! ```text
//! version
//! number of texts    each: length, bytes
//! number of visitors each: the texts of what a visitor says (VISITOR of them)
//! number of links    each: id, the texts of what a link says (LINK of them)
//! clicks             each: offset in the block, flags, visitor, link, lateness, id
//! ```
//!
//! A text, a visitor and a link are named by their number. Texts count from 1; 0 is the text that is not there, since
//! none is empty. A number takes as few bytes as it needs. An id is 16 bytes, or, if it is no ULID, a text: of a link, 0
//! stands for the former; of a click, a flag. The lateness is the distance of a click's time from its place.

mod read;
#[cfg(test)]
mod tests;
mod write;

use crate::clock::Micros;
use crate::ids::Id;

pub use self::read::Block;
pub use self::write::Builder;

/// Clicks of a block. They take some 6 kB: less would fill the database's pages badly, and more be read for one click.
pub const BLOCK: usize = 128;

const VERSION: u8 = 2;
const IS_BOT: u8 = 1;
const IS_UNIQUE: u8 = 2;
/// The id is 16 bytes.
const IS_ULID: u8 = 4;
/// Texts of a visitor: country, region, city, OS, device, browser, referrer, trigger, kind of destination.
const VISITOR: usize = 9;
/// Texts of a link: five of UTM, sub-ID.
const LINK: usize = 6;

/// A click, wherever its texts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Row<'a> {
    pub id: Id<'a>,
    pub link_id: Id<'a>,
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

impl<'a> Row<'a> {
    fn visitor(&self) -> [&'a str; VISITOR] {
        [
            self.country.unwrap_or_default(),
            self.region.unwrap_or_default(),
            self.city.unwrap_or_default(),
            self.os,
            self.device,
            self.browser,
            self.referrer_domain.unwrap_or_default(),
            self.trigger,
            self.destination_kind,
        ]
    }

    fn link(&self) -> [&'a str; LINK] {
        let [source, medium, campaign, term, content] = self.utm.map(Option::unwrap_or_default);
        let sub_id = self.sub_id.unwrap_or_default();
        [source, medium, campaign, term, content, sub_id]
    }
}
