//! Billing: what is due is found and charged by one statement, and once more where accounts were changed meanwhile.

use bursar::store::{BilledPage, BillingOrder};
use bursar::{StoreError, StoreErrorKind};
use sqlx::{PgConnection, Postgres};

use super::sql;
use crate::engine::Driver as _;
use crate::error::{Errors as _, failed};
use crate::ledger::bill::{Bills, Charged, OPERATION, Scope};
use crate::ledger::columns::{corrupt, day_number, narrow};
use crate::query::{Query, Row, get, the_row};

/// How often a page is gone through, at most: what has changed is locked by then, so that the second time mostly leaves nothing.
const TIMES_MAX: u32 = 8;

impl Bills for Postgres {
    async fn charge_due<'c>(
        conn: &'c mut PgConnection,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> Result<Charged, StoreError> {
        let first = order.first_id.as_u128();
        let (prefix, mut counter) = (first >> 48, i64::try_from(first & 0xffff_ffff_ffff).unwrap_or(0));
        let prefix = prefix.to_be_bytes();
        let (_, prefix) = prefix.split_at(6);
        let term = order.term.to_string();
        let planned: Row<Postgres> = the_row(conn, OPERATION, Query::new(sql::BILL_PLAN)).await?;
        for _ in 0..TIMES_MAX {
            let asked = scope.query(sql::BILL_CHARGE).bind(prefix).bind(counter).bind(day_number(order.on));
            let asked =
                asked.bind(order.recorded_at.timestamp_micros()).bind(&order.recorded_by).bind(term.as_str());
            let charged = match Postgres::fetch(conn, asked).await {
                Ok(mut rows) => {
                    rows.pop().map(Row::<Postgres>::new).ok_or_else(|| corrupt("a count gave no row"))?
                }
                Err(error) if Postgres::is_constraint(&error) => return Ok(Charged::NotAdmitted),
                Err(error) => return Err(failed::<Postgres>(OPERATION)(error)),
            };
            page.accounts_charged = page.accounts_charged.saturating_add(narrow(get(&charged, 0)?)?);
            page.charges = page.charges.saturating_add(narrow(get(&charged, 1)?)?);
            page.amount = page.amount.saturating_add(get(&charged, 2)?);
            if get::<_, i64>(&charged, 3)? == 0 {
                let back = Query::new(sql::BILL_PLAN_BACK).bind(get::<_, &str>(&planned, 0)?);
                the_row::<Postgres>(conn, OPERATION, back).await?;
                return Ok(Charged::All);
            }
            counter = counter.saturating_add(get(&charged, 4)?);
        }
        let detail = "the accounts are changed all the time; try again";
        Err(StoreError::new(StoreErrorKind::Busy, OPERATION, detail))
    }
}
