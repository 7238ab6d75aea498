//! Accounts: enrolling, moving to other groups, and standing.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::attempts::Attempts;
use super::line::Line;
use crate::account::group_set;
use crate::name::IntoName;
use crate::recording::Provenance;
use crate::rule::Posting;
use crate::store::{AccountChange, ChangeSet, Committed, FileMark};
use crate::{
    Account, AccountId, BillingPlan, Calendar, Entry, Error, Fee, FeeGroup, LedgerStore, Money, NewEntry,
    Payer, PlannedCharge, Refusal, SkipReason, Standing, TermId,
};

/// What enrolling an account did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Enrolled {
    /// Whether the account was opened; `false` when it was there just so, and nothing was done.
    pub opened: bool,
    /// The charges of the current term that were made with it.
    pub charges: Vec<Entry>,
    /// Why it was not charged, or not for a code, while a term is current and open.
    pub skipped: Vec<SkipReason>,
}

impl<S: LedgerStore> Ledger<S> {
    /// Opens an account in its fee groups, enrolled from a day. While a term is current and not closed, the account is billed for it at
    /// once, in the same step. Enrolling it again just so changes nothing.
    ///
    /// A group without a fee is no error: what billing finds is reported in [`Enrolled::skipped`].
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // A term is current, so that the new account is billed for it.
    /// let enrolled = school.enrol("s-18", ["PRIMARY"], date("2026-02-02")?).await?;
    /// assert_eq!(enrolled.charges[0].amount().to_string(), "120.00");
    /// // Nobody has priced a fee of this group; that is reported and not guessed at.
    /// let enrolled = school.enrol("s-19", ["BOARDERS"], date("2026-02-02")?).await?;
    /// assert_eq!(enrolled.skipped, [SkipReason::NoFee]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::AccountExists`] when it is enrolled otherwise, [`Refusal::GroupCount`] without a group, [`Refusal::Locked`] when the
    /// day is locked, [`Refusal::BadName`].
    #[tracing::instrument(name = "bursar.enrol", skip_all, fields(book = %self.book))]
    pub async fn enrol<G>(
        &self,
        account: impl IntoName<AccountId>,
        groups: impl IntoIterator<Item = G>,
        on: NaiveDate,
    ) -> Result<Enrolled, Error>
    where
        G: IntoName<FeeGroup>,
    {
        let groups = groups.into_iter().map(IntoName::into_name).collect::<Result<Vec<_>, Refusal>>()?;
        self.enrol_at(account.into_name()?, groups, on, None).await
    }

    pub(crate) async fn enrol_at(
        &self,
        account: AccountId,
        groups: Vec<FeeGroup>,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<Enrolled, Error> {
        let groups = group_set(&account, groups)?;
        let account = new_account(account, groups, on, Money::zero(self.currency));
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            if let Some(there) =
                self.store.accounts(&self.book, std::slice::from_ref(&account.id)).await?.pop()
            {
                return self.enrolled_already(&account, there, mark).await;
            }
            book.calendar.unlocked(on)?;
            let fees = self.first_fees(&book.calendar, [&account]).await?;
            let (postings, skipped) = self.first_charges(&book.calendar, &account, &fees, on)?;
            let entries: Vec<NewEntry> = postings.iter().map(|posting| posting.entry.clone()).collect();
            let changes = ChangeSet {
                book_version: Some(book.version),
                accounts: vec![AccountChange::Open(account.clone())],
                postings,
                mark: mark.clone(),
                ..ChangeSet::default()
            };
            if let Committed::Admitted { positions } = self.store.commit(&self.book, changes).await? {
                let charges = entries.into_iter().zip(positions).map(|(entry, at)| entry.at(at)).collect();
                return Ok(Enrolled { opened: true, charges, skipped });
            }
            attempts.again(self).await?;
        }
    }

    async fn enrolled_already(
        &self,
        asked: &Account,
        there: Account,
        mark: Option<FileMark>,
    ) -> Result<Enrolled, Error> {
        if asked.groups != there.groups || asked.enrolled_on != there.enrolled_on {
            let Account { id: account, enrolled_on, groups, .. } = there;
            return Err(Refusal::AccountExists { account, enrolled_on, groups }.into());
        }
        self.keep_mark(mark).await?;
        Ok(Enrolled { opened: false, charges: Vec::new(), skipped: Vec::new() })
    }

