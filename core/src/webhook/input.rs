//! The forms in which a receiver may have its headers and its secrets.

use std::collections::{BTreeMap, HashMap};

use http::HeaderMap;

use crate::secret::Secret;

/// The headers of a delivery, whatever a framework calls them. Names are compared without regard to case.
///
/// Implemented for [`http::HeaderMap`], for maps and lists of pairs of strings (a map's values may be lists), and for a
/// plain string, which is the value of `X-Approute-Signature` alone.
pub trait Headers {
    /// Hands every value of a header to `each`, in order; `None` for a value that is not text.
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>));

    /// Puts all values of a header into `all`, separated. Says whether there are any.
    #[doc(hidden)]
    fn joined(&self, name: &str, separator: char, all: &mut String) -> bool {
        let mut any = false;
        self.values(name, &mut |value| {
            if any {
                all.push(separator);
            }
            any = true;
            // What is not text is in no form that a signature has, and so is this.
            all.push_str(value.unwrap_or("\u{fffd}").trim());
        });
        any
    }
}

impl Headers for HeaderMap {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        for value in self.get_all(name) {
            each(value.to_str().ok());
        }
    }
}

impl Headers for str {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        if name == super::APPROUTE_SIGNATURE {
            each(Some(self));
        }
    }
}

impl Headers for String {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        self.as_str().values(name, each);
    }
}

/// One or several values of a header in a map.
pub trait HeaderValues {
    /// Hands every value to `each`.
    fn each(&self, each: &mut dyn FnMut(Option<&str>));
}

impl HeaderValues for String {
    fn each(&self, each: &mut dyn FnMut(Option<&str>)) {
        each(Some(self));
    }
}

impl HeaderValues for &str {
    fn each(&self, each: &mut dyn FnMut(Option<&str>)) {
        each(Some(self));
    }
}

impl<V: HeaderValues> HeaderValues for Vec<V> {
    fn each(&self, each: &mut dyn FnMut(Option<&str>)) {
        for value in self {
            value.each(each);
        }
    }
}

fn pick<'a, K: AsRef<str> + 'a, V: HeaderValues + 'a>(
    pairs: impl IntoIterator<Item = (&'a K, &'a V)>,
    name: &str,
    each: &mut dyn FnMut(Option<&str>),
) {
    for (key, value) in pairs {
        if key.as_ref().eq_ignore_ascii_case(name) {
            value.each(each);
        }
    }
}

impl<K: AsRef<str>, V: HeaderValues, S> Headers for HashMap<K, V, S> {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        pick(self, name, each);
    }
}

impl<K: AsRef<str>, V: HeaderValues> Headers for BTreeMap<K, V> {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        pick(self, name, each);
    }
}

impl<K: AsRef<str>, V: HeaderValues> Headers for [(K, V)] {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        pick(self.iter().map(|(key, value)| (key, value)), name, each);
    }
}

impl<K: AsRef<str>, V: HeaderValues, const N: usize> Headers for [(K, V); N] {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        self.as_slice().values(name, each);
    }
}

impl<K: AsRef<str>, V: HeaderValues> Headers for Vec<(K, V)> {
    fn values(&self, name: &str, each: &mut dyn FnMut(Option<&str>)) {
        self.as_slice().values(name, each);
    }
}

/// One secret or several: while a secret is rotated, the old and the new one.
pub trait Secrets {
    /// Hands every secret to `each`.
    fn each(&self, each: &mut dyn FnMut(&str));
}

impl Secrets for str {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        each(self);
    }
}

impl Secrets for String {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        each(self);
    }
}

impl Secrets for Secret {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        each(self.expose());
    }
}

impl<S: Secrets> Secrets for [S] {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        for secret in self {
            secret.each(each);
        }
    }
}

impl<S: Secrets, const N: usize> Secrets for [S; N] {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        self.as_slice().each(each);
    }
}

impl<S: Secrets> Secrets for Vec<S> {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        self.as_slice().each(each);
    }
}

impl<S: Secrets + ?Sized> Secrets for &S {
    fn each(&self, each: &mut dyn FnMut(&str)) {
        (**self).each(each);
    }
}
