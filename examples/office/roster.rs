//! The roster: every student with the figures of the current term, searched, filtered and sorted, a page at a time.

use std::cmp::Ordering;

use bursar::store::AccountFilter;
use bursar::{
    Account, AccountId, Error, Ledger, LedgerStore, Money, PaymentStatus, Standing, TermBalance, TermId,
};

/// So many students a page.
pub const ROWS_A_PAGE: usize = 50;
/// So many accounts are read at a time.
const ACCOUNTS_A_READ: u32 = 1_000;

/// By what the roster is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By account, in byte order.
    #[default]
    Account,
    /// Who owes most first.
    Owed,
    /// Who has most credit first.
    Credit,
    /// Who has paid most in the term first.
    Paid,
}

impl Order {
    /// Every order, with the word for it.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Account, "account"), (Self::Owed, "owed"), (Self::Credit, "credit"), (Self::Paid, "paid")];

    /// The order of a word; by account for any other.
    #[must_use]
    pub fn of(word: &str) -> Self {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map_or(Self::Account, |(order, _)| order)
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let first = match self {
            Self::Account => Ordering::Equal,
            Self::Owed => b.balance.minor().cmp(&a.balance.minor()),
            Self::Credit => a.balance.minor().cmp(&b.balance.minor()),
            Self::Paid => b.paid.minor().cmp(&a.paid.minor()),
        };
        first.then_with(|| a.account.id.cmp(&b.account.id))
    }
}

/// Who is looked for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// A part of the account's id, whatever its case.
    pub text: String,
    /// The payment status in the term.
    pub status: Option<PaymentStatus>,
    /// A fee group.
    pub group: String,
    /// The standing.
    pub standing: Option<Standing>,
    /// The order.
    pub order: Order,
}

impl Search {
    fn holds(&self, row: &Row) -> bool {
        let text = self.text.to_lowercase();
        (text.is_empty() || row.account.id.as_str().to_lowercase().contains(&text))
            && self.status.is_none_or(|status| row.status == status)
            && (self.group.is_empty() || row.account.groups.iter().any(|group| group.as_str() == self.group))
            && self.standing.is_none_or(|standing| row.account.standing == standing)
    }
}

/// A student on the roster.
#[derive(Clone, Debug)]
pub struct Row {
    /// The account.
    pub account: Account,
    /// The payment status in the term.
    pub status: PaymentStatus,
    /// What was due in the term.
    pub due: Money,
    /// What was paid in the term.
    pub paid: Money,
    /// The balance at the term's end: above zero is owed, below is credit.
    pub balance: Money,
}

/// A page of the roster.
#[derive(Clone, Debug)]
pub struct Page {
    /// The students.
    pub rows: Vec<Row>,
    /// How many there are on all pages.
    pub found: usize,
    /// Which page it is, from 1.
    pub number: usize,
    /// How many pages there are, at least 1.
    pub pages: usize,
}

/// Reads a page. Every account is read for the count, a thousand at a time; only what a page needs is kept.
///
/// # Errors
/// Those of the ledger.
pub async fn page<S: LedgerStore>(
    school: &Ledger<S>,
    term: Option<TermId>,
    search: &Search,
    number: usize,
) -> Result<Page, Error> {
    let number = number.max(1);
    let wanted = number.saturating_mul(ROWS_A_PAGE);
    let (mut best, mut found): (Vec<Row>, usize) = (Vec::new(), 0);
    let mut after: Option<AccountId> = None;
    loop {
        let accounts = school.accounts(AccountFilter::All, after.as_ref(), ACCOUNTS_A_READ).await?;
        let Some(last) = accounts.last() else { break };
        after = Some(last.id.clone());
        for row in rows(school, accounts, term).await? {
            if search.holds(&row) {
                found = found.saturating_add(1);
                best.push(row);
            }
        }
        best.sort_by(|a, b| search.order.compare(a, b));
        best.truncate(wanted);
    }
    let pages = found.div_ceil(ROWS_A_PAGE).max(1);
    let first = number.saturating_sub(1).saturating_mul(ROWS_A_PAGE);
    Ok(Page { rows: best.into_iter().skip(first).collect(), found, number, pages })
}

async fn rows<S: LedgerStore>(
    school: &Ledger<S>,
    accounts: Vec<Account>,
    term: Option<TermId>,
) -> Result<Vec<Row>, Error> {
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
    let balances = school.balances_of(&ids).await?;
    let mut balances = balances.into_iter().peekable();
    let zero = Money::zero(school.currency());
    let mut rows = Vec::new();
    for account in accounts {
        // They come account by account, and term by term.
        let mut now: Option<TermBalance> = None;
        while let Some(balance) = balances.next_if(|balance| balance.account == account.id) {
            if term.is_none_or(|term| balance.term <= term) {
                now = Some(balance);
            }
        }
        rows.push(match now {
            Some(now) if term.is_none_or(|term| now.term == term) => Row {
                status: now.status,
                due: now.total_due,
                paid: now.amount_paid,
                balance: now.balance,
                account,
            },
            // Nothing happened in the term: what was left is due in it.
            left => {
                let due = left.map_or(zero, |left| left.balance);
                Row { status: PaymentStatus::of(due.minor(), 0), due, paid: zero, balance: due, account }
            }
        });
    }
    Ok(rows)
}
