//! Blocks that are written, read, cut and damaged.

use super::*;
use crate::ids::Id;

fn row<'a>(id: &'a str, occurred_at: Micros) -> Row<'a> {
    Row {
        id: Id::Other(id),
        link_id: Id::Ulid(id.len() as u128 % 2 + (1 << 127)),
        occurred_at,
        country: Some("DE"),
        region: None,
        city: Some("München"),
        os: "ios",
        device: "phone",
        browser: if id.len() > 2 { "Safari" } else { "phone" },
        referrer_domain: None,
        utm: [Some("nora"), None, None, Some("a b"), None],
        sub_id: Some(id),
        trigger: "link",
        destination_kind: "url",
        is_bot: id.len().is_multiple_of(2),
        is_unique: id.len().is_multiple_of(3),
    }
}

fn rows(long: &str) -> [Row<'_>; 7] {
    let mut rows = [
        row("a", 1_000_000),
        row("ab", 1_000_009),
        row("abc", -7),
        row("abcd", i64::MAX),
        row("abcde", i64::MIN),
        row(long, 0),
        row("a", 1_000_000),
    ];
    rows[1].link_id = Id::Other("lnk_1");
    rows[3].id = Id::Ulid(u128::MAX);
    rows[4].id = Id::Ulid(0);
    rows
}

#[test]
fn what_is_written_is_read() {
    let long = "x".repeat(5_000);
    let rows = rows(&long);
    let mut builder = Builder::default();
    // The second block knows nothing of the first.
    for _ in 0..2 {
        for (offset, row) in rows.iter().enumerate() {
            builder.push(offset, 1_000_005 + offset as i64, row);
        }
        let bytes = builder.finish();
        let block = Block::read(&bytes, 1_000_005).unwrap();
        let found: Vec<(i64, Row<'_>)> = block.clicks().collect();
        let expected: Vec<_> = (1_000_005..).zip(rows).collect();
        assert_eq!(found, expected);
        assert_eq!(block.at(1_000_006), Some(rows[1]));
        assert_eq!(block.at(1_000_012), None);
        let left = block.without(|row| row.is_bot).unwrap();
        let left = Block::read(&left, 1_000_005).unwrap();
        let kept: Vec<_> = expected
            .into_iter()
            .filter(|(_, row)| !row.is_bot)
            .collect();
        assert_eq!(
            left.clicks().collect::<Vec<_>>(),
            kept,
            "the others stay where they are"
        );
        assert_eq!(left.at(1_000_006), None);
        assert_eq!(block.without(|_| true), None);
    }
}

#[test]
fn what_clicks_have_in_common_is_written_once() {
    let mut builder = Builder::default();
    let mut one = row("abc", 5);
    one.id = Id::Ulid(1);
    for offset in 0..BLOCK {
        builder.push(offset, 5, &one);
    }
    let bytes = builder.finish();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("München").count(), 1);
    assert!(bytes.len() < BLOCK * 24, "{}", bytes.len());
}

#[test]
fn whatever_is_damaged_is_an_error_and_no_panic() {
    let mut builder = Builder::default();
    for (offset, row) in rows("xyz").iter().enumerate() {
        builder.push(offset, 5, row);
    }
    let bytes = builder.finish();
    let whole = Block::read(&bytes, 5).unwrap().clicks().count();
    for length in 0..bytes.len() {
        // Cut between two clicks, it is a shorter block.
        let clicks = Block::read(&bytes[..length], 5);
        assert!(clicks.is_err() || clicks.unwrap().clicks().count() < whole);
    }
    for place in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut broken = bytes.clone();
            broken[place] = value;
            if let Ok(block) = Block::read(&broken, 5) {
                block.without(|row| row.is_bot);
            }
        }
    }
    for other in [&[][..], &[VERSION + 1], &[VERSION, 200], &[1, 0, 0, 0]] {
        assert!(Block::read(other, 0).is_err());
    }
}
