//! Writing as a broken store does.

use bursar::rule::Posting;
use bursar::store::{AccountChange, BookChange, ChangeSet, Committed, Posted, RepriceOrder, Repriced};
use bursar::{BookId, EntryKind, LedgerStore, StoreError, StoreErrorKind, Text};
use chrono::{Days, SubsecRound};

use crate::faults::Fault;
use crate::store::Broken;

async fn yields() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

fn set(postings: Vec<Posting>) -> ChangeSet {
    ChangeSet { postings, ..ChangeSet::default() }
}

impl Broken {
    /// What is lost or bent on the way in.
    fn bend(&self, posting: &mut Posting) {
        let entry = &mut posting.entry;
        match self.fault {
            Fault::VersionsAreDropped => posting.version = None,
            Fault::KeysLoseTheirCase => {
                entry.key = entry.key.as_str().to_lowercase().parse().expect("a key");
            }
            Fault::TextsAreTrimmed => entry.note = entry.note.as_ref().map(|note| Text::from(note.trim())),
            Fault::InstantsAreCoarse => entry.recorded_at = entry.recorded_at.trunc_subsecs(3),
            Fault::ReferencesAreLost => {
                if let EntryKind::Payment { reference, .. } = &mut entry.kind {
                    *reference = None;
                }
            }
            Fault::DueDatesAreLost => {
                if let EntryKind::Charge { due_on, .. } = &mut entry.kind {
                    *due_on = entry.effective_on;
                }
            }
            _ => {}
        }
    }

    /// A posting that is not admitted, made so that it is.
    async fn force(&self, book: &BookId, posting: &Posting) -> Option<Posting> {
        let mut forced = posting.clone();
        let entry = &mut forced.entry;
        let adjustment = EntryKind::Adjustment { reason: "forced".into() };
        match (self.fault, &mut entry.kind) {
            (Fault::KeysAreDoubled, _) => {
                entry.key = format!("{}~{}", entry.key, self.inner.new_id()).parse().ok()?;
            }
            (Fault::EntriesAreReversedTwice, EntryKind::Reversal { .. })
            | (Fault::ClosedTermsAreCharged, EntryKind::Charge { .. })
            | (Fault::LaterTermsArePaid, EntryKind::Payment { .. }) => entry.kind = adjustment,
            (Fault::SlotsAreBilledTwice, EntryKind::Charge { origin, .. }) => *origin = Default::default(),
            (Fault::LocksAreIgnored, _) => {
                let locked = self.inner.book(book).await.ok()??.calendar.locked_through()?;
                entry.effective_on = entry.effective_on.max(locked.checked_add_days(Days::new(1))?);
            }
            _ => return None,
        }
        Some(forced)
    }

    pub(crate) async fn post_broken(
        &self,
        book: &BookId,
        mut posting: Posting,
    ) -> Result<Posted, StoreError> {
        self.bend(&mut posting);
        let known =
            !self.inner.entries_by_key(book, std::slice::from_ref(&posting.entry.key)).await?.is_empty();
        match self.fault {
            Fault::TheDayAfterTheLockIsLocked => {
                let locked = self.inner.book(book).await?.and_then(|book| book.calendar.locked_through());
                if locked.is_some_and(|locked| {
                    locked.checked_add_days(Days::new(1)) == Some(posting.entry.effective_on)
                }) {
                    return Ok(Posted::NotAdmitted);
                }
            }
            Fault::KnownKeysAreAdmitted if known => return Ok(Posted::Admitted { position: 1 }),
            Fault::KeysAreCheckedBeforehand => {
                yields().await;
                let answer = self.inner.post(book, posting.clone()).await?;
                if known || answer != Posted::NotAdmitted {
                    return Ok(answer);
                }
                posting.entry.key =
                    format!("{}~{}", posting.entry.key, self.inner.new_id()).parse().expect("a key");
            }
            Fault::VersionsAreCheckedBeforehand => {
                let there =
                    self.inner.accounts(book, std::slice::from_ref(&posting.entry.account)).await?.pop();
                if posting.version.is_some() && posting.version != there.map(|there| there.version) {
                    return Ok(Posted::NotAdmitted);
                }
                yields().await;
                posting.version = None;
            }
            Fault::PostsAreAnsweredEarly => {
                let there =
                    self.inner.accounts(book, std::slice::from_ref(&posting.entry.account)).await?.pop();
                let Some(there) = there else { return Ok(Posted::NotAdmitted) };
                let (inner, book) = (self.inner.clone(), book.clone());
                drop(tokio::spawn(async move {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    inner.post(&book, posting).await
                }));
                return Ok(Posted::Admitted { position: there.version + 1 });
            }
            _ => {}
        }
        let answer = self.inner.post(book, posting.clone()).await?;
        match self.force(book, &posting).await {
            Some(forced) if answer == Posted::NotAdmitted => self.inner.post(book, forced).await,
            _ => Ok(answer),
        }
    }

