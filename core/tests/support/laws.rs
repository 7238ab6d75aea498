//! What holds of every history on every store: run here on the reference store, and by each store on itself.

use bursar::store::AccountFilter;
use bursar::{
    Account, AccountId, Aging, Allocation, AsOf, Buckets, Currency, Entry, Ledger, LedgerStore, Reversal,
    TermTotals, date,
};
use proptest::sample::Index;

use crate::drive::{drive, figures, open, side_by_side, takes_our_key};
use crate::exported::{clean, read};
use crate::model::{self, Command, Model, resolve};

pub type Law = Result<(), String>;

macro_rules! holds {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+));
        }
    };
}
pub(crate) use holds;

pub async fn accounts<S: LedgerStore>(ledger: &Ledger<S>) -> Vec<Account> {
    ledger.accounts(AccountFilter::All, None, 1_000).await.unwrap()
}

pub async fn entries<S: LedgerStore>(ledger: &Ledger<S>, account: &AccountId) -> Vec<Entry> {
    ledger.entries(account, 0, 10_000).await.unwrap()
}

fn same_figures(written: &str, model: &Model) -> Law {
    let written: serde_json::Value = serde_json::from_str(written).map_err(|error| error.to_string())?;
    holds!(written == model.to_json(), "figures {written:#}\nnot {:#}", model.to_json());
    Ok(())
}

pub async fn as_the_model<S: LedgerStore>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    let model = side_by_side(&ledger, exponent, history).await?;
    same_figures(&figures(&ledger).await, &model)?;
    for account in accounts(&ledger).await {
        let id = account.id.as_str();
        holds!(
            i128::from(account.balance.minor()) == model.balance(id),
            "the kept balance of {id} is {:?}",
            account.balance
        );
        let (ours, theirs) = (ledger.allocation(&account.id).await.unwrap(), model.allocation(id));
        let ours: Vec<_> = ours
            .debits
            .iter()
            .map(|debit| (debit.position as usize, i128::from(debit.settled.minor())))
            .collect();
        let theirs: Vec<_> = theirs.debits.iter().map(|debit| (debit.position, debit.settled)).collect();
        holds!(ours == theirs, "{id} is allocated {ours:?}, not {theirs:?}");
        for day in [0, 150, 420, 900] {
            same_aging(&ledger, &model, &account.id, resolve::day(day)).await?;
        }
        for term in &model.terms {
            let at = bursar::TermId::new(u32::from(term.id.0), u32::from(term.id.1)).unwrap();
            let (ours, theirs) =
                (ledger.term_balance(&account.id, at).await.unwrap(), model.figure(id, term.id));
            holds!(
                i128::from(ours.balance.minor()) == theirs.balance,
                "{id} in {at}: {ours:?}, not {theirs:?}"
            );
            holds!(
                i128::from(ours.brought_forward.minor()) == theirs.brought_forward,
                "{id} in {at} brings forward {ours:?}, not {theirs:?}"
            );
        }
    }
    term_balances_agree(&ledger, &model).await?;
    clean(&ledger).await
}

pub async fn same_aging<S: LedgerStore>(
    ledger: &Ledger<S>,
    model: &Model,
    account: &AccountId,
    as_of: chrono::NaiveDate,
) -> Law {
    let ours = ledger.aging(account, as_of, &Buckets::default()).await.unwrap();
    let theirs = model.aging(account.as_str(), as_of);
    let overdue: Vec<i128> = ours.overdue.iter().map(|bucket| i128::from(bucket.amount.minor())).collect();
    let expected = [theirs.days_1_to_30, theirs.days_31_to_60, theirs.days_61_to_90, theirs.days_over_90];
    holds!(
        overdue == expected && i128::from(ours.not_yet_due.minor()) == theirs.not_yet_due,
        "{account} on {as_of} is aged {ours:?}, not {theirs:?}"
    );
    Ok(())
}

/// The figures of a whole term, read account by account in order, are those of each account.
async fn term_balances_agree<S: LedgerStore>(ledger: &Ledger<S>, model: &Model) -> Law {
    for term in &model.terms {
        let at = bursar::TermId::new(u32::from(term.id.0), u32::from(term.id.1)).unwrap();
        let mut all = ledger.term_balances(at);
        let mut seen = Vec::new();
        while let Some(balance) = all.next().await.unwrap() {
            let one = ledger.term_balance(&balance.account, at).await.unwrap();
            holds!(balance == one, "of all accounts {balance:?}, of one {one:?}");
            seen.push(balance.account);
        }
        let ids: Vec<AccountId> = accounts(ledger).await.into_iter().map(|account| account.id).collect();
        holds!(seen == ids, "the term lists {seen:?}, the book {ids:?}");
    }
    Ok(())
}

