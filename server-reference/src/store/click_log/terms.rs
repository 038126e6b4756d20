//! Terms: what clicks have in common, and where in a segment they stand.

use std::collections::HashMap;

use twox_hash::XxHash3_64;

use super::bytes::{Damaged, put_number, take_number};
use crate::ids::Id;

/// What can be filtered by. Of filters that are equally broad, the first here leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    Link,
    SubId,
    UtmContent,
    UtmTerm,
    UtmCampaign,
    UtmMedium,
    UtmSource,
    Country,
    Os,
}

/// How many columns there are.
pub const COLUMNS: usize = Column::Os as usize + 1;

/// A column with its value, of people or of bots, as a number. Two can have the same: whoever finds a click by a term
/// looks at the click itself too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term(i64);

/// Rare terms of a busy segment share so many rows.
const SHARED: u64 = 16;
/// In a segment of more terms, the rare ones share rows.
const BUSY: usize = 512;
/// A term with fewer clicks in its segment is rare, and so is one with a smaller part of them: else a segment of many
/// clicks had a row of its own for each of a thousand sub-IDs.
const RARE: u32 = 32;
const RARE_PART: u32 = 256;
/// What stands for all clicks, where columns stand for others.
const ALL: u8 = 255;

impl Term {
    /// The clicks whose column has this value.
    pub fn new(column: Column, value: &str, is_bot: bool) -> Self {
        Self::hashed(column as u8, value, is_bot)
    }

    /// The clicks of this link.
    pub fn of_link(id: Id<'_>, is_bot: bool) -> Self {
        match id {
            Id::Ulid(number) => {
                Self::hashed_bytes(Column::Link as u8, &number.to_be_bytes(), is_bot)
            }
            Id::Other(text) => Self::hashed(Column::Link as u8, text, is_bot),
        }
    }

    /// All clicks.
    pub fn of_all(is_bot: bool) -> Self {
        Self::hashed(ALL, "", is_bot)
    }

    fn hashed(column: u8, value: &str, is_bot: bool) -> Self {
        Self::hashed_bytes(column, value.as_bytes(), is_bot)
    }

    /// The numbers are kept: another hash would find nothing that was written before.
    fn hashed_bytes(column: u8, value: &[u8], is_bot: bool) -> Self {
        let seed = u64::from(column) << 1 | u64::from(is_bot);
        let hash = XxHash3_64::oneshot_with_seed(seed, value);
        // Numbers from 0 on are those of shared rows.
        Self((hash | 1 << 63) as i64)
    }

    /// As the database has it.
    pub fn number(self) -> i64 {
        self.0
    }

    /// The number of the row that it shares in busy segments.
    pub fn shared(self) -> i64 {
        (self.0 as u64 % SHARED) as i64
    }
}

/// The places of a term's clicks, in order.
struct Places {
    term: Term,
    count: u32,
    last: u32,
    bytes: Vec<u8>,
}

const RECENT: usize = 32;

/// The terms of a segment.
#[derive(Default)]
pub struct Terms {
    found: HashMap<Term, usize>,
    places: Vec<Places>,
    /// The last term that was added and its place among the places, since most clicks have most terms in common.
    recent: [Option<(Term, usize)>; RECENT],
}

impl Terms {
    /// Adds a click, whose place is not below that of the last.
    pub fn add(&mut self, term: Term, place: u32) {
        let recent = &mut self.recent[term.0 as usize % RECENT];
        let index = match *recent {
            Some((last, index)) if last == term => index,
            _ => {
                let next = self.places.len();
                let index = *self.found.entry(term).or_insert(next);
                if index == next {
                    self.places.push(Places {
                        term,
                        count: 0,
                        last: 0,
                        bytes: Vec::new(),
                    });
                }
                *recent = Some((term, index));
                index
            }
        };
        let places = &mut self.places[index];
        put_number(&mut places.bytes, u64::from(place - places.last));
        places.last = place;
        places.count += 1;
    }

    /// The rows to be written, in the order of their numbers.
    pub fn into_rows(self) -> Vec<(i64, Vec<u8>)> {
        let is_busy = self.places.len() > BUSY;
        let last = self.places.iter().map(|places| places.last).max();
        let rare = RARE.max(last.unwrap_or_default() / RARE_PART);
        let mut rows = Vec::new();
        let mut shared: HashMap<i64, Vec<u8>> = HashMap::new();
        for places in self.places {
            if !is_busy || places.count >= rare {
                rows.push((places.term.0, places.bytes));
                continue;
            }
            let row = shared.entry(places.term.shared()).or_default();
            row.extend_from_slice(&places.term.0.to_le_bytes());
            put_number(row, places.bytes.len() as u64);
            row.extend_from_slice(&places.bytes);
        }
        rows.extend(shared);
        rows.sort_unstable_by_key(|(number, _)| *number);
        rows
    }
}

