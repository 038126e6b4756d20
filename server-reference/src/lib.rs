//! The AppRoute reference server: the whole API on SQLite or PostgreSQL.
//!
//! Start at [`server::Server`], which the command line ([`cli`]) and the tests share. A request goes from [`http`] by
//! the generated [`generated::api`] to the handlers in [`api`], which call [`links`], [`clicks`], [`qr`] and
//! [`webhooks`]; visits go to [`redirect`], deliveries out through [`webhook`]. People use [`dashboard`]. Everything that lasts is in [`store`].

pub mod agent;
pub mod api;
pub mod app;
pub mod associations;
pub mod auth;
pub mod cli;
pub mod clicks;
pub mod clock;
pub mod config;
pub mod dashboard;
pub mod dev;
pub mod geoip;
pub mod http;
pub mod ids;
pub mod links;
pub mod metrics;
pub mod password_page;
pub mod problem;
pub mod qr;
pub mod ratelimit;
pub mod redirect;
pub mod server;
pub mod store;
pub mod traces;
pub mod validate;
pub mod variants;
pub mod visitor;
pub mod webhook;
pub mod webhooks;

/// Made from the spec by `cargo xtask generate`.
pub mod generated {
    #[rustfmt::skip]
    pub mod api;
}
