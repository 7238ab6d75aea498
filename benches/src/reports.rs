//! Reports on a whole book: the summary of a term, and the aging as of a day.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar::{BookAging, Buckets, Ledger, LedgerStore, SummaryFigures, TermSummary};
use chrono::{Days, NaiveDate};

use crate::Failure;
use crate::balances::{ACCOUNTS, TERMS};
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school;

/// Sums over accounts, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many accounts.
    pub accounts: i64,
    /// How many of them have a charge.
    pub billed: i64,
    /// Brought forward, charged, conceded, adjustments, total due, paid, balance, outstanding, credit, arrears and fee remaining, fee due.
    pub amounts: [i64; 12],
}

impl Sums {
    /// Adds those of other accounts, or of one.
    pub fn add(&mut self, other: &Self) {
        self.accounts = self.accounts.saturating_add(other.accounts);
        self.billed = self.billed.saturating_add(other.billed);
        for (sum, amount) in self.amounts.iter_mut().zip(other.amounts) {
            *sum = sum.saturating_add(amount);
        }
    }
}

impl From<&SummaryFigures> for Sums {
    fn from(of: &SummaryFigures) -> Self {
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let amounts = [
            of.brought_forward,
            of.charged,
            of.conceded,
            of.adjustments,
            of.total_due,
            of.amount_paid,
            of.balance,
            of.outstanding,
            of.credit,
            of.arrears_remaining,
            of.fee_remaining,
            of.fee_due,
        ];
        Self {
            accounts: count(of.accounts),
            billed: count(of.billed),
            amounts: amounts.map(bursar::Money::minor),
        }
    }
}

/// What both sides give of a term: the whole, and its parts by status and by groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All accounts.
    pub total: Sums,
    /// By the word for the status.
    pub by_status: BTreeMap<String, Sums>,
    /// By the groups, a blank between two.
    pub by_groups: BTreeMap<String, Sums>,
}

impl From<&TermSummary> for Summary {
    fn from(of: &TermSummary) -> Self {
        let by_groups = of.by_groups.iter().map(|part| {
            let groups: Vec<&str> = part.groups.iter().map(bursar::FeeGroup::as_str).collect();
            (groups.join(" "), Sums::from(&part.figures))
        });
        Self {
            total: Sums::from(&of.total),
            by_status: of.by_status.iter().map(|(status, sums)| (status.to_string(), sums.into())).collect(),
            by_groups: by_groups.collect(),
        }
    }
}

/// What both sides give of an aging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aged {
    /// How many accounts owe.
    pub owing: i64,
    /// How many are in credit.
    pub in_credit: i64,
    /// What is not yet due, then what is overdue by up to 30, 60, 90 and more days, in cents.
    pub open: [i64; 5],
    /// What is in credit, in cents.
    pub credit: i64,
}

impl Aged {
    /// Adds an account with these debits, in the order of [`open`](Self::open), and credits.
    pub fn add(&mut self, debits: [i64; 5], mut credits: i64) {
        let mut owes = false;
        for (sum, debits) in self.open.iter_mut().zip(debits).rev() {
            let settled = credits.min(debits);
            credits = credits.saturating_sub(settled);
            owes |= debits > settled;
            *sum = sum.saturating_add(debits.saturating_sub(settled));
        }
        self.owing = self.owing.saturating_add(i64::from(owes));
        self.in_credit = self.in_credit.saturating_add(i64::from(credits > 0));
        self.credit = self.credit.saturating_add(credits);
    }
}

impl TryFrom<&BookAging> for Aged {
    type Error = Failure;
    fn try_from(of: &BookAging) -> Result<Self, Failure> {
        let mut open = vec![of.aging.not_yet_due.minor()];
        open.extend(of.aging.overdue.iter().map(|aged| aged.amount.minor()));
        let open = open.try_into().map_err(|_| "there are five default buckets")?;
        let (owing, in_credit) = (i64::try_from(of.owing)?, i64::try_from(of.in_credit)?);
        Ok(Self { owing, in_credit, open, credit: of.aging.credit.minor() })
    }
}

/// The term that is summed up: the last.
pub const TERM: u32 = TERMS.saturating_sub(1);

/// The day as of which is aged: within the last term, so that its own fee is overdue, and later payments there are none.
///
/// # Errors
/// None in practice.
pub fn day() -> Result<NaiveDate, Failure> {
    Ok(school::starts_on(TERM)?.checked_add_days(Days::new(45)).ok_or("the calendar ends")?)
}

/// A way in which one would do it by hand; the fastest on the machine is the limit.
pub trait Way: Copy + Debug + 'static {
    /// What it asks through.
    type Conn;
    /// What it gives.
    type Answer: PartialEq + Debug;
    /// Every one.
    const ALL: &'static [Self];

    /// The answer on the whole book.
    fn ask(self, conn: &mut Self::Conn) -> impl Future<Output = Result<Self::Answer, Failure>>;

    /// The answer that ours gives.
    fn ours(ledger: &Ledger<impl LedgerStore>) -> impl Future<Output = Result<Self::Answer, Failure>>;
}

/// [`Way::ours`] of a summary.
///
/// # Errors
/// Those of the ledger.
pub async fn summary(ledger: &Ledger<impl LedgerStore>) -> Result<Summary, Failure> {
    Ok(Summary::from(&ledger.term_summary(school::term(TERM)?).await?))
}

/// [`Way::ours`] of an aging.
///
/// # Errors
/// Those of the ledger.
pub async fn aging(ledger: &Ledger<impl LedgerStore>) -> Result<Aged, Failure> {
    Aged::try_from(&ledger.book_aging(day()?, &Buckets::default()).await?)
}

/// Ours and the fastest way in turn.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run<W: Way>(
    plan: &Plan,
    bench: &str,
    ledger: &Ledger<impl LedgerStore>,
    conn: &mut W::Conn,
) -> Result<Pair, Failure> {
    let way = fastest::<W>(bench, ledger, conn).await?;
    let mut millis = Vec::new();
    let pair = in_turn(
        bench,
        plan.rounds,
        async |_| {
            let from = Instant::now();
            black_box(W::ours(ledger).await?);
            millis.push(from.elapsed().as_millis());
            Ok(rate(u64::from(ACCOUNTS), from.elapsed()))
        },
        async |_| {
            let from = Instant::now();
            black_box(way.ask(conn).await?);
            Ok(rate(u64::from(ACCOUNTS), from.elapsed()))
        },
    );
    let pair = pair.await?;
    eprintln!("  {bench}: {millis:?} ms");
    Ok(pair)
}

/// The fastest way here and now. Each must give what ours gives.
async fn fastest<W: Way>(
    bench: &str,
    ledger: &Ledger<impl LedgerStore>,
    conn: &mut W::Conn,
) -> Result<W, Failure> {
    let wanted = W::ours(ledger).await?;
    let mut best: Option<(W, Duration)> = None;
    for way in W::ALL {
        let got = way.ask(conn).await?;
        if got != wanted {
            return Err(format!("{way:?} gives {got:?}, ours {wanted:?}").into());
        }
        let mut time = Duration::MAX;
        for _ in 0..3 {
            let from = Instant::now();
            black_box(way.ask(conn).await?);
            time = time.min(from.elapsed());
        }
        eprintln!("  {bench}, by hand, {way:?}: {} ms", time.as_millis());
        if best.is_none_or(|(_, fastest)| time < fastest) {
            best = Some((*way, time));
        }
    }
    Ok(best.ok_or("there is no way")?.0)
}
