//! Which benches there are, and the running of those that are asked for.

use std::path::PathBuf;
use std::time::Duration;

use bursar_servers::Engine;

use crate::measure::Target::{PerSecond, Ratio, Told};
use crate::measure::{Pair, Target, load};
use crate::servers::Servers;
use crate::{Failure, debtors, flat, fold, mysql, post, postgres, redis, replay, sqlite};

/// How the benches are to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Only the benches whose names begin so.
    pub prefix: String,
    /// How many rounds count.
    pub rounds: u32,
    /// How long a side runs in a round, where the work has no end of its own.
    pub time: Duration,
    /// Where the databases and files go.
    pub folder: PathBuf,
    /// How many accounts pay in `post`.
    pub accounts: u32,
}

impl Plan {
    /// Whether a bench is asked for: a number at the end is the whole of it, so that `…/1` is not `…/16`.
    #[must_use]
    pub fn wants(&self, bench: &str) -> bool {
        let cut = |rest: &str| self.prefix.ends_with(char::is_numeric) && rest.starts_with(char::is_numeric);
        bench.strip_prefix(&*self.prefix).is_some_and(|rest| !cut(rest))
    }
}

/// Every bench, with its target; those of one work are run together.
pub const WORKS: [(&str, &[(&str, Target)]); 17] = [
    ("post on SQLite", &[("post/sqlite/1", Ratio(0.6)), ("post/sqlite/64", Ratio(5.0))]),
    (
        "post on PostgreSQL",
        &[
            ("post/postgres/1", Ratio(0.75)),
            ("post/postgres/16", Ratio(1.3)),
            ("post/postgres/64", Ratio(2.5)),
        ],
    ),
    (
        "post on MariaDB",
        &[("post/mysql/1", Ratio(0.6)), ("post/mysql/16", Ratio(1.2)), ("post/mysql/64", Ratio(2.0))],
    ),
    ("hot on MariaDB", &[("hot/mysql/16", PerSecond(4_000.0))]),
    (
        "activate on SQLite",
        &[("activate/sqlite/100k", Ratio(1.0 / 1.6)), ("reactivate/sqlite/100k", Ratio(10.0))],
    ),
    (
        "activate on PostgreSQL",
        &[
            ("activate/postgres/100k", Ratio(0.8)),
            // 100,000 accounts in 150 ms.
            ("reactivate/postgres/100k", PerSecond(100_000.0 / 0.15)),
        ],
    ),
    ("account on SQLite", &[("account/sqlite", Ratio(0.6)), ("account/sqlite/16", Ratio(0.6))]),
    ("account on PostgreSQL", &[("account/postgres/16", Ratio(0.6))]),
    (
        "balances on SQLite",
        &[
            ("balances/sqlite/100k", Ratio(1.0 / 1.5)),
            ("balances/sqlite/100k/middle", Ratio(1.0 / 1.5)),
            ("balances/sqlite/100k/first", Ratio(1.0 / 1.5)),
        ],
    ),
    (
        "balances on PostgreSQL",
        &[
            ("balances/postgres/100k", Ratio(1.0 / 1.5)),
            ("balances/postgres/100k/middle", Ratio(1.0 / 1.5)),
            ("balances/postgres/100k/first", Ratio(1.0 / 1.5)),
        ],
    ),
    (
        "reports on SQLite",
        &[("summary/sqlite/100k", Ratio(1.0 / 1.5)), ("aging/sqlite/100k", Ratio(1.0 / 1.5))],
    ),
    ("session on Redis", &[("session/redis/16", Ratio(0.5))]),
    ("fold", &[("fold/1m", Told)]),
    ("replay", &[("replay/memory/1m", Told)]),
    ("debtors on SQLite", &[("debtors/sqlite/1m", Ratio(1.0 / 1.5))]),
    ("flat on SQLite", &[("flat/sqlite/post", Ratio(1.0 / 1.3)), ("flat/sqlite/balances", Ratio(1.0 / 1.3))]),
    ("flat in memory", &[("flat/memory/post", Ratio(1.0 / 1.3))]),
];

/// Runs what is asked for, and prints a line a bench.
///
/// # Errors
/// When no bench is of that name, and whatever stops one.
pub async fn run(plan: &Plan, servers: &mut Servers) -> Result<(), Failure> {
    let benches = WORKS.iter().flat_map(|(_, benches)| *benches);
    if !benches.clone().any(|(bench, _)| plan.wants(bench)) {
        let names: Vec<&str> = benches.map(|(bench, _)| *bench).collect();
        return Err(format!("no bench is called {:?}; there are {}", plan.prefix, names.join(", ")).into());
    }
    for (work, benches) in WORKS {
        if !benches.iter().any(|(bench, _)| plan.wants(bench)) {
            continue;
        }
        eprintln!("{work}: the load is {}", load());
        let pairs: Vec<Pair> = match work {
            "post on SQLite" => sqlite::post::run(plan).await?,
            "post on PostgreSQL" => {
                post::run::<postgres::Database>(plan, &servers.url(Engine::Postgres)?).await?
            }
            "post on MariaDB" => post::run::<mysql::Database>(plan, &servers.url(Engine::Mariadb)?).await?,
            "hot on MariaDB" => mysql::hot::run(plan, &servers.url(Engine::Mariadb)?).await?,
            "activate on SQLite" => sqlite::activate::run(plan).await?,
            "activate on PostgreSQL" => {
                postgres::activate::run(plan, &servers.url(Engine::Postgres)?).await?
            }
            "account on SQLite" => sqlite::account::run(plan).await?,
            "account on PostgreSQL" => postgres::account::run(plan, &servers.url(Engine::Postgres)?).await?,
            "balances on SQLite" => sqlite::balances::run(plan).await?,
            "balances on PostgreSQL" => {
                postgres::balances::run(plan, &servers.url(Engine::Postgres)?).await?
            }
            "reports on SQLite" => sqlite::reports::run(plan).await?,
            "debtors on SQLite" => debtors::run_sqlite(plan).await?,
            "session on Redis" => redis::run(plan, &servers.url(Engine::Redis)?).await?,
            "fold" => fold::run(plan).await?,
            "replay" => replay::run(plan).await?,
            "flat on SQLite" => flat::run_sqlite(plan).await?,
            _ => flat::run_memory(plan).await?,
        };
        for pair in pairs.iter().filter(|pair| plan.wants(pair.bench())) {
            let target =
                benches.iter().find(|(bench, _)| *bench == pair.bench()).map_or(Told, |(_, target)| *target);
            pair.print(target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::Plan;

    #[test]
    fn what_is_asked_for() {
        let plan = |prefix: &str| Plan {
            prefix: prefix.to_owned(),
            rounds: 1,
            time: Duration::ZERO,
            folder: PathBuf::new(),
            accounts: 1,
        };
        assert!(plan("").wants("post/sqlite/1") && plan("post").wants("post/sqlite/1"));
        assert!(plan("post/postgres/1").wants("post/postgres/1"));
        assert!(!plan("post/postgres/1").wants("post/postgres/16"));
        assert!(plan("balances/sqlite/100k").wants("balances/sqlite/100k/first"));
    }
}
