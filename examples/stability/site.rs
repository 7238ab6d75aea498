//! The office that is checked, the clerks of the check, and what its clients share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bursar::store::AccountFilter;
use bursar::{Money, PAGE_MAX};
use bursar_examples::database::Failure;
use bursar_office::clerks::{Known, Role};
use bursar_office::form::Key;
use bursar_office::server::{Stores, start_on};
use bursar_office::{Office, Running, Settings, password, show};
use tokio::sync::Mutex;

use crate::browser::{Answer, Browser, Filled};
use crate::counting::Counting;
use crate::html;
use crate::judge::{Entered, Told};
use crate::log::{Log, Page};

/// A clerk of the check. Whoever signs in with the password holds it so long, so that no name is tried five times at once.
pub(crate) struct Clerk {
    /// The name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: Mutex<String>,
}

/// What the clients share.
pub(crate) struct Site {
    /// Where the office is.
    pub(crate) address: String,
    /// Where the same is, with sessions that expire soon.
    pub(crate) short: String,
    /// What was seen.
    pub(crate) log: Arc<Log>,
    /// The sessions.
    pub(crate) store: Arc<Counting>,
    /// What the pages work with.
    pub(crate) office: Office,
    /// What those of the other office work with.
    other: Office,
    /// Every account.
    pub(crate) students: Vec<String>,
    next_amount: AtomicI64,
    stopped: AtomicBool,
}

/// The two offices, while they are served.
pub(crate) struct Offices {
    /// The one that most clients use.
    pub(crate) main: Running,
    /// The one whose sessions expire soon.
    pub(crate) short: Running,
}

/// A session of the second office ends after so long without use.
pub(crate) const SHORT_IDLE: Duration = Duration::from_secs(2);

/// Opens the stores, and serves the book of this name twice.
pub(crate) async fn open(
    db: &str,
    sessions: Option<&str>,
    book: &str,
) -> Result<(Arc<Site>, Offices), Failure> {
    let settings = Settings {
        db: db.to_owned(),
        sessions: sessions.map(str::to_owned),
        book: book.to_owned(),
        address: ([127, 0, 0, 1], 0).into(),
        ..Settings::default()
    };
    let stores = Stores::open(&settings).await?;
    let store = Arc::new(Counting::new(stores.sessions));
    let stores = Stores { ledger: stores.ledger, sessions: Arc::<Counting>::clone(&store) };
    let main = start_on(&settings, stores.clone()).await?;
    let short = start_on(&Settings { idle_timeout: SHORT_IDLE, ..settings }, stores).await?;
    let office = main.office.clone();
    let (mut students, mut after) = (Vec::new(), None);
    loop {
        let accounts = office.school.accounts(AccountFilter::All, after.as_ref(), PAGE_MAX).await?;
        let Some(last) = accounts.last() else { break };
        after = Some(last.id.clone());
        students.extend(accounts.iter().map(|account| account.id.to_string()));
    }
    let site = Site {
        address: main.url(),
        short: short.url(),
        log: Arc::new(Log::new()),
        store,
        office,
        other: short.office.clone(),
        students,
        next_amount: AtomicI64::new(100),
        stopped: AtomicBool::new(false),
    };
    Ok((Arc::new(site), Offices { main, short }))
}

impl Site {
    /// Adds a clerk.
    pub(crate) async fn hire(&self, name: String, role: Role) -> Result<Arc<Clerk>, Failure> {
        let broken = |failure| format!("the clerk {name}: {failure:?}");
        let made = password::generate().map_err(broken)?;
        let hash = self.office.passwords.hash(made.clone()).await.map_err(broken)?;
        let known = Known { name: name.clone(), role, password: hash };
        if !self.office.clerks.add(&known).await.map_err(broken)? {
            return Err(format!("there is a clerk {name} already").into());
        }
        // In memory each office has clerks of its own.
        if self.other.clerks.find(&name).await.map_err(broken)?.is_none() {
            self.other.clerks.add(&known).await.map_err(broken)?;
        }
        Ok(Arc::new(Clerk { name, password: Mutex::new(made) }))
    }

