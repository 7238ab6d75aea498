//! What becomes of each line, as the book is.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::ArrearsImport;
use super::lines::{Line, Names, Parsed};
use crate::import::commit::{Decided, recorded_otherwise};
use crate::import::{Fault, ImportError, Problem, lookup};
use crate::ledger::prepared::Prepared;
use crate::rule::check_balance_cap;
use crate::store::Book;
use crate::{Account, AccountId, Entry, IdempotencyKey, Ledger, LedgerStore, Money, Refusal};

/// Decides every line on the book as it is now.
pub(super) async fn decide<S: LedgerStore>(
    import: &ArrearsImport,
    file: &Parsed,
    ledger: &Ledger<S>,
) -> Result<Decided, ImportError> {
    let ids: BTreeSet<AccountId> = file.lines.iter().filter_map(|line| line.account.clone()).collect();
    let mut keys = HashMap::new();
    for id in &ids {
        keys.insert(id.clone(), IdempotencyKey::new(format!("{}:{id}", import.name))?);
    }
    let wanted: Vec<IdempotencyKey> = keys.values().cloned().collect();
    let book = ledger.state().await?;
    let accounts = lookup::accounts(ledger, ids).await?;
    let openings = lookup::openings(ledger, import.term, &accounts).await?;
    // Last, so that what this import has recorded meanwhile is seen with its keys, never without.
    let by_key = lookup::by_key(ledger, &wanted).await?;
    let mut deciding = Deciding {
        import,
        file,
        book: &book,
        accounts,
        openings,
        decided: Decided { book_version: book.version, ..Decided::default() },
    };
    for line in &file.lines {
        match line.account.as_ref().and_then(|account| keys.get_key_value(account)) {
            Some((account, key)) => deciding.line(ledger, line, account, key, by_key.get(key)),
            None => deciding.locked(line),
        }
    }
    deciding.general(ledger);
    let mut decided = deciding.decided;
    let found = std::mem::replace(&mut decided.faults, file.faults.clone());
    decided.faults.extend(found);
    decided.faults.sort_by_key(|fault| fault.line);
    Ok(decided)
}

struct Deciding<'a> {
    import: &'a ArrearsImport,
    file: &'a Parsed,
    book: &'a Book,
    accounts: HashMap<AccountId, Account>,
    openings: HashMap<AccountId, i64>,
    decided: Decided,
}

impl Deciding<'_> {
    fn line<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        line: &Line,
        id: &AccountId,
        key: &IdempotencyKey,
        there: Option<&Entry>,
    ) {
        let Names { account: account_column, amount: amount_column, .. } = &self.file.names;
        let faults_before = self.decided.faults.len();
        let prepared = line
            .amount
            .map(|amount| ledger.prepare(&self.import.draft(line, id, amount, key.clone())))
            .transpose();
        let prepared = prepared.unwrap_or_else(|refusal| {
            self.decided.faults.push(Fault::of_line(line.number, refusal.into()));
            None
        });
        if let Some(there) = there {
            return self.recorded(line, prepared.as_ref(), there);
        }
        let Some(account) = self.accounts.get(id) else {
            let problem = Refusal::UnknownAccount { account: id.clone() }.into();
            self.decided.faults.push(Fault::of_cell(line.number, account_column, problem));
            return self.locked(line);
        };
        if let Some(opening) = self.openings.get(id) {
            let opening = Money::from_minor(*opening, ledger.currency);
            let problem = Problem::HasOpening { account: id.clone(), term: self.import.term, opening };
            self.decided.faults.push(Fault::of_cell(line.number, account_column, problem));
        }
        if let Some(Err(refusal)) = line.amount.map(|amount| check_balance_cap(account, amount)) {
            self.decided.faults.push(Fault::of_cell(line.number, amount_column, refusal.into()));
        }
        let version = account.version;
        self.locked(line);
        if let Some(prepared) = prepared
            && !line.faulty
            && self.decided.faults.len() == faults_before
        {
            // Nothing else may have come onto the account since: another opening balance, above all (S3).
            let mut posting = prepared.posting;
            posting.version = Some(version);
            self.decided.to_record.push((line.number, posting));
        }
    }

    /// A line whose key is known: recorded before, or otherwise. One that cannot be read says neither.
    fn recorded(&mut self, line: &Line, prepared: Option<&Prepared>, there: &Entry) {
        match prepared {
            _ if line.faulty => {}
            Some(prepared) if prepared.says(there) => self.decided.there.push((line.number, there.clone())),
            Some(_) => self.decided.faults.push(Fault::of_line(line.number, recorded_otherwise(there))),
            None => {}
        }
    }

    /// A day of the line's own in the locked period.
    fn locked(&mut self, line: &Line) {
        if let Some(Err(refusal)) = line.on.map(|day| self.book.calendar.unlocked(day)) {
            self.decided.faults.push(Fault::of_cell(line.number, &self.file.names.on, refusal.into()));
        }
    }

    /// What is wrong with every line that there is to record.
    fn general<S: LedgerStore>(&mut self, ledger: &Ledger<S>) {
        let import = self.import;
        let there: HashSet<u64> = self.decided.there.iter().map(|(line, _)| *line).collect();
        let mut new = self.file.lines.iter().filter(|line| !there.contains(&line.number)).peekable();
        if new.peek().is_none() {
            return;
        }
        let calendar = &self.book.calendar;
        if let Err(refusal) = calendar.term(import.term) {
            self.decided.faults.push(Fault::of_all(refusal.into()));
        }
        let undated = new.any(|line| line.undated);
        let day = import.on.unwrap_or_else(|| ledger.today());
        if undated && let Err(refusal) = calendar.unlocked(day) {
            self.decided.faults.push(Fault::of_all(refusal.into()));
        }
    }
}