pub async fn consistent<S: LedgerStore>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    side_by_side(&ledger, exponent, history).await?;
    let mut book = 0_i128;
    for account in accounts(&ledger).await {
        let entries = entries(&ledger, &account.id).await;
        let effects: i128 = entries.iter().map(|entry| i128::from(entry.effect.minor())).sum();
        holds!(
            effects == i128::from(account.balance.minor()),
            "B1: {account:?} keeps a balance that is not {effects}"
        );
        book += effects;
        let balances = ledger.balances(&account.id).await.unwrap();
        for now in &balances {
            let (outstanding, credit) = (now.outstanding.minor(), now.credit.minor());
            holds!(outstanding == 0 || credit == 0, "B3: {now:?}");
            holds!(outstanding - credit == now.balance.minor(), "B3: {now:?}");
            holds!(
                outstanding == now.arrears_remaining.minor() + now.fee_remaining.minor(),
                "the remainders: {now:?}"
            );
        }
        let last = balances.last().map_or(0, |balance| balance.balance.minor());
        holds!(
            last == account.balance.minor(),
            "B2: the last term leaves {last}, the account {:?}",
            account.balance
        );
        settled(&entries, &account)?;
    }
    let whole = ledger.book_balance().await.unwrap();
    holds!(i128::from(whole.balance.minor()) == book, "B4: the book is {whole:?}, its accounts {book}");
    Ok(())
}

/// B5 and B10 of one account.
fn settled(entries: &[Entry], account: &Account) -> Law {
    let allocation = Allocation::of(entries, account.balance.currency()).unwrap();
    let settled: i64 = allocation.debits.iter().map(|debit| debit.settled.minor()).sum();
    let by_credit: i64 = allocation.settlements.iter().map(|one| one.amount.minor()).sum();
    holds!(settled == by_credit, "B5: {settled} settled, {by_credit} by credits");
    holds!(allocation.settlements.iter().all(|one| one.amount.is_positive()), "B5: a settlement of nothing");
    for debit in &allocation.debits {
        holds!(
            !debit.settled.is_negative() && debit.settled.minor() <= debit.amount.minor(),
            "B5: {debit:?}"
        );
        let parts = allocation.settlements.iter().filter(|one| one.debit == debit.position);
        holds!(parts.map(|one| one.amount.minor()).sum::<i64>() == debit.settled.minor(), "B5: {debit:?}");
    }
    let outstanding = allocation.outstanding().unwrap();
    holds!(
        outstanding == account.outstanding(),
        "B5: unsettled {outstanding}, outstanding {}",
        account.outstanding()
    );
    holds!(
        allocation.unallocated == account.credit(),
        "B5: unallocated {}, credit {}",
        allocation.unallocated,
        account.credit()
    );
    for bounds in [&[30_u32, 60, 90][..], &[1], &[7, 14, 365], &[]] {
        let buckets = Buckets::new(bounds.iter().copied()).unwrap();
        for day in [0, 150, 420, 600, 900, 4_000] {
            aged(entries, AsOf::day(resolve::day(day)), &buckets, account.balance.currency())?;
        }
    }
    Ok(())
}

/// B10: each bucket is the sum of the debits of its age that the allocation of that day leaves unsettled.
fn aged(entries: &[Entry], as_of: AsOf, buckets: &Buckets, currency: Currency) -> Law {
    let aging = Aging::of(entries, as_of, buckets, currency).unwrap();
    let allocation = Allocation::of(&as_of.of(entries.to_vec()), currency).unwrap();
    let unsettled = |from: i64, to: i64| -> i64 {
        let days = |due_on| as_of.day.unwrap().signed_duration_since(due_on).num_days();
        let aged = allocation.debits.iter().filter(|debit| (from..=to).contains(&days(debit.due_on)));
        aged.map(|debit| debit.unsettled().unwrap().minor()).sum()
    };
    holds!(aging.not_yet_due.minor() == unsettled(i64::MIN, 0), "B10: {aging:?}");
    for aged in &aging.overdue {
        let sum = unsettled(i64::from(aged.from_days), aged.to_days.map_or(i64::MAX, i64::from));
        holds!(aged.amount.minor() == sum, "B10: {aging:?}, and {sum} is unsettled of {aged:?}");
    }
    let sum =
        aging.overdue.iter().map(|bucket| bucket.amount.minor()).sum::<i64>() + aging.not_yet_due.minor();
    holds!(sum == aging.outstanding.minor(), "B10: {aging:?}");
    holds!(aging.outstanding == allocation.outstanding().unwrap(), "B10: {aging:?}, {allocation:?}");
    holds!(aging.credit == allocation.unallocated, "B10: {aging:?}, {allocation:?}");
    holds!(aging.overdue.len() == buckets.bounds().len() + 1, "B10: {aging:?}");
    Ok(())
}

