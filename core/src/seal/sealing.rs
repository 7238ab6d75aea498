//! Sealing: takes in what no seal holds yet, in steps of which each is kept whole or not at all, and closes with a root.

use std::collections::{BTreeMap, VecDeque};

use super::{
    Digest, NO_ROOT, RootHasher, SEGMENT_MAX, Seal, SealState, SealStep, SealedRoot, Segment, SegmentEnd,
    chain_next, chain_start, entry_digest,
};
use crate::ledger::attempts::Attempts;
use crate::store::AccountFilter;
use crate::{Account, AccountId, Entry, Error, Ledger, LedgerStore, StoreError, StoreErrorKind};

const OPERATION: &str = "seal the book";
const ACCOUNTS_A_PAGE: u32 = 1_000;
const ENTRIES_A_PAGE: u32 = 5_000;
/// How much goes into a step: small enough that those who post beside it hardly wait.
const SEGMENTS_A_STEP: usize = 500;
const DIGESTS_A_STEP: usize = 8_192;
/// About how many entries can be read in a row in the time of one question.
const ROWS_A_QUESTION: u64 = 30;

/// Seals a book: every entry recorded before the call is in the seal that is returned, or in an earlier one.
///
/// It runs beside writers, and may be killed: half a seal counts for nothing, and the next call goes on from it to the same root. Where
/// nothing was recorded since the last seal, that one is returned and nothing is written. An empty book can be sealed. See
/// [the module](crate::seal) for what it proves, and what it does not.
///
/// ```
#[doc = include_str!("../docs/school.txt")]
/// let root = seal::seal(&school).await?;
/// assert_eq!((root.seal, root.entries), (1, 1));
/// // Nothing was recorded since: the same root, and nothing written.
/// assert_eq!(seal::seal(&school).await?, root);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Conflict`] when others sealed the same book all the while; [`Error::Store`] when the store cannot do its part, of the kind
/// [`Corrupt`](StoreErrorKind::Corrupt) when an account lacks an entry or has one that cannot be read: [audit](crate::audit) the book.
#[tracing::instrument(name = "bursar.seal", skip_all, fields(book = %ledger.book))]
pub async fn seal<S: LedgerStore>(ledger: &Ledger<S>) -> Result<SealedRoot, Error> {
    let state = ledger.store.seal_state(&ledger.book).await?;
    let mut sealer = Sealer { ledger, state, disturbed: false };
    let mut walked = sealer.walk(Walk::Sealing).await?;
    let mut attempts = Attempts::default();
    loop {
        if let Some(root) = sealer.close(walked).await? {
            tracing::info!(seal = root.seal, entries = root.entries, "sealed");
            return Ok(root);
        }
        attempts.again(ledger).await?;
        walked = sealer.walk(Walk::Reading).await?;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    /// What is new is sealed.
    Sealing,
    /// Everything was sealed by an earlier walk, but others went on with the seal meanwhile: only its root is computed anew.
    Reading,
}

/// What a walk over all accounts comes to.
struct Walked {
    hasher: RootHasher,
    accounts: u64,
    entries: u64,
}

struct Sealer<'a, S> {
    ledger: &'a Ledger<S>,
    /// As far as this sealer knows: its own steps are in it.
    state: SealState,
    /// Whether others have kept a step since the walk began.
    disturbed: bool,
}

/// An account with entries that no seal holds.
struct Due {
    account: AccountId,
    /// The first position that is not sealed.
    next: u32,
    /// The last position there is.
    version: u32,
    chain: Digest,
}

