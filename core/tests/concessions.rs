//! Concessions by rule: scholarships, sibling and early-payment discounts, each granted once and never beyond the charge.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    Charge, Concession, ConcessionKind, ConcessionRule, Currency, Deadline, EarlyPayment, Entry, EntryKind,
    GrantReport, Household, Ledger, NewFee, Payment, Rate, Reversal, SiblingDiscount, Standing, Term, TermId,
    date,
};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

fn percent(figure: Decimal) -> Rate {
    Rate::percent(figure, MidpointAwayFromZero).unwrap()
}

/// Two terms, the first current: a, b and c are charged 90.00 of tuition in three parts from 12 January on, and 10.00 of meals.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        school.define_term(Term::new(term(number), day(from), day(to)).unwrap()).await.unwrap();
    }
    let days = ["2026-01-12", "2026-02-12", "2026-03-12"].map(day);
    let tuition = NewFee::of_group(term(1), "PRIMARY", "tuition", dec!(90)).in_instalments(days);
    school.define_fee(tuition).await.unwrap();
    school.set_fee(term(1), "PRIMARY", "meals", dec!(10)).await.unwrap();
    for account in ["a", "b", "c"] {
        school.enrol(account, ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(1), day("2026-01-12")).await.unwrap();
    school
}

/// The live concessions of an account, by the position of the charge that each is on where its key says so.
async fn conceded(school: &Ledger<MemoryStore>, account: &str) -> Vec<Decimal> {
    let entries = school.entries(account, 0, 1_000).await.unwrap();
    let reversed = |at: &Entry| {
        entries.iter().any(|one| matches!(one.kind, EntryKind::Reversal { of, .. } if of == at.position))
    };
    let live = |entry: &&Entry| matches!(entry.kind, EntryKind::Concession { .. }) && !reversed(entry);
    entries.iter().filter(live).map(|entry| entry.amount().amount()).collect()
}

async fn grant(school: &Ledger<MemoryStore>, rule: &ConcessionRule, on: &str) -> GrantReport {
    let report = school.grant(rule, term(1), day(on)).await.unwrap();
    let again = school.grant(rule, term(1), day(on)).await.unwrap();
    assert_eq!((again.granted, again.taken_back), (0, 0), "once");
    assert_eq!(again.standing, report.standing);
    assert!(bursar::audit::audit(school).await.unwrap().is_clean());
    report
}

fn rule(name: &str, measure: impl Into<bursar::Measure>) -> ConcessionRule {
    ConcessionRule::new(name, ConcessionKind::Scholarship, measure, "the founders' fund").unwrap()
}

#[tokio::test]
async fn a_rate_is_conceded_on_each_charge_and_an_amount_once() {
    let school = school().await;
    let tenth = rule("tenth", percent(dec!(10))).for_accounts(["a"]).unwrap();
    let report = grant(&school, &tenth, "2026-01-13").await;
    assert_eq!((report.granted, report.amount.amount(), report.accounts_seen), (4, dec!(10), 1));
    assert_eq!(conceded(&school, "a").await.iter().sum::<Decimal>(), dec!(10));
    let fifty = rule("fifty", dec!(50)).on_codes(["tuition"]).unwrap().for_accounts(["b"]).unwrap();
    let report = grant(&school, &fifty, "2026-01-13").await;
    assert_eq!((report.granted, report.amount.amount()), (2, dec!(50)));
    assert_eq!(conceded(&school, "b").await, [dec!(30), dec!(20)], "on what falls due first");
    let too_much = rule("all", dec!(500)).for_accounts(["b"]).unwrap();
    assert_eq!(
        grant(&school, &too_much, "2026-01-13").await.amount.amount(),
        dec!(50),
        "at most the charges"
    );
    assert!(school.account("b").await.unwrap().balance.is_zero());
    assert!(conceded(&school, "c").await.is_empty());
}

#[tokio::test]
async fn rules_together_concede_at_most_the_charge() {
    let school = school().await;
    for (name, share, expected) in [("r1", 70, dec!(210)), ("r2", 40, dec!(90)), ("r3", 100, dec!(0))] {
        let report = grant(&school, &rule(name, percent(Decimal::from(share))), "2026-01-13").await;
        assert_eq!(report.amount.amount(), expected, "{name}");
    }
    for account in ["a", "b", "c"] {
        assert!(school.account(account).await.unwrap().balance.is_zero());
    }
}

