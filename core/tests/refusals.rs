//! Every rule refuses what it does not allow, says so by its code, and leaves the book as it was.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bursar::{
    Adjustment, Amount, Charge, Concession, ConcessionKind, ConcessionRule, Currency, Deadline, EarlyPayment,
    Error, Household, LateFee, Ledger, Money, NewFee, OpeningBalance, Payment, Refund, Reversal, Standing,
    Term, TermId, WriteOff, date,
};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

/// Two terms, the first current; s-17 owes 40.00 of 120.00; s-18 is 30.00 in credit; the book is locked through January.
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
    for (account, amount, key) in [("s-17", dec!(80), "p-17"), ("s-18", dec!(150), "p-18")] {
        let payment = Payment::cash(amount).from(account).for_term(term(1)).key(key).on(day("2026-01-20"));
        school.pay(payment).await.unwrap();
    }
    school.lock_through(day("2026-01-31")).await.unwrap();
    school
}

fn pay(amount: impl Into<Amount>) -> Payment {
    Payment::cash(amount).from("s-17").for_term(term(1)).key("new").on(day("2026-02-02"))
}

async fn snapshot(school: &Ledger<MemoryStore>) -> (Vec<u8>, String) {
    let mut export = Vec::new();
    bursar::school_file::export(school, &mut export).await.unwrap().unwrap();
    (export, format!("{:?}", school.book_balance().await.unwrap()))
}

/// Asks for something that must be refused under this code, and sees that nothing changed.
macro_rules! refused {
    ($school:ident, $code:literal, $($call:tt)+) => {{
        let before = snapshot(&$school).await;
        match $school.$($call)+.await {
            Err(Error::Refused(refusal)) => {
                assert_eq!(refusal.code(), $code, "{refusal}");
                assert!(refusal.to_string().len() > 20, "{refusal} says too little");
            }
            other => panic!("{} was expected, not {other:?}", $code),
        }
        assert_eq!(snapshot(&$school).await, before, "a refusal leaves the book as it was");
    }};
}

#[tokio::test]
async fn amounts() {
    let school = school().await;
    refused!(school, "too-many-decimals", pay(pay(dec!(10.005))));
    refused!(school, "too-many-decimals", pay(pay(dec!(10.000))));
    refused!(school, "not-positive", pay(pay(dec!(0))));
    refused!(school, "not-positive", pay(pay(dec!(-5))));
    refused!(school, "currency-mismatch", pay(pay(Money::new(dec!(5), Currency::EUR).unwrap())));
    refused!(school, "amount-too-large", pay(pay(dec!(10_000_000_000_000.01))));
    refused!(school, "overflow", pay(pay(Decimal::MAX)));
    refused!(
        school,
        "zero-amount",
        adjust(Adjustment::of(dec!(0), "x").account("s-17").for_term(term(1)).key("new"))
    );
    refused!(
        school,
        "zero-amount",
        bring_in(OpeningBalance::of(dec!(0), "x").account("s-17").for_term(term(1)).key("new"))
    );
    refused!(
        school,
        "not-positive",
        charge(Charge::of("trip", dec!(-1)).to("s-17").for_term(term(1)).key("new"))
    );
    refused!(school, "not-positive", set_fee(term(2), "ECD", "meals", dec!(0)));
}

#[tokio::test]
async fn names_keys_and_texts() {
    let school = school().await;
    refused!(school, "missing", pay(Payment::cash(dec!(1)).for_term(term(1)).key("new")));
    refused!(school, "missing", pay(Payment::cash(dec!(1)).from("s-17").key("new")));
    refused!(school, "missing", pay(Payment::cash(dec!(1)).from("s-17").for_term(term(1))));
    refused!(school, "missing", reverse(Reversal::of_key("p-17", "wrong")));
    refused!(school, "bad-name", pay(pay(dec!(1)).key("")));
    refused!(school, "bad-name", pay(pay(dec!(1)).account("x".repeat(65))));
    refused!(school, "bad-name", enrol("a\nb", ["PRIMARY"], day("2026-02-02")));
    refused!(school, "reserved-key", pay(pay(dec!(1)).key("bursar:mine")));
    refused!(school, "key-reused", pay(pay(dec!(1)).key("p-17")));
    refused!(school, "key-reused", pay(pay(dec!(80)).key("p-18")));
    refused!(
        school,
        "unknown-key",
        reverse(Reversal::of_key("p-99", "wrong").key("new").on(day("2026-02-02")))
    );
    refused!(school, "unknown-entry", reverse(Reversal::of_entry("s-17", 9, "wrong").key("new")));
    refused!(school, "bad-text", reverse(Reversal::of_key("p-17", " ").key("new")));
    refused!(school, "bad-text", pay(pay(dec!(1)).note("x".repeat(501))));
    refused!(school, "bad-text", reverse(Reversal::of_key("p-17", "wrong").key("new").note("x".repeat(501))));
    refused!(school, "bad-text", reverse(Reversal::of_key("p-17", "wrong").key("new").recorded_by("a\0b")));
    let blank =
        Concession::of(ConcessionKind::Waiver, dec!(1), "").account("s-17").for_term(term(1)).key("new");
    refused!(school, "bad-text", concede(blank));
    refused!(school, "group-count", enrol("s-19", [""; 0], day("2026-02-02")));
    refused!(school, "account-exists", enrol("s-17", ["ECD"], day("2026-01-12")));
    refused!(school, "unknown-account", pay(pay(dec!(1)).account("s-99")));
    refused!(school, "unknown-account", move_standing("s-99", Standing::OnLeave, day("2026-02-02")));
    refused!(school, "unknown-account", define_fee(NewFee::of_account(term(2), "s-99", "bus", dec!(1))));
}

