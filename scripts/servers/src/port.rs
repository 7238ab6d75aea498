//! Ports that are free, and stay ours while a server is down.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::Error;

/// Below the ports that systems give to outgoing connections, so that none of these takes the port of a server that is down.
const FIRST: u16 = 15_000;
const PORTS: u16 = 17_000;

/// The next port to look at; other processes begin elsewhere.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of loopback that no other process that uses this crate takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: Claim,
}

impl Port {
    pub(crate) fn take() -> Result<Self, Error> {
        let begin = u16::try_from(u64::from(std::process::id()) * 101 % u64::from(PORTS)).unwrap_or(0);
        for _ in 0..PORTS {
            let step = begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % PORTS;
            let number = FIRST.saturating_add(step);
            if let Some(claim) = Claim::of(number)
                && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
            {
                return Ok(Self { number, _claim: claim });
            }
        }
        Err(Error::Unsupported("no port of loopback is free; stop what listens on them"))
    }

    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}

/// What other processes see: a name that the system forgets with the process.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Claim(#[expect(dead_code, reason = "held, not used")] std::os::unix::net::UnixListener);

#[cfg(target_os = "linux")]
impl Claim {
    fn of(port: u16) -> Option<Self> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixListener};
        let name = SocketAddr::from_abstract_name(format!("bursar-port-{port}")).ok()?;
        UnixListener::bind_addr(&name).ok().map(Self)
    }
}

/// Elsewhere processes can only hope to begin far from each other.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Claim;

#[cfg(not(target_os = "linux"))]
impl Claim {
    const fn of(_: u16) -> Option<Self> {
        Some(Self)
    }
}
