//! Late fees: when they are charged, on what, how much at most, and once.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    Charge, Currency, Entry, EntryKind, LateFee, LateFeeReport, Ledger, Payment, Rate, Reversal,
    SKIPPED_LISTED_MAX, Term, TermId, date,
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

/// Two terms, the first current; s-17 and s-18 owe 120.00 each since 12 January.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    for (number, from, to) in [(1, "2026-01-12", "2026-04-09"), (2, "2026-05-04", "2026-08-06")] {
        school.define_term(Term::new(term(number), day(from), day(to)).unwrap()).await.unwrap();
        school.set_fee(term(number), "PRIMARY", "tuition", dec!(120)).await.unwrap();
    }
    for account in ["s-17", "s-18"] {
        school.enrol(account, ["PRIMARY"], day("2026-01-12")).await.unwrap();
    }
    school.activate_on(term(1), day("2026-01-12")).await.unwrap();
    school
}

async fn pay(school: &Ledger<MemoryStore>, account: &str, amount: Decimal, key: &str, on: &str) {
    let payment = Payment::cash(amount).from(account).for_term(term(1)).key(key).on(day(on));
    school.pay(payment).await.unwrap();
}

async fn run(school: &Ledger<MemoryStore>, rule: &LateFee, on: &str) -> LateFeeReport {
    school.charge_late_fees(rule, day(on)).await.unwrap()
}

/// The late fees of an account, reversed ones not among them.
async fn late_fees(school: &Ledger<MemoryStore>, account: &str) -> Vec<(Entry, Decimal)> {
    let entries = school.entries(account, 0, 1_000).await.unwrap();
    let reversed: Vec<u32> = entries
        .iter()
        .filter_map(|entry| match entry.kind {
            EntryKind::Reversal { of, .. } => Some(of),
            _ => None,
        })
        .collect();
    let late =
        |entry: &Entry| matches!(&entry.kind, EntryKind::Charge { code, .. } if code.as_str() == "late-fee");
    let live = entries.into_iter().filter(|entry| late(entry) && !reversed.contains(&entry.position));
    live.map(|entry| (entry.clone(), entry.amount().amount())).collect()
}

async fn amounts(school: &Ledger<MemoryStore>, account: &str) -> Vec<Decimal> {
    late_fees(school, account).await.into_iter().map(|(_, amount)| amount).collect()
}

#[tokio::test]
async fn a_payment_on_the_last_day_of_grace_is_in_time() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap().after_grace(7);
    pay(&school, "s-17", dec!(120), "p-1", "2026-01-19").await;
    pay(&school, "s-18", dec!(120), "p-2", "2026-01-20").await;
    assert_eq!(run(&school, &rule, "2026-01-19").await.charged, 0);
    let report = run(&school, &rule, "2026-01-20").await;
    assert_eq!((report.charged, report.amount.amount(), report.accounts_seen), (1, dec!(5), 2));
    assert!(amounts(&school, "s-17").await.is_empty());
    let charged = late_fees(&school, "s-18").await;
    assert_eq!(charged.len(), 1);
    assert_eq!(charged[0].0.key.as_str(), "bursar:late:late:1:0:s-18");
    assert_eq!(charged[0].0.term, term(1));
    assert_eq!(run(&school, &rule, "2026-03-31").await.charged, 0, "once");
}

#[tokio::test]
async fn a_rate_is_of_what_was_unsettled_when_each_period_began() {
    let school = school().await;
    let rule = LateFee::new("late", percent(dec!(10))).unwrap().every_days(30).unwrap();
    pay(&school, "s-17", dec!(20), "p-1", "2026-01-12").await;
    pay(&school, "s-17", dec!(50), "p-2", "2026-02-11").await;
    pay(&school, "s-17", dec!(50), "p-3", "2026-03-13").await;
    // The periods begin on 13 January, 12 February and 14 March; on the last of them nothing is owed.
    assert_eq!(run(&school, &rule, "2026-04-12").await.charged, 2 + 3);
    assert_eq!(amounts(&school, "s-17").await, [dec!(10), dec!(5)]);
    assert_eq!(amounts(&school, "s-18").await, [dec!(12), dec!(12), dec!(12)], "no late fee on a late fee");
}

#[tokio::test]
async fn a_late_fee_brings_no_other_by_a_roundabout_way() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap();
    assert_eq!(run(&school, &rule, "2026-01-13").await.charged, 2);
    let trip = Charge::of("trip", dec!(30)).to("s-17").for_term(term(1)).key("trip").on(day("2026-02-02"));
    school.charge(trip).await.unwrap();
    // All but the late fee is paid in time; the allocation lets it settle the late fee before the trip.
    pay(&school, "s-17", dec!(150), "p-1", "2026-02-02").await;
    assert_eq!(school.account("s-17").await.unwrap().balance.amount(), dec!(5));
    assert_eq!(run(&school, &rule, "2026-03-02").await.charged, 0);
    let other = LateFee::new("other", dec!(1)).unwrap();
    assert_eq!(run(&school, &other, "2026-03-02").await.charged, 2, "a rule of its own charges its own");
}

