//! A Galera cluster: MariaDB servers that commit together.

use std::path::Path;

use crate::port::Port;
use crate::process::run;
use crate::programs::need;
use crate::{Engine, Error, Server};

/// Where packages put Galera.
const PROVIDERS: [&str; 4] = [
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
    "/usr/lib64/galera/libgalera_smm.so",
    "/opt/homebrew/lib/libgalera_smm.so",
];

const ADVICE: &str = "install Galera and rsync (Debian: galera-4 rsync)";

fn provider() -> Result<&'static str, Error> {
    let found = PROVIDERS.into_iter().find(|path| Path::new(path).exists());
    found.ok_or(Error::Missing { program: "libgalera_smm.so", advice: ADVICE })
}

pub(crate) fn programs() -> Result<(), Error> {
    crate::mariadb::programs()?;
    provider()?;
    need(&["rsync"], ADVICE).map(drop)
}

/// Nodes of one cluster on one machine, each with all the data. Dropped, they are killed.
#[derive(Debug)]
pub struct GaleraCluster {
    nodes: Vec<Server>,
    _ports: Vec<Port>,
}

impl GaleraCluster {
    /// Starts a cluster of so many nodes; three are the fewest of which one can fail.
    ///
    /// # Errors
    ///
    /// When MariaDB, Galera or rsync is not installed, or a node does not join in time.
    pub fn start(nodes: usize) -> Result<Self, Error> {
        programs()?;
        let provider = provider()?;
        // Each node listens for the group, for single changes that it has missed, and for whole states.
        let groups = (0..nodes).map(|_| Port::take()).collect::<Result<Vec<_>, _>>()?;
        let at = |port: &Port| format!("127.0.0.1:{}", port.number());
        let address = format!("gcomm://{}", groups.iter().map(at).collect::<Vec<_>>().join(","));
        let mut ports = Vec::new();
        let mut laid = Vec::new();
        for (number, group) in groups.into_iter().enumerate() {
            let (changes, states) = (Port::take()?, Port::take()?);
            let options = format!(
                "gmcast.listen_addr=tcp://{};base_port={};ist.recv_addr={};gcache.size=32M",
                at(&group),
                group.number(),
                at(&changes)
            );
            let own = [
                ("wsrep_on", "ON"),
                ("wsrep_provider", provider),
                ("wsrep_provider_options", &options),
                ("wsrep_cluster_name", "bursar"),
                ("wsrep_cluster_address", &address),
                ("wsrep_node_name", &format!("node-{number}")),
                ("wsrep_node_address", &at(&group)),
                ("wsrep_sst_method", "rsync"),
                ("wsrep_sst_receive_address", &at(&states)),
                ("binlog_format", "ROW"),
                ("innodb_autoinc_lock_mode", "2"),
            ];
            laid.push(Server::lay(Engine::Mariadb, &own)?);
            ports.extend([group, changes, states]);
        }
        let mut cluster = Self { nodes: laid, _ports: ports };
        for (number, node) in cluster.nodes.iter_mut().enumerate() {
            if number == 0 {
                node.begin(&["--wsrep-new-cluster"])?;
                node.furnish()?;
            } else {
                // It gets what the first one has.
                node.furnish()?;
                node.restart()?;
            }
            synced(node)?;
        }
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

    fn node(&mut self, number: usize) -> Result<&mut Server, Error> {
        self.nodes.get_mut(number).ok_or(Error::Unsupported("the cluster has no node of this number"))
    }

    /// Kills a node. The others go on within seconds if they are more than half of those that were up.
    ///
    /// # Errors
    ///
    /// When it does not go.
    pub fn kill(&mut self, number: usize) -> Result<(), Error> {
        self.node(number)?.kill()
    }

    /// Starts a node again, and waits until it has what it missed; the others must be up.
    ///
    /// # Errors
    ///
    /// When it does not join in time.
    pub fn restart(&mut self, number: usize) -> Result<(), Error> {
        let node = self.node(number)?;
        node.kill()?;
        match position(node)? {
            Some(position) => node.begin(&[&format!("--wsrep_start_position={position}")])?,
            None => node.restart()?,
        }
        synced(node)
    }

    /// Has all end cleanly, and removes their folders.
    ///
    /// # Errors
    ///
    /// When one does not end in time; it is killed then.
    pub fn stop(mut self) -> Result<(), Error> {
        // In turn: each leaves the group in order.
        self.nodes.drain(..).map(Server::stop).fold(Ok(()), Result::and)
    }
}

fn synced(node: &Server) -> Result<(), Error> {
    node.await_that("joining the others", |node| {
        let state = node.ask("SHOW STATUS LIKE 'wsrep_local_state_comment'");
        state.is_ok_and(|state| state.ends_with("Synced"))
    })
}

/// How far a node that was killed had come, so that it is sent the rest alone.
fn position(node: &Server) -> Result<Option<String>, Error> {
    let (program, mut command) = node.command()?;
    let said = node.home().path().join("recover.err");
    // What an earlier time left is not what this one says.
    let _ = std::fs::remove_file(&said);
    command.arg("--wsrep-recover").arg(format!("--log-error={}", said.display()));
    run(&program, command)?;
    let said = std::fs::read(&said).map_err(Error::io("reading what MariaDB recovered"))?;
    let said = String::from_utf8_lossy(&said);
    Ok(said
        .lines()
        .filter_map(|line| line.split_once("Recovered position: "))
        .next_back()
        .map(|(_, at)| at.trim().to_owned()))
}
