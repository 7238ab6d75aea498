//! Sessions in Redis: through the store, against the server's own benchmark program.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar_session::store::{Created, Loaded, Updated};
use bursar_session::{Content, KeyHash, SessionStore as _, Version};
use bursar_store_redis::redis::{Client, Script};
use bursar_store_redis::{RedisOptions, RedisStore};
use chrono::{DateTime, TimeDelta, Utc};

use crate::Failure;
use crate::measure::{AsyncTask, Pair, at_once, in_turn, rate};
use crate::ratios::Plan;

const TASKS: u8 = 16;

/// What a clerk's session holds, as JSON.
const DATA: &str = r#"{"name":"Rutendo Moyo","role":"clerk","form_token":"q1Xh0v2mJt4cYkz7Zs8nUe3bWfRgDaLpKo5iQyTx6A9","last_page":"/accounts/s-01736/statement?term=2026-1&as_of=2026-03-31","columns":"account,name,group,brought_forward,term_fee,paid,outstanding","visits":17}"#;

/// `session/redis/16`: 16 tasks, each of which loads a session and updates it, over and over; each of both is a call.
///
/// # Errors
/// When a session is not as it was left, and whatever stops a side.
pub async fn run(plan: &Plan, server: &str) -> Result<Vec<Pair>, Failure> {
    let prefix = format!("bursar-bench-{}:", std::process::id());
    let store = RedisOptions::new().prefix(prefix.clone()).open(server).await?;
    let mut clerks = Vec::new();
    for number in 0..TASKS {
        clerks.push(Clerk::new(store.clone(), number).await?);
    }
    let limit = Limit::new(server, prefix).await?;
    let mut requests = 10_000;
    let pair = in_turn(
        "session/redis/16",
        plan.rounds,
        async |_| Ok(2.0 * at_once(clerks.clone(), plan.time).await?),
        async |_| limit.rate(plan.time, &mut requests).await,
    );
    let pair = pair.await?;
    for clerk in &clerks {
        clerk.end().await?;
    }
    limit.end().await?;
    Ok(vec![pair])
}

/// A task with a session of its own.
#[derive(Clone)]
struct Clerk {
    store: RedisStore,
    key: KeyHash,
    content: Content,
    now: DateTime<Utc>,
}

impl Clerk {
    async fn new(store: RedisStore, number: u8) -> Result<Self, Failure> {
        let now = Utc::now();
        let after = |hours| now.checked_add_signed(TimeDelta::hours(hours)).ok_or("the calendar ends");
        let content = Content {
            data: Arc::from(DATA),
            user: None,
            expires_at: after(1)?,
            ends_at: after(12)?,
            idle_timeout: None,
        };
        let key = KeyHash::from_bytes([number; 32]);
        let clerk = Self { store, key, content, now };
        match clerk.store.create(&clerk.key, &clerk.content, now).await? {
            Created::Created => Ok(clerk),
            Created::Exists => Err("the session is there before it was created".into()),
        }
    }

    async fn load(&self) -> Result<Version, Failure> {
        match self.store.load(&self.key, self.now).await? {
            Loaded::Live(record) if record.content.data.len() == DATA.len() => Ok(record.version),
            other => Err(format!("a session was loaded as {other:?}").into()),
        }
    }

    async fn end(&self) -> Result<(), Failure> {
        self.store.delete(&self.key, None, bursar_session::GoneReason::LoggedOut, self.now).await?;
        Ok(())
    }
}

impl AsyncTask for Clerk {
    async fn once(&mut self) -> Result<(), Failure> {
        let version = self.load().await?;
        match self.store.update(&self.key, version, &self.content, self.now).await? {
            Updated::Updated(_) => Ok(()),
            other => Err(format!("a session was not updated: {other:?}").into()),
        }
    }
}

/// The least that updates a row if it is as it was read: its head is compared, the whole is written again.
const SCRIPT: &str = "
local v = redis.call('GETRANGE', KEYS[1], 0, 149)
if string.sub(v, 1, 2) ~= ARGV[1] then return 'N' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 'D'";

