//! The resource **webhooks**: endpoints, their secrets, and what is announced to them. How a delivery is made is in
//! [`crate::webhook`].

pub mod announce;
pub mod create;
pub mod deliver;
pub mod list;
pub mod queue;
pub mod record;
pub mod rotate;
pub mod single;
pub mod update;
