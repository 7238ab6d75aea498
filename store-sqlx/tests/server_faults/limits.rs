//! Servers that have no connection left, give up on a statement, or can only be read: typed errors, nothing lost, and no caller waits for ever.

use std::time::Duration;

use bursar::{Error, Payment, StoreErrorKind};
use bursar_servers::Server;
use bursar_store_sqlx::sqlx::{self, Connection as _};
use libtest_mimic::Trial;
use rust_decimal_macros::dec;
use tokio::time::Instant;

use crate::server::Database;
use crate::session::{content, create, key, start};
use crate::support::{furnish, prove, term};

pub(crate) fn trials(database: Database) -> Vec<Trial> {
    let few: &[(&str, &str)] = match database {
        Database::Postgres => &[("max_connections", "12"), ("superuser_reserved_connections", "0")],
        Database::Mariadb => &[("max_connections", "10")],
    };
    let impatient: &[(&str, &str)] = match database {
        Database::Postgres => &[("statement_timeout", "500ms")],
        Database::Mariadb => &[("innodb_lock_wait_timeout", "1")],
    };
    let mut trials = vec![
        crate::trial("a_server_without_a_free_connection", database, few, no_connection),
        crate::trial("a_statement_that_takes_too_long", database, impatient, too_long),
        crate::trial("a_server_that_can_only_be_read", database, &[], read_only),
        crate::trial("a_server_that_is_down", database, &[], down),
    ];
    if database == Database::Postgres {
        trials.push(crate::trial("a_replica", database, &[], replica));
    }
    trials
}

fn payment(key: &str) -> Payment {
    Payment::cash(dec!(1)).from("a-1").for_term(term()).key(key)
}

fn kind(error: &Error) -> StoreErrorKind {
    match error {
        Error::Store(error) | Error::UnknownOutcome { source: error, .. } => error.kind,
        other => panic!("{other:?}"),
    }
}

/// Connections of a foreigner's, and statements of his.
enum Foreign {
    Postgres(sqlx::PgConnection),
    Mariadb(sqlx::MySqlConnection),
}

impl Foreign {
    async fn connect(database: Database, url: &str) -> Result<Self, sqlx::Error> {
        Ok(match database {
            Database::Postgres => Self::Postgres(sqlx::PgConnection::connect(url).await?),
            Database::Mariadb => Self::Mariadb(sqlx::MySqlConnection::connect(url).await?),
        })
    }

    async fn say(&mut self, sql: &'static str) {
        match self {
            Self::Postgres(conn) => drop(sqlx::raw_sql(sql).execute(conn).await.unwrap()),
            Self::Mariadb(conn) => drop(sqlx::raw_sql(sql).execute(conn).await.unwrap()),
        }
    }

    async fn close(self) {
        match self {
            Self::Postgres(conn) => conn.close().await.unwrap(),
            Self::Mariadb(conn) => conn.close().await.unwrap(),
        }
    }
}