/// `redis-benchmark` with as many connections as there are tasks: one half `GET`, one half `EVALSHA`, as ours loads and updates. It parses no
/// answer.
struct Limit {
    client: Client,
    server: String,
    prefix: String,
    row: String,
}

impl Limit {
    async fn new(server: &str, prefix: String) -> Result<Self, Failure> {
        let client = Client::open(server)?;
        // As long as a row of ours, whose head has 152 characters.
        let row = format!("L1{}{DATA}", "0".repeat(150));
        let limit = Self { client, server: server.to_owned(), prefix, row };
        let mut conn = limit.client.get_multiplexed_async_connection().await?;
        Script::new(SCRIPT).prepare_invoke().load_async(&mut conn).await?;
        for number in 0..TASKS {
            bursar_store_redis::redis::cmd("SET")
                .arg(limit.key(&format!("{number:012}")))
                .arg(&limit.row)
                .exec_async(&mut conn)
                .await?;
        }
        Ok(limit)
    }

    /// Keys as long as ours.
    fn key(&self, number: &str) -> String {
        format!("{}{}{number}", self.prefix, "k".repeat(30))
    }

    /// Commands a second of both halves together, for about so long; `requests` is how many that was, for the next time.
    async fn rate(&self, time: Duration, requests: &mut u32) -> Result<f64, Failure> {
        let key = self.key("__rand_int__");
        let hash = Script::new(SCRIPT).get_hash().to_owned();
        let from = Instant::now();
        let gets = self.benchmark(*requests, &["GET", &key])?;
        let evals = self.benchmark(*requests, &["EVALSHA", &hash, "1", &key, "L1", &self.row, "3600000"])?;
        let lasted = rate(u64::from(*requests) * 2, from.elapsed());
        *requests = format!("{:.0}", (lasted * time.as_secs_f64() / 2.0).clamp(1_000.0, 1e8)).parse()?;
        Ok(2.0 / (1.0 / gets + 1.0 / evals))
    }

    /// What the program says of a command: how many a second.
    fn benchmark(&self, requests: u32, command: &[&str]) -> Result<f64, Failure> {
        let mut program = Command::new("redis-benchmark");
        program.args(["-u", &self.server, "-c", &TASKS.to_string(), "-n", &requests.to_string()]);
        program.args(["-r", &TASKS.to_string(), "--csv"]).args(command);
        let done = program.output().map_err(|error| format!("redis-benchmark: {error}"))?;
        let said = String::from_utf8_lossy(&done.stdout);
        if !done.status.success() {
            return Err(format!("redis-benchmark: {said}{}", String::from_utf8_lossy(&done.stderr)).into());
        }
        rps(&said)
    }

    async fn end(&self) -> Result<(), Failure> {
        let mut conn = self.client.get_multiplexed_async_connection().await?;
        for number in 0..TASKS {
            let mut delete = bursar_store_redis::redis::cmd("DEL");
            delete.arg(self.key(&format!("{number:012}"))).exec_async(&mut conn).await?;
        }
        Ok(())
    }
}

/// The rate in the last line: its first field is the command, in quotes that may hold anything, and the rate is the second.
fn rps(csv: &str) -> Result<f64, Failure> {
    let fields: Vec<&str> = csv.lines().next_back().unwrap_or_default().rsplit("\",\"").collect();
    // The seven fields after the command are plain numbers.
    let rate = fields.get(6).ok_or_else(|| format!("redis-benchmark said {csv:?}"))?;
    Ok(rate.parse()?)
}

#[cfg(test)]
mod tests {
    use super::rps;

    #[test]
    fn the_rate_is_read() {
        let head = r#""test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms""#;
        let line = r#""EVALSHA a "","" b","71428.57","0.147","0.048","0.143","0.207","0.271","1.031""#;
        assert_eq!(rps(&format!("{head}\n{line}\n")).ok(), Some(71_428.57));
        assert!(rps("no such command").is_err());
    }
}
