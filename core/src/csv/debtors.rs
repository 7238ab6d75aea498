//! Debtors as CSV.

use std::io::{self, Write};

use super::{CsvWriter, Written};
use crate::{Debtor, DebtorFilter, DebtorKey, Error, FeeGroup, Ledger, LedgerStore};

/// The columns of [`write_debtors`]. `groups` has the fee groups with a space between two.
pub const DEBTORS_HEADER: [&str; 9] = [
    "account",
    "standing",
    "groups",
    "outstanding",
    "currency",
    "since_year",
    "since_term",
    "since",
    "days_overdue",
];

/// Writes every debtor that a filter holds as CSV with [`DEBTORS_HEADER`], in the filter's order, page by page.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let mut table = Vec::new();
/// csv::write_debtors(&school, &DebtorFilter::on(date("2026-02-28")?), &mut table).await??;
/// let table = String::from_utf8(table)?;
/// assert!(table.contains("s-17,active,PRIMARY,120.00,USD,2026,1,2026-01-12,47"), "{table}");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error`] when the book cannot be read; an [`io::Error`] when the table cannot be written.
pub async fn write_debtors<S: LedgerStore>(
    ledger: &Ledger<S>,
    filter: &DebtorFilter,
    writer: impl Write,
) -> Result<Result<Written, io::Error>, Error> {
    const DEBTORS_A_PAGE: u32 = 1_000;
    let mut table = match CsvWriter::new(writer, &DEBTORS_HEADER) {
        Ok(table) => table,
        Err(error) => return Ok(Err(error)),
    };
    let mut after: Option<DebtorKey> = None;
    loop {
        let page = ledger.debtors(filter, after.as_ref(), DEBTORS_A_PAGE).await?;
        for debtor in &page.debtors {
            if let Err(error) = write_debtor(&mut table, debtor) {
                return Ok(Err(error));
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(table.finish());
        }
    }
}

fn write_debtor<W: Write>(table: &mut CsvWriter<W>, debtor: &Debtor) -> io::Result<()> {
    let groups: Vec<&str> = debtor.account.groups.iter().map(FeeGroup::as_str).collect();
    let groups = groups.join(" ");
    table.record(&[
        debtor.account.id.as_str().into(),
        debtor.account.standing.as_str().into(),
        groups.as_str().into(),
        debtor.outstanding.into(),
        debtor.outstanding.currency().code().into(),
        debtor.since_term.year().into(),
        debtor.since_term.number().into(),
        debtor.since.into(),
        debtor.days_overdue.into(),
    ])
}
