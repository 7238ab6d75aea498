//! Arrears and credit from elsewhere: a file of one line an account, checked, then posted whole or not at all.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Read;

use chrono::NaiveDate;

use super::commit::{Attempts, Decided, Imported, recorded_otherwise};
use super::format::FileFormat;
use super::table::{Cells, Table};
use super::{Fault, FileProblem, ImportError, ImportName, Problem, lookup};
use crate::calendar::date;
use crate::csv::unguard;
use crate::draft::Draft;
use crate::fee::check_cap;
use crate::ledger::record::Prepared;
use crate::name::{IntoName, check_text};
use crate::rule::check_balance_cap;
use crate::store::Book;
use crate::{
    Account, AccountId, Currency, Entry, IdempotencyKey, Ledger, LedgerStore, Money, OpeningBalance, Refusal,
    TermId,
};

/// The names of the columns, upper and lower case alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrearsColumns {
    account: String,
    amount: String,
    reason: Option<String>,
    on: Option<String>,
}

/// `account` and `amount`; `reason` and `date` where the file has them.
impl Default for ArrearsColumns {
    fn default() -> Self {
        Self { account: "account".to_owned(), amount: "amount".to_owned(), reason: None, on: None }
    }
}

impl ArrearsColumns {
    /// These columns for the account and the amount.
    #[must_use]
    pub fn new(account: impl Into<String>, amount: impl Into<String>) -> Self {
        Self { account: account.into(), amount: amount.into(), ..Self::default() }
    }

    /// The column of the reason, which then must be there; its empty cells mean the import's reason.
    #[must_use]
    pub fn reason(mut self, column: impl Into<String>) -> Self {
        self.reason = Some(column.into());
        self
    }

    /// The column of the day, as in `2026-01-31`, which then must be there; its empty cells mean the import's day.
    #[must_use]
    pub fn date(mut self, column: impl Into<String>) -> Self {
        self.on = Some(column.into());
        self
    }
}

/// The import of arrears (above zero) and credit (below zero) from a CSV file, as opening balances of a term, in two steps.
///
/// [`check`](Self::check) finds every fault of every line and records nothing; [`post`](CheckedArrears::post) records all lines or none. The key of a
/// line is `NAME:ACCOUNT`, so that the same file under the same name is recorded once, whoever posts it how often.
///
/// ```
/// use bursar::import::ArrearsImport;
/// # use bursar::{Currency, Ledger, Term, TermId, date};
/// # use bursar_store_memory::MemoryStore;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await?;
/// # let term = TermId::new(2026, 1)?;
/// # school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
/// # school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
/// let import = ArrearsImport::new("arrears-2025", term, "owed from 2025")?;
/// let wrong = import.check(&school, "account,amount\ns-17,\"1,234.56\"\ns-71,40.00\n".as_bytes()).await?;
/// assert_eq!(wrong.faults().len(), 2);
///
/// let right = import.check(&school, "account,amount\ns-17,1234.56\n".as_bytes()).await?;
/// let posted = right.post(&school).await?;
/// assert_eq!((posted.recorded, posted.total.to_string().as_str()), (1, "1234.56"));
/// assert_eq!(right.post(&school).await?.already_there, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ArrearsImport {
    name: ImportName,
    term: TermId,
    reason: String,
    on: Option<NaiveDate>,
    recorded_by: Option<String>,
    columns: ArrearsColumns,
    format: FileFormat,
}

impl ArrearsImport {
    /// An import under a name of the caller's, into a term, with the reason of lines that give none.
    ///
    /// # Errors
    /// [`Refusal::BadName`], [`Refusal::BadText`].
    pub fn new(
        name: impl IntoName<ImportName>,
        term: TermId,
        reason: impl Into<String>,
    ) -> Result<Self, Refusal> {
        let (name, reason) = (name.into_name()?, reason.into());
        check_text("reason", &reason, true)?;
        let (columns, format) = (ArrearsColumns::default(), FileFormat::default());
        Ok(Self { name, term, reason, on: None, recorded_by: None, columns, format })
    }

    /// The day on which lines that give none take effect; the day of posting unless given.
    #[must_use]
    pub const fn on(mut self, day: NaiveDate) -> Self {
        self.on = Some(day);
        self
    }

