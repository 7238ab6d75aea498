//! Billing a term: every account its fee.

use std::time::{Duration, Instant};

use bursar::{Ledger, LedgerStore};

use crate::Failure;
use crate::measure::rate;
use crate::school::{self, FEE_MINOR};

/// How many accounts are billed.
pub const ACCOUNTS: u32 = 100_000;

/// Ours; how long it took. It must charge so many.
///
/// # Errors
/// When it charges others.
pub async fn activate(
    ledger: &Ledger<impl LedgerStore>,
    term: u32,
    charges: u64,
) -> Result<Duration, Failure> {
    let (term, on) = (school::term(term)?, school::starts_on(term)?);
    let from = Instant::now();
    let report = ledger.activate_on(term, on).await?;
    let time = from.elapsed();
    if report.charges != charges {
        return Err(format!("{} were charged, not {charges}", report.charges).into());
    }
    Ok(time)
}

/// Ours, and the same once more, which finds all charged: the accounts a second of both.
///
/// # Errors
/// When it charges others.
pub async fn twice(ledger: &Ledger<impl LedgerStore>) -> Result<(f64, f64), Failure> {
    let charges = u64::from(ACCOUNTS);
    let once = rate(charges, activate(ledger, 0, charges).await?);
    let again = rate(charges, activate(ledger, 0, 0).await?);
    let sums = ledger.book_balance().await?;
    expect((sums.balance.minor(), i64::try_from(sums.entries)?))?;
    Ok((once, again))
}

/// All accounts have one charge: the balance of the book in cents, and how many entries it has.
///
/// # Errors
/// When it is not so.
pub fn expect((balance, entries): (i64, i64)) -> Result<(), Failure> {
    let charges = i64::from(ACCOUNTS);
    if (balance, entries) == (charges.saturating_mul(FEE_MINOR), charges) {
        return Ok(());
    }
    Err(format!("{entries} entries were made, of {balance} cents").into())
}