    pub(crate) async fn commit_broken(
        &self,
        book: &BookId,
        mut changes: ChangeSet,
    ) -> Result<Committed, StoreError> {
        changes.postings.iter_mut().for_each(|posting| self.bend(posting));
        self.bend_set(book, &mut changes).await?;
        let lost = match self.fault {
            Fault::TheTailOfASetIsLost if changes.postings.len() > 5 => changes.postings.pop(),
            Fault::SetsAreKeptInSteps => return self.commit_in_steps(book, changes).await,
            Fault::DeadlocksAreAnswers => {
                let _writing = self.writing();
                yields().await;
                if self.writers() > 1 {
                    return Err(StoreError::new(StoreErrorKind::Busy, "commit", "deadlock detected"));
                }
                None
            }
            Fault::KeysAreCheckedBeforehand | Fault::VersionsAreCheckedBeforehand
                if changes.postings.len() == 1 && changes.accounts.is_empty() =>
            {
                let posting = changes.postings.remove(0);
                return Ok(match self.post_broken(book, posting).await? {
                    Posted::Admitted { position } => Committed::Admitted { positions: vec![position] },
                    Posted::NotAdmitted => Committed::NotAdmitted,
                });
            }
            _ => None,
        };
        match self.inner.commit(book, changes.clone()).await? {
            Committed::NotAdmitted => self.commit_all_the_same(book, changes).await,
            Committed::Admitted { mut positions } => {
                positions.extend(lost.map(|_| 4));
                Ok(Committed::Admitted { positions })
            }
        }
    }

    async fn bend_set(&self, book: &BookId, changes: &mut ChangeSet) -> Result<(), StoreError> {
        match self.fault {
            Fault::BookVersionsAreDropped => changes.book_version = None,
            Fault::MarksPileUp => {
                if let Some(mark) = &mut changes.mark {
                    mark.replaces = None;
                }
            }
            Fault::AccountsLoseTheirCase => {
                for change in &mut changes.accounts {
                    if let AccountChange::Open(account) = change {
                        account.id = account.id.as_str().to_lowercase().parse().expect("an account");
                    }
                }
            }
            Fault::RevisionsAreDropped => {
                for change in &mut changes.accounts {
                    let (AccountChange::Move { account, revision, .. }
                    | AccountChange::Regroup { account, revision, .. }) = change
                    else {
                        continue;
                    };
                    if let Some(there) = self.inner.accounts(book, std::slice::from_ref(account)).await?.pop()
                    {
                        *revision = there.revision;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Each part by itself, with others in between; what was kept before a part that is not admitted stays.
    async fn commit_in_steps(&self, book: &BookId, changes: ChangeSet) -> Result<Committed, StoreError> {
        let ChangeSet { book_version, book: of_book, accounts, postings, mark } = changes;
        let first = ChangeSet { book_version, book: of_book, accounts, mark, ..ChangeSet::default() };
        if self.inner.commit(book, first).await? == Committed::NotAdmitted {
            return Ok(Committed::NotAdmitted);
        }
        let mut kept = Vec::new();
        for posting in postings {
            yields().await;
            match self.inner.commit(book, set(vec![posting])).await? {
                Committed::Admitted { positions } => kept.extend(positions),
                Committed::NotAdmitted => return Ok(Committed::NotAdmitted),
            }
        }
        Ok(Committed::Admitted { positions: kept })
    }

    /// What a broken store makes of a set that is not admitted.
    async fn commit_all_the_same(
        &self,
        book: &BookId,
        mut changes: ChangeSet,
    ) -> Result<Committed, StoreError> {
        match self.fault {
            Fault::HalfASetIsKept => {
                let ChangeSet { book: of_book, accounts, postings, .. } = changes;
                for change in of_book {
                    self.inner.commit(book, ChangeSet { book: vec![change], ..ChangeSet::default() }).await?;
                }
                for change in accounts {
                    self.inner
                        .commit(book, ChangeSet { accounts: vec![change], ..ChangeSet::default() })
                        .await?;
                }
                for posting in postings {
                    self.inner.post(book, posting).await?;
                }
                return Ok(Committed::NotAdmitted);
            }
            Fault::FeesAreUpserted => {
                for change in &mut changes.book {
                    if let BookChange::AddFee(fee) = change
                        && self
                            .inner
                            .fees(book, fee.key.term, None, u32::MAX)
                            .await?
                            .iter()
                            .any(|one| one.key == fee.key)
                    {
                        *change = BookChange::EditFee(fee.clone());
                    }
                }
            }
            Fault::ChargedFeesAreEdited => {
                changes.book.retain(|change| !matches!(change, BookChange::EditFee(_)));
            }
            Fault::ReversedChargesFreeAFee => {
                let entries = self.inner.scan(book, None, u32::MAX).await?;
                let reversed = entries.iter().any(|entry| matches!(entry.kind, EntryKind::Reversal { .. }));
                changes.book.retain(|change| !(reversed && matches!(change, BookChange::EditFee(_))));
            }
            Fault::AccountsAreUpserted => {
                let mut opened = Vec::new();
                for change in std::mem::take(&mut changes.accounts) {
                    if let AccountChange::Open(account) = &change
                        && !self.inner.accounts(book, std::slice::from_ref(&account.id)).await?.is_empty()
                    {
                        continue;
                    }
                    if !opened.contains(&change) {
                        opened.push(change);
                    }
                }
                changes.accounts = opened;
            }
            _ => {
                for posting in &mut changes.postings {
                    if let Some(forced) = self.force(book, posting).await {
                        *posting = forced;
                    }
                }
            }
        }
        self.inner.commit(book, changes).await
    }

    pub(crate) async fn reprice_broken(
        &self,
        book: &BookId,
        mut order: RepriceOrder,
    ) -> Result<Repriced, StoreError> {
        match self.fault {
            Fault::BookVersionsAreDropped => {
                order.book_version = self.inner.book(book).await?.map_or(0, |book| book.version);
            }
            Fault::MarksOfRepricingsAreLost => order.mark = None,
            Fault::RepricingKeepsThePrice => order.new.instalments.clone_from(&order.old.instalments),
            _ => {}
        }
        match self.inner.reprice(book, order).await? {
            Repriced::Done { charges, left } if self.fault == Fault::RepricingMiscounts => {
                Ok(Repriced::Done { charges: charges + left, left: 0 })
            }
            answer => Ok(answer),
        }
    }
}
