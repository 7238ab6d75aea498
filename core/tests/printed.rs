//! Reports as people read them: to the letter, and within 80 columns whatever the amounts and names.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use bursar::{
    Aging, AsOf, Buckets, Charge, Concession, ConcessionKind, Currency, DebtorFilter, Error, Ledger, Method,
    Money, OpeningBalance, Payment, Refund, Reversal, Span, Standing, Term, TermId, date,
};
use bursar_store_memory::MemoryStore;
use rust_decimal::Decimal;
use rust_decimal_macros::dec;

type School = Ledger<MemoryStore>;

async fn open(currency: Currency) -> Result<(School, TermId, TermId), Error> {
    let clock = || "2026-02-01T08:30:00Z".parse().unwrap();
    let school = Ledger::open(MemoryStore::new().with_clock(clock), "hillside", currency).await?;
    let (first, second) = (TermId::new(2026, 1)?, TermId::new(2026, 2)?);
    school.define_term(Term::new(first, date("2026-01-12")?, date("2026-04-09")?)?).await?;
    school.define_term(Term::new(second, date("2026-05-04")?, date("2026-08-06")?)?).await?;
    Ok((school, first, second))
}

/// Two accounts in two terms: arrears, a reversed payment, a discount, and one in credit.
async fn usual() -> Result<(School, TermId, TermId), Error> {
    let (school, first, second) = open(Currency::USD).await?;
    for term in [first, second] {
        school.set_fee(term, "PRIMARY", "tuition", dec!(120)).await?;
    }
    for account in ["s-17", "s-18"] {
        school.enrol(account, ["PRIMARY"], date("2026-01-10")?).await?;
    }
    school.activate_on(first, date("2026-01-12")?).await?;
    let cash = Payment::cash(dec!(80)).from("s-17").for_term(first).key("till-1").recorded_by("clerk");
    school.pay(cash.note("brought by an aunt").on(date("2026-02-01")?)).await?;
    let wrong = Payment::mobile(dec!(15)).from("s-17").for_term(first).key("m-7").reference("MP-88");
    school.pay(wrong.on(date("2026-02-03")?)).await?;
    let undo = Reversal::of_key("m-7", "another pupil's").key("m-7-undo").on(date("2026-02-04")?);
    school.reverse(undo).await?;
    school
        .pay(Payment::bank(dec!(150)).from("s-18").for_term(first).key("b-1").on(date("2026-02-02")?))
        .await?;
    school.activate_on(second, date("2026-05-04")?).await?;
    let discount = Concession::of(ConcessionKind::Discount, dec!(20), "a sibling")
        .account("s-17")
        .for_term(second)
        .key("d-1");
    school.concede(discount.on(date("2026-05-05")?)).await?;
    Ok((school, first, second))
}

#[tokio::test]
async fn a_statement_reads() {
    let (school, first, second) = usual().await.unwrap();
    assert_eq!(school.statement("s-17", first..=second).await.unwrap().to_string(), STATEMENT);
    assert_eq!(
        school.statement_as_of("s-18", first, date("2026-03-31").unwrap()).await.unwrap().to_string(),
        AS_OF
    );
}

#[tokio::test]
async fn an_aging_reads() {
    let (school, ..) = usual().await.unwrap();
    let day = date("2026-05-31").unwrap();
    assert_eq!(school.book_aging(day, &Buckets::default()).await.unwrap().to_string(), BOOK_AGING);
    let buckets = Buckets::new([1, 2, 27]).unwrap();
    assert_eq!(school.aging("s-18", day, &buckets).await.unwrap().to_string(), AGING);
    let mut agings = school.agings(day, &Buckets::new([]).unwrap()).unwrap();
    assert_eq!(agings.next().await.unwrap().unwrap().to_string(), ACCOUNT_AGING);
}

#[tokio::test]
async fn a_summary_reads() {
    let (school, _, second) = usual().await.unwrap();
    assert_eq!(school.term_summary(second).await.unwrap().to_string(), SUMMARY);
}

#[tokio::test]
async fn debtors_read() {
    let (school, ..) = usual().await.unwrap();
    let filter = DebtorFilter::on(date("2026-05-31").unwrap());
    let page = school.debtors(&filter, None, 10).await.unwrap();
    assert_eq!(page.to_string(), DEBTORS);
    assert_eq!(
        page.debtors[0].to_string(),
        "s-17 owes 140.00 USD, 140.00 overdue, for 139 days, since 2026-01-12"
    );
    let page = school.debtors(&DebtorFilter::on(date("2026-01-12").unwrap()), None, 10).await.unwrap();
    assert_eq!(page.debtors[0].to_string(), "s-17 owes 140.00 USD, due 2026-01-12");
}

