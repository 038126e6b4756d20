//! The dashboard over HTTP: what it refuses, and what its forms do. How it looks and works in a browser is in
//! `tests/dashboard`.

mod browser;
mod flows;
mod import;
mod keys;
mod links;
mod pages;
mod security;
mod sign_in;
mod webhooks;
