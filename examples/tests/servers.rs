//! Every school file in `data` gives exactly the figures beside it on the server databases too, and a book that is moved from one database to
//! the next through the school file is the same book in each. Ignored where no server is installed.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/mod.rs"]
mod support;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use bursar::LedgerStore;
use bursar::audit::audit;
use bursar::school_file::{export, replay, write_figures};
use bursar_examples::database;
use bursar_servers::{Engine, Server, trials};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use support::{data, example, expected, plain, school_files};

const SERVERS: [Engine; 2] = [Engine::Postgres, Engine::Mariadb];

/// A database of its own on a server.
fn fresh(server: &Server, number: usize) -> Result<String, Failed> {
    server.ask(&format!("CREATE DATABASE school_{number}"))?;
    let url = server.url();
    let (server, _) = url.rsplit_once('/').ok_or("the address has no database")?;
    Ok(format!("{server}/school_{number}"))
}

/// Reads a file into a store, compares the figures, and audits the book; gives the book as exported.
async fn read(store: Arc<dyn LedgerStore>, file: &Path, figures: &Value) -> Result<(u64, String), Failed> {
    let reader = BufReader::new(File::open(file)?);
    let (ledger, summary) =
        replay(store, reader, |_| {}).await.map_err(|error| format!("{}: {error}", file.display()))?;
    let mut written = Vec::new();
    write_figures(&ledger, &mut written).await??;
    assert_eq!(serde_json::from_slice::<Value>(&written)?, *figures, "{}", file.display());
    let report = audit(&ledger).await?;
    assert!(report.is_clean(), "{}: {report:?}", file.display());
    let mut exported = Vec::new();
    export(&ledger, &mut exported).await??;
    Ok((summary.lines - summary.skipped, String::from_utf8(exported)?))
}

/// Every file, read twice, beside memory.
async fn every_file(server: &Server) -> Result<(), Failed> {
    for (number, file) in school_files().into_iter().enumerate() {
        let (url, figures) = (fresh(server, number)?, expected(&file));
        let (_, first) = read(database::open(Some(&url)).await?, &file, &figures).await?;
        let (lines, second) = read(database::open(Some(&url)).await?, &file, &figures).await?;
        assert_eq!((lines, first == second), (0, true), "{} read again", file.display());
        let (_, in_memory) = read(database::open(None).await?, &file, &figures).await?;
        assert_eq!(plain(&second), plain(&in_memory), "{} is the same book in both", file.display());
    }
    Ok(())
}

fn done(output: &Output) -> Result<(), Failed> {
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// A school of two years goes from a file to SQLite, to the server, and back, by the programs that people use.
fn moved(server: &Server) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let url = fresh(server, 0)?;
    let in_sqlite = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let figures = expected(&data("hillside.jsonl"));
    let mut file = data("hillside.jsonl");
    let mut books = Vec::new();
    for (number, url) in [in_sqlite("one.db"), url, in_sqlite("two.db")].iter().enumerate() {
        let read = example("replay").arg(&file).args(["--db", url, "--audit"]).output()?;
        done(&read)?;
        assert_eq!(serde_json::from_slice::<Value>(&read.stdout)?, figures, "the figures are equal");
        let exported: Output = Command::output(example("export").args(["hillside", "--db", url]))?;
        done(&exported)?;
        file = folder.path().join(format!("{number}.jsonl"));
        std::fs::write(&file, &exported.stdout)?;
        books.push(String::from_utf8(exported.stdout)?);
    }
    // The second came from the first's export, so that even the keys that repricing made are the same.
    assert_eq!(plain(&books[0]), plain(&books[1]));
    assert_eq!(books[1], books[2], "the book comes back as it went");
    Ok(())
}

fn main() -> std::process::ExitCode {
    let trials = SERVERS.into_iter().flat_map(|engine| {
        let files = move || {
            let server = Server::start(engine)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(every_file(&server))
        };
        [
            trials::own(format!("every school file ({engine})"), engine, files),
            trials::own(format!("a book is moved there and back ({engine})"), engine, move || {
                moved(&Server::start(engine)?)
            }),
            Trial::test(format!("an address with a password is not repeated ({engine})"), move || {
                let scheme = if engine == Engine::Postgres { "postgres" } else { "mysql" };
                let url = format!("{scheme}://bursar:tr0ub4dor@127.0.0.1:1/fees");
                let output =
                    example("replay").arg(data("part-payment.jsonl")).args(["--db", &url]).output()?;
                let said = String::from_utf8(output.stderr)?;
                assert!(!output.status.success() && said.contains("server"), "{said}");
                assert!(!said.contains("tr0ub4dor"), "{said}");
                Ok(())
            }),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
