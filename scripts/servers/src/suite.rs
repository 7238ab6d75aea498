//! The servers that all tests of a run share.

use crate::{Error, GaleraCluster, RedisCluster, Server, Service};

/// Nodes of a Galera cluster.
const GALERA: usize = 3;
/// Nodes of a Redis Cluster.
const REDIS: usize = 6;

#[derive(Debug)]
enum Started {
    One(Server),
    Galera(GaleraCluster),
    RedisCluster(RedisCluster),
}

/// Servers and clusters, and the variables that say where they are. Dropped, they are killed.
#[derive(Debug)]
pub struct Suite(Vec<(Service, Started)>);

impl Suite {
    /// Starts these, at the same time.
    ///
    /// # Errors
    ///
    /// When one does not start; the others are stopped.
    pub fn start(services: impl IntoIterator<Item = Service>) -> Result<Self, Error> {
        let start = |service| {
            Ok(match service {
                Service::One(engine) => Started::One(Server::start(engine)?),
                Service::Galera => Started::Galera(GaleraCluster::start(GALERA)?),
                Service::RedisCluster => Started::RedisCluster(RedisCluster::start(REDIS)?),
            })
        };
        std::thread::scope(|scope| {
            let starting: Vec<_> =
                services.into_iter().map(|service| (service, scope.spawn(move || start(service)))).collect();
            let gone = |_| Err(Error::Unsupported("the thread that starts a server failed"));
            let started =
                starting.into_iter().map(|(service, one)| Ok((service, one.join().unwrap_or_else(gone)?)));
            started.collect::<Result<_, _>>().map(Self)
        })
    }

    /// The variables, and what they are set to.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let url = |started: &Started| match started {
            Started::One(server) => server.url(),
            Started::Galera(cluster) => cluster.urls().join(","),
            Started::RedisCluster(cluster) => cluster.urls().join(","),
        };
        self.0.iter().map(|(service, started)| (service.variable(), url(started))).collect()
    }

    /// Has all end cleanly.
    ///
    /// # Errors
    ///
    /// When one does not end in time; it is killed then.
    pub fn stop(self) -> Result<(), Error> {
        let stop = |(_, started)| match started {
            Started::One(server) => server.stop(),
            Started::Galera(cluster) => cluster.stop(),
            Started::RedisCluster(cluster) => cluster.stop(),
        };
        self.0.into_iter().map(stop).fold(Ok(()), Result::and)
    }
}