#[tokio::test]
async fn terms_and_days() {
    let school = school().await;
    let defined = |number, from, to| Term::new(term(number), day(from), day(to)).unwrap();
    refused!(school, "term-out-of-order", define_term(defined(4, "2026-12-01", "2026-12-20")));
    refused!(school, "term-overlaps", define_term(defined(3, "2026-08-06", "2026-12-20")));
    refused!(school, "term-exists", define_term(defined(2, "2026-05-04", "2026-08-07")));
    assert_eq!(Term::new(term(3), day("2026-09-01"), day("2026-09-01")).unwrap_err().code(), "term-dates");
    refused!(school, "unknown-term", pay(pay(dec!(1)).for_term(term(3))));
    refused!(school, "term-after-current", pay(pay(dec!(1)).for_term(term(2))));
    refused!(school, "unknown-term", activate_on(term(3), day("2026-09-01")));
    refused!(school, "locked", pay(pay(dec!(1)).on(day("2026-01-31"))));
    refused!(school, "locked", reverse(Reversal::of_key("p-17", "wrong").key("new").on(day("2026-01-20"))));
    refused!(school, "locked", activate_on(term(2), day("2026-01-31")));
    refused!(school, "locked", enrol("s-19", ["PRIMARY"], day("2026-01-31")));
    refused!(school, "locked", move_standing("s-17", Standing::OnLeave, day("2026-01-31")));
    refused!(
        school,
        "locked",
        reprice_on(term(1), "PRIMARY", "tuition", dec!(100), "wrong", day("2026-01-31"))
    );
    school.close_term_on(term(1), day("2026-04-10")).await.unwrap();
    refused!(
        school,
        "term-closed",
        charge(Charge::of("trip", dec!(5)).to("s-17").for_term(term(1)).key("new"))
    );
    refused!(school, "term-closed", activate_on(term(1), day("2026-04-11")));
    refused!(
        school,
        "term-closed",
        reprice_on(term(1), "PRIMARY", "tuition", dec!(100), "wrong", day("2026-04-11"))
    );
    refused!(school, "term-closed", set_fee(term(1), "ECD", "meals", dec!(5)));
    // Arrears are cleared late, and what was wrong is still put right.
    school.pay(pay(dec!(40))).await.unwrap();
    school.reverse(Reversal::of_key("p-17", "bounced").key("undo").on(day("2026-04-12"))).await.unwrap();
}

