//! Entries of every kind, and the names and days that the cases use.

use chrono::NaiveDate;

use super::failure::Failure;
use crate::{
    AccountId, BilledSlot, ChargeOrigin, ConcessionKind, EntryKind, FeeCode, FeeGroup, Figure,
    IdempotencyKey, Method, TermId, date,
};

pub(super) fn term(number: u32) -> Result<TermId, Failure> {
    Ok(TermId::new(2026, number)?)
}

pub(super) fn day(text: &str) -> Result<NaiveDate, Failure> {
    Ok(date(text)?)
}

pub(super) fn account(name: &str) -> Result<AccountId, Failure> {
    Ok(AccountId::new(name)?)
}

pub(super) fn group(name: &str) -> Result<FeeGroup, Failure> {
    Ok(FeeGroup::new(name)?)
}

pub(super) fn code(name: &str) -> Result<FeeCode, Failure> {
    Ok(FeeCode::new(name)?)
}

pub(super) fn key(name: &str) -> Result<IdempotencyKey, Failure> {
    Ok(IdempotencyKey::new(name)?)
}

pub(super) fn payment() -> EntryKind {
    EntryKind::Payment { method: Method::Cash, reference: None }
}

pub(super) fn refund() -> EntryKind {
    EntryKind::Refund { method: Method::Bank, reference: None }
}

pub(super) fn adjustment() -> EntryKind {
    EntryKind::Adjustment { reason: "a correction".into() }
}

pub(super) fn opening() -> EntryKind {
    EntryKind::Opening { reason: "arrears of 2025".into() }
}

pub(super) fn write_off() -> EntryKind {
    EntryKind::WriteOff { reason: "moved abroad".into() }
}

pub(super) fn concession() -> EntryKind {
    EntryKind::Concession { concession: ConcessionKind::Waiver, reason: "a sibling".into() }
}

pub(super) fn reversal(of: u32, figure: Figure) -> EntryKind {
    EntryKind::Reversal { of, figure, reason: "recorded in error".into() }
}

/// A charge by hand.
pub(super) fn by_hand(name: &str) -> Result<EntryKind, Failure> {
    let origin = ChargeOrigin::default();
    Ok(EntryKind::Charge { code: code(name)?, due_on: day("2026-02-15")?, origin })
}

/// A charge billed from a group's fee, or from the account's own without one.
pub(super) fn billed(
    name: &str,
    from: Option<&str>,
    revision: u32,
    instalment: u16,
) -> Result<EntryKind, Failure> {
    let origin =
        ChargeOrigin { group: from.map(group).transpose()?, slot: Some(BilledSlot { revision, instalment }) };
    Ok(EntryKind::Charge { code: code(name)?, due_on: day("2026-02-15")?, origin })
}

/// One of every kind but reversals.
pub(super) fn all_kinds() -> Result<Vec<EntryKind>, Failure> {
    Ok(vec![by_hand("trip")?, opening(), adjustment(), refund(), payment(), concession(), write_off()])
}

/// The effect of an entry of this kind and amount, where the kind gives the sign.
pub(super) fn signed(kind: &EntryKind, minor: i64) -> i64 {
    if kind.lowers() { minor.saturating_neg() } else { minor }
}
