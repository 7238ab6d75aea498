//! Rules and households: each is run twice, and the second time changes nothing.

use bursar::seal::seal;
use bursar::store::AccountFilter;
use bursar::{
    AccountId, ConcessionKind, ConcessionRule, Deadline, EarlyPayment, Error, Household, LateFee, Ledger,
    LedgerStore, Measure, Method, Payment, Rate, SiblingDiscount, TermId,
};
use chrono::{Days, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::drive::figures;
use crate::same_book::entries;

/// One rule that is run. Every number picks among what there is by then.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub what: u8,
    pub who: u8,
    pub term: u8,
    pub how: u8,
    pub amount: u16,
    pub day: u16,
}

const ROUNDINGS: [RoundingStrategy; 4] = [
    RoundingStrategy::MidpointAwayFromZero,
    RoundingStrategy::MidpointNearestEven,
    RoundingStrategy::ToZero,
    RoundingStrategy::AwayFromZero,
];

impl Rule {
    fn on(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 1, 1).unwrap() + Days::new(self.day.into())
    }

    fn rate(self) -> Rate {
        let share = Decimal::new(i64::from(self.amount) % 10_001, 4);
        Rate::new(share, ROUNDINGS[usize::from(self.how >> 1) % ROUNDINGS.len()]).unwrap()
    }

    fn money(self, exponent: u32) -> Decimal {
        Decimal::new(1 + i64::from(self.amount), exponent)
    }

    fn measure(self, exponent: u32) -> Measure {
        if self.how % 2 == 0 { self.rate().into() } else { self.money(exponent).into() }
    }

    async fn term<S: LedgerStore>(self, ledger: &Ledger<S>) -> TermId {
        let terms = ledger.calendar().await.unwrap().terms().to_vec();
        let known = terms.get(usize::from(self.term).checked_rem(terms.len()).unwrap_or(0));
        known.map_or(TermId::new(2025, 1).unwrap(), |term| term.id)
    }

    /// The accounts from one on, or all of them the other way round.
    async fn household<S: LedgerStore>(self, ledger: &Ledger<S>) -> Option<Household> {
        let accounts = ledger.accounts(AccountFilter::All, None, 100).await.unwrap();
        let mut ids: Vec<AccountId> = accounts.into_iter().map(|account| account.id).collect();
        if self.how % 2 == 1 {
            ids.reverse();
        }
        let first = usize::from(self.who).checked_rem(ids.len())?;
        Household::new("h", ids.split_off(first)).ok()
    }

    /// Runs it twice: what it recorded the first time it does not record again.
    ///
    /// # Errors
    /// What is wrong with what it did, or what else than a refusal came of it.
    pub async fn run_twice<S: LedgerStore + Clone>(
        self,
        ledger: &Ledger<S>,
        number: usize,
    ) -> Result<(), String> {
        let first = self.run(ledger, number).await;
        let seen = (figures(ledger).await, entries(ledger).await);
        let again = self.run(ledger, number).await;
        match (&first, &again) {
            (Ok(first), Ok(again)) if again.0 == 0 && first.1 == again.1 => {}
            (Err(Error::Refused(first)), Err(Error::Refused(again))) if first.code() == again.code() => {}
            both => return Err(format!("{self:?}: {both:?}")),
        }
        if seen == (figures(ledger).await, entries(ledger).await) {
            Ok(())
        } else {
            Err(format!("{self:?} changed something when it was run again"))
        }
    }

    /// How much it recorded or took back, and what stands of it afterwards.
    async fn run<S: LedgerStore + Clone>(
        self,
        ledger: &Ledger<S>,
        number: usize,
    ) -> Result<(u64, String), Error> {
        let exponent = ledger.currency().exponent();
        let (term, on) = (self.term(ledger).await, self.on());
        let name = format!("r{}", self.who % 3);
        match self.what % 6 {
            0 => {
                let mut rule =
                    LateFee::new(name, self.measure(exponent))?.after_grace(u32::from(self.who % 16));
                if self.term & 64 != 0 {
                    rule = rule.every_days(1 + u32::from(self.how))?;
                }
                if self.term & 128 != 0 {
                    rule = rule.at_most(self.money(exponent));
                }
                let done = ledger.charge_late_fees(&rule, on).await?;
                Ok((done.charged + done.taken_back, String::new()))
            }
            1 => {
                let kind = ConcessionKind::ALL[usize::from(self.how) % ConcessionKind::ALL.len()];
                let rule = ConcessionRule::new(name, kind, self.measure(exponent), "a fund")?;
                let rule = if self.term & 64 != 0 { rule.on_codes(["tuition"])? } else { rule };
                let done = ledger.grant(&rule, term, on).await?;
                Ok((done.granted + done.taken_back, done.standing.to_string()))
            }
            2 => {
                let Some(household) = self.household(ledger).await else { return Ok((0, String::new())) };
                let rule = SiblingDiscount::new(name, vec![self.rate(); 1 + usize::from(self.who % 3)])?;
                let done = ledger.grant_siblings(&rule, &household, term, on).await?;
                Ok((done.granted + done.taken_back, done.standing.to_string()))
            }
            3 => {
                let days = u32::from(self.who);
                let deadline = match self.how % 4 {
                    0 => Deadline::On(on),
                    1 => Deadline::BeforeDue(days),
                    2 => Deadline::AfterDue(days),
                    _ => Deadline::AfterCharge(days),
                };
                let rule = EarlyPayment::new(name, self.measure(exponent), deadline)?;
                let done = ledger.discount_early(&rule, term, on).await?;
                Ok((done.granted + done.taken_back, done.standing.to_string()))
            }
            4 => {
                let Some(household) = self.household(ledger).await else { return Ok((0, String::new())) };
                let method = Method::ALL[usize::from(self.how) % Method::ALL.len()];
                let payment = Payment::by(method, self.money(exponent)).for_term(term).on(on);
                let receipts =
                    ledger.pay_household(&household, payment.key(format!("family-{number}"))).await?;
                let new = receipts.iter().filter(|receipt| !receipt.replayed).count() as u64;
                let minor: i64 = receipts.iter().map(|receipt| receipt.entry.amount().minor()).sum();
                assert_eq!(minor, 1 + i64::from(self.amount), "{receipts:?}");
                Ok((new, receipts.iter().map(|receipt| receipt.number.to_string()).collect()))
            }
            _ => {
                seal(ledger).await?;
                Ok((0, String::new()))
            }
        }
    }
}
