//! Billing: what is due is found by one statement, which takes no lock; if there is anything, its accounts are locked in their order, and it is
//! charged by another.

use bursar::store::{BilledPage, BillingOrder};
use bursar::{StoreError, StoreErrorKind};
use sqlx::{MySql, MySqlConnection};

use super::sql;
use crate::ledger::bill::{Bills, Charged, OPERATION, Scope, charge_found};
use crate::ledger::columns::narrow;
use crate::query::{Query, Row, execute, get, query, the_row};

/// How often it is looked anew, because accounts moved between the finding and the locking; those that were locked stay locked.
const LOOKS_MAX: u32 = 8;

impl Bills for MySql {
    async fn charge_due<'c>(
        conn: &'c mut MySqlConnection,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> Result<Charged, StoreError> {
        execute::<MySql>(conn, OPERATION, Query::new(sql::DUE_TABLE)).await?;
        for _ in 0..LOOKS_MAX {
            execute::<MySql>(conn, OPERATION, Query::new(sql::DUE_NONE)).await?;
            if execute::<MySql>(conn, OPERATION, scope.query(sql::DUE_FIND)).await? == 0 {
                return Ok(Charged::All);
            }
            let moved: Row<MySql> = the_row(conn, OPERATION, query(sql::DUE_LOCK, scope.book)).await?;
            if get::<_, i64>(&moved, 0)? == 0 {
                return charge(conn, scope, order, page).await;
            }
        }
        Err(StoreError::new(
            StoreErrorKind::Busy,
            OPERATION,
            "the accounts were changed again and again while they were billed; try again",
        ))
    }
}

async fn charge(
    conn: &mut MySqlConnection,
    scope: &Scope<'_>,
    order: &BillingOrder,
    page: &mut BilledPage,
) -> Result<Charged, StoreError> {
    let due: Row<MySql> = the_row(conn, OPERATION, Query::new(sql::DUE_COUNT)).await?;
    page.accounts_charged = narrow(get(&due, 0)?)?;
    page.charges = narrow(get(&due, 1)?)?;
    page.amount = get(&due, 2)?;
    charge_found::<MySql>(conn, sql::BILL_CHARGE, scope, order, page).await
}
