//! Billing in bulk, a page of accounts at a time, within a transaction.

use std::future::Future;

use bursar::store::{Billed, BilledPage, BillingOrder};
use bursar::{AccountId, BookId, SkipReason, Skipped, Standing, StoreError};
use sqlx::Database;

use super::columns::{corrupt, day_number, name, narrow, word};
use super::read;
use crate::engine::Engine;
use crate::json::JsonArray;
use crate::query::{Connection, Query, Row, execute_unless_refused, get, query, row, rows, the_row};

pub(crate) const OPERATION: &str = "bill accounts";

/// Which accounts of which term are billed: the parameters that the statements share.
#[derive(Debug)]
pub struct Scope<'a> {
    pub(crate) book: &'a BookId,
    pub(crate) term: i32,
    pub(crate) after: &'a str,
    pub(crate) upto: AccountId,
    pub(crate) standings: String,
    pub(crate) ends_on: i64,
}

impl Scope<'_> {
    pub(crate) fn query(&self, sql: &'static str) -> Query<'_> {
        let asked = query(sql, self.book).bind(self.term).bind(self.after).bind(self.upto.as_str());
        asked.bind(self.standings.as_str()).bind(self.ends_on)
    }
}

/// What became of the charges of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charged {
    /// All that was due is charged; it may have been nothing.
    All,
    /// A balance would be past its bound; nothing was charged, or what was has to be rolled back.
    NotAdmitted,
}

/// How a database charges what is due.
pub trait Bills: Database {
    /// Charges what is due of a page of accounts and not charged yet, within a transaction, and counts it in the page.
    fn charge_due<'c>(
        conn: &'c mut Connection<Self>,
        scope: &'c Scope<'c>,
        order: &'c BillingOrder,
        page: &'c mut BilledPage,
    ) -> impl Future<Output = Result<Charged, StoreError>> + Send + 'c;
}

/// Bills a page, within a transaction; whether anything was written with it.
pub(crate) async fn bill<E: Engine>(
    conn: &mut Connection<E>,
    book: &BookId,
    order: &BillingOrder,
) -> Result<(Billed, bool), StoreError> {
    let term = order.term.ordinal();
    let gate = query(E::LEDGER.bill_gate, book).bind(term).bind(day_number(order.on));
    let Some(ends_on) = row::<E>(conn, OPERATION, gate).await? else {
        return Ok((Billed::NotAdmitted, false));
    };
    let after = read::after_text(order.after.as_ref());
    let page = query(E::LEDGER.bill_page, book).bind(after).bind(order.limit);
    let page = the_row::<E>(conn, OPERATION, page).await?;
    let Some(upto) = get::<E, Option<&str>>(&page, 1)? else {
        return Ok((Billed::Page(BilledPage::default()), false));
    };
    let scope = Scope {
        book,
        term,
        after,
        upto: name(upto)?,
        standings: JsonArray::of_texts(order.rule.standings.iter().map(|standing| standing.as_str()))?,
        ends_on: get(&ends_on, 0)?,
    };
    let seen: i64 = get(&page, 0)?;
    let full = seen >= i64::from(order.limit);
    let mut billed = BilledPage { accounts_seen: narrow(seen)?, ..BilledPage::default() };
    billed.next = full.then(|| scope.upto.clone());
    count_skips::<E>(conn, &scope, order.list_max, &mut billed).await?;
    match E::charge_due(conn, &scope, order, &mut billed).await? {
        Charged::All => {
            let wrote = billed.charges > 0;
            Ok((Billed::Page(billed), wrote))
        }
        Charged::NotAdmitted => Ok((Billed::NotAdmitted, false)),
    }
}

/// Charges what was put aside as due and is counted in the page, by a statement on the term, the first id, and what all charges have.
#[cfg_attr(
    not(any(feature = "mysql", feature = "sqlite")),
    expect(dead_code, reason = "PostgreSQL finds and charges at once")
)]
pub(crate) async fn charge_found<E: Engine>(
    conn: &mut Connection<E>,
    sql: &'static str,
    scope: &Scope<'_>,
    order: &BillingOrder,
    page: &BilledPage,
) -> Result<Charged, StoreError> {
    let (prefix, counter) = id_parts(order.first_id);
    let term = order.term.to_string();
    let asked = query(sql, scope.book).bind(scope.term).bind(prefix).bind(counter);
    let asked = asked.bind(day_number(order.on)).bind(order.recorded_at.timestamp_micros());
    let asked = asked.bind(&order.recorded_by).bind(term.as_str());
    match execute_unless_refused::<E>(conn, OPERATION, asked).await? {
        Some(charged) if charged == page.charges => Ok(Charged::All),
        Some(charged) => {
            let detail = format!("{} were due, {charged} were charged", page.charges);
            Err(StoreError::corrupt(OPERATION, detail))
        }
        None => Ok(Charged::NotAdmitted),
    }
}

/// The first 80 bits of an id in hexadecimal, and the last 48, which count.
pub(crate) fn id_parts(first: uuid::Uuid) -> (String, i64) {
    let bits = first.as_u128();
    let counter = i64::try_from(bits & 0xffff_ffff_ffff).unwrap_or(0);
    (format!("{:020x}", bits >> 48), counter)
}

async fn count_skips<E: Engine>(
    conn: &mut Connection<E>,
    scope: &Scope<'_>,
    list_max: usize,
    page: &mut BilledPage,
) -> Result<(), StoreError> {
    for counted in rows::<E>(conn, OPERATION, scope.query(E::LEDGER.bill_skips_count)).await? {
        let reason = reason_word(get(&counted, 0)?)?;
        page.skipped.push((reason, narrow(get(&counted, 1)?)?));
    }
    if !page.skipped.is_empty() && list_max > 0 {
        let limit = i64::try_from(list_max).unwrap_or(i64::MAX);
        let listed = rows::<E>(conn, OPERATION, scope.query(E::LEDGER.bill_skips_list).bind(limit)).await?;
        page.listed = listed.iter().map(skipped).collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// The words by which [`SkipReason::as_str`] has them counted.
fn reason_word(word: &str) -> Result<&'static str, StoreError> {
    const WORDS: [&str; 4] = ["standing", "enrolled-later", "no-fee", "ambiguous"];
    WORDS.into_iter().find(|known| *known == word).ok_or_else(|| corrupt(format!("{word:?} is no reason")))
}

fn skipped<E: Engine>(row: &Row<E>) -> Result<Skipped, StoreError> {
    let reason = match get::<E, &str>(row, 1)? {
        "standing" => SkipReason::Standing { standing: word::<Standing>(get(row, 2)?)? },
        "enrolled-later" => SkipReason::EnrolledLater,
        "no-fee" => SkipReason::NoFee,
        _ => SkipReason::Ambiguous { code: name(get(row, 3)?)? },
    };
    Ok(Skipped { account: name(get(row, 0)?)?, reason })
}
