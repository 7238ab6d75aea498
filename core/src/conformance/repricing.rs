//! Repricing: the live charges at the old price are reversed and made again at the new one, in one step.

use super::failure::{Failure, same};
use super::kinds::{billed, by_hand, day, payment, reversal, term};
use super::school::{ALL, School, group_fee, own_fee};
use super::snapshot::Snapshot;
use super::together::together;
use super::{BoxFuture, Given};
use crate::rule::Posting;
use crate::store::{BookChange, ChangeSet, FileMark, RepriceOrder, Repriced, redo_key, undo_key};
use crate::{BilledSlot, ChargeOrigin, Entry, EntryKind, Fee, Figure, LedgerStore, Money, Text};

cases! {
    "repricing" {
        charges_are_made_again_at_the_new_price: "Each live charge at the old price is reversed and made again; fee, version and mark follow.",
        other_charges_are_left: "Charges at another price, reversed, by hand, own, or of another group, code or term stay as they are.",
        a_fee_is_repriced_again: "A second repricing reaches the charges that the first one made.",
        an_uncharged_fee_is_repriced: "A fee that nobody was charged takes its new price all the same.",
        what_is_not_admitted_changes_nothing: "A stale version, a closed term and a locked day are not admitted (S1, S3).",
        repricings_at_once_happen_once: "Of repricings at once decided on one version one is done, and payments go on (S3).",
    }
}

const OLD: [(i64, &str); 2] = [(6_000, "2026-01-12"), (6_000, "2026-02-12")];
const NEW: [(i64, &str); 2] = [(7_000, "2026-01-12"), (6_500, "2026-02-12")];

fn priced(parts: &[(i64, &str)], revision: u32) -> Result<Fee, Failure> {
    Ok(Fee { revision, ..group_fee(term(1)?, "PRIMARY", "tuition", parts)? })
}

async fn order(school: &School, old: Fee, new: Fee) -> Result<RepriceOrder, Failure> {
    Ok(RepriceOrder {
        book_version: school.book().await?.version,
        old,
        new,
        on: day("2026-03-01")?,
        reason: Text::from("a wrong price «été»"),
        recorded_at: school.store.now(),
        recorded_by: Some("the bursar".into()),
        first_id: school.store.new_id(),
        mark: None,
    })
}

async fn reprice(school: &School, order: &RepriceOrder) -> Result<(u64, u64), Failure> {
    match school.store.reprice(&school.id, order.clone()).await? {
        Repriced::Done { charges, left } => Ok((charges, left)),
        Repriced::NotAdmitted => Err(Failure::new("a repricing was not admitted")),
    }
}

/// Charges both instalments of the fee at these prices.
async fn charge(school: &School, who: &str, amounts: [i64; 2]) -> Result<(), Failure> {
    for (minor, instalment) in amounts.into_iter().zip(0_u16..) {
        let mut kind = billed("tuition", Some("PRIMARY"), 0, instalment)?;
        if let EntryKind::Charge { due_on, .. } = &mut kind {
            // Not the fee's own day, as of an account that joined late.
            *due_on = day(if instalment == 0 { "2026-01-25" } else { "2026-02-12" })?;
        }
        school.record(who, &format!("bill-{who}-{instalment}"), kind, minor).await?;
    }
    Ok(())
}

/// A charge was reversed and made again, to the field.
async fn made_again(
    school: &School,
    charge: &Entry,
    price: i64,
    order: &RepriceOrder,
) -> Result<(), Failure> {
    let keys = [undo_key(charge.id)?, redo_key(charge.id)?];
    let mut found = school.store.entries_by_key(&school.id, &keys).await?;
    found.sort_by_key(|entry| entry.position);
    let what = format!("what a repricing made of {}", charge.key);
    let kinds: Vec<(EntryKind, Money)> =
        found.iter().map(|entry| (entry.kind.clone(), entry.effect)).collect();
    let undone =
        EntryKind::Reversal { of: charge.position, figure: Figure::Fee, reason: order.reason.clone() };
    let EntryKind::Charge { code, due_on, origin } = charge.kind.clone() else {
        return Err(Failure::new("a charge is none"));
    };
    let slot = origin.slot.map(|slot| BilledSlot { revision: slot.revision.saturating_add(1), ..slot });
    let again = EntryKind::Charge { code, due_on, origin: ChargeOrigin { slot, ..origin } };
    let back = charge.effect.checked_neg()?;
    let expected = vec![(undone, back), (again, Money::from_minor(price, back.currency()))];
    same(&what, &kinds, &expected)?;
    for entry in &found {
        let (there, asked) = ((entry.term, entry.effective_on), (charge.term, order.on));
        same(&what, &there, &asked)?;
        same(&what, &entry.account, &charge.account)?;
        same(&what, &entry.recorded_at, &order.recorded_at)?;
        same(&what, &entry.recorded_by, &order.recorded_by)?;
        same(&what, &entry.note, &None)?;
    }
    let undone = school.store.reversal_of(&school.id, &charge.account, charge.position).await?;
    same("the reversal of a charge", &undone, &found.first().map(|entry| entry.position))
}

