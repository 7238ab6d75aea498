//! Rows as what they stand for.

use bursar::seal::{Digest, Seal, SealedRoot, Segment, SegmentEnd};
use bursar::store::ChargeMade;
use bursar::{
    Account, AccountId, BookId, Entry, Fee, FeeGroup, FeeKey, Instalment, Money, NewEntry, Payer, StoreError,
    TermId, Text,
};
use uuid::Uuid;

use super::columns::{KindColumns, corrupt, day, instant, name, narrow, term, word};
use crate::engine::Engine;
use crate::query::{Row, get};

pub(super) fn entry<E: Engine>(row: &Row<E>) -> Result<Entry, StoreError> {
    entry_of(row).map_err(|error| {
        let account = get::<E, &str>(row, 0).unwrap_or("?");
        let position = get::<E, i64>(row, 1).unwrap_or_default();
        StoreError { detail: format!("entry {position} of account {account}: {}", error.detail), ..error }
    })
}

fn entry_of<E: Engine>(row: &Row<E>) -> Result<Entry, StoreError> {
    let optional = |column| get::<E, Option<&str>>(row, column);
    let columns = KindColumns {
        kind: get(row, 4)?,
        figure: get(row, 5)?,
        method: optional(11)?,
        reference: optional(12)?,
        reason: optional(13)?,
        code: optional(14)?,
        due_on: get(row, 15)?,
        slot: get(row, 16)?,
        fee_group: optional(17)?,
        reverses: get(row, 18)?,
        concession: optional(19)?,
    };
    let id = get::<E, &[u8]>(row, 2)?;
    let entry = NewEntry {
        id: Uuid::from_slice(id).map_err(|error| corrupt(error.to_string()))?,
        account: name(get(row, 0)?)?,
        term: term(get(row, 3)?)?,
        kind: columns.kind()?,
        effect: Money::from_minor(get(row, 6)?, word(get(row, 21)?)?),
        effective_on: day(get(row, 7)?)?,
        recorded_at: instant(get(row, 8)?)?,
        recorded_by: optional(9)?.map(Text::from),
        key: name(get(row, 10)?)?,
        note: optional(20)?.map(Text::from),
    };
    Ok(entry.at(narrow(get(row, 1)?)?))
}

/// Fee groups, a line each.
pub(crate) fn groups(lines: Option<&str>) -> Result<Vec<FeeGroup>, StoreError> {
    let lines = lines.unwrap_or_default().split('\n').filter(|group| !group.is_empty());
    let mut groups = lines.map(name).collect::<Result<Vec<FeeGroup>, _>>()?;
    groups.sort();
    Ok(groups)
}

pub(super) fn account<E: Engine>(row: &Row<E>) -> Result<Account, StoreError> {
    Ok(Account {
        id: name(get(row, 0)?)?,
        enrolled_on: day(get(row, 1)?)?,
        standing: word(get(row, 2)?)?,
        groups: groups(get(row, 6)?)?,
        version: narrow(get(row, 3)?)?,
        revision: narrow(get(row, 4)?)?,
        balance: Money::from_minor(get(row, 5)?, word(get(row, 7)?)?),
    })
}

/// The fees of rows that are one an instalment, in the order of keys and instalments.
pub(super) fn fees<E: Engine>(term: TermId, rows: &[Row<E>]) -> Result<Vec<Fee>, StoreError> {
    let mut fees: Vec<Fee> = Vec::new();
    for row in rows {
        let payer = match get::<E, i64>(row, 0)? {
            0 => Payer::Group(name(get(row, 1)?)?),
            1 => Payer::Account(name(get(row, 1)?)?),
            other => return Err(corrupt(format!("{other} is no kind of payer"))),
        };
        let key = FeeKey { term, payer, code: name(get(row, 2)?)? };
        let amount = Money::from_minor(get(row, 5)?, word(get(row, 7)?)?);
        let part = Instalment { amount, due_on: day(get(row, 6)?)? };
        match fees.last_mut().filter(|fee| fee.key == key) {
            Some(fee) => fee.instalments.push(part),
            None => fees.push(Fee { key, instalments: vec![part], revision: narrow(get(row, 3)?)? }),
        }
    }
    Ok(fees)
}

fn digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::try_from(bytes).map_err(|_| corrupt("a digest is not 32 bytes long"))
}

/// A seal in the columns from this one on.
pub(super) fn seal<E: Engine>(book: &BookId, row: &Row<E>, at: usize) -> Result<Seal, StoreError> {
    let count = |n: usize| narrow(get::<E, i64>(row, at.saturating_add(n))?);
    let root = SealedRoot {
        book: book.clone(),
        seal: count(0)?,
        accounts: count(1)?,
        entries: count(2)?,
        root: digest(get(row, at.saturating_add(3))?)?,
    };
    Ok(Seal { root, sealed_at: instant(get(row, at.saturating_add(4))?)? })
}

pub(super) fn segment<E: Engine>(row: &Row<E>) -> Result<Segment, StoreError> {
    let (digests, rest) = get::<E, &[u8]>(row, 3)?.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(corrupt("the digests of a segment are not 32 bytes long each"));
    }
    Ok(Segment {
        account: name(get(row, 0)?)?,
        first: narrow(get(row, 1)?)?,
        seal: narrow(get(row, 2)?)?,
        digests: digests.to_vec(),
        chain: digest(get(row, 4)?)?,
    })
}

pub(super) fn segment_end<E: Engine>(row: &Row<E>) -> Result<SegmentEnd, StoreError> {
    Ok(SegmentEnd {
        account: name(get(row, 0)?)?,
        last: narrow(get(row, 1)?)?,
        seal: narrow(get(row, 2)?)?,
        chain: digest(get(row, 3)?)?,
    })
}

pub(super) fn charge_made<E: Engine>(row: &Row<E>) -> Result<ChargeMade, StoreError> {
    let slot = match get::<E, Option<i64>>(row, 2)? {
        Some(ordinal) => {
            let slot = bursar::BilledSlot::from_ordinal(ordinal);
            Some(slot.ok_or_else(|| corrupt(format!("{ordinal} is no slot")))?)
        }
        None => None,
    };
    let account: AccountId = name(get(row, 0)?)?;
    Ok(ChargeMade { account, code: name(get(row, 1)?)?, slot, live: get(row, 3)? })
}