    /// Who records it.
    #[must_use]
    pub fn recorded_by(mut self, who: impl Into<String>) -> Self {
        self.recorded_by = Some(who.into());
        self
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(mut self, columns: ArrearsColumns) -> Self {
        self.columns = columns;
        self
    }

    /// The form of the file.
    #[must_use]
    pub const fn format(mut self, format: FileFormat) -> Self {
        self.format = format;
        self
    }

    /// Reads a file and finds every fault of every line, as the book is now. Nothing is recorded.
    ///
    /// Faults are in [`CheckedArrears::faults`], not an error. At most [`LINES_MAX`](super::LINES_MAX) lines and
    /// [`FILE_BYTES_MAX`](super::FILE_BYTES_MAX) bytes are read.
    ///
    /// # Errors
    /// [`ImportError::Read`], [`ImportError::File`]; [`ImportError::Ledger`] when the book cannot be read, or for [`Refusal::BadText`] of who
    /// records it.
    pub async fn check<S: LedgerStore>(
        &self,
        ledger: &Ledger<S>,
        reader: impl Read,
    ) -> Result<CheckedArrears, ImportError> {
        if let Some(who) = &self.recorded_by {
            check_text("name of who recorded it", who, false)?;
        }
        let file = Parsed::read(self, reader, ledger.currency)?;
        let mut checked = CheckedArrears {
            import: self.clone(),
            file,
            faults: Vec::new(),
            to_record: 0,
            already_there: 0,
            total: Money::zero(ledger.currency),
        };
        let decided = checked.decide(ledger).await?;
        decided.check_size(ledger.currency)?;
        checked.total = decided.total(ledger.currency)?;
        let count = |count| u64::try_from(count).unwrap_or(u64::MAX);
        (checked.to_record, checked.already_there) =
            (count(decided.to_record.len()), count(decided.there.len()));
        checked.faults = decided.faults;
        Ok(checked)
    }

    fn draft(&self, line: &Line, account: &AccountId, amount: Money, key: IdempotencyKey) -> Draft {
        let reason = line.reason.as_ref().unwrap_or(&self.reason);
        let mut opening = OpeningBalance::of(amount, reason).account(account).for_term(self.term).key(key);
        if let Some(day) = line.on.or(self.on) {
            opening = opening.on(day);
        }
        if let Some(who) = &self.recorded_by {
            opening = opening.recorded_by(who);
        }
        opening.into()
    }
}

/// A line as read; what is at fault in it is missing.
#[derive(Clone, Debug)]
struct Line {
    number: u64,
    account: Option<AccountId>,
    amount: Option<Money>,
    reason: Option<String>,
    on: Option<NaiveDate>,
    /// Whether it is not to be recorded, whatever the book says.
    faulty: bool,
}

/// The names of the columns as the file has them.
#[derive(Clone, Debug)]
struct Names {
    account: String,
    amount: String,
    on: String,
}

/// A file as read.
#[derive(Clone, Debug)]
struct Parsed {
    lines: Vec<Line>,
    faults: Vec<Fault>,
    names: Names,
    ignored: Vec<String>,
}

/// Where the columns are.
struct Places {
    account: usize,
    amount: usize,
    reason: Option<usize>,
    on: Option<usize>,
}

impl Places {
    fn find(table: &Table, columns: &ArrearsColumns) -> Result<Self, FileProblem> {
        let optional = |named: Option<&str>, usual| match named {
            Some(name) => table.require(name).map(Some),
            None => table.find(usual),
        };
        Ok(Self {
            account: table.require(&columns.account)?,
            amount: table.require(&columns.amount)?,
            reason: optional(columns.reason.as_deref(), "reason")?,
            on: optional(columns.on.as_deref(), "date")?,
        })
    }
}

impl Parsed {
    fn read(import: &ArrearsImport, reader: impl Read, currency: Currency) -> Result<Self, ImportError> {
        let table = Table::read(reader, import.format)?;
        let places = Places::find(&table, &import.columns)?;
        let used = [Some(places.account), Some(places.amount), places.reason, places.on];
        let names = Names {
            account: table.name(places.account),
            amount: table.name(places.amount),
            on: places.on.map(|on| table.name(on)).unwrap_or_default(),
        };
        let ignored = table.unused(&used);
        let mut parsed = Self { lines: Vec::new(), faults: Vec::new(), names, ignored };
        let reason_name = places.reason.map(|reason| table.name(reason)).unwrap_or_default();
        let mut first: HashMap<AccountId, u64> = HashMap::new();
        for row in table.rows {
            let before = parsed.faults.len();
            let mut line =
                Line { number: row.line, account: None, amount: None, reason: None, on: None, faulty: false };
            match row.cells {
                Ok(cells) => parsed.line(&mut line, &cells, &places, &reason_name, import, currency),
                Err(problem) => parsed.faults.push(Fault::of_line(row.line, problem)),
            }
            if let Some(account) = &line.account {
                match first.get(account) {
                    Some(first) => {
                        let problem = Problem::Twice { account: account.clone(), first: *first };
                        parsed.faults.push(Fault::of_cell(row.line, &parsed.names.account, problem));
                    }
                    None => drop(first.insert(account.clone(), row.line)),
                }
            }
            line.faulty = parsed.faults.len() > before;
            parsed.lines.push(line);
        }
        Ok(parsed)
    }