impl<S: LedgerStore> Sealer<'_, S> {
    /// The number of the seal that has no root yet.
    fn number(&self) -> u64 {
        self.state.last.as_ref().map_or(0, |seal| seal.root.seal).saturating_add(1)
    }

    async fn walk(&mut self, walk: Walk) -> Result<Walked, Error> {
        self.disturbed = false;
        let Ledger { store, book, .. } = self.ledger;
        let number = self.number();
        let mut walked = Walked { hasher: RootHasher::new(book, number), accounts: 0, entries: 0 };
        let mut after: Option<AccountId> = None;
        loop {
            let page = store.list_accounts(book, AccountFilter::All, after.as_ref(), ACCOUNTS_A_PAGE).await?;
            let Some(last) = page.last() else { return Ok(walked) };
            after = Some(last.id.clone());
            for (account, end) in self.page(&page, walk).await? {
                walked.accounts = walked.accounts.saturating_add(1);
                walked.entries = walked.entries.saturating_add(u64::from(end.last));
                if end.seal == number {
                    walked.hasher.add(&account, end.last, &end.chain);
                }
            }
        }
    }

    /// Seals what is new of a page of accounts; how far each that has sealed entries is sealed.
    async fn page(
        &mut self,
        accounts: &[Account],
        walk: Walk,
    ) -> Result<BTreeMap<AccountId, SegmentEnd>, Error> {
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id.clone()).collect();
        let mut attempts = Attempts::default();
        loop {
            let ends = self.ledger.store.sealed(&self.ledger.book, &ids).await?;
            let mut ends: BTreeMap<AccountId, SegmentEnd> =
                ends.into_iter().map(|end| (end.account.clone(), end)).collect();
            if walk == Walk::Reading || self.take_in(accounts, &mut ends).await? {
                return Ok(ends);
            }
            attempts.again(self.ledger).await?;
        }
    }

    fn due(&self, account: &Account, end: Option<&SegmentEnd>) -> Option<Due> {
        let last = end.map_or(0, |end| end.last);
        (account.version > last).then(|| Due {
            account: account.id.clone(),
            next: last.saturating_add(1),
            version: account.version,
            chain: end.map_or_else(|| chain_start(&self.ledger.book, &account.id), |end| end.chain),
        })
    }

    /// Keeps the new entries of these accounts; not all of them when others have kept a step meanwhile.
    async fn take_in(
        &mut self,
        accounts: &[Account],
        ends: &mut BTreeMap<AccountId, SegmentEnd>,
    ) -> Result<bool, Error> {
        let due: Vec<Due> =
            accounts.iter().filter_map(|account| self.due(account, ends.get(&account.id))).collect();
        let mut source = Source::new(self.ledger, accounts, &due);
        let mut batch = Batch::default();
        for due in due {
            let mut run = Run { due, digests: Vec::new(), seal: self.number() };
            while run.due.next <= run.due.version {
                let mut chunk = source.chunk(&run.due.account, run.due.next.saturating_sub(1)).await?;
                chunk.retain(|entry| entry.position <= run.due.version);
                if chunk.is_empty() {
                    return Err(run.gap());
                }
                for entry in &chunk {
                    run.push(entry)?;
                    if run.is_full() {
                        batch.add(run.segment());
                    }
                    if batch.is_full() && !self.keep(&mut batch, ends).await? {
                        return Ok(false);
                    }
                }
            }
            if !run.digests.is_empty() {
                batch.add(run.segment());
            }
        }
        self.keep(&mut batch, ends).await
    }

    /// Keeps what has been gathered as a step; whether nobody came between.
    async fn keep(
        &mut self,
        batch: &mut Batch,
        ends: &mut BTreeMap<AccountId, SegmentEnd>,
    ) -> Result<bool, Error> {
        let segments = std::mem::take(batch).segments;
        if segments.is_empty() {
            return Ok(true);
        }
        let kept: Vec<SegmentEnd> = segments.iter().map(Segment::end).collect();
        if !self.step(SealStep::Segments(segments)).await? {
            return Ok(false);
        }
        ends.extend(kept.into_iter().map(|end| (end.account.clone(), end)));
        Ok(true)
    }

    /// Keeps a step; whether it was the next one. Where another came first, what is known is read anew.
    async fn step(&mut self, step: SealStep) -> Result<bool, Error> {
        let Ledger { store, book, .. } = self.ledger;
        let next = self.state.step.saturating_add(1);
        match store.keep_seal(book, next, step).await {
            Ok(true) => {
                self.state.step = next;
                return Ok(true);
            }
            Ok(false) => {}
            // Kept or not: what is read now tells, and goes on from there.
            Err(error) if error.kind == StoreErrorKind::UnknownOutcome => {}
            Err(error) => return Err(error.into()),
        }
        self.state = store.seal_state(book).await?;
        self.disturbed = true;
        Ok(false)
    }

    /// Closes the seal with its root; `None` when others went on with it, and it has to be walked over again.
    async fn close(&mut self, walked: Walked) -> Result<Option<SealedRoot>, Error> {
        let Ledger { store, book, .. } = self.ledger;
        let fresh = store.seal_state(book).await?;
        if let Some(last) = &fresh.last
            && fresh.step == fresh.last_step
        {
            // No step is without its root: whatever was seen to be sealed is in this one.
            return Ok(Some(last.root.clone()));
        }
        let moved = fresh.step != self.state.step;
        self.state = fresh;
        if moved || self.disturbed {
            return Ok(None);
        }
        let Walked { hasher, accounts, entries } = walked;
        let previous = self.state.last.as_ref().map_or(NO_ROOT, |seal| seal.root.root);
        let root = SealedRoot {
            book: book.clone(),
            seal: self.number(),
            accounts,
            entries,
            root: hasher.finish(accounts, entries, &previous),
        };
        let seal = Seal { root: root.clone(), sealed_at: self.ledger.now() };
        Ok(self.step(SealStep::Root(seal)).await?.then_some(root))
    }
}

