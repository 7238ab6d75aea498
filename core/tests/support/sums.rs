//! Reports of a whole book: their parts sum to the whole, and all of them are what the naive model counts.

use std::collections::BTreeMap;

use bursar::{
    AccountId, BookAging, Buckets, CollectionRate, DebtorFilter, DebtorPage, Ledger, LedgerStore, Money,
    PaymentStatus, Standing, SummaryFigures, TermId, TermSummary,
};
use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::drive::{drive, open, side_by_side};
use crate::laws::{Law, accounts, entries, holds};
use crate::model::{self, Command, Kind, Model, Status, resolve};
use crate::past::days_of;

/// The figures of a summary in minor units, in the order of their fields.
fn minors(figures: &SummaryFigures) -> [i128; 14] {
    let SummaryFigures {
        accounts,
        billed,
        brought_forward,
        charged,
        conceded,
        adjustments,
        total_due,
        amount_paid,
        balance,
        outstanding,
        credit,
        arrears_remaining,
        fee_remaining,
        fee_due,
        ..
    } = figures;
    let money = |money: &Money| i128::from(money.minor());
    [
        i128::from(*accounts),
        i128::from(*billed),
        money(brought_forward),
        money(charged),
        money(conceded),
        money(adjustments),
        money(total_due),
        money(amount_paid),
        money(balance),
        money(outstanding),
        money(credit),
        money(arrears_remaining),
        money(fee_remaining),
        money(fee_due),
    ]
}

fn plus(one: [i128; 14], other: [i128; 14]) -> [i128; 14] {
    std::array::from_fn(|n| one[n] + other[n])
}

/// What an account adds to the summary of a term, counted straight from the model's entries; nothing where all of it is nothing.
fn part_of(model: &Model, account: &str, term: (u16, u16)) -> Option<(Status, [i128; 14])> {
    let figure = model.figure(account, term);
    let mut charged = 0;
    for entry in model.entries_of(account) {
        if entry.term == term && matches!(entry.kind, Kind::Charge { .. }) && !model.is_cancelled(entry) {
            charged += i128::from(entry.signed);
        }
    }
    let openings: i128 = model
        .entries_of(account)
        .into_iter()
        .filter(|entry| entry.term == term && matches!(model.counts_as(entry), Kind::Opening { .. }))
        .map(|entry| i128::from(entry.signed))
        .sum();
    let nothing = figure.brought_forward == 0
        && openings == 0
        && figure.term_fee == 0
        && figure.adjustments == 0
        && figure.amount_paid == 0
        && charged == 0;
    if nothing {
        return None;
    }
    // Of the term's own: what is asked on top of arrears, and in any case what is still to be paid of it.
    let own = figure.total_due - figure.brought_forward.max(0);
    let part = [
        1,
        i128::from(charged > 0),
        figure.brought_forward,
        charged,
        charged - figure.term_fee,
        figure.adjustments,
        figure.total_due,
        figure.amount_paid,
        figure.balance,
        figure.outstanding,
        figure.credit,
        figure.arrears_remaining,
        figure.fee_remaining,
        own.max(0).max(figure.fee_remaining),
    ];
    Some((figure.status, part))
}

/// Tenths of a per cent, rounded half away from zero, without decimals' division.
fn tenths(collected: i128, due: i128) -> Option<i128> {
    if due <= 0 {
        return None;
    }
    let doubled = (collected.abs() * 2_000 + due) / (due * 2);
    Some(if collected < 0 { -doubled } else { doubled })
}