pub async fn reversal_restores<S: LedgerStore>(
    store: S,
    exponent: u32,
    history: &[Command],
    pick: Index,
) -> Law {
    let ledger = open(store, exponent).await;
    side_by_side(&ledger, exponent, history).await?;
    let mut before = Vec::new();
    for account in accounts(&ledger).await {
        before.extend(entries(&ledger, &account.id).await);
    }
    let reversed = |entry: &Entry| {
        before.iter().any(|other| {
            other.account == entry.account
                && matches!(other.kind, bursar::EntryKind::Reversal { of, .. } if of == entry.position || other.position == entry.position)
        })
    };
    let live: Vec<&Entry> = before.iter().filter(|entry| !reversed(entry)).collect();
    if live.is_empty() {
        return Ok(());
    }
    let target = live[pick.index(live.len())];
    let others: Vec<Entry> = entries(&ledger, &target.account)
        .await
        .into_iter()
        .filter(|entry| entry.position != target.position)
        .collect();
    let without = TermTotals::fold(&others).unwrap();
    let reversal = Reversal::of_entry(&target.account, target.position, "to see")
        .key("to-see")
        .on(date("2039-01-01").unwrap());
    ledger.reverse(reversal).await.map_err(|error| error.to_string())?;
    for balance in without.balances(&target.account, ledger.currency()).unwrap() {
        let now = ledger.term_balance(&target.account, balance.term).await.unwrap();
        holds!(now == balance, "B6: after the reversal {now:?}, without the entry {balance:?}");
    }
    let after = entries(&ledger, &target.account).await;
    let kept: Vec<&Entry> = before.iter().filter(|entry| entry.account == target.account).collect();
    holds!(after.iter().take(kept.len()).eq(kept), "B6: an entry was touched");
    let again = Reversal::of_entry(&target.account, target.position, "twice")
        .key("twice")
        .on(date("2039-01-01").unwrap());
    let refused = ledger.reverse(again).await.expect_err("an entry is reversed once");
    holds!(refused.refusal().is_some_and(|refusal| refusal.code() == "already-reversed"), "B6: {refused}");
    clean(&ledger).await
}

pub async fn idempotent<S: LedgerStore>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    let mut model = Model::new(exponent);
    let mut accepted = Vec::new();
    for command in history.iter().filter(|command| !takes_our_key(command)) {
        let _ = drive(&ledger, &model, command).await;
        if model.apply(command).is_ok() && command.key().is_some() {
            accepted.push(command.clone());
        }
    }
    let before = (figures(&ledger).await, ledger.book_balance().await.unwrap());
    for command in &accepted {
        let again = drive(&ledger, &model, command).await;
        holds!(matches!(again, Ok(crate::drive::Outcome::Replayed)), "B7: {command:?} again gives {again:?}");
    }
    let after = (figures(&ledger).await, ledger.book_balance().await.unwrap());
    holds!(before == after, "B7: sending again changed {before:?} to {after:?}");
    Ok(())
}

/// Records the entries of a history anew in another order: only a reversal stays after what it reverses.
pub async fn order_free<S: LedgerStore>(store: S, exponent: u32, history: &[Command], seed: u64) -> Law {
    let mut state = seed | 1;
    let mut shuffled: Vec<TermTotals> = Vec::new();
    let ledger = open(store, exponent).await;
    let model = side_by_side(&ledger, exponent, history).await?;
    for account in accounts(&ledger).await {
        let mut entries = entries(&ledger, &account.id).await;
        for last in (1..entries.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            entries.swap(last, (state % (last as u64 + 1)) as usize);
        }
        let folded = TermTotals::fold(&entries).unwrap();
        let balances = ledger.balances(&account.id).await.unwrap();
        holds!(folded.balances(&account.id, ledger.currency()).unwrap() == balances, "B8: {account:?}");
        shuffled.push(folded);
    }
    holds!(shuffled.len() == model.accounts.len(), "every account was folded");
    Ok(())
}

pub async fn replayed<S: LedgerStore + Clone>(
    store: impl AsyncFn() -> S,
    exponent: u32,
    history: &[Command],
    cut: Index,
) -> Law {
    let mut model = Model::new(exponent);
    let accepted: Vec<Command> = history
        .iter()
        .filter(|command| !named_by_us(command) && model.apply(command).is_ok())
        .cloned()
        .collect();
    let file = model::to_file("book", exponent, &accepted);
    let whole = store().await;
    let (ledger, summary) = read(whole.clone(), &file).await?;
    same_figures(&figures(&ledger).await, &model)?;
    holds!(summary.skipped == 0, "a new book has read nothing before: {summary:?}");
    let (ledger, again) = read(whole, &file).await?;
    holds!(again.skipped == again.lines && again.recorded == 0, "read again: {again:?}");
    same_figures(&figures(&ledger).await, &model)?;

    let lines: Vec<&str> = file.lines().collect();
    let at = 1 + cut.index(lines.len());
    let grown = store().await;
    let (_, first) = read(grown.clone(), &lines[..at.min(lines.len())].join("\n")).await?;
    let (ledger, rest) = read(grown, &file).await?;
    holds!(rest.skipped == first.lines, "the grown file goes on after {first:?}: {rest:?}");
    same_figures(&figures(&ledger).await, &model)?;
    clean(&ledger).await
}

/// Whether a command names an entry by a key that the model made up for billing.
fn named_by_us(command: &Command) -> bool {
    takes_our_key(command) || matches!(command, Command::Reverse { of, .. } if of.starts_with("bursar:"))
}
