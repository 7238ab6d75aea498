//! Servers that can be read only.

use crate::{Engine, Error, Server, postgres, redis};

impl Server {
    /// Has it refuse writes, or take them again, as a server does whose application was left on what is no primary any more: of PostgreSQL
    /// transactions are read-only by default, MariaDB is `read_only`, which `bursar` cannot get round, and Redis becomes a replica of
    /// nobody.
    ///
    /// # Errors
    ///
    /// When it is down.
    pub fn read_only(&self, read_only: bool) -> Result<(), Error> {
        let words: &[&str] = match (self.engine(), read_only) {
            (Engine::Postgres, true) => &["ALTER SYSTEM SET default_transaction_read_only = on"],
            (Engine::Postgres, false) => &["ALTER SYSTEM SET default_transaction_read_only = off"],
            (Engine::Mariadb, true) => &["SET GLOBAL read_only = ON"],
            (Engine::Mariadb, false) => &["SET GLOBAL read_only = OFF"],
            // Nothing listens on the first port.
            (Engine::Redis, true) => &["REPLICAOF 127.0.0.1 1"],
            (Engine::Redis, false) => &["REPLICAOF NO ONE"],
        };
        words.iter().try_for_each(|statement| self.ask(statement).map(drop))?;
        if self.engine() == Engine::Postgres {
            self.ask("SELECT pg_reload_conf()")?;
            // The reload is done by the time that a new session says so.
            let now = if read_only { "on" } else { "off" };
            self.await_that("reading its settings", |server| {
                server.ask("SHOW default_transaction_read_only").is_ok_and(|said| said == now)
            })?;
        }
        Ok(())
    }

    /// Starts a replica of it, which follows it and can be read alone until it is promoted. It has the settings of the primary.
    ///
    /// # Errors
    ///
    /// When it is down, when the replica does not follow in time, or of MariaDB.
    pub fn replica(&self) -> Result<Self, Error> {
        let replica = match self.engine() {
            Engine::Postgres => {
                let mut replica = self.beside(|home| postgres::copy(home, self.port()))?;
                replica.restart()?;
                replica
            }
            Engine::Redis => {
                let mut replica = self.beside(redis::make)?;
                replica.restart()?;
                replica.ask(&format!("REPLICAOF 127.0.0.1 {}", self.port()))?;
                replica
            }
            Engine::Mariadb => {
                return Err(Error::Unsupported("replicas are of PostgreSQL and Redis; see GaleraCluster"));
            }
        };
        replica.await_that("following", |replica| match replica.engine() {
            Engine::Redis => replica
                .ask("INFO replication")
                .is_ok_and(|said| said.lines().any(|line| line.trim() == "master_link_status:up")),
            _ => replica.ask("SELECT status FROM pg_stat_wal_receiver").is_ok_and(|said| said == "streaming"),
        })?;
        Ok(replica)
    }

    /// Makes a replica a primary.
    ///
    /// # Errors
    ///
    /// When it is down, or no replica.
    pub fn promote(&self) -> Result<(), Error> {
        match self.engine() {
            Engine::Postgres => self.ask("SELECT pg_promote()"),
            Engine::Redis => self.ask("REPLICAOF NO ONE"),
            Engine::Mariadb => {
                Err(Error::Unsupported("replicas are of PostgreSQL and Redis; see GaleraCluster"))
            }
        }
        .map(drop)
    }
}
