//! The Rust that the torture spec gives: it compiles, and does what its docs say.
#![allow(deprecated)]

// The generated code is written for crate `approute`; these are the names that it finds there.
use approute::Patch;

#[path = "../../core/src/glimpse.rs"]
mod glimpse;
#[path = "../../core/src/moment.rs"]
mod moment;
#[path = "../../core/src/open.rs"]
mod open;
#[path = "../../core/src/redacted.rs"]
mod redacted;

#[path = "torture/expected"]
#[rustfmt::skip]
#[allow(dead_code, unreachable_pub)]
mod generated {
    pub mod models;
    pub mod operations;
    pub mod parts;
}

mod patch {
    use serde::{Deserialize, Deserializer};

    /// As the runtime's, which is its own affair.
    pub fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        T::deserialize(deserializer).map(Some)
    }
}

mod operation {
    // The runtime's is stricter.
    pub use progenitor_client::encode_path;

    /// Stands in for the runtime's: where `pre` leaves the request.
    #[derive(Clone, Debug, Default)]
    pub struct Capture(pub std::sync::Arc<std::sync::Mutex<Option<reqwest::Request>>>);
}

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use generated::models::*;
use generated::operations::{Client, ClientInfo, Error, ResponseValue};
use generated::parts;
use operation::Capture;
use progenitor_client::{ClientHooks, OperationInfo};
use serde_json::{Value, json};

impl ClientHooks<Capture> for Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        _: &OperationInfo,
    ) -> Result<(), Error<E>> {
        *self.inner().0.lock().unwrap() = request.try_clone();
        Err(Error::Custom(String::new()))
    }
}

/// The request that an operation builds.
fn request<T, F: Future<Output = Result<ResponseValue<T>, Error<()>>>>(
    operation: impl FnOnce(&'static Client) -> F,
) -> reqwest::Request {
    // The SDK's reqwest comes without cryptography; nothing is sent here, but a client has to be there. A second test
    // finds the provider installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let client = Box::leak(Box::new(Client::new_with_client(
        "https://torture.example",
        client,
        Capture::default(),
    )));
    let future = pin!(operation(client));
    let result = future.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(result, Poll::Ready(Err(Error::Custom(_)))));
    client.inner().0.lock().unwrap().take().unwrap()
}

fn thing() -> Value {
    json!({
        "id": "thg_1", "type": "1x", "self": "s", "class": true, "end": "https://a.example", "func": "thing",
        "fn": 301, "level": 7, "when": "2026-11-05T09:30:00Z", "maybe": null, "maybe_ref": "thg_2",
        "maybe_model": { "name": "p" }, "maybe_mood": null, "list": [{ "name": "wheel", "size": 3 }],
        "lists": [["a", null], []], "labels": { "k": "v" }, "scores": { "k": [1.5] }, "parts": { "p": { "name": "x" } },
        "any": [1, { "two": null }], "pi": 3.5, "big": 9_007_199_254_740_991_i64, "secret": "hush",
    })
}

#[test]
fn what_is_received_survives_a_round_trip() {
    let mut json = thing();
    json["new_field"] = json!({ "of a": "newer server" });
    json["type"] = json!("brand-new");
    let decoded: Thing = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(decoded.type_, Mood::Unknown("brand-new".to_owned()));
    assert_eq!(decoded.fn_, Code::Moved);
    assert_eq!(decoded.level, LevelRead::Unknown(7));
    assert_eq!(decoded.extra["new_field"]["of a"], "newer server");
    assert_eq!(decoded.list[0].extra["size"], 3);
    assert_eq!(serde_json::to_value(&decoded).unwrap(), json);
}

#[test]
fn what_is_null_may_be_missing_and_what_is_not_may_not() {
    let mut json = thing();
    json.as_object_mut().unwrap().remove("maybe");
    let decoded: Thing = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(decoded.maybe, None);
    json.as_object_mut().unwrap().remove("pi");
    let error = serde_json::from_value::<Thing>(json).unwrap_err();
    assert!(error.to_string().contains("missing field `pi`"), "{error}");
}

#[test]
fn odd_values_of_enums() {
    for (value, expected) in [
        ("", Mood::Empty),
        ("1x", Mood::Value1x),
        ("in-progress", Mood::InProgress),
        ("Self", Mood::Self_),
        ("self-made", Mood::SelfMade),
        ("type", Mood::Type),
        ("null", Mood::Null),
        ("true", Mood::True),
        ("a\"b", Mood::AB),
        ("café", Mood::Coffee),
    ] {
        assert_eq!(Mood::from(value), expected);
        assert_eq!(Mood::from(value.to_owned()), expected);
        assert_eq!(expected.to_string(), value);
        assert_eq!(
            serde_json::from_value::<Mood>(json!(value)).unwrap(),
            expected
        );
        assert_eq!(serde_json::to_value(&expected).unwrap(), json!(value));
    }
    assert_eq!(
        serde_json::to_value([Level::MinusOne, Level::Value200]).unwrap(),
        json!([-1, 200])
    );
    assert!(serde_json::from_value::<Level>(json!(3)).is_err());
    assert_eq!(i64::from(Code::from(999)), 999);
}

