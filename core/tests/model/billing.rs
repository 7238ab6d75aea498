//! Which fees an account is charged, and how a wrong fee is put right.

use chrono::NaiveDate;

use super::book::{Entry, Fee, Kind, Model};
use super::command::{Payer, TermId};
use super::words::Standing;

/// The key that billing gives to its charge. Only the model knows it: a library's own keys look as it likes.
pub fn billing_key(account: &str, term: TermId, code: &str) -> String {
    format!("bursar:bill:{account}:{}-{}:{code}", term.0, term.1)
}

impl Model {
    /// Whether the default policy bills the account in that term: active, enrolled by the term's end.
    pub fn is_eligible(&self, account: &str, term: TermId) -> bool {
        let account = self.account(account).unwrap();
        account.standing == Standing::Active && account.enrolled_on <= self.term(term).unwrap().ends_on
    }

    /// Whether any charge of that code was ever made on the account in that term.
    pub fn is_billed(&self, account: &str, term: TermId, code: &str) -> bool {
        self.entries_of(account).iter().any(|entry| {
            entry.term == term && matches!(&entry.kind, Kind::Charge { code: made, .. } if made == code)
        })
    }

    /// Whether the account has a charge of that code in that term that was billed, from any fee, and is not reversed.
    pub fn has_live_billed(&self, account: &str, term: TermId, code: &str) -> bool {
        self.entries_of(account).iter().any(|entry| {
            entry.term == term
                && self.reversal_of(&entry.key).is_none()
                && matches!(&entry.kind, Kind::Charge { code: made, from: Some(_), .. } if made == code)
        })
    }

    /// Whether any charge was ever made from that fee.
    pub fn is_charged(&self, term: TermId, payer: &Payer, code: &str) -> bool {
        self.entries.iter().any(|entry| entry.term == term && is_made_from(entry, payer, code))
    }

    /// The codes of a term for which the account has a fee, own or through a group, in byte order.
    fn codes_of(&self, account: &str, term: TermId) -> Vec<String> {
        let mut codes: Vec<String> =
            self.fees.iter().filter(|fee| fee.term == term).map(|fee| fee.code.clone()).collect();
        codes.sort();
        codes.dedup();
        codes.retain(|code| !self.candidates(account, term, code).is_empty());
        codes
    }

    /// The fees that could be charged for a code: the own one if there is one, else each group's.
    fn candidates(&self, account: &str, term: TermId, code: &str) -> Vec<Fee> {
        if let Some(own) = self.fee(term, &Payer::Account(account.to_owned()), code) {
            return vec![own.clone()];
        }
        let groups = &self.account(account).unwrap().groups;
        groups
            .iter()
            .filter_map(|group| self.fee(term, &Payer::Group(group.clone()), code).cloned())
            .collect()
    }

    /// The codes that several of the account's groups price, so that none is charged.
    pub fn ambiguous(&self, account: &str, term: TermId) -> Vec<String> {
        let mut codes = self.codes_of(account, term);
        codes.retain(|code| self.candidates(account, term, code).len() > 1);
        codes
    }

    /// What billing would charge the account now, in byte order of the codes.
    pub fn billable(&self, account: &str, term: TermId) -> Vec<Fee> {
        if !self.is_eligible(account, term) || self.term(term).unwrap().closed {
            return vec![];
        }
        let mut fees = vec![];
        for code in self.codes_of(account, term) {
            let candidates = self.candidates(account, term, &code);
            if candidates.len() == 1 && !self.is_billed(account, term, &code) {
                fees.extend(candidates);
            }
        }
        fees
    }

    /// Charges the account what it is missing in that term.
    pub(super) fn bill(&mut self, account: &str, term: TermId, on: NaiveDate) {
        for Fee { payer, code, amount, due_on, .. } in self.billable(account, term) {
            let due_on = due_on.max(self.account(account).unwrap().enrolled_on);
            self.record(Entry {
                key: billing_key(account, term, &code),
                account: account.to_owned(),
                position: 0,
                term,
                on,
                signed: amount,
                kind: Kind::Charge { code, due_on, from: Some(payer) },
            });
        }
    }

    /// Reverses every live charge that was made from the fee at its old price, and makes it again at the new.
    pub(super) fn reprice(
        &mut self,
        term: TermId,
        payer: &Payer,
        code: &str,
        amount: i64,
        reason: &str,
        on: NaiveDate,
    ) {
        let old = self.fee(term, payer, code).unwrap().amount;
        for charge in self.entries.clone() {
            let live = self.reversal_of(&charge.key).is_none();
            let same = charge.term == term && is_made_from(&charge, payer, code) && charge.signed == old;
            if !live || !same {
                continue;
            }
            let kind = Kind::Reversal { of: charge.key.clone(), reason: reason.to_owned() };
            let signed = -charge.signed;
            self.record(Entry { key: self.reprice_key(), on, signed, kind, ..charge.clone() });
            self.record(Entry { key: self.reprice_key(), on, signed: amount, ..charge });
        }
        let fee =
            self.fees.iter_mut().find(|fee| fee.term == term && fee.payer == *payer && fee.code == code);
        fee.unwrap().amount = amount;
    }

    /// The key of an entry made by a repricing: as many entries as there are now, there never were before.
    fn reprice_key(&self) -> String {
        format!("bursar:reprice:{}", self.entries.len())
    }
}

fn is_made_from(entry: &Entry, payer: &Payer, code: &str) -> bool {
    matches!(&entry.kind, Kind::Charge { code: made, from: Some(from), .. } if made == code && from == payer)
}
