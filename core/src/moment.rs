//! Decoding of times.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, Visitor, value};

/// A time as an answer has it: RFC 3339.
///
/// chrono reads times in many spellings, and takes a tenth of a page's decoding for it. The one that servers use is read
/// here; all others are left to chrono, and with them what is wrong.
pub(crate) struct Moment(pub(crate) DateTime<Utc>);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 formatted date and time string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Moment, E> {
        if let Some(time) = usual(text.as_bytes()) {
            return Ok(Moment(time));
        }
        let text: value::StrDeserializer<'_, E> = text.into_deserializer();
        DateTime::deserialize(text).map(Moment)
    }
}

/// `2026-11-01T08:00:00Z`, with a fraction of up to nine digits or without.
fn usual(text: &[u8]) -> Option<DateTime<Utc>> {
    let (seconds, rest) = text.split_at_checked(19)?;
    let number = |from: usize, digits: usize| {
        seconds[from..from + digits]
            .iter()
            .try_fold(0, |all, byte| {
                byte.is_ascii_digit()
                    .then(|| all * 10 + u32::from(byte - b'0'))
            })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| seconds[*at] != *mark) {
        return None;
    }
    let fraction = match rest {
        b"Z" => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let mut nanos = 0;
            for at in 0..9 {
                let digit = digits.get(at).copied().unwrap_or(b'0');
                nanos = nanos * 10 + digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
            }
            nanos
        }
        _ => return None,
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(5, 2)?, number(8, 2)?)?;
    let time = day.and_hms_nano_opt(number(11, 2)?, number(14, 2)?, number(17, 2)?, fraction)?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spelling_is_read_as_chrono_reads_it() {
        for text in [
            "2026-11-01T08:00:00Z",
            "2024-02-29T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "2026-11-01T08:00:00.5Z",
            "2026-11-01T08:00:00.123456789Z",
        ] {
            let expected: DateTime<Utc> = text.parse().unwrap();
            assert_eq!(usual(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn all_others_are_chronos() {
        for text in [
            "2026-11-01T08:00:60Z",
            "2026-11-01T08:00:00+01:00",
            "2026-11-01T08:00:00.1234567891Z",
            "2026-02-30T08:00:00Z",
            "2026-11-01T08:00:00",
            "2026-11-01T08:00:00.Z",
            "2026-11-01T08:00:00.xZ",
            "2026-11-01 08:00:00Z",
            "2026-13-01T08:00:00Z",
            "+026-11-01T08:00:00Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T08:00:0\u{e9}Z",
            "soon",
            "",
        ] {
            assert_eq!(usual(text.as_bytes()), None, "{text}");
            let json = serde_json::to_string(text).unwrap();
            let ours = serde_json::from_str::<Moment>(&json).map(|moment| moment.0);
            let chronos = serde_json::from_str::<DateTime<Utc>>(&json);
            match (ours, chronos) {
                (Ok(ours), Ok(chronos)) => assert_eq!(ours, chronos, "{text}"),
                (Err(ours), Err(chronos)) => assert_eq!(ours.to_string(), chronos.to_string()),
                _ => panic!("read differently: {text}"),
            }
        }
        assert!(serde_json::from_str::<Moment>("7").is_err());
    }
}
