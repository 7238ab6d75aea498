//! A store in which something happens at every commit: somebody else pays, or the answer is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bursar::store::{ChangeSet, Committed};
use bursar::{BookId, Charge, Ledger, LedgerStore, Payment, StoreError, StoreErrorKind, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use rust_decimal_macros::dec;
use uuid::Uuid;

/// What happens at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Account `a` pays 1.00 before it.
    Paid,
    /// Account `a` is charged 10.00 before it.
    Charged,
    /// The book is locked through 15 February 2026 before it.
    Locked,
    /// Term 2026-2 is defined and becomes the current one before it.
    NextTerm,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and the answer is lost.
    RequestLost,
}

/// A store in which an event happens at the first so many commits.
#[derive(Clone)]
pub struct Meddling {
    pub inner: MemoryStore,
    pub event: Event,
    pub times: u32,
    commits: Arc<AtomicU32>,
}

impl Meddling {
    pub fn new(inner: MemoryStore, event: Event, times: u32) -> Self {
        Self { inner, event, times, commits: Arc::default() }
    }
}

macro_rules! handed_on {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Meddling {
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
                let nth = self.commits.fetch_add(1, Ordering::SeqCst);
                if nth >= self.times {
                    return self.inner.commit(book, changes).await;
                }
                let lost = || StoreError::new(StoreErrorKind::UnknownOutcome, "commit", "the line is dead");
                let school = Ledger::open_existing(self.inner.clone(), book).await.unwrap();
                let (term, next) = (TermId::new(2026, 1).unwrap(), TermId::new(2026, 2).unwrap());
                let key = format!("meddling-{nth}");
                match self.event {
                    Event::Paid => {
                        school.pay(Payment::cash(dec!(1)).from("a").for_term(term).key(key)).await.unwrap();
                        self.inner.commit(book, changes).await
                    }
                    Event::Charged => {
                        school.charge(Charge::of("trip", dec!(10)).to("a").for_term(term).key(key)).await.unwrap();
                        self.inner.commit(book, changes).await
                    }
                    Event::Locked => {
                        school.lock_through(date("2026-02-15").unwrap()).await.unwrap();
                        self.inner.commit(book, changes).await
                    }
                    Event::NextTerm => {
                        let (from, to) = (date("2026-05-04").unwrap(), date("2026-08-06").unwrap());
                        school.define_term(Term::new(next, from, to).unwrap()).await.unwrap();
                        school.activate_on(next, from).await.unwrap();
                        self.inner.commit(book, changes).await
                    }
                    Event::AnswerLost => {
                        self.inner.commit(book, changes).await?;
                        Err(lost())
                    }
                    Event::RequestLost => Err(lost()),
                }
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.inner.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(handed_on: keeping reading listing);