#[tokio::test]
async fn a_receipt_reads() {
    let (school, first, second) = usual().await.unwrap();
    let of_key = async |key: &str| {
        let entry = school.entry_by_key(&key.parse().unwrap()).await.unwrap().unwrap();
        school.receipt(entry.receipt()).await.unwrap().to_string()
    };
    assert_eq!(of_key("till-1").await, RECEIPT);
    assert_eq!(of_key("m-7").await, VOID);
    assert_eq!(of_key("b-1").await, IN_CREDIT);
    school
        .pay(
            Payment::cash(dec!(200)).from("s-18").for_term(second).key("c-1").on(date("2026-06-01").unwrap()),
        )
        .await
        .unwrap();
    let refund = Refund::by(Method::Bank, dec!(110))
        .to("s-18")
        .for_term(second)
        .key("r-1")
        .on(date("2026-06-02").unwrap());
    let receipt = school.refund(refund).await.unwrap();
    assert_eq!(of_key("r-1").await, REFUND);
    assert_eq!(
        receipt.to_string(),
        format!("{}: refund bank, 110.00 USD for term 2026-2 on 2026-06-02", receipt.number)
    );
    let _ = first;
}

/// Every amount is told in full, and no line is wider than 80 columns.
fn fits(text: &str, amounts: &[Money]) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}\n{text}", line.chars().count());
    }
    for amount in amounts {
        assert!(text.contains(&amount.to_string()), "{amount} is not in\n{text}");
    }
}

#[tokio::test]
async fn the_largest_amounts_and_the_longest_names_fit() {
    for currency in [Currency::USD, Currency::JPY, Currency::KWD] {
        let (school, first, second) = open(currency).await.unwrap();
        let name = "語".repeat(64);
        let group = "Ü".repeat(64);
        school.enrol(&name, [group.as_str(), "B"], date("2026-01-10").unwrap()).await.unwrap();
        let most = Money::from_minor(bursar::AMOUNT_MAX, currency);
        for n in 0..40 {
            let charge =
                Charge::of("ß".repeat(64), most).account(&name).for_term(second).key(format!("c-{n}"));
            school
                .charge(charge.due_on(date("2026-02-15").unwrap()).on(date("2026-02-01").unwrap()))
                .await
                .unwrap();
        }
        let brought =
            OpeningBalance::of(most, "aus\nalter\tZeit ".repeat(30)).account(&name).for_term(first).key("o");
        school.bring_in(brought.on(date("2026-01-12").unwrap())).await.unwrap();
        let long = "x".repeat(500);
        for n in 0..3 {
            let pay = Payment::bank(most).from(&name).for_term(second).key(format!("p-{n}")).reference(&long);
            school.pay(pay.note(&long).on(date("2026-03-01").unwrap())).await.unwrap();
        }
        let account = school.account(&name).await.unwrap();
        let statement = school.statement(&name, Span::All).await.unwrap();
        let balances: Vec<Money> = statement.lines.iter().map(|line| line.balance).collect();
        fits(&statement.to_string(), &[&balances[..], &[most, account.balance]].concat());
        let by = AsOf::day(date("2026-12-31").unwrap())
            .recorded_by("2026-12-31T23:59:59.123456Z".parse().unwrap());
        fits(
            &school.statement_as_of(&name, first..=second, by).await.unwrap().to_string(),
            &[account.balance],
        );
        let day = date("2026-04-01").unwrap();
        let aging: Aging = school.aging(&name, day, &Buckets::new(1..=24).unwrap()).await.unwrap();
        fits(&aging.to_string(), &[aging.outstanding, aging.overdue[24].amount]);
        fits(
            &school.agings(by, &Buckets::default()).unwrap().next().await.unwrap().unwrap().to_string(),
            &[account.balance],
        );
        let page =
            school.debtors(&DebtorFilter::on(day).with_standing(Standing::Active), None, 5).await.unwrap();
        assert_eq!(page.debtors.len(), 1);
        fits(&page.to_string(), &[account.balance, page.debtors[0].overdue]);
        let summary = school.term_summary(second).await.unwrap();
        fits(&summary.to_string(), &[summary.total.charged, summary.total.outstanding]);
        let receipt = statement.lines.last().unwrap().entry.receipt();
        let printed = school.receipt(&receipt).await.unwrap();
        fits(&printed.to_string(), &[most]);
        let text = printed.to_string();
        let words: String = text.split_whitespace().collect();
        assert!(text.contains(&receipt.to_string()), "the number is in one piece in\n{text}");
        assert_eq!(words.matches('x').count(), 1_000, "the reference and the note are there in full");
    }
}

