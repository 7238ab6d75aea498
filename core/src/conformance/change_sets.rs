//! Change sets: kept all together or not at all (S1), whichever part of them is not admitted.

use super::Given;
use super::failure::{Failure, same};
use super::kinds::{account, adjustment, billed, by_hand, day, group, key, payment, reversal, term};
use super::school::{ALL, School, group_fee, money, pupil};
use super::snapshot::Snapshot;
use crate::rule::Posting;
use crate::store::{AccountChange, BookChange, ChangeSet, FileMark};
use crate::{Figure, LedgerStore, Standing, Term, TermId};

cases! {
    "change_sets" {
        everything_in_a_set_is_kept: "Terms, fees, accounts, entries and the mark of one set are all there after it.",
        positions_follow_the_postings: "Postings get their positions in their order, accounts opened in the same set included (S2).",
        a_set_with_nothing_is_admitted: "An empty set is admitted and changes nothing.",
        one_bad_change_of_the_book_undoes_all: "A change of the book that is not admitted leaves nothing of its set (S1).",
        one_bad_change_of_an_account_undoes_all: "A change of an account that is not admitted leaves nothing of its set (S1).",
        one_bad_posting_undoes_all: "A posting that is not admitted leaves nothing of its set, wherever it stands in it (S1).",
        postings_of_a_set_meet_each_other: "Two postings of a set with one key, one slot or one reversal are not admitted (S5).",
        a_large_set_is_kept: "A set of thousands of postings over hundreds of accounts is kept as one.",
    }
}

/// A school with something of everything, so that everything can go wrong.
async fn school(given: &Given) -> Result<School, Failure> {
    let school = School::open(given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let charged = group_fee(term(1)?, "PRIMARY", "tuition", &[(100, "2026-01-12")])?;
    let uncharged = group_fee(term(1)?, "PRIMARY", "meals", &[(20, "2026-01-12")])?;
    school.change(vec![BookChange::AddFee(charged), BookChange::AddFee(uncharged)]).await?;
    school.record("s-1", "bill-1", billed("tuition", Some("PRIMARY"), 0, 0)?, 100).await?;
    school.pay("s-1", "till-1", 30).await?;
    school.pay("s-1", "till-2", 40).await?;
    school.record("s-1", "undo-1", reversal(2, Figure::Paid), 30).await?;
    let changes = vec![
        BookChange::MakeCurrent(term(2)?),
        BookChange::CloseTerm(term(3)?),
        BookChange::LockThrough(day("2026-01-15")?),
    ];
    school.change(changes).await?;
    Ok(school)
}

/// A set with a good change of every sort.
async fn good(school: &School) -> Result<ChangeSet, Failure> {
    let new_term = Term::new(TermId::new(2027, 2)?, day("2027-05-03")?, day("2027-08-05")?)?;
    let (art, meals) = ("art", "meals");
    let book = vec![
        BookChange::DefineTerm(new_term),
        BookChange::AddFee(group_fee(term(1)?, "ECD", art, &[(5, "2026-01-12")])?),
        BookChange::EditFee(group_fee(term(1)?, "PRIMARY", meals, &[(25, "2026-01-13")])?),
        BookChange::MakeCurrent(term(1)?),
        BookChange::LockThrough(day("2026-01-20")?),
    ];
    let (one, two) = (account("s-1")?, account("s-2")?);
    let accounts = vec![
        AccountChange::Open(pupil("s-3", &["ECD"], "2026-01-21")?),
        AccountChange::Regroup { account: one, groups: vec![group("ECD")?], revision: 0 },
        AccountChange::Move { account: two, to: Standing::OnLeave, revision: 0, version: Some(0) },
    ];
    let postings = vec![
        school.posting("s-3", "set-1", billed("art", Some("ECD"), 0, 0)?, 5)?,
        school.posting("s-1", "set-2", payment(), -10)?,
        school.posting("s-3", "set-3", payment(), -5)?,
        school.posting("s-1", "set-4", reversal(3, Figure::Paid), 40)?,
        school.posting("s-2", "set-5", adjustment(), -7)?,
    ];
    let mark = Some(FileMark { digest: [9; 32], lines: 9, replaces: None });
    Ok(ChangeSet { book_version: Some(school.book().await?.version), book, accounts, postings, mark })
}

async fn everything_in_a_set_is_kept(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let version = school.book().await?.version;
    let positions = school.keep(good(&school).await?).await?;
    same("the positions", &positions, &vec![1, 5, 2, 6, 1])?;
    let school = school.by(given.other.clone());
    let book = school.book().await?;
    same("the book's version, raised once", &book.version, &version.saturating_add(1))?;
    same("the current term", &book.calendar.current(), &Some(term(1)?))?;
    same("the lock", &book.calendar.locked_through(), &Some(day("2026-01-20")?))?;
    same("the number of terms", &book.calendar.terms().len(), &5)?;
    let fees = school.store.fees(&school.id, term(1)?, None, ALL).await?;
    let prices: Vec<i64> =
        fees.iter().flat_map(|fee| &fee.instalments).map(|part| part.amount.minor()).collect();
    same("the prices of the fees by key", &prices, &vec![5, 25, 100])?;
    let [one, two, three] =
        [school.account("s-1").await?, school.account("s-2").await?, school.account("s-3").await?];
    same("the groups of s-1", &one.groups, &vec![group("ECD")?])?;
    same("the standing of s-2", &two.standing, &Standing::OnLeave)?;
    same("the versions", &(one.version, two.version, three.version), &(6, 1, 2))?;
    same("the balances", &[one.balance, two.balance, three.balance], &[money(90), money(-7), money(0)])?;
    for name in ["s-1", "s-2", "s-3"] {
        school.sound(name).await?;
    }
    let marks = school.store.file_marks(&school.id, 0, ALL).await?;
    same("the number of marks", &marks.len(), &1)
}

async fn positions_follow_the_postings(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["z", "a"]).await?;
    school.pay("z", "before", 1).await?;
    let order = ["z", "n", "a", "z", "a", "n", "n", "z", "a", "n"];
    let postings =
        order.iter().zip(1_u32..).map(|(who, n)| school.posting(who, &format!("set-{n}"), payment(), -1));
    let postings = postings.collect::<Result<Vec<_>, _>>()?;
    let accounts = vec![AccountChange::Open(pupil("n", &["PRIMARY"], "2026-01-12")?)];
    let positions = school.keep(ChangeSet { accounts, postings, ..ChangeSet::default() }).await?;
    same("the positions", &positions, &vec![2, 1, 1, 3, 2, 2, 3, 4, 3, 4])?;
    for ((who, position), n) in order.iter().zip(positions).zip(1_u32..) {
        let found = school.store.entries_by_key(&school.id, &[key(&format!("set-{n}"))?]).await?;
        let place: Vec<(&str, u32)> =
            found.iter().map(|entry| (entry.account.as_str(), entry.position)).collect();
        same("where a posting is", &place, &vec![(*who, position)])?;
    }
    // The first posting of an account may carry the version that all of them were decided on.
    let first = Posting { version: Some(4), ..school.posting("z", "next-1", payment(), -1)? };
    let postings = vec![first, school.posting("z", "next-2", payment(), -1)?];
    let positions = school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
    same("the positions after a version", &positions, &vec![5, 6])?;
    school.sound("z").await.map(|_| ())
}

