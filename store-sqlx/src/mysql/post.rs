//! Recording entries: one statement for a batch. When the tables stop it for the sake of one, it is asked which, and the others go again.

use std::sync::atomic::{AtomicBool, Ordering};

use bursar::rule::Posting;
use bursar::{BookId, StoreError};
use sqlx::{MySql, MySqlConnection};

use super::error::is_syntax;
use super::sql;
use crate::engine::Driver as _;
use crate::error::{Errors as _, Phase, store_error};
use crate::json::JsonArray;
use crate::ledger::columns::{KindColumns, day_number};
use crate::ledger::post::{OPERATION, Posts, Recorded, gate_number};
use crate::query::{Query, Row, get, query, rows};

/// How often the rest goes again; then it is left to whoever asked, who takes one by one.
const ATTEMPTS_MAX: u32 = 4;

/// Whether the server is taken to know `RETURNING`, which MariaDB does and MySQL does not: found out by the first that does not.
static RETURNS: AtomicBool = AtomicBool::new(true);

impl Posts for MySql {
    async fn post<'c>(
        conn: &'c mut MySqlConnection,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> Result<Recorded, StoreError> {
        // In the order in which the accounts' rows are locked, and within an account in the order asked.
        let mut open: Vec<(usize, &Posting)> = postings.iter().enumerate().collect();
        open.sort_by(|(_, one), (_, other)| one.entry.account.cmp(&other.entry.account));
        for _ in 0..ATTEMPTS_MAX {
            let Some(recorded) = record(conn, book, &open, phase).await? else {
                // Within a transaction one that is not admitted stops it all; alone it is the one.
                if phase == Phase::Before || open.len() < 2 {
                    return Ok(Recorded::Constraint);
                }
                let refused = refused(conn, book, &open).await?;
                if refused.is_empty() {
                    return Ok(Recorded::Constraint);
                }
                let mut at = 0_i64..;
                open.retain(|_| !at.next().is_some_and(|at| refused.contains(&at)));
                continue;
            };
            return Recorded::from_rows(postings, &recorded);
        }
        Ok(Recorded::Constraint)
    }
}

/// Records those that the book and their terms admit; their keys and positions, or nothing when the tables stopped it.
async fn record(
    conn: &mut MySqlConnection,
    book: &BookId,
    open: &[(usize, &Posting)],
    phase: Phase,
) -> Result<Option<Vec<Row<MySql>>>, StoreError> {
    if open.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let array = array(open)?;
    if RETURNS.load(Ordering::Relaxed) {
        match MySql::fetch(conn, statement(book, open, &array, true)).await {
            Ok(rows) => return Ok(Some(rows.into_iter().map(Row::new).collect())),
            Err(error) if MySql::is_constraint(&error) => return Ok(None),
            Err(error) if is_syntax(&error) => RETURNS.store(false, Ordering::Relaxed),
            Err(error) => return Err(store_error::<MySql>(OPERATION, phase, error)),
        }
    }
    match MySql::execute(conn, statement(book, open, &array, false)).await {
        Ok(0) => return Ok(Some(Vec::new())),
        Ok(_) => {}
        Err(error) if MySql::is_constraint(&error) => return Ok(None),
        Err(error) => return Err(store_error::<MySql>(OPERATION, phase, error)),
    }
    let mut keys = JsonArray::new();
    for (_, posting) in open {
        keys.row(|row| {
            row.text(posting.entry.key.as_str());
            row.text(posting.entry.id.simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
        });
    }
    // They are recorded: an error now leaves their positions open.
    let asked = MySql::fetch(conn, query(sql::POSTED, book).bind(keys.finish()?)).await;
    let rows = asked.map_err(|error| store_error::<MySql>(OPERATION, phase, error))?;
    Ok(Some(rows.into_iter().map(Row::new).collect()))
}

fn statement<'q>(
    book: &'q BookId,
    open: &[(usize, &'q Posting)],
    array: &'q str,
    returning: bool,
) -> Query<'q> {
    match (open, returning) {
        ([(_, one)], true) => fill_one(query(sql::POST_ONE_RETURNING, book), one),
        ([(_, one)], false) => fill_one(query(sql::POST_ONE, book), one),
        (_, true) => query(sql::POST_RETURNING, book).bind(array),
        (_, false) => query(sql::POST, book).bind(array),
    }
}

fn fill_one<'q>(asked: Query<'q>, posting: &'q Posting) -> Query<'q> {
    let entry = &posting.entry;
    let kind = KindColumns::of(&entry.kind);
    let position = posting.version.map_or(0, |version| i64::from(version).saturating_add(1));
    let asked = asked.bind(entry.account.as_str()).bind(position).bind(entry.id.as_bytes().as_slice());
    let asked = asked.bind(kind.kind).bind(kind.figure).bind(entry.effect.minor());
    let asked = asked.bind(day_number(entry.effective_on)).bind(entry.recorded_at.timestamp_micros());
    let asked =
        asked.bind(&entry.recorded_by).bind(entry.key.as_str()).bind(kind.method).bind(kind.reference);
    let asked =
        asked.bind(kind.reason).bind(kind.code).bind(kind.due_on).bind(kind.slot).bind(kind.fee_group);
    let asked = asked.bind(kind.reverses).bind(kind.concession).bind(&entry.note);
    asked.bind(entry.term.ordinal()).bind(gate_number(posting.gate()))
}

/// Which of these the tables would stop, by their number.
async fn refused(
    conn: &mut MySqlConnection,
    book: &BookId,
    open: &[(usize, &Posting)],
) -> Result<Vec<i64>, StoreError> {
    let asked = query(sql::REFUSED, book).bind(array(open)?);
    rows::<MySql>(conn, OPERATION, asked).await?.iter().map(|row| get(row, 0)).collect()
}

/// Postings as one array; the parts that a payment has come first.
fn array(open: &[(usize, &Posting)]) -> Result<String, StoreError> {
    let mut rows = JsonArray::new();
    for (_, posting) in open {
        rows.row(|row| fill(row, posting));
    }
    rows.finish()
}

fn fill(row: &mut JsonArray, posting: &Posting) {
    let entry = &posting.entry;
    let kind = KindColumns::of(&entry.kind);
    row.text(entry.account.as_str());
    row.int(i64::from(entry.term.ordinal()));
    row.int(gate_number(posting.gate()));
    row.int(day_number(entry.effective_on));
    row.text(entry.key.as_str());
    row.text(entry.id.simple().encode_lower(&mut uuid::Uuid::encode_buffer()));
    row.text(kind.kind);
    row.int(kind.figure);
    row.int(entry.effect.minor());
    row.int(entry.recorded_at.timestamp_micros());
    row.opt_text(entry.recorded_by.as_deref());
    row.opt_text(kind.method);
    row.opt_text(kind.reference);
    if kind.reason.is_some() || kind.code.is_some() || posting.version.is_some() || entry.note.is_some() {
        row.row(|rest| {
            rest.opt_text(kind.reason);
            rest.opt_text(kind.code);
            rest.opt_int(kind.due_on);
            rest.opt_int(kind.slot);
            rest.opt_text(kind.fee_group);
            rest.opt_int(posting.version.map(i64::from));
            rest.opt_int(kind.reverses);
            rest.opt_text(kind.concession);
            rest.opt_text(entry.note.as_deref());
        });
    }
}
