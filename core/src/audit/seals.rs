//! The proof of the seals: everything that was hashed when the book was sealed is hashed again, from the entries that are there now.

use std::collections::{BTreeMap, HashMap};

use super::ahead::{Ahead, Turned};
use super::proof::{Found, Proof};
use super::reader::Noticed;
use crate::seal::{
    Digest, NO_ROOT, RootHasher, SEGMENT_MAX, Seal, SealedRoot, Segment, chain_next, chain_start, digest_at,
};
use crate::store::AccountFilter;
use crate::{AccountId, BookId, Entry, Error, Ledger, LedgerStore};

const SEGMENTS_A_PAGE: u32 = 500;
const SEALS_A_PAGE: u32 = 1_000;
/// How often, at most, an entry of an account is tried at another position to say where it was moved.
const TRIES_MAX: u32 = 100_000;

const SEAL: &str = "SEAL";

/// A seal as it is computed anew.
struct Anew {
    kept: Option<Seal>,
    hasher: RootHasher,
    /// The accounts and entries that it was the first to hold.
    accounts: u64,
    entries: u64,
}

impl Anew {
    fn new(book: &BookId, number: u64, kept: Option<Seal>) -> Self {
        Self { kept, hasher: RootHasher::new(book, number), accounts: 0, entries: 0 }
    }
}

pub(super) struct Seals<'a, S> {
    ledger: &'a Ledger<S>,
    /// The number of the last seal when the audit began; what was sealed since is not part of it.
    pub(super) last: Option<Seal>,
    anew: BTreeMap<u64, Anew>,
    ahead: Ahead<Segment>,
    pub(super) noticed: Vec<Noticed>,
}

impl<'a, S: LedgerStore> Seals<'a, S> {
    pub(super) async fn new(ledger: &'a Ledger<S>) -> Result<Self, Error> {
        let mut anew = BTreeMap::new();
        let (mut after, mut last) = (0, None);
        loop {
            let page = ledger.store.seals(&ledger.book, after, SEALS_A_PAGE).await?;
            let Some(end) = page.last() else { break };
            after = end.root.seal;
            last = Some(end.clone());
            for seal in page {
                let number = seal.root.seal;
                anew.insert(number, Anew::new(&ledger.book, number, Some(seal)));
            }
        }
        Ok(Self { ledger, last, anew, ahead: Ahead::new(SEGMENTS_A_PAGE), noticed: Vec::new() })
    }

    fn number(&self) -> u64 {
        self.last.as_ref().map_or(0, |seal| seal.root.seal)
    }

    async fn next_if(&mut self, wanted: impl Fn(&Segment) -> bool + Send) -> Result<Option<Segment>, Error> {
        while self.ahead.is_short() {
            self.read_on().await?;
        }
        Ok(self.ahead.take_if(wanted))
    }

    async fn read_on(&mut self) -> Result<(), Error> {
        let Ledger { store, book, .. } = self.ledger;
        let page = store.segments(book, self.ahead.after(), self.ahead.limit()).await;
        match self.ahead.turn(page, |segment| (segment.account.clone(), segment.first))? {
            Turned::Page(page) => {
                self.ahead.extend(page);
                Ok(())
            }
            Turned::Shorter => Ok(()),
            Turned::Unreadable(why) => self.unreadable(&why).await,
        }
    }

    /// What comes next cannot be read: the rest of the account is passed over, or all of the next one.
    async fn unreadable(&mut self, why: &str) -> Result<(), Error> {
        let Ledger { store, book, .. } = self.ledger;
        let over = match self.ahead.after.take() {
            Some((account, first)) if first < u32::MAX => Some(account),
            after => {
                let last = after.map(|(account, _)| account);
                let next = store.list_accounts(book, AccountFilter::All, last.as_ref(), 1).await?.pop();
                next.map(|account| account.id)
            }
        };
        if over.is_none() {
            self.ahead.end();
        }
        let place = over.clone().map(|account| (account, 1));
        let detail = format!(
            "what is kept of its seals, or after those of the account before it, cannot be read: {why}"
        );
        self.noticed.push(Noticed { invariant: SEAL, place, detail });
        self.ahead.after = over.map(|account| (account, u32::MAX));
        Ok(())
    }

    /// The accounts that have segments and come before this one, or all that are left: they are no accounts of the book.
    pub(super) async fn orphans(&mut self, before: Option<&AccountId>) -> Result<Vec<Noticed>, Error> {
        let mut found = Vec::new();
        while let Some(first) = self.next_if(|one| before.is_none_or(|id| one.account < *id)).await? {
            let account = first.account.clone();
            let segments = self.rest(&account, Some(first)).await?;
            if let Some(last) = self.chain(&account, &segments, &mut Vec::new()) {
                let detail =
                    format!("removed: the account does not exist, and its entries 1 to {last} are sealed");
                found.push(Noticed { invariant: SEAL, place: Some((account, 1)), detail });
            }
        }
        Ok(found)
    }

