//! Lines that are recorded together: enrolments and entries that no balance decides, in one change set with one mark.

use std::collections::{BTreeMap, BTreeSet};

use super::Line;
use super::replay::{Chain, ReplayError};
use crate::account::group_set;
use crate::ledger::new_account;
use crate::ledger::prepared::Prepared;
use crate::rule::Posting;
use crate::store::{AccountChange, ChangeSet, ChargeMade, Committed, FileMark};
use crate::{
    Account, AccountId, EntryKind, Error, FeeKey, Ledger, LedgerStore, Money, Payer, Refusal, TermId,
};

/// A run of lines that can be recorded together; a milestone ends it.
#[derive(Default)]
pub(super) struct Batch {
    lines: Vec<(Line, u64, Chain)>,
}

impl Batch {
    /// Takes a line in, or gives it back when it must be done alone.
    pub(super) fn take(&mut self, line: Line, number: u64, chain: Chain) -> Option<Line> {
        let together = match &line {
            Line::Enrol { .. } => true,
            Line::Record(draft) => !draft.needs_balance(),
            _ => false,
        };
        if !together {
            return Some(line);
        }
        self.lines.push((line, number, chain));
        None
    }

    /// The digest with its last line.
    pub(super) fn chain(&self) -> Option<Chain> {
        self.lines.last().map(|(_, _, chain)| *chain)
    }

    pub(super) fn into_lines(self) -> Vec<(Line, u64, Chain)> {
        self.lines
    }

    /// Says of an error at which line the batch began.
    pub(super) fn blame(&self, source: Error) -> ReplayError {
        let line = self.lines.first().map_or(0, |(_, number, _)| *number);
        ReplayError::Refused { line, source }
    }

    /// Records all lines in one step, and says how many entries that were; `None`, with nothing recorded, when a line needs a word of
    /// its own: a refusal, a repetition, an account that is there already.
    pub(super) async fn commit<S: LedgerStore>(
        &self,
        ledger: &Ledger<S>,
        mark: Option<FileMark>,
    ) -> Result<Option<u64>, Error> {
        if self.lines.len() < 2 {
            return Ok(None);
        }
        let mut building =
            Building { ledger, changes: ChangeSet { mark, ..ChangeSet::default() }, recorded: 0 };
        match building.build(&self.lines).await {
            Ok(true) => {}
            Ok(false) | Err(Error::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        let Building { changes, recorded, .. } = building;
        match ledger.store.commit(&ledger.book, changes).await? {
            Committed::Admitted { .. } => Ok(Some(recorded)),
            Committed::NotAdmitted => Ok(None),
        }
    }
}

struct Building<'a, S> {
    ledger: &'a Ledger<S>,
    changes: ChangeSet,
    recorded: u64,
}

impl<S: LedgerStore> Building<'_, S> {
    /// Builds the change set; `false` when a line must be done alone.
    async fn build(&mut self, lines: &[(Line, u64, Chain)]) -> Result<bool, Error> {
        let Some(mut enrolments) = self.enrolments(lines).await? else { return Ok(false) };
        let mut prepared = Vec::new();
        for (line, _, _) in lines {
            if let Line::Record(draft) = line {
                prepared.push(self.ledger.prepare(draft)?);
            }
        }
        let planned = enrolments.values().flatten();
        let mut made = Made::read(self.ledger, &prepared, planned).await?;
        let mut prepared = prepared.into_iter();
        for (line, _, _) in lines {
            match line {
                Line::Enrol { account, .. } => {
                    self.changes.postings.extend(enrolments.remove(account).unwrap_or_default());
                }
                _ => {
                    let Some(mut entry) = prepared.next() else { return Ok(false) };
                    // Its account is enrolled by a later line: the order of the file decides, not where a batch begins.
                    if enrolments.contains_key(&entry.posting.entry.account) {
                        return Ok(false);
                    }
                    made.assign(&mut entry)?;
                    self.recorded = self.recorded.saturating_add(1);
                    self.changes.postings.push(entry.posting);
                }
            }
        }
        Ok(true)
    }

