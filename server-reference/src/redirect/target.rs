//! The destination in full: UTM parameters, and the visit's query where the link passes it on.

use std::borrow::Cow;
use std::collections::HashSet;

use approute::models::UtmInput;
use percent_encoding::percent_decode_str;

use super::decide::Way;
use super::destination::Destination;

/// The UTM parameters as queries name them: source, medium, campaign, term, content.
pub const UTM: [&str; 5] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
];

/// The query of a visit.
pub struct Visit<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Visit<'a> {
    /// Reads a query. It comes from strangers, so that nothing in it is an error.
    pub fn new(query: &'a str) -> Self {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .take(100)
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), decode(value))
            });
        Self {
            pairs: pairs.collect(),
        }
    }

    /// The first value under this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_ref())
            .filter(|value| !value.is_empty())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Whether the visit came by the QR code.
    pub fn is_qr(&self) -> bool {
        self.get("src") == Some("qr")
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        return percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
            .into();
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// The UTM parameters of a link by their names in a query.
pub fn utm_pairs(utm: Option<&UtmInput>) -> [(&'static str, Option<&str>); 5] {
    let of = |value: fn(&UtmInput) -> &Option<String>| utm.and_then(|utm| value(utm).as_deref());
    let [source, medium, campaign, term, content] = UTM;
    [
        (source, of(|utm| &utm.source)),
        (medium, of(|utm| &utm.medium)),
        (campaign, of(|utm| &utm.campaign)),
        (term, of(|utm| &utm.term)),
        (content, of(|utm| &utm.content)),
    ]
}

/// A destination with the link's UTM parameters, which replace those that it has.
pub fn with_utm<'a>(url: &'a str, utm: &[(&'static str, Option<&str>); 5]) -> Cow<'a, str> {
    if utm.iter().all(|(_, value)| value.is_none()) {
        return url.into();
    }
    let set = utm
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    extend(url, set, |_| std::iter::empty())
}

/// The `Location` of a visit: what the visit brings along is added where the destination does not have the name already,
/// so that no visitor can change where a link's owner sends people.
pub fn compose<'a>(link: &Destination, way: Way<'a>, visit: &Visit<'_>) -> Cow<'a, str> {
    // Pages of the stores take no parameters of ours.
    let takes_none = matches!(
        way.kind,
        "ios_app_store" | "android_play_store" | "expired_url"
    );
    let brings = || visit.pairs.iter().filter(|(name, _)| name != "src");
    if takes_none || !link.forward_query || brings().next().is_none() {
        return way.url.into();
    }
    let set = UTM.into_iter().zip(link.utm());
    let set = set.filter_map(|(name, value)| Some((name, value?)));
    extend(way.url, set, |fixed| {
        let fixed: HashSet<String> = fixed.iter().map(|(name, _)| name.clone()).collect();
        brings()
            .filter(move |(name, _)| !fixed.contains(name.as_ref()))
            .map(|(name, value)| (name.clone().into_owned(), value.clone().into_owned()))
    })
}

/// Replaces parameters of a URL, and adds more, which may depend on those that are there then.
fn extend<'a, 's, M: Iterator<Item = (String, String)>>(
    url: &'a str,
    set: impl Iterator<Item = (&'static str, &'s str)>,
    more: impl FnOnce(&[(String, String)]) -> M,
) -> Cow<'a, str> {
    let parsed = url.is_ascii().then(|| url::Url::parse(url).ok());
    let Some(mut target) = parsed.flatten() else {
        return url.into();
    };
    let set: Vec<(&str, &str)> = set.collect();
    let mut pairs: Vec<(String, String)> = target
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    pairs.retain(|(name, _)| !set.iter().any(|(own, _)| own == name));
    pairs.extend(
        set.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let more: Vec<(String, String)> = more(&pairs).collect();
    pairs.extend(more);
    target.query_pairs_mut().clear().extend_pairs(pairs);
    String::from(target).into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::links::record::Record;

    fn location(document: Value, query: &str) -> String {
        let record = Record {
            id: String::new(),
            workspace_id: String::new(),
            domain: String::new(),
            slug: String::new(),
            document: serde_json::from_value(document).unwrap(),
            password_hash: None,
            click_count: 0,
            bot_click_count: 0,
            last_clicked_at: None,
            created_at: 0,
            updated_at: 0,
            deleted_at: None,
            purge_at: None,
            created_by_key_id: String::new(),
            version: 1,
        };
        let link = Destination::new(&record).unwrap();
        let way = Way {
            url: link.url(),
            kind: "url",
            status: 302,
        };
        compose(&link, way, &Visit::new(query)).into_owned()
    }

    #[test]
    fn query_and_utm() {
        let url = "https://example.com/p?ref=nora#top";
        assert_eq!(
            location(json!({ "url": url }), "a=1"),
            url,
            "not forwarded by default"
        );
        let forward = |query| location(json!({ "url": url, "forward_query": true }), query);
        assert_eq!(
            forward("a=1&b=%20x"),
            "https://example.com/p?ref=nora&a=1&b=+x#top"
        );
        assert_eq!(forward("src=qr"), url, "src is ours");
        assert_eq!(
            forward("ref=thief&a=1"),
            "https://example.com/p?ref=nora&a=1#top"
        );
        assert_eq!(
            forward("a=1&a=2"),
            "https://example.com/p?ref=nora&a=1&a=2#top"
        );
        let utm = json!({ "url": "https://example.com/?utm_source=old", "forward_query": true, "utm": { "source": "new", "term": "a b" } });
        assert_eq!(
            location(utm, "utm_source=thief&utm_medium=m"),
            "https://example.com/?utm_source=new&utm_term=a+b&utm_medium=m"
        );
    }

    #[test]
    fn any_query_is_survived() {
        for query in ["&&&", "=", "%", "%ff=%zz", "a", "a=b=c", "\u{7f}"] {
            let _ = location(
                json!({ "url": "https://example.com/", "forward_query": true }),
                query,
            );
        }
    }
}
