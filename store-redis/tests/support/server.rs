//! The servers that the tests are run on: one, and a cluster. Where one is not given its tests show as ignored, or fail where it is required.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bursar_store_redis::redis::aio::MultiplexedConnection;
use bursar_store_redis::redis::{self, AsyncConnectionConfig, Client};
use bursar_store_redis::{RedisOptions, RedisStore};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

/// No test waits for ever.
const PATIENCE: Duration = Duration::from_secs(120);

/// One runtime for all tests of a binary.
pub(crate) static RUNTIME: LazyLock<Arc<Runtime>> = LazyLock::new(|| Arc::new(Runtime::new().unwrap()));

/// What a test is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    One,
    Cluster,
}

impl Server {
    pub(crate) const ALL: [Self; 2] = [Self::One, Self::Cluster];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::One => "redis",
            Self::Cluster => "redis-cluster",
        }
    }

    const fn variable(self) -> &'static str {
        match self {
            Self::One => "BURSAR_TEST_REDIS_URL",
            Self::Cluster => "BURSAR_TEST_REDIS_CLUSTER_URLS",
        }
    }

    /// The addresses of its nodes, if it is given and the store can reach it.
    pub(crate) fn urls(self) -> Option<Vec<String>> {
        if self == Self::Cluster && !cfg!(feature = "cluster") {
            return None;
        }
        let urls = std::env::var(self.variable()).ok().filter(|urls| !urls.is_empty())?;
        Some(urls.split(',').map(|url| url.trim().to_owned()).collect())
    }

    fn is_required(self) -> bool {
        let required = std::env::var("BURSAR_TEST_REQUIRE").unwrap_or_default();
        required.split(',').any(|name| name.trim() == self.name())
    }

    /// A test on it, by the name of the server and its own.
    pub(crate) fn trial<F>(
        self,
        name: impl AsRef<str>,
        test: impl FnOnce(Ground) -> F + Send + 'static,
    ) -> Trial
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        let absent = self.urls().is_none();
        let trial = Trial::test(format!("{} ({})", name.as_ref(), self.name()), move || {
            if self.urls().is_none() {
                let lacks = "is not set, or the feature `cluster` is off";
                return Err(format!("{} is required, and {} {lacks}", self.name(), self.variable()).into());
            }
            RUNTIME.block_on(async {
                let ground = Ground::new(self);
                tokio::time::timeout(PATIENCE, test(ground.clone())).await??;
                ground.clear().await;
                Ok(())
            })
        });
        trial.with_ignored_flag(absent && !self.is_required())
    }
}

/// A prefix of one's own on a server.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) server: Server,
    pub(crate) prefix: String,
}

impl Ground {
    fn new(server: Server) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { server, prefix: format!("test-{}-{number}:", std::process::id()) }
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions::new().prefix(&self.prefix).timeout(Duration::from_secs(10))
    }

    pub(crate) async fn open(&self, options: RedisOptions) -> RedisStore {
        match self.server {
            Server::One => options.open(&self.url()).await.unwrap(),
            #[cfg(feature = "cluster")]
            Server::Cluster => options.cluster(self.server.urls().unwrap()).await.unwrap(),
            #[cfg(not(feature = "cluster"))]
            Server::Cluster => panic!("a cluster needs the feature of that name"),
        }
    }

    /// A store on a connection of its own.
    pub(crate) async fn store(&self) -> RedisStore {
        self.open(self.options()).await
    }

    pub(crate) fn url(&self) -> String {
        self.server.urls().unwrap().remove(0)
    }

    /// A connection to each node of the server.
    pub(crate) async fn nodes(&self) -> Vec<MultiplexedConnection> {
        let connect = async |url: String| {
            let patience = Some(Duration::from_secs(30));
            let config = AsyncConnectionConfig::new();
            let config = config.set_connection_timeout(patience).set_response_timeout(patience);
            let client = Client::open(url).unwrap();
            client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
        };
        let mut first = connect(self.url()).await;
        if self.server == Server::One {
            return vec![first];
        }
        let told: String = redis::cmd("CLUSTER").arg("NODES").query_async(&mut first).await.unwrap();
        let mut nodes = Vec::new();
        for line in told.lines().filter(|line| !line.contains("fail")) {
            let address = line.split([' ', '@']).nth(1).unwrap();
            nodes.push(connect(format!("redis://{address}")).await);
        }
        nodes
    }

    /// The names of all keys under the prefix, each with a connection to a node that has it.
    pub(crate) async fn keys(&self) -> Vec<(MultiplexedConnection, Vec<u8>)> {
        let mut keys = Vec::new();
        for mut node in self.nodes().await {
            let role: redis::Value = redis::cmd("ROLE").query_async(&mut node).await.unwrap();
            if !format!("{role:?}").contains("master") {
                continue;
            }
            let pattern = format!("{}*", self.prefix);
            let found: Vec<Vec<u8>> = redis::cmd("KEYS").arg(pattern).query_async(&mut node).await.unwrap();
            keys.extend(found.into_iter().map(|key| (node.clone(), key)));
        }
        keys
    }

    pub(crate) async fn clear(&self) {
        for (mut node, key) in self.keys().await {
            let _: () = redis::cmd("DEL").arg(key).query_async(&mut node).await.unwrap();
        }
    }
}

/// Runs the tests of a binary.
pub(crate) fn main(trials: Vec<Trial>) -> std::process::ExitCode {
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
