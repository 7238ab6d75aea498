//! Posting: what is admitted, and what is not and leaves no trace.

use super::Given;
use super::failure::{Failure, same};
use super::kinds::{account, all_kinds, billed, by_hand, day, payment, refund, reversal, signed, term};
use super::school::{School, money};
use super::snapshot::Snapshot;
use crate::store::BookChange;
use crate::{Figure, LedgerStore, TermId};

cases! {
    "posting" {
        positions_count_up: "Positions are 1, 2, 3 … and version and balance follow every post (S2, B1).",
        account_and_term_must_be_there: "Nothing is posted to an absent account or an absent term.",
        a_closed_term_takes_no_charge: "A closed term takes no charge, and every other kind still.",
        a_payment_is_not_for_later_than_the_current_term: "A payment for a term after the current one is not admitted; other kinds are.",
        a_locked_day_takes_nothing: "Nothing is dated on or before the lock; the day after takes all.",
        a_version_must_hold: "A posting decided on another version of its account is not admitted (S3).",
        a_key_records_once: "A key records one entry in a book, of whatever kind and account (B7).",
        keys_are_exact: "Keys that differ in case, accents, form or length are different keys.",
        a_slot_is_billed_once: "One charge an account, term, code and slot (S5); by hand never refused for its code.",
        an_entry_is_reversed_once: "An entry is reversed at most once (B6), and the reversal is found.",
    }
}

async fn positions_count_up(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let mut balance = 0_i64;
    for (kind, n) in all_kinds()?.into_iter().cycle().take(21).zip(1_u32..) {
        let minor = signed(&kind, i64::from(n));
        let what = format!("the position of a {}", kind.as_str());
        same(&what, &school.record("s-1", &format!("key-{n}"), kind, minor).await?, &n)?;
        balance = balance.saturating_add(minor);
        let there = school.account("s-1").await?;
        same("its version and balance", &(there.version, there.balance), &(n, money(balance)))?;
        same("its revision", &there.revision, &0)?;
    }
    school.sound("s-1").await?;
    same("an account that got nothing", &school.account("s-2").await?.version, &0)
}

async fn account_and_term_must_be_there(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let before = Snapshot::of(&school).await?;
    for kind in all_kinds()? {
        let minor = signed(&kind, 10);
        school
            .refuse("an entry of an absent account", school.posting("s-2", "key-1", kind.clone(), minor)?)
            .await?;
        school
            .refuse(
                "an entry of an account in other case",
                school.posting("S-1", "key-1", kind.clone(), minor)?,
            )
            .await?;
        for absent in [TermId::new(2026, 4)?, TermId::new(2025, 1)?, TermId::new(2028, 1)?] {
            let mut posting = school.posting("s-1", "key-1", kind.clone(), minor)?;
            posting.entry.term = absent;
            school.refuse("an entry of an absent term", posting).await?;
        }
    }
    before.unchanged(&school, "what was not admitted").await
}

async fn a_closed_term_takes_no_charge(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let at = school.record("s-1", "charge-1", by_hand("trip")?, 100).await?;
    school.change(vec![BookChange::MakeCurrent(term(2)?), BookChange::CloseTerm(term(1)?)]).await?;
    for kind in [by_hand("trip")?, billed("tuition", Some("PRIMARY"), 0, 0)?, billed("bus", None, 0, 0)?] {
        school.refuse("a charge in a closed term", school.posting("s-1", "late", kind, 10)?).await?;
    }
    for (kind, n) in all_kinds()?.into_iter().skip(1).zip(1_u32..) {
        let minor = signed(&kind, 10);
        school.record("s-1", &format!("key-{n}"), kind, minor).await?;
    }
    school.record("s-1", "undo-1", reversal(at, Figure::Fee), -100).await?;
    let mut open = school.posting("s-1", "charge-2", by_hand("trip")?, 100)?;
    open.entry.term = term(2)?;
    school.admit(open).await?;
    school.sound("s-1").await.map(|_| ())
}

