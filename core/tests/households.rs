//! Households: one payment split over several accounts, and one statement of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    AccountDebits, AccountId, AsOf, Currency, Debit, Household, Ledger, Money, Payment, Receipt, Span, Term,
    TermId, date, split_oldest_first,
};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term(number: u32) -> TermId {
    TermId::new(2026, number).unwrap()
}

/// Two terms, the second current: c and a owe 100.00 since 12 January and 50.00 since 4 May, b the latter alone.
async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    for (number, from, to, fee) in
        [(1, "2026-01-12", "2026-04-09", dec!(100)), (2, "2026-05-04", "2026-08-06", dec!(50))]
    {
        school.define_term(Term::new(term(number), day(from), day(to)).unwrap()).await.unwrap();
        school.set_fee(term(number), "PRIMARY", "tuition", fee).await.unwrap();
    }
    for (account, on) in [("a", "2026-01-12"), ("c", "2026-01-12"), ("b", "2026-04-20")] {
        school.enrol(account, ["PRIMARY"], day(on)).await.unwrap();
    }
    school.activate_on(term(1), day("2026-01-12")).await.unwrap();
    school.activate_on(term(2), day("2026-05-04")).await.unwrap();
    school
}

fn family() -> Household {
    Household::new("h-1", ["c", "a", "b"]).unwrap()
}

fn payment(amount: Decimal) -> Payment {
    Payment::bank(amount).reference("transfer 7").for_term(term(2)).key("k").on(day("2026-05-10"))
}

fn shown(receipts: &[Receipt]) -> Vec<(String, String, bool)> {
    let one = |receipt: &Receipt| {
        (receipt.entry.account.to_string(), receipt.entry.amount().to_string(), receipt.replayed)
    };
    receipts.iter().map(one).collect()
}

fn expected(parts: &[(&str, &str)], replayed: bool) -> Vec<(String, String, bool)> {
    parts.iter().map(|(account, amount)| ((*account).to_owned(), (*amount).to_owned(), replayed)).collect()
}

#[tokio::test]
async fn the_oldest_debts_of_all_accounts_are_settled_first() {
    for (amount, parts) in [
        (dec!(60), &[("c", "60.00")][..]),
        (dec!(160), &[("c", "100.00"), ("a", "60.00")]),
        (dec!(260), &[("c", "150.00"), ("a", "110.00")]),
        (dec!(350), &[("c", "150.00"), ("a", "150.00"), ("b", "50.00")]),
        (dec!(400), &[("c", "200.00"), ("a", "150.00"), ("b", "50.00")]),
    ] {
        let school = school().await;
        let receipts = school.pay_household(&family(), payment(amount)).await.unwrap();
        assert_eq!(shown(&receipts), expected(parts, false));
        assert_eq!(receipts[0].entry.key.as_str(), "k");
        // Sent again, whatever has moved since.
        let other = Payment::cash(dec!(10)).from("a").for_term(term(2)).key("other").on(day("2026-05-11"));
        school.pay(other).await.unwrap();
        let again = school.pay_household(&family(), payment(amount)).await.unwrap();
        assert_eq!(shown(&again), expected(parts, true));
        assert!(bursar::audit::audit(&school).await.unwrap().is_clean());
    }
}

#[tokio::test]
async fn the_rest_goes_to_the_account_named() {
    let school = school().await;
    let receipts = school.pay_household(&family(), payment(dec!(400)).from("b")).await.unwrap();
    assert_eq!(shown(&receipts), expected(&[("c", "150.00"), ("a", "150.00"), ("b", "100.00")], false));
    let more = payment(dec!(30)).key("k-2").from("b");
    let receipts = school.pay_household(&family(), more).await.unwrap();
    assert_eq!(shown(&receipts), expected(&[("b", "30.00")], false), "nobody owes any more");
}

