//! Whether the office holds: it is served, and many clerks work in it over HTTP, sign out in the middle of payments, send forms twice, and
//! come back too late. Then the book is held to everything that was answered.
//!
//! `cargo run --release --example stability`
//!
//! Exits with 1 when anything is wrong. Each run keeps a book of its own in the database, and clerks of its own beside those that are there.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod browser;
mod chance;
mod counting;
mod expiry;
mod finish;
mod html;
mod judge;
mod log;
mod races;
mod report;
mod shown;
mod site;
mod steady;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar_examples::database::Failure;
use bursar_office::clerks::Role;
use bursar_office::password;
use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::Instant;

use chance::Chance;
use races::{House, WINDOWS};
use site::{Clerk, Site};
use steady::Steady;

/// What is said of `--db`.
const DB: &str = "The database of the book and the clerks: sqlite:FILE, postgres://user@host/database, mysql://user@host/database or memory; a SQLite file in a temporary folder unless given";

/// Checks that the school's office holds under load, double sends, and sessions that end in the middle of it.
#[derive(Parser)]
struct Arguments {
    /// For how many seconds all clients work at once.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How many clients there are.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(8..=1000))]
    clients: u64,
    #[arg(long, value_name = "URL", help = DB)]
    db: Option<String>,
    /// The database of the sessions: those of --db, or `redis://host`; the one of --db unless given.
    #[arg(long, value_name = "URL")]
    sessions: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_writer(std::io::stderr).init();
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stability: {error}");
            ExitCode::FAILURE
        }
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn seed() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    password::random(&mut bytes).map_err(|failure| format!("{failure:?}"))?;
    Ok(u64::from_be_bytes(bytes))
}

/// Whether nothing was found.
async fn run(arguments: &Arguments) -> Result<bool, Failure> {
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite:{}", folder.path().join("office.db").display());
    let (db, seed) = (arguments.db.as_deref().unwrap_or(&file), seed()?);
    let run = format!("{:08x}", seed >> 32);
    let book = format!("stability-{run}");
    println!("{} clients for {} s, on the book {book}", arguments.clients, arguments.seconds);
    let (site, offices) = site::open(db, arguments.sessions.as_deref(), &book).await?;
    let before = site.office.school.book_balance().await?;

    let mut clerks = Vec::new();
    for number in 0..8_u64 {
        let role = if number == 0 { Role::Head } else { Role::Clerk };
        clerks.push(site.hire(format!("s{run}-{number}"), role).await?);
    }
    let stopper = tokio::spawn(interrupted(Arc::clone(&site)));

    let began = Instant::now();
    alone(&site, &clerks, seed, arguments.seconds).await;
    let alone_pages = site.log.take_pages();
    println!("\n{}", report::requests("one client alone", &alone_pages, micros(began)));

    let began = Instant::now();
    all(&site, &clerks, seed, arguments).await?;
    stopper.abort();
    let pages = site.log.take_pages();
    println!("{}", report::requests("all at once", &pages, micros(began)));
    println!("{}", report::sessions(&[&alone_pages, &pages], &site.store.all()));
    println!("{}", report::told(&site.log.told()));
    let summary = finish::finish(&site, &offices, &before).await?;
    println!("{}", report::summary(&summary, site.office.school.currency().code()));
    let findings = site.log.findings();
    print!("{}", report::findings(&findings));
    offices.main.stop().await?;
    offices.short.stop().await?;
    Ok(findings.is_empty())
}

/// Ends the check early at a ctrl-c.
async fn interrupted(site: Arc<Site>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        eprintln!("ending early");
        site.stop();
    }
}

/// One client alone, for many turns: nothing but his requests touches the sessions.
async fn alone(site: &Arc<Site>, clerks: &[Arc<Clerk>], seed: u64, seconds: u64) {
    const TURNS: u32 = 300;
    let Some(clerk) = clerks.first() else { return };
    let Some(browser) = site.signed_in(&site.address, clerk).await else { return };
    let mut steady = Steady::new(site, browser, seed);
    let before = site.store.all().writes();
    let end = Instant::now() + Duration::from_secs(seconds.div_ceil(4));
    for _ in 0..TURNS / 10 {
        if Instant::now() < end {
            steady.turns(10).await;
        }
    }
    // Whatever was written was written to his session.
    let (wrote, known) = (site.store.all().writes().saturating_sub(before), site.log.writes());
    if wrote != known {
        site.log.finding(format!(
            "one client alone wrote its session {known} times, and the store was written {wrote} times"
        ));
    }
}

/// All clients at once.
async fn all(
    site: &Arc<Site>,
    clerks: &[Arc<Clerk>],
    seed: u64,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let mut clients = JoinSet::new();
    // A sixteenth of the clients each, and at least one: browsers with several windows, and clerks who idle.
    let some = (arguments.clients / 16).max(1);
    let (run, mut steady) = (seed >> 32, arguments.clients);
    for number in 0..some {
        steady = steady.saturating_sub(WINDOWS.saturating_add(1));
        let clerk = site.hire(format!("r{run:08x}-{number}"), Role::Clerk).await?;
        let chance = Chance::new(seed.rotate_left(8).wrapping_add(number));
        clients.spawn(House { site: Arc::clone(site), clerk, chance }.work());
        let clerk = site.hire(format!("i{run:08x}-{number}"), Role::Clerk).await?;
        clients.spawn(expiry::idle(Arc::clone(site), clerk, seed.rotate_left(16).wrapping_add(number)));
    }
    let clerk = site.hire(format!("w{run:08x}"), Role::Clerk).await?;
    clients.spawn(expiry::stay(Arc::clone(site), clerk));
    let clerk = site.hire(format!("l{run:08x}"), Role::Clerk).await?;
    clients.spawn(expiry::lock_out(Arc::clone(site), clerk));
    for (number, clerk) in (0..steady.saturating_sub(1)).zip(clerks.iter().cycle()) {
        let (site, clerk) = (Arc::clone(site), Arc::clone(clerk));
        clients.spawn(async move {
            if let Some(browser) = site.signed_in(&site.address, &clerk).await {
                Steady::new(&site, browser, seed.wrapping_add(number)).work().await;
            }
        });
    }
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    while Instant::now() < end && !site.is_over() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    site.stop();
    while let Some(ended) = clients.join_next().await {
        if let Err(error) = ended {
            site.log.finding(format!("a client broke down: {error}"));
        }
    }
    Ok(())
}
