//! A proxy between a test and a server, which cuts connections when the test wants it.

mod cut;
mod pump;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use cut::Cut;
use pump::Shared;

/// A proxy on a port of loopback, in front of an address. Dropped, it cuts every connection.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Opens one in front of an address.
    ///
    /// # Errors
    ///
    /// When the address has no meaning, or no port is free.
    pub fn before(address: impl ToSocketAddrs) -> io::Result<Self> {
        let shared = Shared::new(address.to_socket_addrs()?.collect());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let accepting = Arc::clone(&shared);
        let accepting = std::thread::spawn(move || pump::accept(&accepting, &listener));
        Ok(Self { shared, address, accepting: Some(accepting) })
    }

    /// Opens one in front of the server that a URL names.
    ///
    /// # Errors
    ///
    /// When the URL names no port, or no port is free.
    pub fn before_url(url: &str) -> io::Result<Self> {
        let (start, end) = authority(url);
        Self::before(url.get(start..end).unwrap_or_default())
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The same URL, through the proxy.
    #[must_use]
    pub fn through(&self, url: &str) -> String {
        let (start, end) = authority(url);
        let part = |range: Option<&str>| range.unwrap_or_default().to_owned();
        format!("{}{}{}", part(url.get(..start)), self.address, part(url.get(end..)))
    }

    /// Sends new connections elsewhere.
    ///
    /// # Errors
    ///
    /// When the address has no meaning.
    pub fn aim(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        let target = address.to_socket_addrs()?.collect();
        self.shared.change(|state| state.target = target);
        Ok(())
    }

    /// Cuts every connection now.
    pub fn cut(&self) {
        self.shared.change(pump::State::cut_all);
    }

    /// Whether new connections are closed at once.
    pub fn refuse(&self, refuse: bool) {
        self.shared.change(|state| state.refusing = refuse);
    }

    /// Whether bytes stop flowing while connections stay. What was sent meanwhile flows afterwards.
    pub fn stall(&self, stall: bool) {
        self.shared.change(|state| state.stalled = stall);
    }

    /// Cuts a connection when certain bytes go over it. Rules add up; each applies once.
    pub fn cut_when(&self, rule: Cut) {
        self.shared.change(|state| state.rules.add(rule));
    }

    /// Forgets the rules that have not applied.
    pub fn forget_rules(&self) {
        self.shared.change(|state| state.rules.clear());
    }

    /// How many connections have been let in so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.state().accepted
    }

    /// How many connections rules have cut so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.state().cuts
    }

    /// Waits until rules have cut so many connections, at most for so long; whether they have.
    #[must_use]
    pub fn await_cuts(&self, cuts: u64, patience: Duration) -> bool {
        let state = self.shared.state();
        let waited = self.shared.changed.wait_timeout_while(state, patience, |state| state.cuts < cuts);
        waited.unwrap_or_else(PoisonError::into_inner).0.cuts >= cuts
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.closing = true;
            state.cut_all();
        });
        // It looks up once somebody comes; without that it would stay until the process ends, which harms nobody.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

/// Where in a URL its host and port are.
fn authority(url: &str) -> (usize, usize) {
    let after = |from: usize, found: Option<usize>, length: usize| {
        found.map(|at| from.saturating_add(at).saturating_add(length))
    };
    let begin = after(0, url.find("://"), 3).unwrap_or(0);
    let rest = url.get(begin..).unwrap_or_default();
    let end = after(begin, rest.find(['/', '?', '#']), 0).unwrap_or(url.len());
    let rest = url.get(begin..end).unwrap_or_default();
    (after(begin, rest.rfind('@'), 1).unwrap_or(begin), end)
}