fn rate(what: &str, rate: CollectionRate, collected: i128, due: i128) -> Law {
    let expected = tenths(collected, due);
    let percent = rate.percent(1, RoundingStrategy::MidpointAwayFromZero);
    let found = percent.map(|percent| i128::try_from(percent * Decimal::TEN).unwrap());
    holds!(found == expected, "{what}: {rate:?} is {percent:?}, not {expected:?} tenths of a per cent");
    holds!(rate.ratio().is_some() == (due > 0), "{what}: {rate:?} of {due}");
    let text = rate.to_string();
    let text_expected = expected.map_or("undefined".to_owned(), |tenths| {
        let sign = if tenths < 0 { "-" } else { "" };
        format!("{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
    });
    holds!(text == text_expected, "{what}: {rate:?} is shown as {text}, not {text_expected}");
    Ok(())
}

fn summary_is_right(model: &Model, summary: &TermSummary, term: (u16, u16)) -> Law {
    let zero = [0; 14];
    let (mut total, mut by_status, mut by_groups) = (zero, BTreeMap::new(), BTreeMap::new());
    for account in &model.accounts {
        let Some((status, part)) = part_of(model, &account.id, term) else { continue };
        let status = match status {
            Status::Paid => PaymentStatus::Paid,
            Status::Partial => PaymentStatus::Partial,
            Status::Unpaid => PaymentStatus::Unpaid,
        };
        total = plus(total, part);
        let of_status = by_status.entry(status).or_insert(zero);
        *of_status = plus(*of_status, part);
        let of_groups = by_groups.entry(account.groups.clone()).or_insert(zero);
        *of_groups = plus(*of_groups, part);
    }
    holds!(minors(&summary.total) == total, "{summary:#?}\nnot {total:?}");
    let found: BTreeMap<_, _> =
        summary.by_status.iter().map(|(status, figures)| (*status, minors(figures))).collect();
    holds!(found == by_status, "{summary:#?}\nnot {by_status:?}");
    let found: Vec<(Vec<String>, [i128; 14])> = summary
        .by_groups
        .iter()
        .map(|part| (part.groups.iter().map(ToString::to_string).collect(), minors(&part.figures)))
        .collect();
    let expected: Vec<_> = by_groups.into_iter().collect();
    holds!(found == expected, "{summary:#?}\nnot {expected:?}");
    for figures in summary.by_status.values().chain([&summary.total]) {
        let sums = minors(figures);
        holds!(sums[3] - sums[4] + sums[2] + sums[5] == sums[6], "the total due: {figures:?}");
        holds!(sums[9] - sums[10] == sums[8] && sums[11] + sums[12] == sums[9], "the balance: {figures:?}");
        rate("what was due", figures.collection_rate(), sums[7], sums[6])?;
        let own = figures.fee_collection_rate().unwrap();
        rate("the term's own", own, sums[13] - sums[12], sums[13])?;
        holds!(
            own.percent(9, RoundingStrategy::ToZero)
                .is_none_or(|one| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&one)),
            "{own:?}"
        );
    }
    Ok(())
}

/// Σ agings = the book's aging, and that of the model; Σ parts of a summary = the whole, and that of the model.
pub async fn parts_sum_to_the_whole<S: LedgerStore>(store: S, exponent: u32, history: &[Command]) -> Law {
    let ledger = open(store, exponent).await;
    let model = side_by_side(&ledger, exponent, history).await?;
    for term in &model.terms {
        let at = TermId::new(u32::from(term.id.0), u32::from(term.id.1)).unwrap();
        summary_is_right(&model, &ledger.term_summary(at).await.unwrap(), term.id)?;
    }
    let bounds: [&[u32]; 4] = [&[30, 60, 90], &[7], &[], &[1, 365, 366]];
    for (n, day) in [0, 200, 500, 900, 1_500].into_iter().map(resolve::day).enumerate() {
        let buckets = Buckets::new(bounds[n % 4].iter().copied()).unwrap();
        aging_is_right(&ledger, &model, day, &buckets).await?;
    }
    Ok(())
}

async fn aging_is_right<S: LedgerStore>(
    ledger: &Ledger<S>,
    model: &Model,
    day: NaiveDate,
    buckets: &Buckets,
) -> Law {
    let until = model.until(day);
    let mut expected = vec![0_i128; buckets.bounds().len() + 2];
    let (mut owing, mut in_credit, mut credit) = (0, 0, 0);
    for account in &model.accounts {
        let allocation = until.allocation(&account.id);
        for debit in &allocation.debits {
            let days = day.signed_duration_since(debit.due_on).num_days();
            let over = buckets.bounds().iter().filter(|bound| days > i64::from(**bound)).count();
            expected[if days <= 0 { 0 } else { over + 1 }] += debit.unsettled();
        }
        owing += u64::from(allocation.debits.iter().any(|debit| debit.unsettled() > 0));
        in_credit += u64::from(allocation.unallocated > 0);
        credit += allocation.unallocated;
    }
    let book = ledger.book_aging(day, buckets).await.unwrap();
    let found: Vec<i128> = [book.aging.not_yet_due]
        .into_iter()
        .chain(book.aging.overdue.iter().map(|aged| aged.amount))
        .map(|amount| i128::from(amount.minor()))
        .collect();
    holds!(found == expected, "the book as of {day}: {book:?}, not {expected:?}");
    let sums = (book.owing, book.in_credit, i128::from(book.aging.credit.minor()));
    holds!(sums == (owing, in_credit, credit), "the book as of {day}: {book:?}");
    let outstanding: i128 = expected.iter().sum();
    holds!(i128::from(book.aging.outstanding.minor()) == outstanding, "the book as of {day}: {book:?}");
    agings_sum(ledger, &book, buckets).await
}

