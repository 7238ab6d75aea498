//! Everything that a book shows, for finding whether anything has changed in it.

use std::fmt::Debug;

use super::failure::{Failure, holds};
use super::school::{ALL, School};
use crate::store::AccountFilter;
use crate::{AccountId, TermId};

/// Everything that a book shows, part by part.
pub(super) struct Snapshot {
    parts: Vec<(String, String)>,
}

impl Snapshot {
    pub(super) async fn of(school: &School) -> Result<Self, Failure> {
        let mut parts = Vec::new();
        let mut show = |what: String, rows: &dyn Debug| parts.push((what, format!("{rows:?}")));
        let (store, id) = (&school.store, &school.id);
        let book = store.book(id).await?;
        show("the book".into(), &book);
        let accounts = school.accounts().await?;
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let terms: Vec<TermId> =
            book.iter().flat_map(|book| book.calendar.terms()).map(|term| term.id).collect();
        for term in terms {
            show(format!("the fees of {term}"), &store.fees(id, term, None, ALL).await?);
            show(format!("the figures of {term}"), &store.term_rows(id, term, None, ALL).await?);
            let mut charges = store.charges(id, term, &ids).await?;
            charges.sort_by_key(|made| (made.account.clone(), made.code.clone(), made.slot, made.live));
            show(format!("the charges of {term}"), &charges);
        }
        show("the accounts".into(), &accounts);
        show("the entries".into(), &school.all_entries().await?);
        let debtors = store.list_accounts(id, AccountFilter::Debtors, None, ALL).await?;
        show("the debtors".into(), &debtors);
        let mut totals = store.totals(id, &ids).await?;
        totals.retain(|(_, totals)| !totals.terms().is_empty());
        totals.sort_by(|(one, _), (other, _)| one.cmp(other));
        show("the totals".into(), &totals);
        show("the totals of the book".into(), &store.book_totals(id).await?);
        show("the marks".into(), &store.file_marks(id, 0, ALL).await?);
        Ok(Self { parts })
    }

    /// Fails where the book shows anything else now.
    pub(super) async fn unchanged(&self, school: &School, after: &str) -> Result<(), Failure> {
        let now = Self::of(school).await?;
        for ((what, before), (_, found)) in self.parts.iter().zip(&now.parts) {
            holds(before == found, || format!("{after} changed {what}: it was {before}, and is {found}"))?;
        }
        holds(self.parts.len() == now.parts.len(), || format!("{after} changed the number of terms"))
    }
}