    /// The fees of which accounts that are being enrolled may be charged: their groups'. None has fees of its own before it is there.
    pub(crate) async fn first_fees<'a>(
        &self,
        calendar: &Calendar,
        accounts: impl IntoIterator<Item = &'a Account> + Send,
    ) -> Result<Vec<Fee>, Error> {
        let Some(term) = calendar.open_current() else { return Ok(Vec::new()) };
        let groups: BTreeSet<&FeeGroup> = accounts.into_iter().flat_map(|account| &account.groups).collect();
        let payers: Vec<Payer> = groups.into_iter().cloned().map(Payer::Group).collect();
        Ok(self.store.fees_of(&self.book, term.id, &payers).await?)
    }

    /// What an account that is being enrolled is charged, and why it is not, out of the fees that it may pay: nothing unless a term is current
    /// and open.
    pub(crate) fn first_charges(
        &self,
        calendar: &Calendar,
        account: &Account,
        fees: &[Fee],
        on: NaiveDate,
    ) -> Result<(Vec<Posting>, Vec<SkipReason>), Refusal> {
        let Some(term) = calendar.open_current() else { return Ok((Vec::new(), Vec::new())) };
        let BillingPlan { charges, skipped, .. } =
            BillingPlan::of(account, term, fees, &[], self.policy(), on)?;
        Ok((self.billed_postings(&account.id, term.id, charges, on), skipped))
    }

    /// The postings of planned charges.
    pub(crate) fn billed_postings(
        &self,
        account: &AccountId,
        term: TermId,
        charges: Vec<PlannedCharge>,
        on: NaiveDate,
    ) -> Vec<Posting> {
        let posting = |PlannedCharge { kind, amount: effect, key }| {
            self.posting(account, Line { term, kind, effect, key }, on, Provenance::default())
        };
        charges.into_iter().map(posting).collect()
    }

    /// Moves an account to other fee groups from now on. What was charged stands; nothing is charged before the next activation.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.move_groups("s-17", ["SECONDARY"], date("2026-02-02")?).await?;
    /// let account = school.account("s-17").await?;
    /// assert_eq!(account.groups[0].as_str(), "SECONDARY");
    /// assert_eq!(account.balance.to_string(), "120.00", "what was charged stands");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownAccount`], [`Refusal::GroupCount`], [`Refusal::Locked`] when the day is locked, [`Refusal::BadName`].
    #[tracing::instrument(name = "bursar.move_groups", skip_all, fields(book = %self.book))]
    pub async fn move_groups<G>(
        &self,
        account: impl IntoName<AccountId>,
        groups: impl IntoIterator<Item = G>,
        on: NaiveDate,
    ) -> Result<(), Error>
    where
        G: IntoName<FeeGroup>,
    {
        let groups = groups.into_iter().map(IntoName::into_name).collect::<Result<Vec<_>, Refusal>>()?;
        self.move_groups_at(account.into_name()?, groups, on, None).await
    }

    pub(crate) async fn move_groups_at(
        &self,
        account: AccountId,
        groups: Vec<FeeGroup>,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<(), Error> {
        let groups = group_set(&account, groups)?;
        self.change_account(&account, on, mark, |there| {
            let change = AccountChange::Regroup {
                account: account.clone(),
                groups: groups.clone(),
                revision: there.revision,
            };
            Ok((there.groups != groups).then_some(change))
        })
        .await
    }

    /// Moves an account to another standing. Moving it to the standing that it has changes nothing.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.move_standing("s-17", Standing::Graduated, date("2026-04-09")?).await?;
    /// let owes = school.move_standing("s-17", Standing::Alumni, date("2026-04-09")?).await.unwrap_err();
    /// assert_eq!(
    ///     owes.to_string(),
    ///     "account s-17 still owes 120.00; a graduate becomes an alumnus when nothing is outstanding"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::StandingRefused`] says which standings may follow; [`Refusal::StillOwes`] for a graduate who would become an alumnus;
    /// [`Refusal::UnknownAccount`], [`Refusal::Locked`] when the day is locked.
    #[tracing::instrument(name = "bursar.move_standing", skip_all, fields(book = %self.book, %to))]
    pub async fn move_standing(
        &self,
        account: impl IntoName<AccountId>,
        to: Standing,
        on: NaiveDate,
    ) -> Result<(), Error> {
        self.move_standing_at(account.into_name()?, to, on, None).await
    }

    pub(crate) async fn move_standing_at(
        &self,
        account: AccountId,
        to: Standing,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<(), Error> {
        self.change_account(&account, on, mark, |there| {
            let moves = there.standing.decide(to, &account, there.balance)?;
            // Only becoming an alumnus was decided on the balance.
            let version = (to == Standing::Alumni).then_some(there.version);
            let change =
                AccountChange::Move { account: account.clone(), to, revision: there.revision, version };
            Ok(moves.then_some(change))
        })
        .await
    }

    async fn change_account(
        &self,
        account: &AccountId,
        on: NaiveDate,
        mark: Option<FileMark>,
        decide: impl Fn(&Account) -> Result<Option<AccountChange>, Refusal>,
    ) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            let there = self.account(account).await?;
            let change = decide(&there)?;
            if change.is_none() {
                return self.keep_mark(mark).await;
            }
            book.calendar.unlocked(on)?;
            let changes = ChangeSet {
                book_version: Some(book.version),
                accounts: change.into_iter().collect(),
                mark: mark.clone(),
                ..ChangeSet::default()
            };
            if self.store.commit(&self.book, changes).await? != Committed::NotAdmitted {
                return Ok(());
            }
            attempts.again(self).await?;
        }
    }
}

/// An account as it is opened.
pub(crate) fn new_account(
    id: AccountId,
    groups: Vec<FeeGroup>,
    enrolled_on: NaiveDate,
    zero: Money,
) -> Account {
    Account { id, enrolled_on, standing: Standing::Active, groups, version: 0, revision: 0, balance: zero }
}
