//! Signatures in two forms over the same bytes.
//!
//! `X-Approute-Signature` is what a person can check with `openssl`; the three `webhook-…` headers are what the public
//! libraries of Standard Webhooks check. The SDK's [`approute::webhook::sign`] makes both for one secret; here they are
//! put together for all secrets in force, so that a receiver may change over at any moment of a rotation's overlap.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use approute::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::Micros;

/// `sha256=<hex>`, one for each secret, separated by a comma.
pub const APPROUTE_SIGNATURE: HeaderName = HeaderName::from_static("x-approute-signature");
/// `v1,<base64>`, one for each secret, separated by a space.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A new signing secret, from random bytes.
pub fn new_secret(random: [u8; 32]) -> Secret {
    Secret::new(format!("whsec_{}", STANDARD.encode(random)))
}

/// `secret_hint`: the last four characters.
pub fn hint(secret: &Secret) -> &str {
    let text = secret.expose();
    &text[text.len().saturating_sub(4)..]
}

/// An endpoint's secret, and the one before it while a rotation overlaps.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The secret that signs from now on.
    pub current: Secret,
    /// The one before, and the moment from which it no longer signs.
    pub previous: Option<(Secret, Micros)>,
}

impl Secrets {
    /// The secrets in force at `now`, the current one first.
    pub fn in_force(&self, now: Micros) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.as_ref().filter(|(_, until)| now < *until);
        std::iter::once(&self.current).chain(previous.map(|(secret, _)| secret))
    }

    /// Whether a rotation overlaps at `now`, so that another one has to wait or end it.
    pub fn overlaps(&self, now: Micros) -> bool {
        self.in_force(now).count() > 1
    }

    /// The secrets after a rotation at `now`; the old one signs too for `overlap` more.
    pub fn rotated(self, new: Secret, now: Micros, overlap: Micros) -> Self {
        let previous = (overlap > 0).then(|| (self.current, now.saturating_add(overlap)));
        Self {
            current: new,
            previous,
        }
    }
}

/// A delivery cannot be signed: the stored secret or the event's id is damaged. Neither is repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsignable;

impl fmt::Display for Unsignable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the delivery cannot be signed: its stored secret or its id is damaged")
    }
}

impl std::error::Error for Unsignable {}

/// The four headers of one attempt. `sent_at` is the one in the body; Standard Webhooks carries its seconds.
pub fn headers(
    secrets: &Secrets,
    event_id: &str,
    sent_at: Micros,
    body: &[u8],
) -> Result<HeaderMap, Unsignable> {
    let since_1970 = u64::try_from(sent_at).map_err(|_| Unsignable)?;
    let time = UNIX_EPOCH + Duration::from_micros(since_1970);
    let mut all: Option<HeaderMap> = None;
    for secret in secrets.in_force(sent_at) {
        let one = approute::webhook::sign(body, secret.expose(), event_id, time)
            .map_err(|_| Unsignable)?;
        match &mut all {
            None => all = Some(one),
            Some(all) => {
                append(all, &one, APPROUTE_SIGNATURE, ", ")?;
                append(all, &one, WEBHOOK_SIGNATURE, " ")?;
            }
        }
    }
    all.ok_or(Unsignable)
}

