//! The conformance kit: what every AppRoute SDK does the same, as data.
//!
//! [`load`] reads cases and rules, [`check`] refuses what does not hang together, [`run`] gives each case to each
//! driver together with a scripted [`server`], [`outcome`] and [`request`] compare, [`report`] says what came out, and
//! [`mutants`] and
//! [`facades`] prove that breaking a rule turns a case red. `tests/conformance/README.md` describes the formats.

pub mod case;
pub mod check;
pub mod clock;
pub mod driver;
pub mod facades;
pub mod load;
pub mod matching;
pub mod mutants;
pub mod normal;
pub mod outcome;
pub mod redaction;
pub mod report;
pub mod request;
pub mod run;
pub mod scenario;
pub mod server;
pub mod session;
pub mod tls;
pub mod wire;