    async fn rest(&mut self, id: &AccountId, first: Option<Segment>) -> Result<Vec<Segment>, Error> {
        let mut segments: Vec<Segment> = first.into_iter().collect();
        while let Some(segment) = self.next_if(|one| one.account == *id).await? {
            segments.push(segment);
        }
        Ok(segments)
    }

    /// Proves what is sealed of an account against its entries; how many of them are sealed.
    pub(super) async fn account(
        &mut self,
        id: &AccountId,
        version: u32,
        proof: &mut Proof,
    ) -> Result<u32, Error> {
        let segments = self.rest(id, None).await?;
        let mut findings = Vec::new();
        let sealed = self.chain(id, &segments, &mut findings);
        let mut check = Check::default();
        for segment in &segments {
            // What has no root yet may have been sealed, and recorded, since the account was read.
            let counts = segment.seal <= self.number();
            for (position, digest) in (segment.first..).zip(&segment.digests) {
                if counts || position <= version {
                    check.entry(position, digest, proof);
                }
            }
        }
        findings.extend(check.findings(proof));
        proof.findings.extend(findings);
        Ok(sealed.unwrap_or(0))
    }

    /// Computes an account's chain anew and hands it to its seals; the last position that a seal with a root holds.
    fn chain(&mut self, id: &AccountId, segments: &[Segment], findings: &mut Vec<Found>) -> Option<u32> {
        let mut find = |position, detail: String| findings.push((SEAL, Some(position), detail));
        let mut chain = chain_start(&self.ledger.book, id);
        let (mut next, mut sealed, mut seal) = (1_u32, None, 0);
        let last_number = self.number();
        for (at, segment) in segments.iter().enumerate() {
            let whole = segment.first == next;
            if !whole {
                let detail = format!(
                    "what is kept of its seal is not whole: position {next} comes next, and a segment begins here"
                );
                find(segment.first, detail);
            }
            let longest = usize::try_from(SEGMENT_MAX).unwrap_or(usize::MAX);
            if segment.digests.is_empty() || segment.digests.len() > longest || segment.seal < seal {
                find(segment.first, "what is kept of its seal cannot be of a seal".into());
            }
            chain = segment.digests.iter().fold(chain, |chain, digest| chain_next(&chain, digest));
            if chain != segment.chain && whole {
                let last = segment.last();
                let detail =
                    format!("the chain that is kept after position {last} does not follow from the digests");
                find(segment.first, detail);
            }
            // What comes after was computed from what is kept here; one finding is enough.
            chain = segment.chain;
            next = segment.last().saturating_add(1);
            seal = segment.seal;
            if seal > last_number {
                continue;
            }
            sealed = Some(segment.last());
            let book = &self.ledger.book;
            let anew = self.anew.entry(seal).or_insert_with(|| Anew::new(book, seal, None));
            if at == 0 {
                anew.accounts = anew.accounts.saturating_add(1);
            }
            anew.entries = anew.entries.saturating_add(u64::try_from(segment.digests.len()).unwrap_or(0));
            let goes_on =
                at.checked_add(1).and_then(|at| segments.get(at)).is_some_and(|next| next.seal == seal);
            if !goes_on {
                anew.hasher.add(id, segment.last(), &chain);
            }
        }
        sealed
    }

    /// Computes the roots anew, and holds them to those that are kept, here and elsewhere.
    pub(super) fn roots(&mut self, elsewhere: Option<&SealedRoot>) -> Vec<Noticed> {
        let mut found = std::mem::take(&mut self.noticed);
        let mut find = |detail: String| found.push(Noticed { invariant: SEAL, place: None, detail });
        let (mut previous, mut expected) = (NO_ROOT, 1_u64);
        let (mut accounts, mut entries) = (0_u64, 0_u64);
        let mut follows = true;
        let mut proved = None;
        for (number, anew) in std::mem::take(&mut self.anew) {
            if number != expected {
                find(format!("seal {expected} is missing: {number} is there"));
            }
            expected = number.saturating_add(1);
            accounts = accounts.saturating_add(anew.accounts);
            entries = entries.saturating_add(anew.entries);
            let root = anew.hasher.finish(accounts, entries, &previous);
            previous = root;
            if elsewhere.is_some_and(|kept| kept.seal == number) {
                proved = Some(root);
            }
            let kept = anew.kept.map(|seal| seal.root);
            match kept {
                None => find(format!("the root of seal {number} is missing")),
                Some(kept) if (kept.root, kept.accounts, kept.entries) != (root, accounts, entries) => {
                    // The roots after it differ as well, and say nothing more.
                    if std::mem::replace(&mut follows, false) {
                        find(format!(
                            "the root of seal {number}, of {} accounts and {} entries, does not follow from what is kept of \
                             it: {accounts} accounts and {entries} entries",
                            kept.accounts, kept.entries
                        ));
                    }
                }
                Some(_) => {}
            }
        }
        if let Some(kept) = elsewhere {
            match proved {
                None => find(format!("seal {}, whose root was kept elsewhere, is missing", kept.seal)),
                Some(root) if root != kept.root => find(format!(
                    "the book is not what was sealed as seal {}: what was kept of it elsewhere has another root",
                    kept.seal
                )),
                Some(_) => {}
            }
        }
        found
    }
}

