//! The calendar: terms, which is current, the lock, and the book's version against which they are decided.

use super::Given;
use super::failure::{Failure, same};
use super::kinds::{day, group, term};
use super::school::{School, group_fee, pupil, terms};
use super::snapshot::Snapshot;
use crate::store::{AccountChange, BookChange, ChangeSet, FileMark};
use crate::{Calendar, Term};

cases! {
    "terms" {
        the_calendar_is_kept: "Terms, the current one and the lock are read back exactly.",
        changes_of_the_book_raise_its_version: "A commit that changes the book raises its version by one; others leave it.",
        a_stale_book_version_is_not_admitted: "A decision on a book that has moved on is not admitted (S3).",
        a_term_is_defined_once: "A term that is there is not defined again, and an absent one is neither closed nor made current.",
    }
}

async fn the_calendar_is_kept(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let [year_end, far] = [
        Term::new(crate::TermId::new(2028, 1)?, day("2028-01-10")?, day("2028-04-06")?)?
            .named("Première «été» 第一 🎒")?,
        Term::new(crate::TermId::new(9999, 999)?, day("9999-12-30")?, day("9999-12-31")?)?
            .named("x".repeat(500))?,
    ];
    let early = Term::new(crate::TermId::new(1, 1)?, day("0001-01-01")?, day("0001-01-02")?)?;
    let mut expected = terms()?;
    expected.extend([year_end.clone(), far.clone(), early.clone()]);
    school.change([far, early, year_end].into_iter().map(BookChange::DefineTerm).collect()).await?;
    let calendar = Calendar::new(expected.clone(), None, None);
    same("the calendar", &school.book().await?.calendar, &calendar)?;
    school.change(vec![BookChange::MakeCurrent(term(1)?)]).await?;
    let calendar = Calendar::new(expected.clone(), Some(term(1)?), None);
    same("the calendar with a current term", &school.book().await?.calendar, &calendar)?;
    school.change(vec![BookChange::LockThrough(day("2026-01-31")?)]).await?;
    school.change(vec![BookChange::CloseTerm(term(1)?), BookChange::CloseTerm(term(3)?)]).await?;
    school
        .change(vec![BookChange::MakeCurrent(term(2)?), BookChange::LockThrough(day("2026-02-28")?)])
        .await?;
    for one in &mut expected {
        one.closed = [term(1)?, term(3)?].contains(&one.id);
    }
    let calendar = Calendar::new(expected, Some(term(2)?), Some(day("2026-02-28")?));
    same("the calendar at last", &school.by(given.other).book().await?.calendar, &calendar)
}

async fn changes_of_the_book_raise_its_version(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let mut version = school.book().await?.version;
    let fee = group_fee(term(1)?, "PRIMARY", "tuition", &[(12_000, "2026-01-12")])?;
    let changes = [
        vec![BookChange::AddFee(fee.clone())],
        vec![BookChange::EditFee(fee)],
        vec![BookChange::MakeCurrent(term(1)?)],
        vec![BookChange::LockThrough(day("2026-01-01")?)],
        vec![BookChange::CloseTerm(term(3)?), BookChange::MakeCurrent(term(2)?)],
    ];
    for change in changes {
        let what = format!("the book's version after {change:?}");
        school.change(change).await?;
        version = version.saturating_add(1);
        same(&what, &school.book().await?.version, &version)?;
    }
    school.pay("s-1", "till-1", 100).await?;
    let accounts = vec![
        AccountChange::Open(pupil("s-2", &["ECD"], "2026-01-12")?),
        AccountChange::Regroup {
            account: super::kinds::account("s-1")?,
            groups: vec![group("ECD")?],
            revision: 0,
        },
    ];
    let mark = Some(FileMark { digest: [1; 32], lines: 1, replaces: None });
    let changes = ChangeSet { book_version: Some(version), accounts, mark, ..ChangeSet::default() };
    school.keep(changes).await?;
    same("the book's version after work on accounts", &school.book().await?.version, &version)
}

async fn a_stale_book_version_is_not_admitted(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let version = school.book().await?.version;
    school.change(vec![BookChange::MakeCurrent(term(1)?)]).await?;
    let before = Snapshot::of(&school).await?;
    let now = school.book().await?.version;
    for stale in [version, now.saturating_add(1)] {
        let set = |changes| ChangeSet { book_version: Some(stale), ..changes };
        let book = vec![BookChange::MakeCurrent(term(2)?)];
        school
            .refuse_set(
                "a change decided on another version of the book",
                set(ChangeSet { book, ..ChangeSet::default() }),
            )
            .await?;
        let accounts = vec![AccountChange::Open(pupil("s-1", &["PRIMARY"], "2026-01-12")?)];
        let opening = set(ChangeSet { accounts, ..ChangeSet::default() });
        school.refuse_set("an enrolment decided on another version of the book", opening).await?;
        let mark = Some(FileMark { digest: [1; 32], lines: 1, replaces: None });
        let marking = set(ChangeSet { mark, ..ChangeSet::default() });
        school.refuse_set("a mark with another version of the book", marking).await?;
    }
    before.unchanged(&school, "what was decided on another version").await
}

async fn a_term_is_defined_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let before = Snapshot::of(&school).await?;
    let again = Term::new(term(1)?, day("2026-01-13")?, day("2026-04-01")?)?;
    let absent = crate::TermId::new(2030, 1)?;
    let changes = [
        ("a term defined again otherwise", BookChange::DefineTerm(again)),
        ("the close of an absent term", BookChange::CloseTerm(absent)),
        ("an absent term made current", BookChange::MakeCurrent(absent)),
    ];
    for (what, change) in changes {
        let changes = ChangeSet { book: vec![change], ..ChangeSet::default() };
        school.refuse_set(what, changes).await?;
        before.unchanged(&school, what).await?;
    }
    Ok(())
}
