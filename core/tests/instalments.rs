//! Instalments: even or uneven, they sum to the price, whatever is done with them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    Account, BillingPolicy, Currency, Entry, EntryKind, Ledger, Money, NewFee, Payer, Payment, SkipReason,
    StandardPolicy, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

fn day(text: &str) -> NaiveDate {
    date(text).unwrap()
}

fn term() -> TermId {
    TermId::new(2026, 1).unwrap()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A policy that the store cannot apply by itself, so that accounts are billed one by one.
struct OneByOne;

impl BillingPolicy for OneByOne {
    fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason> {
        StandardPolicy.eligible(account, term, on)
    }
}

async fn school() -> Ledger<MemoryStore> {
    let school = Ledger::open(MemoryStore::new(), "hillside", Currency::USD).await.unwrap();
    school.define_term(Term::new(term(), day("2026-01-12"), day("2026-04-09")).unwrap()).await.unwrap();
    school.enrol("s-17", ["PRIMARY"], day("2026-01-10")).await.unwrap();
    school
}

async fn live_charges(school: &Ledger<MemoryStore>) -> Vec<(i64, NaiveDate)> {
    let entries = school.entries("s-17", 0, 1_000).await.unwrap();
    let reversed = |at: &Entry| {
        entries.iter().any(|one| matches!(one.kind, EntryKind::Reversal { of, .. } if of == at.position))
    };
    let due = |entry: &Entry| match entry.kind {
        EntryKind::Charge { due_on, .. } if !reversed(entry) => Some((entry.effect.minor(), due_on)),
        _ => None,
    };
    let mut charges: Vec<_> = entries.iter().filter_map(due).collect();
    charges.sort_by_key(|(_, due_on)| *due_on);
    charges
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn thirds_lose_no_cent(minor in 100_i64..10_000_000, parts in 1_u64..=12) {
        wait(async {
            let school = school().await;
            let days = (0..parts).map(|n| day("2026-01-12") + Days::new(30 * n));
            let fee = NewFee::of_group(term(), "PRIMARY", "tuition", usd(minor)).in_instalments(days);
            school.define_fee(fee).await.unwrap();
            school.activate_on(term(), day("2026-01-12")).await.unwrap();
            let charges = live_charges(&school).await;
            assert_eq!(charges.len(), usize::try_from(parts).unwrap());
            assert_eq!(charges.iter().map(|(amount, _)| amount).sum::<i64>(), minor);
            let (least, most) = (charges.iter().min().unwrap().0, charges.iter().max().unwrap().0);
            assert!(most - least <= 1, "{charges:?}");
        });
    }

    #[test]
    fn uneven_parts_are_billed_repriced_and_settled_one_by_one(
        parts in prop::collection::vec(1_i64..100_000, 1..8),
        repriced in 1_000_i64..1_000_000,
        paid in 1_i64..200_000,
        one_by_one: bool,
    ) {
        wait(async {
            let mut school = school().await;
            if one_by_one {
                school = school.with_policy(OneByOne);
            }
            let price: i64 = parts.iter().sum();
            let days: Vec<NaiveDate> =
                (0..).map(|n| day("2026-01-12") + Days::new(20 * n)).take(parts.len()).collect();
            let given = || parts.iter().map(|part| usd(*part)).zip(days.clone());
            let fee = || NewFee::of_group(term(), "PRIMARY", "tuition", usd(price)).in_instalments_of(given());
            school.define_fee(fee()).await.unwrap();
            school.activate_on(term(), day("2026-01-12")).await.unwrap();
            school.define_fee(fee()).await.expect("priced just so is no change");
            let expected: Vec<_> = parts.iter().copied().zip(days.clone()).collect();
            assert_eq!(live_charges(&school).await, expected);

            // What is paid settles them one after the other.
            let payment = Payment::cash(usd(paid)).from("s-17").for_term(term()).key("p").on(day("2026-01-13"));
            school.pay(payment).await.unwrap();
            let mut left = paid;
            for (debit, part) in school.allocation("s-17").await.unwrap().debits.iter().zip(&parts) {
                assert_eq!((debit.amount.minor(), debit.settled.minor()), (*part, left.min(*part)));
                left -= left.min(*part);
            }

            // Another price keeps their days and their proportions, to a cent.
            match school.reprice_on(term(), "PRIMARY", "tuition", usd(repriced), "wrong", day("2026-01-14")).await {
                Ok(_) => {
                    let charges = live_charges(&school).await;
                    assert_eq!(charges.iter().map(|(amount, _)| amount).sum::<i64>(), repriced);
                    assert!(charges.iter().map(|(_, due_on)| due_on).eq(&days));
                    for ((amount, _), part) in charges.iter().zip(&parts) {
                        let exact = i128::from(*part) * i128::from(repriced);
                        let off = i128::from(*amount) * i128::from(price) - exact;
                        assert!(off.abs() < i128::from(price) * 2, "{charges:?} of {parts:?}");
                    }
                }
                Err(refused) => {
                    // Allowed where an instalment would come to nothing.
                    assert_eq!(refused.refusal().unwrap().code(), "bad-instalments");
                    assert!(parts.iter().any(|part| part * repriced < price));
                }
            }
            assert!(bursar::audit::audit(&school).await.unwrap().is_clean());
        });
    }
}

#[tokio::test]
async fn parts_that_are_not_the_price_are_refused() {
    let school = school().await;
    let (first, second) = (day("2026-01-12"), day("2026-02-12"));
    for (parts, code) in [
        (vec![(dec!(60), first), (dec!(39.99), second)], "bad-instalments"),
        (vec![(dec!(60), first), (dec!(40.01), second)], "bad-instalments"),
        (vec![(dec!(60), second), (dec!(40), first)], "bad-instalments"),
        (vec![(dec!(60), first), (dec!(40), first)], "bad-instalments"),
        (vec![(dec!(100), first), (dec!(0), second)], "bad-instalments"),
        (vec![(dec!(120), first), (dec!(-20), second)], "bad-instalments"),
        (vec![], "bad-instalments"),
        (vec![(dec!(99.995), first), (dec!(0.005), second)], "too-many-decimals"),
        (vec![(Decimal::MAX, first), (dec!(40), second)], "overflow"),
    ] {
        let fee = NewFee::of_group(term(), "PRIMARY", "tuition", dec!(100)).in_instalments_of(parts);
        let refused = school.define_fee(fee).await.unwrap_err();
        assert_eq!(refused.refusal().map(bursar::Refusal::code), Some(code), "{refused}");
    }
    let many = (0..101_u64).map(|n| (dec!(1), first + Days::new(n)));
    let fee = NewFee::of_group(term(), "PRIMARY", "tuition", dec!(101)).in_instalments_of(many);
    assert_eq!(school.define_fee(fee).await.unwrap_err().refusal().unwrap().code(), "bad-instalments");
    let fees = school.fees(term(), None, 10).await.unwrap();
    assert!(fees.is_empty());

    let own = NewFee::of_account(term(), "s-17", "bus", dec!(30))
        .in_instalments_of([(dec!(10), first), (dec!(20), second)]);
    school.define_fee(own).await.unwrap();
    let fees = school.fees(term(), None, 10).await.unwrap();
    assert!(matches!(fees[0].key.payer, Payer::Account(_)));
    assert_eq!(
        fees[0].instalments.iter().map(|part| part.amount.minor()).collect::<Vec<_>>(),
        [1_000, 2_000]
    );
}
