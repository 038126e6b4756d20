//! What is retried, and after which wait.
//!
//! Pure functions over answers; the loop that uses them is [`crate::call`].

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use crate::time::{Random, unit};

/// The first wait's upper bound.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Every wait's upper bound, unless the server names one.
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(30);
/// How long to wait for a call still in flight whose answer names no wait.
pub(crate) const IN_FLIGHT_WAIT: Duration = Duration::from_secs(1);

/// The table of statuses, overridden by `X-Should-Retry`.
pub(crate) fn is_retryable(status: StatusCode, headers: &HeaderMap) -> bool {
    should_retry_header(headers)
        .unwrap_or(matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504))
}

/// `X-Should-Retry`, where it says `true` or `false`.
pub(crate) fn should_retry_header(headers: &HeaderMap) -> Option<bool> {
    let value = headers.get("x-should-retry")?.to_str().ok()?.trim();
    if value.eq_ignore_ascii_case("true") {
        Some(true)
    } else if value.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The wait before retry `n` (1, 2, …): uniform in [b/2, b] with b = min(8 s, 0.5 s · 2^(n-1)).
pub(crate) fn backoff(n: u32, random: &dyn Random) -> Duration {
    // Beyond 2^4 the bound is 8 s anyway.
    let doubled = FIRST_WAIT * (1u32 << n.saturating_sub(1).min(4));
    let bound = doubled.min(LONGEST_BACKOFF);
    bound.mul_f64(0.5 + 0.5 * unit(random))
}

/// What an answer's headers say about the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedWait {
    /// Nothing that can be used.
    None,
    /// Between 0 and 30 s.
    Wait(Duration),
    /// More than 30 s: the call ends with the answer's error.
    TooLong,
}

impl AskedWait {
    /// The wait itself, lengthened by 0–10 % so that clients told the same do not come back at once.
    pub(crate) fn lengthened(wait: Duration, random: &dyn Random) -> Duration {
        wait.mul_f64(1.0 + 0.1 * unit(random))
    }
}

/// Reads `retry-after-ms`, else `Retry-After` as seconds or as an HTTP date.
pub(crate) fn asked_wait(headers: &HeaderMap, wall_clock: SystemTime) -> AskedWait {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(wait) = text("retry-after-ms").and_then(|value| number(value, 0.001)) {
        return wait;
    }
    let Some(value) = text("retry-after") else {
        return AskedWait::None;
    };
    if let Some(wait) = number(value, 1.0) {
        return wait;
    }
    match httpdate::parse_http_date(value.trim()) {
        // A date in the past names no wait (a clock is off, or the answer is stale): the backoff applies.
        Ok(date) => match date.duration_since(wall_clock) {
            Ok(wait) if wait > LONGEST_ASKED => AskedWait::TooLong,
            Ok(wait) => AskedWait::Wait(wait),
            Err(_) => AskedWait::None,
        },
        Err(_) => AskedWait::None,
    }
}

/// A decimal number of `unit` seconds. `None` when it is not one, or negative.
fn number(text: &str, unit: f64) -> Option<AskedWait> {
    let text = text.trim();
    // `parse` would also take "inf", "1e9" and "+1", which no specification of this header knows.
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let seconds = text.parse::<f64>().ok()? * unit;
    if seconds > LONGEST_ASKED.as_secs_f64() {
        return Some(AskedWait::TooLong);
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .map(AskedWait::Wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn the_table_row_by_row() {
        let none = HeaderMap::new();
        let yes = headers(&[("x-should-retry", "true")]);
        let no = headers(&[("x-should-retry", "False")]);
        let odd = headers(&[("x-should-retry", "maybe")]);
        for code in 100..=599u16 {
            let status = StatusCode::from_u16(code).unwrap();
            let expected = [408, 429, 500, 502, 503, 504].contains(&code);
            assert_eq!(is_retryable(status, &none), expected, "{code}");
            assert_eq!(is_retryable(status, &odd), expected, "{code}");
            assert!(is_retryable(status, &yes), "{code}");
            assert!(!is_retryable(status, &no), "{code}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_eight_seconds() {
        for (n, bound) in [
            (1, 500),
            (2, 1000),
            (3, 2000),
            (4, 4000),
            (5, 8000),
            (6, 8000),
            (u32::MAX, 8000),
        ] {
            let bound = Duration::from_millis(bound);
            assert_eq!(backoff(n, &|| 0), bound / 2, "shortest wait {n}");
            let longest = backoff(n, &|| u64::MAX);
            assert!(longest <= bound && longest > bound * 99 / 100, "{n}");
        }
    }

    #[test]
    fn every_form_of_retry_after() {
        use AskedWait::{None as Nothing, TooLong, Wait};
        let ms = |ms| Wait(Duration::from_millis(ms));
        // Sun, 06 Nov 1994 08:49:37 GMT
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let rows: &[(&[(&str, &str)], AskedWait)] = &[
            (&[], Nothing),
            (&[("retry-after", "0")], ms(0)),
            (&[("retry-after", "7")], ms(7000)),
            (&[("retry-after", " 1.5 ")], ms(1500)),
            (&[("retry-after", "30")], ms(30_000)),
            (&[("retry-after", "31")], TooLong),
            (&[("retry-after", "99999999999999999999999999")], TooLong),
            (&[("retry-after", "-1")], Nothing),
            (&[("retry-after", "")], Nothing),
            (&[("retry-after", ".")], Nothing),
            (&[("retry-after", "1e1")], Nothing),
            (&[("retry-after", "inf")], Nothing),
            (&[("retry-after", "NaN")], Nothing),
            (&[("retry-after", "soon")], Nothing),
            (&[("retry-after-ms", "250")], ms(250)),
            (&[("retry-after-ms", "250"), ("retry-after", "9")], ms(250)),
            (
                &[("retry-after-ms", "soon"), ("retry-after", "9")],
                ms(9000),
            ),
            (&[("retry-after-ms", "30001")], TooLong),
            (
                &[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")],
                ms(3000),
            ),
            (
                &[("retry-after", "Sunday, 06-Nov-94 08:49:40 GMT")],
                ms(3000),
            ),
            (&[("retry-after", "Sun Nov  6 08:49:40 1994")], ms(3000)),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], ms(0)),
            (
                &[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")],
                ms(30_000),
            ),
            (&[("retry-after", "Sun, 06 Nov 1994 08:50:08 GMT")], TooLong),
            (&[("retry-after", "Sun, 06 Nov 1994 08:49:36 GMT")], Nothing),
        ];
        for (pairs, expected) in rows {
            let map = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(asked_wait(&map, wall), *expected, "{pairs:?}");
        }
    }

    #[test]
    fn an_asked_wait_is_lengthened_and_never_shortened() {
        let wait = Duration::from_secs(10);
        assert_eq!(AskedWait::lengthened(wait, &|| 0), wait);
        let longest = AskedWait::lengthened(wait, &|| u64::MAX);
        assert!(longest > wait && longest <= Duration::from_secs(11));
        assert_eq!(
            AskedWait::lengthened(Duration::ZERO, &|| u64::MAX),
            Duration::ZERO
        );
    }
}
