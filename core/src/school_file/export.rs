//! Writing a book as a school file: a backup, or the way to another database.

use std::io::{self, Write};

use chrono::NaiveDate;
use serde::Serialize;

use crate::store::AccountFilter;
use crate::{
    Account, AccountId, Calendar, Entry, EntryKind, Error, Fee, FeeGroup, FeeKey, Ledger, LedgerStore,
    PAGE_MAX, Payer, Refusal, Standing, Term, TermId,
};

/// What an export wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many lines.
    pub lines: u64,
    /// How many of them are entries.
    pub entries: u64,
    /// Whether the file leaves the current term unsaid, since the book went back to it after payments for a later one, which no reading
    /// would admit.
    pub current_term_left_out: bool,
}

/// The fields of a line, in the order in which they are written.
#[derive(Default, Serialize)]
struct Fields<'a> {
    #[serde(rename = "do")]
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    book: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<NaiveDate>,
}

/// Writes a book as a school file that makes the same book elsewhere: the same accounts, entries, keys and figures.
///
/// The terms come first, then the current one is activated while there is nobody to bill, then the accounts, fees and entries, and at the
/// end closed terms are closed and the book is locked. What a school file has no field for is not in it: ids, instants and who
/// recorded, notes, the references of refunds, the later instalments of a fee, and the days of changes of group and standing. It is the
/// backup of a book at rest: what is recorded while it is being written may be left out.
///
/// # Errors
/// [`Error`] when the book cannot be read; an [`io::Error`] when the file cannot be written.
pub async fn export<S: LedgerStore>(
    ledger: &Ledger<S>,
    writer: impl Write,
) -> Result<Result<Exported, io::Error>, Error> {
    let mut export = Export { ledger, writer, done: Exported::default() };
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
    done: Exported,
}

