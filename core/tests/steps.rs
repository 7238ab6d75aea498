//! Much at once: what can be recorded together is, in steps of a bounded size, and without a question an account.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar::school_file::replay;
use bursar::store::{ChangeSet, Committed};
use bursar::{
    BookId, Buckets, Currency, DebtorFilter, LateFee, Ledger, LedgerStore, PAGE_MAX, StoreError, Term,
    TermId, date,
};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal_macros::dec;
use uuid::Uuid;

/// A store that takes note of how many accounts and entries each commit asks for, and counts all other calls.
#[derive(Clone)]
struct Noting {
    inner: MemoryStore,
    commits: Arc<Mutex<Vec<(usize, usize)>>>,
    asked: Arc<AtomicU32>,
}

impl Noting {
    fn new(inner: MemoryStore) -> Self {
        Self { inner, commits: Arc::default(), asked: Arc::default() }
    }

    /// The accounts and entries of each commit since this was asked, and how many questions there were.
    fn noted(&self) -> (Vec<(usize, usize)>, u32) {
        (std::mem::take(&mut *self.commits.lock().unwrap()), self.asked.swap(0, Ordering::SeqCst))
    }
}

macro_rules! noting {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Noting {
            fn now(&self) -> DateTime<Utc> {
                self.inner.now()
            }

            fn new_id(&self) -> Uuid {
                self.inner.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.inner.pause(time).await;
            }

            async fn commit(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
                let size = (changes.accounts.len(), changes.postings.len());
                if size != (0, 0) {
                    self.commits.lock().unwrap().push(size);
                }
                self.inner.commit(book, changes).await
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    self.inner.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(noting: keeping reading listing reporting);

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// So many accounts that owe 120.00 each since 12 January.
async fn school(accounts: u32) -> Ledger<Noting> {
    let school = Ledger::open(Noting::new(MemoryStore::new()), "hillside", Currency::USD).await.unwrap();
    school.define_term(Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    school.set_fee(term(), "PRIMARY", "tuition", dec!(120)).await.unwrap();
    for n in 0..accounts {
        school.enrol(format!("s-{n:04}"), ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(), day("2026-01-12")).await.unwrap();
    school.store().noted();
    school
}

/// Charges a late fee for each of so many days.
async fn neglect(school: &Ledger<Noting>, days: u64) -> (Vec<usize>, u32) {
    let rule = LateFee::new("late", dec!(0.01)).unwrap().every_days(1).unwrap();
    let on = day("2026-01-12").checked_add_days(Days::new(days)).unwrap();
    school.charge_late_fees(&rule, on).await.unwrap();
    let (commits, asked) = school.store().noted();
    (commits.into_iter().map(|(_, entries)| entries).collect(), asked)
}

#[tokio::test]
async fn a_run_records_a_thousand_entries_a_step() {
    let (steps, asked) = neglect(&school(30).await, 50).await;
    assert_eq!(steps, [1_000, 500]);
    assert!(asked < 10, "{asked} questions for 30 accounts");
    let (steps, asked) = neglect(&school(1).await, 1_500).await;
    assert_eq!(steps, [1_000, 500]);
    assert!(asked < 20, "{asked} questions for 1,500 entries");
    assert_eq!(neglect(&school(3).await, 400).await.0, [800, 400], "what is due of an account is not parted");
}

#[tokio::test]
async fn a_page_of_debtors_reads_no_more_than_it_takes() {
    let school = school(20).await;
    let filter = DebtorFilter::on(day("2026-02-01"));
    for (limit, most) in [(0, 0), (1, 4)] {
        let page = school.debtors(&filter, None, limit).await.unwrap();
        assert_eq!((page.debtors.len(), page.next.is_some()), (usize::try_from(limit).unwrap(), limit > 0));
        let (_, asked) = school.store().noted();
        assert!(asked <= most, "{asked} questions for {limit} debtors");
    }
}

#[tokio::test]
async fn every_account_is_aged_page_after_page() {
    let school = school(PAGE_MAX + 2).await;
    let mut agings = school.agings(day("2026-02-01"), &Buckets::default()).unwrap();
    let mut aged = 0;
    while let Some(one) = agings.next().await.unwrap() {
        assert_eq!(one.aging.outstanding.amount(), dec!(120), "{}", one.account);
        aged += 1;
    }
    assert_eq!(aged, PAGE_MAX + 2);
    assert_eq!(agings.next().await.unwrap(), None);
}

const HEAD: &str = r#"{"do":"book","book":"b","currency":"USD"}
{"do":"term","year":2026,"number":1,"starts_on":"2026-01-12","ends_on":"2026-04-09"}
{"do":"fee","year":2026,"term":1,"group":"PRIMARY","code":"tuition","amount":"120.00"}
{"do":"activate","year":2026,"term":1,"on":"2026-01-12"}
"#;

fn enrols(accounts: std::ops::Range<u32>) -> String {
    accounts
        .map(|n| {
            format!(
                "{{\"do\":\"enrol\",\"account\":\"{n}\",\"groups\":[\"PRIMARY\"],\"on\":\"2026-01-12\"}}\n"
            )
        })
        .collect()
}

fn records(what: &str, more: &str, accounts: std::ops::Range<u32>) -> String {
    let line = |n: u32| {
        format!(
            "{{\"do\":\"{what}\",\"key\":\"{what}-{n}\",\"account\":\"{n}\",\"year\":2026,\"term\":1,\"amount\":\"1.00\",\"on\":\"2026-01-20\",{more}}}\n"
        )
    };
    accounts.map(line).collect()
}

/// The accounts and entries of each step in which a file was read, the head aside.
async fn steps(file: &str) -> Vec<(usize, usize)> {
    let store = Noting::new(MemoryStore::new());
    let (lines, bytes) = (file.lines().count(), file.len());
    let mut told = None;
    let (ledger, summary) =
        replay(store.clone(), file.as_bytes(), |progress| told = Some(progress)).await.unwrap();
    let told = told.map(|told| (usize::try_from(told.lines).unwrap(), usize::try_from(told.bytes).unwrap()));
    assert_eq!((summary.lines, told), (u64::try_from(lines).unwrap(), Some((lines, bytes))));
    assert!(bursar::audit::audit(&ledger).await.unwrap().is_clean());
    store.noted().0
}

#[tokio::test]
async fn lines_of_a_file_that_no_balance_decides_are_recorded_together() {
    let pays = |accounts| records("pay", "\"method\":\"cash\"", accounts);
    // Each account begins with its charge.
    assert_eq!(steps(&format!("{HEAD}{}", enrols(0..1))).await, [(1, 1)]);
    assert_eq!(steps(&format!("{HEAD}{}{}", enrols(0..1), pays(0..1))).await, [(1, 2)]);
    assert_eq!(steps(&format!("{HEAD}{}{}", enrols(0..30), pays(0..30))).await, [(30, 60)]);
    // A milestone is every thousand lines.
    assert_eq!(
        steps(&format!("{HEAD}{}{}", enrols(0..1_200), pays(0..1_200))).await,
        [(996, 996), (204, 1_000), (0, 404)]
    );
    // Billed elsewhere from a fee that there is.
    let fee = r#"{"do":"fee","year":2026,"term":1,"group":"ECD","code":"bus","amount":"30.00"}"#;
    let billed = records("charge", r#""code":"bus","group":"ECD""#, 0..3);
    assert_eq!(steps(&format!("{HEAD}{fee}\n{}{billed}", enrols(0..3))).await, [(3, 6)]);
    // A refund is decided on a balance, and what comes after it begins anew.
    let refund = records("refund", "\"method\":\"cash\"", 7..8);
    let credit = pays(7..8).replace("1.00", "130.00");
    let file = format!("{HEAD}{}{credit}{refund}{}", enrols(0..10), pays(0..5));
    assert_eq!(steps(&file).await, [(10, 11), (0, 1), (0, 5)]);
}
