//! Clocks that are set back: nothing that is decided hangs on the server's clock, and nothing on the order of the store's own.

use bursar::rule::Posting;
use bursar::store::Posted;
use bursar::{IdempotencyKey, Payment};
use bursar_servers::Server;
use bursar_session::store::{Loaded, Touched};
use chrono::Duration;
use libtest_mimic::Trial;
use rust_decimal_macros::dec;

use crate::server::Database;
use crate::session::{after, content, create, key, start};
use crate::support::{furnish, prove, term};

pub(crate) fn trials(database: Database) -> Vec<Trial> {
    vec![crate::trial("a_clock_that_is_set_back", database, &[], set_back)]
}

async fn set_back(database: Database, server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 2).await;
    ledger.pay(Payment::cash(dec!(1)).from("a-1").for_term(term()).key("first")).await.unwrap();
    let first =
        ledger.store().entries_by_key(ledger.book_id(), &[IdempotencyKey::new("first").unwrap()]).await;
    let first = first.unwrap().pop().unwrap();

    // The same instant, an hour before, a year before, a day after: each is recorded in its turn.
    for (position, step) in (2_u32..).zip([0, -3_600, -31_536_000, 86_400]) {
        let mut entry = bursar::NewEntry::clone(&first);
        entry.id = ledger.store().new_id();
        entry.key = IdempotencyKey::new(format!("step-{position}")).unwrap();
        entry.recorded_at += Duration::seconds(step);
        let posted = ledger.store().post(ledger.book_id(), Posting::new(entry)).await.unwrap();
        assert_eq!(posted, Posted::Admitted { position });
    }
    let report = prove(&ledger).await;
    assert_eq!((report.entries, report.balance.to_string().as_str()), (5, "-5.00"));

    // Sessions live by the caller's clock: what is gone for one who is ahead is there for one who is behind, and no touch moves it back.
    let store = &opened.sessions;
    create(store, 1, &content("{}")).await;
    assert!(matches!(store.load(&key(1), after(3_601)).await.unwrap(), Loaded::Gone(_)));
    assert_eq!(store.touch(&key(1), after(7_200), after(10)).await.unwrap(), Touched::Touched);
    assert_eq!(store.touch(&key(1), after(3_600), start()).await.unwrap(), Touched::Touched);
    let Loaded::Live(record) = store.load(&key(1), after(3_601)).await.unwrap() else { panic!("it is gone") };
    assert_eq!(record.content.expires_at, after(7_200));
    opened.close().await;
}
