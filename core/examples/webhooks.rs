//! A receiver of webhooks without a framework: what comes in is checked, read and answered.

use std::collections::HashSet;
use std::time::SystemTime;

use approute::ErrorKind;
use approute::http::HeaderMap;
use approute::models::Event;
use approute::webhook::{self, Failure};

struct Receiver {
    /// The current secret, and the previous one while it is rotated.
    secrets: Vec<String>,
    /// Ids of events that were handled. Delivery is at least once; keep them in a database.
    seen: HashSet<String>,
}

impl Receiver {
    /// Handles a delivery and returns the status to answer with.
    fn receive(&mut self, headers: &HeaderMap, body: &[u8]) -> u16 {
        let event = match webhook::parse_event(body, headers, &self.secrets) {
            Ok(event) => event,
            Err(error) if error.webhook_failure() == Some(Failure::TooOld) => return 408,
            Err(error) if error.kind() == ErrorKind::WebhookVerification => {
                eprintln!("refused: {error}");
                return 401;
            }
            Err(error) => {
                eprintln!("not understood: {error}");
                return 400;
            }
        };
        match event {
            Event::LinkCreated(event) if self.seen.insert(event.id.clone()) => {
                println!("{} was created", event.data.link.short_url);
            }
            Event::LinkClickThreshold(event) if self.seen.insert(event.id.clone()) => {
                println!("{} clicks", event.data.click_count);
            }
            // Types that come later are of no interest here, but they are no error either.
            other => println!("nothing to do for {other:?}"),
        }
        204
    }
}

fn main() -> Result<(), approute::Error> {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut receiver = Receiver {
        secrets: vec![secret.to_owned()],
        seen: HashSet::new(),
    };
    let now = approute::chrono::Utc::now().to_rfc3339();
    let body =
        format!(r#"{{"id":"evt_1","type":"link.of_the_future","sent_at":"{now}","data":{{}}}}"#);
    let headers = webhook::sign(&body, secret, "evt_1", SystemTime::now())?;

    assert_eq!(receiver.receive(&headers, body.as_bytes()), 204);
    assert_eq!(receiver.receive(&headers, b"changed"), 401);
    assert_eq!(receiver.receive(&HeaderMap::new(), body.as_bytes()), 401);
    Ok(())
}

#[test]
fn it_runs() {
    main().unwrap();
}
