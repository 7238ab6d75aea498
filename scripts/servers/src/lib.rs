//! Servers for tests: private PostgreSQL, MariaDB and Redis servers that are started, killed, started again and stopped, and what a test is
//! given by the environment.
//!
//! | for | see |
//! |---|---|
//! | a server of one's own, to kill | [`Server`] |
//! | a server that can be read only, or its replica | [`Server::read_only`], [`Server::replica`] |
//! | a pool in front of PostgreSQL | [`Bouncer`] |
//! | a cluster of one's own | [`GaleraCluster`], [`RedisCluster`] |
//! | the server that all tests share | [`given`], [`Given`] |
//! | connections that are cut when the test wants it | [`Proxy`], [`Cut`] |
//! | a program that reads journals | [`Tool`] |
//! | a browser, and what looks its pages over | [`Browser`], [`axe`] |
//! | trials that are ignored where nothing is given | [`trials`] |
//!
//! A server lives in a folder of its own under the folder for temporary files, listens on loopback alone, keeps the durable settings
//! it comes with, and is gone with the [`Server`], or with the process, however that ends.
//!
//! `BURSAR_TEST_REQUIRE` is a list with commas: the names of what may not be absent ([`Service::name`], [`Tool::name`], [`Browser::NAME`],
//! `axe`), and `private`, where tests must be able to start servers of their own. `scripts/test` sets it; without it, tests that find nothing are ignored.
//!
//! ```no_run
//! use bursar_servers::{Cut, Engine, Proxy, Server};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut server = Server::start(Engine::Postgres)?;
//! let proxy = Proxy::before_url(&server.url())?;
//! let url = proxy.through(&server.url());
//! // The server commits, and the client is not told.
//! proxy.cut_when(Cut::unanswered("COMMIT"));
//! // … a payment through `url` …
//! server.kill()?;
//! server.restart()?;
//! # drop(url);
//! # Ok(())
//! # }
//! ```

mod bouncer;
mod browser;
mod engine;
mod error;
mod galera;
mod given;
mod home;
mod mariadb;
mod patience;
mod port;
mod postgres;
mod process;
mod programs;
mod proxy;
mod redis;
mod redis_cluster;
mod server;
mod standby;
mod suite;
mod tool;
pub mod trials;

pub use bouncer::{Bouncer, PoolMode};
pub use browser::{Browser, axe};
pub use engine::{Engine, Service};
pub use error::Error;
pub use galera::GaleraCluster;
pub use given::{Given, given, private};
pub use proxy::{Cut, Proxy};
pub use redis_cluster::RedisCluster;
pub use server::Server;
pub use suite::Suite;
pub use tool::Tool;