async fn a_set_with_nothing_is_admitted(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let before = Snapshot::of(&school).await?;
    same("the positions of nothing", &school.keep(ChangeSet::default()).await?, &vec![])?;
    before.unchanged(&school, "an empty set").await
}

/// Every set of these is refused whole; at last the good set alone is admitted.
async fn refuse_all(school: &School, bad: Vec<(&str, ChangeSet)>) -> Result<(), Failure> {
    let before = Snapshot::of(school).await?;
    for (what, changes) in bad {
        school.refuse_set(what, changes).await?;
        before.unchanged(school, what).await?;
    }
    school.keep(good(school).await?).await.map(|_| ())
}

async fn one_bad_change_of_the_book_undoes_all(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let stale = school.book().await?.version.saturating_sub(1);
    let there = Term::new(term(1)?, day("2026-01-12")?, day("2026-04-09")?)?;
    let absent = TermId::new(2031, 1)?;
    let (meals, tuition) = ([(1, "2026-01-12")], [(101, "2026-01-12")]);
    let bad = [
        ("a term that is there", BookChange::DefineTerm(there)),
        ("the close of an absent term", BookChange::CloseTerm(absent)),
        ("an absent term made current", BookChange::MakeCurrent(absent)),
        ("a fee that is there", BookChange::AddFee(group_fee(term(1)?, "PRIMARY", "meals", &meals)?)),
        ("an edit of an absent fee", BookChange::EditFee(group_fee(term(1)?, "BOARD", "meals", &meals)?)),
        (
            "an edit of a charged fee",
            BookChange::EditFee(group_fee(term(1)?, "PRIMARY", "tuition", &tuition)?),
        ),
    ];
    let mut sets = vec![(
        "a stale version of the book",
        ChangeSet { book_version: Some(stale), ..good(&school).await? },
    )];
    for (what, change) in bad {
        let mut last = good(&school).await?;
        last.book.push(change.clone());
        sets.push((what, last));
        let mut first = good(&school).await?;
        first.book.insert(0, change);
        sets.push((what, first));
    }
    refuse_all(&school, sets).await
}

async fn one_bad_change_of_an_account_undoes_all(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let (one, absent) = (account("s-1")?, account("absent")?);
    let moves = |account, revision, version| AccountChange::Move {
        account,
        to: Standing::OnLeave,
        revision,
        version,
    };
    let bad = [
        ("an account that is there", AccountChange::Open(pupil("s-1", &["ECD"], "2026-01-21")?)),
        ("an account opened twice", AccountChange::Open(pupil("s-3", &["ECD"], "2026-01-21")?)),
        (
            "a stale revision",
            AccountChange::Regroup { account: one.clone(), groups: vec![group("X")?], revision: 7 },
        ),
        ("a change of an absent account", moves(absent, 0, None)),
        ("a stale version of an account", moves(one, 1, Some(3))),
    ];
    let mut sets = Vec::new();
    for (what, change) in bad {
        let mut set = good(&school).await?;
        set.accounts.push(change);
        sets.push((what, set));
    }
    refuse_all(&school, sets).await
}