/// Adds the value that `from` has for `name` to the list that `to` has.
fn append(
    to: &mut HeaderMap,
    from: &HeaderMap,
    name: HeaderName,
    separator: &str,
) -> Result<(), Unsignable> {
    let text = |map: &HeaderMap| {
        map.get(&name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (list, value) = text(to).zip(text(from)).ok_or(Unsignable)?;
    let list =
        HeaderValue::try_from(format!("{list}{separator}{value}")).map_err(|_| Unsignable)?;
    to.insert(name, list);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::clock::SECOND;

    const VECTOR: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: Micros = 1_614_265_330 * SECOND;

    fn alone(secret: &Secret) -> Secrets {
        Secrets {
            current: secret.clone(),
            previous: None,
        }
    }

    fn vector() -> Secrets {
        alone(&Secret::new(VECTOR))
    }

    fn value(headers: &HeaderMap, name: impl http::header::AsHeaderName) -> String {
        headers
            .get(name)
            .expect("set")
            .to_str()
            .expect("visible ASCII")
            .to_owned()
    }

    #[test]
    fn the_vector_of_standard_webhooks_holds() {
        let headers = headers(
            &vector(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            AT + 999_999,
            BODY,
        )
        .expect("signed");
        assert_eq!(headers.len(), 4);
        assert_eq!(
            value(&headers, "webhook-id"),
            "msg_p5jXN8AQM9LWM0D4loKWxJek"
        );
        assert_eq!(value(&headers, "webhook-timestamp"), "1614265330");
        assert_eq!(
            value(&headers, "webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn openssl_gives_the_plain_signature() {
        let mut openssl = Command::new("openssl")
            .args(["dgst", "-sha256", "-hmac", VECTOR])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/bootstrap test installs openssl");
        openssl
            .stdin
            .take()
            .expect("piped")
            .write_all(BODY)
            .expect("openssl reads");
        let output = openssl.wait_with_output().expect("openssl ends").stdout;
        let output = String::from_utf8(output).expect("text");
        let expected = output
            .rsplit(' ')
            .next()
            .expect("the digest comes last")
            .trim();
        assert_eq!(expected.len(), 64, "{output}");
        let headers = headers(&vector(), "evt_1", AT, BODY).expect("signed");
        assert_eq!(
            value(&headers, "x-approute-signature"),
            format!("sha256={expected}")
        );
    }

    #[test]
    fn two_secrets_sign_until_the_overlap_ends() {
        let old = new_secret([7; 32]);
        let both = alone(&old).rotated(Secret::new(VECTOR), AT, 10 * SECOND);
        for (now, overlaps) in [
            (AT, true),
            (AT + 10 * SECOND - 1, true),
            (AT + 10 * SECOND, false),
        ] {
            let signed = headers(&both, "evt_1", now, BODY).expect("signed");
            let [new, old] = [&both.current, &old]
                .map(|secret| headers(&alone(secret), "evt_1", now, BODY).expect("signed"));
            for (name, separator) in [(APPROUTE_SIGNATURE, ", "), (WEBHOOK_SIGNATURE, " ")] {
                let mut expected = value(&new, &name);
                if overlaps {
                    expected = [expected, value(&old, &name)].join(separator);
                }
                assert_eq!(value(&signed, &name), expected, "{name} at {now}");
            }
            assert_eq!(signed.len(), 4);
            assert_eq!(both.overlaps(now), overlaps);
        }
        let stopped = both.rotated(new_secret([8; 32]), AT, 0);
        assert!(
            !stopped.overlaps(AT),
            "an overlap of 0 stops the old one at once"
        );
    }

    /// Either secret of a rotation is enough for a receiver with the SDK.
    #[test]
    fn the_sdk_verifies_with_either_secret() {
        let body = br#"{"sent_at":"2021-02-25T15:02:10Z"}"#;
        let old = new_secret([7; 32]);
        let both = alone(&old).rotated(Secret::new(VECTOR), AT, SECOND);
        let headers = headers(&both, "evt_1", AT, body).expect("signed");
        let verify = |secret: &str| {
            let now = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
            approute::webhook::Verifier::new(secret)
                .at(now)
                .verify(body, &headers)
        };
        assert!(verify(VECTOR).is_ok());
        assert!(verify(old.expose()).is_ok());
        assert!(verify(new_secret([9; 32]).expose()).is_err());
    }

    #[test]
    fn secrets_have_their_form_and_stay_out_of_logs() {
        let secret = new_secret([255; 32]);
        assert_eq!(
            secret.expose(),
            "whsec_//////////////////////////////////////////8="
        );
        assert_eq!(hint(&secret), "//8=");
        assert!(!format!("{:?}", alone(&secret)).contains("//"));
    }

    #[test]
    fn damaged_secrets_and_ids_are_errors() {
        assert_eq!(
            headers(&alone(&Secret::new("whsec_????")), "evt_1", AT, BODY),
            Err(Unsignable)
        );
        assert_eq!(headers(&vector(), "evt_\n", AT, BODY), Err(Unsignable));
        assert_eq!(headers(&vector(), "evt_1", -1, BODY), Err(Unsignable));
    }
}
