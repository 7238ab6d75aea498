//! Books of any size, set up fast: by statements over sets into the store's own tables, the same in every database.

use std::time::Instant;

use bursar::{Ledger, LedgerStore};
use bursar_store_sqlx::{Engine, SqlStore};

use crate::Failure;
use crate::school::{self, BOOK, CLERK, CODE, FEE_MINOR, GROUP, REFERENCE};

/// What the accounts of a book have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Nothing yet.
    None,
    /// Three a term: the fee, and two payments that mostly leave something.
    Three,
}

/// What databases write differently.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The column `key`.
    pub key: &'static str,
    /// Sixteen bytes by chance.
    pub id: &'static str,
}

/// Where a book is set up.
pub trait Place {
    /// The kind of database.
    type Engine: Engine;
    /// How it writes.
    const DIALECT: Dialect;

    /// Our store over it.
    fn store(&self) -> impl Future<Output = Result<SqlStore<Self::Engine>, Failure>>;

    /// Runs statements that fill tables of which nobody has a copy in memory. No trigger is asked; indexes may be made afterwards.
    fn fill(&self, statements: &[String]) -> impl Future<Output = Result<(), Failure>>;
}

/// Makes a book in a new database.
///
/// # Errors
/// When it cannot be written, or is not right afterwards.
pub async fn book(place: &impl Place, accounts: u32, terms: u32, entries: Entries) -> Result<(), Failure> {
    let from = Instant::now();
    let ledger = school::open(place.store().await?, terms).await?;
    ledger.store().close().await;
    drop(ledger);
    let mut statements = open_accounts(accounts)?;
    if entries == Entries::Three {
        statements.extend(three_a_term(dialect_of(place)));
    }
    place.fill(&statements).await?;
    if entries == Entries::Three {
        let ledger = Ledger::open_existing(place.store().await?, BOOK).await?;
        for number in [0, accounts / 2, accounts.saturating_sub(1)] {
            prove(&ledger, number, terms).await?;
        }
        ledger.store().close().await;
    }
    let seconds = from.elapsed().as_secs_f64();
    if seconds > 1.0 {
        eprintln!("  set up {accounts} accounts, {terms} terms, entries: {entries:?}, in {seconds:.1} s");
    }
    Ok(())
}

const fn dialect_of<P: Place>(_: &P) -> Dialect {
    P::DIALECT
}

/// Every database can count to ten.
const DIGITS: &str = "d (v) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
             UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";

fn open_accounts(accounts: u32) -> Result<Vec<String>, Failure> {
    let enrolled_on = school::enrolled_on()?.to_epoch_days();
    let places = accounts.saturating_sub(1).checked_ilog10().unwrap_or(0);
    let (mut number, mut from) = (String::from("d0.v"), String::from("d AS d0"));
    for place in 1..=places {
        let worth = 10_u32.pow(place);
        number = format!("{worth} * d{place}.v + {number}");
        from = format!("d AS d{place} CROSS JOIN {from}");
    }
    Ok(vec![
        format!(
            "INSERT INTO bursar_account (book, account, enrolled_on, standing)
               WITH {DIGITS},
                    n (i) AS (SELECT {number} FROM {from})
             SELECT '{BOOK}', concat('s-', substr(concat(10000000 + i), 2)), {enrolled_on}, 'active'
               FROM n WHERE i < {accounts} ORDER BY i"
        ),
        format!(
            "INSERT INTO bursar_member (book, account, fee_group)
             SELECT book, account, '{GROUP}' FROM bursar_account WHERE book = '{BOOK}' ORDER BY account"
        ),
    ])
}

fn three_a_term(Dialect { key, id }: Dialect) -> [String; 2] {
    [
        format!(
            "INSERT INTO bursar_entry (book, account, position, id, term, kind, figure, amount, effective_on, recorded_at, recorded_by,
                                       {key}, method, reference, code, due_on, slot, fee_group)
             SELECT '{BOOK}', a.account, 3 * t.n + k.v + 1, {id}, t.term,
                    CASE k.v WHEN 0 THEN 'charge' ELSE 'payment' END, CASE k.v WHEN 0 THEN 1 ELSE 3 END,
                    CASE k.v WHEN 0 THEN {FEE_MINOR}
                             WHEN 1 THEN -(5000 + (a.n * 7 + t.n * 13) % 3000)
                             ELSE -(3000 + (a.n + t.n * 17) % 4000) END,
                    t.starts_on, 1000000 * t.starts_on, '{CLERK}', concat('seed:', a.account, ':', 3 * t.n + k.v + 1),
                    CASE k.v WHEN 0 THEN NULL ELSE 'cash' END, CASE k.v WHEN 0 THEN NULL ELSE '{REFERENCE}' END,
                    CASE k.v WHEN 0 THEN '{CODE}' END, CASE k.v WHEN 0 THEN t.starts_on END,
                    CASE k.v WHEN 0 THEN 0 END, CASE k.v WHEN 0 THEN '{GROUP}' END
               FROM (SELECT account, row_number() OVER (ORDER BY account) - 1 AS n FROM bursar_account WHERE book = '{BOOK}') AS a
              CROSS JOIN (SELECT term, starts_on, row_number() OVER (ORDER BY term) - 1 AS n
                            FROM bursar_term WHERE book = '{BOOK}') AS t
              CROSS JOIN (SELECT 0 AS v UNION ALL SELECT 1 UNION ALL SELECT 2) AS k
              ORDER BY a.account, 3 * t.n + k.v"
        ),
        format!(
            "UPDATE bursar_account
                SET version = (SELECT count(*) FROM bursar_entry AS e
                                WHERE e.book = bursar_account.book AND e.account = bursar_account.account),
                    balance = (SELECT sum(amount) FROM bursar_entry AS e
                                WHERE e.book = bursar_account.book AND e.account = bursar_account.account)
              WHERE book = '{BOOK}'"
        ),
    ]
}

/// What was written past the library is what the library reads: entries, their fold, and the kept balance.
async fn prove<S: LedgerStore>(ledger: &Ledger<S>, number: u32, terms: u32) -> Result<(), Failure> {
    let account = school::account(number);
    let entries = ledger.entries(account.as_str(), 0, bursar::PAGE_MAX).await?;
    let folded = bursar::TermTotals::fold(&entries)?;
    let kept = ledger.account(account.as_str()).await?;
    let summed = ledger.balances(account.as_str()).await?;
    let wanted = usize::try_from(terms)?;
    let holds = entries.len() == wanted.saturating_mul(3)
        && u32::try_from(entries.len())? == kept.version
        && folded.balance()? == kept.balance.minor()
        && folded.balances(&kept.id, kept.balance.currency())? == summed
        && summed.len() == wanted;
    if holds { Ok(()) } else { Err(format!("{account} was not set up right").into()) }
}