fn same_through_json<T>(report: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let written = serde_json::to_string(report).unwrap();
    assert_eq!(serde_json::from_str::<T>(&written).unwrap(), *report, "{written}");
}

#[tokio::test]
async fn reports_go_through_json() {
    let (school, first, second) = usual().await.unwrap();
    let day = date("2026-05-31").unwrap();
    let as_of = AsOf::day(day).recorded_by("2026-12-31T23:59:59.123456Z".parse().unwrap());
    for span in [Span::All, Span::from(first..=second), Span::from(date("2026-02-01").unwrap()..=day)] {
        same_through_json(&school.statement_as_of("s-17", span, as_of).await.unwrap());
    }
    same_through_json(&school.allocation("s-17").await.unwrap());
    let buckets = Buckets::default();
    same_through_json(&school.book_aging(as_of, &buckets).await.unwrap());
    same_through_json(&school.agings(as_of, &buckets).unwrap().next().await.unwrap().unwrap());
    same_through_json(&school.term_summary(second).await.unwrap());
    let page = school.debtors(&DebtorFilter::on(day), None, 1).await.unwrap();
    assert!(page.next.is_some());
    same_through_json(&page);
    let receipt = school.entry_by_key(&"m-7".parse().unwrap()).await.unwrap().unwrap().receipt();
    same_through_json(&school.receipt(receipt).await.unwrap());
}

#[tokio::test]
async fn agings_that_differ_are_not_added() {
    let (school, ..) = usual().await.unwrap();
    let day = date("2026-05-31").unwrap();
    let one = school.aging("s-17", day, &Buckets::default()).await.unwrap();
    let recorded_by = "2026-05-31T08:00:00Z".parse().unwrap();
    let others = [
        school.aging("s-17", day, &Buckets::new([30, 60]).unwrap()).await.unwrap(),
        school.aging("s-17", day, &Buckets::new([30, 60, 91]).unwrap()).await.unwrap(),
        school.aging("s-17", day.succ_opt().unwrap(), &Buckets::default()).await.unwrap(),
        school.aging("s-17", AsOf::day(day).recorded_by(recorded_by), &Buckets::default()).await.unwrap(),
    ];
    for other in &others {
        let mut sum = one.clone();
        assert_eq!(sum.add(other).unwrap_err().code(), "agings-differ");
        assert_eq!(sum, one, "nothing half done");
    }
    let mut much = one.clone();
    much.overdue[3].amount = Money::from_minor(i64::MAX, Currency::USD);
    let mut sum = one.clone();
    assert_eq!(sum.add(&much).unwrap_err().code(), "overflow");
    assert_eq!(sum, one, "nothing half done");
    let undated = school.aging("s-17", AsOf::ALL, &Buckets::default()).await.unwrap_err();
    assert_eq!(undated.refusal().unwrap().code(), "no-day");
    assert_eq!(
        school.agings(AsOf::ALL, &Buckets::default()).unwrap_err().refusal().unwrap().code(),
        "no-day"
    );
    let wrong = DebtorFilter::on(day).at_least(Decimal::new(1, 3));
    assert_eq!(
        school.debtors(&wrong, None, 1).await.unwrap_err().refusal().unwrap().code(),
        "too-many-decimals"
    );
    let wrong = DebtorFilter::on(day).at_least(Money::from_minor(1, Currency::JPY));
    assert_eq!(
        school.debtors(&wrong, None, 1).await.unwrap_err().refusal().unwrap().code(),
        "currency-mismatch"
    );
}

const STATEMENT: &str = "\
Statement of s-17, terms 2026-1 to 2026-2, in USD
no.  day         entry                           amount  balance
                 left before                                0.00
  1  2026-01-12  charge tuition, due 2026-01-12  120.00   120.00
     settled by 80.00 of no. 2, 20.00 of no. 6
  2  2026-02-01  payment cash                    -80.00    40.00
     settles 80.00 of no. 1
  3  2026-02-03  payment mobile MP-88            -15.00    25.00
  4  2026-02-04  reversal of 3: another pupil's   15.00    40.00
  5  2026-05-04  charge tuition, due 2026-05-04  120.00   160.00
  6  2026-05-05  discount: a sibling             -20.00   140.00
     settles 20.00 of no. 1
                 closing balance                          140.00

