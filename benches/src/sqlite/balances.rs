//! All accounts' figures in a term, on SQLite.

mod by_hand;

use bursar::Ledger;
use sqlx::{ConnectOptions as _, Connection as _};

use self::by_hand::Way;
use super::{common, store, terms_and_entries};
use crate::Failure;
use crate::balances::{self, TERMS};
use crate::measure::Pair;
use crate::ratios::Plan;
use crate::school::BOOK;

/// `balances/sqlite/100k` (the last term), `…/middle` and `…/first`.
///
/// # Errors
/// When the two do not agree, and whatever stops a side.
pub async fn run(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let path = terms_and_entries(plan).await?;
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
        pairs.push(balances::run::<Way>(plan, &bench, term, &ledger, &mut conn).await?);
        ledger.store().close().await;
        conn.close().await?;
    }
    Ok(pairs)
}
