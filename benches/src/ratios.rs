//! Which benches there are, and the running of those that are asked for.

use std::path::PathBuf;
use std::time::Duration;

use crate::measure::{Pair, load};
use crate::{Failure, flat, fold, replay, sqlite};

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
    /// Whether a bench is asked for.
    #[must_use]
    pub fn wants(&self, bench: &str) -> bool {
        bench.starts_with(&self.prefix)
    }
}

/// Every bench, with its target; those of one work are run together.
pub const WORKS: [(&str, &[(&str, f64)]); 8] = [
    ("post", &[("post/sqlite/1", 0.6), ("post/sqlite/64", 5.0)]),
    ("activate", &[("activate/sqlite/100k", 1.0 / 1.6), ("reactivate/sqlite/100k", 10.0)]),
    ("account", &[("account/sqlite", 0.6), ("account/sqlite/16", 0.6)]),
    (
        "balances",
        &[
            ("balances/sqlite/100k", 1.0 / 1.5),
            ("balances/sqlite/100k/middle", 1.0 / 1.5),
            ("balances/sqlite/100k/first", 1.0 / 1.5),
        ],
    ),
    ("fold", &[("fold/1m", 0.0)]),
    ("replay", &[("replay/memory/1m", 0.0)]),
    ("flat sqlite", &[("flat/sqlite/post", 1.0 / 1.3), ("flat/sqlite/balances", 1.0 / 1.3)]),
    ("flat memory", &[("flat/memory/post", 1.0 / 1.3)]),
];

/// Runs what is asked for, and prints a line a bench.
///
/// # Errors
/// When no bench is of that name, and whatever stops one.
pub async fn run(plan: &Plan) -> Result<(), Failure> {
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
            "post" => sqlite::post::run(plan).await?,
            "activate" => sqlite::activate::run(plan).await?,
            "account" => sqlite::account::run(plan).await?,
            "balances" => sqlite::balances::run(plan).await?,
            "fold" => fold::run(plan).await?,
            "replay" => replay::run(plan).await?,
            "flat sqlite" => flat::run_sqlite(plan).await?,
            _ => flat::run_memory(plan).await?,
        };
        for pair in pairs.iter().filter(|pair| plan.wants(pair.bench())) {
            let target =
                benches.iter().find(|(bench, _)| *bench == pair.bench()).map_or(0.0, |(_, target)| *target);
            pair.print(target)?;
        }
    }
    Ok(())
}
