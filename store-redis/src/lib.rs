//! Sessions of `bursar-session` on Redis 7 or Valkey, and on clusters of them: [`RedisStore`] is a
//! [`SessionStore`](bursar_session::SessionStore).
//!
//! | feature | opens | by |
//! |---|---|---|
//! | | a server, by its address | [`RedisStore::open`], [`RedisOptions::open`] |
//! | | a connection of the caller's own | [`RedisStore::with_connection`] |
//! | `cluster` | a cluster, by the addresses of some nodes | `RedisStore::cluster`, `RedisOptions::cluster` |
//!
//! ```no_run
//! use std::time::Duration;
//! use bursar_store_redis::RedisOptions;
//!
//! # async fn open() -> Result<(), bursar_session::StoreError> {
//! // A logout that was answered is known to one replica at least.
//! let options = RedisOptions::new().wait_for_replicas(1, Duration::from_millis(500));
//! let store = options.open("redis://sessions.internal:6379").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it keeps to
//!
//! - A session is one string under one key. A load is one `GET`, a touch or an update one script: a round trip each. Every script has one
//!   key, so that a cluster takes it, and is known to the server by its hash; a server that was started anew is told it again.
//! - Nothing is written over that was not looked at in the same step: no call brings back what is gone.
//! - A rotation is of two keys, which may be on two servers. It is done at one step, on the old key; whoever comes to the new one in the
//!   middle completes it. The end of all of a user's sessions is done at one step in the user's index, wherever the sessions are. A process that
//!   is killed at any command leaves either whole or undone.
//! - Every command knows its own work again. One whose answer was lost with the connection is repeated once; if that fails as well, the
//!   outcome is [unknown](bursar_session::StoreErrorKind::UnknownOutcome). No call is waited for longer than its
//!   [timeout](RedisOptions::timeout) a command.
//! - Time is the caller's. Every key has a time to live as well, an hour longer than a caller needs it: Redis cleans up by itself, and
//!   [`delete_expired`](bursar_session::SessionStore::delete_expired) is for whoever wants rows gone sooner.
//! - Names and values hold hashes of keys, never keys; users' ids are in the names of their indexes. Neither is in an error or in `Debug`.
//!
//! # What it does not do
//!
//! - It is as durable as Redis is told to be: with `appendfsync everysec` a crash may lose the last second, a logout in it too. A failover may
//!   lose what no replica had; [`wait_for_replicas`](RedisOptions::wait_for_replicas) has that waited for, and is no promise either: Redis may
//!   promote another replica.
//! - A server that throws keys away when its memory is full (`maxmemory-policy` other than `noeviction`) throws sessions away.
//! - A cleaning walks through all keys of the database, a page at a time: it is better done once in a while than every minute, or not at all.
//! - A listing, and the end of all, look at each of the user's sessions: they are for users with sessions by the dozen.
//! - There is no TLS but by a feature of the crate [`redis`], which the application chooses: `tokio-rustls-comp` or `tokio-native-tls-comp`.
//! - Sentinels are not asked; a [connection](RedisStore::with_connection) to whom they name can be.
//! - The store lives on the tokio runtime on which it was opened, and ends with it.

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
