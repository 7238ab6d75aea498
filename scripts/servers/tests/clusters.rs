//! Clusters come up, lose a node and get it back. They take long: only where `BURSAR_TEST_REQUIRE` asks for them, or with `--ignored`.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::ExitCode;
use std::time::Duration;

use bursar_servers::{GaleraCluster, RedisCluster, Server, Service, trials};
use libtest_mimic::{Arguments, Failed};

/// Says a thing to a node until it takes it: the group has to notice first that another is gone.
fn insist(node: &Server, statement: &str) -> Result<String, Failed> {
    for _ in 0..300 {
        if let Ok(said) = node.ask(statement) {
            return Ok(said);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(node.ask(statement)?)
}

fn galera() -> Result<(), Failed> {
    let mut cluster = GaleraCluster::start(3)?;
    let count = |node: &Server| insist(node, "SET wsrep_sync_wait = 1; SELECT COUNT(*) FROM kept");
    cluster.nodes()[0].ask("CREATE TABLE kept (n INT PRIMARY KEY)")?;
    cluster.nodes()[1].ask("INSERT INTO kept VALUES (1)")?;
    assert_eq!(count(&cluster.nodes()[2])?, "1");
    for victim in [0, 2] {
        cluster.kill(victim)?;
        insist(&cluster.nodes()[1], &format!("INSERT INTO kept VALUES ({})", victim + 2))?;
        cluster.restart(victim)?;
    }
    for node in cluster.nodes() {
        assert_eq!(count(node)?, "3");
        assert_eq!(node.ask("SHOW STATUS LIKE 'wsrep_cluster_size'")?, "wsrep_cluster_size\t3");
    }
    assert_eq!(cluster.urls().len(), 3);
    cluster.stop()?;
    Ok(())
}

fn redis_cluster() -> Result<(), Failed> {
    let mut cluster = RedisCluster::start(6)?;
    let key = "{pupil-17}:session";
    let first = cluster.master_of(key).ok_or("no node keeps the key")?;
    cluster.nodes()[first].ask(&format!("SET {key} 17"))?;
    cluster.nodes()[first].ask("WAIT 1 5000")?;
    cluster.kill(first)?;
    cluster.await_settled()?;
    let second = cluster.master_of(key).ok_or("no replica took over")?;
    assert_ne!(first, second);
    assert_eq!(cluster.nodes()[second].ask(&format!("GET {key}"))?, "17");
    cluster.restart(first)?;
    assert_eq!((cluster.masters().len(), cluster.urls().len()), (3, 6));
    assert!(!cluster.masters().contains(&first), "it follows now");
    cluster.stop()?;
    Ok(())
}

fn main() -> ExitCode {
    let all = vec![
        trials::own("cluster: galera loses a node and gets it back", Service::Galera, galera),
        trials::own(
            "cluster: redis-cluster loses a node and gets it back",
            Service::RedisCluster,
            redis_cluster,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), all).exit_code()
}
