//! Seals: what is kept of them, and the step that keeps more.

use bursar::seal::{Seal, SealState, SealStep, Segment, SegmentEnd};
use bursar::{AccountId, BookId, StoreError, StoreErrorKind};

use super::columns::narrow;
use super::read::{after_text, texts};
use super::{row, sql};
use crate::engine::Engine;
use crate::json::JsonArray;
use crate::query::{Connection, execute_unless_refused, get, query, rows, the_row};

const OPERATION: &str = "keep a seal";

pub(crate) async fn seal_state<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
) -> Result<SealState, StoreError> {
    let found = the_row::<E>(conn, "read how far the book is sealed", query(sql::SEAL_STATE, book)).await?;
    let last_step = get::<E, Option<i64>>(&found, 1)?.map(narrow).transpose()?;
    Ok(SealState {
        step: narrow(get(&found, 0)?)?,
        last: last_step.is_some().then(|| row::seal(book, &found, 2)).transpose()?,
        last_step: last_step.unwrap_or(0),
    })
}

pub(crate) async fn seals<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    after: u64,
    limit: u32,
) -> Result<Vec<Seal>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let asked = query(sql::SEALS, book).bind(after).bind(limit);
    rows::<E>(conn, "read seals", asked).await?.iter().map(|found| row::seal(book, found, 0)).collect()
}

pub(crate) async fn sealed<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    accounts: &[AccountId],
) -> Result<Vec<SegmentEnd>, StoreError> {
    let asked = query(E::LEDGER.sealed, book).bind(texts(accounts)?);
    rows::<E>(conn, "read how far accounts are sealed", asked).await?.iter().map(row::segment_end).collect()
}

pub(crate) async fn segments<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    after: Option<(&AccountId, u32)>,
    limit: u32,
) -> Result<Vec<Segment>, StoreError> {
    let (account, first) = after.unzip();
    let asked =
        query(E::LEDGER.segments, book).bind(after_text(account)).bind(first.unwrap_or(0)).bind(limit);
    rows::<E>(conn, "read what is sealed", asked).await?.iter().map(row::segment).collect()
}

fn count(count: u64) -> Result<i64, StoreError> {
    let too_large = |_| {
        StoreError::new(StoreErrorKind::Misuse, OPERATION, format!("{count} is past 64 bits with a sign"))
    };
    i64::try_from(count).map_err(too_large)
}

/// Keeps a step; `false` when it is not the next one or something is in its way, and then what was written so far has to be rolled back.
pub(crate) async fn keep<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    step: u64,
    what: &SealStep,
) -> Result<bool, StoreError> {
    let asked = query(sql::SEAL_STEP, book).bind(count(step)?);
    let (asked, segments) = match what {
        SealStep::Root(Seal { root, sealed_at }) => {
            let asked = asked.bind(count(root.seal)?).bind(sealed_at.timestamp_micros());
            (asked.bind(count(root.accounts)?).bind(count(root.entries)?).bind(&root.root), [].as_slice())
        }
        SealStep::Segments(segments) => {
            let none = None::<i64>;
            (asked.bind(none).bind(none).bind(none).bind(none).bind(None::<&[u8]>), segments.as_slice())
        }
    };
    if execute_unless_refused::<E>(conn, OPERATION, asked).await? != Some(1) {
        return Ok(false);
    }
    if segments.is_empty() {
        return Ok(true);
    }
    let mut array = JsonArray::new();
    for segment in segments {
        let seal = count(segment.seal)?;
        array.row(|row| {
            row.text(segment.account.as_str());
            row.int(i64::from(segment.first));
            row.int(seal);
            row.hex(segment.digests.as_flattened());
            row.hex(&segment.chain);
        });
    }
    let asked = query(E::LEDGER.segments_keep, book).bind(array.finish()?);
    Ok(execute_unless_refused::<E>(conn, OPERATION, asked).await?.is_some())
}