async fn one_bad_posting_undoes_all(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let post = |who: &str, kind, minor| school.posting(who, "bad", kind, minor);
    let mut locked = post("s-1", payment(), -1)?;
    locked.entry.effective_on = day("2026-01-15")?;
    let mut closed = post("s-1", by_hand("trip")?, 1)?;
    closed.entry.term = term(3)?;
    let mut absent_term = post("s-1", payment(), -1)?;
    absent_term.entry.term = TermId::new(2031, 1)?;
    let mut early = post("s-1", payment(), -1)?;
    early.entry.term = term(3)?;
    let stale = Posting { version: Some(3), ..post("s-1", payment(), -1)? };
    let bad = [
        ("an absent account", post("absent", payment(), -1)?),
        ("a locked day", locked),
        ("a charge in a closed term", closed),
        ("an absent term", absent_term),
        ("a payment for a later term", early),
        ("a stale version", stale),
        ("a known key", school.posting("s-2", "till-1", payment(), -1)?),
        ("a slot that is taken", post("s-1", billed("tuition", Some("PRIMARY"), 0, 0)?, 1)?),
        ("a second reversal", post("s-1", reversal(2, Figure::Paid), 30)?),
    ];
    let mut sets = Vec::new();
    for (what, posting) in bad {
        let postings = good(&school).await?.postings.len();
        for at in [0, 2, postings] {
            let mut set = good(&school).await?;
            set.postings.insert(at, posting.clone());
            sets.push((what, set));
        }
        // Alone with others like it, as a batch of postings only.
        let postings = vec![school.posting("s-1", "fine", payment(), -1)?, posting];
        sets.push((what, ChangeSet { postings, ..ChangeSet::default() }));
    }
    refuse_all(&school, sets).await
}

async fn postings_of_a_set_meet_each_other(given: Given) -> Result<(), Failure> {
    let school = school(&given).await?;
    let pairs = [
        (
            "one key twice on an account",
            school.posting("s-1", "k", payment(), -1)?,
            school.posting("s-1", "k", payment(), -1)?,
        ),
        (
            "one key on two accounts",
            school.posting("s-1", "k", payment(), -1)?,
            school.posting("s-2", "k", adjustment(), -2)?,
        ),
        (
            "one slot twice",
            school.posting("s-2", "k-1", billed("meals", Some("PRIMARY"), 0, 0)?, 20)?,
            school.posting("s-2", "k-2", billed("meals", None, 0, 0)?, 20)?,
        ),
        (
            "one reversal twice",
            school.posting("s-1", "k-1", reversal(3, Figure::Paid), 40)?,
            school.posting("s-1", "k-2", reversal(3, Figure::Paid), 40)?,
        ),
    ];
    let mut sets = Vec::new();
    for (what, one, other) in pairs {
        sets.push((what, ChangeSet { postings: vec![one.clone(), other.clone()], ..ChangeSet::default() }));
        let between = school.posting("s-2", "between", payment(), -1)?;
        sets.push((what, ChangeSet { postings: vec![one, between, other], ..ChangeSet::default() }));
    }
    refuse_all(&school, sets).await
}

async fn a_large_set_is_kept(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names: Vec<String> = (0..300).map(|n| format!("s-{n}")).collect();
    let pupils =
        names.iter().map(|name| Ok(AccountChange::Open(pupil(name, &["PRIMARY", "ECD"], "2026-01-12")?)));
    let accounts = pupils.collect::<Result<Vec<_>, Failure>>()?;
    let posting = |(name, n): (&String, u32)| school.posting(name, &format!("set-{n}"), payment(), -1);
    let postings =
        names.iter().cycle().take(3_000).zip(1_u32..).map(posting).collect::<Result<Vec<_>, _>>()?;
    let mut repeated = postings.clone();
    repeated.extend(postings.first().cloned());
    let before = Snapshot::of(&school).await?;
    let set = |postings| ChangeSet { accounts: accounts.clone(), postings, ..ChangeSet::default() };
    school.refuse_set("a large set whose last key is its first", set(repeated)).await?;
    before.unchanged(&school, "a large set that was not admitted").await?;
    let positions = school.keep(set(postings)).await?;
    let expected: Vec<u32> = (1..=10).flat_map(|position| std::iter::repeat_n(position, 300)).collect();
    same("the positions", &positions, &expected)?;
    same("the number of entries", &school.all_entries().await?.len(), &3_000)?;
    for name in names.iter().step_by(37) {
        school.sound(name).await?;
    }
    Ok(())
}
