//! Which format an answer has (RFC 9110, section 12.5.1), and whether it is sent at all (`If-None-Match`).

use http::HeaderMap;
use http::header::{ACCEPT, IF_NONE_MATCH};

use super::Format;

/// None of the formats is welcome: 406.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAcceptable;

/// Chooses a format. The parameter wins; else the `Accept` header decides, among equals in the order of
/// [`Format::ALL`]; without either it is PNG.
pub fn choose(parameter: Option<Format>, headers: &HeaderMap) -> Result<Format, NotAcceptable> {
    if let Some(format) = parameter {
        return Ok(format);
    }
    // Bytes that are no text cannot name a media type, and several headers are one list.
    let accept: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    if accept.iter().all(|value| value.trim().is_empty()) {
        return Ok(Format::Png);
    }
    let ranges: Vec<Range<'_>> = accept
        .iter()
        .flat_map(|value| value.split(','))
        .filter_map(Range::parse)
        .collect();
    let mut best = Err(NotAcceptable);
    let mut best_quality = 0;
    for format in Format::ALL {
        let quality = quality(format, &ranges);
        if quality > best_quality {
            (best, best_quality) = (Ok(format), quality);
        }
    }
    best
}

/// Whether the caller's copy is current, so that the answer is 304.
pub fn not_modified(etag: &str, headers: &HeaderMap) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.split(',').map(str::trim).any(|tag| {
                // The header compares weakly. Our tags are hexadecimal, so a comma inside a tag cannot mislead the split.
                tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
            })
        })
}

/// One member of an `Accept` header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// Thousandths, which is as fine as the header can say it.
    quality: u16,
}

impl<'a> Range<'a> {
    /// `None` for what is malformed: it is left out rather than refused, as most servers do.
    fn parse(member: &'a str) -> Option<Self> {
        let mut parts = member.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let mut quality = 1_000;
        for part in parts {
            match part.split_once('=') {
                Some((name, value)) if name.trim().eq_ignore_ascii_case("q") => {
                    quality = thousandths(value.trim())?;
                    break;
                }
                // Other parameters do not tell our formats apart.
                _ => {}
            }
        }
        Some(Self {
            kind,
            subtype,
            quality,
        })
    }

    /// How closely the range names the type; the closest one decides.
    fn specificity(&self, format: Format) -> Option<u8> {
        let (kind, subtype) = format.media_type().split_once('/')?;
        if self.kind == "*" {
            return (self.subtype == "*").then_some(0);
        }
        if !self.kind.eq_ignore_ascii_case(kind) {
            return None;
        }
        if self.subtype == "*" {
            return Some(1);
        }
        self.subtype.eq_ignore_ascii_case(subtype).then_some(2)
    }
}

fn quality(format: Format, ranges: &[Range<'_>]) -> u16 {
    ranges
        .iter()
        .filter_map(|range| {
            range
                .specificity(format)
                .map(|specificity| (specificity, range.quality))
        })
        .max()
        .map_or(0, |(_, quality)| quality)
}

/// `0.75` → 750; at most three decimals, from 0 to 1.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1")
        || decimals.len() > 3
        || !decimals.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let value = format!("{whole}{decimals:0<3}").parse().ok()?;
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (ACCEPT, value.parse().expect("a header value")))
            .collect()
    }

    #[test]
    fn the_header_decides_by_quality_and_closeness() {
        use Format::{Pdf, Png, Svg};
        let table: &[(&[&str], Result<Format, NotAcceptable>)] = &[
            (&[], Ok(Png)),
            (&[""], Ok(Png)),
            (&["*/*"], Ok(Png)),
            (&["image/*"], Ok(Png)),
            (&["application/*"], Ok(Pdf)),
            (&["image/svg+xml"], Ok(Svg)),
            (&["IMAGE/SVG+XML"], Ok(Svg)),
            (&["application/pdf"], Ok(Pdf)),
            (&["application/pdf, image/svg+xml"], Ok(Svg)),
            (&["application/pdf", "image/svg+xml;q=0.9"], Ok(Pdf)),
            (&["image/png;q=0.5, image/svg+xml;q=0.501"], Ok(Svg)),
            (&["image/png;q=0.5, */*;q=0.4"], Ok(Png)),
            (&["image/png;q=0, image/*"], Ok(Svg)),
            (&["image/*;q=0, */*;q=0.1"], Ok(Pdf)),
            (
                &["image/svg+xml;charset=utf-8;q=0.3, application/pdf;q=0.2"],
                Ok(Svg),
            ),
            (
                &["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"],
                Ok(Png),
            ),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                Ok(Png),
            ),
            (&["image/svg+xml ; Q=1.000 , image/png ; q=0.9"], Ok(Svg)),
            // Malformed members do not count.
            (&["image/png;q=2, image/svg+xml;q=0.1"], Ok(Svg)),
            (&["image/png;q=0.1234, application/pdf;q=0.1"], Ok(Pdf)),
            (&["garbage, application/pdf"], Ok(Pdf)),
            (&["*/png"], Err(NotAcceptable)),
            (&["application/json"], Err(NotAcceptable)),
            (&["image/webp, text/html"], Err(NotAcceptable)),
            (&["image/png;q=0"], Err(NotAcceptable)),
            (&["*/*;q=0.0"], Err(NotAcceptable)),
            (&["garbage"], Err(NotAcceptable)),
        ];
        for (header, expected) in table {
            assert_eq!(choose(None, &accept(header)), *expected, "{header:?}");
        }
    }

    #[test]
    fn the_parameter_wins() {
        assert_eq!(
            choose(Some(Format::Pdf), &accept(&["image/png"])),
            Ok(Format::Pdf)
        );
        assert_eq!(
            choose(Some(Format::Svg), &accept(&["application/json"])),
            Ok(Format::Svg)
        );
    }

    #[test]
    fn a_current_copy_is_recognised() {
        let tagged = |value: &str| -> HeaderMap {
            [(IF_NONE_MATCH, value.parse().expect("a value"))]
                .into_iter()
                .collect()
        };
        for current in [
            r#""ab""#,
            r#"W/"ab""#,
            "*",
            r#""x", "ab""#,
            r#""x",W/"ab" "#,
        ] {
            assert!(not_modified(r#""ab""#, &tagged(current)), "{current}");
        }
        for stale in [r#""x""#, "ab", r#""AB""#, ""] {
            assert!(!not_modified(r#""ab""#, &tagged(stale)), "{stale}");
        }
        assert!(!not_modified(r#""ab""#, &HeaderMap::new()));
    }
}
