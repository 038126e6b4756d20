//! The API over HTTP, sentence by sentence of its contract. Every answer is held against the spec.

#![forbid(unsafe_code)]

mod auth;
mod batch;
mod bodies;
mod click_pages;
mod clicks;
mod concurrency;
mod confirmation;
mod controls;
mod dashboard;
mod deliveries;
mod domains;
mod faults;
mod front;
mod harness;
mod http_client;
mod http_itself;
mod idempotency;
mod input;
mod input_elsewhere;
mod lifecycle;
mod links;
mod list;
mod nodes;
mod operation;
mod password;
mod qr;
mod receiver;
mod redirect;
mod retries;
mod spec;
mod thresholds;
mod traces;
mod upgrade;
mod verifiers;
mod visits;
mod webhook_secrets;
mod webhooks;
