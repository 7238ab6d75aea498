//! Recording entries: one statement for a batch, which admits what core's rule admits.

use bursar::rule::Posting;
use bursar::{BookId, StoreError};
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, PgConnection, Postgres};

use super::{asking, sql};
use crate::error::{Errors as _, Phase, store_error};
use crate::ledger::columns::{KindColumns, day_number};
use crate::ledger::post::{OPERATION, Posts, Recorded, gate_number};
use crate::query::Row;

impl Posts for Postgres {
    async fn post<'c>(
        conn: &'c mut PgConnection,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> Result<Recorded, StoreError> {
        let encoded = match postings {
            [posting] => one(book, posting).map(|arguments| (sql::POST_ONE, arguments)),
            _ => many(book, postings).map(|arguments| (sql::POST, arguments)),
        };
        let (sql, arguments) = encoded
            .map_err(|error| store_error::<Postgres>(OPERATION, Phase::Before, sqlx::Error::Encode(error)))?;
        // All rows are waited for: the statement commits with its last step, not with its first row.
        match asking::fetch_all(conn, sql, arguments).await {
            Ok(recorded) => Recorded::from_rows::<Postgres>(
                postings,
                &recorded.into_iter().map(Row::new).collect::<Vec<_>>(),
            ),
            Err(error) if Postgres::is_constraint(&error) => Ok(Recorded::Constraint),
            Err(error) => Err(store_error::<Postgres>(OPERATION, phase, error)),
        }
    }
}

type Encoded = Result<PgArguments, sqlx::error::BoxDynError>;

/// The values of the columns of one entry, or of an array a column.
macro_rules! columns {
    ($book:expr, $add:ident) => {{
        let mut arguments = PgArguments::default();
        arguments.add($book.as_str())?;
        $add!(arguments, &str, |posting, _kind| posting.entry.account.as_str());
        $add!(arguments, &[u8], |posting, _kind| posting.entry.id.as_bytes().as_slice());
        $add!(arguments, i64, |posting, _kind| i64::from(posting.entry.term.ordinal()));
        $add!(arguments, &str, |_posting, kind| kind.kind);
        $add!(arguments, i64, |_posting, kind| kind.figure);
        $add!(arguments, i64, |posting, _kind| posting.entry.effect.minor());
        $add!(arguments, i64, |posting, _kind| day_number(posting.entry.effective_on));
        $add!(arguments, i64, |posting, _kind| posting.entry.recorded_at.timestamp_micros());
        $add!(arguments, Option<&str>, |posting, _kind| posting.entry.recorded_by.as_deref());
        $add!(arguments, &str, |posting, _kind| posting.entry.key.as_str());
        $add!(arguments, i64, |posting, _kind| gate_number(posting.gate()));
        $add!(arguments, Option<&str>, |_posting, kind| kind.method);
        $add!(arguments, Option<&str>, |_posting, kind| kind.reference);
        $add!(arguments, Option<&str>, |_posting, kind| kind.reason);
        $add!(arguments, Option<&str>, |_posting, kind| kind.code);
        $add!(arguments, Option<i64>, |_posting, kind| kind.due_on);
        $add!(arguments, Option<i64>, |_posting, kind| kind.slot);
        $add!(arguments, Option<&str>, |_posting, kind| kind.fee_group);
        $add!(arguments, Option<i64>, |posting, _kind| posting.version.map(i64::from));
        $add!(arguments, Option<i64>, |_posting, kind| kind.reverses);
        $add!(arguments, Option<&str>, |_posting, kind| kind.concession);
        $add!(arguments, Option<&str>, |posting, _kind| posting.entry.note.as_deref());
        Ok(arguments)
    }};
}

fn one(book: &BookId, posting: &Posting) -> Encoded {
    let kind = KindColumns::of(&posting.entry.kind);
    macro_rules! value {
        ($arguments:ident, $type:ty, |$posting:ident, $kind:ident| $value:expr) => {{
            let ($posting, $kind) = (posting, &kind);
            let value: $type = $value;
            $arguments.add(value)?;
        }};
    }
    columns!(book, value)
}

fn many(book: &BookId, postings: &[Posting]) -> Encoded {
    let rows: Vec<(&Posting, KindColumns<'_>)> =
        postings.iter().map(|posting| (posting, KindColumns::of(&posting.entry.kind))).collect();
    macro_rules! array {
        ($arguments:ident, $type:ty, |$posting:ident, $kind:ident| $value:expr) => {{
            let values: Vec<$type> = rows.iter().map(|($posting, $kind)| $value).collect();
            $arguments.add(values)?;
        }};
    }
    columns!(book, array)
}
