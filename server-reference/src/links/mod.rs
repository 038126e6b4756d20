//! Links: what they are, the rules they keep, and each operation on them.

pub mod batch;
pub mod check;
pub mod create;
pub mod cursor;
pub mod delete;
pub mod list;
pub mod password;
pub mod record;
pub mod single;
pub mod slug;
pub mod update;
pub mod view;
