//! What all tries of a call together mean for the data.

use http::StatusCode;

use crate::error::Outcome;
use crate::transport::{TransportError, TransportErrorKind};

/// Follows the tries of a call.
#[derive(Debug, Default)]
pub(super) struct OutcomeTracker {
    /// Whether any try may have written a byte.
    sent: bool,
    /// Whether every try that was sent was refused.
    all_refused: Option<bool>,
    last: Last,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Last {
    #[default]
    Nothing,
    /// Refused before the server looked at the idempotency key: says nothing about the tries before.
    Refused,
    /// Refused by the handler, which comes after the key: no try under the same key was carried out.
    Decided,
    Applied,
    Unknown,
}

impl OutcomeTracker {
    /// A try was answered.
    pub(super) fn answered(&mut self, status: StatusCode, code: Option<&str>) {
        self.sent(of_answer(status, code));
    }

    /// A try had no answer, or one that could not be read.
    pub(super) fn failed(&mut self, failure: &TransportError) {
        if !failure.sent {
            return;
        }
        use TransportErrorKind::{ProxyAuthentication, TooLarge, Undecodable};
        let last = match (&failure.head, failure.kind) {
            // The head is complete and the body was there: the status counts, as for any other answer.
            (Some(head), TooLarge | Undecodable) => of_answer(head.0, None),
            (_, ProxyAuthentication) => Last::Refused,
            _ => Last::Unknown,
        };
        self.sent(last);
    }

    fn sent(&mut self, last: Last) {
        let refused = matches!(last, Last::Refused | Last::Decided);
        self.all_refused = Some(self.all_refused.unwrap_or(true) && refused);
        self.sent = true;
        self.last = last;
    }

    /// The outcome so far. `keyed`: all tries carried the same idempotency key.
    pub(super) fn of_call(&self, keyed: bool) -> Outcome {
        match (self.sent, self.all_refused, self.last) {
            (false, ..) => Outcome::NotSent,
            (_, _, Last::Applied) => Outcome::Applied,
            (_, Some(true), _) => Outcome::Rejected,
            (_, _, Last::Decided) if keyed => Outcome::Rejected,
            _ => Outcome::Unknown,
        }
    }
}

fn of_answer(status: StatusCode, code: Option<&str>) -> Last {
    match (status.as_u16(), code) {
        (200..=299, _) => Last::Applied,
        // The first says that another try is being carried out, the second that one was.
        (409, Some("idempotency_in_flight" | "idempotency_result_gone")) => Last::Unknown,
        // Whoever sends it gave up waiting; the request may have arrived by then.
        (408, _) => Last::Unknown,
        (404 | 409 | 412 | 422, Some(_)) => Last::Decided,
        (400..=499, _) => Last::Refused,
        _ => Last::Unknown,
    }
}