impl<S: LedgerStore, W: Write> Export<'_, S, W> {
    async fn write(&mut self) -> Result<(), Stop> {
        let ledger = self.ledger;
        let calendar = ledger.calendar().await?;
        let (book, currency) = (Some(ledger.book.as_str()), Some(ledger.currency.code()));
        self.line(&Fields { what: "book", book, currency, ..Fields::default() })?;
        for term in calendar.terms() {
            self.term(term)?;
        }
        self.activate(&calendar).await?;
        self.accounts().await?;
        for term in calendar.terms() {
            self.fees(term.id).await?;
        }
        self.entries().await?;
        for term in calendar.terms().iter().filter(|term| term.closed) {
            let (year, number) = (Some(term.id.year()), Some(term.id.number()));
            // Dated out of any locked period: the lock is written after it.
            self.line(&Fields {
                what: "close",
                year,
                term: number,
                on: Some(term.ends_on),
                ..Fields::default()
            })?;
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

    fn term(&mut self, term: &Term) -> Result<(), Stop> {
        self.line(&Fields {
            what: "term",
            year: Some(term.id.year()),
            number: Some(term.id.number()),
            starts_on: Some(term.starts_on),
            ends_on: Some(term.ends_on),
            name: term.name.as_deref(),
            ..Fields::default()
        })
    }

    async fn activate(&mut self, calendar: &Calendar) -> Result<(), Stop> {
        let Some(current) = calendar.current() else { return Ok(()) };
        let term = calendar.term(current)?;
        let went_back = calendar.terms().last().is_some_and(|last| last.id > current);
        if went_back && self.paid_after(current).await? {
            self.done.current_term_left_out = true;
            return Ok(());
        }
        let (year, number) = (Some(current.year()), Some(current.number()));
        self.line(&Fields {
            what: "activate",
            year,
            term: number,
            on: Some(term.starts_on),
            ..Fields::default()
        })
    }

    async fn paid_after(&self, current: TermId) -> Result<bool, Stop> {
        let mut after: Option<(AccountId, u32)> = None;
        loop {
            let page = self.scan(after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(false) };
            if page
                .iter()
                .any(|entry| entry.term > current && matches!(entry.kind, EntryKind::Payment { .. }))
            {
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
            for account in &page {
                self.account(account)?;
            }
        }
    }

    /// Its standing comes before its entries: an alumnus may owe since.
    fn account(&mut self, account: &Account) -> Result<(), Stop> {
        let (id, on) = (Some(account.id.as_str()), Some(account.enrolled_on));
        let groups = Some(account.groups.iter().map(FeeGroup::as_str).collect());
        self.line(&Fields { what: "enrol", account: id, groups, on, ..Fields::default() })?;
        let steps: &[Standing] = match account.standing {
            Standing::Active => &[],
            Standing::Alumni => &[Standing::Graduated, Standing::Alumni],
            Standing::OnLeave => &[Standing::OnLeave],
            Standing::Graduated => &[Standing::Graduated],
            Standing::Withdrawn => &[Standing::Withdrawn],
            Standing::Expelled => &[Standing::Expelled],
        };
        for to in steps {
            self.line(&Fields {
                what: "standing",
                account: id,
                to: Some(to.as_str()),
                on,
                ..Fields::default()
            })?;
        }
        Ok(())
    }

    async fn fees(&mut self, term: TermId) -> Result<(), Stop> {
        let mut after: Option<FeeKey> = None;
        loop {
            let page = self.ledger.fees(term, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            for fee in &page {
                self.fee(fee)?;
            }
        }
    }

    fn fee(&mut self, fee: &Fee) -> Result<(), Stop> {
        let (group, account) = match &fee.key.payer {
            Payer::Group(group) => (Some(group.as_str()), None),
            Payer::Account(account) => (None, Some(account.as_str())),
        };
        let amount = fee.price(self.ledger.currency)?.to_string();
        let due_on = fee.instalments.first().map(|part| part.due_on);
        let (year, term) = (Some(fee.key.term.year()), Some(fee.key.term.number()));
        let (code, amount) = (Some(fee.key.code.as_str()), Some(amount));
        self.line(&Fields {
            what: "fee",
            group,
            account,
            year,
            term,
            code,
            amount,
            due_on,
            ..Fields::default()
        })
    }

    async fn entries(&mut self) -> Result<(), Stop> {
        let mut keys: Keys = Keys::default();
        let mut after: Option<(AccountId, u32)> = None;
        loop {
            let page = self.scan(after.as_ref()).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.account.clone(), last.position));
            for entry in &page {
                let reversed = keys.see(entry);
                self.entry(entry, reversed.as_deref())?;
            }
        }
    }

    fn entry(&mut self, entry: &Entry, reversed: Option<&str>) -> Result<(), Stop> {
        self.done.entries = self.done.entries.saturating_add(1);
        let mut fields = Fields {
            key: Some(entry.key.as_str()),
            account: Some(entry.account.as_str()),
            year: Some(entry.term.year()),
            term: Some(entry.term.number()),
            amount: Some(entry.amount().to_string()),
            on: Some(entry.effective_on),
            ..Fields::default()
        };
        match &entry.kind {
            EntryKind::Charge { code, due_on, origin } => {
                fields.what = "charge";
                fields.code = Some(code.as_str());
                fields.due_on = Some(*due_on);
                // The format bills a code once: a later instalment is written as if made by hand.
                let first = origin.slot.is_none_or(|slot| slot.instalment == 0);
                fields.group = origin.group.as_ref().filter(|_| first).map(FeeGroup::as_str);
            }
            EntryKind::Opening { reason } => (fields.what, fields.reason) = ("opening", Some(&**reason)),
            EntryKind::Adjustment { reason } => (fields.what, fields.reason) = ("adjust", Some(&**reason)),
            EntryKind::WriteOff { reason } => (fields.what, fields.reason) = ("write_off", Some(&**reason)),
            EntryKind::Refund { method, .. } => {
                (fields.what, fields.method) = ("refund", Some(method.as_str()));
            }
            EntryKind::Payment { method, reference } => {
                (fields.what, fields.method) = ("pay", Some(method.as_str()));
                fields.reference = reference.as_deref();
            }
            EntryKind::Concession { concession, reason } => {
                (fields.what, fields.kind) = ("concession", Some(concession.as_str()));
                fields.reason = Some(reason);
            }
            EntryKind::Reversal { reason, .. } => {
                let (key, of, on) = (fields.key, reversed, fields.on);
                fields = Fields { what: "reverse", key, of, reason: Some(reason), on, ..Fields::default() };
            }
        }
        self.line(&fields)
    }
}

/// The keys of one account's entries, by position: what a reversal is written with.
#[derive(Default)]
struct Keys {
    account: Option<AccountId>,
    keys: Vec<String>,
}

impl Keys {
    /// Takes in an entry, and gives the key of the one that it reverses.
    fn see(&mut self, entry: &Entry) -> Option<String> {
        if self.account.as_ref() != Some(&entry.account) {
            self.account = Some(entry.account.clone());
            self.keys.clear();
        }
        self.keys.push(entry.key.as_str().to_owned());
        let EntryKind::Reversal { of, .. } = entry.kind else { return None };
        let index = usize::try_from(of).ok().and_then(|of| of.checked_sub(1));
        index.and_then(|index| self.keys.get(index)).cloned()
    }
}
