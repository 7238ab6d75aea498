//! The code of the README, compiled and run, and that of the pages behind it which do not run it themselves.
#![allow(missing_docs, clippy::unwrap_used)]

use std::error::Error;

use bursar::audit::audit_against;
use bursar::seal::seal;
use bursar::{Buckets, Currency, DebtorFilter, Ledger, Payment, PaymentStatus, Term, TermId, date};
use bursar_store_sqlx::{SqliteStore, SqliteTx, sqlx};
use rust_decimal::dec;

#[tokio::test]
async fn use_it() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("school.db")).await?;
    let school = Ledger::open(store, "hillside", Currency::USD).await?;
    let term = TermId::new(2026, 1)?;
    school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    school.activate(term).await?;
    let receipt = school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001")).await?;
    let now = school.term_balance("s-17", term).await?;
    assert_eq!((now.balance.to_string().as_str(), now.status), ("40.00", PaymentStatus::Partial));
    assert_eq!(receipt.number.to_string(), "s-17/2-K");
    Ok(())
}

#[tokio::test]
async fn books_that_people_read() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(folder.path().join("school.db")).await?;
    let school = Ledger::open(store, "hillside", Currency::USD).await?;
    let term = TermId::new(2026, 1)?;
    school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    school.activate_on(term, date("2026-01-12")?).await?;
    let payment =
        Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001").on(date("2026-04-01")?);
    school.pay(payment).await?;

    let march = school.statement("s-17", date("2026-03-01")?..=date("2026-03-31")?).await?;
    let aging = school.book_aging(date("2026-03-31")?, &Buckets::default()).await?;
    let debtors = school.debtors(&DebtorFilter::on(school.today()).overdue_for(30), None, 50).await?;
    let summary = school.term_summary(term).await?;
    let receipt = school.receipt("s-17/2-K").await?;
    let root = seal(&school).await?;
    assert!(audit_against(&school, &root).await?.is_clean());

    assert_eq!(march.closing.to_string(), "120.00", "{march}");
    assert_eq!(aging.aging.outstanding.to_string(), "120.00", "{aging}");
    assert_eq!(debtors.debtors.len(), 1);
    assert_eq!(summary.total.collection_rate().to_string(), "66.7 %");
    assert!(receipt.to_string().contains("80.00 USD"), "{receipt}");
    Ok(())
}

#[tokio::test]
async fn with_rows_of_your_own() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.path().join("app.db"))
        .create_if_missing(true);
    let pool = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE till (amount INTEGER)").execute(&pool).await?;
    let school = Ledger::open(SqliteStore::with_pool(pool.clone()).await?, "hillside", Currency::USD).await?;
    let term = TermId::new(2026, 1)?;
    school.define_term(Term::new(term, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    school.enrol("s-17", ["PRIMARY"], date("2026-01-10")?).await?;
    for (keep, rows, balance) in [(false, 0_i64, "0.00"), (true, 1, "-80.00")] {
        let payment = Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0001");

        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO till (amount) VALUES (80)").execute(&mut *transaction).await?;
        school.through(SqliteTx::new(&mut transaction)).pay(payment).await?;
        if keep {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }

        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM till").fetch_one(&pool).await?;
        assert_eq!((count, school.account("s-17").await?.balance.to_string().as_str()), (rows, balance));
    }
    Ok(())
}

mod sessions {
    use axum::Router;
    use axum::body::Body;
    use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
    use axum::http::{Request, StatusCode};
    use axum::response::Redirect;
    use axum::routing::{get, post};
    use bursar_session::{Error, Interrupted, Session, SessionLayer, hours, minutes};
    use bursar_store_sqlx::SqliteStore;
    use tower_service::Service as _;

    async fn students(session: Session) -> Result<String, Error> {
        let name: Option<String> = session.get("name").await?;
        Ok(format!("The students of {}", name.as_deref().unwrap_or("nobody")))
    }

    async fn login(session: Session) -> Result<Redirect, Error> {
        session.rotate().await?;
        session.set_user(17)?;
        session.insert("name", "the bursar")?;
        Ok(Redirect::to("/students"))
    }

    async fn logout(session: Session) -> Result<Redirect, Error> {
        session.flush().await?;
        Ok(Redirect::to("/"))
    }

    #[tokio::test]
    async fn a_login_and_a_logout() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let sessions = SessionLayer::new(SqliteStore::open(folder.path().join("school.db")).await?)
            .idle_timeout(minutes(30))
            .lifetime(hours(12))
            .on_interrupted(Interrupted::redirect_to("/login"));
        let routes = Router::new()
            .route("/students", get(students))
            .route("/login", post(login))
            .route("/logout", post(logout));
        let mut app: Router = routes.layer(sessions);

        let mut cookie = String::new();
        for (method, path, expected) in [
            ("GET", "/students", "The students of nobody"),
            ("POST", "/login", "/students"),
            ("GET", "/students", "The students of the bursar"),
            ("POST", "/logout", "/"),
            ("GET", "/students", "The students of nobody"),
        ] {
            let request = Request::builder().method(method).uri(path).header(COOKIE, &cookie);
            let response = app.call(request.body(Body::empty())?).await?;
            let status = response.status();
            if let Some(sent) = response.headers().get(SET_COOKIE) {
                cookie = sent.to_str()?.split(';').next().unwrap_or_default().to_owned();
            }
            let location = response.headers().get(LOCATION).map(|to| to.to_str().map(str::to_owned));
            let body = axum::body::to_bytes(response.into_body(), 1_000).await?;
            let answer = location.transpose()?.unwrap_or(String::from_utf8(body.to_vec())?);
            let code = if method == "GET" { StatusCode::OK } else { StatusCode::SEE_OTHER };
            assert_eq!((status, answer.as_str()), (code, expected), "{method} {path}");
        }
        Ok(())
    }
}
