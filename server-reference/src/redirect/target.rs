//! The destination in full: UTM parameters, and the visit's query where the link passes it on.

use std::borrow::Cow;

use approute::models::UtmInput;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::links::record::Record;

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
    [
        ("utm_source", of(|utm| &utm.source)),
        ("utm_medium", of(|utm| &utm.medium)),
        ("utm_campaign", of(|utm| &utm.campaign)),
        ("utm_term", of(|utm| &utm.term)),
        ("utm_content", of(|utm| &utm.content)),
    ]
}

/// The `Location` of a visit. The link's UTM parameters replace those of its destination; what the visit brings along
/// is added where neither has the name already, so that no visitor can change where a link's owner sends people.
pub fn compose(record: &Record, kind: &str, url: String, visit: &Visit<'_>) -> String {
    // Pages of the stores take no parameters of ours.
    if matches!(kind, "ios_app_store" | "android_play_store" | "expired_url") {
        return url;
    }
    let document = &record.document;
    let set: Vec<(&str, &str)> = utm_pairs(document.utm.as_ref())
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let forwards =
        document.forward_query == Some(true) && visit.pairs.iter().any(|(name, _)| name != "src");
    if set.is_empty() && !forwards {
        return url;
    }
    let Ok(mut target) = Url::parse(&url) else {
        return url;
    };
    let mut pairs: Vec<(String, String)> = target
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    pairs.retain(|(name, _)| !set.iter().any(|(own, _)| own == name));
    pairs.extend(
        set.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    if forwards {
        let fixed: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in visit
            .pairs
            .iter()
            .filter(|(name, _)| name != "src" && !fixed.iter().any(|own| own == name))
        {
            pairs.push((name.clone().into_owned(), value.clone().into_owned()));
        }
    }
    target.query_pairs_mut().clear().extend_pairs(pairs);
    target.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn location(document: Value, query: &str) -> String {
        let url = document["url"].as_str().unwrap().to_owned();
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
        compose(&record, "url", url, &Visit::new(query))
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
