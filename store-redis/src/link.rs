//! The way to the server: one connection that every caller's commands go by together, made anew when it is lost.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bursar_session::StoreError;
use redis::aio::{ConnectionLike as _, ConnectionManager};
#[cfg(feature = "cluster")]
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use crate::error::{Asked, not_understood, store_error, too_few, too_late};
use crate::script::Lua;

/// A connection to one server, or to the nodes of a cluster.
#[derive(Clone)]
pub(crate) enum Wire {
    One(ConnectionManager),
    #[cfg(feature = "cluster")]
    Cluster(ClusterConnection),
}

/// How many replicas a write waits for, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replicas {
    pub(crate) count: u32,
    pub(crate) timeout: Duration,
}

/// What a script answered.
pub(crate) enum Reply {
    /// It was done.
    Done(Vec<u8>),
    /// It was not, for what stands there.
    Not(Vec<u8>),
    /// What stands there is of another type.
    OtherType,
}

/// A server that has keys.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Only,
    #[cfg(feature = "cluster")]
    At {
        host: String,
        port: u16,
    },
}

/// The servers that have answered, by their addresses.
#[cfg(feature = "cluster")]
fn nodes(answer: Value) -> Option<Vec<Node>> {
    let Value::Map(answers) = answer else { return None };
    let node = |(address, _): (Value, Value)| {
        let address = match address {
            Value::BulkString(bytes) => String::from_utf8(bytes).ok()?,
            Value::SimpleString(text) => text,
            _ => return None,
        };
        let (host, port) = address.rsplit_once(':')?;
        Some(Node::At { host: host.to_owned(), port: port.parse().ok()? })
    };
    answers.into_iter().map(node).collect()
}

pub(crate) struct Link {
    reads: Wire,
    /// The same, unless writes wait for replicas: those would keep the reads waiting.
    writes: Wire,
    pub(crate) timeout: Duration,
    replicas: Option<Replicas>,
}

fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn is_other_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

impl Wire {
    async fn send(&self, cmd: &Cmd) -> RedisResult<Value> {
        match self {
            Self::One(wire) => wire.clone().req_packed_command(cmd).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(wire) => wire.clone().req_packed_command(cmd).await,
        }
        .and_then(Value::extract_error)
    }

    /// Sends a command and asks for replicas by the same connection: the answers to both.
    async fn send_waiting(&self, cmd: &Cmd, replicas: Replicas) -> RedisResult<(Value, i64)> {
        let mut pipe = redis::pipe();
        let millis = u64::try_from(replicas.timeout.as_millis()).unwrap_or(u64::MAX);
        pipe.add_command(cmd.clone()).cmd("WAIT").arg(replicas.count).arg(millis.max(1));
        let answers = match self {
            Self::One(wire) => wire.clone().req_packed_commands(&pipe, 0, 2).await,
            // A WAIT has no key: it goes to where the command before it goes.
            #[cfg(feature = "cluster")]
            Self::Cluster(wire) => wire.clone().req_packed_commands(&pipe, 0, 2).await,
        };
        let mut answers = answers?.into_iter();
        let answer = answers.next().unwrap_or(Value::Nil).extract_error()?;
        match answers.next().unwrap_or(Value::Nil).extract_error()? {
            Value::Int(replicas) => Ok((answer, replicas)),
            _ => Err(RedisError::from((ErrorKind::UnexpectedReturnType, "WAIT"))),
        }
    }
}

impl Link {
    pub(crate) const fn new(
        reads: Wire,
        writes: Wire,
        timeout: Duration,
        replicas: Option<Replicas>,
    ) -> Self {
        Self { reads, writes, timeout, replicas }
    }

    /// Waits for an answer, and once more where the connection was lost: every command may be repeated, for those that change something know
    /// their own work again.
    async fn answer<T, F: Future<Output = RedisResult<T>>>(
        &self,
        operation: &'static str,
        asked: Asked,
        timeout: Duration,
        lost: &AtomicBool,
        send: impl Fn() -> F,
    ) -> Result<RedisResult<T>, StoreError> {
        loop {
            let answer = tokio::time::timeout(timeout, send()).await;
            match answer.map_err(|_| too_late(operation, asked, timeout))? {
                Err(error)
                    if error.is_connection_dropped()
                        && !error.is_connection_refusal()
                        && !lost.swap(true, Ordering::Relaxed) => {}
                // What became of the first is not known, even if the second was not so much as sent.
                Err(error)
                    if lost.load(Ordering::Relaxed) && !is_other_type(&error) && !is_no_script(&error) =>
                {
                    return Ok(Err(io::Error::from(io::ErrorKind::ConnectionReset).into()));
                }
                answer => return Ok(answer),
            }
        }
    }

    /// Asks for something that changes nothing.
    pub(crate) async fn read(&self, operation: &'static str, cmd: &Cmd) -> Result<Value, StoreError> {
        let answer = self.look(operation, || self.reads.send(cmd)).await?;
        answer.map_err(|error| store_error(operation, Asked::Read, error))
    }

    async fn look<F: Future<Output = RedisResult<Value>>>(
        &self,
        operation: &'static str,
        send: impl Fn() -> F,
    ) -> Result<RedisResult<Value>, StoreError> {
        self.answer(operation, Asked::Read, self.timeout, &AtomicBool::new(false), send).await
    }

