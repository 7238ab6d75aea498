//! Reversing: an entry undone by its exact opposite.

use super::Ledger;
use crate::reversal::Target;
use crate::store::FileMark;
use crate::{Entry, EntryKind, Error, LedgerStore, Receipt, Refusal, Reversal};

impl<S: LedgerStore> Ledger<S> {
    /// Undoes an entry by one that is its exact opposite, in the same term; every figure is then as if it had never been. An entry is
    /// reversed once, and a reversal is not reversed. Closed terms take reversals; a locked date does not.
    ///
    /// ```
    #[doc = include_str!("../docs/school.txt")]
    /// school.pay(Payment::cash(dec!(800)).from("s-17").for_term(term).key("till-1-0001")).await?;
    /// // 80.00 was meant: undone, and recorded anew.
    /// school.reverse(Reversal::of_key("till-1-0001", "one nought too many").key("till-1-0002")).await?;
    /// school.pay(Payment::cash(dec!(80)).from("s-17").for_term(term).key("till-1-0003")).await?;
    /// assert_eq!(school.account("s-17").await?.balance.to_string(), "40.00");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Refusal::UnknownKey`] or [`Refusal::UnknownEntry`], [`Refusal::AlreadyReversed`], [`Refusal::ReversesReversal`],
    /// [`Refusal::Locked`], [`Refusal::KeyReused`], [`Refusal::Missing`] without a key, [`Refusal::BadText`] without a reason, or for a note.
    #[tracing::instrument(name = "bursar.reverse", skip_all, fields(book = %self.book))]
    pub async fn reverse(&self, reversal: Reversal) -> Result<Receipt, Error> {
        reversal.recording.key()?.check_callers_own()?;
        self.reverse_at(reversal, None).await
    }

    pub(crate) async fn reverse_at(
        &self,
        reversal: Reversal,
        mark: Option<FileMark>,
    ) -> Result<Receipt, Error> {
        reversal.recording.key()?;
        reversal.check_texts()?;
        let target = self.target(&reversal.target).await?;
        if let EntryKind::Reversal { .. } = target.kind {
            return Err(Refusal::ReversesReversal {
                account: target.account.clone(),
                position: target.position,
            }
            .into());
        }
        let prepared = self.prepare_reversal(&reversal, &target)?;
        self.record_at(prepared, mark).await
    }

    async fn target(&self, target: &Target) -> Result<Entry, Error> {
        match target {
            Target::Key(key) => {
                let key = key.clone()?;
                self.entry_by_key(&key).await?.ok_or_else(|| Refusal::UnknownKey { key }.into())
            }
            Target::Entry(account, position) => self.entry(&account.clone()?, *position).await,
        }
    }
}
