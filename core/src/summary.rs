//! Term summaries: a term of the whole book in a few figures, and how much of what was due has been collected.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::store::SummaryRow;
use crate::text::{Side, Table};
use crate::{Currency, FeeGroup, Money, PaymentStatus, Refusal, TermBalance, TermId};

/// How much was collected of what was due. Undefined, not 0 and not 100 %, when nothing was due.
///
/// ```
/// use bursar::{CollectionRate, Currency, Money};
/// use rust_decimal_macros::dec;
///
/// let usd = |minor| Money::from_minor(minor, Currency::USD);
/// let rate = CollectionRate { collected: usd(8_000), due: usd(12_000) };
/// assert_eq!(rate.to_string(), "66.7 %");
/// assert_eq!(CollectionRate { collected: usd(8_000), due: usd(0) }.ratio(), None);
/// assert_eq!(CollectionRate { collected: usd(3_000), due: usd(12_000) }.ratio(), Some(dec!(0.25)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionRate {
    /// What was collected.
    pub collected: Money,
    /// What was due; not below zero.
    pub due: Money,
}

impl CollectionRate {
    /// Collected ÷ due, to the 28 digits that a [`Decimal`] has; `None` when nothing was due.
    #[must_use]
    pub fn ratio(self) -> Option<Decimal> {
        if !self.due.is_positive() {
            return None;
        }
        Decimal::from(self.collected.minor()).checked_div(Decimal::from(self.due.minor()))
    }

    /// The ratio in per cent, with so many decimals; `None` when nothing was due.
    #[must_use]
    pub fn percent(self, decimals: u32, strategy: RoundingStrategy) -> Option<Decimal> {
        let percent = self.ratio()?.checked_mul(Decimal::ONE_HUNDRED)?;
        Some(percent.round_dp_with_strategy(decimals, strategy))
    }
}

impl fmt::Display for CollectionRate {
    /// In per cent with one decimal, rounded half away from zero; `undefined` when nothing was due.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.percent(1, RoundingStrategy::MidpointAwayFromZero) {
            Some(percent) => f.pad(&format!("{percent:.1} %")),
            None => f.pad("undefined"),
        }
    }
}

/// Sums over accounts in a term. Each is the sum of the accounts' own figure of that name ([`TermBalance`]), except where it says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SummaryFigures {
    /// How many accounts: those of which any figure of the term is not nothing. Who was charged and conceded as much is among them; who
    /// was charged in error, and the charge reversed, is not.
    pub accounts: u64,
    /// How many of them have a charge of the term that is not reversed.
    pub billed: u64,
    /// What earlier terms left, and opening balances.
    pub brought_forward: Money,
    /// Charges; `charged − conceded` is the accounts' term fee.
    pub charged: Money,
    /// Concessions.
    pub conceded: Money,
    /// Adjustments less write-offs.
    pub adjustments: Money,
    /// What is brought forward, charged less conceded, and adjusted.
    pub total_due: Money,
    /// Payments less refunds: what was collected.
    pub amount_paid: Money,
    /// Total due less the amount paid.
    pub balance: Money,
    /// What is owed.
    pub outstanding: Money,
    /// What is in credit; `outstanding − credit` is the balance.
    pub credit: Money,
    /// How much of what is outstanding are arrears of earlier terms.
    pub arrears_remaining: Money,
    /// How much of what is outstanding is the term's own.
    pub fee_remaining: Money,
    /// What is due of the term's own fees: for each account its total due less the arrears it brought forward, or zero. Credit brought
    /// forward lowers it, unless it was refunded: what remains of the fees is in any case due.
    pub fee_due: Money,
}

impl SummaryFigures {
    fn nothing(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            accounts: 0,
            billed: 0,
            brought_forward: zero,
            charged: zero,
            conceded: zero,
            adjustments: zero,
            total_due: zero,
            amount_paid: zero,
            balance: zero,
            outstanding: zero,
            credit: zero,
            arrears_remaining: zero,
            fee_remaining: zero,
            fee_due: zero,
        }
    }

    fn add(&mut self, account: &TermBalance, charged: Money) -> Result<(), Refusal> {
        let zero = Money::zero(charged.currency());
        self.accounts = self.accounts.saturating_add(1);
        self.billed = self.billed.saturating_add(u64::from(charged.is_positive()));
        let arrears = if account.brought_forward.is_positive() { account.brought_forward } else { zero };
        let fee_due = account.total_due.checked_sub(arrears)?;
        // A refund gives back what was brought forward, and then there is more to pay than the total due said.
        let fee_due = fee_due.max(account.fee_remaining);
        for (sum, amount) in [
            (&mut self.brought_forward, account.brought_forward),
            (&mut self.charged, charged),
            (&mut self.conceded, charged.checked_sub(account.term_fee)?),
            (&mut self.adjustments, account.adjustments),
            (&mut self.total_due, account.total_due),
            (&mut self.amount_paid, account.amount_paid),
            (&mut self.balance, account.balance),
            (&mut self.outstanding, account.outstanding),
            (&mut self.credit, account.credit),
            (&mut self.arrears_remaining, account.arrears_remaining),
            (&mut self.fee_remaining, account.fee_remaining),
            (&mut self.fee_due, fee_due),
        ] {
            *sum = sum.checked_add(amount)?;
        }
        Ok(())
    }

    /// The collection rate: the amount paid ÷ the total due. Arrears brought forward are part of both, and credit brought forward lowers
    /// the total due. It is above 100 % where more was paid than due, and below zero where more was refunded than paid.
    #[must_use]
    pub fn collection_rate(&self) -> CollectionRate {
        let zero = Money::zero(self.total_due.currency());
        let due = if self.total_due.is_positive() { self.total_due } else { zero };
        CollectionRate { collected: self.amount_paid, due }
    }

    /// The collection rate of the term's own fees, arrears apart: what is paid of them ÷ [`fee_due`](Self::fee_due). Payments clear arrears
    /// first, so that what is paid of them is what was due and no longer remains: from 0 to 100 %.
    ///
    /// # Errors
    /// [`Refusal::Overflow`]; not for figures that a ledger gave.
    pub fn fee_collection_rate(&self) -> Result<CollectionRate, Refusal> {
        Ok(CollectionRate { collected: self.fee_due.checked_sub(self.fee_remaining)?, due: self.fee_due })
    }
}

