//! Which book a program reports on: that of a school file, read into memory, or one that a database keeps.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bursar::school_file::replay;
use bursar::{BookId, Ledger, LedgerStore};
use clap::Args;

use crate::database::{self, Failure};
use crate::input;

/// A book over whatever keeps it.
pub type AnyLedger = Ledger<Arc<dyn LedgerStore>>;

/// The arguments that say which book.
#[derive(Args, Clone, Debug, Default)]
pub struct Source {
    /// The school file, one JSON object a line; "-" is standard input. Without it and --db, the project's own example.
    pub file: Option<PathBuf>,
    /// The database that keeps the book.
    #[arg(long, value_name = "URL", help = database::HELP)]
    pub db: Option<String>,
    /// The id of the book in the database; the only one there is, unless given.
    #[arg(long)]
    pub book: Option<String>,
}

impl Source {
    /// Opens the book.
    ///
    /// # Errors
    /// Arguments that do not go together; a file or a database that cannot be read; a book that is not there.
    pub async fn open(&self) -> Result<AnyLedger, Failure> {
        open(self.file.as_deref(), self.db.as_deref(), self.book.as_deref()).await
    }

    /// Whether the book is only read from a file: what it calls today is not today.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        self.db.is_none()
    }
}

/// Opens the book of a file, or one in a database; without either that of `examples/data/hillside.jsonl`.
///
/// # Errors
/// Arguments that do not go together; a file or a database that cannot be read; a book that is not there.
pub async fn open(file: Option<&Path>, db: Option<&str>, book: Option<&str>) -> Result<AnyLedger, Failure> {
    match (file, db, book) {
        (None, Some(db), book) => in_database(db, book).await,
        (Some(_), Some(_), _) => Err("give a FILE or --db, not both".into()),
        (_, None, Some(_)) => Err("--book names a book of a database; give its address with --db".into()),
        (Some(file), None, None) => read(file).await,
        (None, None, None) => {
            read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join("hillside.jsonl")).await
        }
    }
}

/// Opens a book in a database; the only one there is, where none is named.
///
/// # Errors
/// A database that cannot be opened; a book that is not there; several books of which none is named.
pub async fn in_database(db: &str, book: Option<&str>) -> Result<AnyLedger, Failure> {
    const LISTED: usize = 20;
    let store = database::open(Some(db)).await?;
    if let Some(book) = book {
        return Ok(Ledger::open_existing(store, book).await?);
    }
    let books = store.books(None, u32::try_from(LISTED)?).await?;
    match books.as_slice() {
        [only] => Ok(Ledger::open_existing(store, only).await?),
        [] => Err("there is no book in the database".into()),
        several => {
            let names: Vec<&str> = several.iter().map(BookId::as_str).collect();
            let more = if several.len() == LISTED { " …" } else { "" };
            Err(format!("the database keeps several books; say which: {}{more}", names.join(", ")).into())
        }
    }
}

/// Writes a report to standard output. Who stops reading has read enough.
///
/// # Errors
/// When it cannot be written for another reason.
pub fn show(report: &impl Display) -> Result<(), Failure> {
    match io::stdout().lock().write_all(report.to_string().as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Reads a school file into memory.
async fn read(path: &Path) -> Result<AnyLedger, Failure> {
    let named = |error: &dyn Display| format!("{}: {error}", path.display());
    let (reader, _) = input::open(path)?;
    let (ledger, _) =
        replay(database::open(None).await?, reader, |_| {}).await.map_err(|error| named(&error))?;
    Ok(ledger)
}