    /// Whether the clients should end.
    pub(crate) fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Lets the clients end.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// A browser in which a clerk has signed in. `None`, and a finding, when he could not.
    pub(crate) async fn signed_in(&self, address: &str, clerk: &Clerk) -> Option<Browser> {
        let browser = match Browser::open(address, &self.log) {
            Ok(browser) => browser,
            Err(error) => {
                self.log.finding(format!("no browser: {error}"));
                return None;
            }
        };
        self.sign_in(&browser, clerk).await.then_some(browser)
    }

    /// Signs a clerk in; `false`, and a finding, when he could not.
    pub(crate) async fn sign_in(&self, browser: &Browser, clerk: &Clerk) -> bool {
        let password = clerk.password.lock().await;
        let told = browser.sign_in(&clerk.name, &password).await;
        let done = matches!(&told, Some((303, Some(to))) if to == "/");
        if !done {
            self.log.finding(format!("{} could not sign in: {told:?}", clerk.name));
        }
        done
    }

    /// An amount that no other payment of this check has, with its words as pages show them.
    pub(crate) fn amount(&self) -> (String, String) {
        let minor = self.next_amount.fetch_add(1, Ordering::Relaxed);
        let money = Money::from_minor(minor, self.office.school.currency());
        (money.to_string(), shown(money))
    }

    /// Fills in the form of a student's page.
    pub(crate) fn fill(&self, account: &str, page: &Answer, amount: &(String, String)) -> Option<Filled> {
        let path = format!("/students/{}/record/payment", show::segment(account));
        let mut form = html::forms(&page.body).into_iter().find(|form| form.action == path)?;
        form.set("amount", amount.0.as_str());
        let key = form.get("key")?.to_owned();
        self.log.payment(&key, account, &amount.1);
        Some(Filled { path, form, key, amount: amount.1.clone() })
    }

    /// What the book has under a form's key at the moment.
    pub(crate) async fn entered(&self, key: &str) -> Option<Entered> {
        let name = Key::parse(key)?.name();
        match self.office.school.entry_by_key(&name).await {
            Ok(entry) => entry.as_ref().map(entered),
            Err(error) => {
                self.log.finding(format!("the key of a form could not be looked up: {error}"));
                None
            }
        }
    }

    /// Asks the book at once whether it was true what was told of a form that was sent this once.
    pub(crate) async fn hold_to(&self, filled: &Filled, told: &Told) {
        let entered = self.entered(&filled.key).await;
        if told.says_recorded() && entered.is_none() || told.says_not() && entered.is_some() {
            self.log.finding(format!(
                "the book has {entered:?} under {}, and it was just told: {told:?}",
                filled.key
            ));
        }
    }

    /// Follows the way to a receipt, which must say the amount and its own number.
    pub(crate) async fn receipt(
        &self,
        browser: &Browser,
        answer: &Answer,
        filled: &Filled,
    ) -> Option<Answer> {
        let to = answer.location.as_deref()?;
        let page = browser.get(Page::Receipt, to).await?;
        if page.status == 200 {
            let number = html::by_id(&page.body, "number").unwrap_or_default();
            let amount = html::by_id(&page.body, "amount").unwrap_or_default();
            if amount != filled.amount || number.is_empty() || !to.contains(&show::segment(&number)) {
                self.log.finding(format!("{to} shows no. {number:?} of {amount:?}, not {}", filled.amount));
            }
        }
        Some(page)
    }
}

/// An amount as pages show it, with a plain space.
pub(crate) fn shown(money: Money) -> String {
    show::cash(money).replace('\u{a0}', " ")
}

/// An entry as it is judged.
pub(crate) fn entered(entry: &bursar::Entry) -> Entered {
    Entered {
        account: entry.account.to_string(),
        amount: shown(entry.amount()),
        position: entry.position.to_string(),
        receipt: show::segment(&entry.receipt().to_string()),
    }
}