async fn no_connection(database: Database, server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 3).await;
    opened.close().await;

    let mut foreign = Vec::new();
    while let Ok(one) = Foreign::connect(database, &server.url()).await {
        foreign.push(one);
        assert!(foreign.len() < 50);
    }
    let began = Instant::now();
    let Err(error) = database.open(&server.url()).await else { panic!("it was opened") };
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(began.elapsed() < Duration::from_secs(60), "it gave up after {:?}", began.elapsed());

    // One has room for a writer or two: whoever cannot be served is told so, and nobody is lost.
    for one in foreign.drain(2..) {
        one.close().await;
    }
    // The server lets go of a connection some time after it was closed.
    let began = Instant::now();
    let opened = loop {
        match database.open(&server.url()).await {
            Ok(opened) => break opened,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "{error}"),
        }
    };
    let ledger = opened.ledger().await;
    let mut tasks = Vec::new();
    for task in 0..32 {
        let ledger = ledger.clone();
        tasks.push(tokio::spawn(async move {
            for n in 0..10 {
                let key = format!("few-{task}-{n}");
                while let Err(error) = ledger.pay(payment(&key)).await {
                    assert!(error.may_retry(), "{error:?}");
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(prove(&ledger).await.entries, 320);
    for one in foreign {
        one.close().await;
    }
    opened.close().await;
}

async fn too_long(database: Database, server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 3).await;
    create(&opened.sessions, 1, &content("{}")).await;
    let mut foreign = Foreign::connect(database, &server.url()).await.unwrap();
    foreign.say("BEGIN").await;
    foreign
        .say("SELECT version FROM bursar_account WHERE book = 'hillside' AND account = 'a-1' FOR UPDATE")
        .await;
    foreign.say("SELECT version FROM bursar_session FOR UPDATE").await;
    let began = Instant::now();
    let error = ledger.pay(payment("late")).await.unwrap_err();
    assert!(error.may_retry() && kind(&error) == StoreErrorKind::Busy, "{error:?}");
    // Others have nothing to wait for.
    let other = Payment::cash(dec!(1)).from("a-2").for_term(term()).key("other");
    let mut paid = ledger.pay(other.clone()).await;
    while let Err(error) = paid {
        assert!(error.may_retry(), "{error:?}");
        paid = ledger.pay(other.clone()).await;
    }
    let error = opened
        .sessions
        .delete(&key(1), None, bursar_session::GoneReason::LoggedOut, start())
        .await
        .unwrap_err();
    assert_eq!(error.kind, bursar_session::StoreErrorKind::Busy, "{error}");
    assert!(began.elapsed() < Duration::from_secs(60), "it took {:?}", began.elapsed());
    foreign.say("ROLLBACK").await;
    assert_eq!(prove(&ledger).await.entries, 1, "what was late is not there");
    assert!(!ledger.pay(payment("late")).await.unwrap().replayed);
    prove(&ledger).await;
    foreign.close().await;
    opened.close().await;
}

async fn read_only(database: Database, server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 3).await;
    ledger.pay(payment("before")).await.unwrap();
    create(&opened.sessions, 1, &content("{}")).await;
    server.read_only(true).unwrap();

    let error = ledger.pay(payment("during")).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::ReadOnly, "{error}");
    let error = ledger.activate(term()).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::ReadOnly, "{error}");
    let error = opened.sessions.rotate(&key(1), &key(2), start()).await.unwrap_err();
    assert_eq!(error.kind, bursar_session::StoreErrorKind::ReadOnly, "{error}");
    assert_eq!(prove(&ledger).await.entries, 1, "it can be read");
    crate::session::live(&opened.sessions, 1).await;

    server.read_only(false).unwrap();
    ledger.pay(payment("during")).await.unwrap();
    ledger.activate(term()).await.unwrap();
    prove(&ledger).await;
    opened.close().await;
}

async fn replica(database: Database, server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 3).await;
    ledger.pay(payment("before")).await.unwrap();
    let replica = server.replica().unwrap();
    let beside = database.open(&replica.url()).await.unwrap();
    let copy = beside.ledger().await;
    for _ in 0..500 {
        if copy
            .term_balance("a-1", term())
            .await
            .is_ok_and(|figures| figures.amount_paid.to_string() == "1.00")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(prove(&copy).await.entries, 1);
    let error = copy.pay(payment("there")).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::ReadOnly, "{error}");
    // A failover: the replica becomes the primary, and takes writes.
    drop(server);
    replica.promote().unwrap();
    let mut paid = copy.pay(payment("there")).await;
    for _ in 0..100 {
        if paid.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        paid = copy.pay(payment("there")).await;
    }
    assert!(!paid.unwrap().replayed);
    prove(&copy).await;
    beside.close().await;
}

async fn down(database: Database, mut server: Server) {
    let opened = database.open(&server.url()).await.unwrap();
    let ledger = opened.ledger().await;
    furnish(&ledger, 3).await;
    server.kill().unwrap();
    let began = Instant::now();
    for _ in 0..2 {
        let error = ledger.pay(payment("down")).await.unwrap_err();
        assert!(error.may_retry(), "{error:?}");
        assert_eq!(kind(&error), StoreErrorKind::Unavailable, "{error}");
    }
    let error = ledger.term_balance("a-1", term()).await.unwrap_err();
    assert_eq!(kind(&error), StoreErrorKind::Unavailable, "{error}");
    let error = opened.sessions.load(&key(1), start()).await.unwrap_err();
    assert_eq!(error.kind, bursar_session::StoreErrorKind::Unavailable, "down is not gone: {error}");
    let Err(error) = database.open(&server.url()).await else { panic!("it was opened") };
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    assert!(began.elapsed() < Duration::from_secs(60), "it took {:?}", began.elapsed());
    server.restart().unwrap();
    assert!(!ledger.pay(payment("down")).await.unwrap().replayed);
    assert_eq!(prove(&ledger).await.entries, 1);
    opened.close().await;
}
