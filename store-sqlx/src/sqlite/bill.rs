//! Billing: what is due is found by one statement, which takes no lock, and charged by another, if there is anything to charge.

use bursar::StoreError;
use bursar::store::{BilledPage, BillingOrder};
use sqlx::{Sqlite, SqliteConnection};

use super::sql;
use crate::ledger::bill::{Bills, Charged, OPERATION, Scope, charge_found};
use crate::ledger::columns::narrow;
use crate::query::{Query, Row, execute, get, the_row};

impl Bills for Sqlite {
    async fn charge_due<'c>(
        conn: &'c mut SqliteConnection,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> Result<Charged, StoreError> {
        execute::<Sqlite>(conn, OPERATION, Query::new(sql::DUE_TABLE)).await?;
        let found: Row<Sqlite> = the_row(conn, OPERATION, scope.query(sql::BILL_FIND)).await?;
        page.accounts_charged = narrow(get(&found, 0)?)?;
        page.charges = narrow(get(&found, 1)?)?;
        page.amount = get(&found, 2)?;
        if page.charges == 0 {
            return Ok(Charged::All);
        }
        charge_found::<Sqlite>(conn, sql::BILL_CHARGE, scope, order, page).await
    }
}
