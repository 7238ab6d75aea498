//! A book that takes several steps to seal and several pages to read.

use bursar::rule::Posting;
use bursar::store::{AccountChange, BookChange, ChangeSet, Posted};
use bursar::{
    Account, AccountId, BookId, Currency, EntryKind, IdempotencyKey, Ledger, LedgerStore, Method, Money,
    NewEntry, Standing, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;

fn money(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

/// The n-th payment of an account.
pub fn entry(account: &str, n: u32) -> NewEntry {
    NewEntry {
        id: uuid::Uuid::from_u128(u128::from(n)),
        account: AccountId::new(account).unwrap(),
        term: TermId::new(2026, 1).unwrap(),
        kind: EntryKind::Payment { method: Method::Cash, reference: None },
        effect: money(-1),
        effective_on: date("2026-02-01").unwrap(),
        recorded_at: "2026-02-01T08:00:00Z".parse().unwrap(),
        recorded_by: None,
        key: IdempotencyKey::new(format!("{account}-{n}")).unwrap(),
        note: None,
    }
}

/// A book that takes several steps to seal: many accounts, and one with more entries than a segment holds. Made again, it is the same.
pub async fn wide() -> MemoryStore {
    let store = MemoryStore::new();
    let book = BookId::new("hillside").unwrap();
    store.open_book(&book, Currency::USD).await.unwrap();
    let (starts_on, ends_on) = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    let term = Term::new(TermId::new(2026, 1).unwrap(), starts_on, ends_on).unwrap();
    let accounts: Vec<String> = (0..1_300).map(|n| format!("s-{n}")).collect();
    let open = |name: &String| {
        AccountChange::Open(Account {
            id: AccountId::new(name).unwrap(),
            enrolled_on: starts_on,
            standing: Standing::Active,
            groups: vec!["PRIMARY".parse().unwrap()],
            version: 0,
            revision: 0,
            balance: money(0),
        })
    };
    let changes = ChangeSet {
        book: vec![BookChange::DefineTerm(term)],
        accounts: accounts.iter().map(open).collect(),
        ..ChangeSet::default()
    };
    store.commit(&book, changes).await.unwrap();
    for (name, entries) in accounts.iter().map(|name| (name.as_str(), 1)).chain([("s-7", 1_100)]) {
        for n in 1..=entries {
            let posted =
                store.post(&book, Posting::new(entry(name, n + u32::from(entries > 1)))).await.unwrap();
            assert!(matches!(posted, Posted::Admitted { .. }));
        }
    }
    store
}

pub async fn opened<S: LedgerStore>(store: S) -> Ledger<S> {
    Ledger::open_existing(store, "hillside").await.unwrap()
}