async fn charges_are_made_again_at_the_new_price(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names = ["s-1", "é", "語", "17"];
    school.open_accounts(&names).await?;
    let (old, new) = (priced(&OLD, 0)?, priced(&NEW, 1)?);
    school.change(vec![BookChange::AddFee(old.clone())]).await?;
    for name in names {
        school.pay(name, &format!("till-{name}"), 100).await?;
        charge(&school, name, [6_000, 6_000]).await?;
    }
    let before = school.all_entries().await?;
    let version = school.book().await?.version;
    let mark = FileMark { digest: [3; 32], lines: 3, replaces: None };
    let order = RepriceOrder { mark: Some(mark), ..order(&school, old, new.clone()).await? };
    same("the counts", &reprice(&school, &order).await?, &(8, 0))?;
    let school = school.by(given.other.clone());
    same("the fees", &school.store.fees(&school.id, term(1)?, None, ALL).await?, &vec![new])?;
    same("the book's version, raised once", &school.book().await?.version, &version.saturating_add(1))?;
    same("the marks", &school.store.file_marks(&school.id, 0, ALL).await?.len(), &1)?;
    for entry in before.iter().filter(|entry| entry.kind != payment()) {
        let EntryKind::Charge { origin: ChargeOrigin { slot: Some(slot), .. }, .. } = &entry.kind else {
            continue;
        };
        made_again(&school, entry, if slot.instalment == 0 { 7_000 } else { 6_500 }, &order).await?;
    }
    let mut ids: Vec<_> = school.all_entries().await?.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    same("how many ids there are", &ids.len(), &28)?;
    for name in names {
        let entries = school.sound(name).await?;
        same("the number of entries of an account", &entries.len(), &7)?;
        same("its balance", &school.account(name).await?.balance.minor(), &13_400)?;
        let there: Vec<&Entry> = before.iter().filter(|entry| entry.account.as_str() == name).collect();
        same("the entries that were there (B6)", &entries.iter().take(3).collect(), &there)?;
    }
    Ok(())
}

async fn other_charges_are_left(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let left =
        ["other price", "by hand", "own", "other group", "other code", "other term", "reversed", "case"];
    school.open_accounts(&left).await?;
    school.open_accounts(&["half", "odd instalment"]).await?;
    let (old, new) = (priced(&OLD, 0)?, priced(&NEW, 1)?);
    school.change(vec![BookChange::AddFee(old.clone())]).await?;
    let own = own_fee(term(1)?, "own", "tuition", &OLD)?;
    let ecd = group_fee(term(1)?, "ECD", "tuition", &OLD)?;
    school.change(vec![BookChange::AddFee(own), BookChange::AddFee(ecd.clone())]).await?;
    charge(&school, "other price", [5_999, 12_000]).await?;
    school.record("by hand", "hand-1", by_hand("tuition")?, 6_000).await?;
    school.record("own", "own-1", billed("tuition", None, 0, 0)?, 6_000).await?;
    school.record("other group", "other-1", billed("tuition", Some("ECD"), 0, 0)?, 6_000).await?;
    school.record("case", "other-2", billed("tuition", Some("primary"), 0, 0)?, 6_000).await?;
    school.record("other code", "other-3", billed("Tuition", Some("PRIMARY"), 0, 0)?, 6_000).await?;
    let mut later =
        school.posting("other term", "other-4", billed("tuition", Some("PRIMARY"), 0, 0)?, 6_000)?;
    later.entry.term = term(2)?;
    school.admit(later).await?;
    charge(&school, "reversed", [6_000, 6_000]).await?;
    for at in [1, 2] {
        school.record("reversed", &format!("undo-{at}"), reversal(at, Figure::Fee), -6_000).await?;
    }
    school.record("odd instalment", "odd-1", billed("tuition", Some("PRIMARY"), 0, 7)?, 6_000).await?;
    charge(&school, "half", [6_000, 5_000]).await?;
    let mut expected = Vec::new();
    for name in left {
        expected.push((name, school.entries(name).await?));
    }
    let order = order(&school, old, new.clone()).await?;
    same(
        "the charges made again, and those left at another price",
        &reprice(&school, &order).await?,
        &(1, 4),
    )?;
    for (name, entries) in expected {
        same(&format!("the entries of {name}"), &school.sound(name).await?, &entries)?;
    }
    let half = school.sound("half").await?;
    let first = half.first().ok_or_else(|| Failure::new("an entry is gone"))?;
    made_again(&school, first, 7_000, &order).await?;
    same("the balance of a half repriced account", &school.account("half").await?.balance.minor(), &12_000)?;
    let fees = school.store.fees_of(&school.id, term(1)?, std::slice::from_ref(&ecd.key.payer)).await?;
    same("the fee of another group", &fees, &vec![ecd])
}

