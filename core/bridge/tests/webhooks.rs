//! Signatures, as languages hand them over.

use approute_bridge::webhooks::{Rules, Signed, sign, unwrap, verify};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn what_is_signed_is_verified_and_read() {
    let body = br#"{"type":"link.unheard_of","id":"evt_1","sent_at":"2026-11-01T00:00:00Z"}"#;
    let now = 1_793_491_200.0;
    let headers = sign(body, SECRET, "evt_1", Some(now)).unwrap();
    let pairs = headers
        .into_iter()
        .map(|(name, value)| (name.to_ascii_uppercase(), Some(value)));
    let signed = Signed::Headers(pairs.collect());
    let secrets = ["whsec_b2xk".to_owned(), SECRET.to_owned()];
    let at = |now| Rules {
        now: Some(now),
        tolerance: None,
    };
    verify(body, &signed, &secrets, at(now)).unwrap();
    unwrap(body, &signed, &secrets, at(now)).unwrap();
    for (seconds, why) in [(301.0, "too_old"), (-301.0, "in_future")] {
        let failure = verify(body, &signed, &secrets, at(now + seconds)).unwrap_err();
        assert_eq!(failure.class, "WebhookVerificationError");
        assert_eq!(failure.webhook_failure, Some(why));
    }
    let failure = verify(b"{}", &signed, &secrets, at(now)).unwrap_err();
    assert_eq!(failure.webhook_failure, Some("no_match"));
    let failure = verify(body, &Signed::Headers(Vec::new()), &secrets, at(now)).unwrap_err();
    assert_eq!(failure.webhook_failure, Some("no_signature"));
    let bare = Signed::Signature("sha256=zz".to_owned());
    let failure = verify(body, &bare, &secrets, at(now)).unwrap_err();
    assert_eq!(failure.webhook_failure, Some("malformed"));
}

#[test]
fn times_and_secrets_that_cannot_be_are_named() {
    let signed = Signed::Signature("sha256=00".to_owned());
    let secrets = [SECRET.to_owned()];
    for (rules, words) in [
        (
            Rules {
                tolerance: Some(-1.0),
                now: None,
            },
            "`tolerance`",
        ),
        (
            Rules {
                tolerance: Some(f64::NAN),
                now: None,
            },
            "`tolerance`",
        ),
        (
            Rules {
                tolerance: None,
                now: Some(-1.0),
            },
            "`now`",
        ),
        (
            Rules {
                tolerance: None,
                now: Some(f64::INFINITY),
            },
            "`now`",
        ),
    ] {
        let failure = verify(b"", &signed, &secrets, rules).unwrap_err();
        assert_eq!(failure.class, "ConfigurationError");
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    assert!(sign(b"", "whsec_?", "evt_1", None).is_err());
    assert!(sign(b"", SECRET, "a\nb", None).is_err());
}
