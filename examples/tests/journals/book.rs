//! A book as the library has it: what a program is held against.

use bursar::store::AccountFilter;
use bursar::{Ledger, PAGE_MAX, school_file};
use bursar_store_memory::MemoryStore;
use chrono::NaiveDate;
use libtest_mimic::Failed;
use rust_decimal::Decimal;

/// What one entry does to its account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Effect {
    pub(crate) account: String,
    pub(crate) on: NaiveDate,
    pub(crate) effect: Decimal,
    pub(crate) currency: &'static str,
}

/// The entries of a book, by account and day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) entries: Vec<Effect>,
}

impl Book {
    /// The book of a school file.
    pub(crate) fn of(school: &str) -> Result<Self, Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (ledger, _) = school_file::replay(MemoryStore::new(), school.as_bytes(), |_| {}).await?;
            Self::read(&ledger).await
        })
    }

    async fn read(ledger: &Ledger<MemoryStore>) -> Result<Self, Failed> {
        let mut entries = Vec::new();
        let accounts = ledger.accounts(AccountFilter::All, None, PAGE_MAX).await?;
        for account in &accounts {
            let of_account = ledger.entries(&account.id, 0, PAGE_MAX).await?;
            let effects = of_account.iter().map(|entry| Effect {
                account: account.id.to_string(),
                on: entry.effective_on,
                effect: entry.effect.amount(),
                currency: ledger.currency().code(),
            });
            entries.extend(effects);
            let sum: Decimal = of_account.iter().map(|entry| entry.effect.amount()).sum();
            assert_eq!(sum, account.balance.amount(), "B4: {}", account.id);
        }
        assert!(accounts.len() < usize::try_from(PAGE_MAX)?, "all of it was read");
        entries.sort();
        Ok(Self { entries })
    }

    /// The entries of one account after the other, those of one day in one.
    pub(crate) fn days(&self) -> Vec<Effect> {
        let mut days: Vec<Effect> = Vec::new();
        for entry in &self.entries {
            match days.last_mut() {
                Some(last) if last.account == entry.account && last.on == entry.on => {
                    last.effect += entry.effect;
                }
                _ => days.push(entry.clone()),
            }
        }
        days
    }
}
