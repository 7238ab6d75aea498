//! The lines of a file of arrears as read, and where its columns are.

use std::collections::HashMap;
use std::io::Read;

use chrono::NaiveDate;

use super::ArrearsImport;
use crate::amount::check_cap;
use crate::calendar::date;
use crate::csv::unguard;
use crate::import::table::{Cells, Table};
use crate::import::{Fault, FileFormat, FileProblem, ImportError, Problem};
use crate::name::check_text;
use crate::{AccountId, Currency, Money, Refusal};

/// The names of the columns, upper and lower case alike.
///
/// ```
/// use bursar::import::ArrearsColumns;
///
/// let columns = ArrearsColumns::new("Pupil", "Owing").reason("Remark").date("Since");
/// # let _ = columns;
/// ```
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

/// A line as read; what is at fault in it is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) account: Option<AccountId>,
    pub(super) amount: Option<Money>,
    pub(super) reason: Option<String>,
    pub(super) on: Option<NaiveDate>,
    /// Whether it leaves its day to the import.
    pub(super) undated: bool,
    /// Whether it is not to be recorded, whatever the book says.
    pub(super) faulty: bool,
}

/// The names of the columns as the file has them.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) account: String,
    pub(super) amount: String,
    reason: String,
    pub(super) on: String,
}

/// A file as read.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) lines: Vec<Line>,
    pub(super) faults: Vec<Fault>,
    pub(super) names: Names,
    pub(super) ignored: Vec<String>,
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
    pub(super) fn read(
        import: &ArrearsImport,
        reader: impl Read,
        currency: Currency,
    ) -> Result<Self, ImportError> {
        let table = Table::read(reader, import.format)?;
        let places = Places::find(&table, &import.columns)?;
        let used = [Some(places.account), Some(places.amount), places.reason, places.on];
        let optional = |place: Option<usize>| place.map(|place| table.name(place)).unwrap_or_default();
        let names = Names {
            account: table.name(places.account),
            amount: table.name(places.amount),
            reason: optional(places.reason),
            on: optional(places.on),
        };
        let ignored = table.unused(&used);
        let mut parsed = Self { lines: Vec::new(), faults: Vec::new(), names, ignored };
        let mut first: HashMap<AccountId, u64> = HashMap::new();
        for row in table.rows {
            let before = parsed.faults.len();
            let mut line = Line { number: row.line, ..Line::default() };
            match row.cells {
                Ok(cells) => parsed.line(&mut line, &cells, &places, import.format, currency),
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
        format: FileFormat,
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
        match cells.get(places.amount).map(|text| opening(text, format, currency)) {
            Some(Ok(amount)) => line.amount = Some(amount),
            Some(Err(problem)) => at(&self.names.amount, problem),
            None => at(&self.names.amount, Problem::Blank),
        }
        if let Some(text) = places.reason.and_then(|reason| cells.get(reason)).map(unguard) {
            match check_text("reason", text, true) {
                Ok(()) => line.reason = Some(text.to_owned()),
                Err(refusal) => at(&self.names.reason, refusal.into()),
            }
        }
        match places.on.and_then(|on| cells.get(on)).map(date) {
            Some(Ok(day)) => line.on = Some(day),
            Some(Err(refusal)) => at(&self.names.on, refusal.into()),
            None => line.undated = true,
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
