//! The end of the check: the whole book is read, and held to all that was heard of its payments.

use std::collections::HashMap;

use bursar::audit::audit;
use bursar::store::AccountFilter;
use bursar::{BookBalance, Error, PAGE_MAX};

use crate::judge::{Entered, Payment, judge};
use crate::site::{self, Offices, Site};

/// What came of it.
pub(crate) struct Summary {
    /// Forms of payments that were sent.
    pub(crate) payments: usize,
    /// How many requests that was.
    pub(crate) sends: usize,
    /// How many entries they made in the book.
    pub(crate) recorded: usize,
    /// Of how many of the forms there are entries.
    pub(crate) keys: usize,
    /// What they come to, in minor units.
    pub(crate) sum: i64,
    /// How much lower the book's balance is, in minor units.
    pub(crate) fell: i64,
    /// Entries and accounts that the audit proved.
    pub(crate) audited: (u64, u64),
    /// How many requests each layer counted as interrupted, and as conflicted.
    pub(crate) layers: (u64, u64),
}

/// Every entry that a form of an office recorded, by the key of the form.
async fn read(site: &Site) -> Result<HashMap<String, Vec<(Entered, i64)>>, Error> {
    let school = &site.office.school;
    let mut found: HashMap<String, Vec<(Entered, i64)>> = HashMap::new();
    let mut last = None;
    loop {
        let accounts = school.accounts(AccountFilter::All, last.as_ref(), PAGE_MAX).await?;
        let Some(end) = accounts.last() else { return Ok(found) };
        last = Some(end.id.clone());
        for account in &accounts {
            let mut after = 0;
            loop {
                let entries = school.entries(&account.id, after, PAGE_MAX).await?;
                let Some(end) = entries.last() else { break };
                after = end.position;
                for entry in &entries {
                    if let Some(key) = entry.key.as_str().strip_prefix("office:") {
                        let entered = (site::entered(entry), entry.amount().minor());
                        found.entry(key.to_owned()).or_default().push(entered);
                    }
                }
            }
        }
    }
}

/// Reads the book and judges.
pub(crate) async fn finish(site: &Site, offices: &Offices, before: &BookBalance) -> Result<Summary, Error> {
    let school = &site.office.school;
    let mut book = read(site).await?;
    let payments: HashMap<String, Payment> = site.log.payments();
    let (mut recorded, mut keys, mut sum, mut sends) = (0_usize, 0_usize, 0_i64, 0_usize);
    for (key, payment) in &payments {
        let entries = book.remove(key).unwrap_or_default();
        recorded = recorded.saturating_add(entries.len());
        keys = keys.saturating_add(usize::from(!entries.is_empty()));
        sum = entries.iter().fold(sum, |sum, (_, minor)| sum.saturating_add(*minor));
        sends = sends.saturating_add(payment.sends.len());
        let entries: Vec<Entered> = entries.into_iter().map(|(entered, _)| entered).collect();
        for wrong in judge(payment, &entries) {
            site.log.finding(format!("{} for {}, key {key}: {wrong}", payment.amount, payment.account));
        }
    }
    for (key, entries) in book {
        site.log.finding(format!("the book has under {key} what nobody sent: {entries:?}"));
    }
    let after = school.book_balance().await?;
    let fell = before.balance.minor().saturating_sub(after.balance.minor());
    if fell != sum {
        site.log.finding(format!("the payments come to {sum} minor units, and the balance fell by {fell}"));
    }
    let more = after.entries.saturating_sub(before.entries);
    if usize::try_from(more) != Ok(recorded) {
        site.log.finding(format!("{recorded} payments were recorded, and there are {more} more entries"));
    }
    let report = audit(school).await?;
    for finding in &report.findings {
        site.log.finding(format!("the audit: {finding:?}"));
    }
    let counts = [offices.main.layer.counts(), offices.short.layer.counts()];
    for counts in &counts {
        if counts.failed > 0 || counts.unavailable > 0 {
            site.log.finding(format!("the session layer counted what should not be: {counts:?}"));
        }
    }
    let of =
        |count: fn(&bursar_session::Counts) -> u64| counts.iter().map(count).fold(0, u64::saturating_add);
    Ok(Summary {
        payments: payments.len(),
        sends,
        recorded,
        keys,
        sum,
        fell,
        audited: (report.entries, report.accounts),
        layers: (of(|counts| counts.interrupted), of(|counts| counts.conflicted)),
    })
}
