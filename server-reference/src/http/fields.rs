//! Header fields, wherever they stand: in a map, or as they came.

use http::{HeaderMap, HeaderValue};

/// Reads header fields.
pub trait Fields {
    /// The values of a field in the order in which they came. `name` is in lower case.
    fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]>;

    /// The first value of a field.
    fn first<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        self.all(name).next()
    }
}

impl Fields for HeaderMap {
    fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.get_all(name).iter().map(HeaderValue::as_bytes)
    }
}

impl Fields for [httparse::Header<'_>] {
    fn all<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        let named = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case(name);
        self.iter().filter(named).map(|field| field.value)
    }
}
