//! Signatures in two forms over the same bytes.
//!
//! `X-Approute-Signature` is what a person can check with `openssl`; the three `webhook-…` headers are what the public
//! libraries of Standard Webhooks check. Both carry one signature for each secret that is in force, so that a receiver
//! may change over at any moment of a rotation's overlap.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::clock::{Micros, SECOND};

/// `sha256=<hex>`, one for each secret, separated by a comma.
pub const APPROUTE_SIGNATURE: HeaderName = HeaderName::from_static("x-approute-signature");
/// The event's id.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// Seconds since 1970 when this attempt was signed.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// `v1,<base64>`, one for each secret, separated by a space.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const PREFIX: &str = "whsec_";

/// A signing secret: `whsec_` and the base64 of its bytes. It never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    bytes: Vec<u8>,
}

/// The text is no signing secret. It is not repeated here, since it may nearly be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSecret;

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signing secret is `whsec_` and the base64 of at least 24 bytes")
    }
}

impl std::error::Error for InvalidSecret {}

impl Secret {
    /// A new secret from 32 random bytes.
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self {
            text: format!("{PREFIX}{}", STANDARD.encode(bytes)),
            bytes: bytes.to_vec(),
        }
    }

    /// Reads a stored secret.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        // Standard Webhooks asks for 24 to 64 bytes.
        if bytes.len() < 24 {
            return Err(InvalidSecret);
        }
        Ok(Self {
            text: text.to_owned(),
            bytes,
        })
    }

    /// The secret as its owner has it: for the answers to `create` and `rotate_secret` and for the encrypted store only.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// `secret_hint`: the last four characters.
    pub fn hint(&self) -> &str {
        &self.text[self.text.len() - 4..]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
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
        let previous = self
            .previous
            .as_ref()
            .filter(|(_, until)| now < *until)
            .map(|(secret, _)| secret);
        std::iter::once(&self.current).chain(previous)
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

/// The four headers of one attempt. `sent_at` is the one in the body, cut to seconds.
pub fn headers(secrets: &Secrets, event_id: &str, sent_at: Micros, body: &[u8]) -> HeaderMap {
    let timestamp = sent_at.div_euclid(SECOND).to_string();
    let plain: Vec<String> = secrets
        .in_force(sent_at)
        .map(|secret| format!("sha256={}", plain_signature(secret, body)))
        .collect();
    let standard: Vec<String> = secrets
        .in_force(sent_at)
        .map(|secret| {
            format!(
                "v1,{}",
                standard_signature(secret, event_id, &timestamp, body)
            )
        })
        .collect();
    [
        (APPROUTE_SIGNATURE, plain.join(", ")),
        (WEBHOOK_ID, event_id.to_owned()),
        (WEBHOOK_TIMESTAMP, timestamp),
        (WEBHOOK_SIGNATURE, standard.join(" ")),
    ]
    .into_iter()
    .map(|(name, value)| {
        (
            name,
            HeaderValue::try_from(value).expect("ids, digits, hex and base64 are visible ASCII"),
        )
    })
    .collect()
}

/// The key is the secret's own text, so that `openssl dgst -sha256 -hmac "$SECRET"` gives the same.
fn plain_signature(secret: &Secret, body: &[u8]) -> String {
    let mac = keyed(secret.text.as_bytes())
        .chain_update(body)
        .finalize()
        .into_bytes();
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn standard_signature(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mac = keyed(&secret.bytes)
        .chain_update(id)
        .chain_update(".")
        .chain_update(timestamp)
        .chain_update(".")
        .chain_update(body)
        .finalize();
    STANDARD.encode(mac.into_bytes())
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of every length")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    const VECTOR: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const AT: Micros = 1_614_265_330 * SECOND;

    fn secrets(previous: Option<(Secret, Micros)>) -> Secrets {
        Secrets {
            current: Secret::parse(VECTOR).expect("the vector"),
            previous,
        }
    }

    fn value(headers: &HeaderMap, name: &HeaderName) -> String {
        headers[name].to_str().expect("visible ASCII").to_owned()
    }

    #[test]
    fn the_vector_of_standard_webhooks_holds() {
        let headers = headers(
            &secrets(None),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            AT + 999_999,
            BODY,
        );
        assert_eq!(headers.len(), 4);
        assert_eq!(value(&headers, &WEBHOOK_ID), "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(value(&headers, &WEBHOOK_TIMESTAMP), "1614265330");
        assert_eq!(
            value(&headers, &WEBHOOK_SIGNATURE),
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
            .expect("openssl is installed by scripts/bootstrap test");
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
        let headers = headers(&secrets(None), "evt_1", AT, BODY);
        assert_eq!(
            value(&headers, &APPROUTE_SIGNATURE),
            format!("sha256={expected}")
        );
    }

    #[test]
    fn two_secrets_sign_until_the_overlap_ends() {
        let old = Secret::from_random([7; 32]);
        let both = Secrets {
            current: old.clone(),
            previous: None,
        }
        .rotated(Secret::parse(VECTOR).expect("the vector"), AT, 10 * SECOND);
        let alone = |secret: &Secret| Secrets {
            current: secret.clone(),
            previous: None,
        };
        for (now, overlaps) in [
            (AT, true),
            (AT + 10 * SECOND - 1, true),
            (AT + 10 * SECOND, false),
        ] {
            let signed = headers(&both, "evt_1", now, BODY);
            let [new, old] =
                [&both.current, &old].map(|secret| headers(&alone(secret), "evt_1", now, BODY));
            for (name, separator) in [(APPROUTE_SIGNATURE, ", "), (WEBHOOK_SIGNATURE, " ")] {
                let mut expected = value(&new, &name);
                if overlaps {
                    expected.push_str(separator);
                    expected.push_str(&value(&old, &name));
                }
                assert_eq!(value(&signed, &name), expected, "{name} at {now}");
            }
            assert_eq!(both.overlaps(now), overlaps);
        }
        assert!(
            !both
                .rotated(Secret::from_random([8; 32]), AT, 0)
                .overlaps(AT),
            "an overlap of 0 stops the old one at once"
        );
    }

    #[test]
    fn secrets_are_read_strictly_and_stay_out_of_logs() {
        let secret = Secret::from_random([255; 32]);
        assert_eq!(Secret::parse(secret.reveal()).as_ref(), Ok(&secret));
        assert_eq!(
            secret.reveal(),
            "whsec_//////////////////////////////////////////8="
        );
        assert_eq!(secret.hint(), "//8=");
        assert!(!format!("{:?}", secrets(Some((secret, AT)))).contains("//"));
        for wrong in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa",
            "whsec_????",
        ] {
            assert_eq!(Secret::parse(wrong), Err(InvalidSecret), "{wrong}");
        }
    }
}
