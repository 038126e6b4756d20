//! Signatures of webhooks: real ones, broken. Nothing that was changed may verify, and nothing may panic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use approute::webhook::{Verifier, sign};
use fastrand::Rng;

use crate::Target;
use crate::mutate;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW: u64 = 1_793_871_000;

pub struct Signatures {
    body: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

impl Signatures {
    pub fn new() -> Self {
        let body =
            br#"{"id":"evt_1","type":"link.created","sent_at":"2026-11-05T09:30:00Z"}"#.to_vec();
        let signed = sign(&body, SECRET, "evt_1", now()).unwrap_or_default();
        let headers = signed
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let headers = headers.collect();
        Self { body, headers }
    }
}

impl Target for Signatures {
    fn name(&self) -> &'static str {
        "signatures"
    }

    fn case(&mut self, random: &mut Rng) -> Result<(), String> {
        let (mut body, mut headers) = (self.body.clone(), self.headers.clone());
        match random.u8(..4) {
            0 => mutate::bytes(&mut body, random),
            1 => drop(headers.remove(random.usize(..headers.len()))),
            _ => {}
        }
        for _ in 0..random.usize(..3) {
            let index = random.usize(..headers.len());
            mutate::bytes(&mut headers[index].1, random);
        }
        let texts: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
            .collect();
        let mut verifier = Verifier::new(SECRET).at(now());
        if random.bool() {
            verifier = verifier.tolerance(Duration::from_secs(random.u64(..)));
        }
        let verified = verifier.verify(&body, &texts).is_ok();
        let _ = verifier.parse_event(&body, &texts);
        let shown = || format!("{}\n{texts:#?}", body.escape_ascii());
        // Some signature has to be whole, and the body the one that was signed.
        let whole = self.headers.iter().any(|(name, value)| {
            let value = String::from_utf8_lossy(value).to_ascii_lowercase();
            let signature = value
                .rsplit([',', '='])
                .find(|part| part.len() > 20)
                .unwrap_or(&value);
            let carries = |(other, text): &(String, String)| {
                other == name && text.to_ascii_lowercase().contains(signature)
            };
            name.contains("signature") && texts.iter().any(carries)
        });
        if verified && (body != self.body || !whole) {
            return Err(format!("a broken delivery verifies\n{}", shown()));
        }
        let untouched =
            body == self.body && texts.len() == self.headers.len() && headers == self.headers;
        if untouched && !verified {
            return Err(format!("a good delivery does not verify\n{}", shown()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_broken_deliveries() {
        let mut target = Signatures::new();
        for seed in 0..10_000 {
            target
                .case(&mut Rng::with_seed(seed))
                .unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        }
    }
}