#[tokio::test]
async fn a_cap_holds_over_all_periods() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap().every_days(1).unwrap().at_most(dec!(12));
    run(&school, &rule, "2026-01-14").await;
    assert_eq!(run(&school, &rule, "2026-02-28").await.charged, 2);
    assert_eq!(amounts(&school, "s-17").await, [dec!(5), dec!(5), dec!(2)]);
    let rule = LateFee::new("rate", dec!(5)).unwrap().every_days(1).unwrap();
    let rule = rule.at_most(dec!(100)).at_most_rate(percent(dec!(5)));
    run(&school, &rule, "2026-02-28").await;
    let both: Decimal = amounts(&school, "s-17").await.iter().sum();
    assert_eq!(both, dec!(12) + dec!(6), "5 per cent of 120.00");
}

#[tokio::test]
async fn a_rule_reaches_its_codes_and_its_group_alone() {
    let school = school().await;
    school.enrol("s-19", ["ECD"], day("2026-01-12")).await.unwrap();
    for account in ["s-17", "s-19"] {
        let key = format!("trip-{account}");
        let trip = Charge::of("trip", dec!(30)).to(account).for_term(term(1)).key(key).on(day("2026-01-12"));
        school.charge(trip).await.unwrap();
    }
    let rule =
        LateFee::new("late", dec!(5)).unwrap().on_codes(["trip"]).unwrap().in_group("PRIMARY").unwrap();
    assert_eq!(run(&school, &rule, "2026-02-02").await.charged, 1);
    assert_eq!(amounts(&school, "s-17").await, [dec!(5)]);
    let all = LateFee::new("all", dec!(3)).unwrap();
    let one = school.charge_late_fees_of("s-18", &all, day("2026-02-02")).await.unwrap();
    assert_eq!((one.charged, one.accounts_seen), (1, 1));
    assert_eq!(amounts(&school, "s-18").await, [dec!(3)]);
    assert_eq!(amounts(&school, "s-17").await, [dec!(5)]);
}

#[tokio::test]
async fn a_repriced_charge_loses_its_late_fees_and_is_late_anew() {
    let school = school().await;
    let rule = LateFee::new("late", percent(dec!(10))).unwrap().after_grace(7);
    assert_eq!(run(&school, &rule, "2026-01-20").await.charged, 2);
    school.reprice_on(term(1), "PRIMARY", "tuition", dec!(100), "wrong", day("2026-01-25")).await.unwrap();
    let report = run(&school, &rule, "2026-02-01").await;
    assert_eq!((report.taken_back, report.amount_taken_back.amount(), report.charged), (2, dec!(24), 0));
    assert_eq!(run(&school, &rule, "2026-02-02").await.charged, 2);
    assert_eq!(amounts(&school, "s-17").await, [dec!(10)]);
    let again = run(&school, &rule, "2026-02-28").await;
    assert_eq!((again.taken_back, again.charged), (0, 0));
    assert!(bursar::audit::audit(&school).await.unwrap().is_clean());
}

#[tokio::test]
async fn what_is_waived_by_hand_is_not_charged_again_and_what_was_charged_stands() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap();
    run(&school, &rule, "2026-01-13").await;
    let waived = Reversal::of_key("bursar:late:late:1:0:s-17", "waived").key("w-1").on(day("2026-01-14"));
    school.reverse(waived).await.unwrap();
    // Paid in time, it turns out.
    pay(&school, "s-18", dec!(120), "p-1", "2026-01-12").await;
    let report = run(&school, &rule, "2026-01-15").await;
    assert_eq!((report.charged, report.taken_back, report.overtaken), (0, 0, 1));
    let (account, position) = &report.overtaken_late_fees[0];
    assert_eq!((account.as_str(), *position), ("s-18", 2));
    assert!(amounts(&school, "s-17").await.is_empty());
    assert_eq!(amounts(&school, "s-18").await, [dec!(5)]);
}