/// The places that a row of its own has.
pub fn places(mut row: &[u8]) -> Result<Vec<u32>, Damaged> {
    let mut places = Vec::new();
    let mut last = 0_u32;
    while !row.is_empty() {
        let step = u32::try_from(take_number(&mut row)?).map_err(|_| Damaged)?;
        last = last.checked_add(step).ok_or(Damaged)?;
        places.push(last);
    }
    Ok(places)
}

/// What a shared row has of a term.
pub fn of_shared(row: &[u8], term: Term) -> Result<Option<&[u8]>, Damaged> {
    let found = entries(row).find(|entry| !matches!(entry, Ok((other, _)) if *other != term));
    Ok(found.transpose()?.map(|(_, places)| places))
}

/// A shared row without a term; none where nothing else is in it.
pub fn without(row: &[u8], term: Term) -> Result<Option<Vec<u8>>, Damaged> {
    let mut left = Vec::new();
    for entry in entries(row) {
        let (other, places) = entry?;
        if other != term {
            left.extend_from_slice(&other.0.to_le_bytes());
            put_number(&mut left, places.len() as u64);
            left.extend_from_slice(places);
        }
    }
    Ok((!left.is_empty()).then_some(left))
}

fn entries(mut row: &[u8]) -> impl Iterator<Item = Result<(Term, &[u8]), Damaged>> {
    let mut next = move || {
        let (term, after) = row.split_first_chunk().ok_or(Damaged)?;
        row = after;
        let length = usize::try_from(take_number(&mut row)?).map_err(|_| Damaged)?;
        let (places, after) = row.split_at_checked(length).ok_or(Damaged)?;
        row = after;
        Ok((Term(i64::from_le_bytes(*term)), places, row.is_empty()))
    };
    let mut over = row.is_empty();
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let entry = next();
        over = !matches!(entry, Ok((_, _, false)));
        Some(entry.map(|(term, places, _)| (term, places)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_tell_columns_values_and_bots_apart_and_stay_what_they_are() {
        let one = Term::new(Column::Os, "ios", false);
        for other in [
            Term::new(Column::Os, "ios", true),
            Term::new(Column::SubId, "ios", false),
            Term::new(Column::Os, "io", false),
            Term::of_all(false),
        ] {
            assert_ne!(one, other);
        }
        assert!(one.number() < 0 && (0..16).contains(&one.shared()));
        // As XXH3 with this seed gives it: what is in the databases of others.
        let hash = XxHash3_64::oneshot_with_seed(16, b"ios");
        assert_eq!(one.number(), (hash | 1 << 63) as i64);
    }

    #[test]
    fn every_place_is_found_again_in_quiet_and_in_busy_segments() {
        for clicks in [1, 100, 5_000_u32] {
            let mut terms = Terms::default();
            let link = |place: u32| Term::new(Column::Link, &(place % 700).to_string(), false);
            let os = |place: u32| {
                Term::new(
                    Column::Os,
                    if place.is_multiple_of(3) { "a" } else { "b" },
                    false,
                )
            };
            for place in 0..clicks {
                terms.add(link(place), place);
                terms.add(os(place), place);
            }
            let rows = terms.into_rows();
            assert!(rows.is_sorted_by(|one, other| one.0 < other.0));
            // In a quiet segment each term has its own row.
            let links = if clicks < 512 { clicks as usize } else { 16 };
            assert!(rows.len() <= links + 2, "{}", rows.len());
            let find = |term: Term| {
                let row = |number| rows.iter().find(|(other, _)| *other == number);
                if let Some((_, bytes)) = row(term.number()) {
                    return places(bytes).unwrap();
                }
                let shared = row(term.shared()).map(|(_, bytes)| of_shared(bytes, term).unwrap());
                places(shared.flatten().unwrap_or_default()).unwrap()
            };
            for place in 0..clicks.min(700) {
                let expected: Vec<u32> = (place..clicks).step_by(700).collect();
                assert_eq!(find(link(place)), expected);
            }
            let expected: Vec<u32> = (0..clicks).step_by(3).collect();
            assert_eq!(find(os(0)), expected);
            assert_eq!(find(Term::new(Column::Link, "none", false)), [0; 0]);
        }
    }

    #[test]
    fn a_term_is_taken_out_of_a_shared_row() {
        let term = |name: &str| Term::new(Column::Link, name, false);
        let mut row = Vec::new();
        for (name, places) in [("a", &[1, 2][..]), ("b", &[3]), ("c", &[])] {
            row.extend_from_slice(&term(name).0.to_le_bytes());
            put_number(&mut row, places.len() as u64);
            row.extend_from_slice(places);
        }
        let left = without(&row, term("b")).unwrap().unwrap();
        assert_eq!(of_shared(&left, term("b")), Ok(None));
        assert_eq!(of_shared(&left, term("a")), Ok(Some(&[1, 2][..])));
        let left = without(&left, term("a")).unwrap().unwrap();
        assert_eq!(without(&left, term("c")), Ok(None));
        for length in 1..row.len() {
            let _ = without(&row[..length], term("a"));
        }
        assert_eq!(without(&row[..5], term("a")), Err(Damaged));
        assert_eq!(places(&[0xff]), Err(Damaged));
    }
}
