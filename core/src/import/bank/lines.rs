//! The lines of a bank's statement as read: payments with their keys, and what is none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::Read;

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};

use super::BankImport;
use super::columns::{AmountPlaces, Places, day};
use crate::amount::check_amount;
use crate::csv::unguard;
use crate::hex::hex;
use crate::import::table::{Cells, Row, Table};
use crate::import::{Fault, FileFormat, ImportError, ImportName, Problem};
use crate::name::check_text;
use crate::{Currency, IdempotencyKey, Money, TEXT_LENGTH_MAX};

/// A line that is no payment, and nothing is recorded for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// The number of its line in the file, from 1.
    pub line: u64,
    /// The line as it stands in the file.
    pub content: String,
    /// Why.
    pub why: WhyPassedOver,
}

/// Why a line is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyPassedOver {
    /// Money went out.
    MoneyOut {
        /// How much; above zero.
        amount: Money,
    },
    /// No money moved.
    Nothing,
    /// An earlier line of the file says the same under the same transaction id.
    SameTransaction {
        /// The earlier line.
        first: u64,
    },
}

impl fmt::Display for WhyPassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MoneyOut { amount } => write!(f, "money out: {amount}"),
            Self::Nothing => f.write_str("no money moved"),
            Self::SameTransaction { first } => write!(f, "the same transaction as on line {first}"),
        }
    }
}

/// A payment as read.
#[derive(Clone, Debug)]
pub(super) struct PaymentLine {
    pub(super) line: u64,
    pub(super) on: NaiveDate,
    pub(super) amount: Money,
    /// Empty where it has none.
    pub(super) reference: String,
    pub(super) note: Option<String>,
    pub(super) key: IdempotencyKey,
}

/// A file as read.
#[derive(Clone, Debug, Default)]
pub(super) struct Parsed {
    pub(super) payments: Vec<PaymentLine>,
    pub(super) passed_over: Vec<PassedOver>,
    pub(super) faults: Vec<Fault>,
    pub(super) contents: BTreeMap<u64, String>,
    pub(super) ignored: Vec<String>,
}

/// What a line says, as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    on: NaiveDate,
    flow: Flow,
    reference: String,
}

/// Where money went, in minor units of the book's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    In(Money),
    Out(Money),
    Nothing,
}

impl Flow {
    fn of(amount: Money) -> Result<Self, Problem> {
        Ok(if amount.is_positive() {
            Self::In(amount)
        } else if amount.is_negative() {
            Self::Out(amount.checked_neg()?)
        } else {
            Self::Nothing
        })
    }
}

impl Parsed {
    pub(super) fn read(
        import: &BankImport,
        reader: impl Read,
        currency: Currency,
    ) -> Result<Self, ImportError> {
        let table = Table::read(reader, import.format)?;
        let places = Places::find(&table, &import.columns)?;
        let mut parsed = Self { ignored: table.unused(&places.used()), ..Self::default() };
        let (alike, transactions) = (HashMap::new(), HashMap::new());
        let mut reading = Reading { import, table: &table, places, currency, alike, transactions };
        for row in &table.rows {
            parsed.contents.insert(row.line, row.content.clone());
            let said = row.cells.as_ref().map_err(|problem| vec![Fault::of_line(row.line, problem.clone())]);
            match said.and_then(|cells| reading.said(row.line, cells).map(|said| (cells, said))) {
                Ok((cells, said)) => parsed.line(&mut reading, row, cells, said),
                Err(mut faults) => parsed.faults.append(&mut faults),
            }
        }
        // Of two lines that contradict each other the first was taken in before the second came.
        let faulty: HashSet<Option<u64>> = parsed.faults.iter().map(|fault| fault.line).collect();
        parsed.payments.retain(|payment| !faulty.contains(&Some(payment.line)));
        Ok(parsed)
    }

    /// Takes in a line that can be read.
    fn line(&mut self, reading: &mut Reading<'_>, row: &Row, cells: &Cells, said: Said) {
        let amount = match said.flow {
            Flow::In(amount) => amount,
            Flow::Out(amount) => return self.pass_over(row, WhyPassedOver::MoneyOut { amount }),
            Flow::Nothing => return self.pass_over(row, WhyPassedOver::Nothing),
        };
        let id = reading.transaction(cells);
        if let Some((first, before)) = id.and_then(|id| reading.transactions.get(id)) {
            return if *before == said {
                self.pass_over(row, WhyPassedOver::SameTransaction { first: *first });
            } else {
                self.contradict(*first, row.line);
            };
        }
        if let Some(id) = id {
            reading.transactions.insert(id.to_owned(), (row.line, said.clone()));
        }
        match reading.key(row.line, &said, amount, id) {
            Ok(key) => {
                let note = reading.places.description.and_then(|column| cells.get(column)).map(note);
                let Said { on, reference, .. } = said;
                self.payments.push(PaymentLine { line: row.line, on, amount, reference, note, key });
            }
            Err(fault) => self.faults.push(fault),
        }
    }

    fn pass_over(&mut self, row: &Row, why: WhyPassedOver) {
        self.passed_over.push(PassedOver { line: row.line, content: row.content.clone(), why });
    }

