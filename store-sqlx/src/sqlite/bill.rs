//! Billing in bulk: what is due is found by one statement, which takes no lock, and charged by another, if there is anything to charge.

use bursar::store::{Billed, BilledPage, BillingOrder};
use bursar::{AccountId, BookId, SkipReason, Skipped, Standing, StoreError};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::commit::execute_unless_refused;
use super::error::failed;
use super::read::{self, query, row, rows};
use super::row::get;
use super::sql;
use crate::columns::{corrupt, day_number, name, narrow, word};
use crate::json::JsonArray;

const OPERATION: &str = "bill accounts";

/// Which accounts of which term are billed: the parameters that the statements share.
struct Scope<'a> {
    book: &'a BookId,
    term: i32,
    after: &'a str,
    upto: AccountId,
    standings: String,
    ends_on: i64,
}

impl Scope<'_> {
    fn query(
        &self,
        sql: &'static str,
    ) -> sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
        let asked = query(sql, self.book).bind(self.term).bind(self.after).bind(self.upto.as_str());
        asked.bind(self.standings.as_str()).bind(self.ends_on)
    }
}

/// Bills a page, within a transaction; whether anything was written with it.
pub(super) async fn bill(
    conn: &mut SqliteConnection,
    book: &BookId,
    order: &BillingOrder,
) -> Result<(Billed, bool), StoreError> {
    let term = order.term.ordinal();
    let gate = query(sql::BILL_GATE, book).bind(term).bind(day_number(order.on));
    let Some(ends_on) = row(conn, OPERATION, gate).await? else { return Ok((Billed::NotAdmitted, false)) };
    let after = read::after_text(order.after.as_ref());
    let page = query(sql::BILL_PAGE, book).bind(after).bind(order.limit);
    let page = row(conn, OPERATION, page).await?.ok_or_else(|| corrupt("a count gave no row"))?;
    let Some(upto) = get::<Option<&str>>(&page, 1)? else {
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
    count_skips(conn, &scope, order.list_max, &mut billed).await?;
    find_due(conn, &scope, &mut billed).await?;
    if billed.charges == 0 {
        return Ok((Billed::Page(billed), false));
    }
    let charged = execute_unless_refused(conn, OPERATION, charge(book, order)).await?;
    match charged {
        Some(charged) if charged == billed.charges => Ok((Billed::Page(billed), true)),
        Some(charged) => Err(StoreError::corrupt(
            OPERATION,
            format!("{} were due, {charged} were charged", billed.charges),
        )),
        // A balance would be past its bound.
        None => Ok((Billed::NotAdmitted, false)),
    }
}

async fn find_due(
    conn: &mut SqliteConnection,
    scope: &Scope<'_>,
    page: &mut BilledPage,
) -> Result<(), StoreError> {
    sqlx::query(sql::DUE_TABLE).execute(&mut *conn).await.map_err(failed(OPERATION))?;
    let found = row(conn, OPERATION, scope.query(sql::BILL_FIND)).await?;
    let found = found.ok_or_else(|| corrupt("a count gave no row"))?;
    page.accounts_charged = narrow(get(&found, 0)?)?;
    page.charges = narrow(get(&found, 1)?)?;
    page.amount = get(&found, 2)?;
    Ok(())
}

fn charge(
    book: &BookId,
    order: &BillingOrder,
) -> sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let (prefix, counter) = id_parts(order.first_id);
    query(sql::BILL_CHARGE, book)
        .bind(order.term.ordinal())
        .bind(prefix)
        .bind(counter)
        .bind(day_number(order.on))
        .bind(order.recorded_at.timestamp_micros())
        .bind(order.recorded_by.clone())
        .bind(order.term.to_string())
}

/// The first 80 bits of an id in hexadecimal, and the last 48, which count.
pub(super) fn id_parts(first: uuid::Uuid) -> (String, i64) {
    let bits = first.as_u128();
    let counter = i64::try_from(bits & 0xffff_ffff_ffff).unwrap_or(0);
    (format!("{:020x}", bits >> 48), counter)
}

async fn count_skips(
    conn: &mut SqliteConnection,
    scope: &Scope<'_>,
    list_max: usize,
    page: &mut BilledPage,
) -> Result<(), StoreError> {
    for counted in rows(conn, OPERATION, scope.query(sql::BILL_SKIPS_COUNT)).await? {
        let reason = reason_word(get(&counted, 0)?)?;
        page.skipped.push((reason, narrow(get(&counted, 1)?)?));
    }
    if !page.skipped.is_empty() && list_max > 0 {
        let limit = i64::try_from(list_max).unwrap_or(i64::MAX);
        let listed = rows(conn, OPERATION, scope.query(sql::BILL_SKIPS_LIST).bind(limit)).await?;
        page.listed = listed.iter().map(skipped).collect::<Result<_, _>>()?;
    }
    Ok(())
}

/// The words by which [`SkipReason::as_str`] has them counted.
fn reason_word(word: &str) -> Result<&'static str, StoreError> {
    const WORDS: [&str; 4] = ["standing", "enrolled-later", "no-fee", "ambiguous"];
    WORDS.into_iter().find(|known| *known == word).ok_or_else(|| corrupt(format!("{word:?} is no reason")))
}

fn skipped(row: &SqliteRow) -> Result<Skipped, StoreError> {
    let reason = match get::<&str>(row, 1)? {
        "standing" => SkipReason::Standing { standing: word::<Standing>(get(row, 2)?)? },
        "enrolled-later" => SkipReason::EnrolledLater,
        "no-fee" => SkipReason::NoFee,
        _ => SkipReason::Ambiguous { code: name(get(row, 3)?)? },
    };
    Ok(Skipped { account: name(get(row, 0)?)?, reason })
}
