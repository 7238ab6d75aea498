//! Folding entries into the figures by term, in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar::{
    AccountId, ChargeOrigin, Currency, Entry, EntryKind, FeeCode, Figure, IdempotencyKey, Method, Money,
    NewEntry, TermTotals,
};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::Failure;
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school::{self, Chance};

/// How many entries an account has: two a term.
pub const ENTRIES_AN_ACCOUNT: usize = 10;
const TERMS: usize = 5;

/// The same history twice: as entries, and packed by hand.
#[derive(Debug)]
pub struct History {
    /// Entries, account by account.
    pub entries: Vec<Entry>,
    /// The same, as plain as can be.
    pub packed: Vec<Packed>,
}

/// An entry of which only the sum is wanted: 16 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Packed {
    term: u8,
    figure: u8,
    amount: i64,
}

impl History {
    /// The history of so many accounts.
    ///
    /// # Errors
    /// None in practice.
    pub fn new(accounts: u32) -> Result<Self, Failure> {
        let mut chance = Chance::new(1);
        let (mut entries, mut packed) = (Vec::new(), Vec::new());
        let recorded_at = DateTime::<Utc>::UNIX_EPOCH;
        let code = FeeCode::new(school::CODE)?;
        for number in 0..accounts {
            let account = AccountId::new(school::account(number))?;
            for position in 1_u32..=10 {
                let (number, charge) = (position.saturating_sub(1) / 2, position.is_multiple_of(2));
                let day = school::starts_on(number)?;
                let (kind, effect) = if charge {
                    let origin = ChargeOrigin { group: None, slot: None };
                    (EntryKind::Charge { code: code.clone(), due_on: day, origin }, school::FEE_MINOR)
                } else {
                    let effect = i64::from(chance.below(12_000)).saturating_add(1).saturating_neg();
                    (EntryKind::Payment { method: Method::Cash, reference: None }, effect)
                };
                packed.push(Packed {
                    term: u8::try_from(number)?,
                    figure: if kind.figure() == Figure::Fee { 1 } else { 3 },
                    amount: effect,
                });
                let entry = NewEntry {
                    id: Uuid::from_u128(u128::from(chance.number())),
                    account: account.clone(),
                    term: school::term(number)?,
                    kind,
                    effect: Money::from_minor(effect, Currency::USD),
                    effective_on: day,
                    recorded_at,
                    recorded_by: None,
                    key: IdempotencyKey::new(chance.key())?,
                    note: None,
                };
                entries.push(entry.at(position));
            }
        }
        Ok(Self { entries, packed })
    }

    /// Ours: account by account. The sum of all balances.
    ///
    /// # Errors
    /// An overflow.
    pub fn fold(&self) -> Result<i64, Failure> {
        let mut sum = 0_i64;
        for entries in self.entries.chunks(ENTRIES_AN_ACCOUNT) {
            let totals = black_box(TermTotals::fold(entries)?);
            sum = sum.checked_add(totals.balance()?).ok_or("overflow")?;
        }
        Ok(sum)
    }

    /// The limit: nothing is read but what is summed, which lies side by side; the sums are one array on the stack; the terms are known
    /// to be numbered from 0 and few. It checks for overflow, since money must.
    ///
    /// # Errors
    /// An overflow.
    pub fn fold_by_hand(&self) -> Result<i64, Failure> {
        let mut sum = 0_i64;
        for entries in self.packed.chunks(ENTRIES_AN_ACCOUNT) {
            let mut sums = [[0_i64; 4]; TERMS];
            for entry in entries {
                let figures = sums.get_mut(usize::from(entry.term)).ok_or("no such term")?;
                let figure = figures.get_mut(usize::from(entry.figure)).ok_or("no such figure")?;
                *figure = figure.checked_add(entry.amount).ok_or("overflow")?;
            }
            for figure in black_box(sums).as_flattened() {
                sum = sum.checked_add(*figure).ok_or("overflow")?;
            }
        }
        Ok(sum)
    }
}

/// `fold/1m`.
///
/// # Errors
/// When the two do not agree.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let history = History::new(100_000)?;
    if history.fold()? != history.fold_by_hand()? {
        return Err("the fold and the loop by hand disagree".into());
    }
    let entries = u64::try_from(history.entries.len())?;
    let mut millis = Vec::new();
    let pair = in_turn(
        "fold/1m",
        plan.rounds,
        async |_| {
            let time = timed(|| history.fold())?;
            millis.push(time.as_secs_f64() * 1e3);
            Ok(rate(entries, time))
        },
        async |_| Ok(rate(entries, timed(|| history.fold_by_hand())?)),
    )
    .await?;
    millis.sort_by(f64::total_cmp);
    let middle = millis.get(millis.len() / 2).copied().unwrap_or_default();
    eprintln!("  fold/1m: {entries} entries of {} bytes in {middle:.1} ms", size_of::<Entry>());
    Ok(vec![pair])
}

fn timed(work: impl FnOnce() -> Result<i64, Failure>) -> Result<Duration, Failure> {
    let from = Instant::now();
    black_box(work()?);
    Ok(from.elapsed())
}