#[tokio::test]
async fn fees_and_balances() {
    let school = school().await;
    refused!(school, "fee-charged", set_fee(term(1), "PRIMARY", "tuition", dec!(100)));
    school.set_fee(term(1), "PRIMARY", "tuition", dec!(120)).await.expect("the same price is no change");
    school.set_fee(term(2), "PRIMARY", "tuition", dec!(130)).await.expect("not charged yet");
    refused!(
        school,
        "unknown-fee",
        reprice_on(term(1), "ECD", "tuition", dec!(100), "wrong", day("2026-02-02"))
    );
    refused!(school, "bad-text", reprice_on(term(1), "PRIMARY", "tuition", dec!(100), "", day("2026-02-02")));
    let days = [day("2026-05-04"), day("2026-05-04")];
    refused!(
        school,
        "bad-instalments",
        define_fee(NewFee::of_group(term(2), "ECD", "meals", dec!(5)).in_instalments(days))
    );
    let days = (1..=3).map(|n| NaiveDate::from_ymd_opt(2026, 5, n).unwrap());
    refused!(
        school,
        "bad-instalments",
        define_fee(NewFee::of_group(term(2), "ECD", "meals", dec!(0.02)).in_instalments(days))
    );
    let refund =
        |amount| Refund::by(bursar::Method::Bank, amount).for_term(term(1)).key("new").on(day("2026-02-02"));
    refused!(school, "exceeds-credit", refund(refund(dec!(30.01)).to("s-18")));
    refused!(school, "exceeds-credit", refund(refund(dec!(0.01)).to("s-17")));
    let give_up = |amount| WriteOff::of(amount, "gone").for_term(term(1)).key("new").on(day("2026-02-02"));
    refused!(school, "exceeds-outstanding", write_off(give_up(dec!(40.01)).account("s-17")));
    refused!(school, "exceeds-outstanding", write_off(give_up(dec!(0.01)).account("s-18")));
    let elsewhere =
        |group| Charge::of("tuition", dec!(120)).to("s-17").for_term(term(1)).key("new").billed_from(group);
    refused!(school, "already-billed", charge(elsewhere("PRIMARY")));
    refused!(school, "unknown-fee", charge(elsewhere("ECD")));
    school.refund(refund(dec!(30)).to("s-18")).await.expect("all of the credit");
    school.write_off(give_up(dec!(40)).account("s-17").key("new-2")).await.expect("all of the debt");
}

#[tokio::test]
async fn reversals_and_standing() {
    let school = school().await;
    let on = day("2026-02-02");
    let undo = |key| Reversal::of_key("p-17", "wrong").key(key).on(on);
    school.reverse(undo("undo")).await.unwrap();
    assert!(school.reverse(undo("undo")).await.unwrap().replayed);
    refused!(school, "already-reversed", reverse(undo("undo-2")));
    refused!(school, "reverses-reversal", reverse(Reversal::of_key("undo", "wrong").key("undo-3").on(on)));
    refused!(school, "standing-refused", move_standing("s-17", Standing::Alumni, on));
    school.move_standing("s-17", Standing::Graduated, on).await.unwrap();
    refused!(school, "still-owes", move_standing("s-17", Standing::Alumni, on));
    refused!(school, "standing-refused", move_standing("s-17", Standing::Active, on));
    school.move_standing("s-17", Standing::Graduated, on).await.expect("the standing it has is no change");
    school.move_standing("s-18", Standing::Expelled, on).await.unwrap();
    for to in Standing::ALL.iter().copied().filter(|to| *to != Standing::Expelled) {
        refused!(school, "standing-refused", move_standing("s-18", to, on));
    }
    school.pay(pay(dec!(120))).await.expect("leavers may pay");
    school.move_standing("s-17", Standing::Alumni, on).await.unwrap();
}

#[tokio::test]
async fn rules_and_households() {
    let school = school().await;
    let (on, locked) = (day("2026-02-02"), day("2026-01-31"));
    let late = |amount: Decimal| LateFee::new("late", amount).unwrap();
    refused!(school, "locked", charge_late_fees(&late(dec!(5)), locked));
    refused!(school, "not-positive", charge_late_fees(&late(dec!(0)), on));
    refused!(school, "too-many-decimals", charge_late_fees(&late(dec!(5)).at_most(dec!(0.001)), on));
    refused!(school, "unknown-account", charge_late_fees_of("s-99", &late(dec!(5)), on));
    let fund = ConcessionRule::new("fund", ConcessionKind::Scholarship, dec!(10), "a fund").unwrap();
    refused!(school, "locked", grant(&fund, term(1), locked));
    refused!(school, "unknown-term", grant(&fund, term(3), on));
    let named = fund.for_accounts(["s-17", "s-99"]).unwrap();
    refused!(school, "unknown-account", grant(&named, term(1), on));
    let early = EarlyPayment::new("early", dec!(-1), Deadline::AfterDue(7)).unwrap();
    refused!(school, "not-positive", discount_early(&early, term(1), on));
    let family = Household::new("h", ["s-17", "s-18"]).unwrap();
    refused!(school, "not-of-household", pay_household(&family, pay(dec!(5)).from("s-19")));
    refused!(school, "term-after-current", pay_household(&family, pay(dec!(50)).for_term(term(2))));
    refused!(school, "locked", pay_household(&family, pay(dec!(50)).on(locked)));
    refused!(school, "key-reused", pay_household(&family, pay(dec!(50)).key("p-17")));
    refused!(school, "reserved-key", pay_household(&family, pay(dec!(50)).key("bursar:mine")));
    let stranger = Household::new("h", ["s-17", "s-99"]).unwrap();
    refused!(school, "unknown-account", pay_household(&stranger, pay(dec!(50))));
    refused!(school, "unknown-account", household_statement(&stranger, term(1), on));
    refused!(school, "unknown-term", household_statement(&family, term(3), on));
    school.close_term_on(term(1), on).await.unwrap();
    let report = school.charge_late_fees(&late(dec!(5)), on).await.unwrap();
    assert_eq!((report.charged, report.skipped), (0, 2), "both paid late, and no term is open");
}