async fn a_fee_is_repriced_again(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let mut fee = priced(&OLD, 0)?;
    school.change(vec![BookChange::AddFee(fee.clone())]).await?;
    for name in ["s-1", "s-2"] {
        charge(&school, name, [6_000, 6_000]).await?;
    }
    for revision in 1..=4_u32 {
        let price = i64::from(revision).saturating_mul(1_000);
        let new = priced(&[(price, "2026-01-12"), (price, "2026-02-12")], revision)?;
        let order = order(&school, fee, new.clone()).await?;
        same("the counts", &reprice(&school, &order).await?, &(4, 0))?;
        for name in ["s-1", "s-2"] {
            school.sound(name).await?;
            let balance = school.account(name).await?.balance.minor();
            same("the balance after a repricing", &balance, &price.saturating_mul(2))?;
        }
        fee = new;
    }
    Ok(())
}

async fn an_uncharged_fee_is_repriced(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let (old, new) = (priced(&OLD, 0)?, priced(&NEW, 1)?);
    school.change(vec![BookChange::AddFee(old.clone())]).await?;
    let order = order(&school, old, new.clone()).await?;
    same("the counts", &reprice(&school, &order).await?, &(0, 0))?;
    same("the fees", &school.store.fees(&school.id, term(1)?, None, ALL).await?, &vec![new])?;
    same("the entries", &school.all_entries().await?, &vec![])
}

async fn what_is_not_admitted_changes_nothing(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let (old, new) = (priced(&OLD, 0)?, priced(&NEW, 1)?);
    school.change(vec![BookChange::AddFee(old.clone())]).await?;
    charge(&school, "s-1", [6_000, 6_000]).await?;
    school.change(vec![BookChange::LockThrough(day("2026-02-28")?)]).await?;
    let mark = Some(FileMark { digest: [3; 32], lines: 3, replaces: None });
    let good = RepriceOrder { mark, ..order(&school, old, new).await? };
    let refuse = async |what: &str, order: RepriceOrder| {
        let before = Snapshot::of(&school).await?;
        same(what, &school.store.reprice(&school.id, order).await?, &Repriced::NotAdmitted)?;
        before.unchanged(&school, what).await
    };
    for stale in [good.book_version.saturating_sub(1), good.book_version.saturating_add(1)] {
        refuse(
            "a repricing decided on another version",
            RepriceOrder { book_version: stale, ..good.clone() },
        )
        .await?;
    }
    refuse("a repricing on a locked day", RepriceOrder { on: day("2026-02-28")?, ..good.clone() }).await?;
    school.change(vec![BookChange::CloseTerm(term(1)?)]).await?;
    let version = school.book().await?.version;
    refuse("a repricing in a closed term", RepriceOrder { book_version: version, ..good }).await
}

async fn repricings_at_once_happen_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names = ["s-1", "s-2", "s-3"];
    school.open_accounts(&names).await?;
    let (old, new) = (priced(&OLD, 0)?, priced(&NEW, 1)?);
    school.change(vec![BookChange::AddFee(old.clone())]).await?;
    for name in names {
        charge(&school, name, [6_000, 6_000]).await?;
    }
    let order = order(&school, old, new).await?;
    let mut tasks: Vec<BoxFuture<Result<u64, Failure>>> = Vec::new();
    for n in 0..8_usize {
        let (school, order) = (school.by(given.way(n)), order.clone());
        tasks.push(Box::pin(async move {
            if n % 2 == 0 {
                let first_id = school.store.new_id();
                let answer = school.store.reprice(&school.id, RepriceOrder { first_id, ..order }).await?;
                return Ok(u64::from(answer == Repriced::Done { charges: 6, left: 0 }));
            }
            for m in 0..10_u32 {
                for name in names {
                    school.pay(name, &format!("meanwhile-{n}-{m}-{name}"), 1).await?;
                }
            }
            Ok(0)
        }));
    }
    let done: u64 = together(&given, tasks).await?.into_iter().sum::<Result<u64, Failure>>()?;
    same("how many repricings were done", &done, &1)?;
    for name in names {
        same("the number of entries", &school.sound(name).await?.len(), &46)?;
        same("the balance", &school.account(name).await?.balance.minor(), &13_460)?;
    }
    let again = Posting::new(school.entry("s-1", "after", payment(), -1)?);
    school.keep(ChangeSet { postings: vec![again], ..ChangeSet::default() }).await.map(|_| ())
}
