//! Dividing a link's visitors among its variants: by weight, for each visitor always the same.
//!
//! Every variant draws a lot for every visitor, from a hash of visitor, link and URL, and the best lot wins; a variant's
//! weight improves its lots (weighted rendezvous hashing). A lot depends on nothing but its own variant, so that a change
//! moves as few visitors as possible: to a variant that gains weight only as many as it gains, from one that is removed
//! only its own, and none when variants change places.

use sha2::{Digest, Sha256};

use crate::visitor::VisitorKey;

/// The place of the visitor's variant in `variants`, which are URLs and weights; `None` where none has a weight.
pub fn choose(visitor: VisitorKey, link_id: &str, variants: &[(&str, i64)]) -> Option<usize> {
    let drawn = variants
        .iter()
        .enumerate()
        .filter(|(_, (_, weight))| *weight > 0)
        .map(|(place, (url, weight))| {
            // The same URL twice is two variants, each with lots of its own.
            let repeat = variants[..place]
                .iter()
                .filter(|(other, _)| other == url)
                .count();
            let lot = lot(visitor, link_id, url, repeat as u64);
            (place, -lot.ln() / *weight as f64)
        });
    drawn
        .min_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(place, _)| place)
}

/// A number between 0 and 1, both excluded, evenly spread.
fn lot(visitor: VisitorKey, link_id: &str, url: &str, repeat: u64) -> f64 {
    let mut hash = Sha256::new_with_prefix(visitor.0);
    for part in [link_id.as_bytes(), url.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(repeat.to_be_bytes());
    let hash = hash.finalize();
    let (first, _) = hash.split_first_chunk().expect("32 bytes have 8");
    // 53 bits are what a double holds exactly.
    ((u64::from_be_bytes(*first) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const VISITORS: u128 = 20_000;
    const A: &str = "https://example.com/a";
    const B: &str = "https://example.com/b";
    const C: &str = "https://example.com/c";

    /// The URLs of everybody's variants.
    fn choices<'a>(link_id: &str, variants: &[(&'a str, i64)]) -> Vec<&'a str> {
        let visitors = (0..VISITORS).map(|number| VisitorKey(number.to_be_bytes()));
        visitors
            .map(|visitor| variants[choose(visitor, link_id, variants).expect("weights")].0)
            .collect()
    }

    fn share(choices: &[&str], url: &str) -> f64 {
        choices.iter().filter(|choice| **choice == url).count() as f64 / VISITORS as f64
    }

    /// Of those whose variant changed: from where to where.
    fn moved<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(&'a str, &'a str)> {
        before
            .iter()
            .zip(after)
            .filter(|(one, other)| one != other)
            .map(|(one, other)| (*one, *other))
            .collect()
    }

    #[test]
    fn weights_are_kept() {
        for variants in [
            vec![(A, 1), (B, 1)],
            vec![(A, 3), (B, 1)],
            vec![(A, 1), (B, 2), (C, 7)],
            vec![(A, 10_000), (B, 1)],
            vec![(A, 5), (B, 0), (C, 5)],
            vec![(A, 1)],
        ] {
            let total: i64 = variants.iter().map(|(_, weight)| weight).sum();
            let choices = choices("lnk_1", &variants);
            for (url, weight) in variants {
                let expected = weight as f64 / total as f64;
                // Five standard deviations.
                let room = 5.0 * (expected * (1.0 - expected) / VISITORS as f64).sqrt();
                let share = share(&choices, url);
                assert!(
                    (share - expected).abs() <= room,
                    "{url}: {share} instead of {expected} ± {room}"
                );
            }
        }
    }

    #[test]
    fn a_url_that_is_there_twice_counts_twice() {
        let share = share(&choices("lnk_1", &[(A, 1), (B, 1), (A, 1)]), A);
        assert!((share - 2.0 / 3.0).abs() < 0.02, "{share}");
    }

    #[test]
    fn more_weight_moves_only_as_many_as_it_must_and_only_there() {
        let before = choices("lnk_1", &[(A, 1), (B, 1), (C, 2)]);
        let after = choices("lnk_1", &[(A, 2), (B, 1), (C, 2)]);
        let moved = moved(&before, &after);
        assert!(moved.iter().all(|(_, to)| *to == A));
        // A grows from 1/4 to 2/5.
        let share = moved.len() as f64 / VISITORS as f64;
        assert!((share - 0.15).abs() < 0.02, "{share}");
    }

    #[test]
    fn variants_that_go_or_come_move_only_their_own() {
        let two = choices("lnk_1", &[(A, 1), (B, 1)]);
        let three = choices("lnk_1", &[(A, 1), (B, 1), (C, 1)]);
        assert!(moved(&two, &three).iter().all(|(_, to)| *to == C));
        assert!(moved(&three, &two).iter().all(|(from, _)| *from == C));
        assert_eq!(
            moved(&three, &choices("lnk_1", &[(C, 1), (A, 1), (B, 1)])),
            []
        );
        assert_eq!(
            moved(&three, &choices("lnk_1", &[(A, 50), (B, 50), (C, 50)])),
            [],
            "proportions are what counts"
        );
    }

    #[test]
    fn links_are_independent_of_each_other() {
        let (one, two) = (
            choices("lnk_1", &[(A, 1), (B, 1)]),
            choices("lnk_2", &[(A, 1), (B, 1)]),
        );
        let share = moved(&one, &two).len() as f64 / VISITORS as f64;
        assert!((share - 0.5).abs() < 0.02, "{share}");
    }

    #[test]
    fn without_weights_there_is_no_choice() {
        let visitor = VisitorKey([0; 16]);
        assert_eq!(choose(visitor, "lnk_1", &[]), None);
        assert_eq!(choose(visitor, "lnk_1", &[(A, 0), (B, -1)]), None);
        assert_eq!(choose(visitor, "lnk_1", &[(A, 0), (B, 1)]), Some(1));
    }
}
