#![doc = include_str!("docs/lib.md")]

mod clean;
mod error;
mod index;
mod link;
mod names;
mod options;
mod rotate;
mod row;
mod script;
mod settle;
mod store;
mod text;
mod tidy;
mod ttl;
mod users;
mod write;

pub use options::RedisOptions;
pub use redis;
pub use store::RedisStore;
