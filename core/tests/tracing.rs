//! The span of a call: what it says, and what it never says.

use std::fmt;
use std::sync::{Arc, Mutex};

use approute::mock::{MockTransport, Reply};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Notes the fields of all spans as text.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Visit for &Notes {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{}={value:?}", field.name()));
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("approute")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0
            .lock()
            .unwrap()
            .push(span.metadata().name().to_owned());
        span.record(&mut &*self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut &*self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_call_is_a_span() {
    let notes = Notes::default();
    let mock = MockTransport::new();
    mock.reply(Reply::new(503))
        .reply(Reply::problem(404, "not_found", "No test_key here."));
    let client = mock.client();
    let guard = tracing::subscriber::set_default(notes.clone());
    client.links().get("lnk_secret").await.unwrap_err();
    drop(guard);
    let expected = [
        "approute.call",
        "operation=\"links.get\"",
        "method=\"GET\"",
        "path=\"/v1/links/{link_id}\"",
        "attempts=2",
        "status=404",
        "request_id=\"req_mock\"",
        "error=\"No [redacted] here.\"",
    ];
    assert_eq!(*notes.0.lock().unwrap(), expected);
}
