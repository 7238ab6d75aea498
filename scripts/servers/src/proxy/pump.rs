//! The threads of a proxy: one lets connections in, and two carry the bytes of each.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cut::{Rules, Side, Verdict};

/// Read at once.
const CHUNK: usize = 1 << 16;

/// Kept of what went by, so that bytes are found that come in two pieces.
const KEPT: usize = 1 << 12;

/// How long a server may take to be connected to.
const CONNECT: Duration = Duration::from_secs(10);

/// The two ends of a connection.
#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    /// It is cut at the server's next word, and new ones are refused from then on or not.
    swallow: Option<bool>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) target: Vec<SocketAddr>,
    pub(super) rules: Rules,
    pub(super) refusing: bool,
    pub(super) stalled: bool,
    pub(super) closing: bool,
    pub(super) accepted: u64,
    pub(super) cuts: u64,
    links: HashMap<u64, Link>,
}

impl State {
    /// Cuts a connection; whether it was there.
    fn cut(&mut self, link: u64) -> bool {
        let found = self.links.remove(&link);
        if let Some(Link { client, server, .. }) = &found {
            // An end that is gone needs no cutting.
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
        found.is_some()
    }

    pub(super) fn cut_all(&mut self) {
        for link in self.links.keys().copied().collect::<Vec<_>>() {
            self.cut(link);
        }
    }

    fn cut_by_rule(&mut self, link: u64, refusing: bool) {
        if self.cut(link) {
            self.cuts = self.cuts.saturating_add(1);
        }
        self.refusing |= refusing;
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) changed: Condvar,
}

impl Shared {
    pub(super) fn new(target: Vec<SocketAddr>) -> Arc<Self> {
        let state = State {
            target,
            rules: Rules::default(),
            refusing: false,
            stalled: false,
            closing: false,
            accepted: 0,
            cuts: 0,
            links: HashMap::new(),
        };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, and tells who waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_all();
        changed
    }
}

/// Lets connections in until the proxy closes.
pub(super) fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for client in listener.incoming() {
        if shared.state().closing {
            break;
        }
        // Who hung up meanwhile, or is refused, is let go.
        if let Ok(client) = client
            && !shared.state().refusing
        {
            let shared = Arc::clone(shared);
            std::thread::spawn(move || drop(carry(&shared, client)));
        }
    }
}

fn dial(target: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::other("the proxy has no address to connect to");
    for address in target {
        match TcpStream::connect_timeout(address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn carry(shared: &Arc<Shared>, client: TcpStream) -> std::io::Result<()> {
    let target = shared.state().target.clone();
    let server = dial(&target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = (client.try_clone()?, client.try_clone()?);
    let (from_server, to_server) = (server.try_clone()?, server.try_clone()?);
    let link = {
        let mut state = shared.state();
        // Whoever refuses or closes meanwhile cuts nothing that comes later.
        if state.refusing || state.closing {
            return Ok(());
        }
        state.accepted = state.accepted.saturating_add(1);
        let link = state.accepted;
        state.links.insert(link, Link { client, server, swallow: None });
        link
    };
    shared.changed.notify_all();
    let other = Arc::clone(shared);
    let back = std::thread::spawn(move || pump(&other, link, Side::Server, from_server, to_client));
    pump(shared, link, Side::Client, from_client, to_server);
    let ended = back.join();
    shared.change(|state| state.links.remove(&link));
    ended.map_err(|_| std::io::Error::other("a pump failed"))
}

/// Carries bytes one way until there are no more, or the connection is cut.
fn pump(shared: &Shared, link: u64, side: Side, mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = vec![0; CHUNK];
    let mut kept = Vec::new();
    loop {
        let length = match from.read(&mut chunk) {
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            // One end went without a word, and so the other is let go.
            Err(_) => {
                shared.change(|state| state.cut(link));
                return;
            }
        };
        let bytes = chunk.get(..length).unwrap_or_default();
        let judged = kept.len();
        kept.extend_from_slice(bytes);
        let forward = match judge(shared, link, side, &kept, judged) {
            Some(Verdict::Forward | Verdict::Swallow { .. }) => length,
            Some(Verdict::Cut { forward, refusing }) => {
                // The server has it before it is cut off.
                let _ = bytes.get(..forward).map(|bytes| to.write_all(bytes));
                shared.change(|state| state.cut_by_rule(link, refusing));
                return;
            }
            None => return,
        };
        if length == 0 {
            // The other way may still have something to carry.
            let _ = to.shutdown(Shutdown::Write);
            return;
        }
        if to.write_all(bytes.get(..forward).unwrap_or_default()).is_err() {
            shared.change(|state| state.cut(link));
            return;
        }
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}

/// What becomes of a chunk, once bytes flow; `None` if the connection was cut.
fn judge(shared: &Shared, link: u64, side: Side, stream: &[u8], judged: usize) -> Option<Verdict> {
    let mut state = shared.state();
    while state.stalled && state.links.contains_key(&link) {
        state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let swallow = state.links.get(&link)?.swallow;
    if side == Side::Server
        && let Some(refusing) = swallow
    {
        return Some(Verdict::Cut { forward: 0, refusing });
    }
    let verdict = state.rules.judge(side, stream, judged);
    if let Verdict::Swallow { refusing } = verdict {
        state.links.get_mut(&link)?.swallow = Some(refusing);
    }
    Some(verdict)
}
