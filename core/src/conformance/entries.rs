//! Entries: every kind with every field, to the letter, for ever.

use chrono::{DateTime, Utc};

use super::Given;
use super::failure::{Failure, holds, same};
use super::kinds::{account, adjustment, all_kinds, code, day, group, payment, reversal, signed, term};
use super::school::{ALL, School, money, pupil};
use crate::rule::{BALANCE_MAX, Posting};
use crate::store::ChangeSet;
use crate::{
    AMOUNT_MAX, AccountId, BilledSlot, BookId, ChargeOrigin, ConcessionKind, Currency, Entry, EntryKind,
    Figure, IdempotencyKey, LedgerStore, Method, Money, NewEntry, Text,
};

cases! {
    "entries" {
        every_kind_is_read_back: "Every kind with every word and field of its own is read back exactly, however it is found.",
        every_common_field_is_read_back: "Ids, terms, days, instants, who, keys and notes are read back exactly.",
        texts_are_kept_to_the_letter: "Texts keep their spaces, line ends, quotes and any script, up to their full length.",
        entries_are_never_changed: "No later write changes an entry (B6).",
        amounts_reach_the_caps: "The largest amounts and balances are exact, and a balance beyond the cap is not admitted (B9).",
        currencies_keep_their_units: "Amounts of currencies without decimals, or with three, come back in their currency.",
    }
}

/// Records entries and compares what every way of reading gives back.
async fn read_back(school: &School, expected: &[Entry]) -> Result<(), Failure> {
    for entry in expected {
        let what = format!("the {} at {} of {}", entry.kind.as_str(), entry.position, entry.account);
        let found =
            school.store.entries(&school.id, &entry.account, entry.position.saturating_sub(1), 1).await?;
        same(&format!("{what}, by position"), &found.first(), &Some(entry))?;
        let found = school.store.entries_by_key(&school.id, std::slice::from_ref(&entry.key)).await?;
        same(&format!("{what}, by key"), &found.iter().collect::<Vec<_>>(), &vec![entry])?;
    }
    let mut by_account = expected.to_vec();
    by_account.sort_by(|one, other| (&one.account, one.position).cmp(&(&other.account, other.position)));
    same("the scan of the book", &school.all_entries().await?, &by_account)
}

/// Posts entries one by one; every other one in a change set, which another statement may write.
async fn record_all(school: &School, entries: Vec<NewEntry>) -> Result<Vec<Entry>, Failure> {
    let mut recorded = Vec::new();
    for (entry, n) in entries.into_iter().zip(0_usize..) {
        let posting = Posting::new(entry.clone());
        let position = if n.is_multiple_of(2) {
            school.admit(posting).await?
        } else {
            let changes = ChangeSet { postings: vec![posting], ..ChangeSet::default() };
            school.keep(changes).await?.into_iter().next().unwrap_or(0)
        };
        recorded.push(entry.at(position));
    }
    Ok(recorded)
}

fn rich_kinds() -> Result<Vec<EntryKind>, Failure> {
    let text = || Text::from("why: «été» 🎒");
    let mut kinds = all_kinds()?;
    for method in Method::ALL {
        kinds.push(EntryKind::Payment { method: *method, reference: Some(text()) });
        kinds.push(EntryKind::Refund { method: *method, reference: Some(text()) });
        kinds.push(EntryKind::Refund { method: *method, reference: None });
    }
    for concession in ConcessionKind::ALL {
        kinds.push(EntryKind::Concession { concession: *concession, reason: text() });
    }
    let slots = [None, Some((0, 0)), Some((0, 99)), Some((1, 0)), Some((u32::MAX, 999))];
    for (slot, days) in
        slots.into_iter().zip(["2026-01-12", "0001-01-01", "9999-12-31", "2024-02-29", "2026-12-31"])
    {
        for from in [None, Some("GRÜN 緑")] {
            let slot = slot.map(|(revision, instalment)| BilledSlot { revision, instalment });
            let origin = ChargeOrigin { group: from.map(group).transpose()?, slot };
            let name = format!("{}-{}", if from.is_some() { "école" } else { "Bus" }, "x".repeat(50));
            kinds.push(EntryKind::Charge { code: code(&name)?, due_on: day(days)?, origin });
        }
    }
    Ok(kinds)
}

