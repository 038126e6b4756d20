//! Slugs: which are reserved, and how one is drawn.

use crate::ids::{Ids, Purpose};

/// Letters and digits that nobody confuses; slugs are found without regard to case, so lower case is enough.
const LETTERS: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
const LENGTH: usize = 8;

/// Paths that the service needs, or that would mislead.
const RESERVED: &[&str] = &[
    "_test",
    "admin",
    "api",
    "apple-app-site-association",
    "assetlinks",
    "assets",
    "auth",
    "dashboard",
    "docs",
    "favicon",
    "healthz",
    "login",
    "logout",
    "metrics",
    "oauth",
    "openapi",
    "readyz",
    "robots",
    "signin",
    "signup",
    "sitemap",
    "static",
    "well-known",
    "www",
];

/// Whether the service keeps this slug for itself.
pub fn is_reserved(slug: &str) -> bool {
    let slug = slug.to_ascii_lowercase();
    let version = slug.strip_prefix('v').is_some_and(|digits| {
        matches!(digits.len(), 1 | 2)
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && digits != "0"
            && digits != "00"
    });
    version || RESERVED.contains(&slug.as_str())
}

/// A random slug, never a reserved one.
pub fn random(ids: &Ids) -> String {
    loop {
        let slug: String = (0..LENGTH)
            .map(|_| char::from(LETTERS[ids.below(Purpose::Slug, LETTERS.len() as u32) as usize]))
            .collect();
        if !is_reserved(&slug) {
            return slug;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn reserved_without_regard_to_case() {
        for slug in [
            "v1",
            "V9",
            "v42",
            "v99",
            "v01",
            "api",
            "API",
            "Docs",
            "dashboard",
            "healthz",
            "login",
            "static",
            "assets",
            "admin",
            "robots",
        ] {
            assert!(is_reserved(slug), "{slug}");
        }
        for slug in ["v0", "v100", "v", "v1a", "va", "apis", "autumn"] {
            assert!(!is_reserved(slug), "{slug}");
        }
    }

    #[test]
    fn random_slugs_fit_the_pattern() {
        let ids = Ids::new(Arc::new(SystemClock));
        for _ in 0..1_000 {
            let slug = random(&ids);
            assert!(
                slug.len() == 8 && slug.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{slug}"
            );
        }
    }
}
