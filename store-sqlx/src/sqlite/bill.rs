//! Billing: what is due is found by one statement, which takes no lock, and charged by another, if there is anything to charge.

use bursar::StoreError;
use bursar::store::{BilledPage, BillingOrder};
use sqlx::{Sqlite, SqliteConnection};

use super::sql;
use crate::ledger::bill::{Charged, OPERATION, Scope, id_parts};
use crate::ledger::columns::{day_number, narrow};
use crate::query::{Query, Row, execute, execute_unless_refused, get, query, the_row};

pub(super) async fn charge_due(
    conn: &mut SqliteConnection,
    scope: &Scope<'_>,
    order: &BillingOrder,
    page: &mut BilledPage,
) -> Result<Charged, StoreError> {
    execute::<Sqlite>(conn, OPERATION, Query::new(sql::DUE_TABLE)).await?;
    let found: Row<Sqlite> = the_row(conn, OPERATION, scope.query(sql::BILL_FIND)).await?;
    page.accounts_charged = narrow(get(&found, 0)?)?;
    page.charges = narrow(get(&found, 1)?)?;
    page.amount = get(&found, 2)?;
    if page.charges == 0 {
        return Ok(Charged::All);
    }
    let term = order.term.to_string();
    match execute_unless_refused::<Sqlite>(conn, OPERATION, charge(scope, order, &term)).await? {
        Some(charged) if charged == page.charges => Ok(Charged::All),
        Some(charged) => {
            let detail = format!("{} were due, {charged} were charged", page.charges);
            Err(StoreError::corrupt(OPERATION, detail))
        }
        None => Ok(Charged::NotAdmitted),
    }
}

fn charge<'q>(scope: &'q Scope<'_>, order: &'q BillingOrder, term: &'q str) -> Query<'q> {
    let (prefix, counter) = id_parts(order.first_id);
    let asked = query(sql::BILL_CHARGE, scope.book).bind(scope.term).bind(prefix).bind(counter);
    let asked = asked.bind(day_number(order.on)).bind(order.recorded_at.timestamp_micros());
    asked.bind(&order.recorded_by).bind(term)
}
