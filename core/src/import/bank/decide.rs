//! What becomes of each payment, as the book is.

use std::collections::{BTreeSet, HashMap};

use super::lines::{Parsed, PaymentLine};
use super::{BankImport, BankLine, Unmatched};
use crate::draft::Draft;
use crate::import::commit::{Decided, recorded_otherwise};
use crate::import::matching::WhyUnmatched;
use crate::import::{Fault, ImportError, Problem, lookup};
use crate::rule::check_balance_cap;
use crate::store::Book;
use crate::{Account, AccountId, Entry, IdempotencyKey, Ledger, LedgerStore, Payment, Refusal, TermId};

#[derive(Debug, Default)]
pub(super) struct DecidedBank {
    /// What there is to post; its faults are those of all lines.
    pub(super) postings: Decided,
    pub(super) matched: Vec<BankLine>,
    pub(super) unmatched: Vec<Unmatched>,
    /// What the book, not the file, finds at fault.
    pub(super) line_faults: Vec<Fault>,
}

/// Decides every payment on the book as it is now.
pub(super) async fn decide<S: LedgerStore>(
    import: &BankImport,
    file: &Parsed,
    ledger: &Ledger<S>,
) -> Result<DecidedBank, ImportError> {
    let book = ledger.state().await?;
    let candidates: BTreeSet<AccountId> =
        file.payments.iter().flat_map(|payment| import.references.candidates(&payment.reference)).collect();
    let accounts = lookup::accounts(ledger, candidates).await?;
    let keys: Vec<IdempotencyKey> = file.payments.iter().map(|payment| payment.key.clone()).collect();
    let by_key = lookup::by_key(ledger, &keys).await?;
    let term = import.term.or(book.calendar.current());
    let postings = Decided { book_version: book.version, ..Decided::default() };
    let decided = DecidedBank { postings, ..DecidedBank::default() };
    let mut deciding = Deciding { import, file, book, accounts, term, decided };
    for payment in &file.payments {
        deciding.payment(ledger, payment, by_key.get(&payment.key));
    }
    deciding.general();
    Ok(deciding.decided)
}

struct Deciding<'a> {
    import: &'a BankImport,
    file: &'a Parsed,
    book: Book,
    /// Those that the payments may name, with the balances that they will have.
    accounts: HashMap<AccountId, Account>,
    term: Option<TermId>,
    decided: DecidedBank,
}

impl Deciding<'_> {
    fn payment<S: LedgerStore>(&mut self, ledger: &Ledger<S>, line: &PaymentLine, there: Option<&Entry>) {
        let found = self.import.references.find(&line.reference, &self.accounts);
        if let Some(there) = there {
            return self.recorded(ledger, line, found.ok(), there);
        }
        let account = match found {
            Ok(account) => account,
            Err(why) => return self.unmatched(line, why),
        };
        if let Err(refusal) = self.admit(ledger, line, &account) {
            self.decided.line_faults.push(Fault::of_line(line.line, refusal.into()));
            return;
        }
        let content = self.content(line);
        let (on, amount, reference) = (line.on, line.amount, line.reference.clone());
        self.decided.matched.push(BankLine { line: line.line, content, on, amount, reference, account });
    }

    fn content(&self, line: &PaymentLine) -> String {
        self.file.contents.get(&line.line).cloned().unwrap_or_default()
    }

    fn unmatched(&mut self, line: &PaymentLine, why: WhyUnmatched) {
        let content = self.content(line);
        let (on, amount, reference) = (line.on, line.amount, line.reference.clone());
        self.decided.unmatched.push(Unmatched { line: line.line, content, on, amount, reference, why });
    }

    /// A payment whose key is known: it is there, unless the entry is of another account, day, amount or reference. Its term is not the
    /// file's to say: another may be current by now.
    fn recorded<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        line: &PaymentLine,
        account: Option<AccountId>,
        there: &Entry,
    ) {
        let account = account.unwrap_or_else(|| there.account.clone());
        match ledger.prepare(&self.draft(line, &account, there.term)) {
            Ok(prepared) if prepared.says(there) => {
                self.decided.postings.there.push((line.line, there.clone()));
            }
            Ok(_) => self.decided.line_faults.push(Fault::of_line(line.line, recorded_otherwise(there))),
            Err(refusal) => self.decided.line_faults.push(Fault::of_line(line.line, refusal.into())),
        }
    }

    /// Makes the posting of a matched payment.
    fn admit<S: LedgerStore>(
        &mut self,
        ledger: &Ledger<S>,
        line: &PaymentLine,
        account: &AccountId,
    ) -> Result<(), Refusal> {
        self.book.calendar.unlocked(line.on)?;
        // Without a term there is a fault of all lines, and nothing is posted.
        let Some(term) = self.term else { return Ok(()) };
        let posting = ledger.prepare(&self.draft(line, account, term))?.posting;
        if let Some(account) = self.accounts.get_mut(account) {
            check_balance_cap(account, posting.entry.effect)?;
            account.balance = account.balance.checked_add(posting.entry.effect)?;
        }
        self.decided.postings.to_record.push((line.line, posting));
        Ok(())
    }

    fn draft(&self, line: &PaymentLine, account: &AccountId, term: TermId) -> Draft {
        let mut payment = Payment::by(self.import.method, line.amount)
            .account(account)
            .for_term(term)
            .key(&line.key)
            .on(line.on);
        if !line.reference.is_empty() {
            payment = payment.reference(&line.reference);
        }
        if let Some(note) = &line.note {
            payment = payment.note(note);
        }
        if let Some(who) = &self.import.recorded_by {
            payment = payment.recorded_by(who);
        }
        payment.into()
    }

    /// What is wrong with every payment that there is to record.
    fn general(&mut self) {
        if self.decided.matched.is_empty() {
            return;
        }
        let calendar = &self.book.calendar;
        let problem = match (self.term, calendar.current()) {
            (None, _) => Some(Problem::NoTerm),
            (Some(term), current) => match (calendar.term(term), current) {
                (Err(refusal), _) => Some(refusal.into()),
                (Ok(_), Some(current)) if term > current => {
                    Some(Refusal::TermAfterCurrent { term, current }.into())
                }
                _ => None,
            },
        };
        self.decided.postings.faults.extend(problem.map(Fault::of_all));
    }
}
