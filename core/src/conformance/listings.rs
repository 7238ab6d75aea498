//! Listings: every one in its order, page by page, each row once (S10).

use std::fmt::Debug;
use std::future::Future;

use super::Given;
use super::failure::{Failure, holds, same};
use super::kinds::{account, billed, by_hand, reversal, signed, term};
use super::school::{ALL, School, pupil};
use crate::store::{AccountChange, AccountFilter, ChangeSet, ChargeMade, FileMark};
use crate::{Account, AccountId, Entry};

cases! {
    "listings" {
        accounts_come_in_byte_order: "Accounts are listed in the byte order of their ids, page by page, each once.",
        debtors_and_credit_are_filtered: "Debtors are those who owe, the others those in credit; who is at nothing is neither.",
        entries_are_paged_by_position: "An account's entries come in the order of their positions, page by page, each once.",
        a_scan_goes_by_account_and_position: "A scan gives every entry of the book once, by account in byte order and position.",
        charges_tell_whether_they_are_live: "Every charge of the accounts in the term, reversed or not, and no other.",
        file_marks_are_kept: "Marks of school files come by lines, and one takes the place of the one it names.",
    }
}

/// Reads a listing page by page: no page is over its limit, the keys are new on every page, and a short page is the last.
pub(super) async fn paged<T, K, F, R>(
    what: &str,
    limit: u32,
    mut read: R,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, Failure>
where
    K: Clone + Debug + PartialEq,
    R: FnMut(Option<K>) -> F,
    F: Future<Output = Result<Vec<T>, Failure>>,
{
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rows: Vec<T> = Vec::new();
    let mut keys: Vec<K> = Vec::new();
    loop {
        let page = read(keys.last().cloned()).await?;
        let found = page.len();
        holds(found <= most, || format!("a page of {what} has {found} rows where {limit} were asked"))?;
        for row in page {
            let key = key(&row);
            holds(!keys.contains(&key), || format!("the {what} come again at {key:?}, in pages of {limit}"))?;
            keys.push(key);
            rows.push(row);
        }
        if found < most {
            let after = read(keys.last().cloned()).await?.len();
            holds(after == 0, || {
                format!("a page of {what} was short ({found} of {limit}), but was not the last")
            })?;
            return Ok(rows);
        }
    }
}

/// Names whose order differs by case, by width in UTF-8 and UTF-16, by number and by collation.
pub(super) const NAMES: [&str; 22] = [
    "10", "9", "09", "a", "A", "B", "b", "aa", "a b", "a-b", "a_b", "Z", "z", "ä", "é", "e\u{301}", "ß",
    "語", "\u{ff5e}", "🎒", "🎒a", "\u{e000}",
];

pub(super) fn in_byte_order(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
    names
}

fn names_of(accounts: &[Account]) -> Vec<String> {
    accounts.iter().map(|account| account.id.as_str().to_owned()).collect()
}

async fn accounts_come_in_byte_order(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let pupils =
        NAMES.iter().map(|name| Ok(AccountChange::Open(pupil(name, &["PRIMARY", "ECD"], "2026-01-12")?)));
    let accounts = pupils.collect::<Result<Vec<_>, Failure>>()?;
    school.keep(ChangeSet { accounts, ..ChangeSet::default() }).await?;
    let expected = in_byte_order(&NAMES);
    for limit in [1, 2, 5, 21, 22, 23, ALL] {
        let found = list(&school, AccountFilter::All, limit).await?;
        same(&format!("the accounts in pages of {limit}"), &names_of(&found), &expected)?;
    }
    // From after a name that no account has.
    let after = account("a c")?;
    let rest = school.store.list_accounts(&school.id, AccountFilter::All, Some(&after), ALL).await?;
    let expected: Vec<String> = expected.into_iter().filter(|name| name.as_bytes() > b"a c").collect();
    same("the accounts after one that is not there", &names_of(&rest), &expected)?;
    let none = school.store.list_accounts(&school.id, AccountFilter::All, None, 0).await?;
    same("a page of no accounts", &none, &vec![])
}

async fn list(school: &School, filter: AccountFilter, limit: u32) -> Result<Vec<Account>, Failure> {
    let read = |after: Option<AccountId>| async move {
        Ok(school.store.list_accounts(&school.id, filter, after.as_ref(), limit).await?)
    };
    paged("accounts", limit, read, |account| account.id.clone()).await
}

async fn debtors_and_credit_are_filtered(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mut balances: Vec<(&str, i64)> = Vec::new();
    for (name, n) in NAMES.into_iter().zip(0_i64..) {
        school.open_accounts(&[name]).await?;
        let minor = n.checked_rem(4).unwrap_or(0).saturating_sub(1);
        if minor != 0 {
            school.record(name, &format!("key-{n}"), super::kinds::adjustment(), minor).await?;
        } else if n > 4 {
            school.record(name, &format!("charge-{n}"), by_hand("trip")?, 50).await?;
            school.pay(name, &format!("till-{n}"), 50).await?;
        }
        balances.push((name, minor));
    }
    let with = |wanted: fn(i64) -> bool| {
        let names: Vec<&str> =
            balances.iter().filter(|(_, minor)| wanted(*minor)).map(|(name, _)| *name).collect();
        in_byte_order(&names)
    };
    for limit in [1, 3, ALL] {
        let debtors = list(&school, AccountFilter::Debtors, limit).await?;
        same("the debtors", &names_of(&debtors), &with(|minor| minor > 0))?;
        let in_credit = list(&school, AccountFilter::InCredit, limit).await?;
        same("those in credit", &names_of(&in_credit), &with(|minor| minor < 0))?;
    }
    // What is paid is no longer owed.
    let first = with(|minor| minor > 0).into_iter().next().unwrap_or_default();
    let owed = school.account(&first).await?.balance.minor();
    school.pay(&first, "all of it", owed).await?;
    let debtors = names_of(&list(&school, AccountFilter::Debtors, 2).await?);
    holds(!debtors.contains(&first), || format!("{first} owes nothing and is listed as a debtor"))
}

async fn entries_are_paged_by_position(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2", "empty"]).await?;
    for n in 1..=13_u32 {
        school.pay("s-1", &format!("one-{n}"), i64::from(n)).await?;
        school.pay("s-2", &format!("two-{n}"), i64::from(n)).await?;
    }
    let (school, one) = (&school, &account("s-1")?);
    let positions: Vec<u32> = (1..=13).collect();
    for limit in [1, 2, 12, 13, 14, ALL] {
        let read = |after: Option<u32>| async move {
            Ok(school.store.entries(&school.id, one, after.unwrap_or(0), limit).await?)
        };
        let found = paged("entries", limit, read, |entry: &Entry| entry.position).await?;
        let of_one = found.iter().all(|entry| entry.account == *one);
        holds(of_one, || "an entry of another account is listed".into())?;
        let found: Vec<u32> = found.iter().map(|entry| entry.position).collect();
        same(&format!("the positions in pages of {limit}"), &found, &positions)?;
    }
    for (name, after) in [("s-1", 13), ("s-1", u32::MAX), ("empty", 0), ("absent", 0)] {
        let found = school.store.entries(&school.id, &account(name)?, after, ALL).await?;
        same(&format!("the entries of {name} from after {after}"), &found, &vec![])?;
    }
    same("a page of no entries", &school.store.entries(&school.id, one, 0, 0).await?, &vec![])
}

async fn a_scan_goes_by_account_and_position(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mut expected: Vec<(String, u32)> = Vec::new();
    for (name, n) in NAMES.iter().zip(0_u32..) {
        school.open_accounts(&[name]).await?;
        let entries = n.checked_rem(4).unwrap_or(0);
        for m in 1..=entries {
            school.pay(name, &format!("key-{n}-{m}"), 1).await?;
            expected.push(((*name).to_owned(), m));
        }
    }
    expected.sort_by(|one, other| (one.0.as_bytes(), one.1).cmp(&(other.0.as_bytes(), other.1)));
    let place = |entry: &Entry| (entry.account.as_str().to_owned(), entry.position);
    let school = &school;
    for limit in [1, 2, 3, 10, ALL] {
        let read = |after: Option<(String, u32)>| async move {
            let after =
                after.map(|(name, position)| Ok::<_, Failure>((account(&name)?, position))).transpose()?;
            let after = after.as_ref().map(|(account, position)| (account, *position));
            Ok(school.store.scan(&school.id, after, limit).await?)
        };
        let found = paged("scanned entries", limit, read, place).await?;
        let found: Vec<(String, u32)> = found.iter().map(place).collect();
        same(&format!("the entries scanned in pages of {limit}"), &found, &expected)?;
    }
    // From after an account that is not there, and from before the first entry of one.
    for (name, position) in [("a c", 7), ("B", 0)] {
        let found = school.store.scan(&school.id, Some((&account(name)?, position)), ALL).await?;
        let found: Vec<(String, u32)> = found.iter().map(place).collect();
        let rest = expected.iter().filter(|one| (one.0.as_bytes(), one.1) > (name.as_bytes(), position));
        same(
            &format!("the entries scanned from after {name} at {position}"),
            &found,
            &rest.cloned().collect(),
        )?;
    }
    Ok(())
}

async fn charges_tell_whether_they_are_live(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2", "s-3", "S-1"]).await?;
    let kinds = [
        by_hand("trip")?,
        by_hand("trip")?,
        billed("tuition", Some("PRIMARY"), 0, 0)?,
        billed("tuition", Some("PRIMARY"), 0, 1)?,
        billed("bus", None, 3, 0)?,
        super::kinds::concession(),
        super::kinds::adjustment(),
    ];
    for who in ["s-1", "s-2", "S-1"] {
        for (kind, n) in kinds.iter().zip(1_u32..) {
            let minor = signed(kind, 10);
            let at = school.record(who, &format!("{who}-{n}"), kind.clone(), minor).await?;
            if n.is_multiple_of(2) {
                let undo = reversal(at, kind.figure());
                school.record(who, &format!("undo-{who}-{n}"), undo, minor.saturating_neg()).await?;
            }
        }
        let mut later = school.posting(who, &format!("later-{who}"), by_hand("later")?, 10)?;
        later.entry.term = term(2)?;
        school.admit(later).await?;
    }
    let asked = [account("s-1")?, account("s-2")?, account("s-3")?, account("absent")?];
    let expected: Vec<ChargeMade> =
        expected_charges(&school).await?.into_iter().filter(|made| asked.contains(&made.account)).collect();
    same("how many charges there are", &expected.len(), &10)?;
    let found = school.store.charges(&school.id, term(1)?, &asked).await?;
    same("the charges", &sorted(found), &sorted(expected))?;
    let later = school.store.charges(&school.id, term(2)?, &asked).await?;
    same("the charges of the next term", &later.len(), &2)?;
    same("the charges of no accounts", &school.store.charges(&school.id, term(1)?, &[]).await?, &vec![])
}

/// The charges of the first term, from the entries.
async fn expected_charges(school: &School) -> Result<Vec<ChargeMade>, Failure> {
    let entries = school.all_entries().await?;
    let reversed = |entry: &Entry| {
        let undoes = |other: &Entry| matches!(other.kind, crate::EntryKind::Reversal { of, .. } if of == entry.position);
        entries.iter().any(|other| other.account == entry.account && undoes(other))
    };
    let first = term(1)?;
    let made = |entry: &Entry| match &entry.kind {
        crate::EntryKind::Charge { code, origin, .. } if entry.term == first => Some(ChargeMade {
            account: entry.account.clone(),
            code: code.clone(),
            slot: origin.slot,
            live: !reversed(entry),
        }),
        _ => None,
    };
    Ok(entries.iter().filter_map(made).collect())
}

fn sorted(mut charges: Vec<ChargeMade>) -> Vec<ChargeMade> {
    charges.sort_by_key(|made| (made.account.clone(), made.code.clone(), made.slot, made.live));
    charges
}

async fn file_marks_are_kept(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let mark = |n: u8, lines, replaces: Option<u8>| FileMark {
        digest: [n; 32],
        lines,
        replaces: replaces.map(|n| [n; 32]),
    };
    let keep =
        async |mark: FileMark| school.keep(ChangeSet { mark: Some(mark), ..ChangeSet::default() }).await;
    for (n, lines) in [(1, 500), (2, 20), (3, 3_000_000_000), (4, 21), (255, 19), (0, 500)] {
        keep(mark(n, lines, None)).await?;
    }
    let lines = async |after, limit| {
        let marks = school.store.file_marks(&school.id, after, limit).await?;
        Ok::<_, Failure>(marks.iter().map(|mark| mark.lines).collect::<Vec<u64>>())
    };
    same("the marks by lines", &lines(0, ALL).await?, &vec![19, 20, 21, 500, 500, 3_000_000_000])?;
    same("those with more than 20 lines", &lines(20, ALL).await?, &vec![21, 500, 500, 3_000_000_000])?;
    same("the first of them", &lines(20, 2).await?, &vec![21, 500])?;
    same("those after the last", &lines(3_000_000_000, ALL).await?, &vec![])?;
    keep(mark(5, 30, Some(2))).await?;
    keep(mark(6, 40, Some(5))).await?;
    // A mark that is gone already is no hindrance, and one kept twice is one.
    keep(mark(7, 41, Some(99))).await?;
    keep(mark(7, 41, None)).await?;
    same("the marks after that", &lines(0, ALL).await?, &vec![19, 21, 40, 41, 500, 500, 3_000_000_000])?;
    let found = school.by(given.other.clone()).store.file_marks(&school.id, 39, 1).await?;
    same("the digest of a mark", &found.first().map(|mark| mark.digest), &Some([6; 32]))
}
