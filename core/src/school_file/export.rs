//! Writing a book as a school file: a backup, or the way to another database.

use std::io::{self, Write};

use super::fields::Fields;
use super::written::Written;
use crate::store::AccountFilter;
use crate::{
    AccountId, Calendar, Entry, EntryKind, Error, FeeKey, Ledger, LedgerStore, PAGE_MAX, Refusal, TermId,
};

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// How many lines.
    pub lines: u64,
    /// How many of them are entries.
    pub entries: u64,
}

/// What an export writes beside what makes the same book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportOptions {
    /// Whether each entry is written with its id and the instant of its recording, so that it has these where the file is read.
    pub provenance: bool,
}

impl ExportOptions {
    /// Nothing beside.
    #[must_use]
    pub const fn new() -> Self {
        Self { provenance: false }
    }

    /// Each entry with its id and the instant of its recording.
    #[must_use]
    pub const fn with_provenance(self) -> Self {
        Self { provenance: true }
    }
}

/// Writes a book as a school file that makes the same book elsewhere: the same terms, fees, accounts, entries, keys and figures, and
/// what is done next does the same in both. Only the ids of entries and the instants of their recording are the other book's own;
/// [`export_with`] writes these too.
///
/// The terms come first, then the current one is activated while there is nobody to bill, then the accounts, fees and entries, and at the
/// end closed terms are closed and the book is locked. Where the book went back to its current term after payments for a later one, that
/// is activated only after them, without billing. An account's groups and standing are written as they are, from the day of its enrolment:
/// a book does not keep on which days they changed. It is the backup of a book at rest: what is recorded while it is being written may
/// be left out. The keys and charges of one account are held in memory.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let mut file = Vec::new();
/// let exported = school_file::export(&school, &mut file).await??;
/// assert_eq!(exported.entries, 1);
/// let store = bursar_store_memory::MemoryStore::new();
/// let (copy, _) = school_file::replay(store, file.as_slice(), |_| {}).await?;
/// assert_eq!(copy.balances("s-17").await?, school.balances("s-17").await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error`] when the book cannot be read; an [`io::Error`] when the file cannot be written.
pub async fn export<S: LedgerStore>(
    ledger: &Ledger<S>,
    writer: impl Write,
) -> Result<Result<Exported, io::Error>, Error> {
    export_with(ledger, writer, ExportOptions::new()).await
}

/// Does what [`export`] does, and writes what else is asked for.
///
/// ```
/// use bursar::school_file::{ExportOptions, export_with, replay};
/// use bursar::{AccountId, Currency, Ledger, OpeningBalance, Term, TermId, date};
/// use bursar_store_memory::MemoryStore;
/// use rust_decimal_macros::dec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
/// let (term, account) = (TermId::new(2026, 1)?, AccountId::new("s-17")?);
/// school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// school.enrol(&account, ["PRIMARY"], date("2026-01-10")?).await?;
/// school.bring_in(OpeningBalance::of(dec!(12.50), "old book").account(&account).for_term(term).key("o-1")).await?;
///
/// let mut file = Vec::new();
/// export_with(&school, &mut file, ExportOptions::new().with_provenance()).await??;
/// let (copy, _) = replay(MemoryStore::new(), file.as_slice(), |_| {}).await?;
/// assert_eq!(copy.entries(&account, 0, 10).await?, school.entries(&account, 0, 10).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`export`].
pub async fn export_with<S: LedgerStore>(
    ledger: &Ledger<S>,
    writer: impl Write,
    options: ExportOptions,
) -> Result<Result<Exported, io::Error>, Error> {
    let mut export = Export { ledger, writer, options, done: Exported::default() };
    match export.write().await {
        Ok(()) => Ok(Ok(export.done)),
        Err(Stop::Write(error)) => Ok(Err(error)),
        Err(Stop::Read(error)) => Err(error),
    }
}

enum Stop {
    Write(io::Error),
    Read(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Read(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Read(refusal.into())
    }
}

struct Export<'l, S, W> {
    ledger: &'l Ledger<S>,
    writer: W,
    options: ExportOptions,
    done: Exported,
}

