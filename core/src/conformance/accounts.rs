//! Accounts: kept exactly, opened once, changed against the revision that the change was decided on.

use super::Given;
use super::failure::{Failure, holds, same};
use super::kinds::{account, group, term};
use super::school::{School, group_fee, money, own_fee, pupil};
use super::snapshot::Snapshot;
use crate::store::{AccountChange, BookChange, ChangeSet};
use crate::{Account, AccountId, GROUPS_MAX, LedgerStore, Standing};

cases! {
    "accounts" {
        accounts_are_kept_exactly: "Names, groups, days and standings are read back as they were given, at version and revision 0.",
        names_of_accounts_are_exact: "Accounts whose names differ in case, accents, width, spaces or form are different accounts.",
        an_account_is_opened_once: "A second opening is not admitted and does not replace the first: no upsert.",
        changes_raise_the_revision: "Other groups and other standings raise the revision, and nothing else.",
        a_stale_revision_is_not_admitted: "A change decided on another revision, or on another version, is not admitted (S3).",
        accounts_are_found_by_id: "Of the accounts asked for those that exist are found, with their figures.",
        what_one_way_writes_the_other_reads: "A write is there for every reader once it has returned (S1).",
    }
}

fn open(pupils: &[Account]) -> ChangeSet {
    ChangeSet { accounts: pupils.iter().cloned().map(AccountChange::Open).collect(), ..ChangeSet::default() }
}

async fn accounts_are_kept_exactly(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names: Vec<String> = (0..GROUPS_MAX).map(|n| format!("{}{n:02}", "é".repeat(62))).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pupils = vec![
        pupil("s-1", &["PRIMARY"], "2026-01-12")?,
        pupil("17", &["BOARD", "ECD", "PRIMARY"], "0001-01-01")?,
        pupil(&"🎒".repeat(AccountId::LENGTH_MAX), &names, "9999-12-31")?,
        pupil("O'Brien \"x\" \\ % _ ; -- 🎒", &["a'b", "été"], "2024-02-29")?,
    ];
    for standing in Standing::ALL.iter().copied() {
        let enrolled = pupil(standing.as_str(), &["PRIMARY"], "2026-01-12")?;
        pupils.push(Account { standing, ..enrolled });
    }
    school.keep(open(&pupils)).await?;
    for one in &pupils {
        let found = school.by(given.other.clone()).find(&one.id).await?;
        same("an account once opened", &found.as_ref(), &Some(one))?;
    }
    same("how many accounts are listed", &school.accounts().await?.len(), &pupils.len())
}

async fn names_of_accounts_are_exact(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names = [
        "anna",
        "Anna",
        "ANNA",
        "ánna",
        "a\u{301}nna",
        "ａnna",
        "an na",
        "an  na",
        "ann",
        "annaa",
        "straße",
        "strasse",
        "1",
        "01",
        "1.0",
        "null",
    ];
    for (name, minor) in names.into_iter().zip(1_i64..) {
        school.open_accounts(&[name]).await.map_err(|failure| failure.during(name))?;
        same(
            &format!("the first position of {name}"),
            &school.pay(name, &format!("till-{minor}"), minor).await?,
            &1,
        )?;
    }
    for (name, minor) in names.into_iter().zip(1_i64..) {
        let there = school.account(name).await?;
        same("the name of an account", &there.id.as_str(), &name)?;
        same(&format!("the balance of {name}"), &there.credit(), &money(minor))?;
        same(&format!("the entries of {name}"), &school.sound(name).await?.len(), &1)?;
    }
    Ok(())
}

async fn an_account_is_opened_once(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let first = pupil("s-1", &["PRIMARY"], "2026-01-12")?;
    school.open_account(first.clone()).await?;
    school.pay("s-1", "till-1", 500).await?;
    let before = Snapshot::of(&school).await?;
    let other = pupil("s-1", &["ECD"], "2026-01-13")?;
    school.refuse_set("an account opened again", open(&[first])).await?;
    school.refuse_set("an account opened again otherwise", open(&[other])).await?;
    let twice = pupil("s-2", &["ECD"], "2026-01-13")?;
    school.refuse_set("an account opened twice in a change set", open(&[twice.clone(), twice])).await?;
    before.unchanged(&school, "a second opening").await
}

