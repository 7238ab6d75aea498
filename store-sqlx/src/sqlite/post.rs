//! Recording entries: one statement for a batch, which admits what core's rule admits.

use bursar::rule::Posting;
use bursar::{BookId, StoreError};
use sqlx::{Sqlite, SqliteConnection};

use super::sql;
use crate::engine::Driver as _;
use crate::error::{Errors as _, Phase, store_error};
use crate::json::JsonArray;
use crate::ledger::columns::{KindColumns, day_number};
use crate::ledger::post::{OPERATION, Posts, Recorded, gate_number};
use crate::query::{Row, query};

impl Posts for Sqlite {
    async fn post<'c>(
        conn: &'c mut SqliteConnection,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> Result<Recorded, StoreError> {
        // All rows are waited for: the statement commits with its last step, not with its first row.
        match Sqlite::fetch(conn, query(sql::POST, book).bind(rows(postings)?)).await {
            Ok(recorded) => Recorded::from_rows::<Sqlite>(
                postings,
                &recorded.into_iter().map(Row::new).collect::<Vec<_>>(),
            ),
            Err(error) if Sqlite::is_constraint(&error) => Ok(Recorded::Constraint),
            Err(error) => Err(store_error::<Sqlite>(OPERATION, phase, error)),
        }
    }
}

/// Postings as one array of arrays; what an entry does not have at its end is left off.
fn rows(postings: &[Posting]) -> Result<String, StoreError> {
    let mut rows = JsonArray::new();
    for posting in postings {
        rows.row(|row| fill(row, posting));
    }
    rows.finish()
}

fn fill(row: &mut JsonArray, posting: &Posting) {
    let entry = &posting.entry;
    let kind = KindColumns::of(&entry.kind);
    row.text(entry.account.as_str());
    row.text(entry.id.simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
    row.int(i64::from(entry.term.ordinal()));
    row.text(kind.kind);
    row.int(kind.figure);
    row.int(entry.effect.minor());
    row.int(day_number(entry.effective_on));
    row.int(entry.recorded_at.timestamp_micros());
    row.opt_text(entry.recorded_by.as_deref());
    row.text(entry.key.as_str());
    row.int(gate_number(posting.gate()));
    row.opt_text(kind.method);
    row.opt_text(kind.reference);
    row.opt_text(kind.reason);
    row.opt_text(kind.code);
    row.opt_int(kind.due_on);
    row.opt_int(kind.slot);
    row.opt_text(kind.fee_group);
    row.opt_int(posting.version.map(i64::from));
    row.opt_int(kind.reverses);
    row.opt_text(kind.concession);
    row.opt_text(entry.note.as_deref());
}