async fn a_payment_is_not_for_later_than_the_current_term(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let posting = |number: u32, under: &str, kind| {
        let minor = signed(&kind, 10);
        let mut posting = school.posting("s-1", under, kind, minor)?;
        posting.entry.term = if number > 3 { TermId::new(2027, 1)? } else { term(number)? };
        Ok::<_, Failure>(posting)
    };
    school.admit(posting(4, "no-current", payment())?).await?;
    school.change(vec![BookChange::MakeCurrent(term(2)?)]).await?;
    for number in [1, 2] {
        school.admit(posting(number, &format!("till-{number}"), payment())?).await?;
    }
    for number in [3, 4] {
        school.refuse("a payment for a later term", posting(number, "early", payment())?).await?;
        for (kind, n) in all_kinds()?.into_iter().filter(|kind| *kind != payment()).zip(0_u32..) {
            school.admit(posting(number, &format!("key-{number}-{n}"), kind)?).await?;
        }
    }
    // The current term rules, closed or not, and may be an earlier one.
    school.change(vec![BookChange::CloseTerm(term(2)?)]).await?;
    school.admit(posting(2, "late", payment())?).await?;
    school.change(vec![BookChange::MakeCurrent(term(1)?)]).await?;
    school.refuse("a payment for what is a later term now", posting(2, "early", payment())?).await
}

async fn a_locked_day_takes_nothing(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let at = school.record("s-1", "before", payment(), -10).await?;
    school.change(vec![BookChange::LockThrough(day("2026-02-28")?)]).await?;
    let mut kinds = all_kinds()?;
    kinds.push(billed("tuition", Some("PRIMARY"), 0, 0)?);
    kinds.push(reversal(at, Figure::Paid));
    for (kind, n) in kinds.into_iter().zip(1_u32..) {
        let posting = |on: &str| {
            let mut posting = school.posting("s-1", &format!("key-{n}"), kind.clone(), signed(&kind, 10))?;
            posting.entry.effective_on = day(on)?;
            Ok::<_, Failure>(posting)
        };
        for locked in ["2026-02-28", "2026-02-27", "2025-12-31", "0001-01-01"] {
            school.refuse(&format!("a {} on a locked day", kind.as_str()), posting(locked)?).await?;
        }
        school.admit(posting("2026-03-01")?).await?;
    }
    school.sound("s-1").await.map(|_| ())
}

async fn a_version_must_hold(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    for n in 1..=3_u32 {
        school.pay("s-1", &format!("till-{n}"), 100).await?;
    }
    let at = |version, under: &str| {
        let posting = school.posting("s-1", under, refund(), 50)?;
        Ok::<_, Failure>(crate::rule::Posting { version: Some(version), ..posting })
    };
    for stale in [0, 2, 4, u32::MAX] {
        school.refuse("a refund decided on another version", at(stale, "refund-1")?).await?;
    }
    same("the position of a refund", &school.admit(at(3, "refund-1")?).await?, &4)?;
    school.refuse("a refund decided on the version before", at(3, "refund-2")?).await?;
    school.pay("s-2", "elsewhere", 100).await?;
    same("the position of the next refund", &school.admit(at(4, "refund-2")?).await?, &5)?;
    school.sound("s-1").await.map(|_| ())
}

async fn a_key_records_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    school.pay("s-1", "till-1", 100).await?;
    let before = Snapshot::of(&school).await?;
    let mut again = school.posting("s-1", "till-1", payment(), -100)?;
    school.refuse("the same key with the same content", again.clone()).await?;
    again.entry.term = term(2)?;
    school.refuse("the same key in another term", again).await?;
    for who in ["s-1", "s-2"] {
        for kind in all_kinds()? {
            let minor = signed(&kind, 100);
            school.refuse("a known key", school.posting(who, "till-1", kind, minor)?).await?;
        }
    }
    school.refuse("a known key", school.posting("s-1", "till-1", reversal(1, Figure::Paid), 100)?).await?;
    before.unchanged(&school, "a known key").await?;
    same("the next position", &school.pay("s-1", "till-2", 100).await?, &2)
}