    fn line(
        &mut self,
        line: &mut Line,
        cells: &Cells,
        places: &Places,
        reason_name: &str,
        import: &ArrearsImport,
        currency: Currency,
    ) {
        let mut faults = Vec::new();
        let mut at =
            |column: &str, problem: Problem| faults.push(Fault::of_cell(line.number, column, problem));
        match cells.get(places.account).map(|text| AccountId::new(unguard(text))) {
            Some(Ok(account)) => line.account = Some(account),
            Some(Err(refusal)) => at(&self.names.account, refusal.into()),
            None => at(&self.names.account, Problem::Blank),
        }
        match cells.get(places.amount).map(|text| opening(text, import.format, currency)) {
            Some(Ok(amount)) => line.amount = Some(amount),
            Some(Err(problem)) => at(&self.names.amount, problem),
            None => at(&self.names.amount, Problem::Blank),
        }
        if let Some(text) = places.reason.and_then(|reason| cells.get(reason)).map(unguard) {
            match check_text("reason", text, true) {
                Ok(()) => line.reason = Some(text.to_owned()),
                Err(refusal) => at(reason_name, refusal.into()),
            }
        }
        if let Some(text) = places.on.and_then(|on| cells.get(on)) {
            match date(text) {
                Ok(day) => line.on = Some(day),
                Err(refusal) => at(&self.names.on, refusal.into()),
            }
        }
        self.faults.append(&mut faults);
    }
}

fn opening(text: &str, format: FileFormat, currency: Currency) -> Result<Money, Problem> {
    let amount = format.amount(text, currency)?;
    if amount.is_zero() {
        return Err(Refusal::ZeroAmount { what: "opening" }.into());
    }
    check_cap(amount)?;
    Ok(amount)
}

/// A file of arrears that was read and checked.
#[derive(Clone, Debug)]
pub struct CheckedArrears {
    import: ArrearsImport,
    file: Parsed,
    faults: Vec<Fault>,
    to_record: u64,
    already_there: u64,
    total: Money,
}

impl CheckedArrears {
    /// Every fault of every line, in the order of the file; those of all lines first.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// How many lines the file has, the header and blank ones not counted.
    #[must_use]
    pub fn lines(&self) -> u64 {
        u64::try_from(self.file.lines.len()).unwrap_or(u64::MAX)
    }

    /// How many lines are without fault and not recorded yet.
    #[must_use]
    pub const fn to_record(&self) -> u64 {
        self.to_record
    }

    /// How many lines this import has recorded already.
    #[must_use]
    pub const fn already_there(&self) -> u64 {
        self.already_there
    }

    /// The sum of the lines that are to be recorded: arrears less credit.
    #[must_use]
    pub const fn total(&self) -> Money {
        self.total
    }

    /// The columns of the file that are not read, so that a misspelt one is noticed.
    #[must_use]
    pub fn ignored_columns(&self) -> &[String] {
        &self.file.ignored
    }

    /// Records all lines or none, each once.
    ///
    /// It is decided anew on the book as it is now, and holds only if neither the book nor any of the accounts has changed by the time
    /// that it is recorded; else it is decided again, as often as any other call of the ledger. So what was posted since the check,
    /// by this import or by others, is seen.
    ///
    /// # Errors
    /// [`ImportError::Faulty`] when there are faults; [`ImportError::Ledger`] with [`Error::Conflict`](crate::Error::Conflict) when the accounts do not come to rest,
    /// [`Error::UnknownOutcome`](crate::Error::UnknownOutcome), after which posting again finds out. Nothing was recorded, but perhaps in the last case.
    #[tracing::instrument(name = "bursar.import_arrears", skip_all, fields(book = %ledger.book, import = %self.import.name))]
    pub async fn post<S: LedgerStore>(&self, ledger: &Ledger<S>) -> Result<Imported, ImportError> {
        let mut attempts = Attempts::default();
        loop {
            let decided = self.decide(ledger).await?;
            decided.check_size(ledger.currency)?;
            if let Some(imported) = attempts.post(ledger, decided).await? {
                return Ok(imported);
            }
        }
    }