async fn every_kind_is_read_back(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let mut entries = Vec::new();
    for (kind, n) in rich_kinds()?.into_iter().zip(1_u32..) {
        let minor = signed(&kind, i64::from(n).saturating_mul(101));
        let (who, figure, under) =
            (if n.is_multiple_of(2) { "s-2" } else { "s-1" }, kind.figure(), format!("key-{n}"));
        entries.push(school.entry(who, &under, kind, minor)?);
        if n.is_multiple_of(3) {
            let of = u32::try_from(entries.iter().filter(|entry| entry.account.as_str() == who).count())
                .unwrap_or(0);
            entries.push(school.entry(
                who,
                &format!("undo-{n}"),
                reversal(of, figure),
                minor.saturating_neg(),
            )?);
        }
    }
    for (kind, minor) in [(adjustment(), -1), (super::kinds::opening(), -12_345)] {
        entries.push(school.entry("s-1", &format!("signed-{minor}"), kind, minor)?);
    }
    let recorded = record_all(&school, entries).await?;
    read_back(&school.by(given.other.clone()), &recorded).await?;
    for name in ["s-1", "s-2"] {
        school.sound(name).await?;
    }
    Ok(())
}

async fn every_common_field_is_read_back(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    let long = "語".repeat(AccountId::LENGTH_MAX);
    for name in ["s-1", &long] {
        school.open_account(pupil(name, &["PRIMARY"], "2026-01-12")?).await?;
    }
    let instants = [
        "1970-01-01T00:00:00Z",
        "2026-02-01T23:59:59.999999Z",
        "1969-12-31T23:59:59.000001Z",
        "2200-01-01T12:00:00.1Z",
    ];
    let days = ["2026-02-01", "0001-01-01", "9999-12-31", "2024-02-29"];
    let mut entries = Vec::new();
    for ((instant, on), n) in instants.into_iter().zip(days).zip(1_u32..) {
        for who in ["s-1", &long] {
            let mut entry =
                school.entry(who, &format!("{}-{n}-{}", "ü".repeat(190), who.len()), payment(), -1)?;
            entry.term = term(n.clamp(1, 3))?;
            entry.recorded_at =
                instant.parse::<DateTime<Utc>>().map_err(|_| Failure::new("a bad instant"))?;
            entry.effective_on = day(on)?;
            entry.recorded_by = n.is_multiple_of(2).then(|| Text::from("Mme Müller <clerk@example.org>"));
            entry.note = (n > 2).then(|| Text::from("paid at the gate"));
            entries.push(entry);
        }
    }
    // What the clock answers is kept as it is.
    entries.push(school.entry("s-1", &"k".repeat(IdempotencyKey::LENGTH_MAX), payment(), -1)?);
    let recorded = record_all(&school, entries).await?;
    read_back(&school.by(given.other.clone()), &recorded).await
}

async fn texts_are_kept_to_the_letter(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1"]).await?;
    let long = "語".repeat(crate::TEXT_LENGTH_MAX);
    let widest = "🎒".repeat(crate::TEXT_LENGTH_MAX);
    let texts = [
        "",
        " ",
        "  spaces at both ends  ",
        "two\nlines\tand a tab\n",
        "'quotes' \"double\" `back` \\n \\",
        "%_;--/*{}[]$1?:x@",
        "{\"json\": [1, null]}",
        "null",
        "0",
        "1e3",
        "e\u{301} and é",
        "עברית العربية",
        "\u{feff}mark",
        "\u{200b}",
        &long,
        &widest,
    ];
    let mut entries = Vec::new();
    for (text, n) in texts.into_iter().zip(1_u32..) {
        let reference = Some(Text::from(text));
        let kind = EntryKind::Payment { method: Method::Other, reference };
        let mut entry = school.entry("s-1", &format!("till-{n}"), kind, -1)?;
        (entry.note, entry.recorded_by) = (Some(Text::from(text)), Some(Text::from(text)));
        entries.push(entry);
        // A reason always says something.
        if !text.trim().is_empty() {
            let kind = EntryKind::Adjustment { reason: Text::from(text) };
            entries.push(school.entry("s-1", &format!("reason-{n}"), kind, 1)?);
        }
    }
    let recorded = record_all(&school, entries).await?;
    read_back(&school.by(given.other.clone()), &recorded).await
}

