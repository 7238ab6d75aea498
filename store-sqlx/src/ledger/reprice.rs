//! Repricing: the charges at the old price are reversed and made again by one statement, with the fee itself.

use bursar::store::{RepriceOrder, Repriced};
use bursar::{BookId, Payer, StoreError, StoreErrorKind};

use super::bill::id_parts;
use super::columns::{day_number, narrow};
use super::commit::{fee_exists, keep_mark, put_fee, raise_version};
use crate::engine::Engine;
use crate::json::JsonArray;
use crate::query::{Connection, execute_unless_refused, get, query, the_row};

const OPERATION: &str = "reprice a fee";

/// Reprices, within a transaction; when it is not admitted, what was written so far has to be rolled back.
pub(crate) async fn reprice<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    order: &RepriceOrder,
) -> Result<Repriced, StoreError> {
    let key = &order.old.key;
    let Payer::Group(group) = &key.payer else {
        return Err(StoreError::new(StoreErrorKind::Misuse, OPERATION, "only a group's fee is repriced"));
    };
    let term = key.term.ordinal();
    let version = i64::try_from(order.book_version).unwrap_or(i64::MAX);
    let gate = query(E::LEDGER.reprice_gate, book).bind(version).bind(term).bind(day_number(order.on));
    let admitted: bool = get(&the_row::<E>(conn, OPERATION, gate).await?, 0)?;
    if !admitted || !fee_exists::<E>(conn, book, key).await? {
        return Ok(Repriced::NotAdmitted);
    }
    let charges = |sql| {
        let asked = query(sql, book).bind(term).bind(key.code.as_str()).bind(group.as_str());
        Ok::<_, StoreError>(asked.bind(prices(order)?))
    };
    let counted = the_row::<E>(conn, OPERATION, charges(E::LEDGER.reprice_count)?).await?;
    let (live, at_old): (u64, u64) = (narrow(get(&counted, 0)?)?, narrow(get(&counted, 1)?)?);
    if at_old > 0 {
        let (prefix, counter) = id_parts(order.first_id);
        let asked = charges(E::LEDGER.reprice)?.bind(prefix).bind(counter).bind(day_number(order.on));
        let asked = asked.bind(order.recorded_at.timestamp_micros()).bind(&order.recorded_by);
        let written = execute_unless_refused::<E>(conn, OPERATION, asked.bind(&order.reason)).await?;
        match written {
            Some(written) if Some(written) == at_old.checked_mul(2) => {}
            Some(written) => {
                return Err(StoreError::corrupt(
                    OPERATION,
                    format!("{written} entries for {at_old} charges"),
                ));
            }
            // A balance would be past its bound.
            None => return Ok(Repriced::NotAdmitted),
        }
    }
    put_fee::<E>(conn, book, &order.new).await?;
    raise_version::<E>(conn, book).await?;
    if let Some(mark) = &order.mark {
        keep_mark::<E>(conn, book, mark).await?;
    }
    Ok(Repriced::Done { charges: at_old, left: live.saturating_sub(at_old) })
}

/// The old and the new price of each instalment.
fn prices(order: &RepriceOrder) -> Result<String, StoreError> {
    let mut prices = JsonArray::new();
    for (number, (old, new)) in (0_i64..).zip(order.old.instalments.iter().zip(&order.new.instalments)) {
        prices.row(|row| {
            row.int(number);
            row.int(old.amount.minor());
            row.int(new.amount.minor());
        });
    }
    prices.finish()
}
