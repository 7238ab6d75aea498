//! A store in which some rows cannot be read: whatever would return one of them fails, as a database's does.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bursar::seal::Segment;
use bursar::{AccountId, BookId, Entry, IdempotencyKey, LedgerStore, StoreError, StoreErrorKind, TermTotals};
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub type Place = (AccountId, u32);

#[derive(Clone)]
pub struct Spoiled<S> {
    store: S,
    /// Entries, by account and position; one that the store does not keep is one more row there.
    entries: Arc<Vec<Place>>,
    /// Segments of seals, by account and first position.
    segments: Arc<Vec<Place>>,
    /// Accounts whose sums alone cannot be had.
    sums: Arc<Vec<AccountId>>,
    /// What it says of them.
    kind: StoreErrorKind,
}

impl<S: LedgerStore> Spoiled<S> {
    pub fn entries(store: S, places: Vec<Place>) -> Self {
        Self { entries: Arc::new(places), ..Self::whole(store) }
    }

    pub fn segments(store: S, places: Vec<Place>) -> Self {
        Self { segments: Arc::new(places), ..Self::whole(store) }
    }

    pub fn sums(store: S, accounts: Vec<AccountId>) -> Self {
        Self { sums: Arc::new(accounts), ..Self::whole(store) }
    }

    fn whole(store: S) -> Self {
        let (entries, segments, sums) = Default::default();
        Self { store, entries, segments, sums, kind: StoreErrorKind::Corrupt }
    }

    pub fn saying(self, kind: StoreErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// The first rows of these after a place, unless one of them is spoiled.
    fn page<T>(
        &self,
        rows: Vec<(Place, T)>,
        spoiled: &[Place],
        after: Option<(&AccountId, u32)>,
        limit: u32,
    ) -> Result<Vec<T>, StoreError> {
        let mut all: Vec<(Place, Option<T>)> = rows
            .into_iter()
            .map(|(place, row)| if spoiled.contains(&place) { (place, None) } else { (place, Some(row)) })
            .collect();
        for place in spoiled {
            if !all.iter().any(|(there, _)| there == place) {
                all.push((place.clone(), None));
            }
        }
        all.sort_by(|one, two| one.0.cmp(&two.0));
        let page = all.into_iter().filter(|(place, _)| after.is_none_or(|after| (&place.0, place.1) > after));
        page.take(usize::try_from(limit).unwrap()).map(|(_, row)| row.ok_or_else(|| self.error())).collect()
    }

    /// Whether sums or segments hold something that cannot be read.
    fn shows(&self, answer: &dyn Any) -> bool {
        let sums = answer.downcast_ref::<Vec<(AccountId, TermTotals)>>();
        let segments = answer.downcast_ref::<Vec<Segment>>();
        sums.is_some_and(|sums| {
            let spoiled =
                |id| self.sums.contains(id) || self.entries.iter().any(|(account, _)| account == id);
            sums.iter().any(|(id, _)| spoiled(id))
        }) || segments.is_some_and(|all| {
            all.iter().any(|one| self.segments.contains(&(one.account.clone(), one.first)))
        })
    }

    fn error(&self) -> StoreError {
        StoreError::new(self.kind, "read", "the row is spoiled")
    }
}

macro_rules! spoiled {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Spoiled<S> {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, _time: Duration) {}

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let answer = self.store.$name($($argument),*).await?;
                    if self.shows(&answer) { Err(self.error()) } else { Ok(answer) }
                }
            )*

            async fn entries(&self, book: &BookId, account: &AccountId, after: u32, limit: u32) -> Result<Vec<Entry>, StoreError> {
                let rows = self.store.entries(book, account, 0, 1_000).await?;
                let rows = rows.into_iter().map(|entry| ((account.clone(), entry.position), entry)).collect();
                let spoiled: Vec<Place> = self.entries.iter().filter(|(id, _)| id == account).cloned().collect();
                self.page(rows, &spoiled, Some((account, after)), limit)
            }

            async fn scan(&self, book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Result<Vec<Entry>, StoreError> {
                let rows = self.store.scan(book, None, 1_000).await?;
                let rows = rows.into_iter().map(|entry| ((entry.account.clone(), entry.position), entry)).collect();
                self.page(rows, &self.entries, after, limit)
            }

            async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
                let rows = self.store.entries_by_key(book, keys).await?;
                let spoiled = |entry: &Entry| self.entries.contains(&(entry.account.clone(), entry.position));
                if rows.iter().any(spoiled) { Err(self.error()) } else { Ok(rows) }
            }
        }
    };
}

bursar::ledger_store_methods!(spoiled: keeping commit reading);
