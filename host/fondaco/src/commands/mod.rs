//! The client commands and tools, one file each.

pub(crate) mod audit;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod plugins;
pub(crate) mod push;
pub(crate) mod quote;
pub(crate) mod release;
pub(crate) mod rollback;
pub(crate) mod services;
mod wire;
