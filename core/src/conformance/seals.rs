//! Seals: what is kept of them is kept whole, once, and read back; and a ledger seals its book whoever else does.

use std::sync::Arc;

use super::failure::{Failure, holds, same};
use super::kinds::{account, day};
use super::listings::{NAMES, in_byte_order, paged};
use super::school::{ALL, CURRENCY, School, money, terms};
use super::together::together;
use super::{BoxFuture, Given};
use crate::audit::audit_against;
use crate::seal::{Digest, Seal, SealState, SealStep, SealedRoot, Segment, SegmentEnd, seal};
use crate::{BookId, Error, Ledger, Payment};

cases! {
    "seals" {
        a_step_follows_the_last: "Of sealing the next step alone is kept, in a book that exists; how far it has come is read back.",
        segments_are_read_back: "Segments come by account in byte order and first position, page by page, to the byte; and the ends of accounts.",
        roots_are_read_back: "Roots come by number, page by page, and the last with its step; one number is kept once.",
        a_step_is_kept_whole: "Of a step in which one segment is in the way of another nothing is kept (S1).",
        one_step_is_kept_once: "Of steps at once of one number one is kept, and nothing of the others (S5).",
        books_are_sealed_apart: "What is sealed of one book is not of another.",
        a_book_is_sealed_by_several_at_once: "Several who seal a book at once, while others pay, all get a root by which it is proved.",
    }
}

fn digest(of: u8) -> Digest {
    // Among it zeros, a quote, a line's end and a byte that no text has.
    std::array::from_fn(|at| match at {
        0 | 31 => 0,
        1 => b'"',
        2 => b'\n',
        3 => 0xff,
        _ => of,
    })
}

fn segment(name: &str, first: u32, digests: &[u8], number: u64) -> Result<Segment, Failure> {
    Ok(Segment {
        account: account(name)?,
        first,
        digests: digests.iter().map(|of| digest(*of)).collect(),
        chain: digest(u8::try_from(first % 251).unwrap_or(0)),
        seal: number,
    })
}

async fn root(school: &School, number: u64) -> Result<Seal, Failure> {
    let book = school.id.clone();
    let root = digest(u8::try_from(number % 251).unwrap_or(0));
    let root = SealedRoot { book, seal: number, accounts: number, entries: 5_000_000_000, root };
    let second = chrono::DateTime::from_timestamp_micros(1_790_000_000_123_457);
    Ok(Seal { root, sealed_at: second.ok_or_else(|| Failure::new("there is no such instant"))? })
}

impl School {
    async fn keep_step(&self, step: u64, what: SealStep) -> Result<bool, Failure> {
        Ok(self.store.keep_seal(&self.id, step, what).await?)
    }

    async fn segments(&self) -> Result<Vec<Segment>, Failure> {
        Ok(self.store.segments(&self.id, None, ALL).await?)
    }
}

async fn a_step_follows_the_last(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let state = async || Ok::<_, Failure>(school.store.seal_state(&school.id).await?);
    same("how far a new book is sealed", &state().await?, &SealState::default())?;
    let first = segment("s-1", 1, &[1, 2], 1)?;
    let segments = |segment: &Segment| SealStep::Segments(vec![segment.clone()]);
    for step in [0, 2] {
        let kept = school.keep_step(step, segments(&first)).await?;
        same(&format!("whether step {step} is kept first"), &kept, &false)?;
    }
    same("whether step 1 is kept", &school.keep_step(1, segments(&first)).await?, &true)?;
    let second = segment("s-1", 3, &[3], 1)?;
    for step in [0, 1, 3] {
        let kept = school.keep_step(step, segments(&second)).await?;
        same(&format!("whether step {step} is kept after step 1"), &kept, &false)?;
    }
    let closing = root(&school, 1).await?;
    same(
        "whether a root is kept as step 1",
        &school.keep_step(1, SealStep::Root(closing.clone())).await?,
        &false,
    )?;
    same("the segments", &school.segments().await?, &vec![first])?;
    same("how far it is sealed", &state().await?, &SealState { step: 1, last: None, last_step: 0 })?;
    same("whether a root is kept", &school.keep_step(2, SealStep::Root(closing.clone())).await?, &true)?;
    let expected = SealState { step: 2, last: Some(closing.clone()), last_step: 2 };
    same("how far it is sealed with a root", &state().await?, &expected)?;
    let third = segment("s-2", 1, &[4], 2)?;
    same("whether the next seal begins", &school.keep_step(3, segments(&third)).await?, &true)?;
    let other = school.by(given.other.clone());
    let expected = SealState { step: 3, last: Some(closing.clone()), last_step: 2 };
    same("how far it is sealed then", &other.store.seal_state(&school.id).await?, &expected)?;

    let absent = School { store: given.store.clone(), id: BookId::new("absent")? };
    same("whether a step is kept of no book", &absent.keep_step(1, segments(&third)).await?, &false)?;
    same("whether a root is kept of no book", &absent.keep_step(1, SealStep::Root(closing)).await?, &false)?;
    same("the segments of no book", &absent.segments().await?, &vec![])?;
    same("how far no book is sealed", &absent.store.seal_state(&absent.id).await?, &SealState::default())
}

