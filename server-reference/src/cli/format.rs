//! How the command line prints.

use std::io::Write as _;

use chrono::SecondsFormat;

use crate::clock::{Micros, to_datetime};

/// A time, to the second.
pub fn time(at: Micros) -> String {
    to_datetime(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Prints a line on stdout. A reader that went away is no failure of ours.
pub fn line(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to stdout: {error}"))
        }
        _ => Ok(()),
    }
}

/// Prints rows in columns.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), String> {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| {
        all.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for row in all {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// Reads a span such as `30m`, `24h`, `7d` or `90s`; `0` is none.
pub fn span(text: &str) -> Result<Micros, String> {
    let wrong = || format!("{text:?} is no span; write 90s, 30m, 24h or 7d");
    let (number, seconds) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3_600),
        Some((at, 'd')) => (&text[..at], 86_400),
        Some(_) => (text, 1),
        None => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(i64::from(number) * seconds * crate::clock::SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{DAY, HOUR, MINUTE, SECOND};

    #[test]
    fn spans() {
        for (text, value) in [
            ("0", 0),
            ("90s", 90 * SECOND),
            ("90", 90 * SECOND),
            ("30m", 30 * MINUTE),
            ("24h", 24 * HOUR),
            ("7d", 7 * DAY),
        ] {
            assert_eq!(span(text), Ok(value), "{text}");
        }
        for text in ["", "h", "-1h", "1w", "1.5h", "ä", "99999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
