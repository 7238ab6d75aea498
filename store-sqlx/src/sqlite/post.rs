//! Recording entries: one statement for a batch, which admits what core's rule admits.

use bursar::rule::Posting;
use bursar::{BookId, StoreError};
use sqlx::{Sqlite, SqliteConnection};

use super::error::is_constraint;
use super::sql;
use crate::engine::Engine as _;
use crate::error::{Phase, store_error};
use crate::ledger::post::{OPERATION, Recorded, rows};
use crate::query::{Row, query};

pub(super) async fn post(
    conn: &mut SqliteConnection,
    book: &BookId,
    postings: &[Posting],
    phase: Phase,
) -> Result<Recorded, StoreError> {
    // All rows are waited for: the statement commits with its last step, not with its first row.
    match Sqlite::fetch(conn, query(sql::POST, book).bind(rows(postings)?)).await {
        Ok(recorded) => {
            Recorded::from_rows::<Sqlite>(postings, &recorded.into_iter().map(Row::new).collect::<Vec<_>>())
        }
        Err(error) if is_constraint(&error) => Ok(Recorded::Constraint),
        Err(error) => Err(store_error::<Sqlite>(OPERATION, phase, error)),
    }
}