#[tokio::test]
async fn a_key_names_one_payment() {
    let school = school().await;
    school.pay_household(&family(), payment(dec!(160))).await.unwrap();
    for other in [
        payment(dec!(161)),
        payment(dec!(160)).reference("transfer 8"),
        payment(dec!(160)).for_term(term(1)),
        payment(dec!(160)).on(day("2026-05-11")),
        Payment::cash(dec!(160)).reference("transfer 7").for_term(term(2)).key("k").on(day("2026-05-10")),
    ] {
        let refused = school.pay_household(&family(), other).await.unwrap_err();
        assert_eq!(refused.refusal().unwrap().code(), "key-reused");
    }
    let others = Household::new("h-2", ["c", "b"]).unwrap();
    let refused = school.pay_household(&others, payment(dec!(160))).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "key-reused");
    let refused = school.pay(payment(dec!(160)).from("a")).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "key-reused");
    assert_eq!(school.book_balance().await.unwrap().balance.amount(), dec!(350) - dec!(160));
}

#[tokio::test]
async fn what_a_rule_does_not_allow_leaves_nothing_of_any_part() {
    let school = school().await;
    school.define_term(Term::new(term(3), day("2026-09-01"), day("2026-12-01")).unwrap()).await.unwrap();
    school.lock_through(day("2026-05-05")).await.unwrap();
    let strangers = Household::new("h-9", ["a", "z"]).unwrap();
    for (household, asked, code) in [
        (family(), payment(dec!(0)), "not-positive"),
        (family(), payment(dec!(1.001)), "too-many-decimals"),
        (family(), payment(dec!(160)).for_term(term(3)), "term-after-current"),
        (family(), payment(dec!(160)).on(day("2026-05-05")), "locked"),
        (family(), payment(dec!(160)).from("z"), "not-of-household"),
        (family(), payment(dec!(160)).key("bursar:mine"), "reserved-key"),
        (family(), Payment::cash(dec!(160)).key("k"), "missing"),
        (family(), Payment::cash(dec!(160)).for_term(term(2)), "missing"),
        (strangers, payment(dec!(160)), "unknown-account"),
    ] {
        let refused = school.pay_household(&household, asked).await.unwrap_err();
        assert_eq!(refused.refusal().map(bursar::Refusal::code), Some(code), "{refused}");
        assert_eq!(school.book_balance().await.unwrap().balance.amount(), dec!(350));
    }
    assert_eq!(Household::new("h", [""; 0]).unwrap_err().code(), "bad-household");
    assert_eq!(Household::new("h", ["a", "b", "a"]).unwrap_err().code(), "bad-household");
    assert_eq!(Household::new("h", 1..=65_u32).unwrap_err().code(), "bad-household");
    assert_eq!(Household::new("", ["a"]).unwrap_err().code(), "bad-name");
    assert!(Household::new("h", 1..=64_u32).is_ok());
}

#[tokio::test]
async fn a_statement_sums_its_accounts() {
    let school = school().await;
    school.pay_household(&family(), payment(dec!(400)).from("b")).await.unwrap();
    let undone = bursar::Reversal::of_key("k", "bounced").key("u").on(day("2026-05-12"));
    school.reverse(undone).await.unwrap();
    let statement = school.household_statement(&family(), term(2), AsOf::ALL).await.unwrap();
    assert_eq!(statement.outstanding.amount(), dec!(150));
    assert_eq!(statement.unallocated.amount(), dec!(50));
    assert_eq!(statement.closing.amount(), dec!(100));
    assert_eq!(statement.earlier.amount(), dec!(200));
    let accounts: Vec<&str> = statement.statements.iter().map(|one| one.account.as_str()).collect();
    assert_eq!(accounts, ["c", "a", "b"]);
    let text = statement.to_string();
    let mut sums = text.lines().take_while(|line| !line.is_empty());
    assert!(sums.all(|line| line.chars().count() <= 80), "{text}");
    let sums = ["all", "200.00", "100.00", "150.00", "50.00"];
    assert!(text.lines().any(|line| line.split_whitespace().eq(sums)), "{text}");
    for one in &statement.statements {
        assert!(text.contains(&one.to_string()), "{text}");
    }
    let before = school.household_statement(&family(), Span::All, day("2026-05-09")).await.unwrap();
    assert_eq!(before.outstanding.amount(), dec!(350));
    // The day is said unless it is of all days, or the days of the span say it.
    let may = Span::from(day("2026-05-01")..=day("2026-05-31"));
    let of_may = school.household_statement(&family(), may, day("2026-05-31")).await.unwrap();
    for (statement, says) in [
        (&statement, "term 2026-2, in USD"),
        (&before, "everything, in USD, as of 2026-05-09"),
        (&of_may, "2026-05-01 to 2026-05-31, in USD"),
    ] {
        let said = format!("Statement of household {}, {says}\n", family().id());
        assert!(statement.to_string().starts_with(&said), "{statement}");
    }
}

