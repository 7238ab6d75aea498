//! Which benches there are, and the running of those that are asked for.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::http::Method;

use crate::browser::{Answers, Browser, Route};
use crate::measure::{Browsers, Target, in_turn, load, print};
use crate::values::{ABOUT, NAME, TEXTS};
use crate::{Failure, ours, peer};

/// How the benches are to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Only the benches whose names begin so.
    pub prefix: String,
    /// How many rounds count.
    pub rounds: u32,
    /// How long a side runs in a round.
    pub time: Duration,
    /// Where the databases go.
    pub folder: PathBuf,
    /// How many connections the peer's pool has.
    pub peer_connections: u32,
}

/// What requests do with their sessions.
#[derive(Clone, Copy, Debug)]
enum Use {
    /// Read a value.
    Read,
    /// Read a number and set it to one more.
    Write,
    /// Read a value, and prolong the session by it.
    Sliding,
}

/// Where the sessions are.
#[derive(Clone, Copy, Debug)]
enum Kept {
    InMemory,
    /// In a file.
    InSqlite,
}

use Kept::{InMemory, InSqlite};
use Target::Ratio;
use Use::{Read, Sliding, Write};

/// The bench of a router that uses no session.
const UNUSED: &str = "session/unused/1";

/// At most so many nanoseconds more in a layer that is not used.
const UNUSED_NS_MAX: f64 = 500.0;

/// Every other bench: what is done, where, how many at once, and what is asked of the ratio.
const BENCHES: [(Use, Kept, usize, Target); 12] = [
    (Read, InMemory, 1, Ratio(1.0)),
    (Read, InMemory, 16, Ratio(1.0)),
    (Write, InMemory, 1, Ratio(1.0)),
    (Write, InMemory, 16, Ratio(1.0)),
    (Sliding, InMemory, 1, Target::None),
    (Sliding, InMemory, 16, Target::None),
    (Read, InSqlite, 1, Ratio(1.2)),
    (Read, InSqlite, 16, Ratio(2.0)),
    (Write, InSqlite, 1, Ratio(1.5)),
    (Write, InSqlite, 16, Ratio(2.0)),
    (Sliding, InSqlite, 1, Ratio(3.0)),
    (Sliding, InSqlite, 16, Ratio(4.0)),
];

impl Use {
    const fn name(self) -> &'static str {
        match self {
            Read => "read",
            Write => "write",
            Sliding => "sliding",
        }
    }

    fn route(self) -> Route {
        match self {
            Read | Sliding => {
                let name = TEXTS.iter().find(|(name, _)| *name == NAME).map_or("", |(_, value)| value);
                Route { method: Method::GET, path: "/name", answers: Answers::Text(name) }
            }
            Write => Route { method: Method::POST, path: "/visit", answers: Answers::Count },
        }
    }
}

impl Kept {
    const fn name(self) -> &'static str {
        match self {
            InMemory => "memory",
            InSqlite => "sqlite",
        }
    }
}

impl Plan {
    /// Whether a bench is asked for: a number at the end is the whole of it, so that `…/1` is not `…/16`.
    fn wants(&self, bench: &str) -> bool {
        let rest = bench.strip_prefix(&*self.prefix);
        let cut = |rest: &str| self.prefix.ends_with(char::is_numeric) && rest.starts_with(char::is_numeric);
        rest.is_some_and(|rest| !cut(rest))
    }

    /// The routes of both sides, ours first, each over a new store.
    async fn routes(&self, bench: &str, used: Use, kept: Kept) -> Result<(Router, Router), Failure> {
        let sliding = matches!(used, Sliding);
        if matches!(kept, InMemory) {
            return Ok((ours::in_memory(), peer::in_memory(sliding)));
        }
        let file = |side: &str| self.folder.join(format!("{}-{side}.db", bench.replace('/', "-")));
        Ok((
            ours::in_sqlite(&file("ours")).await?,
            peer::in_sqlite(&file("peer"), self.peer_connections, sliding).await?,
        ))
    }
}

/// Runs what is asked for, and prints a line a bench.
///
/// # Errors
/// When no bench is of that name, and when an answer is wrong.
pub async fn run(plan: &Plan) -> Result<(), Failure> {
    let mut names = Vec::new();
    let mut found = false;
    for (used, kept, at_once, target) in BENCHES {
        let bench = format!("session/{}/{}/{at_once}", used.name(), kept.name());
        if plan.wants(&bench) {
            found = true;
            eprintln!("{bench}: the load is {}", load());
            let (ours, peer) = plan.routes(&bench, used, kept).await?;
            let mut ours = with_sessions(&ours, &used.route(), at_once).await?;
            let mut peer = with_sessions(&peer, &used.route(), at_once).await?;
            print(&bench, in_turn(&bench, plan.rounds, plan.time, &mut ours, &mut peer).await?, target)?;
        }
        names.push(bench);
    }
    if plan.wants(UNUSED) {
        eprintln!("{UNUSED}: the load is {}", load());
        return unused(plan).await;
    }
    if found {
        Ok(())
    } else {
        Err(format!("no bench is called {:?}; there are {UNUSED}, {}", plan.prefix, names.join(", ")).into())
    }
}

async fn with_sessions(routes: &Router, route: &Route, at_once: usize) -> Result<Browsers, Failure> {
    let mut browsers = Vec::with_capacity(at_once);
    for _ in 0..at_once {
        browsers.push(Browser::with_session(routes.clone(), route.clone()).await?);
    }
    Ok(Browsers(browsers))
}

/// What a layer costs a request that does not use it: beside the same routes without a layer.
async fn unused(plan: &Plan) -> Result<(), Failure> {
    let route = Route { method: Method::GET, path: "/about", answers: Answers::Text(ABOUT) };
    let mut ours = with_sessions(&ours::in_memory(), &route, 1).await?;
    let mut bare = Browsers(ours.0.iter().map(|browser| browser.at(ours::bare())).collect());
    let round = in_turn(UNUSED, plan.rounds, plan.time, &mut ours, &mut bare).await?;
    print(UNUSED, round, Target::ExtraNs(UNUSED_NS_MAX))
}
