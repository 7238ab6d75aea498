//! Recording entries: how a batch is recorded, and what a statement for one answers.

use std::collections::HashMap;
use std::future::Future;

use bursar::rule::{Posting, TermGate};
use bursar::{BookId, StoreError};
use sqlx::Database;

use super::columns::{corrupt, narrow};
use crate::engine::Engine;
use crate::error::Phase;
use crate::query::{Connection, Row, get};

/// What a statement answers: the positions of what was admitted, in the order asked; or that a constraint stopped all of it.
#[derive(Debug)]
pub enum Recorded {
    /// A position, or nothing where the rule does not admit it.
    Positions(Vec<Option<u32>>),
    /// A key, a slot or a reversed entry was taken in the same moment, or a balance would be past its bound; nothing was recorded.
    Constraint,
}

pub(crate) const OPERATION: &str = "record entries";

/// How a database records entries.
pub trait Posts: Database {
    /// Records the admitted ones of postings that are one [`Batch`](super::batch::Batch). Outside a transaction it is one by itself: durable
    /// when this returns, and an error may leave the outcome open, as `phase` says.
    fn post<'c>(
        conn: &'c mut Connection<Self>,
        book: &'c BookId,
        postings: &'c [Posting],
        phase: Phase,
    ) -> impl Future<Output = Result<Recorded, StoreError>> + Send + 'c;
}

impl Recorded {
    /// The positions in rows of a key and a position. Rows come in the statement's order, and only of what was admitted: the key tells whose
    /// a row is.
    pub(crate) fn from_rows<E: Engine>(postings: &[Posting], rows: &[Row<E>]) -> Result<Self, StoreError> {
        let mut positions = vec![None; postings.len()];
        if let ([row], [position]) = (rows, positions.as_mut_slice()) {
            *position = Some(narrow(get(row, 1)?)?);
            return Ok(Self::Positions(positions));
        }
        let index: HashMap<&str, usize> =
            postings.iter().enumerate().map(|(at, posting)| (posting.entry.key.as_str(), at)).collect();
        for row in rows {
            let at = index.get(get::<E, &str>(row, 0)?).copied();
            let position = at.and_then(|at| positions.get_mut(at));
            *position.ok_or_else(|| corrupt("a key came back that was not sent"))? =
                Some(narrow(get(row, 1)?)?);
        }
        Ok(Self::Positions(positions))
    }
}

/// How the term of a posting is judged, as statements have it.
pub(crate) const fn gate_number(gate: TermGate) -> i64 {
    match gate {
        TermGate::Defined => 0,
        TermGate::NotAfterCurrent => 1,
        TermGate::Open => 2,
    }
}