async fn keys_are_exact(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let long = "k".repeat(199);
    let keys = [
        "till",
        "Till",
        "TILL",
        "tíll",
        "ti\u{301}ll",
        "ｔill",
        "ti ll",
        "till.",
        "till%",
        "tilL",
        &long,
        &format!("{long}1"),
        &format!("{long}2"),
    ];
    for (under, n) in keys.iter().zip(1_u32..) {
        same(&format!("the position of {under}"), &school.pay("s-1", under, i64::from(n)).await?, &n)?;
    }
    let asked = keys.iter().map(|under| super::kinds::key(under)).collect::<Result<Vec<_>, _>>()?;
    for (under, n) in asked.iter().zip(1_u32..) {
        let found = school.store.entries_by_key(&school.id, std::slice::from_ref(under)).await?;
        let positions: Vec<u32> = found.iter().map(|entry| entry.position).collect();
        same(&format!("what {under} recorded"), &positions, &vec![n])?;
    }
    let mut all = school.store.entries_by_key(&school.id, &asked).await?;
    all.sort_by_key(|entry| entry.position);
    same("what all keys recorded", &all, &school.entries("s-1").await?)?;
    same("what no key recorded", &school.store.entries_by_key(&school.id, &[]).await?, &vec![])
}

async fn a_slot_is_billed_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let first = school.record("s-1", "bill-1", billed("tuition", Some("PRIMARY"), 0, 0)?, 100).await?;
    for kind in [
        billed("tuition", Some("PRIMARY"), 0, 0)?,
        billed("tuition", Some("ECD"), 0, 0)?,
        billed("tuition", None, 0, 0)?,
    ] {
        school.refuse("a second charge of a slot", school.posting("s-1", "bill-2", kind, 100)?).await?;
    }
    school.record("s-1", "undo-1", reversal(first, Figure::Fee), -100).await?;
    let again = school.posting("s-1", "bill-2", billed("tuition", Some("PRIMARY"), 0, 0)?, 100)?;
    school.refuse("a second charge of a slot whose first is reversed", again).await?;
    let others = [
        ("s-1", billed("tuition", Some("PRIMARY"), 0, 1)?),
        ("s-1", billed("tuition", Some("PRIMARY"), 1, 0)?),
        ("s-1", billed("Tuition", Some("PRIMARY"), 0, 0)?),
        ("s-1", billed("tuitión", Some("PRIMARY"), 0, 0)?),
        ("s-2", billed("tuition", Some("PRIMARY"), 0, 0)?),
        ("s-1", by_hand("tuition")?),
        ("s-1", by_hand("tuition")?),
    ];
    for ((who, kind), n) in others.into_iter().zip(1_u32..) {
        school.record(who, &format!("other-{n}"), kind, 100).await?;
    }
    let mut later = school.posting("s-1", "later", billed("tuition", Some("PRIMARY"), 0, 0)?, 100)?;
    later.entry.term = term(2)?;
    school.admit(later).await?;
    school.sound("s-1").await.map(|_| ())
}

async fn an_entry_is_reversed_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    for who in ["s-1", "s-2"] {
        for n in 1..=2_u32 {
            school.pay(who, &format!("{who}-{n}"), 100).await?;
        }
    }
    let (one, two) = (account("s-1")?, account("s-2")?);
    same("a reversal not made yet", &school.store.reversal_of(&school.id, &one, 1).await?, &None)?;
    let at = school.record("s-1", "undo-1", reversal(1, Figure::Paid), 100).await?;
    school
        .refuse("a second reversal", school.posting("s-1", "undo-2", reversal(1, Figure::Paid), 100)?)
        .await?;
    same("the reversal", &school.store.reversal_of(&school.id, &one, 1).await?, &Some(at))?;
    same("that of another entry", &school.store.reversal_of(&school.id, &one, 2).await?, &None)?;
    same("that of another account's entry", &school.store.reversal_of(&school.id, &two, 1).await?, &None)?;
    same("that of the reversal", &school.store.reversal_of(&school.id, &one, at).await?, &None)?;
    same("that of no entry", &school.store.reversal_of(&school.id, &account("absent")?, 1).await?, &None)?;
    school.record("s-1", "undo-2", reversal(2, Figure::Paid), 100).await?;
    school.record("s-2", "undo-3", reversal(1, Figure::Paid), 100).await?;
    same("the balance when all is reversed", &school.account("s-1").await?.balance, &money(0))?;
    school.sound("s-1").await.map(|_| ())
}
