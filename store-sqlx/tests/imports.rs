//! The largest file of arrears that an import takes, with the most text, goes into every database in one step, and once.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[cfg(feature = "mysql")]
#[path = "support/database.rs"]
mod database;
#[cfg(feature = "postgres")]
#[path = "support/schema.rs"]
mod schema;
mod support;
#[path = "support/way.rs"]
mod way;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bursar::import::{ArrearsImport, ImportError, LINES_MAX};
use bursar::store::{AccountChange, ChangeSet, Committed};
use bursar::{Account, AccountId, Currency, FeeGroup, Ledger, LedgerStore, Money, OpeningBalance, Standing};
use libtest_mimic::{Arguments, Failed, Trial};
use rust_decimal_macros::dec;
use support::{day, furnish, prove, term};
use tokio::runtime::Runtime;
use way::Way;

/// No case waits for ever.
const PATIENCE: Duration = Duration::from_secs(180);

async fn enrol_all<S: LedgerStore>(ledger: &Ledger<S>) {
    let account = |n: usize| Account {
        id: AccountId::new(format!("n-{n}")).unwrap(),
        enrolled_on: day("2026-01-12"),
        standing: Standing::Active,
        groups: vec![FeeGroup::new("PRIMARY").unwrap()],
        version: 0,
        revision: 0,
        balance: Money::zero(Currency::USD),
    };
    let opened: Vec<AccountChange> = (0..LINES_MAX).map(account).map(AccountChange::Open).collect();
    let changes = ChangeSet { accounts: opened, ..ChangeSet::default() };
    let committed = ledger.store().commit(ledger.book_id(), changes).await.unwrap();
    assert!(matches!(committed, Committed::Admitted { .. }));
}

async fn largest([store, other]: [Arc<dyn LedgerStore>; 2]) -> Result<(), Failed> {
    let ledger = Ledger::open(store, "hillside", Currency::USD).await?;
    let elsewhere = Ledger::open(other, "hillside", Currency::USD).await?;
    furnish(&ledger, 1).await;
    enrol_all(&ledger).await;
    let file: String = (0..LINES_MAX).map(|n| format!("n-{n},{}.01\n", n % 7)).collect();
    let file = format!("account,amount\n{file}");
    // Quotes are the longest as JSON; a few characters more a line are too many.
    let import = |characters: usize| ArrearsImport::new("arrears", term(), "\"".repeat(characters));
    let refused = import(410)?.check(&ledger, file.as_bytes()).await.unwrap_err();
    assert!(matches!(refused, ImportError::File(_)), "{refused}");
    let checked = import(390)?.on(day("2026-02-01")).check(&ledger, file.as_bytes()).await?;
    assert_eq!((checked.faults(), checked.to_record()), (&[][..], 10_000));

    // One line that cannot be holds up all of them.
    let opening = OpeningBalance::of(dec!(1), "by hand").account("n-9999").for_term(term()).key("hand");
    elsewhere.bring_in(opening).await?;
    let Err(ImportError::Faulty { faults }) = checked.post(&ledger).await else { panic!("posted") };
    assert_eq!((faults.len(), faults[0].line), (1, Some(10_001)));
    assert_eq!(prove(&ledger).await.entries, 1);
    let undone = bursar::Reversal::of_key("hand", "in the file").key("undo");
    elsewhere.reverse(undone).await?;

    let posted = checked.post(&ledger).await?;
    assert_eq!((posted.recorded, posted.total.amount()), (10_000, dec!(30094.00)));
    let again = import(390)?.on(day("2026-02-01")).check(&elsewhere, file.as_bytes()).await?;
    let again = again.post(&elsewhere).await?;
    assert_eq!((again.recorded, again.already_there), (0, 10_000));
    let report = prove(&ledger).await;
    assert_eq!((report.entries, report.balance.amount()), (10_002, dec!(30094.00)));
    Ok(())
}

fn main() -> std::io::Result<ExitCode> {
    let runtime = Arc::new(Runtime::new()?);
    let trials: Vec<Trial> = Way::ALL
        .iter()
        .map(|way| {
            way.trial("the largest import", &runtime, |opened| {
                let stores = opened.ledgers.clone();
                async move { tokio::time::timeout(PATIENCE, largest(stores)).await? }
            })
        })
        .collect();
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
