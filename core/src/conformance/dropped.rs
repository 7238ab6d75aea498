//! Callers that go away: one that drops a write loses the answer, and nothing else.

use super::failure::{Failure, holds, same};
use super::kinds::{key, payment, term};
use super::school::School;
use super::together::{polled_then_dropped, together};
use super::{BoxFuture, Given};
use crate::LedgerStore;
use crate::store::{BookChange, ChangeSet, Committed, Posted};

cases! {
    "dropped" {
        a_dropped_post_is_whole_or_absent: "A post whose caller went away is recorded once or not at all, and its key tells which.",
        a_dropped_set_is_whole_or_absent: "A set whose caller went away is kept whole or not at all (S1).",
        others_are_served_all_the_same: "Callers that go away take nothing from those who stay, and the store serves on.",
    }
}

async fn a_dropped_post_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    for n in 0..40_u32 {
        let (away, under) = (school.clone(), format!("key-{n}"));
        let posting = school.posting("s-1", &under, payment(), -1)?;
        let again = posting.clone();
        let post: BoxFuture<_> = Box::pin(async move { away.store.post(&away.id, posting).await });
        let answer = polled_then_dropped(post, n.checked_rem(6).unwrap_or(0)).await.transpose()?;
        let settled = school.store.post(&school.id, again).await?;
        if let Some(Posted::Admitted { .. }) = answer {
            same("a post that was answered, sent again", &settled, &Posted::NotAdmitted)?;
        }
        let found = school.store.entries_by_key(&school.id, &[key(&under)?]).await?;
        same("how many entries the key has once it is sent again", &found.len(), &1)?;
        school.sound("s-1").await?;
    }
    same("the number of entries", &school.sound("s-1").await?.len(), &40)
}

async fn a_dropped_set_is_whole_or_absent(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    for n in 0..40_u32 {
        let (one, two) = (format!("one-{n}"), format!("two-{n}"));
        let keys = [key(&one)?, key(&two)?];
        let postings =
            vec![school.posting("s-1", &one, payment(), -1)?, school.posting("s-2", &two, payment(), -1)?];
        let version = school.book().await?.version;
        let book = vec![BookChange::MakeCurrent(term(1)?)];
        let changes = ChangeSet { book_version: Some(version), book, postings, ..ChangeSet::default() };
        let (away, again) = (school.clone(), changes.clone());
        let commit: BoxFuture<_> = Box::pin(async move { away.store.commit(&away.id, changes).await });
        let answer = polled_then_dropped(commit, n.checked_rem(8).unwrap_or(0)).await.transpose()?;
        let settled = school.store.commit(&school.id, again).await?;
        if let Some(Committed::Admitted { .. }) = answer {
            same("a set that was answered, sent again", &settled, &Committed::NotAdmitted)?;
        }
        let found = school.store.entries_by_key(&school.id, &keys).await?;
        same("how many entries the set has once it is sent again", &found.len(), &2)?;
        same("the book's version, raised once", &school.book().await?.version, &version.saturating_add(1))?;
        school.sound("s-1").await?;
        school.sound("s-2").await?;
    }
    Ok(())
}

async fn others_are_served_all_the_same(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let mut tasks: Vec<BoxFuture<Result<u32, Failure>>> = Vec::new();
    for n in 0..24_u32 {
        let school = school.by(given.way(usize::try_from(n).unwrap_or(0)));
        tasks.push(Box::pin(async move {
            let under = format!("key-{n}");
            if n.is_multiple_of(3) {
                let away = school.clone();
                let call: BoxFuture<_> = Box::pin(async move { away.pay("s-1", &under, 1).await });
                let answer = polled_then_dropped(call, n.checked_rem(5).unwrap_or(0)).await;
                return answer.unwrap_or(Ok(0));
            }
            school.pay("s-1", &under, 1).await
        }));
    }
    let answers = together(&given, tasks).await?.into_iter().collect::<Result<Vec<u32>, Failure>>()?;
    let answered: Vec<u32> = answers.into_iter().filter(|position| *position > 0).collect();
    holds(answered.len() >= 16, || format!("only {} of 16 who waited were answered", answered.len()))?;
    for n in 0..24_u32 {
        // Whoever went away asks again, and is then recorded.
        let posting = school.posting("s-1", &format!("key-{n}"), payment(), -1)?;
        school.store.post(&school.id, posting).await?;
    }
    let entries = school.sound("s-1").await?;
    same("the number of entries", &entries.len(), &24)
}
