//! What restricts a concession rule holds for it, each alone and together, and what it says is recorded.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    ConcessionKind, ConcessionRule, Currency, Deadline, EarlyPayment, EntryKind, Ledger, NewFee, Payment,
    Refusal, RunProgress, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

/// `a` and `b` of PRIMARY and `c` of ECD are charged 90.00 in three parts, from 12 January on.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    school.define_term(Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    let days = ["2026-01-12", "2026-02-12", "2026-03-12"].map(day);
    for (account, group) in [("a", "PRIMARY"), ("b", "PRIMARY"), ("c", "ECD")] {
        let fee = NewFee::of_group(term(), group, "tuition", dec!(90)).in_instalments(days);
        school.define_fee(fee).await.unwrap();
        school.enrol(account, [group], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(), day("2026-01-12")).await.unwrap();
    school
}

/// The reasons and amounts of the concessions of an account.
async fn conceded(school: &Ledger<MemoryStore>, account: &str) -> Vec<(String, Decimal)> {
    let entries = school.entries(account, 0, 1_000).await.unwrap();
    let concessions = entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Concession { reason, .. } => Some((reason.to_string(), entry.amount().amount())),
        _ => None,
    });
    concessions.collect()
}

fn fund() -> ConcessionRule {
    ConcessionRule::new("fund", ConcessionKind::Scholarship, dec!(40), "the founders' fund").unwrap()
}

#[tokio::test]
async fn a_rule_is_for_the_accounts_and_groups_that_it_names() {
    let school = school().await;
    let groups = fund().for_groups(["ECD"]).unwrap();
    let accounts = fund().for_accounts(["a"]).unwrap();
    let both = accounts.clone().for_groups(["ECD"]).unwrap();
    for (rule, whose) in
        [(&groups, &["c"][..]), (&accounts, &["a"]), (&both, &["a", "c"]), (&fund(), &["a", "b", "c"])]
    {
        for id in ["a", "b", "c"] {
            let account = school.account(id).await.unwrap();
            assert_eq!(rule.is_for(&account), whose.contains(&id), "{id}: {rule:?}");
        }
    }
    let report = school.grant(&groups, term(), day("2026-01-13")).await.unwrap();
    assert_eq!((report.granted, report.amount.amount()), (2, dec!(40)), "30.00 and 10.00");
    let expected = [("the founders' fund".to_owned(), dec!(30)), ("the founders' fund".to_owned(), dec!(10))];
    assert_eq!((groups.reason(), conceded(&school, "c").await), ("the founders' fund", expected.to_vec()));
    assert!(conceded(&school, "a").await.is_empty());
}

#[tokio::test]
async fn a_rule_may_be_valid_for_a_single_day() {
    let school = school().await;
    for (from, to, granted) in [
        ("2026-02-12", "2026-02-12", dec!(30)),
        ("2026-02-11", "2026-02-11", dec!(0)),
        ("2026-01-13", "2026-03-11", dec!(30)),
        ("2026-01-12", "2026-03-12", dec!(40)),
    ] {
        let rule = fund().for_accounts(["b"]).unwrap().valid(day(from)..=day(to)).unwrap();
        let plan = rule.plan(
            &school.entries("b", 0, 100).await.unwrap(),
            term(),
            day("2026-01-13"),
            school.currency(),
        );
        let planned: Decimal = plan.unwrap().grants.iter().map(|one| one.amount.amount()).sum();
        assert_eq!(planned, granted, "{from} to {to}");
    }
    let backwards = fund().valid(day("2026-02-12")..=day("2026-02-11")).unwrap_err();
    assert!(matches!(backwards, Refusal::BadRule { .. }), "{backwards}");
}

#[tokio::test]
async fn an_early_payment_is_rewarded_in_its_group_for_its_reason() {
    let school = school().await;
    for account in ["a", "c"] {
        let payment = Payment::cash(dec!(90)).from(account).for_term(term()).key(format!("p-{account}"));
        school.pay(payment.on(day("2026-01-12"))).await.unwrap();
    }
    let plain = EarlyPayment::new("early", dec!(5), Deadline::AfterDue(0)).unwrap();
    assert_eq!(plain.reason(), "paid early");
    let rule = plain.clone().in_group("ECD").unwrap().because("in time").unwrap();
    assert_eq!(rule.reason(), "in time");
    for (id, expected) in [("a", false), ("b", false), ("c", true)] {
        let account = school.account(id).await.unwrap();
        assert_eq!((rule.is_for(&account), plain.is_for(&account)), (expected, true), "{id}");
    }
    let report = school.discount_early(&rule, term(), day("2026-01-13")).await.unwrap();
    assert_eq!((report.granted, report.accounts_seen), (3, 3));
    assert_eq!(conceded(&school, "c").await, vec![("in time".to_owned(), dec!(5)); 3]);
    assert!(conceded(&school, "a").await.is_empty());
    assert_eq!(plain.because(" ").unwrap_err().code(), "bad-text");
}

#[tokio::test]
async fn progress_is_told_page_by_page() {
    let school = school().await;
    let on = day("2026-01-13");
    let mut told: Vec<RunProgress> = Vec::new();
    school.grant_with(&fund(), term(), on, |progress| told.push(progress)).await.unwrap();
    let early = EarlyPayment::new("early", dec!(5), Deadline::AfterDue(0)).unwrap();
    school.discount_early_with(&early, term(), on, |progress| told.push(progress)).await.unwrap();
    let told: Vec<(u64, u64)> = told.iter().map(|one| (one.accounts_seen, one.entries)).collect();
    // 30.00 and 10.00 to each of three; the scholarship has settled each first part, so that it was paid early.
    assert_eq!(told, [(3, 6), (3, 0)]);
}
