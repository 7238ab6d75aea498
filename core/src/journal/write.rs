//! The second reading: declarations and transactions, account by account.

use std::collections::BTreeMap;
use std::io::Write;

use super::counter::{Counter, History};
use super::lines::Lines;
use super::names::{self, Name};
use super::scan::Scan;
use super::survey::{Survey, check_day};
use super::{Format, JournalError};
use crate::store::AccountFilter;
use crate::{Account, AccountId, Entry, Ledger, LedgerStore, PAGE_MAX};

/// What was written of a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// How many accounts.
    pub accounts: u64,
    /// How many entries, each a transaction.
    pub entries: u64,
    /// How many of the accounts have another name in the journal than their id, since the program does not take that as it is.
    pub renamed: u64,
    /// How many fee codes have.
    pub codes_renamed: u64,
}

/// Writes a book as double entry for hledger, ledger or beancount: every entry a transaction of two postings that balance, by account.
///
/// The names that it uses, and an example, are in the [module's](super) documentation. It reads the book twice, a page at a time: what it
/// holds in memory is bounded by a page, the entries of one account, and [`FEE_CODES_MAX`](super::FEE_CODES_MAX) fee codes. It is the
/// journal of a book at rest: what is recorded while it is being written may be left out, or end it with [`JournalError::Changed`].
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// use bursar::journal::{Format, write_journal};
///
/// let mut journal = Vec::new();
/// let written = write_journal(&school, Format::Hledger, &mut journal).await?;
/// assert_eq!((written.accounts, written.entries), (1, 1));
/// assert!(String::from_utf8(journal)?.contains("120.00 USD"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`JournalError::Day`] and [`JournalError::TooManyFeeCodes`], before anything is written; [`JournalError::Changed`];
/// [`JournalError::Read`] when the book cannot be read; [`JournalError::Write`] when the journal cannot be written.
pub async fn write_journal<S: LedgerStore>(
    ledger: &Ledger<S>,
    format: Format,
    writer: impl Write,
) -> Result<Written, JournalError> {
    let survey = Survey::of(ledger, format).await?;
    let lines = Lines::new(format, ledger.currency, writer);
    let mut journal =
        Journal { ledger, format, lines, counters: BTreeMap::new(), written: Written::default() };
    journal.head(&survey)?;
    journal.accounts().await?;
    let written = journal.written;
    journal.lines.end(&written)?;
    Ok(written)
}

struct Journal<'l, S, W> {
    ledger: &'l Ledger<S>,
    format: Format,
    lines: Lines<W>,
    /// What entries stand against: the name, and the first day as surveyed.
    counters: BTreeMap<Counter, (String, chrono::NaiveDate)>,
    written: Written,
}

impl<S: LedgerStore, W: Write> Journal<'_, S, W> {
    /// What comes before the accounts.
    fn head(&mut self, survey: &Survey) -> Result<(), JournalError> {
        let codes = survey.codes();
        self.lines.head(self.ledger.book.as_str())?;
        for (counter, first_on) in &survey.counters {
            let Name { text, renamed } = names::counter(self.format, counter, |code| codes.contains(code));
            self.written.codes_renamed = self.written.codes_renamed.saturating_add(u64::from(renamed));
            self.lines.declare(&text)?;
            self.lines.open(*first_on, &text, counter.code().map(|code| ("code", code)))?;
            self.counters.insert(counter.clone(), (text, *first_on));
        }
        Ok(())
    }

    async fn accounts(&mut self) -> Result<(), JournalError> {
        let mut scan = Scan::of(self.ledger);
        let mut after: Option<AccountId> = None;
        loop {
            let page = self.ledger.accounts(AccountFilter::All, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            let ids = page.iter().map(|account| &account.id);
            let existing = names::existing_rivals(self.ledger, self.format, ids).await?;
            for account in &page {
                let name = names::receivable(self.format, &account.id, |id| existing.contains(id));
                self.written.renamed = self.written.renamed.saturating_add(u64::from(name.renamed));
                self.account(account, &name.text, &mut scan).await?;
            }
        }
        // Of an account that was enrolled behind this back.
        if scan.next().await?.is_some() { Err(JournalError::Changed) } else { Ok(()) }
    }

    async fn account(
        &mut self,
        account: &Account,
        name: &str,
        scan: &mut Scan<'_, S>,
    ) -> Result<(), JournalError> {
        self.lines.declare(name)?;
        let mut history = History::default();
        // An account without entries has its day of enrolment, as far as the program reads it.
        let (earliest, latest) = self.format.days();
        let mut first_on = account.enrolled_on.clamp(earliest, latest);
        while let Some(entry) = scan.next_of(&account.id).await? {
            let counter = history.see(&entry)?;
            self.transaction(&entry, name, &counter)?;
            first_on = first_on.min(entry.effective_on);
        }
        self.lines.open(first_on, name, Some(("id", account.id.as_str())))?;
        self.written.accounts = self.written.accounts.saturating_add(1);
        Ok(())
    }

    fn transaction(&mut self, entry: &Entry, name: &str, counter: &Counter) -> Result<(), JournalError> {
        // What the survey has not seen was recorded since.
        let (against, first_on) = self.counters.get(counter).ok_or(JournalError::Changed)?;
        if entry.effective_on < *first_on || check_day(entry, self.format).is_err() {
            return Err(JournalError::Changed);
        }
        self.lines.transaction(entry, name, against)?;
        self.written.entries = self.written.entries.saturating_add(1);
        Ok(())
    }
}