async fn changes_raise_the_revision(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mut expected = pupil("s-1", &["PRIMARY"], "2026-01-12")?;
    school.open_account(expected.clone()).await?;
    let fees = vec![
        BookChange::AddFee(group_fee(term(1)?, "ECD", "tuition", &[(1, "2026-01-12")])?),
        BookChange::AddFee(own_fee(term(1)?, "s-1", "bus", &[(1, "2026-01-12")])?),
        BookChange::MakeCurrent(term(1)?),
    ];
    school.change(fees).await?;
    let id = expected.id.clone();
    let moves = |to, revision| AccountChange::Move { account: id.clone(), to, revision, version: None };
    let (board, ecd) = (vec![group("BOARD")?, group("ECD")?], vec![group("ECD")?]);
    let changes = [
        moves(Standing::OnLeave, 0),
        AccountChange::Regroup { account: id.clone(), groups: board.clone(), revision: 1 },
        AccountChange::Regroup { account: id.clone(), groups: ecd.clone(), revision: 2 },
        moves(Standing::Graduated, 3),
        AccountChange::Move { account: id.clone(), to: Standing::Alumni, revision: 4, version: Some(0) },
    ];
    for change in changes {
        match &change {
            AccountChange::Regroup { groups, .. } => expected.groups.clone_from(groups),
            AccountChange::Move { to, .. } => expected.standing = *to,
            AccountChange::Open(_) => {}
        }
        expected.revision = expected.revision.saturating_add(1);
        let what = format!("the account after {change:?}");
        school.keep(ChangeSet { accounts: vec![change], ..ChangeSet::default() }).await?;
        same(&what, &school.account("s-1").await?, &expected)?;
    }
    // Neither bills by itself.
    same("the entries after all this", &school.entries("s-1").await?, &vec![])
}

async fn a_stale_revision_is_not_admitted(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let id = account("s-1")?;
    let moves = |to, revision, version| AccountChange::Move { account: id.clone(), to, revision, version };
    let set = |change| ChangeSet { accounts: vec![change], ..ChangeSet::default() };
    school.keep(set(moves(Standing::OnLeave, 0, None))).await?;
    school.pay("s-1", "till-1", 100).await?;
    let before = Snapshot::of(&school).await?;
    let regroup = |account: &AccountId, revision| {
        Ok::<_, Failure>(AccountChange::Regroup {
            account: account.clone(),
            groups: vec![group("ECD")?],
            revision,
        })
    };
    let absent = account("s-2")?;
    let refused = [
        ("a move decided on an older revision", moves(Standing::Active, 0, None)),
        ("a move decided on a later revision", moves(Standing::Active, 2, None)),
        ("a move decided on an older version", moves(Standing::Active, 1, Some(0))),
        ("a move decided on a later version", moves(Standing::Active, 1, Some(2))),
        ("a change of groups decided on an older revision", regroup(&id, 0)?),
        ("a change of groups of an absent account", regroup(&absent, 0)?),
    ];
    for (what, change) in refused {
        school.refuse_set(what, set(change)).await?;
        before.unchanged(&school, what).await?;
    }
    school.keep(set(moves(Standing::Active, 1, Some(1)))).await?;
    same("the standing", &school.account("s-1").await?.standing, &Standing::Active)
}

async fn accounts_are_found_by_id(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let names: Vec<String> = (0..300).map(|n| format!("s-{n}")).collect();
    let pupils = names.iter().map(|name| pupil(name, &["PRIMARY", "ECD"], "2026-01-12"));
    school.keep(open(&pupils.collect::<Result<Vec<_>, _>>()?)).await?;
    school.pay("s-7", "till-1", 100).await?;
    school.pay("s-7", "till-2", 150).await?;
    let mut asked: Vec<AccountId> =
        names.iter().step_by(2).map(|name| account(name)).collect::<Result<_, _>>()?;
    asked.extend([account("s-7")?, account("S-7")?, account("absent")?]);
    let mut found = school.store.accounts(&school.id, &asked).await?;
    found.sort_by(|one, other| one.id.cmp(&other.id));
    asked.sort();
    asked.retain(|id| names.iter().any(|name| name == id.as_str()));
    let ids: Vec<AccountId> = found.iter().map(|one| one.id.clone()).collect();
    same("the accounts found", &ids, &asked)?;
    let seventh = found.iter().find(|one| one.id.as_str() == "s-7");
    let figures = seventh.map(|one| (one.version, one.balance));
    same("the version and balance of s-7", &figures, &Some((2, money(-250))))?;
    same("accounts of no ids", &school.store.accounts(&school.id, &[]).await?, &vec![])
}

async fn what_one_way_writes_the_other_reads(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let other = school.by(given.other.clone());
    for n in 1..=50_u32 {
        let (writer, reader) = if n.is_multiple_of(2) { (&school, &other) } else { (&other, &school) };
        same("a position", &writer.pay("s-1", &format!("till-{n}"), 1).await?, &n)?;
        let there = reader.account("s-1").await?;
        same("the version right after a post", &there.version, &n)?;
        same("the balance right after a post", &there.credit(), &money(i64::from(n)))?;
        same(
            "the entries right after a post",
            &reader.sound("s-1").await?.len(),
            &usize::try_from(n).unwrap_or(0),
        )?;
        let id = account(&format!("t-{n}"))?;
        holds(reader.find(&id).await?.is_none(), || format!("{id} is found before it was opened"))?;
        writer.open_accounts(&[id.as_str()]).await?;
        holds(reader.find(&id).await?.is_some(), || format!("{id} is not found right after it was opened"))?;
        let before = reader.book().await?.version;
        writer.change(vec![BookChange::MakeCurrent(term(1)?)]).await?;
        same(
            "the book's version right after a change",
            &reader.book().await?.version,
            &before.saturating_add(1),
        )?;
    }
    Ok(())
}
