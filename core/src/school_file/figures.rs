//! The figures of a book as JSON: one object for each account and term that has entries.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use crate::store::AccountFilter;
use crate::{AccountId, Error, Ledger, LedgerStore, PAGE_MAX, TermBalance};

/// A term balance as a line of figures: amounts as texts with the currency's decimals, the term as its year and number.
#[derive(Clone, Copy, Debug)]
pub struct FigureLine<'a>(pub &'a TermBalance);

impl Serialize for FigureLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let balance = self.0;
        let mut line = serializer.serialize_struct("FigureLine", 13)?;
        line.serialize_field("account", &balance.account)?;
        line.serialize_field("year", &balance.term.year())?;
        line.serialize_field("term", &balance.term.number())?;
        line.serialize_field("brought_forward", &balance.brought_forward.to_string())?;
        line.serialize_field("term_fee", &balance.term_fee.to_string())?;
        line.serialize_field("adjustments", &balance.adjustments.to_string())?;
        line.serialize_field("total_due", &balance.total_due.to_string())?;
        line.serialize_field("amount_paid", &balance.amount_paid.to_string())?;
        line.serialize_field("balance", &balance.balance.to_string())?;
        line.serialize_field("outstanding", &balance.outstanding.to_string())?;
        line.serialize_field("credit", &balance.credit.to_string())?;
        line.serialize_field("status", balance.status.as_str())?;
        line.serialize_field("arrears_remaining", &balance.arrears_remaining.to_string())?;
        line.serialize_field("fee_remaining", &balance.fee_remaining.to_string())?;
        line.end()
    }
}

/// Writes the figures of a book as a JSON array, one object a line, ordered by account (numbers first, in number order), year and term.
///
/// Of the whole book only the account ids are held in memory.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let mut figures = Vec::new();
/// school_file::write_figures(&school, &mut figures).await??;
/// assert!(String::from_utf8(figures)?.contains("120.00"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error`] when the book cannot be read; an [`io::Error`] when the figures cannot be written.
pub async fn write_figures<S: LedgerStore>(
    ledger: &Ledger<S>,
    mut writer: impl Write,
) -> Result<Result<(), io::Error>, Error> {
    const ACCOUNTS_A_PAGE: usize = 1_000;
    let mut ids = account_ids(ledger).await?;
    ids.sort_unstable_by(AccountId::natural_cmp);
    let mut separator = "[";
    for page in ids.chunks(ACCOUNTS_A_PAGE) {
        for balance in ledger.balances_of(page).await? {
            if let Err(error) = write_one(&mut writer, separator, &balance) {
                return Ok(Err(error));
            }
            separator = ",";
        }
    }
    let opened = if separator == "[" { "[" } else { "" };
    Ok(writeln!(writer, "{opened}\n]").and_then(|()| writer.flush()))
}

fn write_one(writer: &mut impl Write, separator: &str, balance: &TermBalance) -> io::Result<()> {
    writeln!(writer, "{separator}")?;
    Ok(serde_json::to_writer(writer, &FigureLine(balance))?)
}

async fn account_ids<S: LedgerStore>(ledger: &Ledger<S>) -> Result<Vec<AccountId>, Error> {
    let mut ids: Vec<AccountId> = Vec::new();
    loop {
        let page = ledger.accounts(AccountFilter::All, ids.last(), PAGE_MAX).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.into_iter().map(|account| account.id));
    }
}