async fn agings_sum<S: LedgerStore>(ledger: &Ledger<S>, book: &BookAging, buckets: &Buckets) -> Law {
    let mut agings = ledger.agings(book.aging.as_of, buckets).unwrap();
    let mut sum: Option<bursar::Aging> = None;
    let mut listed: Vec<AccountId> = Vec::new();
    while let Some(one) = agings.next().await.unwrap() {
        let alone = ledger.aging(&one.account, book.aging.as_of, buckets).await.unwrap();
        holds!(alone == one.aging, "{one:?} alone is {alone:?}");
        match &mut sum {
            Some(sum) => sum.add(&alone).unwrap(),
            None => sum = Some(alone),
        }
        listed.push(one.account);
    }
    holds!(sum.is_none_or(|sum| sum == book.aging), "the agings do not sum to {book:?}");
    let ids: Vec<AccountId> = accounts(ledger).await.into_iter().map(|account| account.id).collect();
    holds!(listed == ids, "the agings list {listed:?}, the book {ids:?}");
    Ok(())
}

/// What a debtor's row says.
type Row = (String, i128, i128, (u16, u16), NaiveDate, i64);

/// Who owes, of the model, in no order.
fn debtors_of(model: &Model, day: NaiveDate) -> Vec<(&model::Account, Row)> {
    let mut rows = Vec::new();
    for account in &model.accounts {
        let allocation = model.allocation(&account.id);
        let Some(oldest) = allocation.debits.iter().find(|debit| debit.unsettled() > 0) else { continue };
        let late = allocation.debits.iter().filter(|debit| debit.due_on < day);
        let overdue = late.map(model::Settled::unsettled).sum();
        let days = day.signed_duration_since(oldest.due_on).num_days().max(0);
        let term = model.entry(&oldest.key).unwrap().term;
        rows.push((
            account,
            (account.id.clone(), model.balance(&account.id), overdue, term, oldest.due_on, days),
        ));
    }
    rows
}

fn row(debtor: &bursar::Debtor) -> Row {
    let term = (debtor.since_term.year(), debtor.since_term.number());
    (
        debtor.account.id.to_string(),
        debtor.outstanding.minor().into(),
        debtor.overdue.minor().into(),
        term,
        debtor.since,
        debtor.days_overdue.into(),
    )
}

/// A filter as a test draws it.
#[derive(Clone, Copy, Debug)]
pub struct Drawn {
    pub group: Option<usize>,
    pub standing: Option<usize>,
    pub at_least: Option<i64>,
    pub overdue_for: Option<u32>,
    pub oldest_first: bool,
    pub page: u32,
    pub day: usize,
}

/// A few filters, pages and days.
pub fn any_filters() -> impl Strategy<Value = Vec<Drawn>> {
    let drawn = (
        prop::option::weighted(0.3, 0_usize..4),
        prop::option::weighted(0.3, 0_usize..6),
        prop::option::weighted(0.3, prop_oneof![Just(-1_i64), 0_i64..40_000]),
        prop::option::weighted(0.4, prop_oneof![0_u32..3, 1_u32..700]),
        any::<bool>(),
        prop_oneof![4 => 1_u32..4, 1 => Just(100_u32), 1 => Just(u32::MAX)],
        any::<usize>(),
    );
    let drawn = drawn.prop_map(|(group, standing, at_least, overdue_for, oldest_first, page, day)| Drawn {
        group,
        standing,
        at_least,
        overdue_for,
        oldest_first,
        page,
        day,
    });
    prop::collection::vec(drawn, 6)
}