/// A cheque that bounced later: what was settled when the grace ended is late from the day on which it no longer was.
#[tokio::test]
async fn a_payment_that_bounces_makes_late() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap();
    for account in ["s-17", "s-18"] {
        pay(&school, account, dec!(120), &format!("p-{account}"), "2026-01-12").await;
    }
    assert_eq!(run(&school, &rule, "2026-01-20").await.charged, 0);
    let bounced = Reversal::of_key("p-s-17", "bounced").key("b-1").on(day("2026-01-22"));
    school.reverse(bounced).await.unwrap();
    assert_eq!(run(&school, &rule, "2026-01-22").await.charged, 0);
    assert_eq!(run(&school, &rule, "2026-01-23").await.charged, 1);
    assert_eq!(amounts(&school, "s-17").await, [dec!(5)]);
    let again = run(&school, &rule, "2026-01-24").await;
    assert_eq!((again.charged, again.overtaken), (0, 0), "it was owed on the day on which it was charged");
}

#[tokio::test]
async fn a_closed_term_sends_them_to_the_current_one_or_to_the_report() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(5)).unwrap().after_grace(100);
    school.close_term_on(term(1), day("2026-04-10")).await.unwrap();
    let report = run(&school, &rule, "2026-05-01").await;
    assert_eq!((report.charged, report.skipped), (0, 2));
    assert_eq!(report.skipped_late_fees[0].late_fee.amount.amount(), dec!(5));
    school.activate_on(term(2), day("2026-05-04")).await.unwrap();
    let report = run(&school, &rule, "2026-05-04").await;
    assert_eq!((report.charged, report.skipped), (2, 0));
    assert_eq!(late_fees(&school, "s-17").await[0].0.term, term(2));
}

#[tokio::test]
async fn progress_is_told_page_by_page() {
    let school = school().await;
    let mut told = Vec::new();
    let rule = LateFee::new("late", dec!(5)).unwrap();
    school.charge_late_fees_with(&rule, day("2026-02-02"), |progress| told.push(progress)).await.unwrap();
    assert_eq!(told.iter().map(|one| (one.accounts_seen, one.entries)).collect::<Vec<_>>(), [(2, 2)]);
}

/// More late fees than one step records.
#[tokio::test]
async fn a_long_neglect_is_made_up_for() {
    let school = school().await;
    let rule = LateFee::new("late", dec!(0.01)).unwrap().every_days(1).unwrap();
    let report = run(&school, &rule, "2029-12-31").await;
    let days = u64::try_from((day("2029-12-31") - day("2026-01-12")).num_days()).unwrap();
    assert_eq!((report.charged, report.accounts_seen), (2 * days, 2));
    assert_eq!(run(&school, &rule, "2029-12-31").await.charged, 0);
    assert!(bursar::audit::audit(&school).await.unwrap().is_clean());
    // Both had paid in time, it turns out: all is counted, and not all is listed.
    for account in ["s-17", "s-18"] {
        pay(&school, account, dec!(120), &format!("p-{account}"), "2026-01-12").await;
    }
    let report = run(&school, &rule, "2029-12-31").await;
    assert_eq!((report.charged, report.overtaken), (0, 2 * days));
    assert_eq!(report.overtaken_late_fees.len(), SKIPPED_LISTED_MAX);
}

#[tokio::test]
async fn late_fees_for_which_no_term_is_open_are_counted_beyond_those_listed() {
    let school = school().await;
    school.close_term_on(term(1), day("2026-04-10")).await.unwrap();
    let rule = LateFee::new("late", dec!(0.01)).unwrap().every_days(1).unwrap();
    let report = run(&school, &rule, "2029-12-31").await;
    let days = u64::try_from((day("2029-12-31") - day("2026-01-12")).num_days()).unwrap();
    assert_eq!((report.charged, report.skipped), (0, 2 * days));
    assert_eq!(report.skipped_late_fees.len(), SKIPPED_LISTED_MAX);
}

#[tokio::test]
async fn every_late_fee_is_overtaken_before_which_all_was_settled_and_no_other() {
    let school = school().await;
    let monthly = LateFee::new("monthly", dec!(5)).unwrap().every_days(30).unwrap();
    // The periods begin on 13 January, 12 February and 14 March.
    assert_eq!(run(&school, &monthly, "2026-03-20").await.charged, 6);
    assert_eq!(run(&school, &monthly, "2026-03-20").await.overtaken, 0, "all was owed all the while");
    pay(&school, "s-17", dec!(120), "p-1", "2026-02-11").await;
    let report = run(&school, &monthly, "2026-03-20").await;
    let charged: Vec<u32> =
        late_fees(&school, "s-17").await.iter().map(|(entry, _)| entry.position).collect();
    let overtaken: Vec<u32> = report.overtaken_late_fees.iter().map(|(_, position)| *position).collect();
    assert_eq!(
        (report.overtaken, &overtaken[..]),
        (2, &charged[1..]),
        "the last day before a period is in time"
    );
}
