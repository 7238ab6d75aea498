//! Races: whatever runs at once, positions have no gap, and of several claims to one thing one wins.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failure::{Failure, holds, same};
use super::kinds::{account, billed, by_hand, day, key, payment, refund, reversal, term};
use super::school::{School, group_fee, pupil};
use super::together::{together, turn};
use super::{BoxFuture, Given};
use crate::rule::Posting;
use crate::store::{AccountChange, AccountFilter, BookChange, ChangeSet, Committed, Posted};
use crate::{Figure, LedgerStore, Standing};

cases! {
    "races" {
        positions_have_no_gap: "Posts at once to a few accounts get positions 1, 2, 3 … each once, and the balance follows (S2, B1).",
        one_key_is_recorded_once: "Of posts at once under one key, on one account or several, one is admitted (B7, S5).",
        one_slot_is_billed_once: "Of charges at once of one slot one is admitted (S5).",
        one_entry_is_reversed_once: "Of reversals at once of one entry one is admitted (B6, S5).",
        one_version_is_decided_on_once: "Of postings at once that were decided on one version one is admitted (S3).",
        one_book_version_is_decided_on_once: "Of changes at once that were decided on one version of the book one is admitted (S3).",
        one_revision_is_decided_on_once: "Of changes at once that were decided on one revision one is admitted (S3).",
        one_account_is_opened_once: "Of openings at once of one account one is admitted (S5).",
        sets_that_cross_are_all_kept: "Sets at once over the same accounts in opposite orders are all kept: no deadlock is an answer.",
        readers_see_whole_sets: "A reader sees each set whole or not at all, and always what was there before (S1).",
        a_close_is_a_close: "Once a term is closed no charge is admitted, however many were on their way.",
        a_lock_is_a_lock: "Once the book is locked through a day nothing dated by it is admitted, however many were on their way.",
    }
}

/// Runs so many callers at once, by both ways in; their answers.
async fn race<T, F>(
    given: &Given,
    school: &School,
    callers: usize,
    call: impl Fn(School, usize) -> F,
) -> Result<Vec<T>, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    let tasks = (0..callers).map(|n| {
        let task: BoxFuture<Result<T, Failure>> = Box::pin(call(school.by(given.way(n)), n));
        task
    });
    together(given, tasks.collect()).await?.into_iter().collect()
}

/// Posts, every other caller by a change set of its own; whether it was admitted.
async fn post(school: &School, n: usize, posting: Posting) -> Result<bool, Failure> {
    if n % 4 < 2 {
        return Ok(school.store.post(&school.id, posting).await? != Posted::NotAdmitted);
    }
    let changes = ChangeSet { postings: vec![posting], ..ChangeSet::default() };
    Ok(school.store.commit(&school.id, changes).await? != Committed::NotAdmitted)
}

fn one_of(what: &str, answers: &[bool]) -> Result<(), Failure> {
    same(&format!("how many {what} were admitted"), &answers.iter().filter(|admitted| **admitted).count(), &1)
}

const CALLERS: usize = 8;
const ROUNDS: u32 = 12;

async fn positions_have_no_gap(given: Given) -> Result<(), Failure> {
    const EACH: u32 = 25;
    let school = School::open(&given).await?;
    let names = ["hot", "warm", "cool"];
    school.open_accounts(&names).await?;
    let answers = race(&given, &school, 12, |school, n| async move {
        let mut positions = Vec::new();
        for m in 0..EACH {
            // Most go to one account.
            let who = if m.is_multiple_of(5) {
                "warm"
            } else if m.is_multiple_of(7) {
                "cool"
            } else {
                "hot"
            };
            let under = format!("key-{n}-{m}");
            positions.push((
                under.clone(),
                who,
                school.pay(who, &under, i64::from(m).saturating_add(1)).await?,
            ));
        }
        Ok(positions)
    });
    for (under, who, position) in answers.await?.into_iter().flatten() {
        let found = school.store.entries_by_key(&school.id, &[key(&under)?]).await?;
        let place: Vec<(&str, u32)> =
            found.iter().map(|entry| (entry.account.as_str(), entry.position)).collect();
        same(&format!("where {under} was recorded, and what was answered"), &place, &vec![(who, position)])?;
    }
    let mut entries = 0_usize;
    for name in names {
        entries = entries.saturating_add(school.sound(name).await?.len());
    }
    same("the number of entries", &entries, &usize::try_from(EACH).unwrap_or(0).saturating_mul(12))
}

