//! The facts of a response, as every language shows them.

use approute::Response;
use approute::http::HeaderMap;

/// What a response says beside its value: status, headers, tries, and what the core reads out of the headers.
pub type Answer = Response<()>;

/// Headers as pairs, repeated ones joined by `, `. What is not UTF-8 is shown with replacement characters.
pub fn headers_of(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .keys()
        .map(|name| {
            let values: Vec<_> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (name.as_str().to_owned(), values.join(", "))
        })
        .collect()
}
