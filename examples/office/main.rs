//! Serves the school's office: `cargo run --release --example office`, then open the address that it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use bursar_examples::database::Failure;
use bursar_office::server::FIRST;
use bursar_office::{Settings, password, start};
use clap::Parser;

const DB_HELP: &str = "The database that keeps the book and the clerks: sqlite:FILE, postgres://user@host/database, \
                       mysql://user@host/database, or memory";
const SESSIONS_HELP: &str =
    "The database that keeps the sessions: any of those, or redis://host; that of --db unless given";

/// A school's office in a browser: fees, payments, arrears, and the sessions of its clerks.
#[derive(Parser)]
struct Arguments {
    /// The database that keeps the book and the clerks.
    #[arg(long, value_name = "URL", default_value = "sqlite:office.db", help = DB_HELP)]
    db: String,
    /// The database that keeps the sessions.
    #[arg(long, value_name = "URL", help = SESSIONS_HELP)]
    sessions: Option<String>,
    /// The id of the book. One that does not exist is begun with sample data.
    #[arg(long, default_value = "hillside")]
    book: String,
    /// The address to listen on.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Browsers reach the office through a proxy that speaks HTTPS: cookies are `Secure` then.
    #[arg(long)]
    behind_https: bool,
    /// Gives a clerk a new password, prints it, ends the clerk's sessions, and serves nothing.
    #[arg(long, value_name = "NAME")]
    reset_password: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("office: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let settings = Settings {
        address: SocketAddr::new(
            arguments.host,
            if arguments.reset_password.is_some() { 0 } else { arguments.port },
        ),
        db: arguments.db,
        sessions: arguments.sessions,
        book: arguments.book,
        behind_https: arguments.behind_https,
        ..Settings::default()
    };
    println!("Opening the book in {}; a new one takes some seconds to begin", shown(&settings.db));
    let mut running = start(&settings).await?;
    if let Some(name) = arguments.reset_password {
        let told = reset(&running, &name).await;
        running.stop().await?;
        println!("The password of {name} is now: {}", told?);
        return Ok(());
    }
    println!("The office is open: {}", running.url());
    match &running.first_password {
        Some(password) => {
            println!();
            println!("  name:     {FIRST}");
            println!("  password: {password}");
            println!();
            println!("The password is shown this once; a new one: --reset-password {FIRST}");
        }
        None => println!("Sign in as before; a new password: --reset-password NAME"),
    }
    println!("Ctrl-C closes it");
    tokio::select! {
        ended = running.wait() => return ended,
        () = interrupted() => {}
    }
    running.stop().await
}

/// An address without what may be a password in it.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

async fn reset(running: &bursar_office::Running, name: &str) -> Result<String, Failure> {
    let office = &running.office;
    let failed = |failure| format!("{failure:?}");
    let new = password::generate().map_err(failed)?;
    let hash = office.passwords.hash(new.clone()).await.map_err(failed)?;
    if !office.clerks.set_password(name, &hash).await.map_err(failed)? {
        return Err(format!("there is no clerk {name:?}").into());
    }
    office.sessions.end_all(name).await?;
    Ok(new)
}

/// Waits for ctrl-c. Where it cannot be waited for, the program is stopped in another way.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
