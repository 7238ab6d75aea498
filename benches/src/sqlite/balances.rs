//! All accounts' figures in a term.

mod by_hand;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bursar::Ledger;
use bursar_store_sqlx::SqliteStore;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use self::by_hand::{Given, Way};
use super::{common, seed, store};
use crate::Failure;
use crate::measure::{Pair, in_turn, rate};
use crate::ratios::Plan;
use crate::school::{self, BOOK};

const ACCOUNTS: u32 = 100_000;
const TERMS: u32 = 12;

/// `balances/sqlite/100k` (the last term), `…/middle` and `…/first`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let path = plan.folder.join("balances.db");
    seed::book(&path, ACCOUNTS, TERMS, seed::Entries::Three).await?;
    let mut pairs = Vec::new();
    let terms = [("", TERMS.saturating_sub(1)), ("/middle", TERMS / 2), ("/first", 0)];
    for (suffix, term) in terms {
        let bench = format!("balances/sqlite/100k{suffix}");
        if !plan.wants(&bench) {
            continue;
        }
        // Opened anew, so that neither side's cache is full of what another term needs.
        let ledger = Ledger::open_existing(store(&path).await?, BOOK).await?;
        let mut conn = common(&path).pragma("query_only", "ON").connect().await?;
        let way = fastest(&ledger, &mut conn, term).await?;
        let mut millis = Vec::new();
        let pair = in_turn(
            &bench,
            plan.rounds,
            async |_| {
                let (_, time) = ours(&ledger, term, |_| ()).await?;
                millis.push(time.as_millis());
                Ok(rate(u64::from(ACCOUNTS), time))
            },
            async |_| {
                let (_, time) = by_hand(&mut conn, way, term, |_| ()).await?;
                Ok(rate(u64::from(ACCOUNTS), time))
            },
        );
        pairs.push(pair.await?);
        eprintln!("  {bench}: {millis:?} ms");
        ledger.store().close().await;
        conn.close().await?;
    }
    Ok(pairs)
}

/// Ours; how many accounts there were, and how long it took.
async fn ours(
    ledger: &Ledger<SqliteStore>,
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
async fn by_hand(
    conn: &mut SqliteConnection,
    way: Way,
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
async fn fastest(
    ledger: &Ledger<SqliteStore>,
    conn: &mut SqliteConnection,
    term: u32,
) -> Result<Way, Failure> {
    let mut wanted = Vec::new();
    ours(ledger, term, |given| wanted.push(given.owned())).await?;
    let mut best: Option<(Way, Duration)> = None;
    for way in Way::that_can(term, TERMS) {
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