/// The figures of the accounts that are in just these fee groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupSummary {
    /// The fee groups, as they are now, in byte order.
    pub groups: Vec<FeeGroup>,
    /// Their figures.
    pub figures: SummaryFigures,
}

/// A term of the whole book: all accounts together, by payment status, and by fee groups. Each of these parts the accounts, so that its sums
/// are the whole.
///
/// ```
#[doc = include_str!("docs/school.txt")]
/// school.enrol("s-18", ["PRIMARY"], date("2026-01-12")?).await?;
/// school.pay(Payment::cash(dec!(120)).from("s-18").for_term(term).key("till-1-0001")).await?;
/// let summary = school.term_summary(term).await?;
/// assert_eq!(summary.by_status[&PaymentStatus::Paid].accounts, 1);
/// assert_eq!(summary.by_groups[0].figures.outstanding.to_string(), "120.00");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TermSummary {
    /// The term.
    pub term: TermId,
    /// All accounts.
    pub total: SummaryFigures,
    /// The accounts by payment status; a status that none has is absent.
    pub by_status: BTreeMap<PaymentStatus, SummaryFigures>,
    /// The accounts by their fee groups. One that is in two counts under both together, not under each.
    pub by_groups: Vec<GroupSummary>,
}

impl TermSummary {
    pub(crate) fn nothing(term: TermId, currency: Currency) -> Self {
        let total = SummaryFigures::nothing(currency);
        Self { term, total, by_status: BTreeMap::new(), by_groups: Vec::new() }
    }

    pub(crate) fn add(&mut self, row: SummaryRow, currency: Currency) -> Result<(), Refusal> {
        let SummaryRow { account, earlier, totals, charged, groups } = row;
        if (earlier, totals, charged) == (0, crate::Totals::default(), 0) {
            return Ok(());
        }
        let balance = TermBalance::derive(account, self.term, earlier, totals, currency)?;
        let charged = Money::from_minor(charged, currency);
        self.total.add(&balance, charged)?;
        let nothing = || SummaryFigures::nothing(currency);
        self.by_status.entry(balance.status).or_insert_with(nothing).add(&balance, charged)?;
        let at = match self.by_groups.binary_search_by(|part| part.groups.cmp(&groups)) {
            Ok(at) => at,
            Err(at) => {
                self.by_groups.insert(at, GroupSummary { groups, figures: nothing() });
                at
            }
        };
        self.by_groups.get_mut(at).ok_or(Refusal::Overflow)?.figures.add(&balance, charged)
    }
}

impl SummaryFigures {
    /// Every figure on a line of its own.
    fn lines(&self) -> Table<2> {
        let mut table = Table::new([Side::Left, Side::Right]);
        for (what, count) in [("accounts", self.accounts), ("  of them billed", self.billed)] {
            table.row([what.to_owned(), count.to_string()]);
        }
        for (what, amount) in [
            ("brought forward", self.brought_forward),
            ("charged", self.charged),
            ("conceded", self.conceded),
            ("adjustments", self.adjustments),
            ("total due", self.total_due),
            ("paid", self.amount_paid),
            ("balance", self.balance),
            ("outstanding", self.outstanding),
            ("  of it arrears", self.arrears_remaining),
            ("  of it the term's own", self.fee_remaining),
            ("in credit", self.credit),
        ] {
            table.row([what.to_owned(), amount.to_string()]);
        }
        table.row(["collected of what was due".to_owned(), self.collection_rate().to_string()]);
        if let Ok(rate) = self.fee_collection_rate() {
            table.row(["collected of the term's own".to_owned(), rate.to_string()]);
        }
        table
    }

    /// The figures that tell parts apart, in one row.
    fn cells(&self, name: String) -> [String; 6] {
        let money = |money: Money| money.to_string();
        let rate = self.collection_rate().to_string();
        let (due, paid, left) = (money(self.total_due), money(self.amount_paid), money(self.outstanding));
        [name, self.accounts.to_string(), due, paid, left, rate]
    }
}

impl fmt::Display for TermSummary {
    /// As text of at most 80 columns: the total figure by figure, then the parts, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let right = Side::Right;
        writeln!(f, "Term {}, in {}", self.term, self.total.balance.currency())?;
        write!(f, "{}", self.total.lines())?;
        let mut parts = Table::new([Side::Cut, right, right, right, right, right]);
        let head = |name| [name, "accounts", "due", "paid", "outstanding", "rate"].map(str::to_owned);
        parts.line(String::new());
        parts.row(head("status"));
        for (status, figures) in &self.by_status {
            parts.row(figures.cells(status.to_string()));
        }
        parts.line(String::new());
        parts.row(head("groups"));
        for part in &self.by_groups {
            let groups: Vec<&str> = part.groups.iter().map(FeeGroup::as_str).collect();
            parts.row(part.figures.cells(groups.join(", ")));
        }
        parts.fmt(f)
    }
}