/// The pages of debtors, one after the other, are the list that the model makes.
pub async fn debtors_are_those_who_owe<S: LedgerStore>(
    store: S,
    exponent: u32,
    history: &[Command],
    drawn: &[Drawn],
) -> Law {
    let ledger = open(store, exponent).await;
    let mut model = side_by_side(&ledger, exponent, history).await?;
    let mut all = Vec::new();
    for account in accounts(&ledger).await {
        holds!(account.outstanding().minor() == account.balance.minor().max(0), "{account:?}");
        all.extend(entries(&ledger, &account.id).await);
    }
    let days = days_of(&all, 12);
    let (first, rest) = drawn.split_at(drawn.len() / 2);
    for drawn in first {
        same_debtors(&ledger, &model, *drawn, days[drawn.day % days.len()]).await?;
    }
    level(&ledger, &mut model).await?;
    for drawn in rest {
        same_debtors(&ledger, &model, *drawn, days[drawn.day % days.len()]).await?;
    }
    Ok(())
}

/// Makes accounts owe as much as each other, but for the first.
async fn level<S: LedgerStore>(ledger: &Ledger<S>, model: &mut Model) -> Law {
    let Some((year, term)) = model.terms.first().map(|term| term.id) else { return Ok(()) };
    for account in model.accounts.clone().into_iter().skip(1).map(|account| account.id) {
        let command = Command::Adjust {
            key: format!("level {account}"),
            amount: i64::try_from(5_000 - model.balance(&account)).unwrap(),
            account,
            year,
            term,
            reason: "all alike".to_owned(),
            on: resolve::day(3_000),
        };
        // What is too large, or nothing, is refused by both.
        let driven = drive(ledger, model, &command).await;
        let applied = model.apply(&command);
        holds!(driven.is_ok() == applied.is_ok(), "{command:?}: {driven:?}, {applied:?}");
    }
    Ok(())
}

async fn same_debtors<S: LedgerStore>(
    ledger: &Ledger<S>,
    model: &Model,
    drawn: Drawn,
    day: NaiveDate,
) -> Law {
    let mut filter = DebtorFilter::on(day);
    let mut expected = debtors_of(model, day);
    if let Some(group) = drawn.group {
        let group = ["PRIMARY", "ECD", "BOARDERS", "primary"][group % 4];
        filter = filter.in_group(group).unwrap();
        expected.retain(|(account, _)| account.groups.iter().any(|one| one == group));
    }
    if let Some(standing) = drawn.standing {
        let standing = Standing::ALL[standing % 6];
        filter = filter.with_standing(standing);
        expected.retain(|(account, _)| account.standing.word() == standing.as_str());
    }
    if let Some(minor) = drawn.at_least {
        filter = filter.at_least(Decimal::new(minor, ledger.currency().exponent()));
        expected.retain(|(_, row)| row.1 >= i128::from(minor));
    }
    if let Some(least) = drawn.overdue_for {
        filter = filter.overdue_for(least);
        expected.retain(|(_, row)| row.5 >= i64::from(least));
    }
    let mut expected: Vec<Row> = expected.into_iter().map(|(_, row)| row).collect();
    if drawn.oldest_first {
        filter = filter.oldest_first();
        expected.sort_by(|one, other| (one.4, one.0.as_bytes()).cmp(&(other.4, other.0.as_bytes())));
    } else {
        expected.sort_by(|one, other| (-one.1, one.0.as_bytes()).cmp(&(-other.1, other.0.as_bytes())));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = ledger.debtors(&filter, after.as_ref(), drawn.page).await.unwrap();
        let DebtorPage { debtors, next, .. } = page;
        let full = debtors.len() == usize::try_from(drawn.page).unwrap();
        holds!(
            full || next.is_none(),
            "{drawn:?}: a page of {debtors:?} is not full, and goes on at {next:?}"
        );
        found.extend(debtors.iter().map(row));
        let all = found.len() >= expected.len();
        holds!(found.len() <= expected.len(), "{drawn:?} on {day}: {found:?}, not {expected:?}");
        holds!(next.is_none() == all, "{drawn:?} on {day}: after {found:?} comes {next:?}, of {expected:?}");
        after = next;
        if after.is_none() {
            break;
        }
    }
    holds!(found == expected, "{drawn:?} on {day}: {found:?}, not {expected:?}");
    Ok(())
}