#[tokio::test]
async fn what_is_conceded_by_hand_is_left_out() {
    let school = school().await;
    let by_hand = Concession::of(ConcessionKind::Goodwill, dec!(95), "flood").account("a").for_term(term(1));
    school.concede(by_hand.key("g-1").on(day("2026-01-13"))).await.unwrap();
    let half = rule("half", percent(dec!(50)));
    let report = grant(&school, &half, "2026-01-13").await;
    assert_eq!(report.amount.amount(), dec!(5) + dec!(50) * dec!(2));
    assert!(school.account("a").await.unwrap().balance.is_zero(), "never below nothing");
}

#[tokio::test]
async fn a_repriced_charge_takes_its_concession_with_it() {
    let school = school().await;
    let valid = day("2026-01-01")..=day("2026-02-28");
    let sixty = rule("sixty", percent(dec!(60))).on_codes(["tuition"]).unwrap().valid(valid).unwrap();
    assert_eq!(grant(&school, &sixty, "2026-01-13").await.amount.amount(), dec!(18) * dec!(6));
    let all_meals = rule("meals", percent(dec!(100))).on_codes(["meals"]).unwrap();
    assert_eq!(grant(&school, &all_meals, "2026-01-13").await.amount.amount(), dec!(30));
    school.reprice_on(term(1), "PRIMARY", "tuition", dec!(60), "wrong", day("2026-03-20")).await.unwrap();
    school.reprice_on(term(1), "PRIMARY", "meals", dec!(8), "wrong", day("2026-03-20")).await.unwrap();
    // The first rule to run takes back what every rule conceded on the old charges; the new ones fall due when the old ones did.
    let report = grant(&school, &sixty, "2026-03-21").await;
    assert_eq!((report.taken_back, report.amount_taken_back.amount()), (9, dec!(138)));
    assert_eq!((report.granted, report.amount.amount()), (6, dec!(72)));
    let report = grant(&school, &all_meals, "2026-03-21").await;
    assert_eq!((report.taken_back, report.granted, report.amount.amount()), (0, 3, dec!(24)));
    for account in ["a", "b", "c"] {
        assert_eq!(school.account(account).await.unwrap().balance.amount(), dec!(60) - dec!(24));
    }
}

#[tokio::test]
async fn groups_validity_and_late_fees() {
    let school = school().await;
    school.enrol("d", ["BOARDERS"], day("2026-01-12")).await.unwrap();
    for (account, code, key) in [("d", "bed", "bed"), ("a", "late-fee", "late")] {
        let charge = Charge::of(code, dec!(40)).to(account).for_term(term(1)).key(key).on(day("2026-01-12"));
        school.charge(charge).await.unwrap();
    }
    let late = bursar::LateFee::new("late", dec!(4)).unwrap();
    school.charge_late_fees_of("b", &late, day("2026-01-13")).await.unwrap();
    let boarders = rule("boarders", percent(dec!(50))).for_groups(["BOARDERS"]).unwrap();
    let boarders = boarders.for_accounts(["b"]).unwrap();
    assert_eq!(grant(&school, &boarders, "2026-01-14").await.amount.amount(), dec!(20) + dec!(50));
    // The day on which a charge falls due is what counts, both ends included.
    let spring = rule("spring", dec!(100)).for_accounts(["a"]).unwrap();
    let spring = spring.on_codes(["tuition"]).unwrap().valid(day("2026-02-12")..=day("2026-03-12")).unwrap();
    assert_eq!(grant(&school, &spring, "2026-01-14").await.amount.amount(), dec!(60));
    let waived = rule("waived", percent(dec!(100))).on_codes(["late-fee"]).unwrap();
    assert_eq!(grant(&school, &waived, "2026-01-14").await.amount.amount(), dec!(48), "when they are named");
    // A charge that takes effect later waits for a later run.
    let later = Charge::of("trip", dec!(10)).to("c").for_term(term(1)).key("trip").on(day("2026-02-01"));
    school.charge(later).await.unwrap();
    let trip = rule("trip", percent(dec!(10))).on_codes(["trip"]).unwrap();
    assert_eq!(grant(&school, &trip, "2026-01-31").await.granted, 0);
    assert_eq!(grant(&school, &trip, "2026-02-01").await.granted, 1);
}