/// (account, due in so many days, amount, settled per cent)
fn debts() -> impl Strategy<Value = Vec<Vec<(u64, i64, i64)>>> {
    let debit = (0_u64..20, 1_i64..5_000, 0_i64..=100);
    prop::collection::vec(prop::collection::vec(debit, 0..6), 1..5)
}

proptest! {
    #[test]
    fn a_split_loses_nothing_and_goes_by_age(debts in debts(), amount in 1_i64..40_000) {
        let usd = |minor| Money::from_minor(minor, Currency::USD);
        let debit = |(at, (days, amount, settled)): (usize, &(u64, i64, i64))| Debit {
            position: u32::try_from(at).unwrap() + 1,
            term: term(1),
            due_on: day("2026-01-01") + chrono::Days::new(*days),
            amount: usd(*amount),
            settled: usd(amount * settled / 100),
        };
        let owed: Vec<AccountDebits> = debts.iter().enumerate().map(|(at, own)| AccountDebits {
            account: AccountId::from(u64::try_from(at).unwrap()),
            debits: own.iter().enumerate().map(debit).collect(),
        }).collect();
        let split = split_oldest_first(&owed, usd(amount)).unwrap();
        // The parts and the rest are the whole, and nothing is negative or nothing.
        let settled: i64 = split.settled.iter().map(|part| part.amount.minor()).sum();
        prop_assert_eq!(settled + split.rest.minor(), amount);
        prop_assert!(!split.rest.is_negative());
        prop_assert!(split.settled.iter().all(|part| part.amount.is_positive()));
        // No debit beyond what is unsettled of it; and none is touched while an older one is unsettled.
        let given = |account: &AccountId, position| split.settled.iter()
            .filter(|part| part.account == *account && part.debit == position)
            .map(|part| part.amount.minor()).sum::<i64>();
        let all = owed.iter().enumerate().flat_map(|(place, one)| one.debits.iter().map(move |debit| {
            ((debit.due_on, place, debit.position), &one.account, debit)
        }));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(age, ..)| *age);
        let mut open_before = false;
        for (_, account, debit) in all {
            let (part, unsettled) = (given(account, debit.position), debit.unsettled().unwrap().minor());
            prop_assert!(part <= unsettled);
            prop_assert!(part == 0 || !open_before, "an older debit was left open");
            open_before |= part < unsettled;
        }
        prop_assert!(split.rest.is_zero() || !open_before, "something is left though something is owed");
        // By account it is the same money.
        let accounts: Vec<AccountId> = owed.iter().map(|one| one.account.clone()).collect();
        let parts = split.by_account(&accounts, &accounts[0]).unwrap();
        prop_assert_eq!(parts.iter().map(|(_, part)| part.minor()).sum::<i64>(), amount);
        prop_assert!(parts.iter().all(|(_, part)| part.is_positive()));
    }
}