    /// The accounts to open, and the charges with which each begins; `None` when one is there already, or enrolled twice.
    async fn enrolments(
        &mut self,
        lines: &[(Line, u64, Chain)],
    ) -> Result<Option<BTreeMap<AccountId, Vec<Posting>>>, Error> {
        let mut accounts: BTreeMap<AccountId, Account> = BTreeMap::new();
        for (line, _, _) in lines {
            let Line::Enrol { account, groups, on } = line else { continue };
            let groups = group_set(account, groups.iter().cloned())?;
            let opened = new_account(account.clone(), groups, *on, Money::zero(self.ledger.currency));
            if accounts.insert(account.clone(), opened).is_some() {
                return Ok(None);
            }
        }
        if accounts.is_empty() {
            return Ok(Some(BTreeMap::new()));
        }
        let ids: Vec<AccountId> = accounts.keys().cloned().collect();
        if !self.ledger.store.accounts(&self.ledger.book, &ids).await?.is_empty() {
            return Ok(None);
        }
        let book = self.ledger.state().await?;
        self.changes.book_version = Some(book.version);
        let fees = self.ledger.first_fees(&book.calendar, accounts.values()).await?;
        let mut enrolments = BTreeMap::new();
        for (id, account) in accounts {
            book.calendar.unlocked(account.enrolled_on)?;
            let (charges, _) =
                self.ledger.first_charges(&book.calendar, &account, &fees, account.enrolled_on)?;
            enrolments.insert(id, charges);
            self.changes.accounts.push(AccountChange::Open(account));
        }
        Ok(Some(enrolments))
    }
}

/// The charges that the accounts of a batch have, with those that the batch makes.
#[derive(Default)]
struct Made {
    charges: BTreeMap<(AccountId, TermId), Vec<ChargeMade>>,
}

impl Made {
    /// Reads what the charges billed elsewhere are decided on; an error when one names a fee that there is not.
    async fn read<'p, S: LedgerStore>(
        ledger: &Ledger<S>,
        prepared: &[Prepared],
        planned: impl Iterator<Item = &'p Posting>,
    ) -> Result<Self, Error> {
        let mut made = Self::default();
        let mut accounts: BTreeMap<TermId, BTreeSet<AccountId>> = BTreeMap::new();
        let mut fees: BTreeMap<TermId, BTreeSet<FeeKey>> = BTreeMap::new();
        for entry in prepared.iter().filter(|one| one.billed_elsewhere).map(|one| &one.posting.entry) {
            accounts.entry(entry.term).or_default().insert(entry.account.clone());
            if let EntryKind::Charge { code, origin, .. } = &entry.kind
                && let Some(group) = &origin.group
            {
                let key = FeeKey { term: entry.term, payer: Payer::Group(group.clone()), code: code.clone() };
                fees.entry(entry.term).or_default().insert(key);
            }
        }
        for (term, keys) in fees {
            let payers: BTreeSet<Payer> = keys.iter().map(|key| key.payer.clone()).collect();
            let payers: Vec<Payer> = payers.into_iter().collect();
            let there = ledger.store.fees_of(&ledger.book, term, &payers).await?;
            if let Some(missing) = keys.iter().find(|key| !there.iter().any(|fee| fee.key == **key)) {
                return Err(missing.unknown().into());
            }
        }
        for (term, accounts) in accounts {
            let accounts: Vec<AccountId> = accounts.into_iter().collect();
            for charge in ledger.store.charges(&ledger.book, term, &accounts).await? {
                made.charges.entry((charge.account.clone(), term)).or_default().push(charge);
            }
        }
        for posting in planned {
            made.add(posting);
        }
        Ok(made)
    }

    fn add(&mut self, posting: &Posting) {
        let entry = &posting.entry;
        if let EntryKind::Charge { code, origin, .. } = &entry.kind {
            let (account, code, slot) = (entry.account.clone(), code.clone(), origin.slot);
            let charge = ChargeMade { account: account.clone(), code, slot, live: true };
            self.charges.entry((account, entry.term)).or_default().push(charge);
        }
    }

    /// Gives a charge that was billed elsewhere its slot.
    fn assign(&mut self, prepared: &mut Prepared) -> Result<(), Refusal> {
        if !prepared.billed_elsewhere {
            return Ok(());
        }
        let entry = &prepared.posting.entry;
        let there = self.charges.get(&(entry.account.clone(), entry.term)).map_or(&[][..], Vec::as_slice);
        prepared.take_slot(there.iter())?;
        self.add(&prepared.posting);
        Ok(())
    }
}