async fn one_key_is_recorded_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names = ["s-1", "s-2", "s-3"];
    school.open_accounts(&names).await?;
    for round in 0..ROUNDS {
        let under = format!("key-{round}");
        let answers = race(&given, &school, CALLERS, |school, n| {
            let under = under.clone();
            async move {
                let who =
                    if round.is_multiple_of(2) { "s-1" } else { names.get(n % 3).copied().unwrap_or("s-1") };
                let posting = school.posting(who, &under, payment(), -1)?;
                post(&school, n, posting).await
            }
        });
        one_of("posts under one key", &answers.await?)?;
        let found = school.store.entries_by_key(&school.id, &[key(&under)?]).await?;
        same("how many entries the key has", &found.len(), &1)?;
    }
    let mut entries = 0_u32;
    for name in names {
        school.sound(name).await?;
        entries = entries.saturating_add(school.account(name).await?.version);
    }
    same("the number of entries", &entries, &ROUNDS)
}

async fn one_slot_is_billed_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    for round in 0..ROUNDS {
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let kind = billed("tuition", Some("PRIMARY"), round, 0)?;
            let posting = school.posting("s-1", &format!("bill-{round}-{n}"), kind, 100)?;
            post(&school, n, posting).await
        });
        one_of("charges of one slot", &answers.await?)?;
    }
    same("the number of charges", &school.sound("s-1").await?.len(), &usize::try_from(ROUNDS).unwrap_or(0))
}

async fn one_entry_is_reversed_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    for round in 0..ROUNDS {
        let at = school.pay("s-1", &format!("till-{round}"), 100).await?;
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let posting =
                school.posting("s-1", &format!("undo-{round}-{n}"), reversal(at, Figure::Paid), 100)?;
            post(&school, n, posting).await
        });
        one_of("reversals of one entry", &answers.await?)?;
        let found = school.store.reversal_of(&school.id, &account("s-1")?, at).await?;
        same("the reversal", &found, &Some(at.saturating_add(1)))?;
    }
    school.sound("s-1").await?;
    same("the balance", &school.account("s-1").await?.balance.minor(), &0)
}

async fn one_version_is_decided_on_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    for version in 0..ROUNDS {
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let posting = school.posting("s-1", &format!("refund-{version}-{n}"), refund(), 10)?;
            post(&school, n, Posting { version: Some(version), ..posting }).await
        });
        one_of("refunds decided on one version", &answers.await?)?;
    }
    same("the version", &school.sound("s-1").await?.len(), &usize::try_from(ROUNDS).unwrap_or(0))
}

async fn one_book_version_is_decided_on_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    for round in 0..ROUNDS {
        let version = school.book().await?.version;
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let name = format!("fee-{round}-{n}");
            let fee = group_fee(term(1)?, "PRIMARY", &name, &[(100, "2026-01-12")])?;
            let opened = AccountChange::Open(pupil(&name, &["PRIMARY"], "2026-01-12")?);
            let (book, accounts) = (vec![BookChange::AddFee(fee)], vec![opened]);
            let changes = ChangeSet { book_version: Some(version), book, accounts, ..ChangeSet::default() };
            Ok(school.store.commit(&school.id, changes).await? != Committed::NotAdmitted)
        });
        one_of("changes decided on one version of the book", &answers.await?)?;
        same("the book's version", &school.book().await?.version, &version.saturating_add(1))?;
        let expected = usize::try_from(round).unwrap_or(0).saturating_add(1);
        same("how many accounts were opened with them", &school.accounts().await?.len(), &expected)?;
    }
    Ok(())
}

async fn one_revision_is_decided_on_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    for revision in 0..ROUNDS {
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let (account, version) = (account("s-1")?, None);
            let to = if n % 2 == 0 { Standing::OnLeave } else { Standing::Active };
            let accounts = vec![AccountChange::Move { account, to, revision, version }];
            let changes = ChangeSet { accounts, ..ChangeSet::default() };
            Ok(school.store.commit(&school.id, changes).await? != Committed::NotAdmitted)
        });
        one_of("moves decided on one revision", &answers.await?)?;
        same("the revision", &school.account("s-1").await?.revision, &revision.saturating_add(1))?;
    }
    Ok(())
}

async fn one_account_is_opened_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    for round in 0..ROUNDS {
        let answers = race(&given, &school, CALLERS, move |school, n| async move {
            let name = format!("s-{round}");
            let accounts = vec![AccountChange::Open(pupil(&name, &["PRIMARY", "ECD"], "2026-01-12")?)];
            let postings = vec![school.posting(&name, &format!("first-{round}-{n}"), payment(), -1)?];
            let changes = ChangeSet { accounts, postings, ..ChangeSet::default() };
            Ok(school.store.commit(&school.id, changes).await? != Committed::NotAdmitted)
        });
        one_of("openings of one account", &answers.await?)?;
        same("its entries", &school.sound(&format!("s-{round}")).await?.len(), &1)?;
    }
    Ok(())
}

