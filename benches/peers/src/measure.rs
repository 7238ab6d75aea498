//! Measuring: two sides in turn, round after round, so that what else the machine does falls on both.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Failure;
use crate::browser::Browser;

/// Browsers that ask at once.
pub struct Browsers(pub Vec<Browser>);

impl Browsers {
    /// Lets all of them ask, each on and on, for a while; how many answers a second there were.
    ///
    /// # Errors
    /// When an answer is wrong.
    pub async fn ask(&mut self, time: Duration) -> Result<f64, Failure> {
        let from = Instant::now();
        let until = from.checked_add(time).ok_or("this takes too long")?;
        let alone = self.0.len() == 1;
        let running: Vec<_> =
            self.0.drain(..).map(|browser| tokio::spawn(on_and_on(browser, until, alone))).collect();
        let mut count = 0_u64;
        for one in running {
            let (browser, asked) = one.await??;
            self.0.push(browser);
            count = count.saturating_add(asked);
        }
        Ok(count as f64 / from.elapsed().as_secs_f64().max(1e-9))
    }
}

async fn on_and_on(mut browser: Browser, until: Instant, alone: bool) -> Result<(Browser, u64), Failure> {
    let mut asked = 0_u64;
    while Instant::now() < until {
        browser.ask().await?;
        asked = asked.saturating_add(1);
        // The others are at the same place as soon as a server would let them: sessions in memory keep nobody waiting.
        if !alone {
            tokio::task::yield_now().await;
        }
    }
    Ok((browser, asked))
}

/// What both sides did in one round, a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Round {
    pub ours: f64,
    pub peer: f64,
}

impl Round {
    /// How many times the peer's rate ours is.
    pub fn ratio(self) -> f64 {
        self.ours / self.peer
    }

    /// How many nanoseconds a request of ours takes longer.
    pub fn extra_ns(self) -> f64 {
        1e9 / self.ours - 1e9 / self.peer
    }
}

/// Lets two sides ask in turn: a warm-up, then so many rounds, each side first in every other one. The round whose ratio is the median, the
/// lower of two in the middle.
///
/// # Errors
/// When an answer is wrong.
pub async fn in_turn(
    bench: &str,
    rounds: u32,
    time: Duration,
    ours: &mut Browsers,
    peer: &mut Browsers,
) -> Result<Round, Failure> {
    let mut counted = Vec::new();
    for number in 0..=rounds {
        let round = if number.is_multiple_of(2) {
            let ours = ours.ask(time).await?;
            Round { ours, peer: peer.ask(time).await? }
        } else {
            let peer = peer.ask(time).await?;
            Round { ours: ours.ask(time).await?, peer }
        };
        if number > 0 {
            eprintln!("  {bench}: {:.0}/s, peer {:.0}/s, ratio {:.3}", round.ours, round.peer, round.ratio());
            counted.push(round);
        }
    }
    middle(counted).ok_or_else(|| "no round was run".into())
}

/// The round whose ratio is the median, not the median of each side: those may come from rounds in which the machine did other things
/// besides, and their ratio would be of no round at all.
fn middle(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by(|one, other| f64::total_cmp(&one.ratio(), &other.ratio()));
    rounds.get(rounds.len().checked_sub(1)? / 2).copied()
}

/// What is printed of a bench.
#[derive(Debug, Serialize)]
struct Line<'a> {
    bench: &'a str,
    ours_per_s: f64,
    peer_per_s: f64,
    ratio: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_ns: Option<f64>,
}

/// What is asked of a bench.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// Nothing.
    None,
    /// At least so many times the peer's rate.
    Ratio(f64),
    /// At most so many nanoseconds more a request.
    ExtraNs(f64),
}

/// Prints the round as a line of JSON, and says on standard error whether it is what it should be.
///
/// # Errors
/// When it is no number.
pub fn print(bench: &str, round: Round, target: Target) -> Result<(), Failure> {
    let extra_ns = matches!(target, Target::ExtraNs(_)).then(|| round.extra_ns().round());
    let line = Line {
        bench,
        ours_per_s: rounded(round.ours),
        peer_per_s: rounded(round.peer),
        ratio: (round.ratio() * 1_000.0).round() / 1_000.0,
        extra_ns,
    };
    println!("{}", serde_json::to_string(&line)?);
    let said = |met: bool| if met { "met" } else { "MISSED" };
    match target {
        Target::None => {}
        Target::Ratio(least) => {
            eprintln!("  {bench}: ratio {:.3}, target {least}: {}", line.ratio, said(line.ratio >= least));
        }
        Target::ExtraNs(most) => {
            let extra = round.extra_ns();
            eprintln!("  {bench}: {extra:.0} ns more, target {most} ns: {}", said(extra <= most));
        }
    }
    Ok(())
}

/// Four significant digits, or whole numbers where there are more.
fn rounded(rate: f64) -> f64 {
    let digits = (3.0 - rate.abs().max(1.0).log10().floor()).max(-3.0);
    let scale = 10_f64.powf(digits);
    (rate * scale).round() / scale
}

/// The load of the machine's last minute, where it tells.
pub fn load() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Round, middle, rounded};

    #[test]
    fn the_round_in_the_middle_and_digits() {
        let round = |ours, peer| Round { ours, peer };
        let rounds =
            [round(9.0, 10.0), round(5.0, 10.0), round(100.0, 200.0), round(8.0, 10.0), round(1.0, 10.0)];
        assert_eq!(middle(rounds.to_vec()), Some(round(100.0, 200.0)));
        assert_eq!(middle(rounds[..2].to_vec()), Some(round(5.0, 10.0)));
        assert_eq!(middle(Vec::new()), None);
        assert!((rounded(64_217.3) - 64_220.0).abs() < 0.001);
        assert!((round(2_000_000.0, 4_000_000.0).extra_ns() - 250.0).abs() < 1e-6);
    }
}