async fn entries_are_never_changed(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    let mut recorded: Vec<Entry> = Vec::new();
    for (kind, n) in all_kinds()?.into_iter().zip(1_u32..) {
        let minor = signed(&kind, 50);
        let figure = kind.figure();
        let (under, undo) = (format!("key-{n}"), format!("undo-{n}"));
        school.record("s-1", &under, kind, minor).await?;
        let there = school.entries("s-1").await?;
        let last = there.last().map_or(0, |entry| entry.position);
        school.record("s-1", &undo, reversal(last, figure), minor.saturating_neg()).await?;
        school
            .refuse("the same key with another amount", school.posting("s-1", &under, payment(), -7)?)
            .await?;
        school
            .refuse("the same key on another account", school.posting("s-2", &under, payment(), -7)?)
            .await?;
        let now = school.sound("s-1").await?;
        same(
            "the entries that were there",
            &now.get(..recorded.len()).map(<[Entry]>::to_vec),
            &Some(recorded.clone()),
        )?;
        recorded = now;
    }
    same("the balance when all is reversed", &school.account("s-1").await?.balance, &money(0))?;
    same("the account that got nothing", &school.account("s-2").await?.version, &0)
}

async fn amounts_reach_the_caps(given: Given) -> Result<(), Failure> {
    let school = School::open(&given).await?;
    school.open_accounts(&["s-1", "s-2"]).await?;
    for (who, minor, figure) in
        [("s-1", AMOUNT_MAX, Figure::Adjustment), ("s-2", AMOUNT_MAX.saturating_neg(), Figure::Adjustment)]
    {
        let posting = |n: u32| school.posting(who, &format!("{who}-{n}"), adjustment(), minor);
        let postings = (1..=1_000).map(posting).collect::<Result<Vec<_>, _>>()?;
        school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
        let full = BALANCE_MAX.saturating_mul(minor.signum());
        same("a balance at the cap", &school.account(who).await?.balance, &money(full))?;
        school
            .refuse(
                "a unit beyond the cap",
                school.posting(who, &format!("{who}-more"), adjustment(), minor.signum())?,
            )
            .await?;
        let of = school.store.totals(&school.id, &[account(who)?]).await?;
        let sums: Vec<i64> =
            of.iter().flat_map(|(_, totals)| totals.terms()).map(|(_, totals)| totals.adjustment).collect();
        same("the total of its adjustments", &sums, &vec![full])?;
        school.record(who, &format!("{who}-undo"), reversal(1, figure), minor.saturating_neg()).await?;
    }
    for n in 1..=10_u32 {
        let name = format!("full-{n}");
        school.open_accounts(&[&name]).await?;
        let posting = |m: u32| school.posting(&name, &format!("{name}/{m}"), adjustment(), AMOUNT_MAX);
        let postings = (1..=1_000).map(posting).collect::<Result<Vec<_>, _>>()?;
        school.keep(ChangeSet { postings, ..ChangeSet::default() }).await?;
    }
    // Ten such accounts are past 64 bits.
    let totals = school.store.book_totals(&school.id).await?;
    let expected = i128::from(BALANCE_MAX).saturating_mul(10);
    same("the sums of the book", &(totals.effects, totals.balances), &(expected, expected))
}

async fn currencies_keep_their_units(given: Given) -> Result<(), Failure> {
    for (currency, n) in [Currency::JPY, Currency::KWD, Currency::EUR].into_iter().zip(1_u32..) {
        let school = School { store: given.store.clone(), id: BookId::new(format!("book-{n}"))? };
        school.store.open_book(&school.id, currency).await?;
        school
            .change(super::school::terms()?.into_iter().map(crate::store::BookChange::DefineTerm).collect())
            .await?;
        let pupil = pupil("s-1", &["PRIMARY"], "2026-01-12")?;
        school.open_account(crate::Account { balance: Money::zero(currency), ..pupil }).await?;
        let mut entry = school.entry("s-1", "till-1", payment(), 0)?;
        entry.effect = Money::from_minor(-12_345, currency);
        let position = school.admit(Posting::new(entry.clone())).await?;
        same("an entry", &school.entries("s-1").await?, &vec![entry.at(position)])?;
        same("a balance", &school.account("s-1").await?.balance, &Money::from_minor(-12_345, currency))?;
        let page = school.store.scan(&school.id, None, ALL).await?;
        holds(page.iter().all(|entry| entry.effect.currency() == currency), || {
            "an amount changed its currency".into()
        })?;
    }
    Ok(())
}
