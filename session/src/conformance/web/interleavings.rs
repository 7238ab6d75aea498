//! Two or three requests with one session, in every order of their store calls: the outcome is that of one request after the other, or
//! somebody is told that he was interrupted or overtaken, and then it is as if he had not come.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use http::{Method, Response};
use tokio::sync::{Semaphore, mpsc};

use super::browser::{Browser, CookieSent, cookie_sent};
use super::gate::{Gated, Waits};
use super::scripts::{SCRIPTS, Script, named};
use super::site::{Answering, Site, Step, handler, layer};
use crate::SessionKey;
use crate::conformance::failure::{Failure, holds};
use crate::conformance::{BoxFuture, Given};

/// The most orders of one set of requests; where there are more, these are drawn by lot.
const ORDERS_MAX: usize = 400;

/// One request as the scheduler holds it.
struct Caller {
    permits: Arc<Semaphore>,
    waits: mpsc::UnboundedReceiver<Waits>,
    answering: Answering,
    answer: Option<Response<String>>,
}

impl Caller {
    fn new(given: &Given, site: &Site, browser: &Browser, n: usize, steps: &[Step]) -> Self {
        let (sender, waits) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(0));
        let gated = Gated::closed(given.way(n), Arc::clone(&permits), sender);
        let service = site.server.serve(layer(gated, &site.clock), handler(steps));
        let answering = service(browser.request(Method::POST, "/form"));
        Self { permits, waits, answering, answer: None }
    }

    /// Runs until it stands before its next store call, or has its answer.
    async fn settle(&mut self) {
        let Self { waits, answering, answer, .. } = self;
        poll_fn(|context| {
            if said(&waits.poll_recv(context)) {
                return Poll::Ready(());
            }
            match answering.as_mut().poll(context) {
                Poll::Ready(response) => {
                    *answer = Some(response);
                    Poll::Ready(())
                }
                Poll::Pending if said(&waits.poll_recv(context)) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
    }

    /// Lets it make one store call.
    async fn step(&mut self) {
        self.permits.add_permits(1);
        self.settle().await;
    }
}

/// Whether it was said that the caller waits.
const fn said(waits: &Poll<Option<Waits>>) -> bool {
    matches!(waits, Poll::Ready(Some(Waits)))
}

/// What came of some requests.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcomes {
    /// What each of them got, or that it was told of an interruption or a conflict.
    answers: Vec<Option<String>>,
    /// What is under the key that all of them came with.
    left: String,
}

/// What these callers do.
type Callers = Vec<(usize, Script)>;

async fn outcomes(
    site: &Site,
    browser: &Browser,
    callers: &Callers,
    responses: Vec<Response<String>>,
) -> Result<Outcomes, Failure> {
    let left = site.found(browser).await?;
    let mut answers = Vec::new();
    for ((_, script), response) in callers.iter().zip(responses) {
        let body = response.body();
        let told = [r#""code":"session_interrupted""#, r#""code":"session_conflict""#];
        let told = told.iter().any(|code| body.contains(code));
        let cookie = match cookie_sent(&response, site.cookie_name()) {
            CookieSent::Set(value) => {
                let key =
                    SessionKey::parse(&value).ok_or_else(|| Failure::new("a key that is none was sent"))?;
                site.under(&key).await?
            }
            CookieSent::Removed => {
                // A key that is dead may be taken back; one in whose place there is a newer one may not.
                let dead = left.starts_with("gone") && left != "gone: Some(Rotated)";
                holds(dead, || format!("the cookie was removed of a session that is {left:?}"))?;
                String::new()
            }
            CookieSent::None => String::new(),
        };
        if told {
            holds(cookie.is_empty(), || format!("who was told of an interruption got a session: {cookie}"))?;
            answers.push(None);
            continue;
        }
        let code = response.status().as_u16();
        holds(code == 200, || format!("an answer of {code}: {body}"))?;
        answers.push(Some(if script.reads { format!("{body} {cookie}") } else { cookie }));
    }
    Ok(Outcomes { answers, left })
}

/// A fresh session that has been left for ten minutes, and a browser that holds its key.
async fn begin(given: &Given) -> Result<(Site, Browser), Failure> {
    let site = Site::open(given);
    let browser = site.planted(r#"{"k":"0","n":1}"#).await?.as_program();
    site.clock.advance(600);
    Ok((site, browser))
}

/// Runs requests one after the other, each beginning when the one before is answered.
async fn in_turn(given: &Given, callers: &Callers) -> Result<Outcomes, Failure> {
    let (site, browser) = begin(given).await?;
    let mut responses = Vec::new();
    for (who, script) in callers {
        let service = site.server.serve(
            layer(Gated::open(given.way(*who), Arc::default()), &site.clock),
            handler(&(script.steps)(*who)),
        );
        responses.push(service(browser.request(Method::POST, "/form")).await);
    }
    outcomes(&site, &browser, callers, responses).await
}

/// Runs requests against each other in the order that `choose` gives: of those that wait, which one goes next.
async fn against(
    given: &Given,
    callers: &Callers,
    mut choose: impl FnMut(usize) -> usize,
) -> Result<Outcomes, Failure> {
    let (site, browser) = begin(given).await?;
    let mut running: Vec<Caller> = Vec::new();
    for (who, script) in callers {
        running.push(Caller::new(given, &site, &browser, *who, &(script.steps)(*who)));
    }
    for caller in &mut running {
        caller.settle().await;
    }
    loop {
        let mut waiting: Vec<&mut Caller> =
            running.iter_mut().filter(|caller| caller.answer.is_none()).collect();
        let next = if waiting.len() > 1 { choose(waiting.len()) } else { 0 };
        match waiting.get_mut(next) {
            Some(caller) => caller.step().await,
            None => break,
        }
    }
    let responses = running.into_iter().filter_map(|caller| caller.answer).collect();
    outcomes(&site, &browser, callers, responses).await
}

/// The outcomes of requests one after the other, by who they are and in which order.
#[derive(Default)]
struct Serial {
    known: HashMap<Vec<(usize, &'static str)>, Outcomes>,
}

impl Serial {
    async fn outcomes(&mut self, given: &Given, callers: &Callers) -> Result<Outcomes, Failure> {
        let key = callers.iter().map(|(who, script)| (*who, script.name)).collect();
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let outcomes = in_turn(given, callers).await?;
        self.known.insert(key, outcomes.clone());
        Ok(outcomes)
    }

    /// Whether there is an order of the requests, one after the other, that comes to this.
    async fn explains(
        &mut self,
        given: &Given,
        callers: &Callers,
        found: &Outcomes,
    ) -> Result<bool, Failure> {
        // Those who were told are as if they had not come, but for what they saved before.
        let mut came: Callers = Vec::new();
        let mut expected: Vec<(usize, Option<&String>)> = Vec::new();
        for ((who, script), answer) in callers.iter().zip(&found.answers) {
            match (answer, script.saved) {
                (Some(answer), _) => {
                    came.push((*who, *script));
                    expected.push((*who, Some(answer)));
                }
                (None, Some(saved)) => {
                    came.push((
                        *who,
                        Script { name: "what was saved", steps: saved, reads: false, saved: None },
                    ));
                    expected.push((*who, None));
                }
                (None, None) => {}
            }
        }
        let without: Callers =
            came.iter().filter(|(_, script)| script.name != "what was saved").copied().collect();
        for callers in [came, without] {
            for order in orders(&callers) {
                let serial = self.outcomes(given, &order).await?;
                let same = order.iter().zip(&serial.answers).all(|((who, _), answer)| {
                    expected.iter().any(|(by, wanted)| {
                        by == who && wanted.is_none_or(|wanted| answer.as_ref() == Some(wanted))
                    })
                });
                if same && serial.left == found.left {
                    return Ok(true);
                }
            }
        }
        // One after the other somebody may be told as well.
        for order in orders(callers) {
            let serial = self.outcomes(given, &order).await?;
            let mut answers: Vec<(usize, &Option<String>)> =
                order.iter().map(|(who, _)| *who).zip(&serial.answers).collect();
            answers.sort();
            if serial.left == found.left && answers.into_iter().map(|(_, answer)| answer).eq(&found.answers) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Every order of these.
fn orders(callers: &Callers) -> Vec<Callers> {
    if callers.len() < 2 {
        return vec![callers.clone()];
    }
    let mut all = Vec::new();
    for n in 0..callers.len() {
        let mut rest = callers.clone();
        let first = rest.remove(n);
        for mut order in orders(&rest) {
            order.insert(0, first);
            all.push(order);
        }
    }
    all
}

/// Runs requests against each other in every order, and judges each outcome.
async fn every_order(given: &Given, callers: &Callers, serial: &mut Serial) -> Result<(), Failure> {
    // The choices made so far and how many there were at each: the next order changes the last choice that has another.
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut lot = 0x9e37_79b9_7f4a_7c15_u64;
    for order in 0..ORDERS_MAX {
        let by_lot = order >= ORDERS_MAX / 2;
        let (mut depth, mut taken) = (0_usize, String::new());
        let found = against(given, callers, |waiting| {
            if depth == choices.len() {
                choices.push((0, waiting));
            }
            let mut choice = choices.get(depth).map_or(0, |(choice, _)| *choice);
            if by_lot {
                lot ^= lot.wrapping_shl(13);
                lot ^= lot.wrapping_shr(7);
                lot ^= lot.wrapping_shl(17);
                choice = usize::try_from(lot % 1_000).unwrap_or(0) % waiting;
            }
            depth = depth.saturating_add(1);
            taken.push_str(&choice.to_string());
            choice
        });
        let found = found.await.map_err(|failure| failure.during(&told(callers, "some order")))?;
        choices.truncate(depth);
        let explained = serial.explains(given, callers, &found).await?;
        holds(explained, || {
            format!("{}: no order of whole requests comes to {found:?}", told(callers, &taken))
        })?;
        if by_lot {
            continue;
        }
        while choices.last().is_some_and(|(choice, of)| choice.saturating_add(1) == *of) {
            choices.pop();
        }
        match choices.last_mut() {
            Some((choice, _)) => *choice = choice.saturating_add(1),
            None => return Ok(()),
        }
    }
    Ok(())
}

fn told(callers: &Callers, order: &str) -> String {
    let names: Vec<&str> = callers.iter().map(|(_, script)| script.name).collect();
    format!("{} (order {order})", names.join(" against "))
}

/// Runs a script against itself and every one that comes after it.
async fn against_the_others(given: Given, first: &str) -> Result<(), Failure> {
    let (mut serial, mut begun) = (Serial::default(), false);
    for second in SCRIPTS {
        begun |= second.name == first;
        if begun && let Some(first) = named(first) {
            every_order(&given, &vec![(0, first), (1, second)], &mut serial).await?;
        }
    }
    Ok(())
}

async fn three(given: Given, names: [&str; 3]) -> Result<(), Failure> {
    let scripts = names.into_iter().filter_map(named).enumerate().collect();
    every_order(&given, &scripts, &mut Serial::default()).await
}

macro_rules! interleavings {
    (two { $($two:ident: $script:literal,)* } three { $($three:ident: $scripts:expr,)* }) => {
        pub(super) const CASES: &[crate::conformance::Case] = &[
            $(crate::conformance::Case {
                name: concat!("interleavings::", stringify!($two)),
                about: concat!("Two requests in every order of their store calls, the one to ", $script, ": as one after the other, or somebody is told."),
                run: |given| -> BoxFuture<_> { Box::pin(against_the_others(given, $script)) },
            },)*
            $(crate::conformance::Case {
                name: concat!("interleavings::", stringify!($three)),
                about: "Three requests in many orders of their store calls: as one after the other, or somebody is told.",
                run: |given| -> BoxFuture<_> { Box::pin(three(given, $scripts)) },
            },)*
        ];
    };
}

interleavings! {
    two {
    read: "read",
    touch: "touch",
    set: "set one's own value",
    set_unread: "set one's own value unread",
    set_the_same: "set the same value",
    remove: "remove the value",
    count: "count",
    save: "save",
    log_out: "log out",
    log_out_unread: "log out unread",
    log_in: "log in",
    rotate: "rotate",
    clear: "clear",
    empty: "empty",
    bind: "bind to a user",
    begin_anew: "log out and begin anew",
    }
    three {
    three_counts: ["count", "count", "count"],
    three_sets: ["set one's own value", "set one's own value", "set one's own value"],
    sets_and_a_logout: ["set one's own value", "count", "log out"],
    a_login_a_set_and_a_touch: ["log in", "set one's own value", "touch"],
    a_rotation_a_logout_and_a_save: ["rotate", "log out", "save"],
    two_logins_and_a_logout: ["log in", "log in", "log out"],
    a_clear_a_set_and_a_removal: ["clear", "set the same value", "remove the value"],
    an_emptying_a_count_and_a_read: ["empty", "count", "read"],
    }
}
