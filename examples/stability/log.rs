//! What the check has seen: requests by page, what became of payments, and what was wrong.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::counting::Calls;
use crate::judge::{Payment, Send};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Page {
    Dashboard,
    Students,
    Debtors,
    DebtorsFile,
    Terms,
    Receipt,
    Student,
    Payment,
    SignIn,
    SendSignIn,
    SignOut,
    Own,
    EndSessions,
    Password,
}

impl Page {
    /// The words for it in the table.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Students => "students",
            Self::Debtors => "debtors",
            Self::DebtorsFile => "debtors.csv",
            Self::Terms => "terms",
            Self::Receipt => "receipt",
            Self::Student => "student",
            Self::Payment => "payment sent",
            Self::SignIn => "sign-in page",
            Self::SendSignIn => "sign-in sent",
            Self::SignOut => "sign-out sent",
            Self::Own => "own sessions",
            Self::EndSessions => "ending sessions",
            Self::Password => "password sent",
        }
    }
}

/// What was seen of a page.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How long each request took, in microseconds.
    pub(crate) micros: Vec<u64>,
    /// How often each status was answered.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// How many of the requests were alone with their session, so that their calls on the store are known.
    pub(crate) alone: u64,
    /// Those calls.
    pub(crate) calls: Calls,
}

#[derive(Debug, Default)]
struct Inner {
    pages: BTreeMap<Page, Seen>,
    told: BTreeMap<(&'static str, &'static str), u64>,
    findings: Vec<String>,
    payments: HashMap<String, Payment>,
}

/// What the check has seen.
#[derive(Debug)]
pub(crate) struct Log {
    began: Instant,
    inner: Mutex<Inner>,
}

impl Log {
    /// An empty one; its time begins.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time, in microseconds of the check.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Something is wrong.
    pub(crate) fn finding(&self, what: impl Into<String>) {
        self.inner().findings.push(what.into());
    }

    /// A request was answered.
    pub(crate) fn request(&self, page: Page, status: u16, micros: u64) {
        let mut inner = self.inner();
        let seen = inner.pages.entry(page).or_default();
        seen.micros.push(micros);
        let count = seen.statuses.entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// What a request made of its session, which nobody else was using.
    pub(crate) fn calls(&self, page: Page, requests: u64, calls: &Calls) {
        let mut inner = self.inner();
        let seen = inner.pages.entry(page).or_default();
        seen.alone = seen.alone.saturating_add(requests);
        seen.calls.add(calls);
    }

    /// How often those requests wrote their sessions.
    pub(crate) fn writes(&self) -> u64 {
        self.inner().pages.values().map(|seen| seen.calls.writes()).fold(0, u64::saturating_add)
    }

    /// Counts what was seen in a situation.
    pub(crate) fn count(&self, situation: &'static str, what: &'static str) {
        let mut inner = self.inner();
        let count = inner.told.entry((situation, what)).or_default();
        *count = count.saturating_add(1);
    }

    /// A payment is about to be sent.
    pub(crate) fn payment(&self, key: &str, account: &str, amount: &str) {
        let payment = Payment { account: account.to_owned(), amount: amount.to_owned(), sends: Vec::new() };
        self.inner().payments.insert(key.to_owned(), payment);
    }

    /// What was heard of it.
    pub(crate) fn sent(&self, key: &str, send: Send) {
        if let Some(payment) = self.inner().payments.get_mut(key) {
            payment.sends.push(send);
        }
    }

    /// Every payment, by the key of its form.
    pub(crate) fn payments(&self) -> HashMap<String, Payment> {
        self.inner().payments.clone()
    }

    /// What was found wrong so far.
    pub(crate) fn findings(&self) -> Vec<String> {
        self.inner().findings.clone()
    }

    /// What was counted, by situation.
    pub(crate) fn told(&self) -> BTreeMap<(&'static str, &'static str), u64> {
        self.inner().told.clone()
    }

    /// What was seen of each page; the log begins anew.
    pub(crate) fn take_pages(&self) -> BTreeMap<Page, Seen> {
        std::mem::take(&mut self.inner().pages)
    }
}
