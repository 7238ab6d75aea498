//! Repricing: a wrong price of a group's fee put right, with all that was charged at it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Ledger;
use super::attempts::Attempts;
#[cfg(doc)]
use crate::Refusal;
use crate::amount::{Amount, check_amount};
use crate::name::{IntoName, check_text};
use crate::store::{FileMark, RepriceOrder, Repriced};
use crate::{Error, FeeCode, FeeGroup, FeeKey, LedgerStore, Payer, TermId, Text};

/// What a repricing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repricing {
    /// How many charges were reversed and made again at the new price.
    pub charges: u64,
    /// How many live charges from the fee were left alone, since they were not at its old price.
    pub left: u64,
}

impl<S: LedgerStore> Ledger<S> {
    /// Puts a wrong price of a group's fee right, as of today. See [`reprice_on`](Ledger::reprice_on).
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// // 120.00 was a slip; the head had decided on 110.00.
    /// let repricing = school.reprice(term, "PRIMARY", "tuition", dec!(110), "decided on 5 January").await?;
    /// assert_eq!(repricing.charges, 1);
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "110.00");
    /// // Charged, reversed, and charged again: nothing is edited.
    /// assert_eq!(school.entries("s-17", 0, 10).await?.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`reprice_on`](Ledger::reprice_on).
    pub async fn reprice(
        &self,
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
        reason: &str,
    ) -> Result<Repricing, Error> {
        self.reprice_on(term, group, code, amount, reason, self.today()).await
    }

    /// Puts a wrong price of a group's fee right: in one atomic step every live charge made from it at the old price is reversed and made
    /// again at the new one, due when the old one was, and the fee takes the new price (its instalments in the old proportions).
    /// Repricing to the price that it has changes nothing.
    ///
    /// # Errors
    /// [`Refusal::UnknownTerm`], [`Refusal::TermClosed`], [`Refusal::UnknownFee`], [`Refusal::Locked`] when the day is locked,
    /// [`Refusal::BadText`] without a reason, [`Refusal::BadInstalments`], and those of an amount.
    pub async fn reprice_on(
        &self,
        term: TermId,
        group: impl IntoName<FeeGroup>,
        code: impl IntoName<FeeCode>,
        amount: impl Into<Amount>,
        reason: &str,
        on: NaiveDate,
    ) -> Result<Repricing, Error> {
        let key = FeeKey { term, payer: Payer::Group(group.into_name()?), code: code.into_name()? };
        self.reprice_at(key, amount.into(), reason, on, None).await
    }

    #[tracing::instrument(name = "bursar.reprice", skip_all, fields(book = %self.book, term = %key.term, code = %key.code))]
    pub(crate) async fn reprice_at(
        &self,
        key: FeeKey,
        amount: Amount,
        reason: &str,
        on: NaiveDate,
        mark: Option<FileMark>,
    ) -> Result<Repricing, Error> {
        let price = amount.in_currency(self.currency)?;
        check_amount("fee", price)?;
        check_text("reason", reason, true)?;
        let mut attempts = Attempts::default();
        loop {
            let book = self.state().await?;
            book.calendar.open_term(key.term, "repricing")?;
            book.calendar.unlocked(on)?;
            let old = self.find_fee(&key).await?.ok_or_else(|| key.unknown())?;
            if old.price(self.currency)? == price {
                self.keep_mark(mark).await?;
                return Ok(Repricing::default());
            }
            let order = RepriceOrder {
                book_version: book.version,
                new: old.repriced(price)?,
                old,
                on,
                reason: Text::from(reason),
                recorded_at: self.now(),
                recorded_by: self.recorder(),
                first_id: self.store.new_id(),
                mark: mark.clone(),
            };
            if let Repriced::Done { charges, left } = self.store.reprice(&self.book, order).await? {
                return Ok(Repricing { charges, left });
            }
            attempts.again(self).await?;
        }
    }
}
