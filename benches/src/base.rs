//! Databases on a server: one of its own for each side of each round.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Failure;
use crate::measure::AsyncTask;
use crate::payments::Rows;
use crate::school;
use crate::seed::{self, Place};

/// A database on a server.
pub trait Base: Place + Sized {
    /// The server's word in the names of benches.
    const NAME: &'static str;
    /// A task that inserts payments by hand.
    type Inserting: AsyncTask;

    /// A new one, on the server at a URL.
    fn create(server: &str) -> impl Future<Output = Result<Self, Failure>>;

    /// Takes the triggers off the entries: whoever writes by hand raises versions and balances himself, where he does, and trusts himself
    /// neither to leave gaps nor to change entries. Columns, checks and indexes stay: they are the table.
    fn without_triggers(&self) -> impl Future<Output = Result<(), Failure>>;

    /// Tells the planner what is in it, and writes to disk what is not there yet, so that a round begins in peace.
    fn settle(&self) -> impl Future<Output = Result<(), Failure>>;

    /// Tasks that insert these rows, over a pool of as many connections, all of them open.
    fn inserting(&self, rows: Vec<Rows>) -> impl Future<Output = Result<Vec<Self::Inserting>, Failure>>;

    /// Drops it.
    fn remove(self) -> impl Future<Output = Result<(), Failure>>;
}

/// A database in which so many accounts have been billed one term: each has one entry.
///
/// # Errors
/// Those of the server.
pub async fn billed<B: Base>(server: &str, accounts: u32) -> Result<B, Failure> {
    let base = B::create(server).await?;
    seed::book(&base, accounts, 1, seed::Entries::None).await?;
    let ledger = school::open(base.store().await?, 1).await?;
    ledger.activate_on(school::term(0)?, school::starts_on(0)?).await?;
    ledger.store().close().await;
    base.settle().await?;
    Ok(base)
}

/// A name that no other database has, while this process lives.
#[must_use]
pub fn name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("bursar_bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The URL of another database of the same server.
#[must_use]
pub fn beside(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(url, options)| (url, Some(options)));
    let after_scheme = address.find("://").map_or(0, |at| at.saturating_add(3));
    let (scheme, rest) = address.split_at(after_scheme);
    let host = rest.split('/').next().unwrap_or_default();
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{scheme}{host}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::{beside, name};

    #[test]
    fn a_database_beside_another() {
        assert_eq!(
            beside("postgres://a:b@h:1/old?sslmode=disable", "new"),
            "postgres://a:b@h:1/new?sslmode=disable"
        );
        assert_eq!(beside("mysql://h", "new"), "mysql://h/new");
        assert_ne!(name(), name());
    }
}
