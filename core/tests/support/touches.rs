//! What the model has no word for, done to a book that a history has made: notes and who recorded, references of refunds, uneven
//! instalments, a policy of the school's own, terms gone back to, and all the rest in other orders.

use bursar::store::AccountFilter;
use bursar::{
    Account, Adjustment, BillingPolicy, Charge, Concession, ConcessionKind, Draft, Entry, EntryKind, Error,
    Fee, Instalment, Ledger, LedgerStore, Method, Money, NewFee, OpeningBalance, Payer, Payment, Refund,
    Reversal, SkipReason, StandardPolicy, Standing, Term, TermId, WriteOff,
};
use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// One thing done. Every number picks among what the book has by then.
#[derive(Clone, Copy, Debug)]
pub struct Touch {
    pub what: u8,
    pub who: u8,
    pub term: u8,
    pub how: u8,
    pub amount: u16,
    pub day: u16,
}

pub fn touches() -> impl Strategy<Value = Vec<Touch>> {
    let touch = (any::<u8>(), any::<u8>(), any::<u8>(), any::<u8>(), 2_u16..3_000, 0_u16..300);
    let touch =
        touch.prop_map(|(what, who, term, how, amount, day)| Touch { what, who, term, how, amount, day });
    prop::collection::vec(touch, 0..60)
}

/// Bills all but the first account half the price, in two unequal parts.
struct Halves;

impl BillingPolicy for Halves {
    fn eligible(&self, account: &Account, term: &Term, on: NaiveDate) -> Result<(), SkipReason> {
        StandardPolicy.eligible(account, term, on)?;
        if account.id.as_str() == "1" { Err(SkipReason::Policy { why: "first".into() }) } else { Ok(()) }
    }

    fn instalments(&self, _: &Account, _: &Term, fee: &Fee, on: NaiveDate) -> Vec<Instalment> {
        let part = |minor: i64, days: u64| Instalment {
            amount: Money::from_minor(minor.max(1), fee.instalments[0].amount.currency()),
            due_on: on + Days::new(days),
        };
        let minor = fee.instalments[0].amount.minor();
        vec![part(minor / 3, 1), part(minor / 6, 40)]
    }
}

const CODES: [&str; 5] = ["tuition", "meals", "bus", "a:b", "größe"];
const NAMES: [&str; 4] = ["x-1", "x:2", "Ünal", "0"];
const GROUPS: [&str; 3] = ["PRIMARY", "ECD", "BOARDERS"];
const TEXTS: [Option<&str>; 7] = [
    None,
    None,
    Some("as agreed"),
    Some(""),
    Some("\"quoted\" \\ and\nbroken\tlines"),
    Some("größer — 学费"),
    Some(" \u{2028}blank\u{feff} "),
];

fn pick<T>(list: &[T], at: impl Into<usize>) -> Option<&T> {
    list.get(at.into().checked_rem(list.len())?)
}

/// What a book has to pick from.
struct Scene<'l, S> {
    ledger: &'l Ledger<S>,
    touch: Touch,
    key: String,
    accounts: Vec<Account>,
    terms: Vec<Term>,
}

/// Does them one by one; what a rule refuses is left out.
pub async fn touch<S: LedgerStore + Clone>(ledger: &Ledger<S>, touches: &[Touch]) -> Result<(), String> {
    for (number, one) in touches.iter().enumerate() {
        touch_once(ledger, one, number).await?;
    }
    Ok(())
}

/// Does one, under keys with that number.
pub async fn touch_once<S: LedgerStore + Clone>(
    ledger: &Ledger<S>,
    touch: &Touch,
    number: usize,
) -> Result<(), String> {
    let accounts = ledger.accounts(AccountFilter::All, None, 1_000).await.unwrap();
    let terms = ledger.calendar().await.unwrap().terms().to_vec();
    let scene = Scene { ledger, touch: *touch, key: format!("touch-{number}"), accounts, terms };
    match scene.done().await {
        Ok(()) | Err(Error::Refused(_)) => Ok(()),
        Err(other) => Err(format!("{touch:?}: {other:?}")),
    }
}

macro_rules! draft {
    ($scene:expr, $draft:expr) => {{
        let scene = $scene;
        let draft = $draft
            .account(scene.account())
            .for_term(scene.term())
            .key(scene.key.clone())
            .on(scene.effective_on());
        let draft = if let Some(note) = scene.text(0) { draft.note(note) } else { draft };
        Draft::from(if let Some(who) = scene.text(1) { draft.recorded_by(who) } else { draft })
    }};
}

