//! Bulk billing over the memory store, which has none: right unless it is told to be wrong.

use std::collections::{BTreeMap, HashSet};

use bursar::rule::Posting;
use bursar::store::{AccountFilter, Billed, BilledPage, BillingOrder, ChangeSet, Committed, nth_id};
use bursar::{
    Account, BillingPlan, BillingPolicy, BookId, EntryKind, FeeCode, LedgerStore, NewEntry, Payer,
    PlannedCharge, SetRule, SkipReason, Skipped, StandardPolicy, Standing, StoreError, Term,
};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;

use crate::faults::Fault;

/// Full fees for accounts of these standings.
struct Standings(Vec<Standing>);

impl BillingPolicy for Standings {
    fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason> {
        if !self.0.contains(&account.standing) {
            return Err(SkipReason::Standing { standing: account.standing });
        }
        StandardPolicy.eligible(&Account { standing: Standing::Active, ..account.clone() }, term, on)
    }

    fn set_rule(&self) -> Option<SetRule> {
        None
    }
}

/// Bills a page; tries it anew while others change what it was planned on.
pub(crate) async fn bill(
    store: &MemoryStore,
    book: &BookId,
    mut order: BillingOrder,
    fault: Fault,
) -> Result<Billed, StoreError> {
    if fault == Fault::BillsEveryStanding {
        order.rule.standings = Standing::ALL.to_vec();
    }
    loop {
        let Some(there) = store.book(book).await? else { return Ok(Billed::NotAdmitted) };
        let admitted = there.calendar.open_term(order.term, "charges").is_ok()
            && there.calendar.unlocked(order.on).is_ok();
        if !admitted && fault == Fault::BillsAClosedTerm {
            return Ok(Billed::Page(BilledPage::default()));
        }
        let Some(term) = there.calendar.find(order.term).filter(|_| admitted) else {
            return Ok(Billed::NotAdmitted);
        };
        let (page, postings) = page(store, book, &order, term, fault).await?;
        let changes = ChangeSet { book_version: Some(there.version), postings, ..ChangeSet::default() };
        if store.commit(book, changes).await? != Committed::NotAdmitted {
            return Ok(Billed::Page(page));
        }
        tokio::task::yield_now().await;
    }
}

async fn page(
    store: &MemoryStore,
    book: &BookId,
    order: &BillingOrder,
    term: &Term,
    fault: Fault,
) -> Result<(BilledPage, Vec<Posting>), StoreError> {
    let policy = Standings(order.rule.standings.clone());
    let accounts = store.list_accounts(book, AccountFilter::All, order.after.as_ref(), order.limit).await?;
    let fees = store.fees(book, order.term, None, u32::MAX).await?;
    let mut page = BilledPage::default();
    let full = accounts.len() >= usize::try_from(order.limit).unwrap_or(usize::MAX);
    page.next = accounts.last().map(|account| account.id.clone()).filter(|_| full);
    let mut postings = Vec::new();
    for account in &accounts {
        let fees: Vec<_> = match fault {
            Fault::OwnFeesAreOverlooked => {
                fees.iter().filter(|fee| matches!(fee.key.payer, Payer::Group(_))).cloned().collect()
            }
            Fault::AmbiguousFeesAreCharged => {
                let mut codes = HashSet::new();
                let own = |fee: &&bursar::Fee| fee.key.payer == Payer::Account(account.id.clone());
                let pays = |fee: &&bursar::Fee| {
                    account.groups.iter().any(|group| fee.key.payer == Payer::Group(group.clone()))
                };
                let first = |fee: &&bursar::Fee| codes.insert(fee.key.code.clone());
                fees.iter().filter(own).chain(fees.iter().filter(pays)).filter(first).cloned().collect()
            }
            _ => fees.clone(),
        };
        let plan = BillingPlan::of(
            account,
            term,
            &fees,
            &charged(store, book, order, account, fault).await?,
            &policy,
            order.on,
        )
        .map_err(|refusal| StoreError::corrupt("bill", refusal.to_string()))?;
        page.accounts_seen += 1;
        page.accounts_charged += u64::from(!plan.charges.is_empty());
        for charge in plan.charges {
            page.charges += 1;
            page.amount += charge.amount.minor();
            postings.push(Posting::new(entry(account, order, charge, page.charges, fault)));
        }
        count(&mut page, account, plan.skipped, order, fault);
    }
    if fault == Fault::TheLastOfAPageIsMissed && page.next.is_some() {
        let last = accounts.last().map(|account| account.id.clone());
        postings.retain(|posting| Some(&posting.entry.account) != last.as_ref());
    }
    Ok((page, postings))
}

async fn charged(
    store: &MemoryStore,
    book: &BookId,
    order: &BillingOrder,
    account: &Account,
    fault: Fault,
) -> Result<Vec<FeeCode>, StoreError> {
    let made = store.charges(book, order.term, std::slice::from_ref(&account.id)).await?;
    let counts = |live: bool, billed: bool| match fault {
        Fault::BillsTwice => false,
        Fault::ReversedChargesAreForgotten => live,
        Fault::ChargesByHandAreForgotten => billed,
        _ => true,
    };
    Ok(made.into_iter().filter(|made| counts(made.live, made.slot.is_some())).map(|made| made.code).collect())
}

fn count(
    page: &mut BilledPage,
    account: &Account,
    skipped: Vec<SkipReason>,
    order: &BillingOrder,
    fault: Fault,
) {
    let mut counts: BTreeMap<&'static str, u64> = page.skipped.drain(..).collect();
    for reason in skipped {
        if fault == Fault::SkipsAreCountedAsListed && page.listed.len() >= order.list_max {
            continue;
        }
        *counts.entry(reason.as_str()).or_default() += 1;
        if page.listed.len() < order.list_max {
            page.listed.push(Skipped { account: account.id.clone(), reason });
        }
    }
    page.skipped = counts.into_iter().collect();
}

fn entry(account: &Account, order: &BillingOrder, charge: PlannedCharge, nth: u64, fault: Fault) -> NewEntry {
    let PlannedCharge { mut kind, amount, mut key } = charge;
    let id = nth_id(order.first_id, nth);
    if let EntryKind::Charge { due_on, origin, .. } = &mut kind {
        if fault == Fault::JoinersOweFromTheStart {
            *due_on = (*due_on).min(order.on).min(NaiveDate::default());
        }
        let again = matches!(
            fault,
            Fault::BillsTwice | Fault::ReversedChargesAreForgotten | Fault::ChargesByHandAreForgotten
        );
        if again && let Some(slot) = &mut origin.slot {
            // What keeps a slot unique is got round too.
            slot.revision = u32::try_from(id.as_u128() & 0xffff_ffff).unwrap_or(0);
            key = format!("{key}:{id}").chars().take(200).collect::<String>().parse().unwrap_or(key);
        }
    }
    NewEntry {
        id,
        account: account.id.clone(),
        term: order.term,
        kind,
        effect: amount,
        effective_on: order.on,
        recorded_at: order.recorded_at,
        recorded_by: order.recorded_by.clone().filter(|_| fault != Fault::RecordersAreForgotten),
        key,
        note: None,
    }
}