#[tokio::test]
async fn what_somebody_withdraws_is_not_granted_again() {
    let school = school().await;
    let ten = rule("ten", dec!(10)).for_accounts(["a"]).unwrap();
    grant(&school, &ten, "2026-01-13").await;
    let entries = school.entries("a", 0, 100).await.unwrap();
    let key = entries.last().unwrap().key.clone();
    assert_eq!(key.as_str(), "bursar:concede:ten:1:0:a", "the meals are due first, by their position");
    school.reverse(Reversal::of_key(&key, "left the choir").key("w").on(day("2026-01-14"))).await.unwrap();
    let report = grant(&school, &ten, "2026-01-15").await;
    assert_eq!((report.granted, report.withdrawn, report.standing), (0, 1, 0), "nor on another charge");
}

#[tokio::test]
async fn siblings_count_in_the_order_of_the_household() {
    let school = school().await;
    school.enrol("gone", ["PRIMARY"], day("2026-01-12")).await.unwrap();
    school.move_standing("gone", Standing::Withdrawn, day("2026-01-12")).await.unwrap();
    let rates = [dec!(0), dec!(10), dec!(20)].map(percent);
    let siblings = SiblingDiscount::new("siblings", rates).unwrap().on_codes(["tuition"]).unwrap();
    school.enrol("idle", ["NONE"], day("2026-01-12")).await.unwrap();
    let family = Household::new("h", ["idle", "b", "c", "a"]).unwrap();
    let report = school.grant_siblings(&siblings, &family, term(1), day("2026-01-13")).await.unwrap();
    assert_eq!((report.granted, report.amount.amount(), report.accounts_seen), (6, dec!(9) + dec!(18), 4));
    assert!(conceded(&school, "b").await.is_empty());
    assert_eq!(conceded(&school, "c").await, [dec!(3), dec!(3), dec!(3)]);
    assert_eq!(conceded(&school, "a").await, [dec!(6), dec!(6), dec!(6)]);
    let again = school.grant_siblings(&siblings, &family, term(1), day("2026-01-14")).await.unwrap();
    assert_eq!((again.granted, again.standing), (0, 6));
    assert_eq!(siblings.at(7), siblings.at(2), "the last rate holds for every other child");
    let strangers = Household::new("h", ["a", "z"]).unwrap();
    let refused = school.grant_siblings(&siblings, &strangers, term(1), day("2026-01-14")).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "unknown-account");
}

async fn pay(school: &Ledger<MemoryStore>, account: &str, amount: Decimal, key: &str, on: &str) {
    let payment = Payment::cash(amount).from(account).for_term(term(1)).key(key).on(day(on));
    school.pay(payment).await.unwrap();
}

async fn early(school: &Ledger<MemoryStore>, rule: &EarlyPayment, on: &str) -> GrantReport {
    let report = school.discount_early(rule, term(1), day(on)).await.unwrap();
    let again = school.discount_early(rule, term(1), day(on)).await.unwrap();
    assert_eq!((again.granted, again.taken_back), (0, 0), "once");
    assert!(bursar::audit::audit(school).await.unwrap().is_clean());
    report
}