impl<S: LedgerStore + Clone> Scene<'_, S> {
    fn account(&self) -> String {
        pick(&self.accounts, self.touch.who).map_or("1".to_owned(), |account| account.id.to_string())
    }

    fn term(&self) -> TermId {
        pick(&self.terms, self.touch.term).map_or(TermId::new(2025, 1).unwrap(), |term| term.id)
    }

    /// A day on which something takes effect; now and then one that no calendar shows.
    fn effective_on(&self) -> NaiveDate {
        if self.touch.how == 99 { NaiveDate::from_ymd_opt(12_026, 1, 1).unwrap() } else { self.on() }
    }

    /// After everything that the model locks.
    fn on(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(2028, 1, 1).unwrap() + Days::new(self.touch.day.into())
    }

    fn money(&self, minor: u16) -> Decimal {
        Decimal::new(minor.into(), self.ledger.currency().exponent())
    }

    fn text(&self, which: u8) -> Option<String> {
        let how = self.touch.how.wrapping_mul(31).wrapping_add(self.touch.who).wrapping_add(which);
        if how == 250 {
            return Some("\"€\u{10348}".repeat(166));
        }
        TEXTS[usize::from(how) % TEXTS.len()].map(ToOwned::to_owned)
    }

    async fn done(&self) -> Result<(), Error> {
        let (ledger, touch, how) = (self.ledger, self.touch, usize::from(self.touch.how));
        let amount = self.money(touch.amount);
        let signed = if how % 2 == 0 { amount } else { -amount };
        let method = Method::ALL[how % Method::ALL.len()];
        let code = CODES[how % CODES.len()];
        let reference = self.text(2);
        let draft = match touch.what % 24 {
            0 | 1 => {
                let payment = Payment::by(method, amount);
                let payment =
                    if let Some(reference) = reference { payment.reference(reference) } else { payment };
                draft!(self, payment)
            }
            2 | 3 => {
                let refund = Refund::by(method, amount);
                draft!(
                    self,
                    if let Some(reference) = reference { refund.reference(reference) } else { refund }
                )
            }
            4 => draft!(self, OpeningBalance::of(signed, "from elsewhere")),
            5 => draft!(self, Adjustment::of(signed, "put right")),
            6 => draft!(self, WriteOff::of(amount, "gone")),
            7 => {
                let kind = ConcessionKind::ALL[how % ConcessionKind::ALL.len()];
                draft!(self, Concession::of(kind, amount, "won"))
            }
            8 => draft!(self, Charge::of(code, amount).due_on(self.on() + Days::new(9))),
            9 => draft!(self, Charge::of(code, amount).billed_from(GROUPS[usize::from(touch.who) % 3])),
            10..=12 => return self.reverse().await,
            13..=15 => return self.fee(code).await,
            16 => return ledger.activate_on(self.term(), self.on()).await.map(drop),
            17 => return ledger.bill_term(self.term(), self.on()).await.map(drop),
            18 => {
                let policy = ledger.clone().with_policy(Halves);
                return policy.bill_term(self.term(), self.on()).await.map(drop);
            }
            19 | 20 => return self.reprice(amount).await,
            21 => return self.enrol().await,
            22 => return self.change_account().await,
            _ if how % 6 == 0 => return ledger.lock_through(self.on() - Days::new(300)).await.map(drop),
            _ if how % 3 == 0 => return ledger.close_term_on(self.term(), self.on()).await,
            _ => return Ok(()),
        };
        ledger.record(draft).await.map(drop)
    }

    async fn reverse(&self) -> Result<(), Error> {
        let account = self.account();
        let version =
            self.accounts.iter().find(|one| one.id.as_str() == account).map_or(0, |one| one.version);
        let position = 1 + u32::from(self.touch.amount) % version.max(1);
        let reversal = Reversal::of_entry(account, position, "wrong").key(self.key.clone()).on(self.on());
        let reversal = if let Some(note) = self.text(0) { reversal.note(note) } else { reversal };
        let reversal = if let Some(who) = self.text(1) { reversal.recorded_by(who) } else { reversal };
        self.ledger.reverse(reversal).await.map(drop)
    }

    async fn fee(&self, code: &str) -> Result<(), Error> {
        let (touch, term) = (self.touch, self.term());
        let parts = [touch.amount / 2, touch.amount - touch.amount / 2, touch.amount + 1];
        let parts = &parts[..1 + usize::from(touch.day) % 3];
        let price = self.money(parts.iter().sum());
        let fee = if touch.who % 3 == 0 {
            NewFee::of_account(term, self.account(), code, price)
        } else {
            NewFee::of_group(term, GROUPS[usize::from(touch.who) % 3], code, price)
        };
        let days = (0..).map(|month| self.on() + Days::new(30 * month));
        let parts = parts.iter().map(|part| self.money(*part)).zip(days.clone());
        self.ledger
            .define_fee(match touch.amount % 3 {
                0 => fee.in_instalments(days.take(usize::from(touch.day) % 4)),
                _ => fee.in_instalments_of(parts),
            })
            .await
    }

    async fn reprice(&self, price: Decimal) -> Result<(), Error> {
        let fees = self.ledger.fees(self.term(), None, 1_000).await?;
        let fees: Vec<&Fee> = fees.iter().filter(|fee| matches!(fee.key.payer, Payer::Group(_))).collect();
        let Some(fee) = pick(&fees, self.touch.how) else { return Ok(()) };
        let Payer::Group(group) = &fee.key.payer else { return Ok(()) };
        let done =
            self.ledger.reprice_on(fee.key.term, group, &fee.key.code, price, "mistyped", self.on()).await;
        done.map(drop)
    }

    async fn enrol(&self) -> Result<(), Error> {
        let how = usize::from(self.touch.how);
        let groups = [GROUPS[how % 3], GROUPS[how / 3 % 3]];
        let name = NAMES[usize::from(self.touch.who) % NAMES.len()];
        self.ledger.enrol(name, groups, self.on() - Days::new(365)).await.map(drop)
    }

    async fn change_account(&self) -> Result<(), Error> {
        let how = usize::from(self.touch.how);
        if how % 3 == 0 {
            return self.ledger.move_groups(self.account(), [GROUPS[how / 3 % 3]], self.on()).await;
        }
        let to = Standing::ALL[how / 3 % Standing::ALL.len()];
        self.ledger.move_standing(self.account(), to, self.on()).await
    }
}