    /// Two lines of one transaction id that say different things: neither can be believed.
    fn contradict(&mut self, first: u64, second: u64) {
        for (line, other) in [(first, second), (second, first)] {
            self.faults.push(Fault::of_line(line, Problem::TransactionTwice { other }));
        }
    }
}

struct Reading<'a> {
    import: &'a BankImport,
    table: &'a Table,
    places: Places,
    currency: Currency,
    /// How many payments there were that are alike in day, amount and reference.
    alike: HashMap<(NaiveDate, i64, String), u32>,
    /// The transaction ids, each with its first line and what that says.
    transactions: HashMap<String, (u64, Said)>,
}

impl Reading<'_> {
    /// What a line says, or everything that is wrong with it.
    fn said(&self, line: u64, cells: &Cells) -> Result<Said, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut at = |column, problem| faults.push(Fault::of_cell(line, &self.table.name(column), problem));
        let places = self.places;
        let on = match cells.get(places.date).map(|text| day(text, &self.import.days)) {
            Some(Ok(day)) => Some(day),
            Some(Err(problem)) => {
                at(places.date, problem);
                None
            }
            None => {
                at(places.date, Problem::Blank);
                None
            }
        };
        let flow = match flow(cells, places.amount, self.import.format, self.currency) {
            Ok(flow) => Some(flow),
            Err((column, problem)) => {
                at(column, problem);
                None
            }
        };
        let reference = cells.get(places.reference).map(unguard).unwrap_or_default();
        // Only of a payment is more asked than that it can be read.
        if let Some(Flow::In(amount)) = flow {
            if let Err(refusal) = check_amount("payment", amount) {
                let (AmountPlaces::Signed(column) | AmountPlaces::Sides { credit: column, .. }) =
                    places.amount;
                at(column, refusal.into());
            }
            if let Err(refusal) = check_text("reference", reference, false) {
                at(places.reference, refusal.into());
            }
            if let Some(column) = places.transaction.filter(|column| cells.get(*column).is_none()) {
                at(column, Problem::Blank);
            }
        }
        match (on, flow) {
            (Some(on), Some(flow)) if faults.is_empty() => {
                Ok(Said { on, flow, reference: reference.to_owned() })
            }
            _ => Err(faults),
        }
    }

    fn transaction<'c>(&self, cells: &'c Cells) -> Option<&'c str> {
        self.places.transaction.and_then(|column| cells.get(column)).map(unguard)
    }

    /// The key by which a payment is known again.
    fn key(
        &mut self,
        line: u64,
        said: &Said,
        amount: Money,
        id: Option<&str>,
    ) -> Result<IdempotencyKey, Fault> {
        let name = &self.import.name;
        let (text, column) = match (id, self.places.transaction) {
            (Some(id), Some(column)) => (format!("{name}:{id}"), self.table.name(column)),
            _ => {
                let alike = self.alike.entry((said.on, amount.minor(), said.reference.clone())).or_default();
                *alike = alike.saturating_add(1);
                (format!("{name}:{}", digest(name, said, amount, *alike)), String::new())
            }
        };
        IdempotencyKey::new(text).map_err(|refusal| Fault::of_cell(line, &column, refusal.into()))
    }
}

/// Tells payments apart that have no id of the bank's: each part by its length, so that none runs into the next.
fn digest(name: &ImportName, said: &Said, amount: Money, alike: u32) -> String {
    let parts =
        [name.as_str(), &said.on.to_string(), &format!("{amount:#}"), &said.reference, &alike.to_string()];
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(format!("{}:", part.len()));
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

/// Which way the money of a line went; with the column at fault where that cannot be said.
fn flow(
    cells: &Cells,
    places: AmountPlaces,
    format: FileFormat,
    currency: Currency,
) -> Result<Flow, (usize, Problem)> {
    let amount = |column: usize| match cells.get(column).map(|text| format.amount(text, currency)) {
        Some(Ok(amount)) => Ok(Some(amount)),
        Some(Err(problem)) => Err((column, problem)),
        None => Ok(None),
    };
    match places {
        AmountPlaces::Signed(column) => {
            let amount = amount(column)?.ok_or((column, Problem::Blank))?;
            Flow::of(amount).map_err(|problem| (column, problem))
        }
        AmountPlaces::Sides { credit, debit } => {
            let (given, taken) = (amount(credit)?, amount(debit)?);
            let nothing = Money::zero(currency);
            let (money_in, money_out) = (given.unwrap_or(nothing), taken.unwrap_or(nothing));
            match (money_in.is_zero(), money_out.is_zero()) {
                (true, true) if given.is_none() && taken.is_none() => Err((credit, Problem::Blank)),
                (true, true) => Ok(Flow::Nothing),
                (false, true) if money_in.is_negative() => Err((credit, Problem::NegativeCredit)),
                (false, true) => Ok(Flow::In(money_in)),
                // Some banks write money out below zero, others above.
                (true, false) if money_out.is_negative() => {
                    Flow::of(money_out).map_err(|problem| (debit, problem))
                }
                (true, false) => Ok(Flow::Out(money_out)),
                (false, false) => Err((credit, Problem::BothSides)),
            }
        }
    }
}

/// A description as a note: one line, as long as a note may be.
fn note(description: &str) -> String {
    let plain = description.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(TEXT_LENGTH_MAX).collect()
}
