//! The destination in full: UTM parameters, and the visit's query where the link passes it on.

use std::borrow::Cow;
use std::collections::HashSet;

use approute::models::UtmInput;
use http::HeaderValue;
use percent_encoding::percent_decode_str;

use super::decide::Way;
use super::destination::{Destination, Url};

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

/// The `Location` of a visit. The link's UTM parameters replace those of its destination; what the visit brings along
/// is added where neither has the name already, so that no visitor can change where a link's owner sends people.
pub fn compose(link: &Destination, way: Way<'_>, visit: &Visit<'_>) -> Url {
    // Pages of the stores take no parameters of ours.
    if matches!(
        way.kind,
        "ios_app_store" | "android_play_store" | "expired_url"
    ) {
        return way.url.clone();
    }
    let forwards = link.forward_query && visit.pairs.iter().any(|(name, _)| name != "src");
    let utm = link.utm();
    if !forwards && utm.iter().all(Option::is_none) {
        return way.url.clone();
    }
    let Some(mut target) = way
        .url
        .to_str()
        .ok()
        .and_then(|url| url::Url::parse(url).ok())
    else {
        return way.url.clone();
    };
    let set: Vec<(&str, &str)> = UTM
        .into_iter()
        .zip(utm)
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
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
        let fixed: HashSet<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
        for (name, value) in visit
            .pairs
            .iter()
            .filter(|(name, _)| name != "src" && !fixed.contains(name.as_ref()))
        {
            pairs.push((name.clone().into_owned(), value.clone().into_owned()));
        }
    }
    target.query_pairs_mut().clear().extend_pairs(pairs);
    HeaderValue::try_from(String::from(target)).unwrap_or_else(|_| way.url.clone())
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
            url: &link.url,
            kind: "url",
            status: 302,
        };
        let location = compose(&link, way, &Visit::new(query));
        location.to_str().unwrap().to_owned()
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
