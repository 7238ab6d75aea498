//! Measuring: two sides in turn, round after round, so that what else the machine does falls on both.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Failure;

/// The rates of one bench, a pair a round.
#[derive(Debug)]
pub struct Pair {
    bench: String,
    rounds: Vec<(f64, f64)>,
}

/// What is printed of a pair.
#[derive(Debug, Serialize)]
struct Line<'a> {
    bench: &'a str,
    ours_per_s: f64,
    limit_per_s: f64,
    ratio: f64,
}

impl Pair {
    /// A pair without rounds.
    #[must_use]
    pub fn new(bench: impl Into<String>) -> Self {
        Self { bench: bench.into(), rounds: Vec::new() }
    }

    /// The bench's name.
    #[must_use]
    pub fn bench(&self) -> &str {
        &self.bench
    }

    /// Adds a round, and tells of it on standard error.
    pub fn add(&mut self, ours_per_s: f64, limit_per_s: f64) {
        let ratio = ours_per_s / limit_per_s;
        let bench = &self.bench;
        eprintln!("  {bench}: {ours_per_s:.0}/s, limit {limit_per_s:.0}/s, ratio {ratio:.3}");
        self.rounds.push((ours_per_s, limit_per_s));
    }

    /// Prints the round in the middle as one line of JSON, and says on standard error whether it is what it should be.
    ///
    /// It is the round of the median ratio, not the median of each side: those may come from rounds in which the machine did other
    /// things besides, and their ratio would be of no round at all.
    ///
    /// # Errors
    /// When there are no rounds.
    pub fn print(&self, target: Target) -> Result<(), Failure> {
        let (ours, limit) = middle(&self.rounds).ok_or("no round was run")?;
        let line = Line {
            bench: &self.bench,
            ours_per_s: rounded(ours),
            limit_per_s: rounded(limit),
            ratio: (ours / limit * 1_000.0).round() / 1_000.0,
        };
        println!("{}", serde_json::to_string(&line)?);
        let said = |met: bool| if met { "met" } else { "MISSED" };
        match target {
            Target::Told => {}
            Target::Ratio(least) => {
                let met = said(line.ratio >= least);
                eprintln!("  {}: ratio {}, target {least:.3}: {met}", self.bench, line.ratio);
            }
            Target::PerSecond(least) => {
                eprintln!("  {}: {ours:.0}/s, target {least:.0}/s: {}", self.bench, said(ours >= least));
            }
        }
        Ok(())
    }
}

/// What is asked of a bench.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// What the work itself tells of as it runs.
    Told,
    /// At least so many times the limit's rate.
    Ratio(f64),
    /// At least so many a second.
    PerSecond(f64),
}

/// The round whose ratio is the median, the lower of two in the middle.
fn middle(rounds: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut rounds = rounds.to_vec();
    rounds.sort_by(|(ours, limit), (more, most)| f64::total_cmp(&(ours / limit), &(more / most)));
    rounds.get(rounds.len().checked_sub(1)? / 2).copied()
}

/// Four significant digits, or whole numbers where there are more.
fn rounded(rate: f64) -> f64 {
    let digits = (3.0 - rate.abs().max(1.0).log10().floor()).max(-3.0);
    let scale = 10_f64.powf(digits);
    (rate * scale).round() / scale
}

/// Runs two sides in turn: a warm-up, then so many rounds, each side first in every other one. A side gives its rate a second.
///
/// # Errors
/// Whatever stops a side.
pub async fn in_turn(
    bench: &str,
    rounds: u32,
    mut ours: impl AsyncFnMut(u32) -> Result<f64, Failure>,
    mut limit: impl AsyncFnMut(u32) -> Result<f64, Failure>,
) -> Result<Pair, Failure> {
    let mut pair = Pair::new(bench);
    for round in 0..=rounds {
        let (ours, limit) = if round.is_multiple_of(2) {
            let ours = ours(round).await?;
            (ours, limit(round).await?)
        } else {
            let limit = limit(round).await?;
            (ours(round).await?, limit)
        };
        if round > 0 {
            pair.add(ours, limit);
        }
    }
    Ok(pair)
}

/// So many a second.
#[must_use]
pub fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(1e-9)
}

/// Runs tasks at once for a while, each doing its one thing over and over; how many of these a second there were.
///
/// # Errors
/// Whatever stops a task.
pub async fn at_once(tasks: Vec<impl AsyncTask>, time: Duration) -> Result<f64, Failure> {
    let from = Instant::now();
    let until = from + time;
    let running: Vec<_> = tasks.into_iter().map(|task| tokio::spawn(repeat(task, until))).collect();
    let mut count = 0_u64;
    for one in running {
        count = count.saturating_add(one.await??);
    }
    Ok(rate(count, from.elapsed()))
}

/// What a task does again and again.
pub trait AsyncTask: Send + 'static {
    /// Does it once.
    fn once(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;
}

async fn repeat(mut task: impl AsyncTask, until: Instant) -> Result<u64, Failure> {
    let mut count = 0_u64;
    while Instant::now() < until {
        task.once().await?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The load of the machine's last minute, where it tells.
#[must_use]
pub fn load() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{middle, rounded};

    #[test]
    fn the_round_in_the_middle_and_digits() {
        let rounds = [(9.0, 10.0), (5.0, 10.0), (100.0, 200.0), (8.0, 10.0), (1.0, 10.0)];
        assert_eq!(middle(&rounds), Some((100.0, 200.0)));
        assert_eq!(middle(&rounds[..2]), Some((5.0, 10.0)));
        assert_eq!(middle(&[]), None);
        assert!((rounded(64_217.3) - 64_220.0).abs() < 0.001);
        assert!((rounded(1.234_56) - 1.235).abs() < 1e-9);
    }
}
