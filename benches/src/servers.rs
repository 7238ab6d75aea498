//! The servers that works run on: those whose URLs are given, and others that are started when a work needs one.

use bursar_servers::{Engine, Server};

use crate::Failure;

/// Servers, by their kind. What was started is gone when this is dropped.
#[derive(Debug, Default)]
pub struct Servers {
    /// The URL of a PostgreSQL server, and of a database on it in which others may be created.
    pub postgres: Option<String>,
    /// The URL of a MariaDB or MySQL server, likewise.
    pub mysql: Option<String>,
    /// The URL of a Redis server.
    pub redis: Option<String>,
    started: Vec<Server>,
}

/// What suits a machine that has other things to do: room for the data, and no checkpoint within a round. All stays durable.
const fn settings(engine: Engine) -> &'static [(&'static str, &'static str)] {
    match engine {
        Engine::Postgres => {
            &[("shared_buffers", "512MB"), ("max_wal_size", "4GB"), ("wal_compression", "off")]
        }
        Engine::Mariadb => &[("innodb-buffer-pool-size", "512M"), ("innodb-log-file-size", "1G")],
        Engine::Redis => &[],
    }
}

impl Servers {
    /// Those that are given; others are started.
    #[must_use]
    pub const fn new(postgres: Option<String>, mysql: Option<String>, redis: Option<String>) -> Self {
        Self { postgres, mysql, redis, started: Vec::new() }
    }

    /// Where a server is.
    ///
    /// # Errors
    /// When none is given, and none starts.
    pub fn url(&mut self, engine: Engine) -> Result<String, Failure> {
        let given = match engine {
            Engine::Postgres => &self.postgres,
            Engine::Mariadb => &self.mysql,
            Engine::Redis => &self.redis,
        };
        if let Some(url) = given {
            return Ok(url.clone());
        }
        if let Some(server) = self.started.iter().find(|server| server.engine() == engine) {
            return Ok(server.url());
        }
        eprintln!("  starting a server: {engine}");
        let server = Server::start_with(engine, settings(engine))?;
        let url = server.url();
        self.started.push(server);
        Ok(url)
    }
}
