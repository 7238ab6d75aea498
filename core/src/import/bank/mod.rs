//! Payments from a bank's statement: matched by reference, or reported; never guessed.

mod columns;
mod decide;
mod lines;

use std::collections::HashSet;
use std::io::Read;

use chrono::NaiveDate;

pub use columns::BankColumns;
pub use lines::{PassedOver, WhyPassedOver};

use self::lines::Parsed;
use super::commit::{Imported, ImportedLine, post};
use super::format::FileFormat;
use super::matching::{References, WhyUnmatched};
use super::{Fault, ImportError, ImportName, Problem};
use crate::ledger::attempts::Attempts;
use crate::name::{IntoName, check_recorder};
use crate::{AccountId, Ledger, LedgerStore, Method, Money, Receipt, Refusal, TermId};

/// The import of payments from a bank's statement in CSV, in two steps.
///
/// [`check`](Self::check) says of every line what would become of it and records nothing; [`post`](CheckedBank::post) records the payments that it matched.
///
/// ```
/// use bursar::import::{BankColumns, BankImport};
/// # use bursar::{Currency, Ledger, Term, TermId, date};
/// # use bursar_store_memory::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
/// # let term = TermId::new(2026, 1)?;
/// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
/// # school.activate(term).await?;
/// let statement = "\
/// Date,Details,Amount
/// 20/01/2026,s-17,80.00
/// 20/01/2026,thank you,15.00
/// 21/01/2026,charges,-2.50
/// ";
/// let import = BankImport::new("bank-usd", BankColumns::new("Date", "Amount", "Details"))?.days_as("%d/%m/%Y")?;
/// let checked = import.check(&school, statement.as_bytes()).await?;
/// assert_eq!((checked.matched().len(), checked.unmatched().len(), checked.passed_over().len()), (1, 1, 1));
/// assert_eq!(checked.unmatched()[0].content, "20/01/2026,thank you,15.00");
/// assert_eq!(checked.post(&school).await?.total.to_string(), "80.00");
/// assert_eq!(checked.post(&school).await?.recorded, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BankImport {
    name: ImportName,
    columns: BankColumns,
    days: String,
    term: Option<TermId>,
    method: Method,
    recorded_by: Option<String>,
    references: References,
    format: FileFormat,
}

impl BankImport {
    /// An import from a bank account, under a name that is the same for all its statements: a payment is known again by it.
    ///
    /// # Errors
    /// [`Refusal::BadName`].
    pub fn new(name: impl IntoName<ImportName>, columns: BankColumns) -> Result<Self, Refusal> {
        Ok(Self {
            name: name.into_name()?,
            columns,
            days: "%Y-%m-%d".to_owned(),
            term: None,
            method: Method::Bank,
            recorded_by: None,
            references: References::default(),
            format: FileFormat::default(),
        })
    }

    /// How days are written, by chrono's [`strftime`](chrono::format::strftime); `%Y-%m-%d` unless given.
    ///
    /// # Errors
    /// [`FileProblem::DayFormat`](super::FileProblem::DayFormat).
    pub fn days_as(mut self, format: impl Into<String>) -> Result<Self, super::FileProblem> {
        self.days = format.into();
        columns::check_day_format(&self.days)?;
        Ok(self)
    }

    /// The term of the payments; the current one at posting unless given.
    #[must_use]
    pub const fn for_term(mut self, term: TermId) -> Self {
        self.term = Some(term);
        self
    }

    /// The method of the payments; [`Method::Bank`] unless given.
    #[must_use]
    pub const fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Who records them.
    #[must_use]
    pub fn recorded_by(mut self, who: impl Into<String>) -> Self {
        self.recorded_by = Some(who.into());
        self
    }

    /// A reference that stands for an account, besides the accounts' own ids: an invoice number, a parent's name.
    ///
    /// # Errors
    /// [`Refusal::BadName`] of the account.
    pub fn reference(
        mut self,
        reference: impl AsRef<str>,
        account: impl IntoName<AccountId>,
    ) -> Result<Self, Refusal> {
        self.references.map.insert(reference.as_ref().trim().to_owned(), account.into_name()?);
        Ok(self)
    }

    /// Also matches a reference of which one token names an account, and no other token another: `FEES/s-17/JOHN`. A token stands between
    /// white space or separators. Think twice where accounts are short numbers: `FEES 2026` names the account `2026`.
    #[must_use]
    pub const fn match_within(mut self) -> Self {
        self.references.within = true;
        self
    }

    /// The form of the file.
    #[must_use]
    pub const fn format(mut self, format: FileFormat) -> Self {
        self.format = format;
        self
    }

    /// Reads a file and says of every line what would become of it, as the book is now. Nothing is recorded.
    ///
    /// # Errors
    /// [`ImportError::Read`], [`ImportError::File`]; [`ImportError::Ledger`] when the book cannot be read, or for [`Refusal::BadText`] of who
    /// records it.
    pub async fn check<S: LedgerStore>(
        &self,
        ledger: &Ledger<S>,
        reader: impl Read,
    ) -> Result<CheckedBank, ImportError> {
        self.recorded_by.as_deref().map_or(Ok(()), check_recorder)?;
        let file = Parsed::read(self, reader, ledger.currency)?;
        let decided = decide::decide(self, &file, ledger).await?;
        decided.postings.check_size(ledger.currency)?;
        let total = decided.postings.total(ledger.currency)?;
        let there = decided.postings.there.into_iter();
        let mut faults = decided.postings.faults;
        faults.extend(file.faults.iter().cloned());
        faults.extend(decided.line_faults);
        faults.sort_by_key(|fault| fault.line);
        Ok(CheckedBank {
            import: self.clone(),
            faults,
            matched: decided.matched,
            unmatched: decided.unmatched,
            already_there: there
                .map(|(line, entry)| ImportedLine { line, receipt: Receipt::of(entry, true) })
                .collect(),
            total,
            file,
        })
    }
}

