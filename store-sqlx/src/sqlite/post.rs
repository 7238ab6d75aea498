//! Recording entries: one statement for a batch, which admits what core's rule admits.

use std::collections::HashMap;

use bursar::rule::{Posting, TermGate};
use bursar::{BookId, StoreError};
use sqlx::SqliteConnection;

use super::error::{Phase, is_constraint, store_error};
use super::read::query;
use super::row::get;
use super::sql;
use crate::columns::{KindColumns, corrupt, day_number, narrow};
use crate::json::JsonArray;

/// What a statement answers: the positions of what was admitted, in the order asked; or that a constraint stopped all of it.
pub(super) enum Recorded {
    Positions(Vec<Option<u32>>),
    Constraint,
}

const OPERATION: &str = "record entries";

/// Records the admitted ones of postings that are one [`Batch`](crate::batch::Batch). Outside a transaction the statement is one itself:
/// durable when this returns, and an error may leave the outcome open, as `phase` says.
pub(super) async fn post(
    conn: &mut SqliteConnection,
    book: &BookId,
    postings: &[Posting],
    phase: Phase,
) -> Result<Recorded, StoreError> {
    let asked = query(sql::POST, book).bind(rows(postings)?);
    // All rows are waited for: the statement commits with its last step, not with its first row.
    let rows = match asked.fetch_all(conn).await {
        Ok(rows) => rows,
        Err(error) if is_constraint(&error) => return Ok(Recorded::Constraint),
        Err(error) => return Err(store_error(OPERATION, phase, error)),
    };
    let mut positions = vec![None; postings.len()];
    if let ([row], [position]) = (rows.as_slice(), positions.as_mut_slice()) {
        *position = Some(narrow(get(row, 1)?)?);
        return Ok(Recorded::Positions(positions));
    }
    // Rows come in the statement's order, and only of what was admitted: the key tells whose a row is.
    let index: HashMap<&str, usize> =
        postings.iter().enumerate().map(|(at, posting)| (posting.entry.key.as_str(), at)).collect();
    for row in &rows {
        let at = index.get(get::<&str>(row, 0)?).copied();
        let position = at.and_then(|at| positions.get_mut(at));
        *position.ok_or_else(|| corrupt("a key came back that was not sent"))? = Some(narrow(get(row, 1)?)?);
    }
    Ok(Recorded::Positions(positions))
}

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
    row.int(match posting.gate() {
        TermGate::Defined => 0,
        TermGate::NotAfterCurrent => 1,
        TermGate::Open => 2,
    });
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
