//! The ledger of cala, and payments into it.

use std::sync::Arc;

use bursar_benches::measure::AsyncTask;
use bursar_benches::payments::seed_of;
use bursar_benches::school::{Chance, account};
use cala_ledger::account::NewAccount;
use cala_ledger::job::{JobSvcConfig, Jobs};
use cala_ledger::journal::NewJournal;
use cala_ledger::migrate::IncludeMigrations as _;
use cala_ledger::tx_template::{
    NewParamDefinition, NewTxTemplate, NewTxTemplateEntry, NewTxTemplateTransaction, ParamDataType, Params,
};
use cala_ledger::{AccountId, CalaLedger, CalaLedgerConfig, JournalId, TransactionId};
use rust_decimal::Decimal;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

use bursar_benches::Failure;

/// The template of a payment.
const CODE: &str = "PAYMENT";

/// A ledger with the accounts of pupils, and the account that all payments go to.
pub struct Cala {
    ledger: CalaLedger,
    pupils: Arc<[AccountId]>,
    /// Never started: what it would add up later costs the peer nothing here.
    _jobs: Jobs,
}

impl Cala {
    /// Opens one in an empty database.
    ///
    /// # Errors
    /// Those of cala.
    pub async fn open(url: &str, connections: u32, pupils: u32) -> Result<Self, Failure> {
        let pool = PgPoolOptions::new()
            .min_connections(connections)
            .max_connections(connections)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect(url)
            .await?;
        // Its migrations make the tables of its jobs as well, which are asked for before the ledger is opened.
        let mut migrator = Migrator::DEFAULT;
        migrator.include_cala_migrations();
        migrator.run(&pool).await?;
        let mut jobs = Jobs::init(JobSvcConfig::builder().pool(pool.clone()).build()?).await?;
        let config = CalaLedgerConfig::builder().pool(pool).build()?;
        let ledger = CalaLedger::init(config, &mut jobs).await?;
        let journal = JournalId::new();
        ledger.journals().create(NewJournal::builder().id(journal).name("school").build()).await?;
        let cash = AccountId::new();
        // Its balance is added up later, as cala advises for an account that everything goes to: nobody waits for it.
        let new = NewAccount::builder().id(cash).name("cash").code("cash").eventually_consistent(true);
        ledger.accounts().create(new.build()).await?;
        let mut made = Vec::new();
        for number in 0..pupils {
            let (id, name) = (AccountId::new(), account(number));
            ledger
                .accounts()
                .create(NewAccount::builder().id(id).name(name.clone()).code(name).build())
                .await?;
            made.push(id);
        }
        ledger.tx_templates().create(payment(journal, cash)?).await?;
        Ok(Self { ledger, pupils: made.into(), _jobs: jobs })
    }

    /// So many tasks, with chance of their own.
    pub fn tasks(&self, tasks: u32, round: u32) -> Vec<Posting> {
        let task = |task| Posting {
            ledger: self.ledger.clone(),
            pupils: Arc::clone(&self.pupils),
            chance: Chance::new(seed_of(round, task)),
        };
        (0..tasks).map(task).collect()
    }
}

/// Two legs: the cash account is debited, the pupil's credited.
fn payment(journal: JournalId, cash: AccountId) -> Result<NewTxTemplate, Failure> {
    let parameter = |name: &str, kind| NewParamDefinition::builder().name(name).r#type(kind).build();
    let leg = |kind: &str, account: String, direction: &str| {
        NewTxTemplateEntry::builder()
            .entry_type(format!("'{kind}'"))
            .account_id(account)
            .layer("SETTLED")
            .direction(direction)
            .units("params.amount")
            .currency("'USD'")
            .build()
    };
    let transaction =
        NewTxTemplateTransaction::builder().effective("date()").journal_id(format!("uuid('{journal}')"));
    let template = NewTxTemplate::builder()
        .id(Uuid::now_v7())
        .code(CODE)
        .params(vec![parameter("pupil", ParamDataType::Uuid)?, parameter("amount", ParamDataType::Decimal)?])
        .transaction(transaction.build()?)
        .entries(vec![
            leg("PAYMENT_DR", format!("uuid('{cash}')"), "DEBIT")?,
            leg("PAYMENT_CR", "params.pupil".to_owned(), "CREDIT")?,
        ]);
    Ok(template.build())
}

/// A task that posts one payment after another.
pub struct Posting {
    ledger: CalaLedger,
    pupils: Arc<[AccountId]>,
    chance: Chance,
}

impl AsyncTask for Posting {
    async fn once(&mut self) -> Result<(), Failure> {
        let amount = i64::from(self.chance.below(5_000)).saturating_add(1);
        let pupil = usize::try_from(self.chance.below(u32::try_from(self.pupils.len())?))?;
        let mut params = Params::new();
        params.insert("pupil", *self.pupils.get(pupil).ok_or("no such pupil")?);
        params.insert("amount", Decimal::new(amount, 2));
        self.ledger.post_transaction(TransactionId::new(), CODE, params).await?;
        Ok(())
    }
}