term 2026-1: brought forward 0.00, fee 120.00, adjustments 0.00,
  total due 120.00, paid 80.00: partial, balance 40.00 (arrears 0.00, fee 40.00)

term 2026-2: brought forward 40.00, fee 100.00, adjustments 0.00,
  total due 140.00, paid 0.00: unpaid, balance 140.00
  (arrears 40.00, fee 100.00)

owed on no. 1   20.00  of 120.00  due 2026-01-12
owed on no. 5  120.00             due 2026-05-04
owed in all: 140.00 USD
";
const AS_OF: &str = "\
Statement of s-18, term 2026-1, in USD, as of 2026-03-31
no.  day         entry                            amount  balance
                 left before                                 0.00
  1  2026-01-12  charge tuition, due 2026-01-12   120.00   120.00
     settled by 120.00 of no. 2
  2  2026-02-02  payment bank                    -150.00   -30.00
     settles 120.00 of no. 1
                 closing balance                           -30.00

term 2026-1: brought forward 0.00, fee 120.00, adjustments 0.00,
  total due 120.00, paid 150.00: paid, balance -30.00 (arrears 0.00, fee 0.00)

owed in all: 0.00 USD
in credit: 30.00 USD
";
const BOOK_AGING: &str = "\
Aging as of 2026-05-31, in USD
not yet due              0.00
1 to 30 days overdue   210.00
31 to 60 days overdue    0.00
61 to 90 days overdue    0.00
over 90 days overdue    20.00
outstanding            230.00
in credit                0.00
accounts that owe           2
accounts in credit          0
";
const AGING: &str = "\
Aging as of 2026-05-31, in USD
not yet due            0.00
1 day overdue          0.00
2 days overdue         0.00
3 to 27 days overdue  90.00
over 27 days overdue   0.00
outstanding           90.00
in credit              0.00
";
const ACCOUNT_AGING: &str = "\
Aging of s-17, as of 2026-05-31, in USD
not yet due    0.00
overdue      140.00
outstanding  140.00
in credit      0.00
";
const SUMMARY: &str = "\
Term 2026-2, in USD
accounts                          2
  of them billed                  2
brought forward               10.00
charged                      240.00
conceded                      20.00
adjustments                    0.00
total due                    230.00
paid                           0.00
balance                      230.00
outstanding                  230.00
  of it arrears               40.00
  of it the term's own       190.00
in credit                      0.00
collected of what was due     0.0 %
collected of the term's own   0.0 %

status   accounts     due  paid  outstanding   rate
unpaid          2  230.00  0.00       230.00  0.0 %

groups   accounts     due  paid  outstanding   rate
PRIMARY         2  230.00  0.00       230.00  0.0 %
";
const DEBTORS: &str = "\
account  standing    owed  overdue  since       days
s-17     active    140.00   140.00  2026-01-12   139
s-18     active     90.00    90.00  2026-05-04    27
";
const RECEIPT: &str = "\
Receipt     s-17/2-K
book        hillside
account     s-17
day         2026-02-01
received    80.00 USD
method      cash
term        2026-1
note        brought by an aunt
recorded    2026-02-01 08:30:00 UTC by clerk
settles no. 1, 2026-1, charge tuition, due 2026-01-12  80.00
owed after it                                          40.00
";
const VOID: &str = "\
Receipt     s-17/3-I
book        hillside
VOID        reversed on 2026-02-04 by no. 4: another pupil's
account     s-17
day         2026-02-03
received    15.00 USD
method      mobile
reference   MP-88
term        2026-1
recorded    2026-02-01 08:30:00 UTC
settles no. 1, 2026-1, charge tuition, due 2026-01-12  15.00
owed after it                                          25.00
";
const IN_CREDIT: &str = "\
Receipt     s-18/2-C
book        hillside
account     s-18
day         2026-02-02
received    150.00 USD
method      bank
term        2026-1
recorded    2026-02-01 08:30:00 UTC
settles no. 1, 2026-1, charge tuition, due 2026-01-12  120.00
left as credit                                          30.00
in credit after it                                      30.00
";
const REFUND: &str = "\
Refund      s-18/5-6
book        hillside
account     s-18
day         2026-06-02
paid back   110.00 USD
method      bank
term        2026-2
recorded    2026-02-01 08:30:00 UTC
given back from no. 4, 2026-2, payment cash  110.00
owed after it                                  0.00
";