/// What of an account's sealed entries is not as it was sealed.
#[derive(Default)]
struct Check {
    /// The positions whose entry is another, and what was sealed there.
    differ: BTreeMap<u32, Digest>,
    /// The positions without an entry that can be read, and what was sealed there.
    absent: BTreeMap<u32, Digest>,
    /// How often an entry was tried elsewhere.
    tries: u32,
}

fn entry_at(proof: &Proof, position: u32) -> Option<&Entry> {
    let at = |entries: &'_ [Entry]| entries.partition_point(|entry| entry.position < position);
    let found = proof.entries.get(at(&proof.entries)).or_else(|| proof.beyond.get(at(&proof.beyond)));
    found.filter(|entry| entry.position == position)
}

impl Check {
    fn entry(&mut self, position: u32, sealed: &Digest, proof: &Proof) {
        match entry_at(proof, position) {
            None => {
                self.absent.insert(position, *sealed);
            }
            Some(entry) if digest_at(entry, position) != *sealed => {
                self.differ.insert(position, *sealed);
            }
            Some(_) => {}
        }
    }

    /// Where each entry that stands where another was sealed was sealed itself, as far as can be told.
    fn moved(&mut self, proof: &Proof) -> HashMap<u32, u32> {
        let mut from: HashMap<u32, u32> = HashMap::new();
        let sealed: BTreeMap<u32, Digest> =
            self.differ.iter().chain(&self.absent).map(|(at, digest)| (*at, *digest)).collect();
        let all = proof.entries.iter().chain(&proof.beyond);
        let beyond = all.filter(|entry| !sealed.is_empty() && entry.position > last_of(&sealed));
        let mut shift = 0_i64;
        for entry in self.differ.keys().filter_map(|at| entry_at(proof, *at)).chain(beyond) {
            let at = i64::from(entry.position);
            // Mostly all entries after a place were moved by as much.
            let guess = at.checked_add(shift).and_then(|at| u32::try_from(at).ok());
            let guess = guess.and_then(|at| sealed.get_key_value(&at));
            for (position, digest) in guess.into_iter().chain(&sealed) {
                if self.tries >= TRIES_MAX {
                    return from;
                }
                self.tries = self.tries.saturating_add(1);
                if digest_at(entry, *position) == *digest {
                    from.insert(entry.position, *position);
                    shift = i64::from(*position).saturating_sub(at);
                    break;
                }
            }
        }
        from
    }

    fn findings(mut self, proof: &Proof) -> Vec<Found> {
        let from = self.moved(proof);
        let to: HashMap<u32, u32> = from.iter().map(|(at, sealed_at)| (*sealed_at, *at)).collect();
        let differing = self.differ.keys().map(|position| {
            let detail = match (from.get(position), to.get(position)) {
                (Some(sealed_at), Some(_)) => {
                    format!("moved: the entry here was sealed at position {sealed_at}")
                }
                (Some(sealed_at), None) => format!(
                    "removed: the entry that was sealed here is gone, and the one sealed at position {sealed_at} is here"
                ),
                (None, Some(now_at)) => {
                    format!("inserted: the entry that was sealed here is now at position {now_at}")
                }
                (None, None) => "changed: the entry here is not the one that was sealed".to_owned(),
            };
            (SEAL, Some(*position), detail)
        });
        let absent = self.absent.keys().map(|position| {
            let detail = match (to.get(position), proof.unreadable.get(position)) {
                (Some(now_at), _) => {
                    format!("moved: the entry that was sealed here is now at position {now_at}")
                }
                (None, Some(why)) => format!("changed: the entry that was sealed here cannot be read: {why}"),
                (None, None) => "removed: the entry that was sealed here is gone".to_owned(),
            };
            (SEAL, Some(*position), detail)
        });
        let mut found: Vec<Found> = differing.chain(absent).collect();
        found.sort_by_key(|(_, position, _)| *position);
        found
    }
}

fn last_of(sealed: &BTreeMap<u32, Digest>) -> u32 {
    sealed.last_key_value().map_or(0, |(position, _)| *position)
}
