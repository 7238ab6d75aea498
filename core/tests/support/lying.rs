//! A store that fails at a call, tells of other entries than it keeps, or takes a payment between two calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::rule::Posting;
use bursar::{AccountId, BookId, Entry, IdempotencyKey, LedgerStore, StoreError, StoreErrorKind};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// At which call a store fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    Never,
    /// Nothing of it is done.
    Before(u64),
    /// It is done, and the answer is lost.
    After(u64),
}

#[derive(Clone)]
pub struct Lying<S> {
    store: S,
    calls: Arc<AtomicU64>,
    failing: Failing,
    /// What it tells of, by account and position, in the place of what it keeps.
    told: Option<Arc<Vec<Entry>>>,
    /// What is posted before which call.
    meanwhile: Option<(u64, BookId, Posting)>,
}

impl<S> Lying<S> {
    pub fn failing(store: S, failing: Failing) -> Self {
        Self { store, calls: Arc::default(), failing, told: None, meanwhile: None }
    }

    pub fn telling(store: S, mut told: Vec<Entry>) -> Self {
        told.sort_by(|one, two| (&one.account, one.position).cmp(&(&two.account, two.position)));
        Self { told: Some(Arc::new(told)), ..Self::failing(store, Failing::Never) }
    }

    pub fn posting(store: S, call: u64, book: BookId, posting: Posting) -> Self {
        Self { meanwhile: Some((call, book, posting)), ..Self::failing(store, Failing::Never) }
    }

    /// How often it was called.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn lost(kind: StoreErrorKind) -> StoreError {
        StoreError::new(kind, "be asked", "the connection was lost")
    }

    async fn before(&self) -> Result<u64, StoreError>
    where
        S: LedgerStore,
    {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some((_, book, posting)) = self.meanwhile.as_ref().filter(|(at, ..)| *at == call) {
            self.store.post(book, posting.clone()).await?;
        }
        if self.failing == Failing::Before(call) {
            return Err(Self::lost(StoreErrorKind::Unavailable));
        }
        Ok(call)
    }
}

macro_rules! lying {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Lying<S> {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, _time: Duration) {}

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    let call = self.before().await?;
                    let answer = self.store.$name($($argument),*).await?;
                    if self.failing == Failing::After(call) {
                        return Err(Self::lost(StoreErrorKind::UnknownOutcome));
                    }
                    Ok(answer)
                }
            )*

            async fn entries(&self, book: &BookId, account: &AccountId, after: u32, limit: u32) -> Result<Vec<Entry>, StoreError> {
                self.before().await?;
                let Some(told) = &self.told else { return self.store.entries(book, account, after, limit).await };
                let of = told.iter().filter(|entry| entry.account == *account && entry.position > after);
                Ok(of.take(usize::try_from(limit).unwrap()).cloned().collect())
            }

            async fn scan(&self, book: &BookId, after: Option<(&AccountId, u32)>, limit: u32) -> Result<Vec<Entry>, StoreError> {
                self.before().await?;
                let Some(told) = &self.told else { return self.store.scan(book, after, limit).await };
                let of = told.iter().filter(|entry| after.is_none_or(|after| (&entry.account, entry.position) > after));
                Ok(of.take(usize::try_from(limit).unwrap()).cloned().collect())
            }

            async fn entries_by_key(&self, book: &BookId, keys: &[IdempotencyKey]) -> Result<Vec<Entry>, StoreError> {
                self.before().await?;
                let Some(told) = &self.told else { return self.store.entries_by_key(book, keys).await };
                Ok(told.iter().filter(|entry| keys.contains(&entry.key)).cloned().collect())
            }
        }
    };
}

bursar::ledger_store_methods!(lying: keeping commit reading);
