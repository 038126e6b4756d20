//! What an error means for the data, for whole sequences of tries.

use approute::mock::{MockTransport, Reply};
use approute::models::LinkCreate;
use approute::transport::{Limits, Transport, TransportError, TransportErrorKind};
use approute::{Client, Error, Outcome};

fn answer(status: u16) -> Reply {
    Reply::new(status).header("x-should-retry", "true")
}

fn handler(status: u16, code: &str) -> Reply {
    Reply::problem(status, code, "No.").header("x-should-retry", "true")
}

/// The error after exactly these tries.
async fn after(replies: &[Reply], write: bool) -> Error {
    let mock = MockTransport::new();
    for reply in replies {
        mock.reply(reply.clone());
    }
    let retries = u32::try_from(replies.len()).unwrap() - 1;
    let client = mock.builder().max_retries(retries).build().unwrap();
    let error = if write {
        let body = LinkCreate::new("https://example.com");
        client.links().create(body).await.unwrap_err()
    } else {
        client.links().get("lnk_1").await.unwrap_err()
    };
    mock.assert_done();
    assert_eq!(error.attempts() as usize, replies.len());
    error
}

#[tokio::test]
async fn sequences_of_tries() {
    use Outcome::{Applied, NotSent, Rejected, Unknown};
    let taken = || handler(409, "slug_taken");
    let invalid = || handler(422, "validation_failed");
    let limited = || handler(429, "rate_limited");
    let no_key = || handler(401, "invalid_api_key");
    let gone = || handler(409, "idempotency_result_gone");
    let wrong = || Reply::new(200).body("<html>");
    // The tries, the outcome of a write (all under one key), and of a read (without one).
    let rows: &[(&[Reply], Outcome, Outcome)] = &[
        (&[Reply::refused()], NotSent, NotSent),
        (&[Reply::refused(), Reply::refused()], NotSent, NotSent),
        (&[invalid()], Rejected, Rejected),
        (&[no_key()], Rejected, Rejected),
        (&[limited(), limited()], Rejected, Rejected),
        (&[answer(404)], Rejected, Rejected),
        (&[answer(400)], Rejected, Rejected),
        (&[Reply::refused(), invalid()], Rejected, Rejected),
        (&[invalid(), Reply::refused()], Rejected, Rejected),
        (&[answer(500)], Unknown, Unknown),
        (&[answer(503), answer(503)], Unknown, Unknown),
        (&[answer(408)], Unknown, Unknown),
        (&[answer(302)], Unknown, Unknown),
        (&[Reply::reset()], Unknown, Unknown),
        (&[Reply::never()], Unknown, Unknown),
        (&[Reply::refused(), Reply::reset()], Unknown, Unknown),
        (&[Reply::reset(), Reply::refused()], Unknown, Unknown),
        // A handler's answer comes after the key was looked up, so it speaks for all tries under it.
        (&[Reply::never(), taken()], Rejected, Unknown),
        (&[answer(502), invalid()], Rejected, Unknown),
        (&[answer(502), handler(404, "not_found")], Rejected, Unknown),
        (
            &[answer(502), handler(412, "precondition_failed")],
            Rejected,
            Unknown,
        ),
        // What comes before the key is looked up speaks for its own try only.
        (&[Reply::reset(), limited()], Unknown, Unknown),
        (&[Reply::reset(), no_key()], Unknown, Unknown),
        (&[Reply::reset(), answer(404)], Unknown, Unknown),
        (&[Reply::reset(), answer(400)], Unknown, Unknown),
        // It was carried out once.
        (&[gone()], Unknown, Unknown),
        (&[Reply::reset(), gone()], Unknown, Unknown),
        (&[wrong()], Applied, Applied),
        (&[answer(500), wrong()], Applied, Applied),
    ];
    for (replies, write, read) in rows {
        assert_eq!(
            after(replies, true).await.outcome(),
            *write,
            "write {replies:?}"
        );
        assert_eq!(
            after(replies, false).await.outcome(),
            *read,
            "read {replies:?}"
        );
    }
}

/// Fails as told, with the head of an answer that had come.
struct Broken(TransportErrorKind, u16);

impl Transport for Broken {
    fn send(
        &self,
        _: approute::http::Request<approute::bytes::Bytes>,
        _: Limits,
    ) -> approute::time::BoxFuture<
        '_,
        Result<approute::http::Response<approute::bytes::Bytes>, TransportError>,
    > {
        let status = self.1.try_into().unwrap();
        let error = TransportError::new(self.0, "broken").with_head(status, Default::default());
        Box::pin(async move { Err(error) })
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_used_leaves_its_status_to_speak() {
    use TransportErrorKind::{Interrupted, TooLarge, Undecodable};
    for (kind, status, expected) in [
        (TooLarge, 201, Outcome::Applied),
        (Undecodable, 200, Outcome::Applied),
        (TooLarge, 404, Outcome::Rejected),
        (TooLarge, 500, Outcome::Unknown),
        (Interrupted, 200, Outcome::Unknown),
    ] {
        let client = Client::builder()
            .api_key("k")
            .transport(Broken(kind, status));
        let client = client.max_retries(0).build().unwrap();
        let error = client.links().get("lnk_1").await.unwrap_err();
        assert_eq!(error.outcome(), expected, "{kind:?} {status}");
        let kept = (kind != Interrupted).then_some(status);
        assert_eq!(error.status().map(|status| status.as_u16()), kept);
    }
}