#[tokio::test]
async fn who_pays_by_the_day_all_but_the_discount_has_it() {
    let school = school().await;
    let rule = EarlyPayment::new("early", percent(dec!(10)), Deadline::AfterDue(3)).unwrap();
    let rule = rule.on_codes(["tuition"]).unwrap();
    // The meals and 27.00 of the first 30.00, on the last day; a cent less; and a day later.
    pay(&school, "a", dec!(37), "p-a", "2026-01-15").await;
    pay(&school, "b", dec!(36.99), "p-b", "2026-01-15").await;
    pay(&school, "c", dec!(37), "p-c", "2026-01-16").await;
    assert_eq!(early(&school, &rule, "2026-01-14").await.granted, 0, "not yet");
    let report = early(&school, &rule, "2026-01-15").await;
    assert_eq!((report.granted, report.amount.amount()), (1, dec!(3)));
    assert_eq!(early(&school, &rule, "2026-01-20").await.granted, 0);
    assert_eq!(conceded(&school, "a").await, [dec!(3)]);
    // The next instalments, both at once: each discount helps to settle what falls due after it.
    pay(&school, "a", dec!(54), "p-a2", "2026-02-01").await;
    assert_eq!(early(&school, &rule, "2026-02-01").await.granted, 2);
    assert!(school.account("a").await.unwrap().balance.is_zero());
    // Who owes older debts has not paid early.
    pay(&school, "c", dec!(28), "p-c2", "2026-02-12").await;
    pay(&school, "b", dec!(27), "p-b2", "2026-02-12").await;
    assert_eq!(early(&school, &rule, "2026-02-28").await.granted, 0);
}

#[tokio::test]
async fn a_discount_goes_with_the_payment_and_comes_with_another() {
    let school = school().await;
    let rule = EarlyPayment::new("early", dec!(5), Deadline::On(day("2026-03-31"))).unwrap();
    pay(&school, "a", dec!(80), "p-1", "2026-01-15").await;
    assert_eq!(early(&school, &rule, "2026-01-15").await.amount.amount(), dec!(20));
    assert!(school.account("a").await.unwrap().balance.is_zero());
    school.reverse(Reversal::of_key("p-1", "bounced").key("b-1").on(day("2026-01-20"))).await.unwrap();
    let report = early(&school, &rule, "2026-01-21").await;
    assert_eq!((report.taken_back, report.granted, report.standing), (4, 0, 0));
    assert_eq!(school.account("a").await.unwrap().balance.amount(), dec!(100));
    pay(&school, "a", dec!(80), "p-2", "2026-03-31").await;
    assert_eq!(early(&school, &rule, "2026-04-30").await.granted, 4);
    assert!(school.account("a").await.unwrap().balance.is_zero());
    // Withdrawn by hand it is not granted again.
    let key = "bursar:early:early:1:1:a";
    school.reverse(Reversal::of_key(key, "by mistake").key("w").on(day("2026-04-30"))).await.unwrap();
    let report = early(&school, &rule, "2026-05-01").await;
    assert_eq!((report.granted, report.withdrawn), (0, 1));
}

#[tokio::test]
async fn a_repriced_charge_that_was_paid_early_keeps_a_discount() {
    let school = school().await;
    let rule = EarlyPayment::new("early", percent(dec!(10)), Deadline::On(day("2026-01-31"))).unwrap();
    pay(&school, "a", dec!(90), "p-1", "2026-01-15").await;
    assert_eq!(early(&school, &rule, "2026-02-01").await.amount.amount(), dec!(10));
    school.reprice_on(term(1), "PRIMARY", "tuition", dec!(60), "wrong", day("2026-02-10")).await.unwrap();
    let report = early(&school, &rule, "2026-02-11").await;
    assert_eq!((report.amount_taken_back.amount(), report.amount.amount()), (dec!(9), dec!(6)));
    // A charge made after the day is no early one.
    let trip = Charge::of("trip", dec!(10)).to("a").for_term(term(1)).key("trip").on(day("2026-02-10"));
    school.charge(trip).await.unwrap();
    assert_eq!(early(&school, &rule, "2026-02-11").await.granted, 0);
}

#[tokio::test]
async fn deadlines_count_from_the_day_due_or_charged() {
    let school = school().await;
    pay(&school, "a", dec!(98), "p-1", "2026-02-05").await;
    for (name, deadline, granted) in [
        ("before-7", Deadline::BeforeDue(7), 2),
        ("before-8", Deadline::BeforeDue(8), 1),
        ("charged-24", Deadline::AfterCharge(24), 4),
        ("charged-23", Deadline::AfterCharge(23), 0),
    ] {
        let school = school.clone();
        let rule = EarlyPayment::new(name, dec!(2), deadline).unwrap();
        let plan =
            rule.plan(&school.entries("a", 0, 100).await.unwrap(), term(1), day("2026-04-01"), Currency::USD);
        assert_eq!(plan.unwrap().grants.len(), granted, "{name}");
    }
}

