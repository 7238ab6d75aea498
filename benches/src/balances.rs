//! All accounts' figures in a term.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar::{Ledger, LedgerStore};

use crate::Failure;
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school;

/// How many accounts the book has.
pub const ACCOUNTS: u32 = 100_000;
/// How many terms, in each of which an account has three entries.
pub const TERMS: u32 = 12;

/// What both sides give of an account, in cents; whatever else there is of a term follows from these.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The account.
    pub account: &'a str,
    /// What earlier terms left, and what was brought from before the book.
    pub brought_forward: i64,
    /// What the term costs.
    pub fee: i64,
    /// What was put right.
    pub adjustments: i64,
    /// What was paid.
    pub paid: i64,
}

impl<'a> Given<'a> {
    /// From the sum of all earlier terms and those of the four figures of this one.
    #[must_use]
    pub fn new(account: &'a str, earlier: i64, [opening, fee, adjustments, paid]: [i64; 4]) -> Self {
        let brought_forward = earlier.saturating_add(opening);
        Self { account, brought_forward, fee, adjustments, paid: paid.saturating_neg() }
    }

    fn owned(self) -> (String, [i64; 4]) {
        (self.account.to_owned(), [self.brought_forward, self.fee, self.adjustments, self.paid])
    }
}

/// A way in which one would ask for all figures of a term by hand; the fastest on the machine is the limit.
pub trait Way: Copy + Debug {
    /// What it asks through.
    type Conn;

    /// The ways that make sense for a term, of so many.
    fn that_can(term: u32, terms: u32) -> Vec<Self>;

    /// Gives the figures of every account, in order.
    fn stream(
        self,
        conn: &mut Self::Conn,
        term: i64,
        take: impl FnMut(Given<'_>),
    ) -> impl Future<Output = Result<(), Failure>>;
}

/// Ours and the fastest way in turn, for a term.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run<W: Way>(
    plan: &Plan,
    bench: &str,
    term: u32,
    ledger: &Ledger<impl LedgerStore>,
    conn: &mut W::Conn,
) -> Result<Pair, Failure> {
    let way = fastest::<W>(ledger, conn, term).await?;
    let mut millis = Vec::new();
    let pair = in_turn(
        bench,
        plan.rounds,
        async |_| {
            let (_, time) = ours(ledger, term, |_| ()).await?;
            millis.push(time.as_millis());
            Ok(rate(u64::from(ACCOUNTS), time))
        },
        async |_| {
            let (_, time) = by_hand(conn, way, term, |_| ()).await?;
            Ok(rate(u64::from(ACCOUNTS), time))
        },
    );
    let pair = pair.await?;
    eprintln!("  {bench}: {millis:?} ms");
    Ok(pair)
}

/// Ours; how many accounts there were, and how long it took.
async fn ours(
    ledger: &Ledger<impl LedgerStore>,
    term: u32,
    mut take: impl FnMut(Given<'_>),
) -> Result<(u64, Duration), Failure> {
    let term = school::term(term)?;
    let from = Instant::now();
    let (mut balances, mut count) = (ledger.term_balances(term), 0_u64);
    while let Some(figures) = balances.next().await? {
        count = count.saturating_add(1);
        let brought_forward = figures.brought_forward.minor();
        take(black_box(Given {
            account: figures.account.as_str(),
            brought_forward,
            fee: figures.term_fee.minor(),
            adjustments: figures.adjustments.minor(),
            paid: figures.amount_paid.minor(),
        }));
    }
    Ok((count, from.elapsed()))
}

/// The same by hand.
async fn by_hand<W: Way>(
    conn: &mut W::Conn,
    way: W,
    term: u32,
    mut take: impl FnMut(Given<'_>),
) -> Result<(u64, Duration), Failure> {
    let term = i64::from(school::term(term)?.ordinal());
    let from = Instant::now();
    let mut count = 0_u64;
    way.stream(conn, term, |given| {
        count = count.saturating_add(1);
        take(black_box(given));
    })
    .await?;
    Ok((count, from.elapsed()))
}

/// The fastest way here and now. All that take part must give what ours gives, account by account.
async fn fastest<W: Way>(
    ledger: &Ledger<impl LedgerStore>,
    conn: &mut W::Conn,
    term: u32,
) -> Result<W, Failure> {
    let mut wanted = Vec::new();
    ours(ledger, term, |given| wanted.push(given.owned())).await?;
    let mut best: Option<(W, Duration)> = None;
    for way in W::that_can(term, TERMS) {
        let mut got = Vec::new();
        by_hand(conn, way, term, |given| got.push(given.owned())).await?;
        if got != wanted {
            return Err(format!("{way:?} gives other figures than ours").into());
        }
        let mut time = Duration::MAX;
        for _ in 0..3 {
            time = time.min(by_hand(conn, way, term, |_| ()).await?.1);
        }
        eprintln!("  balances, term {term}, by hand, {way:?}: {} ms", time.as_millis());
        if best.is_none_or(|(_, fastest)| time < fastest) {
            best = Some((way, time));
        }
    }
    Ok(best.ok_or("there is no way")?.0)
}
