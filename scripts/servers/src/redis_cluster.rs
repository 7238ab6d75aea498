//! A Redis Cluster: masters that share the slots, each with a replica.

use crate::port::Port;
use crate::{Engine, Error, Server, redis};

/// After so many milliseconds of silence a node counts as failed.
const NODE_TIMEOUT: &str = "2000";

/// Nodes of one cluster on one machine. Dropped, they are killed.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Server>,
    _ports: Vec<Port>,
}

impl RedisCluster {
    /// Starts a cluster of so many nodes, half of them replicas; six are the fewest.
    ///
    /// # Errors
    ///
    /// When Redis 7 is not installed, or the nodes do not become a cluster in time.
    pub fn start(nodes: usize) -> Result<Self, Error> {
        let mut ports = Vec::new();
        let mut started = Vec::new();
        for _ in 0..nodes {
            let bus = Port::take()?;
            let own = [
                ("cluster-enabled", "yes"),
                ("cluster-port", &*bus.number().to_string()),
                ("cluster-node-timeout", NODE_TIMEOUT),
            ];
            started.push(Server::start_with(Engine::Redis, &own)?);
            ports.push(bus);
        }
        let addresses: Vec<_> = started.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        let words = ["--cluster", "create"].into_iter().chain(addresses.iter().map(String::as_str));
        redis::cli(&words.chain(["--cluster-replicas", "1", "--cluster-yes"]).collect::<Vec<_>>())?;
        let cluster = Self { nodes: started, _ports: ports };
        cluster.await_settled()?;
        Ok(cluster)
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Where they are.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }

    /// The numbers of the nodes that are up and say that they are masters.
    #[must_use]
    pub fn masters(&self) -> Vec<usize> {
        let up = self.nodes.iter().enumerate().filter(|(_, node)| node.pid() != 0);
        up.filter(|(_, node)| is_master(node)).map(|(number, _)| number).collect()
    }

    /// The number of the master that keeps a key, as far as nodes that are up know.
    #[must_use]
    pub fn master_of(&self, key: &str) -> Option<usize> {
        self.masters().into_iter().find(|number| {
            let node = self.nodes.get(*number);
            // Any other master answers with where it is.
            node.is_some_and(|node| node.ask(&format!("EXISTS {key}")).is_ok())
        })
    }

    fn node(&mut self, number: usize) -> Result<&mut Server, Error> {
        self.nodes.get_mut(number).ok_or(Error::Unsupported("the cluster has no node of this number"))
    }

    /// Kills a node. A master's replica takes over within seconds: see [`RedisCluster::await_settled`].
    ///
    /// # Errors
    ///
    /// When it does not go.
    pub fn kill(&mut self, number: usize) -> Result<(), Error> {
        self.node(number)?.kill()
    }

    /// Starts a node again, and waits until it is part of the cluster.
    ///
    /// # Errors
    ///
    /// When it does not join in time.
    pub fn restart(&mut self, number: usize) -> Result<(), Error> {
        self.node(number)?.restart()?;
        self.await_settled()
    }

    /// Waits until every node that is up knows a master for every slot, and every replica that is up has a master.
    ///
    /// # Errors
    ///
    /// When that does not come in time, for instance with a master down that has no replica.
    pub fn await_settled(&self) -> Result<(), Error> {
        let up = || self.nodes.iter().filter(|node| node.pid() != 0);
        let all = self.nodes.len();
        up().try_for_each(|node| {
            node.await_that("the cluster", |node| {
                let known = node.ask("CLUSTER INFO").unwrap_or_default();
                let says = |line: &str| known.lines().any(|said| said.trim() == line);
                let followed = || is_master(node) || said(node, "INFO replication", "master_link_status:up");
                let masters = self.masters().len();
                says("cluster_state:ok")
                    && says(&format!("cluster_known_nodes:{all}"))
                    && says("cluster_slots_fail:0")
                    && masters.saturating_mul(2) == all
                    && followed()
            })
        })
    }

    /// Has all end cleanly, and removes their folders.
    ///
    /// # Errors
    ///
    /// When one does not end in time; it is killed then.
    pub fn stop(mut self) -> Result<(), Error> {
        self.nodes.drain(..).map(Server::stop).fold(Ok(()), Result::and)
    }
}

fn said(node: &Server, words: &str, line: &str) -> bool {
    node.ask(words).is_ok_and(|all| all.lines().any(|said| said.trim() == line))
}

fn is_master(node: &Server) -> bool {
    said(node, "INFO replication", "role:master")
}