#[test]
fn a_request_holds_what_was_set_and_nothing_else() {
    let create = ThingCreate::new("self-made", "thg_1", None);
    let json =
        json!({ "type": "self-made", "self": "thg_1", "kind": "thing", "required_null": null });
    assert_eq!(serde_json::to_value(&create).unwrap(), json);
    assert_eq!(serde_json::from_value::<ThingCreate>(json).unwrap(), create);

    let full = create
        .with_new("n")
        .password("hush")
        .level(Level::Value0)
        .switch(Switch::Off)
        .tags(["a", "b"])
        .moods(["", "other"])
        .labels([("k", "v")])
        .scores([("k", vec![1.0])])
        .when(std::time::SystemTime::UNIX_EPOCH)
        .parts([PartInput::new("p")])
        .any("anything")
        .old("old")
        .shape(Shape::Circle(Box::new(Circle::new(2.0))));
    let json = serde_json::to_value(&full).unwrap();
    assert_eq!(json["moods"], json!(["", "other"]));
    assert_eq!(json["when"], "1970-01-01T00:00:00Z");
    assert_eq!(json["shape"], json!({ "kind": "circle", "r": 2.0 }));
    assert_eq!(
        serde_json::from_value::<ThingCreate>(json.clone()).unwrap(),
        full
    );
    let mut unknown = json;
    unknown["nonsense"] = json!(1);
    assert!(serde_json::from_value::<ThingCreate>(unknown).is_err());
}

#[test]
fn a_change_has_three_states_at_every_depth() {
    let deep = DeepPatch::new().deeper(DeeperPatch::new().clear_ratio().on(true));
    let update = ThingUpdate::new()
        .deep(deep)
        .clear_mood()
        .labels([("k", None), ("l", Some("v".to_owned()))]);
    let json = json!({
        "mood": null, "labels": { "k": null, "l": "v" }, "deep": { "deeper": { "ratio": null, "on": true } },
    });
    assert_eq!(serde_json::to_value(&update).unwrap(), json);
    let decoded: ThingUpdate = serde_json::from_value(json).unwrap();
    assert_eq!(decoded, update);
    assert!(decoded.maybe.is_absent());
    assert_eq!(serde_json::to_value(ThingUpdate::new()).unwrap(), json!({}));
}

#[test]
fn secrets_are_not_shown() {
    let thing: Thing = serde_json::from_value(thing()).unwrap();
    let create = ThingCreate::new("type", "thg_1", None).password("hush");
    let update = ThingUpdate::new().password("hush");
    let event = Event::ThingCreated(Box::new(ThingCreatedEvent::from(
        parts::ThingCreatedEvent {
            data: thing.clone(),
        },
    )));
    for shown in [
        format!("{thing:?}"),
        format!("{create:?}"),
        format!("{update:#?}"),
        format!("{event:?}"),
    ] {
        assert!(
            !shown.contains("hush") && shown.contains("[redacted]"),
            "{shown}"
        );
    }
}

#[test]
fn unions_are_told_apart_and_keep_what_they_do_not_know() {
    let created = json!({ "type": "thing.created", "data": thing() });
    let event: Event = serde_json::from_value(created.clone()).unwrap();
    assert!(matches!(event, Event::ThingCreated(_)));
    assert_eq!(event.type_(), "thing.created");
    assert_eq!(serde_json::to_value(&event).unwrap(), created);

    let second: Event = serde_json::from_value(json!({ "type": "thing.2nd-event" })).unwrap();
    assert!(matches!(second, Event::Thing2ndEvent(_)));

    let unknown = json!({ "type": "thing.melted", "at": 1 });
    let event: Event = serde_json::from_value(unknown.clone()).unwrap();
    assert_eq!(event.type_(), "thing.melted");
    assert_eq!(serde_json::to_value(&event).unwrap(), unknown);
    assert!(serde_json::from_value::<Event>(json!({ "at": 1 })).is_err());
}

#[test]
fn answers_are_built_from_parts() {
    let page = ThingPage::from(parts::ThingPage {
        data: vec![],
        next_after: None,
    });
    assert_eq!(
        serde_json::to_value(&page).unwrap(),
        json!({ "data": [], "next_after": null })
    );
    let event = SecondEvent::from(parts::SecondEvent {});
    assert_eq!(
        serde_json::to_value(&event).unwrap(),
        json!({ "type": "thing.2nd-event" })
    );
}

#[test]
fn requests_are_encoded() {
    let end = chrono::DateTime::UNIX_EPOCH;
    let moods = vec![Mood::Empty, Mood::from("a&b")];
    let tags = vec!["x y".to_owned(), "ü".to_owned()];
    let request = request(|client| {
        client.class_type(
            "a/b?c#d e%",
            "in-progress",
            Some(0.5),
            None,
            &end,
            Some(false),
            Some(&LEVEL),
            Some(Box::leak(Box::new(moods))),
            None,
            Some(Box::leak(Box::new(tags))),
            None,
            7,
        )
    });
    let url = request.url();
    assert_eq!(url.path(), "/v1/class/a%2Fb%3Fc%23d%20e%25/in-progress");
    let query: Vec<_> = url.query_pairs().collect();
    let query: Vec<_> = query
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        query,
        [
            "class=0.5",
            "end=1970-01-01T00:00:00Z",
            "func=false",
            "level=200",
            "mood=",
            "mood=a&b",
            "tag=x y",
            "tag=ü"
        ]
    );
    assert_eq!(request.headers()["x-count"], "7");
    assert!(!request.headers().contains_key("api-version"));
}

static LEVEL: Level = Level::Value200;

#[test]
fn bodies_are_json() {
    let body = Box::leak(Box::new(ThingUpdate::new().clear_tags()));
    let request = request(|client| client.things_update_in_depth("thg_1", Some("\"3\""), body));
    assert_eq!(request.method(), "PATCH");
    assert_eq!(request.headers()["if-match"], "\"3\"");
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(
        request.body().unwrap().as_bytes().unwrap(),
        br#"{"tags":null}"#
    );
}