async fn segments_are_read_back(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mut all: Vec<Segment> = Vec::new();
    let long: Vec<u8> = (0..512_u32).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
    for (name, n) in NAMES.into_iter().zip(0_u32..) {
        let mut first = 1;
        for length in
            [1, 2, if n == 3 { 512 } else { 3 }].into_iter().take(usize::try_from(n % 4).unwrap_or(0))
        {
            let digests = long.get(..length).unwrap_or_default();
            all.push(segment(name, first, digests, u64::from(n % 2).saturating_add(1))?);
            first = first.saturating_add(u32::try_from(length).unwrap_or(0));
        }
    }
    let (early, late): (Vec<Segment>, Vec<Segment>) = all.iter().cloned().partition(|one| one.first == 1);
    same("whether a step is kept", &school.keep_step(1, SealStep::Segments(early)).await?, &true)?;
    same("whether the next is", &school.keep_step(2, SealStep::Segments(late)).await?, &true)?;
    let mut names: Vec<&str> = all.iter().map(|one| one.account.as_str()).collect();
    names.dedup();
    let names = in_byte_order(&names);
    all.sort_by_key(|one| (names.iter().position(|name| name == one.account.as_str()), one.first));

    let other = &school.by(given.other.clone());
    for limit in [1, 2, 5, ALL] {
        let read = |after: Option<(String, u32)>| async move {
            let after = after.map(|(name, first)| Ok::<_, Failure>((account(&name)?, first))).transpose()?;
            let after = after.as_ref().map(|(account, first)| (account, *first));
            Ok(other.store.segments(&other.id, after, limit).await?)
        };
        let place = |one: &Segment| (one.account.as_str().to_owned(), one.first);
        let found = paged("segments", limit, read, place).await?;
        same(&format!("the segments in pages of {limit}"), &found, &all)?;
    }
    let ids = NAMES.into_iter().chain(["absent"]).map(account).collect::<Result<Vec<_>, _>>()?;
    let mut ends = school.store.sealed(&school.id, &ids).await?;
    ends.sort_by(|one, two| one.account.cmp(&two.account));
    let mut expected: Vec<SegmentEnd> = Vec::new();
    for one in &all {
        expected.retain(|end| end.account != one.account);
        expected.push(one.end());
    }
    same("how far the accounts are sealed", &ends, &expected)?;
    let asked = [account(names.first().map_or("", String::as_str))?];
    let of_one: Vec<SegmentEnd> = expected.into_iter().filter(|end| asked.contains(&end.account)).collect();
    same("how far one of them is", &school.store.sealed(&school.id, &asked).await?, &of_one)?;
    same("how far none is", &school.store.sealed(&school.id, &[]).await?, &vec![])
}

async fn roots_are_read_back(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mut roots = Vec::new();
    for number in 1..=12 {
        let seal = root(&school, number).await?;
        let kept = school.keep_step(number, SealStep::Root(seal.clone())).await?;
        same(&format!("whether root {number} is kept"), &kept, &true)?;
        roots.push(seal);
    }
    let other = &school.by(given.other.clone());
    for limit in [1, 5, 12, ALL] {
        let read = |after: Option<u64>| async move {
            Ok(other.store.seals(&other.id, after.unwrap_or(0), limit).await?)
        };
        let found = paged("roots", limit, read, |seal: &Seal| seal.root.seal).await?;
        same(&format!("the roots in pages of {limit}"), &found, &roots)?;
    }
    let mut another = root(&school, 7).await?;
    another.root.root = digest(99);
    same("whether a root is replaced", &school.keep_step(13, SealStep::Root(another)).await?, &false)?;
    same("the roots after that", &school.store.seals(&school.id, 0, ALL).await?, &roots)?;
    let expected = SealState { step: 12, last: roots.last().cloned(), last_step: 12 };
    same("how far the book is sealed", &school.store.seal_state(&school.id).await?, &expected)
}

