//! The kinds of servers.

use std::fmt;

/// A database that a server is started for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, or MySQL where only that is installed.
    Mariadb,
    /// Redis, or Valkey where only that is installed.
    Redis,
}

impl Engine {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::Mariadb, Self::Redis];

    /// Its word in `BURSAR_TEST_REQUIRE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a test can be given: a server or a cluster.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Service {
    /// One server.
    One(Engine),
    /// A Galera cluster of MariaDB.
    Galera,
    /// A Redis Cluster.
    RedisCluster,
}

impl Service {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::One(Engine::Postgres),
        Self::One(Engine::Mariadb),
        Self::One(Engine::Redis),
        Self::Galera,
        Self::RedisCluster,
    ];

    /// Its word in `BURSAR_TEST_REQUIRE`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::One(engine) => engine.name(),
            Self::Galera => "galera",
            Self::RedisCluster => "redis-cluster",
        }
    }

    /// The variable that says where it is; of a cluster, the URLs of its nodes with commas between them.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::One(Engine::Postgres) => "BURSAR_TEST_POSTGRES_URL",
            Self::One(Engine::Mariadb) => "BURSAR_TEST_MARIADB_URL",
            Self::One(Engine::Redis) => "BURSAR_TEST_REDIS_URL",
            Self::Galera => "BURSAR_TEST_GALERA_URLS",
            Self::RedisCluster => "BURSAR_TEST_REDIS_CLUSTER_URLS",
        }
    }
}

impl From<Engine> for Service {
    fn from(engine: Engine) -> Self {
        Self::One(engine)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