async fn sets_that_cross_are_all_kept(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names: Vec<String> = (0..10).map(|n| format!("s-{n}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    school.open_accounts(&all).await?;
    let answers = race(&given, &school, CALLERS, |school, n| {
        let mut names = names.clone();
        if n % 2 == 0 {
            names.reverse();
        }
        async move {
            for round in 0..10_u32 {
                let posting =
                    |name: &String| school.posting(name, &format!("{n}-{round}-{name}"), payment(), -1);
                let postings = names.iter().map(posting).collect::<Result<Vec<_>, _>>()?;
                school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
            }
            Ok(())
        }
    });
    answers.await?;
    for name in all {
        same(
            &format!("the entries of {name}"),
            &school.sound(name).await?.len(),
            &CALLERS.saturating_mul(10),
        )?;
    }
    Ok(())
}

async fn readers_see_whole_sets(given: Given) -> Result<(), Failure> {
    const SETS: u32 = 40;
    // No reader reads on for ever, should a writer fail.
    const LOOKS_MAX: u32 = 100_000;
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let writing = Arc::new(AtomicUsize::new(CALLERS.div_ceil(2)));
    let answers = race(&given, &school, CALLERS, |school, n| {
        let writing = Arc::clone(&writing);
        async move {
            if n % 2 == 0 {
                let wrote = write_sets(&school, n, SETS).await;
                writing.fetch_sub(1, Ordering::Relaxed);
                return wrote;
            }
            for _ in 0..LOOKS_MAX {
                look(&school).await?;
                if writing.load(Ordering::Relaxed) == 0 {
                    break;
                }
                turn().await;
            }
            Ok(())
        }
    });
    answers.await.map(|_| ())
}

/// Keeps sets that sum to nothing.
async fn write_sets(school: &School, n: usize, sets: u32) -> Result<(), Failure> {
    for round in 0..sets {
        let give = school.posting("s-1", &format!("give-{n}-{round}"), payment(), -10)?;
        let take = school.posting("s-2", &format!("take-{n}-{round}"), by_hand("trip")?, 10)?;
        school.keep(ChangeSet { postings: vec![give, take], ..ChangeSet::default() }).await?;
        turn().await;
    }
    Ok(())
}

/// What a reader must find at any moment, however many write.
async fn look(school: &School) -> Result<(), Failure> {
    let listed = school.store.list_accounts(&school.id, AccountFilter::All, None, 10).await?;
    same("the number of accounts while others write", &listed.len(), &2)?;
    let before = school.account("s-1").await?.version;
    school.book().await?;
    let entries = school.all_entries().await?;
    let sum: i128 = entries.iter().map(|entry| i128::from(entry.effect.minor())).sum();
    same("the sum of a scan while sets that sum to nothing are kept", &sum, &0)?;
    let of_one = entries.iter().filter(|entry| entry.account.as_str() == "s-1").count();
    let known = usize::try_from(before).unwrap_or(0);
    holds(of_one >= known, || {
        format!("a scan has {of_one} entries of an account that had {known} before it")
    })?;
    let totals = school.store.book_totals(&school.id).await?;
    same("the sums of the book meanwhile", &(totals.effects, totals.balances), &(0, 0))?;
    holds(totals.entries.is_multiple_of(2), || format!("half a set is counted: {} entries", totals.entries))
}

async fn a_close_is_a_close(given: Given) -> Result<(), Failure> {
    let charge = |school: &School, under: &str| school.posting("s-1", under, by_hand("trip")?, 10);
    let school = nothing_after(&given, BookChange::CloseTerm(term(1)?), charge).await?;
    school.pay("s-1", "till-1", 10).await.map(|_| ())
}

async fn a_lock_is_a_lock(given: Given) -> Result<(), Failure> {
    let paid = |school: &School, under: &str| school.posting("s-1", under, payment(), -10);
    let school = nothing_after(&given, BookChange::LockThrough(day("2026-02-01")?), paid).await?;
    let mut later = school.posting("s-1", "later", payment(), -10)?;
    later.entry.effective_on = day("2026-02-02")?;
    holds(post(&school, 0, later).await?, || "a day after the lock is locked as well".into())
}

/// The book is changed while others post what the change forbids: whoever has changed it, or was refused once, has nothing admitted after it.
async fn nothing_after(
    given: &Given,
    change: BookChange,
    forbidden: impl Fn(&School, &str) -> Result<Posting, Failure> + Copy + Send + Sync + 'static,
) -> Result<School, Failure> {
    let school = School::open(given).await?;
    school.open_accounts(&["s-1"]).await?;
    let answers = race(given, &school, CALLERS, move |school, n| {
        let change = change.clone();
        async move {
            if n == 0 {
                for _ in 0..5 {
                    turn().await;
                }
                school.change(vec![change]).await?;
            }
            let mut changed = n == 0;
            for m in 0..30_u32 {
                let admitted = post(&school, n, forbidden(&school, &format!("trip-{n}-{m}"))?).await?;
                holds(!(changed && admitted), || "it was admitted after the change that forbids it".into())?;
                changed |= !admitted;
            }
            Ok(())
        }
    });
    answers.await?;
    school.sound("s-1").await?;
    school.refuse("what the change forbids", forbidden(&school, "late")?).await?;
    Ok(school)
}