    /// Reads a string, or part of one; `None` where there is one of another type.
    pub(crate) async fn bytes(
        &self,
        operation: &'static str,
        cmd: &Cmd,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.look(operation, || self.reads.send(cmd)).await? {
            Ok(Value::BulkString(bytes)) => Ok(Some(bytes)),
            Ok(Value::Nil) => Ok(Some(Vec::new())),
            Ok(_) => Err(not_understood(operation)),
            Err(error) if is_other_type(&error) => Ok(None),
            Err(error) => Err(store_error(operation, Asked::Read, error)),
        }
    }

    /// Changes something. What ends or keeps a session waits for replicas, if they were asked for.
    async fn write(
        &self,
        operation: &'static str,
        cmd: &Cmd,
        waits: bool,
        lost: &AtomicBool,
    ) -> Result<RedisResult<Value>, StoreError> {
        let Some(replicas) = self.replicas.filter(|_| waits) else {
            let sent = || self.writes.send(cmd);
            return self.answer(operation, Asked::Write, self.timeout, lost, sent).await;
        };
        let timeout = self.timeout.saturating_add(replicas.timeout);
        let sent = || self.writes.send_waiting(cmd, replicas);
        match self.answer(operation, Asked::Write, timeout, lost, sent).await? {
            Ok((_, taken)) if taken < i64::from(replicas.count) => {
                Err(too_few(operation, taken, replicas.count))
            }
            answer => Ok(answer.map(|(answer, _)| answer)),
        }
    }

    /// Puts a row under a name that is free; whether it was.
    pub(crate) async fn set_new(
        &self,
        operation: &'static str,
        name: &[u8],
        row: &[u8],
        ttl: &str,
        waits: bool,
    ) -> Result<bool, StoreError> {
        let mut cmd = redis::cmd("SET");
        cmd.arg(name).arg(row).arg("NX").arg("PX").arg(ttl);
        match self.write(operation, &cmd, waits, &AtomicBool::new(false)).await? {
            Ok(Value::Okay) => Ok(true),
            Ok(Value::Nil) => Ok(false),
            Ok(_) => Err(not_understood(operation)),
            Err(error) => Err(store_error(operation, Asked::Write, error)),
        }
    }

    /// The servers that have keys.
    #[cfg_attr(
        not(feature = "cluster"),
        expect(unused_variables, reason = "one server is not asked which it is")
    )]
    pub(crate) async fn masters(&self, operation: &'static str) -> Result<Vec<Node>, StoreError> {
        match &self.reads {
            Wire::One(_) => Ok(vec![Node::Only]),
            #[cfg(feature = "cluster")]
            Wire::Cluster(wire) => {
                use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
                let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                let ask = || async { wire.clone().route_command(redis::cmd("PING"), all.clone()).await };
                let answer = self.look(operation, ask).await?;
                let answer = answer.map_err(|error| store_error(operation, Asked::Read, error))?;
                nodes(answer).ok_or_else(|| not_understood(operation))
            }
        }
    }

    /// Asks one server.
    pub(crate) async fn read_at(
        &self,
        operation: &'static str,
        node: &Node,
        cmd: &Cmd,
    ) -> Result<Value, StoreError> {
        match (&self.reads, node) {
            #[cfg(feature = "cluster")]
            (Wire::Cluster(wire), Node::At { host, port }) => {
                use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
                let there = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
                let there = RoutingInfo::SingleNode(there);
                let ask = || async { wire.clone().route_command(cmd.clone(), there.clone()).await };
                let answer = self.look(operation, ask).await?;
                answer.map_err(|error| store_error(operation, Asked::Read, error))
            }
            _ => self.read(operation, cmd).await,
        }
    }

    /// Runs a script: by its hash, and by its text where the server has been started since.
    pub(crate) async fn run(&self, call: &Call<'_>) -> Result<Reply, StoreError> {
        let by_hash = call.with_arguments(call.script.by_hash(call.key));
        let mut answer = self.write(call.operation, &by_hash, call.waits, &call.lost).await?;
        if answer.as_ref().is_err_and(is_no_script) {
            let by_text = call.with_arguments(call.script.by_text(call.key));
            answer = self.write(call.operation, &by_text, call.waits, &call.lost).await?;
        }
        match answer {
            Ok(Value::BulkString(mut bytes)) if !bytes.is_empty() => match bytes.remove(0) {
                b'D' => Ok(Reply::Done(bytes)),
                b'N' => Ok(Reply::Not(bytes)),
                _ => Err(not_understood(call.operation)),
            },
            Ok(_) => Err(not_understood(call.operation)),
            Err(error) if is_other_type(&error) => Ok(Reply::OtherType),
            Err(error) => Err(store_error(call.operation, Asked::Write, error)),
        }
    }
}

/// A script that is to be run.
pub(crate) struct Call<'a> {
    operation: &'static str,
    script: &'a Lua,
    key: &'a [u8],
    arguments: Vec<&'a [u8]>,
    waits: bool,
    /// Whether an answer to it was lost.
    lost: AtomicBool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        operation: &'static str,
        script: &'a Lua,
        key: &'a [u8],
        arguments: Vec<&'a [u8]>,
    ) -> Self {
        Self { operation, script, key, arguments, waits: false, lost: AtomicBool::new(false) }
    }

    /// Answers only when it would survive a failover, if the store was told to.
    pub(crate) fn lasting(self) -> Self {
        Self { waits: true, ..self }
    }

    /// Whether it may have been done before it was answered.
    pub(crate) fn was_repeated(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn with_arguments(&self, mut cmd: Cmd) -> Cmd {
        for argument in &self.arguments {
            cmd.arg(*argument);
        }
        cmd
    }
}