#[tokio::test]
async fn a_discount_as_large_as_the_charge_is_none_for_paying() {
    let school = school().await;
    let rule = EarlyPayment::new("early", dec!(30), Deadline::On(day("2026-03-31"))).unwrap();
    assert_eq!(early(&school, &rule, "2026-01-15").await.granted, 0);
}

#[tokio::test]
async fn rules_that_can_mean_nothing_are_refused() {
    let school = school().await;
    let on = day("2026-01-13");
    let bad = |refused: Result<ConcessionRule, bursar::Refusal>| refused.unwrap_err().code();
    let new = |name: &str, reason: &str| ConcessionRule::new(name, ConcessionKind::Waiver, dec!(1), reason);
    assert_eq!(bad(new("a:b", "x")), "bad-name");
    assert_eq!(bad(new("a", " ")), "bad-text");
    assert_eq!(bad(rule("a", dec!(1)).on_codes([""; 0])), "bad-rule");
    assert_eq!(bad(rule("a", dec!(1)).for_accounts([""; 0])), "bad-rule");
    assert_eq!(bad(rule("a", dec!(1)).for_groups([""; 0])), "bad-rule");
    assert_eq!(bad(rule("a", dec!(1)).for_groups([""])), "bad-name");
    assert_eq!(bad(rule("a", dec!(1)).valid(day("2026-02-01")..=day("2026-01-31"))), "bad-rule");
    assert_eq!(SiblingDiscount::new("s", Vec::new()).unwrap_err().code(), "bad-rule");
    assert_eq!(SiblingDiscount::new("s", [percent(dec!(1)); 65]).unwrap_err().code(), "bad-rule");
    assert!(SiblingDiscount::new("s", [percent(dec!(1)); 64]).is_ok());
    let late = || bursar::LateFee::new("late", dec!(1)).unwrap();
    assert_eq!(late().every_days(0).unwrap_err().code(), "bad-rule");
    assert_eq!(late().on_codes([""; 0]).unwrap_err().code(), "bad-rule");
    assert_eq!(late().charged_as("").unwrap_err().code(), "bad-name");
    assert_eq!(bursar::LateFee::new("", dec!(1)).unwrap_err().code(), "bad-name");
    assert_eq!(EarlyPayment::new("x y", dec!(1), Deadline::On(on)).unwrap_err().code(), "bad-name");
    for (amount, code) in [
        (bursar::Amount::from(dec!(0)), "not-positive"),
        (dec!(-1).into(), "not-positive"),
        (dec!(0.001).into(), "too-many-decimals"),
        (bursar::Money::new(dec!(1), Currency::EUR).unwrap().into(), "currency-mismatch"),
        (dec!(10_000_000_000_000.01).into(), "amount-too-large"),
    ] {
        let codes = [
            school.grant(&rule("a", amount), term(1), on).await.unwrap_err(),
            school.charge_late_fees(&bursar::LateFee::new("a", amount).unwrap(), on).await.unwrap_err(),
            school.charge_late_fees(&late().at_most(amount), on).await.unwrap_err(),
            school
                .discount_early(&EarlyPayment::new("a", amount, Deadline::On(on)).unwrap(), term(1), on)
                .await
                .unwrap_err(),
        ];
        for refused in codes {
            assert_eq!(refused.refusal().map(bursar::Refusal::code), Some(code), "{refused}");
        }
    }
    let unknown = rule("a", dec!(1)).for_accounts(["a", "z"]).unwrap();
    let refused = school.grant(&unknown, term(1), on).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "unknown-account");
    let refused = school.grant(&rule("a", dec!(1)), term(3), on).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "unknown-term");
    school.lock_through(on).await.unwrap();
    for refused in [
        school.grant(&rule("a", dec!(1)), term(1), on).await.unwrap_err(),
        school.charge_late_fees(&late(), on).await.unwrap_err(),
    ] {
        assert_eq!(refused.refusal().unwrap().code(), "locked");
    }
    assert!(conceded(&school, "a").await.is_empty());
    assert_eq!(school.book_balance().await.unwrap().balance.amount(), dec!(300));
}