/// Where new entries are read from: account by account, or in a row where most of the page is new.
struct Source<'a, S> {
    ledger: &'a Ledger<S>,
    in_a_row: bool,
    read: VecDeque<Entry>,
}

impl<'a, S: LedgerStore> Source<'a, S> {
    fn new(ledger: &'a Ledger<S>, accounts: &[Account], due: &[Due]) -> Self {
        let sum =
            |versions: &mut dyn Iterator<Item = u32>| versions.map(u64::from).fold(0, u64::saturating_add);
        let all = sum(&mut accounts.iter().map(|account| account.version));
        let questions = u64::try_from(due.len()).unwrap_or(u64::MAX).saturating_mul(ROWS_A_QUESTION);
        let new = sum(&mut due.iter().map(|due| due.version.saturating_sub(due.next)));
        Self { ledger, in_a_row: all <= questions.saturating_add(new), read: VecDeque::new() }
    }

    /// The next entries of an account from after a position, some or all of them; none when there are none.
    async fn chunk(&mut self, account: &AccountId, after: u32) -> Result<Vec<Entry>, Error> {
        let Ledger { store, book, .. } = self.ledger;
        if !self.in_a_row {
            return Ok(store.entries(book, account, after, SEGMENT_MAX).await?);
        }
        while self.read.front().is_some_and(|one| (&one.account, one.position) <= (account, after)) {
            self.read.pop_front();
        }
        if self.read.is_empty() {
            self.read = store.scan(book, Some((account, after)), ENTRIES_A_PAGE).await?.into();
        }
        let more = self.read.iter().take_while(|entry| entry.account == *account).count();
        Ok(self.read.drain(..more).collect())
    }
}

/// The entries of one account that become a segment.
struct Run {
    due: Due,
    digests: Vec<Digest>,
    seal: u64,
}

impl Run {
    fn push(&mut self, entry: &Entry) -> Result<(), Error> {
        if entry.position != self.due.next || entry.account != self.due.account {
            return Err(self.gap());
        }
        let digest = entry_digest(entry);
        self.due.chain = chain_next(&self.due.chain, &digest);
        self.digests.push(digest);
        self.due.next = self.due.next.saturating_add(1);
        Ok(())
    }

    fn is_full(&self) -> bool {
        u32::try_from(self.digests.len()).is_ok_and(|digests| digests >= SEGMENT_MAX)
    }

    fn segment(&mut self) -> Segment {
        let digests = std::mem::take(&mut self.digests);
        let count = u32::try_from(digests.len()).unwrap_or(u32::MAX);
        Segment {
            account: self.due.account.clone(),
            first: self.due.next.saturating_sub(count),
            digests,
            chain: self.due.chain,
            seal: self.seal,
        }
    }

    fn gap(&self) -> Error {
        let Due { account, next, version, .. } = &self.due;
        let detail =
            format!("account {account} has {version} entries, and none at position {next}; audit the book");
        Error::Store(StoreError::corrupt(OPERATION, detail))
    }
}

/// Segments on their way into a step.
#[derive(Default)]
struct Batch {
    segments: Vec<Segment>,
    digests: usize,
}

impl Batch {
    fn add(&mut self, segment: Segment) {
        self.digests = self.digests.saturating_add(segment.digests.len());
        self.segments.push(segment);
    }

    const fn is_full(&self) -> bool {
        self.segments.len() >= SEGMENTS_A_STEP || self.digests >= DIGESTS_A_STEP
    }
}
