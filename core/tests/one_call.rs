//! A payment is one call of the store, and nothing is read before it (S4).
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bursar::{Currency, Ledger, LedgerStore, Payment, Refusal, StoreError, Term, TermId, date};
use bursar_store_memory::MemoryStore;
use chrono::{DateTime, Utc};
use rust_decimal_macros::dec;
use uuid::Uuid;

/// A store that writes down what it is asked.
#[derive(Clone, Default)]
struct Noting {
    store: MemoryStore,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Noting {
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

macro_rules! noting {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl LedgerStore for Noting {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, time: Duration) {
                self.store.pause(time).await;
            }

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.asked.lock().unwrap().push(stringify!($name));
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(noting: keeping commit reading listing reporting);

#[tokio::test]
async fn a_payment_is_one_call_and_reads_nothing_first() {
    let store = Noting::default();
    let school = Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
    let term = TermId::new(2026, 1).unwrap();
    let dates = (date("2026-01-12").unwrap(), date("2026-04-09").unwrap());
    school.define_term(Term::new(term, dates.0, dates.1).unwrap()).await.unwrap();
    school.enrol("s-17", ["PRIMARY"], dates.0).await.unwrap();
    let payment = |account: &str| Payment::cash(dec!(80)).from(account).for_term(term).key("till-1-0001");
    store.take();

    school.pay(payment("s-17")).await.unwrap();
    assert_eq!(store.take(), ["post"]);

    // Only what is not admitted is looked into.
    assert!(school.pay(payment("s-17")).await.unwrap().replayed);
    assert_eq!(store.take().first(), Some(&"post"));
    let refused = school.pay(payment("s-71").key("till-1-0002")).await.unwrap_err();
    assert!(matches!(refused.refusal(), Some(Refusal::UnknownAccount { .. })), "{refused}");
    assert_eq!(store.take().first(), Some(&"post"));
}