    /// Decides every line on the book as it is now.
    async fn decide<S: LedgerStore>(&self, ledger: &Ledger<S>) -> Result<Decided, ImportError> {
        let ids: BTreeSet<AccountId> =
            self.file.lines.iter().filter_map(|line| line.account.clone()).collect();
        let mut keys = HashMap::new();
        for id in &ids {
            keys.insert(id.clone(), IdempotencyKey::new(format!("{}:{id}", self.import.name))?);
        }
        let wanted: Vec<IdempotencyKey> = keys.values().cloned().collect();
        let book = ledger.state().await?;
        let accounts = lookup::accounts(ledger, ids).await?;
        let openings = lookup::openings(ledger, self.import.term, &accounts).await?;
        // Last, so that what this import has recorded meanwhile is seen with its keys, never without.
        let by_key = lookup::by_key(ledger, &wanted).await?;
        let mut deciding = Deciding {
            checked: self,
            book: &book,
            accounts,
            openings,
            decided: Decided { book_version: book.version, ..Decided::default() },
        };
        for line in &self.file.lines {
            let Some(account) = &line.account else { continue };
            let Some(key) = keys.get(account) else { continue };
            deciding.line(ledger, line, account, key, by_key.get(key));
        }
        deciding.general(ledger);
        let mut decided = deciding.decided;
        decided.faults.extend(self.file.faults.iter().cloned());
        decided.faults.sort_by_key(|fault| fault.line);
        Ok(decided)
    }
}

struct Deciding<'a> {
    checked: &'a CheckedArrears,
    book: &'a Book,
    accounts: HashMap<AccountId, Account>,
    openings: HashMap<AccountId, i64>,
    decided: Decided,
}

impl Deciding<'_> {
    fn line<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        line: &Line,
        id: &AccountId,
        key: &IdempotencyKey,
        there: Option<&Entry>,
    ) {
        let Names { account: account_column, amount: amount_column, on: on_column } =
            &self.checked.file.names;
        let faults_before = self.decided.faults.len();
        let prepared = line
            .amount
            .map(|amount| ledger.prepare(&self.checked.import.draft(line, id, amount, key.clone())))
            .transpose();
        let prepared = prepared.unwrap_or_else(|refusal| {
            self.decided.faults.push(Fault::of_line(line.number, refusal.into()));
            None
        });
        if let Some(there) = there {
            return self.recorded(line, prepared.as_ref(), there);
        }
        let Some(account) = self.accounts.get(id) else {
            let problem = Refusal::UnknownAccount { account: id.clone() }.into();
            self.decided.faults.push(Fault::of_cell(line.number, account_column, problem));
            return self.locked(line, on_column);
        };
        if let Some(opening) = self.openings.get(id) {
            let opening = Money::from_minor(*opening, ledger.currency);
            let problem =
                Problem::HasOpening { account: id.clone(), term: self.checked.import.term, opening };
            self.decided.faults.push(Fault::of_cell(line.number, account_column, problem));
        }
        if let Some(Err(refusal)) = line.amount.map(|amount| check_balance_cap(account, amount)) {
            self.decided.faults.push(Fault::of_cell(line.number, amount_column, refusal.into()));
        }
        let version = account.version;
        self.locked(line, on_column);
        if let Some(prepared) = prepared
            && !line.faulty
            && self.decided.faults.len() == faults_before
        {
            // Nothing else may have come onto the account since: another opening balance, above all (S3).
            let mut posting = prepared.posting;
            posting.version = Some(version);
            self.decided.to_record.push((line.number, posting));
        }
    }

    /// A line whose key is known: recorded before, or otherwise.
    fn recorded(&mut self, line: &Line, prepared: Option<&Prepared>, there: &Entry) {
        match prepared {
            Some(prepared) if !prepared.says(there) => {
                self.decided.faults.push(Fault::of_line(line.number, recorded_otherwise(there)));
            }
            Some(_) if !line.faulty => self.decided.there.push((line.number, there.clone())),
            _ => {}
        }
    }

    /// A day of the line's own in the locked period.
    fn locked(&mut self, line: &Line, column: &str) {
        if let Some(Err(refusal)) = line.on.map(|day| self.book.calendar.unlocked(day)) {
            self.decided.faults.push(Fault::of_cell(line.number, column, refusal.into()));
        }
    }

    /// What is wrong with every line that there is to record.
    fn general<S: LedgerStore>(&mut self, ledger: &Ledger<S>) {
        let import = &self.checked.import;
        let there: HashSet<u64> = self.decided.there.iter().map(|(line, _)| *line).collect();
        let mut new = self.checked.file.lines.iter().filter(|line| !there.contains(&line.number)).peekable();
        if new.peek().is_none() {
            return;
        }
        let calendar = &self.book.calendar;
        if let Err(refusal) = calendar.term(import.term) {
            self.decided.faults.push(Fault::of_all(refusal.into()));
        }
        let undated = new.any(|line| line.on.is_none());
        let day = import.on.unwrap_or_else(|| ledger.today());
        if undated && let Err(refusal) = calendar.unlocked(day) {
            self.decided.faults.push(Fault::of_all(refusal.into()));
        }
    }
}
