//! Recording entries: what a statement for a batch answers, and how the batch goes in as one array.

use std::collections::HashMap;

use bursar::StoreError;
use bursar::rule::{Posting, TermGate};

use super::columns::{KindColumns, corrupt, day_number, narrow};
use crate::engine::Engine;
use crate::json::JsonArray;
use crate::query::{Row, get};

/// What a statement answers: the positions of what was admitted, in the order asked; or that a constraint stopped all of it.
#[derive(Debug)]
pub enum Recorded {
    /// A position, or nothing where the rule does not admit it.
    Positions(Vec<Option<u32>>),
    /// A key, a slot or a reversed entry was taken in the same moment, or a balance would be past its bound; nothing was recorded.
    Constraint,
}

pub(crate) const OPERATION: &str = "record entries";

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

/// Postings as one array of arrays; what an entry does not have at its end is left off.
pub(crate) fn rows(postings: &[Posting]) -> Result<String, StoreError> {
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