/// A payment that is matched to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BankLine {
    /// The number of its line in the file, from 1.
    pub line: u64,
    /// The line as it stands in the file.
    pub content: String,
    /// The day of the payment.
    pub on: NaiveDate,
    /// Its amount.
    pub amount: Money,
    /// Its reference.
    pub reference: String,
    /// The account that the reference names.
    pub account: AccountId,
}

/// A payment that is not matched: nothing is recorded for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unmatched {
    /// The number of its line in the file, from 1.
    pub line: u64,
    /// The line as it stands in the file.
    pub content: String,
    /// The day of the payment.
    pub on: NaiveDate,
    /// Its amount.
    pub amount: Money,
    /// Its reference; empty where it has none.
    pub reference: String,
    /// Why.
    pub why: WhyUnmatched,
}

/// A bank's statement that was read and checked. Each of its lines is in one of the lists, or at fault.
#[derive(Clone, Debug)]
pub struct CheckedBank {
    import: BankImport,
    file: Parsed,
    faults: Vec<Fault>,
    matched: Vec<BankLine>,
    unmatched: Vec<Unmatched>,
    already_there: Vec<ImportedLine>,
    total: Money,
}

impl CheckedBank {
    /// The payments that are to be recorded.
    #[must_use]
    pub fn matched(&self) -> &[BankLine] {
        &self.matched
    }

    /// Their sum.
    #[must_use]
    pub const fn total(&self) -> Money {
        self.total
    }

    /// The payments for which no account was found, or several.
    #[must_use]
    pub fn unmatched(&self) -> &[Unmatched] {
        &self.unmatched
    }

    /// The payments that were recorded before, from this file or another, with their receipts.
    #[must_use]
    pub fn already_there(&self) -> &[ImportedLine] {
        &self.already_there
    }

    /// The lines that are no payments: money out, nothing, a transaction that the file has twice.
    #[must_use]
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.file.passed_over
    }

    /// Every fault of every line, in the order of the file; those of all lines first. A line at fault is not recorded; the others are,
    /// unless the fault is of all lines.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How many lines the file has, the header and blank ones not counted.
    #[must_use]
    pub fn lines(&self) -> u64 {
        u64::try_from(self.file.contents.len()).unwrap_or(u64::MAX)
    }

    /// A line as it stands in the file, by its number.
    #[must_use]
    pub fn content(&self, line: u64) -> Option<&str> {
        self.file.contents.get(&line).map(String::as_str)
    }

    /// The columns of the file that are not read.
    #[must_use]
    pub fn ignored_columns(&self) -> &[String] {
        &self.file.ignored
    }

    /// Records the payments that the check matched, all or none, each once. What has been recorded since is seen.
    ///
    /// # Errors
    /// [`ImportError::Faulty`] when there is a fault of all lines, or when a payment that was matched can no longer be recorded (its day has
    /// been locked, its reference has become ambiguous): check again. [`ImportError::Ledger`] with
    /// [`Error::UnknownOutcome`](crate::Error::UnknownOutcome), after which posting again finds out. Nothing was recorded, but perhaps in the last case.
    #[tracing::instrument(name = "bursar.import_bank", skip_all, fields(book = %ledger.book, import = %self.import.name))]
    pub async fn post<S: LedgerStore>(&self, ledger: &Ledger<S>) -> Result<Imported, ImportError> {
        let mut attempts = Attempts::default();
        loop {
            let mut decided = decide::decide(&self.import, &self.file, ledger).await?;
            self.hold_to(&mut decided);
            decided.postings.check_size(ledger.currency)?;
            if let Some(imported) = post(&mut attempts, ledger, decided.postings).await? {
                return Ok(imported);
            }
        }
    }

    /// Holds a later decision to what the check has shown: no payment more, and none less without saying so.
    fn hold_to(&self, decided: &mut decide::DecidedBank) {
        let shown = |line: u64| self.matched.binary_search_by_key(&line, |matched| matched.line).is_ok();
        decided.postings.to_record.retain(|(line, _)| shown(*line));
        if !decided.postings.faults.is_empty() {
            return;
        }
        let to_record = decided.postings.to_record.iter().map(|(line, _)| *line);
        let recorded: HashSet<u64> =
            to_record.chain(decided.postings.there.iter().map(|(line, _)| *line)).collect();
        for matched in self.matched.iter().filter(|matched| !recorded.contains(&matched.line)) {
            let fault = decided.line_faults.iter().find(|fault| fault.line == Some(matched.line)).cloned();
            decided
                .postings
                .faults
                .push(fault.unwrap_or_else(|| Fault::of_line(matched.line, Problem::NoLongerMatched)));
        }
    }
}