#[tokio::test]
async fn books() {
    let store = MemoryStore::new();
    let unknown = Ledger::open_existing(store.clone(), "hillside").await.unwrap_err();
    assert_eq!(unknown.refusal().unwrap().code(), "unknown-book");
    Ledger::open(store.clone(), "hillside", Currency::USD).await.unwrap();
    let other = Ledger::open(store.clone(), "hillside", Currency::EUR).await.unwrap_err();
    assert_eq!(other.refusal().unwrap().code(), "currency-mismatch");
    assert!(Ledger::open(store.clone(), "", Currency::EUR).await.is_err());
    let there = Ledger::open_existing(store, "hillside").await.unwrap();
    assert_eq!(format!("{there:?}"), "Ledger { book: \"hillside\", currency: USD, .. }");
}

/// A key that was used is the same request where it says the same, as far as it says anything.
#[tokio::test]
async fn requests_again() {
    let school = school().await;
    let trip = || Charge::of("trip", dec!(5)).to("s-17").for_term(term(1)).key("t-1").on(day("2026-02-02"));
    school.charge(trip().due_on(day("2026-03-02"))).await.unwrap();
    for again in [trip(), trip().due_on(day("2026-03-02"))] {
        assert!(school.charge(again).await.unwrap().replayed);
    }
    refused!(school, "key-reused", charge(trip().due_on(day("2026-03-03"))));
}

/// An amount of a rule is refused before anybody is looked at.
#[tokio::test]
async fn rules_over_no_accounts() {
    let empty = Ledger::open(MemoryStore::new(), "empty", Currency::USD).await.unwrap();
    empty.define_term(Term::new(term(1), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    let on = day("2026-02-02");
    let fund =
        |amount: Decimal| ConcessionRule::new("fund", ConcessionKind::Waiver, amount, "a fund").unwrap();
    let early = |amount: Decimal| EarlyPayment::new("early", amount, Deadline::On(on)).unwrap();
    refused!(empty, "not-positive", grant(&fund(dec!(0)), term(1), on));
    refused!(empty, "too-many-decimals", discount_early(&early(dec!(0.001)), term(1), on));
    assert_eq!(empty.grant(&fund(dec!(1)), term(1), on).await.unwrap().accounts_seen, 0);
    assert_eq!(empty.discount_early(&early(dec!(1)), term(1), on).await.unwrap().accounts_seen, 0);
}

/// B9: balances near the ends of 64 bits are refused, not wrapped.
#[tokio::test]
async fn balances_at_the_end_of_what_fits() {
    let school = school().await;
    let most = dec!(10_000_000_000_000);
    for n in 0..1_000 {
        let opening =
            OpeningBalance::of(most, "import").account("s-17").for_term(term(1)).key(format!("o-{n}"));
        match school.bring_in(opening.on(day("2026-02-02"))).await {
            Ok(_) => {}
            Err(Error::Refused(refusal)) => {
                assert_eq!(refusal.code(), "balance-too-large");
                assert_eq!(n, 999, "10^18 is the most that fits, and 40.00 was there");
                let report = bursar::audit::audit(&school).await.unwrap();
                assert!(report.is_clean(), "{report:?}");
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the balance grew past its end");
}

/// Billing says so too, and charges nobody of the page.
#[tokio::test]
async fn billing_at_the_end_of_what_fits() {
    let school = school().await;
    let most = dec!(10_000_000_000_000);
    school.set_fee(term(2), "PRIMARY", "tower", most).await.unwrap();
    for n in 0..999 {
        let opening =
            OpeningBalance::of(most, "import").account("s-17").for_term(term(1)).key(format!("o-{n}"));
        school.bring_in(opening.on(day("2026-02-02"))).await.unwrap();
    }
    let refused = school.activate_on(term(2), day("2026-05-04")).await.unwrap_err();
    assert_eq!(refused.refusal().map(bursar::Refusal::code), Some("balance-too-large"), "{refused}");
    assert!(bursar::audit::audit(&school).await.unwrap().is_clean());
}
