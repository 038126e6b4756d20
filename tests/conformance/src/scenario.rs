//! The whole product over the real server, with each driver: keys, links, a batch, a confirmation, visits, clicks, QR
//! codes, webhooks received and verified, rotation and revocation.
//!
//! Cases hold an SDK to what is promised; this shows that SDKs and server promise the same.

mod act;
mod stage;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::load::{DriverSpec, Kit};
use crate::run::Scratch;
use stage::Stage;

/// The acts in the order in which they are played; each builds on what those before have left.
const ACTS: [(&str, act::Act); 9] = [
    ("keys: unknown, read and read-write", act::keys),
    (
        "links: create, get, update, list, delete, restore",
        act::links,
    ),
    ("batch: each item has its own outcome", act::batch),
    (
        "confirmation: many deletes are asked for, and repeated with the token",
        act::confirmation,
    ),
    ("visits and clicks: a phone and a desktop", act::clicks),
    ("QR codes: PNG, SVG and PDF", act::qr),
    ("webhooks: received, verified, unwrapped", act::webhooks),
    (
        "rotation of a webhook's secret: both sign, then one",
        act::secret_rotation,
    ),
    (
        "keys: rotated with an overlap, and revoked",
        act::key_rotation,
    ),
];

/// What became of the acts, by their titles.
pub type Played = Vec<(&'static str, Result<(), String>)>;

/// Plays all acts with one driver. After the first that fails the others are not played.
///
/// # Errors
/// When server or driver do not start.
pub fn play(kit: &Kit, driver: &DriverSpec) -> Result<Played, String> {
    let folder = Scratch::new()?;
    let mut stage = Stage::set(kit, driver, &folder.0)?;
    let mut played = Played::new();
    for (title, act) in ACTS {
        let result = act(&mut stage);
        let failed = result.is_err();
        played.push((title, result));
        if failed {
            break;
        }
    }
    Ok(played)
}

/// Whether every act went as it should.
pub fn is_whole(played: &Played) -> bool {
    played.len() == ACTS.len() && played.iter().all(|(_, result)| result.is_ok())
}

/// What went wrong, for the terminal.
pub fn terminal(played: &BTreeMap<String, Played>) -> String {
    let mut text = String::new();
    for (driver, acts) in played {
        for (title, result) in acts {
            if let Err(problem) = result {
                let _ = writeln!(text, "\nscenario with {driver}: {title}\n  ! {problem}");
            }
        }
    }
    text
}

/// The acts and who plays them, for the page.
pub fn markdown(kit: &Kit, played: &BTreeMap<String, Played>) -> String {
    let mut text = "\n## The whole product over the real server\n\n| act |".to_owned();
    for driver in played.keys() {
        let _ = write!(text, " {} |", kit.drivers[driver].title);
    }
    let _ = writeln!(text, "\n|---|{}", ":-:|".repeat(played.len()));
    for (index, (title, _)) in ACTS.iter().enumerate() {
        let _ = write!(text, "| {title} |");
        for acts in played.values() {
            let fine = acts.get(index).is_some_and(|(_, result)| result.is_ok());
            let _ = write!(text, " {} |", if fine { "✓" } else { "✗" });
        }
        text.push('\n');
    }
    text
}
