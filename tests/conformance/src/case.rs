//! What a case file says, after its JSON Schema has passed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One case: calls, the server they meet, and what must come of them.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    /// Unique among all cases.
    pub id: String,
    /// What it shows, as a sentence.
    pub title: String,
    /// The rules of `rules.yaml` that it holds.
    #[serde(deserialize_with = "one_or_many")]
    pub rule: Vec<String>,
    /// The folder that the file is in.
    #[serde(default)]
    pub area: String,
    /// Options of the client.
    #[serde(default)]
    pub client: Map<String, Value>,
    /// Environment variables of the driver's process, which is then a new one.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// A constant in [0, 1] that stands for every random draw; real randomness without it.
    pub random: Option<f64>,
    /// The time of day at the start.
    #[serde(default = "default_wall")]
    pub wall: String,
    /// What a driver must be able to do to run this case.
    #[serde(default)]
    pub needs: Vec<String>,
    /// How the server behaves as a whole.
    #[serde(default)]
    pub server: ServerMode,
    /// What is done with the client, in order.
    #[serde(default)]
    pub calls: Vec<Step>,
    /// The tries that the server must see, in order.
    #[serde(default)]
    pub tries: Vec<Try>,
    /// What the driver's texts must and must not show.
    #[serde(default)]
    pub text: BTreeMap<String, TextExpect>,
}

fn default_wall() -> String {
    "2026-11-05T09:30:00Z".to_owned()
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Form::deserialize(from)? {
        Form::One(rule) => vec![rule],
        Form::Many(rules) => rules,
    })
}

/// How the scripted server behaves as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMode {
    /// It listens.
    #[default]
    Http,
    /// Its port refuses connections.
    Refusing,
    /// It speaks TLS, with a certificate of an authority of its own.
    Tls,
    /// The same, with a certificate for another name.
    TlsOtherName,
    /// The same, with a certificate that is no longer valid.
    TlsExpired,
}

/// Something done with the client: a call of an operation, or a webhook helper.
#[derive(Debug, Clone, Deserialize)]
pub struct Step {
    /// The operation, or `webhook.verify`, `webhook.unwrap`, `webhook.sign`.
    pub call: String,
    /// Everything else that the driver is told, passed on as it is.
    #[serde(flatten)]
    pub details: Map<String, Value>,
    /// What must come of it; never shown to the driver.
    pub expect: Expect,
}

/// What must come of a step.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Expect {
    /// A part of the value.
    pub value: Option<Value>,
    /// The whole value.
    pub exactly: Option<Value>,
    /// The items of a list, each as a part.
    pub items: Option<Vec<Value>>,
    /// How many items each page had.
    pub pages: Option<Vec<usize>>,
    /// Bytes of a binary answer.
    pub bytes: Option<BytesExpect>,
    /// Facts of the response.
    pub response: Option<Map<String, Value>>,
    /// The error with all its fields.
    pub error: Option<Map<String, Value>>,
    /// The call was cancelled, and said so in its language's way.
    #[serde(default)]
    pub cancelled: bool,
    /// The step returned without a value.
    #[serde(default)]
    pub done: bool,
    /// The waits between tries in milliseconds.
    pub waits: Option<Vec<Wait>>,
    /// The hooks that ran, in order.
    pub hooks: Option<Vec<Value>>,
    /// The headers that `webhook.sign` returned.
    pub headers: Option<Map<String, Value>>,
    /// The event that `webhook.unwrap` returned.
    pub event: Option<Map<String, Value>>,
}

/// A wait between two tries.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Wait {
    /// This many milliseconds, give or take one for rounding.
    Exact(f64),
    /// At least and at most.
    Range([f64; 2]),
}

/// Bytes and their type.
#[derive(Debug, Clone, Deserialize)]
pub struct BytesExpect {
    /// The media type.
    pub content_type: Option<String>,
    /// The bytes as text.
    pub text: Option<String>,
    /// The bytes in base64.
    pub base64: Option<String>,
    /// How many.
    pub length: Option<usize>,
}

/// What one text of the driver's report must and must not show.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TextExpect {
    /// Must be in it.
    #[serde(default)]
    pub includes: Vec<String>,
    /// Must not be in it.
    #[serde(default)]
    pub excludes: Vec<String>,
}

/// One request that the server must see, and what it does then.
#[derive(Debug, Clone, Deserialize)]
pub struct Try {
    /// `METHOD /path` as on the wire.
    pub request: String,
    /// The query: text = as on the wire, list = pairs in order, map = pairs in any order.
    pub query: Option<Value>,
    /// Named headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body as JSON.
    pub json: Option<Value>,
    /// The exact body.
    pub body: Option<String>,
    /// Whether the request came on a connection that had carried one before.
    pub connection: Option<Connection>,
    /// What the server does.
    pub answer: Answer,
    /// How many times this try is repeated.
    #[serde(default = "one")]
    pub times: usize,
}

fn one() -> usize {
    1
}

/// Which connection a request came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// It carried a request before.
    Reused,
    /// It carried none.
    New,
}

/// What the server does with a request.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Answer {
    /// The status; none where `fault` stands.
    pub status: Option<u16>,
    /// Headers: a map, or pairs where one is repeated.
    #[serde(default)]
    pub headers: Value,
    /// The body as JSON.
    pub json: Option<Value>,
    /// The body as text.
    pub text: Option<String>,
    /// The body in base64.
    pub base64: Option<String>,
    /// A body of so many spaces, generated.
    pub size: Option<usize>,
    /// Whether the body is compressed.
    #[serde(default)]
    pub gzip: bool,
    /// Whether the body is sent in chunks.
    #[serde(default)]
    pub chunked: bool,
    /// Send only so many bytes of the body, then `fault` (close, reset or stall).
    pub cut_after: Option<usize>,
    /// Virtual milliseconds that pass before the answer.
    #[serde(default)]
    pub elapsed: u64,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// Whether the server closes the connection after the answer.
    #[serde(default)]
    pub close: bool,
    /// Whether the server stops listening before it answers, so that what follows is refused.
    #[serde(default)]
    pub last: bool,
    /// Whether the driver is told to cancel when the request has arrived.
    #[serde(default)]
    pub cancel: bool,
}

/// What goes wrong with a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A reset as soon as the first byte arrives, before the request is read.
    ResetBeforeReading,
    /// A reset after the whole request; with `cut_after`, after so many bytes of the body.
    Reset,
    /// An orderly close without an answer; with `cut_after`, after so many bytes of the body.
    Close,
    /// The sending side is closed, the receiving side stays open.
    HalfClose,
    /// Nothing more is sent and the connection stays open; the client must close it.
    Stall,
    /// What is left of the body comes a byte now and then, so that no single read takes long; the client must close it.
    Drip,
    /// A status line that is none.
    Garbage,
}