impl<S: LedgerStore, W: Write> Export<'_, S, W> {
    async fn write(&mut self) -> Result<(), Stop> {
        let ledger = self.ledger;
        let calendar = ledger.calendar().await?;
        let (book, currency) = (Some(ledger.book.as_str()), Some(ledger.currency.code()));
        self.line(&Fields { what: "book", book, currency, ..Fields::default() })?;
        for term in calendar.terms() {
            self.line(&Fields::term(term))?;
        }
        let current = match calendar.current() {
            Some(current) => Some(calendar.term(current)?),
            None => None,
        };
        let went_back = self.went_back(&calendar).await?;
        if let Some(term) = current.filter(|_| !went_back) {
            self.line(&Fields::of_term("activate", term.id, term.starts_on))?;
        }
        self.accounts().await?;
        for term in calendar.terms() {
            self.fees(term.id).await?;
        }
        self.entries().await?;
        if let Some(term) = current.filter(|_| went_back) {
            let activate = Fields::of_term("activate", term.id, term.starts_on);
            self.line(&Fields { bill: Some(false), ..activate })?;
        }
        for term in calendar.terms().iter().filter(|term| term.closed) {
            // Dated out of any locked period: the lock is written after it.
            self.line(&Fields::of_term("close", term.id, term.ends_on))?;
        }
        if let Some(through) = calendar.locked_through() {
            self.line(&Fields { what: "lock", through: Some(through), ..Fields::default() })?;
        }
        self.writer.flush().map_err(Stop::Write)
    }

    fn line(&mut self, fields: &Fields<'_>) -> Result<(), Stop> {
        self.done.lines = self.done.lines.saturating_add(1);
        let line = serde_json::to_writer(&mut self.writer, fields).map_err(io::Error::from);
        line.and_then(|()| self.writer.write_all(b"\n")).map_err(Stop::Write)
    }

    /// Whether there is a payment that no reading would admit once the current term is current: one for a later term.
    async fn went_back(&self, calendar: &Calendar) -> Result<bool, Stop> {
        let Some(current) = calendar.current() else { return Ok(false) };
        if calendar.terms().last().is_none_or(|last| last.id <= current) {
            return Ok(false);
        }
        let mut after: Option<(AccountId, u32)> = None;
        loop {
            let page = self.scan(after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(false) };
            let later =
                |entry: &Entry| entry.term > current && matches!(entry.kind, EntryKind::Payment { .. });
            if page.iter().any(later) {
                return Ok(true);
            }
            after = Some((last.account.clone(), last.position));
        }
    }

    async fn scan(&self, after: Option<&(AccountId, u32)>) -> Result<Vec<Entry>, Stop> {
        let after = after.map(|(account, position)| (account, *position));
        Ok(self.ledger.store.scan(&self.ledger.book, after, PAGE_MAX).await.map_err(Error::from)?)
    }

    async fn accounts(&mut self) -> Result<(), Stop> {
        let mut after: Option<AccountId> = None;
        loop {
            let page = self.ledger.accounts(AccountFilter::All, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id.clone());
            for line in page.iter().flat_map(Fields::account) {
                self.line(&line)?;
            }
        }
    }

    async fn fees(&mut self, term: TermId) -> Result<(), Stop> {
        let mut after: Option<FeeKey> = None;
        loop {
            let page = self.ledger.fees(term, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for fee in &page {
                self.line(&Fields::fee(fee, self.ledger.currency)?)?;
            }
        }
    }

    async fn entries(&mut self) -> Result<(), Stop> {
        let mut written = Written::default();
        let mut after: Option<(AccountId, u32)> = None;
        loop {
            let page = self.scan(after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.account.clone(), last.position));
            for entry in &page {
                written.begin(&entry.account);
                self.line(&Fields::entry(entry, &written, self.options.provenance))?;
                written.add(entry);
                self.done.entries = self.done.entries.saturating_add(1);
            }
        }
    }
}
