//! A gate around a store: every call waits before it until the test lets it through, so that two callers can be run against each other in
//! every order.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bursar::{LedgerStore, StoreError};
use chrono::{DateTime, Utc};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

/// What a caller tells the scheduler.
#[derive(Debug)]
pub enum Report {
    /// It waits before its next store call.
    Waits,
    /// It has its answer.
    Done,
}

/// A store whose every call waits to be let through.
pub struct Gated<S> {
    store: S,
    permits: Arc<Semaphore>,
    reports: mpsc::UnboundedSender<Report>,
}

impl<S> Gated<S> {
    async fn gate(&self) {
        self.reports.send(Report::Waits).unwrap();
        self.permits.acquire().await.unwrap().forget();
    }
}

macro_rules! gated {
    ($(async fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: LedgerStore> LedgerStore for Gated<S> {
            fn now(&self) -> DateTime<Utc> {
                self.store.now()
            }

            fn new_id(&self) -> Uuid {
                self.store.new_id()
            }

            async fn pause(&self, _time: Duration) {}

            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                    self.gate().await;
                    self.store.$name($($argument),*).await
                }
            )*
        }
    };
}

bursar::ledger_store_methods!(gated: keeping commit reading listing reporting);

/// One caller as the scheduler holds it.
struct Caller {
    permits: Arc<Semaphore>,
    reports: mpsc::UnboundedReceiver<Report>,
    waiting: bool,
}

impl Caller {
    /// Lets it make one store call, and waits until it stands before the next or has its answer.
    async fn step(&mut self) {
        self.permits.add_permits(1);
        self.settle().await;
    }

    async fn settle(&mut self) {
        self.waiting = matches!(self.reports.recv().await, Some(Report::Waits));
    }
}

/// What a caller does with the store that is gated for it.
pub type Call<S> =
    Arc<dyn Fn(Gated<S>) -> std::pin::Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Runs callers against each other in the order that `choose` gives: of those that wait, which one goes next. Gives their answers.
async fn run<S>(store: &S, calls: &[Call<S>], mut choose: impl FnMut(&[usize]) -> usize) -> Vec<String>
where
    S: LedgerStore + Clone + 'static,
{
    let (mut callers, mut tasks) = (Vec::new(), Vec::new());
    for call in calls {
        let (sender, reports) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(0));
        let gated = Gated { store: store.clone(), permits: Arc::clone(&permits), reports: sender.clone() };
        let future = call(gated);
        tasks.push(tokio::spawn(async move {
            let answer = future.await;
            sender.send(Report::Done).unwrap();
            answer
        }));
        callers.push(Caller { permits, reports, waiting: false });
    }
    for caller in &mut callers {
        caller.settle().await;
    }
    loop {
        let waiting: Vec<usize> = (0..callers.len()).filter(|at| callers[*at].waiting).collect();
        if waiting.is_empty() {
            break;
        }
        let next = if waiting.len() == 1 { waiting[0] } else { waiting[choose(&waiting)] };
        callers[next].step().await;
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// Runs callers against each other in every order, each time on a fresh store, and gives each outcome to `judge` with the order that led
/// to it. Where there are more than `orders_max`, half of that many are run in turn and as many again by lot. Says how many were run.
pub async fn every_order<S, F>(
    fresh: impl AsyncFn() -> S,
    calls: &[Call<S>],
    orders_max: usize,
    judge: impl Fn(S, Vec<String>, String) -> F,
) -> usize
where
    S: LedgerStore + Clone + 'static,
    F: Future<Output = ()>,
{
    // The choices made so far and how many there were at each: the next order changes the last choice that has another.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut lot = 0x9e37_79b9_7f4a_7c15_u64;
    for order in 1..=orders_max {
        let by_lot = order > orders_max / 2;
        let store = fresh().await;
        let (mut depth, mut taken) = (0, String::new());
        let answers = run(&store, calls, |waiting| {
            if depth == choices.len() {
                choices.push((0, waiting.len()));
            }
            let mut choice = choices[depth].0;
            if by_lot {
                lot ^= lot << 13;
                lot ^= lot >> 7;
                lot ^= lot << 17;
                choice = usize::try_from(lot % 1_000).unwrap() % waiting.len();
            }
            depth += 1;
            taken.push_str(&waiting[choice].to_string());
            choice
        })
        .await;
        choices.truncate(depth);
        judge(store, answers, taken).await;
        if by_lot {
            continue;
        }
        while choices.last().is_some_and(|(choice, of)| choice + 1 == *of) {
            choices.pop();
        }
        match choices.last_mut() {
            Some((choice, _)) => *choice += 1,
            None => return order,
        }
    }
    orders_max
}