async fn a_step_is_kept_whole(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let there = segment("s-2", 1, &[1], 1)?;
    school.keep_step(1, SealStep::Segments(vec![there.clone()])).await?;
    let in_the_way = segment("s-2", 1, &[2, 3], 1)?;
    let step = vec![segment("s-1", 1, &[1], 1)?, in_the_way, segment("s-3", 1, &[1], 1)?];
    same("whether a place is taken twice", &school.keep_step(2, SealStep::Segments(step)).await?, &false)?;
    same("the segments after that", &school.segments().await?, &vec![there])?;
    let expected = SealState { step: 1, last: None, last_step: 0 };
    same("how far the book is sealed", &school.store.seal_state(&school.id).await?, &expected)
}

async fn one_step_is_kept_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    for round in 1..=8_u64 {
        let mut tasks: Vec<BoxFuture<Result<bool, Failure>>> = Vec::new();
        for n in 0..6_u32 {
            let school = school.by(given.way(usize::try_from(n).unwrap_or(0)));
            tasks.push(Box::pin(async move {
                // Places of their own, so that nothing but the number of the step is between them.
                let first = u32::try_from(round).unwrap_or(0).saturating_mul(10);
                let what = if n == 5 {
                    SealStep::Root(root(&school, round).await?)
                } else {
                    SealStep::Segments(vec![segment(&format!("s-{n}"), first, &[1], round)?])
                };
                school.keep_step(round, what).await
            }));
        }
        let answers = together(&given, tasks).await?.into_iter().collect::<Result<Vec<bool>, Failure>>()?;
        let kept = answers.iter().filter(|kept| **kept).count();
        same("how many steps of one number are kept", &kept, &1)?;
        let state = school.store.seal_state(&school.id).await?;
        same("the last step", &state.step, &round)?;
        let things = school.segments().await?.len();
        let things = things.saturating_add(school.store.seals(&school.id, 0, ALL).await?.len());
        same("what they have kept together", &u64::try_from(things).unwrap_or(0), &round)?;
    }
    Ok(())
}

async fn books_are_sealed_apart(given: Given) -> Result<(), Failure> {
    let one = School::open(&given).await?;
    let two = School::open_named(&given.store, "Hillside").await?;
    let of_one = segment("s-1", 1, &[1], 1)?;
    let of_two = segment("s-1", 1, &[2], 1)?;
    one.keep_step(1, SealStep::Segments(vec![of_one.clone()])).await?;
    one.keep_step(2, SealStep::Root(root(&one, 1).await?)).await?;
    same("how far the other book is sealed", &two.store.seal_state(&two.id).await?, &SealState::default())?;
    same("its roots", &two.store.seals(&two.id, 0, ALL).await?, &vec![])?;
    let asked = [account("s-1")?];
    same("how far its account is", &two.store.sealed(&two.id, &asked).await?, &vec![])?;
    same("its own step", &two.keep_step(1, SealStep::Segments(vec![of_two.clone()])).await?, &true)?;
    same("its segments", &two.segments().await?, &vec![of_two])?;
    same("those of the first book", &one.segments().await?, &vec![of_one])
}

async fn a_book_is_sealed_by_several_at_once(given: Given) -> Result<(), Failure> {
    let ledger = Ledger::open(Arc::clone(&given.store), "hillside", CURRENCY).await?;
    let term = terms()?.into_iter().next().ok_or_else(|| Failure::new("there is no term"))?;
    ledger.define_term(term.clone()).await?;
    for n in 0..12 {
        ledger.enrol(format!("s-{n}"), ["PRIMARY"], day("2026-01-12")?).await?;
    }
    let on = day("2026-02-01")?;
    let pay = |who: usize, under: String| {
        Payment::cash(money(100)).from(format!("s-{who}")).for_term(term.id).on(on).key(under)
    };
    for round in 0..4 {
        for n in 0..12 {
            ledger.pay(pay(n, format!("before-{round}-{n}"))).await?;
        }
        let before = ledger.book_balance().await?.entries;
        let mut tasks: Vec<BoxFuture<Result<Option<SealedRoot>, Error>>> = Vec::new();
        for n in 0..6 {
            let ledger = ledger.through(given.way(n));
            let payment = pay(n, format!("meanwhile-{round}-{n}"));
            tasks.push(Box::pin(async move {
                if n >= 3 {
                    ledger.pay(payment).await?;
                    return Ok(None);
                }
                seal(&ledger).await.map(Some)
            }));
        }
        let roots = together(&given, tasks).await?.into_iter().collect::<Result<Vec<_>, Error>>()?;
        for root in roots.into_iter().flatten() {
            holds(root.entries >= before, || {
                format!("{root:?} holds less than the {before} entries before it")
            })?;
            let report = audit_against(&ledger, &root).await?;
            holds(report.is_clean(), || format!("the audit found {:?}", report.findings))?;
        }
    }
    let last = seal(&ledger).await?;
    same("the entries sealed in the end", &last.entries, &ledger.book_balance().await?.entries)?;
    same("a seal of nothing new", &seal(&ledger).await?, &last)
}