/// What is done next to a book, and what became of each: all that a reading must not have changed.
pub async fn go_on<S: LedgerStore>(ledger: &Ledger<S>, entries: &[Entry]) -> Vec<String> {
    let on = NaiveDate::from_ymd_opt(2039, 1, 1).unwrap();
    let said = |done: Result<String, Error>| match done {
        Ok(done) => done,
        Err(Error::Refused(refusal)) => refusal.to_string(),
        Err(other) => panic!("{other:?}"),
    };
    let one = Decimal::new(1, ledger.currency().exponent());
    let mut done = Vec::new();
    let terms = ledger.calendar().await.unwrap().terms().to_vec();
    for term in &terms {
        for fee in ledger.fees(term.id, None, 1_000).await.unwrap() {
            let (key, price) = (fee.key.clone(), fee.price(ledger.currency()).unwrap().amount());
            if let Payer::Group(group) = &key.payer {
                let repriced = ledger.reprice_on(term.id, group, &key.code, price + one, "dearer", on).await;
                done.push(said(repriced.map(|repriced| format!("{key:?}: {repriced:?}"))));
            }
            let other = match key.payer {
                Payer::Group(group) => NewFee::of_group(term.id, group, key.code, one),
                Payer::Account(account) => NewFee::of_account(term.id, account, key.code, one),
            };
            done.push(said(ledger.define_fee(other).await.map(|()| "edited".to_owned())));
        }
    }
    for term in &terms {
        done.push(said(ledger.bill_term(term.id, on).await.map(|report| format!("{report:?}"))));
        done.push(said(ledger.activate_on(term.id, on).await.map(|report| format!("{report:?}"))));
    }
    for entry in entries.iter().step_by(3) {
        // A charge that is billed anew takes the next slot.
        if let EntryKind::Charge { code, origin, .. } = &entry.kind
            && let Some(group) = &origin.group
        {
            let again = Charge::of(code, one).billed_from(group).account(&entry.account).for_term(entry.term);
            let again = again.key(format!("again-{}-{}", entry.account, entry.position)).on(on);
            done.push(said(ledger.charge(again).await.map(|receipt| receipt.number.to_string())));
        }
        let key = format!("back-{}-{}", entry.account, entry.position);
        let back = Reversal::of_key(&entry.key, "taken back").key(key).on(on);
        done.push(said(ledger.reverse(back).await.map(|receipt| receipt.number.to_string())));
    }
    done
}
