//! The proxy in front of a server that says every line back, and remembers what it was told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Duration;

use bursar_servers::{Cut, Proxy};

const SOON: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_secs(10);

/// Says `heard LINE` to each line.
struct Echo {
    address: SocketAddr,
    told: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&told);
        spawn(move || {
            for stream in listener.incoming() {
                let (all, mut stream) = (Arc::clone(&all), stream.unwrap());
                spawn(move || {
                    let mut line = Vec::new();
                    let mut byte = [0];
                    while matches!(stream.read(&mut byte), Ok(1)) {
                        all.lock().unwrap().push(byte[0]);
                        line.push(byte[0]);
                        if byte == *b"\n" && stream.write_all(&[b"heard ", &line[..]].concat()).is_err() {
                            break;
                        } else if byte == *b"\n" {
                            line.clear();
                        }
                    }
                });
            }
        });
        Self { address, told }
    }

    /// Whether it has been told just this, soon.
    fn told(&self, all: &str) -> bool {
        let told = || String::from_utf8(self.told.lock().unwrap().clone()).unwrap();
        for _ in 0..500 {
            if told() == all {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(told(), all);
        true
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
        stream.set_read_timeout(Some(LATE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn say(&mut self, words: &str) {
        // Who was cut off may be told here or when listening.
        let _ = self.0.get_mut().write_all(words.as_bytes());
    }

    /// The next line, or what there was of it when the connection ended.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing was said"),
            _ => line,
        }
    }

    fn asks(&mut self, words: &str) {
        self.say(&format!("{words}\n"));
        assert_eq!(self.hear(), format!("heard {words}\n"));
    }

    fn is_cut(&mut self) -> bool {
        self.hear().is_empty()
    }
}

fn open() -> (Echo, Proxy) {
    let echo = Echo::open();
    let proxy = Proxy::before(echo.address).unwrap();
    (echo, proxy)
}

fn n(n: u64) -> NonZeroU64 {
    NonZeroU64::new(n).unwrap()
}

#[test]
fn it_carries_both_ways_and_counts() {
    let (_echo, proxy) = open();
    let (mut one, mut other) = (Client::of(&proxy), Client::of(&proxy));
    one.asks("one");
    other.asks("other");
    let long = "x".repeat(300_000);
    one.asks(&long);
    assert_eq!((proxy.connections(), proxy.cuts()), (2, 0));
}

#[test]
fn it_cuts_all_and_refuses_new_ones() {
    let (_echo, proxy) = open();
    let (mut one, mut other) = (Client::of(&proxy), Client::of(&proxy));
    one.asks("one");
    other.asks("other");
    proxy.refuse(true);
    proxy.cut();
    assert!(one.is_cut() && other.is_cut() && Client::of(&proxy).is_cut());
    proxy.refuse(false);
    Client::of(&proxy).asks("again");
    assert_eq!(proxy.connections(), 3);
}

#[test]
fn a_stall_keeps_connections_and_loses_nothing() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    one.asks("one");
    proxy.stall(true);
    one.say("two\n");
    one.0.get_ref().set_read_timeout(Some(SOON)).unwrap();
    assert!(one.0.read_line(&mut String::new()).is_err(), "something flowed");
    assert!(echo.told("one\n"));
    proxy.stall(false);
    one.0.get_ref().set_read_timeout(Some(LATE)).unwrap();
    assert_eq!(one.hear(), "heard two\n");
    // One that is stalled can be cut all the same.
    proxy.stall(true);
    one.say("three\n");
    proxy.cut();
    assert!(one.is_cut());
}

#[test]
fn before_a_message_the_server_does_not_get_it() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    proxy.cut_when(Cut::before("COMMIT"));
    one.asks("INSERT");
    one.say("UPDATE\nCOMMIT\n");
    assert!(proxy.await_cuts(1, LATE));
    assert!(echo.told("INSERT\nUPDATE\n"));
    // It applies once.
    Client::of(&proxy).asks("COMMIT");
    assert_eq!(proxy.cuts(), 1);
}

#[test]
fn bytes_are_found_that_come_in_pieces() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    proxy.cut_when(Cut::before("COMMIT"));
    one.say("COM");
    assert!(echo.told("COM"));
    one.say("MIT\n");
    assert!(one.is_cut());
    assert!(echo.told("COM"));
}

#[test]
fn after_a_message_the_server_has_it() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    proxy.cut_when(Cut::after("COMMIT"));
    one.say("COMMIT now\n");
    let _ = one.hear();
    assert!(one.is_cut());
    assert!(echo.told("COMMIT now\n"));
}

#[test]
fn unanswered_the_server_has_answered_and_the_client_knows_nothing() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    proxy.cut_when(Cut::unanswered("COMMIT").nth(n(3)).then_refuse());
    one.asks("COMMIT");
    Client::of(&proxy).asks("COMMIT");
    one.say("COMMIT 3\n");
    assert!(one.is_cut());
    assert!(echo.told("COMMIT\nCOMMIT\nCOMMIT 3\n"));
    assert!(Client::of(&proxy).is_cut(), "new ones are refused");
    proxy.refuse(false);
    Client::of(&proxy).asks("COMMIT");
}

#[test]
fn an_answer_can_be_meant_itself() {
    let (echo, proxy) = open();
    let mut one = Client::of(&proxy);
    proxy.cut_when(Cut::answer("heard COMMIT"));
    one.say("ROLLBACK\nCOMMIT\n");
    assert_eq!(one.hear(), "heard ROLLBACK\n");
    assert!(one.is_cut());
    assert!(echo.told("ROLLBACK\nCOMMIT\n"));
}

#[test]
fn rules_add_up_until_they_are_forgotten() {
    let (_echo, proxy) = open();
    proxy.cut_when(Cut::before("one"));
    proxy.cut_when(Cut::before("two").nth(n(2)));
    let mut first = Client::of(&proxy);
    first.asks("two");
    first.say("one\n");
    assert!(first.is_cut());
    proxy.forget_rules();
    Client::of(&proxy).asks("two");
}

#[test]
fn a_server_that_is_away_is_a_connection_that_ends() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::before(gone).unwrap();
    assert!(Client::of(&proxy).is_cut());
    proxy.aim(Echo::open().address).unwrap();
    Client::of(&proxy).asks("there");
}

#[test]
fn dropped_it_cuts_and_gives_its_port_back() {
    let (_echo, proxy) = open();
    let (mut one, port) = (Client::of(&proxy), proxy.port());
    one.asks("one");
    drop(proxy);
    assert!(one.is_cut());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn urls_lead_through_it() {
    let proxy = Proxy::before_url("mysql://bursar:a@b@127.0.0.1:3306/fees?ssl=off").unwrap();
    let at = format!("127.0.0.1:{}", proxy.port());
    assert_eq!(
        proxy.through("mysql://bursar:p@ss@db.example:3306/fees?x=@"),
        format!("mysql://bursar:p@ss@{at}/fees?x=@")
    );
    assert_eq!(proxy.through("redis://localhost:6379"), format!("redis://{at}"));
    assert!(Proxy::before_url("redis://localhost").is_err());
}
