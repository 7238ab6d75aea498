//! A page of accounts of which the figures of a term are asked for, and where the term is among the others, which says by which statement they
//! are read soonest.

use bursar::{AccountId, BookId, StoreError, TermId};

use super::read::after_text;
use crate::engine::Engine;
use crate::query::{Connection, Query, get, query, the_row};

pub(crate) const OPERATION: &str = "sum a term";

/// In at most so many terms it costs less to seek than to walk through all of an account's entries.
const FEW: i64 = 4;

/// A page of accounts, and the term of which their figures are asked for.
#[derive(Clone, Copy, Debug)]
pub struct TermPage<'a> {
    book: &'a BookId,
    term: TermId,
    after: Option<&'a AccountId>,
    limit: u32,
    /// How many terms there are from this one on.
    later: i64,
    /// How many there are up to it.
    earlier: i64,
}

impl<'a> TermPage<'a> {
    pub(super) async fn of<E: Engine>(
        conn: &mut Connection<E>,
        book: &'a BookId,
        term: TermId,
        after: Option<&'a AccountId>,
        limit: u32,
    ) -> Result<Self, StoreError> {
        let asked = query(E::LEDGER.terms_around, book).bind(term.ordinal());
        let around = the_row::<E>(conn, "read terms", asked).await?;
        Ok(Self { book, term, after, limit, later: get(&around, 0)?, earlier: get(&around, 1)? })
    }

    pub(crate) fn query(&self, sql: &'static str) -> Query<'a> {
        query(sql, self.book).bind(self.term.ordinal()).bind(after_text(self.after)).bind(self.limit)
    }

    /// Whether there was no later term when they were counted.
    #[cfg_attr(
        not(any(feature = "postgres", feature = "sqlite")),
        expect(dead_code, reason = "MySQL does not ask")
    )]
    pub(crate) const fn is_last(&self) -> bool {
        self.later <= 1
    }

    /// Whether there are fewer terms from it on than up to it.
    pub(crate) const fn is_late(&self) -> bool {
        self.later <= 1 || self.later <= self.earlier
    }

    /// Of the statements that seek in the terms from it on, that seek in those up to it, and that walk through all entries, the one for this
    /// term.
    #[cfg_attr(
        not(any(feature = "mysql", feature = "sqlite")),
        expect(dead_code, reason = "PostgreSQL does not walk")
    )]
    pub(crate) const fn statement(
        &self,
        late: &'static str,
        early: &'static str,
        any: &'static str,
    ) -> &'static str {
        match (self.later <= FEW, self.earlier <= FEW) {
            (true, _) if self.is_late() => late,
            (_, true) => early,
            (true, false) => late,
            (false, false) => any,
        }
    }
}
