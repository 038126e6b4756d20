//! Request bodies: the examples of the spec, broken.

use std::path::Path;

use fastrand::Rng;
use serde_json::Value;

use crate::Target;
use crate::http::Server;
use crate::mutate;

const SPEC: &str = include_str!("../../../spec/openapi.json");

pub struct Bodies {
    server: Server,
    /// Method, path with real ids, and an example of the body.
    examples: Vec<(String, String, Value)>,
}

impl Bodies {
    pub fn new(server: &Path) -> Result<Self, String> {
        let mut server = Server::start(server)?;
        let json = "content-type: application/json\r\n";
        let link = server.send(
            "POST",
            "/v1/links",
            json,
            br#"{"url": "https://example.com/"}"#,
        )?;
        let webhook = br#"{"url": "https://example.com/", "events": ["link.password_failed"]}"#;
        let webhook = server.send("POST", "/v1/webhooks", json, webhook)?;
        let ids = [("{link_id}", link.json()), ("{webhook_id}", webhook.json())];
        let spec: Value = serde_json::from_str(SPEC).map_err(|error| error.to_string())?;
        let mut examples = Vec::new();
        for (path, item) in spec["paths"].as_object().into_iter().flatten() {
            for method in ["post", "patch"] {
                let mut path = path.clone();
                for (name, made) in &ids {
                    path = path.replace(name, made["id"].as_str().unwrap_or_default());
                }
                for example in bodies(&spec, &item[method]["requestBody"]) {
                    examples.push((method.to_uppercase(), path.clone(), example));
                }
            }
        }
        if examples.len() < 5 {
            return Err(format!(
                "the spec has {} examples of bodies only",
                examples.len()
            ));
        }
        Ok(Self { server, examples })
    }
}

/// The examples of a request's body.
fn bodies(spec: &Value, body: &Value) -> Vec<Value> {
    let schema = resolve(
        spec,
        &resolve(spec, body)["content"]["application/json"]["schema"],
    );
    schema["examples"].as_array().cloned().unwrap_or_default()
}

fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str();
    reference
        .and_then(|reference| spec.pointer(reference.trim_start_matches('#')))
        .unwrap_or(value)
}

impl Target for Bodies {
    fn name(&self) -> &'static str {
        "bodies"
    }

    fn case(&mut self, random: &mut Rng) -> Result<(), String> {
        let (method, path, example) = &self.examples[random.usize(..self.examples.len())];
        let mut body = example.clone();
        mutate::value(&mut body, random);
        let mut body = body.to_string().into_bytes();
        if random.u8(..3) == 0 {
            mutate::bytes(&mut body, random);
        }
        let kind = match random.u8(..20) {
            0 => "",
            1 => "content-type: text/plain\r\n",
            2 => "content-type: application/json; charset=utf-16\r\n",
            3 => "content-type: application/json\r\ncontent-encoding: gzip\r\n",
            4 => "content-type: application/json\r\nidempotency-key: a\r\n",
            5 => "content-type: application/json\r\nif-match: \"\r\n",
            _ => "content-type: application/json\r\n",
        };
        let answer = self.server.send(method, path, kind, &body);
        answer.and_then(|answer| answer.check()).map_err(|problem| {
            format!(
                "{problem}\n{method} {path}\n{kind}\n{}",
                body.escape_ascii()
            )
        })
    }

    fn end(&mut self) -> Result<(), String> {
        self.server.is_alive()
    }
}
