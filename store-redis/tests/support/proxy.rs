//! A way to the server that can be cut at any command, before it or after it, for a moment or for good: as a process or a network dies.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// They go through.
    Pass,
    /// So many go through; the next one is lost.
    CutBefore(usize),
    /// So many go through, and the next one too, but its answer is lost.
    CutAfter(usize),
    /// There is no answer to any.
    Hang,
    /// This is the answer to all.
    Answer(&'static str),
}

struct State {
    plan: Plan,
    /// Whether there is a way again after the cut.
    mends: bool,
    cut: bool,
    passed: usize,
}

/// A way to a server.
#[derive(Clone)]
pub(crate) struct Proxy {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
}

/// How long the first command of these bytes is, if it is whole.
fn command(bytes: &[u8]) -> Option<usize> {
    let line = |from: usize| -> Option<(i64, usize)> {
        let rest = &bytes[from..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        Some((std::str::from_utf8(&rest[1..end]).unwrap().parse().unwrap(), from + end + 2))
    };
    let (parts, mut at) = line(0)?;
    for _ in 0..parts {
        let (length, start) = line(at)?;
        at = start + usize::try_from(length).unwrap() + 2;
        if at > bytes.len() {
            return None;
        }
    }
    Some(at)
}

impl Proxy {
    /// A way to a server of which the URL is given.
    pub(crate) async fn to(url: &str) -> Self {
        let address = url.trim_start_matches("redis://").split('/').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let state = State { plan: Plan::Pass, mends: true, cut: false, passed: 0 };
        let proxy = Self { state: Arc::new(Mutex::new(state)), url };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if accepting.is_closed() {
                    continue;
                }
                let (proxy, address) = (accepting.clone(), address.clone());
                tokio::spawn(async move { proxy.carry(client, &address).await });
            }
        });
        proxy
    }

    /// From now on.
    pub(crate) fn plan(&self, plan: Plan, mends: bool) {
        *self.state.lock().unwrap() = State { plan, mends, cut: false, passed: 0 };
    }

    /// Whether a command was lost.
    pub(crate) fn was_cut(&self) -> bool {
        self.state.lock().unwrap().cut
    }

    fn is_closed(&self) -> bool {
        let state = self.state.lock().unwrap();
        state.cut && !state.mends
    }

    /// What is to become of the next command.
    fn next(&self) -> Plan {
        let mut state = self.state.lock().unwrap();
        if state.cut {
            return if state.mends { Plan::Pass } else { Plan::CutBefore(0) };
        }
        state.passed += 1;
        let passed = state.passed - 1;
        let plan = match &state.plan {
            Plan::CutBefore(count) | Plan::CutAfter(count) if passed < *count => Plan::Pass,
            plan => plan.clone(),
        };
        state.cut = matches!(plan, Plan::CutBefore(_) | Plan::CutAfter(_));
        plan
    }

    async fn carry(&self, mut client: TcpStream, address: &str) {
        let mut server = TcpStream::connect(address).await.unwrap();
        let (mut asked, mut answered) = (vec![0; 1 << 17], vec![0; 1 << 17]);
        let mut kept = Vec::new();
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let Ok(count @ 1..) = read else { return };
                    kept.extend_from_slice(&asked[..count]);
                    while let Some(length) = command(&kept) {
                        let one: Vec<u8> = kept.drain(..length).collect();
                        match self.next() {
                            Plan::Pass => server.write_all(&one).await.unwrap(),
                            Plan::CutBefore(_) => return,
                            Plan::CutAfter(_) => {
                                server.write_all(&one).await.unwrap();
                                // It is done when the server has answered.
                                let _ = server.read(&mut answered).await;
                                return;
                            }
                            Plan::Hang => {}
                            Plan::Answer(text) => client.write_all(text.as_bytes()).await.unwrap(),
                        }
                    }
                }
                read = server.read(&mut answered) => {
                    let Ok(count @ 1..) = read else { return };
                    if client.write_all(&answered[..count]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}
